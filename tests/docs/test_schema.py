# SPDX-License-Identifier: Apache-2.0
"""docs/schema.md says what the lists of tables and views say, and every query in it runs."""
import importlib.machinery
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/gen-schema-docs"
SOURCES = ("docs/schema.md", "src/model/tables.def", "src/store/tables.def", "src/store/views.def")


def load_tool():
    loader = importlib.machinery.SourceFileLoader("gen_schema_docs", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def check(root):
    return subprocess.run([sys.executable, "-B", TOOL, "--check", root], capture_output=True, text=True, timeout=60)


class SchemaPage(unittest.TestCase):
    def test_page_is_what_the_lists_say(self):
        result = check(ROOT)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_query_runs(self):
        sys.dont_write_bytecode = True
        database = load_tool().open_database(ROOT)
        queries = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/schema.md").read_text(), re.S)
        self.assertGreaterEqual(len(queries), 5)
        for query in queries:
            with self.subTest(query=query):
                self.assertEqual(database.execute(query).fetchall(), [])

    def test_every_dropped_field_is_named(self):
        page = (ROOT / "docs/schema.md").read_text()
        dropped = re.findall(r"DROPPED\((\w+), \"", (ROOT / "src/model/tables.def").read_text())
        self.assertIn("client_secret", dropped)
        for name in dropped:
            self.assertIn(f"Never stored: `{name}`", page)


class StalePage(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for source in SOURCES:
            (self.root / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, self.root / source)

    def change(self, source, old, new):
        text = (self.root / source).read_text()
        self.assertIn(old, text)
        (self.root / source).write_text(text.replace(old, new, 1))

    def refused(self, words):
        result = check(self.root)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(words, result.stdout)

    def test_changed_sentence(self):
        self.change("src/model/tables.def", "When the order was created;", "When it was made;")
        self.refused("run tools/gen-schema-docs")

    def test_changed_page(self):
        self.change("docs/schema.md", "| `v_mrr` |", "| `v_mmr` |")
        self.refused("run tools/gen-schema-docs")

    def test_line_in_another_form(self):
        self.change("src/model/tables.def", "COLUMN(invoice_number, TEXT, 0,", "COLUMN(invoice_number , TEXT, 0,")
        self.refused("a COLUMN line is not in the form")

    def test_view_without_its_column(self):
        self.change("src/model/tables.def", "COLUMN(net_amount, MONEY, COLUMN_NOT_NULL,", "COLUMN(nett_amount, MONEY, COLUMN_NOT_NULL,")
        self.refused("net_amount")

    def test_no_place(self):
        self.change("docs/schema.md", "<!-- generated: views -->", "")
        self.refused("no place for `views`")


if __name__ == "__main__":
    unittest.main()
