# SPDX-License-Identifier: Apache-2.0
"""test_sim_http.py - the simulator keeps Polar's rules, byte for byte where Polar's bytes are known.

The other tests believe the simulator, so it is held to the contract here: versions, redirects, authentication, scopes, paging, bad
parameters, errors, the limiter, and the faults that a plan injects. Only sockets and http.client are used: no client of ours.
"""

import json
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import READ_SCOPES, TABLES, Sim, SimError, sim_path, wait_for  # noqa: E402

UNAUTHORIZED = b'{"error":"Unauthorized","detail":"Unauthorized"}'
INVALID_TOKEN = (
    b'{"error": "invalid_token", "error_description": "The access token provided is expired, revoked, malformed, or invalid for other reasons."}'
)
INSUFFICIENT = (
    b'{"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token."}'
)
NOT_FOUND = b'{"detail":"Not Found"}'
RESOURCE_NOT_FOUND = b'{"error":"ResourceNotFound","detail":"Not found"}'
METHOD_NOT_ALLOWED = b'{"detail":"Method Not Allowed"}'
DEFAULT_VERSION = "2026-04"
NOBODY = "00000000-0000-4000-8000-000000000000"
NOW = "2026-08-20T12:00:00Z"


def raw(sim, text, env="production", timeout=10):
    """Sends bytes as they are and gives everything that comes back until the other side closes."""
    url = urllib.parse.urlsplit(sim.environment(env).url)
    with socket.create_connection((url.hostname, url.port), timeout=timeout) as connection:
        connection.sendall(text)
        parts = []
        while data := connection.recv(65536):
            parts.append(data)
    return b"".join(parts)


def base62_crc(text):
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        value, digit = divmod(value, 62)
        digits = alphabet[digit] + digits
    return digits


class SimTest(unittest.TestCase):
    limiter = "none"
    orders = 300

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=cls.orders, seed=11, limiter=cls.limiter, now=NOW).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.token = cls.sim.production.tokens["full"]

    def get(self, target, token="", **options):
        return self.sim.get(target, self.token if token == "" else token, **options)

    def items(self, target, **options):
        answer = self.get(target, **options)
        self.assertEqual(answer.status, 200, answer.body[:300])
        return json.loads(answer.body)["items"]

    def page(self, target, **options):
        answer = self.get(target, **options)
        self.assertEqual(answer.status, 200, answer.body[:300])
        return json.loads(answer.body)

    def all_rows(self, table, query=""):
        rows, number = [], 1
        while items := self.items(f"/v1/{table}/?limit=100&page={number}{query}"):
            rows += items
            number += 1
        return rows


class Tokens(SimTest):
    def test_shape_and_checksum(self):
        tokens = list(self.sim.production.tokens.values()) + list(self.sim.sandbox.tokens.values())
        for token in tokens + [self.sim.token("orders:read")]:
            self.assertRegex(token, r"^polar_oat_[A-Za-z0-9]{43}$")
            self.assertEqual(base62_crc(token[10:47]), token[47:])
        self.assertEqual(len(set(tokens)), len(tokens))

    def test_anonymous_callers(self):
        headers = [{}, {"Authorization": "Basic dXNlcjpwYXNz"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}]
        for fields in headers + [{"Authorization": "Bearer t\u00f6ken".encode()}]:
            answer = self.get("/v1/orders/", None, headers=fields)
            self.assertEqual((answer.status, answer.body), (401, UNAUTHORIZED))
            self.assertEqual(answer.headers["WWW-Authenticate"], 'Bearer realm="polar"')
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            self.assertEqual(answer.headers["Cache-Control"], "private, no-store")
            self.assertEqual(answer.headers["Polar-Version"], DEFAULT_VERSION)

    def test_the_scheme_may_be_in_any_case(self):
        answer = self.get("/v1/orders/", None, headers={"Authorization": f"bEARER {self.token}"})
        self.assertEqual(answer.status, 200)

    def test_invalid_tokens(self):
        revoked = self.sim.token("read")
        self.sim.revoke(revoked)
        sandbox = self.sim.sandbox.tokens["full"]
        for token in ["nonsense", "polar_oat_x", self.token[:-1], "polar_pat_" + self.token[10:], revoked, sandbox]:
            # an invalid token is refused before any route is looked for
            for target in ["/v1/orders/", "/v1/orders", "/v1/nowhere", "/v1/orders/?limit=0"]:
                answer = self.get(target, token)
                self.assertEqual((answer.status, answer.body), (401, INVALID_TOKEN))
                self.assertEqual(
                    answer.headers["WWW-Authenticate"],
                    'Bearer realm="polar", error="invalid_token", error_description="The access token provided is expired,'
                    ' revoked, malformed, or invalid for other reasons."',
                )
                self.assertEqual(answer.headers.get_all("Cache-Control"), ["no-store"])
                self.assertEqual(answer.headers["Pragma"], "no-cache")
                self.assertEqual(answer.headers["Polar-Version"], DEFAULT_VERSION)
        answer = self.get("/v1/orders/", self.token, env="sandbox")
        self.assertEqual((answer.status, answer.body), (401, INVALID_TOKEN))
        self.assertIsNone(answer.headers["X-Polar-Sandbox"])  # an outer layer answered

    def test_user_only_endpoints(self):
        for target in ["/v1/payouts/", "/v1/transactions/search", f"/v1/accounts/{NOBODY}", "/v1/users/me"]:
            answer = self.get(target)
            self.assertEqual((answer.status, answer.body), (401, UNAUTHORIZED))

    def test_every_scope_is_needed_and_suffices(self):
        for table in (*TABLES, "events"):
            others = [scope for scope in (*READ_SCOPES, "events:read", "metrics:read") if scope != f"{table}:read"]
            without = self.sim.token(others)
            answer = self.get(f"/v1/{table}/?limit=0", without)  # 403 comes before 422
            self.assertEqual((answer.status, answer.body), (403, INSUFFICIENT))
            challenge = re.fullmatch(
                r'Bearer realm="polar", scope="([^"]*)", error="insufficient_scope", error_description="The request requires'
                r' higher privileges than provided by the access token\."',
                answer.headers["WWW-Authenticate"],
            )
            expected = {f"{table}:read"} if table == "orders" else {f"{table}:read", f"{table}:write"}
            self.assertEqual(set(challenge[1].split(" ")), expected)
            self.assertEqual(answer.headers.get_all("Cache-Control"), ["no-store"])
            for scope in expected:
                self.assertEqual(self.get(f"/v1/{table}/", self.sim.token(scope)).status, 200)
        self.assertEqual(self.get("/v1/orders/", self.sim.token("orders:write")).status, 403)

    def test_scopes_of_a_live_token_change(self):
        token = self.sim.token("orders:read")
        self.assertEqual(self.get("/v1/orders/", token).status, 200)
        self.sim.edit_token(token, "customers:read")
        self.assertEqual(self.get("/v1/orders/", token).status, 403)
        self.assertEqual(self.get("/v1/customers/", token).status, 200)

    def test_other_organizations_do_not_exist(self):
        page = self.page(f"/v1/orders/?organization_id={NOBODY}")
        self.assertEqual(page, {"items": [], "pagination": {"total_count": 0, "max_page": 0}})
        answer = self.get(f"/v1/organizations/{NOBODY}")
        self.assertEqual((answer.status, answer.body), (404, RESOURCE_NOT_FOUND))
        organizations = self.items("/v1/organizations/")
        self.assertEqual([row["id"] for row in organizations], [self.sim.production.organization_id])


class Transport(SimTest):
    def test_versions(self):
        for version in ["2026-04", "2026-10", "2027-01"]:
            answer = self.get("/v1/orders/?limit=1", headers={"Polar-Version": version})
            self.assertEqual((answer.status, answer.headers["Polar-Version"]), (200, version))
        self.assertEqual(self.get("/v1/orders/?limit=1").headers["Polar-Version"], DEFAULT_VERSION)
        for version in ["2025-01", "2026-4", "latest", "2026-04-01", ""]:
            for target, token in [("/v1/orders/", self.token), ("/v1/orders/", "nonsense"), ("/healthz", None)]:
                answer = self.get(target, token, headers={"Polar-Version": version})
                self.assertEqual((answer.status, answer.body), (404, NOT_FOUND))
                for name in ["Polar-Version", "Cache-Control", "WWW-Authenticate"]:
                    self.assertIsNone(answer.headers[name])

    def test_redirects(self):
        base = self.sim.production.url
        order = self.items("/v1/orders/?limit=1")[0]["id"]
        cases = {
            "/v1/orders": "/v1/orders/",
            "/v1/orders?limit=1&status=paid&x=%20+%C3%A9": "/v1/orders/?limit=1&status=paid&x=%20+%C3%A9",
            f"/v1/orders/{order}/?a=b": f"/v1/orders/{order}?a=b",
            "/v1/metrics/limits/": "/v1/metrics/limits",
            "/api/v1/customers": "/v1/customers/",
        }
        for target, location in cases.items():
            for token in (self.token, None):
                answer = self.get(target, token)
                self.assertEqual((answer.status, answer.body), (307, b""))
                self.assertEqual(answer.headers["Location"], base + location)
                self.assertIsNone(answer.headers["Content-Type"])
        answer = self.get("/v1/orders", headers={"Host": "shop.example:99"})
        self.assertEqual(answer.headers["Location"], "http://shop.example:99/v1/orders/")

    def test_old_root(self):
        answer = self.get("/api/v1/orders/?limit=1")
        self.assertEqual(answer.status, 200)
        self.assertEqual(
            answer.headers["X-Polar-Deprecation-Notice"],
            "The API root has moved from /api/v1 to /v1. Please update your integration.",
        )
        self.assertIsNone(self.get("/v1/orders/?limit=1").headers["X-Polar-Deprecation-Notice"])

    def test_headers_of_both_environments(self):
        answer = self.get("/v1/orders/?limit=1")
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.headers["Cache-Control"], "private, no-store")
        for name in ["X-Polar-Sandbox", "ETag", "Last-Modified", "Content-Encoding", "Link", "X-RateLimit-Limit"]:
            self.assertIsNone(answer.headers[name])
        token = self.sim.sandbox.tokens["full"]
        for target in ["/v1/orders/?limit=1", "/v1/nowhere", "/v1/orders", "/v1/orders/?limit=0"]:
            self.assertEqual(self.get(target, token, env="sandbox").headers["X-Polar-Sandbox"], "1")
        self.assertNotEqual(self.sim.production.organization_id, self.sim.sandbox.organization_id)
        ids = {row["id"] for row in self.sim.rows("orders")} & {row["id"] for row in self.sim.rows("orders", env="sandbox")}
        self.assertEqual(ids, set())

    def test_health(self):
        answer = self.get("/healthz", None)
        self.assertEqual((answer.status, answer.body), (200, b'{"status":"ok"}'))

    def test_unknown_routes(self):
        for target in ["/", "/v1", "/v1/", "/v1/nowhere", "/v1/metrics/export", f"/v1/refunds/{NOBODY}", "/v1/orders/a/b", "/openapi.json"]:
            answer = self.get(target)
            self.assertEqual((answer.status, answer.body), (404, NOT_FOUND), target)
            self.assertEqual(answer.headers["Polar-Version"], DEFAULT_VERSION)

    def test_methods(self):
        for method in ["HEAD", "OPTIONS", "TRACE"]:
            answer = self.get("/v1/orders/", method=method)
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET"))
            self.assertEqual(answer.body, b"" if method == "HEAD" else METHOD_NOT_ALLOWED)
        self.sim.reset_stats()
        for number, method in enumerate(["POST", "PUT", "PATCH", "DELETE"], start=1):
            answer = self.get("/v1/orders/", method=method, body="{}")
            self.assertEqual((answer.status, answer.body), (403, INSUFFICIENT))
            self.assertEqual(self.sim.stats()["write_violations"], number)
        answer = self.get("/v1/orders/", self.sim.production.tokens["write"], method="POST", body="{}")
        self.assertEqual(answer.status, 403)
        self.assertEqual(json.loads(answer.body)["error"], "NotPermitted")
        self.assertEqual(self.get("/v1/orders/", None, method="POST", body="{}").status, 401)

    def test_bodies(self):
        head = f"POST /v1/orders/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {self.token}\r\n"
        answer = raw(self.sim, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 411 "), answer[:60])
        self.assertIn(b'{"error":"LengthRequired","detail":"A Content-Length header is required."}', answer)
        answer = self.get("/v1/orders/", method="POST", body=b"x" * (10 * 1024 * 1024 + 1))
        self.assertEqual((answer.status, json.loads(answer.body)["error"]), (413, "RequestBodyTooLarge"))

    def test_a_connection_serves_many_requests(self):
        request = f"GET /v1/orders/?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n"
        count = 50
        stream = (request + "\r\n") * (count - 1) + request + "Connection: close\r\n\r\n"
        self.sim.reset_stats()
        answer = raw(self.sim, stream.encode())
        self.assertEqual(len(re.findall(rb"HTTP/1\.1 200 ", answer)), count)
        self.assertEqual(self.sim.stats()["requests"], count)

    def test_oversized_requests_are_refused(self):
        answer = raw(self.sim, b"GET /v1/orders/?x=" + b"a" * 300000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertTrue(answer == b"" or re.match(rb"HTTP/1\.[01] 4", answer), answer[:60])
        self.assertEqual(self.get("/healthz").status, 200)


class Paging(SimTest):
    def test_shape(self):
        answer = self.get("/v1/orders/")
        page = json.loads(answer.body)
        total = self.sim.count("orders")
        self.assertEqual(list(page), ["items", "pagination"])
        self.assertEqual(page["pagination"], {"total_count": total, "max_page": -(-total // 10)})
        self.assertEqual(len(page["items"]), 10)
        self.assertTrue(answer.body.endswith(f'],"pagination":{{"total_count":{total},"max_page":{-(-total // 10)}}}}}'.encode()))

    def test_limits_are_clamped_without_a_word(self):
        total = self.sim.count("orders")
        for limit in (100, 101, 1000, 10**30):
            page = self.page(f"/v1/orders/?limit={limit}")
            self.assertEqual(len(page["items"]), 100)
            self.assertEqual(page["pagination"], {"total_count": total, "max_page": -(-total // 100)})

    def test_beyond_the_end(self):
        total = self.sim.count("orders")
        page = self.page("/v1/orders/?limit=100&page=1000000")
        self.assertEqual(page, {"items": [], "pagination": {"total_count": total, "max_page": -(-total // 100)}})

    def test_an_offset_beyond_int64_is_a_crash(self):
        answer = self.get(f"/v1/orders/?limit=100&page={10**30}")
        self.assertEqual((answer.status, answer.body), (500, b"Internal Server Error"))
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"))
        self.assertIsNone(answer.headers["Polar-Version"])
        self.assertIsNone(answer.headers["Cache-Control"])

    def test_every_table_pages_to_the_truth(self):
        for env in ("production", "sandbox"):
            token = self.sim.environment(env).tokens["events"]
            for table in (*TABLES, "events"):
                truth = {row["id"]: row for row in self.sim.rows(table, env=env)}
                seen, number = {}, 1
                # a second key narrows ties; what is left of them may move between pages
                while items := self.items(f"/v1/{table}/?limit=100&page={number}", token=token, env=env):
                    seen.update((row["id"], row) for row in items)
                    number += 1
                missing = set(truth) - set(seen)
                self.assertLessEqual(len(missing), len(truth) // 20, table)
                self.assertLessEqual(set(seen), set(truth), table)
                if table not in ("benefits", "products"):  # these hold values that change with each read
                    for row_id, row in seen.items():
                        self.assertEqual(without_fresh(row), without_fresh(truth[row_id]))

    def test_ties_change_their_order(self):
        first = [row["id"] for row in self.all_rows("orders", "&sorting=status")]
        orders = {tuple(row["id"] for row in self.items("/v1/orders/?limit=100&sorting=status")) for _ in range(8)}
        self.assertGreater(len(orders), 1)
        statuses = {row["id"]: row["status"] for row in self.sim.rows("orders")}
        self.assertEqual([statuses[i] for i in first], sorted(statuses[i] for i in first))

    def test_get_one(self):
        for table in (*TABLES, "events"):
            if table == "refunds":
                continue
            row = self.items(f"/v1/{table}/?limit=1")[0]
            answer = self.get(f"/v1/{table}/{row['id']}")
            self.assertEqual(answer.status, 200)
            self.assertEqual(json.loads(answer.body)["id"], row["id"])
            self.assertEqual(self.get(f"/v1/{table}/{row['id'].upper()}").status, 200)
            answer = self.get(f"/v1/{table}/{NOBODY}")
            self.assertEqual((answer.status, answer.body), (404, RESOURCE_NOT_FOUND))
            answer = self.get(f"/v1/{table}/12345")
            self.assertEqual(answer.status, 422)
            self.assertEqual(json.loads(answer.body)["detail"][0]["loc"], ["path", "id"])

    def test_hidden_rows_are_not_found(self):
        with Sim(orders=2000, seed=11, limiter="none", now=NOW) as sim:
            listed = {row["id"] for row in sim.rows("customers")}
            hidden = [row for row in sim.rows("customers", listed=False) if row["id"] not in listed]
            self.assertTrue(hidden)
            answer = sim.get(f"/v1/customers/{hidden[0]['id']}", sim.production.tokens["full"])
            self.assertEqual((answer.status, answer.body), (404, RESOURCE_NOT_FOUND))

    def test_customer_by_external_id(self):
        row = next(row for row in self.sim.rows("customers") if row["external_id"])
        answer = self.get(f"/v1/customers/external/{urllib.parse.quote(row['external_id'], safe='')}")
        self.assertEqual(json.loads(answer.body)["id"], row["id"])
        self.assertEqual(self.get("/v1/customers/external/no-such-thing").body, RESOURCE_NOT_FOUND)

    def test_cursor_pagination_of_events(self):
        self.assertEqual(self.page("/v1/events/?cursor_pagination=true&limit=5")["pagination"], {"has_next_page": True})
        last = -(-self.sim.count("events") // 100)
        self.assertEqual(self.page(f"/v1/events/?cursor_pagination=1&limit=100&page={last}")["pagination"], {"has_next_page": False})

    def test_metrics_limits(self):
        limits = json.loads(self.get("/v1/metrics/limits").body)
        self.assertEqual(limits["min_date"], "2023-01-01")
        self.assertEqual(limits["intervals"]["week"], {"min_days": 14, "max_days": 371})
        self.assertEqual(self.get("/v1/metrics/limits", self.sim.token("read")).status, 403)


def without_fresh(row):
    """A row without what each read makes anew (the signed token of Discord benefits, wherever it is embedded)."""
    return re.sub(r'"guild_token": "[^"]*"', "", json.dumps(row))


def key_of(row, key):
    """The value that a sort key stands for, as far as rows show it; None sorts last ascending."""
    value = {
        "amount": lambda: row["net_amount"] if "net_amount" in row else row["amount"],
        "customer": lambda: row["customer"]["email"],
        "product": lambda: row["product"]["name"] if row["product"] else None,
        "discount": lambda: row["discount"]["name"] if row["discount"] else None,
        "subscription": lambda: row["subscription_id"],
    }.get(key, lambda: row[key])()
    return value


class Selecting(SimTest):
    orders = 600

    def ids(self, table, query):
        return sorted(row["id"] for row in self.all_rows(table, "&" + query))

    def check(self, table, query, accept, may_be_empty=False):
        """A filter gives exactly the rows of the truth that `accept` accepts. Unique sort keys make the walk exact."""
        expected = sorted(row["id"] for row in self.sim.rows(table) if accept(row))
        page = self.page(f"/v1/{table}/?{query}")
        self.assertEqual(page["pagination"]["total_count"], len(expected), f"{table} {query}")
        self.assertTrue(expected or may_be_empty, f"{table} {query}: the world holds no such row")
        got = self.ids(table, query)
        self.assertLessEqual(set(got), set(expected), f"{table} {query}")
        self.assertGreaterEqual(len(set(got)), len(expected) - max(3, len(expected) // 10), f"{table} {query}")

    def test_orders(self):
        rows = self.sim.rows("orders")
        for status in {row["status"] for row in rows}:
            self.check("orders", f"status={status}", lambda row, s=status: row["status"] == s)
        self.check("orders", "status=paid&status=refunded", lambda row: row["status"] in ("paid", "refunded"))
        customer, other = rows[0]["customer_id"], rows[-1]["customer_id"]
        self.check("orders", f"customer_id={customer}", lambda row: row["customer_id"] == customer)
        self.check("orders", f"customer_id={customer}&customer_id={other}", lambda row: row["customer_id"] in (customer, other))
        product = next(row["product_id"] for row in rows if row["product_id"])
        self.check("orders", f"product_id={product}", lambda row: row["product_id"] == product)
        subscription = next(row["subscription_id"] for row in rows if row["subscription_id"])
        self.check("orders", f"subscription_id={subscription}", lambda row: row["subscription_id"] == subscription)
        checkout = next(row["checkout_id"] for row in rows if row["checkout_id"])
        self.check("orders", f"checkout_id={checkout}", lambda row: row["checkout_id"] == checkout)
        discount = next(row["discount_id"] for row in rows if row["discount_id"])
        self.check("orders", f"discount_id={discount}", lambda row: row["discount_id"] == discount)
        external = next(row["customer"]["external_id"] for row in rows if row["customer"]["external_id"])
        self.check(
            "orders",
            "external_customer_id=" + urllib.parse.quote(external, safe=""),
            lambda row: row["customer"]["external_id"] == external,
        )
        recurring = {row["id"]: row["is_recurring"] for row in self.sim.rows("products", listed=False)}
        for name, flag in (("recurring", True), ("one_time", False)):
            self.check("orders", f"product_billing_type={name}", lambda row, f=flag: recurring.get(row["product_id"]) is f)

    def test_orders_in_a_window(self):
        stamps = sorted(normal_time(row["created_at"]) for row in self.sim.rows("orders"))
        low, high = stamps[len(stamps) // 3], stamps[2 * len(stamps) // 3]
        quoted = urllib.parse.quote
        query = f"created_after={quoted(low)}&created_before={quoted(high)}"
        self.check("orders", query, lambda row: low < normal_time(row["created_at"]) < high)  # both bounds are strict
        offset = low.replace("Z", "+00:00")
        self.check("orders", f"created_after={quoted(offset)}", lambda row: normal_time(row["created_at"]) > low)
        naive = low.replace("Z", "")
        self.check("orders", f"created_after={quoted(naive)}", lambda row: normal_time(row["created_at"]) > low)

    def test_metadata(self):
        rows = self.sim.rows("orders")
        sources = sorted({str(row["metadata"]["utm_source"]) for row in rows if "utm_source" in row["metadata"]})
        self.assertGreaterEqual(len(sources), 2)
        one, two = sources[:2]
        quoted = urllib.parse.quote
        self.check("orders", f"metadata[utm_source]={quoted(one)}", lambda row: row["metadata"].get("utm_source") == one)
        both = f"metadata[utm_source]={quoted(one)}&metadata%5Butm_source%5D={quoted(two)}"
        self.check("orders", both, lambda row: row["metadata"].get("utm_source") in (one, two))
        self.check("orders", both + "&metadata[nothing]=1", lambda row: False, may_be_empty=True)
        total = self.sim.count("checkouts")  # this list has no metadata filter, and says nothing
        self.assertEqual(self.page("/v1/checkouts/?metadata[utm_source]=x")["pagination"]["total_count"], total)

    def test_subscriptions(self):
        rows = self.sim.rows("subscriptions")
        for status in {row["status"] for row in rows}:
            self.check("subscriptions", f"status={status}", lambda row, s=status: row["status"] == s)
        self.check("subscriptions", "active=true", lambda row: row["status"] in ("trialing", "active"))
        self.check("subscriptions", "active=false", lambda row: row["status"] in ("canceled", "unpaid"))
        for flag in ("true", "false"):
            self.check("subscriptions", f"cancel_at_period_end={flag}", lambda row, f=flag == "true": row["cancel_at_period_end"] is f)
        reason = next(row["customer_cancellation_reason"] for row in rows if row["customer_cancellation_reason"])
        self.check("subscriptions", f"customer_cancellation_reason={reason}", lambda row: row["customer_cancellation_reason"] == reason)
        moment = sorted(normal_time(row["canceled_at"]) for row in rows if row["canceled_at"])[1]
        quoted = urllib.parse.quote(moment)
        for name, accept in {
            "canceled_at_after": lambda row: row["canceled_at"] and normal_time(row["canceled_at"]) >= moment,
            "canceled_at_before": lambda row: row["canceled_at"] and normal_time(row["canceled_at"]) <= moment,
        }.items():
            self.check("subscriptions", f"{name}={quoted}", accept)
        moment = sorted(normal_time(row["started_at"]) for row in rows)[len(rows) // 2]
        quoted = urllib.parse.quote(moment)
        self.check("subscriptions", f"started_after={quoted}", lambda row: normal_time(row["started_at"]) > moment)
        self.check("subscriptions", f"started_before={quoted}", lambda row: normal_time(row["started_at"]) < moment)

    def test_customers(self):
        rows = self.sim.rows("customers")
        row = next(row for row in rows if row["email"])
        self.check("customers", "email=" + urllib.parse.quote(row["email"].upper()), lambda r: (r["email"] or "").lower() == row["email"].lower())
        text = row["email"][1:6]
        self.check(
            "customers",
            "query=" + urllib.parse.quote(text),
            lambda r: any(text.lower() in (r[field] or "").lower() for field in ("email", "name", "billing_name"))
            or (r["external_id"] or "").startswith(text),
        )
        live = {s["customer_id"] for s in self.sim.rows("subscriptions") if s["status"] in ("trialing", "active", "past_due")}
        self.check("customers", "active=true", lambda r: r["id"] in live)
        self.check("customers", "active=0", lambda r: r["id"] not in live)
        self.assertFalse([r for r in self.all_rows("customers") if r["deleted_at"]])

    def test_products_and_benefits(self):
        products = self.sim.rows("products")
        self.check("products", f"id={products[0]['id']}&id={products[1]['id']}", lambda r: r["id"] in (products[0]["id"], products[1]["id"]))
        for flag in ("true", "false"):
            self.check("products", f"is_archived={flag}", lambda r, f=flag == "true": r["is_archived"] is f)
            self.check("products", f"is_recurring={flag}", lambda r, f=flag == "true": r["is_recurring"] is f)
        visibility = products[0]["visibility"]
        self.check("products", f"visibility={visibility}", lambda r: r["visibility"] == visibility)
        text = products[2]["name"][:4]
        self.check("products", "query=" + urllib.parse.quote(text), lambda r: text.lower() in r["name"].lower())
        benefit = next(b["id"] for row in products for b in row["benefits"])
        self.check("products", f"benefit_id={benefit}", lambda r: benefit in [b["id"] for b in r["benefits"]])
        benefits = self.sim.rows("benefits")
        kind, one = benefits[0]["type"], benefits[0]["id"]
        self.check("benefits", f"type={kind}", lambda r: r["type"] == kind)
        self.check("benefits", f"exclude_id={one}", lambda r: r["id"] != one)
        wanted = [row["id"] for row in reversed(benefits[:3])]
        query = "&".join(f"id={i}" for i in wanted)
        self.assertEqual([row["id"] for row in self.items(f"/v1/benefits/?sorting=user_order&{query}")], wanted)

    def test_refunds_and_checkouts(self):
        refunds = self.sim.rows("refunds")
        self.check("refunds", f"id={refunds[0]['id']}", lambda r: r["id"] == refunds[0]["id"])
        self.check("refunds", f"order_id={refunds[0]['order_id']}", lambda r: r["order_id"] == refunds[0]["order_id"])
        self.check("refunds", "succeeded=true", lambda r: r["status"] == "succeeded")
        self.check("refunds", "succeeded=false", lambda r: r["status"] != "succeeded")
        checkouts = self.sim.rows("checkouts")
        for status in {row["status"] for row in checkouts}:
            self.check("checkouts", f"status={status}", lambda row, s=status: row["status"] == s)
        product = checkouts[0]["products"][0]["id"]
        self.check("checkouts", f"product_id={product}", lambda r: product in [p["id"] for p in r["products"]])
        email = next(row["customer_email"] for row in checkouts if row["customer_email"])
        text = email[2:8]
        self.check("checkouts", "query=" + urllib.parse.quote(text), lambda r: text.lower() in (r["customer_email"] or "").lower())
        total = self.sim.count("checkouts")
        self.assertEqual(self.page("/v1/checkouts/?created_after=2026-08-19T00:00:00Z")["pagination"]["total_count"], total)

    def test_events(self):
        rows = self.sim.rows("events")
        for source in ("system", "user"):
            self.check("events", f"source={source}", lambda row, s=source: row["source"] == s)
        names = sorted({row["name"] for row in rows})[:2]
        self.check("events", f"name={names[0]}&name={names[1]}", lambda row: row["name"] in names)
        customer = next(row["customer_id"] for row in rows if row["customer_id"])
        self.check("events", f"customer_id={customer}", lambda row: row["customer_id"] == customer)
        stamps = sorted(normal_time(row["timestamp"]) for row in rows)
        low, high = stamps[len(stamps) // 4], stamps[len(stamps) // 2]
        query = f"start_timestamp={low}&end_timestamp={high}"
        self.check("events", query, lambda row: low < normal_time(row["timestamp"]) < high)

    def test_sorting(self):
        keys = {
            "organizations": ["created_at", "slug", "name", "next_review_threshold", "days_in_status"],
            "customers": ["created_at", "email", "name"],
            "products": ["created_at", "name", "price_amount_type", "price_amount"],
            "orders": ["created_at", "status", "invoice_number", "amount", "net_amount", "customer", "product", "discount", "subscription"],
            "subscriptions": ["started_at", "status", "current_period_end", "ended_at", "ends_at", "customer", "product", "discount", "amount"],
            "refunds": ["created_at", "amount"],
            "checkouts": ["created_at", "expires_at", "status"],
            "benefits": ["created_at", "description", "type", "user_order"],
            "events": ["timestamp"],
        }
        unseen = {"price_amount_type", "price_amount", "next_review_threshold", "days_in_status", "user_order"}
        for table, names in keys.items():
            for name in names:
                for direction in ("", "-"):
                    rows = self.items(f"/v1/{table}/?limit=100&sorting={direction}{name}")
                    self.assertEqual(len(rows), min(100, self.sim.count(table)))
                    if name in unseen or (table, name) == ("subscriptions", "amount"):
                        continue
                    self.check_order([sortable(name, key_of(row, name)) for row in rows], direction == "-", f"{table} {name}")

    def check_order(self, values, is_descending, about):
        # NULL is the greatest value, as in PostgreSQL
        ranked = [(value is None, b"" if value is None and isinstance(value, str) else value) for value in values]
        for left, right in zip(ranked, ranked[1:]):
            if is_descending:
                left, right = right, left
            if left[0] or right[0]:
                self.assertLessEqual(left[0], right[0], about)
            else:
                self.assertLessEqual(left[1], right[1], about)

    def test_default_orders(self):
        for table in TABLES:
            name = "started_at" if table == "subscriptions" else "created_at"
            rows = self.items(f"/v1/{table}/?limit=100")
            stamps = [normal_time(row[name]) for row in rows]
            self.assertEqual(stamps, sorted(stamps, reverse=table != "organizations"), table)


def normal_time(text):
    """Fixed width, so that text order is time order."""
    return text if "." in text else text.replace("Z", ".000000Z")


def sortable(name, value):
    if value is None:
        return None
    if name.endswith("_at") or name in ("timestamp", "current_period_end"):
        return normal_time(value)
    return value.encode() if isinstance(value, str) else value


class BadParameters(SimTest):
    def problem(self, target):
        answer = self.get(target)
        self.assertEqual(answer.status, 422, target)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        body = json.loads(answer.body)
        self.assertEqual(list(body), ["error", "detail"])
        self.assertEqual(body["error"], "RequestValidationError")
        for problem in body["detail"]:
            self.assertEqual(list(problem)[:4], ["type", "loc", "msg", "input"])
        return body["detail"]

    def test_the_body_is_exact(self):
        answer = self.get("/v1/orders/?limit=0")
        self.assertEqual(
            answer.body,
            b'{"error":"RequestValidationError","detail":[{"type":"greater_than","loc":["query","limit"],'
            b'"msg":"Input should be greater than 0","input":"0","ctx":{"gt":0}}]}',
        )

    def test_each_kind(self):
        cases = [
            ("page=0", "greater_than", ["query", "page"], "Input should be greater than 0"),
            ("limit=-5", "greater_than", ["query", "limit"], "Input should be greater than 0"),
            ("page=abc", "int_parsing", ["query", "page"], "Input should be a valid integer, unable to parse string as an integer"),
            ("limit=", "int_parsing", ["query", "limit"], "Input should be a valid integer, unable to parse string as an integer"),
            ("sorting=foo", "enum", ["query", "sorting", 0], "Input should be 'created_at', '-created_at', "),
            ("sorting=status&sorting=id", "enum", ["query", "sorting", 1], "Input should be 'created_at', "),
            ("organization_id=x", "uuid_parsing", ["query", "organization_id"], "Input should be a valid UUID, "),
            (
                "customer_id=0b9e4a3c-1111-1222-8333-444455556666",
                "uuid_version",
                ["query", "customer_id"],
                "UUID version 4 expected",
            ),
            ("created_after=x", "datetime_from_date_parsing", ["query", "created_after"], "Input should be a valid datetime"),
            ("status=foo", "enum", ["query", "status"], "Input should be 'draft', "),
        ]
        for query, kind, place, message in cases:
            (problem,) = self.problem(f"/v1/orders/?{query}")
            self.assertEqual(problem["type"], kind, query)
            self.assertEqual(problem["loc"][: len(place)], place, query)
            self.assertTrue(problem["msg"].startswith(message), problem["msg"])
        (problem,) = self.problem("/v1/orders/?sorting=foo")
        self.assertEqual(problem["input"], "foo")
        self.assertEqual(problem["ctx"]["expected"], problem["msg"].removeprefix("Input should be "))
        for key in ["created_at", "status", "invoice_number", "amount", "net_amount", "customer", "product", "discount", "subscription"]:
            self.assertIn(f"'{key}'", problem["ctx"]["expected"])
            self.assertIn(f"'-{key}'", problem["ctx"]["expected"])
        (problem,) = self.problem("/v1/products/?is_archived=maybe")
        self.assertEqual(problem["type"], "bool_parsing")

    def test_events_want_a_zone(self):
        (problem,) = self.problem("/v1/events/?start_timestamp=2026-01-01T00:00:00")
        self.assertEqual((problem["type"], problem["loc"]), ("timezone_aware", ["query", "start_timestamp"]))
        # a bare '+' is a space: no zone any more, and no datetime
        self.assertEqual(self.problem("/v1/events/?start_timestamp=2026-01-01T00:00:00+00:00")[0]["loc"][1], "start_timestamp")
        self.assertEqual(self.get("/v1/events/?start_timestamp=2026-01-01T00:00:00%2B00:00").status, 200)

    def test_all_problems_are_told_at_once(self):
        problems = self.problem("/v1/orders/?limit=0&page=x&sorting=a&sorting=b&status=c&created_before=d&organization_id=e")
        self.assertEqual(len(problems), 7)

    def test_unknown_parameters_are_ignored(self):
        total = self.sim.count("orders")
        for query in ["modified_after=2026-08-19T00:00:00Z", "foo", "cursor_pagination=true", "id=x", "=", "&&&", "%ff=%00"]:
            self.assertEqual(self.page(f"/v1/orders/?{query}")["pagination"]["total_count"], total, query)

    def test_the_token_is_not_echoed(self):
        answer = self.get("/v1/orders/?limit=0&sorting=x")
        self.assertNotIn(self.token.encode(), answer.body)


class Limiter(SimTest):
    limiter = "real"
    orders = 20

    def setUp(self):
        for env in ("production", "sandbox"):
            self.sim.limiter(group="default", env=env, reset=True)
        self.sim.reset_stats()

    def warm(self, token=None, env="production"):
        token = token or self.sim.environment(env).tokens["full"]
        self.assertEqual(self.sim.get("/v1/orders/?limit=1", token, env=env).status, 200)
        return token

    def spend(self, count, token, env="production", target="/v1/orders/?limit=1"):
        """Statuses of `count` requests on one connection."""
        request = f"GET {target} HTTP/1.1\r\nHost: x\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
        answer = raw(self.sim, ((request + "\r\n") * (count - 1) + request + "Connection: close\r\n\r\n").encode(), env=env, timeout=60)
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", answer)]

    def test_the_refusal_is_exact(self):
        token = self.warm()
        statuses = self.spend(501, token)
        self.assertEqual((statuses.count(200), statuses.count(429)), (500, 1))
        answer = self.sim.get("/v1/orders/", token)
        self.assertEqual((answer.status, answer.body), (429, b""))
        self.assertEqual(answer.headers["Retry-After"], "60")
        self.assertEqual(answer.headers["Polar-Version"], DEFAULT_VERSION)
        for name in ["Content-Type", "Cache-Control", "X-Polar-Sandbox", "X-RateLimit-Remaining", "RateLimit-Remaining"]:
            self.assertIsNone(answer.headers[name])
        self.assertEqual(self.sim.stats()["status_429"], 2)

    def test_everything_counts(self):
        token = self.warm()
        for target in ["/v1/orders", "/v1/nowhere", "/v1/orders/?limit=0", "/v1/payouts/", f"/v1/orders/{NOBODY}"]:
            self.sim.get(target, token)
        self.assertEqual(self.spend(500, token).count(200), 495)

    def test_what_does_not_count(self):
        token = self.warm()
        for target, headers in [("/healthz", {}), ("/v1/orders/", {"Polar-Version": "1999-01"})]:
            for _ in range(10):
                self.sim.get(target, token, headers=headers)
        self.sim.stats()
        self.assertEqual(self.spend(510, token).count(200), 500)

    def test_one_budget_for_an_organization(self):
        first, second = self.warm(), self.warm(self.sim.token("read"))
        self.assertEqual(self.spend(300, first).count(200), 300)
        self.assertEqual(self.spend(300, second).count(200), 200)

    def test_the_sandbox_has_a_fifth(self):
        token = self.warm(env="sandbox")
        self.assertEqual(self.spend(150, token, env="sandbox").count(200), 100)

    def test_a_token_that_never_authenticates(self):
        statuses = self.spend(70, "polar_oat_wrong")
        self.assertEqual((statuses.count(401), statuses.count(429)), (60, 10))

    def test_a_cold_token_started_in_parallel(self):
        token = self.sim.token("read")
        self.sim.faults([{"match": {"path": "/v1/orders/"}, "action": {"kind": "slow", "ms": 700}}])
        statuses = []

        def call():
            statuses.append(self.sim.get("/v1/orders/?limit=1", token).status)

        threads = [threading.Thread(target=call) for _ in range(80)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.sim.faults(None)
        self.assertEqual((statuses.count(200), statuses.count(429)), (60, 20))
        self.assertEqual(self.spend(600, token).count(200), 500)  # now it is known, and counted with the organization

    def test_no_token_is_counted_by_address(self):
        self.assertEqual(self.spend(510, None).count(401), 500)

    def test_groups(self):
        token = self.warm()
        self.sim.limiter(group="restricted", reset=True)
        self.warm()
        self.assertEqual(self.spend(100, token).count(200), 60)
        self.sim.limiter(group="elevated", reset=True)
        self.warm()
        self.spend(101, token)
        answer = self.sim.get("/v1/orders/", token)
        if answer.status == 429:  # the second may be over
            self.assertEqual(answer.headers["Retry-After"], "1")
        time.sleep(1.1)
        self.assertEqual(self.sim.get("/v1/orders/", token).status, 200)

    def test_blocks(self):
        token = self.warm()
        self.sim.limiter(block_seconds=1800)
        answer = self.sim.get("/v1/orders/", token)
        self.assertEqual((answer.status, answer.body), (429, b""))
        self.assertIn(int(answer.headers["Retry-After"]), range(1790, 1801))
        self.sim.limiter(block_seconds=0)
        self.assertEqual(self.sim.get("/v1/orders/", token).status, 200)


class LiveData(SimTest):
    def test_mutation(self):
        before = self.sim.rows("orders")
        self.assertGreater(self.sim.mutate(count=60, seed=9, seconds=86400), 0)
        after = self.sim.rows("orders")
        self.assertNotEqual(before, after)
        self.assertEqual(len(after), self.page("/v1/orders/?limit=1")["pagination"]["total_count"])

    def test_mutation_by_kinds(self):
        with Sim(orders=200, seed=3, limiter="none", now=NOW) as sim:
            before = {table: sim.rows(table) for table in TABLES}
            answer = sim.mutated(count=7, seconds=0, kinds=["order_void", "refund"], scattered=True)
            self.assertEqual(sum(answer["kinds"].values()) + answer["impossible"], 7)
            self.assertLessEqual(set(answer["kinds"]), {"order_void", "refund"})
            self.assertEqual(sim.rows("customers"), before["customers"])
            self.assertNotEqual(sim.rows("orders"), before["orders"])
            with self.assertRaises(SimError):
                sim.mutate(kinds="nonsense")

    def test_equal_seeds_give_equal_shops(self):
        options = {"orders": 80, "seed": 77, "limiter": "none", "now": NOW}
        with Sim(**options) as one, Sim(**options) as two, Sim(**{**options, "seed": 78}) as other:
            for sim in (one, two):
                sim.mutate(count=30, seed=4, seconds=3600)
            for table in (*TABLES, "events"):
                rows = [[without_fresh(row) for row in sim.rows(table)] for sim in (one, two, other)]
                self.assertEqual(rows[0], rows[1], table)
                self.assertNotEqual(rows[0], rows[2], table)
            self.assertNotEqual(one.production.tokens, two.production.tokens)

    def test_the_shop_moves_while_a_client_pages(self):
        with Sim(orders=200, seed=3, limiter="none", now=NOW) as sim:
            sim.mutate_during(every=1, count=20, seconds=3600)
            token = sim.production.tokens["full"]
            totals = [json.loads(sim.get("/v1/checkouts/?limit=10", token).body)["pagination"]["total_count"] for _ in range(8)]
            self.assertGreater(totals[-1], totals[0])
            sim.mutate_during(every=0)
            sim.get("/v1/checkouts/", token)
            first, second = (sim.rows("checkouts") for _ in range(2))
            self.assertEqual(first, second)

    def test_parallel_clients_over_moving_data(self):
        with Sim(orders=300, seed=3, limiter="none", now=NOW) as sim:
            sim.mutate_during(every=7, count=5, seconds=600)
            token = sim.production.tokens["full"]
            failures = []

            def walk(table):
                for number in range(1, 30):
                    answer = sim.get(f"/v1/{table}/?limit=20&page={number}", token)
                    try:
                        rows = json.loads(answer.body)["items"]
                        ids = [row["id"] for row in rows]
                        if answer.status != 200 or len(set(ids)) != len(ids):
                            failures.append((table, number, answer.status))
                    except ValueError:
                        failures.append((table, number, answer.body[:80]))

            threads = [threading.Thread(target=walk, args=(table,)) for table in TABLES]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
            self.assertEqual(sim.stats()["requests"], 29 * len(TABLES))


class Faults(SimTest):
    orders = 120
    target = "/v1/orders/?limit=20&sorting=created_at"

    def tearDown(self):
        self.sim.faults(None)

    def plan(self, **action):
        self.sim.faults([{"match": {"table": "orders"}, "action": action}])

    def test_statuses(self):
        self.plan(kind="status", status=429, retry_after=7)
        answer = self.get(self.target)
        self.assertEqual((answer.status, answer.body, answer.headers["Retry-After"]), (429, b"", "7"))
        self.assertIsNone(answer.headers["Content-Type"])
        self.plan(kind="status", status=429, retry_after=3600, retry_date=True)
        self.assertRegex(self.get(self.target).headers["Retry-After"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        for status in (502, 503, 520):
            self.plan(kind="status", status=status)
            answer = self.get(self.target)
            self.assertEqual(answer.status, status)
            self.assertTrue(answer.headers["Content-Type"].startswith("text/html"))
            self.assertTrue(answer.body.startswith(b"<html>"))
            self.assertIsNone(answer.headers["Polar-Version"])
        self.plan(kind="status", status=500)
        self.assertEqual(self.get(self.target).body, b"Internal Server Error")
        self.assertEqual(self.get("/v1/customers/?limit=1").status, 200)  # other tables are spared

    def test_redirect_to_another_host(self):
        self.plan(kind="redirect", status=302, text="http://elsewhere.example/v1/orders/")
        answer = self.get(self.target)
        self.assertEqual((answer.status, answer.headers["Location"]), (302, "http://elsewhere.example/v1/orders/"))

    def raw_get(self, timeout=10):
        head = f"GET {self.target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\nConnection: close\r\n\r\n"
        return raw(self.sim, head.encode(), timeout=timeout)

    def test_cut_bodies(self):
        self.plan(kind="truncate", at_bytes=1000)
        head, _, body = self.raw_get().partition(b"\r\n\r\n")
        self.assertEqual(len(body), 1000)
        self.assertGreater(int(re.search(rb"Content-Length: (\d+)", head)[1]), 1000)
        self.plan(kind="truncate", at_bytes=10**9)
        head, _, body = self.raw_get().partition(b"\r\n\r\n")
        json.loads(body)  # whole, and yet less than was promised
        self.assertGreater(int(re.search(rb"Content-Length: (\d+)", head)[1]), len(body))
        self.plan(kind="chunk_cut", at_bytes=1000)
        head, _, body = self.raw_get().partition(b"\r\n\r\n")
        self.assertIn(b"Transfer-Encoding: chunked", head)
        self.assertFalse(body.endswith(b"0\r\n\r\n"))

    def test_reset(self):
        for at_bytes in (0, 1, 5000, 10**9):
            self.plan(kind="reset", at_bytes=at_bytes)
            with self.assertRaises(ConnectionResetError):
                self.raw_get()

    def test_slow_answers(self):
        expected = {row["id"] for row in self.items(self.target)}
        for action in [{"kind": "slow", "ms": 400}, {"kind": "stall", "ms": 400, "at_bytes": 500}]:
            self.plan(**action)
            started = time.monotonic()
            self.assertEqual({row["id"] for row in self.items(self.target)}, expected)
            self.assertGreater(time.monotonic() - started, 0.35)
        size = len(self.get("/v1/organizations/").body)
        self.sim.faults([{"match": {"path": "/v1/organizations/"}, "action": {"kind": "trickle", "bytes_per_second": size}}])
        started = time.monotonic()
        self.assertEqual(len(self.items("/v1/organizations/")), 1)
        self.assertGreater(time.monotonic() - started, 0.7)

    def test_a_stalled_connection_stops_nobody(self):
        self.plan(kind="stall", at_bytes=10)
        url = urllib.parse.urlsplit(self.sim.production.url)
        sleepers = [socket.create_connection((url.hostname, url.port)) for _ in range(40)]
        try:
            for connection in sleepers:
                connection.sendall(f"GET {self.target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode())
            deadline = time.monotonic() + 10
            while self.sim.stats()["in_flight"] < len(sleepers) and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual(self.sim.stats()["in_flight"], len(sleepers))
            self.assertEqual(self.get("/v1/customers/?limit=1").status, 200)
        finally:
            for connection in sleepers:
                connection.close()

    def test_garbage(self):
        good = json.loads(self.get(self.target).body)
        first = good["items"][0]

        def spoiled(**action):
            self.plan(kind="garbage", **action)
            return self.get(self.target)

        answer = spoiled(variant="html")
        self.assertEqual((answer.status, answer.body[:9]), (200, b"<!DOCTYPE"))
        answer = spoiled(variant="content_type", text="text/plain")
        self.assertEqual(answer.headers["Content-Type"], "text/plain")
        with self.assertRaises(UnicodeDecodeError):
            spoiled(variant="invalid_utf8").body.decode()
        self.assertIn(b"\\u0000", spoiled(variant="nul").body)
        self.assertEqual(spoiled(variant="depth_bomb", size=5000).body, b"[" * 5000)
        with self.assertRaises(ValueError):
            json.loads(spoiled(variant="half").body)
        answer = spoiled(variant="gzip")
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        self.assertEqual(json.loads(zlib.decompress(answer.body, 31))["pagination"], good["pagination"])
        self.assertEqual(spoiled(variant="not_object").body, b"[1,2,3]")
        self.assertEqual(spoiled(variant="empty_body").body, b"")
        page = json.loads(spoiled(variant="empty_items").body)
        self.assertEqual((page["items"], page["pagination"]), ([], good["pagination"]))
        page = json.loads(spoiled(variant="wrong_total", seconds=-3).body)
        self.assertEqual(page["pagination"]["total_count"], good["pagination"]["total_count"] - 3)
        self.assertNotIn("pagination", json.loads(spoiled(variant="no_pagination").body))
        items = json.loads(spoiled(variant="duplicate_rows").body)["items"]
        self.assertEqual((len(items), items[-1]["id"]), (20, items[0]["id"]))
        self.assertNotIn("id", json.loads(spoiled(variant="missing_id").body)["items"][0])
        items = json.loads(spoiled(variant="wrong_types", row=2).body)["items"]
        self.assertEqual((items[2]["id"], items[2]["net_amount"]), (12345, "not a number"))
        self.assertIsInstance(items[1]["id"], str)
        items = json.loads(spoiled(variant="unknown", row="all").body)["items"]
        self.assertEqual({(row["status"], row["field_of_tomorrow"]) for row in items}, {("zz_never_heard_of", "\u2603 new")})
        for value in (None, 1.5, "x", [], {"a": 1}, 9223372036854775807):
            items = json.loads(spoiled(variant="set", field="total_amount", value=value).body)["items"]
            self.assertEqual(items[0]["total_amount"], value)
        self.assertNotIn("currency", json.loads(spoiled(variant="remove", field="currency").body)["items"][0])
        self.assertEqual(json.loads(spoiled(variant="not_row").body)["items"][0], 7)
        self.assertEqual(list(first), list(good["items"][0]))

    def test_a_huge_body_is_made_on_the_way(self):
        for chunked in (False, True):
            self.plan(kind="garbage", variant="huge", size=200 * 1024 * 1024, chunked=chunked)
            answer = self.get(self.target, timeout=120)
            self.assertEqual(len(answer.body), 200 * 1024 * 1024)
            self.assertTrue(answer.body.startswith(b'{"items":[{"id":"aaa'))
        with open(f"/proc/{self.sim.pid}/status") as status:
            peak_kib = int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])
        # sanitizers keep freed memory; without them a body of 200 MB must leave no trace
        if b"__asan_init" not in pathlib.Path(sim_path()).read_bytes() and b"__tsan_init" not in pathlib.Path(sim_path()).read_bytes():
            self.assertLess(peak_kib, 100 * 1024)

    def test_drift_and_repeated_pages(self):
        self.plan(kind="drift", seconds=-86400)
        self.assertEqual(len(self.get(self.target).headers.get_all("Date")), 1)
        ids = lambda page: [row["id"] for row in self.items(f"{self.target}&page={page}")]  # noqa: E731
        self.sim.faults(None)
        first = ids(1)
        self.plan(kind="repeat_page")
        self.assertEqual(sorted(ids(2)), sorted(first))

    def test_rules_choose(self):
        self.sim.faults({"seed": 5, "rules": [{"match": {"table": "orders", "nth": 2}, "action": {"kind": "status", "status": 503}}]})
        self.assertEqual([self.get(self.target).status for _ in range(4)], [200, 503, 200, 200])
        self.assertEqual(self.sim.fault_counts(), [{"matched": 4, "fired": 1}])
        rule = {"match": {"table": "orders", "probability": 0.5}, "action": {"kind": "status", "status": 503}}
        runs = []
        for _ in range(2):
            self.sim.faults({"seed": 5, "rules": [rule]})
            runs.append([self.get(self.target).status for _ in range(20)])
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(set(runs[0]), {200, 503})

    def test_bad_plans_are_refused(self):
        for plan in [{"rules": [{"action": {"kind": "nonsense"}}]}, {"rules": 3}]:
            with self.assertRaises(SimError):
                self.sim.faults(plan)


class Control(SimTest):
    orders = 20

    def test_the_key_is_needed(self):
        for headers in ({}, {"X-Sim-Key": "wrong"}):
            self.assertEqual(self.get("/_sim/stats", headers=headers).status, 403)

    def test_stats(self):
        self.sim.reset_stats()
        self.get("/v1/orders/?limit=3")
        self.get("/v1/orders/?limit=3")
        self.get("/v1/customers")
        self.get("/v1/orders/", self.sim.sandbox.tokens["full"], env="sandbox")
        stats = self.sim.stats()
        self.assertEqual((stats["requests"], stats["redirects"], stats["distinct_tokens"]), (4, 1, 2))
        self.assertIn({"environment": "production", "route": "orders", "status": 200, "count": 2}, stats["routes"])
        self.assertEqual(sum(stats["seconds"]), 4)
        self.assertGreater(stats["body_bytes"], 0)
        self.assertEqual(stats["write_violations"], 0)
        # A request is done a moment after its answer has arrived.
        wait_for(lambda: self.sim.stats()["in_flight"] == 0, "the end of the last request")
        last = self.sim.requests()[0]
        self.assertEqual((last["method"], last["target"], last["status"]), ("GET", "/v1/orders/?limit=3", 200))
        text = json.dumps(self.sim.requests()) + json.dumps(stats)
        self.assertNotIn(self.token, text)

    def test_bad_calls(self):
        for method, path, query in [
            ("GET", "nothing", {}),
            ("GET", "rows/nothing", {}),
            ("GET", "rows/orders", {"env": "moon"}),
            ("POST", "token", {"scopes": "nonsense:read"}),
            ("POST", "token-revoke", {}),
            ("POST", "limiter", {"group": "nonsense"}),
        ]:
            with self.assertRaises(SimError):
                self.sim.control(method, path, **query)

    def test_it_ends_with_its_input_and_on_signals(self):
        for end in ("stdin", "terminate"):
            process = subprocess.Popen(
                [sim_path(), "--exit-with-stdin", "--orders", "10"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            self.assertIn(b'"production"', process.stdout.readline())
            if end == "terminate":
                process.terminate()
            _, log = process.communicate(timeout=20)
            self.assertEqual((process.returncode, log), (0, b""))

    def test_wrong_arguments(self):
        for arguments in (["--orders", "x"], ["--limiter", "maybe"], ["--nonsense"], ["--tokens", "a=b:c"], ["--faults", "/nowhere"], ["x"]):
            result = subprocess.run([sim_path(), *arguments], capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertEqual(result.stdout, b"")

    def test_named_tokens_and_scopes(self):
        with Sim(orders=10, limiter="none", tokens=["shop=orders:read,customers:read", "box=read@sandbox"]) as sim:
            self.assertEqual(sim.get("/v1/orders/", sim.production.tokens["shop"]).status, 200)
            self.assertEqual(sim.get("/v1/refunds/", sim.production.tokens["shop"]).status, 403)
            self.assertEqual(sim.get("/v1/refunds/", sim.sandbox.tokens["box"], env="sandbox").status, 200)


del SimTest  # a base, not a case

if __name__ == "__main__":
    unittest.main()
