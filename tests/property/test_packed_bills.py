#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reports that read old bills out of their packed copy say what they say when they read every order, in worlds that SQL made wild."""

import json
import pathlib
import random
import sqlite3
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from large_shop import make  # noqa: E402
from sim import Sim, run_till  # noqa: E402

ORDERS, WORLDS = 40_000, 3
QUESTIONS = (
    ["movements", "--from", "2026-10-22", "--to", "2026-11-20", "--interval", "day"],
    ["movements", "--from", "2025-12-01", "--to", "2026-11-20", "--interval", "month"],
    ["movements", "--from", "2021-11-21", "--to", "2026-11-20", "--interval", "year"],
    ["cohorts", "--from", "2024-01-01", "--to", "2026-11-20", "--interval", "month"],
    ["customers", "--new", "--from", "2026-06-01", "--to", "2026-11-20"],
    ["customers", "--lost", "--from", "2026-06-01", "--to", "2026-11-20"],
)
# Prices that changed and came back, bills that are none, other currencies and products, trials, yearly subscriptions, changes that syncs saw.
WILD = (
    "UPDATE orders SET subtotal_amount = subtotal_amount + 500 WHERE rowid % 7 = {0}",
    "UPDATE orders SET discount_amount = 100 WHERE rowid % 11 = {1}",
    "UPDATE orders SET discount_amount = subtotal_amount WHERE rowid % 31 = {1}",
    "UPDATE orders SET paid = 0 WHERE rowid % 13 = {0}",
    "UPDATE orders SET currency = 'eur' WHERE rowid % 97 = {0}",
    "UPDATE orders SET product_id = NULL WHERE rowid % 17 = {1}",
    "UPDATE orders SET product_id = (SELECT p.id FROM products AS p WHERE p.rowid = 1 + orders.rowid % 4) WHERE rowid % 19 = {0}",
    "UPDATE orders SET till_deleted_at = till_synced_at WHERE rowid % 23 = {1}",
    "UPDATE orders SET billing_reason = 'subscription_create' WHERE rowid % 5 = {0}",
    "UPDATE orders SET subscription_id = upper(subscription_id) WHERE rowid % 41 = {0}",
    "UPDATE subscriptions SET trial_end = substr(started_at, 1, 8) || '28' || substr(started_at, 11) WHERE rowid % 9 = {0}",
    "UPDATE subscriptions SET recurring_interval = 'year' WHERE rowid % 6 = {1}",
    "UPDATE subscriptions SET amount = amount + 700, modified_at = '2026-10-0' || (1 + rowid % 9) || 'T00:00:00.000000Z' WHERE rowid % 8 = {0}",
    "UPDATE subscriptions SET currency = 'eur' WHERE rowid % 29 = {1}",
    "INSERT INTO row_changes(organization_id, table_name, row_id, column_name, old_value, new_value, seen_at) "
    "SELECT organization_id, 'subscriptions', id, 'amount', amount - 200, amount, '2026-09-15T00:00:00.000000Z' FROM subscriptions WHERE rowid % 10 = {0}",
)


def answers(home):
    found = []
    for question in QUESTIONS:
        answer = json.loads(run_till([*question, "--timezone", "Europe/Berlin", "--json"], home=home, check=True).stdout)
        answer.pop("as_of", None)
        found.append(answer)
    return found


class PackedBills(unittest.TestCase):
    def test_worlds(self):
        with tempfile.TemporaryDirectory() as folder, Sim(orders=20, seed=7) as sim:
            home = make(sim, ORDERS, folder)
            connection = sqlite3.connect(home / "till.db", timeout=60)
            self.assertEqual(connection.execute("SELECT state FROM till_packed").fetchall(), [(1,)])
            for seed in range(WORLDS):
                chance = random.Random(seed)
                with connection:
                    for statement in chance.sample(WILD, len(WILD) - 3):
                        connection.execute(statement.format(chance.randrange(5), chance.randrange(5)))
                    connection.execute("DELETE FROM till_packed")  # what who changes orders by hand does
                whole = answers(home)
                run_till(["sync", "products"], home=home, env={"TILL_RATE": "max"}, check=True)
                self.assertEqual(connection.execute("SELECT state FROM till_packed").fetchall(), [(1,)])
                with self.subTest(seed=seed):
                    self.assertEqual(answers(home), whole)
                # The copy is what is read: without its parts there is less.
                with connection:
                    connection.execute("DELETE FROM till_packed_bills")
                self.assertNotEqual(answers(home), whole)
            connection.close()


if __name__ == "__main__":
    unittest.main()
