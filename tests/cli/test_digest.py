# SPDX-License-Identifier: Apache-2.0
"""The digest: word for word over small worlds (UPDATE_GOLDEN=1 writes golden/digest_*.txt anew), and number for number beside the commands that show the same.

The worlds are in tests/lib/digest_worlds.py.
"""

import collections
import datetime
import html.parser
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import traffic_rows  # noqa: E402
from digest_worlds import WORLDS, Shop, build, days, empty_home, moment  # noqa: E402
from sim import Sim, run_till  # noqa: E402

MAIL_BYTES = 102 * 1024  # beyond it a mail is cut off
COUNTS = {
    "orders": "orders",
    "active_subscriptions": "active_subscriptions",
    "new_subscriptions": "new_subscriptions",
    "lost_subscriptions": "churned_subscriptions",
    "cancellations": "canceled_subscriptions",
}


class Digest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        with Sim(orders=0, seed=3) as sim:
            cls.empty = empty_home(sim, cls.folder)

    def shop(self, name):
        home = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / name
        return Shop(self.empty, home)

    def till(self, shop, *args, check=True):
        return run_till(list(args), home=shop.home, env={"TILL_LOCALE": "en_US", "TZ": "UTC"}, check=check)

    def digest(self, shop, *args):
        return json.loads(self.till(shop, "digest", *args, "--json").stdout)

    # ---- word for word ----

    def golden(self, name):
        shop = self.shop(name)
        text = ""
        for args in build(shop, name):
            zone = [] if "--timezone" in args else ["--timezone", "UTC"]
            result = self.till(shop, "digest", *args, *zone, check=False)
            text += f"$ till digest {' '.join(args)}\n[{result.returncode}]\n{result.stdout}{result.stderr}\n"
        text = text.replace("\x1b", "<ESC>")
        path = HERE / "golden" / f"digest_{name}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text)
        self.assertEqual(text, path.read_text())

    def test_the_page_has_every_line(self):
        """docs/digest.md, from src/digest/lines.def."""
        root = HERE.parents[1]
        found = re.findall(r'^LINE\((\w+), "([^"]+)", (\w+), (\w+), \w+, \w+, "([^"]+)"\)', (root / "src/digest/lines.def").read_text(), re.M)
        self.assertEqual(len(found), len(re.findall("^LINE", (root / "src/digest/lines.def").read_text(), re.M)))
        rows = ["| line | slug | what it is |", "|---|---|---|"]
        rows += [f"| {label} | `{slug}` | {kind.lower()}, {unit.lower()}: {meaning} |" for slug, label, kind, unit, meaning in found]
        page = root / "docs/digest.md"
        text = page.read_text()
        new = re.sub(r"(<!-- lines -->\n).*(<!-- end: lines -->)", lambda place: place[1] + "\n".join(rows) + "\n" + place[2], text, flags=re.S)
        if os.environ.get("UPDATE_GOLDEN"):
            page.write_text(new)
        self.assertEqual(new, page.read_text())

    # ---- number for number ----

    def check_window(self, shop, digest, window, zone):
        """Every number of a time, and of the time before, beside the commands that show it."""
        at = digest["windows"][window]
        lines = collections.defaultdict(dict)
        for line in digest["lines"]:
            lines[line["slug"]][line["currency"]] = line
        for key, first, last in (("value", "from", "to"), ("before", "before_from", "before_to")):
            span = ["--from", at[first], "--to", at[last], "--timezone", zone]
            metrics = json.loads(self.till(shop, "metrics", *COUNTS.values(), "checkouts", "succeeded_checkouts", "revenue", "average_order_value",
                                           "traffic.revenue", "traffic.orders", "traffic.visitors", "traffic.conversion", *span, "--json").stdout)
            totals, visits = metrics["totals"], metrics["traffic"]["totals"]
            for slug, metric in COUNTS.items():
                number = lines[slug][None][window][key]
                self.assertEqual(number or 0, totals[metric], (slug, window, key))
            for currency, line in lines["revenue"].items():
                self.assertEqual(line[window][key] or 0, visits["revenue"].get(currency, 0), (currency, window, key))
            if set(lines["revenue"]) == {"usd"}:
                self.assertEqual(lines["revenue"]["usd"][window][key] or 0, totals["revenue"])
                if totals["orders"]:
                    self.assertAlmostEqual(lines["average_order_value"]["usd"][window][key], totals["average_order_value"], delta=1)
            if "checkout_conversion" in lines and totals["checkouts"]:
                self.assertAlmostEqual(lines["checkout_conversion"][None][window][key], totals["succeeded_checkouts"] / totals["checkouts"])
            if "visitors" in lines and lines["visitors"][None]["date"] == digest["date"] and lines["visitors"][None][window][key] is not None:
                self.assertEqual(lines["visitors"][None][window][key], visits["visitors"])
                self.assertAlmostEqual(lines["conversion"][None][window][key], visits["conversion"])
            self.check_own_dates(shop, lines, zone)
            movements = json.loads(self.till(shop, "movements", *span, "--interval", "day", "--json").stdout)
            ends = {part["currency"]: part["periods"][-1]["end"] for part in movements["currencies"]}
            for currency, line in lines["mrr"].items():
                self.assertEqual(line[window][key] or 0, ends.get(currency, 0), (currency, window, key))
            self.check_refunds(shop, lines, window, key, at[first], at[last], zone)

    def check_own_dates(self, shop, lines, zone):
        for slug in ("visitors", "search_clicks"):
            if slug in lines:
                line = lines[slug][None]
                day = ["--from", line["date"], "--to", line["date"], "--timezone", zone, "--json"]
                totals = json.loads(self.till(shop, "metrics", f"traffic.{slug}", *day).stdout)["traffic"]["totals"]
                self.assertEqual(line["day"]["value"], totals[slug])

    def check_refunds(self, shop, lines, window, key, first, last, zone):
        if "refunds" not in lines or zone != "UTC":
            return
        with traffic_rows.opened(shop.home) as db:
            rows = db.execute("SELECT currency, count(*), sum(amount) FROM refunds WHERE status = 'succeeded' AND substr(created_at, 1, 10) BETWEEN ? AND ? GROUP BY 1",
                              (first, last)).fetchall()
        self.assertEqual(lines["refunds"][None][window][key] or 0, sum(row[1] for row in rows))
        for currency, line in lines["refunded"].items():
            self.assertEqual(line[window][key] or 0, sum(row[2] for row in rows if row[0] == currency))

    def check_numbers(self, name):
        shop = self.shop(name)
        for args in build(shop, name):
            zone = args[args.index("--timezone") + 1] if "--timezone" in args else "UTC"
            digest = self.digest(shop, "--date", args[1], *[word for word in args if word == "--weekly"], "--timezone", zone)
            for window in ("day", "week", "month"):
                self.check_window(shop, digest, window, zone)

    # ---- the mail ----

    def check_mail(self, text):
        self.assertLess(len(text.encode()), MAIL_BYTES)
        root = xml.etree.ElementTree.fromstring(text)
        for element in root.iter():
            tag = element.tag.split("}")[-1]
            self.assertNotIn(tag, ("script", "img", "link", "iframe", "object", "form", "svg", "a"))
            for name, value in element.attrib.items():
                self.assertFalse(name.startswith("on"), name)
                self.assertNotIn("url(", value)
                self.assertNotIn(name, ("src", "href"))
        return " ".join(root.itertext())

    def test_mail_of_very_many_currencies_is_not_cut_off(self):
        shop = self.shop("many")
        names = ["usd", "eur", "gbp", "jpy", "krw", "chf", "sek", "nok", "dkk", "pln", "czk", "huf", "ron", "cad", "aud", "nzd", "sgd", "hkd", "inr", "brl", "mxn", "thb", "ils", "try"]
        products = [shop.product(f"A product with a long name for the {currency} countries " + "x" * 300) for currency in names]
        for day in days("2024-09-20", 33):
            for currency, product in zip(names, products):
                shop.order(moment(day), 123400 + day.toordinal() % 1000, currency, product=product, source="s" * 200)
        for currency in names:
            shop.subscription(moment("2024-05-01"), 9900, currency)
            shop.refund(moment("2024-10-22"), 100, currency)
        shop.write()
        text = self.till(shop, "digest", "--date", "2024-10-22", "--timezone", "UTC", "--format", "html").stdout
        shown = self.check_mail(text)
        self.assertIn("Not all currencies fit into a mail", shown)
        whole = self.till(shop, "digest", "--date", "2024-10-22", "--timezone", "UTC").stdout
        for line in ("Revenue TRY", "MRR TRY", "Revenue $", "Refunded CHF"):
            self.assertIn(line, whole)

    def test_mails_are_sound(self):
        for name in ("growth", "traffic", "hostile_names", "stale_source", "never_sold"):
            with self.subTest(name):
                shop = self.shop(name)
                args = build(shop, name)[0]
                shown = self.check_mail(self.till(shop, "digest", *args[:2], "--timezone", "UTC", "--format", "html").stdout)
                self.assertIn("Daily digest of Example Shop, Tuesday 2024-10-22", shown)

    # ---- what may not come through ----

    def test_names_cannot_break_out(self):
        shop = self.shop("hostile_names")
        build(shop, "hostile_names")
        ask = ["digest", "--date", "2024-10-22", "--timezone", "UTC"]
        for extra in ([], ["--ascii"], ["--weekly"], ["--format", "markdown"], ["--format", "html"]):
            text = self.till(shop, *ask, *extra).stdout
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\u202e", text)
            self.assertNotIn("\n# heading", text)
        markdown = self.till(shop, *ask, "--format", "markdown").stdout
        self.assertNotIn("<script>", markdown.replace("\\<", ""))
        self.assertNotIn("](https", markdown)
        self.assertNotIn("**b**", markdown)
        mail = self.till(shop, *ask, "--format", "html").stdout
        parsed = html.parser.HTMLParser()
        tags = []
        parsed.handle_starttag = lambda tag, attrs: tags.append(tag)
        parsed.feed(mail)
        self.assertFalse({"script", "img", "b"} & set(tags))
        digest = self.digest(shop, "--date", "2024-10-22", "--timezone", "UTC")
        self.assertTrue(digest["products"][0]["name"].startswith("<script>alert(1)</script> [x]"))

    def test_ascii_is_ascii(self):
        for name in ("currencies", "hostile_names", "traffic"):
            shop = self.shop(name)
            build(shop, name)
            for locale in ("en_US", "de_DE", "ja_JP", "ar_EG"):
                text = run_till(["digest", "--date", "2024-10-22", "--ascii"], home=shop.home, env={"TILL_LOCALE": locale}, check=True).stdout
                self.assertTrue(text.isascii(), text)

    # ---- the command ----

    def test_the_grammar(self):
        """As the first lines of a notification are read."""
        shop = self.shop("growth")
        build(shop, "growth")
        lines = self.till(shop, "digest", "--date", "2024-10-22").stdout.splitlines()
        for line, name in zip(lines, ("MRR", "Orders", "Revenue")):
            self.assertRegex(line, rf"^{name} \$?[0-9,]+ (▲|▼) [0-9,]+%? WoW$")

    def test_what_it_refuses(self):
        shop = self.shop("refuses")
        today = datetime.date.today() + datetime.timedelta(days=1)
        for args, status, words in (
            (["--date", "yesterday"], 2, "is not a date"),
            (["--date", today.isoformat()], 2, "is not over"),
            (["--format", "csv"], 2, "forms: text, markdown, html, json"),
            (["--traffic-source", "nobody"], 2, "no source of traffic"),
            (["--timezone", "Mars/Base"], 3, "Mars/Base"),
            (["--name", "nobody"], 3, "nobody"),
            (["today"], 2, "till digest"),
        ):
            with self.subTest(args):
                result = self.till(shop, "digest", *args, check=False)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertEqual(result.stdout, "")
                self.assertIn(words, result.stderr)

    def test_by_default_it_is_about_yesterday(self):
        shop = self.shop("yesterday")
        before = datetime.datetime.now(datetime.timezone.utc).date()
        digest = self.digest(shop, "--timezone", "UTC")
        after = datetime.datetime.now(datetime.timezone.utc).date()
        self.assertIn(datetime.date.fromisoformat(digest["date"]) + datetime.timedelta(days=1), (before, after))
        # Nothing was read for years: that is no quiet day.
        self.assertTrue(digest["partial"] and not digest["quiet"] and digest["data"][0]["stale"])

    def test_several_organizations(self):
        home = tempfile.mkdtemp(dir=self.folder)
        options = {"home": home, "env": {"TILL_RATE": "max", "TILL_LOCALE": "en_US"}}
        with Sim(orders=40, seed=5) as first, Sim(orders=30, seed=9) as second:
            for name, sim in (("polar", first), ("shop2", second)):
                run_till(["connect", "polar", "--name", name, "--api-url", sim.production.url, "--token-stdin"], input=sim.production.tokens["events"], check=True, **options)
            run_till(["sync"], check=True, **options)
        both = json.loads(run_till(["digest", "--json"], check=True, **options).stdout)["organizations"]
        self.assertEqual([one["name"] for one in both], ["polar", "shop2"])
        one = json.loads(run_till(["digest", "--json", "--name", "shop2"], check=True, **options).stdout)
        self.assertEqual(one, both[1])
        text = run_till(["digest"], check=True, **options).stdout
        self.assertEqual(len(re.findall("^Daily digest of ", text, re.M)), 2)
        self.assertEqual(run_till(["digest", "--format", "html"], **options).returncode, 2)

    def test_a_whole_shop_number_for_number(self):
        """A shop with everything that the simulator knows, events included; and who is at risk, who is known as of now alone."""
        home = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        options = {"home": home, "env": {"TILL_RATE": "max"}}
        with Sim(orders=1500, seed=11, years=1) as sim:
            run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], input=sim.production.tokens["events"], check=True, **options)
            run_till(["sync"], check=True, **options)
        shop = collections.namedtuple("Home", "home")(home)
        digest = self.digest(shop, "--timezone", "UTC")
        for window in ("day", "week", "month"):
            self.check_window(shop, digest, window, "UTC")
        risk = [line for line in digest["lines"] if line["slug"] == "customers_at_risk"]
        people = self.till(shop, "customers", "--at-risk", "--json", "--timezone", "UTC").stdout
        self.assertEqual(risk[0]["day"]["value"], json.loads(people)["total"])


def _add(name):
    setattr(Digest, f"test_words_{name}", lambda self: self.golden(name))
    setattr(Digest, f"test_numbers_{name}", lambda self: self.check_numbers(name))


for _name in WORLDS:
    _add(_name)

if __name__ == "__main__":
    unittest.main()
