# SPDX-License-Identifier: Apache-2.0
"""Plausible and Umami from `till connect` to the database: a year of days equals the service's truth in three zones, only days that may change are asked for
again, and whatever goes wrong on the way, a quiet run afterwards equals it again. test_traffic_clients.py has the services' answers one by one."""

import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import Sim, kill_till, start_till  # noqa: E402
from traffic import ZONES, TrafficHome, complete_days  # noqa: E402


class Case(unittest.TestCase):
    __test__ = False
    service = basis = None
    names = ("visitors", "visits", "pageviews")

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=300, seed=11, years=3).start()
        cls.addClassCleanup(cls.sim.stop)

    def setUp(self):
        self.home = TrafficHome(self.sim)
        self.addCleanup(self.home.__exit__)
        self.sim.faults(None)
        self.sim.set_traffic(plausible_timezone="UTC", plausible_hourly=0, umami_version=3)

    def fault(self, action, **match):
        self.sim.faults([{"match": {"environment": self.service, "path": "/api/", **match}, "action": action}])

    def connect(self, zone="UTC", home=None):
        result = getattr(home or self.home, f"connect_{self.service}")("--timezone", zone)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def check(self, zone="UTC", home=None):
        home = home or self.home
        first, last = complete_days(home, self.service)
        truth = {row["date"]: row for row in home.sim.traffic(self.service, first, last, timezone=zone, basis=self.basis)}
        rows = home.rows("SELECT * FROM traffic_daily WHERE connection = ? AND is_complete = 1 ORDER BY date", self.service)
        self.assertGreater(len(rows), 366)
        self.assertEqual({row["timezone"] for row in rows}, {zone})
        self.assertEqual(
            [(row["date"], *(row[name] for name in self.names)) for row in rows],
            [(row["date"], *(truth[row["date"]][name.replace("visits", "sessions")] if row["date"] in truth else 0 for name in self.names)) for row in rows])
        parts = home.rows("SELECT date, sum(visits) AS n FROM traffic_breakdown WHERE dimension = 'device' AND date BETWEEN ? AND ? GROUP BY date",
                          first, last)
        self.assertGreater(len(parts), 25)
        self.assertEqual({row["date"]: row["n"] for row in parts}, {row["date"]: truth[row["date"]]["sessions"] for row in parts})

    def test_a_year_in_three_zones(self):
        for zone in ZONES:
            with self.subTest(zone=zone):
                self.sim.set_traffic(plausible_timezone=zone)
                self.connect(zone)
                self.assertEqual(self.home.source(self.service)["timezone"], zone)
                answer = self.home.sync()
                self.assertEqual(answer["status"], 0, answer)
                self.check(zone)

    def test_connecting_again_keeps_the_days(self):
        self.connect("Asia/Kolkata") if self.service == "umami" else self.connect()
        self.assertEqual(self.home.sync()["status"], 0)
        before = self.home.source(self.service)
        self.assertEqual(getattr(self.home, f"connect_{self.service}")(env={"TZ": "UTC"}).returncode, 0)
        after = self.home.source(self.service)
        self.assertEqual((after["timezone"], after["through_date"]), (before["timezone"], before["through_date"]))

    def test_only_days_that_may_change(self):
        with Sim(orders=300, seed=11, years=3) as sim, TrafficHome(sim) as home:
            self.connect(home=home)
            first = home.sync()
            self.assertEqual(first["status"], 0, first)
            before = {row["date"]: row["pageviews"] for row in home.rows("SELECT date, pageviews FROM traffic_daily")}
            again = home.sync()
            self.assertLessEqual(again["days"], 3)
            self.assertLess(again["requests"], 40)
            sim.mutate(count=5, seconds=20)
            self.assertEqual(home.sync()["status"], 0)
            after = {row["date"]: row["pageviews"] for row in home.rows("SELECT date, pageviews FROM traffic_daily")}
            self.assertGreaterEqual(sum(after.values()), sum(before.values()))
            self.assertEqual(home.sync("--full")["days"], first["days"])
            self.check(home=home)

    def test_faults_that_pass(self):
        self.connect()
        for number, action in enumerate((
            {"kind": "status", "status": 500},
            {"kind": "status", "status": 502, "text": "<html>bad gateway</html>"},
            {"kind": "status", "status": 429, "retry_after": 1},
            {"kind": "reset", "at_bytes": 20},
            {"kind": "truncate", "at_bytes": 30},
            {"kind": "garbage", "variant": "html"},
            {"kind": "garbage", "variant": "half"},
            {"kind": "slow", "ms": 500},
        )):
            with self.subTest(action=action):
                self.fault(action, times=1, after=number % 5)
                answer = self.home.sync("--full") if number == 3 else self.home.sync()
                self.assertEqual(answer["status"], 0, answer)
        self.sim.faults(None)
        self.check()

    def test_faults_that_stay_change_nothing(self):
        self.connect()
        self.assertEqual(self.home.sync()["status"], 0)
        days = "SELECT date, visitors, visits, pageviews, bounces FROM traffic_daily WHERE is_complete = 1"
        parts = "SELECT count(*) AS n, sum(visits) AS v FROM traffic_breakdown WHERE date < (SELECT max(date) FROM traffic_daily)"
        wanted = self.home.rows(days), self.home.rows(parts)
        for action, status in (
            ({"kind": "garbage", "variant": "empty_items"}, (6, 7)),
            ({"kind": "garbage", "variant": "empty_body"}, (7,)),
            ({"kind": "garbage", "variant": "depth_bomb"}, (7,)),
            ({"kind": "status", "status": 401}, (4,)),
            ({"kind": "status", "status": 403}, (4, 6)),
            ({"kind": "status", "status": 429, "retry_after": 900}, (6,)),
        ):
            with self.subTest(action=action):
                self.fault(action)
                answer = self.home.sync()
                self.assertIn(answer["status"], status, answer)
                self.assertEqual((self.home.rows(days), self.home.rows(parts)), wanted)
        self.sim.faults(None)
        self.assertEqual(self.home.sync()["status"], 0)
        self.check()

    def test_kills(self):
        """A run that is killed at any moment leaves whole days; a quiet one afterwards goes on there and equals the service."""
        self.connect()
        met = 0
        for number in range(6):
            self.fault({"kind": "slow", "ms": 60})
            process = start_till(["sync"], home=self.home.path, env=self.home.env)
            time.sleep(0.1 + 0.2 * number)
            met += process.poll() is None
            kill_till(process)
            for row in self.home.rows("SELECT count(*) AS n FROM traffic_daily WHERE visits > 0 AND pageviews IS NULL"):
                self.assertEqual(row["n"], 0)
        self.assertGreater(met, 2)
        self.sim.faults(None)
        self.assertEqual(self.home.sync()["status"], 0)
        self.check()

    def test_no_secret_anywhere(self):
        self.connect()
        self.assertEqual(self.home.sync()["status"], 0)
        self.home.till("doctor")
        self.fault({"kind": "status", "status": 401})
        self.home.sync(env={"TILL_LOG": "debug"})
        place = self.sim.plausible if self.service == "plausible" else self.sim.umami
        for secret in (place.get("key"), place.get("password"), place.get("api_key")):
            if secret:
                self.assertNotIn(secret, "".join(self.home.spoken))
                self.assertNotIn(secret.encode(), self.home.files())

    def test_life_of_a_connection(self):
        self.connect()
        self.assertEqual(self.home.sync()["status"], 0)
        status = json.loads(self.home.till("status", "--json", check=True).stdout)["sources"][0]
        self.assertEqual((status["service"], status["connected"], status["stale"]), (self.service, True, False))
        self.assertIn(f"{self.service.title()} answers", self.home.till("doctor").stdout)
        self.home.till("disconnect", self.service, "--purge", check=True)
        self.assertEqual(self.home.rows("SELECT 1 FROM traffic_daily"), [])


class Plausible(Case):
    __test__ = True
    service, basis = "plausible", "sessions"

    def test_refusals(self):
        for words, status, how in (
            (("the key is good", "other.example", "exactly as Plausible lists it"), 3, {"site": "other.example"}),
            (("does not accept this key", "Stats API"), 4, {"key": "wrong-key-of-plausible"}),
            (("no access to the Stats API", "plan"), 4, {"key": self.sim.plausible["key_without_plan"]}),
        ):
            result = self.home.connect_plausible("--timezone", "UTC", **how)
            self.assertEqual(result.returncode, status, result.stderr)
            for word in words:
                self.assertIn(word, result.stderr)
        self.assertFalse((self.home.path / "till.db").exists(), "nothing is saved before a key works")

    def test_throttled_and_continued(self):
        self.connect()
        self.sim.set_traffic(plausible_hourly=25)
        answer = self.home.sync()
        self.assertEqual((answer["status"], answer["error_class"]), (6, "remote"), answer)
        self.assertGreater(len(self.home.rows("SELECT 1 FROM traffic_daily")), 100, "what came before stays")
        self.sim.set_traffic(plausible_hourly=0)
        self.assertEqual(self.home.sync()["status"], 0)
        self.check()

    def test_a_site_whose_zone_changes(self):
        self.connect()
        self.assertEqual(self.home.sync()["status"], 0)
        self.sim.set_traffic(plausible_timezone="America/New_York")
        answer = self.home.sync()
        self.assertEqual(answer["status"], 3, answer)
        self.assertIn("--timezone", answer["stderr"])
        self.connect("America/New_York")
        self.assertEqual(self.home.sync()["status"], 0)
        self.check("America/New_York")


class Umami(Case):
    __test__ = True
    service, basis = "umami", None
    names = ("visitors", "visits", "pageviews", "bounces")

    def test_refusals(self):
        for words, status, how in (
            (("does not accept this user name and password", "view only"), 4, {"password": "wrong-password"}),
            (("shows no website", "shop.example"), 3, {"website": "00000000-0000-4000-8000-000000000000"}),
        ):
            result = self.home.connect_umami("--timezone", "UTC", **how)
            self.assertEqual(result.returncode, status, result.stderr)
            for word in words:
                self.assertIn(word, result.stderr)
        self.assertFalse((self.home.path / "till.db").exists(), "nothing is saved before a key works")

    def test_a_key(self):
        place = self.sim.umami
        for which in (["--website-id", "shop.example"], []):
            result = self.home.till("connect", "umami", *which, "--api-url", place["url"], "--token-stdin", input=place["api_key"])
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(self.home.source("umami")["property"], place["website_id"])
        self.assertEqual(self.home.sync()["status"], 0)


del Case

if __name__ == "__main__":
    unittest.main()
