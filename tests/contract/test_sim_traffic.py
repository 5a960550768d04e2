# SPDX-License-Identifier: Apache-2.0
"""test_sim_traffic.py - the fakes of PostHog, Search Console, Plausible and Umami keep those services' rules.

Clients of ours are tested against them, so they are held here to what the services say: bodies, statuses, limits, sign-in, days in zones, rows
that are cut or absent; and to the one truth behind all four, which agrees with the shop's checkouts.
"""

import base64
import collections
import datetime
import hashlib
import http.client
import json
import pathlib
import select
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import Answer, Sim, SimError, sim_path  # noqa: E402

NOW = "2026-08-20T12:00:00Z"
YEAR = ("2025-08-20", "2026-08-19")
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")
SCOPE = "https://www.googleapis.com/auth/webmasters.readonly"
BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SHORT_LIVED = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


def call(url, target, method="GET", body=None, headers=None, key=None):
    """One request; a dict as body becomes JSON. Redirects are not followed."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    fields = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        fields.setdefault("Content-Type", "application/json")
    if key is not None:
        fields["Authorization"] = f"Bearer {key}"
    try:
        connection.request(method, target, body=body, headers=fields)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def day_after(text, days=1):
    return str(datetime.date.fromisoformat(text) + datetime.timedelta(days))


class TrafficTest(unittest.TestCase):
    limiter = "none"

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=300, seed=11, now=NOW, limiter=cls.limiter).start()
        cls.addClassCleanup(cls.sim.stop)

    def tearDown(self):
        self.sim.faults(None)
        self.sim.set_traffic(posthog_async_polls=0, posthog_timezone="UTC", plausible_timezone="UTC", clock_shift_seconds=0, umami_version=3,
                             posthog_hourly=0, posthog_concurrent=0, posthog_running=0, google_minutely=0, plausible_hourly=0, google_denied=0, google_no_sites=0)

    def until(self, is_done, seconds=60):
        deadline = time.monotonic() + seconds
        while not is_done():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def parsed(self, answer, status=200):
        self.assertEqual(answer.status, status, answer.body[:300])
        return json.loads(answer.body)


class World(TrafficTest):
    def test_no_checkout_without_its_visitor(self):
        opened = collections.Counter(
            (row["created_at"][:10], row["metadata"].get("utm_source"), row["metadata"].get("utm_campaign")) for row in self.sim.rows("checkouts"))
        truth = {(row["date"], row["utm_source"], row["utm_campaign"]): row["visitors"]
                 for row in self.sim.traffic("posthog", "2023-01-01", NOW[:10], "UTC", dimensions="utm_source,utm_campaign")}
        self.assertTrue(opened)
        self.assertEqual([key for key, count in opened.items() if truth.get(key, 0) < count], [])

    def test_more_visitors_on_days_with_more_checkouts(self):
        with Sim(orders=3000, seed=4, now=NOW) as sim:
            opened = collections.Counter(row["created_at"][:10] for row in sim.rows("checkouts"))
            days = sim.traffic("posthog", *YEAR, "UTC")
        days.sort(key=lambda row: opened[row["date"]])
        quiet, busy = ([row["visitors"] for row in part] for part in (days[:120], days[-120:]))
        self.assertGreater(sum(busy) / len(busy), sum(quiet) / len(quiet) * 1.1)

    def test_equal_seeds_have_equal_visits_and_the_past_stays(self):
        before = self.sim.traffic("posthog", *YEAR, "UTC")
        with Sim(orders=300, seed=11, now=NOW) as other:
            self.assertEqual(other.traffic("posthog", *YEAR, "UTC"), before)
            other.mutate(count=40, seconds=7200, seed=3)
            self.assertEqual(other.traffic("posthog", *YEAR, "UTC"), before)
            today = self.sim.traffic("posthog", NOW[:10], NOW[:10], "UTC")[0]
            self.assertGreater(other.traffic("posthog", NOW[:10], NOW[:10], "UTC")[0]["pageviews"], today["pageviews"])


    def test_days_are_those_of_the_zone(self):
        hours = self.sim.traffic("posthog", "2025-08-19", "2026-08-20", "UTC", bucket="hour")
        for zone in ("America/New_York", "Europe/Berlin", "Pacific/Auckland"):
            days = collections.Counter()
            for row in hours:
                local = datetime.datetime.fromisoformat(row["hour"].replace("Z", "+00:00")).astimezone(zoneinfo.ZoneInfo(zone))
                days[str(local.date())] += row["pageviews"]
            truth = {row["date"]: row["pageviews"] for row in self.sim.traffic("posthog", *YEAR, zone)}
            self.assertEqual(truth, {day: days[day] for day in truth})
            self.assertEqual(len(truth), 365)

    def test_sessions_and_events_agree(self):
        events = self.sim.traffic("posthog", "2020-01-01", NOW[:10], "UTC")
        sessions = self.sim.traffic("posthog", "2020-01-01", NOW[:10], "UTC", basis="sessions")
        for name in ("pageviews", "bounces"):
            self.assertEqual(sum(row[name] for row in events), sum(row[name] for row in sessions), name)

    def test_what_cannot_be_asked_for(self):
        for options in ({"timezone": "Mars/Base"}, {"dimensions": "shoe_size"}, {"first": "yesterday"}):
            with self.assertRaises(SimError):
                self.sim.traffic(**{"service": "posthog", "first": YEAR[0], "last": YEAR[1], **options})
        with self.assertRaises(SimError):
            self.sim.set_traffic(posthog_timezone="Mars/Base")


class PostHog(TrafficTest):
    def query(self, text, key="good", url="url", project=None, **more):
        place = self.sim.posthog
        body = {"query": {"kind": "HogQLQuery", "query": text}, "name": "test", **more}
        return call(place[url], f"/api/projects/{project or place['project_id']}/query/", "POST", body,
                    key=place["keys"].get(key, key) if key else None)

    @staticmethod
    def daily(first, end, limit=" LIMIT 50000"):
        return ("SELECT toDate(timestamp) AS day, uniq(person_id) AS visitors, uniq($session_id) AS sessions, countIf(event = '$pageview') AS pageviews "
                f"FROM events WHERE event IN ('$pageview','$screen') AND timestamp >= toDateTime('{first} 00:00:00') "
                f"AND timestamp < toDateTime('{end} 00:00:00') GROUP BY day ORDER BY day{limit}")

    def error(self, answer, status, kind, code, detail):
        self.assertEqual(self.parsed(answer, status), {"type": kind, "code": code, "detail": detail, "attr": None})

    def test_a_year_in_three_zones(self):
        for zone in ZONES:
            self.sim.set_traffic(posthog_timezone=zone)
            answer = self.parsed(self.query(self.daily(YEAR[0], day_after(YEAR[1]))))
            truth = self.sim.traffic("posthog", *YEAR, zone)
            self.assertEqual(answer["results"], [[row[name] for name in ("date", "visitors", "sessions", "pageviews")] for row in truth])
            self.assertEqual(len(truth), 365)
            self.assertEqual((answer["timezone"], answer["hasMore"]), (zone, False))
            self.assertEqual(answer["columns"], ["day", "visitors", "sessions", "pageviews"])

    def test_hours(self):
        self.sim.set_traffic(posthog_timezone="Asia/Kolkata")
        text = self.daily("2026-08-18", "2026-08-20").replace("toDate(timestamp) AS day", "toStartOfHour(timestamp) AS hour")
        rows = self.parsed(self.query(text))["results"]
        truth = self.sim.traffic("posthog", "2026-08-18", "2026-08-19", "Asia/Kolkata", bucket="hour")
        self.assertEqual([(row[0], row[1]) for row in rows], [(row["hour"], row["visitors"]) for row in truth])
        self.assertTrue(rows[0][0].endswith(":00:00+05:30"), rows[0])

    def test_sessions_by_dimensions(self):
        text = ("SELECT toDate($start_timestamp) AS day, $channel_type AS channel, $entry_utm_source AS utm_source, count() AS sessions, "
                "countIf($is_bounce) AS bounces, sum($pageview_count) AS pageviews FROM sessions WHERE $start_timestamp >= toDateTime('2026-08-01 00:00:00') "
                "AND $start_timestamp < toDateTime('2026-08-11 00:00:00') GROUP BY day, channel, utm_source ORDER BY day, sessions DESC LIMIT 50000")
        truth = self.sim.traffic("posthog", "2026-08-01", "2026-08-10", "UTC", basis="sessions", dimensions="channel,utm_source")
        names = ("date", "channel", "utm_source", "sessions", "bounces", "pageviews")
        self.assertEqual(self.parsed(self.query(text))["results"], [[row[name] for name in names] for row in truth])

    def test_a_hundred_rows_unless_more_are_asked_for(self):
        answer = self.parsed(self.query(self.daily(*YEAR, "")))
        self.assertEqual((len(answer["results"]), answer["hasMore"], answer["limit"]), (100, True, 100))
        answer = self.parsed(self.query(self.daily(*YEAR, " LIMIT 60000 OFFSET 300")))
        self.assertEqual((len(answer["results"]), answer["hasMore"], answer["limit"], answer["offset"]), (64, False, 50000, 300))

    def test_keys(self):
        number = self.sim.posthog["project_id"]
        for key in ("good", "project_secret"):
            self.assertEqual(self.parsed(self.query("SELECT 1", key))["results"], [[1]])
        self.assertEqual(self.query("SELECT 1", "eu", "url_eu").status, 200)
        bad = "Personal API key found in request Authorization header is invalid."
        for key, url in (("eu", "url"), ("good", "url_eu"), ("phc", "url"), ("phx_unknown", "url")):
            self.error(self.query("SELECT 1", key, url), 401, "authentication_error", "authentication_failed", bad)
        self.error(self.query("SELECT 1", None), 401, "authentication_error", "not_authenticated", "Authentication credentials were not provided.")
        self.error(self.query("SELECT 1", "no_scope"), 403, "authentication_error", "permission_denied", "API key missing required scope 'query:read'")
        self.error(self.query("SELECT 1", "other_project"), 403, "authentication_error", "permission_denied",
                   f"API key does not have access to the requested project: ID {number}.")
        self.error(self.query("SELECT 1", project=7), 404, "invalid_request", "not_found", "Project not found.")

    def test_what_is_no_query(self):
        place = self.sim.posthog
        path = f"/api/environments/{place['project_id']}/query"
        for text, problem in (("SELECT nope FROM events", "Unable to resolve field: nope"), ("SELECT 1 FROM persons", "Unknown table `persons`."),
                              ("hello", "mismatched input: expecting SELECT")):
            self.error(self.query(text), 400, "validation_error", "invalid_input", problem)
        self.assertEqual(call(place["url"], path, "POST", "{", key=place["keys"]["good"]).status, 400)
        self.assertEqual(call(place["url"], path, "POST", {"query": {"kind": "EventsQuery"}}, key=place["keys"]["good"]).status, 400)
        self.assertEqual(call(place["url"], path, key=place["keys"]["good"]).status, 405)
        self.assertEqual(call(place["url"], "/api/nothing", key=place["keys"]["good"]).status, 404)

    def test_bounds(self):
        self.sim.set_traffic(posthog_timezone="Asia/Kolkata")
        local = self.parsed(self.query(self.daily("2026-08-01", "2026-08-03")))["results"]
        text = self.daily("2026-08-01", "2026-08-03").replace("00:00:00')", "00:00:00', 'UTC')")
        self.assertEqual([row[0] for row in local], ["2026-08-01", "2026-08-02"])
        self.assertEqual([row[0] for row in self.parsed(self.query(text))["results"]], ["2026-08-01", "2026-08-02", "2026-08-03"])
        self.error(self.query(self.daily("2026-02-30", "2026-08-03")), 400, "validation_error", "invalid_input",
                   "Cannot parse string '2026-02-30 00:00:00' as DateTime")

    def test_polling(self):
        place = self.sim.posthog
        self.sim.set_traffic(posthog_async_polls=3)
        first = self.parsed(self.query("SELECT 1"), 202)["query_status"]
        self.assertIs(first["complete"], False)
        path = f"/api/projects/{place['project_id']}/query/{first['id']}/"
        statuses = [call(place["url"], path, key=place["keys"]["good"]) for _ in range(3)]
        self.assertEqual([answer.status for answer in statuses], [202, 202, 200])
        done = json.loads(statuses[-1].body)["query_status"]
        self.assertEqual((done["complete"], done["results"]["results"]), (True, [[1]]))
        wrong = self.parsed(self.query("SELECT nope FROM events", refresh="async"), 202)["query_status"]["id"]
        path = f"/api/projects/{place['project_id']}/query/{wrong}/"
        self.assertEqual([call(place["url"], path, key=place["keys"]["good"]).status for _ in range(3)], [202, 202, 400])
        self.assertEqual(call(place["url"], path, "DELETE", key=place["keys"]["good"]).status, 204)
        self.assertEqual(call(place["url"], path, key=place["keys"]["good"]).status, 404)

    def test_throttle(self):
        self.sim.set_traffic(posthog_hourly=120)
        statuses = collections.Counter(self.query("SELECT 1").status for _ in range(121))
        self.assertEqual(statuses, {200: 120, 429: 1})
        answer = self.query("SELECT 1")
        wait = int(answer.headers["Retry-After"])
        self.assertTrue(0 < wait <= 3600)
        self.error(answer, 429, "throttled_error", "throttled", f"Request was throttled. Expected available in {wait} seconds.")

    def test_three_at_a_time(self):
        self.sim.set_traffic(posthog_concurrent=3, posthog_running=3)
        answer = self.query("SELECT 1")
        problem = self.parsed(answer, 429)
        self.assertRegex(problem.pop("detail"), r"^Exceeded maximum concurrency limit: 3 for key: api:query:per-org:[0-9a-f-]{36} and task: \w{8}$")
        self.assertEqual((problem, answer.headers["Retry-After"]), ({"type": "throttled_error", "code": "throttled", "attr": None}, None))
        self.sim.set_traffic(posthog_running=2)
        self.assertEqual([self.query("SELECT 1").status for _ in range(6)], [200] * 6)

    def test_a_query_runs_until_it_is_answered(self):
        place = self.sim.posthog
        body = json.dumps({"query": {"kind": "HogQLQuery", "query": "SELECT 1"}})
        self.sim.set_traffic(posthog_concurrent=1, posthog_running=0)
        for milliseconds in (500, 4000, 30000):
            self.sim.faults([{"match": {"environment": "posthog", "times": 1}, "action": {"kind": "slow", "ms": milliseconds}}])
            connection = http.client.HTTPConnection("127.0.0.1", urllib.parse.urlsplit(place["url"]).port, timeout=60)
            self.addCleanup(connection.close)
            connection.request("POST", f"/api/projects/{place['project_id']}/query/", body, {"Authorization": f"Bearer {place['keys']['good']}"})
            self.until(lambda: self.sim.fault_counts()[0]["fired"] == 1)
            status = None  # the fault fires a moment before the query counts as one that runs
            while status != 429 and not select.select([connection.sock], [], [], 0)[0]:
                status = self.query("SELECT 1").status
            self.assertEqual(connection.getresponse().status, 200)
            if status == 429:
                break
        self.assertEqual(status, 429)
        self.until(lambda: self.query("SELECT 1").status == 200)

    def test_values(self):
        def ask(text, **values):
            return self.query(text, query={"kind": "HogQLQuery", "query": text, "values": values})
        given = self.daily("{first}", "{end}").replace("'{first} 00:00:00'", "{first}").replace("'{end} 00:00:00'", "{end}")
        values = {"first": "2026-08-01 00:00:00", "end": "2026-08-03 00:00:00"}
        self.assertEqual(self.parsed(ask(given, **values))["results"], self.parsed(self.query(self.daily("2026-08-01", "2026-08-03")))["results"])
        hostile = "2026-08-01') OR timestamp >= toDateTime('2020-01-01"
        self.assertIn("Cannot parse string", self.parsed(ask(given, **{**values, "first": hostile}), 400)["detail"])
        self.error(ask(given), 400, "validation_error", "invalid_input", "Unresolved placeholder: {first}")
        self.error(ask(given, first="2026-08-01", last="2026-08-02"), 400, "validation_error", "invalid_input",
                   "Placeholder {end} is not available in this context. You can use the following: first, last")
        text = self.daily("2026-08-01", "2026-08-03").replace("$screen", "{no} placeholder")
        self.assertEqual(len(self.parsed(self.query(text))["results"]), 2)

    def test_faults(self):
        def fault(**action):
            self.sim.faults([{"match": {"environment": "posthog", "path": "/api/"}, "action": action}])
            return self.query(self.daily("2026-08-01", "2026-08-10"))
        self.error(fault(kind="status", status=401), 401, "authentication_error", "authentication_failed",
                   "Personal API key found in request Authorization header is invalid.")
        self.assertIn("query:read", self.parsed(fault(kind="status", status=403), 403)["detail"])
        self.assertIn("ID 4242", self.parsed(fault(kind="status", status=403, text="project"), 403)["detail"])
        throttled = fault(kind="status", status=429, retry_after=12)
        self.assertEqual(throttled.headers["Retry-After"], "12")
        self.error(throttled, 429, "throttled_error", "throttled", "Request was throttled. Expected available in 12 seconds.")
        self.error(fault(kind="status", status=500), 500, "server_error", "error", "ClickHouse error while executing query.")
        self.assertTrue(fault(kind="status", status=502).headers["Content-Type"].startswith("text/html"))
        self.assertEqual(self.parsed(fault(kind="garbage", variant="empty_items"))["results"], [])
        with self.assertRaises(http.client.IncompleteRead):
            fault(kind="truncate", at_bytes=20)
        began = time.monotonic()
        fault(kind="slow", ms=300)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.assertEqual(call(self.sim.google["url"], "/webmasters/v3/sites").status, 401, "other services go on")


class Google(TrafficTest):
    def token_call(self, **form):
        return call(self.sim.google["url"], "/token", "POST", urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})

    def assertion(self, pem=None, shift=0, life=3600, **changes):
        place, now = self.sim.google, int(time.time()) + shift
        header = {"alg": "RS256", "typ": "JWT", "kid": place["private_key_id"]}
        claims = {"iss": place["client_email"], "scope": SCOPE, "aud": "https://oauth2.googleapis.com/token", "iat": now, "exp": now + life, **changes}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        with tempfile.NamedTemporaryFile() as key:
            key.write((pem or place["private_key_pem"]).encode())
            key.flush()
            signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key.name], input=text.encode(), capture_output=True, check=True).stdout
        return f"{text}.{base64url(signature)}"

    def grant(self, **options):
        return self.token_call(grant_type=BEARER_GRANT, assertion=self.assertion(**options))

    def access(self):
        return self.parsed(self.grant())["access_token"]

    def error(self, answer, status, error, description):
        self.assertEqual(self.parsed(answer, status), {"error": error, "error_description": description})

    def analytics(self, token, site="sc-domain:shop.example", **body):
        body = {"startDate": YEAR[0], "endDate": NOW[:10], "dimensions": ["date"], "dataState": "all", "rowLimit": 25000, **body}
        return call(self.sim.google["url"], f"/webmasters/v3/sites/{urllib.parse.quote(site, safe='')}/searchAnalytics/query", "POST", body, key=token)

    def reason(self, answer, status):
        return self.parsed(answer, status)["error"]["errors"][0]["reason"]

    def test_assertions(self):
        answer = self.parsed(self.grant())
        self.assertEqual((answer["expires_in"], answer["token_type"]), (3599, "Bearer"))
        self.assertNotIn("refresh_token", answer)
        with tempfile.NamedTemporaryFile() as key:
            subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", key.name], check=True, capture_output=True)
            other = pathlib.Path(key.name).read_text()
        self.error(self.grant(pem=other), 400, "invalid_grant", "Invalid JWT Signature.")
        for options in ({"shift": 3000}, {"shift": -7000}, {"life": 7200}):
            self.error(self.grant(**options), 400, "invalid_grant", SHORT_LIVED)
        self.error(self.grant(iss="x@example.com"), 400, "invalid_grant", "Invalid grant: account not found")
        self.error(self.grant(scope="x"), 400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        self.assertEqual(self.parsed(self.grant(aud="x"), 400)["error"], "invalid_grant")
        self.assertEqual(self.parsed(self.token_call(grant_type=BEARER_GRANT, assertion="x"), 400)["error"], "invalid_grant")
        self.assertEqual(self.parsed(self.token_call(grant_type="x"), 400)["error"], "unsupported_grant_type")
        self.assertEqual(self.parsed(self.token_call(), 400)["error"], "invalid_request")

    def test_the_key_can_be_in_the_greeting(self):
        process = subprocess.run([sim_path(), "--orders", "5", "--google-key", "--exit-with-stdin"], stdin=subprocess.DEVNULL, capture_output=True, check=True)
        self.assertTrue(json.loads(process.stdout)["google"]["private_key_pem"].startswith("-----BEGIN PRIVATE KEY-----"))

    def test_a_clock_that_is_off(self):
        self.sim.set_traffic(clock_shift_seconds=-7200)
        answer = self.grant()
        self.error(answer, 400, "invalid_grant", SHORT_LIVED)
        date = datetime.datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=datetime.timezone.utc)
        self.assertAlmostEqual(date.timestamp(), time.time() - 7200, delta=10)

    def consent(self, **changes):
        place = self.sim.google
        query = {"response_type": "code", "client_id": place["client_id"], "redirect_uri": "http://127.0.0.1:9/", "scope": SCOPE,
                 "access_type": "offline", "prompt": "consent", "state": "s t&1", "code_challenge_method": "S256",
                 "code_challenge": base64url(hashlib.sha256(b"v" * 50).digest()), **changes}
        return call(place["url"], "/o/oauth2/v2/auth?" + urllib.parse.urlencode(query))

    def code(self):
        answer = self.consent()
        self.assertEqual(answer.status, 302)
        back = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)
        self.assertEqual(back["state"], ["s t&1"])
        return back["code"][0]

    def exchange(self, code, **changes):
        place = self.sim.google
        form = {"grant_type": "authorization_code", "code": code, "client_id": place["client_id"], "client_secret": place["client_secret"],
                "redirect_uri": "http://127.0.0.1:9/", "code_verifier": "v" * 50, **changes}
        return self.token_call(**{name: value for name, value in form.items() if value is not None})

    def test_consent(self):
        self.error(self.exchange(self.code(), code_verifier="w" * 50), 400, "invalid_grant", "Invalid code verifier.")
        self.error(self.exchange(self.code(), code_verifier=None), 400, "invalid_grant", "Missing code verifier.")
        self.error(self.exchange(self.code(), client_secret="x"), 401, "invalid_client", "Unauthorized")
        self.error(self.exchange(self.code(), client_id="x"), 401, "invalid_client", "The OAuth client was not found.")
        self.error(self.exchange(self.code(), redirect_uri="http://127.0.0.1:8/"), 400, "redirect_uri_mismatch", "Bad Request")
        code = self.code()
        self.assertIn("refresh_token", self.parsed(self.exchange(code)))
        self.error(self.exchange(code), 400, "invalid_grant", "Malformed auth code.")
        for change in ({"redirect_uri": "http://example.com/"}, {"code_challenge": "x"}, {"client_id": "x"}, {"scope": "x"}):
            self.assertEqual(self.consent(**change).status, 400)
        self.sim.set_traffic(google_denied=1)
        self.assertIn("error=access_denied", self.consent().headers["Location"])

    def test_refresh(self):
        place = self.sim.google
        tokens = self.parsed(self.exchange(self.code()))
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": place["client_id"], "client_secret": place["client_secret"]}
        fresh = self.parsed(self.token_call(**form))
        self.assertNotIn("refresh_token", fresh)
        self.assertEqual(self.parsed(self.token_call(**form, scope=SCOPE), 400)["error"], "invalid_scope")
        self.sim.set_traffic(expire_access=1)
        self.assertEqual(self.reason(call(place["url"], "/webmasters/v3/sites", key=fresh["access_token"]), 401), "authError")
        self.assertEqual(self.token_call(**form).status, 200)
        self.sim.set_traffic(revoke_refresh=1)
        self.error(self.token_call(**form), 400, "invalid_grant", "Token has been expired or revoked.")

    def test_sites(self):
        token = self.access()
        sites = self.parsed(call(self.sim.google["url"], "/webmasters/v3/sites", key=token))["siteEntry"]
        self.assertEqual({site["permissionLevel"] for site in sites}, {"siteOwner", "siteFullUser", "siteRestrictedUser", "siteUnverifiedUser"})
        for site in self.sim.google["sites"]:
            self.assertEqual(self.analytics(token, site).status, 200, site)
        for site in ("https://old.shop.example/", "shop.example", "https://shop.example"):
            answer = self.analytics(token, site)
            self.assertEqual(self.reason(answer, 403), "forbidden")
            self.assertIn(f"User does not have sufficient permission for site '{site}'.", json.loads(answer.body)["error"]["message"])
        self.sim.set_traffic(google_no_sites=1)
        self.assertEqual(self.parsed(call(self.sim.google["url"], "/webmasters/v3/sites", key=token)), {})

    def test_days(self):
        answer = self.parsed(self.analytics(self.access()))
        truth = self.sim.traffic("google", YEAR[0], NOW[:10])
        self.assertEqual([(row["keys"][0], row["clicks"], row["impressions"]) for row in answer["rows"]],
                         [(row["date"], row["clicks"], row["impressions"]) for row in truth])
        for row, true in zip(answer["rows"], truth):
            self.assertAlmostEqual(row["position"], true["position_sum"] / true["impressions"], places=9)
            self.assertAlmostEqual(row["ctr"], true["clicks"] / true["impressions"], places=9)
        first = answer["metadata"]["first_incomplete_date"]
        self.assertEqual(first, "2026-08-18")
        self.assertEqual([row["date"] for row in truth if not row["is_complete"]], [day for day in ("2026-08-18", "2026-08-19", "2026-08-20")
                                                                                    if any(row["date"] == day for row in truth)])
        final = self.parsed(self.analytics(self.access(), dataState="final"))
        self.assertEqual(final["rows"][-1]["keys"], ["2026-08-17"])
        self.assertNotIn("metadata", final)

    def test_incomplete_days_fill_up(self):
        with Sim(orders=50, seed=2, now=NOW) as sim:
            before = {row["date"]: row["clicks"] for row in sim.traffic("google", "2026-08-01", "2026-08-18")}
            sim.mutate(count=0, seconds=48 * 3600)
            after = {row["date"]: row for row in sim.traffic("google", "2026-08-01", "2026-08-18")}
            self.assertTrue(after["2026-08-18"]["is_complete"])
            self.assertGreater(after["2026-08-18"]["clicks"], before["2026-08-18"])
            self.assertEqual(after["2026-08-10"]["clicks"], before["2026-08-10"])

    def test_rows(self):
        token = self.access()
        totals = self.parsed(self.analytics(token, dimensions=[]))["rows"][0]
        queries = self.parsed(self.analytics(token, dimensions=["query"]))["rows"]
        self.assertLess(sum(row["clicks"] for row in queries), totals["clicks"], "rare queries are in the totals alone")
        self.assertEqual(queries, sorted(queries, key=lambda row: -row["clicks"]))
        pages = self.parsed(self.analytics(token, dimensions=["page"]))
        self.assertEqual((sum(row["clicks"] for row in pages["rows"]), pages["responseAggregationType"]), (totals["clicks"], "byPage"))
        everything = self.parsed(self.analytics(token, dimensions=["date", "query", "page", "country", "device"]))["rows"]
        paged = []
        while rows := self.parsed(self.analytics(token, dimensions=["date", "query", "page", "country", "device"], rowLimit=3000, startRow=len(paged))).get("rows"):
            paged += rows
        self.assertEqual(paged[:len(everything)], everything)
        page = pages["rows"][0]
        only = self.parsed(self.analytics(token, dimensions=["page"], dimensionFilterGroups=[{"groupType": "and", "filters": [
            {"dimension": "page", "operator": "equals", "expression": page["keys"][0]}]}]))["rows"]
        self.assertEqual(only, [page])
        self.assertIn(b'"clicks":0,', self.analytics(token, dimensions=["date", "query", "page"]).body)
        self.assertIn(b'"ctr":0,', self.analytics(token, dimensions=["date", "query", "page"]).body)
        for change in ({"type": "image"}, {"startDate": "2020-01-01", "endDate": "2020-02-01"}, {"startRow": 24000}):
            self.assertNotIn("rows", self.parsed(self.analytics(token, **change)))
        oldest = self.parsed(self.analytics(token, startDate="2023-01-01"))["rows"][0]["keys"][0]
        self.assertGreaterEqual(oldest, "2025-04-18", "16 months")

    def test_filters(self):
        token = self.access()
        everything = {kind: {row["keys"][0]: row["clicks"] for row in self.parsed(self.analytics(token, dimensions=[kind]))["rows"]}
                      for kind in ("page", "query", "country", "device")}

        def kept(kind, operator, text, **more):
            body = {"dimensions": [kind], "dimensionFilterGroups": [{"filters": [{"dimension": kind, "operator": operator, "expression": text}], **more}]}
            return {row["keys"][0]: row["clicks"] for row in self.parsed(self.analytics(token, **body)).get("rows", [])}

        def of(kind, test):
            return {name: clicks for name, clicks in everything[kind].items() if test(name)}

        self.assertEqual(kept("page", "notEquals", "https://shop.example/"), of("page", lambda name: name != "https://shop.example/"))
        self.assertEqual(kept("page", "contains", "PRIC"), of("page", lambda name: "pric" in name))
        self.assertEqual(kept("query", "notContains", "shop"), of("query", lambda name: "shop" not in name))
        self.assertEqual(kept("query", "includingRegex", "^shop (a|d)"), of("query", lambda name: name.startswith(("shop a", "shop d"))))
        self.assertEqual(kept("query", "excludingRegex", "o"), of("query", lambda name: "o" not in name))
        self.assertEqual(kept("country", "equals", "DEU"), of("country", lambda name: name == "deu"))
        self.assertEqual(kept("device", "equals", "mobile", groupType="and"), of("device", lambda name: name == "MOBILE"))
        self.assertTrue(all(of(*case) for case in (("page", lambda name: "pric" in name), ("query", lambda name: "o" not in name))))
        self.assertEqual(kept("page", "equals", "HTTPS://shop.example/"), {})
        self.assertEqual(self.parsed(self.analytics(token, dimensionFilterGroups=[{"filters": [
            {"dimension": "searchAppearance", "expression": "AMP_BLUE_LINK"}]}])).get("rows"), None)
        for change in ({"dimension": "date"}, {"operator": "like"}, {"operator": "includingRegex", "expression": "("}, {"expression": None}):
            entry = {"dimension": "page", "operator": "equals", "expression": "x", **change}
            self.assertEqual(self.reason(self.analytics(token, dimensionFilterGroups=[{"filters": [entry]}]), 400), "invalidParameter", change)
        self.assertEqual(self.analytics(token, dimensionFilterGroups=[{"groupType": "or", "filters": []}]).status, 400)

    def test_bad_questions(self):
        token = self.access()
        for change in ({"dimensions": ["searchAppearance", "date"]}, {"dimensions": ["nope"]}, {"dimensions": ["hour"]}, {"rowLimit": 25001}, {"rowLimit": 0},
                       {"startDate": "x"}, {"startDate": "2026-08-20", "endDate": "2026-08-01"}, {"type": "x"}, {"dataState": "x"}):
            self.assertEqual(self.reason(self.analytics(token, **change), 400), "invalidParameter", change)
        self.assertEqual(self.parsed(self.analytics(token, dimensions=["hour"], dataState="hourly_all", startDate="2026-08-19"))["rows"][0]["keys"][0][-6:], "-07:00")

    def test_both_kinds_of_403(self):
        token = self.access()
        for name in ("quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"):
            self.sim.faults([{"match": {"environment": "google", "path": "/webmasters/", "times": 1}, "action": {"kind": "status", "status": 403, "text": name}}])
            problem = self.parsed(self.analytics(token), 403)["error"]["errors"][0]
            self.assertEqual((problem["domain"], problem["reason"]), ("usageLimits", name))
        self.sim.faults([{"match": {"environment": "google", "times": 1}, "action": {"kind": "status", "status": 403, "text": "disabled"}}])
        self.assertIn("has not been used in project", self.parsed(self.analytics(token), 403)["error"]["message"])
        self.sim.faults([{"match": {"environment": "google", "path": "/token"}, "action": {"kind": "status", "status": 502}}])
        self.assertIn(b"<html", self.token_call(grant_type=BEARER_GRANT).body)
        self.sim.faults(None)
        self.sim.set_traffic(google_minutely=1)
        self.assertEqual(self.analytics(token).status, 200)
        self.assertEqual(self.reason(self.analytics(token), 403), "quotaExceeded")


class Plausible(TrafficTest):
    def query(self, key="key", path="/api/v2/query", **body):
        place = self.sim.plausible
        body = {"site_id": place["site_id"], "metrics": ["visitors", "visits", "pageviews"], "date_range": list(YEAR), "dimensions": ["time:day"], **body}
        return call(place["url"], path, "POST", {name: value for name, value in body.items() if value is not None}, key=place.get(key, key) if key else None)

    def test_a_year_in_three_zones(self):
        for zone in ZONES:
            self.sim.set_traffic(plausible_timezone=zone)
            truth = self.sim.traffic("plausible", *YEAR, zone, basis="sessions")
            answer = self.parsed(self.query(include={"time_labels": True}))
            self.assertEqual([[*row["dimensions"], *row["metrics"]] for row in answer["results"]],
                             [[row["date"], row["visitors"], row["sessions"], row["pageviews"]] for row in truth])
            self.assertEqual((len(answer["meta"]["time_labels"]), answer["meta"]["time_labels"][0]), (365, YEAR[0]))

    def test_days_without_visits_are_absent(self):
        answer = self.parsed(self.query(date_range=["2019-01-01", "2019-01-03"], include={"time_labels": True}))
        self.assertEqual((answer["results"], answer["meta"]["time_labels"]), ([], ["2019-01-01", "2019-01-02", "2019-01-03"]))

    def test_dimensions(self):
        truth = self.sim.traffic("plausible", "2026-08-01", "2026-08-10", "UTC", basis="sessions", dimensions="source")
        rows = self.parsed(self.query(date_range=["2026-08-01", "2026-08-10"], dimensions=["time:day", "visit:source"], metrics=["visits", "bounce_rate"]))["results"]
        self.assertEqual([(*row["dimensions"], row["metrics"][0]) for row in rows], [(row["date"], row["source"], row["sessions"]) for row in truth])
        google = self.parsed(self.query(date_range=["2026-08-01", "2026-08-10"], dimensions=[], metrics=["visits"], filters=[["is", "visit:source", ["Google"]]]))
        self.assertEqual(google["results"][0]["metrics"], [sum(row["sessions"] for row in truth if row["source"] == "Google")])
        part = self.parsed(self.query(dimensions=["visit:country"], pagination={"limit": 2, "offset": 1}, include={"total_rows": True}))
        self.assertEqual(len(part["results"]), 2)
        self.assertGreater(part["meta"]["total_rows"], 2)

    def test_weeks_and_months(self):
        day, ask = datetime.date.fromisoformat, {"date_range": ["2026-07-01", "2026-08-10"], "include": {"time_labels": True}}
        for name, start in (("week", lambda at: at - datetime.timedelta(at.weekday())), ("month", lambda at: at.replace(day=1))):
            answer = self.parsed(self.query(dimensions=["time:" + name], **ask))
            truth = self.sim.traffic("plausible", *ask["date_range"], "UTC", basis="sessions", bucket=name)
            self.assertEqual([[*row["dimensions"], *row["metrics"]] for row in answer["results"]],
                             [[row["date"], row["visitors"], row["sessions"], row["pageviews"]] for row in truth])
            days = (day("2026-07-01") + datetime.timedelta(number) for number in range(41))
            labels = sorted({str(max(start(at), day("2026-07-01"))) for at in days})
            self.assertEqual(answer["meta"]["time_labels"], labels)
            self.assertEqual([row["dimensions"][0] for row in answer["results"]], labels)
        self.assertEqual(labels, ["2026-07-01", "2026-08-01"])

    def test_named_ranges(self):
        for name, first, last in (("7d", "2026-08-13", "2026-08-19"), ("month", "2026-08-01", "2026-08-20"), ("year", "2026-01-01", "2026-08-20"),
                                  ("6mo", "2026-02-01", "2026-07-31"), ("12mo", "2025-08-01", "2026-07-31"), ("day", "2026-08-20", "2026-08-20")):
            answer = self.parsed(self.query(date_range=name, include={"time_labels": True}))
            self.assertEqual((answer["meta"]["time_labels"][0], answer["meta"]["time_labels"][-1]), (first, last), name)

    def test_filters(self):
        def kept(*filters):
            rows = self.parsed(self.query(dimensions=["visit:source"], metrics=["visits"], filters=list(filters)))["results"]
            return {row["dimensions"][0]: row["metrics"][0] for row in rows}
        everything = kept()
        self.assertEqual(kept(["is", "visit:source", ["Google", "Bing"]]), {name: everything[name] for name in ("Google", "Bing")})
        self.assertEqual(kept(["is_not", "visit:source", ["Google"]]), {name: count for name, count in everything.items() if name != "Google"})
        self.assertEqual(kept(["contains", "visit:source", ["oo"]], ["contains_not", "visit:source", ["x"]]), {"Google": everything["Google"]})

    def purchases(self, first, last, months=False):
        found = {}
        for row in self.sim.rows("orders"):
            if row["paid"] and row["currency"] == "usd" and row["checkout_id"] and row["billing_reason"] in ("purchase", "subscription_create"):
                if first <= row["created_at"][:10] <= last:
                    found.setdefault(row["created_at"][:7] + "-01" if months else row["created_at"][:10], []).append(row)
        return found

    def test_revenue(self):
        window = {"date_range": list(YEAR), "metrics": ["visitors", "events", "total_revenue", "average_revenue"]}
        sold = self.purchases(*YEAR)
        rows = self.parsed(self.query(dimensions=["time:day"], filters=[["is", "event:goal", ["Purchase"]]], **window))["results"]
        self.assertTrue(sold)
        self.assertEqual({row["dimensions"][0]: (row["metrics"][0], row["metrics"][1], round(row["metrics"][2]["value"] * 100)) for row in rows},
                         {day: (len({row["customer_id"] for row in orders}), len(orders), sum(row["net_amount"] for row in orders))
                          for day, orders in sold.items()})
        total = sum(row["net_amount"] for orders in sold.values() for row in orders) / 100
        row = self.parsed(self.query(dimensions=["event:goal"], **window))["results"][0]
        self.assertEqual(row["dimensions"], ["Purchase"])
        self.assertEqual((row["metrics"][2]["value"], row["metrics"][2]["currency"], row["metrics"][2]["long"]), (total, "USD", f"${total:,.2f}"))
        self.assertAlmostEqual(row["metrics"][3]["value"], total / row["metrics"][1], places=6)
        months = self.parsed(self.query(dimensions=["time:month"], filters=[["is", "event:goal", ["Purchase"]]], **window))["results"]
        self.assertEqual([row["dimensions"][0] for row in months], sorted(self.purchases(*YEAR, months=True)))
        answer = self.parsed(self.query(**window))
        self.assertEqual({tuple(row["metrics"][2:]) for row in answer["results"]}, {(None, None)})
        self.assertEqual(answer["meta"]["metric_warnings"]["total_revenue"], {
            "code": "no_revenue_goals_matching", "warning": "Revenue metrics are null as there are no matching revenue goals."})
        self.assertEqual(self.query(filters=[["is", "event:goal", ["Signup"]]]).status, 400)
        self.assertEqual(self.query(filters=[["is", "event:goal", ["Purchase"]]]).status, 400, "visits are of sessions")

    def test_errors(self):
        def says(answer, status, text):
            self.assertTrue(self.parsed(answer, status)["error"].startswith(text), answer.body)
        says(self.query(key=None), 401, "Missing API key. Please use a valid Plausible API key as a Bearer Token.")
        says(self.query(key="x"), 401, "Invalid API key or site ID. ")
        says(self.query(site_id="other.example"), 401, "Invalid API key or site ID. ")
        says(self.query(site_id=None), 400, "Missing site ID. ")
        says(self.query(site_id=None, key="x"), 401, "Invalid API key or site ID. ")
        says(self.query(key="key_without_plan"), 402, "The account that owns this API key does not have access to Stats API.")
        for change in ({"metrics": ["x"]}, {"metrics": []}, {"dimensions": ["x"]}, {"date_range": "x"}, {"filters": [["is", "x", ["y"]]]}):
            self.assertEqual(self.query(**change).status, 400, change)
        says(self.query(dimensions=["event:page"]), 400, "Session metric(s)")
        says(self.query(dimensions=["visit:entry_page"]), 400, "Event metric(s) `pageviews` cannot be queried along with session dimension(s)")
        self.assertEqual(self.query(dimensions=["visit:entry_page"], metrics=["visits", "bounce_rate"]).status, 200)
        self.sim.set_traffic(plausible_hourly=1)
        self.assertEqual(self.query().status, 200)
        says(self.query(), 429, "Too many API requests. Your API key is limited to 600 requests per hour. ")


class Umami(TrafficTest):
    def login(self, **changes):
        place = self.sim.umami
        return call(place["url"], "/api/auth/login", "POST", {"username": place["username"], "password": place["password"], **changes})

    def get(self, what="", website=None, token=None, root="/api", **query):
        place = self.sim.umami
        headers = {} if token else {"x-umami-api-key": place["api_key"]}
        text = "?" + urllib.parse.urlencode(query) if query else ""
        return call(place["url"], f"{root}/websites/{website or place['website_id']}{what}{text}", headers=headers, key=token)

    @staticmethod
    def moment(day, zone_hours=0):
        return int((datetime.datetime.fromisoformat(day + "T00:00:00+00:00").timestamp() - zone_hours * 3600) * 1000)

    def test_signing_in(self):
        token = self.parsed(self.login())["token"]
        self.assertEqual(self.get(token=token).status, 200)
        self.assertEqual(self.get(root="/v1").status, 200)
        self.assertEqual(self.get(token=token, root="/v1").status, 401)
        self.assertEqual(self.parsed(self.login(password="x"), 401)["error"]["code"], "incorrect-username-password")
        self.assertEqual(self.parsed(self.login(password=None), 400)["error"]["code"], "bad-request")
        self.assertEqual(self.parsed(self.get(token="x"), 401), {"error": {"message": "Unauthorized", "code": "unauthorized", "status": 401}})
        other = "00000000-0000-4000-8000-000000000000"
        self.assertEqual(self.parsed(self.get(website=other), 401)["error"]["code"], "unauthorized")
        self.assertIs(self.parsed(self.get(website=other, token=token)), None, "an administrator may see what does not exist")
        nothing = self.parsed(self.get("/stats", website=other, token=token, startAt=0, endAt=2000000000000))
        self.assertEqual((nothing["pageviews"], nothing["visitors"]), (0, 0))
        listed = call(self.sim.umami["url"], "/api/websites", key=token)
        self.assertEqual([site["id"] for site in self.parsed(listed)["data"]], [self.sim.umami["website_id"]])

    def test_both_shapes_of_totals(self):
        window = {"startAt": self.moment("2026-08-01"), "endAt": self.moment("2026-08-11") - 1}
        now = self.parsed(self.get("/stats", **window))
        days = self.sim.traffic("umami", "2026-08-01", "2026-08-10", "UTC")
        self.assertEqual(now["pageviews"], sum(row["pageviews"] for row in days))
        self.assertEqual(set(now["comparison"]), {"pageviews", "visitors", "visits", "bounces", "totaltime"})
        self.sim.set_traffic(umami_version=2)
        old = self.parsed(self.get("/stats", **window))
        self.assertEqual(old["visitors"], {"value": now["visitors"], "prev": now["comparison"]["visitors"]})
        with Sim(orders=20, now=NOW, extra_args=["--umami-version", "2"]) as sim:
            place = sim.umami
            answer = call(place["url"], f"/api/websites/{place['website_id']}/stats?startAt=0&endAt=1", headers={"x-umami-api-key": place["api_key"]})
            self.assertEqual(self.parsed(answer)["visits"], {"value": 0, "prev": 0})

    def test_series(self):
        for zone, hours in (("UTC", 0), ("Asia/Kolkata", 5.5)):
            first, last = self.moment("2026-02-01", hours), self.moment("2026-08-01", hours) - 1
            answer = self.parsed(self.get("/pageviews", startAt=first, endAt=last, unit="day", timezone=zone))
            truth = self.sim.traffic("umami", "2026-02-01", "2026-07-31", zone)
            end = "T00:00:00Z" if zone == "UTC" else " 00:00:00"
            self.assertEqual([(row["x"], row["y"]) for row in answer["pageviews"]], [(row["date"] + end, row["pageviews"]) for row in truth])
            self.assertEqual([row["y"] for row in answer["sessions"]], [row["visitors"] for row in truth])
        self.assertEqual(self.parsed(self.get("/pageviews", startAt=0, endAt=86400000, unit="day")), {"pageviews": [], "sessions": []})

    def test_a_unit_too_small_becomes_a_larger_one(self):
        def first_days(first, last, unit):
            answer = self.parsed(self.get("/pageviews", startAt=self.moment(first), endAt=self.moment(last) - 1, unit=unit, timezone="Europe/Berlin"))
            return [row["x"] for row in answer["pageviews"]][1:3]
        self.assertEqual(first_days("2025-12-01", "2026-08-01", "day"), ["2025-12-02 00:00:00", "2025-12-03 00:00:00"])
        self.assertEqual(first_days("2025-12-01", "2026-08-02", "day"), ["2026-01-01 00:00:00", "2026-02-01 00:00:00"])
        self.assertEqual(first_days("2025-12-01", "2026-08-02", "hour"), ["2026-01-01 00:00:00", "2026-02-01 00:00:00"])
        self.assertEqual(first_days("2026-06-01", "2026-08-01", "hour"), ["2026-06-02 00:00:00", "2026-06-03 00:00:00"])
        self.assertEqual(first_days("2026-06-01", "2026-08-01", "month"), ["2026-07-01 00:00:00", "2026-08-01 00:00:00"])

    def test_lists(self):
        window = {"startAt": self.moment("2026-08-01"), "endAt": self.moment("2026-08-11") - 1}
        for kind, dimension in (("referrer", "referrer"), ("path", "landing_page"), ("country", "country"), ("device", "device"), ("utmSource", "utm_source")):
            truth = {row[dimension].lower() if kind == "device" else row[dimension]: row for row in self.truth_of(dimension)}
            rows = self.parsed(self.get("/metrics", type=kind, **window))
            self.assertEqual({row["x"]: row["y"] for row in rows}, {name: row["visitors"] for name, row in truth.items()})
            self.assertEqual([row["y"] for row in rows], sorted((row["y"] for row in rows), reverse=True))
            rows = self.parsed(self.get("/metrics/expanded", type=kind, **window))
            self.assertEqual({row["name"]: (row["pageviews"], row["visits"], row["bounces"], row["totaltime"]) for row in rows},
                             {name: (row["pageviews"], row["sessions"], row["bounces"], row["seconds"]) for name, row in truth.items()})
        channels = self.parsed(self.get("/metrics", type="channel", **window))
        self.assertIn("organicSearch", [row["x"] for row in channels])
        self.assertEqual(self.parsed(self.get("/metrics", type="channel", limit=2, offset=1, **window)), channels[1:3])
        self.assertEqual(self.parsed(self.get("/metrics", type="browser", **window)), [])

    def truth_of(self, dimension):
        totals = collections.defaultdict(collections.Counter)
        with_days = self.sim.traffic("umami", "2026-08-01", "2026-08-10", "UTC", bucket="whole", dimensions=dimension)
        for row in with_days:
            if row[dimension] not in (None, "$direct"):
                totals[row[dimension]].update({name: row[name] for name in ("visitors", "pageviews", "sessions", "bounces", "seconds")})
        return [{dimension: name, **row} for name, row in totals.items()]

    def test_errors(self):
        window = {"startAt": self.moment("2026-08-01"), "endAt": self.moment("2026-08-11") - 1}

        def refused(what="/stats", **query):
            error = self.parsed(self.get(what, **query), 400)["error"]
            self.assertEqual((error.pop("message"), error.pop("code"), error.pop("status")), ("Bad request", "bad-request", 400))
            return error
        missing = {"errors": ["Either startAt+endAt or startDate+endDate must be provided"]}
        self.assertEqual(refused(), missing)
        self.assertEqual(refused(startAt=0), missing)
        self.assertEqual(refused(startDate="2026-08-01"), missing)
        for name, value, problem in (("timezone", "Mars", "Invalid timezone"), ("unit", "week", "Invalid unit"),
                                     ("startAt", "x", "Invalid input: expected number, received NaN"),
                                     ("endDate", "x", "Invalid input: expected date, received Date")):
            self.assertEqual(refused(**{**window, name: value}), {"errors": [], "properties": {name: {"errors": [problem]}}})
        self.assertEqual(self.get("/stats", token="x").status, 400, "parameters come before the caller")
        self.assertEqual(self.parsed(self.get("/stats", startDate="2026-08-01", endDate="2026-08-10"), 500)["error"]["code"], "server-error")
        self.assertEqual(refused("/metrics", type="x", **window), {})
        self.assertEqual(refused("/metrics", **window)["properties"], {"type": {"errors": ["Invalid input: expected string, received undefined"]}})
        self.assertEqual(self.parsed(self.get("/stats", startAt=window["endAt"], endAt=window["startAt"]))["pageviews"], 0)
        self.assertEqual(self.get("/x", **window).status, 404)

    def test_revenue(self):
        sold = [row for row in self.sim.rows("orders") if row["paid"] and row["currency"] == "usd" and row["checkout_id"]
                and row["billing_reason"] in ("purchase", "subscription_create") and "2026-06-01" <= row["created_at"][:10] <= "2026-07-31"]

        def ask(**changes):
            parameters = {"startDate": "2026-06-01T00:00:00Z", "endDate": "2026-07-31T23:59:59.999Z", "unit": "day", "currency": "USD", **changes}
            body = {"websiteId": self.sim.umami["website_id"], "type": "revenue", "filters": {},
                    "parameters": {name: value for name, value in parameters.items() if value is not None}}
            return call(self.sim.umami["url"], "/api/reports/revenue", "POST", body, {"x-umami-api-key": self.sim.umami["api_key"]})
        answer = self.parsed(ask())
        self.assertTrue(sold)
        self.assertAlmostEqual(answer["total"]["sum"], sum(row["net_amount"] for row in sold) / 100, places=6)
        self.assertEqual((answer["total"]["count"], answer["total"]["unique_count"]), (len(sold), len({row["customer_id"] for row in sold})))
        self.assertEqual({row["t"][:10]: row["count"] for row in answer["chart"]}, collections.Counter(row["created_at"][:10] for row in sold))
        self.assertAlmostEqual(sum(row["value"] for row in answer["country"]), answer["total"]["sum"], places=6)
        self.assertIn("sum", answer["total"]["comparison"])
        self.assertEqual(self.parsed(ask(currency="CHF"))["total"]["sum"], 0)
        for change in ({"currency": None}, {"startDate": "x"}, {"unit": "week"}, {"timezone": "Mars"}):
            self.assertEqual(ask(**change).status, 400, change)


class Together(TrafficTest):
    def test_all_services_at_once_while_the_shop_goes_on(self):
        place, statuses = self.sim, []

        def ask(number):
            for _ in range(4):
                body = {"query": {"kind": "HogQLQuery", "query": PostHog.daily("2026-08-01", "2026-08-20")}}
                posthog = call(place.posthog["url"], f"/api/projects/{place.posthog['project_id']}/query/", "POST", body, key=place.posthog["keys"]["good"])
                body = {"site_id": "shop.example", "metrics": ["visitors"], "date_range": "7d", "dimensions": ["time:day"]}
                plausible = call(place.plausible["url"], "/api/v2/query", "POST", body, key=place.plausible["key"])
                umami = call(place.umami["url"], "/api/websites", headers={"x-umami-api-key": place.umami["api_key"]})
                google = call(place.google["url"], "/token", "POST", "grant_type=x")
                statuses.append((posthog.status, plausible.status, umami.status, google.status))
                self.sim.set_traffic(posthog_timezone=ZONES[number % 3])
                self.sim.mutate(count=1, seed=number, seconds=1)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [(200, 200, 200, 400)] * 24)


if __name__ == "__main__":
    unittest.main()
