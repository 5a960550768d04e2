# SPDX-License-Identifier: Apache-2.0
"""connect, status, doctor, disconnect: every way to give a token, every refusal, and where the secret goes."""

import json
import os
import pathlib
import shutil
import signal
import stat
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import database  # noqa: E402
from sim import READ_SCOPES, Sim, connect_shop, run_till, start_till, wait_for  # noqa: E402


class ConnectCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=40, seed=2).start()
        cls.addClassCleanup(cls.sim.stop)

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.home, True)
        self.token = self.sim.production.tokens["read"]

    def till(self, *args, env=None, **options):
        urls = {"TILL_POLAR_PRODUCTION_URL": self.sim.production.url, "TILL_POLAR_SANDBOX_URL": self.sim.sandbox.url}
        result = run_till(args, home=self.home, env={**urls, "TILL_RATE": "max", **(env or {})}, **options)
        for token in (*self.sim.production.tokens.values(), *self.sim.sandbox.tokens.values()):
            self.assertNotIn(token, result.stdout + result.stderr)
        return result

    def connect(self, *args, token=None, **options):
        return self.till("connect", "polar", "--token-stdin", *args, input=self.token if token is None else token, **options)

    def write(self, name, text, mode=0o600):
        path = pathlib.Path(self.home) / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def nothing_is_saved(self):
        path = pathlib.Path(self.home) / "till.db"
        if path.exists():
            with database(self.home) as connection:
                self.assertEqual(connection.execute("SELECT count(*) FROM till_connections").fetchone()[0], 0)
        for file in pathlib.Path(self.home).rglob("*"):
            if file.is_file():
                self.assertNotIn(self.token.encode(), file.read_bytes())


class TokenSources(ConnectCase):
    def assert_connected(self, result, place="file"):
        self.assertEqual(result.returncode, 0, result.stderr)
        status = json.loads(self.till("status", "--json").stdout)
        self.assertEqual(status["connections"][0]["organization_id"], self.sim.production.organization_id)
        self.assertEqual(status["connections"][0]["token_place"], place)

    def test_stdin(self):
        self.assert_connected(self.connect(token=f"  {self.token}\r\n"))

    def test_file(self):
        self.assert_connected(self.till("connect", "polar", "--token-file", self.write("token", self.token + "\n")))

    def test_exposed_file_warns(self):
        result = self.till("connect", "polar", "--token-file", self.write("token", self.token, 0o644))
        self.assert_connected(result)
        self.assertIn("chmod 600", result.stderr)

    def test_command(self):
        path = self.write("token", self.token)
        self.assert_connected(self.till("connect", "polar", "--token-command", f"cat {path}"))

    def test_command_that_fails(self):
        result = self.till("connect", "polar", "--token-command", "exit 3")
        self.assertEqual(result.returncode, 3)
        self.assertIn("status 3", result.stderr)

    def test_command_that_goes_on_is_ended(self):
        started_mark = pathlib.Path(self.home) / "command-started"
        for command in ("sleep 60", "exec >&-; sleep 60"):
            process = start_till(["connect", "polar", "--api-url", self.sim.production.url, "--token-command",
                                  f"touch {started_mark}; {command}"], self.home)
            wait_for(started_mark.exists, "the token command")
            started_mark.unlink()
            self.assertIsNone(process.poll())
            process.send_signal(signal.SIGINT)
            started = time.monotonic()
            out, err = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 130, err)
            self.assertLess(time.monotonic() - started, 3)
        self.nothing_is_saved()

    def test_a_named_source_wins_over_the_environment(self):
        self.assert_connected(self.connect(env={"POLAR_ACCESS_TOKEN": "something else"}))
        self.assert_connected(self.till("connect", "polar", "--token-file", self.write("token", self.token),
                                        env={"POLAR_ACCESS_TOKEN": "something else"}))

    def test_long_names_and_addresses(self):
        self.assertEqual(self.connect("--name", "x" * 64).returncode, 2)
        self.assertEqual(self.connect("--name", "").returncode, 2)
        self.assertEqual(self.connect("--api-url", "http://127.0.0.1:9/" + "x" * 600).returncode, 2)
        self.assertEqual(self.connect("--organization-id", "not-an-id").returncode, 2)
        self.nothing_is_saved()

    def test_environment_is_never_stored(self):
        variable = {"POLAR_ACCESS_TOKEN": self.token}
        self.assert_connected(self.till("connect", "polar", env=variable), "environment")
        self.assertFalse(list(pathlib.Path(self.home).glob("*secret*")))
        self.assertEqual(self.till("sync", "products").returncode, 3)
        self.assertEqual(self.till("sync", "products", env=variable).returncode, 0)

    def test_prompt_does_not_echo(self):
        import pty
        import select

        pid, terminal = pty.fork()
        if pid == 0:
            from sim import clean_environment, till_path

            env = clean_environment(self.home, {"TILL_POLAR_PRODUCTION_URL": self.sim.production.url})
            os.execve(till_path(), ["till", "connect", "polar"], env)
        seen = b""
        sent = False
        while True:
            ready, _, _ = select.select([terminal], [], [], 20)
            self.assertTrue(ready, seen)
            try:
                data = os.read(terminal, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data
            if b"not shown" in seen and not sent:
                os.write(terminal, self.token.encode() + b"\n")
                sent = True
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, seen)
        self.assertNotIn(self.token.encode(), seen)
        self.assertIn(b"Connected to", seen)

    def test_without_any_source(self):
        result = self.till("connect", "polar")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--token-stdin", result.stderr)

    def test_two_sources(self):
        self.assertEqual(self.connect("--token-command", "true").returncode, 2)

    def test_empty(self):
        self.assertEqual(self.connect(token="\n").returncode, 2)

    def test_too_long(self):
        self.assertEqual(self.connect(token="x" * 100000).returncode, 10)

    def test_never_on_the_command_line(self):
        self.assertEqual(self.till("connect", "polar", "--token", "x").returncode, 2)


class Shapes(ConnectCase):
    def test_wrong_shapes_are_refused_offline(self):
        self.sim.reset_stats()
        for token in ("hello", self.token[:-1], self.token + "a", self.token.replace("oat", "pat"), self.token[:-1] + "-"):
            result = self.connect(token=token)
            self.assertEqual(result.returncode, 2, token)
            self.assertNotIn(token, result.stdout + result.stderr)
        self.assertEqual(self.sim.stats()["requests"], 0)
        self.nothing_is_saved()

    def test_wrong_checksum_warns_and_asks(self):
        wrong = self.token[:-1] + ("A" if self.token[-1] != "A" else "B")
        result = self.connect(token=wrong)
        self.assertIn("warning", result.stderr)
        self.assertEqual(result.returncode, 4)
        self.nothing_is_saved()


class Mismatches(ConnectCase):
    def test_token_of_the_other_environment(self):
        result = self.connect(token=self.sim.sandbox.tokens["read"])
        self.assertEqual(result.returncode, 4)
        self.assertIn("--environment sandbox", result.stderr)
        self.nothing_is_saved()
        result = self.connect("--environment", "sandbox", token=self.sim.production.tokens["read"])
        self.assertIn("--environment production", result.stderr)

    def test_revoked(self):
        token = self.sim.token("read")
        self.sim.revoke(token)
        result = self.connect(token=token)
        self.assertEqual(result.returncode, 4)
        self.nothing_is_saved()

    def test_other_organization_names_both(self):
        other = self.sim.sandbox.organization_id
        result = self.connect("--organization-id", other)
        self.assertEqual(result.returncode, 4)
        self.assertIn(other, result.stderr)
        self.assertIn(self.sim.production.organization_id, result.stderr)
        self.nothing_is_saved()
        self.assertEqual(self.connect("--organization-id", self.sim.production.organization_id.upper()).returncode, 0)

    def test_same_name_stays_the_same_organization(self):
        self.assertEqual(self.connect().returncode, 0)
        result = self.connect("--environment", "sandbox", token=self.sim.sandbox.tokens["read"])
        self.assertEqual(result.returncode, 3)
        self.assertEqual(self.till("sync", "products").returncode, 0)

    def test_nobody_there(self):
        result = self.connect("--api-url", "http://127.0.0.1:9")
        self.assertEqual(result.returncode, 5)
        self.nothing_is_saved()

    def test_addresses(self):
        for url in ("http://example.com", "ftp://127.0.0.1", "http://user:pass@127.0.0.1", "nonsense", ""):
            self.assertIn(self.connect("--api-url", url).returncode, (2, 3), url)

    def test_unknown_service_and_environment(self):
        self.assertEqual(self.till("connect", "stripe").returncode, 2)
        self.assertEqual(self.connect("--environment", "staging").returncode, 2)

    def test_write_requests_were_never_made(self):
        self.assertEqual(self.sim.stats()["write_violations"], 0)


class ScopeTables(ConnectCase):
    def test_missing_scopes_are_named_with_their_cost(self):
        token = self.sim.token([scope for scope in READ_SCOPES if scope not in ("refunds:read", "orders:read")])
        result = self.connect("--json", token=token)
        self.assertEqual(result.returncode, 0, result.stderr)
        scopes = {scope["scope"]: scope for scope in json.loads(result.stdout)["scopes"]}
        missing = {name for name, scope in scopes.items() if scope["access"] == "missing"}
        self.assertEqual(missing, {"refunds:read", "orders:read", "events:read"})
        self.assertTrue(all(scopes[name]["cost"] for name in missing))
        held = {name: scope["rows"] for name, scope in scopes.items() if scope["access"] == "held"}
        self.assertEqual(held["products:read"], self.sim.count("products"))

    def test_without_organizations_read_the_organization_is_learned(self):
        for scopes in (["products:read"], ["orders:read"], ["checkouts:read"]):
            result = self.connect("--json", token=self.sim.token(scopes))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(json.loads(result.stdout)["organization_id"], self.sim.production.organization_id)

    def test_no_useful_scope_at_all(self):
        result = self.connect(token=self.sim.token(["metrics:read"]))
        self.assertEqual(result.returncode, 4)
        self.assertIn("organizations:read", result.stderr)

    def test_a_token_that_can_do_more_is_warned_about(self):
        result = self.connect(token=self.sim.production.tokens["write"])
        self.assertEqual(result.returncode, 0)
        self.assertIn("is enough", result.stdout)
        self.assertNotIn("is enough", self.connect().stdout)


class Places(ConnectCase):
    def test_reconnecting_replaces_the_token(self):
        self.assertEqual(self.connect().returncode, 0)
        second = self.sim.token("read")
        self.assertEqual(self.connect(token=second).returncode, 0)
        self.sim.revoke(second)
        self.assertEqual(self.till("sync", "products").returncode, 4)

    def test_a_failed_reconnection_keeps_the_old_token(self):
        self.assertEqual(self.connect().returncode, 0)
        dead = self.sim.token("read")
        self.sim.revoke(dead)
        self.assertEqual(self.connect(token=dead).returncode, 4)
        self.assertEqual(self.till("sync", "products").returncode, 0)

    def test_files_are_private(self):
        self.connect()
        self.till("sync", "products")
        for file in pathlib.Path(self.home).rglob("*"):
            if file.is_file():
                self.assertEqual(stat.S_IMODE(file.stat().st_mode) & 0o077, 0, file)

    def test_passphrase(self):
        env = {"TILL_PASSPHRASE_FILE": self.write("passphrase", "correct horse battery")}
        self.assertEqual(self.connect(env=env).returncode, 0)
        self.assertEqual(self.till("sync", "products", env=env).returncode, 0)
        wrong = {"TILL_PASSPHRASE_FILE": self.write("wrong", "battery horse")}
        result = self.till("sync", "products", env=wrong)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertEqual(self.till("sync", "products").returncode, 3)

    def test_secret_service_without_a_bus(self):
        result = self.connect(env={"TILL_KEYRING": "secret-service", "DBUS_SESSION_BUS_ADDRESS": None})
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("file", result.stderr)
        self.nothing_is_saved()


class StatusAndDoctor(ConnectCase):
    def test_nothing_connected(self):
        result = self.till("status")
        self.assertEqual(result.returncode, 0)
        self.assertIn("till connect polar", result.stdout)
        self.assertEqual(self.till("status", "--max-age", "26h").returncode, 12)
        self.assertEqual(self.till("sync").returncode, 3)
        self.assertEqual(self.till("today").returncode, 3)

    def test_freshness(self):
        self.connect()
        self.assertEqual(self.till("status", "--max-age", "26h").returncode, 12)
        self.till("sync", check=True)
        result = self.till("status", "--max-age", "26h", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        card = json.loads(result.stdout)["connections"][0]
        self.assertEqual(card["rows"], sum(self.sim.count(t) for t in ("organizations", "customers", "products", "orders",
                                                                     "subscriptions", "refunds", "checkouts", "benefits")))
        self.assertEqual(self.till("status", "--max-age", "0s").returncode, 0)
        self.assertEqual(self.till("status", "--max-age", "soon").returncode, 2)

    def test_doctor_is_well(self):
        self.connect()
        self.till("sync", check=True)
        result = self.till("doctor", "--json")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        checks = json.loads(result.stdout)["checks"]
        self.assertEqual({check["verdict"] for check in checks}, {"ok"})
        self.assertLessEqual({"token", "scope", "clock", "connection", "database", "disk", "permissions"}, {c["check"] for c in checks})

    def test_doctor_is_ill(self):
        token = self.sim.token("read")
        self.connect(token=token)
        self.sim.revoke(token)
        os.chmod(pathlib.Path(self.home) / "till.db", 0o644)
        result = self.till("doctor", "--json")
        self.assertEqual(result.returncode, 11)
        verdicts = {check["check"]: check for check in json.loads(result.stdout)["checks"]}
        self.assertEqual(verdicts["connection"]["verdict"], "failed")
        self.assertTrue(verdicts["connection"]["remedy"])
        self.assertEqual(verdicts["permissions"]["verdict"], "warning")

    def test_a_home_that_others_can_write_to_is_told(self):
        os.chmod(self.home, 0o777)
        self.assertIn("chmod go-w", self.connect().stderr)
        verdicts = [check for check in json.loads(self.till("doctor", "--json").stdout)["checks"]
                    if check["check"] == "permissions" and "put files into" in check["text"]]
        self.assertEqual([check["verdict"] for check in verdicts], ["warning"])

    def test_the_memory_of_a_run_is_private(self):
        from sim import start_till

        self.connect()
        self.sim.faults([{"match": {"table": "products"}, "action": {"kind": "slow", "ms": 5000}}])
        self.addCleanup(self.sim.faults, [])
        process = start_till(["sync", "products"], self.home, {"TILL_RATE": "max"})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        limits = pathlib.Path(f"/proc/{process.pid}/limits")
        deadline = time.monotonic() + 10
        while "Max core file size        0                    0 " not in limits.read_text():
            self.assertLess(time.monotonic(), deadline, limits.read_text())
            time.sleep(0.02)

    def test_doctor_sees_a_wrong_clock(self):
        self.connect()
        self.sim.faults([{"match": {}, "action": {"kind": "drift", "seconds": 7200}}])
        self.addCleanup(self.sim.faults, [])
        checks = {check["check"]: check for check in json.loads(self.till("doctor", "--json").stdout)["checks"]}
        self.assertEqual(checks["clock"]["verdict"], "warning")


class Disconnect(ConnectCase):
    def test_keeps_the_mirror(self):
        self.connect()
        self.till("sync", check=True)
        orders = self.sim.count("orders")
        result = self.till("disconnect", "polar")
        self.assertEqual(result.returncode, 0, result.stderr)
        with database(self.home) as connection:
            self.assertEqual(connection.execute("SELECT count(*) FROM orders").fetchone()[0], orders)
            self.assertEqual(connection.execute("SELECT count(*) FROM v_daily_revenue").fetchone()[0], 0)
        self.assertEqual(self.till("sync").returncode, 3)
        self.assertEqual(self.till("today").returncode, 3)
        self.assertIn("disconnected", self.till("status").stdout)
        self.assertEqual(self.connect().returncode, 0)
        summary = json.loads(self.till("sync", "--json", check=True).stdout)
        self.assertEqual(sum(table["added"] for table in summary["tables"]), 0)

    def test_purge(self):
        self.connect()
        self.till("sync", check=True)
        self.assertEqual(self.till("disconnect", "polar", "--purge").returncode, 0)
        with database(self.home) as connection:
            for table in ("orders", "customers", "row_changes", "till_connections", "till_quarantine"):
                self.assertEqual(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0], 0, table)
        customers = {row["email"] for row in self.sim.rows("customers") if row["email"]}
        data = (pathlib.Path(self.home) / "till.db").read_bytes()
        self.assertFalse([email for email in customers if email.encode() in data])

    def test_purge_of_many_rows(self):
        # Statements of so many rows outgrow what SQLite keeps of them in memory.
        home = pathlib.Path(self.home) / "many"
        with Sim(orders=1200, seed=5) as sim:
            connect_shop(home, sim, scopes="events")
            run_till(["sync"], home=home, env={"TILL_RATE": "max"}, check=True)
            result = run_till(["disconnect", "polar", "--purge"], home=home)
        self.assertEqual(result.returncode, 0, result.stderr)
        with database(home) as connection:
            self.assertEqual(connection.execute("SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM events)").fetchone()[0], 0)

    def test_unknown(self):
        self.connect()
        self.assertEqual(self.till("disconnect", "shop").returncode, 3)


if __name__ == "__main__":
    unittest.main()
