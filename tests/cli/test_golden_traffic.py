# SPDX-License-Identifier: Apache-2.0
"""What `till traffic` and the reports beside it print, word for word, over a shop and a traffic that stand still. UPDATE_GOLDEN=1 writes golden/traffic.txt anew."""

import datetime
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import traffic_rows  # noqa: E402
from sim import Sim, connect_shop, run_till  # noqa: E402
from test_golden import normalise  # noqa: E402

WEEK = ["--from", "2026-05-25", "--to", "2026-05-31", "--timezone", "UTC"]
SPRING = ["--from", "2026-03-01", "--to", "2026-05-31", "--timezone", "Europe/Berlin"]
COMMANDS = [
    ["traffic", *WEEK, "--format", "table"], ["traffic", *SPRING, "--interval", "month", "--format", "table"], ["traffic", *WEEK, "--format", "csv"],
    ["traffic", "--from", "2026-05-31", "--to", "2026-05-31", "--timezone", "UTC", "--json"], ["traffic", *WEEK, "--traffic-source", "umami", "--format", "table"],
    ["traffic", "--searches", *SPRING, "--format", "table"], ["traffic", "--searches", *WEEK, "--format", "jsonl"],
    ["breakdown", *SPRING, "--by", "landing-page", "--format", "csv"], ["breakdown", *SPRING, "--by", "campaign", "--format", "csv"],
    ["metrics", "traffic.visitors", "orders", "traffic.revenue_per_visitor", *WEEK, "--format", "csv"], ["metrics", "traffic.conversion", "traffic.revenue", *WEEK, "--format", "table"],
    ["traffic", "--traffic-source", "matomo"], ["traffic", "visitors"], ["metrics", "traffic.visitor"], ["verify", "traffic.visitors"],
    ["traffic", "--from", "2026-05-01", "--to", "2026-04-01"],
]


def still(text):
    return re.sub(r'"(as_of|mrr_as_of|fresh_as_of)":"[^"]*"', r'"\1":"MOMENT"', text)


class GoldenTraffic(unittest.TestCase):
    maxDiff = None

    def test_traffic(self):
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        with Sim(orders=300, seed=5, now="2026-06-15T12:00:00Z") as sim:
            connect_shop(home, sim, scopes="events")
            run_till(["sync"], home=home, env={"TILL_RATE": "max"}, check=True)
        self.addCleanup(setattr, traffic_rows, "NOW", traffic_rows.NOW)
        traffic_rows.NOW = "2100-01-01T00:00:00.000000Z"  # always "just now": lines are wrapped at the same words
        traffic_rows.make_world(home, datetime.date(2026, 5, 31))
        text = ""
        for args in COMMANDS:
            result = run_till(args, home=home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US"})
            text += f"$ till {json.dumps(args)[1:-1]}\n[{result.returncode}]\n"
            text += normalise(result.stdout, home) + normalise(result.stderr, home).replace("till:", "(stderr) till:") + "\n"
        text = still(text)
        path = HERE / "golden" / "traffic.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text)
        self.assertEqual(text, path.read_text())


if __name__ == "__main__":
    unittest.main()
