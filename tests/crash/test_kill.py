# SPDX-License-Identifier: Apache-2.0
"""kill -9 at fifty random moments of a sync, each followed by a run that ends equal to the service, with an intact database."""

import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "contract"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import check_mirror, integrity  # noqa: E402
from sim import TABLES, Sim, kill_till, start_till  # noqa: E402
from test_sync import Home  # noqa: E402

KILLS = 50
SEED = 20240229


class Kill(unittest.TestCase):
    def test_fifty_kills(self):
        chance = random.Random(SEED)
        tables = (*TABLES, "events")
        killed_at_work = 0
        with Sim(orders=160, seed=31, latency_ms=2) as sim:
            home = Home(sim, scopes="events")
            started = time.monotonic()
            home.sync("--accept-removals")
            whole_s = time.monotonic() - started
            for round_number in range(KILLS):
                if round_number % 5 == 0:
                    home.close()
                    home = Home(sim, scopes="events")
                else:
                    sim.mutate(count=30, seed=round_number)
                process = start_till(["sync", "--full", "--accept-removals"], home.path, {"TILL_RATE": "max"})
                time.sleep(chance.uniform(0, whole_s))
                killed_at_work += process.poll() is None
                kill_till(process)
                with self.subTest(round_number):
                    self.assertEqual(integrity(home.path), "ok")
                    result, _ = home.sync("--accept-removals")
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual(check_mirror(sim, home.path, tables), [])
                    self.assertEqual(integrity(home.path), "ok")
            home.close()
        # The kills must have met a sync at work, or this test shows nothing.
        self.assertGreater(killed_at_work, KILLS // 2)


if __name__ == "__main__":
    unittest.main()
