# SPDX-License-Identifier: Apache-2.0
"""test_sdk.py - the judge of the simulator: Polar's official SDKs list every table from it, and read its metrics, without one complaint.

SDK 0.49.0 validates each response at run time; SDK 1.0.1 pages through the same rows. Both were written by others, so they share none
of our mistakes. Beside them stands the library of Standard Webhooks, the judge of how our webhooks are signed. Their packages are installed
beside the build ($TILL_BUILD/sdk); see sdk/judge.mjs for what is compared.
"""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

import chat
from sim import ROOT, Sim

JUDGE_TIMEOUT_S = 400
ORDERS = 300
TABLES = "organizations customers products orders subscriptions refunds checkouts benefits events metrics".split()
METRICS = 55


def judge_folder():
    return pathlib.Path(os.environ.get("TILL_BUILD", ROOT / "build")) / "sdk"


def judge(sim, tables=TABLES):
    """Runs the judge; the token goes by environment, never by argv."""
    environment = {
        "PATH": os.environ["PATH"],
        "POLAR_API_URL": sim.production.url,
        "POLAR_ACCESS_TOKEN": sim.production.tokens["full"],
        "TABLES": ",".join(tables),
    }
    return subprocess.run(
        ["node", "judge.mjs"],
        cwd=judge_folder(),
        env=environment,
        capture_output=True,
        text=True,
        timeout=JUDGE_TIMEOUT_S,
    )


class OfficialSdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("node") is None or not (judge_folder() / "node_modules").is_dir():
            raise AssertionError("the SDK is not installed: ./dev test installs it (without a network: ./dev test -LE sdk)")

    def test_every_table_is_read_without_a_validation_error(self):
        with Sim(orders=ORDERS, seed=7, newest_shapes=False) as sim:
            result = judge(sim)
            self.assertEqual(result.returncode, 0, result.stderr)
            report = json.loads(result.stdout)
            self.assertEqual(sorted(report), sorted(TABLES))
            for table, seen in report.items():
                self.assertGreater(seen["total"], 0, table)
                self.assertEqual(seen["v0"]["rows"], seen["total"], table)
                self.assertEqual(seen["v1"]["rows"], seen["total"], table)
            self.assertEqual((report["metrics"]["v0"]["ids"], report["metrics"]["v1"]["ids"]), (METRICS, METRICS))

    def test_rows_stay_readable_after_change(self):
        tables = [table for table in TABLES if table != "events"]
        with Sim(orders=100, seed=8, newest_shapes=False) as sim:
            sim.mutate(count=200, seed=3, seconds=86400)
            result = judge(sim, tables)
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_judge_can_find_fault(self):
        with Sim(orders=30, seed=9) as sim:  # unit_based prices, which SDK 0.49.0 does not know
            result = judge(sim, ["products"])
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("products v0", result.stderr)


class StandardWebhooks(unittest.TestCase):
    """The specification's own library, which Polar's SDK brings with it, reads what a webhook channel sends."""

    VERIFY = """import { Webhook } from "standardwebhooks";
const seen = JSON.parse(process.env.SEEN);
process.stdout.write(JSON.stringify(new Webhook(process.env.SECRET).verify(seen.body, seen.headers)));"""

    def test_signatures(self):
        body = {"type": "digest", "text": "Größe 😀"}
        for secret in (None, chat.new_webhook_secret()):  # ours, and another one
            with self.subTest(right=secret is None), chat.Webhook() as receiver:
                channel = {"kind": "webhook", "values": {"url": receiver.url}, "secret": receiver.secret, "do": ["send"],
                           "message": {"id": "one.two", "json": json.dumps(body, ensure_ascii=False)}}
                probe = pathlib.Path(os.environ.get("TILL_BUILD", ROOT / "build")) / "unit" / "channel_probe"
                subprocess.run([probe], input=json.dumps(channel).encode(), stdout=subprocess.DEVNULL, check=True, timeout=120)
                request = receiver.requests[0]
                seen = {"body": request.body.decode(), "headers": {name.lower(): value for name, value in request.headers.items()}}
                result = subprocess.run(["node", "--input-type=module", "-e", self.VERIFY], cwd=judge_folder(), capture_output=True, text=True, timeout=120,
                                        env={"PATH": os.environ["PATH"], "SEEN": json.dumps(seen), "SECRET": secret or receiver.secret})
                self.assertEqual(result.returncode == 0, secret is None, result.stderr)
                self.assertEqual(json.loads(result.stdout) if secret is None else body, body)


if __name__ == "__main__":
    unittest.main()
