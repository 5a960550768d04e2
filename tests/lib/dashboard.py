# SPDX-License-Identifier: Apache-2.0
"""dashboard.py - till serve in the background, asked as a page asks, or byte by byte as somebody hostile does.

    with Dashboard(home) as dashboard:
        state = dashboard.get("/api/state").json()
        job = dashboard.work("/api/sync", full=1)
        with dashboard.events() as events:
            events.wait("changed")
"""

import collections
import http.client
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time
import urllib.parse

from sim import clean_environment, kill_till, till_path, wait_for

START_TIMEOUT_S = 60
JOB_TIMEOUT_S = 120


class Answer(collections.namedtuple("Answer", "status headers body")):
    def json(self):
        return json.loads(self.body)

    def error(self):
        return self.json()["error"]


class Events:
    """One open stream: events as (name, data)."""

    def __init__(self, dashboard):
        self.socket = socket.create_connection((dashboard.host, dashboard.port), timeout=30)
        self.socket.sendall(f"GET /api/events HTTP/1.1\r\nHost: {dashboard.authority}\r\nAuthorization: Bearer {dashboard.token}\r\n\r\n".encode())
        self.text = b""
        self.head = self._until(b"\r\n\r\n").decode()
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def _until(self, mark, deadline=None):
        while mark not in self.text:
            if deadline is not None and time.monotonic() > deadline:
                return None
            if not select.select([self.socket], [], [], 0.02)[0]:
                continue
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("the stream ended")
            self.text += got
        part, _, self.text = self.text.partition(mark)
        return part

    def next(self, timeout=30):
        """The next event, or None; chunk sizes are lines of their own and ignored."""
        deadline = time.monotonic() + timeout
        while True:
            part = self._until(b"\n\n", deadline)
            if part is None:
                return None
            fields = dict(line.split(": ", 1) for line in part.decode().replace("\r", "").split("\n") if ": " in line and not line.startswith(":"))
            if "event" in fields:
                event = (fields["event"], json.loads(fields["data"]))
                self.seen.append(event)
                return event

    def wait(self, name, timeout=30, condition=lambda data: True):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            event = self.next(deadline - time.monotonic())
            if event and event[0] == name and condition(event[1]):
                return event[1]
        raise AssertionError(f"no event {name} within {timeout} s; there were {self.seen}")


class Dashboard:
    """A running till serve. no_watch: it starts no till watch (the default: most tests want a database that stands still)."""

    def __init__(self, home, args=(), env=None, no_watch=True, port=0):
        self.home = str(home)
        self.args = ["serve", "--port", str(port), "--json", *(["--no-watch"] if no_watch else []), *args]
        self.env = {"TILL_RATE": "max", **(env or {})}

    def __enter__(self):
        self.process = subprocess.Popen([till_path(), *map(str, self.args)], env=clean_environment(self.home, self.env), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        ready, _, _ = select.select([self.process.stdout], [], [], START_TIMEOUT_S)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            _, said = kill_till(self.process)
            raise AssertionError(f"till serve did not start: {said.decode()}")
        hello = json.loads(line)
        self.url, self.token = hello["url"], hello["token"]
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port, self.authority = parts.hostname, parts.port, parts.netloc
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.stop()

    def stop(self, how=signal.SIGTERM):
        """Gives the exit status and what was said."""
        out, said = kill_till(self.process, how)
        return self.process.returncode, out.decode() + said.decode()

    # ---- as a page

    def connect(self, timeout=60):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, target, body=None, headers=None, connection=None, session=True):
        fields = {"Authorization": f"Bearer {self.token}"} if session else {}
        if method not in ("GET", "HEAD"):
            fields["X-Till"] = "page"
        fields.update(headers or {})
        own = connection or self.connect()
        try:
            own.request(method, target, body=body, headers={name: value for name, value in fields.items() if value is not None})
            answer = own.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            if connection is None:
                own.close()

    def get(self, target, **options):
        return self.ask("GET", target, **options)

    def post(self, target, pairs=(), **options):
        body = urllib.parse.urlencode(pairs if isinstance(pairs, (list, tuple)) else list(pairs.items()))
        headers = {"Content-Type": "application/x-www-form-urlencoded", **options.pop("headers", {})}
        return self.ask("POST", target, body=body, headers=headers, **options)

    def query(self, sql, **parameters):
        target = "/api/query" + ("?" + urllib.parse.urlencode(parameters) if parameters else "")
        return self.ask("POST", target, body=sql.encode(), headers={"Content-Type": "text/plain"})

    def job(self, number):
        return self.get(f"/api/jobs?id={number}").json()

    def work(self, target, pairs=(), method="POST"):
        """Asks for a job and waits for its end; gives it."""
        answer = self.post(target, pairs) if method == "POST" else self.ask(method, target)
        if answer.status != 202:
            raise AssertionError(f"{target}: {answer.status} {answer.body!r}")
        number = answer.json()["job"]
        wait_for(lambda: self.job(number)["state"] != "running", f"the end of {target}", JOB_TIMEOUT_S)
        return self.job(number)

    def events(self):
        return Events(self)

    # ---- as somebody hostile

    def raw(self, text, timeout=20, close=True):
        """Sends bytes as they are, reads to the end; gives the bytes."""
        with socket.create_connection((self.host, self.port), timeout=timeout) as stream:
            try:
                stream.sendall(text if isinstance(text, bytes) else text.encode())
                if close:
                    stream.shutdown(socket.SHUT_WR)
            except OSError:  # it has answered and closed before all was sent
                pass
            said = b""
            try:
                while got := stream.recv(65536):
                    said += got
            except OSError:
                pass
            return said

    def head(self, method, target, *lines, host=None, session=True):
        """The bytes of a request without a body; host "" leaves the header out."""
        fields = [f"Host: {self.authority if host is None else host}"] if host != "" else []
        if session:
            fields.append(f"Authorization: Bearer {self.token}")
        return "\r\n".join([f"{method} {target} HTTP/1.1", *fields, "Connection: close", *lines, "", ""])

    def status(self, method, target, *lines, **options):
        """Only the status of such a request; 0 when the connection was closed without one."""
        said = self.raw(self.head(method, target, *lines, **options), close=False)
        return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/1.") else 0

    # ---- from outside

    def children(self):
        """Process ids of everything that it started."""
        found = []
        for folder in pathlib.Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == self.process.pid:
                found.append(int(folder.name))
        return found


def is_alive(pid):
    """Whether a process runs (one that has ended and was not collected does not)."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def open_places(pid):
    """What a process has open, as far as we may see."""
    try:
        return [os.readlink(place) for place in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []
