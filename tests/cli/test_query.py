# SPDX-License-Identifier: Apache-2.0
"""query and export: limits, hostile statements, streaming, broken pipes; the database file read by others, spoilt, full and forbidden."""

import contextlib
import csv
import hashlib
import io
import json
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from mirror import check_mirror, database, integrity  # noqa: E402
from sim import TABLES, Sim, clean_environment, processor_seconds, run_till, start_till, till_path, wait_for  # noqa: E402

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
NOBODY = 65534


def many(rows):
    return f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT {rows}) SELECT n, hex(zeroblob(40)) AS filler FROM c"


class MirrorCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=400, seed=6).start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        cls.connect(cls.home)
        cls.till("sync", check=True)

    @classmethod
    def connect(cls, home):
        run_till(["connect", "polar", "--api-url", cls.sim.production.url, "--token-stdin"], home=home,
                 input=cls.sim.production.tokens["read"], env={"TILL_RATE": "max"}, check=True)

    @classmethod
    def till(cls, *args, **options):
        return run_till(args, home=options.pop("home", cls.home), env={"TILL_RATE": "max", **options.pop("env", {})}, **options)

    def copy(self):
        """A home of one's own, to spoil."""
        home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, home, True)
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        return pathlib.Path(home)


class Limits(MirrorCase):
    def test_timeout(self):
        started = time.monotonic()
        result = self.till("query", ENDLESS, "--timeout", "300ms")
        self.assertEqual(result.returncode, 10, result.stderr)
        self.assertIn("--timeout", result.stderr)
        self.assertLess(time.monotonic() - started, 5)

    def test_timeout_by_setting(self):
        self.assertEqual(self.till("query", ENDLESS, env={"TILL_QUERY_TIMEOUT": "200ms"}).returncode, 10)

    def test_row_limit(self):
        result = self.till("query", many(5000), "--limit", "7", "--format", "csv")
        self.assertEqual((result.returncode, result.stdout.count("\n")), (0, 8))
        self.assertIn("only the first 7 rows", result.stderr)
        self.assertEqual(self.till("query", many(5000), "--limit", "7", "--quiet").stderr, "")
        self.assertEqual(self.till("query", many(5000)).stdout.count("\n"), 5001)
        self.assertEqual(self.till("query", many(50), "--limit", "50").stderr, "")
        self.assertEqual(self.till("query", many(50), env={"TILL_QUERY_ROWS": "3"}).stdout.count("\n"), 4)

    def test_ctrl_c(self):
        process = start_till(["query", ENDLESS, "--timeout", "0"], self.home)
        wait_for(lambda: processor_seconds(process) > 0.3, "the query's work")
        self.assertIsNone(process.poll())
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        self.assertEqual(process.returncode, 130)
        self.assertLess(time.monotonic() - started, 1)

    def test_memory_is_flat(self):
        cache = pathlib.Path(till_path()).parent / "CMakeCache.txt"
        if cache.exists() and "TILL_SANITIZE:STRING=\n" not in cache.read_text():
            self.skipTest("a sanitizer keeps what was freed")
        peaks = []
        for rows in (1000, 400000):
            child = subprocess.Popen([till_path(), "query", many(rows), "--timeout", "120s", "--format", "jsonl"],
                                     env=clean_environment(self.home), stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(child.returncode, 0)
            peaks.append(usage.ru_maxrss)
        self.assertLess(peaks[1], peaks[0] * 1.3, peaks)

    def test_a_table_that_is_too_large_says_what_to_do(self):
        result = self.till("query", many(600000), "--format", "table", "--timeout", "120s")
        self.assertEqual(result.returncode, 10)
        self.assertIn("csv", result.stderr)


class Hostile(MirrorCase):
    def test_statements_that_would_write_or_reach_out(self):
        before = self.fingerprint()
        for sql in ("DELETE FROM orders", "DROP TABLE orders", "UPDATE till_connections SET name = 'x'", "INSERT INTO orders (id) VALUES ('x')",
                    "CREATE TABLE x (y)", "CREATE TEMP TABLE x (y)", "ATTACH ':memory:' AS x", "DETACH main", "VACUUM", "VACUUM INTO '/tmp/x'",
                    "PRAGMA journal_mode = DELETE", "PRAGMA user_version = 99", "SELECT load_extension('x')", "SELECT writefile('/tmp/x', 'y')",
                    "SELECT readfile('/etc/passwd')", "REINDEX", "ANALYZE", "BEGIN IMMEDIATE", "SAVEPOINT x", "SELECT fts3_tokenizer('x', x'00')",
                    "WITH x AS (SELECT 1) DELETE FROM orders", "SELECT 1; DROP TABLE orders", "EXPLAIN DELETE FROM orders;;DELETE FROM orders",
                    "SELECT edit('x')", "REPLACE INTO orders (id) VALUES ('x')"):
            result = self.till("query", sql)
            with self.subTest(sql):
                self.assertIn(result.returncode, (2, 8), result.stdout + result.stderr)
                self.assertTrue(result.stderr)
        self.assertEqual(self.fingerprint(), before)

    def fingerprint(self):
        path = pathlib.Path(self.home) / "till.db"
        return path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()

    def test_reading_changes_nothing(self):
        before = self.fingerprint()
        for args in (["query", "SELECT count(*) FROM orders"], ["export", "orders"], ["status"], ["today"], ["tables"], ["config"]):
            self.assertEqual(self.till(*args).returncode, 0, args)
        self.assertEqual(self.fingerprint(), before)

    def test_bombs(self):
        for sql in ("SELECT zeroblob(2000000000)", "SELECT printf('%.*c', 1000000000, 'x')", "SELECT replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000)))",
                    "SELECT " + "NOT " * 5000 + "1", "SELECT " + ",".join(["1"] * 5000), "SELECT '" + "x" * 100, "\0", "--", ";;;"):
            if "\0" in sql:
                result = self.till("query", "-", input="SELECT 1\0")
            else:
                result = self.till("query", sql, "--timeout", "5s")
            with self.subTest(sql[:40]):
                self.assertIn(result.returncode, (2, 8, 9, 10), result.stderr[:300])

    def test_standard_input(self):
        result = self.till("query", "-", "--format", "csv", input="SELECT count(*) AS n\nFROM products -- all\n")
        self.assertEqual(result.stdout, f"n\n{self.sim.count('products')}\n", result.stderr)
        self.assertEqual(self.till("query", "-", input="").returncode, 2)
        self.assertEqual(self.till("query", "-", input="SELECT 1 -- " + "x" * (2 << 20)).returncode, 10)


class Streams(MirrorCase):
    def run_raw(self, args, **options):
        return subprocess.run([till_path(), *args], env=clean_environment(self.home), stderr=subprocess.PIPE, timeout=60, **options)

    def test_a_reader_that_leaves(self):
        for args in (["export", "orders"], ["query", many(100000)], ["export", "orders", "--json"], ["query", many(20000), "--format", "table"]):
            child = subprocess.Popen([till_path(), *args], env=clean_environment(self.home), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            child.stdout.readline()
            child.stdout.close()
            self.assertEqual(child.stderr.read(), b"", args)
            child.stderr.close()
            self.assertEqual(child.wait(30), 130, args)

    def test_a_full_disk_behind_standard_output(self):
        with open("/dev/full", "wb") as full:
            for args in (["export", "orders"], ["status"], ["help"], ["--version"], ["tables", "--json"]):
                result = self.run_raw(args, stdout=full)
                self.assertEqual(result.returncode, 3, args)
                self.assertIn(b"standard output", result.stderr)

    def test_closed_streams(self):
        def run(redirection, *args):
            command = f'exec "$0" "$@" {redirection}'
            return subprocess.run(
                ["sh", "-c", command, till_path(), *args], env=clean_environment(self.home), capture_output=True, timeout=60)
        before = hashlib.sha256((pathlib.Path(self.home) / "till.db").read_bytes()).hexdigest()
        self.assertEqual(run(">&-", "status").returncode, 3)
        self.assertEqual(run("2>&-", "status").returncode, 0)
        self.assertEqual(run("<&-", "status").returncode, 0)
        self.assertEqual(run("<&-", "query", "-").returncode, 3)
        self.assertEqual(run("<&- >&- 2>&-", "frob").returncode, 2)
        self.assertEqual(run("<&-", "connect", "polar", "--token-stdin").returncode, 3)
        self.assertEqual(before, hashlib.sha256((pathlib.Path(self.home) / "till.db").read_bytes()).hexdigest())

    def test_export_is_every_row(self):
        for table in TABLES:
            rows = list(csv.DictReader(io.StringIO(self.till("export", table, check=True).stdout)))
            self.assertEqual({row["id"] for row in rows}, {row["id"] for row in self.sim.rows(table)})
            lines = self.till("export", table, "--format", "jsonl", check=True).stdout.splitlines()
            self.assertEqual(len(lines), len(rows))
            self.assertEqual(len(json.loads(self.till("export", table, "--json", check=True).stdout)), len(rows))

    def test_every_view(self):
        with database(self.home) as connection:
            views = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view' AND name GLOB 'v_*'")]
        self.assertGreaterEqual(len(views), 3)
        for view in views:
            self.assertEqual(self.till("export", view, "--json").returncode, 0, view)
        self.assertEqual(self.till("export", "row_changes").returncode, 0)
        self.assertEqual(self.till("export", "v_nothing").returncode, 2)

    def test_a_locale_without_utf_8_and_dumb_terminals(self):
        for env in ({"LANG": "C"}, {"LANG": None, "LC_ALL": "POSIX"}, {"TERM": "dumb"}, {"HOME": None}, {"LANG": "xx_YY.nonsense"}):
            for args in (["tables", "--format", "table"], ["query", "SELECT '千代田' AS name", "--format", "table"], ["today"]):
                result = self.till(*args, env=env)
                self.assertEqual(result.returncode, 0, (env, args, result.stderr))
        plain = self.till("query", "SELECT 1 AS n", "--format", "table", env={"LANG": "C"}).stdout
        self.assertEqual(plain, "n\n-\n1\n")


class OtherReaders(MirrorCase):
    def test_while_a_sync_runs(self):
        home = self.copy()
        with Sim(orders=400, seed=6, latency_ms=20) as sim:
            run_till(["disconnect", "polar", "--purge"], home=home, check=True)
            run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=home, input=sim.production.tokens["read"],
                     env={"TILL_RATE": "max"}, check=True)
            process = start_till(["sync"], home, {"TILL_RATE": "max"})
            reads = 0
            while process.poll() is None:
                with contextlib.closing(sqlite3.connect(f"file:{home}/till.db?mode=ro", uri=True)) as connection:
                    connection.execute("SELECT count(*) FROM orders").fetchone()
                if shutil.which("sqlite3"):
                    # The first to open and the last to close hold the file alone for some milliseconds; the shell alone does not wait by itself.
                    shell = subprocess.run(["sqlite3", "-readonly", "-cmd", ".timeout 5000", f"{home}/till.db", "SELECT count(*) FROM customers"],
                                           capture_output=True, text=True, timeout=30)
                    self.assertEqual(shell.returncode, 0, shell.stderr)
                self.assertEqual(run_till(["query", "SELECT count(*) FROM orders"], home=home).returncode, 0)
                reads += 1
            process.communicate()
            self.assertEqual(process.returncode, 0)
            self.assertGreater(reads, 1)
            self.assertEqual(check_mirror(sim, home), [])


class SpoiltFiles(MirrorCase):
    def refuses(self, home, *args, status=8, words=()):
        result = self.till(*args, home=home)
        self.assertEqual(result.returncode, status, (args, result.stdout, result.stderr))
        self.assertIn("next:", result.stderr, args)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_not_a_database(self):
        home = self.copy()
        for name in ("till.db-wal", "till.db-shm"):
            (home / name).unlink(missing_ok=True)
        (home / "till.db").write_bytes(b"these are my notes, not a database\n" * 200)
        before = (home / "till.db").read_bytes()
        for args in (["sync"], ["status"], ["query", "SELECT 1"], ["today"], ["tables"], ["disconnect", "polar"]):
            self.refuses(home, *args)
        self.assertEqual((home / "till.db").read_bytes(), before)
        self.assertEqual(self.till("doctor", home=home).returncode, 11)

    def test_a_folder_in_its_place(self):
        home = self.copy()
        (home / "till.db").unlink()
        (home / "till.db").mkdir()
        for args in (["sync"], ["status"], ["query", "SELECT 1"]):
            self.refuses(home, *args)

    def test_a_newer_schema(self):
        home = self.copy()
        with contextlib.closing(sqlite3.connect(home / "till.db")) as connection, connection:
            connection.execute("PRAGMA user_version = 9999")
        connection.close()
        for args in (["sync"], ["status"], ["query", "SELECT 1"]):
            self.refuses(home, *args, words=("9999",))

    def test_corrupt_pages(self):
        home = self.copy()
        with contextlib.closing(sqlite3.connect(home / "till.db")) as connection, connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            root, size = connection.execute(
                "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name = 'orders'").fetchone()
        connection.close()
        with open(home / "till.db", "r+b") as file:
            file.seek((root - 1) * size)
            file.write(os.urandom(size))
        self.refuses(home, "query", "SELECT sum(length(metadata)) FROM orders NOT INDEXED")
        result = self.till("sync", "orders", home=home)
        self.assertEqual(result.returncode, 8, result.stderr)
        result = self.till("doctor", "--json", home=home)
        verdicts = {check["check"]: check["verdict"] for check in json.loads(result.stdout)["checks"]}
        self.assertEqual(verdicts["database"], "failed")

    def test_a_file_size_limit_in_the_midst_of_a_sync(self):
        home = pathlib.Path(tempfile.mkdtemp(prefix="till-test-"))
        self.addCleanup(shutil.rmtree, home, True)
        self.connect(home)
        limit = (home / "till.db").stat().st_size + 300 * 1024
        child = subprocess.run([till_path(), "sync"], env=clean_environment(home, {"TILL_RATE": "max"}), capture_output=True, text=True,
                               timeout=60, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertEqual(child.returncode, 8, child.stdout + child.stderr)
        self.assertIn("next:", child.stderr)
        self.assertEqual(integrity(home), "ok")
        self.assertEqual(self.till("sync", home=home).returncode, 0)
        self.assertEqual(check_mirror(self.sim, home), [])

    def as_nobody(self, home, *args):
        """Without the power of root, which no permission stops."""
        if os.geteuid() != 0:
            return self.till(*args, home=home)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="till-test-"))
        self.addCleanup(shutil.rmtree, folder, True)
        copy = folder / "till"
        shutil.copy(till_path(), copy)
        copy.chmod(0o755)
        folder.chmod(0o755)
        return subprocess.run([copy, *args], env=clean_environment(home, {"TILL_RATE": "max"}), capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")

    def give_away(self, home):
        if os.geteuid() == 0:
            for path in [home, *home.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)

    def test_a_read_only_file(self):
        home = self.copy()
        self.give_away(home)
        (home / "till.db").chmod(0o400)
        result = self.as_nobody(home, "sync")
        self.assertEqual(result.returncode, 8, result.stderr)
        self.assertIn("next:", result.stderr)
        self.assertEqual(self.as_nobody(home, "query", "SELECT count(*) FROM orders").returncode, 0)

    def test_a_read_only_folder(self):
        home = self.copy()
        self.give_away(home)
        for path in home.glob("till.db-*"):
            path.unlink()
        home.chmod(0o500)
        self.addCleanup(home.chmod, 0o700)
        result = self.as_nobody(home, "sync")
        self.assertIn(result.returncode, (3, 8), result.stderr)
        self.assertTrue(result.stderr)
        self.assertEqual(self.as_nobody(home, "--version").returncode, 0)

    def test_a_home_that_cannot_be_made(self):
        home = self.copy()
        (home / "file").write_text("")
        result = run_till(["--home", str(home / "file" / "x"), "status"])
        self.assertIn(result.returncode, (0, 3), result.stderr)
        result = run_till(["--home", str(home / "file" / "x"), "connect", "polar", "--api-url", self.sim.production.url, "--token-stdin"],
                          input=self.sim.production.tokens["read"])
        self.assertEqual(result.returncode, 3, result.stderr)


if __name__ == "__main__":
    unittest.main()
