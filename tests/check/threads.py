# SPDX-License-Identifier: Apache-2.0
"""threads.py - programs with threads under the thread sanitizer.

The simulator: readers of every table while the shop lives on and rules change. till: syncs that fetch and land at once, long enough for the
checkpoint thread, one of them interrupted. The dashboard's server: many pages that read, ask in SQL, listen and sync at once, and an end in the middle. Run by `./dev check threads` with TILL_SIM and TILL_BIN set to the sanitized programs. The
sanitizer ends a program at the first race, and Sim.stop() raises when the simulator did not end cleanly.
"""

import concurrent.futures
import signal
import tempfile
import time

from dashboard import Dashboard
from sim import TABLES, Sim, kill_till, run_till, start_till

READERS = 6
ROUNDS = 4


def read_all(sim, token):
    for table in TABLES:
        answer = sim.get(f"/v1/{table}/?limit=100", token)
        assert answer.status == 200, (table, answer.status, answer.body[:200])


def disturb(sim):
    for seed in range(ROUNDS * 4):
        sim.mutate(count=5, seed=seed)
        sim.stats()
        sim.token("read")


def main():
    with Sim(orders=200, seed=3) as sim:
        token = sim.production.tokens["read"]
        with concurrent.futures.ThreadPoolExecutor(READERS + 1) as pool:
            work = [pool.submit(disturb, sim)]
            work += [pool.submit(read_all, sim, token) for _ in range(READERS * ROUNDS)]
            for done in work:
                done.result()
        assert sim.stats()["write_violations"] == 0


def sync_all():
    env = {"TILL_RATE": "max"}
    with Sim(orders=4000, seed=5) as sim, tempfile.TemporaryDirectory() as home:
        run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=home, env=env,
                 input=sim.production.tokens["events"], check=True)
        process = start_till(["sync"], home, env)
        while sim.stats()["requests"] < 40:
            time.sleep(0.02)
        out, err = kill_till(process, signal.SIGINT)
        assert process.returncode == 130, (process.returncode, out, err)
        run_till(["sync"], home=home, env=env, timeout=300, check=True)
        sim.mutate(count=200, seed=1)
        run_till(["sync", "--full", "--accept-removals"], home=home, env=env, timeout=300, check=True)


def look_at_all(dashboard, number):
    targets = ("/", "/api/state", "/api/tables", "/api/schema", "/api/runs", f"/api/metrics?slug=revenue&from=2026-01-{1 + number % 3:02}", "/api/breakdown", "/metrics")
    for target in targets * ROUNDS:
        assert dashboard.get(target).status in (200, 409), target
    assert dashboard.query(f"SELECT count(*) + {number} FROM orders").status == 200


def serve_all():
    with Sim(orders=400, seed=7) as sim, tempfile.TemporaryDirectory() as home:
        run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=home, input=sim.production.tokens["read"], check=True)
        run_till(["sync"], home=home, env={"TILL_RATE": "max"}, timeout=300, check=True)
        with Dashboard(home) as dashboard, dashboard.events() as events, concurrent.futures.ThreadPoolExecutor(READERS) as pool:
            work = [pool.submit(look_at_all, dashboard, number) for number in range(READERS)]
            sim.mutate(count=50, seed=1)
            assert dashboard.work("/api/sync")["state"] == "done"
            events.wait("changed")
            for done in work:
                done.result()
            status, said = dashboard.stop()
            assert status == 0, said


main()
sync_all()
serve_all()
