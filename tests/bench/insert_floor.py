# SPDX-License-Identifier: Apache-2.0
"""insert_floor.py - the least that storing rows can cost: rows that lie decoded in memory, inserted into a new file by SQLite itself.

    insert_floor.py SOURCE TABLE TARGET

Copies a table of the database SOURCE into memory, then times INSERT ... SELECT from there into TARGET, a new file with the table's own
definition and indexes, in write-ahead mode. No row passes through Python. Prints {"rows", "wall_s", "cpu_s"} of the inserting alone.
"""

import json
import sqlite3
import sys
import time

ROWS_IN_TRANSACTION = 10000


def definition(source, table):
    """The statements that make the table and its indexes."""
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as connection:
        found = connection.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type = 'index'", (table,)
        )
        return [sql for (sql,) in found]


def main(source, table, target):
    made = sqlite3.connect(target)
    made.execute("PRAGMA journal_mode = WAL")
    for sql in definition(source, table):
        made.execute(sql)
    made.commit()
    made.close()

    memory = sqlite3.connect(":memory:", isolation_level=None)
    memory.execute("PRAGMA temp_store = MEMORY")
    memory.execute("ATTACH ? AS source", (source,))
    memory.execute(f'CREATE TABLE rows AS SELECT * FROM source."{table}" ORDER BY rowid')
    memory.execute("DETACH source")
    last = memory.execute("SELECT max(rowid) FROM rows").fetchone()[0] or 0
    memory.execute("ATTACH ? AS target", (target,))
    memory.execute("PRAGMA target.synchronous = NORMAL")

    wall, cpu = time.perf_counter(), time.process_time()
    for first in range(1, last + 1, ROWS_IN_TRANSACTION):
        memory.execute(
            f'INSERT INTO target."{table}" SELECT * FROM rows WHERE rowid BETWEEN ? AND ?',
            (first, first + ROWS_IN_TRANSACTION - 1),
        )
    print(json.dumps({"rows": last, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}))
    memory.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
