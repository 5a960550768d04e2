# SPDX-License-Identifier: Apache-2.0
"""--rate max against the simulator's real limiter: the budget of each window is used, and a window refuses once at most.

Polar's window is 60 s and that cannot be made shorter without another limiter than Polar's: this test takes two minutes, nearly all of it waiting.
"""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import check_mirror  # noqa: E402
from sim import Sim, run_till  # noqa: E402

BUDGET = 500
WINDOW_MS = 60_000
ORDERS = 62_000  # 1,200 requests: two full windows, and some of the third


def windows(requests):
    """The limiter's windows, from what it let through and refused: [first moment, passed, refused] each."""
    found = []
    for request in requests:
        refused = request["status"] == 429
        if not found or (not refused and request["at_ms"] - found[-1][0] >= WINDOW_MS):
            found.append([request["at_ms"], 0, 0])
        found[-1][2 if refused else 1] += 1
    return found


class RateMax(unittest.TestCase):
    def test_uses_the_budget_of_each_window(self):
        with Sim(orders=ORDERS, seed=5, limiter="real") as sim, tempfile.TemporaryDirectory(prefix="till-test-") as home:
            token = sim.production.tokens["read"]
            run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=home, input=token, check=True)
            sim.limiter(reset=True)  # what connecting has spent
            sim.reset_stats()
            run_till(["sync", "--rate", "max"], home=home, timeout=400, check=True)
            stats = sim.stats()
            seen = windows(sim.requests())
            self.assertEqual(check_mirror(sim, home, ("customers", "products", "refunds")), [])
        self.assertLess(stats["requests"], 4096, "the simulator remembers no more")
        self.assertGreater(stats["requests"], 2 * BUDGET + 50)
        self.assertGreaterEqual(len(seen), 3, seen)
        for since_ms, passed, refused in seen:
            self.assertLessEqual(refused, 1, seen)
        for since_ms, passed, refused in seen[:-1]:
            self.assertGreaterEqual(passed, 0.95 * BUDGET, seen)
        # Seconds lost between the windows count too: 95 % of what the service grants in the time.
        full = sum(passed for _, passed, _ in seen[:-1])
        granted = (seen[-1][0] - seen[0][0]) / WINDOW_MS * BUDGET
        self.assertGreaterEqual(full, 0.95 * granted, seen)
        print(f"used {100 * full / granted:.1f} % of the budget, {stats['status_429']} refusals in {len(seen)} windows", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
