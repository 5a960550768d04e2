# SPDX-License-Identifier: Apache-2.0
"""test_mail.py - the kind "email" against mail servers: nodemailer's smtp-server with mailparser, and one that is told to fail at each step.

The packages are installed beside the build ($TILL_BUILD/mail-tests). Certificates and passwords are made at run time.
"""

import base64
import contextlib
import json
import os
import pathlib
import queue
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from digest_worlds import Shop, build, empty_home  # noqa: E402
from sim import Sim, run_till  # noqa: E402

ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("TILL_BUILD", ROOT / "build"))
PROBE = BUILD / "unit" / "mail_probe"
WAIT_S = 60
USER = "me@example.com"
HTML = '<!DOCTYPE html>\n<html><body><p style="color:#111">Ümläut &amp; 🙂 =3D</p>\n.\n..dots\n</body></html>\n'
TEXT = "MRR $4,210 ▲ 6% WoW\n.\n..two dots\nFrom here\ntrailing space \n" + "long " * 400 + "\nend\n"


def packages_folder():
    """Where `./dev test` installs them: one folder for the builds of release and of sanitizers."""
    for folder in (BUILD / "mail-tests", BUILD.parent / "mail-tests"):
        if (folder / "node_modules").is_dir():
            return folder
    raise AssertionError(f"no packages in {BUILD / 'mail-tests'}: `./dev test` installs them from tests/mail")


def make_certificate(folder, name, host):
    """A certificate of its own for 127.0.0.1 (or for another host) in NAME.key, NAME.pem."""
    alternative = f"IP:{host}" if host[0].isdigit() else f"DNS:{host}"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        + ["-subj", "/CN=mail", "-addext", f"subjectAltName={alternative}"]
        + ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
        check=True,
        capture_output=True,
    )


class Result:
    """What the probe said, and what it said before."""

    def __init__(self, process, spoken):
        lines = [json.loads(line) for line in process[0].splitlines()]
        self.last = lines[-1]
        self.spoken = spoken
        self.stderr = process[1]

    def __getattr__(self, name):
        return self.last[name]


def write_input(fields, text, html):
    lines = {"smtp_host": "", "to": USER, "title": "Daily digest", "id": "till-1", "at": "1795330812", **fields}
    head = "".join(f"{name}: {value}\n" for name, value in lines.items() if value is not None)
    return f"{head}\n{text}--\n{html}".encode()


def start_probe(action, fields, text=TEXT, html=HTML, env=None):
    process = subprocess.Popen(
        [PROBE, action],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )
    process.stdin.write(write_input(fields, text, html))
    process.stdin.close()
    process.stdin = None
    return process


def probe(action, fields, **how):
    process = start_probe(action, fields, **how)
    out, err = process.communicate(timeout=120)
    if process.returncode < 0 or b"Sanitizer" in err:
        raise AssertionError(f"the probe died: {process.returncode} {err.decode()}")
    return Result((out.decode(), err.decode()), out + err)


class Servers:
    """server.mjs with a few servers; use as a context manager."""

    def __init__(self, folder, password):
        certificate = {kind: (folder / f"good.{kind}").read_text() for kind in ("key", "pem")}
        wrong = {kind: (folder / f"wrong.{kind}").read_text() for kind in ("key", "pem")}
        methods = {"authMethods": ["PLAIN", "LOGIN", "CRAM-MD5"]}
        config = {
            "key": certificate["key"],
            "cert": certificate["pem"],
            "username": USER,
            "password": password,
            "servers": {
                "starttls": {**methods},
                "tls": {"secure": True, **methods},
                "plain": {"authMethods": ["PLAIN"]},
                "login": {"authMethods": ["LOGIN"]},
                "cram": {"authMethods": ["CRAM-MD5"]},
                "demanding": {"authOptional": False, **methods},
                "small": {"size": 1000},
                "open": {"hideSTARTTLS": True, "disabledCommands": ["AUTH", "STARTTLS"]},
                "insecure": {"hideSTARTTLS": True, "allowInsecureAuth": True, **methods},
                "silent": {"disabledCommands": ["AUTH"]},
                "wrong": {"key": wrong["key"], "cert": wrong["pem"], **methods},
            },
        }
        # What lies beside the packages finds them.
        self.process = subprocess.Popen(
            ["node", packages_folder() / "server.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.process.stdin.write(json.dumps(config).encode() + b"\n")
        self.process.stdin.flush()
        self.said = queue.Queue()
        self.signed_in = []
        threading.Thread(target=self._read, daemon=True).start()
        self.ports = self.said.get(timeout=WAIT_S)["ports"]

    def _read(self):
        for line in self.process.stdout:
            self.said.put(json.loads(line))

    def mail(self):
        """The next mail that arrived."""
        while True:
            what = self.said.get(timeout=WAIT_S)
            if "mail" in what:
                return what["mail"]
            self.signed_in.append(what["signed_in"])

    def events(self):
        """All that has been said since, once nothing more can come from clients that have ended."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self.said.get(timeout=0.3))
        return found

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=WAIT_S)
        self.process.stdout.close()


class WithServers(unittest.TestCase):
    """Mail servers of every kind, and a folder with their certificates, for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="till-mail-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_certificate(cls.folder, "good", "127.0.0.1")
        make_certificate(cls.folder, "wrong", "elsewhere.example")
        cls.password = secrets.token_urlsafe(24)
        cls.servers = Servers(cls.folder, cls.password)
        cls.addClassCleanup(cls.servers.close)


class MailTest(WithServers):
    def setUp(self):
        self.servers.events()

    def fields(self, server="starttls", **more):
        known = {
            "smtp_host": f"{'smtps://' if server == 'tls' else ''}127.0.0.1:{self.servers.ports[server]}",
            "ca_file": self.folder / "good.pem",
            "username": USER,
            "password": self.password,
        }
        return {**known, **more}

    def send(self, server="starttls", text=TEXT, html=HTML, action="send", **more):
        result = probe(action, self.fields(server, **more), text=text, html=html)
        self.assertNotIn(self.password.encode(), result.spoken)
        self.assertNotIn(base64.b64encode(self.password.encode()), result.spoken)
        return result

    def assert_nothing_arrived(self):
        self.assertEqual([what for what in self.servers.events() if "mail" in what], [])

    # ---- what arrives ----

    def test_a_mail_program_sees_text_and_html(self):
        result = self.send(title="Daily digest of Example, Tuesday 2026-11-17")
        self.assertEqual((result.outcome, result.commits, result.error), ("sent", 1, ""))
        mail = self.servers.mail()
        self.assertEqual(mail["subject"], "Daily digest of Example, Tuesday 2026-11-17")
        self.assertEqual(mail["text"], TEXT)
        self.assertEqual(mail["html"], HTML)
        self.assertEqual((mail["from"], mail["to"]), (USER, [USER]))
        self.assertEqual(mail["header_from"], f'"till" <{USER}>')
        self.assertEqual(mail["header_to"], USER)
        self.assertEqual(mail["date"], "2026-11-22T07:00:12.000Z")
        self.assertEqual(mail["id"], "<till-1@example.com>")
        self.assertEqual((mail["auto"], mail["attachments"]), ("auto-generated", 0))
        self.assertEqual(mail["hello"], "[127.0.0.1]")
        self.assertTrue(mail["secure"])
        self.assertEqual(mail["user"], USER)
        for name in ("date", "from", "to", "subject", "message-id", "mime-version", "content-type", "auto-submitted"):
            self.assertEqual(mail["headers"].count(name), 1, name)

    def test_what_is_sent_is_what_was_composed(self):
        fields = self.fields()
        process = start_probe("compose", fields)
        composed, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, err), (0, b""))
        self.assertEqual(self.send().outcome, "sent")
        raw = base64.b64decode(self.servers.mail()["raw"])
        self.assertEqual(raw, composed)
        lines = composed.split(b"\r\n")
        self.assertEqual(lines[-1], b"")
        self.assertLessEqual(max(map(len, lines)), 76)
        self.assertNotIn(b"\n", composed.replace(b"\r\n", b""))
        self.assertTrue(all(byte < 127 for byte in composed))
        self.assertFalse([line for line in lines if line.startswith(b".")])

    def test_titles_come_through_whatever_they_hold(self):
        long = "Täglicher Bericht 🙂 " * 20
        titles = {
            "Umsätze für Müller & Söhne": None,
            "日本語のタイトル 🎉👩‍👩‍👧": None,
            long.strip(): None,
            "=?UTF-8?Q?no_word?=": None,
            "Wide " * 30 + "end": None,
            "with\ttab": "with tab",
            "\u202eevil": "\ufffdevil",
            "a\x07b": "a\ufffdb",
        }
        for title, seen in titles.items():
            self.assertEqual(self.send(title=title).outcome, "sent", title)
            mail = self.servers.mail()
            self.assertEqual(mail["subject"], seen or title)
            head = base64.b64decode(mail["raw"]).split(b"\r\n\r\n")[0]
            self.assertLessEqual(max(map(len, head.split(b"\r\n"))), 76)

    def test_no_title_or_id_begins_another_header(self):
        # A line break cannot come in by the probe's lines: a carriage return and a Unicode one can.
        for hostile in ("x\rBcc: victim@example.com", "x\u2028Bcc: victim@example.com", "x\x00Bcc: a@example.com"):
            result = self.send(title=hostile, id=hostile.replace("\x00", ""))
            self.assertEqual(result.outcome, "sent", result.last)
            mail = self.servers.mail()
            self.assertNotIn("bcc", mail["headers"])
            self.assertEqual(mail["to"], [USER])

    def test_bodies_come_through_byte_for_byte(self):
        bodies = [
            "\n.\n.\r\n..\n. \n",
            "=\n==\n=3D\n--=_digest_of_till\n--=_digest_of_till--\n",
            "a" * 5000 + "\n" + "ä" * 5000 + "\n",
            "".join(f"{'x' * n}=\n{'y' * n} \n{'z' * n}\t\n{'.' * n}\n" for n in range(70, 80)),
            "🙂" * 300 + "\n" + "From me\n>From you\n",
            "x" * 200000 + "\n.\n",
        ]
        for body in bodies:
            self.assertEqual(self.send(text=body, html=f"<p>{body}</p>\n").outcome, "sent")
            mail = self.servers.mail()
            self.assertEqual(mail["text"], body.replace("\r\n", "\n"))
            self.assertEqual(mail["html"], f"<p>{body}</p>\n".replace("\r\n", "\n"))

    def test_many_recipients_get_one_mail(self):
        people = [f"person.{number}+digest@sub-{number}.example.com" for number in range(16)]
        self.assertEqual(self.send(to=", ".join(people), sender="till@example.com").outcome, "sent")
        mail = self.servers.mail()
        self.assertEqual((mail["from"], mail["to"]), ("till@example.com", people))
        self.assertEqual(mail["header_to"], ", ".join(people))
        self.assertEqual(mail["id"], "<till-1@example.com>")
        self.assert_nothing_arrived()

    def test_encrypted_from_the_start(self):
        self.assertEqual(self.send("tls").outcome, "sent")
        mail = self.servers.mail()
        self.assertEqual((mail["secure"], mail["user"], mail["server"]), (True, USER, "tls"))
        result = self.send("tls", smtp_host=f"smtps://127.0.0.1:{self.servers.ports['starttls']}")
        self.assertEqual((result.outcome, result.code, result.commits), ("not_sent", "network", 0))
        self.assertIn("587", result.hint)

    # ---- signing in ----

    def test_each_way_to_sign_in(self):
        for server, method in (("plain", "PLAIN"), ("login", "LOGIN"), ("cram", "CRAM-MD5")):
            self.assertEqual(self.send(server).outcome, "sent")
            self.assertEqual(self.servers.mail()["user"], USER)
            self.assertEqual(self.servers.signed_in[-1], {"server": server, "method": method, "good": True, "secure": True})

    def test_a_wrong_password_says_what_to_do(self):
        for server in ("plain", "login", "cram"):
            for action in ("send", "check"):
                wrong = secrets.token_urlsafe(20)
                result = self.send(server, password=wrong, action=action)
                self.assertEqual((result.code, result.commits), ("auth", 0))
                self.assertIn("did not accept the user name or the password: 535 5.7.8", result.error)
                self.assertIn("app password", result.hint)
                self.assertNotIn(wrong.encode(), result.spoken)
                if action == "send":
                    self.assertEqual(result.outcome, "refused")

    def test_a_server_that_wants_a_sign_in(self):
        result = self.send("demanding", username=None, password=None)
        self.assertEqual((result.outcome, result.commits), ("refused", 0))
        self.assertIn("--username", result.hint)

    def test_a_server_without_sign_in_gets_nothing_from_who_wants_one(self):
        for action in ("send", "check"):
            result = self.send("silent", action=action)
            self.assertEqual((result.code, result.commits), ("config", 0))
            self.assertIn("offers no sign-in", result.error)
        self.assert_nothing_arrived()

    def test_check_sends_nothing(self):
        for server in ("starttls", "demanding", "plain"):
            result = self.send(server, action="check")
            self.assertEqual((result.outcome, result.code, result.error), ("checked", "ok", ""))
        self.assert_nothing_arrived()

    # ---- encryption ----

    def test_no_password_goes_without_encryption(self):
        for server in ("open", "insecure"):
            for action in ("send", "check"):
                result = self.send(server, action=action)
                self.assertEqual((result.code, result.commits), ("network", 0))
                self.assertIn("no encryption (STARTTLS)", result.error)
        self.assertEqual(self.servers.events(), [])

    def test_only_a_server_of_this_machine_is_spoken_to_in_the_clear(self):
        nobody = {"username": None, "password": None}
        result = self.send("open", **nobody)  # a ca_file asks for encryption
        self.assertEqual((result.code, result.commits), ("network", 0))
        self.assertEqual(self.send("open", ca_file=None, **nobody).outcome, "sent")
        self.assertFalse(self.servers.mail()["secure"])

    def test_certificates_must_be_trusted_and_for_that_host(self):
        cases = {"wrong": self.folder / "wrong.pem", "starttls": self.folder / "wrong.pem", "tls": None}
        for server, ca_file in cases.items():
            result = self.send(server, ca_file=ca_file)
            self.assertEqual((result.outcome, result.code, result.commits), ("not_sent", "network", 0), result.last)
        result = self.send(ca_file=None)
        self.assertIn("certificate", result.error)
        self.assertIn("--ca-file", result.hint)
        self.assertEqual(self.servers.events(), [])
        result = self.send(ca_file=self.folder / "good.key")
        self.assertEqual(result.code, "config")
        self.assertIn("--ca-file", result.error)

    # ---- what servers refuse ----

    def test_refusals_in_plain_words(self):
        cases = [
            # fields, outcome, commits, part of the error, part of the hint
            ({"to": "unknown@example.com"}, "refused", 0, "refused the recipient unknown@example.com: 550 5.1.1 no such", "check"),
            ({"to": "full@example.com"}, "not_sent", 0, "no room for the recipient full@example.com: 452", "try again"),
            ({"to": "closing@example.com"}, "not_sent", 0, "closes the connection", "try again"),
            ({"sender": "stranger@example.com"}, "refused", 0, "mail from the sender stranger@example.com: 553", "--sender"),
            ({"to": "spam@example.com"}, "refused", 1, "refused the mail", "words"),
            ({"to": "busy@example.com"}, "not_sent", 1, "try again later: 451 4.3.0 try later", "try again"),
            ({"to": "tagged@example.com"}, "refused", 0, "550 5.1.1 evil", "check"),
        ]
        for fields, outcome, commits, error, hint in cases:
            result = self.send(**fields)
            self.assertEqual((result.outcome, result.commits, result.code), (outcome, commits, "remote"), result.last)
            self.assertIn(error, result.error)
            self.assertIn(hint, result.hint)
            self.assertNotIn("\x1b", result.error)
        self.assert_nothing_arrived()

    def test_greylisting_lets_the_second_try_through(self):
        first = self.send(to="grey@example.com")
        self.assertEqual((first.outcome, first.commits), ("not_sent", 0))
        self.assertIn("greylisted", first.error)
        second = self.send(to="grey@example.com")
        self.assertEqual((second.outcome, second.commits), ("sent", 1))
        self.assertEqual(self.servers.mail()["to"], ["grey@example.com"])

    def test_all_recipients_or_none(self):
        result = self.send(to=f"{USER},unknown@example.com,other@example.com")
        self.assertEqual((result.outcome, result.commits), ("refused", 0))
        self.assertIn("unknown@example.com", result.error)
        self.assert_nothing_arrived()

    def test_a_mail_that_is_too_large(self):
        result = self.send("small", username=None, password=None)
        self.assertEqual((result.outcome, result.commits), ("refused", 0))
        self.assertIn("too large: 552", result.error)
        self.assertIn("--sections", result.hint)

    def test_a_log_that_cannot_be_written_stops_it(self):
        result = self.send(action="refuse")
        self.assertEqual((result.outcome, result.code, result.commits), ("not_sent", "store", 1))
        self.assertIn("log could not be written", result.error)
        self.assert_nothing_arrived()


# ---- the program ----


class ProgramTest(WithServers):
    """From `till channels add` to the digest in a mailbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with Sim(orders=0, seed=3) as sim:
            cls.empty = empty_home(sim, cls.folder)

    def till(self, *args, status=0, **options):
        result = run_till(list(args), home=self.shop.home, env={"TILL_LOCALE": "en_US", "TZ": "UTC"}, **options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertNotIn(self.password, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def add(self, server, *more, status=0, password=None):
        host = f"{'smtps://' if server == 'tls' else ''}127.0.0.1:{self.servers.ports[server]}"
        known = ["--smtp-host", host, "--to-address", USER, "--username", USER, "--ca-file", str(self.folder / "good.pem")]
        return self.till("channels", "add", "email", *known, *more, "--token-stdin", status=status, input=password or self.password)

    def test_from_the_channel_to_the_mailbox(self):
        self.shop = Shop(self.empty, self.folder / "shop")
        build(self.shop, "hostile_names")
        refused = self.add("starttls", status=4, password=secrets.token_urlsafe(8))
        self.assertIn("app password", refused)
        self.add("tls")
        self.till("channels", "test", "email")
        self.assertEqual(self.servers.mail()["subject"], "till test")
        ask = ["--date", "2024-10-22", "--timezone", "UTC"]
        self.till("digest", "--send", *ask)
        mail = self.servers.mail()
        self.assertEqual(mail["subject"], "Daily digest of Example Shop, Tuesday 2024-10-22")
        self.assertEqual(mail["to"], [USER])
        shown = self.till("digest", *ask).splitlines()
        for line in mail["text"].splitlines():
            if "customer left" in line:
                self.assertNotIn("friends", line)  # names of customers stay here
            else:
                self.assertIn(line, shown)
        self.assertIn("customer left", mail["text"])
        self.assertNotIn("friends", mail["html"])
        self.assertNotIn("<script", mail["html"])
        self.till("digest", "--send", *ask)  # went before
        self.assertEqual([what for what in self.servers.events() if "mail" in what], [])
        self.add("tls", "--with-names")
        self.till("digest", "--send", *ask, "--again")
        self.assertIn("friends", self.servers.mail()["html"])

    def test_a_preview_is_what_is_sent(self):
        self.shop = Shop(self.empty, self.folder / "preview")
        build(self.shop, "growth")
        self.add("starttls")
        ask = ["--date", "2024-10-22", "--timezone", "UTC"]
        preview = self.till("digest", "--preview", *ask)
        self.assertEqual([what for what in self.servers.events() if "mail" in what], [])
        self.till("digest", "--send", *ask)
        sent = base64.b64decode(self.servers.mail()["raw"]).decode().split("\r\n")
        seen = preview.replace("\r", "").split("\n")
        self.assertEqual([line for line in sent if line.strip() and not line.startswith("Date:") and line not in seen], [])


# ---- shapes ----


class ShapeTest(unittest.TestCase):
    def check(self, **fields):
        return probe("check", {"smtp_host": "127.0.0.1:1", **fields})

    def test_what_is_no_address(self):
        for address in (
            "me", "@example.com", "me@", "a b@example.com", "me@example.com\rX: y", "<me@example.com>", "me@[127.0.0.1]",
            "ü@example.com", "me@müller.example", "me@exa mple.com", "a@b@example.com", ".me@example.com", "me@-example.com",
            "x" * 65 + "@example.com", "me@" + "x" * 300, " , ,", '"a b"@example.com',
        ):  # fmt: skip
            result = self.check(to=address)
            self.assertEqual((result.outcome, result.code), ("closed", "config"), address)
            if address.strip(" ,"):
                self.assertEqual(self.check(to="me@example.com", sender=address).code, "config", address)

    def test_what_is_no_mail_server(self):
        for host in (
            "smtp://127.0.0.1", "smtps://", "smtps://smtps://a", "a b", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "a/b", "user@host", "-a.example", "[::1",
            "a..b", "x" * 260, "host:", "host\rX", "%31", "[::1]x:25", "münchen.example",
        ):  # fmt: skip
            result = self.check(smtp_host=host)
            self.assertEqual((result.outcome, result.code), ("closed", "config"), host)

    def test_what_belongs_together(self):
        self.assertIn("a password is missing", self.check(username="me").error)
        self.assertIn("--username", self.check(password="x").hint)
        self.assertIn("whole path", self.check(ca_file="mail.pem").error)
        people = ",".join(f"p{number}@example.com" for number in range(17))
        self.assertIn("more than 16", self.check(to=people).error)

    def test_nobody_there(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
            result = probe("send", {"smtp_host": f"127.0.0.1:{taken.getsockname()[1]}"})
        self.assertEqual((result.outcome, result.code, result.commits), ("not_sent", "network", 0))
        self.assertIn("could not connect", result.error)
        result = probe("check", {"smtp_host": "nobody.invalid"})
        self.assertEqual(result.code, "network")
        self.assertIn("587", result.error)


# ---- servers that break off ----


class Scripted:
    """A mail server in the clear that does something odd at one step; counts the mails that it has whole."""

    def __init__(self, step, act):
        self.step, self.act = step, act
        self.whole, self.commands = 0, []
        self.was_reached = threading.Event()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as reader:
                self._talk(connection, reader)

    def _answer(self, connection, step, reply):
        """False when that was the end."""
        if step != self.step:
            connection.sendall(reply)
            return True
        self.was_reached.set()
        if self.act == "hang":
            with contextlib.suppress(OSError):
                while connection.recv(65536):
                    pass
        elif self.act == "half":
            connection.sendall(reply[:2])
        elif isinstance(self.act, bytes):
            connection.sendall(self.act)
            return True
        return False

    def _talk(self, connection, reader):
        steps = {b"EHLO": b"250-mail\r\n250 8BITMIME\r\n", b"QUIT": b"221 bye\r\n", b"NOOP": b"250 ok\r\n"}
        if not self._answer(connection, "greeting", b"220 mail ESMTP\r\n"):
            return
        for line in reader:
            word = line.split()[0].upper()
            self.commands.append(word)
            reply = steps.get(word, b"354 go on\r\n" if word == b"DATA" else b"250 ok\r\n")
            if not self._answer(connection, word.decode(), reply):
                return
            if word == b"DATA" and not self._take_content(connection, reader):
                return

    def _take_content(self, connection, reader):
        for line in reader:
            if self.step == "content":
                return self._answer(connection, "content", b"")
            if line == b".\r\n":
                self.whole += 1
                return self._answer(connection, "end", b"250 taken\r\n")
        return False

    def close(self):
        self.listener.close()
        self.thread.join(timeout=WAIT_S)


class BrokenTest(unittest.TestCase):
    def send(self, step, act, html=HTML, action="send"):
        server = Scripted(step, act)
        try:
            result = probe(action, {"smtp_host": f"127.0.0.1:{server.port}"}, html=html)
        finally:
            server.close()
        return server, result

    def test_a_connection_that_ends_at_each_step(self):
        for act in ("close", "half"):
            for step in ("greeting", "EHLO", "MAIL", "RCPT", "DATA"):
                server, result = self.send(step, act)
                self.assertEqual((result.outcome, result.code, result.commits), ("not_sent", "network", 0), (step, act))
                self.assertEqual(server.whole, 0)
            server, result = self.send("end", act)
            self.assertEqual((result.outcome, result.code, result.commits), ("uncertain", "network", 1), act)
            self.assertEqual(server.whole, 1)
            self.assertIn("look whether it arrived", result.hint)

    def test_a_goodbye_that_fails_is_no_failure(self):
        for act in ("close", "half", b"500 what?\r\n", "hang"):
            began = time.monotonic()
            server, result = self.send("QUIT", act)
            self.assertEqual((result.outcome, server.whole), ("sent", 1), act)
            self.assertLess(time.monotonic() - began, 30)

    def test_a_connection_that_ends_within_the_content(self):
        # More than libcurl and both sockets hold: the last byte was surely not given.
        server, result = self.send("content", "close", html="x\n" * 300000)
        self.assertEqual((result.outcome, result.commits, server.whole), ("not_sent", 1, 0), result.last)

    def test_odd_replies(self):
        cases = [
            ("greeting", b"554 5.7.1 you are listed\r\n", "refused", 0),
            ("greeting", b"421 busy\r\n", "not_sent", 0),
            ("MAIL", b"250-one\r\n250-two\r\n250 three\r\n", "sent", 1),
            ("RCPT", b"251 will forward\r\n", "sent", 1),
            ("RCPT", b"553-5.1.3 first words\r\n553 5.1.3 last words\r\n", "refused", 0),
            ("DATA", b"451 not now\r\n", "not_sent", 0),
            ("DATA", b"503 no\r\n", "refused", 0),
            ("end", b"250-queued\r\n250 as 7\r\n", "sent", 1),
            ("end", b"421 4.3.2 shutting down\r\n", "not_sent", 1),
            ("end", b"552 5.2.3 too large\r\n", "refused", 1),
        ]
        for step, act, outcome, commits in cases:
            _, result = self.send(step, act)
            self.assertEqual((result.outcome, result.commits), (outcome, commits), (step, act, result.last))

    def test_interrupted_while_it_waits(self):
        for step, outcome, commits in (("greeting", "not_sent", 0), ("RCPT", "not_sent", 0), ("end", "uncertain", 1)):
            server = Scripted(step, "hang")
            process = start_probe("send", {"smtp_host": f"127.0.0.1:{server.port}"})
            self.assertTrue(server.was_reached.wait(WAIT_S))
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
            server.close()
            result = Result((out.decode(), err.decode()), out)
            self.assertEqual((result.outcome, result.code, result.commits), (outcome, "canceled", commits))

    def test_interrupted_within_the_content_sends_no_half_of_it(self):
        server = Scripted("content", "hang")  # reads on, and counts nothing
        ends, is_gone = [], threading.Event()
        server._answer = lambda connection, step, reply: answer(server, connection, step, reply, ends, is_gone)
        process = start_probe("send", {"smtp_host": f"127.0.0.1:{server.port}"}, html="x\n" * 300000)
        self.assertTrue(server.was_reached.wait(WAIT_S))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        is_gone.set()
        server.close()
        result = Result((out.decode(), err.decode()), out)
        self.assertEqual((result.outcome, result.code, result.commits), ("not_sent", "canceled", 1))
        self.assertEqual(ends, [False])


def answer(server, connection, step, reply, ends, is_gone):
    """Within the content: waits until the sender has gone, then looks whether what came ends like a mail."""
    if step != "content":
        connection.sendall(reply)
        return True
    server.was_reached.set()
    is_gone.wait(WAIT_S)  # until then its buffers stay full
    tail = b""
    with contextlib.suppress(OSError):
        while chunk := connection.recv(65536):
            tail = (tail + chunk)[-16:]
    ends.append(tail.endswith(b"\r\n.\r\n"))
    return False


if __name__ == "__main__":
    unittest.main()
