# SPDX-License-Identifier: Apache-2.0
"""test_page.py - the dashboard as people meet it: in a browser, served by `till serve`, over a simulated shop.

The tests themselves are *.test.mjs beside this file (node's own runner, playwright-core, axe-core; Debian's chromium). Here are the servers that
they look at: one over a mirrored shop, one over an empty home to connect from, and the command line's answers to compare the page with. The
packages are installed beside the build ($TILL_BUILD/page-tests), so that nothing is written among the sources.
"""

import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import traffic_rows
from sim import ROOT, Sim, connect_shop, kill_till, run_till, start_till

HERE = pathlib.Path(__file__).resolve().parent
NODE_TIMEOUT_S = 900
ORDERS = 1200
RATE = {"TILL_RATE": "max"}
# What shows among the latest orders at once.
KINDS = "purchase"
DAYS = 30


def packages_folder():
    return pathlib.Path(os.environ.get("TILL_BUILD", ROOT / "build")) / "page-tests"


@contextlib.contextmanager
def served(home):
    """till serve over a home; gives {"url":…,"token":…}."""
    process = start_till(["serve", "--port", "0", "--no-watch", "--json"], home, env=RATE)
    try:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"till serve did not start: {kill_till(process)[1].decode()}")
        yield json.loads(line)
    finally:
        kill_till(process)


def write_expected(folder, home):
    """What the command line says, one file for each question."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    first = (today - datetime.timedelta(days=DAYS - 1)).isoformat()
    spring = today.replace(day=1).replace(year=today.year - 1).isoformat()
    span = ["--from", first, "--to", today.isoformat(), "--timezone", "UTC"]
    questions = {
        "metrics": ["metrics", *span, "--interval", "day"],
        "movements": ["movements", "--from", spring, "--to", today.isoformat(), "--timezone", "UTC", "--interval", "month"],
        "customers": ["customers"],
        "at_risk": ["customers", "--at-risk"],
        "tables": ["tables"],
        "digest_day": ["digest", "--timezone", "UTC"],
        "digest_week": ["digest", "--timezone", "UTC", "--weekly"],
        "traffic": ["traffic", *span, "--interval", "day"],
        "searches": ["traffic", "--searches", *span, "--interval", "day"],
        "by_source": ["breakdown", "--by", "source", *span],
        "by_landing_page": ["breakdown", "--by", "landing-page", *span],
        "by_country": ["breakdown", "--by", "country", *span],
    }
    answers = {name: json.loads(run_till([*question, "--json"], home=home, check=True).stdout) for name, question in questions.items()}
    count = run_till(["query", "SELECT count(*) FROM orders WHERE till_deleted_at IS NULL", "--format", "csv"], home=home, check=True)
    answers["counts"] = {"orders": int(count.stdout.split()[-1])}
    answers["range"] = {"from": first, "to": today.isoformat()}
    answers["year"] = {"from": spring, "to": today.isoformat()}
    for name, answer in answers.items():
        (folder / f"{name}.json").write_text(json.dumps(answer))


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("node") is None or not (packages_folder() / "node_modules").is_dir():
            raise AssertionError("the browser's driver is not installed: ./dev test installs it (without a network: ./dev test -LE sdk)")
        for file in HERE.glob("*.mjs"):
            shutil.copy(file, packages_folder())
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        folder = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory(prefix="till-page-")))
        sim = cls.stack.enter_context(Sim(orders=ORDERS, seed=5))
        home, fresh, expected = folder / "home", folder / "fresh", folder / "expected"
        for one in (home, fresh, expected):
            one.mkdir(mode=0o700)
        connect_shop(home, sim, scopes="events")
        run_till(["sync"], home=home, env=RATE, check=True)
        traffic_rows.make_world(home, datetime.datetime.now(datetime.timezone.utc).date())
        write_expected(expected, home)
        shop = cls.stack.enter_context(served(home))
        empty = cls.stack.enter_context(served(fresh))
        cls.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PAGE_URL": shop["url"],
            "PAGE_TOKEN": shop["token"],
            "FRESH_URL": empty["url"],
            "FRESH_TOKEN": empty["token"],
            "SIM_URL": sim.production.url,
            "SIM_TOKEN": sim.token("events"),
            "SIM_CONTROL": sim.control_url,
            "SIM_KEY": sim.control_key,
            "SIM_KINDS": KINDS,
            "PLAUSIBLE_URL": sim.plausible["url"],
            "PLAUSIBLE_KEY": sim.plausible["key"],
            "PLAUSIBLE_SITE": sim.plausible["site_id"],
            "EXPECTED": str(expected),
        }

    def run_node(self, name):
        result = subprocess.run(
            ["node", "--test", f"{name}.test.mjs"],
            cwd=packages_folder(),
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=NODE_TIMEOUT_S,
        )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    # In this order: the last one changes the shop.
    def test_1_who_may_look(self):
        self.run_node("session")

    def test_2_every_page_in_both_themes_and_three_widths(self):
        self.run_node("pages")

    def test_3_numbers_are_those_of_the_command_line(self):
        self.run_node("numbers")

    def test_3_traffic_is_that_of_the_command_line(self):
        self.run_node("traffic")

    def test_3_the_digest_is_that_of_the_command_line_and_goes_where_it_is_told_to(self):
        self.run_node("digest")

    def test_4_without_a_mouse(self):
        self.run_node("keyboard")

    def test_5_what_it_does(self):
        self.run_node("acts")


class Sources(unittest.TestCase):
    """What the page and the program must have alike, read from both."""

    def test_the_page_and_the_program_agree_on_currencies_without_decimals(self):
        ours = re.search(r'zero_decimal\[\] = "([a-z]+)"', (ROOT / "src/base/money.c").read_text()).group(1)
        theirs = re.search(r'ZERO_DECIMAL = new Set\("([a-z ]+)"', (ROOT / "web/src/format.ts").read_text()).group(1)
        self.assertEqual(sorted(re.findall("...", ours)), sorted(theirs.split()))

    def test_the_page_and_the_program_agree_on_usual_intervals(self):
        ours = re.findall(r"\[METRICS_([A-Z]+)\] = (\d+)", re.search(r"up_to_days\[\] = \{([^}]+)\}", (ROOT / "src/metrics/calendar.c").read_text()).group(1))
        theirs = re.findall(r'days <= (\d+) \? "([a-z]+)"', (ROOT / "web/src/report.ts").read_text())
        self.assertEqual([(int(days), name.lower()) for name, days in ours], [(int(days), name) for days, name in theirs])
        self.assertEqual(len(ours), 4)

    def test_nothing_of_the_page_comes_from_elsewhere(self):
        for lock in (ROOT / "web/package-lock.json", HERE / "package-lock.json"):
            self.assertNotIn("resolved", lock.read_text(), lock)
        for file in (ROOT / "web").rglob("*"):
            if file.suffix in {".ts", ".tsx", ".css", ".html"} and "node_modules" not in file.parts:
                text = file.read_text()
                for found in re.findall(r"(?:src|href|import|url)\s*[=(]\s*[\"']?(https?://[^\"')\s]+)", text):
                    self.fail(f"{file}: {found}")
                self.assertNotIn("dangerouslySetInnerHTML", text, file)
                self.assertNotIn("innerHTML", text, file)


if __name__ == "__main__":
    unittest.main()
