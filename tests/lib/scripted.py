# SPDX-License-Identifier: Apache-2.0
"""scripted.py - a loopback Polar whose every answer a test decides: rows as plain dicts, and hooks that act between two page reads.

The simulator answers as Polar does; this one answers as a test needs it at one exact moment (a row that leaves between page 2 and page 3, a list that
ignores its page number, an answer that is not HTTP). It knows lists with page and limit in the order of the rows, and /v1/TABLE/{id}.
"""

import http.server
import json
import random
import threading
import urllib.parse
import uuid

from sim import TABLES

ORGANIZATION = "0f8fad5b-d9cb-469f-a165-70867728950e"


def new_id(chance):
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def new_token(seed):
    """A token of the right shape (its checksum may be wrong, which only warns)."""
    chance = random.Random(seed)
    return "polar_oat_" + "".join(chance.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(43))


def customer(number, chance, organization=ORGANIZATION, **fields):
    return {"id": new_id(chance), "created_at": f"2025-01-01T00:00:00.{number:06d}Z", "email": f"{number}@example.com", "name": None,
            "organization_id": organization, **fields}


def customers(count, seed=1, organization=ORGANIZATION):
    chance = random.Random(seed)
    return [customer(number, chance, organization) for number in range(count)]


def organization_row(organization=ORGANIZATION, **fields):
    return {"id": organization, "created_at": "2025-01-01T00:00:00Z", "name": "Scripted", "slug": "scripted", **fields}


class Scripted:
    """with Scripted(customers=customers(300)) as polar: ...

    polar.tables: table -> list of rows, which hooks may change. before(table, page, limit): called before each list answer, under a lock.
    answer(handler, table, page): may write a whole answer of its own and give True."""

    def __init__(self, organization=ORGANIZATION, **tables):
        self.tables = {table: [] for table in (*TABLES, "events")}
        self.tables["organizations"] = [organization_row(organization)]
        self.tables.update(tables)
        self.before = None
        self.answer = None
        self.total = None  # a lie to tell instead of the count
        self.gone = set()  # ids that /v1/TABLE/{id} does not know although listed
        self.hidden = {}  # id -> row that only /v1/TABLE/{id} knows
        self.requests = []
        self.tokens = set()  # Authorization lines seen
        self.lock = threading.RLock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go out in two writes

            def do_GET(self):
                outer.serve(self)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *arguments: None  # clients are killed on purpose
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.server.shutdown()
        self.server.server_close()

    def ids(self, table):
        return {row["id"] for row in self.tables[table]}

    def serve(self, handler):
        address = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        parts = [part for part in address.path.split("/") if part]
        with self.lock:
            self.requests.append(handler.path)
            self.tokens.add(handler.headers.get("Authorization"))
            table = parts[1] if len(parts) > 1 else ""
            if table not in self.tables:
                return self.send(handler, {"detail": "Not Found"}, 404)
            if len(parts) == 3:
                return self.one(handler, table, parts[2])
            page, limit = int(query.get("page", 1)), int(query.get("limit", 10))
            if self.before and limit > 1:
                self.before(table, page, limit)
            if self.answer and self.answer(handler, table, page):
                return None
            return self.page(handler, table, page, limit)

    def page(self, handler, table, page, limit):
        rows = self.tables[table]
        total = len(rows) if self.total is None else self.total
        return self.send(handler, {"items": rows[(page - 1) * limit:page * limit],
                                   "pagination": {"total_count": total, "max_page": -(-total // limit)}})

    def one(self, handler, table, row_id):
        for row in self.tables[table]:
            if row["id"] == row_id and row_id not in self.gone:
                return self.send(handler, row)
        if row_id in self.hidden:
            return self.send(handler, self.hidden[row_id])
        return self.send(handler, {"error": "ResourceNotFound", "detail": "Not found"}, 404)

    @staticmethod
    def send(handler, body, status=200, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("Polar-Version", "2026-10")
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
