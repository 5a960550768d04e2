# SPDX-License-Identifier: Apache-2.0
"""Every wrong answer that a service can give: the sync says what is wrong in one clear error (or recovers), the database stays whole, nothing is
lost or removed, and a quiet run afterwards equals the service."""

import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import check_mirror, database, integrity  # noqa: E402
from sim import Sim  # noqa: E402
from test_sync import Home, SyncCase  # noqa: E402

# name, action, how often it strikes (0 = always), exit statuses that are right while it strikes.
# A fault that strikes once or twice must be survived (0); one that never ends must be told by its class.
PASSING = [
    ("500 once", {"kind": "status", "status": 500, "text": "Internal Server Error"}, 1),
    ("502 with HTML twice", {"kind": "status", "status": 502, "text": "<html>bad gateway</html>"}, 2),
    ("503 once", {"kind": "status", "status": 503}, 1),
    ("520 once", {"kind": "status", "status": 520}, 1),
    ("429 with seconds", {"kind": "status", "status": 429, "retry_after": 1, "text": ""}, 2),
    ("429 with a date", {"kind": "status", "status": 429, "retry_after": 1, "retry_date": True}, 1),
    ("429 without Retry-After", {"kind": "status", "status": 429}, 1),
    ("reset in the body", {"kind": "reset", "at_bytes": 5000}, 2),
    ("reset before the body", {"kind": "reset", "at_bytes": 0}, 1),
    ("truncated", {"kind": "truncate", "at_bytes": 4000}, 1),
    ("chunked and cut", {"kind": "chunk_cut", "at_bytes": 4000}, 1),
    ("HTML with 200 once", {"kind": "garbage", "variant": "html"}, 1),
    ("half a body once", {"kind": "garbage", "variant": "half"}, 1),
    ("empty body once", {"kind": "garbage", "variant": "empty_body"}, 1),
    ("slow first byte", {"kind": "slow", "ms": 1500}, 1),
    ("a short stall", {"kind": "stall", "ms": 1500, "at_bytes": 3000}, 1),
    ("gzip that nobody asked for", {"kind": "garbage", "variant": "gzip"}, 1),
    ("a clock that is off", {"kind": "drift", "seconds": 86400}, 0),
    ("duplicate rows once", {"kind": "garbage", "variant": "duplicate_rows"}, 1),
]
# Answers that stay wrong: right exit statuses of `till sync orders`, and a word that the error must hold.
STAYING = [
    ("HTML for ever", {"kind": "garbage", "variant": "html"}, {7}, "orders"),
    ("a wrong content type", {"kind": "garbage", "variant": "content_type", "text": "text/plain"}, {7}, "orders"),
    ("half a body", {"kind": "garbage", "variant": "half"}, {7}, "orders"),
    ("not an object", {"kind": "garbage", "variant": "not_object"}, {7}, "orders"),
    ("no pagination", {"kind": "garbage", "variant": "no_pagination"}, {7, 10}, "orders"),
    ("a depth bomb", {"kind": "garbage", "variant": "depth_bomb", "size": 100000}, {7, 10}, "orders"),
    ("a body of 200 MB", {"kind": "garbage", "variant": "huge"}, {10}, "orders"),
    ("404", {"kind": "status", "status": 404, "text": '{"error":"ResourceNotFound","detail":"Not found"}'}, {6}, "Not found"),
    ("422", {"kind": "status", "status": 422, "text": '{"error":"RequestValidationError","detail":[{"type":"enum",'
             '"loc":["query","sorting",0],"msg":"Input should be one of these","input":"x"}]}'}, {6}, "sorting"),
    ("a redirect to another host", {"kind": "redirect", "text": "http://127.0.0.2:9/v1/orders/"}, {5, 6}, "redirect"),
    ("wrong total", {"kind": "garbage", "variant": "wrong_total", "seconds": 7}, {10}, "orders"),
    ("a page that repeats", {"kind": "repeat_page"}, {0, 10}, ""),
]
# Every row of the reference's table of errors: status, body, exit status of `till sync orders`, a word of the error.
INVALID_TOKEN = ('{"error": "invalid_token", "error_description": "The access token provided is expired, revoked, malformed, or invalid '
                 'for other reasons."}')
STATUSES = [
    (400, '{"error":"BadRequest","detail":"no"}', 6, "400"),
    (401, '{"error":"Unauthorized","detail":"Unauthorized"}', 4, "token"),
    (401, INVALID_TOKEN, 4, "token"),
    (402, '{"error":"PaymentFailed","detail":"no"}', 6, "402"),
    (403, '{"error":"NotPermitted","detail":"You don\'t have permission to look"}', 4, "permission"),
    (403, "<html>blocked</html>", 6, "403"),
    (404, '{"detail":"Not Found"}', 6, "Not Found"),
    (405, '{"detail":"Method Not Allowed"}', 6, "405"),
    (409, '{"error":"Conflict","detail":"no"}', 6, "409"),
    (410, '{"error":"Gone","detail":"no"}', 6, "410"),
    (411, '{"error":"LengthRequired","detail":"A Content-Length header is required."}', 6, "411"),
    (412, '{"error":"PreconditionFailed","detail":"no"}', 6, "412"),
    (413, '{"error":"RequestBodyTooLarge","detail":"no"}', 6, "413"),
    (418, "\x1b[31mred\x1b[0m \u202e", 6, "418"),
]
# One row of a page is wrong: it is set aside with its reason, the rest lands.
ROWS = [
    ("no id", {"kind": "garbage", "variant": "missing_id"}, "id"),
    ("wrong types", {"kind": "garbage", "variant": "wrong_types"}, ""),
    ("not a row", {"kind": "garbage", "variant": "not_row"}, ""),
    ("a timestamp that is none", {"kind": "garbage", "variant": "set", "field": "created_at", "value": "yesterday"}, "created_at"),
    ("money as text", {"kind": "garbage", "variant": "set", "field": "net_amount", "value": "12.50"}, "net_amount"),
    ("money as a fraction", {"kind": "garbage", "variant": "set", "field": "net_amount", "value": 12.5}, "net_amount"),
    ("NUL in a text", {"kind": "garbage", "variant": "nul"}, ""),
    ("invalid UTF-8", {"kind": "garbage", "variant": "invalid_utf8"}, ""),
]


class Faults(SyncCase):
    sim_options = {"orders": 450, "seed": 17}

    def quiet_run_equals_the_service(self, home, tables=("orders",)):
        self.sim.faults([])
        result, _ = home.sync()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_mirrors(home)
        self.assertEqual(integrity(home.path), "ok")
        with database(home.path) as connection:
            for table in tables:
                gone = connection.execute(f"SELECT count(*) FROM {table} WHERE till_deleted_at IS NOT NULL").fetchone()[0]
                self.assertEqual(gone, 0)

    def test_passing_faults_are_survived(self):
        for name, action, times in PASSING:
            with self.subTest(name):
                home = self.home()
                match = {"table": "orders", "after": 2}
                if times:
                    match["times"] = times
                self.sim.faults([{"match": match, "action": action}])
                result, tables = home.sync("orders")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertGreater(self.sim.fault_counts()[0]["fired"], 0)
                self.assertTrue(tables["orders"]["proven"])
                self.assertEqual(check_mirror(self.sim, home.path, ["orders"]), [])
                home.close()

    def test_staying_faults_are_told(self):
        for name, action, statuses, word in STAYING:
            with self.subTest(name):
                home = self.home()
                home.sync("orders")
                self.sim.faults([{"match": {"table": "orders"}, "action": action}])
                started = time.monotonic()
                result, tables = home.sync("orders")
                self.assertIn(result.returncode, statuses, result.stderr)
                self.assertLess(time.monotonic() - started, 60)
                self.assertEqual(tables["orders"]["removed"], 0)
                if result.returncode:
                    error = json.loads(result.stderr.strip().splitlines()[-1])["error"]
                    self.assertIn(word, error["text"])
                    self.assertTrue(error["hint"])
                self.assertNotIn(home.token, result.stdout + result.stderr)
                self.quiet_run_equals_the_service(home)
                home.close()

    def test_every_error_status_has_its_words(self):
        home = self.home()
        home.sync("orders")
        for status, body, exit_status, word in STATUSES:
            with self.subTest(f"{status} {body[:30]}"):
                self.sim.faults([{"match": {"table": "orders"}, "action": {"kind": "status", "status": status, "text": body}}])
                result, tables = home.sync("orders")
                self.assertEqual(result.returncode, exit_status, result.stderr)
                error = json.loads(result.stderr.strip().splitlines()[-1])["error"]
                self.assertIn(word, error["text"])
                self.assertTrue(error["hint"], error)
                self.assertNotIn("\x1b", result.stdout + result.stderr)
                self.assertEqual(tables["orders"]["removed"], 0)
        self.quiet_run_equals_the_service(home)

    def test_a_missing_scope_in_the_middle_of_a_walk(self):
        home = self.home()
        body = '{"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token."}'
        self.sim.faults([{"match": {"table": "orders", "after": 3}, "action": {"kind": "status", "status": 403, "text": body}}])
        result, tables = home.sync("orders", "products")
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(tables["products"]["state"], "ok")
        self.quiet_run_equals_the_service(home)

    def test_a_service_that_stays_down_is_told_in_bounded_time(self):
        home = self.home()
        self.sim.faults([{"match": {"table": "products"}, "action": {"kind": "status", "status": 503, "text": "<html>down</html>"}}])
        result, tables = home.sync("products", timeout=180)
        self.assertEqual(result.returncode, 6, result.stderr)
        self.assertLessEqual(tables["products"]["requests"], 8)
        self.quiet_run_equals_the_service(home)

    def test_one_bad_row_is_set_aside(self):
        for name, action, word in ROWS:
            with self.subTest(name):
                home = self.home()
                home.sync("products")
                self.sim.faults([{"match": {"table": "orders", "page": 2}, "action": {**action, "row": 3}}])
                result, tables = home.sync("orders")
                self.assertEqual(tables["orders"]["quarantined"] > 0, True, (name, result.stderr, tables))
                with database(home.path) as connection:
                    landed = connection.execute("SELECT count(*) FROM orders").fetchone()[0]
                    reason = connection.execute("SELECT reason FROM till_quarantine WHERE table_name = 'orders'").fetchone()[0]
                self.assertGreaterEqual(landed, self.sim.count("orders") - 1)
                self.assertIn(word, reason)
                self.assertIn("quarantined", home.till("status").stdout)
                self.quiet_run_equals_the_service(home)
                with database(home.path) as connection:
                    left = connection.execute("SELECT count(*) FROM till_quarantine WHERE row_id IS NOT NULL").fetchone()[0]
                self.assertEqual(left, 0)
                home.close()

    def test_unknown_enums_and_fields_are_kept(self):
        home = self.home()
        self.sim.faults([{"match": {"table": "orders", "page": 1}, "action": {"kind": "garbage", "variant": "unknown", "row": 0}}])
        result, tables = home.sync("orders")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(tables["orders"]["quarantined"], 0)

    def test_one_table_that_fails_does_not_stop_the_others(self):
        home = self.home()
        self.sim.faults([{"match": {"table": "products"}, "action": {"kind": "garbage", "variant": "html"}}])
        result, tables = home.sync()
        self.assertEqual(result.returncode, 11, result.stderr)
        self.assertEqual(tables["products"]["state"], "failed")
        self.assertEqual([name for name, table in tables.items() if table["state"] == "failed"], ["products"])
        self.assertIn("failed", home.till("status").stdout)
        self.quiet_run_equals_the_service(home)


class Storm(unittest.TestCase):
    def test_a_sync_through_a_storm_ends_equal_to_the_service(self):
        with Sim(orders=1500, seed=23) as sim:
            home = Home(sim)
            self.addCleanup(home.close)
            sim.faults({"seed": 5, "rules": [
                {"match": {"probability": 0.05}, "action": {"kind": "status", "status": 503}},
                {"match": {"probability": 0.05}, "action": {"kind": "reset", "at_bytes": 20000}},
                {"match": {"probability": 0.05}, "action": {"kind": "status", "status": 429, "retry_after": 1}},
                {"match": {"probability": 0.03}, "action": {"kind": "truncate", "at_bytes": 3000}},
            ]})
            result, _ = home.sync()
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(check_mirror(sim, home.path), [])


if __name__ == "__main__":
    unittest.main()
