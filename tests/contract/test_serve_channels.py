# SPDX-License-Identifier: Apache-2.0
"""Channels and digests over the dashboard's server: added, changed, tested and removed by a page, with secrets that go by standard input alone; and what a page may not."""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dashboard import Dashboard  # noqa: E402
from places import Places  # noqa: E402
from sim import ROOT, Sim, connect_shop, run_till, wait_for  # noqa: E402

PAGE_KINDS = ("email", "slack", "discord", "telegram", "ntfy", "webhook")
WORK = [("POST", "/api/channels"), ("POST", "/api/channels/set"), ("POST", "/api/channels/test"), ("DELETE", "/api/channels"), ("POST", "/api/digest/send"),
        ("POST", "/api/digest/preview"), ("POST", "/api/digest/schedule")]


class ChannelsCase(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.home, True)
        self.places = Places().__enter__()
        self.addCleanup(self.places.__exit__)
        self.dashboard = Dashboard(self.home).__enter__()
        self.addCleanup(self.dashboard.__exit__)

    def form(self, kind, **more):
        """What the page's form sends: options with _, secrets by their words."""
        options = self.places.options(kind)
        form = {"kind": kind, **{name.removeprefix("--").replace("-", "_"): value for name, value in zip(options[::2], options[1::2])}}
        fields = re.findall(rf"^FIELD\({kind}, (\w+), NULL, SECRET", (ROOT / "src/channels/kinds.def").read_text(), re.M)
        form.update(zip(fields, (self.places.secrets(kind) or "").splitlines()))
        return {**form, **more}

    def list(self):
        return json.loads(run_till(["channels", "--json"], home=self.home, check=True).stdout)["channels"]

    def done(self, job):
        self.assertEqual((job["state"], job["error"]), ("done", None), job)
        self.shows_no_secret(json.dumps(job))
        return job["output"]

    def shows_no_secret(self, text):
        for secret in self.places.all_secrets:
            self.assertNotIn(secret, text)


class AllKinds(ChannelsCase):
    def test_from_add_to_remove(self):
        for kind in PAGE_KINDS:
            with self.subTest(kind=kind):
                added = self.done(self.dashboard.work("/api/channels", self.form(kind, name=f"my-{kind}", digests="both", sections="money,tops", with_names="1", ascii="1")))
                self.assertEqual((added["name"], added["kind"], added["replaced"], added["secret"]), (f"my-{kind}", kind, False, None))
                [listed] = self.list()
                self.assertEqual((listed["digests"], listed["sections"], listed["with_names"], listed["ascii"]), ("both", ["money", "tops"], True, True))
                before = len(self.places.got[kind])
                self.assertTrue(self.done(self.dashboard.work("/api/channels/test", {"name": f"my-{kind}"}))["sent"])
                self.assertEqual(len(self.places.got[kind]), before + 1)
                changed = self.done(self.dashboard.work("/api/channels/set", {"name": f"my-{kind}", "enabled": "0", "with_names": "0", "ascii": "0", "sections": "all"}))
                self.assertEqual((changed["enabled"], changed["with_names"], changed["ascii"], len(changed["sections"])), (False, False, False, 6))
                removed = self.done(self.dashboard.work(f"/api/channels?name=my-{kind}", method="DELETE"))
                self.assertEqual(removed["secret_removed"], self.places.secrets(kind) is not None)
                self.assertEqual(self.list(), [])

    def test_no_signing_secret_is_made_for_a_page(self):
        form = self.form("webhook")
        del form["signing_secret"]
        answer = self.dashboard.post("/api/channels", form)
        self.assertEqual(answer.status, 400)
        self.assertIn("signing_secret", answer.error()["text"])
        self.assertEqual(self.list(), [])

    def test_a_refusal_says_why_and_keeps_nothing(self):
        self.places.key["telegram"] = "1234567890:" + "y" * 35  # what it takes from now on
        form = self.form("telegram", bot_token="1234567890:" + "x" * 35)
        job = self.dashboard.work("/api/channels", form)
        self.assertEqual(job["state"], "failed", job)
        self.assertTrue(job["error"]["text"] and job["error"]["hint"])
        self.assertNotIn("x" * 35, json.dumps(job))
        self.assertEqual(self.list(), [])

    def test_digests_are_sent_by_hand_and_by_schedule(self):
        with Sim(orders=60, seed=5) as sim:
            connect_shop(self.home, sim)
            run_till(["sync"], home=self.home, env={"TILL_RATE": "max"}, check=True)
            self.done(self.dashboard.work("/api/channels", self.form("telegram")))
            self.done(self.dashboard.work("/api/digest/schedule", {"at": "07:30", "timezone": "UTC", "weekdays": "mon-fri", "weekly_on": "never", "enabled": "1"}))
            schedule = self.dashboard.get("/api/channels").json()["schedule"]
            self.assertIn("07:30", json.dumps(schedule))
            preview = self.dashboard.work("/api/digest/preview", {"channel": "telegram"})
            self.assertEqual(preview["state"], "done", preview)
            self.assertIn("MRR", json.dumps(preview["output"]))
            self.assertEqual(self.places.got["telegram"], [])
            self.assertEqual(self.dashboard.work("/api/digest/send", {"channel": "telegram"})["state"], "done")
            sent = len(self.places.got["telegram"])
            self.assertGreater(sent, 0)
            self.dashboard.work("/api/digest/send", {})
            self.assertEqual(len(self.places.got["telegram"]), sent, "once")
            self.dashboard.work("/api/digest/send", {"channel": "telegram", "again": "1"})
            self.assertEqual(len(self.places.got["telegram"]), 2 * sent)
            [listed] = self.dashboard.get("/api/channels").json()["channels"]
            self.assertEqual(listed["deliveries"][0]["state"], "sent")


class Hostile(ChannelsCase):
    def test_a_session_is_needed(self):
        for method, target in WORK:
            answer = self.dashboard.post(target, {}, session=False) if method == "POST" else self.dashboard.ask(method, target, session=False)
            self.assertEqual(answer.status, 401, target)
            other = {"Origin": "https://elsewhere.example"}
            self.assertEqual(self.dashboard.ask(method, target, headers=other).status, 403, target)
        self.assertEqual(self.dashboard.get("/api/state").json()["jobs"], [])
        self.assertEqual(self.list(), [])

    def test_what_is_missing_or_malformed_starts_nothing(self):
        for target, form in (
            ("/api/channels", {}), ("/api/channels", {"name": "a"}), ("/api/channels", {"kind": "fax"}), ("/api/channels", {"kind": "file", "path": "/tmp/x"}),
            ("/api/channels", {"kind": "file"}), ("/api/channels", {"kind": "command"}), ("/api/channels", {"kind": "command", "command": "id"}),
            ("/api/channels", {"kind": "slack", "token_command": "id"}), ("/api/channels", {"kind": "slack", "keyring": "file"}), ("/api/channels", {"kind": "slack", "format": "html"}),
            ("/api/channels", {"kind": "slack", "bot_token": "x"}), ("/api/channels", {"kind": "telegram", "url": "https://example.com"}),
            ("/api/channels", {"kind": "webhook", "url": "https://example.com", "signing_secret": "a\nb"}), ("/api/channels", {"kind": "ntfy", "topic": "a\rb"}),
            ("/api/channels", {"kind": "slack", "slack_url": "x" * 20000}), ("/api/channels", {"kind": "slack", "digests": "all"}),
            ("/api/channels", {"kind": "slack", "with_names": "yes"}), ("/api/channels", [("kind", "slack"), ("kind", "email")]), ("/api/channels/set", {"enabled": "1"}),
            ("/api/channels/set", {"name": "a", "url": "https://example.com"}), ("/api/channels/test", {}), ("/api/digest/send", {"date": "yesterday"}),
            ("/api/digest/send", {"again": "yes"}), ("/api/digest/schedule", {"weekly_on": "someday"}), ("/api/digest/schedule", {"command": "id"}),
        ):
            answer = self.dashboard.post(target, form)
            self.assertIn(answer.status, (400, 409), (target, form, answer.body))
            self.assertTrue(answer.error()["text"])
        self.assertEqual(self.dashboard.ask("DELETE", "/api/channels").status, 400)
        self.assertEqual(self.dashboard.get("/api/state").json()["jobs"], [])

    def test_what_a_page_sends_never_becomes_an_option(self):
        run_till(["channels", "add", "file", "--path", f"{self.home}/digest.txt"], home=self.home, check=True)
        for name in ("--on", "-h", "--home=/nowhere", "file --off", "$(id)", "'; DROP TABLE digest_channels"):
            for target in ("/api/channels/test", "/api/channels/set"):
                job = self.dashboard.work(target, {"name": name, **({"enabled": "0"} if "set" in target else {})})
                self.assertEqual(job["state"], "failed", (target, name))
            self.assertEqual(self.dashboard.work("/api/channels", self.form("slack", name=name))["state"], "failed", name)
        for value in ("--command=id", "--token-command=id", "-- file"):
            job = self.dashboard.work("/api/channels", self.form("telegram", chat=value, no_check="1", name="t"))
            if job["state"] == "done":
                self.assertEqual(next(one for one in self.list() if one["name"] == "t")["fields"]["chat"], value)
        self.assertEqual({one["kind"] for one in self.list()} - {"telegram"}, {"file"})
        self.assertTrue(next(one for one in self.list() if one["name"] == "file")["enabled"])

    def test_no_argument_of_a_child_holds_a_secret(self):
        form = self.form("ntfy")
        self.places.gate.clear()
        before = set(self.dashboard.children())
        # A new one is asked by POST or GET: both wait at the gate or are over at once.
        self.assertEqual(self.dashboard.post("/api/channels", self.form("slack")).status, 202)
        wait_for(lambda: set(self.dashboard.children()) - before, "the command")
        [child] = set(self.dashboard.children()) - before
        wait_for(lambda: b"add" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"), "its arguments")
        self.shows_no_secret(pathlib.Path(f"/proc/{child}/cmdline").read_bytes().decode())
        if os.access(f"/proc/{child}/environ", os.R_OK):
            self.shows_no_secret(pathlib.Path(f"/proc/{child}/environ").read_bytes().decode(errors="replace"))
        self.places.gate.set()
        wait_for(lambda: all(job["state"] != "running" for job in self.dashboard.get("/api/jobs").json()["jobs"]), "its end")
        self.done(self.dashboard.work("/api/channels", form))
        self.assertEqual(len(self.list()), 2)
        for target in ("/api/channels", "/api/state", "/api/jobs"):
            self.shows_no_secret(self.dashboard.get(target).body.decode())
        _, said = self.dashboard.stop()
        self.shows_no_secret(said)


if __name__ == "__main__":
    unittest.main()
