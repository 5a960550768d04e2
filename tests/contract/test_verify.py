# SPDX-License-Identifier: Apache-2.0
"""`till verify`: our metrics beside the service's, over answers that a test writes itself."""

import copy
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from scripted import Scripted, new_token  # noqa: E402
from sim import Sim, TABLES, run_till  # noqa: E402

RANGE = ("--from", "2026-03-01", "--to", "2026-05-31", "--interval", "month", "--timezone", "UTC")


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Sim(orders=60, seed=5, now="2026-06-15T12:00:00Z") as sim:
            rows = {table: sim.rows(table) for table in TABLES}
            organization = sim.production.organization_id
        cls.polar = Scripted(organization=organization, **rows)
        cls.polar.tables["metrics"] = []
        cls.polar.answer = cls.answer
        cls.polar.__enter__()
        cls.addClassCleanup(cls.polar.__exit__)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        cls.till("connect", "polar", "--api-url", cls.polar.url, "--token-stdin", input=new_token(1), check=True)
        cls.till("sync", check=True)
        cls.ours = json.loads(cls.till("metrics", "--json", *RANGE, check=True).stdout)

    @classmethod
    def answer(cls, handler, table, page):
        if table != "metrics":
            return False
        cls.polar.send(handler, cls.theirs, 403 if "error" in cls.theirs else 200,
                       [("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="metrics:read"')] if "error" in cls.theirs else ())
        return True

    @classmethod
    def till(cls, *args, **options):
        return run_till(args, home=cls.home, env={"TILL_RATE": "max"}, **options)

    def setUp(self):
        type(self).theirs = copy.deepcopy(self.ours)
        self.theirs.pop("till")

    def verify(self, *args):
        result = self.till("verify", "--json", *RANGE, *args)
        return result.returncode, json.loads(result.stdout)

    def line(self, answer, slug):
        [line] = [line for line in answer["metrics"] if line["slug"] == slug]
        return line

    def test_agreement_is_status_0(self):
        status, answer = self.verify()
        self.assertEqual((status, answer["drift"]), (0, 0))
        self.assertEqual(len(answer["metrics"]), 55)
        line = self.line(answer, "orders")
        self.assertEqual((line["ours"], line["theirs"], line["difference"], line["exact"], line["reason"]),
                         (self.ours["totals"]["orders"], self.ours["totals"]["orders"], 0, True, None))
        self.assertIn("start_date=2026-03-01&end_date=2026-05-31&interval=month&timezone=UTC", self.polar.requests[-1])

    def test_one_period_that_differs_is_drift(self):
        self.theirs["periods"][1]["orders"] += 3
        status, answer = self.verify()
        line = self.line(answer, "orders")
        self.assertEqual((status, answer["drift"], line["difference"], line["differing_periods"]), (11, 1, -3, 1))
        self.assertEqual(line["worst_period"], "2026-04-01T00:00:00.000000Z")

    def test_totals_that_differ_are_drift(self):
        self.theirs["totals"]["canceled_subscriptions"] += 1
        status, answer = self.verify()
        self.assertEqual((status, answer["drift"], self.line(answer, "canceled_subscriptions")["difference"]), (11, 1, -1))

    def test_approximate_ones_may_differ(self):
        approximate = next(iter(self.ours["till"]["approximate"]))
        self.theirs["totals"][approximate] += 1
        status, answer = self.verify()
        line = self.line(answer, approximate)
        self.assertEqual((status, answer["drift"], line["exact"]), (0, 0, False))
        self.assertTrue(line["reason"])

    def test_an_answer_with_other_periods_is_drift(self):
        self.theirs["periods"].pop()
        status, answer = self.verify()
        self.assertEqual(status, 11)
        self.assertEqual(self.line(answer, "orders")["differing_periods"], 1)

    def test_what_the_service_leaves_out_is_drift(self):
        for part in (*self.theirs["periods"], self.theirs["totals"]):
            del part["orders"]
        status, answer = self.verify()
        self.assertEqual((status, self.line(answer, "orders")["theirs"]), (11, None))

    def test_single_metrics_are_asked_for_alone(self):
        status, answer = self.verify("orders", "churn_rate")
        self.assertEqual((status, [line["slug"] for line in answer["metrics"]]), (0, ["churn_rate", "orders"]))
        self.assertIn("metrics=churn_rate&metrics=orders", self.polar.requests[-1])

    def test_a_token_without_the_scope_is_told_which(self):
        type(self).theirs = {"error": "insufficient_scope", "detail": "no"}
        result = self.till("verify", *RANGE)
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("metrics:read", result.stderr)

    def test_nonsense_is_refused(self):
        for nonsense in ({"periods": 1, "totals": {}}, {"periods": [{"orders": 1}], "totals": {}}, [], {}):
            type(self).theirs = nonsense
            result = self.till("verify", *RANGE)
            self.assertEqual(result.returncode, 7, (nonsense, result.stderr))

    def test_ranges_that_polar_refuses_are_refused_before(self):
        asked = len(self.polar.requests)
        result = self.till("verify", "--from", "2024-01-01", "--to", "2026-01-01", "--interval", "day")
        self.assertEqual(result.returncode, 10, result.stderr)
        self.assertEqual(len(self.polar.requests), asked)

    def test_other_formats(self):
        text = self.till("verify", *RANGE, "--format", "table", check=True).stdout
        self.assertIn("All exact metrics agree", text)
        self.assertIn("orders", self.till("verify", *RANGE, "--format", "csv", check=True).stdout)


if __name__ == "__main__":
    unittest.main()
