# SPDX-License-Identifier: Apache-2.0
"""The API over a simulated shop: reports against the commands' own JSON, lists against SQL, and every wrong parameter by name.

Two organizations share the mirror: one whose token may read events, one without."""

import collections
import datetime as dt
import json
import pathlib
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import traffic_rows  # noqa: E402
from ask import Ask, Refused  # noqa: E402
from sim import ROOT, Sim, connect_shop, run_till  # noqa: E402

DAY = dt.timedelta(days=1)
SHOPS = (("polar", "production", "events"), ("second", "sandbox", "read"))
MOMENTS = ("as_of", "mrr_as_of", "now", "last_run", "next_due")
SORTS = {
    "orders": {"created_at": "created_at"},
    "subscriptions": {"started_at": "started_at", "ended_at": "ended_at", "current_period_end": "current_period_end"},
    "customers": {"created_at": "created_at", "email": "email COLLATE NOCASE"},
    "products": {"created_at": "created_at", "name": "name COLLATE NOCASE"},
    "refunds": {"created_at": "created_at"},
    "checkouts": {"created_at": "created_at"},
}
ONLY = {"ended_at": " AND ended_at IS NOT NULL",
        "current_period_end": " AND current_period_end IS NOT NULL AND status IN ('active', 'trialing')"}


def still(answer):
    """The answer without what moves with the clock."""
    if isinstance(answer, list):
        return [still(item) for item in answer]
    if isinstance(answer, dict):
        return {key: still(value) for key, value in answer.items() if key not in MOMENTS}
    return answer


class World(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        # The shop's clock stands still, so far back that what happens between the syncs is past as well.
        now = "2026-09-22T12:00:00Z"
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        with Sim(orders=600, sandbox_orders=250, seed=33, now=now) as sim:
            for name, env, scopes in SHOPS:
                connect_shop(cls.home, sim, name=name, env=env, scopes=scopes)
            cls.till("sync")
            for env in ("production", "sandbox"):
                sim.mutate(count=150, seed=5, seconds=20 * 86400, scattered=True, env=env)
            cls.till("sync", "--full", "--accept-removals")
        traffic_rows.add_source(cls.home, "search-console", "search-console")  # for /api/search to look at
        cls.ask = Ask(cls.home)
        cls.addClassCleanup(cls.ask.close)
        with cls.database() as db:
            cls.organizations = dict(db.execute("SELECT name, organization_id FROM till_connections"))

    @classmethod
    def till(cls, *args):
        return run_till(args, home=cls.home, env={"TILL_RATE": "max"}, check=True).stdout

    @classmethod
    def command(cls, *args):
        return json.loads(cls.till(*args, "--json"))

    @classmethod
    def database(cls, home=None):
        db = sqlite3.connect(f"file:{home or cls.home}/till.db?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        return db

    def rows(self, sql, *values, home=None):
        with self.database(home) as db:
            return db.execute(sql, values).fetchall()

    def one(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def copy(self):
        """A home with the same mirror, to be changed."""
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        with sqlite3.connect(f"{self.home}/till.db") as source, sqlite3.connect(f"{home}/till.db") as target:
            source.backup(target)
        return home

    def leaf(self, name, limit=7, ask=None, **parameters):
        """All rows of a list, page by page."""
        found, after = [], None
        for _ in range(1000):
            page = (ask or self.ask)(f"list/{name}", limit=limit, after=after, **parameters)
            self.assertLessEqual(len(page["rows"]), limit)
            found += page["rows"]
            after = page["next"]
            if after is None:
                return found
        self.fail(f"{name} {parameters} has no end")


class Reports(World):
    RANGE = {"from_": "2025-01-01", "to": "2026-12-31"}
    OPTIONS = ("--from", "2025-01-01", "--to", "2026-12-31")

    def test_metrics_are_those_of_the_command(self):
        product = self.one("SELECT product_id FROM orders WHERE organization_id = ? GROUP BY 1 ORDER BY count(*) DESC", self.organizations["polar"])
        for name, _, _ in SHOPS:
            for interval in ("day", "week", "month", "year"):
                self.assertEqual(still(self.ask("metrics", connection=name, interval=interval, timezone="Asia/Kolkata", **self.RANGE)),
                                 still(self.command("metrics", "--name", name, "--interval", interval, "--timezone", "Asia/Kolkata", *self.OPTIONS)))
        slugs = ["revenue", "orders"]
        self.assertEqual(still(self.ask("metrics", connection="polar", slug=slugs, interval="day", product_id=product.upper(), billing_type="recurring",
                                        **self.RANGE)),
                         still(self.command("metrics", *slugs, "--name", "polar", "--interval", "day", "--product-id", product, "--billing-type", "recurring",
                                            *self.OPTIONS)))

    def test_reports_on_growth_are_those_of_the_commands(self):
        for name, _, _ in SHOPS:
            where = ("--name", name, *self.OPTIONS)
            for word in ("movements", "cohorts"):
                self.assertEqual(still(self.ask(word, connection=name, interval="month", **self.RANGE)), still(self.command(word, *where)))
            for by in ("product", "country", "currency", "billing_reason", "discount", "source", "medium", "campaign"):
                self.assertEqual(still(self.ask("breakdown", connection=name, by=by, **self.RANGE)), still(self.command("breakdown", "--by", by, *where)))
            product = self.one("SELECT product_id FROM orders WHERE organization_id = ? GROUP BY 1 ORDER BY count(*) DESC", self.organizations[name])
            self.assertEqual(still(self.ask("breakdown", connection=name, by="country", product_id=product.upper(), **self.RANGE)),
                             still(self.command("breakdown", "--by", "country", "--product-id", product, *where)))
            for word, options in (("paying", ()), ("new", ("--new",)), ("lost", ("--lost",)), ("at_risk", ("--at-risk",))):
                self.assertEqual(still(self.ask("people", connection=name, list=word, limit=10000, **self.RANGE)),
                                 still(self.command("customers", *options, *where)))

    def test_the_digest_is_that_of_the_command(self):
        own = {"shown", "days", "remark", "nothing", "latest_date"}
        for name, _, _ in SHOPS:
            for options, parameters in (((), {}), (("--date", "2026-09-20"), {"date": "2026-09-20"}),
                                        (("--date", "2026-09-20", "--weekly"), {"date": "2026-09-20", "weekly": 1}),
                                        (("--date", "2026-03-29", "--timezone", "Europe/Berlin"), {"date": "2026-03-29", "timezone": "Europe/Berlin"})):
                answer = self.ask("digest", connection=name, **parameters)
                told = {key: value for key, value in answer.items() if key not in own}
                self.assertEqual(told, self.command("digest", "--name", name, *options))
                self.assertEqual(set(answer), set(told) | own)
                self.assertEqual(len(answer["shown"]), len(answer["lines"]))
                lines = {(line["slug"], line["currency"]): line for line in answer["lines"]}
                revenue = lines[("revenue", answer["currency"])]
                days = [day["revenue_minor"] for day in answer["days"]]
                self.assertEqual((len(days), answer["days"][-1]["date"]), (14, answer["date"]))
                self.assertEqual((sum(days[7:]), sum(days[:7])), (revenue["week"]["value"], revenue["week"]["before"]))
        text = self.till("digest", "--name", "polar", "--date", "2026-09-20").split("\n\n")[0].splitlines()
        answer = self.ask("digest", connection="polar", date="2026-09-20")
        self.assertEqual(sum("day" in shown for shown in answer["shown"]), len(text))
        self.assertIn("not over", self.ask.refused("digest", connection="polar", date="2999-01-01").text)
        self.assertIn("absent", self.ask.refused("digest", connection="polar", traffic_source="absent").text)

    def test_one_currency_of_a_report(self):
        whole = self.ask("movements", connection="polar")
        codes = [part["currency"] for part in whole["currencies"]]
        self.assertGreater(len(codes), 2)
        for code in codes:
            part = self.ask("movements", connection="polar", currency=code.upper())
            self.assertEqual(still(part["currencies"]), [c for c in still(whole["currencies"]) if c["currency"] == code])
            for path, key in (("cohorts", "currencies"), ("breakdown", "groups"), ("people", "customers")):
                self.assertEqual({row["currency"] for row in self.ask(path, connection="polar", currency=code, **self.RANGE)[key]} - {code}, set())

    def test_tables_runs_and_history_are_those_of_the_mirror(self):
        answer = self.ask("tables")
        self.assertEqual(still(answer["tables"]), still(self.command("tables")))
        self.assertEqual(answer["intervals"], ["5m", "15m", "1h", "6h", "24h", "7d"])
        spent = {(row["connection"], row["table"]): row["requests"] for row in answer["requests_day"]}
        names = {organization: name for name, organization in self.organizations.items()}
        for row in self.rows("SELECT organization_id, table_name, sum(requests) AS n FROM till_runs GROUP BY 1, 2"):
            self.assertEqual(spent.pop((names[row["organization_id"]], row["table_name"])), row["n"])
        self.assertEqual(set(spent.values()) - {0}, set())
        self.assertEqual({row["connection"] for row in self.ask("tables", connection="second")["tables"]}, {"second"})
        runs = self.ask("runs", connection="polar", table="orders", limit=5)
        want = self.rows("SELECT * FROM till_runs WHERE organization_id = ? AND table_name = 'orders' ORDER BY id DESC LIMIT 5", self.organizations["polar"])
        self.assertEqual([(r["started"], r["finished"], r["added"], r["changed"], r["requests"], r["proven"], r["error"]) for r in runs],
                         [(r["started_at"], r["finished_at"], r["added"], r["changed"], r["requests"], bool(r["is_proven"]), r["error"]) for r in want])
        self.assertTrue(all(run["seconds"] >= 0 for run in runs))
        for table in ("orders", "subscriptions", "customers"):
            row_id = self.one("SELECT row_id FROM row_changes WHERE table_name = ? ORDER BY id LIMIT 1", table)
            self.assertEqual(self.ask("history", table=table, id=row_id), self.command("history", table, row_id))

    def test_schema_has_every_table_view_and_column(self):
        found = {item["name"]: item for item in self.ask("schema")}
        want = self.rows("SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")
        self.assertEqual({name: item["kind"] for name, item in found.items()}, {row["name"]: row["type"] for row in want})
        for name, item in found.items():
            columns = self.rows(f"SELECT name FROM pragma_table_info('{name}')")
            self.assertEqual([column["name"] for column in item["columns"]], [row["name"] for row in columns])
            self.assertTrue(item["sentence"], name)
        for name in ("orders", "customers", "events"):
            self.assertEqual([c["name"] for c in found[name]["columns"] if not c["sentence"]], [])
        sentences = {column["name"]: column["sentence"] for column in found["v_daily_revenue"]["columns"]}
        self.assertEqual(sentences["gross_amount"], "with tax")

    def test_definitions_are_the_metrics(self):
        found = {item["slug"]: item for item in self.ask("definitions")}
        traffic = [slug for slug in found if slug.startswith("traffic.")]
        self.assertEqual(list(found), list(self.command("metrics", "--name", "polar")["metrics"]) + traffic)
        self.assertIn("traffic.conversion", traffic)
        self.assertEqual((found["revenue"]["kind"], found["revenue"]["nature"]), ("money", "activity"))
        self.assertTrue(all(item["definition"] and item["formula"] and item["nature"] in ("balance", "activity") for item in found.values()))

    def test_notes(self):
        home = self.copy()
        for args in (("annotate", "2026-09-01", "launched <b>v2</b> \"quoted\""), ("annotate", "2026-08-01", "plans"), ("goal", "orders", "50"),
                     ("goal", "revenue", "5000.50", "--currency", "usd"), ("saved", "by day", "SELECT 1")):
            run_till(args, home=home, check=True)
        with Ask(home) as ask:
            notes = ask("annotations")
            self.assertEqual([(n["date"], n["text"]) for n in notes], [("2026-08-01", "plans"), ("2026-09-01", 'launched <b>v2</b> "quoted"')])
            goals = ask("goals")
            self.assertEqual([(g["metric"], g["currency"], g["amount"], g["date"]) for g in goals],
                             [("orders", None, 50, None), ("revenue", "usd", 500050, None)])
            self.assertEqual(ask("saved"), [{"name": "by day", "sql": "SELECT 1"}])
            answer = ask("overview", connection="polar", from_="2026-08-15", to="2026-09-15", part="notes")
            self.assertEqual(([n["date"] for n in answer["annotations"]], answer["goals"], answer["tiles"]), (["2026-09-01"], goals, None))

    def test_channels_and_when_they_are_due(self):
        home = self.copy()
        with Ask(home) as ask:
            answer = ask("channels")
            self.assertEqual(answer["channels"], [])
            self.assertEqual({key: answer["schedule"][key] for key in ("enabled", "at", "timezone", "weekly_on")},
                             {"enabled": True, "at": "08:00", "timezone": "UTC", "weekly_on": "monday"})
            self.assertEqual(len(answer["schedule"]["weekdays"]), 7)
            now = dt.datetime.now(dt.timezone.utc)
            for key, days in (("next_day", 1), ("next_week", 7)):
                due = dt.datetime.fromisoformat(answer["schedule"][key].replace("Z", "+00:00"))
                self.assertEqual((due.hour, due.minute, due.second), (8, 0, 0), key)
                self.assertTrue(now - DAY / 24 < due <= now + days * DAY, key)
            self.assertEqual(due.weekday(), 0)
        # Every kind and field of the list, in its order; each parameter is one of POST /api/channels.
        text = (ROOT / "src/channels/kinds.def").read_text()
        kinds = re.findall(r'^KIND\(\w+, "(\w+)"', text, re.M)
        fields = re.findall(r'^FIELD\((\w+), (\w+), (?:NULL|"([\w-]+)"), (PLAIN|SECRET), (true|false)', text, re.M)
        self.assertEqual([kind["kind"] for kind in answer["kinds"]], kinds)
        self.assertEqual([kind["kind"] for kind in answer["kinds"] if kind["local"]], ["file", "command"])
        self.assertEqual([(kind["kind"], field["parameter"], field["secret"], field["needed"]) for kind in answer["kinds"] for field in kind["fields"]],
                         [(kind, name if holds == "SECRET" else option.replace("-", "_"), holds == "SECRET", needed == "true")
                          for kind, name, option, holds, needed in fields])
        contract = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]["/api/channels"]["post"]
        taken = set(contract["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"])
        for kind in answer["kinds"]:
            self.assertTrue(kind["local"] or {field["parameter"] for field in kind["fields"]} <= taken, kind["kind"])
        with sqlite3.connect(f"{home}/till.db") as db:
            db.executemany("INSERT INTO digest_channels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [
                ("team", "telegram", '{"where":"chat 42","chat":"42"}', "file", "", 0, 1, 0, 0, 0, 1, "2026-09-01T00:00:00Z"),
                ("mine", "email", '{"where":"mail to <b>me</b>","smtp_host":"mail.example.com","to":"<b>me</b>"}', "", "second", 9, 1, 1, 1, 1, 0, "2026-09-01T00:00:00Z"),
                ("other", "pigeon", "{}", "", "", 0, 1, 0, 0, 0, 1, "2026-09-01T00:00:00Z"),
            ])
            db.execute("INSERT INTO digest_schedule VALUES (1, 0, 1005, 'Asia/Kolkata', 31, -1)")
            db.execute("INSERT INTO digest_log VALUES ('team', ?, 'day', '2026-09-20', 'uncertain', 1, 2, 1, '2026-09-21T08:00:00Z', '2026-09-21T08:00:01Z', "
                       "NULL, 'no answer')", (self.organizations["polar"],))
        with Ask(home) as ask:
            answer = ask("channels")
            # What was sent is cut at that zone's midnights: so is the page's digest, unless it asks for another.
            self.assertEqual([ask("digest", connection="polar", date="2026-09-20", **zone)["timezone"] for zone in ({}, {"timezone": "Europe/Berlin"})],
                             ["Asia/Kolkata", "Europe/Berlin"])
        mine, other, team = answer["channels"]
        self.assertEqual((mine["sections"], mine["digests"], mine["connection"], mine["with_names"], mine["ascii"], mine["enabled"], mine["deliveries"]),
                         (["money", "standouts"], "both", "second", True, True, False, []))
        self.assertEqual(mine["where"], "mail to <b>me</b>")
        self.assertEqual(set(other), {"name", "kind", "error"})
        self.assertIn("pigeon", other["error"])
        self.assertEqual((team["where"], team["digests"], team["connection"], len(team["sections"])), ("chat 42", "days", None, 6))
        delivery = team["deliveries"][0]
        self.assertEqual((delivery["state"], delivery["date"], delivery["period"], delivery["error"], delivery["next_try"]),
                         ("uncertain", "2026-09-20", "day", "no answer", None))
        self.assertEqual({key: answer["schedule"][key] for key in ("enabled", "at", "timezone", "weekdays", "weekly_on", "next_day", "next_week")},
                         {"next_day": None, "next_week": None, "enabled": False, "at": "16:45", "timezone": "Asia/Kolkata", "weekly_on": None,
                          "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"]})


class Overview(World):
    TILES = ("revenue", "orders", "monthly_recurring_revenue", "active_subscriptions", "new_subscriptions", "canceled_subscriptions", "average_order_value",
             "checkouts_conversion")

    def check_tiles(self, answer, now, before):
        self.assertEqual([tile["slug"] for tile in answer["tiles"]], list(self.TILES))
        for tile in answer["tiles"]:
            slug = tile["slug"]
            self.assertEqual(tile["value"], now["totals"].get(slug), slug)
            self.assertEqual(tile["approximate"], now["till"]["approximate"].get(slug), slug)
            self.assertEqual(tile["unavailable"], now["till"]["unavailable"].get(slug), slug)
            self.assertEqual([(p["at"], p["value"]) for p in tile["series"]], [(p["timestamp"], p[slug]) for p in now["periods"]])
            if before is None:
                self.assertEqual((tile["previous"], tile["change"]), (None, None))
                continue
            self.assertEqual(tile["previous"], before["totals"][slug], slug)
            self.assertEqual([p["previous"] for p in tile["series"]][:len(before["periods"])], [p[slug] for p in before["periods"]][:len(tile["series"])])
            want = (tile["value"] - tile["previous"]) / abs(tile["previous"]) if tile["previous"] else None
            self.assertAlmostEqual(tile["change"], want, 12) if want is not None else self.assertIsNone(tile["change"])

    def metrics(self, name, start, end, interval):
        return self.command("metrics", *self.TILES, "--name", name, "--from", start, "--to", end, "--interval", interval, "--timezone", "America/New_York")

    def test_tiles_equal_the_command_and_are_compared_with_the_time_before(self):
        for name, _, _ in SHOPS:
            for compare, before in (("previous", ("2026-07-01", "2026-07-31")), ("year", ("2025-08-01", "2025-08-31")), ("none", None)):
                answer = self.ask("overview", connection=name, from_="2026-08-01", to="2026-08-31", interval="week", timezone="America/New_York",
                                  compare=compare)
                self.assertEqual(answer["range"], {"from": "2026-08-01", "to": "2026-08-31", "timezone": "America/New_York", "interval": "week",
                                                   "is_partial": False})
                self.assertEqual(answer["previous"], {"from": before[0], "to": before[1], "until": None} if before else None)
                self.check_tiles(answer, self.metrics(name, "2026-08-01", "2026-08-31", "week"), before and self.metrics(name, *before, "week"))

    def test_leap_day_and_a_year_before(self):
        answer = self.ask("overview", connection="polar", from_="2024-02-29", to="2024-03-01", compare="year", part="tiles")
        self.assertEqual((answer["previous"]["from"], answer["previous"]["to"]), ("2023-02-28", "2023-03-01"))

    def test_a_range_that_holds_today_is_compared_up_to_the_same_time_of_day(self):
        organization = self.organizations["second"]
        moments = [row[0] for row in self.rows("SELECT created_at FROM orders WHERE organization_id = ? AND paid = 1 AND till_deleted_at IS NULL "
                                               "ORDER BY created_at", organization)]
        # A day with several orders, looked back at from seven days later at a time between them.
        days = collections.Counter(moment[:10] for moment in moments)
        day = max((d for d in days if d < moments[-1][:10]), key=lambda d: days[d])
        times = [moment for moment in moments if moment.startswith(day)]
        self.assertGreater(len(times), 1)
        cut = dt.datetime.fromisoformat(times[0].replace("Z", "+00:00")) + dt.timedelta(microseconds=1)
        now = cut + 7 * DAY
        with Ask(self.home, now_us=round(now.timestamp() * 1e6)) as ask:
            answer = ask("overview", connection="second", from_=str((now - 6 * DAY).date()), to=str(now.date()), part="tiles")
        self.assertTrue(answer["range"]["is_partial"])
        self.assertEqual(dt.datetime.fromisoformat(answer["previous"]["until"].replace("Z", "+00:00")), cut)
        tile = next(tile for tile in answer["tiles"] if tile["slug"] == "orders")
        start = str((cut - 6 * DAY).date())
        self.assertEqual(tile["previous"], sum(start <= moment[:10] and moment <= answer["previous"]["until"] for moment in moments))
        self.assertLess(tile["previous"], sum(start <= moment[:10] <= day for moment in moments))

    def test_tops_and_movements_are_those_of_the_reports(self):
        ranges = {"connection": "polar", "from_": "2026-03-01", "to": "2026-09-30"}
        moved = self.ask("movements", interval="month", **ranges)
        answer = self.ask("overview", interval="month", **ranges)
        self.assertEqual((answer["currency"], answer["rows_currency"]), ("usd", "usd"))
        self.assertGreaterEqual(set(answer["currencies"]), {part["currency"] for part in moved["currencies"]})
        for code in answer["currencies"]:
            answer = self.ask("overview", interval="month", currency=code, **ranges)
            lines = next((part["periods"] for part in moved["currencies"] if part["currency"] == code), [])
            self.assertEqual(answer["movements"], [{key: line[key] for key in ("timestamp", "start", "new", "expansion", "contraction", "churn",
                                                                              "reactivation", "end")} for line in lines])
            for key, by in (("products", "product"), ("countries", "country"), ("sources", "source")):
                groups = [g for g in self.ask("breakdown", by=by, currency=code, **ranges)["groups"] if g["orders"] or (by == "product" and g["mrr"])]
                if by != "product":  # without MRR, which of two with the same revenue comes first is their name's matter
                    groups.sort(key=lambda group: (-group["revenue"], group["key"] or ""))
                total = sum(group["revenue"] for group in groups)
                self.assertEqual([(g["key"], g["name"], g["revenue"], g["orders"]) for g in answer[key]],
                                 [(g["key"], g["name"], g["revenue"], g["orders"]) for g in groups][:8])
                if by == "product":
                    self.assertEqual([g["mrr"] for g in answer[key]], [g["mrr"] for g in groups][:8])
                for group in answer[key]:
                    self.assertAlmostEqual(group["share"], group["revenue"] / total, 12) if total > 0 else self.assertIsNone(group["share"])
        filtered = self.ask("overview", product_id=self.one("SELECT id FROM products LIMIT 1"), **ranges)
        self.assertEqual([filtered[key] for key in ("products", "countries", "sources")], [None] * 3)

    def test_latest_are_the_newest_of_each_kind(self):
        for name, organization in self.organizations.items():
            live = f"organization_id = '{organization}' AND till_deleted_at IS NULL"
            want = self.rows(f"SELECT 'order' AS kind, id, created_at AS at, net_amount AS amount FROM orders WHERE paid = 1 AND {live} "
                             f"UNION ALL SELECT 'subscription', id, started_at, amount FROM subscriptions WHERE started_at IS NOT NULL AND {live} "
                             f"UNION ALL SELECT 'canceled', id, canceled_at, amount FROM subscriptions WHERE canceled_at IS NOT NULL AND {live} "
                             f"UNION ALL SELECT 'refund', id, created_at, amount FROM refunds WHERE status = 'succeeded' AND {live} "
                             "ORDER BY at DESC, kind, id LIMIT 20")
            found = self.ask("overview", connection=name, part="latest")["latest"]
            self.assertEqual([(r["kind"], r["id"], r["at"], r["amount"]) for r in found], [tuple(row) for row in want])
            self.assertTrue(any(row["customer"]["name"] for row in found))


class Lists(World):
    def wanted(self, name, organization, order, where="", values=()):
        sql = f"SELECT id FROM {name} WHERE organization_id = ? AND till_deleted_at IS NULL{where} ORDER BY {order}"
        return [row[0] for row in self.rows(sql, organization, *values)]

    def test_pages_hold_every_row_once_and_in_order(self):
        for name, sorts in SORTS.items():
            for sort, column in sorts.items():
                for sign, direction in (("", "ASC"), ("-", "DESC")):
                    want = self.wanted(name, self.organizations["polar"], f"{column} {direction}, id {direction}", ONLY.get(sort, ""))
                    found = self.leaf(name, limit=37, connection="polar", sort=sign + sort)
                    self.assertEqual([row["id"] for row in found], want, (name, sort, sign))
            page = self.ask(f"list/{name}", connection="second", limit=1)
            self.assertEqual(page["sorts"], list(sorts) if name != "subscriptions" else ["started_at", "current_period_end", "ended_at"])
            self.assertEqual(page["total"], len(self.wanted(name, self.organizations["second"], "id")))

    def test_equal_and_missing_sort_keys(self):
        home, pick = self.copy(), random.Random(7)
        with sqlite3.connect(f"{home}/till.db") as db:
            for table, column in (("orders", "created_at"), ("subscriptions", "started_at"), ("customers", "email")):
                for (row_id,) in db.execute(f"SELECT id FROM {table}").fetchall():
                    keys = ("a@x", "A@x", "b~~@x", None, "") if column == "email" else ("2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z")
                    keys = keys + (None,) if column == "started_at" else keys
                    db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (pick.choice(keys), row_id))
        organization = self.organizations["polar"]
        with Ask(home) as ask:
            for table, column in (("orders", "created_at"), ("subscriptions", "started_at"), ("customers", "email COLLATE NOCASE")):
                for sign, direction in (("", "ASC"), ("-", "DESC")):
                    sql = f"SELECT id FROM {table} WHERE organization_id = ? AND till_deleted_at IS NULL ORDER BY {column} {direction}, id {direction}"
                    want = [row[0] for row in self.rows(sql, organization, home=home)]
                    found = self.leaf(table, limit=11, ask=ask, connection="polar", sort=sign + column.split()[0])
                    self.assertEqual([row["id"] for row in found], want, (table, sign))

    def test_rows_that_land_meanwhile_move_nothing(self):
        home = self.copy()
        with Ask(home) as ask:
            first = ask("list/orders", connection="polar", limit=10)
            rest = [row["id"] for row in self.leaf("orders", ask=ask, connection="polar", limit=50)][10:]
            with sqlite3.connect(f"{home}/till.db") as db:
                for n in range(25):
                    columns = [row[1] for row in db.execute("PRAGMA table_info(orders)")]
                    values = ", ".join({"id": f"'new-{n}'", "created_at": "'2027-01-01T00:00:00.000000Z'"}.get(c, f'"{c}"') for c in columns)
                    db.execute(f"INSERT INTO orders SELECT {values} FROM orders WHERE id = ?", (rest[n],))
            again, after = [], first["next"]
            while after:
                page = ask("list/orders", connection="polar", limit=20, after=after)
                again, after = again + [row["id"] for row in page["rows"]], page["next"]
            self.assertEqual(again, rest)

    def test_filters_are_those_of_sql(self):
        organization = self.organizations["polar"]
        values = {key: [row[0] for row in self.rows(f"SELECT {column} FROM {table} WHERE organization_id = ? AND {column} IS NOT NULL GROUP BY 1 "
                                                    "ORDER BY count(*) DESC", organization)]
                  for key, table, column in (("product_id", "orders", "product_id"), ("customer_id", "orders", "customer_id"),
                                             ("currency", "orders", "currency"),
                                             ("country", "customers", "json_extract(billing_address, '$.country')"))}
        where = {"status": "status IN ({})", "product_id": "product_id IN ({})", "customer_id": "customer_id IN ({})", "currency": "currency IN ({})",
                 "country": "customer_id IN (SELECT id FROM customers WHERE json_extract(billing_address, '$.country') IN ({}))"}
        for name, keys in (("orders", "status product_id customer_id currency country"), ("subscriptions", "status product_id customer_id currency country"),
                           ("refunds", "status customer_id currency"), ("checkouts", "status product_id customer_id currency")):
            statuses = [row[0] for row in self.rows(f"SELECT status FROM {name} WHERE organization_id = ? GROUP BY 1", organization)]
            for key in keys.split():
                options = statuses if key == "status" else values[key]
                for chosen in (options[:1], options[-1:], options[:2] if key != "currency" else options[1:2], ["absent"] if key == "status" else []):
                    if not chosen:
                        continue
                    condition = where[key].format(", ".join("?" * len(chosen)))
                    sort = "started_at" if name == "subscriptions" else "created_at"
                    want = self.wanted(name, organization, f"{sort} DESC, id DESC", f" AND {condition}", chosen)
                    self.assertEqual([row["id"] for row in self.leaf(name, connection="polar", **{key: chosen})], want, (name, key, chosen))
        want = self.wanted("customers", organization, "created_at DESC, id DESC", " AND json_extract(billing_address, '$.country') = ?",
                           values["country"][:1])
        self.assertEqual([row["id"] for row in self.leaf("customers", connection="polar", country=values["country"][0].lower())], want)
        gone = self.rows("SELECT id FROM customers WHERE organization_id = ? AND till_deleted_at IS NOT NULL", organization)
        found = self.leaf("customers", connection="polar", status="deleted")
        self.assertEqual({row["id"] for row in found}, {row["id"] for row in gone})
        self.assertTrue(found and all(row["deleted"] for row in found))
        self.assertEqual({row["is_archived"] for row in self.leaf("products", connection="polar", status="live")}, {False})

    def test_ranges_are_cut_in_the_zone(self):
        for sort in ("created_at", "-created_at"):
            found = self.leaf("orders", connection="polar", from_="2026-05-01", to="2026-06-30", timezone="Asia/Tokyo", sort=sort)
            want = self.wanted("orders", self.organizations["polar"], "created_at DESC, id DESC" if sort[0] == "-" else "created_at, id",
                               " AND created_at >= '2026-04-30T15:00' AND created_at < '2026-06-30T15:00'")
            self.assertEqual([row["id"] for row in found], want)
            self.assertTrue(want)

    def test_searches(self):
        organization = self.organizations["polar"]
        person = self.rows("SELECT c.id, c.name, c.email FROM customers AS c JOIN orders AS o ON o.customer_id = c.id WHERE c.organization_id = ? AND "
                           "c.email IS NOT NULL AND c.name GLOB '[A-Z]* [A-Z]*' AND c.till_deleted_at IS NULL AND o.till_deleted_at IS NULL LIMIT 1", organization)[0]
        like = "(email LIKE ?1 OR name LIKE ?1 OR billing_name LIKE ?1)"
        for text in (person["email"], person["email"][:5].upper(), person["name"][1:4], "%", "_", "e", "zzzzzz", "'"):
            pattern = "%" + text.replace("%", "\\%").replace("_", "\\_") + "%"
            escaped = like.replace("?1", "? ESCAPE '\\'")
            customers = [row[0] for row in self.rows(f"SELECT id FROM customers WHERE {escaped}", pattern, pattern, pattern)]
            found = [row["id"] for row in self.leaf("customers", connection="polar", search=f" {text} ")]
            self.assertEqual(found, [i for i in self.wanted("customers", organization, "created_at DESC, id DESC") if i in set(customers)], text)
            for name, sort in (("orders", "created_at"), ("subscriptions", "started_at"), ("refunds", "created_at")):
                marks = ", ".join("?" * len(customers))
                want = self.wanted(name, organization, f"{sort} DESC, id DESC", f" AND customer_id IN ({marks})", customers)
                self.assertEqual([row["id"] for row in self.leaf(name, connection="polar", search=text)], want, (name, text))
        order = self.rows("SELECT id, invoice_number FROM orders WHERE organization_id = ? AND invoice_number IS NOT NULL AND till_deleted_at IS NULL LIMIT 1",
                          organization)[0]
        for text in (order["id"], order["id"][:8].upper(), order["invoice_number"], order["invoice_number"].lower()):
            self.assertIn(order["id"], [row["id"] for row in self.ask("list/orders", connection="polar", search=text)["rows"]], text)
            self.assertNotIn(order["id"], [row["id"] for row in self.ask("list/orders", connection="second", search=text)["rows"]])
        email = self.one("SELECT customer_email FROM checkouts WHERE organization_id = ? AND customer_email IS NOT NULL LIMIT 1", organization)
        self.assertEqual([row["id"] for row in self.leaf("checkouts", connection="polar", search=email)],
                         self.wanted("checkouts", organization, "created_at DESC, id DESC", " AND (customer_email LIKE ? OR customer_name LIKE ?)",
                                     (f"%{email}%",) * 2))
        product = self.one("SELECT name FROM products WHERE organization_id = ? AND name GLOB '[A-Z]*'", organization)
        self.assertIn(product, [row["name"] for row in self.ask("list/products", connection="polar", search=product[:4].lower(), limit=200)["rows"]])

    def test_rows_say_what_the_mirror_says(self):
        for row in self.leaf("orders", connection="polar", limit=200):
            stored = self.rows("SELECT o.*, p.name AS product_name, coalesce(c.name, c.billing_name) AS person, c.email AS mail FROM orders AS o "
                               "LEFT JOIN products AS p ON p.id = o.product_id LEFT JOIN customers AS c ON c.id = o.customer_id WHERE o.id = ?", row["id"])[0]
            for key in ("created_at", "status", "billing_reason", "total_amount", "net_amount", "tax_amount", "refunded_amount", "currency", "invoice_number",
                        "subscription_id"):
                self.assertEqual(row[key], stored[key], key)
            self.assertEqual((row["paid"], row["customer"]["id"]), (bool(stored["paid"]), stored["customer_id"]))
            if stored["person"]:
                self.assertEqual(row["customer"]["name"], stored["person"])
            self.assertEqual(row["product"] and row["product"]["name"], stored["product_name"])

    def test_money_beside_customers_products_and_subscriptions(self):
        for name, organization in self.organizations.items():
            customers = self.leaf("customers", connection=name, limit=200) + self.leaf("customers", connection=name, limit=200, status="deleted")
            found = {(row["id"], part["currency"]): (part["orders"], part["net_amount"], part["refunded_amount"], row["since"], row["last_order_at"])
                     for row in customers for part in row["revenue"]}
            want = {(r["customer_id"], r["currency"]): (r["orders"], r["net_amount"], r["refunded_amount"]) for r in
                    self.rows("SELECT * FROM v_customer_revenue WHERE organization_id = ?", organization)}
            listed = {row["id"] for row in customers}
            self.assertEqual({key: value[:3] for key, value in found.items()}, {key: value for key, value in want.items() if key[0] in listed})
            people = {(row["customer_id"], row["currency"]): row["mrr"] for row in self.ask("people", connection=name, limit=10000)["customers"]}
            mrr = {(row["id"], part["currency"]): part["amount"] for row in customers for part in row["mrr"]}
            self.assertEqual(mrr, {key: value for key, value in people.items() if key[0] in listed and value})
            subscriptions = self.leaf("subscriptions", connection=name, limit=200)
            sums = collections.Counter()
            for row in subscriptions:
                sums[row["currency"]] += row["mrr"]
            products = self.leaf("products", connection=name, limit=200)
            of_products, paying = collections.Counter(), collections.Counter()
            for row in products:
                for part in row["mrr"]:
                    of_products[part["currency"]] += part["amount"]
            for (_, currency), amount in people.items():
                paying[currency] += amount
            self.assertEqual({k: v for k, v in sums.items() if v}, {k: v for k, v in paying.items() if v})
            self.assertEqual({k: v for k, v in of_products.items() if v}, {k: v for k, v in paying.items() if v})
            groups = self.ask("breakdown", connection=name, by="product", from_="2000-01-01", to="2027-01-01")["groups"]
            self.assertEqual({(row["id"], part["currency"]): (part["orders"], part["net_amount"]) for row in products for part in row["revenue"]},
                             {(g["key"], g["currency"]): (g["orders"], g["revenue"]) for g in groups if g["orders"] and g["key"]})
            live = self.ask("metrics", connection=name, slug="active_subscriptions")["totals"]["active_subscriptions"]
            self.assertEqual(sum(row["active_subscriptions"] for row in products), live)
            ranged = self.ask("breakdown", connection=name, by="product", from_="2026-06-01", to="2026-06-30")["groups"]
            self.assertEqual(sum(part["net_amount"] for row in self.leaf("products", connection=name, from_="2026-06-01", to="2026-06-30")
                                 for part in row["revenue"] if part["currency"] == "usd"),
                             sum(g["revenue"] for g in ranged if g["currency"] == "usd" and g["key"]))

    def test_one_customer_whole(self):
        organization = self.organizations["polar"]
        ids = [row[0] for row in self.rows("SELECT customer_id FROM subscriptions WHERE organization_id = ? GROUP BY 1 ORDER BY count(*) DESC LIMIT 5",
                                           organization)]
        for customer in ids:
            answer = self.ask("customer", connection="polar", id=customer.upper())
            self.assertEqual([row["id"] for row in answer["orders_list"]],
                             self.wanted("orders", organization, "created_at DESC, id DESC", " AND customer_id = ?", (customer,))[:200])
            self.assertEqual([row["id"] for row in answer["subscriptions"]],
                             self.wanted("subscriptions", organization, "started_at DESC, id DESC", " AND customer_id = ?", (customer,)))
            paid = [row for row in answer["orders_list"] if row["paid"]]
            self.assertEqual(sum(part["net_amount"] for part in answer["lifetime_value"]), sum(row["net_amount"] for row in paid))
            self.assertEqual((answer["first_order_at"], answer["last_order_at"]),
                             (min((r["created_at"] for r in paid), default=None), max((r["created_at"] for r in paid), default=None)))
            self.assertEqual(answer["orders"], len(paid))
            moments = [moment["seen_at"] for moment in answer["changes"]]
            self.assertEqual(moments, sorted(moments, reverse=True))
            for moment in answer["changes"]:
                history = self.command("history", moment["table"], moment["id"])["moments"]
                self.assertIn({key: moment[key] for key in ("seen_at", "event", "changes")}, history)
        refusal = self.ask.refused("customer", connection="polar", id="00000000-0000-4000-8000-000000000000")
        self.assertEqual((refusal.status, "no customer" in refusal.text), (400, True))

    def test_what_people_wrote_is_text(self):
        home = self.copy()
        nasty = '</script><script>alert("1")</script>\\ \u2028 \x01 \U0001f469'
        with sqlite3.connect(f"{home}/till.db") as db:
            db.execute("UPDATE customers SET name = ?", (nasty,))
            db.execute("UPDATE products SET name = CAST(x'ff41c328' AS TEXT)")
        with Ask(home) as ask:
            row = next(row for row in ask("list/orders", connection="polar")["rows"] if row["product"])
            self.assertEqual((row["customer"]["name"], row["product"]["name"]), (nasty, "\ufffdA\ufffd("))
            for path in ("list/customers", "list/products", "overview", "breakdown", "people"):
                status, text = ask.raw(f"/api/{path}", "connection=polar")
                self.assertEqual(status, 200)
                text.decode("utf-8")
                json.loads(text)


class Questions(World):
    def contract(self):
        document = json.loads((ROOT / "docs/openapi.json").read_text())
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if operation["tags"] == ["read"]:
                    yield path.removeprefix("/api/"), method.upper(), {p["name"]: p["schema"] for p in operation.get("parameters", [])}

    def test_every_address_of_the_contract_answers(self):
        needed = {"history": {"table": "orders", "id": self.one("SELECT id FROM orders LIMIT 1")},
                  "customer": {"id": self.one("SELECT customer_id FROM orders WHERE organization_id = ? LIMIT 1", self.organizations["polar"])}}
        files = [pathlib.Path(f"{self.home}/till.db"), pathlib.Path(f"{self.home}/till.db-wal")]
        before, count = [file.read_bytes() if file.exists() else b"" for file in files], 0
        for path, method, parameters in self.contract():
            more = {"connection": "polar"} if "connection" in parameters else {}
            body = "SELECT 1" if path == "query" else ""
            self.assertIsInstance(self.ask(path, method=method, body=body, **more, **needed.get(path, {})), (dict, list))
            count += 1
        self.assertGreater(count, 20)
        self.assertEqual([file.read_bytes() if file.exists() else b"" for file in files], before, "a question wrote")

    def test_every_wrong_parameter_is_named(self):
        wrong = {"date": ["2026-02-30", "yesterday", "2026-1-1", "20260101"], "enum": ["absent"], "id": ["x", "g" * 36], "letters": ["u", "usdx", "12"],
                 "count": ["0", "-1", "1.5", "x", "99999999999"], "long": ["x" * 1025]}
        for path, method, parameters in self.contract():
            more = {"connection": "polar"} if "connection" in parameters else {}
            refusal = self.ask.refused(path, method=method, body="SELECT 1", **{"absent": 1})
            self.assertEqual((refusal.status, refusal.kind), (400, "usage"))
            self.assertIn('"absent"', refusal.text)
            for name, schema in parameters.items():
                is_list = schema["type"] == "array"
                schema = schema.get("items", schema)
                kind = ("date" if schema.get("format") == "date" else "enum" if "enum" in schema else "count" if schema["type"] == "integer" else
                        "id" if schema.get("minLength") == 36 else "letters" if "pattern" in schema else "long")
                for value in wrong[kind]:
                    refusal = self.ask.refused(path, method=method, body="SELECT 1", **{**more, name: value})
                    self.assertEqual((refusal.status, refusal.kind), (400, "usage"), (path, name, value))
                    self.assertTrue(refusal.text.startswith(f"{name}: "), (path, name, refusal.text))
                if not is_list and kind != "long":
                    refusal = self.ask.refused(path, method=method, body="SELECT 1", **{**more, name: ["1", "1"] if kind == "count" else ["", ""]})
                    self.assertIn(f"{name} is given twice", refusal.text)

    def test_values_that_only_the_mirror_can_refuse(self):
        for path, name, value, hint in (("metrics", "timezone", "Mars/Olympus", "Europe/Berlin"), ("metrics", "slug", "revenu", "revenue"),
                                        ("list/orders", "sort", "net_amount", "created_at"), ("list/orders", "after", "~", "next"),
                                        ("list/orders", "after", "created_at~x~2026", "sort"), ("list/orders", "limit", "201", "200"),
                                        ("list/customers", "status", "new", "deleted"), ("list/products", "status", "x", "archived"),
                                        ("list/orders", "search", "x" * 201, ""), ("runs", "table", "x", "/api/tables"), ("runs", "limit", "1001", "1000"),
                                        ("people", "limit", "10001", "10000"), ("metrics", "from", "1800-01-01", "less"),
                                        ("metrics", "connection", "third", "polar")):
            refusal = self.ask.refused(path, **{"connection": "polar", name: value})
            self.assertEqual((refusal.status, refusal.kind), (400, "usage"), (path, name))
            self.assertIn(f"{name}: ", refusal.text)
            self.assertIn(hint, refusal.hint)
        for path in ("metrics", "overview", "movements", "list/orders"):
            self.assertIn("from: ", self.ask.refused(path, connection="polar", from_="2026-02-02", to="2026-02-01").text)
        self.assertIn("interval: ", self.ask.refused("metrics", connection="polar", from_="2024-01-01", to="2026-01-01", interval="hour").text)
        self.assertEqual(self.ask.refused("history", table="orders").text, "id is missing")
        self.assertEqual(self.ask.refused("customer", connection="polar").text, "id is missing")

    def test_text_that_is_no_parameter(self):
        for query, words in (("a=%", "%"), ("a=%zz", "%"), ("a=%4", "%"), ("a=%00", "NUL"), ("a=%ff", "UTF-8"), ("&".join("a=1" for _ in range(65)), "64"),
                             ("a=" + "x" * 65536, "bytes")):
            status, text = self.ask.raw("/api/metrics", query)
            self.assertEqual(status, 400)
            self.assertIn(words, json.loads(text)["error"]["text"])
        self.assertEqual(self.ask.raw("/api/tables", "&&connection=&")[0], 200)

    def test_several_connections_must_be_named(self):
        for path in ("metrics", "overview", "list/orders", "runs"):
            refusal = self.ask.refused(path)
            self.assertEqual(refusal.kind, "usage")
            self.assertIn("connection: ", refusal.text)
            self.assertIn("polar, second", refusal.hint)

    def test_queries_only_read_and_end(self):
        answer = self.ask("query", method="POST", body="SELECT id, 1 AS one, NULL, 1.5, x'00ff' FROM orders ORDER BY id", limit=3)
        self.assertEqual([column["name"] for column in answer["columns"]], ["id", "one", "NULL", "1.5", "x'00ff'"])
        self.assertEqual((answer["columns"][0]["type"], answer["row_count"], answer["is_cut"]), ("TEXT", 3, True))
        self.assertEqual([row[1:] for row in answer["rows"]], [[1, None, 1.5, "00ff"]] * 3)
        self.assertEqual(self.ask("query", method="POST", body="SELECT 1 WHERE 0")["rows"], [])
        self.assertLessEqual(self.ask("query", method="POST", body="SELECT * FROM orders")["row_count"], 1000)
        big = self.ask("query", method="POST", body="SELECT hex(zeroblob(500000)) FROM orders")
        self.assertEqual((big["is_cut"], big["row_count"]), (True, 8))
        for sql, kind in (("DELETE FROM orders", "usage"), ("ATTACH 'x' AS y", "usage"), ("PRAGMA journal_mode = DELETE", "usage"), ("SELECT 1; SELECT 2", "usage"),
                          ("SELECT load_extension('x')", "usage"), ("", "usage"), ("SELECT\0", "usage"), ("SELECT nothing", "usage"),
                          ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", "limit"),
                          ("CREATE TABLE x (y)", "usage"), ("VACUUM INTO 'x'", "usage"), ("SELECT readfile('/etc/passwd')", "usage")):
            with self.assertRaises(Refused, msg=sql) as caught:
                self.ask("query", method="POST", body=sql)
            self.assertEqual(caught.exception.kind, kind, sql)

    def test_addresses_of_others_are_not_answered_here(self):
        for path, method in (("state", "GET"), ("sync", "POST"), ("absent", "GET"), ("metrics", "POST")):
            self.assertEqual(self.ask.refused(path, method=method).kind, "usage")


class Beginnings(unittest.TestCase):
    def test_an_empty_mirror(self):
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        with Sim(orders=5, seed=3) as sim:
            connect_shop(home, sim)
        with Ask(home) as ask:
            for path in ("movements", "cohorts", "breakdown", "people"):
                refusal = ask.refused(path)
                self.assertEqual((refusal.status, refusal.kind), (409, "config"), path)
                self.assertIn("till sync", refusal.hint)
            for name in SORTS:
                page = ask(f"list/{name}")
                self.assertEqual((page["rows"], page["next"], page["total"]), ([], None, 0))
            self.assertEqual(ask("runs"), [])
            self.assertTrue(ask("tables")["tables"])
            answer = ask("overview", part=["movements", "top", "latest", "notes"])
            self.assertEqual([answer[key] for key in ("movements", "products", "latest")], [[], [], []])
        run_till(["disconnect", "polar"], home=home, check=True)
        with Ask(home) as ask:
            refusal = ask.refused("list/orders")
            self.assertEqual((refusal.status, refusal.text), (409, "nothing is connected"))


if __name__ == "__main__":
    unittest.main()
