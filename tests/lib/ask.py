# SPDX-License-Identifier: Apache-2.0
"""ask.py - questions to the API without a server, through the test program api-ask."""

import json
import os
import pathlib
import subprocess
import urllib.parse

from sim import clean_environment, till_path


class Refused(Exception):
    """An answer other than 200: status, and the error's class, text and hint."""

    def __init__(self, status, error):
        super().__init__(f"{status} {error}")
        self.status, self.kind, self.text, self.hint = status, error["class"], error["text"], error["hint"] or ""


class Ask:
    """Asks over the database of a home. Use as a context manager, or call close()."""

    def __init__(self, home, zone="UTC", now_us=None):
        program = os.environ.get("TILL_API_ASK") or pathlib.Path(till_path()).with_name("api-ask")
        command = [str(program), f"{home}/till.db", zone] + ([str(now_us)] if now_us is not None else [])
        self._process = subprocess.Popen(command, env=clean_environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.cpu_us = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self._process.stdin.close()
        status = self._process.wait(60)
        self._process.stdout.close()
        if status != 0:
            raise AssertionError(f"api-ask ended with status {status}")

    def raw(self, path, query="", method="GET", body=""):
        """(status, bytes); query: urlencoded text."""
        line = f"{method}\t{path}\t{query}\t{urllib.parse.quote(body)}\n"
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        status, size, cpu_us = map(int, self._process.stdout.readline().split())
        self.cpu_us = cpu_us
        return status, self._process.stdout.read(size)

    def __call__(self, path, method="GET", body="", **parameters):
        """The parsed answer of /api/PATH. from_=... asks for from=...; lists repeat."""
        pairs = {name.rstrip("_"): value for name, value in parameters.items() if value is not None}
        status, text = self.raw(f"/api/{path}", urllib.parse.urlencode(pairs, doseq=True), method, body)
        answer = json.loads(text)
        if status != 200:
            raise Refused(status, answer["error"])
        return answer

    def refused(self, path, **parameters):
        """The refusal of a question that must not be answered."""
        try:
            answer = self(path, **parameters)
        except Refused as refusal:
            return refusal
        raise AssertionError(f"{path} {parameters} was answered: {str(answer)[:200]}")
