# SPDX-License-Identifier: Apache-2.0
"""till demo: shows the whole way, also from an installed prefix, and leaves neither a process nor a folder behind, however it ends."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import database  # noqa: E402
from sim import catches, clean_environment, sim_path, till_path, wait_for  # noqa: E402


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="till-test-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.home = self.folder / "home"
        self.temporary = self.folder / "tmp"
        self.home.mkdir()
        self.temporary.mkdir()
        self.env = clean_environment(self.home, {"TILL_HOME": None, "TMPDIR": self.temporary, "TILL_SIM": sim_path(), "TILL_KEYRING": None,
                                                 "POLAR_ACCESS_TOKEN": "not to be used"})

    def run_demo(self, *args, program=None, env=None):
        return subprocess.run([program or till_path(), "demo", "--once", "--orders", "50", *args], env=self.env | (env or {}), capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=120)

    def nothing_is_left(self):
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertEqual(list(self.home.rglob("*")), [], "the user's own folders were touched")
        processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn(str(self.temporary), processes)

    def test_the_whole_way(self):
        result = self.run_demo("--seed", "3")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        for words in ("Connected to", "unchanged  requests", "so far and the day before", "mrr_amount", "last sync", "till connect polar"):
            self.assertIn(words, result.stdout)
        self.nothing_is_left()

    def test_it_ends_in_a_dashboard_over_a_shop_that_lives(self):
        process = subprocess.Popen([till_path(), "demo", "--orders", "50"], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        address = ""
        while "#token=" not in address:
            address = process.stdout.readline()
            self.assertTrue(address, "the demo ended without an address")
        url, token = address.strip().split("#token=")

        def webhooks():
            asked = urllib.request.Request(url + "api/query", b"SELECT count(*) FROM till_webhooks WHERE applied_at IS NOT NULL",
                                           {"Authorization": f"Bearer {token}", "X-Till": "page", "Content-Type": "text/plain"})
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return json.load(answer)["rows"][0][0]

        try:
            wait_for(lambda: webhooks() >= 2, "what happens in the shop", 60)
        finally:
            os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(30), 0)
        self.nothing_is_left()

    def test_settings_of_the_user_do_not_matter(self):
        result = self.run_demo(env={"TILL_POLAR_PRODUCTION_URL": "http://127.0.0.1:9", "TILL_PASSPHRASE_FILE": "/nowhere", "TILL_RATE": "1",
                                    "TILL_KEYRING": "secret-service", "TILL_HOME": str(self.home / "own")})
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.nothing_is_left()

    def test_keep(self):
        result = self.run_demo("--keep")
        self.assertEqual(result.returncode, 0, result.stderr)
        [kept] = self.temporary.iterdir()
        self.assertIn(f"{kept}/till.db", result.stdout)
        with database(kept) as connection:
            self.assertGreaterEqual(connection.execute("SELECT count(*) FROM orders").fetchone()[0], 50)

    def test_a_home_of_ones_own(self):
        home = self.folder / "shop"
        result = self.run_demo("--home", home)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((home / "till.db").is_file())

    def test_from_an_installed_prefix(self):
        binaries = self.folder / "prefix" / "bin"
        binaries.mkdir(parents=True)
        for program in (till_path(), sim_path()):
            shutil.copy(program, binaries)
        del self.env["TILL_SIM"]
        self.assertEqual(self.run_demo(program=binaries / "till").returncode, 0)
        (binaries / "till-sim").unlink()
        result = self.run_demo(program=binaries / "till")
        self.assertEqual(result.returncode, 3)
        self.assertIn("next:", result.stderr)
        self.nothing_is_left()

    def test_a_simulator_that_fails(self):
        for body, status in (("exit 1", 3), ("echo nonsense; cat >/dev/null", 7)):
            broken = self.folder / "broken"
            broken.write_text(f"#!/bin/sh\n{body}\n")
            broken.chmod(0o755)
            self.assertEqual(self.run_demo(env={"TILL_SIM": str(broken)}).returncode, status)
            self.nothing_is_left()

    def test_interrupted_at_any_time(self):
        for number, wait_s in ((signal.SIGINT, 0), (signal.SIGTERM, 0.2), (signal.SIGINT, 0.6), (signal.SIGHUP, 1.0)):
            process = subprocess.Popen([till_path(), "demo", "--orders", "30000"], env=self.env, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
            wait_for(lambda: catches(process, number), "the handler")
            time.sleep(wait_s)
            os.kill(process.pid, number)
            started = time.monotonic()
            out, err = process.communicate(timeout=20)
            with self.subTest(number=number, wait_s=wait_s):
                self.assertEqual(process.returncode, 130, out + err)
                self.assertLess(time.monotonic() - started, 5)
                self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()
