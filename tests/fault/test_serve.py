# SPDX-License-Identifier: Apache-2.0
"""The dashboard's server with its Nth allocation failing, in a build with fault points: it does not start and says why, or it serves on. One request may get
an error, or no answer; never a crash, a report, or an end that is not asked for."""

import http.client
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from dashboard import Dashboard  # noqa: E402
from sim import Sim, run_till  # noqa: E402

EVERY_ONE = 30  # the first allocations, each
STEP = 1.5      # then ever wider steps
MOST = 20000
REPORTS = ("Sanitizer", "runtime error", "Segmentation", "Assertion", "corrupted")
TARGETS = ("/", "/api/state", "/api/tables", "/api/overview", "/api/metrics?slug=revenue", "/api/schema", "/metrics", "/api/none")


def has_fault_points():
    return run_till(["status"], env={"TILL_FAULT": "malloc:1:forever"}).returncode == 9


@unittest.skipUnless(has_fault_points(), "no fault points in this build")
class Serving(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Sim(orders=40, seed=9) as sim:
            cls.home = tempfile.mkdtemp(prefix="till-test-")
            cls.addClassCleanup(shutil.rmtree, cls.home, True)
            env = {"TILL_RATE": "max"}
            run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=cls.home, env=env, input=sim.production.tokens["read"], check=True)
            run_till(["sync"], home=cls.home, env=env, check=True)

    def ask(self, dashboard, method, target, **options):
        """The status; 0 when there was no answer."""
        try:
            return dashboard.ask(method, target, **options).status
        except (ConnectionError, http.client.HTTPException):
            return 0

    def round(self, dashboard):
        statuses = [self.ask(dashboard, "GET", target) for target in TARGETS]
        statuses.append(self.ask(dashboard, "POST", "/api/query", body=b"SELECT count(*) FROM orders"))
        statuses.append(self.ask(dashboard, "POST", "/api/session", body=f"token={dashboard.token}".encode()))
        statuses.append(self.ask(dashboard, "POST", "/api/doctor", body=b""))
        return statuses

    def test_each_allocation_fails_once(self):
        nth, refused, failed = 1, 0, 0
        while nth < MOST:
            with self.subTest(nth=nth):
                dashboard = Dashboard(self.home, env={"TILL_FAULT": f"malloc:{nth}"})
                try:
                    dashboard.__enter__()
                except AssertionError as error:
                    refused += 1
                    self.assertIn("out of memory", str(error))
                    self.assertFalse([word for word in REPORTS if word in str(error)], error)
                else:
                    first, second = self.round(dashboard), self.round(dashboard)
                    self.assertLessEqual(set(first), {0, 200, 202, 204, 404, 500, 503}, first)
                    failed += any(status in (0, 500, 503) for status in first)
                    self.assertEqual(second[:2], [200, 200], (first, second))
                    status, said = dashboard.stop()
                    self.assertEqual(status, 0, said)
                    self.assertFalse([word for word in REPORTS if word in said], said)
            nth = nth + 1 if nth < EVERY_ONE else int(nth * STEP)
        self.assertGreater(refused, 5)
        self.assertGreater(failed, 2)


if __name__ == "__main__":
    unittest.main()
