# SPDX-License-Identifier: Apache-2.0
"""Every exit status that the manual names, each brought about once; and progress, which a terminal sees and a pipe does not."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import unittest
from fcntl import ioctl

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import ROOT, TABLES, Sim, clean_environment, run_till, start_till, till_path, wait_for  # noqa: E402

STATUSES = {int(number) for number in re.findall(r"^    X\(\w+, \"\w+\", (\d+),", (ROOT / "src/base/error.h").read_text(), re.M)}


class ExitStatuses(unittest.TestCase):
    shown = {2}  # test_golden.py and others

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=40, seed=8).start()
        cls.addClassCleanup(cls.sim.stop)

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.home, True)
        self.addCleanup(self.sim.faults, [])

    def till(self, *args, **options):
        result = run_till(args, home=self.home, env={"TILL_RATE": "max", **options.pop("env", {})}, **options)
        self.shown.add(result.returncode)
        if result.returncode:
            self.assertTrue(result.stderr)
        return result

    def connect(self, token=None, **options):
        return self.till("connect", "polar", "--api-url", self.sim.production.url, "--token-stdin",
                         input=token or self.sim.production.tokens["read"], **options)

    def answer(self, **action):
        self.sim.faults([{"match": {"table": "products"}, "action": {"kind": "status", **action}}])

    def test_0_ok_and_12_stale(self):
        self.assertEqual(self.connect().returncode, 0)
        self.assertEqual(self.till("status", "--max-age", "26h").returncode, 12)

    def test_3_configuration(self):
        self.assertEqual(self.till("sync").returncode, 3)
        self.assertEqual(self.till("status", env={"TILL_RATE": "much"}).returncode, 3)

    def test_4_not_authorised(self):
        token = self.sim.token("read")
        self.sim.revoke(token)
        self.assertEqual(self.connect(token).returncode, 4)

    def test_5_network(self):
        self.assertEqual(self.till("connect", "polar", "--api-url", "http://127.0.0.1:9", "--token-stdin",
                                   input=self.sim.production.tokens["read"], timeout=120).returncode, 5)

    def test_6_the_service_answers_with_an_error(self):
        self.connect()
        self.answer(status=400, text='{"error":"BadRequest","detail":"no"}')
        self.assertEqual(self.till("sync", "products").returncode, 6)

    def test_7_an_answer_that_cannot_be_understood(self):
        self.connect()
        self.answer(status=200, text="<html>hello</html>")
        self.assertEqual(self.till("sync", "products").returncode, 7)

    def test_8_the_database(self):
        (pathlib.Path(self.home) / "till.db").write_text("notes " * 1000)
        self.assertEqual(self.till("status").returncode, 8)

    def test_9_memory(self):
        if self.till("status", env={"TILL_FAULT": "malloc:1:forever"}).returncode == 0:
            self.skipTest("no fault points in this build")
        self.assertEqual(self.till("status", env={"TILL_FAULT": "malloc:1:forever"}).returncode, 9)

    def test_10_a_limit(self):
        self.connect()
        self.assertEqual(self.till("query", "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c",
                                   "--timeout", "100ms").returncode, 10)

    def test_11_partial(self):
        self.connect(self.sim.token([f"{table}:read" for table in TABLES if table != "refunds"]))
        self.assertEqual(self.till("sync").returncode, 11)

    def test_130_interrupted(self):
        with Sim(orders=300, seed=1, latency_ms=200) as sim:
            self.till("connect", "polar", "--api-url", sim.production.url, "--token-stdin", input=sim.production.tokens["read"], check=True)
            sim.reset_stats()
            process = start_till(["sync"], self.home, {"TILL_RATE": "max"})
            wait_for(lambda: sim.stats()["requests"] >= 3, "the sync's requests")
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=10)
            self.shown.add(process.returncode)
            self.assertEqual(process.returncode, 130)
            self.assertIn(b"Stopped after", out)

    def test_options_of_sync(self):
        self.connect()
        self.till("sync", "--full", "--restart", "--rate", "max", "--quiet", "--no-wait", check=True)
        again = json.loads(self.till("sync", "--json", "--accept-removals", "--name", "polar", check=True).stdout)
        self.assertEqual(sum(table["added"] for table in again["tables"]), 0)
        self.assertEqual(self.till("sync", "--name", "shop").returncode, 3)

    def test_two_connections_in_one_mirror(self):
        self.connect()
        self.till("connect", "polar", "--api-url", self.sim.sandbox.url, "--environment", "sandbox", "--name", "sandbox", "--keyring", "file",
                  "--token-stdin", input=self.sim.sandbox.tokens["read"], check=True)
        self.till("sync", check=True)
        self.till("sync", "--name", "sandbox", check=True)
        cards = json.loads(self.till("status", "--json", check=True).stdout)["connections"]
        self.assertEqual({card["name"]: card["organization_id"] for card in cards},
                         {"polar": self.sim.production.organization_id, "sandbox": self.sim.sandbox.organization_id})
        self.assertTrue(all(card["rows"] > 0 for card in cards))
        self.till("disconnect", "sandbox", "--purge", check=True)
        [card] = json.loads(self.till("status", "--json", check=True).stdout)["connections"]
        self.assertEqual(card["rows"], cards[[c["name"] for c in cards].index("polar")]["rows"])


class Progress(unittest.TestCase):
    def on_terminal(self, columns, env, home):
        pid, terminal = pty.fork()
        if pid == 0:
            try:
                ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
                os.execve(till_path(), ["till", "sync", "--full"], clean_environment(home, {"TILL_RATE": "max", "TERM": "xterm", **env}))
            finally:
                os._exit(127)
        seen = b""
        while select.select([terminal], [], [], 60)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, seen)
        return seen.decode()

    def test_a_bar_that_never_wraps(self):
        with Sim(orders=2500, seed=1, latency_ms=10) as sim:
            home = tempfile.mkdtemp(prefix="till-test-")
            self.addCleanup(shutil.rmtree, home, True)
            run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=home, input=sim.production.tokens["read"],
                     env={"TILL_RATE": "max"}, check=True)
            piped = run_till(["sync"], home=home, env={"TILL_RATE": "max"}, check=True)
            self.assertEqual(piped.stderr, "")
            for columns in (80, 40, 24):
                seen = self.on_terminal(columns, {}, home)
                drawn = [line for line in re.split(r"\r\x1b\[K", seen) if re.match(r"\d/\d ", line)]
                self.assertTrue(drawn)
                for line in drawn:
                    self.assertLess(len(line.split("\r")[0].split("\n")[0]), columns, line)
            self.assertIn("\u2588", self.on_terminal(80, {}, home))
            self.assertNotIn("\u2588", self.on_terminal(80, {"LANG": "C"}, home))
            self.assertNotIn("\x1b", self.on_terminal(80, {"TERM": "dumb"}, home))


def tearDownModule():
    """Runs after all: every status of the list was seen (9 where the build has fault points)."""
    missing = STATUSES - ExitStatuses.shown - {9}
    if missing and len(sys.argv) == 1:
        raise AssertionError(f"no test ended with status {sorted(missing)}")


if __name__ == "__main__":
    unittest.main()
