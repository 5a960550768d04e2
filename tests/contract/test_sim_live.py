#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A shop that lives: what happens there arrives by webhook, signed, and the mirror has it without a sync."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import database  # noqa: E402
from sim import kill_till, run_till, sim_path, start_till, wait_for  # noqa: E402
from webhooks import new_secret  # noqa: E402


def one(home, sql):
    with database(home) as connection:
        return connection.execute(sql).fetchone()[0]


class Living(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        self.sim = subprocess.Popen(
            [sim_path(), "--orders", "200", "--sandbox-orders", "2", "--limiter", "none", "--exit-with-stdin"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.production = json.loads(self.sim.stdout.readline())["production"]

    def end(self):
        self.sim.stdin.close()
        self.sim.wait(20)
        self.sim.stdout.close()
        self.sim.stderr.close()

    def tell(self, line):
        self.sim.stdin.write(line + "\n")
        self.sim.stdin.flush()

    def test_what_happens_arrives(self):
        shop = self.production
        run_till(["connect", "polar", "--api-url", shop["url"], "--token-stdin"], home=self.home,
                 input=shop["tokens"]["events"], check=True)
        run_till(["sync"], home=self.home, check=True)
        known = one(self.home, "SELECT count(*) FROM checkouts")
        secret = new_secret()
        listener = start_till(["webhook-listen", "--port", "0", "--json"], self.home, {"POLAR_WEBHOOK_SECRET": secret})
        self.addCleanup(kill_till, listener)
        url = json.loads(listener.stdout.readline())["url"]
        self.tell(f"live 50 {url} {secret}")
        wait_for(lambda: one(self.home, "SELECT count(*) FROM till_webhooks WHERE applied_at IS NOT NULL") >= 10,
                 "the tenth webhook", 60)
        wait_for(lambda: one(self.home, "SELECT count(*) FROM checkouts") > known, "a new checkout", 60)

    def test_a_line_that_is_not_understood_changes_nothing(self):
        for line in ("live", "live soon http://127.0.0.1:1/ x", "live 10 http://example.com/ x", "die", "x" * 600):
            self.tell(line)
        self.sim.stdin.close()
        self.assertEqual(self.sim.wait(20), 0)
        self.assertEqual(len(self.sim.stderr.read().splitlines()), 5)


if __name__ == "__main__":
    unittest.main()
