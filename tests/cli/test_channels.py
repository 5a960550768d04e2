# SPDX-License-Identifier: Apache-2.0
"""till channels: every kind added, tested, listed, changed and removed; every wrong word; secrets that are seen nowhere; and the lists that say the same."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import re
import select
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from places import Places  # noqa: E402
from sim import ROOT, Sim, clean_environment, connect_shop, run_till, till_path, wait_for  # noqa: E402

os.environ.setdefault("TILL_BUILD", str(pathlib.Path(till_path()).parent))
sys.path.insert(0, str(ROOT / "tests/contract"))
from test_vault_secret_service import Desktop  # noqa: E402

KINDS = ("email", "slack", "discord", "telegram", "ntfy", "webhook", "file", "command")
SECTIONS = ["money", "subscriptions", "traffic", "standouts", "tops", "sources"]
STRING = r'"((?:[^"\\]|\\.)*)"'


class ChannelsCase(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.home, True)
        self.folder = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.places = Places().__enter__()
        self.addCleanup(self.places.__exit__)

    def till(self, *args, env=None, **options):
        result = run_till(["channels", *args], home=self.home, env=env, **options)
        self.shows_no_secret(result.stdout + result.stderr)
        return result

    def shows_no_secret(self, text):
        for secret in self.places.all_secrets:
            self.assertNotIn(secret, text)

    def add(self, kind, *args, **options):
        secrets = self.places.secrets(kind)
        source = ["--token-stdin"] if secrets else []
        return self.till("add", kind, *self.places.options(kind, self.folder), *source, *args, input=secrets, **options)

    def list(self):
        return json.loads(self.till("list", "--json", check=True).stdout)["channels"]

    def nothing_is_kept(self):
        self.assertEqual(self.list(), [])
        for file in pathlib.Path(self.home).rglob("*"):
            self.assertNotIn("secrets", file.name, "a vault was made")


class EveryKind(ChannelsCase):
    def test_from_add_to_remove(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                added = self.add(kind, "--json", check=True)
                answer = json.loads(added.stdout)
                self.assertEqual((answer["name"], answer["kind"], answer["replaced"], answer["secret"]), (kind, kind, False, None))
                self.assertEqual(answer["secret_place"], "file" if self.places.secrets(kind) else None)
                self.assertTrue(answer["where"])
                self.assertIn(answer["checked"], (True, False) if kind in ("slack", "email") else (kind != "command",))
                self.assertEqual(self.places.got[kind][1 if kind == "webhook" else 0:], [], "adding shows nothing to anybody")
                [listed] = self.list()
                self.assertEqual((listed["where"], listed["enabled"], listed["digests"], listed["sections"]), (answer["where"], True, "days", SECTIONS))
                self.assertEqual((listed["with_names"], listed["ascii"], listed["connection"], listed["deliveries"]), (False, False, None, []))
                text = self.till().stdout
                self.assertIn(answer["where"], text)
                before = len(self.places.got[kind])
                tested = self.till("test", kind, check=True)
                self.assertIn("Sent", tested.stdout)
                if kind == "file":
                    [written] = pathlib.Path(self.folder).glob("digest-*.md")
                    self.assertIn("till test", written.read_text())
                    self.assertEqual(stat.S_IMODE(written.stat().st_mode), 0o600)
                elif kind == "command":
                    self.assertIn("till test", pathlib.Path(self.folder, "out").read_text())
                else:
                    [sent] = self.places.got[kind][before:]
                    self.assertIn("till test", str(sent))
                self.assertEqual(self.list()[0]["deliveries"], [], "a test is not a digest")
                removed = json.loads(self.till("remove", kind, "--json", check=True).stdout)
                self.assertEqual(removed, {"name": kind, "secret_removed": self.places.secrets(kind) is not None})
                self.assertEqual(self.list(), [])
                self.assertEqual(self.till("test", kind).returncode, 3)

    def test_no_check_saves_what_nobody_could_ask(self):
        with Places() as gone:
            options, secrets = gone.options("telegram"), gone.secrets("telegram")
        refused = self.till("add", "telegram", *options, "--token-stdin", input=secrets)
        self.assertEqual(refused.returncode, 5, refused.stderr)
        self.nothing_is_kept()
        saved = json.loads(self.till("add", "telegram", *options, "--token-stdin", "--no-check", "--json", input=secrets, check=True).stdout)
        self.assertFalse(saved["checked"])
        self.assertNotEqual(self.till("test", "telegram").returncode, 0)
        self.assertEqual(len(self.list()), 1)

    def test_mail_from_somebody_to_several(self):
        authority = pathlib.Path(self.folder, "authority.pem")
        authority.write_text("none")
        self.till("add", "email", "--smtp-host", self.places.smtp, "--to-address", "a@example.com, b@example.com", "--sender", "till@example.com", check=True)
        self.till("test", "email", check=True)
        [mail] = self.places.got["email"]
        self.assertIn(b"From: ", mail)
        self.assertIn(b"till@example.com", mail)
        self.assertIn(b"b@example.com", mail)
        self.assertEqual(self.list()[0]["fields"]["to"], "a@example.com, b@example.com")
        # A password is asked for where somebody signs in, and never goes unencrypted.
        signing = ["--smtp-host", self.places.smtp, "--to-address", "a@example.com", "--username", "me", "--token-stdin"]
        self.assertIn("password is missing", self.till("add", "email", *signing, "--ca-file", authority).stderr)
        refused = self.till("add", "email", *signing, input="correct horse")
        self.assertNotEqual(refused.returncode, 0)
        self.assertNotIn("horse", refused.stdout + refused.stderr)
        self.assertEqual(self.list()[0]["fields"]["username"], None, "the one that works stays")

    def test_a_wrong_key_is_not_kept(self):
        wrong = self.till("add", "telegram", *self.places.options("telegram"), "--token-stdin", input="1234567890:" + "x" * 35)
        self.assertIn(wrong.returncode, (3, 4, 6), wrong.stderr)
        self.assertIn("next:", wrong.stderr)
        self.assertNotIn("x" * 35, wrong.stderr)
        self.nothing_is_kept()

    def test_a_webhook_makes_its_secret_and_shows_it_once(self):
        made = json.loads(self.till("add", "webhook", *self.places.options("webhook"), "--token-stdin", "--json", check=True).stdout)["secret"]
        self.assertRegex(made, r"^whsec_[A-Za-z0-9+/]{32,}={0,2}$")
        shown = self.till("add", "webhook", *self.places.options("webhook"), "--token-stdin", check=True).stdout
        [second] = re.findall(r"whsec_\S+", shown)
        self.assertNotEqual(made, second)
        for args in ((), ("--json",), ("test", "webhook"), ("set", "webhook", "--on")):
            said = self.till(*args, check=True)
            self.assertNotIn("whsec_", said.stdout + said.stderr)
        headers, body = self.places.got["webhook"][-1]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(second.removeprefix("whsec_"))
        self.assertEqual(headers["webhook-signature"], "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode())

    def test_a_prompt_for_each_secret_without_echo(self):
        import pty

        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(till_path(), ["till", "channels", "add", "ntfy", "--api-url", self.places.url], clean_environment(self.home))
        seen, answers = b"", self.places.secrets("ntfy").encode().splitlines(True)
        while select.select([terminal], [], [], 30)[0]:
            try:
                data = os.read(terminal, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data
            if answers and seen.count(b"not shown") == 3 - len(answers):
                os.write(terminal, answers.pop(0))
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, seen)
        self.shows_no_secret(seen.decode())
        self.assertIn(b"The topic", seen)
        self.assertIn(b"Enter for none", seen)
        self.till("test", "ntfy", check=True)


class Secrets(ChannelsCase):
    def test_from_a_file_and_from_a_command(self):
        path = pathlib.Path(self.folder, "secrets")
        path.write_text(self.places.secrets("ntfy"))
        path.chmod(0o600)
        for name, source in (("a", ["--token-file", path]), ("b", ["--token-command", f"cat {path}"])):
            self.till("add", "ntfy", "--name", name, "--api-url", self.places.url, *source, check=True)
            self.till("test", name, check=True)
        self.assertEqual(len(self.places.got["ntfy"]), 2)
        both = self.till("add", "ntfy", "--token-file", path, "--token-stdin", input="x\n")
        self.assertEqual(both.returncode, 2)

    def test_seen_in_no_argument_output_database_or_log(self):
        home = pathlib.Path(self.home)
        for kind in KINDS:
            result = self.add(kind, "--name", kind, env={"TILL_LOG": "debug"}, check=True)
            self.shows_no_secret(result.stdout + result.stderr)
            result = self.till("test", kind, env={"TILL_LOG": "debug"}, check=True)
            self.till(env={"TILL_LOG": "debug"}, check=True)
        for file in [*home.rglob("*"), *pathlib.Path(self.folder).rglob("*")]:
            if file.is_file():
                data = file.read_bytes()
                for secret in self.places.all_secrets:
                    self.assertNotIn(secret.encode(), data, file)

    def test_no_argument_of_the_process_holds_it(self):
        self.places.gate.clear()
        process = subprocess.Popen([till_path(), "channels", "add", "slack", "--token-stdin"], env=clean_environment(self.home), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            process.stdin.write(self.places.secrets("slack"))
            process.stdin.close()
            wait_for(lambda: b"channels" in pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes(), "its arguments")
            seen = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
            self.shows_no_secret(seen.decode())
            process.send_signal(signal.SIGINT)
            self.assertNotEqual(process.wait(30), 0)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()
        self.places.gate.set()
        self.nothing_is_kept()

    def test_a_new_one_replaces_the_old_whole(self):
        self.add("ntfy", "--name", "phone", "--with-names", "--sections", "money", check=True)
        first = self.list()[0]
        replaced = json.loads(self.add("telegram", "--name", "phone", "--json", check=True).stdout)
        self.assertTrue(replaced["replaced"])
        [now] = self.list()
        self.assertEqual((now["kind"], now["with_names"], now["sections"], now["created_at"]), ("telegram", False, SECTIONS, first["created_at"]))
        self.till("test", "phone", check=True)
        self.assertEqual((len(self.places.got["ntfy"]), len(self.places.got["telegram"])), (0, 1))
        self.add("file", "--name", "phone", check=True)  # one without a secret: the old one goes
        self.assertIsNone(self.list()[0]["secret_place"])
        self.assertFalse(json.loads(self.till("remove", "phone", "--json", check=True).stdout)["secret_removed"])

    def test_a_secret_that_is_gone_is_said_to_be(self):
        self.add("slack", check=True)
        for file in pathlib.Path(self.home).rglob("secrets.sealed"):
            file.unlink()
        result = self.till("test", "slack")
        self.assertEqual(result.returncode, 3)
        self.assertIn("not where it was put", result.stderr)
        self.assertIn("till channels add slack --name slack", result.stderr)
        self.till("remove", "slack", check=True)

    def test_in_the_keyring_of_a_desktop(self):
        desktop = Desktop()
        self.addCleanup(desktop.close)
        env = {name: desktop.env[name] for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")}
        self.add("ntfy", "--keyring", "secret-service", env=env, check=True)
        self.assertEqual(self.list()[0]["secret_place"], "secret-service")
        self.assertFalse([file for file in pathlib.Path(self.home).rglob("*") if "secrets" in file.name])
        self.till("test", "ntfy", env=env, check=True)
        self.assertEqual(len(self.places.got["ntfy"]), 1)
        self.assertEqual(self.till("test", "ntfy").returncode, 3, "no bus, no secret")
        # Kept in a file from now on: the keyring's one is gone then.
        self.add("ntfy", "--keyring", "file", env=env, check=True)
        self.assertEqual(self.list()[0]["secret_place"], "file")
        self.till("test", "ntfy", check=True)
        self.add("ntfy", "--keyring", "secret-service", env=env, check=True)
        self.assertTrue(json.loads(self.till("remove", "ntfy", "--json", env=env, check=True).stdout)["secret_removed"])

    def test_where_the_vault_is_broken_nothing_is_saved(self):
        result = self.add("slack", "--keyring", "secret-service", env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"})
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("nothing was saved", result.stderr)
        self.nothing_is_kept()


class WhatItGets(ChannelsCase):
    def setUp(self):
        super().setUp()
        self.add("file", "--name", "a", check=True)

    def set(self, *args, **options):
        return self.till("set", "a", *args, **options)

    def test_each_setting_and_what_undoes_it(self):
        for args, key, value in (
            (["--digests", "weeks"], "digests", "weeks"), (["--digests", "both"], "digests", "both"), (["--digests", "days"], "digests", "days"),
            (["--sections", "tops,money"], "sections", ["money", "tops"]), (["--sections", ",".join(SECTIONS)], "sections", SECTIONS),
            (["--sections", "sources, traffic"], "sections", ["traffic", "sources"]), (["--sections", "all"], "sections", SECTIONS),
            (["--with-names"], "with_names", True), (["--without-names"], "with_names", False), (["--ascii"], "ascii", True), (["--unicode"], "ascii", False),
            (["--off"], "enabled", False), (["--on"], "enabled", True), (["--connection", "all"], "connection", None),
        ):
            with self.subTest(args=args):
                said = json.loads(self.set(*args, "--json", check=True).stdout)
                [listed] = self.list()
                self.assertEqual((said, listed[key]), (listed, value))
        self.assertIn("a is on. It gets: days; all sections; names of customers masked.", self.set("--on", check=True).stdout)

    def test_what_was_due_while_it_was_off_is_not_for_it(self):
        created = self.list()[0]["created_at"]
        self.set("--ascii", "--on", check=True)
        self.assertEqual(self.list()[0]["created_at"], created)
        self.set("--off", check=True)
        self.set("--on", check=True)
        self.assertGreater(self.list()[0]["created_at"], created)

    def test_wrong_words(self):
        for args, status, word in (
            ([], 2, "nothing to set"), (["--digests", "months"], 2, "days, weeks, both"), (["--sections", "money,gossip"], 2, "gossip"), (["--sections", ""], 2, "section"),
            (["--on", "--off"], 2, "either"), (["--with-names", "--without-names"], 2, "either"), (["--ascii", "--unicode"], 2, "either"),
            (["--connection", "nobody"], 3, "not connected"), (["--path", "/x"], 2, "add it again"), (["b", "--on"], 2, "more"), (["--token-stdin"], 2, "no use"),
        ):
            with self.subTest(args=args):
                before = self.list()
                result = self.set(*args)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(word, result.stderr)
                self.assertEqual(self.list(), before)

    def test_of_one_organization_alone(self):
        with Sim(orders=20, seed=3) as sim:
            connect_shop(self.home, sim, name="shop2")
            self.set("--connection", "shop2", check=True)
            self.assertEqual(self.list()[0]["connection"], "shop2")
            self.assertIn("of shop2 alone", self.till(check=True).stdout)
            run_till(["disconnect", "shop2"], home=self.home, check=True)
            self.assertEqual(self.set("--connection", "shop2").returncode, 3)
            self.assertEqual(len(self.list()), 1)


class WrongWords(ChannelsCase):
    def test_each_is_refused_with_what_to_do(self):
        cases = [
            (["add"], "kinds: email, slack"), (["add", "fax"], "kinds: email, slack"), (["add", "file", "slack"], "kinds"), (["send", "x"], "usage"), (["set"], "usage"),
            (["set", "--on"], "usage"), (["test"], "usage"), (["remove"], "usage"), (["remove", "a", "b"], "usage"), (["list", "x"], "usage"), (["--digests", "days"], "no use"),
            (["add", "slack", "--chat", "1", "--token-stdin"], "--chat is for: telegram"), (["add", "email", "--format", "text"], "--format is for: file, command"),
            (["add", "discord", "--api-url", "https://a.example", "--token-stdin"], "--api-url is for: telegram, ntfy"),
            (["add", "telegram", "--token-stdin"], "till channels add telegram --chat"), (["add", "webhook", "--token-stdin"], "till channels add webhook --url"),
            (["add", "email"], "till channels add email --smtp-host"), (["add", "file"], "till channels add file --path"), (["add", "file", "--path", ""], "--path is missing"),
            (["add", "command"], "till channels add command --command"), (["add", "file", "--path", f"{self.folder}/x", "--token-stdin"], "has no secret"),
            (["add", "slack", "--token-stdin"], "slack url is missing"), (["add", "file", "--path", f"{self.folder}/x", "--name", "--on"], "--name"),
            (["add", "file", "--path", f"{self.folder}/x", "--name", "x" * 80], "name"), (["add", "file", "--path", "/" + "x" * 5000], "long"),
            (["add", "file", "--path", f"{self.folder}/x", "--sections", "none"], "sections:"), (["add", "file", "--path", f"{self.folder}/x", "--digests", "no"], "choices"),
        ]
        for args, word in cases:
            with self.subTest(args=args):
                result = self.till(*args)
                self.assertIn(result.returncode, (2, 3), (result.stdout, result.stderr))
                self.assertIn(word, " ".join(result.stderr.split()))
                as_json = self.till(*args, "--json")
                self.assertTrue(json.loads(as_json.stderr)["error"]["text"])
        self.nothing_is_kept()

    def test_shapes(self):
        for kind, args, secret in (
            ("email", ["--smtp-host", "mail.example", "--to-address", "nobody"], None), ("email", ["--smtp-host", "a b", "--to-address", "a@b.example"], None),
            ("slack", [], "https://example.com/x y"), ("slack", [], "http://hooks.slack.com/services/T0/B0/x"), ("discord", [], "ftp://discord.com/api/webhooks/1/x"),
            ("telegram", ["--chat", "42"], "no token"), ("webhook", ["--url", "http://example.com/"], ""), ("webhook", ["--url", "https://example.com/"], "whsec_short"),
            ("file", ["--path", "/nonexistent/folder/x"], None), ("file", ["--path", f"{self.folder}/x", "--format", "pdf"], None),
        ):
            with self.subTest(kind=kind, args=args, secret=secret):
                source = [] if secret is None else ["--token-stdin"]
                result = self.till("add", kind, *args, *source, input=secret)
                self.assertIn(result.returncode, (2, 3), (result.stdout, result.stderr))
                self.assertTrue(result.stderr)
                if secret:
                    self.assertNotIn(secret, result.stderr)
        self.nothing_is_kept()

    def test_more_than_fit(self):
        for number in range(32):
            self.till("add", "file", "--name", f"f{number}", "--path", f"{self.folder}/f{number}", check=True)
        result = self.add("slack", "--name", "one-more")
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(len(self.list()), 32)
        self.add("slack", "--name", "f0", check=True)  # in place of one that is there
        self.till("remove", "f1", check=True)
        self.add("slack", "--name", "one-more", check=True)

    def test_nothing_there_yet(self):
        self.assertIn("till channels add KIND", self.till(check=True).stdout)
        self.assertEqual(self.list(), [])
        for verb in ("set", "test", "remove"):
            result = self.till(verb, "x", *(["--on"] if verb == "set" else []))
            self.assertEqual(result.returncode, 3, result.stderr)
            self.assertFalse(pathlib.Path(self.home, "till.db").exists())


class Lists(unittest.TestCase):
    """kinds.def, the options, the command, the API's parameters and the page of documents name the same."""

    @staticmethod
    def read(path):
        return (ROOT / path).read_text()

    def setUp(self):
        text = self.read("src/channels/kinds.def")
        self.kinds = re.findall(rf"^KIND\((\w+), {STRING}", text, re.M)
        self.fields = [dict(kind=k, word=w, option=o[1:-1] if o != "NULL" else None, secret=h == "SECRET", needed=n == "true")
                       for k, w, o, h, n in re.findall(r'^FIELD\((\w+), (\w+), ("[^"]*"|NULL), (\w+), (\w+),', text, re.M)]
        self.assertEqual([word for _, word in self.kinds], list(KINDS))

    def test_every_field_has_its_option(self):
        options = dict((name, ident) for ident, name in re.findall(rf"^OPTION\((\w+), {STRING}", self.read("src/cli/options.def"), re.M))
        taken = re.search(r'^COMMAND\(channels,.*?\n((?:\s+O\(.*\n?)+)', self.read("src/cli/commands.def"), re.M | re.S)[1]
        for field in self.fields:
            self.assertEqual(field["option"] is None, field["secret"], "secrets never stand on the command line")
            if field["option"]:
                self.assertIn(field["option"], options)
                self.assertIn(f"O({options[field['option']]})", taken)

    def test_the_api_knows_what_a_page_may_add(self):
        parameters = {name: choices for name, choices in re.findall(rf"^PARAMETER\((\w+), \w+, {STRING}", self.read("src/api/parameters.def"), re.M)}
        route = re.search(rf"^ROUTE\(channel_put, .*?, 0, {STRING}", self.read("src/api/routes.def"), re.M)[1].split()
        local = {"file", "command"}
        self.assertEqual(parameters["kind"].split("|"), [word for _, word in self.kinds if word not in local])
        for field in self.fields:
            name = (field["option"] or field["word"]).replace("-", "_")
            if field["kind"] in local:
                self.assertNotIn(name, set(route) - {"name"}, "a page adds neither files nor commands")
            else:
                self.assertIn(name, route)
                self.assertIn(name, parameters)

    def test_the_documents_have_every_kind(self):
        page = self.read("docs/channels.md")
        for ident, word in self.kinds:
            [row] = re.findall(rf"^\| `{word}` \|(.*)\|(.*)\|(.*)\|(.*)\|$", page, re.M)
            needed = {f"--{f['option']}" for f in self.fields if f["kind"] == ident and f["needed"] and not f["secret"]}
            optional = {f"--{f['option']}" for f in self.fields if f["kind"] == ident and not f["needed"] and not f["secret"]}
            self.assertEqual((set(re.findall(r"--[\w-]+", row[0])), set(re.findall(r"--[\w-]+", row[1]))), (needed, optional), word)
            self.assertEqual(row[2].strip() != "", any(f["secret"] for f in self.fields if f["kind"] == ident), word)
            self.assertIn(f"till channels add {word}", page)

    def test_completion_knows_the_words(self):
        for shell in ("bash", "zsh", "fish"):
            said = run_till(["completion", shell], check=True).stdout
            for word in (*KINDS, "add", "remove", "smtp-host"):
                self.assertIn(word, said)


class Faults(ChannelsCase):
    def test_a_database_that_cannot_be_written_leaves_no_secret_alone(self):
        self.add("file", check=True)
        self.add("telegram", "--name", "phone", check=True)
        with contextlib.closing(sqlite3.connect(f"{self.home}/till.db")) as connection:
            connection.execute("CREATE TRIGGER no BEFORE INSERT ON digest_channels BEGIN SELECT RAISE(ABORT, 'no'); END")
            connection.commit()
        result = self.add("slack")
        self.assertNotEqual(result.returncode, 0)
        self.assertNotEqual(self.add("ntfy", "--name", "phone").returncode, 0)
        self.assertEqual([(one["name"], one["kind"]) for one in self.list()], [("file", "file"), ("phone", "telegram")])
        self.till("test", "phone", check=True)  # with its own secret still
        self.assertEqual(len(self.places.got["telegram"]), 1)
        with contextlib.closing(sqlite3.connect(f"{self.home}/till.db")) as connection:
            connection.execute("DROP TRIGGER no")
            connection.commit()
        self.add("file", "--name", "slack", check=True)  # would find a secret that stayed behind
        self.assertFalse(json.loads(self.till("remove", "slack", "--json", check=True).stdout)["secret_removed"])


if __name__ == "__main__":
    unittest.main()
