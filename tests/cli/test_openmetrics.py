# SPDX-License-Identifier: Apache-2.0
"""`till status --format openmetrics`, read by a strict parser of OpenMetrics 1.0; its numbers are those of the other commands; labels cannot break out."""

import datetime
import decimal
import json
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import Sim, run_till  # noqa: E402

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
ZERO_DECIMALS = {"jpy", "krw"}


class Broken(Exception):
    pass


def unescape(text):
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), text)


def labels_of(text):
    labels, at = {}, 0
    while at < len(text):
        found = LABEL.match(text, at)
        if not found or found[1] in labels:
            raise Broken(f"labels: {text}")
        labels[found[1]] = unescape(found[2])
        at = found.end()
        if at < len(text):
            if text[at] != "," or at + 1 == len(text):
                raise Broken(f"labels: {text}")
            at += 1
    return labels


def parse(text):
    """{sample name: {sorted labels: Decimal}}; raises Broken for anything that the standard forbids."""
    if not text.endswith("# EOF\n") or text.count("# EOF") != 1:
        raise Broken("the end")
    families, samples, current = {}, {}, None
    for line in text[:-len("# EOF\n")].split("\n")[:-1]:
        described = re.fullmatch(rf"# (TYPE|UNIT|HELP) ({NAME}) (.*)", line)
        if described:
            kind, name, rest = described.groups()
            if name != current:
                if name in families:
                    raise Broken(f"{name} is interleaved")
                current = name
                families[name] = {}
            if kind in families[name] or families[name].get("samples"):
                raise Broken(f"{name}: {kind} is out of place")
            families[name][kind] = rest
            continue
        sample = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)", line)
        if not sample or current is None:
            raise Broken(f"line: {line!r}")
        name, labels, value = sample.groups()
        suffix = {"info": "_info", "counter": "_total"}.get(families[current].get("TYPE"), "")
        if name != current + suffix:
            raise Broken(f"{name} is not of {current}")
        families[current]["samples"] = True
        key = tuple(sorted(labels_of(labels or "").items()))
        if key in samples.setdefault(name, {}):
            raise Broken(f"{line} comes twice")
        samples[name][key] = decimal.Decimal(value)
    for name, family in families.items():
        if family.get("TYPE") not in ("gauge", "info", "counter") or not family.get("HELP"):
            raise Broken(f"{name} is not described")
        if "UNIT" in family and not name.endswith("_" + family["UNIT"]):
            raise Broken(f"{name} is not in {family['UNIT']}")
        if family["TYPE"] == "info" and "UNIT" in family:
            raise Broken(f"{name} has a unit")
    return samples


class TheParserIsStrict(unittest.TestCase):
    def test_what_it_refuses(self):
        head = "# TYPE a gauge\n# HELP a x\n"
        parse(head + 'a{b="\\\\\\"\\n,}"} 1\n# EOF\n')
        for text in ("a 1\n# EOF\n", head + "a 1\n", head + "a 1\n# EOF\n\n", head + "a 1\na 2\n# EOF\n", head + 'a{b="\n"} 1\n# EOF\n',
                     head + 'a{b="""} 1\n# EOF\n', head + 'a{b="c",} 1\n# EOF\n', head + "b 1\n# EOF\n", head + "a  1\n# EOF\n",
                     head + "a 1\n# TYPE b gauge\n# HELP b x\na 2\n# EOF\n", "# TYPE a counter\n# HELP a x\na 1\n# EOF\n",
                     head + "# UNIT a seconds\na 1\n# EOF\n", head + "a 1,5\n# EOF\n", "# TYPE a gauge\na 1\n# EOF\n"):
            with self.subTest(text), self.assertRaises(Broken):
                parse(text)


class OpenMetrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=2000, seed=11).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        cls.till("connect", "polar", "--api-url", cls.sim.production.url, "--token-stdin", input=cls.sim.production.tokens["events"], check=True)
        cls.till("sync", check=True)

    @classmethod
    def till(cls, *args, **options):
        return run_till(args, home=cls.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US"}, **options)

    def samples(self, *args):
        return parse(self.till("status", "--format", "openmetrics", "--timezone", "UTC", *args, check=True).stdout)

    def json(self, *args):
        return json.loads(self.till(*args, "--json", check=True).stdout)

    @staticmethod
    def by(samples, name, label):
        return {dict(key)[label]: value for key, value in samples[name].items()}

    def test_the_numbers_are_those_of_the_commands(self):
        samples = self.samples()
        tables = {row["table"]: row for row in self.json("tables")}
        self.assertEqual(self.by(samples, "till_table_rows", "table"), {name: row["rows"] for name, row in tables.items()})
        self.assertEqual(self.by(samples, "till_table_last_run_requests", "table"), {name: row["requests"] for name, row in tables.items()})
        self.assertEqual(set(samples["till_table_failures"].values()), {0})
        self.assertTrue(all(0 <= age < 600 for age in samples["till_table_success_age_seconds"].values()))
        today = self.json("metrics", "active_subscriptions", "--timezone", "UTC")
        self.assertEqual(list(samples["till_active_subscriptions"].values()), [today["periods"][-1]["active_subscriptions"]])

        def major(minor, currency):
            return decimal.Decimal(minor) if currency in ZERO_DECIMALS else decimal.Decimal(minor) / 100
        lines = {row["currency"]: row for row in self.json("today", "--timezone", "UTC")["today"]["currencies"]}
        self.assertEqual(self.by(samples, "till_today_revenue", "currency").keys(), self.by(samples, "till_mrr", "currency").keys())
        for currency, value in self.by(samples, "till_today_revenue", "currency").items():
            self.assertEqual(value, major(lines[currency]["revenue_minor"] if currency in lines else 0, currency))
        mrr = {}
        for row in self.json("breakdown", "--by", "currency")["groups"]:
            mrr[row["currency"]] = major(row["mrr"], row["currency"])
        shown = self.by(samples, "till_mrr", "currency")
        self.assertEqual({currency: value for currency, value in shown.items() if value}, {c: v for c, v in mrr.items() if v})

    def test_channels_of_digests(self):
        with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
            shutil.copytree(self.home, home, dirs_exist_ok=True)

            def samples():
                return parse(run_till(["status", "--format", "openmetrics"], home=home, check=True).stdout)
            place = pathlib.Path(folder) / "in"
            place.mkdir()
            self.assertNotIn("till_channel_enabled", samples())
            run_till(["channels", "add", "file", "--name", "mine", "--path", f"{place}/digest.txt"], home=home, check=True)
            key = (("channel", "mine"), ("kind", "file"))
            added = samples()
            self.assertEqual((added["till_channel_enabled"], added["till_channel_troubled"]), ({key: 1}, {key: 0}))
            self.assertNotIn("till_channel_last_sent_timestamp_seconds", added)
            run_till(["digest", "--send"], home=home, check=True)
            sent = samples()["till_channel_last_sent_timestamp_seconds"][key]
            self.assertLess(abs(float(sent) - time.time()), 600)
            shutil.rmtree(place)
            day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=9)
            self.assertEqual(run_till(["digest", "--send", "--date", str(day)], home=home).returncode, 3)
            failed = samples()
            self.assertEqual(failed["till_channel_troubled"], {key: 1})
            self.assertEqual(failed["till_channel_last_sent_timestamp_seconds"], {key: sent})
            run_till(["channels", "set", "mine", "--off"], home=home, check=True)
            self.assertEqual(samples()["till_channel_enabled"], {key: 0})

    def test_sources_of_web_traffic(self):
        with tempfile.TemporaryDirectory() as home:
            shutil.copytree(self.home, home, dirs_exist_ok=True)
            with sqlite3.connect(pathlib.Path(home) / "till.db") as connection:
                for name, enabled, gone in (("web", 1, None), ("off", 0, None), ("gone", 1, "2026-01-03T00:00:00.000000Z")):
                    connection.execute(
                        "INSERT INTO traffic_sources (name, service, api_url, property, property_name, account, timezone, secret_place, connected_at, disconnected_at, "
                        "is_enabled, fresh_at, failure_count) VALUES (?, 'umami', 'https://example.com', 'p', 'p', '', 'UTC', 'file', "
                        "'2026-01-01T00:00:00.000000Z', ?, ?, '2026-01-02T00:00:00.500000Z', 2)", (name, gone, enabled))
            connection.close()
            samples = parse(run_till(["status", "--format", "openmetrics"], home=home, check=True).stdout)
        key = (("service", "umami"), ("source", "web"))
        self.assertEqual(samples["till_source_failures"], {key: 2})
        self.assertEqual(samples["till_source_fresh_timestamp_seconds"], {key: decimal.Decimal("1767312000.5")})
        self.assertAlmostEqual(float(samples["till_source_age_seconds"][key]), time.time() - 1767312000.5, delta=600)

    def test_names_cannot_break_out(self):
        hostile = 'Quote"} 1\nevil_metric 5 \\ \x1b[2J é'
        with tempfile.TemporaryDirectory() as home:
            shutil.copytree(self.home, home, dirs_exist_ok=True)
            with sqlite3.connect(pathlib.Path(home) / "till.db") as connection:
                connection.execute("UPDATE till_connections SET organization_name = ?", (hostile,))
            connection.close()
            text = run_till(["status", "--format", "openmetrics"], home=home, check=True).stdout
        samples = parse(text)
        self.assertNotIn("evil_metric", samples)
        self.assertEqual(set(self.by(samples, "till_connection_connected", "organization")), {hostile.replace("\x1b", "\ufffd")})

    def test_off_disconnected_and_fresh(self):
        with tempfile.TemporaryDirectory() as home:
            samples = parse(run_till(["status", "--format", "openmetrics"], home=home, check=True).stdout)
            self.assertEqual(list(samples), ["till_build_info"])
            self.assertEqual(run_till(["status", "--format", "openmetrics", "--max-age", "1h"], home=home).returncode, 12)
            shutil.copytree(self.home, home, dirs_exist_ok=True)
            run_till(["tables", "set", "refunds", "--off"], home=home, check=True)
            samples = parse(run_till(["status", "--format", "openmetrics"], home=home, check=True).stdout)
            self.assertNotIn("till_today_refunded", samples)
            self.assertIn("till_today_revenue", samples)
            self.assertNotIn("refunds", self.by(samples, "till_table_rows", "table"))
            run_till(["disconnect", "polar"], home=home, check=True)
            samples = parse(run_till(["status", "--format", "openmetrics"], home=home, check=True).stdout)
            self.assertEqual(list(samples["till_connection_connected"].values()), [0])
            self.assertEqual(set(samples), {"till_build_info", "till_connection_connected"})

    def test_before_the_first_sync(self):
        with tempfile.TemporaryDirectory() as home:
            run_till(["connect", "polar", "--api-url", self.sim.production.url, "--token-stdin"], home=home,
                     env={"TILL_RATE": "max"}, input=self.sim.production.tokens["events"], check=True)
            samples = parse(run_till(["status", "--format", "openmetrics"], home=home, check=True).stdout)
            self.assertNotIn("till_today_revenue", samples)
            self.assertNotIn("till_table_success_age_seconds", samples)
            self.assertEqual(set(samples["till_table_rows"].values()), {0})

    def test_formats(self):
        self.assertEqual(self.json("status").keys(), json.loads(self.till("status", "--format", "json").stdout).keys())
        self.assertEqual(self.till("status", "--format", "table").stdout.splitlines()[0], "polar")
        result = self.till("status", "--format", "csv")
        self.assertEqual(result.returncode, 2)
        self.assertIn("openmetrics", result.stderr)


if __name__ == "__main__":
    unittest.main()
