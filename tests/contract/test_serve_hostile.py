# SPDX-License-Identifier: Apache-2.0
"""till serve and those who should not get in: other sites, other names, strangers on this machine, and whoever sends what is no request at all.

Nothing they try may be answered with data, change anything, or hold the server up.
"""

import concurrent.futures
import contextlib
import pathlib
import socket
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dashboard import Dashboard  # noqa: E402
from sim import Sim  # noqa: E402
from test_sync import Home  # noqa: E402

CUT_S = 10  # a request has so long to arrive
BODY_BYTES = 1024 * 1024
MARK = "X-Till: page"


class HostileCase(unittest.TestCase):
    orders = 120

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=cls.orders, seed=29).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = Home(cls.sim)
        cls.addClassCleanup(cls.home.close)
        result, _ = cls.home.sync()
        assert result.returncode == 0, result.stderr
        cls.dashboard = Dashboard(cls.home.path, ["--allowed-host", "till.example", "--allowed-host", "proxy.example:8443"]).__enter__()
        cls.addClassCleanup(cls.dashboard.__exit__)
        cls.port = cls.dashboard.port
        cls.before = cls.state()

    @classmethod
    def state(cls):
        """What must stay as it is: rows, connections, jobs."""
        answer = cls.dashboard.query("SELECT count(*), sum(total_amount) FROM orders").json()["rows"]
        told = cls.dashboard.get("/api/state").json()
        return answer, [one["name"] for one in told["connections"] if one["connected"]], told["jobs"]

    def tearDown(self):
        self.assertEqual(self.state(), self.before)


class Names(HostileCase):
    def test_only_names_that_we_know(self):
        port = self.port
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LocalHost:{port}", f"localhost.:{port}", f"[::1]:{port}", "till.example", f"till.example:{port}",
                     "TILL.example.", "proxy.example:8443"):
            self.assertEqual(self.dashboard.status("GET", "/api/state", host=host), 200, host)
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "localhost", f"127.0.0.1:{port + 1}", f"127.0.0.1.evil.example:{port}",
                     f"evil.example@127.0.0.1:{port}", f"127.0.0.2:{port}", f"0.0.0.0:{port}", f"[::]:{port}", f"[::1:{port}", f"localhost:{port}:80", f"localhost:0{port}x",
                     f"localhost:-{port}", "till.example:1", "proxy.example", "x" * 300, ":", "[]", "..", f"localhost..:{port}", f"2130706433:{port}", f"0x7f.1:{port}"):
            self.assertEqual(self.dashboard.status("GET", "/api/state", host=host), 403, host)
            self.assertEqual(self.dashboard.status("GET", "/", host=host), 403, host)

    def test_one_host_and_only_one(self):
        self.assertEqual(self.dashboard.status("GET", "/api/state", host=""), 400)
        self.assertEqual(self.dashboard.status("GET", "/api/state", "Host: evil.example"), 400)
        self.assertEqual(self.dashboard.raw("GET /api/state HTTP/1.0\r\n\r\n").split(b" ")[1], b"400")
        self.assertEqual(self.dashboard.raw(f"GET http://evil.example/api/state HTTP/1.1\r\nHost: {self.dashboard.authority}\r\nConnection: close\r\n\r\n").split(b" ")[1], b"404")

    def test_other_sites(self):
        ours = f"http://{self.dashboard.authority}"
        for lines in (("Origin: http://evil.example",), ("Origin: null",), (f"Origin: http://localhost:{self.port}",), (f"Origin: {ours}.evil.example",),
                      (f"Origin: {ours}/",), ("Origin:",), ("Sec-Fetch-Site: cross-site",), ("Sec-Fetch-Site: same-site",), (f"Origin: {ours}", "Sec-Fetch-Site: cross-site"),
                      (f"Origin: ftp://{self.dashboard.authority}",)):
            for target in ("/api/sync", "/api/disconnect", "/api/query", "/api/session"):
                self.assertEqual(self.dashboard.status("POST", target, MARK, "Content-Length: 0", *lines), 403, (target, lines))
        for site in ("cross-site", "same-site", "weird"):
            self.assertEqual(self.dashboard.status("GET", "/api/state", f"Sec-Fetch-Site: {site}"), 403)
            self.assertEqual(self.dashboard.status("GET", "/metrics", f"Sec-Fetch-Site: {site}"), 403)
        self.assertEqual(self.dashboard.status("GET", "/", "Sec-Fetch-Site: cross-site"), 200)  # a link to us
        self.assertEqual(self.dashboard.status("GET", "/api/state", "Sec-Fetch-Site: same-origin"), 200)

    def test_a_form_of_another_site_has_no_mark(self):
        form = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 0")
        for lines in ((), ("X-Till:",), ("X-Till: 1",), ("X-Till: page, page",)):
            self.assertEqual(self.dashboard.status("POST", "/api/sync", *form, *lines), 403, lines)
        answer = self.dashboard.ask("OPTIONS", "/api/sync", headers={"Origin": "http://evil.example", "X-Till": None, "Access-Control-Request-Method": "POST"})
        self.assertEqual(answer.status, 403)
        self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])


class Strangers(HostileCase):
    def test_without_the_key_there_is_nothing(self):
        token = self.dashboard.token
        for lines in ((), ("Authorization: Bearer",), ("Authorization: Bearer " + "0" * 64,), ("Authorization: Bearer " + token[:63],), (f"Authorization: Basic {token}",),
                      (f"Authorization: {token}",), ("Cookie: till_session=" + token,), (f"Cookie: till_session_{self.port}=" + token.upper(),)):
            for method, target in (("GET", "/api/overview"), ("GET", "/api/list/customers"), ("POST", "/api/query"), ("POST", "/api/sync"), ("GET", "/metrics"),
                                   ("GET", "/api/events"), ("DELETE", "/api/saved")):
                extra = (MARK, "Content-Length: 0") if method != "GET" else ()
                self.assertEqual(self.dashboard.status(method, target, *lines, *extra, session=False), 401, (lines, target))
        self.assertEqual(self.dashboard.status("GET", f"/api/overview?token={token}", session=False), 401)

    def test_paths_that_lead_elsewhere(self):
        for target in ("/../etc/passwd", "/assets/../../etc/passwd", "/%2e%2e/etc/passwd", "/%2e%2e%2fetc%2fpasswd", "/..%2f..%2fetc/passwd", "/assets/%00.js", "/index.html%00.js",
                       "//etc/passwd", "///", "/./", "/assets//x.js", "/\\etc\\passwd", "/%5cetc", "/api//tables", "/api/tables/", "/api/./tables", "/api/x/../tables",
                       "/%61pi/tables", "/api/tables%20", "/api/tables;x", "/till.db", "/a b", "/\xff", "*", "etc", "/api/TABLES", "/%", "/%zz"):
            said = self.dashboard.raw(self.dashboard.head("GET", target).encode("latin-1"))
            self.assertNotIn(b" 200 ", said.split(b"\r\n")[0], target)
            self.assertNotIn(b"root:", said, target)

    def test_parameters_that_are_none(self):
        for target in ("/api/overview?from=tomorrow", "/api/overview?from=2026-13-01", "/api/overview?timezone=Mars/Olympus", "/api/metrics?slug=no", "/api/runs?limit=-1",
                       "/api/runs?limit=99999999999999999999", "/api/runs?unknown=1", "/api/runs?limit=1&limit=2", "/api/runs?%00=1", "/api/runs?limit=%zz", "/api/runs?table=%ff",
                       "/api/overview?" + "&".join(f"product_id={i}" for i in range(200)), "/api/overview?connection=" + "x" * 5000):
            answer = self.dashboard.get(target)
            self.assertIn(answer.status, (400, 409, 404), (target, answer.body[:200]))
            self.assertTrue(answer.error()["text"])


class Secrets(HostileCase):
    def memory_has(self, text):
        """Whether it stands anywhere in the server's memory."""
        pid = self.dashboard.process.pid
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
            for line in maps:
                span, access = line.split()[:2]
                begin, end = (int(part, 16) for part in span.split("-"))
                if "w" not in access or end - begin > 1 << 30:  # what a sanitizer has set aside
                    continue
                try:
                    memory.seek(begin)
                    if text.encode() in memory.read(end - begin):
                        return True
                except OSError:
                    continue
        return False

    def test_what_was_typed_into_a_form_is_forgotten_when_the_form_is_refused(self):
        for i, (target, field, others, session) in enumerate((("/api/connect", "token", {"organization_id": "no id"}, True), ("/api/connect", "token", {"unknown": "1"}, True),
                                                              ("/api/session", "password", {"unknown": "1"}, False), ("/api/session", "password", {}, False))):
            secret = f"typed-secret-{i}-" + "Q7zK" * 8
            answer = self.dashboard.post(target, {field: secret, **others}, session=session)
            self.assertIn(answer.status, (400, 401))
            self.assertFalse(self.memory_has(secret), (target, others))


class Statements(HostileCase):
    def test_sql_that_would_write_or_leave(self):
        for sql in ("DELETE FROM orders", "UPDATE orders SET total_amount = 0", "INSERT INTO orders(id) VALUES ('x')", "DROP TABLE orders", "CREATE TABLE x(y)",
                    "CREATE TEMP TABLE x(y)", "ATTACH '/tmp/x' AS y", "ATTACH ':memory:' AS y", "DETACH main", "PRAGMA writable_schema = 1", "PRAGMA journal_mode = DELETE",
                    "PRAGMA query_only = 0", "VACUUM", "VACUUM INTO '/tmp/x'", "BEGIN", "COMMIT", "REINDEX", "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')",
                    "SELECT writefile('/tmp/x', 'y')", "SELECT edit('x')", "SELECT 1; DELETE FROM orders", "WITH x AS (SELECT 1) DELETE FROM orders", "EXPLAIN DELETE FROM orders",
                    "", ";", "-- nothing", "SELECT", "SELECT \x00 1", "SELECT fts3_tokenizer('x')", "REPLACE INTO orders(id) VALUES ('x')"):
            answer = self.dashboard.query(sql)
            self.assertIn(answer.status, (400, 403), (sql, answer.body[:200]))
        self.assertEqual(self.dashboard.get("/api/query").status, 405)

    def test_sql_that_never_ends(self):
        endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            slow = [pool.submit(self.dashboard.query, endless) for _ in range(2)]
            time.sleep(0.2)
            quick = time.monotonic()
            self.assertEqual(self.dashboard.get("/api/tables").status, 200)  # nobody else waits for it
            self.assertLess(time.monotonic() - quick, 2)
            for one in slow:
                answer = one.result()
                self.assertEqual((answer.status, answer.error()["class"]), (503, "limit"))
        self.assertLess(time.monotonic() - begun, 25)

    def test_sql_that_wants_too_much(self):
        for sql in ("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c", "SELECT a.id, b.id, c.id FROM orders a, orders b, orders c"):
            answer = self.dashboard.query(sql)
            self.assertLess(len(answer.body), 9 * 1024 * 1024)
            if answer.status == 200:
                self.assertTrue(answer.json()["is_cut"])
            else:
                self.assertEqual(answer.status, 503)
        for sql in ("SELECT zeroblob(1000000000)", "SELECT hex(randomblob(100000000))", "SELECT printf('%.*c', 1000000000, 'x')", "SELECT group_concat(hex(randomblob(1000000))) FROM orders"):
            self.assertIn(self.dashboard.query(sql).status, (400, 503), sql)


class Memory(HostileCase):
    orders = 1200

    def test_sql_that_takes_all_the_memory_leaves_reports_alone(self):
        """Its ceiling on memory counts for the whole process: a query that stays right below it must not fail those who ask for a page meanwhile."""
        def greedy(large, small, rows):
            sizes = [1_000_000 - i for i in range(large)] + [20_000 - i for i in range(small)]
            held = " + ".join(f"length(max(zeroblob({size} + (n & 0))))" for size in sizes)
            return f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT {rows}) SELECT {held} FROM c"

        large = next(count for count in range(100, 0, -1) if self.dashboard.query(greedy(count, 0, 1)).status == 200)
        small = next((count for count in range(52, 0, -4) if self.dashboard.query(greedy(large, count, 1)).status == 200), 0)
        sizes = [(large, count) for count in range(small, -1, -1)] + [(large - 1, count) for count in range(48, -1, -1)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for size in sizes[1:]:
                hog, answers = pool.submit(self.dashboard.query, greedy(*size, 100_000_000)), []
                time.sleep(0.5)  # until it holds what it can get
                if not hog.done():
                    break
            while not hog.done():
                days = [f"from=2025-{len(answers) % 9 + 1:02}-01&to=2026-10-{(len(answers) + i) % 28 + 1:02}" for i in range(3)]
                answers += pool.map(self.dashboard.get, [f"/api/overview?{days[0]}", f"/api/metrics?interval=day&{days[1]}", f"/api/cohorts?{days[2]}"])
            self.assertIn("longer than", hog.result().error()["text"])
        self.assertEqual([one.body for one in answers if one.status != 200], [])
        self.assertGreaterEqual(len(answers), 3)


class Bytes(HostileCase):
    def test_what_is_no_request(self):
        for text in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GARBAGE\r\n\r\n", b"\r\n\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 1000,
                     b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST /api/query HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                     b"POST /api/query HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            said = self.dashboard.raw(text, timeout=2)
            self.assertNotIn(b" 200 ", said.split(b"\r\n")[0], text[:40])

    def test_two_lengths_and_smuggled_requests(self):
        inner = self.dashboard.head("GET", "/api/state")
        text = self.dashboard.head("POST", "/api/query", MARK, "Content-Length: 4", "Transfer-Encoding: chunked").replace("Connection: close\r\n", "") + "0\r\n\r\n" + inner
        answers = self.dashboard.raw(text).split(b"HTTP/1.1 ")
        self.assertEqual([one[:3] for one in answers[1:]], [b"400"])

    def test_a_request_ends_in_one_place(self):
        """Where a proxy and we could disagree about the end of a body, its rest must not be taken for a request of its own."""
        inner = self.dashboard.head("GET", "/api/state")
        chunked, length, other = "Transfer-Encoding: chunked", "Content-Length: 8", "Content-Length: 4"
        for lines in ((chunked, other), (other, chunked), (length, other), (other, length), (length, length), (chunked, chunked), ("Transfer-Encoding : chunked", length),
                      ("Content-Length\t: 4", length), ("Transfer-Encoding: identity", length), ("Content-Length: 8, 8",), ("Content-Length: +8",)):
            for session in (True, False):
                head = self.dashboard.head("POST", "/api/query", MARK, *lines, session=session).replace("Connection: close\r\n", "")
                for body in ("SELECT 1", "8\r\nSELECT 1\r\n0\r\n\r\n"):
                    answers = self.dashboard.raw(head + body + inner).split(b"HTTP/1.1 ")[1:]
                    self.assertNotIn(b"200", [one[:3] for one in answers], (lines, body))

    def test_what_guards_read_is_sent_once(self):
        ours, key = f"http://{self.dashboard.authority}", f"Bearer {self.dashboard.token}"
        for lines in ((f"Origin: {ours}", "Origin: http://evil.example"), ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"), (MARK,), (f"Authorization: {key}",)):
            self.assertEqual(self.dashboard.status("POST", "/api/query", MARK, "Content-Length: 0", *lines), 400, lines)

    def test_heads_and_bodies_beyond_their_ceilings(self):
        for lines in (["X-A: " + "a" * 40000], [f"X-{i}: {'b' * 100}" for i in range(1000)]):
            said = self.dashboard.raw(self.dashboard.head("GET", "/api/state", *lines))
            self.assertNotIn(b" 200 ", said.split(b"\r\n")[0])
        said = self.dashboard.raw(self.dashboard.head("GET", "/" + "a" * 40000))
        self.assertNotIn(b" 200 ", said.split(b"\r\n")[0])
        self.assertEqual(self.dashboard.status("POST", "/api/query", MARK, f"Content-Length: {BODY_BYTES + 1}"), 413)
        self.assertEqual(self.dashboard.status("POST", "/api/sync", MARK, f"Content-Length: {200 * 1024}"), 413)
        self.assertEqual(self.dashboard.status("POST", "/api/query", MARK, "Content-Length: 99999999999999999999999"), 413)
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for target in ("/api/query", "/api/session"):  # who has no session could fill the memory with bodies of unknown length
            said = self.dashboard.raw(self.dashboard.head("POST", target, MARK, "Transfer-Encoding: chunked").encode() + chunk * 17 + b"0\r\n\r\n")
            self.assertTrue(said.startswith(b"HTTP/1.1 411"), said[:100])

    def test_a_slow_sender_is_cut_off_and_holds_nobody_up(self):
        with socket.create_connection((self.dashboard.host, self.port), timeout=60) as stream:
            begun = time.monotonic()
            stream.sendall(b"GET /api/state HTTP/1.1\r\nX-A: ")
            try:
                while time.monotonic() - begun < 3 * CUT_S:
                    stream.sendall(b"x")
                    self.assertEqual(self.dashboard.get("/").status, 200)
                    time.sleep(0.25)
            except OSError:
                pass
            took = time.monotonic() - begun
        self.assertLess(took, CUT_S + 8)

    def test_many_who_say_nothing_do_not_keep_others_out_for_long(self):
        silent = [socket.create_connection((self.dashboard.host, self.port)) for _ in range(140)]
        try:
            with contextlib.closing(self.dashboard.connect(timeout=3 * CUT_S)) as connection:
                self.assertEqual(self.dashboard.get("/", connection=connection).status, 200)
        finally:
            for one in silent:
                one.close()

    def test_a_reader_that_does_not_read(self):
        with socket.socket() as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stream.connect((self.dashboard.host, self.port))
            stream.sendall((self.dashboard.head("GET", "/api/schema").replace("Connection: close\r\n", "") * 20).encode())
            for _ in range(10):
                self.assertEqual(self.dashboard.get("/api/state").status, 200)

    def test_the_files_stay_private(self):
        for path in pathlib.Path(self.home.path).glob("serve-*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertTrue((pathlib.Path(self.home.path) / "serve-token").is_file())


if __name__ == "__main__":
    unittest.main()
