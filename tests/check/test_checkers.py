# SPDX-License-Identifier: Apache-2.0
"""Each checker of tools/ is fed a little tree that breaks its rule once, and must say where; and one that keeps it, and must be silent."""

import pathlib
import random
import string
import subprocess
import tempfile
import unittest
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = "// SPDX-License-Identifier: Apache-2.0\n"
LAW = "base\nstore base\nweb base store\nforeign store sqlite3.h\nforeign web curl\n"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="till-check-")
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)

    def put(self, **files):
        """put(src__base__a_c="text"): files by their path, with __ for / and the last _ for a dot."""
        for name, text in files.items():
            path = self.root / ".".join(name.replace("__", "/").rsplit("_", 1))
            self.write(path, text)

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def check(self, tool, *arguments):
        return subprocess.run([ROOT / "tools" / tool, *arguments, self.root], capture_output=True, text=True, timeout=60)

    def refuses(self, tool, *words):
        result = self.check(tool)
        self.assertEqual(result.returncode, 1, result)
        for word in words:
            self.assertIn(word, result.stdout + result.stderr)

    def accepts(self, tool):
        result = self.check(tool)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result)


class Rooms(Case):
    def setUp(self):
        super().setUp()
        self.write("src/ROOMS", LAW)

    def test_allowed(self):
        self.put(src__web__a_c='#include "store/s.h"\n#include <curl/curl.h>\n#include <stdio.h>\n',
                 src__store__s_c='#include <sqlite3.h>\n')
        self.accepts("check-rooms")

    def test_downward_include(self):
        self.put(src__base__a_c='\n#include "store/s.h"\n')
        self.refuses("check-rooms", "src/base/a.c:2: base may not include store/s.h")

    def test_list_files_too(self):
        self.put(src__base__a_def='#include "store/s.h"\n')
        self.refuses("check-rooms", "src/base/a.def:1")

    def test_foreign_header_elsewhere(self):
        self.put(src__web__a_c='#include <sqlite3.h>\n')
        self.refuses("check-rooms", "<sqlite3.h> belongs to store")

    def test_foreign_folder_elsewhere(self):
        self.put(src__store__a_c='# include <curl/easy.h>\n')
        self.refuses("check-rooms", "<curl/easy.h> belongs to web")

    def test_include_without_a_room(self):
        self.put(src__base__a_c='#include "a.h"\n')
        self.refuses("check-rooms", "write the room too")

    def test_room_outside_the_law(self):
        self.put(src__attic__a_c="int x;\n")
        self.refuses("check-rooms", "attic is not in src/ROOMS")

    def test_law_that_points_upward(self):
        self.write("src/ROOMS", "base store\nstore\n")
        self.refuses("check-rooms", "src/ROOMS:1: base names store, which is not above it")

    def test_foreign_line_without_headers(self):
        self.write("src/ROOMS", "base\nforeign base\n")
        self.refuses("check-rooms", "src/ROOMS:2")

    def test_call_that_is_kept_to_other_rooms(self):
        self.write("src/ROOMS", LAW + "only post store\n")
        self.put(src__store__a_c="int a(void) { return post(1); }\n", src__web__b_c="// post() is not ours\n")
        self.assertEqual(self.check("check-rooms").returncode, 0)
        self.put(src__web__a_c="int a(void) { return post(1); }\n")
        self.refuses("check-rooms", "src/web/a.c:1: web may not call post()")

    def test_only_line_without_rooms(self):
        self.write("src/ROOMS", "base\nonly post\n")
        self.refuses("check-rooms", "src/ROOMS:2")

    def test_simulator_keeps_apart(self):
        self.put(sim__a_c='#include "base/error.h"\n')
        self.refuses("check-rooms", "sim/a.c:1: the simulator shares nothing with src/")


class Banned(Case):
    def test_calls(self):
        for call in ("strcpy(a, b)", "sprintf (a, b)", "x = atoi(a)", "gmtime(&t)", "sscanf(a, b)", "system(a)", "strtok(a, b)"):
            with self.subTest(call):
                self.put(src__base__a_c=f"int f(void)\n{{\n    {call};\n}}\n")
                self.refuses("check-banned", "src/base/a.c:3")

    def test_only_main_ends_the_process(self):
        self.put(src__base__a_c="    exit(1);\n")
        self.refuses("check-banned", "src/base/a.c:1: exit()")
        self.put(src__base__a_c="", src__cli__main_c="    exit(1);\n")
        self.accepts("check-banned")

    def test_what_cleans_up_is_set_up_first(self):
        early = "    if (x)\n        return 1;\n    buf_init(&b, 1);\n}\n"
        self.put(src__base__a_c="int f(int x)\n{\n    AUTO_BUF a, b;\n    buf_init(&a, 1);\n" + early)
        self.refuses("check-banned", "src/base/a.c:3: b is released unset")
        self.put(src__base__a_c="int f(int x)\n{\n    AUTO_SECRET b = {0};\n" + early.replace("buf_init(&b, 1);", ""))
        self.accepts("check-banned")

    def test_words_are_not_calls(self):
        self.put(src__base__a_c='// strcpy(a, b)\n/* atoi(\n gets( */ const char *s = "system(x)"; my_gets(1); p->exit(2); gmtime_r(a, b);\n')
        self.accepts("check-banned")


class Size(Case):
    def test_long(self):
        self.put(src__base__a_c="int f(void)\n{\n" + "    g();\n" * 68 + "}\n")
        self.refuses("check-size", "a.c:", "f has 71 lines")

    def test_complex(self):
        self.put(src__base__a_c="int f(int x)\n{\n" + "    if (x) g();\n" * 19 + "}\n")
        self.refuses("check-size", "complexity of 20")

    def test_at_the_ceiling(self):
        self.put(src__base__a_c="int f(int x)\n{\n" + "    if (x) g();\n" * 18 + "    g();\n" * 49 + "}\n")
        self.accepts("check-size")


class Duplicates(Case):
    LINES = [f"    value_{number} = compute({number});" for number in range(12)]

    def test_twelve_lines(self):
        self.put(src__base__a_c="int a;\n" + "\n".join(self.LINES) + "\n",
                 sim__b_c="int b;\nint c;\n" + "\n\n".join(line.replace(" = ", "=") + " // why" for line in self.LINES) + "\n")
        self.refuses("check-duplicates", "src/base/a.c:2: 12 lines as at sim/b.c:3")

    def test_within_one_file(self):
        self.put(src__base__a_c="\n".join(self.LINES + ["int between;"] + self.LINES) + "\n")
        self.refuses("check-duplicates", "src/base/a.c:14: 12 lines as at src/base/a.c:1")

    def test_eleven_lines_and_includes(self):
        includes = "".join(f"#include <x{number}.h>\n" for number in range(20))
        text = includes + "\n".join(self.LINES[:11]) + "\n}\n}\n"
        self.put(src__base__a_c=text, src__base__b_c=text)
        self.accepts("check-duplicates")

    def test_repetition_of_one_line(self):
        self.put(src__base__a_c="    next();\n" * 13)
        self.accepts("check-duplicates")


class Text(Case):
    def line(self, text, *words):
        self.put(a_c=HEAD + text + "\n")
        self.refuses("check-text", "a.c:2", *words)

    def test_clean(self):
        self.put(a_c=HEAD + '// see https://docs.polar.sh/x, http://127.0.0.1:80 and http://shop.example/\nmkstemp("aXXXXXX");\n',
                 notes_md="~/" "work/x, $HOME/root/y and build/" "work/ are nobody's\n")
        self.accepts("check-text")

    def test_unfinished(self):
        for mark in ("TO" + "DO", "FIX" + "ME", "X" * 3):
            self.line(f"// {mark}: later", "unfinished")

    def test_paths_of_a_machine(self):
        for path in ("work/main", "root/x", "home/someone/x"):
            self.line(f"// /{path}", "a path of one machine")

    def test_hosts(self):
        self.line("// htt" + "ps://mirror.somewhere-else.net/x", "not on the list")

    def test_hosts_of_a_lock_file(self):
        self.write("package-lock.json", '{"url": "htt' + 'ps://funding.somewhere-else.net/"}\n')
        self.accepts("check-text")
        self.write("package-lock.json", '{"resolved": "htt' + 'ps://mirror.somewhere-else.net/"}\n')
        self.refuses("check-text", "package-lock.json:1", "not on the list")

    def test_tokens(self):
        body = "".join(random.choices(string.ascii_letters + string.digits, k=37))
        value, digits = zlib.crc32(body.encode()), ""
        alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
        while value:
            value, digit = divmod(value, 62)
            digits = alphabet[digit] + digits
        self.line(f'"polar_oat_{body}{digits.rjust(6, "0")}"', "access token")
        wrong = "0" if digits[-1] != "0" else "1"
        self.put(a_c=f'{HEAD}"polar_oat_{body}{digits.rjust(6, "0")[:5]}{wrong}"\n')
        self.accepts("check-text")

    def test_broken_text(self):
        self.line("int a; ", "blanks")
        self.line("int a;\r", "CR")
        self.line("\tint a;", "a tab")
        self.line("// " + "a" * 160, "longer than")
        self.put(a_c=HEAD + "int a;")
        self.refuses("check-text", "no newline")
        self.put(a_c=b"\xff\n")
        self.refuses("check-text", "not UTF-8")

    def test_license(self):
        self.put(a_c="int a;\n")
        self.refuses("check-text", "begins with")


class Headers(Case):
    def test_alone(self):
        self.put(src__base__a_h=HEAD + "#include <stddef.h>\nsize_t f(void);\n")
        self.accepts("check-headers")

    def test_not_alone(self):
        self.put(src__base__a_h=HEAD + "size_t f(void);\n")
        self.refuses("check-headers", "size_t")


class Docs(Case):
    PAGE = "".join(f"<!-- generated: {name} -->\n<!-- end: {name} -->\n" for name in ("rooms", "limits", "foreign"))

    def setUp(self):
        super().setUp()
        self.write("src/ROOMS", LAW)
        self.write("src/base/limits.def", 'LIMIT(A, 2 * 1024 * 1024, "bytes", "of a thing")\n')
        self.write("ARCHITECTURE.md", "before\n" + self.PAGE + "after\n")

    def test_stale_then_fresh(self):
        self.assertEqual(self.check("gen-docs", "--check").returncode, 1)
        self.assertEqual(self.check("gen-docs").returncode, 0)
        self.assertEqual(self.check("gen-docs", "--check").returncode, 0)
        text = (self.root / "ARCHITECTURE.md").read_text()
        self.assertIn("| `A` | 2 MiB | of a thing |", text)
        self.assertIn("  web --> store\n", text)
        self.assertNotIn("  web --> base\n", text)
        self.assertTrue(text.startswith("before\n") and text.endswith("after\n"))
        self.write("src/base/limits.def", 'LIMIT(A, 3, "bytes", "of a thing")\n')
        self.assertEqual(self.check("gen-docs", "--check").returncode, 1)

    def test_no_place(self):
        self.write("ARCHITECTURE.md", "nothing\n")
        self.refuses("gen-docs", "no place")

    def test_unreadable_list(self):
        self.write("src/base/limits.def", "LIMIT(A, 3,\n    \"bytes\", \"x\")\n")
        self.assertNotEqual(self.check("gen-docs", "--check").returncode, 0)


if __name__ == "__main__":
    unittest.main()
