# SPDX-License-Identifier: Apache-2.0
"""`till history`: the shop changes between syncs, and the life of each row that changed is told as the database and the service have it."""

import csv
import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import database  # noqa: E402
from sim import Sim, run_till  # noqa: E402


class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=120, seed=11).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        cls.till("connect", "polar", "--api-url", cls.sim.production.url, "--token-stdin", input=cls.sim.production.tokens["read"], check=True)
        cls.till("sync", check=True)
        for seed in (5, 6, 7):
            cls.sim.mutate(count=60, seed=seed, seconds=86400)
            cls.till("sync", "--full", "--accept-removals", check=True)

    @classmethod
    def till(cls, *args, env=None, **options):
        return run_till(args, home=cls.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US", **(env or {})}, **options)

    def history(self, table, row_id):
        return json.loads(self.till("history", table, row_id, "--json", check=True).stdout)

    def changed(self):
        with database(self.home) as connection:
            return connection.execute("SELECT DISTINCT table_name, row_id FROM row_changes ORDER BY 1, 2").fetchall()

    def test_every_life_agrees_with_the_database(self):
        rows = self.changed()
        self.assertGreater(len(rows), 20)
        for table, row_id in rows[::max(1, len(rows) // 25)]:
            life = self.history(table, row_id)
            with database(self.home) as connection:
                changes = connection.execute("SELECT * FROM row_changes WHERE table_name = ? AND row_id = ? ORDER BY id",
                                             (table, row_id)).fetchall()
                now = dict(connection.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,)).fetchone())
            told = [(moment["seen_at"], change["column"], change["old_value"], change["new_value"])
                    for moment in life["moments"] for change in moment["changes"]]
            self.assertEqual(told, [(c["seen_at"], c["column_name"], c["old_value"], c["new_value"]) for c in changes
                                    if c["column_name"] != "till_deleted_at"])
            self.assertEqual(len({moment["seen_at"] for moment in life["moments"]}), len(life["moments"]))
            self.assertEqual({key: value for key, value in life["now"].items()},
                             {key: now[key] for key in life["now"]})
            # From the newest value backward each change begins where the one before it ended.
            newest = {}
            for _, column, old, new in told:
                self.assertEqual(newest.get(column, old), old)
                newest[column] = new
            for column, value in newest.items():
                self.assertEqual(now[column], value)

    def test_rows_that_left_and_rows_that_did_not_change(self):
        with database(self.home) as connection:
            gone = connection.execute("SELECT id, till_deleted_at FROM customers WHERE till_deleted_at IS NOT NULL").fetchone()
            same = connection.execute("SELECT id, till_synced_at FROM orders WHERE till_deleted_at IS NULL AND id NOT IN"
                                      " (SELECT row_id FROM row_changes) LIMIT 1").fetchone()
        if gone:
            life = self.history("customers", gone["id"])
            self.assertEqual(life["moments"][-1]["event"], "deleted")
            self.assertEqual(life["deleted"], gone["till_deleted_at"])
            self.assertIn("gone from Polar", self.till("history", "customers", gone["id"], "--format", "table").stdout)
        life = self.history("orders", same["id"])
        self.assertEqual((life["moments"], life["first_seen"]), ([], same["till_synced_at"]))
        self.assertIn("first seen, and unchanged since", self.till("history", "orders", same["id"], "--format", "table").stdout)

    def test_formats_and_zones(self):
        table, row_id = next(row for row in self.changed() if row[0] == "orders")
        life = self.history(table, row_id)
        rows = list(csv.DictReader(io.StringIO(self.till("history", table, row_id, check=True).stdout)))
        self.assertEqual(list(rows[0]), ["seen_at", "event", "column", "old_value", "new_value"])
        self.assertEqual([row["column"] for row in rows if row["column"]],
                         [change["column"] for moment in life["moments"] for change in moment["changes"]])
        lines = self.till("history", table, row_id, "--format", "jsonl", check=True).stdout.splitlines()
        self.assertEqual(len(lines), len(rows))
        seen = life["moments"][0]["seen_at"]
        text = self.till("history", table, row_id, "--format", "table", "--timezone", "UTC", check=True).stdout
        self.assertIn(f"{seen[:10]} {seen[11:19]}  ", text)
        self.assertNotIn(f"{seen[:10]} {seen[11:19]}  ",
                         self.till("history", table, row_id, "--format", "table", "--timezone", "Asia/Tokyo", check=True).stdout)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80)
        self.assertRegex(text, r"net_amount +\S*\d")

    def test_a_part_of_the_id(self):
        _, row_id = next(row for row in self.changed() if row[0] == "orders")
        whole = self.history("orders", row_id)
        self.assertEqual(self.history("orders", row_id[:13]), whole)
        self.assertEqual(self.history("orders", row_id.upper()), whole)
        for wrong in (row_id[:7], "", "zzzzzzzz", row_id + "0", "%%%%%%%%", "x" * 200):
            result = self.till("history", "orders", wrong)
            self.assertEqual(result.returncode, 2, wrong)
            self.assertEqual(result.stdout, "")

    def test_no_secret_in_a_checkouts_life(self):
        checkout = self.sim.rows("checkouts")[0]
        self.assertNotIn(checkout["client_secret"], self.till("history", "checkouts", checkout["id"], "--json", check=True).stdout)


if __name__ == "__main__":
    unittest.main()
