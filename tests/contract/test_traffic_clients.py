# SPDX-License-Identifier: Apache-2.0
"""test_traffic_clients.py - the clients of Plausible and Umami, against those services' fakes and the truth behind them.

Driven through traffic_probe, which does what a sync does: window after window until a day is reached. Every number must be the world's own, by day, in
zones whose days differ; every answer that is no data must end in words of its own and a next step; and nothing may show the secret.
"""

import collections
import datetime
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import ROOT, Sim  # noqa: E402

PROBE = pathlib.Path(os.environ.get("TILL_BUILD") or ROOT / "build") / "unit" / "traffic_probe"
NOW = "2026-08-20T12:00:00Z"
TODAY = "2026-08-20"
YEAR = ("2025-08-20", "2026-08-20")  # the second is not included
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")
DIMENSIONS = {"channel", "referrer", "source", "landing_page", "country", "device", "utm_source", "utm_medium", "utm_campaign"}
EXIT = {"ok": 0, "usage": 2, "config": 3, "auth": 4, "network": 5, "remote": 6, "format": 7}


def last_of(window):
    return str(datetime.date.fromisoformat(window[1]) - datetime.timedelta(1))


REPORTS = ("Sanitizer", "runtime error", "Segmentation", "Assertion", "corrupted")


def has_fault_points():
    arguments = [str(PROBE), "umami", "https://example.com", "x", "UTC", "check"]
    return subprocess.run(arguments, input="k", capture_output=True, text=True, env={**os.environ, "TILL_FAULT": "malloc:1:forever"}).returncode == 9


class ClientTest(unittest.TestCase):
    service = None
    limiter = "none"

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=300, seed=11, now=NOW, limiter=cls.limiter).start()
        cls.addClassCleanup(cls.sim.stop)

    def tearDown(self):
        self.sim.faults(None)
        self.sim.set_traffic(plausible_timezone="UTC", umami_version=3, plausible_hourly=0)

    def probe(self, *action, secret=None, url=None, item=None, timezone=""):
        """(exit status, lines, error). The secret is in neither output."""
        place = getattr(self.sim, self.service)
        secret = self.secret() if secret is None else secret
        arguments = [str(PROBE), self.service, place["url"] if url is None else url, self.item() if item is None else item, timezone, *action]
        done = subprocess.run(arguments, input=secret, capture_output=True, text=True, timeout=300, env={**os.environ, "TZ": "Antarctica/Troll"})
        hidden = json.loads(secret)["password"] if secret.startswith("{") else secret
        if len(hidden) > 5:
            self.assertNotIn(hidden, done.stdout + done.stderr)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], json.loads(done.stderr) if done.stderr else None

    def refused(self, code, text, hint, *action, **options):
        """Fails with this code, text and next step; gives the error."""
        status, lines, error = self.probe(*(action or ("check",)), **options)
        self.assertIsNotNone(error, lines[:3])
        self.assertEqual((status, error["code"]), (EXIT[code], code), error)
        self.assertIn(text, error["text"])
        self.assertIn(hint, error["hint"])
        return error

    def checked(self, **options):
        status, lines, error = self.probe("check", **options)
        self.assertEqual((status, error), (0, None))
        return lines[0]

    def fetched(self, window, timezone, today=TODAY, **options):
        """Lines by grain."""
        status, lines, error = self.probe("fetch", *window, today, timezone=timezone, **options)
        self.assertEqual((status, error), (0, None))
        grains = collections.defaultdict(list)
        for line in lines:
            grains[line["grain"]].append(line)
        return grains

    def fault(self, times=None, path="/", **action):
        match = {"environment": self.service, "path": path, **({} if times is None else {"times": times})}
        self.sim.faults([{"match": match, "action": action}])

    def equal_by_day(self, rows, truth, names):
        """names: ours to the truth's."""
        self.assertEqual({row["date"]: {name: row[name] for name in names} for row in rows},
                         {row["date"]: {name: row[name_there] for name, name_there in names.items()} for row in truth})
        self.assertEqual(len(rows), len(truth))

    def hours_are(self, rows, truth, names):
        def moment(text):
            return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(datetime.timezone.utc)
        self.assertEqual([(moment(row["hour"]), *(row[name] for name in names)) for row in rows],
                         [(moment(row["hour"]), *(row[name] for name in names)) for row in truth])

    def parts(self, rows, dimension, names):
        found = {(row["date"], row["value"]): tuple(row[name] for name in names) for row in rows if row["dimension"] == dimension}
        self.assertEqual(len(found), sum(row["dimension"] == dimension for row in rows), "a value comes once a day")
        return found

    def windows_touch(self, grains, window):
        windows = grains["window"]
        self.assertEqual([row["from"] for row in windows], [window[0]] + [row["covered_to"] for row in windows[:-1]])
        self.assertEqual(windows[-1]["covered_to"], window[1])

    def without_memory(self, *action, timezone="UTC"):
        """The Nth allocation fails, for growing N: an end with words and no harm."""
        place, nth, survived = getattr(self.sim, self.service), 1, 0
        while survived < 3:
            arguments = [str(PROBE), self.service, place["url"], self.item(), timezone, *action]
            done = subprocess.run(arguments, input=self.secret(), capture_output=True, text=True, timeout=300,
                                  env={**os.environ, "TILL_FAULT": f"malloc:{nth}"})
            self.assertIn(done.returncode, (0, 9), (nth, done.stderr))
            self.assertFalse([word for word in REPORTS if word in done.stderr], (nth, done.stderr))
            self.assertEqual(bool(done.returncode), bool(done.stderr.strip()), (nth, done.stderr))
            survived = survived + 1 if done.returncode == 0 else 0
            nth = nth + 1 if nth < 40 else int(nth * 1.3)
        self.assertGreater(nth, 8, "the faults did not meet the client")

    def common_troubles(self, title):
        """What every service may do; `title` names it."""
        for status in (500, 503):
            self.fault(kind="status", status=status)
            self.refused("remote", f"{title} answered {status}", "try again later")
        self.fault(kind="status", status=502)
        error = self.refused("remote", f"{title} answered 502", "try again later")
        self.assertNotIn("<", error["text"])
        self.fault(kind="status", status=429, retry_after=90)
        self.refused("remote", f"{title} says there were too many requests", "90 s")
        self.fault(kind="truncate", at_bytes=20)
        self.refused("network", "could not", "")
        self.fault(kind="status", status=200, text="<html>hello")
        self.refused("format", "could not", "")
        self.fault(kind="status", status=200, text='{"hello":1}')
        self.refused("format", "could not", "address")
        self.sim.faults(None)
        self.refused("network", "could not", "", url="http://127.0.0.1:9")

    def passing_troubles(self, path, window, timezone):
        """A few failures in the way change nothing."""
        quiet = self.fetched(window, timezone)
        for action in ({"kind": "status", "status": 500}, {"kind": "status", "status": 502}, {"kind": "status", "status": 429, "retry_after": 1},
                       {"kind": "reset"}, {"kind": "truncate", "at_bytes": 30}, {"kind": "slow", "ms": 200}):
            self.fault(times=2, path=path, **action)
            rough = self.fetched(window, timezone)
            for grain in ("day", "hour", "part", "window"):
                self.assertEqual(rough[grain], quiet[grain], action)


class Rows:
    """A Plausible with so many referrers each day, 10,000 rows at a time."""

    def __init__(self, referrers):
        outer = self
        self.questions = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(outer.answer(question, referrers)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, question, referrers):
        self.questions.append(question)
        first, last = (datetime.date.fromisoformat(day) for day in question["date_range"])
        days = [str(first + datetime.timedelta(number)) for number in range((last - first).days + 1)]
        names = question["dimensions"][1:]
        count = referrers if names == ["visit:referrer"] else 1
        rows = [{"dimensions": [day, *([f"r{number}.example/x"] if names else [])], "metrics": [1, 1, 100, 2]} for day in days for number in range(count)]
        page = question["pagination"]
        return {"results": rows[page["offset"]:page["offset"] + page["limit"]], "meta": {}, "query": {}}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Plausible(ClientTest):
    service = "plausible"

    def secret(self):
        return self.sim.plausible["key"]

    def item(self):
        return self.sim.plausible["site_id"]

    def test_a_year_in_three_zones(self):
        for zone in ZONES:
            self.sim.set_traffic(plausible_timezone=zone)
            grains = self.fetched(YEAR, zone)
            truth = self.sim.traffic("plausible", YEAR[0], last_of(YEAR), zone, basis="sessions")
            self.assertEqual(len(truth), 365)
            self.equal_by_day(grains["day"], truth, {"visitors": "visitors", "visits": "sessions", "pageviews": "pageviews"})
            for row, true in zip(grains["day"], truth):
                self.assertLessEqual(abs(row["bounces"] - true["bounces"]), true["sessions"] * 0.005 + 0.5, row)
            self.windows_touch(grains, YEAR)
            self.assertEqual({row["complete_before"] for row in grains["window"]}, {TODAY})

    def test_hours(self):
        self.sim.set_traffic(plausible_timezone="Asia/Kolkata")
        grains = self.fetched(YEAR, "Asia/Kolkata")
        self.assertTrue(all(row["hour"].endswith(":30:00.000000Z") for row in grains["hour"]), "hours begin when they do there")
        self.sim.set_traffic(plausible_timezone="America/New_York")
        grains = self.fetched(YEAR, "America/New_York")
        truth = {row["hour"].replace("Z", ".000000Z"): row for row in self.sim.traffic("plausible", "2026-08-17", "2026-08-21", "UTC", bucket="hour",
                                                                                     basis="sessions")}
        self.assertEqual([(row["visitors"], row["visits"], row["pageviews"]) for row in grains["hour"]],
                         [tuple(truth[row["hour"]][name] for name in ("visitors", "sessions", "pageviews")) for row in grains["hour"]])
        self.assertEqual((grains["hour"][0]["hour"], len(grains["hour"])), ("2026-08-18T04:00:00.000000Z", 48))
        span = grains["window"][-1]
        self.assertEqual(span["hours_to_us"] - span["hours_from_us"], 48 * 3600 * 1000000)

    def test_parts(self):
        window = ("2026-06-01", "2026-07-01")
        grains = self.fetched(window, "UTC")
        self.assertEqual({row["dimension"] for row in grains["part"]}, DIMENSIONS)
        names = ("visitors", "visits", "pageviews")
        for dimension in sorted(DIMENSIONS - {"referrer"}):
            truth = self.sim.traffic("plausible", window[0], last_of(window), "UTC", basis="sessions", dimensions=dimension)
            nothing = (None, "Direct / None")
            self.assertEqual(self.parts(grains["part"], dimension, names),
                             {(row["date"], "" if row[dimension] in nothing else row[dimension]): (row["visitors"], row["sessions"], None if dimension == "landing_page" else row["pageviews"]) for row in truth}, dimension)
        truth = self.sim.traffic("plausible", window[0], last_of(window), "UTC", basis="sessions", dimensions="referrer")
        self.assertEqual(self.parts(grains["part"], "referrer", names),
                         {(row["date"], row["referrer"].replace("$direct", "")): (None, row["sessions"], row["pageviews"]) for row in truth})

    def test_incomplete_days_are_read_again(self):
        with Sim(orders=100, seed=3, now=NOW) as sim:
            self.sim, kept = sim, self.sim
            try:
                window = ("2026-08-19", "2026-08-21")
                before = self.fetched(window, "UTC")
                sim.mutate(count=0, seconds=6 * 3600)
                after = self.fetched(window, "UTC")
            finally:
                self.sim = kept
        self.assertEqual([row["covered_to"] for row in before["window"]], ["2026-08-21"])
        self.assertEqual(before["window"][0]["complete_before"], TODAY)
        self.assertEqual(after["day"][0], before["day"][0])
        self.assertGreater(after["day"][1]["pageviews"], before["day"][1]["pageviews"])
        self.assertGreater(len(after["hour"]), len(before["hour"]))

    def test_days_without_visits(self):
        grains = self.fetched(("2019-01-01", "2019-02-01"), "UTC", today="2019-02-01")
        self.assertEqual((grains["day"], grains["part"], grains["window"][-1]["covered_to"]), ([], [], "2019-02-01"))

    def test_connecting(self):
        found = self.checked(timezone="UTC")
        self.assertEqual((found["property"], found["property_name"], found["timezone"], found["remark"]), ("shop.example", "shop.example", "UTC", ""))
        self.assertEqual(found["requests"], 1)
        self.assertEqual(self.checked(item=" https://Shop.Example/ ", timezone="UTC")["property"], "shop.example")

    def test_time_zones(self):
        for zone in ("Asia/Kolkata", "America/New_York", "Pacific/Auckland", "Europe/London"):
            self.sim.set_traffic(plausible_timezone=zone)
            self.assertEqual(self.checked(timezone=zone)["timezone"], zone)
            self.refused("config", "does not name the time zone of shop.example", "--timezone")
            self.refused("config", "do not begin as they do in Asia/Tokyo", "--timezone", timezone="Asia/Tokyo")
            self.refused("config", "do not begin as they do in Asia/Tokyo", "--timezone", "fetch", *YEAR, TODAY, timezone="Asia/Tokyo")
        self.sim.set_traffic(plausible_timezone="UTC")
        found = self.checked()
        self.assertEqual(found["timezone"], "UTC")
        self.assertIn("--timezone", found["remark"])
        self.sim.set_traffic(plausible_timezone="Asia/Tokyo")
        self.assertEqual(self.checked()["timezone"], "Etc/GMT-9")
        self.refused("config", "do not begin as they do in Europe/London", "--timezone", timezone="Europe/London")

    def test_refusals(self):
        self.refused("usage", "is not the name of a site", "--site-id", item="")
        self.refused("usage", "is not the name of a site", "--site-id", item="two words")
        self.refused("auth", "Plausible does not accept this key", "Stats API", secret="x" * 40)
        self.refused("config", "the key is good, but it may not read a site called other.example", "exactly as Plausible lists it", item="other.example")
        self.refused("auth", "has no access to the Stats API", "plan", secret=self.sim.plausible["key_without_plan"])
        self.fault(kind="status", status=402, text="locked")
        self.refused("auth", "has locked the site shop.example", "subscription")
        self.fault(kind="status", status=401, text="missing")
        self.refused("auth", "Plausible saw no key", "proxy")
        self.fault(kind="status", status=401)
        self.refused("auth", "does not accept this key for the site", "Stats API", "fetch", *YEAR, TODAY, timezone="UTC")
        self.fault(kind="status", status=400)
        self.refused("remote", "Missing site ID.", "update till")
        self.refused("config", "has no Stats API of version 2", "Community Edition", url=self.sim.umami["url"])
        self.refused("config", "", "", url="ftp://example.com")

    def test_troubles(self):
        self.common_troubles("Plausible")

    def test_passing_troubles(self):
        self.passing_troubles("/api/v2/", ("2026-08-01", "2026-08-20"), "UTC")

    def test_answers_that_contradict_each_other(self):
        for rule in ({"nth": 3}, {"nth": 10}, {"every": 2}):
            self.sim.faults([{"match": {"environment": "plausible", **rule}, "action": {"kind": "garbage", "variant": "empty_items"}}])
            self.refused("format", "contradict each other", "nothing was changed", "fetch", "2026-08-01", "2026-08-20", TODAY, timezone="UTC")

    def many_rows(self, referrers, window):
        service = Rows(referrers)
        self.addCleanup(service.close)
        grains = self.fetched(window, "UTC", today=window[1], url=service.url)
        self.windows_touch(grains, window)
        counts = collections.Counter(row["date"] for row in grains["part"] if row["dimension"] == "referrer")
        self.assertEqual(set(counts.values()), {referrers})
        self.assertEqual(sorted(counts), sorted(row["date"] for row in grains["day"]))
        for dimension in DIMENSIONS - {"referrer"}:
            self.assertEqual(len(self.parts(grains["part"], dimension, ("visits",))), len(counts))
        self.assertTrue(all(question["order_by"][0][1] == "asc" and len(question["order_by"]) == len(question["dimensions"]) + 1
                            for question in service.questions))
        return [row["covered_to"] for row in grains["window"]]

    def test_more_rows_than_one_answer_holds(self):
        """An answer is cut within a day: that day waits for the next window."""
        self.assertEqual(self.many_rows(4000, ("2026-08-01", "2026-08-06")), ["2026-08-03", "2026-08-05", "2026-08-06"])

    def test_more_rows_than_one_answer_holds_in_a_day(self):
        self.assertEqual(self.many_rows(23000, ("2026-08-01", "2026-08-03")), ["2026-08-02", "2026-08-03"])

    def test_an_answer_that_ends_with_a_day(self):
        self.assertEqual(self.many_rows(5000, ("2026-08-01", "2026-08-04")), ["2026-08-02", "2026-08-03", "2026-08-04"])

    def test_days_with_a_jump_of_the_clock(self):
        zone = "America/New_York"
        self.sim.set_traffic(plausible_timezone=zone)
        for first, hours in (("2026-03-08", 23), ("2025-11-02", 25)):
            end = str(datetime.date.fromisoformat(first) + datetime.timedelta(1))
            grains = self.fetched((first, end), zone, today=end)
            truth = self.sim.traffic("plausible", first, first, zone, basis="sessions")
            self.equal_by_day(grains["day"], truth, {"visits": "sessions", "pageviews": "pageviews"})
            span = grains["window"][0]
            self.assertEqual(span["hours_to_us"] - span["hours_from_us"], hours * 3600 * 1000000)
            self.hours_are(grains["hour"], self.sim.traffic("plausible", first, first, zone, bucket="hour", basis="sessions"), ("visitors", "pageviews"))

    @unittest.skipUnless(has_fault_points(), "no fault points in this build")
    def test_without_memory(self):
        self.without_memory("check")
        self.without_memory("fetch", "2026-08-17", "2026-08-21", TODAY)

    def test_throttled(self):
        self.sim.set_traffic(plausible_hourly=2)
        self.refused("remote", "too many requests", "the next run goes on", "fetch", *YEAR, TODAY, timezone="UTC")


class Umami(ClientTest):
    service = "umami"

    def secret(self):
        return self.password(self.sim.umami["password"])

    @staticmethod
    def password(text):
        return json.dumps({"username": "admin", "password": text})

    def item(self):
        return self.sim.umami["website_id"]

    def test_a_year_in_three_zones(self):
        names = {"visitors": "visitors", "visits": "sessions", "pageviews": "pageviews", "bounces": "bounces"}
        for zone in ZONES:
            grains = self.fetched(YEAR, zone)
            truth = self.sim.traffic("umami", YEAR[0], last_of(YEAR), zone)
            self.assertEqual(len(truth), 365)
            self.equal_by_day(grains["day"], truth, names)
            self.windows_touch(grains, YEAR)
            hours = {row["hour"].replace("Z", ".000000Z"): row for row in self.sim.traffic("umami", "2026-08-17", "2026-08-21", "UTC", bucket="hour")}
            self.assertGreaterEqual(len(grains["hour"]), 47)
            if zone != "Asia/Kolkata":
                self.assertEqual([(row["visitors"], row["pageviews"]) for row in grains["hour"]],
                                 [(hours[row["hour"]]["visitors"], hours[row["hour"]]["pageviews"]) for row in grains["hour"]])

    def test_parts_of_the_newest_month(self):
        grains = self.fetched(("2026-07-01", "2026-08-20"), "America/New_York")
        dates = sorted({row["date"] for row in grains["part"]})
        self.assertEqual((dates[0], dates[-1], len(dates)), ("2026-07-21", "2026-08-19", 30))
        self.assertEqual({row["dimension"] for row in grains["part"]}, DIMENSIONS - {"source"})
        for dimension in sorted(DIMENSIONS - {"source"}):
            truth = [row for row in self.sim.traffic("umami", dates[0], dates[-1], "America/New_York", dimensions=dimension)
                     if row[dimension] not in (None, "$direct")]
            is_whole = dimension in ("country", "device")
            names = ("visitors", "visits", "pageviews", "bounces")
            self.assertEqual(self.parts(grains["part"], dimension, names),
                             {(row["date"], row[dimension]): (row["visitors"], row["sessions"], row["pageviews"] if is_whole else None,
                                                              row["bounces"] if is_whole else None) for row in truth}, dimension)

    def test_keys_and_addresses(self):
        place, window = self.sim.umami, ("2026-08-18", "2026-08-20")
        quiet = self.fetched(window, "UTC")
        for url in (place["url"], place["url"] + "/", place["url"] + "/api", place["url"] + "/v1"):
            found = self.fetched(window, "UTC", url=url, secret=place["api_key"])
            self.assertEqual((found["day"], found["part"]), (quiet["day"], quiet["part"]), url)

    def test_version_2(self):
        window = ("2026-08-10", "2026-08-20")
        new = self.fetched(window, "UTC")
        self.sim.set_traffic(umami_version=2)
        old = self.fetched(window, "UTC")
        self.assertEqual((old["day"], old["hour"]), (new["day"], new["hour"]))
        self.assertEqual({row["dimension"] for row in old["part"]}, {"channel", "referrer", "landing_page", "country", "device"})
        self.assertEqual(self.parts(old["part"], "country", ("visitors",)), self.parts(new["part"], "country", ("visitors",)))
        self.assertEqual({row["visits"] for row in old["part"]}, {None})

    def test_incomplete_days_are_read_again(self):
        with Sim(orders=100, seed=3, now=NOW) as sim:
            self.sim, kept = sim, self.sim
            try:
                window = ("2026-08-19", "2026-08-21")
                before = self.fetched(window, "UTC")
                sim.mutate(count=0, seconds=6 * 3600)
                after = self.fetched(window, "UTC")
            finally:
                self.sim = kept
        self.assertEqual(before["window"][0]["complete_before"], TODAY)
        self.assertEqual(after["day"][0], before["day"][0])
        self.assertGreater(after["day"][1]["pageviews"], before["day"][1]["pageviews"])
        self.assertGreater(len(after["hour"]), len(before["hour"]))

    def test_days_without_visits(self):
        grains = self.fetched(("2019-01-01", "2019-03-01"), "UTC", today="2019-03-01")
        self.assertEqual((grains["day"], grains["part"], grains["window"][-1]["covered_to"]), ([], [], "2019-03-01"))
        self.assertEqual(grains["end"][0]["requests"], 1 + 2 + 1, "a sign-in, two windows, and hours")

    def test_connecting(self):
        place = self.sim.umami
        for item in (place["website_id"], "shop.example", "SHOP", "", f" {place['website_id']} "):
            found = self.checked(item=item)
            self.assertEqual((found["property"], found["property_name"], found["account"]), (place["website_id"], "shop.example", "admin"))
            self.assertIn("one day", found["remark"])
            self.assertEqual(found["timezone"], "Antarctica/Troll", "the system's")
        self.assertEqual(self.checked(timezone="Asia/Kolkata")["timezone"], "Asia/Kolkata")
        self.refused("config", "Mars/Base", "", timezone="Mars/Base")
        self.assertEqual(self.checked(secret=place["api_key"])["account"], "")
        self.assertEqual(self.checked(secret=place["api_key"], url=place["url"] + "/v1")["property_name"], "shop.example")
        status, lines, _ = self.probe("list")
        self.assertEqual((status, lines), (0, [{"property": place["website_id"], "permission": "shop.example", "is_readable": True}]))

    def test_refusals(self):
        place, other = self.sim.umami, "00000000-0000-4000-8000-000000000000"
        self.refused("auth", "Umami does not accept this user name and password", "view only", secret=self.password("wrong-password"))
        self.refused("auth", "Umami does not accept this user name and password", "view only", secret=self.password("wrong-password"), item="shop.example")
        self.refused("auth", "Umami does not accept this user name and password", "view only", "fetch", *YEAR, TODAY, timezone="UTC",
                     secret=self.password("wrong-password"))
        for item in (place["website_id"], "shop.example", other):
            self.refused("auth", "Umami does not accept this key", "3.4", secret="api_wrong-key-of-umami", item=item)
        for secret in (place["api_key"], self.secret()):
            for item in (other, "elsewhere.example"):
                self.refused("config", f"Umami shows no website {item}", f"shop.example ({place['website_id']})", secret=secret, item=item)
        self.refused("auth", "does not accept this key for the website", "API key", "fetch", *YEAR, TODAY, timezone="UTC", item=other,
                     secret=place["api_key"])
        self.refused("usage", "takes an API key, not a password", "--username", url=place["url"] + "/v1")
        self.refused("usage", "a user name and a password are needed", "--username", secret=self.password(""))
        self.refused("config", "is not the id of a website", "--website-id", "fetch", *YEAR, TODAY, timezone="UTC", item="shop.example")
        self.refused("config", "there is no Umami at", "--api-url", url=self.sim.plausible["url"])
        self.fault(kind="status", status=403, path="/api/websites/")
        self.refused("config", "Umami shows no website", "--website-id")
        self.fault(kind="status", status=403, path="/api/websites/")
        self.refused("auth", "the user may not see the website", "let the user see", "fetch", *YEAR, TODAY, timezone="UTC")
        self.fault(kind="status", status=400, path="/api/websites/")
        self.refused("remote", "Umami refused the question: Bad request", "update till", "fetch", *YEAR, TODAY, timezone="UTC")
        body = {"error": {"message": "Bad request", "code": "bad-request", "status": 400, "errors": [],
                          "properties": {"timezone": {"errors": ["Invalid timezone"]}}}}
        self.fault(kind="status", status=400, path="/api/websites/", text=json.dumps(body))
        self.refused("config", "does not know the time zone Asia/Kolkata", "--timezone", "fetch", *YEAR, TODAY, timezone="Asia/Kolkata")

    def test_longer_units_are_not_taken_for_days(self):
        body = {"pageviews": [{"x": "2026-07-01 00:00:00", "y": 9000}], "sessions": [{"x": "2026-07-01 00:00:00", "y": 900}]}
        self.fault(kind="status", status=200, path=f"/api/websites/{self.item()}/pageviews", text=json.dumps(body))
        self.refused("format", "days that it was not asked for", "", "fetch", "2026-07-15", "2026-08-01", TODAY, timezone="UTC")

    def test_answers_that_contradict_each_other(self):
        for path in ("stats", "metrics"):
            self.fault(kind="garbage", variant="empty_items", path=f"/api/websites/{self.item()}/{path}")
            self.refused("format", "contradict each other", "nothing was changed", "fetch", "2026-08-18", "2026-08-20", TODAY, timezone="UTC")

    def test_days_with_a_jump_of_the_clock(self):
        zone = "America/New_York"
        for first, hours in (("2026-03-08", 23), ("2025-11-02", 25)):
            end = str(datetime.date.fromisoformat(first) + datetime.timedelta(1))
            grains = self.fetched((first, end), zone, today=end)
            truth = self.sim.traffic("umami", first, first, zone)
            self.equal_by_day(grains["day"], truth, {"visitors": "visitors", "visits": "sessions", "pageviews": "pageviews", "bounces": "bounces"})
            span = grains["window"][0]
            self.assertEqual(span["hours_to_us"] - span["hours_from_us"], hours * 3600 * 1000000)
            self.hours_are(grains["hour"], self.sim.traffic("umami", first, first, zone, bucket="hour"), ("visitors", "pageviews"))

    @unittest.skipUnless(has_fault_points(), "no fault points in this build")
    def test_without_memory(self):
        self.without_memory("check")
        self.without_memory("list")
        self.without_memory("fetch", "2026-08-18", "2026-08-20", TODAY)

    def test_a_token_that_ends(self):
        self.fault(kind="status", status=401, path=f"/api/websites/{self.item()}/stats", times=1)
        window = ("2026-08-18", "2026-08-20")
        rough = self.fetched(window, "UTC")
        self.sim.faults(None)
        self.assertEqual(rough["day"], self.fetched(window, "UTC")["day"])

    def test_troubles(self):
        self.common_troubles("Umami")

    def test_passing_troubles(self):
        self.passing_troubles("/api/websites/", ("2026-08-15", "2026-08-20"), "UTC")


if __name__ == "__main__":
    unittest.main()
