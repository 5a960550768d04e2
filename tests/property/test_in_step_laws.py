# SPDX-License-Identifier: Apache-2.0
"""The two laws of in_step.py on 150 plans; `./dev fuzz` tries thousands. TILL_LAW_SEEDS=FIRST-LAST chooses other seeds.

A plan of the law "whole" takes a second of one processor, one of "promise" somewhat less."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import in_step  # noqa: E402

SEEDS = {law: in_step.seed_range(os.environ.get("TILL_LAW_SEEDS") or seeds) for law, seeds in (("whole", "1-100"), ("promise", "1-50"))}
SHRUNK = 2  # failing seeds that are shrunk; the others are named


class InStep(unittest.TestCase):
    def hold(self, law):
        tried, broken = in_step.run_seeds(law, SEEDS[law])
        self.assertEqual(tried, len(SEEDS[law]))
        sentences = [in_step.explain(law, seed) for seed, _ in broken[:SHRUNK]] + [f"seed {seed}: {text}" for seed, text in broken[SHRUNK:]]
        self.assertFalse(broken, "\n".join([f"{len(broken)} of {tried} seeds broke the law {law}", *sentences]))

    def test_whole(self):
        self.hold("whole")

    def test_promise(self):
        self.hold("promise")

    def test_every_kind_is_promised_or_left(self):
        kinds = [*in_step.PROMISED["always"], *in_step.PROMISED["events"], *in_step.LEFT_TO_THE_WALK]
        self.assertEqual(len(kinds), len(set(kinds)))
        with in_step.Sim(orders=20) as sim:
            self.assertEqual(set(kinds), set(sim.control("GET", "kinds")["kinds"]))

    def test_a_broken_mirror_is_found_and_its_plan_shrunk(self):
        plan = {"law": "promise", "seed": 7, "orders": 20, "scopes": "events", "steps": [
            {"do": "mutate", "count": 2, "seed": 1, "seconds": 0, "kinds": ["checkout"]},
            {"do": "mutate", "count": 3, "seed": 2, "seconds": 0, "kinds": ["silent_usage", "checkout"]},
            {"do": "mutate", "count": 1, "seed": 3, "seconds": 0, "kinds": ["checkout"]}]}
        broken = in_step.Violation("a promise is broken", "")
        original = in_step.run_plan
        # A mirror that misses silent_usage, whatever the steps around it.
        in_step.run_plan = lambda tried: broken if any("silent_usage" in step["kinds"] for step in tried["steps"]) else None
        try:
            smallest, _ = in_step.shrink(plan, broken)
        finally:
            in_step.run_plan = original
        self.assertEqual([(step["kinds"], step["count"]) for step in smallest["steps"]], [(["silent_usage"], 0)])


if __name__ == "__main__":
    unittest.main()
