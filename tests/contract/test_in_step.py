# SPDX-License-Identifier: Apache-2.0
"""test_in_step.py - incremental runs against the simulator: what they cost, what they find, and how they mend a mirror that has a gap.

docs/sync.md lists what an incremental run promises to find; each line of that list has a test here. The laws over random worlds are in
tests/property/test_in_step_laws.py.
"""

import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import check_mirror, database  # noqa: E402
from sim import TABLES, Sim, run_till  # noqa: E402

ALL = (*TABLES, "events")
IDLE_REQUESTS = 12


class Home:
    def __init__(self, sim, scopes="events"):
        self.sim = sim
        self.path = tempfile.mkdtemp(prefix="till-test-")
        token = sim.production.tokens[scopes] if isinstance(scopes, str) else sim.token(scopes)
        self.till("connect", "polar", "--api-url", sim.production.url, "--token-stdin", input=token, check=True)

    def till(self, *args, **options):
        return run_till(args, home=self.path, env={"TILL_RATE": "max", **options.pop("env", {})}, **options)

    def sync(self, *args, **options):
        result = self.till("sync", "--json", *args, **options)
        summary = json.loads(result.stdout) if result.stdout else {"tables": []}
        return result, {table["table"]: table for table in summary["tables"]}, summary

    def write(self, sql, *values):
        connection = sqlite3.connect(f"{self.path}/till.db")
        with connection:
            connection.execute(sql, values)
        connection.close()

    def read(self, sql, *values):
        with database(self.path) as connection:
            return [dict(row) for row in connection.execute(sql, values)]

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class InStep(unittest.TestCase):
    sim_options = {"orders": 400, "seed": 23}

    def setUp(self):
        self.sim = Sim(**self.sim_options).start()
        self.is_used = False
        self.addCleanup(lambda: self.sim.stop())

    def home(self, scopes="events"):
        """A mirror that is in step; each with a shop of its own, so that nothing has happened yet."""
        if self.is_used:
            self.sim.stop()
            self.sim = Sim(**self.sim_options).start()
        self.is_used = True
        home = Home(self.sim, scopes)
        self.addCleanup(home.close)
        result, _, _ = home.sync()
        self.assertEqual(result.returncode, 0, result.stderr)
        return home

    def step(self, home, *args, walks=()):
        """An incremental run that must go well; tables in `walks` may be walked, others must not."""
        self.sim.control("POST", "reset-stats")
        result, tables, summary = home.sync("--method", "incremental", *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        for name, table in tables.items():
            if name not in walks and table["state"] != "skipped":
                self.assertEqual(table["walks"], 0, f"{name} was walked")
        self.assertEqual(summary["requests"], self.sim.stats()["requests"])
        return tables, summary

    def assert_in_step(self, home, tables=ALL):
        self.assertEqual(check_mirror(self.sim, home.path, tables, copies=False), [])


class Costs(InStep):
    def test_an_idle_run_costs_a_dozen_requests(self):
        for scopes in ("events", "read"):
            with self.subTest(scopes=scopes):
                home = self.home(scopes)
                tables, summary = self.step(home)
                self.assertLessEqual(summary["requests"], IDLE_REQUESTS)
                for name, table in tables.items():
                    if table["state"] == "skipped":
                        continue
                    self.assertEqual((table["method"], table["added"], table["changed"], table["removed"]), ("incremental", 0, 0, 0), name)
                    self.assertTrue(table["proven"], name)
                self.assertEqual(home.read("SELECT count(*) AS n FROM row_changes")[0]["n"], 0)
                self.assertEqual(home.read("SELECT count(*) AS n FROM till_hints")[0]["n"], 0)

    def test_the_default_is_incremental_and_full_when_asked_or_due(self):
        home = self.home()
        _, tables, _ = home.sync("orders")
        self.assertEqual(tables["orders"]["method"], "incremental")
        _, tables, _ = home.sync("--full", "orders")
        self.assertEqual((tables["orders"]["method"], tables["orders"]["walks"]), ("full", 1))
        home.write("UPDATE till_tables SET last_full_at = '2020-01-01T00:00:00.000000Z'")
        _, tables, _ = home.sync("orders", env={"TILL_FULL_WALK_EVERY": "0s"})
        self.assertEqual(tables["orders"]["method"], "incremental")
        _, tables, _ = home.sync("orders", "--method", "incremental")
        self.assertEqual(tables["orders"]["method"], "incremental")
        _, tables, _ = home.sync("orders")
        self.assertEqual(tables["orders"]["method"], "full")
        _, tables, _ = home.sync("orders")
        self.assertEqual(tables["orders"]["method"], "incremental")

    def test_contradicting_options(self):
        home = self.home()
        self.assertEqual(home.sync("--full", "--method", "incremental")[0].returncode, 2)
        self.assertEqual(home.sync("--method", "sideways")[0].returncode, 2)


class Finds(InStep):
    def follow(self, home, kinds, count=12, rounds=3, walks=(), tables=ALL, before=None, **options):
        compared, changed = tables, 0
        if before:
            self.sim.mutate(count=30, seed=77, seconds=60, kinds=before, scattered=True)
            self.step(home)
        for seed in range(rounds):
            done = self.sim.mutated(count=count, seed=seed + 1, seconds=600, kinds=kinds, scattered=True, **options)
            tables, _ = self.step(home, walks=walks)
            self.assert_in_step(home, compared if tables.get("events", {}).get("state") == "ok" else TABLES)
            changed += done["changed"]
        self.assertGreater(changed, 0)

    def test_new_rows(self):
        for scopes in ("events", "read"):
            with self.subTest(scopes=scopes):
                self.follow(self.home(scopes), "purchase,checkout,product_new,benefit_new")

    def test_more_new_rows_than_a_page(self):
        home = self.home()
        self.follow(home, "purchase", count=150, rounds=1)

    def test_ties(self):
        self.follow(self.home(), "tie")

    def test_orders_in_motion(self):
        for scopes in ("events", "read"):
            with self.subTest(scopes=scopes):
                self.follow(self.home(scopes), "order_finalize,order_pay,order_redraft", before="past_due")

    def test_refunds_pull_in_their_orders(self):
        for scopes in ("events", "read"):
            with self.subTest(scopes=scopes):
                self.follow(self.home(scopes), "refund,refund_settle")

    def test_the_feed_tells_of_old_orders(self):
        self.follow(self.home(), "order_void,order_unvoid,refund_reverse")

    def test_checkouts_in_motion(self):
        for scopes in ("events", "read"):
            with self.subTest(scopes=scopes):
                self.follow(self.home(scopes), "checkout_move", before="checkout")

    def test_cancellations(self):
        for scopes in ("events", "read"):
            with self.subTest(scopes=scopes):
                self.follow(self.home(scopes), "cancel,revoke")

    def test_the_feed_tells_of_subscriptions(self):
        self.follow(self.home(), "uncancel,reinstate,past_due,recovery,renewal,plan,seats")

    def test_renewals_show_in_their_orders(self):
        self.follow(self.home("read"), "renewal")

    def test_the_feed_tells_of_customers(self):
        self.follow(self.home(), "customer_edit,customer_delete", count=2, rounds=6, tables=("customers", "orders", "subscriptions", "refunds"))

    def test_deleted_customers_without_the_feed(self):
        home = self.home("read")
        self.sim.mutate(count=3, seed=5, kinds="customer_delete", scattered=True)
        tables, _ = self.step(home, walks=("customers",))
        self.assertGreater(tables["customers"]["removed"], 0)
        self.assert_in_step(home, ("customers",))

    def test_a_row_too_many_is_missed_in_the_count(self):
        home = self.home("read")
        columns = [row["name"] for row in home.read("SELECT name FROM pragma_table_info('customers') WHERE name <> 'id'")]
        names = ", ".join(columns)
        home.write(f"INSERT INTO customers(id, {names}) SELECT '11111111-2222-4333-8444-555555555555', {names} FROM customers LIMIT 1")
        home.write("UPDATE till_tables SET row_count = row_count + 1 WHERE table_name = 'customers'")
        tables, _ = self.step(home, walks=("customers",))
        self.assertEqual((tables["customers"]["drifted"], tables["customers"]["walks"], tables["customers"]["removed"]), (True, 1, 1))
        self.assert_in_step(home, ("customers",))

    def test_prices_of_products(self):
        self.follow(self.home("read"), "product_price,product_archive,benefit_edit,organization")

    def test_deleted_benefits(self):
        self.follow(self.home("read"), "benefit_delete", count=1, rounds=1, walks=("benefits",))

    def test_late_events(self):
        self.follow(self.home(), "refund,cancel,past_due", event_lag_minutes=10)
        home = self.home()
        self.sim.mutate(count=10, seed=8, seconds=60, kinds="refund", scattered=True, event_lag_minutes=10)
        self.step(home)
        self.sim.mutate(count=1, seed=9, seconds=900, kinds="checkout")
        self.step(home)
        self.assert_in_step(home)


class Mends(InStep):
    """Rows that are missing where nothing points at them: the count tells, halving the time finds them."""

    sim_options = {"orders": 3000, "seed": 29}

    def forget(self, home, table, count, key):
        rows = home.read(f"SELECT id FROM {table} WHERE status = 'paid' ORDER BY {key} LIMIT {count} OFFSET 700")
        for row in rows:
            home.write(f"DELETE FROM {table} WHERE id = ?", row["id"])
        home.write("UPDATE till_tables SET row_count = row_count - ? WHERE table_name = ?", len(rows), table)

    def test_a_missing_order_is_found_without_a_walk(self):
        home = self.home()
        self.forget(home, "orders", 1, "created_at")
        tables, _ = self.step(home)
        self.assertTrue(tables["orders"]["drifted"])
        self.assertEqual(tables["orders"]["added"], 1)
        self.assertLess(tables["orders"]["requests"], 30)
        self.assertTrue(tables["orders"]["proven"])
        self.assert_in_step(home)

    def test_late_rows(self):
        home = self.home()
        for seed in range(3):
            self.sim.mutate(count=4, seed=seed, kinds="late,import", seconds=60)
            self.step(home, walks=("checkouts", "customers", "refunds"))
            self.assert_in_step(home, TABLES)

    def test_a_gap_near_the_top_is_filled(self):
        home = self.home()
        rows = home.read("SELECT id FROM customers WHERE till_deleted_at IS NULL ORDER BY created_at DESC LIMIT 150 OFFSET 120")
        for row in rows:
            home.write("DELETE FROM customers WHERE id = ?", row["id"])
        home.write("UPDATE till_tables SET row_count = row_count - ? WHERE table_name = 'customers'", len(rows))
        tables, _ = self.step(home, "customers")
        self.assertEqual(tables["customers"]["added"], len(rows))
        self.assert_in_step(home)

    def test_events_are_counted_when_a_full_walk_is_due(self):
        home = self.home()
        home.write("DELETE FROM events WHERE id = (SELECT id FROM events ORDER BY timestamp LIMIT 1 OFFSET 1500)")
        home.write("UPDATE till_tables SET row_count = row_count - 1, last_full_at = '2020-01-01T00:00:00.000000Z' WHERE table_name = 'events'")
        _, tables, _ = home.sync("events")
        self.assertEqual((tables["events"]["added"], tables["events"]["walks"]), (1, 0))
        self.assertTrue(tables["events"]["proven"])
        self.assert_in_step(home, ("events",))


class Copies(InStep):
    def test_no_order_points_at_nobody(self):
        self.sim.mutate(count=12, seed=3, kinds="customer_delete", scattered=True)
        home = self.home()
        for table in ("orders", "subscriptions"):
            lost = home.read(f"SELECT count(*) AS n FROM {table} WHERE customer_id NOT IN (SELECT id FROM customers)")[0]["n"]
            self.assertEqual(lost, 0, table)
        gone = home.read("SELECT * FROM customers WHERE till_deleted_at IS NOT NULL")
        self.assertGreater(len(gone), 0)
        self.assertTrue(all(row["deleted_at"] and row["organization_id"] for row in gone))
        self.assert_in_step(home)
        tables, _ = self.step(home)
        self.assertTrue(tables["customers"]["proven"])


class Hints(InStep):
    def test_hints_survive_a_failure_in_between(self):
        home = self.home()
        self.assertGreater(self.sim.mutated(count=10, seed=4, seconds=60, kinds="refund", scattered=True)["changed"], 0)
        self.sim.faults({"rules": [{"match": {"table": "orders"}, "action": {"kind": "status", "status": 422}}]})
        result, tables, _ = home.sync("--method", "incremental")
        self.assertEqual(result.returncode, 11)
        self.assertEqual(tables["orders"]["state"], "failed")
        self.assertGreater(home.read("SELECT count(*) AS n FROM till_hints WHERE table_name = 'orders'")[0]["n"], 0)
        self.sim.faults({"rules": []})
        self.step(home)
        self.assert_in_step(home)
        self.assertEqual(home.read("SELECT count(*) AS n FROM till_hints")[0]["n"], 0)

    def test_a_404_of_something_in_between_removes_nothing(self):
        home = self.home()
        customers = home.read("SELECT count(*) AS n FROM customers WHERE till_deleted_at IS NULL")[0]["n"]
        self.sim.mutate(count=8, seed=4, seconds=60, kinds="customer_edit", scattered=True)
        for text in ("<h1>Not Found</h1>", '{"detail":"Not Found"}'):
            self.sim.faults({"rules": [{"match": {"path": "/v1/customers/"}, "action": {"kind": "status", "status": 404, "text": text}}]})
            result, _, _ = home.sync("--method", "incremental")
            self.assertEqual(result.returncode, 11, text)
            self.assertEqual(home.read("SELECT count(*) AS n FROM customers WHERE till_deleted_at IS NULL")[0]["n"], customers)


class Check(InStep):
    def test_a_whole_mirror_passes(self):
        home = self.home()
        result, tables, _ = home.sync("--check", "--method", "incremental")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sum(table["differing"] for table in tables.values()), 0)
        self.assertGreater(tables["orders"]["checked"], 10)
        self.assertIn("rows at random were read again", home.till("sync", "--check", "--method", "incremental").stdout)

    def test_rows_that_differ_are_found_told_and_mended(self):
        home = self.home()
        home.write("UPDATE orders SET net_amount = net_amount + 1 WHERE created_at < (SELECT max(created_at) FROM orders)")
        home.write("UPDATE refunds SET amount = amount + 1")
        result, tables, _ = home.sync("--check", "--method", "incremental", env={"TILL_CHECK_ROWS": "30"})
        self.assertEqual(result.returncode, 11, result.stderr)
        self.assertGreater(tables["orders"]["differing"], 0)
        self.assertIn("not as mirrored", result.stderr)
        changes = home.read("SELECT * FROM row_changes WHERE table_name = 'orders' AND column_name = 'net_amount'")
        self.assertGreaterEqual(len(changes), tables["orders"]["differing"])


class Pruning(InStep):
    def test_history_is_kept_unless_told_otherwise(self):
        home = self.home()
        self.sim.mutate(count=20, seed=2, kinds="refund", scattered=True)
        self.step(home)
        count = home.read("SELECT count(*) AS n FROM row_changes")[0]["n"]
        self.assertGreater(count, 0)
        home.write("UPDATE row_changes SET seen_at = '2020-01-01T00:00:00.000000Z' WHERE id % 2 = 0")
        self.step(home)
        self.assertEqual(home.read("SELECT count(*) AS n FROM row_changes")[0]["n"], count)
        home.sync(env={"TILL_HISTORY_DAYS": "30"})
        self.assertEqual(home.read("SELECT count(*) AS n FROM row_changes WHERE seen_at < '2021'")[0]["n"], 0)
        self.assertGreater(home.read("SELECT count(*) AS n FROM row_changes")[0]["n"], 0)


if __name__ == "__main__":
    unittest.main()
