# SPDX-License-Identifier: Apache-2.0
"""metrics_oracle.py - Polar's metrics once more, slowly: bucket by bucket, row by row, in exact arithmetic, from docs/metrics.md alone.

    oracle = Oracle({"subscriptions": [...], "orders": [...], ...}, has_events=True)
    periods, totals = oracle.answer(date(2026, 1, 1), date(2026, 1, 31), "day", "Europe/Paris")

Rows are dicts as the API gives them. It shares nothing with the C code: where that adds differences into buckets, this asks each bucket about each row.
What the mirror cannot know (costs, seats, users) is left out.
"""

import bisect
import datetime as dt
import math
import zoneinfo
from fractions import Fraction

UTC = dt.timezone.utc
OPENINGS_SINCE = dt.datetime(2026, 1, 22, 12, 13, tzinfo=UTC)
REASONS = ("customer_service", "low_quality", "missing_features", "switched_service", "too_complex", "too_expensive", "unused", "other")
LAST = {
    "active_subscriptions", "committed_subscriptions", "monthly_recurring_revenue", "committed_monthly_recurring_revenue",
    "trial_monthly_recurring_revenue", "trial_committed_monthly_recurring_revenue", "average_revenue_per_user", "annual_recurring_revenue",
    "committed_annual_recurring_revenue", "churn_rate", "cumulative_revenue", "net_cumulative_revenue",
}
MICROSECOND = dt.timedelta(microseconds=1)
DAY = dt.timedelta(days=1)
CHARGES = ("balance.order", "balance.credit_order")
ADJUSTMENTS = ("balance.refund", "balance.refund_reversal", "balance.dispute", "balance.dispute_reversal")


def moment(text):
    return None if text is None else dt.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def half_away(value):
    value = Fraction(value)
    return int(math.copysign(1, value)) * int(abs(value) + Fraction(1, 2)) if value else 0


def half_even(value):
    return round(float(value))


def per_month(amount, interval, count):
    return half_away(Fraction(amount) * {"year": Fraction(1, 12), "month": 1, "week": Fraction(52, 12), "day": Fraction(365, 12)}[interval] / count)


class Calendar:
    """Buckets of one question; key(x) says in which bucket of the endless calendar a moment lies."""

    def __init__(self, start, end, interval, zone):
        self.start_date, self.end_date, self.interval, self.zone = start, end, interval, zoneinfo.ZoneInfo(zone)
        self.window_start = self.midnight(start)
        self.window_end = self.midnight(end + DAY) - MICROSECOND
        self.last_second = self.window_end - dt.timedelta(microseconds=999999)
        self.starts = []
        at = self.date_of_bucket(start)
        if interval == "hour":
            moment_at = self.window_start
            while moment_at <= self.window_end:
                self.starts.append(moment_at)
                moment_at += dt.timedelta(hours=1)
            self.end_of_last = moment_at
            return
        while self.midnight(at) <= self.window_end:
            self.starts.append(self.midnight(at))
            at = self.next(at)
        self.end_of_last = self.midnight(at)

    def midnight(self, date):
        return dt.datetime(date.year, date.month, date.day, tzinfo=self.zone).astimezone(UTC)

    def date_of_bucket(self, date):
        if self.interval == "week":
            return date - dt.timedelta(days=date.weekday())
        if self.interval == "month":
            return date.replace(day=1)
        return date.replace(month=1, day=1) if self.interval == "year" else date

    def next(self, date):
        if self.interval == "month":
            return (date.replace(day=28) + 4 * DAY).replace(day=1)
        if self.interval == "year":
            return date.replace(year=date.year + 1)
        return date + (7 * DAY if self.interval == "week" else DAY)

    def key(self, at):
        local = at.astimezone(self.zone)
        if self.interval == "hour":
            since = at - self.midnight(local.date())
            return self.midnight(local.date()) + dt.timedelta(hours=since // dt.timedelta(hours=1))
        return self.midnight(self.date_of_bucket(local.date()))

    def ends(self):
        return [*self.starts[1:], self.end_of_last]

    def thirty_days_before(self, at):
        local = at.astimezone(self.zone)
        return (dt.datetime.combine(local.date() - 30 * DAY, local.time(), tzinfo=self.zone)).astimezone(UTC)

    def place(self, at):
        """The bucket of a moment, or None outside."""
        place = bisect.bisect_right(self.starts, at) - 1
        return place if place >= 0 and at < self.end_of_last else None


class Oracle:
    def __init__(self, rows, has_events):
        self.has_events = has_events
        self.products = {row["id"]: row for row in rows.get("products", [])}
        self.customers = {row["id"]: row for row in rows.get("customers", [])}
        self.checkout_rows = {row["id"]: row for row in rows.get("checkouts", [])}
        self.subscriptions = [self.subscription(row) for row in rows.get("subscriptions", [])]
        self.started = {s["id"]: s for s in self.subscriptions}
        self.orders = [self.order(row) for row in rows.get("orders", []) if row["paid"]]
        self.checkouts = [(moment(row["created_at"]), row) for row in rows.get("checkouts", [])]
        self.events = [(moment(row["timestamp"]), row) for row in rows.get("events", []) if row["source"] == "system"]
        self.derive_net()

    @staticmethod
    def subscription(row):
        s = {key: moment(row[key]) for key in ("created_at", "started_at", "canceled_at", "trial_end")}
        s.update(id=row["id"], row=row, end=moment(row["ended_at"] or row["ends_at"]), net=row["amount"], is_derived=False)
        s["is_imported"] = s["started_at"] is not None and s["started_at"] < s["created_at"] - DAY
        return s

    @staticmethod
    def order(row):
        return {"at": moment(row["created_at"]), "row": row}

    def derive_net(self):
        """Prices that hold their tax: the share of the newest order with tax, or of the checkout of a trial."""
        newest = {}
        for order in self.orders:
            row = order["row"]
            if row["subscription_id"] and row["tax_amount"] > 0 and row["net_amount"] + row["tax_amount"] > 0:
                if row["subscription_id"] not in newest or order["at"] >= newest[row["subscription_id"]]["at"]:
                    newest[row["subscription_id"]] = order
        for s in self.subscriptions:
            row, share = s["row"], None
            if s["id"] in newest:
                order = newest[s["id"]]["row"]
                if order["subtotal_amount"] - order["discount_amount"] == order["net_amount"] + order["tax_amount"]:
                    share = order["net_amount"], order["tax_amount"]
            elif row["status"] == "trialing" and row["checkout_id"] in self.checkout_rows:
                checkout = self.checkout_rows[row["checkout_id"]]
                if checkout["tax_behavior"] == "inclusive" and (checkout["tax_amount"] or 0) > 0:
                    share = checkout["net_amount"], checkout["tax_amount"]
            if share and row["amount"]:
                s["net"] = half_even(row["amount"] * share[0] / (share[0] + share[1]))
                s["is_derived"] = True

    # ---- one question ----

    def answer(self, start, end, interval, zone, products=None, customers=None, billing_type=None):
        self.calendar = Calendar(start, end, interval, zone)
        self.product_filter = None if products is None else set(products)
        if billing_type:
            typed = {key for key, row in self.products.items() if row["is_recurring"] == (billing_type == "recurring")}
            self.product_filter = typed if products is None else typed & set(products)
        self.customer_filter = None if customers is None else set(customers)
        self.words = {self.customers[key]["external_id"] for key in customers or () if self.customers.get(key, {}).get("external_id")}
        self.count = len(self.calendar.starts)
        self.periods = [{} for _ in range(self.count)]
        self.before = [0, 0]
        for slug in ("orders", "revenue", "net_revenue", "new_subscriptions", "canceled_subscriptions", "checkouts", "succeeded_checkouts",
                     *(f"canceled_subscriptions_{reason}" for reason in REASONS),
                     *(f"{kind}{what}" for kind in ("one_time_products", "new_subscriptions", "renewed_subscriptions")
                       for what in ("", "_revenue", "_net_revenue"))):
            for period in self.periods:
                period[slug] = 0
        self.sums = [[0, 0] for _ in self.periods]  # of counted orders
        self.renewed = [set() for _ in self.periods]
        if self.has_events:
            self.from_events()
        else:
            self.from_rows()
        self.from_checkouts()
        self.balances()
        self.finish()
        return self.periods, self.totals()

    def in_scope(self, product, customer):
        return ((self.product_filter is None or product in self.product_filter)
                and (self.customer_filter is None or customer in self.customer_filter))

    def add(self, at, slug, amount=1):
        self.periods[self.calendar.place(at)][slug] += amount

    def count_order(self, at, revenue, net, subscription, started):
        place = self.calendar.place(at)
        period = self.periods[place]
        period["orders"] += 1
        self.sums[place][0] += revenue
        self.sums[place][1] += net
        if subscription is None:
            kind = "one_time_products"
            period[kind] += 1
        elif started is None:
            return
        elif self.calendar.key(started) == self.calendar.key(at):
            kind = "new_subscriptions"
        else:
            kind = "renewed_subscriptions"
            self.renewed[place].add(subscription)
        period[kind + "_revenue"] += revenue
        period[kind + "_net_revenue"] += net

    def add_revenue(self, at, revenue, net):
        c = self.calendar
        if at < c.window_start:
            self.before[0] += revenue
            self.before[1] += net
        elif at <= (c.window_end if self.customer_filter is None else c.last_second):
            self.add(at, "revenue", revenue)
            self.add(at, "net_revenue", net)

    # ---- by rows ----

    def from_rows(self):
        c = self.calendar
        for order in self.orders:
            row, at = order["row"], order["at"]
            if not self.in_scope(row["product_id"], row["customer_id"]) or at > c.window_end:
                continue
            revenue = net = 0
            has_fee = row["platform_fee_amount"] != 0
            if row["currency"] == "usd" and (not has_fee or row["platform_fee_currency"] == "usd"):
                revenue = row["net_amount"]
                net = revenue - row["platform_fee_amount"] - row["refunded_amount"]
            self.add_revenue(at, revenue, net)
            if c.window_start <= at <= c.last_second:
                s = self.started.get(row["subscription_id"])
                self.count_order(at, revenue, net, row["subscription_id"], s["started_at"] if s and not s["is_imported"] else None)
        for s in self.subscriptions:
            row = s["row"]
            if not self.in_scope(row["product_id"], row["customer_id"]):
                continue
            if c.starts[0] <= s["created_at"] <= c.last_second and not s["is_imported"]:
                if s["end"] is None or c.key(s["end"]) > c.key(s["created_at"]):
                    self.add(s["created_at"], "new_subscriptions")
            if s["canceled_at"] and c.window_start <= s["canceled_at"] < c.last_second:
                self.cancel(s["canceled_at"], row["customer_cancellation_reason"])

    def cancel(self, at, reason):
        self.add(at, "canceled_subscriptions")
        self.add(at, f"canceled_subscriptions_{reason if reason in REASONS else 'other'}")

    # ---- by events ----

    def event_in_scope(self, row):
        product = row["metadata"].get("product_id")
        if self.product_filter is not None and product not in self.product_filter:
            return False
        return (self.customer_filter is None or row["customer_id"] in self.customer_filter
                or (row["external_customer_id"] is not None and row["external_customer_id"] in self.words))

    @staticmethod
    def money(meta):
        return meta["net_amount"] if meta.get("net_amount") is not None else meta.get("amount") or 0

    def settled(self, meta):
        return half_even(float(self.money(meta)) * (meta.get("exchange_rate") or 1))

    @staticmethod
    def charge_rate(meta):
        if meta.get("exchange_rate"):
            return meta["exchange_rate"]
        return meta["amount"] / meta["presentment_amount"] if meta.get("presentment_amount") else 1

    def from_events(self):
        orders = {}
        for at, row in self.events:
            meta, name = row["metadata"], row["name"]
            if name not in (*CHARGES, *ADJUSTMENTS, "order.paid") or not self.event_in_scope(row):
                continue
            date = moment(meta.get("order_created_at")) or at
            fee = meta.get("fee") or 0
            if name in CHARGES and meta.get("order_id"):
                revenue = half_even(float(self.money(meta)) * self.charge_rate(meta))
                self.add_revenue(date, revenue, revenue - fee)
            elif name in ADJUSTMENTS:
                self.add_revenue(date, 0, self.settled(meta) - fee)
            if meta.get("order_id") and "dispute" not in name:
                orders.setdefault(meta["order_id"], []).append((at, name, meta))
        for events in orders.values():
            self.count_events(events)
        self.lives()

    def count_events(self, events):
        c = self.calendar
        paid = max((event for event in events if event[1] == "order.paid"), key=lambda event: event[0], default=None)
        charges = [event for event in events if event[1] in CHARGES]
        best = max(charges, key=lambda event: (event[1] == "balance.order", event[0], self.settled(event[2])), default=None)
        times = [event[0] for event in (paid, best) if event]
        if not times or not c.window_start <= min(times) <= c.last_second:
            return
        revenue = net = 0
        if best:
            meta = best[2]
            revenue = self.settled(meta)
            applied = max((paid[2].get("applied_balance_amount") or 0) if paid else 0, 0)
            if meta.get("net_amount") is None and applied:
                revenue -= half_even(applied * self.charge_rate(meta))
            net = revenue - (meta.get("fee") or 0)
        net += sum(self.settled(meta) - (meta.get("fee") or 0) for _, name, meta in events if name in ADJUSTMENTS)
        subscription = paid[2].get("subscription_id") if paid else None
        self.count_order(min(times), revenue, net, subscription, self.created().get(subscription))

    def created(self):
        if not hasattr(self, "created_cache"):
            self.created_cache = {}
            for at, row in self.events:
                if row["name"] == "subscription.created":
                    self.created_cache[row["metadata"]["subscription_id"]] = moment(row["metadata"].get("started_at")) or at
        return self.created_cache

    def lives(self):
        order = ("created", "cycled", "product_updated", "uncanceled", "reinstated", "canceled", "revoked")
        lives = {}
        for at, row in self.events:
            kind, _, word = row["name"].partition(".")
            if kind == "subscription" and word in order:
                lives.setdefault(row["metadata"]["subscription_id"], []).append((at, order.index(word), word, row))
        for events in lives.values():
            events.sort(key=lambda event: event[:2])
            self.count_life(events)

    def count_life(self, events):
        c = self.calendar
        created = next((event for event in events if event[2] == "created"), None)
        last = events[-1]
        end = moment(last[3]["metadata"].get("ends_at")) if last[2] == "canceled" else last[0] if last[2] == "revoked" else None
        product = next((product for _, _, _, row in reversed(events) if (product := row["metadata"].get("product_id")
                                                                         or row["metadata"].get("new_product_id"))), None)
        if created and c.starts[0] <= created[0] <= c.last_second:
            row = created[3]
            is_customer = (self.customer_filter is None or row["customer_id"] in self.customer_filter or row["external_customer_id"] in self.words)
            is_product = self.product_filter is None or product in self.product_filter
            if is_customer and is_product and (end is None or c.key(end) > c.key(created[0])):
                self.add(created[0], "new_subscriptions")
        canceled = [(moment(event[3]["metadata"].get("canceled_at")) or event[0], event[0], event[3]) for event in events if event[2] == "canceled"]
        if not canceled:
            return
        at, _, row = max(canceled, key=lambda entry: entry[:2])
        if any(event[0] > at for event in events if event[2] in ("uncanceled", "reinstated")) or not c.window_start <= at < c.last_second:
            return
        if self.in_scope(row["metadata"].get("product_id"), row["customer_id"]):
            self.cancel(at, row["metadata"].get("customer_cancellation_reason"))

    # ---- checkouts ----

    def from_checkouts(self):
        c = self.calendar
        for at, row in self.checkouts:
            offered = {product["id"] for product in row["products"]}
            if self.product_filter is not None and not offered & self.product_filter:
                continue
            if self.customer_filter is not None and row["customer_id"] not in self.customer_filter:
                continue
            if c.window_start <= at <= c.window_end:
                self.add(at, "checkouts")
                if row["status"] == "succeeded":
                    self.add(at, "succeeded_checkouts")

    # ---- rates ----

    def payments(self):
        """(date, currency, rate, in scope) of each payment in another currency."""
        for at, row in self.events:
            meta = row["metadata"]
            if row["name"] != "balance.order" or meta.get("presentment_currency") in (None, "usd"):
                continue
            rate = Fraction(repr(meta["exchange_rate"])) if meta.get("exchange_rate") else (
                Fraction(meta["amount"], meta["presentment_amount"]) if meta.get("presentment_amount") else None)
            if rate:
                yield moment(meta.get("order_created_at")) or at, meta["presentment_currency"], rate, self.event_in_scope(row)

    def rates(self):
        """currency -> rate of each bucket: own payments, else the nearest day's, else the nearest before or after the window."""
        c, found = self.calendar, {}
        if not self.has_events:
            return found
        payments = list(self.payments())
        for currency in {payment[1] for payment in payments}:
            mine = sorted((payment for payment in payments if payment[1] == currency), key=lambda payment: payment[0])
            inside = [payment for payment in mine if c.window_start <= payment[0] <= c.window_end]
            days = {}
            for at, _, rate, _ in inside:
                days.setdefault(at.astimezone(c.zone).date(), []).append(rate)
            own = {}
            for at, _, rate, is_mine in inside:
                if is_mine:
                    own.setdefault(c.key(at), []).append(rate)
            found[currency] = []
            for start in c.starts:
                today = start.astimezone(c.zone).date()
                if start in own:
                    rates = own[start]
                elif days:
                    rates = days[min(days, key=lambda day: (abs((day - today).days), day))]
                else:
                    earlier = [payment[2] for payment in mine if payment[0] < c.window_start]
                    rates = earlier[-1:] or [mine[0][2]]
                found[currency].append(sum(rates, Fraction(0)) / len(rates))
        return found

    # ---- balances ----

    def balances(self):
        c, rates = self.calendar, self.rates()
        scoped = [s for s in self.subscriptions if self.in_scope(s["row"]["product_id"], s["row"]["customer_id"])]
        for s in scoped:
            s["start_key"] = s["started_at"] and c.key(s["started_at"])
            s["end_key"] = s["end"] and c.key(s["end"])
        for place, (start, end) in enumerate(zip(c.starts, c.ends())):
            period = self.periods[place]
            active = [s for s in scoped
                      if (s["started_at"] is None or (s["start_key"] <= start and s["started_at"] <= c.window_end))
                      and (s["end"] is None or (s["end_key"] > start and s["end"] >= c.window_start))]
            sums = {(trial, committed): 0 for trial in (False, True) for committed in (False, True)}
            for s in active:
                row = s["row"]
                if row["currency"] == "usd" or s["net"] == 0:
                    base = s["net"]
                elif row["currency"] in rates:
                    base = half_away(s["net"] * rates[row["currency"]][place])
                else:
                    continue
                amount = per_month(base, row["recurring_interval"], row["recurring_interval_count"])
                sums[s["trial_end"] is not None and s["trial_end"] >= end, s["end"] is None] += amount
            customers = len({s["row"]["customer_id"] for s in active})
            mrr, committed = sums[False, False] + sums[False, True], sums[False, True]
            period.update(
                active_subscriptions=len(active), committed_subscriptions=sum(s["end"] is None for s in active),
                monthly_recurring_revenue=mrr, committed_monthly_recurring_revenue=committed,
                trial_monthly_recurring_revenue=sums[True, False] + sums[True, True],
                trial_committed_monthly_recurring_revenue=sums[True, True],
                average_revenue_per_user=half_away(Fraction(mrr, customers)) if customers else 0,
                annual_recurring_revenue=12 * mrr, committed_annual_recurring_revenue=12 * committed,
                churned_subscriptions=sum(s["end"] is not None and s["end_key"] == start and c.window_start <= s["end"] <= c.window_end
                                          for s in scoped),
                churn_rate=self.churn(scoped, start, end))

    def churn(self, scoped, start, end):
        since, until = (start, end) if self.calendar.interval == "year" else (self.calendar.thirty_days_before(start), start)
        left = sum(s["canceled_at"] is not None and since <= s["canceled_at"] < until for s in scoped)
        base = sum((s["started_at"] is None or s["started_at"] <= since) and (s["end"] is None or s["end"] > since) for s in scoped)
        return float(Fraction(left, base)) if base else 0.0

    # ---- the rest ----

    def finish(self):
        revenue, net = self.before
        for place, period in enumerate(self.periods):
            period["renewed_subscriptions"] = len(self.renewed[place])
            revenue += period["revenue"]
            net += period["net_revenue"]
            orders = period["orders"]
            period.update(cumulative_revenue=revenue, net_cumulative_revenue=net,
                          average_order_value=math.ceil(Fraction(self.sums[place][0], orders)) if orders else 0,
                          net_average_order_value=math.ceil(Fraction(self.sums[place][1], orders)) if orders else 0,
                          checkouts_conversion=period["succeeded_checkouts"] / period["checkouts"] if period["checkouts"] else 0.0)

    def totals(self):
        total = {}
        for slug in self.periods[-1]:
            total[slug] = self.periods[-1][slug] if slug in LAST else sum(period[slug] for period in self.periods)
        orders = total["orders"]
        total["average_order_value"] = total["revenue"] / orders if orders else 0.0
        total["net_average_order_value"] = total["net_revenue"] / orders if orders else 0.0
        total["checkouts_conversion"] = total["succeeded_checkouts"] / total["checkouts"] if total["checkouts"] else 0.0
        return total


def differences(answer, periods, totals):
    """Where till's JSON differs from the oracle's: sentences. What is unavailable is passed over."""
    found = []
    unavailable = answer["till"]["unavailable"]
    if len(answer["periods"]) != len(periods):
        return [f"{len(answer['periods'])} periods instead of {len(periods)}"]
    for ours, theirs in [*zip(answer["periods"], periods), (answer["totals"], totals)]:
        for slug, value in theirs.items():
            if slug not in unavailable and not math.isclose(ours[slug], value, rel_tol=1e-12, abs_tol=1e-12):
                found.append(f"{ours.get('timestamp', 'total')} {slug}: till has {ours[slug]}, the oracle {value}"
                             f" ({answer['till']['approximate'].get(slug, 'exact')})")
    return found
