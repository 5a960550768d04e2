# SPDX-License-Identifier: Apache-2.0
"""Whole commands with the Nth allocation failing, in a build with fault points (the sanitizer build): never a crash or a report, always an exit
status of the list and words, the database stays whole, and the same command works when it is run again."""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import integrity  # noqa: E402
from sim import Sim, run_till  # noqa: E402

EVERY_ONE = 24      # the first allocations, each
STEP = 1.35         # then ever wider steps
MOST = 200000
# A failure may be survived (0), end the command (9), or one table of it (11).
EXPECTED = {0, 9, 11}
REPORTS = ("Sanitizer", "runtime error", "Segmentation", "Assertion", "corrupted")


def has_fault_points():
    return run_till(["status"], env={"TILL_FAULT": "malloc:1:forever"}).returncode == 9


@unittest.skipUnless(has_fault_points(), "no fault points in this build")
class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=60, seed=9).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.connected = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.connected, True)
        cls.till(cls.connected, *cls.connecting(), input=cls.sim.production.tokens["read"], check=True)
        cls.synced = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.synced, True)
        shutil.copytree(cls.connected, cls.synced, dirs_exist_ok=True)
        cls.till(cls.synced, "sync", check=True)

    @classmethod
    def connecting(cls):
        return ("connect", "polar", "--api-url", cls.sim.production.url, "--token-stdin")

    @staticmethod
    def till(home, *args, env=None, **options):
        return run_till(args, home=home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US", **(env or {})}, **options)

    def torture(self, template, *args, input=None, again=0):
        """Runs the command with the Nth allocation failing for growing N, until N is beyond its last one."""
        token = self.sim.production.tokens["read"]
        nth, failures, survived = 1, 0, 0
        while nth < MOST:
            with tempfile.TemporaryDirectory(prefix="till-test-") as folder:
                home = pathlib.Path(folder) / "home"
                if template:
                    shutil.copytree(template, home)
                else:
                    home.mkdir()
                result = self.till(home, *args, input=input, env={"TILL_FAULT": f"malloc:{nth}"})
                talk = result.stdout + result.stderr
                with self.subTest(args=args, nth=nth):
                    self.assertIn(result.returncode, EXPECTED, talk)
                    self.assertFalse([word for word in REPORTS if word in talk], talk)
                    self.assertNotIn(token, talk)
                    if result.returncode:
                        self.assertTrue(result.stderr.strip(), "no words")
                    if (home / "till.db").exists():
                        self.assertEqual(integrity(home), "ok")
                    if result.returncode and nth % 3 == 0:
                        clean = self.till(home, *args, input=input)
                        self.assertEqual(clean.returncode, again, clean.stderr)
            failures += result.returncode != 0
            survived = survived + 1 if result.returncode == 0 else 0
            if survived >= 6 and nth > 3 * EVERY_ONE:
                break
            nth = nth + 1 if nth < EVERY_ONE else int(nth * STEP)
        self.assertGreater(failures, 5, "the faults did not meet the command")

    def test_connect(self):
        self.torture(None, *self.connecting(), input=self.sim.production.tokens["read"])

    def connecting_posthog(self):
        posthog = self.sim.posthog
        return ("connect", "posthog", "--api-url", posthog["url"], "--project-id", posthog["project_id"], "--token-stdin")

    def test_connect_posthog(self):
        self.torture(None, *self.connecting_posthog(), input=self.sim.posthog["keys"]["good"])

    def test_sync_of_web_traffic(self):
        with tempfile.TemporaryDirectory(prefix="till-test-") as home:
            self.till(home, *self.connecting_posthog(), input=self.sim.posthog["keys"]["good"], check=True)
            self.torture(home, "sync")
            self.torture(home, "status")

    def test_sync(self):
        self.torture(self.connected, "sync", "products")

    def test_query(self):
        for form in ("table", "json", "csv"):
            self.torture(self.synced, "query", "SELECT * FROM orders LIMIT 3", "--format", form)

    def test_today(self):
        self.torture(self.synced, "today")

    def test_status(self):
        self.torture(self.synced, "status")

    def test_status_as_json(self):
        self.torture(self.synced, "status", "--json")

    def test_status_for_monitoring(self):
        self.torture(self.synced, "status", "--format", "openmetrics")

    def test_tables(self):
        self.torture(self.synced, "tables", "--json")

    def test_tables_set(self):
        self.torture(self.synced, "tables", "set", "orders", "--every", "5m", "--off")

    def test_notes(self):
        self.torture(self.synced, "annotate", "2026-03-01", "launched v2")
        self.torture(self.synced, "goal", "revenue", "5000.50", "--until", "2026-12-31", "--json")
        self.torture(self.synced, "saved", "one", "SELECT 1", "--json")
        for command in ("annotate", "goal", "saved"):
            self.torture(self.synced, command, "--format", "table")

    def with_channel(self, folder, *args):
        home = pathlib.Path(folder) / "home"
        shutil.copytree(self.synced, home)
        self.till(home, "channels", "add", *args, check=True)
        return home

    def test_digests(self):
        with tempfile.TemporaryDirectory(prefix="till-test-") as folder:
            home = self.with_channel(folder, "file", "--path", f"{folder}/digest.txt")
            self.torture(home, "digest", "--send")
            for args in (["--preview"], ["schedule", "--json"], ["set", "--at", "07:00"]):
                self.torture(home, "digest", *args)

    def test_digests_whose_log_fails(self):
        """Whatever write of the log fails: nothing goes twice, and what went is known, or known to be unknown."""
        for point in ("deliver.committed", "store.commit", "fs.lock"):
            for nth in range(1, 6):
                with tempfile.TemporaryDirectory(prefix="till-test-") as folder, self.subTest(point=point, nth=nth):
                    arrived = pathlib.Path(folder) / "arrived"
                    home = self.with_channel(folder, "command", "--command", f"cat > /dev/null; echo one >> '{arrived}'")
                    self.till(home, "digest", "--send", env={"TILL_FAULT": f"{point}:{nth}"})
                    result = self.till(home, "digest", "--send")
                    self.assertIn(result.returncode, (0, 11), result.stderr)
                    count = len(arrived.read_text().split()) if arrived.exists() else 0
                    self.assertEqual(count, 1, result.stdout)  # the command had ended before its log could fail

    def test_export_html(self):
        self.torture(self.synced, "export", "html", "--with-names")

    def test_history(self):
        row_id = self.sim.rows("orders")[0]["id"]
        for form in ("table", "json", "csv"):
            self.torture(self.synced, "history", "orders", row_id, "--format", form)

    def test_growth(self):
        for form in ("table", "json", "csv"):
            for command in (["movements"], ["cohorts"], ["breakdown"], ["customers", "--lost"]):
                self.torture(self.synced, *command, "--format", form)
        for command in (["metrics", "--format", "csv"], ["breakdown", "--by", "country", "--in", "eur", "--format", "table"], ["today", "--in", "usd"],
                        ["movements", "--in", "usd", "--json"]):
            self.torture(self.synced, *command)

    def test_digest(self):
        for form in ("text", "markdown", "html", "json"):
            self.torture(self.synced, "digest", "--weekly", "--format", form)
        self.torture(self.synced, "digest", "--ascii")

    def test_watch(self):
        self.torture(self.connected, "watch", "--once")


if __name__ == "__main__":
    unittest.main()
