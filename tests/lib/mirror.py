# SPDX-License-Identifier: Apache-2.0
"""mirror.py - is the local database what the service holds? An oracle that shares nothing with the C but the documented contract.

check_mirror() compares every listed row of the simulator's truth with the database, field by field: scalars in columns of the same name, objects and
arrays as JSON text, timestamps in the fixed form, booleans as 0/1, fields without a column in till_extra, credentials nowhere.
"""

import contextlib
import json
import re
import sqlite3

from sim import TABLES

# Never stored, at any depth.
CREDENTIAL_KEYS = {"client_secret", "guild_token"}
DROPPED = {"checkouts": {"client_secret", "url", "payment_processor_metadata"}}
# Differ at each read of the service.
VOLATILE = {"avatar_url"}
CLIENT_SECRET = re.compile(r"polar_c_[A-Za-z0-9]+")
TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$")


@contextlib.contextmanager
def database(home):
    """The mirror, to read; closed at the end of the `with`."""
    with contextlib.closing(sqlite3.connect(f"file:{home}/till.db?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def integrity(home):
    with contextlib.closing(sqlite3.connect(f"{home}/till.db")) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]


def clean(value):
    """A value of the service without credentials and without what changes at each read."""
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items() if key not in CREDENTIAL_KEYS and key not in VOLATILE}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, str):
        return CLIENT_SECRET.sub("polar_c_[removed]", value)
    return value


def stored(value):
    """What the database says, without what changes at each read."""
    return clean(value)


def fixed_timestamp(text):
    return text if "." in text else text[:-1] + ".000000Z"


def column_value(truth, declared_type, raw):
    """The value that a column should hold for a field of the answer."""
    if isinstance(truth, bool):
        return int(truth)
    if isinstance(truth, (dict, list)):
        return truth
    if isinstance(truth, str) and TIMESTAMP.match(truth) and isinstance(raw, str) and len(raw) == 27:
        return fixed_timestamp(truth)
    return truth


def differences(table, truth, row, columns):
    extra = json.loads(row["till_extra"]) if row["till_extra"] else {}
    for key, value in truth.items():
        if key in DROPPED.get(table, ()) or key in CREDENTIAL_KEYS:
            if key in columns or key in extra:
                yield f"{key}: a credential was stored"
            continue
        if key in VOLATILE:
            continue
        if key not in columns:
            if stored(extra.get(key, "absent")) != clean(value):
                yield f"{key}: till_extra has {extra.get(key, 'nothing')!r}, the service {value!r}"
            continue
        raw = row[key]
        wanted = clean(column_value(value, columns[key], raw))
        got = json.loads(raw) if isinstance(value, (dict, list)) and raw is not None else raw
        if stored(got) != wanted:
            yield f"{key}: the database has {raw!r}, the service {value!r}"


def check_mirror(sim, home, tables=TABLES, env="production"):
    """A list of sentences; empty when the mirror equals the service."""
    problems = []
    with database(home) as connection:
        for table in tables:
            columns = {row["name"]: row["type"] for row in connection.execute(f"PRAGMA table_info({table})")}
            rows = {row["id"]: row for row in connection.execute(f"SELECT * FROM {table} WHERE till_deleted_at IS NULL")}
            truths = {row["id"]: row for row in sim.rows(table, env=env)}
            if table == "events":
                truths = {key: row for key, row in truths.items() if row["source"] == "system"}
            for missing in sorted(truths.keys() - rows.keys())[:5]:
                problems.append(f"{table} {missing}: not in the database")
            for left in sorted(rows.keys() - truths.keys())[:5]:
                problems.append(f"{table} {left}: in the database, not at the service")
            for key in truths.keys() & rows.keys():
                for difference in differences(table, truths[key], rows[key], columns):
                    problems.append(f"{table} {key}: {difference}")
    return problems
