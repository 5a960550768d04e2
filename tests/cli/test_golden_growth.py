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
    ["movements", *RANGE, "--format", "table"], ["movements", *RANGE, "--interval", "year", "--format", "csv"],
    ["cohorts", *RANGE, "--format", "table"], ["cohorts", *RANGE, "--of", "money", "--format", "table"], ["cohorts", *RANGE, "--interval", "year", "--format", "jsonl"],
    ["breakdown", *RANGE, "--by", "billing_reason", "--format", "table"], ["breakdown", *RANGE, "--by", "billing_reason", "--format", "csv"],
    ["breakdown", "--by", "weather"], ["cohorts", "--of", "dogs"], ["customers", "--new", "--at-risk"],
    ["customers", *RANGE, "--new", "--limit", "3", "--format", "table"], ["movements", "--from", "2026-05-01", "--to", "2026-04-01"],
    ["movements", "--interval", "hour", "--from", "2020-01-01", "--to", "2026-01-01"], ["movements", "mrr"],
]


class GoldenGrowth(unittest.TestCase):
    maxDiff = None

    def test_reports(self):
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        options = {"home": home, "env": {"TILL_RATE": "max", "TILL_LOCALE": "en_US"}}
        text = ""
        # The range is over, so nothing depends on when the test runs; MRR as of now would, and by billing reason there is none.
        with Sim(orders=300, seed=5, now="2026-06-15T12:00:00Z") as sim:
            run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], input=sim.production.tokens["events"], check=True, **options)
            run_till(["sync"], check=True, **options)
            for args in COMMANDS:
                result = run_till(args, **options)
                text += f"$ till {json.dumps(args)[1:-1]}\n[{result.returncode}]\n"
                text += normalise(result.stdout, home) + normalise(result.stderr, home).replace("till:", "(stderr) till:") + "\n"
        path = HERE / "golden" / "growth.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text)
        self.assertEqual(text, path.read_text())


if __name__ == "__main__":
    unittest.main()
