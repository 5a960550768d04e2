# SPDX-License-Identifier: Apache-2.0
"""`till watch` and schedules against the simulator: what is due runs and nothing else does, failures back off and block nobody, signals end it at once.

Time is not waited for: a test makes a table's last run older in the database, which the loop looks at every few seconds.
"""

import contextlib
import datetime
import json
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import check_mirror, database  # noqa: E402
from sim import ROOT, TABLES, Sim, clean_environment, kill_till, run_till, till_path, wait_for  # noqa: E402
from webhooks import Listener, deliveries, register  # noqa: E402

ENVIRONMENT = {"TILL_RATE": "max"}
POLL_S = 15  # the loop looks every 5 s


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class WatchCase(unittest.TestCase):
    def setUp(self):
        self.sim = self.new_sim(orders=60, seed=5)
        self.home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.home, True)
        self.connect(self.sim)

    def new_sim(self, **options):
        sim = Sim(**options).start()
        self.addCleanup(sim.stop)
        return sim

    def till(self, *args, **options):
        return run_till(args, home=self.home, env=ENVIRONMENT, **options)

    def connect(self, sim, *args, token=None):
        return self.till("connect", "polar", "--api-url", sim.production.url, "--token-stdin", *args,
                         input=token or sim.production.tokens["read"], check=True)

    def watch(self, *args):
        """A watch in the background whose lines are files, so that it never waits for a reader."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="till-test-"))
        self.addCleanup(shutil.rmtree, folder, True)
        with open(folder / "out", "wb") as out, open(folder / "err", "wb") as err:
            process = subprocess.Popen([till_path(), "watch", *args], env=clean_environment(self.home, ENVIRONMENT),
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        self.addCleanup(kill_till, process)
        process.said = lambda: (folder / "err").read_text()
        process.lines = lambda: [json.loads(line) for line in (folder / "out").read_text().splitlines(True) if line.endswith("\n")]
        return process

    def end(self, process, how=signal.SIGTERM):
        began = time.monotonic()
        process.send_signal(how)
        process.wait(timeout=10)
        self.assertLess(time.monotonic() - began, 5)
        return process.returncode

    def age(self, seconds, *tables, organization=None):
        """Their last runs were that much longer ago."""
        with contextlib.closing(sqlite3.connect(f"{self.home}/till.db", timeout=30)) as connection, connection:
            for table in tables:
                for column in ("last_started_at", "last_finished_at"):
                    connection.execute(
                        f"UPDATE till_tables SET {column} = strftime('%Y-%m-%dT%H:%M:%f', {column}, ?) || '000Z'"
                        " WHERE table_name = ? AND organization_id = coalesce(?, organization_id)",
                        (f"{-seconds} seconds", table, organization))

    def tables(self, name="polar"):
        rows = json.loads(self.till("tables", "--json", "--name", name, check=True).stdout)
        return {row["table"]: row for row in rows}

    def paths(self, sim=None):
        return {request["target"].split("?")[0].split("/")[2] for request in (sim or self.sim).requests()
                if request["target"].startswith("/v1/")}


class Once(WatchCase):
    def test_what_is_due_runs_once(self):
        result = self.till("watch", "--once", check=True)
        self.assertIn("polar: 8 tables in", result.stderr)
        self.assertEqual(check_mirror(self.sim, self.home), [])
        self.sim.reset_stats()
        result = self.till("watch", "--once", check=True)
        self.assertIn("nothing is due; next in 15 min", result.stderr)
        self.assertEqual(self.sim.stats()["requests"], 0)

    def test_only_what_is_due(self):
        self.till("watch", "--once", check=True)
        self.till("tables", "set", "orders", "refunds", "--every", "5m", "--method", "full", check=True)
        self.age(6 * 60, *TABLES)
        result = self.till("watch", "--once", "--json", check=True)
        [line] = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual({table["table"]: table["method"] for table in line["tables"]}, {"orders": "full", "refunds": "full"})
        self.assertEqual((line["connection"], line["result"], line["error"]), ("polar", "ok", None))
        self.assertAlmostEqual(moment(line["next_due"]) - moment(line["at"]), 300, delta=20)

    def test_switched_off_is_never_due(self):
        self.till("tables", "set", "checkouts", "--off", check=True)
        self.till("watch", "--once", check=True)
        self.assertIsNone(self.tables()["checkouts"]["last_run"])
        self.assertIsNone(self.tables()["checkouts"]["next_due"])

    def test_after_a_long_sleep_one_run(self):
        self.till("watch", "--once", check=True)
        self.age(30 * 86400, *TABLES)
        self.assertIn("8 tables", self.till("watch", "--once", check=True).stderr)
        self.assertIn("nothing is due", self.till("watch", "--once", check=True).stderr)

    def test_a_last_run_in_the_future_counts_as_now(self):
        self.till("watch", "--once", check=True)
        self.age(-365 * 86400, *TABLES)
        self.assertIn("nothing is due; next in 15 min", self.till("watch", "--once", check=True).stderr)

    def test_a_failure_is_the_commands(self):
        self.till("watch", "--once", check=True)
        self.sim.faults([{"match": {"table": "orders"}, "action": {"kind": "status", "status": 400}}])
        self.age(3600, "orders")
        result = self.till("watch", "--once")
        self.assertEqual(result.returncode, 6, result.stderr)
        self.assertEqual(self.till("watch", "--once").returncode, 0)  # it backs off

    def test_refusals(self):
        self.assertEqual(self.till("watch", "--name", "nobody").returncode, 3)
        self.assertEqual(self.till("watch", "now").returncode, 2)
        self.till("disconnect", "polar", check=True)
        result = self.till("watch")
        self.assertEqual(result.returncode, 3)
        self.assertIn("till connect polar", result.stderr)
        with tempfile.TemporaryDirectory() as home:
            self.assertEqual(run_till(["watch"], home=home).returncode, 3)


class Loop(WatchCase):
    def first_run(self, process):
        wait_for(lambda: "8 tables in" in process.said(), "the first run")

    def test_runs_when_due_and_ends_at_sigterm(self):
        process = self.watch("--json")
        self.first_run(process)
        self.sim.reset_stats()
        self.age(16 * 60, "orders")
        wait_for(lambda: len(process.lines()) == 2, "the second run", POLL_S)
        self.assertEqual([table["table"] for table in process.lines()[1]["tables"]], ["orders"])
        self.assertLessEqual(self.paths() - {"orders"}, {"customers", "products", "organizations", "refunds"})
        self.assertEqual(self.end(process), 0)
        self.assertNotIn("\x1b", process.said())
        self.assertEqual(process.said().count("\n"), 3, process.said())  # who is watched, and two runs

    def test_sigint_is_130(self):
        process = self.watch()
        self.first_run(process)
        self.assertEqual(self.end(process, signal.SIGINT), 130)

    def test_sigterm_in_the_middle_of_a_run(self):
        slow = self.new_sim(orders=300, seed=3, latency_ms=150)
        self.connect(slow, "--name", "slow")
        slow.reset_stats()
        process = self.watch("--name", "slow")
        wait_for(lambda: slow.stats()["requests"] >= 3, "requests")
        self.assertEqual(self.end(process), 0)
        self.till("sync", "--name", "slow", check=True)  # it goes on where that stopped

    def test_a_new_interval_is_noticed(self):
        process = self.watch()
        self.first_run(process)
        self.age(6 * 60, "refunds")
        time.sleep(6)
        self.assertEqual(process.said().count("\n"), 2, process.said())
        self.till("tables", "set", "refunds", "--every", "5m", check=True)
        wait_for(lambda: "1 table in" in process.said(), "the run of refunds", POLL_S)
        self.assertEqual(self.end(process), 0)

    def test_a_manual_sync_gets_between_and_counts(self):
        process = self.watch()
        self.first_run(process)
        self.till("sync", "--no-wait", check=True)
        self.age(16 * 60, *TABLES)
        wait_for(lambda: process.said().count("8 tables") == 2, "the second run", POLL_S)
        self.assertEqual(self.end(process), 0)

    def test_waits_for_who_holds_the_lock(self):
        slow = self.new_sim(orders=100, seed=3, latency_ms=250)
        self.connect(slow, "--name", "slow")
        slow.reset_stats()
        sync = subprocess.Popen([till_path(), "sync", "--name", "slow"], env=clean_environment(self.home, ENVIRONMENT),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(kill_till, sync)
        wait_for(lambda: slow.stats()["requests"] >= 1, "the sync")
        process = self.watch()
        self.assertEqual(sync.wait(timeout=60), 0)
        wait_for(lambda: "polar: 8 tables" in process.said(), "the run", POLL_S)
        self.assertEqual(process.said().count("is due and waits: another process is writing to this mirror: till sync"), 1)
        self.assertNotIn("slow:", process.said())  # the other process has just done that
        self.assertEqual(self.end(process), 0)

    def test_a_connection_that_comes_and_goes(self):
        process = self.watch()
        self.first_run(process)
        second = self.new_sim(orders=30, seed=9)
        self.connect(second, "--name", "shop2")
        wait_for(lambda: "shop2: 8 tables" in process.said(), "the new connection", POLL_S)
        self.till("disconnect", "shop2", check=True)
        second.reset_stats()
        self.age(3600, *TABLES)
        wait_for(lambda: process.said().count("polar: 8 tables") == 2, "the run of the other", POLL_S)
        self.assertEqual(second.stats()["requests"], 0)
        self.assertEqual(self.end(process), 0)

    def test_a_failing_table_backs_off_and_blocks_nobody(self):
        self.sim.faults([{"match": {"table": "orders"}, "action": {"kind": "status", "status": 400}}])
        process = self.watch("--json")
        wait_for(lambda: len(process.lines()) == 1, "the first run")
        self.assertIn("orders failed: ", process.said())
        tables = self.tables()
        self.assertTrue(all(tables[name]["proven"] for name in TABLES if name != "orders"))
        orders = tables["orders"]
        self.assertEqual((orders["failures"], tables["refunds"]["failures"]), (1, 0))
        self.assertTrue(60 <= moment(orders["next_due"]) - moment(orders["last_run"]) <= 75, orders)
        status = self.till("status").stdout
        self.assertRegex(status, r"failing since \S+( \w+)? ?(ago|now), next try in ")
        self.assertRegex(self.till("tables", "--format", "table").stdout, r"orders failing since ")
        self.assertEqual(json.loads(self.till("status", "--json").stdout)["connections"][0]["failing_tables"], 1)
        self.age(80, "orders")
        wait_for(lambda: len(process.lines()) == 2, "the second try", POLL_S)
        again = self.tables()["orders"]
        self.assertEqual(again["failures"], 2)
        self.assertLess(moment(again["failing_since"]), moment(again["last_run"]))
        self.assertTrue(120 <= moment(again["next_due"]) - moment(again["last_run"]) <= 150, again)
        self.assertEqual([table["table"] for table in process.lines()[1]["tables"]], ["orders"])
        self.sim.faults([])
        self.age(160, "orders")
        wait_for(lambda: len(process.lines()) == 3, "the third try", POLL_S)
        well = self.tables()["orders"]
        self.assertEqual((well["failures"], well["failing_since"], well["proven"]), (0, None, 1))
        self.assertEqual(self.end(process), 0)
        self.assertEqual(check_mirror(self.sim, self.home), [])

    def test_a_refused_token_keeps_nobody_waiting(self):
        second = self.new_sim(orders=30, seed=9)
        token = second.token("read")
        self.connect(second, "--name", "shop2", token=token)
        second.revoke(token)
        process = self.watch()
        wait_for(lambda: "polar: 8 tables" in process.said() and "shop2: " in process.said(), "both runs")
        second.reset_stats()
        self.age(3600, *TABLES)
        wait_for(lambda: process.said().count("polar: 8 tables") == 2, "the next run", POLL_S)
        self.assertEqual(second.stats()["requests"], 0)
        self.assertEqual(process.said().count("shop2: "), 1, process.said())
        self.assertRegex(process.said(), r"shop2: .*; next try in 6\d s|shop2: .*; next try in 7\d s")
        self.assertNotIn(token, process.said())
        self.assertEqual(self.end(process), 0)

    def test_idle_costs_no_request_and_little_time(self):
        process = self.watch()
        self.first_run(process)
        self.sim.reset_stats()
        time.sleep(6)
        self.assertEqual(self.sim.stats()["requests"], 0)
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        self.assertLess(int(fields[11]) + int(fields[12]), 300)  # ticks, a sanitizer's build included
        self.assertEqual(self.end(process), 0)


class AfterWebhooks(WatchCase):
    """Metrics are made of system events where those are mirrored: a webhook about money leads to them, long before their schedule does."""

    def synced(self, token):
        self.connect(self.sim, token=self.sim.production.tokens[token])
        self.till("sync", check=True)

    def metrics(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        answer = json.loads(self.till("metrics", "--from", str(today - datetime.timedelta(days=7)), "--to", str(today + datetime.timedelta(days=2)), "--timezone", "UTC", "--json",
                                      check=True).stdout)
        return answer["totals"]

    def deliver(self, listener, kinds):
        changed = self.sim.mutated(count=6, seed=11, seconds=2, kinds=kinds)
        self.assertGreater(changed["changed"], 0)
        sent = deliveries(self.sim)
        self.assertGreater(len(sent), 0)
        self.assertEqual(set(listener.deliver(sent)), {202})

    def test_the_numbers_follow(self):
        self.synced("events")
        secret = register(self.sim)
        process = self.watch("--json")
        wait_for(lambda: "watching" in process.said(), "the start")
        with Listener(self.home, secret) as listener:
            for kinds in ("purchase", "refund"):
                before, runs = self.metrics(), len(process.lines())
                self.sim.reset_stats()
                self.deliver(listener, kinds)
                wait_for(lambda: self.metrics() != before, f"other numbers after {kinds}", POLL_S * 2)
                wait_for(lambda: len(process.lines()) > runs, "the line of that run")
                for line in process.lines()[runs:]:
                    self.assertEqual({table["table"] for table in line["tables"]}, {"events"})
                self.assertLessEqual(sum(route["count"] for route in self.sim.stats()["routes"]), 3 * (len(process.lines()) - runs), self.sim.stats()["routes"])
                wait_for(lambda: self.metrics() == self.after_a_sync(), f"the numbers of a sync after {kinds}", POLL_S * 2)
        self.assertEqual(self.end(process), 0)

    def after_a_sync(self):
        """What the numbers are in a copy that is brought in step."""
        own, self.home = self.home, tempfile.mkdtemp(prefix="till-test-")
        try:
            shutil.rmtree(self.home)
            shutil.copytree(own, self.home)
            self.till("sync", check=True)
            return self.metrics()
        finally:
            shutil.rmtree(self.home)
            self.home = own

    def test_without_events_nothing_is_asked(self):
        self.synced("read")
        secret = register(self.sim)
        process = self.watch("--json")
        wait_for(lambda: "watching" in process.said(), "the start")
        self.sim.reset_stats()
        with Listener(self.home, secret) as listener:
            before = self.metrics()
            self.deliver(listener, "purchase")
            wait_for(lambda: self.metrics() != before, "numbers out of rows")
        self.age(16 * 60, "organizations")  # the loop looks again, and finds this due and nothing else
        wait_for(lambda: process.lines(), "a run", POLL_S)
        self.assertEqual([table["table"] for table in process.lines()[0]["tables"]], ["organizations"])
        self.assertEqual(self.paths(), {"organizations"})


class TablesSet(WatchCase):
    def test_any_combination(self):
        result = self.till("tables", "set", "orders", "checkouts", "--every", "1h", "--method", "full", "--off", "--json", check=True)
        self.assertEqual(json.loads(result.stdout), {"connection": "polar", "tables": [
            {"table": name, "enabled": False, "every": "1h", "method": "full"} for name in ("orders", "checkouts")]})
        self.till("tables", "set", "orders", "--on", check=True)
        self.till("tables", "set", "orders", "--method", "incremental", check=True)
        orders = self.tables()["orders"]
        self.assertEqual((orders["enabled"], orders["every"], orders["method"]), (1, "1h", "incremental"))
        with database(self.home) as connection:
            self.assertEqual(connection.execute("SELECT every_ms FROM till_tables WHERE table_name = 'orders'").fetchone()[0], 3600000)

    def test_every_interval_of_the_list(self):
        words = re.findall(r'^    (?:FIRST|NEXT)\("(\w+)", \d+\)', (ROOT / "src/model/intervals.h").read_text(), re.M)
        self.assertEqual(words, ["5m", "15m", "1h", "6h", "24h", "7d"])
        self.assertIn("|".join(words), (ROOT / "docs/sync.md").read_text())
        self.assertIn("|".join(words), self.till("help", "tables").stdout)
        for every in words:
            self.till("tables", "set", "benefits", "--every", every, check=True)
            self.assertEqual(self.tables()["benefits"]["every"], every)
        for wrong in ("7m", "", "5", "1d", "15M", "0"):
            result = self.till("tables", "set", "benefits", "--every", wrong)
            self.assertEqual(result.returncode, 2, wrong)
            self.assertIn("5m|15m|1h|6h|24h|7d", result.stderr)

    def test_the_default_is_a_setting(self):
        result = run_till(["tables", "--json"], home=self.home, env={"TILL_SYNC_EVERY": "6h"}, check=True)
        self.assertEqual({row["every"] for row in json.loads(result.stdout)}, {"6h"})
        self.assertEqual(run_till(["tables"], home=self.home, env={"TILL_SYNC_EVERY": "7m"}).returncode, 3)

    def test_a_wrong_word_changes_nothing(self):
        self.assertEqual(self.till("tables", "set", "orders", "order", "--every", "5m").returncode, 2)
        self.assertEqual(self.till("tables", "set", "orders", "--method", "half").returncode, 2)
        self.assertEqual(self.tables()["orders"]["every"], "15m")


if __name__ == "__main__":
    unittest.main()
