# SPDX-License-Identifier: Apache-2.0
"""What tests of web traffic share: a home with sources in it, and the comparison of its rows with the simulator's truth."""

import datetime
import json
import pathlib
import shutil
import sqlite3
import tempfile

from sim import run_till

ZONES = ("UTC", "America/New_York", "Asia/Kolkata")


class TrafficHome:
    """A till home beside a simulator; use as a context manager."""

    def __init__(self, sim):
        self.sim = sim
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="till-traffic-"))
        self.env = {"TILL_POSTHOG_US_URL": sim.posthog["url"], "TILL_POSTHOG_EU_URL": sim.posthog["url_eu"]}
        self.spoken = []  # all that till has said

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        shutil.rmtree(self.path, ignore_errors=True)

    def till(self, *args, input=None, check=False, timeout=120, env=None):
        result = run_till(args, home=self.path, env={**self.env, **(env or {})}, input=input, timeout=timeout)
        self.spoken += [result.stdout, result.stderr]
        if check and result.returncode != 0:
            raise AssertionError(f"till {args}: status {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result

    def connect_posthog(self, key="good", **how):
        project = how.pop("project", self.sim.posthog["project_id"])
        args = [word for option, value in how.items() for word in (f"--{option}", value)]
        return self.till("connect", "posthog", "--project-id", project, "--token-stdin", *args, input=self.sim.posthog["keys"].get(key, key))

    def connect_plausible(self, *args, key=None, site=None, **how):
        place = self.sim.plausible
        return self.till("connect", "plausible", "--site-id", site or place["site_id"], "--api-url", place["url"], "--token-stdin", *args,
                         input=key or place["key"], **how)

    def connect_umami(self, *args, password=None, website=None, **how):
        place = self.sim.umami
        return self.till("connect", "umami", "--website-id", website or place["website_id"], "--api-url", place["url"], "--username", place["username"],
                         "--token-stdin", *args, input=password or place["password"], **how)

    def sync(self, *args, **how):
        """`till sync --json` of one source: its part of the answer, with the exit status."""
        result = self.till("sync", "--json", *args, **how)
        answer = json.loads(result.stdout)["sources"][0] if result.stdout else {}
        return {**answer, "status": result.returncode, "stderr": result.stderr}

    def rows(self, sql, *values):
        with sqlite3.connect(f"file:{self.path / 'till.db'}?mode=ro", uri=True) as base:
            base.row_factory = sqlite3.Row
            return [dict(row) for row in base.execute(sql, values)]

    def source(self, name):
        return self.rows("SELECT * FROM traffic_sources WHERE name = ?", name)[0]

    def files(self):
        """All bytes of the home but for the vault's own."""
        return b"".join(path.read_bytes() for path in self.path.rglob("*") if path.is_file() and path.parent.name != "secrets")


def complete_days(home, name, table="traffic_daily"):
    """First and last day that are over, as dates' texts."""
    row = home.rows(f"SELECT min(date) AS a, max(date) AS b FROM {table} WHERE connection = ? AND is_complete = 1", name)[0]
    return row["a"], row["b"]


def utc_hour(text):
    return datetime.datetime.fromisoformat(text).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:00.000000Z")

