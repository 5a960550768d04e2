# SPDX-License-Identifier: Apache-2.0
"""till serve as a page sees it: sessions, reading, events, work done by other processes, and how it begins and ends."""

import concurrent.futures
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dashboard import Dashboard, is_alive  # noqa: E402
from sim import Sim, kill_till, run_till, start_till, wait_for  # noqa: E402
from test_sync import Home  # noqa: E402
from webhooks import Listener, new_secret  # noqa: E402

IS_SLOW = "sanitize" in os.environ.get("TILL_BUILD", "")
CHANGED_S = 1.0 if IS_SLOW else 0.2  # from a commit to the event


class ServeCase(unittest.TestCase):
    orders = 200

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=cls.orders, seed=17).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.template = Home(cls.sim)
        cls.addClassCleanup(cls.template.close)
        result, _ = cls.template.sync()
        assert result.returncode == 0, result.stderr

    def home(self):
        """A synced home of one's own."""
        home = Home(self.sim, connect=False)
        self.addCleanup(home.close)
        shutil.rmtree(home.path)
        shutil.copytree(self.template.path, home.path)
        return home

    def fresh(self):
        path = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, path, True)
        return path

    def serve(self, home, *args, **options):
        dashboard = Dashboard(home, args, **options).__enter__()
        self.addCleanup(dashboard.__exit__)
        return dashboard


class Sessions(ServeCase):
    def test_the_cookie_opens_what_is_closed_without_it(self):
        dashboard = self.serve(self.home().path)
        for target in ("/api/overview", "/api/tables", "/api/jobs", "/api/events", "/metrics"):
            answer = dashboard.get(target, session=False)
            self.assertEqual((answer.status, answer.error()["class"]), (401, "auth"), target)
        self.assertEqual(dashboard.post("/api/session", {"token": dashboard.token[:-1] + "x"}, session=False).status, 401)
        self.assertEqual(dashboard.post("/api/session", {}, session=False).status, 401)
        answer = dashboard.post("/api/session", {"token": dashboard.token}, session=False)
        self.assertEqual((answer.status, answer.body), (204, b""))
        cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
        self.assertLessEqual({"HttpOnly", "SameSite=Strict", "Path=/"}, set(attributes))
        self.assertEqual(dashboard.get("/api/tables", session=False, headers={"Cookie": f"a=b; {cookie}; c=d"}).status, 200)
        name, value = cookie.split("=")
        for wrong in (f"{name}={value[:-1]}", f"{name}=", f"{name}", f"x{cookie}", f"{name}={value}0", f"{name}={'0' * 64}"):
            self.assertEqual(dashboard.get("/api/tables", session=False, headers={"Cookie": wrong}).status, 401, wrong)
        answer = dashboard.ask("DELETE", "/api/session", session=False, headers={"Cookie": cookie})
        self.assertIn("Max-Age=0", answer.headers["Set-Cookie"])

    def test_the_key_outlives_a_restart_unless_a_new_one_is_made(self):
        home = self.home()
        first = self.serve(home.path)
        first.stop()
        self.assertEqual((pathlib.Path(home.path) / "serve-token").stat().st_mode & 0o777, 0o600)
        second = self.serve(home.path)
        self.assertEqual(first.token, second.token)
        second.stop()
        third = self.serve(home.path, "--new-token")
        self.assertNotEqual(first.token, third.token)
        self.assertEqual(third.get("/api/tables", headers={"Authorization": f"Bearer {first.token}"}).status, 401)
        third.stop()
        os.chmod(f"{home.path}/serve-token", 0o644)
        result = run_till(["serve", "--port", "0"], home=home.path)
        self.assertEqual(result.returncode, 3)
        self.assertIn("can be read by others", result.stderr)

    def test_a_password_for_other_machines(self):
        home = self.home()
        result = run_till(["serve", "--listen", "0.0.0.0", "--port", "0"], home=home.path)
        self.assertEqual(result.returncode, 3)
        self.assertIn("--set-password", result.stderr)
        short = run_till(["serve", "--set-password", "--password-stdin"], home=home.path, input="short\n")
        self.assertEqual(short.returncode, 2)
        run_till(["serve", "--set-password", "--password-stdin"], home=home.path, input="a long enough one\n", check=True)
        self.assertNotIn("enough", (pathlib.Path(home.path) / "serve-password").read_text())
        dashboard = self.serve(home.path, "--listen", "0.0.0.0", "--allowed-host", "till.example")
        self.assertEqual(dashboard.host, "127.0.0.1")
        self.assertEqual(dashboard.get("/api/state", session=False, headers={"Host": "till.example"}).json()["needs"], "password")
        self.assertEqual(dashboard.get("/", headers={"Host": f"0.0.0.0:{dashboard.port}"}).status, 403)
        begun = time.monotonic()
        self.assertEqual(dashboard.post("/api/session", {"password": "a wrong long one"}, session=False).status, 401)
        self.assertGreaterEqual(time.monotonic() - begun, 0.25)
        self.assertEqual(dashboard.post("/api/session", {"password": "a long enough one"}, session=False).status, 204)
        statuses = [dashboard.post("/api/session", {"password": f"guess number {i}"}, session=False).status for i in range(12)]
        self.assertEqual(statuses, [401] * 10 + [429] * 2)


class Reading(ServeCase):
    def test_answers_are_those_of_the_commands(self):
        home = self.home()
        dashboard = self.serve(home.path)
        connections = json.loads(home.till("status", "--json", check=True).stdout)["connections"]
        state = dashboard.get("/api/state").json()
        self.assertEqual([c["name"] for c in state["connections"]], [c["name"] for c in connections])
        self.assertEqual(state["needs"], None)
        self.assertEqual(state["timezone"], "UTC")
        self.assertEqual(set(dashboard.get("/api/state", session=False).json()), {"version", "needs"})
        ours = json.loads(home.till("metrics", "--json", "--from", "2026-01-01", "--to", "2026-02-01", "revenue", "orders", check=True).stdout)
        theirs = dashboard.get("/api/metrics?from=2026-01-01&to=2026-02-01&slug=revenue&slug=orders").json()
        self.assertEqual(theirs["totals"], ours["totals"])

    def test_an_answer_that_is_known_already_is_not_sent_again(self):
        home = self.home()
        dashboard = self.serve(home.path)
        first = dashboard.get("/api/runs")
        tag = first.headers["ETag"]
        self.assertEqual(first.headers["Cache-Control"], "private, no-cache")
        for asked in (tag, f'"other", W/{tag}', "*"):
            again = dashboard.get("/api/runs", headers={"If-None-Match": asked})
            self.assertEqual((again.status, again.body, again.headers["ETag"]), (304, b"", tag))
        self.assertEqual(dashboard.get("/api/runs", headers={"If-None-Match": '"other"'}).status, 200)
        self.sim.mutate(5, seed=4)
        home.till("sync", check=True)
        changed = dashboard.get("/api/runs", headers={"If-None-Match": tag})
        self.assertEqual(changed.status, 200)
        self.assertNotEqual(changed.headers["ETag"], tag)

    def test_pages_files_and_what_is_not_there(self):
        dashboard = self.serve(self.fresh())
        page = dashboard.get("/", session=False)
        self.assertEqual((page.status, page.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(page.headers["Cache-Control"], "no-cache")
        for target in ("/revenue", "/customers/7e1f2a", "/health"):
            self.assertEqual(dashboard.get(target, session=False).body, page.body)
        self.assertEqual(dashboard.get("/", session=False, headers={"If-None-Match": page.headers["ETag"]}).status, 304)
        for target in ("/assets/none.js", "/favicon.png", "/api/none", "/api", "/api/", "/metricsx.txt"):
            self.assertEqual(dashboard.get(target).status, 404, target)
        head = dashboard.ask("HEAD", "/")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Length"], str(len(page.body)))
        self.assertEqual(dashboard.ask("HEAD", "/api/definitions").body, b"")
        for method, target, allowed in (("POST", "/", "GET, HEAD"), ("DELETE", "/api/tables", None), ("PUT", "/api/state", "GET, HEAD"),
                                        ("GET", "/api/connect", "POST"), ("HEAD", "/api/events", "GET, HEAD")):
            answer = dashboard.ask(method, target)
            self.assertEqual(answer.status, 405, target)
            self.assertEqual(answer.headers["Allow"], allowed or answer.headers["Allow"])

    def test_compressed_for_who_can_plain_for_who_cannot(self):
        dashboard = self.serve(self.fresh())
        plain = dashboard.get("/", session=False, headers={"Accept-Encoding": "identity"})
        self.assertIsNone(plain.headers["Content-Encoding"])
        zipped = dashboard.get("/", session=False, headers={"Accept-Encoding": "br, gzip;q=0.8"})
        if zipped.headers["Content-Encoding"]:
            self.assertEqual(gzip.decompress(zipped.body), plain.body)
            self.assertNotEqual(zipped.headers["ETag"], plain.headers["ETag"])
        self.assertIsNone(dashboard.get("/", session=False, headers={"Accept-Encoding": "gzip;q=0"}).headers["Content-Encoding"])

    def test_every_answer_has_the_policy(self):
        dashboard = self.serve(self.fresh())
        for answer in (dashboard.get("/"), dashboard.get("/api/state"), dashboard.get("/none.js"), dashboard.get("/api/tables", session=False),
                       dashboard.get("/", headers={"Host": "evil.example"}), dashboard.post("/api/sync", {"full": "7"})):
            policy = answer.headers["Content-Security-Policy"]
            for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"):
                self.assertIn(part, policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(answer.headers["Cross-Origin-Resource-Policy"], "same-origin")
            self.assertEqual(answer.headers["Cross-Origin-Opener-Policy"], "same-origin")
            self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])

    def test_ten_pages_with_the_same_question_cost_one_computation(self):
        dashboard = self.serve(self.home().path, env={"TILL_LOG": "debug"})
        targets = ["/api/overview?compare=previous&interval=day", "/api/overview?interval=day&compare=previous", "/api/overview?interval=day&compare=previous&currency="]
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda number: dashboard.get(targets[number % 3]), range(10)))
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len({answer.headers["ETag"] for answer in answers}), 1)
        _, said = dashboard.stop()
        self.assertEqual(said.count("route=overview"), 1, said)

    def test_fifty_clients_at_once(self):
        dashboard = self.serve(self.home().path)

        def one(number):
            connection = dashboard.connect()
            try:
                return [dashboard.get(target, connection=connection).status for target in
                        ("/", "/api/state", f"/api/runs?limit={1 + number % 5}", "/api/metrics?slug=revenue", "/api/tables") * 4]
            finally:
                connection.close()
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            statuses = list(pool.map(one, range(50)))
        self.assertEqual({status for each in statuses for status in each}, {200})


class Events(ServeCase):
    def commit(self, home):
        with sqlite3.connect(f"{home.path}/till.db") as database:
            database.execute("CREATE TABLE IF NOT EXISTS touched(at)")
            database.execute("INSERT INTO touched VALUES (1)")
        database.close()

    def test_a_change_by_another_process_is_told_at_once(self):
        home = self.home()
        dashboard = self.serve(home.path)
        with dashboard.events() as events:
            self.assertIn("Content-Type: text/event-stream", events.head)
            stamp = events.wait("state")["stamp"]
            delays = []
            for _ in range(5):
                self.commit(home)
                begun = time.monotonic()
                now = events.wait("changed")["stamp"]
                delays.append(time.monotonic() - begun)
                self.assertGreater(now, stamp)
                stamp = now
                time.sleep(0.02)
            self.assertLess(sorted(delays)[2], CHANGED_S, delays)

    def test_sixteen_pages_listen_and_places_become_free(self):
        dashboard = self.serve(self.home().path)
        pages = [dashboard.events() for _ in range(16)]
        self.assertEqual(dashboard.get("/api/events").status, 503)
        for page in pages[:8]:
            page.__exit__()

        def is_free():
            try:
                again = dashboard.events()
            except ConnectionError:
                return False
            is_open = "200" in again.head.split("\r\n")[0]
            again.__exit__()
            return is_open
        wait_for(is_free, "a free place")
        for page in pages[8:]:
            page.__exit__()

    def test_a_replaced_file_is_opened_afresh(self):
        home, other = self.home(), self.home()
        dashboard = self.serve(home.path)
        self.assertGreater(dashboard.query("SELECT count(*) FROM orders").json()["rows"][0][0], 0)
        with dashboard.events() as events:
            events.wait("state")
            with sqlite3.connect(f"{other.path}/till.db") as database:
                database.execute("DELETE FROM orders")
            database.close()  # the last connection: what it wrote is in the file itself now
            for end in ("-wal", "-shm"):
                pathlib.Path(f"{home.path}/till.db{end}").unlink(missing_ok=True)
            os.replace(f"{other.path}/till.db", f"{home.path}/till.db")
            events.wait("changed")
            self.assertEqual(dashboard.query("SELECT count(*) FROM orders").json()["rows"], [[0]])


class Work(ServeCase):
    def test_from_a_fresh_home_to_a_mirror_and_back(self):
        home = self.fresh()
        dashboard = self.serve(home)
        answer = dashboard.get("/api/tables")
        self.assertEqual((answer.status, answer.error()["class"]), (409, "config"))
        self.assertIn("connect", answer.error()["hint"])
        self.assertEqual(dashboard.get("/api/state").json()["connections"], [])
        place = self.sim.production
        form = {"service": "polar", "environment": "production", "api_url": place.url, "token": place.tokens["read"]}
        wrong = dashboard.work("/api/connect", {**form, "token": "polar_oat_no"})
        self.assertEqual((wrong["state"], wrong["output"]), ("failed", None))
        self.assertTrue(wrong["error"]["text"])
        self.assertTrue(wrong["error"]["hint"])
        job = dashboard.work("/api/connect", form)
        self.assertEqual((job["state"], job["exit_status"], job["error"]), ("done", 0, None), job)
        self.assertIn(place.organization_name, json.dumps(job["output"]))
        with dashboard.events() as events:
            number = dashboard.post("/api/sync", {"full": "1"}).json()["job"]
            busy = dashboard.post("/api/sync", {})
            self.assertEqual((busy.status, busy.error()["class"]), (409, "limit"))
            done = events.wait("job", 120, lambda data: data["id"] == number and data["state"] != "running")
            self.assertEqual(done["state"], "done")
            lines = [data["line"] for name, data in events.seen if name == "job" and data["line"]]
            self.assertTrue(any(line.startswith("orders ") and " of " in line for line in lines), lines)
        [job] = [one for one in dashboard.get("/api/state").json()["jobs"] if one["id"] == number]
        self.assertEqual((job["command"], job["state"]), ("sync", "done"))
        self.assertTrue(next(table for table in dashboard.job(number)["output"]["tables"] if table["table"] == "orders")["proven"])
        self.assertEqual(dashboard.query("SELECT count(*) FROM orders").json()["rows"], [[self.sim.count("orders")]])
        self.assertEqual(dashboard.work("/api/doctor")["command"], "doctor")
        changed = dashboard.work("/api/tables", {"table": "orders", "every": "5m", "enabled": "1"})
        self.assertEqual(changed["state"], "done", changed)
        gone = dashboard.work("/api/disconnect", {"name": "polar", "purge": "1"})
        self.assertEqual(gone["state"], "done", gone)
        self.assertEqual([c for c in dashboard.get("/api/state").json()["connections"] if c["connected"]], [])
        self.assertEqual(dashboard.get("/api/jobs?id=999").status, 404)
        self.assertEqual(dashboard.get("/api/jobs?id=x").status, 404)

    def test_notes_goals_and_queries_of_the_owner(self):
        dashboard = self.serve(self.home().path)
        text = "--launched <v2> & \"more\""
        self.assertEqual(dashboard.work("/api/annotations", {"date": "2026-03-01", "text": text})["state"], "done")
        [note] = dashboard.get("/api/annotations").json()
        self.assertEqual((note["date"], note["text"]), ("2026-03-01", text))
        self.assertEqual(dashboard.work(f"/api/annotations?id={note['id']}", method="DELETE")["state"], "done")
        self.assertEqual(dashboard.get("/api/annotations").json(), [])
        self.assertEqual(dashboard.work("/api/goals", {"metric": "revenue", "amount": "5000.50", "currency": "usd"})["state"], "done")
        self.assertEqual([goal["metric"] for goal in dashboard.get("/api/goals").json()], ["revenue"])
        self.assertEqual(dashboard.work("/api/goals?metric=revenue&currency=usd", method="DELETE")["state"], "done")
        sql = "SELECT 'a; b' AS \"x y\" -- --"
        self.assertEqual(dashboard.work("/api/saved", {"name": "best", "sql": sql})["state"], "done")
        self.assertEqual([(one["name"], one["sql"]) for one in dashboard.get("/api/saved").json()], [("best", sql)])
        self.assertEqual(dashboard.work("/api/saved?name=best", method="DELETE")["state"], "done")
        failed = dashboard.work("/api/saved?name=best", method="DELETE")
        self.assertEqual((failed["state"], failed["error"]["class"]), ("failed", "usage"))

    def test_what_is_typed_is_in_no_argument(self):
        home = self.home()
        dashboard = self.serve(home.path)
        long = "SELECT 'zebra' -- " + "x" * 60000
        forms = [("/api/annotations", {"date": "2026-03-01", "text": "zebra"}), ("/api/goals", {"metric": "revenue", "amount": "7777.25"}),
                 ("/api/saved", {"name": "striped", "sql": long})]
        with contextlib.closing(sqlite3.connect(pathlib.Path(home.path, "till.db"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # the commands wait for this one's end
            before = set(dashboard.children())
            for target, form in forms:
                self.assertEqual(dashboard.post(target, form).status, 202)
            wait_for(lambda: len(set(dashboard.children()) - before) == len(forms), "the commands")

            def arguments(pid):
                return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")

            started = set(dashboard.children()) - before
            wait_for(lambda: all(b"--" in arguments(pid) for pid in started), "the commands' arguments")
            seen = [arguments(pid) for pid in started]
            other.execute("ROLLBACK")
        self.assertEqual([one[-2] for one in seen], [b"-"] * len(forms), seen)
        for said in (b"zebra", b"7777"):
            self.assertFalse([one for one in seen if any(said in word for word in one)], seen)
        wait_for(lambda: all(job["state"] == "done" for job in dashboard.get("/api/jobs").json()["jobs"]), "their end")
        self.assertEqual([note["text"] for note in dashboard.get("/api/annotations").json()], ["zebra"])
        self.assertEqual([goal["amount"] for goal in dashboard.get("/api/goals").json()], [777725])
        self.assertEqual([one["sql"] for one in dashboard.get("/api/saved").json()], [long])

    def test_prometheus_is_told(self):
        for path in (self.home().path, self.fresh()):
            dashboard = self.serve(path)
            answer = dashboard.get("/metrics")
            self.assertEqual(answer.headers["Content-Type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
            self.assertTrue(answer.body.endswith(b"# EOF\n"))
            self.assertIn(b"till_build_info", answer.body)

    def test_sync_says_how_far_it_is(self):
        home = self.home()
        lines = home.till("sync", "--full", "--progress", "--quiet", check=True).stderr.splitlines()
        self.assertIn(f"orders {self.sim.count('orders')} of {self.sim.count('orders')}", lines)

    def test_what_is_missing_or_malformed_starts_nothing(self):
        dashboard = self.serve(self.fresh())
        for target, form in (("/api/connect", {}), ("/api/disconnect", {}), ("/api/tables", {"every": "5m"}), ("/api/tables", {"table": "orders", "every": "7m"}),
                             ("/api/sync", {"full": "yes"}), ("/api/sync", {"unknown": "1"}), ("/api/connect", {"token": "x", "service": "stripe"}),
                             ("/api/connect", {"token": "x" * 2000})):
            answer = dashboard.post(target, form)
            self.assertIn(answer.status, (400, 409), (target, form, answer.body))
            self.assertTrue(answer.error()["text"])
        self.assertEqual(dashboard.get("/api/state").json()["jobs"], [])

    def test_what_a_page_sends_never_becomes_an_option(self):
        home = self.home()
        dashboard = self.serve(home.path)
        for name in ("--purge", "-h", "--home=/nowhere", "polar --purge", "$(id)", "'; DROP TABLE orders"):
            job = dashboard.work("/api/disconnect", {"name": name})
            self.assertEqual(job["state"], "failed", name)
        job = dashboard.work("/api/sync", {"connection": "--help"})
        self.assertEqual(job["state"], "failed")
        self.assertIn("not connected", job["error"]["text"])
        self.assertEqual(len(dashboard.get("/api/state").json()["connections"]), 1)


class Life(ServeCase):
    def test_a_second_one_at_the_same_port_says_so(self):
        home = self.home()
        dashboard = self.serve(home.path)
        result = run_till(["serve", "--port", dashboard.port], home=home.path)
        self.assertEqual(result.returncode, 3)
        self.assertIn("--port", result.stderr)

    def test_a_quiet_one_does_not_print_the_key(self):
        home = self.home()
        process = start_till(["serve", "--port", "0", "--quiet", "--no-watch"], home.path)
        wait_for(lambda: select.select([process.stdout], [], [], 0)[0], "its address")
        key = (pathlib.Path(home.path) / "serve-token").read_text().strip()
        out, said = kill_till(process, signal.SIGTERM)
        self.assertRegex(out.decode(), r"^http://127\.0\.0\.1:\d+/\n$")
        self.assertNotIn(key, said.decode())

    def test_sigterm_ends_it_and_all_that_it_started(self):
        home = self.home()
        dashboard = self.serve(home.path, no_watch=False)
        wait_for(lambda: dashboard.get("/api/state").json()["watching"], "till watch")
        [watch] = dashboard.children()
        with dashboard.events() as events:
            events.wait("state")
            begun = time.monotonic()
            status, said = dashboard.stop()
        self.assertEqual(status, 0, said)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertFalse(is_alive(watch))

    def test_kill_leaves_no_child(self):
        home = self.home()
        dashboard = self.serve(home.path, no_watch=False)
        wait_for(dashboard.children, "till watch")
        children = dashboard.children()
        dashboard.stop(signal.SIGKILL)
        wait_for(lambda: not any(is_alive(child) for child in children), "the end of the children", 10)

    def test_kill_in_the_middle_of_a_sync(self):
        home = self.home()
        dashboard = self.serve(home.path, env={"TILL_RATE": "60"})
        number = dashboard.post("/api/sync", {"full": "1"}).json()["job"]
        wait_for(lambda: dashboard.job(number)["line"], "its first page")
        [child] = dashboard.children()
        dashboard.stop(signal.SIGKILL)
        wait_for(lambda: not is_alive(child), "the end of the sync", 10)
        self.assertEqual(home.till("sync", "--full", check=True).returncode, 0)

    def test_sigterm_in_the_middle_of_everything(self):
        home = self.home()
        dashboard = self.serve(home.path, env={"TILL_RATE": "60"})
        number = dashboard.post("/api/sync", {"full": "1"}).json()["job"]
        wait_for(lambda: dashboard.job(number)["line"], "its first page")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            endless = pool.submit(dashboard.query, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c")
            time.sleep(0.2)
            begun = time.monotonic()
            status, said = dashboard.stop()
            self.assertEqual(status, 0, said)
            self.assertLess(time.monotonic() - begun, 4)
            with self.assertRaises((ConnectionError, http.client.HTTPException)):
                endless.result()

    def test_watch_is_started_again_and_its_runs_are_told(self):
        home = self.home()
        dashboard = self.serve(home.path, no_watch=False)
        wait_for(dashboard.children, "till watch")
        [first] = dashboard.children()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: [child for child in dashboard.children() if child != first], "till watch again")
        self.assertEqual(dashboard.get("/api/state").status, 200)

    def test_a_run_of_watch_reaches_the_page(self):
        home = self.home()
        home.till("tables", "set", "orders", "--every", "5m", check=True)
        with sqlite3.connect(f"{home.path}/till.db") as database:
            database.execute("UPDATE till_tables SET fresh_at = '2020-01-01T00:00:00.000000Z', last_started_at = '2020-01-01T00:00:00.000000Z'")
        database.close()
        dashboard = self.serve(home.path)
        dashboard.stop()
        dashboard = Dashboard(home.path, no_watch=False)
        with dashboard:
            with dashboard.events() as events:
                run = events.wait("run", 60)
                self.assertEqual((run["connection"], run["result"]), ("polar", "ok"))

    def test_webhooks_reach_the_page(self):
        home = self.home()
        secret = new_secret()
        Listener(home.path, secret, args=("--save",)).__enter__().stop()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        dashboard = self.serve(home.path, "--webhooks", str(port))
        wait_for(lambda: dashboard.get("/api/state").json()["webhooks"] == port, "till webhook-listen")
        listener = Listener(home.path, secret)
        listener.host, listener.port, listener.path = "127.0.0.1", port, "/webhooks/polar"
        wait_for(lambda: self.is_open(port), "its socket")
        order = self.sim.rows("orders")[0]
        with dashboard.events() as events:
            events.wait("state")
            begun = time.monotonic()
            self.assertEqual(listener.send("order.updated", order)[0], 202)
            events.wait("changed")
            self.assertLess(time.monotonic() - begun, 5 * CHANGED_S)

    @staticmethod
    def is_open(port):
        with socket.socket() as stream:
            return stream.connect_ex(("127.0.0.1", port)) == 0

    def test_the_browser_is_shown_a_file_and_no_key_on_a_command_line(self):
        home = self.home()
        tools = self.fresh()
        opener = pathlib.Path(tools) / "xdg-open"
        opener.write_text(f"#!/bin/sh\nprintf '%s' \"$*\" > {tools}/opened\n")
        opener.chmod(0o755)
        dashboard = self.serve(home.path, "--open", env={"PATH": f"{tools}:{os.environ['PATH']}"})
        wait_for(lambda: (pathlib.Path(tools) / "opened").is_file() and (pathlib.Path(tools) / "opened").read_text(), "the browser")
        place = pathlib.Path((pathlib.Path(tools) / "opened").read_text())
        self.assertEqual(place.stat().st_mode & 0o777, 0o600)
        self.assertIn(f"{dashboard.url}#token={dashboard.token}", place.read_text())

    def test_the_token_of_the_service_is_nowhere_but_in_the_vault(self):
        home = self.fresh()
        dashboard = self.serve(home, env={"TILL_LOG": "debug"}, no_watch=False)
        place = self.sim.production
        token = place.tokens["read"]
        job = dashboard.work("/api/connect", {"environment": "production", "api_url": place.url, "token": token})
        self.assertEqual(job["state"], "done", job)
        number = dashboard.post("/api/sync", {"full": "1"}).json()["job"]
        seen = set()
        while dashboard.job(number)["state"] == "running":
            for pid in [dashboard.process.pid, *dashboard.children()]:
                for name in ("cmdline", "environ"):
                    try:
                        self.assertNotIn(token.encode(), pathlib.Path(f"/proc/{pid}/{name}").read_bytes())
                        seen.add((pid, name))
                    except OSError:
                        continue
        self.assertGreaterEqual(len({pid for pid, _ in seen}), 2)
        answers = [dashboard.get(target).body for target in ("/api/state", "/api/jobs", f"/api/jobs?id={number}", f"/api/jobs?id={job['id']}", "/api/tables", "/")]
        _, said = dashboard.stop()
        for text in (*answers, said.encode()):
            self.assertNotIn(token.encode(), text)
        self.assertNotIn(dashboard.token, said)  # its first line, with the key, was read before
        for path in pathlib.Path(home).rglob("*"):
            if path.is_file():
                self.assertNotIn(token.encode(), path.read_bytes(), path)

    def test_it_never_opens_the_vault_and_never_writes(self):
        home = self.home()
        dashboard = self.serve(home.path, "--no-watch", no_watch=False)
        self.assertEqual(dashboard.children(), [])
        secrets = pathlib.Path(home.path) / "secrets"
        before = {path: path.read_bytes() for path in pathlib.Path(home.path).rglob("*") if path.is_file() and not path.name.startswith("serve-") and
                  not path.name.startswith("till.db-")}
        for target in ("/api/state", "/api/overview", "/api/metrics", "/api/tables", "/api/schema"):
            dashboard.get(target)
        dashboard.query("SELECT 1")
        dashboard.stop()
        after = {path: path.read_bytes() for path in before}
        self.assertEqual(before, after, secrets)


if __name__ == "__main__":
    unittest.main()
