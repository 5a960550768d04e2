# SPDX-License-Identifier: Apache-2.0
"""Several organizations in one mirror: two simulators with two shops. Rows, tokens and schedules stay apart; reports take one or all."""

import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import database  # noqa: E402
from sim import TABLES, Sim, run_till  # noqa: E402


class Organizations(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.home, True)
        self.sims = {}
        for name, seed, orders in (("polar", 5, 60), ("shop2", 9, 40)):
            self.sims[name] = Sim(orders=orders, seed=seed).start()
            self.addCleanup(self.sims[name].stop)
            self.till("connect", "polar", "--name", name, "--api-url", self.sims[name].production.url, "--token-stdin",
                      input=self.sims[name].production.tokens["read"], check=True)
        self.ids = {name: sim.production.organization_id for name, sim in self.sims.items()}
        self.assertNotEqual(self.ids["polar"], self.ids["shop2"])

    def till(self, *args, **options):
        return run_till(args, home=self.home, env={"TILL_RATE": "max"}, **options)

    def json(self, *args, **options):
        return json.loads(self.till(*args, "--json", check=True, **options).stdout)

    def test_rows_stay_apart(self):
        self.till("sync", check=True)
        with database(self.home) as connection:
            for name, sim in self.sims.items():
                for table in TABLES:
                    mine = {row[0] for row in connection.execute(f"SELECT id FROM {table} WHERE organization_id = ?", (self.ids[name],))}
                    self.assertEqual(mine, {row["id"] for row in sim.rows(table)}, (name, table))
        for name, sim in self.sims.items():
            exported = self.json("export", "orders", "--name", name)
            self.assertEqual({row["id"] for row in exported}, {row["id"] for row in sim.rows("orders")})
            days = self.json("export", "v_daily_revenue", "--name", name)
            self.assertEqual({row["organization_id"] for row in days}, {self.ids[name]})
            self.assertEqual(self.json("export", "row_changes", "--name", name), [])
        self.assertEqual(len(self.json("export", "orders")), sum(sim.count("orders") for sim in self.sims.values()))
        self.assertEqual(self.json("query", "SELECT count(DISTINCT organization_id) AS n FROM orders"), [{"n": 2}])
        # The tokens too: no request of the one came to the other.
        for name, other in (("polar", "shop2"), ("shop2", "polar")):
            self.assertEqual(self.sims[name].stats()["write_violations"], 0)
            self.assertFalse([request for request in self.sims[name].requests() if request["status"] == 401], other)

    def test_reports_take_one_or_all(self):
        self.till("watch", "--once", check=True)
        self.assertEqual([card["name"] for card in self.json("status")["connections"]], ["polar", "shop2"])
        [card] = self.json("status", "--name", "shop2")["connections"]
        self.assertEqual(card["organization_id"], self.ids["shop2"])
        self.assertEqual({row["connection"] for row in self.json("tables")}, {"polar", "shop2"})
        self.assertEqual({row["connection"] for row in self.json("tables", "--name", "polar")}, {"polar"})
        text = self.till("doctor", "--name", "shop2").stdout
        self.assertIn(self.sims["shop2"].production.url, text)
        self.assertNotIn(self.sims["polar"].production.url, text)

    def test_numbers_of_each(self):
        self.till("sync", check=True)
        reports = (["metrics", "orders", "revenue"], ["movements"], ["breakdown", "--by", "currency"], ["cohorts"], ["customers"])
        for report in reports:
            with self.subTest(report[0]):
                # as_of, mrr_as_of: the moment of the command
                both = json.loads(self.till(*report, "--json", check=True).stdout)
                self.assertEqual(list(both), ["organizations"])
                self.assertEqual([part["name"] for part in both["organizations"]], ["polar", "shop2"])
                for part in both["organizations"]:
                    name = part.pop("name")
                    self.assertEqual(part.pop("organization_id"), self.ids[name])
                    self.assertTrue(part.pop("organization_name"))
                    one = self.json(*report, "--name", name)
                    for answer in (part, one):
                        for moment in ("as_of", "mrr_as_of"):
                            answer.pop(moment, None)
                    self.assertEqual(part, one)
                    self.assertNotIn("organizations", one)
                lines = self.till(*report, "--format", "csv", check=True).stdout.splitlines()
                self.assertTrue(lines[0].startswith("connection,"))
                self.assertEqual(len([line for line in lines if line.startswith("connection,")]), 1)
                alone = [self.till(*report, "--name", name, "--format", "csv", check=True).stdout.splitlines() for name in ("polar", "shop2")]
                self.assertEqual(lines[0], "connection," + alone[0][0])
                self.assertEqual(lines[1:], [f"polar,{line}" for line in alone[0][1:]] + [f"shop2,{line}" for line in alone[1][1:]])
                rows = [json.loads(line) for line in self.till(*report, "--format", "jsonl", check=True).stdout.splitlines()]
                self.assertEqual([row["connection"] for row in rows], [line.split(",")[0] for line in lines[1:]])
                text = self.till(*report, "--format", "table", check=True).stdout
                self.assertLess(text.index("polar\n"), text.index("shop2\n"))

    def test_today_never_adds_currencies(self):
        self.till("sync", check=True)
        both = self.json("today", "--timezone", "UTC")
        self.assertEqual([part["name"] for part in both["organizations"]], ["polar", "shop2"])
        for day in ("today", "yesterday"):
            sums = {}
            for part in both["organizations"]:
                for line in part[day]["currencies"]:
                    for key, value in line.items():
                        if key != "currency":
                            place = (line["currency"], key)
                            sums[place] = sums.get(place, 0) + value
            together = {(line["currency"], key): value for line in both[day]["currencies"] for key, value in line.items() if key != "currency"}
            self.assertEqual(sums, together)
        one = self.json("today", "--timezone", "UTC", "--name", "shop2")
        self.assertEqual(one["organization_name"], self.sims["shop2"].production.organization_name)
        self.assertEqual(one["today"]["currencies"], both["organizations"][1]["today"]["currencies"])
        self.assertIn("Together", self.till("today", check=True).stdout)
        self.assertNotIn("Together", self.till("today", "--name", "polar", check=True).stdout)

    def test_schedules_stay_apart(self):
        refused = self.till("tables", "set", "orders", "--every", "5m")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("polar, shop2", refused.stderr)
        self.assertIn("--name", refused.stderr)
        self.till("tables", "set", "orders", "--every", "5m", "--name", "shop2", check=True)
        every = {row["connection"]: row["every"] for row in self.json("tables") if row["table"] == "orders"}
        self.assertEqual(every, {"polar": "15m", "shop2": "5m"})
        lines = [json.loads(line) for line in self.till("watch", "--once", "--json", check=True).stdout.splitlines()]
        self.assertEqual([line["connection"] for line in lines], ["polar", "shop2"])
        self.assertEqual(self.till("watch", "--once", "--name", "shop2", check=True).stdout, "")

    def test_one_is_stale(self):
        self.till("sync", "--name", "polar", check=True)
        result = self.till("status", "--max-age", "26h")
        self.assertEqual(result.returncode, 12)
        self.assertIn("of shop2", result.stderr)
        self.assertNotIn("of polar", result.stderr)
        self.assertEqual(self.till("status", "--max-age", "26h", "--name", "polar").returncode, 0)

    def test_one_that_fails_does_not_hold_up_the_other(self):
        self.sims["polar"].revoke(self.sims["polar"].production.tokens["read"])
        result = self.till("watch", "--once")
        self.assertNotEqual(result.returncode, 0)
        with database(self.home) as connection:
            for table in TABLES:
                landed = connection.execute(f"SELECT count(*) FROM {table} WHERE organization_id = ?", (self.ids["shop2"],)).fetchone()[0]
                self.assertEqual(landed, self.sims["shop2"].count(table), table)

    def test_an_unknown_name_lists_the_names(self):
        for args in (["status"], ["tables"], ["today"], ["export", "orders"], ["watch"], ["sync"], ["tables", "set", "orders", "--off"]):
            result = self.till(*args, "--name", "shop3")
            self.assertEqual(result.returncode, 3, args)
            self.assertIn("polar, shop2", result.stderr, args)
        self.till("disconnect", "shop2", check=True)
        result = self.till("today", "--name", "shop2")
        self.assertEqual(result.returncode, 3)
        self.assertIn("is disconnected", result.stderr)
        # With one left nobody has to name it.
        self.till("tables", "set", "orders", "--every", "5m", check=True)


if __name__ == "__main__":
    unittest.main()
