# SPDX-License-Identifier: Apache-2.0
"""threads.py - the simulator under the thread sanitizer: readers of every table while the shop lives on and rules change.

Run by `./dev check threads` with TILL_SIM set to the sanitized program. The sanitizer ends the program at the first race, and Sim.stop()
raises when the program did not end cleanly.
"""

import concurrent.futures

from sim import TABLES, Sim

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


main()
