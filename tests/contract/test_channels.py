# SPDX-License-Identifier: Apache-2.0
"""The channels room against services that count, parse and refuse as the real ones do: what arrives, what every end is called, and that no secret shows."""

import base64
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import chat

BUILD = pathlib.Path(os.environ.get("TILL_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build")
PROBE = BUILD / "unit" / "channel_probe"
PARTS = 8  # TILL_LIMIT_CHANNEL_PARTS

HOSTILE = [
    "@everyone buy now", "@here", "@channel and @all", "<!channel> <!here|x> <@U024BE7LH> <#C1|general>", "<@123456789> <@&1> <t:0> <:e:1>",
    "*bold* _italic_ ~strike~ `code` ~~gone~~ ||spoiler|| __under__", "[click](https://evil.example/x)", "https://evil.example/a?b=c",
    "tg://resolve?domain=evil", "evil.example and me@evil.example", "# heading", "> quoted", ">>> quoted", "- item", "1. item", "-# small", "\\*not\\*",
    "a < b && c > d &amp; &lt;b&gt; &#x41;", "<b>bold</b><script>alert(1)</script>", "#tag $TAG /start /pay@bot", ":tada: 12:30:45 :+1:",
    "abc\u202edlrow\u202c \u2066x\u2069 \u200fend", "nul\x00 bell\x07 esc\x1b[31mred", "two\nlines\rand\ttab", "```\ncode\n```", "\\", "*", "_ _", "pro_plan v1.2_3",
    "😀 Größe 日本語", '"quoted" \\"', "https:\\/\\/evil.example", "&", "<", "**", "@", "*_~`*_~`", "[x]: https://evil.example",
]


def message(*sections, title="Tuesday, 17 November", **more):
    return {"id": "digest-one.2026-11-17", "title": title, "date": "2026-11-17", "at_us": 1794950000000000,
            "sections": [{"title": heading, "lines": list(lines)} for heading, lines in sections],
            "text": "plain\n", "markdown": "# mark\n", "html": "<p>html</p>\n", "json": '{"type":"digest","text":"ä"}', **more}


SIMPLE = message(("", ["Net revenue 1,234.00 EUR, 5% more"]), ("Subscriptions", ["3 new", "1 ended"]))


class Probe:
    """One run of the probe: what it printed."""

    def __init__(self, service, do, text=SIMPLE, commit="ok", secret=None, wait=True, env=None, **values):
        kind, own, given = options_of(service)
        self.question = {"kind": kind, "values": {**own, **values}, "secret": given if secret is None else secret, "message": text, "do": list(do),
                         "commit": commit}
        self.process = subprocess.Popen([PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, "TILL_LOG": "debug", **(env or {})})
        self.process.stdin.write(json.dumps(self.question).encode())
        self.process.stdin.close()
        self.process.stdin = None
        if wait:
            self.wait()

    def wait(self):
        out, self.stderr = self.process.communicate(timeout=120)
        self.out = out.decode()
        self.lines = [json.loads(line) for line in self.out.splitlines()]
        self.status = self.process.returncode
        if b"Sanitizer" in self.stderr or b"runtime error" in self.stderr:
            raise AssertionError(self.stderr.decode(errors="replace"))
        return self

    def one(self, key):
        return next(line for line in self.lines if key in line)

    def sends(self):
        return [line for line in self.lines if "send" in line]


def options_of(service):
    names = {chat.Slack: "slack", chat.Discord: "discord", chat.Telegram: "telegram", chat.Ntfy: "ntfy", chat.Webhook: "webhook"}
    if isinstance(service, str):
        return service, {}, ""
    kind = names[type(service)]
    own = {"telegram": lambda: {"chat": service.chat, "telegram_api_url": service.url}, "ntfy": lambda: {"ntfy_api_url": service.url + "/"},
           "webhook": lambda: {"url": service.url}}.get(kind, dict)()
    return kind, own, service.secret


CHATS = (chat.Slack, chat.Discord, chat.Telegram, chat.Ntfy)
ALL = (*CHATS, chat.Webhook)


def plain(text):
    """What a reader sees, without what stands in for signs that format."""
    text = chat.visible(text)
    for shown, sign in (("\u2217", "*"), ("\u02cd", "_"), ("\u223c", "~"), ("\u02cb", "`"), ("\u203a", ">")):
        text = text.replace(shown, sign)
    return text


def expected(line):
    """A line as any service may show it: breaks are spaces, what steers is U+FFFD."""
    return "".join(" " if c in "\n\r\t" else "\ufffd" if chat.controls(c) else c for c in line)


class Sending(unittest.TestCase):
    def test_what_arrives(self):
        for service in CHATS:
            with self.subTest(service.__name__), service() as fake:
                run = Probe(fake, ["send"])
                self.assertEqual([(line["outcome"], line["commits"], line["code"]) for line in run.sends()], [("sent", 1, "ok")], run.stderr)
                self.assertEqual(len(fake.messages), 1)
                got = fake.messages[0]
                self.assertEqual(plain(got.title), SIMPLE["title"])
                shown = [line for line in map(plain, got.lines) if line]
                for section in SIMPLE["sections"]:
                    for line in section["lines"]:
                        self.assertIn(line, shown)
                self.assertEqual((got.pings, got.links, got.formats), ([], [], []))

    def test_headings(self):
        for service in CHATS[:3]:
            with service() as fake:
                Probe(fake, ["send"])
                self.assertEqual([(heading, [plain(line) for line in lines]) for heading, lines in fake.messages[0].groups],
                                 [("", ["Net revenue 1,234.00 EUR, 5% more"]), ("Subscriptions", ["3 new", "1 ended"])])

    def test_hostile_names_do_nothing(self):
        for service in CHATS:
            for line in HOSTILE:
                with self.subTest(service=service.__name__, line=line), service() as fake:
                    run = Probe(fake, ["send"], message(("", [line, f"name: {line}, 3 sold"]), (line, ["x", line]), title=line))
                    self.assertEqual([one["outcome"] for one in run.sends()], ["sent"], run.out)
                    got = fake.messages[0]
                    self.assertEqual((got.pings, got.links, got.formats), ([], [], []), got.raw)
                    for text in (got.title, *got.lines):
                        self.assertEqual(chat.controls(text), [])
                    self.assertIn(" ".join(expected(line).split()), {" ".join(plain(one).split()) for one in got.lines}, got.raw)

    def test_long_messages_are_split_between_lines(self):
        lines = [f"line {n}: " + "€<&>*_é😀"[n % 7:] * (n % 9) for n in range(400)]
        for service in CHATS:
            with self.subTest(service.__name__), service() as fake:
                run = Probe(fake, ["send"], message(("", lines[:40]), ("One", lines[40:300]), ("Two", lines[300:])))
                count = len(run.sends())
                self.assertGreater(count, 1)
                self.assertEqual({one["outcome"] for one in run.sends()}, {"sent"}, run.out)
                self.assertEqual([plain(one.title) for one in fake.messages], [f"{SIMPLE['title']} ({n + 1}/{count})" for n in range(count)])
                shown = [plain(line) for one in fake.messages for line in one.lines]
                rest = [line for line in shown if line.startswith("line ")]
                left = [line for line in shown if line.endswith("left out")]
                self.assertEqual(rest, [expected(line) for line in lines][:len(rest)])
                self.assertEqual(left, [] if len(rest) == len(lines) else [f"... {len(lines) - len(rest)} more lines are left out"])
                self.assertTrue(left == [] or count == PARTS)

    def test_what_is_beyond_the_last_part_is_counted(self):
        lines = [f"line {n} " + "x" * 200 for n in range(900)]
        for service in CHATS:
            with self.subTest(service.__name__), service() as fake:
                run = Probe(fake, ["send"], message(("All", lines)))
                self.assertEqual([one["outcome"] for one in run.sends()], ["sent"] * PARTS, run.out)
                shown = [plain(line) for one in fake.messages for line in one.lines]
                rest = [line for line in shown if line.startswith("line ")]
                self.assertEqual(rest, lines[:len(rest)])
                self.assertEqual([line for line in shown if "left out" in line], [f"... {900 - len(rest)} more lines are left out"])

    def test_one_endless_line_is_shortened(self):
        for service in CHATS:
            for text in ("x" * 70000, "😀" * 20000, "&" * 9000, "*" * 9000, "é<" * 9000):
                with self.subTest(service=service.__name__, text=text[:3]), service() as fake:
                    run = Probe(fake, ["send"], message((text, [text, "end"]), title=text))
                    self.assertEqual({one["outcome"] for one in run.sends()}, {"sent"}, run.out[:2000])
                    shown = [plain(line) for one in fake.messages for line in one.lines]
                    self.assertIn("end", shown)
                    cut = [line for line in shown if line.endswith("…") and len(line) > 300]
                    self.assertEqual(len(cut), 1)
                    self.assertEqual(set(cut[0][:-1]) - set(text), set())

    def test_wide_characters_fill_every_part(self):
        lines = ["\u4e16\u754c" * 40 for _ in range(1300)]
        for service in CHATS:
            with self.subTest(service.__name__), service() as fake:
                run = Probe(fake, ["send"], message(("All", lines)))
                self.assertEqual([one["outcome"] for one in run.sends()], ["sent"] * PARTS, run.out[:2000])

    def test_random_messages(self):
        chance = random.Random(7)
        alphabet = "abc  .,:;*_~`<>&@#/\\[]()|-+!€é😀\u202e\n12"
        for round_ in range(6):
            sections = [("" if n == 0 else "".join(chance.choices(alphabet, k=chance.randint(0, 30))),
                         ["".join(chance.choices(alphabet, k=chance.randint(0, 300))) for _ in range(chance.randint(0, 30))])
                        for n in range(chance.randint(0, 8))]
            for service in CHATS:
                with self.subTest(service=service.__name__, round=round_), service() as fake:
                    run = Probe(fake, ["send"], message(*sections))
                    self.assertEqual({one["outcome"] for one in run.sends()}, {"sent"}, run.out[:3000])
                    for got in fake.messages:
                        self.assertEqual((got.pings, got.links, got.formats), ([], [], []), got.raw)


class Outcomes(unittest.TestCase):
    def once(self, fake, commit="ok", **how):
        run = Probe(fake, ["send"], commit=commit, **how)
        self.assertEqual(len(run.sends()), 1, run.out)
        return run.sends()[0]

    def test_statuses(self):
        rows = ((429, "not_sent"), (503, "not_sent"), (408, "not_sent"), (400, "refused"), (404, "refused"), (413, "refused"), (302, "refused"))
        for service in ALL:
            for status, outcome in (*rows, (500, "not_sent" if service is chat.Webhook else "uncertain"),
                                    (504, "not_sent" if service is chat.Webhook else "uncertain")):
                with self.subTest(service=service.__name__, status=status), service() as fake:
                    fake.answer(status)
                    got = self.once(fake)
                    self.assertEqual((got["outcome"], got["commits"]), (outcome, 1), got)
                    self.assertTrue(got["error"] and got["hint"], got)
                    self.assertEqual(len(fake.requests), 1)  # one try

    def test_broken_connections(self):
        for service in ALL:
            for step, outcome in (("drop", "uncertain"), ("break", "sent")):
                with self.subTest(service=service.__name__, step=step), service() as fake:
                    fake.answer(step)
                    got = self.once(fake)
                    self.assertEqual((got["outcome"], got["commits"], len(fake.requests)), (outcome, 1, 1), got)

    def test_nobody_there(self):
        for service in ALL:
            with service() as fake:
                pass
            got = self.once(fake)
            self.assertEqual((got["outcome"], got["commits"], got["code"]), ("not_sent", 0, "network"))

    def test_a_commit_that_fails_sends_nothing(self):
        for service in ALL:
            with service() as fake:
                got = self.once(fake, commit="fail")
                self.assertEqual((got["outcome"], got["code"]), ("not_sent", "store"))
                self.assertIn("the log is full", got["error"])
                self.assertEqual(fake.requests, [])

    def test_a_death_at_the_commit_sends_nothing(self):
        for service in ALL:
            with service() as fake:
                run = Probe(fake, ["send"], commit="die")
                self.assertEqual((run.status, fake.requests), (-signal.SIGKILL, []))

    def test_an_interruption_is_uncertain(self):
        for service in ALL:
            with service() as fake:
                fake.answer(20.0)
                run = Probe(fake, ["send"], wait=False)
                deadline = time.monotonic() + 60
                while not fake.requests and time.monotonic() < deadline:
                    time.sleep(0.01)
                run.process.send_signal(signal.SIGTERM)
                got = run.wait().sends()[0]
                self.assertEqual((got["outcome"], got["code"]), ("uncertain", "canceled"))

    def test_rate_limits_say_how_long(self):
        for service, least_ms in ((chat.Slack, 1000), (chat.Discord, 300), (chat.Telegram, 3000), (chat.Ntfy, 1000), (chat.Webhook, 1000)):
            with service(per_second=1) as fake:
                if service is chat.Ntfy:
                    fake.too_many = lambda fake=fake: (429, fake.error(429), [("Retry-After", "1")])
                fake.taken_at = [time.monotonic() + 60]
                got = self.once(fake)
                self.assertEqual((got["outcome"], got["retry_after_ms"]), ("not_sent", least_ms), got)

    def test_redirects_are_not_followed(self):
        for service in ALL:
            with service() as fake, service() as other:
                fake.answer(chat.Answer(307, [("Location", other.url)], b""))
                got = self.once(fake)
                self.assertEqual((got["outcome"], other.requests), ("refused", []))
                self.assertIn("moved", got["hint"])

    def test_a_huge_answer_is_believed(self):
        for service in ALL:
            with service() as fake:
                fake.answer(chat.Answer(200, [], b"x" * 200000))
                got = self.once(fake)
                self.assertEqual(got["outcome"], "sent")


class Words(unittest.TestCase):
    """Each service's own errors: the outcome, what is said, and no secret in any of it."""

    def check(self, fake, outcome, *words, **how):
        run = Probe(fake, ["send"], **how)
        got = run.sends()[0]
        self.assertEqual(got["outcome"], outcome, got)
        for word in words:
            self.assertIn(word, got["error"] + " " + got["hint"])
        self.no_secret(fake, run)

    def no_secret(self, fake, run):
        said = run.out + run.stderr.decode()
        for line in fake.secret.splitlines():
            self.assertNotIn(line, said)
            for piece in line.replace("/", " ").replace(":", " ").split():
                if len(piece) > 12 and "." not in piece:
                    self.assertNotIn(piece, said)

    def test_slack(self):
        for state, words in (("invalid_token", "secret"), ("no_service", "switched off"), ("channel_not_found", "gone"),
                             ("channel_is_archived", "archived"), ("action_prohibited", "administrators")):
            with chat.Slack() as fake:
                fake.state = state
                self.check(fake, "refused", words)

    def test_discord(self):
        with chat.Discord() as fake:
            fake.state = "gone"
            self.check(fake, "refused", "not there any more", "Integrations")
        with chat.Discord() as fake:
            self.check(fake, "refused", "copy the address again", secret=fake.secret[:-1] + "_")

    def test_telegram(self):
        for state, words in (("blocked", "unblock"), ("kicked", "add it to the group again"), ("no chat", "/start")):
            with chat.Telegram() as fake:
                fake.state = state
                self.check(fake, "refused", words)
        with chat.Telegram() as fake:
            fake.state = "migrated"
            self.check(fake, "refused", f"--chat={fake.moved_to}")
        with chat.Telegram() as fake:
            self.check(fake, "refused", "@BotFather", secret="1:" + chat.letters(35))

    def test_ntfy(self):
        with chat.Ntfy(protect=True) as fake:
            self.check(fake, "refused", "new access token", secret=f"{fake.topic}\ntk_{chat.letters(29)}")
            self.check(fake, "refused", "belongs to somebody", secret=fake.topic)
            got = Probe(fake, ["send"], secret=f"{fake.topic}\n{fake.user}:{fake.password}")
            self.assertEqual(got.sends()[0]["outcome"], "sent")
            self.assertEqual(fake.messages[0].raw["topic"], fake.topic)
            got = Probe(fake, ["send"])
            self.assertEqual(got.sends()[0]["outcome"], "sent")

    def test_webhook(self):
        with chat.Webhook() as fake:
            fake.state = "gone"
            self.check(fake, "refused", "wants no more")
        with chat.Webhook() as fake:
            self.check(fake, "refused", "signature", secret=chat.new_webhook_secret())

    def test_a_service_that_echoes_the_secret(self):
        for service in (chat.Slack, chat.Discord, chat.Telegram, chat.Ntfy):
            with service() as fake:
                fake.answer(chat.Answer(400, [], f"bad request for {fake.secret} {fake.secret.split('/')[-1]}".encode()))
                self.check(fake, "refused")

    def test_compose_and_describe_hold_no_secret(self):
        for service in ALL:
            with service() as fake:
                run = Probe(fake, ["describe", "compose", "check", "send"])
                self.no_secret(fake, run)
                part = run.one("parts")["parts"][0]
                self.assertTrue(part["address"] and part["body"])


class Checking(unittest.TestCase):
    def test_there(self):
        for service in ALL:
            with service() as fake:
                got = Probe(fake, ["check"]).one("check")
                self.assertEqual((got["was_asked"], got["code"]), (True, "ok"), got)
                self.assertEqual(fake.messages, [])

    def test_not_there(self):
        rows = ((chat.Slack, "no_service"), (chat.Slack, "invalid_token"), (chat.Discord, "gone"), (chat.Telegram, "no chat"), (chat.Webhook, "gone"))
        for service, state in rows:
            with self.subTest(service=service.__name__, state=state), service() as fake:
                fake.state = state
                got = Probe(fake, ["check"]).one("check")
                self.assertNotEqual(got["code"], "ok")
                self.assertTrue(got["hint"])
        with chat.Ntfy(protect=True) as fake:
            got = Probe(fake, ["check"], secret=f"{fake.topic}\ntk_{chat.letters(29)}").one("check")
            self.assertEqual(got["code"], "auth")
        with chat.Webhook() as fake:  # another server at ntfy's address
            got = Probe("ntfy", ["check"], secret="topic", ntfy_api_url=fake.base).one("check")
            self.assertIn("not ntfy", got["error"])

    def test_the_verification_is_signed(self):
        with chat.Webhook() as fake:
            Probe(fake, ["check"])
            self.assertEqual((fake.verifications, fake.messages), (1, []))

    def test_shapes(self):
        token, topic = chat.new_webhook_secret(), chat.letters(8)
        rows = (
            ("slack", {}, "", "needs a secret"), ("slack", {}, "ftp://hooks.slack.com/services/hidden", "not an https"),
            ("slack", {}, "http://example.com/services/hidden", "unencrypted"), ("slack", {}, "https://hooks.slack.com/hidden", "not that of"),
            ("discord", {}, "https://discord.com/hidden", "webhook of Discord"), ("discord", {}, "https://u:p@discord.com/api/webhooks/1/hidden", "user name"),
            ("telegram", {}, "1:" + chat.letters(35), "--chat"), ("telegram", {"chat": "my group"}, "1:" + chat.letters(35), "is not a chat"),
            ("telegram", {"chat": "1"}, "hidden", "token of a bot"), ("telegram", {"chat": "1"}, "1:hidden/../../" + chat.letters(35), "token of a bot"),
            ("ntfy", {}, "to/pic hidden", "name of a topic"), ("ntfy", {"ntfy_api_url": "https://ntfy.sh/?x=1"}, topic, "base of an address"),
            ("ntfy", {}, f"{topic}\nhidden\nhidden", "too many lines"), ("webhook", {}, "", "--url"), ("webhook", {"url": "http://example.com/"}, token, "unencrypted"),
            ("webhook", {"url": "https://example.com/"}, "whsec_hidden!", "signing secret"), ("webhook", {"url": "https://example.com/"}, "hidden", "signing secret"),
            ("file", {"path": "digest.txt"}, "", "begins neither"), ("file", {"path": "/tmp/"}, "", "folder"), ("file", {"path": "/tmp/x", "form": "pdf"}, "", "no format"),
            ("file", {}, "", "--path"), ("command", {}, "", "--command"), ("command", {"command": "true", "command_form": "pdf"}, "", "no format"),
            ("file", {"path": "/tmp/a\nb"}, "", "not a line"), ("slack", {}, "https://hooks.slack.com/services/hid\x01den", "cannot be part"),
        )
        for kind, values, secret, words in rows:
            with self.subTest(kind=kind, words=words):
                run = Probe(kind, ["describe"], secret=secret, **values)
                got = run.lines[0]
                self.assertFalse(got["open"])
                self.assertEqual((got["code"], run.status), ("config", 3))
                self.assertIn(words, got["error"])
                self.assertTrue(got["hint"] or "not a line" in words, got)
                self.assertNotIn("hidden", run.out)

    def test_secrets_that_are_made(self):
        made = {Probe("webhook", ["secret"], url="https://example.com/", secret="").one("made")["made"] for _ in range(2)}
        self.assertEqual(len(made), 2)
        for secret in made:
            self.assertEqual(len(base64.b64decode(secret.removeprefix("whsec_"))), 32)
        self.assertEqual(Probe("command", ["secret"], command="true").one("made")["code"], "usage")


class Webhooks(unittest.TestCase):
    def test_the_body_is_the_document(self):
        with chat.Webhook() as fake:
            Probe(fake, ["send"])
            self.assertEqual(fake.requests[0].body.decode(), SIMPLE["json"])

    def test_a_second_try_has_the_same_id(self):
        with chat.Webhook() as fake:
            fake.answer("drop")
            first, second = Probe(fake, ["send"]).sends()[0], Probe(fake, ["send"]).sends()[0]
            self.assertEqual((first["outcome"], second["outcome"]), ("uncertain", "sent"))
            self.assertEqual((len(fake.ids), fake.arrived()), (2, 1))

    def test_without_a_secret_nothing_is_signed(self):
        with chat.Webhook(secret="") as fake:
            self.assertEqual(Probe(fake, ["send"]).sends()[0]["outcome"], "sent")
            self.assertIsNone(fake.requests[0].headers.get("webhook-signature"))


    def test_a_document_that_is_too_large_is_refused(self):
        with chat.Webhook() as fake:
            got = Probe(fake, ["send"], message(json=json.dumps({"text": "x" * 300000}))).sends()[0]
            self.assertEqual((got["outcome"], got["commits"], got["code"]), ("refused", 0, "limit"))
            self.assertEqual(fake.requests, [])


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="till-channel-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def send(self, path, form=None, commit="ok", env=None, **how):
        values = {"path": str(path), **({"form": form} if form else {})}
        return Probe("file", ["send"], commit=commit, env=env, **values, **how).sends()[0]

    def test_forms(self):
        for form in ("text", "markdown", "html", "json"):
            path = self.folder / f"x.{form}"
            self.assertEqual(self.send(path, form)["outcome"], "sent")
            self.assertEqual(path.read_text(), SIMPLE[form])
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(len(list(self.folder.iterdir())), 4)

    def test_names(self):
        self.assertEqual(self.send("~/a-{date}.txt", env={"HOME": str(self.folder)})["outcome"], "sent")
        self.assertTrue((self.folder / "a-2026-11-17.txt").exists())
        run = Probe("file", ["send"], message(date="../../x"), path=str(self.folder / "b-{date}"))
        self.assertEqual(run.one("compose")["code"], "config")
        self.assertEqual(len(list(self.folder.iterdir())), 1)

    def test_a_failed_commit_leaves_the_old_file(self):
        path = self.folder / "x"
        path.write_text("old")
        self.assertEqual(self.send(path, commit="fail")["outcome"], "not_sent")
        self.assertEqual((path.read_text(), len(list(self.folder.iterdir()))), ("old", 1))

    def test_surprises(self):
        (self.folder / "target").write_text("old")
        (self.folder / "link").symlink_to(self.folder / "target")
        os.mkfifo(self.folder / "pipe")
        (self.folder / "sub").mkdir()
        for name, words in (("link", "symbolic link"), ("pipe", "plain file"), ("sub", "folder"), ("none/x", "No such file"), ("target/x", "Not a directory")):
            got = self.send(self.folder / name)
            self.assertNotEqual(got["outcome"], "sent")
            self.assertIn(words, got["error"])
            self.assertEqual(Probe("file", ["check"], path=str(self.folder / name)).one("check")["code"], "config")
        self.assertEqual((self.folder / "target").read_text(), "old")
        self.assertEqual(Probe("file", ["check"], path=str(self.folder / "target")).one("check")["code"], "ok")


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="till-channel-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_command(self, command, text=SIMPLE, env=None, **values):
        return Probe("command", ["send"], text=text, env=env, command=command, **values).sends()[0]

    def test_input_and_environment(self):
        got = self.run_command(f"cat > {self.folder}/in; env > {self.folder}/env", command_form="markdown",
                               env={"POLAR_ACCESS_TOKEN": "hidden", "TILL_HOME": "/nowhere", "CREDENTIALS_DIRECTORY": "/nowhere", "OTHER": "kept"})
        self.assertEqual((got["outcome"], got["commits"]), ("sent", 1))
        self.assertEqual((self.folder / "in").read_text(), SIMPLE["markdown"])
        environment = (self.folder / "env").read_text().splitlines()
        self.assertIn("TILL_DIGEST_TITLE=Tuesday, 17 November", environment)
        self.assertIn("TILL_DIGEST_DATE=2026-11-17", environment)
        self.assertIn("TILL_DIGEST_ID=digest-one.2026-11-17", environment)
        self.assertIn("OTHER=kept", environment)
        self.assertEqual([line for line in environment if line.startswith(("POLAR_", "CREDENTIALS_")) or "hidden" in line], [])
        self.assertEqual(len([line for line in environment if line.startswith("TILL_")]), 3)

    def test_a_title_is_no_command(self):
        got = self.run_command(f'echo "$TILL_DIGEST_TITLE" > {self.folder}/t', message(title=f"$(touch {self.folder}/bad) `id` \"; rm x"))
        self.assertEqual(got["outcome"], "sent")
        self.assertFalse((self.folder / "bad").exists())
        self.assertIn("$(touch", (self.folder / "t").read_text())

    def test_one_that_does_not_read(self):
        self.assertEqual(self.run_command("true", message(text="x" * 5000000))["outcome"], "sent")

    def test_statuses(self):
        for command, outcome, words in (("echo one >&2; echo ' the last ' >&2; exit 3", "not_sent", "status 3: the last"), ("exit 75", "not_sent", "status 75"),
                                        ("no-such-program-here", "refused", "status 127"), ("kill -9 $$", "uncertain", "signal 9"),
                                        ("printf 'a\\033[31mb\\n' >&2; exit 1", "not_sent", "status 1: a\ufffd[31mb"),
                                        ("head -c 100000 /dev/zero | tr '\\0' y >&2; echo >&2; echo end >&2; exit 2", "not_sent", "status 2: end")):
            got = self.run_command(command)
            self.assertEqual(got["outcome"], outcome, got)
            self.assertIn(words, got["error"])

    def test_what_goes_on_behind_is_not_waited_for(self):
        begin = time.monotonic()
        self.assertEqual(self.run_command("sleep 30 & exit 0")["outcome"], "sent")
        self.assertLess(time.monotonic() - begin, 25)

    def test_an_interruption_ends_the_group(self):
        run = Probe("command", ["send"], wait=False, command=f"(echo $$; sleep 100) > {self.folder}/pid; true")
        deadline = time.monotonic() + 60
        while not (self.folder / "pid").exists() or not (self.folder / "pid").read_text():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        run.process.send_signal(signal.SIGTERM)
        got = run.wait().sends()[0]
        self.assertEqual((got["outcome"], got["code"]), ("uncertain", "canceled"))
        with self.assertRaises(ProcessLookupError):
            while time.monotonic() < deadline:
                os.kill(int((self.folder / "pid").read_text()), 0)
                time.sleep(0.01)

    def test_nobody_can_be_asked(self):
        got = Probe("command", ["check"], command="touch /nowhere/x").one("check")
        self.assertEqual((got["was_asked"], got["code"]), (False, "ok"))


class Encrypted(unittest.TestCase):
    """The commit comes after TLS, and before a single byte of the request."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="till-channel-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", cls.folder / "key.pem",
                        "-out", cls.folder / "cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)

    def run_against(self, protocols, commit="ok", trusted=True):
        """What the server saw: whether TLS stood, and the bytes within it; with the probe's run."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "cert.pem", self.folder / "key.pem")
        context.set_alpn_protocols(protocols)
        seen = {"stands": False, "bytes": b""}
        with socket.create_server(("127.0.0.1", 0)) as server:
            def serve():
                peer, _ = server.accept()
                try:
                    with context.wrap_socket(peer, server_side=True) as inner:
                        seen["stands"] = True
                        seen["bytes"] = inner.recv(65536)
                        if seen["bytes"] and protocols == ["http/1.1"]:
                            inner.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                except OSError:
                    pass
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            run = Probe("webhook", ["send"], secret="", url=f"https://127.0.0.1:{server.getsockname()[1]}/", commit=commit,
                        env={"SSL_CERT_FILE": str(self.folder / "cert.pem")} if trusted else None)
            thread.join(60)
        return seen, run

    def test_sent(self):
        seen, run = self.run_against(["http/1.1"])
        self.assertEqual((run.sends()[0]["outcome"], seen["bytes"][:5]), ("sent", b"POST "))

    def test_nothing_goes_before_the_commit(self):
        for protocols in (["http/1.1"], ["h2"]):
            for commit in ("fail", "die"):
                with self.subTest(protocols=protocols, commit=commit):
                    seen, run = self.run_against(protocols, commit)
                    self.assertTrue(seen["stands"])
                    self.assertNotIn(b"digest", seen["bytes"])
                    self.assertFalse(b"POST" in seen["bytes"])
                    self.assertIn({"commit": 1}, run.lines)

    def test_a_stranger_gets_nothing(self):
        seen, run = self.run_against(["http/1.1"], trusted=False)
        got = run.sends()[0]
        self.assertEqual((got["outcome"], got["commits"], seen["bytes"]), ("not_sent", 0, b""))


class Stranger(unittest.TestCase):
    def test_what_speaks_no_http_is_uncertain_once_handed_over(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def answer():
                peer, _ = server.accept()
                peer.recv(65536)
                peer.sendall(b"220 mail.example.com\r\n")
                peer.close()
            threading.Thread(target=answer, daemon=True).start()
            got = Probe("webhook", ["send"], secret="", url=f"http://127.0.0.1:{server.getsockname()[1]}/").sends()[0]
            self.assertEqual((got["outcome"], got["commits"]), ("uncertain", 1))


if __name__ == "__main__":
    unittest.main()
