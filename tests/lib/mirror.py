# SPDX-License-Identifier: Apache-2.0
"""mirror.py - is the local database what the service holds? An oracle that shares nothing with the C but the documented contract.

check_mirror() compares every listed row of the simulator's truth with the database, field by field: scalars in columns of the same name, objects and
arrays as JSON text, timestamps in the fixed form, booleans as 0/1, fields without a column in till_extra, credentials nowhere.
"""

import contextlib
import json
import re
import sqlite3

from sim import ROOT, TABLES

# Never stored, at any depth.
CREDENTIAL_KEYS = {"client_secret", "guild_token"}
DROPPED = {"checkouts": {"client_secret", "url", "payment_processor_metadata"}}
# What says most about a row.
TELLING = ("created_at", "started_at", "timestamp", "status", "name", "email")
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


def row_changes(home, table=None, row_id=None, after_id=0):
    """The history, oldest first, as dicts; of one table or one row when they are named."""
    sql, values = "SELECT * FROM row_changes WHERE id > ?", [after_id]
    for column, value in (("table_name", table), ("row_id", row_id)):
        if value is not None:
            sql += f" AND {column} = ?"
            values.append(value)
    with database(home) as connection:
        return [dict(row) for row in connection.execute(f"{sql} ORDER BY id", values)]


def columns_flagged(*flags):
    """table -> columns with one of these flags in src/model/tables.def."""
    found, table = {}, None
    for line in (ROOT / "src/model/tables.def").read_text().splitlines():
        if line.startswith("TABLE("):
            table = line[len("TABLE("):].split(",")[0]
            found[table] = set()
        elif line.strip().startswith("COLUMN(") and any(flag in line for flag in flags):
            found[table].add(line.strip()[len("COLUMN("):].split(",")[0])
    return found


def unrecorded_columns():
    """Columns that are not compared when a row is read again: copies of other objects' state, and what differs at each read."""
    return columns_flagged("COLUMN_EMBEDDED", "COLUMN_VOLATILE")


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


def embedded_columns():
    """Columns that hold copies of other objects: they are as fresh as the last read of the row."""
    found = columns_flagged("COLUMN_EMBEDDED")
    found["events"].add("external_customer_id")  # the customer's own, while the customer is there
    found["subscriptions"].add("prices")  # whole prices, as of now; which ones they are follows from the product
    return found


def first_difference(ours, theirs, path=""):
    """Where two values of JSON begin to differ, for people."""
    while type(ours) is type(theirs) and isinstance(ours, (dict, list)):
        keys = range(max(len(ours), len(theirs))) if isinstance(ours, list) else sorted({*ours, *theirs})
        pick = (lambda value, key: value[key] if key < len(value) else "nothing") if isinstance(ours, list) else (
            lambda value, key: value.get(key, "nothing"))
        key = next(key for key in keys if pick(ours, key) != pick(theirs, key))
        ours, theirs, path = pick(ours, key), pick(theirs, key), f"{path}.{key}"
    return f"{path}: the database has {ours!r}, the service {theirs!r}"


def is_plainly_equal(value, raw):
    """Equal at first sight, and without anything that may hold a credential: a short cut, most values are."""
    if isinstance(raw, str) and any(word in raw for word in ("polar_c_", *CREDENTIAL_KEYS)):
        return False
    if isinstance(value, (dict, list)):
        return isinstance(raw, str) and json.loads(raw) == value
    return type(value) is type(raw) and value == raw


def differences(table, truth, row, columns, ignored=(), with_extra=True):
    extra = json.loads(row["till_extra"]) if row["till_extra"] else {}
    for key, value in truth.items():
        if key in DROPPED.get(table, ()) or key in CREDENTIAL_KEYS:
            if key in columns or key in extra:
                yield f"{key}: a credential was stored"
            continue
        if key in VOLATILE or key in ignored:
            continue
        if key not in columns:
            if with_extra and stored(extra.get(key, "absent")) != clean(value):
                yield f"{key}: till_extra has {extra.get(key, 'nothing')!r}, the service {value!r}"
            continue
        raw = row[key]
        if is_plainly_equal(value, raw):
            continue
        wanted = clean(column_value(value, columns[key], raw))
        got = json.loads(raw) if isinstance(value, (dict, list)) and raw is not None else raw
        if stored(got) != wanted:
            yield first_difference(stored(got), wanted, key)


def check_mirror(sim, home, tables=TABLES, env="production", copies=True, organization_id=None, agreed=None, events_since=""):
    """A list of sentences; empty when the mirror equals the service.

    copies=False: copies of other objects inside rows are not compared. organization_id: of a database that holds several.
    events_since: events from before this moment may be missing, as far as the caller is concerned.
    agreed: a dict that is kept from call to call, so that what agreed then and has not moved since is not compared again."""
    problems = []
    agreed = {} if agreed is None else agreed
    embedded = {} if copies else embedded_columns()
    with database(home) as connection:
        for table in tables:
            columns = {row["name"]: row["type"] for row in connection.execute(f"PRAGMA table_info({table})")}
            of_one = " AND organization_id = ?" if organization_id else ""
            rows = {row["id"]: row for row in connection.execute(
                f"SELECT * FROM {table} WHERE till_deleted_at IS NULL{of_one}", (organization_id,) if organization_id else ())}
            truths, same = {}, set()
            for line in sim.row_lines(table, env=env):
                key, stored_then = agreed.get((copies, line), (None, None))
                if key in rows and tuple(rows[key]) == stored_then:
                    same.add(key)
                    truths[key] = None
                    continue
                truth = json.loads(line)
                if table == "events" and truth["source"] != "system":
                    continue
                if table == "events" and truth["id"] not in rows and fixed_timestamp(truth["timestamp"]) < events_since:
                    continue
                truths[truth["id"]] = (truth, line)
            for missing in sorted(truths.keys() - rows.keys())[:5]:
                told = {key: value for key, value in truths[missing][0].items() if key in TELLING}
                problems.append(f"{table} {missing}: not in the database: {told}")
            for left in sorted(rows.keys() - truths.keys())[:5]:
                problems.append(f"{table} {left}: in the database, not at the service")
            for key in (truths.keys() & rows.keys()) - same:
                truth, line = truths[key]
                found = list(differences(table, truth, rows[key], columns, embedded.get(table, ()), copies))
                problems += [f"{table} {key}: {difference}" for difference in found]
                if not found:
                    agreed[copies, line] = (key, tuple(rows[key]))
    return problems
