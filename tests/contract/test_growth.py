# SPDX-License-Identifier: Apache-2.0
"""Movements, breakdowns, cohorts and lists of customers over a simulated shop, against sums over the service's own rows.

Two mirrors: one whose token may read events, and that saw the shop change between two syncs; one without events."""

import collections
import csv
import datetime as dt
import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from metrics_oracle import half_away, half_even, moment, per_month  # noqa: E402
from mirror import database, row_changes  # noqa: E402
from sim import Sim, run_till  # noqa: E402

SHOPS = (("polar", "production", "events"), ("second", "sandbox", "read"))
TABLES = ("products", "customers", "subscriptions", "orders", "checkouts", "events")
REPORTS = ("movements", "breakdown", "cohorts", "customers")
PARTS = ("new", "expansion", "contraction", "churn", "reactivation")


class Growth(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        # The shop's clock stands in the past, for ever at the same moment: its rows do not depend on the day, and what happens between the syncs is over.
        cls.sim = Sim(orders=900, sandbox_orders=700, seed=21, now="2025-06-15T12:00:00Z").start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        for name, env, token in SHOPS:
            shop = cls.sim.environment(env)
            cls.till("connect", "polar", "--name", name, "--api-url", shop.url, "--token-stdin", input=shop.tokens[token], check=True)
        cls.till("sync", check=True)
        for env in ("production", "sandbox"):
            cls.sim.mutate(count=200, seed=4, seconds=20 * 86400, scattered=True, env=env)
        cls.till("sync", "--full", "--accept-removals", check=True)
        cls.rows = {name: {table: cls.sim.rows(table, env=env) for table in TABLES} for name, env, _ in SHOPS}

    @classmethod
    def till(cls, *args, **options):
        if args[0] in REPORTS and "--from" not in args:
            args += ("--from", "2024-06-01")  # the last year of the shop, whatever day it is
        return run_till(args, home=cls.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US"}, **options)

    def ask(self, *args):
        return json.loads(self.till(*args, "--json", check=True).stdout)

    def fails(self, *args):
        result = self.till(*args)
        self.assertEqual((result.returncode, result.stdout), (2, ""), args)
        return result.stderr

    # -- the oracle: what recurs now, subscription by subscription

    def taxes(self, name):
        """subscription -> (net, tax) of its newest order with tax whose price holds it."""
        newest = {}
        for order in self.rows[name]["orders"]:
            if order["paid"] and order["subscription_id"] and order["tax_amount"] > 0:
                known = newest.get(order["subscription_id"])
                if known is None or order["created_at"] > known["created_at"]:
                    newest[order["subscription_id"]] = order
        return {key: (o["net_amount"], o["tax_amount"]) for key, o in newest.items()
                if o["subtotal_amount"] - o["discount_amount"] == o["net_amount"] + o["tax_amount"]}

    def mrr_now(self, name):
        """Rows of subscriptions that are billed now, each with its MRR."""
        taxes, now = self.taxes(name), dt.datetime.now(dt.timezone.utc)
        checkouts = {row["id"]: row for row in self.rows[name]["checkouts"]}
        for row in self.rows[name]["subscriptions"]:
            end = moment(row["ended_at"] or row["ends_at"])
            if moment(row["started_at"]) > now or (row["trial_end"] and moment(row["trial_end"]) > now) or (end and end <= now):
                continue
            amount = row["amount"]
            net, tax = taxes.get(row["id"], (1, 0))
            checkout = checkouts.get(row["checkout_id"])
            if row["id"] not in taxes and row["status"] == "trialing" and checkout and checkout["tax_behavior"] == "inclusive":
                net, tax = checkout["net_amount"] or 1, checkout["tax_amount"] or 0
            amount = half_even(Fraction(amount * net, net + tax)) if tax else amount
            yield row, per_month(amount, row["recurring_interval"], row["recurring_interval_count"])

    def mrr_by_currency(self, name):
        sums = collections.Counter()
        for row, amount in self.mrr_now(name):
            sums[row["currency"]] += amount
        return {currency: amount for currency, amount in sums.items() if amount}

    # -- movements

    def check_identity(self, answer):
        for currency in answer["currencies"]:
            before = None
            for line in [*currency["periods"], currency["total"]]:
                moved = line["new"] + line["expansion"] + line["reactivation"] - line["contraction"] - line["churn"]
                self.assertEqual(line["start"] + moved, line["end"])
                self.assertEqual(line["customers_start"] + line["customers_new"] + line["customers_reactivated"] - line["customers_churned"],
                                 line["customers_end"])
                if before is not None and "timestamp" in line:
                    self.assertEqual((line["start"], line["customers_start"]), before)
                before = line["end"], line["customers_end"]
                self.assertEqual(any(line[part] for part in PARTS), line["source"] is not None)
            for part in PARTS:
                self.assertEqual(sum(line[part] for line in currency["periods"]), currency["total"][part])

    def test_movements_add_up_in_every_interval_and_end_with_what_recurs_now(self):
        for name, _, _ in SHOPS:
            totals = set()
            for interval in ("day", "week", "month", "year"):
                answer = self.ask("movements", "--name", name, "--from", "2024-01-01", "--interval", interval, "--timezone", "Asia/Kolkata")
                self.check_identity(answer)
                totals.add(json.dumps([{**c["total"], "currency": c["currency"]} for c in answer["currencies"]]))
            self.assertEqual(len(totals), 1)
            self.assertEqual({c["currency"]: c["total"]["end"] for c in answer["currencies"] if c["total"]["end"]}, self.mrr_by_currency(name))

    def test_every_kind_occurs_and_every_source(self):
        seen, sources = collections.Counter(), set()
        for name, _, _ in SHOPS:
            for currency in self.ask("movements", "--name", name, "--from", "2022-01-01", "--interval", "day")["currencies"]:
                seen.update({part: currency["total"][part] for part in PARTS})
                sources |= {line["source"] for line in currency["periods"]}
        self.assertTrue(all(seen[part] > 0 for part in PARTS), seen)
        self.assertEqual(sources, {None, "events", "observed", "reconstructed"})
        self.assertTrue(row_changes(self.home, "subscriptions"))

    def test_new_customers_are_those_of_the_rows(self):
        """The day on which a customer first pays, by the rows alone, is a day with a new customer."""
        name = "polar"
        starts = {}
        for row in self.rows[name]["subscriptions"]:
            start = max(moment(row["started_at"]), moment(row["trial_end"] or row["started_at"]))
            end = moment(row["ended_at"] or row["ends_at"])
            if row["amount"] > 0 and (end is None or end > start) and start < dt.datetime.now(dt.timezone.utc):
                key = row["currency"], row["customer_id"]
                starts[key] = min(start, starts.get(key, start))
        answer = self.ask("movements", "--name", name, "--from", "2015-01-01", "--interval", "year", "--timezone", "UTC")
        for currency in answer["currencies"]:
            ours = currency["total"]["customers_new"]
            theirs = sum(key[0] == currency["currency"] for key in starts)
            self.assertAlmostEqual(ours, theirs, delta=max(2, theirs // 10))  # free periods and prices that changed

    def test_rates_follow_from_the_lines(self):
        answer = self.ask("movements", "--name", "polar")
        self.assertEqual(answer["interval"], "month")
        checked = 0
        for currency in answer["currencies"]:
            total, rates = currency["total"], currency["rates"]
            for rate in rates.values():
                self.assertEqual(rate["value"] is None, rate["reason"] is not None)
                self.assertTrue(rate["formula"])
            if total["customers_start"] >= 5:
                self.assertAlmostEqual(rates["gross_mrr_churn"]["value"], (total["churn"] + total["contraction"]) / total["start"])
                self.assertLessEqual(rates["gross_revenue_retention"]["value"], 1)
                self.assertLessEqual(rates["gross_revenue_retention"]["value"], rates["net_revenue_retention"]["value"])
                self.assertTrue(0 <= rates["customer_churn"]["value"] <= 1)
                checked += 1
            if total["customers_end"]:
                self.assertEqual(rates["average_revenue_per_account"]["value"], half_away(Fraction(total["end"], total["customers_end"])))
            if total["churn"] + total["contraction"]:
                self.assertAlmostEqual(rates["quick_ratio"]["value"], (total["new"] + total["expansion"] + total["reactivation"]) /
                                       (total["churn"] + total["contraction"]))
        self.assertGreater(checked, 0)

    def test_products_make_the_whole(self):
        name, whole, parts = "second", collections.Counter(), collections.Counter()
        for currency in self.ask("movements", "--name", name)["currencies"]:
            whole[currency["currency"]] = currency["total"]["end"]
        for product in self.rows[name]["products"]:
            for currency in self.ask("movements", "--name", name, "--product-id", product["id"])["currencies"]:
                parts[currency["currency"]] += currency["total"]["end"]
        self.assertEqual(+whole, +parts)

    def test_formats_of_movements(self):
        rows = list(csv.DictReader(io.StringIO(self.till("movements", "--name", "polar", check=True).stdout)))
        answer = self.ask("movements", "--name", "polar")
        self.assertEqual([(r["currency"], int(r["end"])) for r in rows],
                         [(c["currency"], p["end"]) for c in answer["currencies"] for p in c["periods"]])
        table = self.till("movements", "--name", "polar", "--format", "table", check=True).stdout
        self.assertIn("Source: ", table)
        self.assertIn("USD  ", table)
        self.fails("movements", "--name", "polar", "--interval", "fortnight")
        self.fails("movements", "--name", "polar", "--from", "2026-02-01", "--to", "2026-01-01")
        self.fails("movements", "monthly_recurring_revenue")

    # -- breakdowns

    def keys_of(self, name, by):
        """Three functions from a row to its key: of orders, of subscriptions, of checkouts."""
        with database(self.home) as connection:  # who is gone from Polar still lives somewhere
            countries = {row["id"]: json.loads(row["billing_address"] or "{}").get("country")
                         for row in connection.execute("SELECT id, billing_address FROM customers")}
        path = {"source": "utm_source", "medium": "utm_medium", "campaign": "utm_campaign"}.get(by)
        if path:
            of = lambda row: row["metadata"].get(path)  # noqa: E731
            return of, of, of
        if by == "country":
            return (lambda o: countries.get(o["customer_id"]), lambda s: countries.get(s["customer_id"]),
                    lambda c: (c["customer_billing_address"] or {}).get("country"))
        if by == "discount":
            return (lambda o: o["discount_id"] if o["discount_amount"] else None, lambda s: s["discount_id"], lambda c: c["discount_id"])
        key = {"product": "product_id", "currency": "currency", "billing_reason": "billing_reason"}[by]
        of = lambda row: row.get(key)  # noqa: E731
        return of, of, of

    def check_breakdown(self, name, by, products=()):
        """Against sums over the service's rows; of these products alone when some are named."""
        low, high = dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(2026, 5, 1, tzinfo=dt.timezone.utc)
        of_order, of_subscription, of_checkout = self.keys_of(name, by)
        wanted = collections.defaultdict(collections.Counter)

        def is_asked(row):
            return not products or row["product_id"] in products

        for order in filter(is_asked, self.rows[name]["orders"]):
            if order["paid"] and low <= moment(order["created_at"]) < high:
                wanted[of_order(order), order["currency"]].update(
                    orders=1, revenue=order["net_amount"], refunds=order["refunded_amount"])
        if by != "billing_reason":
            for row, amount in self.mrr_now(name):
                if is_asked(row):
                    wanted[of_subscription(row), row["currency"]].update(mrr=amount)
            for checkout in filter(is_asked, self.rows[name]["checkouts"]):
                if low <= moment(checkout["created_at"]) < high:
                    wanted[of_checkout(checkout), checkout["currency"]].update(
                        checkouts=1, checkouts_succeeded=checkout["status"] == "succeeded")
        options = [word for product in products for word in ("--product-id", product)]
        answer = self.ask("breakdown", "--name", name, "--by", by, "--from", "2025-01-01", "--to", "2026-04-30", "--timezone", "UTC", *options)
        got = {(g["key"], g["currency"]): g for g in answer["groups"]}
        parts = ("orders", "revenue", "refunds") + (() if by == "billing_reason" else ("mrr", "checkouts", "checkouts_succeeded"))
        ours = {key: {part: group[part] for part in parts} for key, group in got.items() if any(group[part] for part in parts)}
        theirs = {key: {part: sums[part] for part in parts} for key, sums in wanted.items() if any(sums[part] for part in parts)}
        self.assertEqual(ours, theirs, (name, by, products))
        for group in got.values():
            self.assertEqual(group["average_order_value"],
                             half_away(Fraction(group["revenue"], group["orders"])) if group["orders"] else None)
            self.assertEqual(group["checkout_conversion"] is None, not group["checkouts"])
            self.assertEqual(group["name"] in ("unknown", "without discount"), group["key"] is None)
        return ours

    def test_breakdowns_are_sums_of_the_rows(self):
        for name, _, _ in SHOPS:
            sold = collections.Counter(order["product_id"] for order in self.rows[name]["orders"] if order["product_id"])
            two = [product for product, _ in sold.most_common(2)]
            for by in ("product", "country", "currency", "billing_reason", "discount", "source", "medium", "campaign"):
                whole = self.check_breakdown(name, by)
                self.assertNotEqual(self.check_breakdown(name, by, two), whole)
                self.assertNotEqual(self.check_breakdown(name, by, two[:1]), {})
            self.assertEqual({key for key, _ in self.check_breakdown(name, "product", two)}, set(two))

    def test_formats_of_breakdowns(self):
        answer = self.ask("breakdown", "--name", "polar")
        self.assertEqual(answer["by"], "product")
        rows = list(csv.DictReader(io.StringIO(self.till("breakdown", "--name", "polar", check=True).stdout)))
        self.assertEqual([(r["key"], r["revenue"]) for r in rows], [(g["key"] or "", str(g["revenue"])) for g in answer["groups"]])
        table = self.till("breakdown", "--name", "polar", "--by", "source", "--format", "table", check=True).stdout
        self.assertIn("By source.", table)
        self.assertIn("unknown", table)
        self.assertIn("choose product", self.fails("breakdown", "--name", "polar", "--by", "weather"))
        self.fails("breakdown", "--name", "polar", "--from", "2026-02-01", "--to", "2026-01-01")

    # -- cohorts

    def test_cohorts_sum_to_what_recurs(self):
        for name, _, _ in SHOPS:
            for interval in ("month", "year"):
                args = ("--name", name, "--from", "2015-01-01", "--interval", interval, "--timezone", "America/New_York")
                movements = {c["currency"]: c for c in self.ask("movements", *args)["currencies"]}
                answer = self.ask("cohorts", *args)
                self.assertEqual([c["currency"] for c in answer["currencies"]], list(movements))
                for currency in answer["currencies"]:
                    lines, cohorts = movements[currency["currency"]]["periods"], currency["cohorts"]
                    self.assertEqual([c["customers"] for c in cohorts], [line["customers_new"] for line in lines])
                    self.assertEqual([c["initial"] for c in cohorts], [line["new"] for line in lines])
                    for place, line in enumerate(lines):  # every period's end, over all cohorts that had begun
                        self.assertEqual(sum(c["mrr"][place - k] for k, c in enumerate(cohorts[:place + 1])), line["end"])
                        self.assertEqual(sum(c["customers_kept"][place - k] for k, c in enumerate(cohorts[:place + 1])), line["customers_end"])
                    for place, cohort in enumerate(cohorts):
                        self.assertEqual(len(cohort["mrr"]), len(cohorts) - place)
                        self.assertTrue(all(0 <= kept <= cohort["customers"] for kept in cohort["customers_kept"]))
                self.assertEqual(answer["whole_periods"], len(cohorts) - 1)

    def test_default_range_is_twelve_months(self):
        answer = json.loads(run_till(["movements", "--name", "polar", "--json"], home=self.home, check=True).stdout)
        start, end = (dt.date.fromisoformat(answer[key]) for key in ("start_date", "end_date"))
        self.assertEqual((start.day, end.year * 12 + end.month - start.year * 12 - start.month, answer["interval"]), (1, 11, "month"))

    def test_formats_of_cohorts(self):
        answer = self.ask("cohorts", "--name", "polar")
        rows = list(csv.DictReader(io.StringIO(self.till("cohorts", "--name", "polar", check=True).stdout)))
        self.assertEqual([int(row["mrr"]) for row in rows],
                         [cell for c in answer["currencies"] for cohort in c["cohorts"] if cohort["customers"] for cell in cohort["mrr"]])
        people = self.till("cohorts", "--name", "polar", "--format", "table", check=True).stdout
        money = self.till("cohorts", "--name", "polar", "--of", "money", "--format", "table", check=True).stdout
        self.assertIn("Customers who began: ", people)
        self.assertIn("MRR that began: ", money)
        self.assertIn("customers or money", self.fails("cohorts", "--of", "dogs"))
        self.assertEqual(self.till("cohorts", "--name", "polar", "--from", "2015-01-01", "--interval", "day").returncode, 10)

    # -- customers

    def people(self, name, *args):
        return self.ask("customers", "--name", name, *args)["customers"]

    def test_who_pays_and_who_is_new(self):
        for name, _, _ in SHOPS:
            sums, wanted = collections.Counter(), collections.Counter()
            for person in self.people(name):
                sums[person["currency"], person["customer_id"]] += person["mrr"]
            for row, amount in self.mrr_now(name):
                wanted[row["currency"], row["customer_id"]] += amount
            self.assertEqual(+sums, +wanted)
            names = {row["id"]: (row["name"] or row["billing_name"], row["email"]) for row in self.rows[name]["customers"]}
            for person in self.people(name):
                if person["customer_id"] in names:
                    self.assertEqual((person["name"], person["email"]), names[person["customer_id"]])
            totals = {c["currency"]: c["total"] for c in self.ask("movements", "--name", name)["currencies"]}
            new, lost = self.people(name, "--new"), self.people(name, "--lost")
            for currency, total in totals.items():
                self.assertEqual(sum(p["currency"] == currency for p in new), total["customers_new"])
                self.assertLessEqual(sum(p["currency"] == currency for p in lost), total["customers_churned"])
            self.assertGreater(len(lost), 0)
            paying = {(p["customer_id"], p["currency"]) for p in self.people(name)}
            self.assertFalse(paying & {(p["customer_id"], p["currency"]) for p in lost})
            self.assertTrue(all(p["at"] and p["since"] < p["at"] for p in lost))

    def test_who_is_at_risk(self):
        now, found = dt.datetime.now(dt.timezone.utc), 0
        for name, _, _ in SHOPS:
            failing = {o["subscription_id"] for o in self.rows[name]["orders"] if o["status"] == "pending" and o["next_payment_attempt_at"]}
            wanted = collections.Counter()
            for row, amount in self.mrr_now(name):
                ends = row["ends_at"] and moment(row["ends_at"]) > now
                if row["status"] in ("past_due", "unpaid") or ends or row["id"] in failing:
                    wanted[row["currency"], row["customer_id"]] += amount
            got = {(p["currency"], p["customer_id"]): p for p in self.people(name, "--at-risk")}
            self.assertEqual({key: person["mrr"] for key, person in got.items()}, +wanted)
            found += len(got)
            self.assertLessEqual({p["why"] for p in got.values()}, {"past_due", "unpaid", "payment_failed", "ends"})
            self.assertTrue(all(p["since"] for p in got.values()))
        self.assertGreater(found, 0)

    def test_formats_of_customers(self):
        people = self.people("polar")
        rows = list(csv.DictReader(io.StringIO(self.till("customers", "--name", "polar", check=True).stdout)))
        self.assertEqual([row["customer_id"] for row in rows], [person["customer_id"] for person in people])
        few = self.people("polar", "--limit", "2")
        self.assertEqual(max(collections.Counter(p["currency"] for p in few).values()), 2)
        self.assertEqual([p for p in people if p in few], few)
        table = self.till("customers", "--name", "polar", "--limit", "1", "--format", "table", check=True).stdout
        self.assertIn("--limit 0 lists all", table)
        self.assertIn("Customers who pay and may stop: ", self.till("customers", "--name", "polar", "--at-risk", "--format", "table").stdout)
        self.fails("customers", "--new", "--lost")


if __name__ == "__main__":
    unittest.main()
