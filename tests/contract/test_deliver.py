# SPDX-License-Identifier: Apache-2.0
"""Digests on their way: each once, by hand and by watch, across services that fail, nights of sleep and clocks that change; and the numbers in them."""

import datetime
import json
import pathlib
import shutil
import signal
import sqlite3
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import chat  # noqa: E402
import digest_worlds  # noqa: E402
import places  # noqa: E402
from sim import Sim, kill_till, run_till, shifted_clock, start_till, till_path, wait_for  # noqa: E402

DAY = "2024-10-22"
MINUTE_US, DAY_US = 60 * 10**6, 24 * 3600 * 10**6


def is_sanitized():
    return b"__asan_init" in pathlib.Path(till_path()).read_bytes()


class DeliverCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="till-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.sim = cls.enterClassContext(Sim(orders=40, seed=5))
        cls.empty = digest_worlds.empty_home(cls.sim, cls.folder)
        # Receivers know no clock that is set by a test.
        before, chat.TOLERANCE_S = chat.TOLERANCE_S, 10**12
        cls.addClassCleanup(setattr, chat, "TOLERANCE_S", before)

    def setUp(self):
        self.home = self.folder / self.id().rpartition(".")[2]
        self.shift_us = 0
        self.webhook = self.enterContext(chat.Webhook())
        self.telegram = self.enterContext(chat.Telegram())

    def shop(self, world="growth"):
        """What is asked about lies in 2024: nothing of it is synced."""
        shop = digest_worlds.Shop(self.empty, self.home)
        digest_worlds.build(shop, world)

    def live(self):
        """A mirror that watch keeps in step with the simulator."""
        shutil.copytree(self.empty, self.home)

    def environment(self):
        return {"TILL_RATE": "max", **(shifted_clock(self.shift_us) if self.shift_us else {})}

    def till(self, *args, code=0, **options):
        result = run_till(list(args), home=self.home, env=self.environment(), **options)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        for secret in (self.webhook.secret, self.telegram.token):
            self.assertNotIn(secret, result.stdout + result.stderr)
        return result

    def start(self, *args):
        return start_till(list(args), self.home, self.environment())

    def add_webhook(self, *args):
        self.till("channels", "add", "webhook", "--url", self.webhook.url, "--token-stdin", *args, input=self.webhook.secret)

    def add_telegram(self, *args):
        self.till("channels", "add", "telegram", "--chat", self.telegram.chat, "--api-url", self.telegram.url, "--token-stdin", *args,
                  input=self.telegram.token)

    def add_command(self, command, *args):
        self.till("channels", "add", "command", "--command", command, *args)

    def sql(self, statement, *values):
        database = sqlite3.connect(self.home / "till.db", timeout=30)
        try:
            rows = database.execute(statement, values).fetchall()
            database.commit()
            return rows
        finally:
            database.close()

    def states(self):
        return dict(self.sql("SELECT channel || ' ' || date, state FROM digest_log"))

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(microseconds=self.shift_us)

    def due(self, minutes_ago=60):
        """The channels that are there are old, and a digest became due so many minutes ago."""
        at = self.now() - datetime.timedelta(minutes=minutes_ago)
        self.sql("UPDATE digest_channels SET created_at = '2024-01-01T00:00:00.000000Z'")
        self.till("digest", "set", "--at", at.strftime("%H:%M"), "--timezone", "UTC", "--weekly-on", "never")
        return (at.date() - datetime.timedelta(days=1)).isoformat()


class ByHand(DeliverCase):
    def test_no_channel(self):
        self.shop()
        for args in (["--send"], ["--preview"]):
            result = self.till("digest", *args, code=3)
            self.assertIn("till channels add", result.stderr)

    def test_each_once(self):
        self.shop()
        self.add_webhook()
        self.add_telegram()
        answer = json.loads(self.till("digest", "--send", "--date", DAY, "--json").stdout)
        self.assertEqual([(d["channel"], d["sent_now"], d["delivery"]["state"]) for d in answer["deliveries"]],
                         [("telegram", True, "sent"), ("webhook", True, "sent")])
        result = self.till("digest", "--send", "--date", DAY)
        self.assertRegex(result.stdout, r"telegram: sent before, on \d{4}-\d\d-\d\d \d\d:\d\d; --again sends it again\n")
        self.assertEqual((len(self.webhook.messages), len(self.telegram.messages)), (1, 1))
        self.till("digest", "--send", "--date", DAY, "--again", "--channel", "telegram")
        self.assertEqual((len(self.webhook.messages), len(self.telegram.messages)), (1, 2))
        # Weeks are another digest, which nobody asked for but who is named.
        self.assertIn("no channel wants", self.till("digest", "--send", "--date", DAY, "--weekly", code=3).stderr)
        self.till("digest", "--send", "--date", DAY, "--weekly", "--channel", "webhook")
        self.assertEqual([m["period"] for m in self.webhook.messages], ["day", "week"])
        self.assertEqual(len(set(self.webhook.ids)), 2)
        # Without names of channels, customers, organizations.
        for identifier in self.webhook.ids:
            self.assertRegex(identifier, r"^till-(day|week)-2024-10-22-[0-9a-f]{16}$")

    def test_the_same_numbers(self):
        self.shop("traffic")
        self.add_webhook("--with-names")
        self.till("digest", "--send", "--date", DAY)
        [sent] = self.webhook.messages
        shown = json.loads(self.till("digest", "--date", DAY, "--json").stdout)
        self.assertEqual(sent, shown)
        self.till("channels", "set", "webhook", "--sections", "money", "--without-names")
        self.till("digest", "--send", "--date", DAY, "--again")
        sent = self.webhook.messages[-1]
        self.assertEqual({line["section"] for line in sent["lines"]}, {"money"})
        self.assertEqual(sent["lines"], [line for line in shown["lines"] if line["section"] == "money"])
        self.assertEqual((sent["standouts"], sent["products"]), ([], []))

    def test_the_zone_of_the_schedule(self):
        self.shop()
        self.add_webhook("--with-names")
        self.till("digest", "set", "--timezone", "Pacific/Auckland")
        self.till("digest", "--send", "--date", DAY)
        shown = json.loads(self.till("digest", "--date", DAY, "--json").stdout)
        self.assertEqual((self.webhook.messages[0], shown["timezone"]), (shown, "Pacific/Auckland"))

    def test_preview(self):
        self.shop()
        self.add_webhook()
        self.add_telegram("--ascii")
        text = self.till("digest", "--preview", "--date", DAY).stdout
        self.assertRegex(text, r"(?m)^telegram, to .*\n")
        self.assertRegex(text, r"(?m)^webhook, to .*\n")
        self.assertRegex(text, r"(?m)^webhook-id: till-day-")
        self.assertEqual((self.webhook.messages, self.telegram.messages, self.states()), ([], [], {}))
        [one] = json.loads(self.till("digest", "--preview", "--date", DAY, "--channel", "telegram", "--json").stdout)["previews"]
        self.assertEqual((one["channel"], one["error"]), ("telegram", None))
        self.assertEqual({c for c in one["text"] if not c.isascii()} - {"\u2060"}, set())  # that one is invisible: it breaks links

    def test_every_chat(self):
        """The strict fakes take what the worlds that are hard make of them, and see the same numbers as a person."""
        slack, discord, ntfy = (self.enterContext(fake()) for fake in (chat.Slack, chat.Discord, chat.Ntfy))
        for world in ("hostile_names", "currencies"):
            with self.subTest(world):
                shutil.rmtree(self.home, ignore_errors=True)
                self.shop(world)
                self.till("channels", "add", "slack", "--token-stdin", input=slack.url)
                self.till("channels", "add", "discord", "--token-stdin", input=discord.url)
                self.till("channels", "add", "ntfy", "--api-url", ntfy.url, "--token-stdin", input=f"{ntfy.topic}\n")
                self.add_telegram()
                self.till("digest", "--send", "--date", DAY)
                numbers = self.till("digest", "--date", DAY).stdout.split("\n\n")[0].splitlines()
                for fake in (slack, discord, ntfy, self.telegram):
                    self.assertGreater(len(fake.messages), 0)
                    lines = [line.replace("\u2060", "") for message in fake.messages for line in message.lines]
                    self.assertEqual([line for line in numbers if line not in lines], [], type(fake))
                    for message in fake.messages:
                        self.assertEqual((message.pings, message.links), ([], []))
                    fake.messages.clear()

    def test_mail(self):
        self.shop()
        place = self.enterContext(places.Places())
        self.till("channels", "add", "email", *place.options("email"))
        for _ in range(2):
            self.till("digest", "--send", "--date", DAY)
        [sent] = place.got["email"]
        text = sent if isinstance(sent, str) else sent.decode()
        self.assertIn("Subject: Daily digest of Example Shop, Tuesday 2024-10-22", text)
        self.assertRegex(text, r"(?i)\nMessage-ID: <till-day-2024-10-22-[0-9a-f]{16}@")
        self.assertIn("multipart/alternative", text)
        preview = self.till("digest", "--preview", "--date", DAY).stdout
        self.assertIn("me@example.com", preview)

    def test_some_fail(self):
        self.shop()
        self.add_webhook()
        self.add_telegram()
        self.telegram.answer(503)
        result = self.till("digest", "--send", "--date", DAY, code=11)
        self.assertRegex(result.stdout, r"telegram: waits: .*; next try in \d+ ")
        self.assertIn("webhook: sent", result.stdout)
        self.assertEqual(self.states(), {f"telegram {DAY}": "waiting", f"webhook {DAY}": "sent"})
        self.assertRegex(self.till("status").stdout, rf"digest to telegram, {DAY}: waits: ")
        self.assertIn("channels", run_till(["doctor"], home=self.home, env=self.environment()).stdout)
        self.till("digest", "--send", "--date", DAY)
        self.assertEqual((len(self.webhook.messages), len(self.telegram.messages)), (1, 1))
        self.assertNotIn("digest to", self.till("status").stdout)
        # Alone its error is the command's.
        self.telegram.answer(401)
        self.till("digest", "--send", "--date", "2024-10-21", "--channel", "telegram", code=4)
        self.assertEqual(self.states()["telegram 2024-10-21"], "failed")
        self.till("digest", "--send", "--date", "2024-10-21", "--channel", "telegram")

    def test_no_answer(self):
        self.shop()
        self.add_telegram()
        self.add_webhook()
        self.telegram.answer("drop")
        self.webhook.answer("drop")
        result = self.till("digest", "--send", "--date", DAY, code=11)
        self.assertIn("telegram: may have arrived", result.stdout)
        result = self.till("digest", "--send", "--date", DAY, code=11)
        self.assertIn("telegram: may have arrived", result.stdout)
        self.assertIn("--send --again --channel telegram", result.stdout)
        self.assertRegex(self.till("digest", "schedule").stdout, r"telegram \(telegram, days\): 2024-10-22 may have arrived")
        # The receiver of a webhook knows what it has.
        self.assertEqual((len(self.telegram.messages), self.webhook.arrived(), len(self.webhook.messages)), (1, 1, 2))

    def test_wrong_words(self):
        self.shop()
        self.add_webhook()
        for args, code in (
            (["digest", "--send", "--preview"], 2), (["digest", "--again"], 2), (["digest", "--at", "08:00"], 2), (["digest", "set"], 2),
            (["digest", "set", "--at", "25:00"], 2), (["digest", "set", "--at", "8:5"], 2), (["digest", "set", "--weekdays", "someday"], 2),
            (["digest", "set", "--weekly-on", "sometimes"], 2), (["digest", "set", "--on", "--off"], 2), (["digest", "set", "--timezone", "Mars/Base"], 3),
            (["digest", "schedule", "--at", "08:00"], 2), (["digest", "--send", "--channel", "nobody"], 3), (["digest", "--send", "more"], 2),
            (["digest", "--send", "--date", "2999-01-01"], 2),
        ):
            with self.subTest(args):
                self.till(*args, code=code)
        self.assertEqual((self.webhook.messages, self.states()), ([], {}))

    def test_schedule(self):
        self.shop()
        self.till("digest", "set", "--at", "9:30", "--timezone", "Asia/Kathmandu", "--weekdays", "fri-mon", "--weekly-on", "SUNDAY")
        shown = json.loads(self.till("digest", "schedule", "--json").stdout)
        self.assertEqual((shown["at"], shown["timezone"], shown["weekdays"], shown["weekly_on"]),
                         ("09:30", "Asia/Kathmandu", ["monday", "friday", "saturday", "sunday"], "sunday"))
        self.assertRegex(shown["next_week"], r"T03:45:00.000000Z$")
        shown = json.loads(self.till("digest", "set", "--weekdays", "mon,wed", "--off", "--json").stdout)
        self.assertEqual((shown["at"], shown["weekdays"], shown["enabled"], shown["next_day"]), ("09:30", ["monday", "wednesday"], False, None))
        self.assertIn("switched off", self.till("digest", "schedule").stdout)


class ByWatch(DeliverCase):
    def once(self, code=0):
        return self.till("watch", "--once", code=code)

    def test_on_schedule(self):
        self.live()
        self.add_webhook()
        self.add_telegram("--off")
        day = self.due()
        result = self.once()
        self.assertRegex(result.stderr, rf"(?m)^till: digest of polar, {day}, to webhook: sent$")
        self.once()
        self.assertEqual([m["date"] for m in self.webhook.messages], [day])
        # One that is added now gets the next one.
        self.add_telegram()
        self.once()
        self.assertEqual(self.telegram.messages, [])
        self.till("digest", "set", "--off")
        self.sql("DELETE FROM digest_log")
        self.once()
        self.assertEqual(len(self.webhook.messages), 1)

    def test_weeks(self):
        self.live()
        self.add_webhook("--digests", "both")
        self.add_telegram("--digests", "weeks")
        day = self.due()
        weekday = (datetime.date.fromisoformat(day) + datetime.timedelta(days=1)).strftime("%A").lower()
        self.till("digest", "set", "--weekly-on", weekday, "--weekdays", "none")
        for _ in range(2):
            self.once()
            self.assertEqual([(m["period"], m["date"]) for m in self.webhook.messages], [("week", day)])
            self.assertEqual(len(self.telegram.messages), 1)
        self.till("digest", "set", "--weekdays", weekday[:3])
        self.once()
        self.assertEqual([m["period"] for m in self.webhook.messages], ["week", "day"])
        self.assertEqual(len(self.telegram.messages), 1)

    @unittest.skipIf(is_sanitized(), "no other clock with sanitizers")
    def test_a_week_of_sleep(self):
        self.live()
        self.add_webhook()
        self.due()
        self.once()
        self.shift_us = 7 * DAY_US
        self.once()
        self.once()
        days = [m["date"] for m in self.webhook.messages]
        self.assertEqual(len(days), 2)
        self.assertEqual(datetime.date.fromisoformat(days[1]) - datetime.date.fromisoformat(days[0]), datetime.timedelta(days=7))

    def test_another_zone(self):
        self.live()
        self.add_webhook()
        self.due()
        self.once()
        for zone in ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "UTC"):
            self.till("digest", "set", "--timezone", zone)
            self.once()
        self.assertEqual(self.webhook.arrived(), len({m["date"] for m in self.webhook.messages}))
        self.assertEqual(len(self.webhook.messages), self.webhook.arrived())

    @unittest.skipIf(is_sanitized(), "no other clock with sanitizers")
    def test_data_that_are_late(self):
        self.live()
        self.add_webhook()
        self.till("sync")
        day = self.due(minutes_ago=5)
        # Not due, and older than the end of the digest's day.
        self.sql("UPDATE till_tables SET every_ms = ?, fresh_at = ?", 40 * DAY_US // 1000, (self.now() - datetime.timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S.000000Z"))
        self.once()
        self.assertEqual((self.webhook.messages, self.states()), ([], {}))
        self.shift_us = 40 * MINUTE_US
        self.once()
        self.assertEqual([(m["date"], m["partial"]) for m in self.webhook.messages], [(day, True)])

    @unittest.skipIf(is_sanitized(), "no other clock with sanitizers")
    def test_tried_again(self):
        self.live()
        self.add_telegram()
        day = self.due()
        self.telegram.answer(503)
        self.assertRegex(self.once(code=6).stderr, r"to telegram: waits: .*; next try in ")
        self.once()  # not yet
        self.assertEqual(self.telegram.messages, [])
        self.shift_us = 2 * MINUTE_US
        self.once()
        self.assertEqual(len(self.telegram.messages), 1)
        self.assertEqual(self.sql("SELECT state, tries FROM digest_log WHERE date = ?", day), [("sent", 2)])

    def test_too_many_requests(self):
        self.live()
        self.add_telegram()
        self.due()
        self.telegram.answer(chat.Answer(429, [], {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 3600",
                                                   "parameters": {"retry_after": 3600}}))
        run_till(["watch", "--once"], home=self.home, env=self.environment())
        [(state, next_try)] = self.sql("SELECT state, next_try_at FROM digest_log")
        self.assertEqual(state, "waiting")
        wait = datetime.datetime.fromisoformat(next_try.replace("Z", "+00:00")) - self.now()
        self.assertGreater(wait, datetime.timedelta(minutes=50))

    def test_watch_that_runs(self):
        self.live()
        self.add_webhook()
        self.add_telegram()
        self.due()
        process = self.start("watch", "--json")
        try:
            wait_for(lambda: self.webhook.messages and self.telegram.messages and list(self.states().values()) == ["sent", "sent"], "the digests", 60)
        finally:
            out, _ = kill_till(process, signal.SIGTERM)
        lines = [json.loads(line) for line in out.splitlines()]
        told = [(line["channel"], line["state"], line["result"]) for line in lines if "channel" in line]
        self.assertEqual(told, [("telegram", "sent", "ok"), ("webhook", "sent", "ok")])
        self.assertEqual((len(self.webhook.messages), len(self.telegram.messages)), (1, 1))


if __name__ == "__main__":
    unittest.main()
