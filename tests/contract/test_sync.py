# SPDX-License-Identifier: Apache-2.0
"""The main job against the simulator: connect, sync, compare every field; live data, faults, scopes, removals, resumption."""

import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import check_mirror, database, integrity  # noqa: E402
from sim import TABLES, Sim, run_till, start_till  # noqa: E402

EMPTY_LIST = '{"items":[],"pagination":{"total_count":0,"max_page":0}}'


class Home:
    """A home folder connected to a simulator."""

    def __init__(self, sim, scopes="read", env="production", connect=True):
        self.sim = sim
        self.path = tempfile.mkdtemp(prefix="till-test-")
        self.environment = sim.environment(env)
        self.token = self.environment.tokens[scopes] if isinstance(scopes, str) else sim.token(scopes, env=env)
        if connect:
            self.connect(env)

    def connect(self, env="production"):
        return self.till("connect", "polar", "--api-url", self.environment.url, "--environment", env, "--token-stdin",
                         input=self.token, check=True)

    def till(self, *args, **options):
        env = {"TILL_RATE": "max", **options.pop("env", {})}
        return run_till(args, home=self.path, env=env, **options)

    def sync(self, *args, **options):
        """A full walk: what happens between walks has tests of its own (test_in_step.py)."""
        result = self.till("sync", "--full", "--json", *args, **options)
        summary = json.loads(result.stdout) if result.stdout else {"tables": []}
        return result, {table["table"]: table for table in summary["tables"]}

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class SyncCase(unittest.TestCase):
    sim_options = {"orders": 350, "seed": 11}

    def setUp(self):
        self.sim = Sim(**self.sim_options).start()
        self.addCleanup(self.sim.stop)

    def home(self, **options):
        home = Home(self.sim, **options)
        self.addCleanup(home.close)
        return home

    def assert_mirrors(self, home, tables=TABLES):
        self.assertEqual(check_mirror(self.sim, home.path, tables), [])


class WholeMirror(SyncCase):
    def test_every_field_of_every_row(self):
        home = self.home(scopes="events")
        result, tables = home.sync()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_mirrors(home, (*TABLES, "events"))
        for name, table in tables.items():
            self.assertTrue(table["proven"], name)
            self.assertEqual(table["added"], table["server_total"], name)
        self.assertEqual(self.sim.stats()["write_violations"], 0)

    def test_a_second_sync_writes_nothing(self):
        home = self.home()
        home.sync()
        with database(home.path) as connection:
            before = {t: connection.execute(f"SELECT max(till_synced_at) FROM {t}").fetchone()[0] for t in TABLES}
        result, tables = home.sync()
        self.assertEqual(result.returncode, 0, result.stderr)
        for name, table in tables.items():
            self.assertEqual((table["added"], table["changed"], table["removed"]), (0, 0, 0), name)
        with database(home.path) as connection:
            after = {t: connection.execute(f"SELECT max(till_synced_at) FROM {t}").fetchone()[0] for t in TABLES}
            self.assertEqual(connection.execute("SELECT count(*) FROM row_changes").fetchone()[0], 0)
        self.assertEqual(before, after)

    def test_changes_are_followed_and_recorded(self):
        home = self.home()
        home.sync()
        with database(home.path) as connection:
            before = {row["id"]: dict(row) for row in connection.execute("SELECT * FROM orders")}
        self.sim.mutate(count=120, seed=5, seconds=86400)
        result, _ = home.sync("--accept-removals")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_mirrors(home)
        with database(home.path) as connection:
            changes = connection.execute("SELECT * FROM row_changes WHERE table_name = 'orders'").fetchall()
            after = {row["id"]: dict(row) for row in connection.execute("SELECT * FROM orders")}
        self.assertTrue(changes)
        for change in changes:
            self.assertEqual(change["old_value"], before[change["row_id"]][change["column_name"]])
            self.assertEqual(change["new_value"], after[change["row_id"]][change["column_name"]])

    def test_no_secret_in_the_database(self):
        home = self.home()
        home.sync()
        data = b"".join(path.read_bytes() for path in pathlib.Path(home.path).iterdir() if path.is_file())
        self.assertNotIn(home.token.encode(), data)
        for checkout in self.sim.rows("checkouts"):
            self.assertNotIn(checkout["client_secret"].encode(), data)


class LiveData(SyncCase):
    sim_options = {"orders": 900, "seed": 3}

    def test_the_shop_goes_on_while_it_is_read(self):
        home = self.home()
        self.sim.mutate_during(every=3, count=2, seed=9)
        for _ in range(3):
            home.sync("--accept-removals")
        self.sim.mutate_during(every=0)
        result, tables = home.sync("--accept-removals")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(all(table["proven"] for table in tables.values() if table["state"] == "ok"))
        self.assert_mirrors(home)

    def test_nothing_is_tombstoned_that_still_exists(self):
        home = self.home()
        home.sync()
        self.sim.mutate_during(every=2, count=3, seed=21)
        for _ in range(4):
            home.sync("customers", "benefits", "--accept-removals")
            listed = {row["id"] for row in self.sim.rows("customers")}
            with database(home.path) as connection:
                gone = {row["id"] for row in connection.execute("SELECT id FROM customers WHERE till_deleted_at IS NOT NULL")}
            self.assertEqual(gone & listed, set())


class Scopes(SyncCase):
    def test_a_missing_scope_skips_its_table_only(self):
        scopes = [f"{table}:read" for table in TABLES if table != "refunds"]
        home = self.home(scopes=scopes)
        result, tables = home.sync()
        self.assertEqual(result.returncode, 11, result.stderr)
        self.assertEqual(tables["refunds"]["state"], "skipped")
        self.assertIn("scope", result.stderr)
        self.assert_mirrors(home, [table for table in TABLES if table != "refunds"])

    def test_a_scope_that_is_taken_away_keeps_the_rows(self):
        home = self.home()
        home.sync()
        self.sim.edit_token(home.token, [f"{table}:read" for table in TABLES if table != "customers"])
        result, tables = home.sync()
        self.assertEqual(result.returncode, 11)
        self.assertEqual(tables["customers"]["state"], "skipped")
        self.assert_mirrors(home)

    def test_a_revoked_token_stops_at_once_and_loses_nothing(self):
        home = self.home()
        home.sync()
        self.sim.revoke(home.token)
        self.sim.reset_stats()
        result, _ = home.sync()
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertLessEqual(self.sim.stats()["requests"], 2)
        self.assertNotIn(home.token, result.stdout + result.stderr)
        self.assert_mirrors(home)


class Removals(SyncCase):
    def test_an_empty_answer_removes_nothing(self):
        home = self.home()
        home.sync()
        self.sim.faults([{"match": {"table": "customers"}, "action": {"kind": "status", "status": 200, "text": EMPTY_LIST}}])
        result, tables = home.sync("customers")
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(tables["customers"]["removed"], 0)
        self.sim.faults([])
        self.assert_mirrors(home, ["customers"])

    def test_deleted_rows_are_marked_and_recorded(self):
        home = self.home()
        home.sync()
        before = {row["id"] for row in self.sim.rows("customers")}
        with database(home.path) as connection:  # kept from copies in their orders
            already = {row["id"] for row in connection.execute("SELECT id FROM customers WHERE till_deleted_at IS NOT NULL")}
        seed = 1
        while before <= {row["id"] for row in self.sim.rows("customers")} and seed < 200:
            self.sim.mutate(count=20, seed=seed)
            seed += 1
        now = {row["id"] for row in self.sim.rows("customers")}
        gone = before - now
        self.assertTrue(gone, "the simulator deleted nobody")
        result, tables = home.sync("customers", "--accept-removals")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(tables["customers"]["removed"], len(gone))
        with database(home.path) as connection:
            marked = {row["id"] for row in connection.execute("SELECT id FROM customers WHERE till_deleted_at IS NOT NULL")}
            recorded = {row["row_id"] for row in connection.execute(
                "SELECT row_id FROM row_changes WHERE table_name = 'customers' AND column_name = 'till_deleted_at'")}
        back = already & now  # the shop has restored them meanwhile
        self.assertEqual(marked, (gone | already) - back)
        self.assertEqual(recorded, gone | back)


class Interruptions(SyncCase):
    sim_options = {"orders": 2500, "seed": 4, "latency_ms": 30}

    def start_and_wait_for(self, home, requests):
        """A sync in the background that has asked for so many pages and is not done."""
        self.sim.reset_stats()
        process = start_till(["sync", "--full"], home.path, {"TILL_RATE": "max"})
        deadline = time.monotonic() + 30
        while self.sim.stats()["requests"] < requests and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertIsNone(process.poll())
        return process

    def test_ctrl_c_stops_within_a_second_and_the_next_run_goes_on(self):
        home = self.home()
        process = self.start_and_wait_for(home, 20)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        self.assertLess(time.monotonic() - started, 1.0)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(integrity(home.path), "ok")
        with database(home.path) as connection:
            landed = sum(connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in TABLES)
        self.assertGreater(landed, 0)
        result, tables = home.sync()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_mirrors(home)

    def test_two_at_once(self):
        home = self.home()
        process = self.start_and_wait_for(home, 3)
        second = home.till("sync", "--no-wait")
        self.assertEqual(second.returncode, 10, second.stderr)
        self.assertIn(str(process.pid), second.stderr)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assert_mirrors(home)


if __name__ == "__main__":
    unittest.main()
