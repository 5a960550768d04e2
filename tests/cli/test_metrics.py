# SPDX-License-Identifier: Apache-2.0
"""`till metrics` on the command line: its question, its formats, its errors, and what it says about exactness."""

import csv
import datetime as dt
import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import ROOT, Sim, run_till  # noqa: E402

SLUGS = {line.split("(")[1].split(",")[0] for line in (ROOT / "src/model/metrics.def").read_text().splitlines() if line.startswith("METRIC(")}


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=80, seed=11).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        cls.till("connect", "polar", "--api-url", cls.sim.production.url, "--token-stdin", input=cls.sim.production.tokens["read"], check=True)
        cls.till("sync", check=True)

    @classmethod
    def till(cls, *args, **options):
        return run_till(args, home=cls.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US", **options.pop("env", {})}, **options)

    def answer(self, *args):
        return json.loads(self.till("metrics", "--json", *args, check=True).stdout)

    def test_there_are_55(self):
        self.assertEqual(len(SLUGS), 55)
        answer = self.answer()
        self.assertEqual(set(answer["metrics"]), SLUGS)
        self.assertEqual(set(answer["totals"]) | set(answer["till"]["unavailable"]), SLUGS)
        self.assertEqual(set(answer["totals"]) & set(answer["till"]["unavailable"]), set())
        self.assertEqual({key: set(value) for key, value in answer["metrics"].items() if key == "orders"},
                         {"orders": {"slug", "display_name", "type"}})

    def test_the_default_is_30_days(self):
        answer = self.answer("orders", "--timezone", "UTC")
        self.assertEqual(len(answer["periods"]), 30)
        self.assertEqual(set(answer["periods"][0]), {"timestamp", "orders"})
        today = dt.datetime.now(dt.timezone.utc).date()
        self.assertIn(answer["till"]["end_date"], (str(today), str(today - dt.timedelta(days=1))))

    def test_timestamps_are_local(self):
        args = ("orders", "--from", "2026-03-28", "--to", "2026-03-30", "--timezone")
        self.assertEqual([period["timestamp"] for period in self.answer(*args, "Europe/Berlin")["periods"]],
                         ["2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"])
        self.assertEqual(self.answer(*args, "UTC")["periods"][0]["timestamp"], "2026-03-28T00:00:00Z")
        self.assertEqual(self.answer(*args, "Asia/Calcutta")["periods"][0]["timestamp"], "2026-03-28T00:00:00+05:30")

    def test_rows_say_that_some_are_not_exact(self):
        result = self.till("metrics", "--format", "csv", check=True)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(len(rows), 30)
        self.assertNotIn("costs", rows[0])
        self.assertIn("approximate", result.stderr)
        lines = [json.loads(line) for line in self.till("metrics", "orders", "--format", "jsonl", check=True).stdout.splitlines()]
        self.assertEqual(sum(line["orders"] for line in lines), self.answer("orders")["totals"]["orders"])

    def test_the_table_names_reasons(self):
        text = self.till("metrics", "--format", "table", check=True).stdout
        self.assertIn("Active Subscriptions", text)
        self.assertIn("Not available:", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_filters_add_up(self):
        both = [self.answer("orders", "--from", "2020-01-01", "--interval", "year", *args)["totals"]["orders"]
                for args in ((), ("--billing-type", "recurring"), ("--billing-type", "one_time"))]
        without_product = sum(row["paid"] and row["product_id"] is None for row in self.sim.rows("orders"))
        self.assertEqual(both[0], both[1] + both[2] + without_product)
        # Both kinds: all that has a product, as Polar takes it; not the same as neither.
        either = self.answer("orders", "--from", "2020-01-01", "--interval", "year", "--billing-type", "one_time", "--billing-type", "recurring")
        self.assertEqual(either["totals"]["orders"], both[1] + both[2])
        products = [row["id"] for row in self.sim.rows("products")]
        each = [self.answer("orders", "--from", "2020-01-01", "--interval", "year", "--product-id", product.upper())["totals"]["orders"]
                for product in products[:2]]
        two = self.answer("orders", "--from", "2020-01-01", "--interval", "year", "--product-id", products[0], "--product-id", products[1])
        self.assertEqual(two["totals"]["orders"], sum(each))

    def test_the_service_agrees_for_each_billing_type(self):
        scopes = [f"{table}:read" for table in ("organizations", "products", "customers", "subscriptions", "orders", "refunds", "checkouts", "benefits", "events",
                                                  "metrics")]
        with tempfile.TemporaryDirectory(prefix="till-test-") as home:
            options = {"home": home, "env": {"TILL_RATE": "max"}}
            run_till(["connect", "polar", "--api-url", self.sim.production.url, "--token-stdin"], input=self.sim.token(scopes), check=True, **options)
            run_till(["sync"], check=True, **options)
            for types in ((), ("recurring",), ("one_time",), ("one_time", "recurring")):
                args = [word for kind in types for word in ("--billing-type", kind)]
                result = run_till(["verify", "--from", "2026-01-01", "--to", "2026-09-30", "--interval", "month", "--timezone", "UTC", "--json", *args], **options)
                self.assertEqual((result.returncode, result.stderr), (0, ""), types)
                self.assertEqual(json.loads(result.stdout)["drift"], 0)

    def test_each_metric_alone_is_as_among_all(self):
        """A question reads only the rows that its metrics look at: that must not be seen in the answer."""
        today = dt.datetime.now(dt.timezone.utc).date()
        for first, last, args in ((40, 20, ()), (100, 50, ("--interval", "year")), (200, -40, ("--interval", "month", "--timezone", "Asia/Kolkata"))):
            window = ("--from", str(today - dt.timedelta(days=first)), "--to", str(today - dt.timedelta(days=last)), *args)
            both = self.answer(*window)
            self.assertGreater(both["totals"]["orders"], 0)
            for slug in sorted(SLUGS):
                alone = self.answer(slug, *window)
                self.assertEqual([period.get(slug) for period in alone["periods"]], [period.get(slug) for period in both["periods"]], slug)
                # Totals of ratios are made from what else was asked, as Polar has it.
                if slug not in ("average_order_value", "net_average_order_value", "active_user_by_event", "cost_per_user", "checkouts_conversion"):
                    self.assertEqual(alone["totals"].get(slug), both["totals"].get(slug), slug)

    def test_wrong_questions_are_refused_with_the_next_thing_to_do(self):
        cases = {
            ("revnue",): (2, "revenue"),
            ("--from", "yesterday"): (2, "2026-01-31"),
            ("--from", "2026-02-30"): (2, "is not a date"),
            ("--from", "2026-03-02", "--to", "2026-03-01"): (2, "ends before"),
            ("--interval", "quarter"): (2, "month"),
            ("--timezone", "Europe/Berln"): (3, "Europe/Berlin"),
            ("--product-id", "x"): (2, "products"),
            ("--customer-id", "x"): (2, "customers"),
            ("--billing-type", "weekly"): (2, "one_time"),
            ("--from", "2000-01-01", "--interval", "hour"): (10, "--interval"),
            ("--from", "1800-01-01", "--interval", "year"): (10, "shorter"),
            ("--from", "2026-01-01", "--from", "2026-01-02"): (2, "twice"),
            ("--name", "nobody"): (3, "nobody"),
        }
        for args, (status, words) in cases.items():
            with self.subTest(args):
                result = self.till("metrics", *args)
                self.assertEqual((result.returncode, result.stdout), (status, ""), result.stderr)
                self.assertIn(words, result.stderr)

    def test_without_orders_their_metrics_are_unavailable(self):
        with tempfile.TemporaryDirectory(prefix="till-test-") as home:
            token = self.sim.token(["subscriptions:read"])
            run_till(["connect", "polar", "--api-url", self.sim.production.url, "--token-stdin"], home=home, input=token, check=True)
            run_till(["sync"], home=home, env={"TILL_RATE": "max"})
            answer = json.loads(run_till(["metrics", "--json"], home=home, check=True).stdout)
        self.assertIn("orders are not mirrored", answer["till"]["unavailable"]["revenue"])
        self.assertIn("active_subscriptions", answer["totals"])
        self.assertNotIn("revenue", answer["totals"])


if __name__ == "__main__":
    unittest.main()
