#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""in_step.py - does the mirror stay in step with a shop that lives? Two laws, tried on random plans; test_in_step_laws.py runs 150.

A plan is a shop (seed, size, scopes of the token) and a list of steps; it is plain JSON, so that a failing one can be shrunk, printed and run again:

    tests/property/in_step.py --law whole --seeds 1-300           plans drawn from these seeds
    tests/property/in_step.py --plan '{"law":"whole",...}'        this one plan

law "whole": the shop lives, also while it is read; runs of every method meet faults and kill -9. At no moment is a row lost, doubled, invented or marked
as deleted that was there before and after the run; nothing but GET is sent; and after the shop stands still, one full run ends with every row equal.
law "promise": only such things happen as an incremental run promises to see (PROMISED below), and nothing disturbs it; after each such run every row is equal.
"""

import argparse
import collections
import concurrent.futures
import datetime
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
sys.path.insert(0, str(ROOT / "tests" / "contract"))
from mirror import check_mirror, database, integrity  # noqa: E402
from sim import TABLES, Sim, SimError, kill_till, shifted_clock, start_till, till_methods  # noqa: E402
from test_sync import Home  # noqa: E402

EVENTS = "events"
NOW = "2026-06-30T12:00:00Z"  # equal plans meet equal shops
EVENT_OVERLAP = datetime.timedelta(hours=1)
SHRINK_RUNS = 60
SHRINK_S = 90
RUN_TIMEOUT_S = 120
# A run may end so in a storm: service, network, format, limit (a list that does not agree with its total), partial.
STORMY = {0, 5, 6, 7, 10, 11}

# What an incremental run promises to see, by the kinds of sim/README.md. docs/sync.md says the same to people. "always": with any token that reads
# all tables; "events": with events:read too. What is in neither is left to the full walk, and so are events that are back-dated by more than EVENT_OVERLAP.
PROMISED = {
    "always": (
        "checkout", "purchase", "tie", "import", "late", "product_new", "benefit_new", "wallet",  # new rows, late ones too
        "checkout_move", "order_finalize", "order_redraft", "order_pay", "order_void", "refund_settle",  # statuses that move by themselves
        "past_due", "recovery", "resume", "renewal", "time",
        "refund",  # and its order
        "product_price", "product_edit", "product_archive", "benefit_edit", "organization",  # short lists are read whole
        "benefit_delete",
    ),
    "events": ("cancel", "uncancel", "revoke", "reinstate", "plan", "seats", "customer_edit", "customer_delete", "refund_reverse", "order_unvoid"),
}
LEFT_TO_THE_WALK = ("pause", "customer_restore", "benefit_restore", "user_event", "silent_usage", "silent_attempt", "silent_price", "silent_redemption")
# While a run reads, nothing comes back: a row that was gone for a moment of it would be marked rightly.
LIVE = tuple(kind for kind in (*PROMISED["always"], *PROMISED["events"], *LEFT_TO_THE_WALK) if not kind.endswith("_restore"))

FAULTS = (
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 502, "text": "<html>bad gateway</html>"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429, "retry_after": 0},
    {"kind": "reset", "at_bytes": 200},
    {"kind": "truncate", "at_bytes": 300},
    {"kind": "slow", "ms": 60},
    {"kind": "garbage", "variant": "half"},
    {"kind": "garbage", "variant": "html"},
    {"kind": "garbage", "variant": "empty_items"},
    {"kind": "garbage", "variant": "duplicate_rows"},
    {"kind": "garbage", "variant": "wrong_total", "seconds": 3},
    {"kind": "garbage", "variant": "wrong_total", "seconds": -2},
    {"kind": "garbage", "variant": "missing_id", "row": 0},
    {"kind": "garbage", "variant": "wrong_types", "row": 0},
    {"kind": "repeat_page"},
)


class Violation(Exception):
    """A law does not hold. `name` tells violations apart; the text is for people."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name = name


# ---- plans


def fault_rules(chance):
    rules = []
    for _ in range(chance.randrange(1, 4)):
        match = {"times": chance.randrange(1, 4), "after": chance.randrange(0, 12)}
        if chance.random() < 0.6:
            match["table"] = chance.choice((*TABLES, EVENTS))
        rules.append({"match": match, "action": dict(chance.choice(FAULTS))})
    return {"seed": chance.randrange(10**6), "rules": rules}


def mutation(chance, kinds=None):
    seconds = chance.choice((0, 1, 60, 3600, 86400, 86400 * 9))
    if kinds is not None and chance.random() < 0.6:
        kinds = chance.sample(kinds, chance.randrange(1, min(6, len(kinds)) + 1))
    return {"do": "mutate", "count": chance.choice((0, 1, 3, 10, 40)), "seed": chance.randrange(10**6), "seconds": seconds,
            "kinds": kinds and sorted(kinds), "scattered": chance.random() < 0.5, "event_lag_minutes": chance.choice((0, 0, 8))}


def whole_steps(chance):
    steps = [{"do": "sync", "method": "set", "faults": fault_rules(chance) if chance.random() < 0.4 else None,
              "kill_ms": chance.randrange(5, 120) if chance.random() < 0.4 else None}]
    for _ in range(chance.randrange(3, 8)):
        if chance.random() < 0.35:
            steps.append({"do": "live", "every": chance.randrange(1, 6), "count": chance.randrange(1, 4), "seed": chance.randrange(10**6),
                          "seconds": chance.choice((0, 1, 30))})
        if chance.random() < 0.8:
            steps.append(mutation(chance))
        steps.append({"do": "sync", "method": chance.choice(("set", "incremental", "incremental", "incremental", "full")),
                      "faults": fault_rules(chance) if chance.random() < 0.4 else None,
                      "kill_ms": chance.randrange(5, 120) if chance.random() < 0.3 else None})
        if chance.random() < 0.5:
            steps.append({"do": "still"})
    return steps


def promise_steps(chance, scopes):
    kinds = [*PROMISED["always"], *(PROMISED["events"] if scopes == "events" else ())]
    steps = []
    for _ in range(chance.randrange(2, 6)):
        steps.append(mutation(chance, kinds))
    return steps


def plan_of(law, seed):
    chance = random.Random(f"{law} {seed}")
    scopes = chance.choice(("events", "read"))
    orders = chance.choice((20, 60, 130, 300) if law == "whole" else (20, 60, 130, 300, 900))
    steps = whole_steps(chance) if law == "whole" else promise_steps(chance, scopes)
    return {"law": law, "seed": seed, "orders": orders, "scopes": scopes, "steps": steps}


# ---- running one


class Shop:
    """One shop, one home, and what was true before and after each run."""

    def __init__(self, plan):
        self.plan = plan
        self.tables = (*TABLES, EVENTS) if plan["scopes"] == "events" else TABLES
        self.agreed = {}  # see check_mirror()
        self.ended_us = 0  # till's clock when its last run ended
        self.sim = Sim(orders=plan["orders"], seed=plan["seed"], sandbox_orders=1, now=NOW).start()
        try:
            self.home = Home(self.sim, scopes=plan["scopes"], connect=False)
            self.home.till("connect", "polar", "--api-url", self.sim.production.url, "--token-stdin", input=self.home.token, env=self.clock(), check=True)
        except BaseException:
            self.sim.stop()
            raise

    def close(self):
        self.home.close()
        self.sim.stop()

    def clock(self):
        """The variables that give till the shop's time. Where till has been ahead of the shop, the shop catches up."""
        now_us = self.sim.mutated(count=0, seconds=0)["now_us"]
        if now_us < self.ended_us:
            now_us = self.sim.mutated(count=0, seconds=(self.ended_us - now_us) // 10**6 + 1, kinds="time")["now_us"]
        self.shift_us = now_us - time.time_ns() // 1000
        return {"TILL_RATE": "max", **shifted_clock(self.shift_us)}

    def ids(self):
        """table -> (ids that the service lists, ids that it ever had)."""
        found = {table: self.sim.ids(table) for table in self.tables}
        return {table: ({key for key, is_listed in ids.items() if is_listed}, set(ids)) for table, ids in found.items()}

    def mirrored(self):
        """table -> (ids, ids marked as deleted); empty before the first run."""
        found = {table: (set(), set()) for table in self.tables}
        try:
            with database(self.home.path) as connection:
                for table in self.tables:
                    rows = connection.execute(f"SELECT id, till_deleted_at FROM {table}").fetchall()
                    ids = {row["id"] for row in rows}
                    if len(ids) != len(rows):
                        raise Violation("doubled", f"{table}: {len(rows)} rows with {len(ids)} ids")
                    found[table] = (ids, {row["id"] for row in rows if row["till_deleted_at"] is not None})
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error) and "unable to open" not in str(error):
                raise
        return found

    def sync(self, method, kill_ms=None, calm=True):
        """One run; gives its exit status, or None when it was killed."""
        arguments = ["sync", "--json", *till_methods().get(method, ())]
        environment = self.clock()
        process = start_till(arguments, self.home.path, environment)
        try:
            if kill_ms is not None:
                time.sleep(kill_ms / 1000)
                status, complaint = None, b""
                kill_till(process)
            else:
                _, complaint = process.communicate(timeout=RUN_TIMEOUT_S)
                status = process.returncode
        except subprocess.TimeoutExpired:
            kill_till(process)
            raise Violation("endless", f"sync --{method} did not end in {RUN_TIMEOUT_S} s") from None
        self.ended_us = time.time_ns() // 1000 + self.shift_us
        if status is not None and status not in ({0} if calm else STORMY):
            raise Violation("status", f"sync ({method}) ended with {status}: {complaint.decode(errors='replace')[-600:]}")
        return status

    def watched_sync(self, step):
        """A run of the law "whole": what holds at every moment."""
        before, there_before = self.mirrored(), self.ids()
        self.sim.faults(step.get("faults"))
        self.sync(step["method"], step.get("kill_ms"), calm=False)
        self.sim.faults(None)
        after, there_after = self.mirrored(), self.ids()
        if integrity(self.home.path) != "ok":
            raise Violation("integrity", "the database is damaged")
        for table in self.tables:
            lost = before[table][0] - after[table][0]
            invented = after[table][0] - there_after[table][1]
            buried = (after[table][1] - before[table][1]) & there_before[table][0] & there_after[table][0]
            for name, ids in (("lost", lost), ("invented", invented), ("buried alive", buried)):
                if ids:
                    raise Violation(name, f"{table}: {len(ids)} rows, as {sorted(ids)[:3]}")

    def feed_begins(self):
        """From when on the next incremental run promises to see events: WINDOW_OVERLAP_US before the newest that is here (src/sync/step.c)."""
        if self.plan["scopes"] != "events":
            return ""
        with database(self.home.path) as connection:
            [newest] = connection.execute("SELECT max(timestamp) FROM events").fetchone()
        return (datetime.datetime.fromisoformat(newest[:-1]) - EVENT_OVERLAP).isoformat(timespec="microseconds") + "Z"

    def assert_equal(self, name, **options):
        problems = check_mirror(self.sim, self.home.path, self.tables, agreed=self.agreed, **options)
        if problems:
            kinds = collections.Counter(problem.split(":")[0].split()[0] for problem in problems)
            raise Violation(name, f"{dict(kinds)}; " + "; ".join(problem[:300] for problem in problems[:6]))

    def assert_history(self):
        """Each change of a column begins where the one before it ended."""
        last = {}
        with database(self.home.path) as connection:
            for change in connection.execute("SELECT * FROM row_changes ORDER BY id"):
                key = (change["table_name"], change["row_id"], change["column_name"])
                if key in last and last[key] != change["old_value"]:
                    raise Violation("history", f"{key}: {last[key]!r}, then from {change['old_value']!r} to {change['new_value']!r}")
                if change["old_value"] == change["new_value"]:
                    raise Violation("history", f"{key}: a change from {change['old_value']!r} to itself")
                last[key] = change["new_value"]

    def assert_reads_only(self):
        violations = self.sim.stats()["write_violations"]
        if violations:
            raise Violation("writes", f"{violations} requests were not GET")


def mutate(shop, step):
    shop.sim.mutate(**{key: value for key, value in step.items() if key != "do"})


def run_whole(shop):
    for step in shop.plan["steps"]:
        if step["do"] == "mutate":
            mutate(shop, step)
        elif step["do"] == "live":
            shop.sim.mutate_during(every=step["every"], count=step["count"], seed=step["seed"], seconds=step["seconds"], kinds=LIVE)
        elif step["do"] == "still":
            shop.sim.mutate_during(every=0)
        else:
            shop.watched_sync(step)
    shop.sim.mutate_during(every=0)
    shop.sim.mutate(count=0, seconds=600, kinds="time")  # events that were late are there
    shop.watched_sync({"method": "set"})
    status = shop.sync("full", calm=False)
    # Most of a small table may be gone at once, which till does not believe without consent.
    if status in (10, 11):
        status = shop.sync("full consent", calm=False)
    if status != 0:
        raise Violation("status", f"the last full run ended with {status}")
    shop.assert_equal("not equal after a full run")
    shop.assert_history()


def run_promise(shop):
    shop.sync("full")
    shop.assert_equal("not equal after the first run")
    for step in shop.plan["steps"]:
        mutate(shop, step)
        shop.sim.mutate(count=0, seconds=600, kinds="time")
        since = shop.feed_begins()
        shop.sync("incremental consent")
        shop.assert_equal("a promise is broken", copies=False, events_since=since)
    shop.assert_history()


def run_plan(plan):
    """None when the law holds, else the Violation."""
    shop = None
    try:
        shop = Shop(plan)
        (run_whole if plan["law"] == "whole" else run_promise)(shop)
        shop.assert_reads_only()
        return None
    except Violation as violation:
        return violation
    except SimError as error:
        return Violation("simulator", str(error))
    finally:
        if shop is not None:
            try:
                shop.close()
            except SimError as error:
                return Violation("simulator", str(error))


# ---- shrinking


def smaller(plan):
    """Plans that are a little simpler than this one, the boldest first."""
    steps = plan["steps"]
    size = len(steps) // 2
    while size >= 1:
        for at in range(0, len(steps), size):
            yield {**plan, "steps": steps[:at] + steps[at + size:]}
        size //= 2
    for at, step in enumerate(steps):
        for change in ({"faults": None}, {"kill_ms": None}, {"seconds": 0}, {"count": (step.get("count") or 0) // 2}, {"scattered": False},
                       {"event_lag_minutes": 0}, {"method": "full"}):
            [(key, value)] = change.items()
            if step.get(key, value) != value:
                yield {**plan, "steps": [*steps[:at], {**step, **change}, *steps[at + 1:]]}
        kinds = step.get("kinds") or ()
        for kind in kinds if len(kinds) > 1 else ():
            yield {**plan, "steps": [*steps[:at], {**step, "kinds": [other for other in kinds if other != kind]}, *steps[at + 1:]]}
    if plan["orders"] > 20:
        yield {**plan, "orders": 20}


def shrink(plan, violation):
    """The smallest plan found within bounds that breaks the same law."""
    deadline, runs = time.monotonic() + SHRINK_S, 0
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for candidate in smaller(plan):
            if runs >= SHRINK_RUNS or time.monotonic() > deadline:
                return plan, violation
            runs += 1
            found = run_plan(candidate)
            if found is not None and found.name == violation.name:
                plan, violation, is_smaller = candidate, found, True
                break
    return plan, violation


# ---- many


def try_seed(law, seed):
    plan = plan_of(law, seed)
    started = time.monotonic()
    violation = run_plan(plan)
    return seed, None if violation is None else str(violation), time.monotonic() - started


def run_seeds(law, seeds, time_s=None, workers=None, say=None):
    """Tries plans of these seeds side by side; gives how many were tried and [(seed, sentence)] of those that broke the law."""
    deadline = time.monotonic() + time_s if time_s else None
    workers = workers or 3 * (os.cpu_count() or 1)  # much of a plan is waiting
    tried, broken = 0, []
    remaining = iter(seeds)
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        under_way = set()
        while True:
            while len(under_way) < workers and not (deadline and time.monotonic() > deadline):
                seed = next(remaining, None)
                if seed is None:
                    break
                under_way.add(pool.submit(try_seed, law, seed))
            if not under_way:
                return tried, broken
            done, under_way = concurrent.futures.wait(under_way, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                seed, sentence, seconds = future.result()
                tried += 1
                if sentence is not None:
                    broken.append((seed, sentence))
                if say:
                    say(seed, sentence, seconds)


def explain(law, seed):
    """Runs a failing seed again, shrinks it, and gives the sentence and the command that runs the smallest plan."""
    plan = plan_of(law, seed)
    violation = run_plan(plan)
    if violation is None:
        return f"seed {seed}: it held the second time; the plan is --plan '{json.dumps(plan, separators=(',', ':'))}'"
    plan, violation = shrink(plan, violation)
    return f"seed {seed}: {violation}\nrun it again: tests/property/in_step.py --plan '{json.dumps(plan, separators=(',', ':'))}'"


def seed_range(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main(arguments):
    parser = argparse.ArgumentParser(prog="in_step.py", description="Does the mirror stay in step with a shop that lives?")
    parser.add_argument("--law", choices=("whole", "promise"), action="append", help="which law (both)")
    parser.add_argument("--seeds", type=seed_range, default=range(1, 301), help="FIRST-LAST (1-300)")
    parser.add_argument("--workers", type=int, help="plans at a time")
    parser.add_argument("--plan", type=json.loads, help="this one plan instead")
    parser.add_argument("--verbose", action="store_true", help="a line for each seed")
    parser.add_argument("--no-shrink", action="store_true", help="only name what fails")
    options = parser.parse_args(arguments)
    if options.plan:
        violation = run_plan(options.plan)
        print(violation or "the law holds")
        return 1 if violation else 0
    failed = False
    for law in options.law or ("whole", "promise"):
        started = time.monotonic()
        say = (lambda seed, sentence, seconds: print(f"{law} {seed}: {seconds:.1f} s {sentence or 'holds'}", flush=True)) if options.verbose else None
        tried, broken = run_seeds(law, options.seeds, workers=options.workers, say=say)
        print(f"law {law}: {tried} seeds in {time.monotonic() - started:.0f} s, {len(broken)} broke it", flush=True)
        for seed, sentence in broken:
            print(f"seed {seed}: {sentence}" if options.no_shrink else explain(law, seed), flush=True)
        failed = failed or bool(broken)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
