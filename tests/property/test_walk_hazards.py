# SPDX-License-Identifier: Apache-2.0
"""Exact sequences of events that could cost a row: each was once a way to lose one, or to mark a living one as deleted.

The service is scripted (tests/lib/scripted.py), one page at a time in flight, so that what happens between two pages happens there and nowhere else.
"""

import json
import pathlib
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import database, integrity  # noqa: E402
from scripted import Scripted, customer, customers, new_token, organization_row  # noqa: E402
from sim import run_till, start_till  # noqa: E402

OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
ENV = {"TILL_RATE": "max", "TILL_IN_FLIGHT": "1"}


class ScriptedHome:
    def __init__(self, polar, seed=1):
        self.polar = polar
        self.path = tempfile.mkdtemp(prefix="till-test-")
        self.token = new_token(seed)
        self.connect()

    def connect(self, name="polar", polar=None, token=None):
        return self.till("connect", "polar", "--name", name, "--api-url", (polar or self.polar).url, "--token-stdin", input=token or self.token,
                         check=True)

    def till(self, *args, **options):
        return run_till(args, home=self.path, env={**ENV, **options.pop("env", {})}, **options)

    def sync(self, *args, **options):
        """A full walk: what happens between walks has tests of its own (test_in_step.py)."""
        result = self.till("sync", "--full", "--json", *args, **options)
        summary = json.loads(result.stdout) if result.stdout else {"tables": []}
        return result, {table["table"]: table for table in summary["tables"]}

    def write(self, sql, *values):
        connection = sqlite3.connect(f"{self.path}/till.db")
        with connection:
            connection.execute(sql, values)
        connection.close()

    def read(self, sql, *values):
        with database(self.path) as connection:
            return connection.execute(sql, values).fetchall()

    def live(self, table):
        return {row["id"] for row in self.read(f"SELECT id FROM {table} WHERE till_deleted_at IS NULL")}

    def dead(self, table):
        return {row["id"] for row in self.read(f"SELECT id FROM {table} WHERE till_deleted_at IS NOT NULL")}

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Hazard(unittest.TestCase):
    def service(self, **options):
        polar = Scripted(**options)
        polar.__enter__()
        self.addCleanup(polar.__exit__, None, None, None)
        return polar

    def home(self, polar, **options):
        home = ScriptedHome(polar, **options)
        self.addCleanup(home.close)
        return home

    def kill_before(self, home, table, page):
        """A sync that is killed when it asks for this page: all pages before it have landed."""
        polar = home.polar
        state = {}
        earlier = polar.before

        def hook(asked, number, limit):
            if earlier:
                earlier(asked, number, limit)
            if asked == table and number == page and "killed" not in state:
                state["killed"] = True
                time.sleep(0.2)  # what came before has landed by then
                state["process"].kill()

        with polar.lock:
            polar.before = hook
            state["process"] = start_till(["sync", "--full", table], home.path, ENV)
        state["process"].communicate(timeout=60)
        self.assertEqual(state["process"].returncode, -9)
        polar.before = earlier

    def walk(self, home, table="customers"):
        rows = home.read("SELECT * FROM till_walks WHERE table_name = ?", table)
        return dict(rows[0]) if rows else None

    def age_walk(self, home, started_at):
        home.write("UPDATE till_walks SET started_at = ?", started_at)


class Resumed(Hazard):
    def test_a_row_that_left_before_the_kill_hides_none_after_it(self):
        polar = self.service(customers=customers(500))
        home = self.home(polar)

        def remove_one(table, page, limit):
            if table == "customers" and page == 2 and len(polar.tables["customers"]) == 500:
                del polar.tables["customers"][10]

        polar.before = remove_one
        self.kill_before(home, "customers", 4)
        self.assertIsNotNone(self.walk(home))
        result, tables = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(home.live("customers"), polar.ids("customers"))

    def test_what_changed_while_the_walk_lay_idle_is_seen(self):
        polar = self.service(products=[{**organization_row(), "id": row["id"], "organization_id": row["organization_id"], "name": str(i)}
                                       for i, row in enumerate(customers(500))])
        home = self.home(polar)
        self.kill_before(home, "products", 4)
        self.age_walk(home, "2025-01-01T00:00:00.000000Z")
        polar.tables["products"][3]["name"] = "renamed"
        result, tables = home.sync("products")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(tables["products"]["resumed"])
        self.assertEqual(home.read("SELECT name FROM products WHERE id = ?", polar.tables["products"][3]["id"])[0]["name"], "renamed")
        self.assertIsNone(self.walk(home, "products"))

    def test_a_walk_from_the_future_is_not_young(self):
        polar = self.service(customers=customers(500))
        home = self.home(polar)
        self.kill_before(home, "customers", 4)
        self.age_walk(home, "2099-01-01T00:00:00.000000Z")
        del polar.tables["customers"][10]
        result, tables = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse(tables["customers"]["resumed"])
        self.assertEqual(home.live("customers"), polar.ids("customers"))

    def test_a_kill_in_the_tail_goes_on(self):
        polar = self.service(customers=customers(350))
        home = self.home(polar)
        chance = random.Random(3)

        def append_at_the_end(table, page, limit):
            if table == "customers" and page == 5 and len(polar.tables["customers"]) == 350:
                polar.tables["customers"] += [customer(1000 + i, chance) for i in range(60)]

        polar.before = append_at_the_end
        self.kill_before(home, "customers", 6)
        result, _ = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(home.live("customers"), polar.ids("customers"))
        self.assertEqual(integrity(home.path), "ok")

    def test_a_vacuum_by_another_program_voids_the_walk(self):
        polar = self.service(customers=customers(500))
        home = self.home(polar)
        home.sync("customers")
        self.kill_before(home, "customers", 4)
        home.write("DELETE FROM customers WHERE id IN (SELECT id FROM customers LIMIT 7)")
        connection = sqlite3.connect(f"{home.path}/till.db")
        connection.execute("VACUUM")
        connection.close()
        result, tables = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse(tables["customers"]["resumed"])
        self.assertEqual(home.live("customers"), polar.ids("customers"))


class Tombstones(Hazard):
    def test_a_row_hidden_by_a_deletion_and_an_insertion_at_once_lives(self):
        """Fifteen rows are truly gone; one more is pulled over a page border, unseen, while the total stays the same."""
        polar = self.service(customers=customers(500))
        home = self.home(polar)
        home.sync("customers")
        truly_gone = [row["id"] for row in polar.tables["customers"][:15]]
        del polar.tables["customers"][:15]
        chance = random.Random(5)
        done = []

        def swap(table, page, limit):
            if table == "customers" and page == 3 and not done:
                done.append(polar.tables["customers"].pop(20)["id"])
                polar.tables["customers"].append(customer(900, chance))

        polar.before = swap
        result, tables = home.sync("customers")
        self.assertEqual(home.dead("customers") & polar.ids("customers"), set(), tables)
        polar.before = None
        result, _ = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(home.live("customers"), polar.ids("customers"))
        self.assertEqual(home.dead("customers"), {*truly_gone, *done} & (home.dead("customers") | home.live("customers")))

    def test_many_rows_that_are_gone_are_looked_up_one_by_one_up_to_a_ceiling(self):
        polar = self.service(customers=customers(900))
        home = self.home(polar)
        home.sync("customers")
        del polar.tables["customers"][:400]
        polar.requests.clear()
        result, tables = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(tables["customers"]["removed"], 400)
        self.assertLess(len(polar.requests), 130)

    def test_one_row_left_of_many_is_refused_without_consent(self):
        polar = self.service(customers=customers(300))
        home = self.home(polar)
        home.sync("customers")
        del polar.tables["customers"][1:]
        result, tables = home.sync("customers")
        self.assertEqual(result.returncode, 10, result.stderr)
        self.assertEqual(len(home.live("customers")), 300)
        result, tables = home.sync("customers", "--accept-removals")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(home.live("customers")), 1)

    def test_a_row_that_comes_back_is_alive_again(self):
        polar = self.service(customers=customers(300))
        home = self.home(polar)
        home.sync("customers")
        row = polar.tables["customers"].pop(7)
        home.sync("customers")
        self.assertEqual(home.dead("customers"), {row["id"]})
        polar.tables["customers"].insert(7, row)
        result, tables = home.sync("customers")
        self.assertEqual((tables["customers"]["returned"], home.dead("customers")), (1, set()))
        changes = home.read("SELECT old_value, new_value FROM row_changes WHERE row_id = ? ORDER BY id", row["id"])
        self.assertEqual([(bool(c["old_value"]), bool(c["new_value"])) for c in changes], [(False, True), (True, False)])
        state = home.read("SELECT row_count, deleted_count FROM till_tables WHERE table_name = 'customers'")[0]
        self.assertEqual(tuple(state), (300, 0))


class Lies(Hazard):
    def test_a_list_that_ignores_its_page_number_ends(self):
        polar = self.service(customers=customers(250))
        home = self.home(polar)

        def always_first(handler, table, page):
            if table != "customers":
                return False
            polar.page(handler, table, 1, 100)
            return True

        polar.answer = always_first
        polar.requests.clear()
        result, tables = home.sync("customers", timeout=50)
        self.assertEqual(result.returncode, 10, result.stderr)
        self.assertLess(len(polar.requests), 250)
        polar.answer = None
        result, _ = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(home.live("customers"), polar.ids("customers"))

    def test_a_list_that_repeats_a_row_without_an_id_ends(self):
        polar = self.service()
        home = self.home(polar)
        for row in ({"id": 5}, {}, {"id": "5"}):
            with self.subTest(row):
                polar.answer = lambda handler, table, page, row=row: table == "customers" and (polar.send(handler, {
                    "items": [row], "pagination": {"total_count": 1, "max_page": 1}}) or True)
                polar.requests.clear()
                result, _ = home.sync("customers", timeout=50)
                self.assertEqual(result.returncode, 10, result.stderr)
                self.assertLess(len(polar.requests), 250)

    def test_totals_that_lie_prove_nothing(self):
        for total in (0, 1, 249, 251, 2**40, 2**63 - 1, 2**63, -5, None):
            with self.subTest(total):
                polar = self.service(customers=customers(250))
                home = self.home(polar)
                home.sync("customers")
                del polar.tables["customers"][7]
                polar.total = total if total is not None else "many"
                if not isinstance(polar.total, int):
                    polar.answer = lambda handler, table, page: table == "customers" and (polar.send(handler, {
                        "items": polar.tables[table][(page - 1) * 100:page * 100], "pagination": {"total_count": "many"}}) or True)
                polar.requests.clear()
                result, tables = home.sync("customers", timeout=50)
                if total != 249:
                    self.assertEqual(result.returncode, 10, (result.stdout, result.stderr))
                    self.assertEqual(home.dead("customers"), set())
                self.assertLess(len(polar.requests), 100)
                home.close()

    def test_rows_without_an_id_are_kept_once(self):
        rows = customers(150)
        rows[70] = {"created_at": "2025-01-01T00:00:00Z", "email": "nobody@example.com"}
        polar = self.service(customers=rows)
        home = self.home(polar)
        for _ in range(3):
            result, tables = home.sync("customers")
            self.assertEqual(result.returncode, 10, result.stderr)
            self.assertEqual(len(home.read("SELECT * FROM till_quarantine")), 1)
        self.assertEqual(len(home.live("customers")), 149)
        del polar.tables["customers"][70]
        result, _ = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(home.read("SELECT * FROM till_quarantine"), [])

    def test_a_tie_of_hundreds_in_any_order_is_whole(self):
        chance = random.Random(8)
        rows = [{"id": row["id"], "created_at": "2025-01-01T00:00:00Z", "started_at": "2025-02-02T00:00:00Z", "amount": 5, "currency": "usd",
                 "customer": {"organization_id": row["organization_id"]}} for row in customers(700)]
        polar = self.service(subscriptions=rows)
        home = self.home(polar)
        polar.before = lambda table, page, limit: chance.shuffle(polar.tables["subscriptions"])
        result, tables = home.sync("subscriptions")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(tables["subscriptions"]["proven"])
        self.assertEqual(home.live("subscriptions"), polar.ids("subscriptions"))


class TwoOrganizations(Hazard):
    def test_rows_walks_and_quarantine_stay_apart(self):
        first = self.service(customers=customers(250, seed=1))
        second = self.service(organization=OTHER, customers=customers(150, seed=2, organization=OTHER))
        second.tables["customers"][5]["created_at"] = "yesterday"
        home = self.home(first)
        other_token = new_token(77)
        home.connect("shop2", second, other_token)
        self.assertEqual(home.sync("--name", "polar", "customers")[0].returncode, 0)
        result, tables = home.sync("--name", "shop2", "customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(tables["customers"]["added"], 149)
        by_owner = {row[0]: row[1] for row in home.read("SELECT organization_id, count(*) FROM customers GROUP BY 1")}
        self.assertEqual(by_owner, {first.tables["organizations"][0]["id"]: 250, OTHER: 149})
        self.assertEqual({row[0] for row in home.read("SELECT DISTINCT organization_id FROM till_quarantine")}, {OTHER})
        self.assertEqual(first.tokens, {f"Bearer {home.token}"})
        self.assertEqual(second.tokens, {f"Bearer {other_token}"})
        # A removal in one leaves the other alone, and a purge takes one only.
        del first.tables["customers"][0]
        self.assertEqual(home.sync("--name", "polar", "customers")[1]["customers"]["removed"], 1)
        self.assertEqual(home.till("disconnect", "shop2", "--purge").returncode, 0)
        by_owner = {row[0]: row[1] for row in home.read("SELECT organization_id, count(*) FROM customers GROUP BY 1")}
        self.assertEqual(by_owner, {first.tables["organizations"][0]["id"]: 250})
        self.assertEqual(home.read("SELECT * FROM till_quarantine"), [])
        self.assertEqual(home.sync("customers")[0].returncode, 0)

    def test_a_token_that_becomes_another_organizations_stops_the_sync(self):
        polar = self.service(customers=customers(150))
        home = self.home(polar)
        home.sync("customers")
        polar.tables["organizations"] = [organization_row(OTHER)]
        polar.tables["customers"] = customers(120, seed=9, organization=OTHER)
        result, tables = home.sync("customers")
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertEqual(len(home.live("customers")), 150)
        self.assertEqual(home.read("SELECT count(*) FROM customers WHERE organization_id = ?", OTHER)[0][0], 0)
        self.assertEqual(home.read("SELECT last_code FROM till_tables WHERE table_name = 'customers'")[0][0], "auth")
        result, tables = home.sync("--accept-removals", "products")
        self.assertNotEqual(tables["products"]["removed"], 1)

    def test_a_foreign_row_in_the_middle_keeps_what_came_before_and_the_record(self):
        polar = self.service(customers=customers(350))
        polar.tables["customers"][250]["organization_id"] = OTHER
        home = self.home(polar)
        for in_flight in ("1", "4"):
            result, _ = home.sync("customers", env={"TILL_IN_FLIGHT": in_flight})
            self.assertEqual(result.returncode, 4, result.stderr)
            self.assertEqual(home.read("SELECT last_code FROM till_tables WHERE table_name = 'customers'")[0][0], "auth")
            self.assertEqual(home.read("SELECT count(*) FROM customers WHERE organization_id = ?", OTHER)[0][0], 0)
        polar.tables["customers"][250]["organization_id"] = polar.tables["customers"][0]["organization_id"]
        result, _ = home.sync("customers")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(home.live("customers"), polar.ids("customers"))


if __name__ == "__main__":
    unittest.main()
