# SPDX-License-Identifier: Apache-2.0
"""A service (or somebody on the way to it) that answers to do harm: every answer is refused or survived in bounded time, the token goes nowhere else
and appears nowhere, nothing that a terminal obeys is printed, and the rows that were there stay."""

import gzip
import http.server
import json
import pathlib
import subprocess
import sys
import threading
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import integrity  # noqa: E402
from scripted import customers, organization_row  # noqa: E402
from sim import clean_environment, run_till, till_path  # noqa: E402
from test_walk_hazards import ENV, Hazard  # noqa: E402

ID = "11111111-1111-4111-8111-111111111111"
PAGE = json.dumps({"items": customers(1), "pagination": {"total_count": 1, "max_page": 1}}).encode()
EVIL = "\x1b]0;title\x07\x1b[31m%s%n\u202e\u0085\u009b2J\x7f\r\nforged: line\u2066"
COMMANDS = set(range(0x20)) - {0x09, 0x0A} | set(range(0x7F, 0xA0)) | {0x202E, 0x2066, 0x2028}


def answer(body, headers=b"", length=None, status=b"200 OK", content_type=b"application/json"):
    length = len(body) if length is None else length
    return b"HTTP/1.1 " + status + b"\r\nContent-Type: " + content_type + b"\r\nContent-Length: %d\r\n" % length + headers + b"\r\n" + body


def item(fields):
    return answer(b'{"items":[{"id":"%s","created_at":"2025-01-01T00:00:00Z",%s}],"pagination":{"total_count":1,"max_page":1}}'
                  % (ID.encode(), fields.encode()))


def bomb(megabytes=300):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b"[" * 2**20) for _ in range(megabytes)) + packer.flush()


def endless(head, piece):
    def pieces():
        yield head
        for _ in range(100000):
            yield piece
    return pieces


# name, what goes over the wire (bytes, or a generator of them), right exit statuses
ANSWERS = [
    ("header lines without end", endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 1000 + b"\r\n"), {10}),
    ("a huge header line", answer(PAGE, b"X: " + b"a" * 300000 + b"\r\n"), {5, 10}),
    ("interim answers without end", b"HTTP/1.1 100 Continue\r\n\r\n" * 20000 + answer(PAGE), {10}),
    ("a body without end", endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                                   b"10000\r\n" + b" " * 65536 + b"\r\n"), {10}),
    ("a gzip bomb", lambda: [answer(bomb(), b"Content-Encoding: gzip\r\n")], {10}),
    ("gzip in gzip", answer(gzip.compress(gzip.compress(PAGE)), b"Content-Encoding: gzip, gzip\r\n"), {0, 5, 10}),
    ("no HTTP at all", PAGE, {5}),
    ("a negative length", answer(PAGE, length=-5), {5}),
    ("a length beyond all measure", answer(PAGE, length=99999999999999), {10}),
    ("a length that is too short", answer(PAGE, length=10), {5, 7}),
    ("NUL in a header", answer(PAGE, b"Date: a\0b\r\n"), {0, 5}),
    ("escape sequences in the content type", answer(b"{}", content_type=b"text/\x1b[31m%s%n"), {7}),
    ("escape sequences in the reason", answer(b"\x1b[2J", status=b"418 \x1b[2J"), {6}),
    ("escape sequences in a scope", answer(b"{}", b'WWW-Authenticate: Bearer error="insufficient_scope", scope="\x1b[31m%n x"\r\n', status=b"403 No"), {11}),
    ("escape sequences in an error", answer(json.dumps({"error": EVIL, "detail": EVIL}).encode(), status=b"418 I"), {6}),
    ("a wait of years", answer(b"", b"Retry-After: 1000000000\r\n", status=b"429 No"), {6}),
    ("a wait until the year 9999", answer(b"", b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", status=b"503 No"), {6}),
    ("a date that is none", answer(PAGE, b"Date: Foo, 99 Bar 99999 99:99:99 GMT\r\n"), {0, 10}),
    ("a million keys", lambda: [item(",".join(f'"k{i}":1' for i in range(10**6)))], {0, 10}),
    ("ten megabytes of one text", lambda: [item('"name":"' + "x" * 10**7 + '"')], {0, 10}),
    ("a million rows in a page", lambda: [answer(b'{"items":[' + b"1," * 999999 + b'1],"pagination":{"total_count":1000000}}')], {7, 10}),
    ("numbers out of range", item('"a":-0,"b":1E400,"c":9223372036854775808,"metadata":{"d":0.1e-400}'), {0, 10}),
    ("keys of another language", item('"__proto__":{"a":1},"constructor":1,"\'; DROP TABLE customers; --":1'), {0, 10}),
    ("the same id twice in a row", item(f'"id":"{ID}"'), {10}),
    ("a cookie", answer(PAGE, b"Set-Cookie: sid=evil; Path=/\r\n"), {0, 10}),
]
PLACES = ["http://127.0.0.1:{port}/v1/customers/", "//127.0.0.1:{port}/", "http://127.0.0.1@127.0.0.1:{port}/", "http://localhost:{port}/",
          "file:///etc/passwd", "http:\\\\127.0.0.1:{port}/", "https://127.0.0.1:{port}/"]


class Hostile(Hazard):
    def strike(self, home, pieces):
        """One sync whose customers are answered by these bytes; gives (status, everything printed, requests)."""
        polar = home.polar

        def raw(handler, table, page):
            if table != "customers":
                return False
            handler.close_connection = True
            for piece in pieces() if callable(pieces) else [pieces]:
                handler.wfile.write(piece)
            return True

        polar.answer = raw
        polar.requests.clear()
        result = subprocess.run([till_path(), "sync", "--json", "customers"], env={**clean_environment(home.path), **ENV, "TILL_LOG": "debug"},
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=50, check=False)
        polar.answer = None
        return result.returncode, (result.stdout + result.stderr).decode(errors="replace"), len(polar.requests)

    def assert_harmless(self, home, text):
        self.assertNotIn(home.token, text)
        self.assertEqual({hex(ord(c)) for c in text if ord(c) in COMMANDS}, set())

    def test_answers_that_do_harm(self):
        polar = self.service(customers=customers(20))
        home = self.home(polar)
        home.sync("customers")
        for name, pieces, statuses in ANSWERS:
            with self.subTest(name):
                started = time.monotonic()
                status, text, requests = self.strike(home, pieces)
                self.assertIn(status, statuses, text[-500:])
                self.assertLess(time.monotonic() - started, 30)
                self.assertLess(requests, 250)
                self.assert_harmless(home, text)
                self.assertEqual(integrity(home.path), "ok")
                self.assertGreaterEqual(home.live("customers"), polar.ids("customers") if status else set())
        result, _ = home.sync("customers", "--accept-removals")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(home.live("customers"), polar.ids("customers"))

    def test_no_redirect_leads_the_token_away(self):
        polar = self.service(customers=customers(20))
        home = self.home(polar)
        got = []

        class Thief(http.server.BaseHTTPRequestHandler):
            def handle(self):
                got.append(self.connection.recv(4096))

        thief = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Thief)
        self.addCleanup(thief.server_close)
        self.addCleanup(thief.shutdown)
        threading.Thread(target=thief.serve_forever, daemon=True).start()
        for status in (b"301 M", b"302 M", b"303 M", b"307 M", b"308 M"):
            for place in PLACES:
                with self.subTest(f"{status} {place}"):
                    location = b"Location: " + place.format(port=thief.server_address[1]).encode() + b"\r\n"
                    code, text, requests = self.strike(home, answer(b"", location, status=status))
                    self.assertEqual(code, 6, text[-500:])
                    self.assertEqual(requests, 1)
                    self.assertEqual(got, [])
                    self.assert_harmless(home, text)

    def test_a_name_that_commands_a_terminal(self):
        polar = self.service(customers=customers(3))
        polar.tables["organizations"] = [organization_row(name=EVIL, slug=EVIL)]
        polar.tables["customers"][1]["name"] = EVIL
        home = self.home(polar)
        for arguments in (["connect", "polar", "--api-url", polar.url, "--token-stdin"], ["sync"], ["status"], ["doctor"], ["today"], ["tables"],
                          ["query", "SELECT * FROM organizations", "--format", "table"], ["query", f"SELECT '{EVIL}' FROM nowhere"],
                          ["export", "customers", "--format", "jsonl"], ["disconnect", EVIL], ["sync", EVIL], [EVIL], [f"--{EVIL}"]):
            for extra in ([], ["--json"]):
                if "--format" in arguments and extra:
                    continue
                with self.subTest(arguments=arguments, extra=extra):
                    result = run_till([*arguments, *extra], home=home.path, env={**ENV, "TILL_LOG": "debug"}, input=home.token)
                    self.assert_harmless(home, result.stdout + result.stderr)

    def test_a_token_command_and_its_family_never_show_the_token(self):
        polar = self.service(customers=customers(3))
        home = self.home(polar)
        seen = pathlib.Path(home.path) / "seen"
        pathlib.Path(home.path, "token").write_text(home.token)
        command = (f"cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline /proc/$PPID/environ > {seen} 2>/dev/null; cat {home.path}/token")
        home.till("connect", "polar", "--api-url", polar.url, "--token-command", command, check=True)
        self.assertNotIn(home.token.encode(), seen.read_bytes())
        self.assertGreater(len(seen.read_bytes()), 0)


del Hazard

if __name__ == "__main__":
    unittest.main()
