# SPDX-License-Identifier: Apache-2.0
"""What the reports on growth print, word for word, over a shop that stands still. UPDATE_GOLDEN=1 writes golden/growth.txt anew."""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from sim import Sim, run_till  # noqa: E402
from test_golden import normalise  # noqa: E402

RANGE = ["--from", "2025-09-01", "--to", "2026-05-31", "--timezone", "UTC"]
COMMANDS = [
    ["movements", *RANGE, "--format", "table"], ["movements", *RANGE, "--interval", "year", "--in", "EUR", "--format", "table"],
    ["breakdown", *RANGE, "--by", "billing_reason", "--in", "usd", "--format", "table"], ["breakdown", *RANGE, "--by", "billing_reason", "--in", "nok", "--format", "json"],
    ["breakdown", "--in", "dollars"], ["movements", *RANGE, "--interval", "year", "--format", "csv"],
    ["cohorts", *RANGE, "--format", "table"], ["cohorts", *RANGE, "--of", "money", "--format", "table"], ["cohorts", *RANGE, "--interval", "year", "--format", "jsonl"],
    ["breakdown", *RANGE, "--by", "billing_reason", "--format", "table"], ["breakdown", *RANGE, "--by", "billing_reason", "--format", "csv"],
    ["breakdown", "--by", "weather"], ["cohorts", "--of", "dogs"], ["customers", "--new", "--at-risk"],
    ["customers", *RANGE, "--new", "--limit", "3", "--format", "table"], ["movements", "--from", "2026-05-01", "--to", "2026-04-01"],
    ["movements", "--interval", "hour", "--from", "2020-01-01", "--to", "2026-01-01"], ["movements", "mrr"],
]


EACH = [
    ["movements", *RANGE, "--interval", "year", "--format", "table"], ["movements", *RANGE, "--interval", "year", "--format", "csv"],
    ["breakdown", *RANGE, "--by", "billing_reason", "--format", "jsonl"], ["breakdown", *RANGE, "--by", "billing_reason", "--name", "shop2", "--format", "csv"],
    ["metrics", "orders", "seats_total", *RANGE, "--interval", "year", "--format", "csv"], ["metrics", "orders", *RANGE, "--interval", "year", "--format", "json"],
    ["customers", *RANGE, "--new", "--limit", "1", "--format", "csv"], ["cohorts", *RANGE, "--interval", "year", "--format", "csv"],
    ["verify", *RANGE], ["movements", "--name", "shop3"],
]


class GoldenGrowth(unittest.TestCase):
    maxDiff = None

    def check(self, name, text):
        path = HERE / "golden" / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text)
        self.assertEqual(text, path.read_text())

    def told(self, commands, options):
        text = ""
        for args in commands:
            result = run_till(args, **options)
            text += f"$ till {json.dumps(args)[1:-1]}\n[{result.returncode}]\n"
            text += normalise(result.stdout, options["home"]) + normalise(result.stderr, options["home"]).replace("till:", "(stderr) till:") + "\n"
        return text

    def test_each_of_several_organizations(self):
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        options = {"home": home, "env": {"TILL_RATE": "max", "TILL_LOCALE": "en_US"}}
        now = "2026-06-15T12:00:00Z"
        with Sim(orders=60, seed=5, now=now) as first, Sim(orders=40, seed=9, now=now) as second:
            for name, sim in (("polar", first), ("shop2", second)):
                run_till(["connect", "polar", "--name", name, "--api-url", sim.production.url, "--token-stdin"], input=sim.production.tokens["events"], check=True,
                         **options)
            run_till(["sync"], check=True, **options)
            self.check("growth_organizations.txt", self.told(EACH, options))

    def test_reports(self):
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        options = {"home": home, "env": {"TILL_RATE": "max", "TILL_LOCALE": "en_US"}}
        # The range is over, so nothing depends on when the test runs; MRR as of now would, and by billing reason there is none.
        with Sim(orders=300, seed=5, now="2026-06-15T12:00:00Z") as sim:
            run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], input=sim.production.tokens["events"], check=True, **options)
            run_till(["sync"], check=True, **options)
            self.check("growth.txt", self.told(COMMANDS, options))


if __name__ == "__main__":
    unittest.main()
