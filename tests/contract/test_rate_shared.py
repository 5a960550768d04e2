# SPDX-License-Identifier: Apache-2.0
"""One budget for all processes of a home: a sync and doctors side by side never pass the default rate together, nobody is refused, and nobody starves."""

import pathlib
import stat
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import Sim, kill_till, run_till, start_till, wait_for  # noqa: E402

RATE = 250
WINDOW_MS = 60_000
ORDERS = 17_000  # some 340 requests: more than a minute's


def most_in_a_window(requests):
    """The most requests within any 60 s, by the service's own clock."""
    times = sorted(request["at_ms"] for request in requests)
    most, first = 0, 0
    for i, at_ms in enumerate(times):
        while at_ms - times[first] > WINDOW_MS:
            first += 1
        most = max(most, i - first + 1)
    return most


class SharedRate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="till-test-")
        self.addCleanup(folder.cleanup)
        self.home = folder.name

    def connect(self, sim):
        run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=self.home,
                 input=sim.production.tokens["read"], check=True)

    def test_default_rate_over_all_processes(self):
        with Sim(orders=ORDERS, seed=5, limiter="real") as sim:
            self.connect(sim)
            waited = []

            def doctor():
                begin = time.monotonic()
                run_till(["doctor"], home=self.home, timeout=200)
                waited.append(time.monotonic() - begin)

            killed = start_till(["sync", "checkouts"], self.home)  # one that dies in mid-flight: what it has spent stays spent
            wait_for(lambda: sim.stats()["requests"] > 30, "the first sync")
            kill_till(killed)
            sync = start_till(["sync"], self.home)
            self.addCleanup(kill_till, sync)
            wait_for(lambda: sim.stats()["requests"] > 100, "the second sync")
            doctors = [threading.Thread(target=doctor) for _ in range(2)]
            for thread in doctors:
                thread.start()
            _, errors = sync.communicate(timeout=300)
            for thread in doctors:
                thread.join()
            requests = sim.requests()
            stats = sim.stats()
        self.assertEqual(sync.returncode, 0, errors)
        self.assertEqual(stats["status_429"], 0)
        self.assertGreater(len(requests), RATE + 50)  # so that the rate mattered
        self.assertLessEqual(most_in_a_window(requests), RATE)
        self.assertGreater(most_in_a_window(requests), RATE * 0.95)
        self.assertLess(max(waited), 90)
        [ledger] = pathlib.Path(self.home).glob("rate-*")
        self.assertEqual(stat.S_IMODE(ledger.stat().st_mode), 0o600)
        self.assertEqual(ledger.stat().st_size, 4096)

    def test_what_connecting_spent_counts(self):
        with Sim(orders=50, seed=5) as sim:
            self.connect(sim)
            spent = sim.stats()["requests"]
            sync = start_till(["sync", "--rate", spent + 3], self.home)
            self.addCleanup(kill_till, sync)
            wait_for(lambda: sim.stats()["requests"] >= spent + 3, "the sync")
            time.sleep(0.5)
            self.assertEqual(sim.stats()["requests"], spent + 3)

    def test_a_ledger_that_cannot_be_used_is_no_error(self):
        with Sim(orders=50, seed=5) as sim:
            self.connect(sim)
            [ledger] = pathlib.Path(self.home).glob("rate-*")
            ledger.unlink()
            ledger.mkdir()
            result = run_till(["sync"], home=self.home, check=True)
            self.assertIn("http.rate_not_shared", result.stderr)


if __name__ == "__main__":
    unittest.main()
