# SPDX-License-Identifier: Apache-2.0
"""PostHog: each way a key can be wrong is told in its own words, a year of days equals the service's truth in three zones, and whatever goes wrong on
the way, a quiet run afterwards equals it again."""

import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import Sim, kill_till, start_till, wait_for  # noqa: E402
from traffic import ZONES, TrafficHome, complete_days, utc_hour  # noqa: E402

SESSIONS = ("channel", "referrer", "landing_page", "utm_source", "utm_medium", "utm_campaign")
EVENTS = ("country", "device")


class PostHogCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=400, seed=11).start()
        cls.addClassCleanup(cls.sim.stop)

    def setUp(self):
        self.home = TrafficHome(self.sim)
        self.addCleanup(self.home.__exit__)
        self.sim.faults(None)
        self.sim.set_traffic(posthog_async_polls=0, posthog_timezone="UTC", posthog_hourly=0, posthog_minutely=0)

    def fault(self, action, **match):
        self.sim.faults([{"match": {"environment": "posthog", "path": "/api/", **match}, "action": action}])

    def connect(self):
        result = self.home.connect_posthog()
        self.assertEqual(result.returncode, 0, result.stderr)

    def check_days(self, zone):
        first, last = complete_days(self.home, "posthog")
        self.assertLess(first, last)
        truth = {row["date"]: row for row in self.sim.traffic("posthog", first, last, timezone=zone)}
        entries = {row["date"]: row for row in self.sim.traffic("posthog", first, last, timezone=zone, basis="sessions")}
        rows = self.home.rows("SELECT * FROM traffic_daily WHERE connection = 'posthog' AND is_complete = 1 ORDER BY date")
        self.assertEqual(len(rows), len({row["date"] for row in rows}))
        for row in rows:
            told = truth.get(row["date"], {"visitors": 0, "sessions": 0, "pageviews": 0})
            self.assertEqual(
                (row["date"], row["visitors"], row["visits"], row["pageviews"], row["bounces"], row["timezone"]),
                (row["date"], told["visitors"], told["sessions"], told["pageviews"], entries.get(row["date"], {"bounces": 0})["bounces"], zone),
            )
        return first, last

    def check_parts(self, zone, first, last):
        for dimension in SESSIONS + EVENTS:
            basis = "sessions" if dimension in SESSIONS else "events"
            truth = {}
            for row in self.sim.traffic("posthog", first, last, timezone=zone, basis=basis, dimensions=dimension):
                bounces = row["bounces"] if basis == "sessions" else None
                truth[row["date"], row[dimension] or ""] = (row["sessions"], row["pageviews"], bounces)
            rows = self.home.rows("SELECT * FROM traffic_breakdown WHERE dimension = ? AND date BETWEEN ? AND ?", dimension, first, last)
            ours = {(row["date"], row["value"]): (row["visits"], row["pageviews"], row["bounces"]) for row in rows}
            self.assertEqual(ours, truth, dimension)

    def check(self, zone="UTC"):
        first, last = self.check_days(zone)
        self.check_parts(zone, first, last)


class Connecting(PostHogCase):
    def refused(self, status, *words, **how):
        result = self.home.connect_posthog(**how)
        self.assertEqual(result.returncode, status, result)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertNotIn(self.sim.posthog["keys"].get(how.get("key"), "phx_nothing"), result.stdout + result.stderr)

    def test_each_wrong_key_in_its_own_words(self):
        self.refused(4, "region eu", "--host eu", key="eu")
        self.refused(4, "query:read", "Read", key="no_scope")
        self.refused(4, "may not read project", "--project-id", key="other_project")
        self.refused(2, "project token", "phx_", key="phc")
        self.refused(4, "does not accept this key", "personal API key", key="phx_" + "0" * 30)
        self.refused(3, "no project 77", "address bar", project="77")
        self.refused(2, "not the number of a project", project="mine")
        self.refused(2, "is empty", key=" ")
        self.assertFalse((self.home.path / "till.db").exists(), "nothing is saved before a key works")

    def test_us_key_at_eu(self):
        self.refused(4, "region us", "--host us", host="eu")

    def test_statuses(self):
        for action, status, *words in (
            ({"kind": "status", "status": 401, "text": "missing"}, 4, "saw no key", "proxy"),
            ({"kind": "status", "status": 400}, 6, "refused the query", "Unable to resolve field"),
            ({"kind": "status", "status": 429, "retry_after": 900}, 6, "too many requests", "900 s"),
            ({"kind": "status", "status": 500}, 6, "answered 500", "ClickHouse"),
            ({"kind": "status", "status": 502, "text": "<html>bad gateway</html>"}, 6, "502"),
            ({"kind": "garbage", "variant": "html"}, 7, "web page"),
            ({"kind": "garbage", "variant": "not_object"}, 7, "no results", "--host"),
        ):
            with self.subTest(action=action):
                self.fault(action)
                self.refused(status, *words)

    def test_project_secret_key(self):
        self.assertEqual(self.home.connect_posthog(key="project_secret").returncode, 0)

    def test_same_name_stays_the_same_project(self):
        self.connect()
        self.assertEqual(self.home.connect_posthog().returncode, 0, "connecting again renews the key")
        polar = self.sim.production
        result = self.home.till("connect", "polar", "--name", "posthog", "--api-url", polar.url, "--token-stdin", input=polar.tokens["read"])
        self.assertEqual(result.returncode, 3, result)
        self.assertIn("--name", result.stderr)

    def test_life_of_a_connection(self):
        self.connect()
        self.assertEqual(self.home.sync()["status"], 0)
        status = json.loads(self.home.till("status", "--json", check=True).stdout)["sources"][0]
        self.assertEqual((status["service"], status["every"], status["connected"], status["stale"]), ("posthog", "1h", True, False))
        self.assertIsNotNone(status["fresh_as_of"])
        self.home.till("tables", "set", "posthog", "--every", "6h", check=True)
        self.assertIn("6h", self.home.till("tables", "--format", "table", check=True).stdout)
        self.assertIn("PostHog answers", self.home.till("doctor").stdout)
        self.assertIn("nothing is due", self.home.till("watch", "--once", check=True).stderr)
        self.home.till("tables", "set", "posthog", "--off", check=True)
        self.assertEqual(json.loads(self.home.till("status", "--json", check=True).stdout)["sources"][0]["next_due"], None)
        self.home.till("disconnect", "posthog", check=True)
        self.assertGreater(len(self.home.rows("SELECT 1 FROM traffic_daily")), 300)
        self.assertEqual(self.home.sync()["status"], 3)
        self.home.till("disconnect", "posthog", "--purge", check=True)
        for table in ("traffic_sources", "traffic_daily", "traffic_hourly", "traffic_breakdown"):
            self.assertEqual(self.home.rows(f"SELECT 1 FROM {table}"), [])

    def test_no_key_anywhere(self):
        self.connect()
        self.home.sync()
        self.home.till("doctor")
        self.fault({"kind": "status", "status": 401})
        self.home.sync(env={"TILL_LOG": "debug"})
        for key in self.sim.posthog["keys"].values():
            self.assertNotIn(key, "".join(self.home.spoken))
            self.assertNotIn(key.encode(), self.home.files())

    def test_beside_polar(self):
        polar = self.sim.production
        self.home.till("connect", "polar", "--api-url", polar.url, "--token-stdin", input=polar.tokens["read"], env={"TILL_RATE": "max"}, check=True)
        self.connect()
        result = self.home.till("sync", "--json", env={"TILL_RATE": "max"}, check=True)
        answer = json.loads(result.stdout)
        self.assertTrue(answer["tables"])
        self.assertEqual([source["state"] for source in answer["sources"]], ["ok"])
        self.fault({"kind": "status", "status": 403})
        result = self.home.till("sync", "--json", env={"TILL_RATE": "max"})
        self.assertEqual(result.returncode, 11, "one of two failed")
        self.assertIn("query:read", result.stderr)
        self.assertEqual(self.home.till("sync", "orders", "--json", env={"TILL_RATE": "max"}).returncode, 0, "tables are Polar's alone")


class Syncing(PostHogCase):
    def test_a_year_in_three_zones(self):
        self.connect()
        for zone in ZONES:
            with self.subTest(zone=zone):
                self.sim.set_traffic(posthog_timezone=zone)
                answer = self.home.sync()
                self.assertEqual(answer["status"], 0, answer)
                self.assertEqual(answer["rezoned"], zone != "UTC")
                self.assertGreater(answer["days"], 366)
                self.check(zone)
                self.assertEqual(self.home.source("posthog")["timezone"], zone)

    def test_hours(self):
        for zone in ZONES:
            with self.subTest(zone=zone):
                self.sim.set_traffic(posthog_timezone=zone)
                self.connect()
                self.assertEqual(self.home.sync()["status"], 0)
                last = complete_days(self.home, "posthog")[1]
                truth = {utc_hour(row["hour"]): (row["visitors"], row["sessions"], row["pageviews"])
                         for row in self.sim.traffic("posthog", last, last, timezone=zone, bucket="hour")}
                self.assertGreater(len(truth), 3)
                rows = {row["hour"]: (row["visitors"], row["visits"], row["pageviews"]) for row in self.home.rows("SELECT * FROM traffic_hourly")}
                self.assertEqual({hour: rows.get(hour) for hour in truth}, truth)

    def test_four_queries_and_only_days_that_may_change(self):
        self.connect()
        first = self.home.sync()
        again = self.home.sync()
        self.assertLessEqual(first["requests"], 4)
        self.assertLessEqual(again["requests"], 4)
        self.assertEqual((again["days"], again["windows"]), (3, 1))
        whole = self.home.sync("--full")
        self.assertEqual(whole["days"], first["days"])
        self.check()

    def test_answers_that_must_be_polled(self):
        self.connect()
        self.sim.set_traffic(posthog_async_polls=3)
        self.assertEqual(self.home.sync()["status"], 0)
        self.check()

    def test_interrupted_and_continued(self):
        """Days that were never asked for come with the next run, however old the last one is."""
        self.connect()
        self.assertEqual(self.home.sync()["status"], 0)
        before = self.home.source("posthog")["through_date"]
        self.fault({"kind": "status", "status": 429, "retry_after": 900})
        answer = self.home.sync()
        self.assertEqual((answer["status"], answer["error_class"]), (6, "remote"))
        self.assertEqual(self.home.source("posthog")["failure_count"], 1)
        self.assertEqual(self.home.source("posthog")["through_date"], before)
        self.sim.faults(None)
        self.assertEqual(self.home.sync()["status"], 0)
        self.assertEqual(self.home.source("posthog")["failure_count"], 0)
        self.check()

    def test_faults_that_pass(self):
        self.connect()
        for number, action in enumerate((
            {"kind": "status", "status": 500},
            {"kind": "status", "status": 502, "text": "<html>bad gateway</html>"},
            {"kind": "status", "status": 429, "retry_after": 1},
            {"kind": "status", "status": 429},
            {"kind": "reset", "at_bytes": 200},
            {"kind": "truncate", "at_bytes": 300},
            {"kind": "garbage", "variant": "html"},
            {"kind": "garbage", "variant": "half"},
            {"kind": "slow", "ms": 1500},
            {"kind": "trickle", "bytes_per_second": 60000, "times": 1},
        )):
            with self.subTest(action=action):
                self.fault(action, times=1, after=number % 3)
                answer = self.home.sync("--full") if number % 2 else self.home.sync()
                self.assertEqual(answer["status"], 0, answer)
        self.sim.faults(None)
        self.check()

    def test_faults_that_stay_change_nothing(self):
        self.connect()
        self.assertEqual(self.home.sync()["status"], 0)
        wanted = self.home.rows("SELECT date, visitors, visits, pageviews, bounces FROM traffic_daily WHERE is_complete = 1")
        parts = self.home.rows("SELECT count(*) AS n, sum(visits) AS v FROM traffic_breakdown WHERE date < (SELECT max(date) FROM traffic_daily)")
        for action, match, status in (
            ({"kind": "garbage", "variant": "empty_items"}, {}, 6),
            ({"kind": "garbage", "variant": "empty_items"}, {"every": 2}, 7),
            ({"kind": "garbage", "variant": "empty_body"}, {}, 7),
            ({"kind": "garbage", "variant": "depth_bomb"}, {}, 7),
            ({"kind": "garbage", "variant": "huge"}, {}, 10),
            ({"kind": "status", "status": 403}, {}, 4),
            ({"kind": "redirect", "status": 307, "text": "http://127.0.0.2:9/elsewhere"}, {}, 6),
        ):
            with self.subTest(action=action, match=match):
                self.fault(action, **match)
                answer = self.home.sync()
                self.assertEqual(answer["status"], status, answer)
                self.assertEqual(self.home.rows("SELECT date, visitors, visits, pageviews, bounces FROM traffic_daily WHERE is_complete = 1"), wanted)
                self.assertEqual(self.home.rows("SELECT count(*) AS n, sum(visits) AS v FROM traffic_breakdown WHERE date < (SELECT max(date) FROM traffic_daily)"), parts)
        self.sim.faults(None)
        self.assertEqual(self.home.sync()["status"], 0)
        self.check()

    def test_kills(self):
        """A run that is killed at any moment leaves whole days; a quiet one afterwards equals the service."""
        self.connect()
        met = 0
        for number in range(8):
            self.fault({"kind": "slow", "ms": 150})
            process = start_till(["sync", *(["--full"] if number % 2 else [])], home=self.home.path, env=self.home.env)
            time.sleep(0.05 + 0.09 * number)
            met += process.poll() is None
            kill_till(process)
            rows = self.home.rows("SELECT count(*) AS n, (SELECT count(DISTINCT date) FROM traffic_breakdown WHERE dimension = 'channel') AS m FROM traffic_daily WHERE visits > 0")[0]
            self.assertEqual(rows["n"], rows["m"], "a day came without its parts")
        self.assertGreater(met, 3)
        self.sim.faults(None)
        self.assertEqual(self.home.sync()["status"], 0)
        self.check()

    def test_watch_keeps_it_in_step(self):
        self.connect()
        process = start_till(["watch", "--json"], home=self.home.path, env=self.home.env)
        self.addCleanup(kill_till, process)
        wait_for(lambda: self.home.source("posthog")["fresh_at"], "the first run of the watch", timeout=60)
        kill_till(process)
        self.check()

    def test_ctrl_c_while_polling(self):
        self.connect()
        self.sim.set_traffic(posthog_async_polls=1000000)
        process = start_till(["sync"], home=self.home.path, env=self.home.env)
        self.addCleanup(kill_till, process)
        wait_for(lambda: self.home.source("posthog")["last_started_at"], "the run to begin", timeout=30)
        process.terminate()
        self.assertNotEqual(process.wait(timeout=30), 0)
        self.assertEqual(self.home.rows("SELECT 1 FROM traffic_daily"), [])


class ManyRows(unittest.TestCase):
    def test_more_rows_than_one_answer_holds(self):
        """The rows of where visits came from pass 50,000: the days come in several windows, and none is cut."""
        with Sim(orders=40000, seed=5, years=2) as sim, TrafficHome(sim) as home:
            self.assertEqual(home.connect_posthog().returncode, 0)
            answer = home.sync()
            self.assertEqual(answer["status"], 0, answer)
            self.assertGreater(answer["windows"], 1)
            first, last = complete_days(home, "posthog")
            truth = {row["date"]: row["sessions"] for row in sim.traffic("posthog", first, last, timezone="UTC", basis="sessions")}
            rows = home.rows("SELECT date, sum(visits) AS n FROM traffic_breakdown WHERE dimension = 'landing_page' AND date BETWEEN ? AND ? GROUP BY date", first, last)
            self.assertEqual({row["date"]: row["n"] for row in rows}, truth)


if __name__ == "__main__":
    unittest.main()
