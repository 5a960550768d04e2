# SPDX-License-Identifier: Apache-2.0
"""Traffic beside sales, against sums over the same rows that are reckoned here: three zones, two sources that count the same people, five currencies, days that are
not over, days from before anybody counted, no source at all. Then every other face over the same world: metrics, breakdowns, today, the API, SQL, the file."""

import collections
import csv
import datetime as dt
import io
import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import unittest
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import traffic_rows  # noqa: E402
from ask import Ask, Refused  # noqa: E402
from dashboard import Dashboard  # noqa: E402
from sim import Sim, connect_shop, run_till  # noqa: E402

NEW = ("purchase", "subscription_create")
LAST = dt.date(2026, 9, 20)
RANGE = ["--from", "2026-08-01", "--to", LAST.isoformat()]
ZONES = ("UTC", "Europe/Berlin", "Pacific/Kiritimati")
PAGES = ("/pricing", "https://example.com/?utm_source=x#top", "https://example.com/blog/launch?a=1", "https://example.com")
PATHS = dict(zip(PAGES, ("/pricing", "/", "/blog/launch", "/")))


def moment(text):
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def ratio(part, whole):
    return part / whole if whole else None


class Joined(unittest.TestCase):
    maxDiff = 3000

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        with Sim(orders=900, seed=12, now="2026-09-20T18:00:00Z") as sim:
            connect_shop(cls.home, sim, scopes="events")
            cls.till("sync")
        traffic_rows.make_world(cls.home, LAST, days=45)  # from 7 August on: the first days of the range are not covered
        with cls.database() as db:
            rows = db.execute("SELECT rowid FROM orders WHERE billing_reason IN ('purchase', 'subscription_create') ORDER BY created_at").fetchall()
            for i, (rowid,) in enumerate(rows):
                db.execute("UPDATE orders SET metadata = json_set(metadata, '$.landing_page', ?) WHERE rowid = ?", (PAGES[i % len(PAGES)], rowid))
            db.commit()

    @classmethod
    def database(cls):
        return sqlite3.connect(pathlib.Path(cls.home) / "till.db")

    @classmethod
    def till(cls, *args, check=True):
        return run_till(args, home=cls.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US"}, check=check)

    def ask(self, *args):
        return json.loads(self.till(*args, "--json").stdout)

    def rows(self, sql, *values):
        with self.database() as db:
            return db.execute(sql, values).fetchall()

    # -- the oracle

    def days(self, zone, source="posthog"):
        """date -> what a line says, each day by itself."""
        place = zoneinfo.ZoneInfo(zone)
        first, last = dt.date.fromisoformat(RANGE[1]), dt.date.fromisoformat(RANGE[3])
        days = {first + dt.timedelta(days=i): collections.Counter() for i in range((last - first).days + 1)}
        for date, visitors, visits, pageviews, complete in self.rows("SELECT date, visitors, visits, pageviews, is_complete FROM traffic_daily WHERE connection = ?", source):
            day = days.get(dt.date.fromisoformat(date))
            if day is not None:
                day.update(visitors=visitors, visits=visits or 0, pageviews=pageviews, covered=1, open=1 - complete)
        for created, currency, net, reason in self.rows("SELECT created_at, currency, net_amount, billing_reason FROM orders WHERE paid = 1 AND till_deleted_at IS NULL"):
            day = days.get(moment(created).astimezone(place).date())
            if day is not None:
                day.update({"orders": 1, ("revenue", currency): net})
                if reason in NEW:
                    day.update({"new_orders": 1, ("new_revenue", currency): net})
        for created, status in self.rows("SELECT created_at, status FROM checkouts WHERE till_deleted_at IS NULL"):
            day = days.get(moment(created).astimezone(place).date())
            if day is not None:
                day.update(checkouts=1, succeeded=int(status == "succeeded"))
        for date, clicks, impressions, position in self.rows("SELECT date, clicks, impressions, position FROM search_daily"):
            day = days.get(dt.date.fromisoformat(date))
            if day is not None:
                day.update(clicks=clicks, impressions=impressions, searched=1)
                day["position"] += position * impressions
        return days

    def check_line(self, line, days):
        whole = sum(days, collections.Counter())
        covered = sum((day for day in days if day["covered"]), collections.Counter())
        self.assertEqual((line["days"], line["days_covered"], line["days_open"]), (len(days), whole["covered"], whole["open"]))
        self.assertEqual(line["complete"], whole["covered"] == len(days) and whole["open"] == 0)
        self.assertEqual((line["orders"], line["new_orders"], line["checkouts"]), (whole["orders"], whole["new_orders"], whole["checkouts"]))
        self.assertEqual(line["visitors"], whole["visitors"] if whole["covered"] else None)
        for name, part in (("conversion", "new_orders"), ("checkout_rate", "checkouts")):
            wanted = ratio(covered[part], covered["visitors"])
            if wanted is None:
                self.assertIsNone(line[name])
            else:
                self.assertAlmostEqual(line[name], wanted, places=12)
        self.assertEqual(line["checkout_conversion"], ratio(whole["succeeded"], whole["checkouts"]))
        for currency, minor in line["revenue"].items():
            self.assertEqual((minor, line["new_revenue"][currency]), (whole["revenue", currency], whole["new_revenue", currency]))
            wanted = ratio(covered["new_revenue", currency], covered["visitors"])
            found = line["revenue_per_visitor"][currency]
            self.assertTrue(found is None if wanted is None else abs(found - wanted) < 1e-9, (found, wanted))
        self.assertEqual(line["search_clicks"], whole["clicks"] if whole["searched"] else None)
        if whole["impressions"]:
            self.assertAlmostEqual(line["search_position"], whole["position"] / whole["impressions"], places=9)

    # -- the report

    def test_every_day_in_three_zones(self):
        for zone in ZONES:
            days = self.days(zone)
            answer = self.ask("traffic", *RANGE, "--timezone", zone)
            self.assertEqual([period["timestamp"][:10] for period in answer["periods"]], [date.isoformat() for date in days])
            for period, day in zip(answer["periods"], days.values()):
                self.check_line(period, [day])
            self.check_line(answer["totals"], list(days.values()))
            self.assertGreater(len(answer["totals"]["revenue"]), 2)
            said = any("posthog cuts its days in Europe/Berlin" in note for note in answer["notes"])
            self.assertEqual(said, zone != "Europe/Berlin")

    def test_weeks_and_months_are_sums_of_days(self):
        days = self.days("Europe/Berlin")
        for interval in ("week", "month", "year"):
            answer = self.ask("traffic", *RANGE, "--timezone", "Europe/Berlin", "--interval", interval)
            parts = collections.defaultdict(list)
            for date, day in days.items():
                start = {"week": date - dt.timedelta(days=date.weekday()), "month": date.replace(day=1), "year": date.replace(month=1, day=1)}[interval]
                parts[start.isoformat()].append(day)
            self.assertEqual([period["timestamp"][:10] for period in answer["periods"]], list(parts))
            for period in answer["periods"]:
                self.check_line(period, parts[period["timestamp"][:10]])

    def test_what_is_compared_is_over_and_as_long(self):
        days = list(self.days("UTC").values())
        last_week = ["--from", "2026-09-14", "--to", "2026-09-20", "--timezone", "UTC"]
        comparison = self.ask("traffic", *last_week)["comparison"]
        self.assertEqual((comparison["previous_from"], comparison["previous_to"]), ("2026-09-07", "2026-09-13"))
        for name, end in (("totals", -1), ("previous", -8)):
            # Six days of the week are over; searches end two days before.
            span = days[end - 6:end]
            self.assertEqual(comparison[name]["visitors"], sum(day["visitors"] for day in span), name)
            self.assertEqual(comparison[name]["orders"], sum(day["orders"] for day in span), name)
            self.assertEqual(comparison[name]["search_days_open"], 0)
        self.assertEqual(comparison["totals"]["search_days"], comparison["previous"]["search_days"])

    def test_several_sources_are_never_added(self):
        first = self.ask("traffic", *RANGE, "--timezone", "UTC")
        other = self.ask("traffic", *RANGE, "--timezone", "UTC", "--traffic-source", "umami")
        self.assertEqual((first["source"], other["source"]), ("posthog", "umami"))
        for answer, name in ((first, "posthog"), (other, "umami")):
            counted = self.rows("SELECT sum(visitors) FROM traffic_daily WHERE connection = ? AND date BETWEEN ? AND ?", name, RANGE[1], RANGE[3])[0][0]
            self.assertEqual(answer["totals"]["visitors"], counted)
            self.assertEqual([one["name"] for one in answer["sources"]], ["posthog", "umami", "search-console"])
        self.assertIn("umami counts visitors too and is not added: the numbers are those of posthog", first["notes"])
        self.assertIsNone(other["totals"]["visits"])  # umami was not asked for visits: not told is not nothing
        result = self.till("traffic", "--traffic-source", "matomo", check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("connected: posthog, umami, search-console", result.stderr)

    def test_hours_are_those_that_were_told(self):
        answer = self.ask("traffic", "--from", "2026-09-20", "--to", "2026-09-20", "--timezone", "UTC", "--interval", "hour")
        self.assertEqual([period["visitors"] for period in answer["periods"]], [5 + hour for hour in range(24)])
        day = self.rows("SELECT visitors FROM traffic_daily WHERE connection = 'posthog' AND date = '2026-09-20'")[0][0]
        self.assertEqual(answer["totals"]["visitors"], day)

    def test_rows_say_what_json_says(self):
        answer = self.ask("traffic", *RANGE, "--timezone", "UTC")
        rows = list(csv.DictReader(io.StringIO(self.till("traffic", *RANGE, "--timezone", "UTC", "--format", "csv").stdout)))
        codes = list(answer["totals"]["revenue"])
        self.assertEqual(len(rows), len(answer["periods"]) * len(codes))
        for i, row in enumerate(rows):
            period = answer["periods"][i // len(codes)]
            self.assertEqual((row["timestamp"], row["currency"], row["source"]), (period["timestamp"], codes[i % len(codes)], "posthog"))
            self.assertEqual(row["visitors"], "" if period["visitors"] is None else str(period["visitors"]))
            self.assertEqual(int(row["revenue"]), period["revenue"][row["currency"]])

    def test_people_read_dashes_and_stars(self):
        text = self.till("traffic", "--from", "2026-08-05", "--to", "2026-09-20", "--timezone", "UTC", "--format", "table").stdout
        lines = {line.split()[0]: line.split() for line in text.splitlines() if line[:4] == "2026"}
        self.assertEqual(lines["2026-08-05"][1], "-")
        self.assertIn("2026-09-20*", lines)
        self.assertIn("* holds days that are not final", text)
        self.assertNotIn("nan", text)
        self.assertNotIn("inf", text)

    # -- the other faces

    def test_metrics_have_a_key_of_their_own(self):
        plain = self.ask("metrics", "orders", *RANGE, "--timezone", "UTC")
        both = self.ask("metrics", "orders", "traffic.visitors", "traffic.new_revenue", *RANGE, "--timezone", "UTC")
        traffic = both.pop("traffic")
        self.assertEqual({**plain, "till": None}, {**both, "till": None})
        whole = self.ask("traffic", *RANGE, "--timezone", "UTC")
        self.assertEqual(traffic["totals"], {name: whole["totals"][name] for name in ("visitors", "new_revenue")})
        self.assertEqual([period["visitors"] for period in traffic["periods"]], [period["visitors"] for period in whole["periods"]])
        head = self.till("metrics", "orders", "traffic.visitors", "traffic.new_revenue", *RANGE, "--format", "csv").stdout.splitlines()[0].split(",")
        self.assertEqual(head, ["timestamp", "orders", "traffic.visitors", *(f"traffic.new_revenue.{code}" for code in whole["totals"]["new_revenue"])])
        wrong = self.till("metrics", "traffic.visitor", check=False)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("did you mean traffic.visitors?", wrong.stderr)
        self.assertEqual(self.till("verify", "traffic.visitors", check=False).returncode, 2)

    def test_breakdowns_have_the_visits_of_each_key(self):
        covered = [dt.date(2026, 8, 7), LAST]
        for by, dimension, key_of in (("source", "utm_source", lambda o: o["metadata"].get("utm_source")), ("landing-page", "landing_page", lambda o: PATHS.get(o["metadata"].get("landing_page")))):
            answer = self.ask("breakdown", "--by", by, *RANGE, "--timezone", "UTC")
            self.assertEqual((answer["traffic_source"], answer["traffic_counts"]), ("posthog", "visits"))
            visits = dict(self.rows("SELECT value, sum(visits) FROM traffic_breakdown WHERE connection = 'posthog' AND dimension = ? AND date BETWEEN ? AND ? GROUP BY value", dimension, RANGE[1], RANGE[3]))
            new = collections.Counter()
            for created, currency, reason, metadata in self.rows("SELECT created_at, currency, billing_reason, metadata FROM orders WHERE paid = 1 AND till_deleted_at IS NULL"):
                if reason in NEW and covered[0] <= moment(created).date() <= covered[1]:
                    new[key_of({"metadata": json.loads(metadata)}), currency] += 1
            for group in answer["groups"]:
                self.assertEqual(group["visits"], visits.get(group["key"] or ""), group)
                self.assertEqual(group["new_orders"], new[group["key"], group["currency"]], group)
                wanted = ratio(group["new_orders"], group["visits"] or 0)
                self.assertTrue(group["conversion"] is None if wanted is None else abs(group["conversion"] - wanted) < 1e-12)
            known = {group["key"] or "" for group in answer["groups"]}
            self.assertTrue(set(visits) <= known, "what brought visits alone has a group")
            self.assertEqual(sum(group["new_orders"] for group in answer["groups"]), sum(new.values()))
        self.assertEqual(self.ask("breakdown", "--by", "country", *RANGE)["traffic_counts"], "visitors")
        self.assertIsNone(self.ask("breakdown", "--by", "product", *RANGE)["traffic_source"])

    def test_the_api_answers_the_same(self):
        query = {"from_": RANGE[1], "to": RANGE[3], "timezone": "UTC", "interval": "day"}
        with Ask(self.home) as api:
            answer = api("traffic", **query)
            parts = answer.pop("parts")
            command = self.ask("traffic", *RANGE, "--timezone", "UTC")
            for moving in ("as_of",):
                answer.pop(moving), command.pop(moving)
            self.assertEqual(answer, command)
            self.assertEqual({one["value"] for one in parts["country"]}, {"US", "DE", "GB", ""})
            search = api("search", **query)
            command = self.ask("traffic", "--searches", *RANGE, "--timezone", "UTC")
            search.pop("as_of"), command.pop("as_of")
            self.assertEqual(search, command)
            overview = api("overview", **query, part="tiles")
            tiles = {tile["slug"]: tile for tile in overview["traffic"]["tiles"]}
            self.assertEqual(tiles["traffic.visitors"]["value"], answer["totals"]["visitors"])
            self.assertEqual(tiles["traffic.conversion"]["previous"], answer["comparison"]["previous"]["conversion"])
            self.assertEqual([point["value"] for point in tiles["traffic.visitors"]["series"]], [period["visitors"] for period in answer["periods"]])
            self.assertFalse(tiles["traffic.visitors"]["series"][-1]["complete"])
            self.assertIn("traffic.conversion", {one["slug"] for one in api("definitions")})
            self.assertEqual(api("breakdown", **query, by="landing_page")["groups"], self.ask("breakdown", "--by", "landing-page", *RANGE, "--timezone", "UTC")["groups"])
            with self.assertRaises(Refused) as refused:
                api("traffic", **query, traffic_source="matomo")
            self.assertIn("matomo", str(refused.exception))

    def test_searches_beside_the_weeks_that_moved(self):
        answer = self.ask("traffic", "--searches", *RANGE, "--timezone", "UTC")
        span = (RANGE[1], RANGE[3])
        clicks = self.rows("SELECT value, sum(clicks), sum(impressions) FROM search_queries WHERE dimension = 'query' AND date BETWEEN ? AND ? GROUP BY value ORDER BY 2 DESC, 3 DESC, 1", *span)
        self.assertEqual([(one["query"], one["clicks"], one["impressions"]) for one in answer["queries"]], clicks)
        days = self.days("UTC")
        for week in answer["weeks"]:
            start = dt.date.fromisoformat(week["from"])
            self.assertEqual(start.weekday(), 0)
            now, before = (sum(days[start + dt.timedelta(days=k + shift)]["new_revenue", answer["weeks_currency"]] for k in range(7)) for shift in (0, -7))
            self.assertEqual((week["new_revenue"], week["new_revenue_before"]), (now, before))
            self.assertGreaterEqual(abs(now - before), 0.2 * before)
            for one in week["queries"]:
                counted = [self.rows("SELECT coalesce(sum(clicks), 0) FROM search_queries WHERE dimension = 'query' AND value = ? AND date BETWEEN ? AND ?", one["query"],
                                     (start + dt.timedelta(days=shift)).isoformat(), (start + dt.timedelta(days=shift + 6)).isoformat())[0][0] for shift in (0, -7)]
                self.assertEqual([one["clicks"], one["clicks_before"]], counted)
        self.assertGreater(answer["weeks_seen"], 2)

    def test_views_join_by_utc_day(self):
        day = next(date for date, sold in self.days("UTC").items() if sold["new_orders"] and sold["covered"])
        counted = self.days("UTC")[day]
        row = self.rows("SELECT visitors, orders, new_orders, checkouts FROM v_traffic_daily WHERE connection = 'posthog' AND day = ?", day.isoformat())
        self.assertEqual(row, [(counted["visitors"], counted["orders"], counted["new_orders"], counted["checkouts"])])
        money = dict(self.rows("SELECT currency, net_amount FROM v_traffic_revenue WHERE connection = 'umami' AND day = ?", day.isoformat()))
        self.assertEqual(money, {key[1]: value for key, value in counted.items() if isinstance(key, tuple) and key[0] == "revenue"})

    def test_the_file_holds_visitors(self):
        text = self.till("export", "html", *RANGE, "--timezone", "UTC").stdout
        self.assertIn("<h2>Visitors</h2>", text)
        self.assertIn(f"{self.ask('traffic', *RANGE, '--timezone', 'UTC')['totals']['visitors']:,}", text)


class Today(unittest.TestCase):
    """Today and yesterday, and a shop without any source."""

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.home, True)
        with Sim(orders=80, seed=3) as sim:
            connect_shop(self.home, sim, scopes="events")
            self.till("sync")

    def till(self, *args, check=True):
        return run_till(args, home=self.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US"}, check=check)

    def ask(self, *args):
        return json.loads(self.till(*args, "--json").stdout)

    def test_without_a_source_nothing_is_made_up(self):
        answer = self.ask("traffic")
        self.assertEqual((answer["source"], answer["sources"]), (None, []))
        for name in ("visitors", "visits", "conversion", "checkout_rate", "search_clicks", "search_position"):
            self.assertIsNone(answer["totals"][name], name)
        self.assertIsNotNone(answer["totals"]["orders"])
        self.assertIn("till connect posthog", answer["notes"][0])
        self.assertIsNone(self.ask("today")["traffic"])
        self.assertNotIn("Visitors", self.till("today").stdout)
        self.assertNotIn("visitors", self.till("breakdown", "--by", "source", "--format", "csv").stdout)
        searches = self.till("traffic", "--searches", check=False)
        self.assertEqual(searches.returncode, 3)
        self.assertIn("till connect search-console", searches.stderr)
        with Ask(self.home) as api:
            self.assertIsNone(api("overview", part="tiles")["traffic"])

    def test_today_so_far(self):
        today = dt.datetime.now(dt.timezone.utc).date()
        yesterday = today - dt.timedelta(days=1)
        traffic_rows.add_source(self.home, "plausible", "plausible")
        traffic_rows.add_days(self.home, "plausible", [(yesterday.isoformat(), 200, 220, 300, 9), (today.isoformat(), 0, 0, 0, 0, 0)], service="plausible")
        answer = self.ask("today", "--timezone", "UTC")
        if answer["today"]["date"] != today.isoformat():
            self.skipTest("midnight passed")
        traffic = answer["traffic"]
        self.assertEqual((traffic["source"], traffic["today"]["visitors"], traffic["today"]["conversion"], traffic["today"]["complete"]), ("plausible", 0, None, False))
        self.assertEqual(traffic["yesterday"]["visitors"], 200)
        self.assertAlmostEqual(traffic["yesterday"]["conversion"], traffic["yesterday"]["new_orders"] / 200)
        self.assertIn("Visitors", self.till("today", "--timezone", "UTC").stdout)


class Connecting(unittest.TestCase):
    """The four services by way of the dashboard's server, from the key to numbers that stand beside sales; no secret stays anywhere but in the vault."""

    def test_each_service_over_the_api(self):
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        with Sim(orders=200, seed=11) as sim:
            connect_shop(home, sim, scopes="events")
            run_till(["sync"], home=home, env={"TILL_RATE": "max"}, check=True)
            google = sim.google
            key_file = json.dumps({"type": "service_account", "project_id": "shop", "private_key_id": google["private_key_id"], "private_key": google["private_key_pem"],
                                   "client_email": google["client_email"], "token_uri": google["url"] + "/token"})
            services = {
                "posthog": {"token": sim.posthog["keys"]["good"], "project_id": sim.posthog["project_id"], "api_url": sim.posthog["url"]},
                "search-console": {"key_file": key_file, "site": "sc-domain:shop.example", "api_url": google["url"]},
                "plausible": {"token": sim.plausible["key"], "site_id": sim.plausible["site_id"], "api_url": sim.plausible["url"]},
            }
            with Dashboard(home) as dashboard:
                for service, fields in services.items():
                    job = dashboard.work("/api/connect", [("service", service), *fields.items()])
                    self.assertEqual(job["state"], "done", job)
                    job = dashboard.work("/api/sync", [("connection", service)])
                    self.assertEqual(job["state"], "done", job)
                state = dashboard.get("/api/state").json()
                self.assertEqual({one["service"]: one["connected"] for one in state["sources"]}, dict.fromkeys(services, True))
                missing = dashboard.post("/api/connect", [("service", "umami"), ("token", "x")])
                self.assertEqual((missing.status, missing.error()["text"]), (400, "website_id is missing"))
                answer = dashboard.get("/api/traffic").json()
                self.assertEqual((answer["source"], answer["search_source"]), ("posthog", "search-console"))
                self.assertGreater(answer["totals"]["visitors"], 0)
                self.assertGreater(answer["totals"]["conversion"], 0)
                last = [one for one in answer["sources"] if one["name"] == "posthog"][0]["complete_to"]
                told = sim.traffic("posthog", last, last)[0]
                day = dashboard.get(f"/api/traffic?from={last}&to={last}&timezone=UTC").json()["totals"]
                self.assertEqual((day["visitors"], day["visits"]), (told["visitors"], told["sessions"]))
                job = dashboard.work("/api/disconnect", [("name", "posthog"), ("purge", "1")])
                self.assertEqual(job["state"], "done", job)
                self.assertEqual(dashboard.get("/api/traffic").json()["source"], "plausible")
            everything = b"".join(path.read_bytes() for path in pathlib.Path(home).rglob("*") if path.is_file() and path.parent.name != "secrets")
            for secret in (sim.posthog["keys"]["good"], sim.plausible["key"], google["private_key_pem"].splitlines()[1]):
                self.assertNotIn(secret.encode(), everything)


if __name__ == "__main__":
    unittest.main()
