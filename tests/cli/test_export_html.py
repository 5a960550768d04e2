# SPDX-License-Identifier: Apache-2.0
"""`till export html`: well-formed, self-contained and without script whatever names there are; masked unless asked; its numbers are those of the other
commands."""

import html
import json
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import Sim, run_till  # noqa: E402

RANGE = ["--from", "2026-05-01", "--to", "2026-05-31", "--timezone", "UTC"]
ELEMENTS = {"html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "p", "span", "b", "i", "bdi", "ul", "ol", "li", "div", "section",
            "svg", "path", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "footer"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "style", "title", "scope", "viewBox", "preserveAspectRatio", "role", "aria-label",
              "aria-hidden", "d"}
HOSTILE = '</bdi></td><script>alert(1)</script><img src="https://evil.example/x" onerror="alert(1)"/>" style="x:url(//evil.example)\' &copy; \x1b \u202e'


class ExportHtml(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=600, seed=5, now="2026-06-15T12:00:00Z").start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        cls.till("connect", "polar", "--api-url", cls.sim.production.url, "--token-stdin", input=cls.sim.production.tokens["events"], check=True)
        cls.till("sync", check=True)

    @classmethod
    def till(cls, *args, home=None, **options):
        return run_till(args, home=home or cls.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US"}, **options)

    def page(self, *args, home=None):
        """The text and its tree, after everything that holds for every page."""
        text = self.till("export", "html", *args, home=home, check=True).stdout
        self.assertTrue(text.startswith("<!DOCTYPE html>\n<html lang=\"en\">"))
        tree = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
        for element in tree.iter():
            self.assertIn(element.tag, ELEMENTS)
            self.assertLessEqual(set(element.attrib), ATTRIBUTES, element.tag)
            if element.tag != "style" and "style" in element.attrib:
                self.assertRegex(element.attrib["style"], r"^(top|left|width):\d+(\.\d)?%$")
        policy = tree.find("head/meta[@http-equiv='Content-Security-Policy']").attrib["content"]
        self.assertEqual(policy, "default-src 'none'; style-src 'unsafe-inline'")
        self.assertNotRegex(tree.find("head/style").text, r"url\(|@import|//|expression")
        return text, tree

    @staticmethod
    def words(element):
        return " ".join("".join(element.itertext()).split())

    def copy(self, sql, parameters=()):
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        connection = sqlite3.connect(pathlib.Path(home) / "till.db")
        with connection:
            for statement in sql:
                connection.execute(statement, parameters)
        connection.close()
        return home

    def tiles(self, tree):
        tiles = {}
        for tile in tree.iter("li"):
            if tile.attrib.get("class") == "tile":
                tiles[self.words(tile.find("h2")).replace(" ≈", "")] = self.words(tile.find("p[1]"))
        return tiles

    def test_the_numbers_are_those_of_the_commands(self):
        _, tree = self.page(*RANGE)
        slugs = {"Revenue": "revenue", "Orders": "orders", "Monthly Recurring Revenue": "monthly_recurring_revenue",
                 "Active Subscriptions": "active_subscriptions", "New Subscriptions": "new_subscriptions",
                 "Canceled Subscriptions": "canceled_subscriptions"}
        totals = json.loads(self.till("metrics", *slugs.values(), *RANGE, "--json", check=True).stdout)["totals"]
        tiles = self.tiles(tree)
        for title, slug in slugs.items():
            money = "revenue" in slug
            self.assertEqual(tiles[title], f"${totals[slug] / 100:,.2f}" if money else f"{totals[slug]:,}", title)
        # The table under the chart has each day, and they add up.
        section = next(part for part in tree.iter("section") if self.words(part.find("header/h2")) == "Revenue")
        days = [self.words(row.find("td[1]")) for row in section.find("details/table/tbody")]
        self.assertEqual(len(days), 31)
        self.assertEqual(sum(round(float(day.replace("$", "").replace(",", "")) * 100) for day in days), totals["revenue"])
        self.assertEqual(len([path for path in section.iter("path") if path.attrib["class"].startswith("bar")]), sum(day != "$0.00" for day in days))
        ledger = next(table for table in tree.iter("table") if table.attrib.get("class") == "ledger")
        amounts = [round(float(re.sub(r"[^0-9.−]", "", self.words(row.find("td"))).replace("−", "-")) * 100) for row in ledger.find("tbody")]
        self.assertEqual(sum(amounts[:-1]), amounts[-1])

    def people(self):
        connection = sqlite3.connect(pathlib.Path(self.home) / "till.db")
        rows = connection.execute("SELECT name, email FROM customers").fetchall()
        connection.close()
        return {word for row in rows for word in row if word and len(word) > 4}

    def test_customers_are_masked_unless_asked(self):
        text, tree = self.page()
        shown = html.unescape(text)
        self.assertEqual([word for word in self.people() if word in shown], [])
        self.assertIn("masked", shown)
        latest = next(table for table in tree.iter("table") if table.attrib.get("class") == "latest")
        self.assertGreater(len(latest.find("tbody")), 5)
        for row in latest.find("tbody"):
            self.assertRegex(self.words(row.find("td[3]")), r"^((.|\ufffd)\. ··· )?(.?···@.?···)?$")
        self.assertIsNone(re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text), "an id")
        text, _ = self.page("--with-names")
        shown = html.unescape(text)
        self.assertTrue([word for word in self.people() if word in shown])

    def test_names_stay_text(self):
        home = self.copy(["UPDATE customers SET name = ?1, email = ?1, billing_name = ?1", "UPDATE products SET name = ?1",
                          "UPDATE till_connections SET organization_name = ?1"], (HOSTILE,))
        self.till("annotate", "2026-06-10", "</li><script>alert(1)</script>", home=home, check=True)
        text, tree = self.page("--with-names", home=home)
        self.assertNotIn("<script", text)
        self.assertNotIn("\u202e", text)
        shown = HOSTILE.replace("\x1b", "\ufffd").replace("\u202e", "\ufffd")
        self.assertEqual(tree.find("body/main/header/h1/bdi").text, shown)
        latest = next(table for table in tree.iter("table") if table.attrib.get("class") == "latest")
        self.assertIn(shown, [cell.text for cell in latest.iter("bdi")])
        self.page(home=home)

    def test_marks_goals_and_intervals(self):
        home = self.copy([])
        for args in (["annotate", "2026-05-03", "launched v2"], ["annotate", "2026-04-30", "before the range"], ["annotate", "2026-05-04", "next day"],
                     ["goal", "monthly_recurring_revenue", "123456"], ["goal", "revenue", "99000"],
                     ["goal", "revenue", "77000", "--currency", "eur"], ["goal", "monthly_recurring_revenue", "900000", "--currency", "jpy", "--until", "2026-01-31"]):
            self.till(*args, home=home, check=True)
        text, tree = self.page(*RANGE, home=home)
        self.assertIn("launched v2", text)
        self.assertNotIn("before the range", text)
        self.assertIn("goal $123,456.00", self.words(tree))
        self.assertNotIn("goal $99,000.00", self.words(tree))
        self.assertIn("goal \u20ac77,000.00 a month, not drawn: the chart is in US dollars", self.words(tree))
        self.assertNotIn("900,000", self.words(tree))  # it is over
        self.assertEqual([self.words(mark) for mark in tree.iter("span") if mark.attrib.get("class") == "mark"][0], "1–2")
        for interval, lines in (("week", 5), ("month", 1), ("day", 31)):
            _, tree = self.page(*RANGE, "--interval", interval, home=home)
            section = next(part for part in tree.iter("section") if self.words(part.find("header/h2")) == "Revenue")
            self.assertEqual(len(section.find("details/table/tbody")), lines, interval)
            self.assertEqual("goal $99,000.00" in self.words(section), interval == "month")

    def test_nothing_and_everything(self):
        home = self.copy([f"DELETE FROM {table}" for table in ("orders", "subscriptions", "refunds", "checkouts", "events", "customers")])
        text, _ = self.page(home=home)
        self.assertIn("Nothing has happened yet.", text)
        for args in (["--from", "2026-06-15", "--to", "2026-06-15"], ["--from", "2020-01-01"], ["--from", "2030-01-01", "--to", "2030-01-31"]):
            self.page(*args)
        home = self.copy(["UPDATE orders SET net_amount = 9000000000000000 WHERE net_amount > 0"])
        self.page(home=home)

    def test_what_is_refused(self):
        for args, words in ((["html", "--format", "csv"], "--format is for tables"), (["orders", "--with-names"], "--with-names is for"),
                            (["orders", "--from", "2026-01-01"], "--from is for"), (["html", "--from", "soon"], "not a date"), (["html", "x"], "more after")):
            result = self.till("export", *args)
            self.assertEqual((result.returncode, result.stdout), (2, ""), args)
            self.assertIn(words, result.stderr)
        with tempfile.TemporaryDirectory() as home:
            result = self.till("export", "html", home=home)
            self.assertEqual(result.returncode, 3)
            self.assertIn("till connect polar", result.stderr)


if __name__ == "__main__":
    unittest.main()
