# SPDX-License-Identifier: Apache-2.0
"""`till metrics` against an oracle apart from it (tests/lib/metrics_oracle.py), over random shops, ranges, zones and filters.

TILL_METRIC_WORLDS says over how many shops (default 40). Both shops of a simulator are used, the second without events.
"""

import datetime as dt
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from metrics_oracle import Oracle, differences  # noqa: E402
from sim import Sim, run_till  # noqa: E402

WORLDS = int(os.environ.get("TILL_METRIC_WORLDS", "40"))
WINDOWS = 4
TABLES = ("products", "customers", "subscriptions", "orders", "checkouts", "events")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Asia/Calcutta", "US/Pacific", "Australia/Lord_Howe")
SPANS = {"hour": 7, "day": 120, "week": 371, "month": 1460, "year": 3650}


class MetricWorlds(unittest.TestCase):
    def question(self, chance, oracle, today):
        interval = chance.choice(list(SPANS))
        end = today + dt.timedelta(days=chance.randint(-500, 60))
        start = end - dt.timedelta(days=chance.randint(0, SPANS[interval]))
        zone = "UTC" if interval == "hour" and chance.random() < 0.3 else chance.choice(ZONES[:-1] if interval == "hour" else ZONES)
        filters = {}
        if chance.random() < 0.3:
            filters["products"] = chance.sample(sorted(oracle.products), min(2, len(oracle.products)))
        if chance.random() < 0.2 and oracle.customers:
            filters["customers"] = chance.sample(sorted(oracle.customers), min(5, len(oracle.customers)))
        if chance.random() < 0.2:
            filters["billing_type"] = chance.choice(["recurring", "one_time"])
        return start, end, interval, zone, filters

    def compare(self, home, name, oracle, seed):
        chance = random.Random(seed)
        for _ in range(WINDOWS):
            start, end, interval, zone, filters = self.question(chance, oracle, dt.date.today())
            args = ["metrics", "--json", "--name", name, "--from", start, "--to", end, "--interval", interval, "--timezone", zone]
            args += [word for key in filters.get("products", ()) for word in ("--product-id", key)]
            args += [word for key in filters.get("customers", ()) for word in ("--customer-id", key)]
            args += ["--billing-type", filters["billing_type"]] if "billing_type" in filters else []
            answer = json.loads(run_till(args, home=home, check=True).stdout)
            found = differences(answer, *oracle.answer(start, end, interval, zone, **filters))
            self.assertEqual(found[:8], [], f"seed {seed}: till {' '.join(map(str, args))}")

    def world(self, seed):
        home = tempfile.mkdtemp(prefix="till-test-")
        try:
            with Sim(orders=20 + seed % 90, sandbox_orders=20 + seed % 70, seed=seed) as sim:
                for name, env, token in (("polar", "production", "events"), ("second", "sandbox", "read")):
                    shop = sim.environment(env)
                    run_till(["connect", "polar", "--name", name, "--api-url", shop.url, "--token-stdin"], home=home, env={"TILL_RATE": "max"},
                             input=shop.tokens[token], check=True)
                if seed % 3 == 0:
                    sim.mutate(count=60, seed=seed, seconds=40 * 86400, scattered=True)
                run_till(["sync"], home=home, env={"TILL_RATE": "max"}, check=True)
                for name, env, has_events in (("polar", "production", True), ("second", "sandbox", False)):
                    rows = {table: sim.rows(table, env=env) for table in TABLES}
                    self.compare(home, name, Oracle(rows, has_events), seed)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def test_worlds(self):
        first = int(os.environ.get("TILL_METRIC_SEED", "1"))
        for seed in range(first, first + (WORLDS + 1) // 2):
            with self.subTest(seed=seed):
                self.world(seed)


if __name__ == "__main__":
    unittest.main()
