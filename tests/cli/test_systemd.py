# SPDX-License-Identifier: Apache-2.0
"""The systemd units: they name commands and options that till has, systemd finds nothing wrong with them, and they give no more authority than is needed."""

import configparser
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from sim import ROOT, kill_till, run_till, start_till, till_path  # noqa: E402

SERVICES = ("till-serve.service", "till-watch.service", "till-sync.service")


class Units(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="till-test-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        for path in (ROOT / "systemd").iterdir():
            text = path.read_text().replace("@TILL_PROGRAM@", till_path())
            self.assertNotRegex(text, r"(?m)^[^#]*@[A-Z_]+@")
            (self.folder / path.name.removesuffix(".in")).write_text(text)

    def unit(self, name):
        parser = configparser.RawConfigParser(strict=True, delimiters=("=",), comment_prefixes=("#",))
        parser.optionxform = str
        parser.read_string((self.folder / name).read_text())
        return parser

    def test_they_start_what_till_has(self):
        for name in SERVICES:
            program, command, *options = self.unit(name)["Service"]["ExecStart"].split()
            self.assertEqual(program, till_path())
            self.assertEqual(run_till(["help", command]).returncode, 0, name)
            self.assertEqual(options, ["--quiet"] if command == "serve" else [])

    def test_hardening(self):
        for name in SERVICES:
            service = self.unit(name)["Service"]
            for key, value in {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes", "LimitCORE": "0",
                               "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX"}.items():
                self.assertEqual(service[key], value, name)
            for path in service["ReadWritePaths"].split():
                self.assertRegex(path, r"^-%h/\.(local/share|config)/till$")
            self.assertIn("MemoryMax", service)

    def test_restarts_end_where_they_cannot_help(self):
        with tempfile.TemporaryDirectory() as home, socket.create_server(("127.0.0.1", 0)) as taken:
            for name, args in (("till-watch.service", ["watch"]), ("till-serve.service", ["serve", "--quiet", "--port", taken.getsockname()[1]])):
                service = self.unit(name)["Service"]
                self.assertEqual((service["Type"], service["Restart"]), ("exec", "on-failure"))
                self.assertIn(str(run_till(args, home=home).returncode), service["RestartPreventExitStatus"].split(), name)

    def test_only_one_of_them_syncs(self):
        self.assertEqual(set(self.unit("till-serve.service")["Unit"]["Conflicts"].split()), {"till-watch.service", "till-sync.timer"})

    def test_no_key_in_the_journal(self):
        process = start_till([*self.unit("till-serve.service")["Service"]["ExecStart"].split()[1:], "--port", "0", "--no-watch"], self.folder)
        try:
            line = process.stdout.readline().decode()
        finally:
            _, said = kill_till(process, signal.SIGTERM)
        key = (self.folder / "serve-token").read_text().strip()
        self.assertIn("http://127.0.0.1:", line)
        self.assertGreater(len(key), 16)
        self.assertNotIn(key, line + said.decode())

    def test_the_timer(self):
        timer = self.unit("till-sync.timer")["Timer"]
        self.assertEqual(timer["Persistent"], "true")
        self.assertTrue(re.fullmatch(r"\d+", timer["RandomizedDelaySec"]))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_systemd_finds_nothing_wrong(self):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "SYSTEMD_LOG_LEVEL": "warning",
                       "MANPATH": str(self.folder)}
        for name in (*SERVICES, "till-sync.timer"):
            result = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", str(self.folder / name)],
                                    capture_output=True, text=True, timeout=60, env=environment)
            self.assertEqual((result.returncode, result.stderr.strip()), (0, ""), name)


if __name__ == "__main__":
    unittest.main()
