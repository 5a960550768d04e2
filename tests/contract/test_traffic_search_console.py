# SPDX-License-Identifier: Apache-2.0
"""Search Console: a service account signs in, the property is picked as people write it, every refusal is told in its own words (quota is not permission),
and sixteen months of Pacific days equal the service's truth, incomplete ones once they are whole."""

import contextlib
import http.client
import json
import os
import pathlib
import pty
import subprocess
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import Sim, clean_environment, kill_till, start_till, till_path  # noqa: E402
from traffic import TrafficHome, complete_days  # noqa: E402

NAME = "search-console"


class SearchCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=400, seed=11).start()
        cls.addClassCleanup(cls.sim.stop)

    def setUp(self):
        self.home = TrafficHome(self.sim)
        self.addCleanup(self.home.__exit__)
        self.sim.faults(None)
        self.sim.set_traffic(clock_shift_seconds=0, google_minutely=0, google_denied=0, google_no_sites=0)

    def key_file(self, **changes):
        google = self.sim.google
        key = {"type": "service_account", "project_id": "shop", "private_key_id": google["private_key_id"], "private_key": google["private_key_pem"],
               "client_email": google["client_email"], "token_uri": google["url"] + "/token", **changes}
        path = self.home.path / "key.json"
        path.write_text(json.dumps({name: value for name, value in key.items() if value is not None}))
        path.chmod(0o600)
        return path

    def connect(self, site="sc-domain:shop.example", *args, **changes):
        named = ("--site", site) if site else ()
        path = self.key_file(**changes)
        try:
            return self.home.till("connect", NAME, "--service-account", path, "--api-url", self.sim.google["url"], *named, *args)
        finally:
            path.unlink()

    def connected(self, *args):
        result = self.connect(*args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def refused(self, status, *words, site="sc-domain:shop.example", **changes):
        result = self.connect(site, **changes)
        self.assertEqual(result.returncode, status, result)
        for word in words:
            self.assertIn(word, result.stderr)

    def fault(self, path, name=None, status=403, **match):
        action = {"kind": "status", "status": status, **({"text": name} if name else {})}
        self.sim.faults([{"match": {"environment": "google", "path": path, **match}, "action": action}])

    def check(self):
        first, last = complete_days(self.home, NAME, "search_daily")
        truth = {row["date"]: row for row in self.sim.traffic("google", first, last)}
        rows = self.home.rows("SELECT * FROM search_daily WHERE is_complete = 1")
        self.assertGreater(len(rows), 100)
        for row in rows:
            told = truth.get(row["date"], {"clicks": 0, "impressions": 0, "position_sum": 0})
            self.assertEqual((row["date"], row["clicks"], row["impressions"]), (row["date"], told["clicks"], told["impressions"]))
            if told["impressions"]:
                self.assertAlmostEqual(row["position"], told["position_sum"] / told["impressions"], 6)
            else:
                self.assertIsNone(row["position"])
        self.assertEqual(self.home.rows("SELECT date FROM search_daily WHERE is_complete = 1 AND date >= (SELECT min(date) FROM search_daily WHERE is_complete = 0)"), [])
        for dimension, word in (("query", "query"), ("page", "landing_page")):
            rows = self.home.rows("SELECT date, value, clicks, impressions FROM search_queries WHERE dimension = ? AND date BETWEEN ? AND ?", dimension, first, last)
            wanted = {(row["date"], row[word]): (row["clicks"], row["impressions"]) for row in self.sim.traffic("google", first, last, dimensions=word)}
            ours = {(row["date"], row["value"] if word == "query" else "/" + row["value"].split("/", 3)[3]): (row["clicks"], row["impressions"]) for row in rows}
            self.assertGreater(len(ours), 100)
            different = [key for key, value in ours.items() if wanted.get(key) != value]
            self.assertEqual(different, [])
        return first, last


class Connecting(SearchCase):
    def test_properties_as_people_write_them(self):
        for site, wanted in (
            ("sc-domain:shop.example", "sc-domain:shop.example"),
            (" SC-Domain:Shop.Example ", "sc-domain:shop.example"),
            ("https://search.google.com/search-console?resource_id=sc-domain%3Ashop.example&hl=en", "sc-domain:shop.example"),
        ):
            with self.subTest(site=site):
                result = self.connected(site, "--json")
                self.assertEqual(json.loads(result.stdout)["property"], wanted)
                self.assertEqual(json.loads(result.stdout)["account"], self.sim.google["client_email"])
        for site in self.sim.google["sites"]:
            url = site if isinstance(site, str) else site["url"]
            if url.startswith("https://"):
                result = self.connected(url.rstrip("/").upper(), "--json", "--name", "by-url")
                self.assertEqual(json.loads(result.stdout)["property"], url)
                break

    def test_which_property(self):
        self.refused(2, "which property", "sc-domain:shop.example", site=None)
        self.refused(3, "no property \"shop.example\"", "did you mean --site", site="shop.example")
        self.refused(4, "may not read sc-domain:other.example", "it may read: ", "Users and permissions", site="sc-domain:other.example")
        self.sim.set_traffic(google_no_sites=1)
        self.refused(4, "may not read any property", "Add user")

    def test_picked_on_a_terminal(self):
        """With somebody in front of it, the properties are listed, and a number picks one."""
        path = self.key_file()
        child, terminal = pty.fork()
        if child == 0:
            environment = clean_environment(self.home.path, {**self.home.env, "TERM": "dumb"})
            os.execve(till_path(), [str(till_path()), "connect", NAME, "--service-account", str(path), "--api-url", self.sim.google["url"]], environment)
        self.addCleanup(os.close, terminal)
        shown = b""
        deadline = time.monotonic() + 60
        is_answered = False
        while time.monotonic() < deadline:
            try:
                shown += os.read(terminal, 4096)
            except OSError:
                break
            if not is_answered and b"Which one" in shown:
                os.write(terminal, b"1\n")
                is_answered = True
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, shown)
        self.assertIn(b"   1  ", shown)
        self.assertNotEqual(self.home.source(NAME)["property"], "")

    def test_each_wrong_key_in_its_own_words(self):
        google = self.sim.google
        self.refused(2, "not the key of a service account", private_key=None)
        self.refused(3, "cannot sign", private_key="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        self.refused(4, "does not know the service account", client_email="nobody@" + google["client_email"].split("@")[1])
        self.refused(4, "does not accept this key", private_key_id="0" * 40)
        self.refused(3, "http", token_uri="http://oauth2.example/token")
        result = self.home.till("connect", NAME)
        self.assertEqual((result.returncode, "--service-account" in result.stderr), (2, True), result)

    def test_a_clock_that_is_off(self):
        self.sim.set_traffic(clock_shift_seconds=-7200)
        self.refused(4, "clock is 7", "ahead of Google's", "timedatectl")
        self.sim.set_traffic(clock_shift_seconds=7200)
        self.refused(4, "behind Google's")

    def test_refusals(self):
        self.fault("/webmasters/", "disabled")
        self.refused(3, "API is off", "Library")
        self.fault("/webmasters/", "scope")
        self.refused(4, "does not include Search Console")
        self.fault("/webmasters/")
        self.refused(4, "may not read", "Users and permissions")
        self.fault("/webmasters/", status=401)
        self.refused(4, "does not accept the sign-in", "connect again")
        self.fault("/webmasters/", "dailyLimitExceeded")
        self.refused(6, "quota", "midnight Pacific")
        self.fault("/token", status=502)
        self.refused(6, "502")
        self.fault("/token", "<html>bad gateway</html>", status=502)
        self.refused(6, "502")
        self.fault("/token", "invalid_client", status=401)
        self.refused(4, "does not let")

    def test_quota_that_passes_is_waited_for(self):
        for name in ("quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded"):
            with self.subTest(name=name):
                self.fault("/webmasters/", name, times=1)
                self.connected()

    def test_no_key_anywhere(self):
        self.connected()
        self.home.sync(env={"TILL_LOG": "debug"})
        self.home.till("doctor")
        self.home.till("status")
        key = self.sim.google["private_key_pem"].splitlines()[3]
        self.assertNotIn(key, "".join(self.home.spoken))
        self.assertNotIn("ya29.", "".join(self.home.spoken))
        self.assertNotIn(key.encode(), self.home.files())
        self.assertNotIn(b"ya29.", self.home.files())


class Syncing(SearchCase):
    def test_sixteen_months(self):
        self.connected()
        answer = self.home.sync()
        self.assertEqual(answer["status"], 0, answer)
        self.check()
        again = self.home.sync()
        self.assertEqual((again["status"], again["days"], again["windows"]), (0, 10, 1))
        self.assertLessEqual(again["requests"], 4)

    def test_a_token_that_ran_out_or_was_lost(self):
        self.connected()
        self.fault("/webmasters/", status=401, times=1, after=5)
        answer = self.home.sync()
        self.assertEqual(answer["status"], 0, answer)
        self.check()

    def test_quota_for_long_stops_the_run_which_goes_on_later(self):
        self.connected()
        self.fault("/webmasters/", "dailyLimitExceeded", after=20)
        answer = self.home.sync()
        self.assertEqual(answer["status"], 6, answer)
        self.assertGreater(answer["days"], 0)
        landed = len(self.home.rows("SELECT 1 FROM search_daily"))
        self.assertGreater(landed, 0)
        self.sim.faults(None)
        rest = self.home.sync()
        self.assertEqual(rest["status"], 0, rest)
        self.assertLess(rest["days"], 487)
        self.check()

    def test_faults_and_kills(self):
        self.connected()
        for number, action in enumerate((
            {"kind": "status", "status": 500},
            {"kind": "status", "status": 502, "text": "<html>bad gateway</html>"},
            {"kind": "status", "status": 429, "retry_after": 1},
            {"kind": "reset", "at_bytes": 300},
            {"kind": "truncate", "at_bytes": 300},
            {"kind": "garbage", "variant": "half"},
            {"kind": "garbage", "variant": "html"},
        )):
            with self.subTest(action=action):
                self.sim.faults([{"match": {"environment": "google", "path": "/webmasters/", "times": 1, "after": number}, "action": action}])
                self.assertEqual(self.home.sync("--full")["status"], 0)
        self.sim.faults([{"match": {"environment": "google"}, "action": {"kind": "slow", "ms": 40}}])
        for number in range(4):
            process = start_till(["sync", "--full"], home=self.home.path, env=self.home.env)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2 + 0.3 * number)
            kill_till(process)
        self.sim.faults(None)
        self.assertEqual(self.home.sync()["status"], 0)
        self.check()

    def test_incomplete_days_are_asked_for_again(self):
        self.connected()
        self.assertEqual(self.home.sync()["status"], 0)
        incomplete = self.home.rows("SELECT date FROM search_daily WHERE is_complete = 0")
        self.assertGreater(len(incomplete), 0)
        through = self.home.source(NAME)["through_date"]
        self.assertLessEqual(through, incomplete[0]["date"])


class Consent(SearchCase):
    """`--oauth`: the test is the browser, and the person in front of it."""

    def client_file(self, kind="installed", **changes):
        google = self.sim.google
        client = {"client_id": google["client_id"], "client_secret": google["client_secret"], "auth_uri": google["url"] + "/o/oauth2/v2/auth",
                  "token_uri": google["url"] + "/token", "redirect_uris": ["http://localhost"], **changes}
        path = self.home.path / "client.json"
        path.write_text(json.dumps({kind: client}))
        path.chmod(0o600)
        return path

    def start(self, **changes):
        path = self.client_file(**changes)
        process = subprocess.Popen(
            [till_path(), "connect", NAME, "--oauth", "--client-file", path, "--api-url", self.sim.google["url"], "--site", "sc-domain:shop.example"],
            env=clean_environment(self.home.path, self.home.env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if line.startswith("http"):
                return process, line.strip()
        self.fail("no address was told")

    def get(self, address):
        place = urllib.parse.urlsplit(address)
        with contextlib.closing(http.client.HTTPConnection(place.hostname, place.port, timeout=30)) as connection:
            connection.request("GET", f"{place.path or '/'}?{place.query}")
            answer = connection.getresponse()
            answer.read()
            return answer

    def browse(self, address):
        """Google's side: the address that the browser is sent back to."""
        answer = self.get(address)
        self.assertEqual(answer.status, 302)
        return answer.headers["Location"]

    def visit(self, address):
        return self.get(address).status

    def end(self, process, text=None):
        out, err = process.communicate(text, timeout=60)
        self.home.spoken += [out, err]
        return process.returncode, out, err

    def consented(self):
        process, address = self.start()
        back = self.browse(address)
        self.assertEqual(self.visit(back.split("?")[0] + "/?code=forged&state=forged"), 404, "another's answer is none")
        self.assertEqual(self.visit(back), 200)
        status, out, err = self.end(process)
        self.assertEqual(status, 0, err)
        return address, back, out

    def test_a_consent_and_its_refreshes(self):
        address, back, out = self.consented()
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
        self.assertEqual((asked["access_type"], asked["prompt"], asked["code_challenge_method"]), (["offline"], ["consent"], ["S256"]))
        self.assertIn("seven days", " ".join(out.split()))
        self.assertEqual(self.home.sync()["status"], 0)
        self.check()
        self.sim.set_traffic(expire_access=1)
        self.assertEqual(self.home.sync()["status"], 0)
        for word in (self.sim.google["client_secret"], "1//", "ya29.", urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]):
            self.assertNotIn(word, "".join(self.home.spoken))
        (self.home.path / "client.json").unlink()
        self.assertNotIn(self.sim.google["client_secret"].encode(), self.home.files())

    def test_a_consent_that_was_taken_back(self):
        self.consented()
        self.sim.set_traffic(revoke_refresh=1)
        answer = self.home.sync()
        self.assertEqual((answer["status"], answer["error_class"]), (4, "auth"))
        self.assertIn("consent is gone", answer["stderr"])
        self.assertIn("seven days", answer["stderr"])
        self.consented()
        self.assertEqual(self.home.sync()["status"], 0)

    def test_pasted_from_another_machine(self):
        process, address = self.start()
        status, out, err = self.end(process, self.browse(address) + "\n")
        self.assertEqual(status, 0, err)

    def test_refused_in_the_browser(self):
        self.sim.set_traffic(google_denied=1)
        process, address = self.start()
        self.visit(self.browse(address))
        status, out, err = self.end(process)
        self.assertEqual(status, 4, err)
        self.assertIn("refused in the browser", err)
        self.assertFalse((self.home.path / "till.db").exists())

    def test_another_clients_secret(self):
        process, address = self.start(client_secret="another")
        self.visit(self.browse(address))
        status, out, err = self.end(process)
        self.assertEqual(status, 4, err)
        self.assertIn("does not accept the sign-in", err)

    def test_files_that_are_no_client(self):
        for path, words in ((self.client_file("web"), "of type web"), (self.key_file(), "type desktop")):
            result = self.home.till("connect", NAME, "--oauth", "--client-file", path, "--api-url", self.sim.google["url"])
            self.assertEqual(result.returncode, 2, result)
            self.assertIn(words, result.stderr)
        self.assertEqual(self.home.till("connect", NAME, "--oauth").returncode, 2)

    def test_ctrl_c_while_waiting(self):
        process, address = self.start()
        process.terminate()
        self.assertNotEqual(self.end(process)[0], 0)


if __name__ == "__main__":
    unittest.main()
