# SPDX-License-Identifier: Apache-2.0
"""What the commands print, word for word: help, errors, rows in every format, reports. UPDATE_GOLDEN=1 writes golden/*.txt anew.

The shop stands still (a fixed seed and a fixed now); what differs from run to run is replaced: the home, ports, durations, moments, sizes.
"""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from sim import ROOT, Sim, run_till, till_path  # noqa: E402

COMMANDS = re.findall(r'^COMMAND(?:_WORD\(\w+, "|\()([\w-]+)', (ROOT / "src/cli/commands.def").read_text(), re.M)
OPTIONS = re.findall(r'^OPTION\(\w+, "([\w-]+)"', (ROOT / "src/cli/options.def").read_text(), re.M)
PRODUCTS = "SELECT name, is_archived, description, NULL AS no_value, 0.1 AS share FROM products ORDER BY name LIMIT 4"
HOSTILE = "SELECT char(27) || '[2J' AS esc, 'a,\"b\"' AS csv, 'two' || char(10) || 'lines' AS lines, 1 AS n, 2 AS n"

ERRORS = [
    ["frobnicate"], ["synk"], ["konnect", "polar"], ["--frob"], ["sync", "--ful"], ["sync", "--tim", "1"], ["-x"], ["sync", "-qx"],
    ["query"], ["query", "SELECT 1", "SELECT 2"], ["sync", "--purge"], ["status", "--full"], ["status", "--max-age"],
    ["status", "--max-age", "soon"], ["status", "--max-age", "999999d"], ["status", "--json=yes"], ["query", "SELECT 1", "--limit", "-1"],
    ["query", "SELECT 1", "--timeout", "1.5h"], ["query", "SELECT 1", "--format", "yaml"], ["--color", "pink", "status"],
    ["sync", "--rate", "fast"], ["sync", "--rate", "5", "--rate", "6"], ["sync", "order"], ["sync", "elephants"], ["tables", "set"],
    ["tables", "set", "orders"], ["tables", "set", "order", "--on"], ["tables", "set", "orders", "--every", "7m"],
    ["tables", "set", "orders", "--method", "half"], ["tables", "--every", "5m"], ["watch", "now"], ["watch", "--every", "5m"],
    ["history", "orders"], ["history", "order", "ae6168ad"], ["history", "orders", "ae6168"], ["history", "orders", "ffffffff"],
    ["tables", "set", "orders", "--on", "--off"], ["tables", "--on"],
    ["tables", "orders"], ["export", "ordres"], ["export", "orders; DROP TABLE orders"], ["today", "--timezone", "Mars/Olympus"],
    ["config", "explode"], ["help", "synk"], ["completion", "tcsh"], ["disconnect"], ["disconnect", "shop"], ["connect"],
    ["connect", "stripe"], ["connect", "polar", "--environment", "staging"], ["connect", "polar", "--name", "My Shop"],
    ["connect", "polar", "--organization-id", "globex"], ["connect", "polar", "--keyring", "drawer"], ["demo", "--orders", "many"],
    ["serve", "now"], ["serve", "--port", "65536"], ["serve", "--port", "0", "--listen", "localhost"],
    ["serve", "--webhooks", "x"], ["serve", "--password-stdin"], ["serve", "--set-password"],
    ["demo", "--seed", "x"], ["demo", "--json"], ["--json", "query"], ["--json", "frobnicate", "--frob"],
]
QUERIES = [["query", sql, "--format", form] for sql in (PRODUCTS, HOSTILE, "SELECT id FROM orders WHERE 0")
           for form in ("table", "json", "jsonl", "csv")] + [
    ["query", "SELECT 1;"], ["query", "SELECT 1; SELECT 2"], ["query", "SELEC 1"], ["query", "SELECT nothing FROM orders"], ["query", ""],
    ["query", "DELETE FROM orders"], ["query", "ATTACH 'x' AS y"], ["query", "PRAGMA writable_schema = 1"],
    ["query", "SELECT name FROM products ORDER BY name", "--limit", "2"],
    ["export", "benefits", "--format", "jsonl"], ["export", "v_daily_revenue"], ["export", "v_mrr", "--json"],
]
REPORTS = [["tables"], ["tables", "--format", "table"], ["tables", "--json"], ["status"], ["status", "--json"], ["today", "--timezone", "UTC"],
           ["today", "--timezone", "Europe/Vienna", "--json"], ["config", "explain"], ["config", "--format", "jsonl"],
           ["--color", "always", "status"], ["--quiet", "tables", "set", "checkouts", "--off"], ["tables", "set", "checkouts", "--off"],
           ["tables", "set", "checkouts", "--on", "--json"], ["tables", "set", "orders", "refunds", "--every", "5m", "--method", "full"],
           ["tables", "set", "orders", "refunds", "--every", "15m", "--method", "incremental", "--json"], ["watch", "--once"],
           ["watch", "--once", "--json"], ["status", "--name", "shop2"], ["today", "--name", "shop2"]]

NOTES = [["annotate"], ["annotate", "2026-03-01", "launched v2"], ["annotate", "2026-03-01", "launched v2"],
         ["annotate", "2026-02-28", "'><script>alert(1)</script> \u202e", "--json"], ["annotate", "--format", "table"], ["annotate", "--json"],
         ["annotate", "--format", "csv"], ["annotate", "--remove", "1"], ["annotate", "--remove", "2", "--json"], ["annotate", "--json"],
         ["goal"], ["goal", "revenue", "5000"], ["goal", "revenue", "5000.50", "--until", "2026-12-31"],
         ["goal", "revenue", "750000", "--currency", "JPY", "--json"], ["goal", "active_subscriptions", "250"],
         ["goal", "--format", "table"], ["goal", "--json"], ["goal"], ["goal", "--remove", "revenue", "--currency", "jpy"],
         ["goal", "--remove", "revenue"], ["goal", "--format", "jsonl"],
         ["saved"], ["saved", "live", "SELECT count(*) AS live FROM products WHERE till_deleted_at IS NULL"], ["query", "--saved", "live"],
         ["saved", "live", "SELECT 1 AS one", "--json"], ["saved", "--format", "table"], ["saved", "--json"], ["query", "--saved", "live", "--json"],
         ["saved", "bad", "DELETE FROM orders"], ["query", "--saved", "bad"], ["saved", "--remove", "live"], ["saved", "--format", "csv"],
         # what is refused
         ["annotate", "2026-03-01"], ["annotate", "2026-02-30", "never"], ["annotate", "tomorrow", "x"], ["annotate", "2026-03-01", " "],
         ["annotate", "2026-03-01", "two\nlines"], ["annotate", "--remove", "x"], ["annotate", "--remove", "99"],
         ["goal", "revenue"], ["goal", "revenu", "5"], ["goal", "churn_rate", "5"], ["goal", "revenue", "5,000"], ["goal", "revenue", "5.005"],
         ["goal", "revenue", "0"], ["goal", "revenue", "5.0", "--currency", "jpy"], ["goal", "orders", "1.5"],
         ["goal", "orders", "5", "--currency", "usd"], ["goal", "revenue", "5", "--currency", "euro"], ["goal", "revenue", "5", "--until", "soon"],
         ["goal", "--until", "2026-12-31"], ["goal", "--remove", "revenue"], ["saved", "x"], ["saved", "x", " "], ["saved", "--remove", "x"],
         ["query", "--saved", "x"], ["query", "SELECT 1", "--saved", "x"]]

CHANNELS = [["channels"], ["channels", "--json"], ["channels", "add", "file", "--path", "/tmp/digest-{date}.md", "--format", "markdown"],
            ["channels", "add", "command", "--name", "desktop", "--command", "cat > /dev/null", "--digests", "both", "--sections", "money,tops", "--ascii"],
            ["channels"], ["channels", "list", "--json"], ["channels", "add", "file", "--path", "/tmp/digest.txt", "--with-names", "--json"],
            ["channels", "set", "desktop", "--off", "--sections", "all", "--digests", "weeks"], ["channels", "set", "file", "--without-names", "--json"], ["channels"],
            ["channels", "test", "desktop"], ["channels", "test", "desktop", "--json"], ["channels", "remove", "desktop"], ["channels", "remove", "file", "--json"],
            # what is refused
            ["channels", "send"], ["channels", "add"], ["channels", "add", "fax"], ["channels", "add", "telegram"], ["channels", "add", "email", "--smtp-host", "mail.example"],
            ["channels", "add", "slack", "--chat", "42"], ["channels", "add", "file", "--path", "/tmp/x", "--format", "pdf"], ["channels", "add", "file", "--path", "/nonexistent/x"],
            ["channels", "add", "webhook", "--url", "http://example.com/", "--token-stdin"], ["channels", "set", "desktop", "--on"], ["channels", "test", "nothing"]]


def normalise(text, home):
    text = text.replace(str(home), "HOME")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "MOMENT", text)
    text = re.sub(r"\d{4}-\d\d-\d\d so far", "DATE so far", text)
    text = re.sub(r'("date":)"\d{4}-\d\d-\d\d"', r'\1"DATE"', text)
    text = re.sub(r"(just now|\d+(\.\d)? (ms|s|min) ago)", "AGO", text)
    text = re.sub(r"AGO  +", "AGO ", text)
    text = re.sub(r"\bin \d+ (s|min|h) *", "in WAIT ", text)
    text = re.sub(r" *\b\d+(\.\d)? (ms|s)\b", " DURATION", text)
    return re.sub(r" +$", "", text.replace("\x1b", "<ESC>"), flags=re.M)


class Golden(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(orders=60, seed=5, now="2026-06-15T12:00:00Z").start()
        cls.addClassCleanup(cls.sim.stop)
        cls.home = tempfile.mkdtemp(prefix="till-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, True)
        cls.till("connect", "polar", "--api-url", cls.sim.production.url, "--token-stdin", input=cls.sim.production.tokens["read"],
                 check=True)
        cls.till("sync", check=True)

    @classmethod
    def till(cls, *args, **options):
        return run_till(args, home=cls.home, env={"TILL_RATE": "max", "TILL_LOCALE": "en_US"}, **options)

    def check(self, name, commands):
        text = ""
        for args in commands:
            result = self.till(*args)
            if args[-1:] == ["table"]:
                self.assertNotIn("\x1b", result.stdout + result.stderr)
            text += f"$ till {json.dumps(args)[1:-1]}".rstrip() + f"\n[{result.returncode}]\n"
            text += normalise(result.stdout, self.home) + normalise(result.stderr, self.home).replace("till:", "(stderr) till:")
            text += "\n"
        path = HERE / "golden" / f"{name}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text)
        self.assertEqual(text, path.read_text())

    def test_help(self):
        self.check("help", [[], ["--help"], ["help"]] + [["help", command] for command in COMMANDS])

    def test_errors(self):
        self.check("errors", ERRORS)

    def test_queries(self):
        self.check("query", QUERIES)

    def test_reports(self):
        self.check("reports", REPORTS)

    def test_notes(self):
        self.check("notes", NOTES)

    def test_channels(self):
        self.check("channels", CHANNELS)

    def test_a_statement_to_save_comes_from_standard_input_too(self):
        sql = "SELECT 'two\nlines' AS text -- " + "x" * 50000
        self.till("saved", "long", "-", input=sql, check=True)
        kept = {row["name"]: row["sql"] for row in json.loads(self.till("saved", "--json", check=True).stdout)}
        self.assertEqual(kept["long"], sql)
        self.assertEqual(json.loads(self.till("query", "--saved", "long", "--json", check=True).stdout), [{"text": "two\nlines"}])
        self.assertEqual(self.till("saved", "long", "-", input=sql + "x" * 20000).returncode, 10)
        self.till("saved", "--remove", "long", check=True)

    def test_notes_need_a_connection(self):
        with tempfile.TemporaryDirectory() as home:
            for args in (["annotate"], ["annotate", "today", "x"], ["goal", "orders", "5"], ["saved", "x", "SELECT 1"], ["query", "--saved", "x"]):
                result = run_till(args, home=home)
                self.assertEqual(result.returncode, 3, args)
                self.assertIn("till connect polar", result.stderr)

    def test_errors_end_with_what_to_do(self):
        for args in ERRORS:
            result = self.till(*args)
            with self.subTest(args):
                self.assertEqual(result.returncode, 3 if "shop" in args or "Mars/Olympus" in args else 2, result.stderr)
                self.assertEqual(result.stdout, "")
                self.assertLessEqual(result.stderr.count("\n"), 2)

    def test_lines_fit_a_terminal(self):
        for args in [[], ["status"], ["tables", "--format", "table"], ["today"], ["doctor"]] + [["help", c] for c in COMMANDS]:
            for line in self.till(*args).stdout.splitlines():
                self.assertLessEqual(len(line.replace(str(self.home), "/home/me")), 80, (args, line))
        for line in self.till("sync").stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_json_is_json(self):
        for args in (["status"], ["tables"], ["today"], ["config"], ["doctor"], ["sync"], ["export", "orders"], ["query", HOSTILE],
                     ["--version"], ["tables", "set", "orders", "--on"]):
            result = self.till(*args, "--json")
            self.assertIn(result.returncode, (0, 11), (args, result.stderr))
            json.loads(result.stdout)
            self.assertEqual(result.stdout[-1], "\n", args)
        for args in (["frob"], ["query", "SELEC"], ["status", "--frob"]):
            error = json.loads(self.till(*args, "--json").stderr)["error"]
            self.assertEqual((error["class"], error["status"]), ("usage", 2))

    def test_the_manual_page_is_well_formed(self):
        page = self.till("man", check=True).stdout
        for word in COMMANDS + OPTIONS:
            self.assertIn(word, page.replace("\\-", "-"))
        if shutil.which("mandoc"):
            import subprocess
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "error"], input=page, capture_output=True, text=True, timeout=30)
            self.assertEqual(lint.stdout, "")

    def test_completion(self):
        import subprocess
        for shell in ("bash", "zsh", "fish"):
            script = self.till("completion", shell, check=True).stdout
            for word in COMMANDS + OPTIONS:
                self.assertIn(word, script, shell)
            if shutil.which(shell):
                self.assertEqual(subprocess.run([shell, "-n"], input=script, text=True, timeout=30).returncode, 0, shell)
        program = 'eval "$("$1" completion bash)"; COMP_WORDS=(till sync --fu); COMP_CWORD=2; _till; echo "${COMPREPLY[*]}"'
        found = subprocess.run(["bash", "-c", program, "bash", till_path()], capture_output=True, text=True, timeout=30)
        self.assertEqual(found.stdout, "--full\n", found.stderr)
        program = program.replace("sync --fu", "tables set orders --every 1").replace("COMP_CWORD=2", "COMP_CWORD=5")
        found = subprocess.run(["bash", "-c", program, "bash", till_path()], capture_output=True, text=True, timeout=30)
        self.assertEqual(found.stdout, "15m 1h\n", found.stderr)
        program = program.replace("tables set orders --every 1", "export ht").replace("COMP_CWORD=5", "COMP_CWORD=2")
        found = subprocess.run(["bash", "-c", program, "bash", till_path()], capture_output=True, text=True, timeout=30)
        self.assertEqual(found.stdout, "html\n", found.stderr)

    def test_help_without_a_sound_configuration(self):
        with tempfile.TemporaryDirectory() as home:
            (pathlib.Path(home) / "config.ini").write_text("nonsense = 1\n")
            self.assertEqual(run_till(["status"], home=home).returncode, 3)
            for args in ([], ["help"], ["help", "sync"], ["man"], ["completion", "bash"], ["--version"]):
                self.assertEqual(run_till(args, home=home).returncode, 0, args)


class EverythingIsTried(unittest.TestCase):
    """Each command and each option is named as an argument in some black-box test."""

    def test_commands_and_options(self):
        tests = "".join(path.read_text() for path in HERE.parent.rglob("test_*.py"))
        for command in COMMANDS:
            self.assertTrue(f'"{command}"' in tests, f"no test runs `till {command}`")
            help_text = run_till(["help", command]).stdout
            for option in re.findall(r"^  --([\w-]+)", help_text, re.M):
                self.assertIn(option, OPTIONS)
        for option in OPTIONS:
            self.assertTrue(f'"--{option}"' in tests, f"no test gives --{option}")


if __name__ == "__main__":
    unittest.main()
