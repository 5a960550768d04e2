# SPDX-License-Identifier: Apache-2.0
"""The front door on machines that we do not have: ./dev and tools/newer-suite with a pretended apt, dpkg and id.

What a real bare system does is tried by hand in a chroot; here are the decisions: what is missing, who may install it, from where.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REAL = "awk basename cat chmod dirname env grep mkdir mktemp mv nproc printf rm sed sh sort tail touch tr".split()
PRETENDED = {
    "id": 'echo "${PRETEND_UID:-0}"',
    "dpkg-query": 'cat "$PRETEND/installed"',
    "apt-get": """
        echo "apt-get $*" >>"$PRETEND/log"
        case " $* " in
        *" install "*) [ ! -f "$PRETEND/refuse" ] || exit 100 ;;
        *" download "*) [ -f "$PRETEND/newer-has-it" ] && touch libyyjson0_1.deb libyyjson-dev_1.deb ;;
        esac""",
    "apt-cache": """
        case " $* " in
        *" madison "*) [ ! -f "$PRETEND/has-yyjson" ] || echo libyyjson-dev ;;
        *" pkgnames "*) printf 'libyyjson-dev\\nlibyyjson0\\nlibyyjson-doc\\nlibyyjson0-dbg\\n' ;;
        esac""",
    "cmake": 'echo "cmake $*" >>"$PRETEND/log"',
    "ninja": 'echo "ninja $*" >>"$PRETEND/log"',
}
DEB822 = """# the machine's
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /keys/debian.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


class NewerSuite(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="till-dev-")
        self.addCleanup(folder.cleanup)
        self.apt = pathlib.Path(folder.name) / "apt"
        self.out = pathlib.Path(folder.name) / "out"
        (self.apt / "sources.list.d").mkdir(parents=True)

    def derive(self, old="bookworm", new="trixie"):
        result = subprocess.run([ROOT / "tools/newer-suite", old, new, self.apt, self.out], capture_output=True, text=True)
        read = {path.name: path.read_text() for path in self.out.glob("*")} if self.out.exists() else {}
        return result.returncode, read

    def test_deb822(self):
        (self.apt / "sources.list.d/debian.sources").write_text(DEB822)
        expected = ("Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main contrib\n"
                    "Signed-By: /keys/debian.gpg\n\n")
        self.assertEqual(self.derive(), (0, {"newer.sources": expected}))

    def test_deb822_of_ubuntu_with_a_key_inside(self):
        (self.apt / "sources.list.d/ubuntu.sources").write_text(
            "Types: deb\nURIs: http://mirror.example/ubuntu/\nSuites: noble noble-updates noble-backports\n"
            "Components: main universe\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n"
            " -----END PGP PUBLIC KEY BLOCK-----\n")
        status, files = self.derive("noble", "resolute")
        self.assertEqual(status, 0)
        self.assertIn("Suites: resolute\nComponents: main universe\nSigned-By:\n -----BEGIN", files["newer.sources"])
        self.assertIn(" .\n abc\n -----END", files["newer.sources"])

    def test_deb822_suites_over_two_lines(self):
        (self.apt / "sources.list.d/a.sources").write_text(
            "types: deb\nURIs: http://mirror.example/\nSuites: bookworm-updates\n bookworm\nComponents: main")
        status, files = self.derive()
        self.assertEqual((status, files["newer.sources"]),
                         (0, "Types: deb\nURIs: http://mirror.example/\nSuites: trixie\nComponents: main\n\n"))

    def test_disabled_and_sources_only_are_left_out(self):
        (self.apt / "sources.list.d/a.sources").write_text(DEB822 + "\nEnabled: no\nTypes: deb\nSuites: bookworm\n")
        (self.apt / "sources.list.d/b.sources").write_text("Types: deb-src\nURIs: x\nSuites: bookworm\nComponents: main\n")
        (self.apt / "sources.list.d/c.list").write_text("# deb http://off.example bookworm main\n")
        _, files = self.derive()
        self.assertEqual(files["newer.sources"].count("Types:"), 1)
        self.assertNotIn("newer.list", files)

    def test_one_line(self):
        (self.apt / "sources.list").write_text(
            "deb http://mirror.example/debian bookworm main\ndeb-src http://mirror.example/debian bookworm main\n"
            "deb http://mirror.example/debian bookworm-updates main\ndeb http://other.example/x stable main\n")
        (self.apt / "sources.list.d/x.list").write_text("deb [ arch=amd64 signed-by=/k.gpg ] http://two.example/d bookworm main contrib\n"
                                                        "deb [arch=amd64] http://three.example/d bookworm main\n")
        self.assertEqual(self.derive(), (0, {"newer.list":
                         "deb http://mirror.example/debian trixie main\n"
                         "deb [ arch=amd64 signed-by=/k.gpg ] http://two.example/d trixie main contrib\n"
                         "deb [arch=amd64] http://three.example/d trixie main\n"}))

    def test_nothing_fits(self):
        (self.apt / "sources.list").write_text("deb http://mirror.example/debian sid main\n")
        self.assertEqual(self.derive(), (1, {}))


class FrontDoor(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="till-dev-")
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.tree, self.bin, self.machine = self.top / "tree", self.top / "bin", self.top / "machine"
        (self.tree / "tools").mkdir(parents=True)
        (self.machine / "etc/apt/sources.list.d").mkdir(parents=True)
        self.bin.mkdir()
        for name in ("dev", "tools/packages", "tools/newer-suite"):
            shutil.copy(ROOT / name, self.tree / name)
        for name in REAL:
            found = shutil.which(name)
            if found:
                (self.bin / name).symlink_to(found)
        for name, body in PRETENDED.items():
            (self.bin / name).write_text("#!/bin/sh\n" + body + "\n")
            (self.bin / name).chmod(0o755)
        self.installed()
        self.system("bookworm", DEB822)

    def system(self, codename, sources):
        (self.machine / "etc/os-release").write_text(f"ID=x\nVERSION_CODENAME={codename}\n")
        (self.machine / "etc/apt/sources.list.d/x.sources").write_text(sources)

    def packages(self, purpose):
        for line in (ROOT / "tools/packages").read_text().splitlines():
            words = line.split()
            if words and words[0] == purpose:
                yield words[1].split("|")[-1]

    def installed(self, *but):
        names = [name for name in self.packages("build") if name not in but]
        (self.top / "installed").write_text("".join(f"installed={name}\n" for name in names) + "config-files=libicu-dev\n")

    def dev(self, *arguments, **environment):
        return subprocess.run(["sh", self.tree / "dev", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
                              env={"PATH": str(self.bin), "PRETEND": str(self.top), "TILL_DEV_MACHINE": str(self.machine), **environment})

    def log(self):
        path = self.top / "log"
        return path.read_text().splitlines() if path.exists() else []

    def test_nothing_missing(self):
        result = self.dev("build")
        self.assertEqual(result.returncode, 0, result)
        self.assertNotIn("install", result.stderr)
        self.assertEqual([line.split()[0] for line in self.log()], ["cmake", "ninja"])

    def test_installs_what_is_missing_and_says_so(self):
        self.installed("libicu-dev", "libsodium-dev")
        result = self.dev("build")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("installing: libicu-dev libsodium-dev", result.stderr)
        installs = [line for line in self.log() if " install " in line]
        self.assertEqual(len(installs), 1)
        self.assertTrue(installs[0].endswith("--no-remove libicu-dev libsodium-dev"), installs)

    def test_either_of_two_packages_will_do(self):
        self.installed("libcurl4-gnutls-dev")
        with open(self.top / "installed", "a", encoding="utf-8") as file:
            file.write("installed=libcurl4-openssl-dev\n")
        self.assertNotIn("installing", self.dev("build").stderr)

    def test_bare_debian_12(self):
        (self.top / "installed").write_text("")
        (self.top / "newer-has-it").touch()
        result = self.dev("build")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("taking it alone from trixie", result.stderr)
        installs = [line for line in self.log() if " install " in line]
        self.assertEqual(len(installs), 2)
        self.assertNotIn("yyjson", installs[0])
        self.assertRegex(installs[1], r"libyyjson-dev_1\.deb \S*libyyjson0_1\.deb$")
        downloads = [line for line in self.log() if " download " in line]
        self.assertTrue(downloads[0].endswith("download libyyjson-dev libyyjson0"), downloads)
        self.assertFalse(list((self.machine / "etc/apt").rglob("*till*")))

    def test_bare_ubuntu_24_04(self):
        self.system("noble", "Types: deb\nURIs: http://mirror.example/ubuntu\nSuites: noble noble-updates\nComponents: main universe\n")
        (self.top / "installed").write_text("")
        (self.top / "has-yyjson").touch()
        result = self.dev("build")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("libyyjson-dev", [line for line in self.log() if " install " in line][0])
        self.assertFalse([line for line in self.log() if " download " in line])

    def test_yyjson_nowhere(self):
        self.installed("libyyjson-dev")
        self.system("elsewhere", DEB822)
        result = self.dev("build")
        self.assertEqual(result.returncode, 3, result)
        self.assertIn("could not install: libyyjson-dev", result.stderr)

    def test_apt_fails(self):
        self.installed("libicu-dev")
        (self.top / "refuse").touch()
        result = self.dev("build")
        self.assertEqual(result.returncode, 3, result)
        self.assertIn("could not install: libicu-dev", result.stderr)

    def test_neither_root_nor_sudo(self):
        self.installed("libicu-dev", "libyyjson-dev")
        result = self.dev("build", PRETEND_UID="1000")
        self.assertEqual(result.returncode, 3, result)
        self.assertIn("apt-get install --no-install-recommends libicu-dev libyyjson-dev", result.stderr)
        self.assertIn("Debian 13", result.stderr)
        self.assertEqual(self.log(), [])

    def test_sudo_that_asks_without_a_terminal_is_no_help(self):
        self.installed("libicu-dev")
        (self.bin / "sudo").write_text("#!/bin/sh\nexit 1\n")
        (self.bin / "sudo").chmod(0o755)
        self.assertEqual(self.dev("build", PRETEND_UID="1000").returncode, 3)

    def test_sudo_that_does_not_ask(self):
        self.installed("libicu-dev")
        (self.bin / "sudo").write_text('#!/bin/sh\necho "sudo $*" >>"$PRETEND/log"\n[ "$1" = -n ] || "$@"\n')
        (self.bin / "sudo").chmod(0o755)
        result = self.dev("build", PRETEND_UID="1000")
        self.assertEqual(result.returncode, 0, result)
        self.assertTrue([line for line in self.log() if line.startswith("sudo env") and line.endswith("libicu-dev")])

    def test_neither_debian_nor_ubuntu(self):
        (self.bin / "dpkg-query").unlink()
        result = self.dev("build")
        self.assertEqual(result.returncode, 3, result)
        self.assertIn("no dpkg", result.stderr)

    def test_wrong_usage(self):
        for arguments in (["frobnicate"], ["fuzz", "long"], ["install", "--prefx"]):
            with self.subTest(arguments):
                self.assertEqual(self.dev(*arguments).returncode, 2)
        self.assertEqual(self.dev("--help").returncode, 0)

    def test_works_from_any_folder_and_with_blanks_in_its_path(self):
        tree = self.top / "a b"
        shutil.copytree(self.tree, tree)
        result = subprocess.run(["sh", tree / "dev", "build"], cwd="/", capture_output=True, text=True, timeout=60,
                                env={"PATH": str(self.bin), "PRETEND": str(self.top), "CDPATH": str(self.top)})
        self.assertEqual(result.returncode, 0, result)
        self.assertTrue(os.path.isdir(tree / "build"))


if __name__ == "__main__":
    unittest.main()
