#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The vault against a real gnome-keyring-daemon, on a session bus, in a home and with files of its own.

Each case starts its own dbus-daemon (and, unless the case is about its absence, its own keyring), so that nothing of the person who runs the
tests is touched. The vault is driven through vault_probe, once per action: what survives is what the keyring keeps.
Needs the packages gnome-keyring, dbus-daemon and dbus-bin; a missing one is a failure, not a skip.
"""

import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PROBE = os.path.join(os.environ["TILL_BUILD"], "unit", "vault_probe")
TOOLS = ("gnome-keyring-daemon", "dbus-daemon", "dbus-send")
PASSWORD = secrets.token_hex(8)
BOUND_S = 10  # no action may take longer when nobody answers
CONFIG = 3    # till's exit status

# A bus that starts none of the machine's services by itself, so that "nobody answers" can be arranged.
QUIET_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={folder}</listen><servicedir>{folder}</servicedir><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


def until(condition, what, wait_s=15):
    """Polls until condition() is true."""
    end = time.monotonic() + wait_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {wait_s} s")
        time.sleep(0.02)


class Desktop:
    """A private home, bus and keyring."""

    def __init__(self, keyring="unlocked", bus="quiet", prompter=None):
        for tool in TOOLS:
            if not shutil.which(tool):
                raise AssertionError(f"{tool} is missing: install gnome-keyring, dbus-daemon and dbus-bin")
        self.stack = contextlib.ExitStack()
        # Short: a socket's path has room for 107 bytes.
        self.home = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="till-", dir="/tmp")))
        self.env = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        self.env["LSAN_OPTIONS"] = "print_suppressions=0"  # its report is not what the program says
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        for name, folder in (("XDG_RUNTIME_DIR", "run"), ("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"),
                             ("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state")):
            (self.home / folder).mkdir(mode=0o700)
            self.env[name] = str(self.home / folder)
        self.keyring = None
        if prompter:
            (self.home / "run" / "prompter.service").write_text(
                f"[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\nExec={prompter}\n")
        try:
            self.start_bus(bus)
            if keyring:
                self.start_keyring(keyring)
        except BaseException:
            self.close()
            raise

    def start(self, command, **more):
        process = subprocess.Popen(command, env=self.env, stderr=subprocess.DEVNULL, **more)
        self.stack.callback(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()

    def start_bus(self, kind):
        choice = "--session"
        if kind == "quiet":
            config = self.home / "bus.conf"
            config.write_text(QUIET_BUS.format(folder=self.env["XDG_RUNTIME_DIR"]))
            choice = f"--config-file={config}"
        self.bus = self.start(["dbus-daemon", choice, "--nofork", "--print-address=1"], stdout=subprocess.PIPE, text=True)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self.bus.stdout.readline().strip()

    def start_keyring(self, kind):
        # A login with a password makes the default collection; a daemon that nobody logged in to has none.
        unlock = ["--unlock"] if kind == "unlocked" else []
        self.keyring = self.start(["gnome-keyring-daemon", "--foreground", "--components=secrets", *unlock],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        if unlock:
            self.keyring.stdin.write(PASSWORD.encode())
        self.keyring.stdin.close()
        until(lambda: self.has_owner("org.freedesktop.secrets"), "the keyring's arrival on the bus")

    def has_owner(self, name):
        answer = self.send("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                           f"string:{name}")
        return "boolean true" in answer.stdout

    def send(self, to, path, method, *arguments):
        return subprocess.run(["dbus-send", "--session", "--print-reply", f"--dest={to}", path, method, *arguments],
                              env=self.env, capture_output=True, text=True, timeout=BOUND_S, check=False)

    def lock(self):
        answer = self.send("org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock",
                           "array:objpath:/org/freedesktop/secrets/collection/login")
        if answer.returncode:
            raise AssertionError(answer.stderr)

    def probe(self, action, name="", secret="", profile="/home/one", place="auto", env=None):
        """Runs one action; the answer also has .seconds."""
        begin = time.monotonic()
        answer = subprocess.run([PROBE, place, str(self.home / "till"), profile, action, name], input=secret.encode(),
                                env=self.env | (env or {}), capture_output=True, timeout=60, check=False)
        answer.seconds = time.monotonic() - begin
        answer.out, answer.err = answer.stdout.decode(), answer.stderr.decode()
        return answer

    def close(self):
        self.stack.close()


class SecretService(unittest.TestCase):
    """A keyring that works."""

    def setUp(self):
        self.desktop = Desktop()
        self.addCleanup(self.desktop.close)

    def ok(self, *arguments, **more):
        answer = self.desktop.probe(*arguments, **more)
        self.assertEqual(answer.returncode, 0, answer.err)
        self.assertEqual(answer.err, "")
        return answer.out

    def absent(self, *arguments, **more):
        answer = self.desktop.probe(*arguments, **more)
        self.assertEqual((answer.returncode, answer.out, answer.err), (1, "", ""))

    def items(self):
        answer = self.desktop.send("org.freedesktop.secrets", "/org/freedesktop/secrets",
                                   "org.freedesktop.Secret.Service.SearchItems", "dict:string:string:service,till")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout.count("object path")

    def test_put_get_replace_remove(self):
        first, second = secrets.token_hex(20), secrets.token_hex(30)
        self.absent("get", "polar")
        self.absent("remove", "polar")
        self.ok("put", "polar", first)
        self.assertEqual(self.ok("get", "polar"), first)
        self.ok("put", "polar", second)
        self.assertEqual(self.ok("get", "polar"), second)
        self.assertEqual(self.items(), 1, "replacing leaves one item")
        self.ok("remove", "polar")
        self.absent("get", "polar")
        self.assertEqual(self.items(), 0)
        self.assertFalse((self.desktop.home / "till").exists(), "the sealed file's folder is not touched")

    def test_names_and_profiles_are_apart(self):
        self.ok("put", "polar", "one", profile="/home/one")
        self.ok("put", "polar", "two", profile="/home/two")
        self.ok("put", "polar:shop2", "three", profile="/home/one")
        self.assertEqual(self.ok("get", "polar", profile="/home/one"), "one")
        self.assertEqual(self.ok("get", "polar", profile="/home/two"), "two")
        self.assertEqual(self.ok("get", "polar:shop2", profile="/home/one"), "three")
        self.absent("get", "polar:shop2", profile="/home/two")
        self.ok("remove", "polar", profile="/home/one")
        self.absent("get", "polar", profile="/home/one")
        self.assertEqual(self.ok("get", "polar", profile="/home/two"), "two")

    def test_secret_bytes_come_back_as_they_were(self):
        for secret in ("x", "x" * 512, "line\nline\n", "naïve ☃", " spaces "):
            self.ok("put", "polar", secret)
            self.assertEqual(self.ok("get", "polar"), secret)

    def test_nothing_in_the_clear(self):
        secret = secrets.token_hex(20)
        self.ok("put", "polar", secret)
        files = [path for path in self.desktop.home.rglob("*") if path.is_file()]
        self.assertTrue(any(path.suffix == ".keyring" for path in files), files)
        for path in files:
            content = path.read_bytes()
            self.assertNotIn(secret.encode(), content, path)
            self.assertNotIn(bytes.fromhex(secret), content, path)

    def test_says_where_and_what_it_protects(self):
        place, source, text = self.ok("describe").split("|")
        self.assertEqual((place, source), ("secret-service", "0"))
        self.assertIn("desktop keyring", text)
        self.assertIn("no protection from programs that run as you", text)

    def test_bus_is_found_in_the_runtime_folder(self):
        address = self.desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        socket = address.split("unix:path=")[1].split(",")[0]
        (pathlib.Path(self.desktop.env["XDG_RUNTIME_DIR"]) / "bus").symlink_to(socket)
        del self.desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        place, _, _ = self.ok("describe").split("|")
        self.assertEqual(place, "secret-service")
        place, _, _ = self.ok("describe", env={"DBUS_SESSION_BUS_ADDRESS": ""}).split("|")
        self.assertEqual(place, "file", "an empty address says that there is none")

    def test_libsecret_s_own_file_is_not_used(self):
        self.ok("put", "polar", "x", env={"SECRET_BACKEND": "file", "SECRET_FILE_TEST_PATH": str(self.desktop.home / "leak")})
        self.assertEqual(self.ok("get", "polar"), "x")
        self.assertEqual(self.items(), 1)

    def test_survives_a_restart_of_the_keyring(self):
        secret = secrets.token_hex(20)
        self.ok("put", "polar", secret)
        self.desktop.stop(self.desktop.keyring)
        self.desktop.start_keyring("unlocked")
        self.assertEqual(self.ok("get", "polar"), secret)


class Refusals(unittest.TestCase):
    """Keyrings that do not work: an error with a way out, in bounded time, and no file."""

    def refused(self, desktop, text, *arguments, **more):
        answer = desktop.probe(*arguments, **more)
        self.assertEqual(answer.returncode, CONFIG, answer.err)
        self.assertIn(text, answer.err)
        self.assertIn("TILL_KEYRING=file", answer.err)
        self.assertLess(answer.seconds, BOUND_S)
        self.assertFalse((desktop.home / "till").exists(), "no silent fallback")
        return answer

    def desktop(self, **more):
        desktop = Desktop(**more)
        self.addCleanup(desktop.close)
        return desktop

    def test_locked(self):
        for bus in ("quiet", "standard"):
            with self.subTest(bus=bus):
                desktop = self.desktop(bus=bus)
                self.assertEqual(desktop.probe("put", "polar", "x").returncode, 0)
                desktop.lock()
                self.refused(desktop, "is locked", "get", "polar")
                self.refused(desktop, "is locked", "put", "polar", "y")
                self.refused(desktop, "is locked", "remove", "polar")

    def test_locked_and_the_prompt_never_ends(self):
        desktop = self.desktop(prompter="/bin/sleep 20")  # started by the bus, and never heard of again
        self.assertEqual(desktop.probe("put", "polar", "x").returncode, 0)
        desktop.lock()
        answer = self.refused(desktop, "is locked", "get", "polar")
        self.assertGreater(answer.seconds, 5)

    def test_no_default_collection(self):
        desktop = self.desktop(keyring="empty")
        for place in ("auto", "secret-service"):
            self.refused(desktop, "no default collection", "put", "polar", "x", place=place)

    def test_no_service(self):
        desktop = self.desktop(keyring=None)
        for place in ("auto", "secret-service"):
            self.refused(desktop, "no keyring service", "get", "polar", place=place)

    def test_service_that_hangs(self):
        desktop = self.desktop()
        desktop.keyring.send_signal(signal.SIGSTOP)
        answer = self.refused(desktop, "did not answer", "get", "polar")
        self.assertGreater(answer.seconds, 5, "slow machines get some time")

    def test_service_that_hangs_later(self):
        desktop = self.desktop()
        with subprocess.Popen([PROBE, "auto", "/nonexistent", "/home/one", "hold", "polar"], env=desktop.env, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as probe:
            self.assertEqual(probe.stdout.readline(), "open\n")
            desktop.keyring.send_signal(signal.SIGSTOP)
            begin = time.monotonic()
            _, err = probe.communicate("\n", timeout=60)
            self.assertLess(time.monotonic() - begin, BOUND_S)
            self.assertEqual(probe.returncode, CONFIG, err)
            self.assertIn("did not answer", err)

    def test_bus_that_goes_away(self):
        desktop = self.desktop()
        with subprocess.Popen([PROBE, "auto", "/nonexistent", "/home/one", "hold", "polar"], env=desktop.env, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as probe:
            self.assertEqual(probe.stdout.readline(), "open\n")
            desktop.stop(desktop.bus)
            time.sleep(0.2)
            _, err = probe.communicate("\n", timeout=60)
            self.assertEqual(probe.returncode, CONFIG, "an error, not the end of the process: " + err)
            self.assertIn("TILL_KEYRING=file", err)

    def test_dead_bus(self):
        desktop = self.desktop()
        desktop.stop(desktop.bus)
        self.refused(desktop, "could not reach the session bus", "get", "polar")


class NoBus(unittest.TestCase):
    """A headless machine."""

    def setUp(self):
        self.desktop = Desktop(keyring=None)
        self.addCleanup(self.desktop.close)
        del self.desktop.env["DBUS_SESSION_BUS_ADDRESS"]

    def test_auto_is_the_sealed_file_and_says_so(self):
        self.assertEqual(self.desktop.probe("put", "polar", "x").returncode, 0)
        self.assertEqual(self.desktop.probe("get", "polar").out, "x")
        self.assertTrue((self.desktop.home / "till" / "secrets.sealed").exists())
        place, _, text = self.desktop.probe("describe").out.split("|")
        self.assertEqual(place, "file")
        self.assertIn("there is no session bus", text)

    def test_secret_service_is_an_error(self):
        answer = self.desktop.probe("put", "polar", "x", place="secret-service")
        self.assertEqual(answer.returncode, CONFIG)
        self.assertIn("there is no session bus", answer.err)
        self.assertIn("TILL_KEYRING=file", answer.err)
        self.assertFalse((self.desktop.home / "till").exists())


if __name__ == "__main__":
    unittest.main()
