# SPDX-License-Identifier: Apache-2.0
"""test_sim_metrics.py - the simulator's GET /v1/metrics/ is what its rows and events say.

The simulator judges till's own metrics, so it is judged here: every metric is computed again, slowly, from the printed rows, the printed events
and the facts that the service keeps to itself (sim.facts), with fractions where Polar has decimals. Then the parameters, their complaints, and
the laws that any window must keep.
"""

import collections
import datetime
import fractions
import json
import math
import pathlib
import sys
import unittest
import urllib.parse
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import Sim  # noqa: E402

NOW = "2026-08-20T12:00:00Z"
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
CUTOFF = "2026-01-22T12:13:00Z"
REASONS = "customer_service low_quality missing_features switched_service too_complex too_expensive unused other".split()
ZONES = ("Europe/Paris", "Asia/Kolkata", "America/New_York")
SUMMED = set(
    "checkouts succeeded_checkouts churned_subscriptions new_seat_customers churned_seat_customers orders revenue net_revenue costs cashflow"
    " one_time_products one_time_products_revenue one_time_products_net_revenue new_subscriptions new_subscriptions_revenue"
    " new_subscriptions_net_revenue renewed_subscriptions renewed_subscriptions_revenue renewed_subscriptions_net_revenue"
    " canceled_subscriptions".split()
) | {f"canceled_subscriptions_{reason}" for reason in REASONS}
LIFE = {f"subscription.{word}" for word in "created cycled canceled uncanceled reinstated revoked product_updated".split()}


def micros(text):
    """Microseconds since 1970 of an instant as Polar prints it; None for null."""
    return None if text is None else (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // MICROSECOND


def half_away(value):
    return int(math.copysign(math.floor(abs(value) + fractions.Fraction(1, 2)), value))


class Calendar:
    """The window and its buckets in a zone."""

    def __init__(self, start, end, interval, zone):
        self.zone, self.interval = zoneinfo.ZoneInfo(zone), interval
        self.first, last = datetime.date.fromisoformat(start), datetime.date.fromisoformat(end)
        self.S, self.E = self.midnight(self.first), self.midnight(last + datetime.timedelta(1)) - 1
        self.second = self.E + 1 - SECOND
        edges = [self.S + i * HOUR for i in range(400)] if interval == "hour" else self.steps(last)
        self.buckets = [(a, b) for a, b in zip(edges, edges[1:]) if a <= self.E]

    def midnight(self, day):
        local = datetime.datetime.combine(day, datetime.time(), self.zone)
        return (local.astimezone(UTC) - EPOCH) // MICROSECOND

    def steps(self, last):
        day = self.first
        if self.interval == "week":
            day -= datetime.timedelta(day.weekday())
        if self.interval in ("month", "year"):
            day = day.replace(day=1)
        if self.interval == "year":
            day = day.replace(month=1)
        days = [day]
        while days[-1] <= last:
            day = days[-1]
            if self.interval == "month":
                day = (day + datetime.timedelta(31)).replace(day=1)
            elif self.interval == "year":
                day = day.replace(year=day.year + 1)
            else:
                day += datetime.timedelta(7 if self.interval == "week" else 1)
            days.append(day)
        return [self.midnight(day) for day in days]

    def bucket(self, at):
        return next((i for i, (a, b) in enumerate(self.buckets) if a <= at < b), None)

    def month_before(self, at):
        local = (EPOCH + at * MICROSECOND).astimezone(self.zone).replace(tzinfo=None) - datetime.timedelta(30)
        return (local.replace(tzinfo=self.zone).astimezone(UTC) - EPOCH) // MICROSECOND

    def churn_window(self, bucket):
        return bucket if self.interval == "year" else (self.month_before(bucket[0]), bucket[0])


class Shop:
    """All that the simulator says of its production shop, instants in microseconds."""

    def __init__(self, sim):
        self.now = micros(NOW)
        self.rows = {table: sim.rows(table, listed=False) for table in ("products", "customers", "orders", "subscriptions", "checkouts")}
        self.events = sim.rows("events")
        for event in self.events:
            event["at"] = micros(event["timestamp"])
        net = {fact["id"]: fact["net_amount"] for fact in sim.facts("subscriptions")}
        opened = {fact["id"]: micros(fact["opened_at"]) for fact in sim.facts("checkouts")}
        self.by_id = {row["id"]: row for rows in self.rows.values() for row in rows}
        for row in self.rows["subscriptions"]:
            row["net_amount"] = net[row["id"]]
            row["end"] = micros(row["ended_at"] or row["ends_at"])
            row["started"], row["canceled"], row["trial"] = (micros(row[key]) for key in ("started_at", "canceled_at", "trial_end"))
        for row in self.rows["checkouts"]:
            row["opened"], row["created"] = opened[row["id"]], micros(row["created_at"])
        self.seats = [
            {"of": self.by_id[fact["subscription_id"]], **{key: micros(fact[f"{key}_at"]) for key in ("created", "claimed", "revoked")}}
            for fact in sim.facts("seats")
        ]
        self.rates = {(fact["currency"], micros(fact["day"]) // DAY): fractions.Fraction(str(fact["rate"])) for fact in sim.facts("rates")}
        self.opened = min(day for _, day in self.rates) * DAY


class Recount:
    """Every metric of a window, one dict for each bucket."""

    def __init__(self, shop, calendar, products=None, customers=None, billing=None):
        self.shop, self.calendar = shop, calendar
        self.customers = customers
        self.external = {shop.by_id[c]["external_id"] for c in customers or () if c in shop.by_id} - {None}
        self.products = None
        if products or billing:
            rows = shop.rows["products"]
            self.products = {
                row["id"]
                for row in rows
                if (not products or row["id"] in products) and (not billing or row["is_recurring"] == (billing == "recurring"))
            }
        self.periods = [collections.Counter() for _ in calendar.buckets]
        self.subscriptions()
        self.checkouts()
        self.seats()
        self.revenue()
        self.orders()
        self.events()
        self.costs()
        for period in self.periods:
            self.derive(period)

    def keeps(self, product, customer):
        return (self.products is None or product in self.products) and (self.customers is None or customer in self.customers)

    def sees(self, event):
        is_theirs = event["customer_id"] in (self.customers or ()) or event["external_customer_id"] in self.external
        return self.customers is None or is_theirs

    def add(self, metric, at, value=1):
        i = self.calendar.bucket(at)
        if i is not None:
            self.periods[i][metric] += value

    # -- snapshots

    def rate(self, currency, bucket):
        cal, found = self.calendar, []
        for event in self.shop.events:
            if event["name"] != "balance.order" or event["metadata"]["presentment_currency"] != currency:
                continue
            order = self.shop.by_id[event["metadata"]["order_id"]]
            created = micros(order["created_at"])
            is_here = cal.S <= created <= cal.E and bucket[0] <= created < bucket[1]
            if is_here and order["product_id"] is not None and self.keeps(order["product_id"], order["customer_id"]):
                found.append(fractions.Fraction(str(event["metadata"]["exchange_rate"])))
        if found:
            return sum(found) / len(found)
        first, last = max(cal.S, self.shop.opened), min(cal.E, self.shop.now)
        return 1 if last < first else self.shop.rates[currency, min(max(bucket[0], first), last) // DAY]

    def monthly(self, row, rates):
        amount = row["net_amount"]
        if row["currency"] != "usd":
            amount = half_away(amount * rates[row["currency"]])
        months = 12 * row["recurring_interval_count"]
        per_year = {"year": 1, "month": 12, "week": 52, "day": 365}[row["recurring_interval"]]
        return half_away(fractions.Fraction(amount * per_year, months))

    def subscriptions(self):
        cal = self.calendar
        kept = [row for row in self.shop.rows["subscriptions"] if self.keeps(row["product_id"], row["customer_id"])]
        for bucket, period in zip(cal.buckets, self.periods):
            rates = {currency: self.rate(currency, bucket) for currency in {row["currency"] for row in kept} - {"usd"}}
            users, (w0, w1) = set(), cal.churn_window(bucket)
            for row in kept:
                is_over = row["end"] is not None and (row["end"] < bucket[1] or row["end"] < cal.S)
                if row["started"] >= bucket[1] or row["started"] > cal.E or is_over:
                    continue
                users.add(row["customer_id"])
                trial = "trial_" if row["trial"] is not None and row["trial"] >= bucket[1] else ""
                amount = self.monthly(row, rates)
                period["active_subscriptions"] += 1
                period[f"{trial}monthly_recurring_revenue"] += amount
                if row["end"] is None:
                    period["committed_subscriptions"] += 1
                    period[f"{trial}committed_monthly_recurring_revenue"] += amount
            if users:
                period["average_revenue_per_user"] = half_away(fractions.Fraction(period["monthly_recurring_revenue"], len(users)))
            canceled = sum(row["canceled"] is not None and w0 <= row["canceled"] < w1 for row in kept)
            active = sum(row["started"] <= w0 and (row["end"] is None or row["end"] > w0) for row in kept)
            period["churn_rate"] = canceled / active if active else 0
        for row in kept:
            if row["end"] is not None and cal.S <= row["end"] <= cal.E:
                self.add("churned_subscriptions", row["end"])

    def checkouts(self):
        cal = self.calendar
        for row in self.shop.rows["checkouts"]:
            at = row["opened"] or (row["created"] if row["created"] < micros(CUTOFF) else None)
            if at is None or not cal.S <= at <= cal.E or not cal.S - DAY <= row["created"] <= cal.E:
                continue
            if self.keeps(row["product_id"], row["customer_id"]):
                self.add("checkouts", at)
                self.add("succeeded_checkouts", at, row["status"] == "succeeded")

    def seats(self):
        cal = self.calendar
        kept = [seat for seat in self.shop.seats if self.keeps(seat["of"]["product_id"], seat["of"]["customer_id"])]
        held = collections.defaultdict(list)
        for seat in kept:
            held[seat["of"]["customer_id"]].append(seat)
        for (a, b), period in zip(cal.buckets, self.periods):
            holders, new = set(), set()
            for seat in kept:
                gone = seat["revoked"] is not None and (seat["revoked"] < b or seat["revoked"] < cal.S)
                if seat["created"] >= b or seat["created"] > cal.E or gone:
                    continue
                customer = seat["of"]["customer_id"]
                holders.add(customer)
                period["seats_total"] += 1
                period["seats_claimed"] += seat["claimed"] is not None and seat["claimed"] < b
                if seat["created"] >= a and not any(other["created"] < a for other in held[customer]):
                    new.add(customer)
            period["seats_pending"] = period["seats_total"] - period["seats_claimed"]
            period["seat_customers"], period["new_seat_customers"] = len(holders), len(new)
        for seats in held.values():
            if all(seat["revoked"] is not None for seat in seats):
                self.add("churned_seat_customers", max(seat["revoked"] for seat in seats))

    # -- flows

    @staticmethod
    def settled(event):
        data = event["metadata"]
        return round(float(data.get("net_amount", data["amount"])) * (data.get("exchange_rate") or 1.0))

    def has_product(self, event):
        return self.products is None or event["metadata"].get("product_id") in self.products

    def revenue(self):
        cal = self.calendar
        gross = net = 0
        for event in self.shop.events:
            if not event["name"].startswith("balance.") or not self.sees(event) or not self.has_product(event):
                continue
            data = event["metadata"]
            at = micros(data["order_created_at"]) if "order_created_at" in data else event["at"]
            revenue = self.settled(event) if event["name"] in ("balance.order", "balance.credit_order") else 0
            kept = self.settled(event) - data["fee"]
            if at < cal.S:
                gross, net = gross + revenue, net + kept
            elif at <= (cal.E if self.customers is None else cal.second):
                self.add("revenue", at, revenue)
                self.add("net_revenue", at, kept)
        for period in self.periods:
            gross, net = gross + period["revenue"], net + period["net_revenue"]
            period["cumulative_revenue"], period["net_cumulative_revenue"] = gross, net

    def orders(self):
        cal, lines = self.calendar, collections.defaultdict(lambda: collections.defaultdict(list))
        started = {}
        for event in self.shop.events:
            data = event["metadata"]
            if event["name"] == "subscription.created":
                started[data["subscription_id"]] = micros(data["started_at"])
            if event["name"].startswith(("order.paid", "balance.")) and self.sees(event) and self.has_product(event):
                lines[data["order_id"]][event["name"]].append(event)
        renewed = collections.defaultdict(set)
        sums = collections.Counter()
        for order_id, line in lines.items():
            balances = line["balance.order"] or line["balance.credit_order"]
            times = [event["at"] for event in line["order.paid"][-1:] + balances]
            if not times or not cal.S <= min(times) <= cal.second or cal.bucket(min(times)) is None:
                continue
            i, row = cal.bucket(min(times)), self.shop.by_id[order_id]
            revenue = self.settled(balances[0]) if balances else 0
            fee = balances[0]["metadata"]["fee"] if balances else 0
            refunds = line["balance.refund"] + line["balance.refund_reversal"]
            net = revenue - fee + sum(self.settled(event) - event["metadata"]["fee"] for event in refunds)
            period, subscription = self.periods[i], row["subscription_id"]
            period["orders"] += 1
            sums[i, "average_order_value"] += revenue
            sums[i, "net_average_order_value"] += net
            if subscription is None:
                group = "one_time_products"
                period[group] += 1
            elif subscription not in started:
                continue
            elif cal.buckets[i][0] <= started[subscription] < cal.buckets[i][1]:
                group = "new_subscriptions"
            else:
                group = "renewed_subscriptions"
                renewed[i].add(subscription)
            period[f"{group}_revenue"] += revenue
            period[f"{group}_net_revenue"] += net
        for i, period in enumerate(self.periods):
            period["renewed_subscriptions"] = len(renewed[i])
            for name in ("average_order_value", "net_average_order_value"):
                period[name] = math.ceil(fractions.Fraction(sums[i, name], period["orders"])) if period["orders"] else 0

    def events(self):
        cal, stories = self.calendar, collections.defaultdict(list)
        for event in sorted(self.shop.events, key=lambda event: event["at"]):
            if event["name"] in LIFE:
                stories[event["metadata"]["subscription_id"]].append(event)
        for story in stories.values():
            created = [event["at"] for event in story if event["name"] == "subscription.created"]
            last, canceled = story[-1], [event for event in story if event["name"] == "subscription.canceled"]
            product = last["metadata"].get("new_product_id") or last["metadata"].get("product_id")
            end = None
            if last["name"] == "subscription.canceled":
                end = micros(last["metadata"]["ends_at"])
            if last["name"] == "subscription.revoked":
                end = last["at"]
            i = cal.bucket(created[0]) if created else None
            is_kept = (self.products is None or product in self.products) and self.sees(last)
            if i is not None and is_kept and created[0] <= cal.second and (end is None or end >= cal.buckets[i][1]):
                self.periods[i]["new_subscriptions"] += 1
            if canceled:
                self.cancellation(story, max(canceled, key=lambda event: (micros(event["metadata"]["canceled_at"]), event["at"])))

    def cancellation(self, story, event):
        at, data = micros(event["metadata"]["canceled_at"]), event["metadata"]
        back = [e for e in story if e["name"] in ("subscription.uncanceled", "subscription.reinstated") and e["at"] > at]
        if back or not self.calendar.S <= at < self.calendar.second or not self.keeps(data["product_id"], event["customer_id"]):
            return
        self.add("canceled_subscriptions", at)
        self.add(f"canceled_subscriptions_{data.get('customer_cancellation_reason') or 'other'}", at)

    def costs(self):
        cal, total, users = self.calendar, 0.0, collections.defaultdict(set)
        for event in self.shop.events:
            if event["at"] > cal.E or not self.sees(event):
                continue
            cost = float(event["metadata"].get("_cost", {}).get("amount", 0))
            if event["at"] < cal.S:
                total += cost
                continue
            i = cal.bucket(event["at"])
            self.periods[i]["costs"] += cost
            users[i] |= {("id", event["customer_id"]), ("external", event["external_customer_id"])} - {("id", None), ("external", None)}
        for i, period in enumerate(self.periods):
            total += period["costs"]
            period["cumulative_costs"], period["active_user_by_event"] = total, len(users[i])
            period["cost_per_user"] = period["costs"] / len(users[i]) if users[i] else 0

    @staticmethod
    def derive(period):
        def ratio(a, b):
            return period[a] / period[b] if period[b] else 0

        period["annual_recurring_revenue"] = 12 * period["monthly_recurring_revenue"]
        period["committed_annual_recurring_revenue"] = 12 * period["committed_monthly_recurring_revenue"]
        period["checkouts_conversion"] = ratio("succeeded_checkouts", "checkouts")
        period["average_seats_per_customer"] = ratio("seats_total", "seat_customers")
        period["seat_utilization_rate"] = ratio("seats_claimed", "seats_total")
        period["gross_margin"] = period["cumulative_revenue"] - period["cumulative_costs"]
        has_revenue = period["cumulative_revenue"] > 0
        period["gross_margin_percentage"] = period["gross_margin"] / period["cumulative_revenue"] if has_revenue else 0
        period["cashflow"] = period["revenue"] - period["costs"]
        margin = period["average_revenue_per_user"] - period["cost_per_user"]
        period["ltv"] = max(0, int(margin / period["churn_rate"])) if period["churn_rate"] else 0

    def totals(self):
        total, last = collections.Counter(), self.periods[-1]
        for name in SUMMED:
            total[name] = sum(period[name] for period in self.periods)
        orders, active = total["orders"], last["active_subscriptions"]
        own = {
            "checkouts_conversion": total["succeeded_checkouts"] / total["checkouts"] if total["checkouts"] else 0,
            "average_order_value": total["revenue"] / orders if orders else 0,
            "net_average_order_value": total["net_revenue"] / orders if orders else 0,
            "cost_per_user": total["costs"] / active if active else 0,
            "active_user_by_event": active,
        }
        return {**last, **total, **own}


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=500, seed=21, now=NOW).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.token = cls.sim.production.tokens["full"]

    def request(self, token="", **query):
        target = "/v1/metrics/?" + urllib.parse.urlencode(query, doseq=True)
        return self.sim.get(target, self.token if token == "" else token)

    def metrics(self, start, end, interval, zone="UTC", **query):
        answer = self.request(start_date=start, end_date=end, interval=interval, timezone=zone, **query)
        self.assertEqual(answer.status, 200, answer.body[:500])
        return json.loads(answer.body)

    def refusal(self, **query):
        answer = self.request(**query)
        self.assertEqual(answer.status, 422, answer.body[:500])
        return json.loads(answer.body)


class Recomputed(MetricsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shop = Shop(cls.sim)

    def check(self, start, end, interval, zone, products=None, customers=None, billing=None):
        query = {"product_id": products, "customer_id": customers, "billing_type": billing}
        seen = self.metrics(start, end, interval, zone, **{key: value for key, value in query.items() if value})
        wanted = Recount(self.shop, Calendar(start, end, interval, zone), products, customers, billing)
        self.assertEqual([micros(period["timestamp"]) for period in seen["periods"]], [a for a, _ in wanted.calendar.buckets])
        for period, mine in zip(seen["periods"], wanted.periods):
            for slug in seen["metrics"]:
                self.same(period[slug], mine[slug], f"{slug} of {period['timestamp']} ({interval}, {zone}, {query})")
        totals = wanted.totals()
        for slug in seen["metrics"]:
            self.same(seen["totals"][slug], totals.get(slug, 0), f"total of {slug} ({interval}, {zone}, {query})")
        return seen

    def same(self, seen, mine, what):
        if isinstance(seen, int):
            self.assertEqual(seen, mine, what)
        else:
            self.assertTrue(math.isclose(seen, mine, rel_tol=1e-9, abs_tol=1e-9), f"{what}: {seen} is not {mine}")

    def test_months_with_partial_ends_in_three_zones(self):
        for zone in ZONES:
            seen = self.check("2025-11-17", "2026-08-11", "month", zone)
            self.assertEqual(len(seen["periods"]), 10)

    def test_days_over_both_changes_of_the_clock(self):
        for zone in ZONES:
            self.check("2026-02-20", "2026-04-05", "day", zone)
            self.check("2025-10-20", "2025-11-10", "day", zone)

    def test_hours_of_days_with_23_and_25(self):
        for zone, spring, autumn in (("Europe/Paris", "2026-03-29", "2025-10-26"), ("America/New_York", "2026-03-08", "2025-11-02")):
            self.assertEqual(len(self.check(spring, spring, "hour", zone)["periods"]), 23)
            self.assertEqual(len(self.check(autumn, autumn, "hour", zone)["periods"]), 25)
        for zone in ("Asia/Kolkata", "Australia/Lord_Howe", "UTC"):
            self.check("2026-08-18", "2026-08-20", "hour", zone)

    def test_weeks_and_years_and_the_future(self):
        for zone in ZONES:
            self.check("2026-06-03", "2026-10-01", "week", zone)
            self.check("2023-05-05", "2027-02-01", "year", zone)
        self.check("2027-01-01", "2027-06-30", "month", "UTC")
        self.check("2001-01-01", "2001-03-31", "month", "UTC")

    def test_filters(self):
        window = ("2025-09-10", "2026-08-20", "month")
        kinds = collections.Counter(row["product_id"] for row in self.shop.rows["orders"] if row["product_id"])
        popular = [product for product, _ in kinds.most_common(5)]
        buyers = collections.Counter(row["customer_id"] for row in self.shop.rows["orders"])
        loyal = [customer for customer, _ in buyers.most_common(6)]
        self.check(*window, "Europe/Paris", products=popular[:1])
        self.check(*window, "Asia/Kolkata", products=popular[1:5])
        self.check(*window, "UTC", billing="one_time")
        self.check(*window, "UTC", billing="recurring", products=popular)
        self.check(*window, "America/New_York", customers=loyal)
        self.check(*window, "UTC", customers=loyal[:3], products=popular)

    def test_it_is_about_something(self):
        totals = self.metrics("2025-01-01", "2026-08-20", "month")["totals"]
        barren = {slug for slug, value in totals.items() if not value}
        self.assertLessEqual(barren, {"trial_committed_monthly_recurring_revenue", "trial_monthly_recurring_revenue", "ltv"})


class AfterChange(Recomputed):
    """The same shop after it has lived on: reinstated, canceled, refunded, re-priced."""

    @classmethod
    def setUpClass(cls):
        MetricsTest.setUpClass.__func__(cls)
        moved = cls.sim.mutated(count=400, seed=5, seconds=40 * 86400, scattered=True)
        cls.shop = Shop(cls.sim)
        cls.shop.now = moved["now_us"]


class Laws(MetricsTest):
    def test_finer_buckets_add_up(self):
        parts = [slug for slug in sorted(SUMMED) if not slug.startswith(("new_", "renewed_"))]  # told apart by the bucket itself
        for zone in ZONES:
            months = self.metrics("2025-09-01", "2026-08-31", "month", zone)
            days = self.metrics("2025-09-01", "2026-08-31", "day", zone)
            for slug in parts:
                self.assertAlmostEqual(months["totals"][slug], days["totals"][slug], 6, slug)
            self.assertEqual(months["totals"]["cumulative_revenue"], days["totals"]["cumulative_revenue"])

    def test_only_what_is_wanted_in_the_order_of_the_list(self):
        seen = self.metrics("2026-01-01", "2026-01-31", "month", metrics=["revenue", "churn_rate", "revenue"])
        self.assertEqual(list(seen["metrics"]), ["churn_rate", "revenue"])
        self.assertEqual(list(seen["totals"]), ["churn_rate", "revenue"])
        self.assertEqual([list(period) for period in seen["periods"]], [["timestamp", "churn_rate", "revenue"]])
        self.assertEqual(seen["metrics"]["churn_rate"], {"slug": "churn_rate", "display_name": "Churn Rate", "type": "percentage"})
        everything = self.metrics("2026-01-01", "2026-01-31", "month")
        self.assertEqual(len(everything["metrics"]), 55)
        self.assertEqual(everything["periods"][0]["revenue"], seen["periods"][0]["revenue"])

    def test_totals_of_what_was_not_asked_for(self):
        window = ("2026-01-01", "2026-07-31", "month")
        everything = self.metrics(*window)["totals"]
        traps = {
            "average_order_value": ["orders", "revenue"],
            "net_average_order_value": ["orders", "net_revenue"],
            "cost_per_user": ["costs", "active_subscriptions"],
            "active_user_by_event": ["active_subscriptions"],
        }
        for slug, parts in traps.items():
            self.assertGreater(everything[slug], 0)
            self.assertEqual(self.metrics(*window, metrics=[slug])["totals"], {slug: 0})
            self.assertEqual(self.metrics(*window, metrics=[slug, *parts])["totals"][slug], everything[slug])
        alone = self.metrics(*window, metrics=["checkouts_conversion"])["totals"]["checkouts_conversion"]
        self.assertEqual(alone, everything["checkouts_conversion"])
        with_meta = self.metrics(*window, metrics=["cost_per_user", "cashflow", "active_subscriptions"])["totals"]
        self.assertEqual(with_meta["cost_per_user"], everything["cost_per_user"])  # cashflow depends on costs

    def test_bucket_counts_and_labels(self):
        for interval, count in (("year", 1), ("month", 12), ("week", 53), ("day", 366)):
            periods = self.metrics("2024-01-01", "2024-12-31", interval, metrics="orders")["periods"]
            self.assertEqual(len(periods), count)
            self.assertEqual(periods[0]["timestamp"], "2024-01-01T00:00:00Z")
        labels = {
            "Europe/Paris": "2026-08-01T00:00:00+02:00",
            "Asia/Kathmandu": "2026-08-01T00:00:00+05:45",
            "America/St_Johns": "2026-08-01T00:00:00-02:30",
            "Africa/Abidjan": "2026-08-01T00:00:00Z",
            "US/Pacific": "2026-08-01T00:00:00-07:00",
        }
        for zone, label in labels.items():
            periods = self.metrics("2026-08-11", "2026-08-12", "month", zone, metrics="orders")["periods"]
            self.assertEqual([period["timestamp"] for period in periods], [label])

    def test_another_organization_is_empty(self):
        nobody = "00000000-0000-4000-8000-000000000000"
        own = self.sim.production.organization_id
        window = ("2025-01-01", "2026-08-20", "month")
        self.assertEqual(self.metrics(*window, organization_id=own), self.metrics(*window))
        for filter_name in ("organization_id", "customer_id", "product_id"):
            totals = self.metrics(*window, **{filter_name: nobody})["totals"]
            totals = {slug: value for slug, value in totals.items() if "cost" not in slug and "margin" not in slug}
            totals = {slug: value for slug, value in totals.items() if slug not in ("cashflow", "active_user_by_event")}
            self.assertEqual(set(totals.values()), {0}, filter_name)
        self.assertEqual(self.metrics(*window, organization_id=[nobody, own]), self.metrics(*window))


class Parameters(MetricsTest):
    good = {"start_date": "2026-01-01", "end_date": "2026-01-07", "interval": "day"}

    def test_what_is_required(self):
        detail = self.refusal()["detail"]
        self.assertEqual([problem["loc"] for problem in detail], [["query", name] for name in self.good])
        self.assertEqual({(problem["type"], problem["msg"], problem["input"]) for problem in detail}, {("missing", "Field required", None)})

    def test_bad_values(self):
        cases = {
            "start_date": ("soon", "date_from_datetime_parsing"),
            "end_date": ("2026-01-07T10:00:00Z", "date_from_datetime_inexact"),
            "interval": ("minute", "enum"),
            "timezone": ("Mars/Olympus", "TimeZoneName"),
            "product_id": ("x", "uuid_parsing"),
            "customer_id": ("11111111-1111-1111-8111-111111111111", "uuid_version"),
            "organization_id": ("", "uuid_parsing"),
            "billing_type": ("never", "enum"),
        }
        for name, (value, kind) in cases.items():
            body = self.refusal(**{**self.good, name: value})
            self.assertEqual(body["error"], "RequestValidationError")
            [problem] = body["detail"]
            self.assertEqual((problem["type"], problem["loc"][:2], problem["input"]), (kind, ["query", name], value))
        for zone in ("../etc/passwd", "posix/UTC", "Europe", "+02:00", "utc0", "", "Europe/Paris/"):
            self.refusal(**{**self.good, "timezone": zone})
        self.assertEqual(self.request(**{**self.good, "start_date": "2026-01-01T00:00:00Z"}).status, 200)

    def test_how_long_a_window_may_be(self):
        for interval, days in (("hour", 7), ("day", 366), ("week", 371), ("month", 1460), ("year", 3650)):
            end = datetime.date.fromisoformat("2020-02-20") + datetime.timedelta(days)
            query = {"start_date": "2020-02-20", "end_date": end, "interval": interval, "metrics": "orders"}
            self.assertEqual(self.request(**query).status, 200, interval)
            [problem] = self.refusal(**{**query, "end_date": end + datetime.timedelta(1)})["detail"]
            self.assertEqual((problem["type"], problem["loc"]), ("value_error", ["query"]))
            self.assertTrue(problem["msg"].startswith("The interval is too small for the given date range."))
        self.assertEqual(self.refusal(**{**self.good, "end_date": "2025-12-31"})["error"], "PolarRequestValidationError")

    def test_unknown_slugs_are_named(self):
        body = self.refusal(**self.good, metrics=["orders", "foo", 'b"r'])
        problem = {"type": "value_error", "loc": ["query", "metrics"], "msg": 'Invalid metric slugs: foo, b"r', "input": ["foo", 'b"r']}
        self.assertEqual(body, {"error": "PolarRequestValidationError", "detail": [problem]})

    def test_scope_and_path(self):
        self.assertEqual(self.request(self.sim.token("read"), **self.good).status, 403)
        self.assertEqual(self.request(self.sim.token("metrics:read"), **self.good).status, 200)
        self.assertEqual(self.request(None, **self.good).status, 401)
        answer = self.sim.get("/v1/metrics?start_date=1", self.token)
        self.assertEqual((answer.status, answer.headers["Location"]), (307, f"{self.sim.production.url}/v1/metrics/?start_date=1"))
        self.assertEqual(self.sim.get("/v1/metrics/", self.token, method="HEAD").status, 405)


if __name__ == "__main__":
    unittest.main()
