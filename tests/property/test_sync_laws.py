# SPDX-License-Identifier: Apache-2.0
"""Laws that hold for every shop and every sequence of events, tried on random ones.

Seeds are fixed but for one, which is drawn and printed: a failure names the seed, and TILL_LAW_SEED=N tries it again. The whole file is bounded by
TIME_S: laws that come late try fewer seeds on a slow machine, never none.
"""

import collections
import os
import pathlib
import random
import secrets
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "contract"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import check_mirror, database, integrity, row_changes, unrecorded_columns  # noqa: E402
from sim import TABLES, Sim, kill_till, start_till  # noqa: E402
from test_sync import Home  # noqa: E402

TIME_S = 60
FIXED_SEEDS = (1, 20240229, 777)
DRAWN_SEED = int(os.environ.get("TILL_LAW_SEED") or secrets.randbelow(10**9))
ALL = (*TABLES, "events")
BOOKKEEPING = {"till_synced_at", "till_deleted_at", "till_extra"}
STARTED = time.monotonic()

# table -> columns whose sums are money, each with the row's currency
MONEY = {
    "orders": ("subtotal_amount", "discount_amount", "net_amount", "tax_amount", "total_amount", "refunded_amount", "refunded_tax_amount"),
    "refunds": ("amount", "tax_amount"),
    "subscriptions": ("amount",),
}


def seeds():
    """The drawn seed first, then the fixed ones while there is time."""
    yield DRAWN_SEED
    for seed in FIXED_SEEDS:
        if time.monotonic() - STARTED < TIME_S:
            yield seed


def snapshot(home, tables=ALL):
    """table -> id -> row as a dict, bookkeeping of time left out but whether the row is marked as deleted."""
    with database(home.path) as connection:
        return {
            table: {
                row["id"]: {**{key: row[key] for key in row.keys() if key not in BOOKKEEPING}, "is_deleted": row["till_deleted_at"] is not None}
                for row in connection.execute(f"SELECT * FROM {table}")
            }
            for table in tables
        }


def changes(home):
    return row_changes(home.path)


def without(rows, columns):
    """A snapshot without these columns: table -> set of names."""
    return {
        table: {key: {name: value for name, value in row.items() if name not in columns.get(table, ())} for key, row in table_rows.items()}
        for table, table_rows in rows.items()
    }


UNRECORDED = unrecorded_columns()


class Laws(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"\ndrawn seed: {DRAWN_SEED} (TILL_LAW_SEED={DRAWN_SEED} tries it again)", file=sys.stderr)

    def world(self, seed, **options):
        chance = random.Random(seed)
        sim = Sim(orders=chance.randrange(1, 260), seed=seed, **options).start()
        self.addCleanup(sim.stop)
        return chance, sim

    def home(self, sim):
        home = Home(sim, scopes="events")
        self.addCleanup(home.close)
        return home

    def quiet_sync(self, home):
        result, tables = home.sync("--full", "--accept-removals")  # in_step.py has the laws of incremental runs
        self.assertEqual(result.returncode, 0, result.stderr)
        for name, table in tables.items():
            self.assertTrue(table["proven"], name)
        return tables

    def mutate(self, sim, chance):
        sim.mutate(count=chance.randrange(1, 80), seed=chance.randrange(10**6), seconds=chance.choice((1, 3600, 86400 * 40)))

    def test_the_mirror_is_the_truth_and_twice_is_once(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                chance, sim = self.world(seed)
                home = self.home(sim)
                for _ in range(3):
                    self.quiet_sync(home)
                    self.assertEqual(check_mirror(sim, home.path, ALL), [])
                    once, recorded = snapshot(home), changes(home)
                    tables = self.quiet_sync(home)
                    self.assertEqual(snapshot(home), once)
                    self.assertEqual(changes(home), recorded)
                    for name, table in tables.items():
                        self.assertEqual((table["added"], table["changed"], table["removed"], table["returned"]), (0, 0, 0, 0), name)
                    self.mutate(sim, chance)
                self.assertEqual(integrity(home.path), "ok")
                self.assertEqual(sim.stats()["write_violations"], 0)

    def test_changes_replayed_over_the_first_snapshot_give_the_last(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                chance, sim = self.world(seed)
                home = self.home(sim)
                self.quiet_sync(home)
                replayed = snapshot(home)
                for _ in range(3):
                    self.mutate(sim, chance)
                    self.quiet_sync(home)
                last = snapshot(home)
                born = {(table, key) for table in ALL for key in last[table].keys() - replayed[table].keys()}
                for change in changes(home):
                    table, key, column = change["table_name"], change["row_id"], change["column_name"]
                    if (table, key) in born:
                        continue
                    row = replayed[table][key]
                    if column == "till_deleted_at":
                        row["is_deleted"] = change["new_value"] is not None
                        continue
                    self.assertEqual(row[column], change["old_value"], (table, column))
                    row[column] = change["new_value"]
                for table, key in born:
                    replayed[table][key] = last[table][key]
                self.assertEqual(without(replayed, UNRECORDED), without(last, UNRECORDED))

    def test_tombstones_are_the_difference_of_two_sets(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                chance, sim = self.world(seed)
                home = self.home(sim)
                self.quiet_sync(home)
                ever = {table: set(rows) for table, rows in snapshot(home).items()}
                for _ in range(3):
                    self.mutate(sim, chance)
                    self.quiet_sync(home)
                    now = snapshot(home)
                    for table in TABLES:
                        listed = {row["id"] for row in sim.rows(table)}
                        ever[table] |= listed
                        self.assertLessEqual(ever[table], set(now[table]), f"{table}: nothing is ever removed")
                        # More only where copies inside other rows show what was gone before the first run.
                        self.assertLessEqual(set(now[table]), set(sim.ids(table)), f"{table}: nothing is invented")
                        self.assertEqual({key for key, row in now[table].items() if row["is_deleted"]}, set(now[table]) - listed, table)

    def test_a_kill_and_what_follows_end_as_if_nothing_had_happened(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                chance, sim = self.world(seed, latency_ms=3)
                killed, calm = self.home(sim), self.home(sim)
                started = time.monotonic()
                self.quiet_sync(calm)
                whole_s = time.monotonic() - started
                for _ in range(4):
                    process = start_till(["sync", "--accept-removals"], killed.path, {"TILL_RATE": "max"})
                    time.sleep(chance.uniform(0, whole_s))
                    kill_till(process)
                    self.assertEqual(integrity(killed.path), "ok")
                self.quiet_sync(killed)
                self.assertEqual(snapshot(killed), snapshot(calm))
                # Mirrored once; what is done twice leaves no trace in the history.
                self.assertEqual(changes(killed), [])

    def test_the_order_of_pages_and_ties_leaves_no_trace(self):
        # Rows with equal keys come in another order with every request; pages in flight come in another order with every run.
        for seed in seeds():
            with self.subTest(seed=seed):
                chance, sim = self.world(seed)
                homes = [self.home(sim) for _ in range(3)]
                for home, in_flight in zip(homes, ("1", "2", "4"), strict=True):
                    result, _ = home.sync(env={"TILL_IN_FLIGHT": in_flight})
                    self.assertEqual(result.returncode, 0, result.stderr)
                first = snapshot(homes[0])
                for home in homes[1:]:
                    self.assertEqual(snapshot(home), first)

    def test_money_adds_up_in_each_currency(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                chance, sim = self.world(seed)
                home = self.home(sim)
                self.quiet_sync(home)
                self.mutate(sim, chance)
                self.quiet_sync(home)
                for table, columns in MONEY.items():
                    for column in columns:
                        truth = collections.Counter()
                        for row in sim.rows(table):
                            truth[row["currency"]] += row[column] or 0
                        with database(home.path) as connection:
                            ours = dict(connection.execute(
                                f"SELECT currency, coalesce(sum({column}), 0) FROM {table} WHERE till_deleted_at IS NULL GROUP BY currency").fetchall())
                        self.assertEqual(ours, dict(truth), f"{table}.{column}")

    def test_the_books_of_each_table_agree_with_its_rows(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                chance, sim = self.world(seed)
                home = self.home(sim)
                sim.mutate_during(every=2, count=2, seed=seed % 1000)
                for _ in range(3):
                    home.sync("--accept-removals")
                sim.mutate_during(every=0)
                self.quiet_sync(home)
                with database(home.path) as connection:
                    for table in ALL:
                        live, dead = connection.execute(
                            f"SELECT count(*) FILTER (WHERE till_deleted_at IS NULL), count(till_deleted_at) FROM {table}").fetchone()
                        kept = connection.execute("SELECT row_count, deleted_count FROM till_tables WHERE table_name = ?", (table,)).fetchone()
                        self.assertEqual((live, dead), tuple(kept), table)
                    for leftover in ("till_walks", "till_walk_rows", "till_walk_rejects", "till_quarantine"):
                        self.assertEqual(connection.execute(f"SELECT count(*) FROM {leftover}").fetchone()[0], 0, leftover)
                self.assertEqual(check_mirror(sim, home.path, ALL), [])


if __name__ == "__main__":
    unittest.main()
