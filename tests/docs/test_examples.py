# SPDX-License-Identifier: Apache-2.0
"""The documents tell the truth: every ```sh block runs, in a home that is connected to the simulator and synced; the README's capture of the demo is what the demo
prints; links lead somewhere. UPDATE_GOLDEN=1 captures anew."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from places import Places  # noqa: E402
from sim import ROOT, Sim, clean_environment, run_till, sim_path, till_path  # noqa: E402

PAGES = [ROOT / "README.md", ROOT / "docs/sync.md", ROOT / "docs/export.md", ROOT / "docs/digest.md"]
CAPTURE = re.compile(r"(<!-- captured: till (.*?) -->\n```text\n)(.*?)(```\n<!-- end: captured -->)", re.S)

# Runs the real one; adding a channel is turned to loopback, and what is secret comes as if it were typed.
STAND_IN = """#!{python}
import subprocess
import sys
args, secret = sys.argv[1:], ""
if args[:2] == ["channels", "add"]:
    for option, value in (("--username", None), ("--smtp-host", {smtp!r}), ("--url", {url!r} + "/hook")):
        if option in args:
            at = args.index(option)
            args[at:at + 2] = [option, value] if value else []
    args += ["--api-url", {url!r}] if args[2] in ("telegram", "ntfy") else []
    secret = {secrets!r}.get(args[2])
    args += ["--token-stdin"] if secret else []
sys.exit(subprocess.run([{till!r}, *args], input=secret or "", text=True).returncode)
"""


class Examples(unittest.TestCase):
    def test_every_block_runs(self):
        blocks = [(page.name, block) for page in PAGES for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.S)]
        self.assertGreaterEqual(len(blocks), 3)
        with Sim(orders=60, seed=4) as sim, tempfile.TemporaryDirectory(prefix="till-test-") as folder:
            home, bin_folder, work = (pathlib.Path(folder) / name for name in ("home", "bin", "work"))
            for path in (home, bin_folder, work):
                path.mkdir(mode=0o700)
            (bin_folder / "till").symlink_to(till_path())
            run_till(["connect", "polar", "--api-url", sim.production.url, "--token-stdin"], home=home, input=sim.production.tokens["read"],
                     check=True)
            run_till(["sync"], home=home, env={"TILL_RATE": "max"}, check=True)
            env = clean_environment(home, {"TILL_RATE": "max", "PATH": f"{bin_folder}:{os.environ['PATH']}"})
            for name, block in blocks:
                with self.subTest(page=name, block=block):
                    result = subprocess.run(["sh", "-eu", "-c", block], env=env, cwd=work, capture_output=True, text=True, timeout=120,
                                            stdin=subprocess.DEVNULL)
                    self.assertEqual((result.returncode, result.stderr.replace("checkouts is off; its rows are kept.\n", "")), (0, ""))

    def test_every_channel_is_added_and_tested(self):
        """docs/channels.md as it stands, but that services are on loopback and that nobody types."""
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/channels.md").read_text(), re.S)
        with Places() as places, tempfile.TemporaryDirectory(prefix="till-test-") as folder:
            home, bin_folder, work = (pathlib.Path(folder) / name for name in ("home", "bin", "work"))
            for path in (home, bin_folder, work):
                path.mkdir(mode=0o700)
            stand_in = bin_folder / "till"
            stand_in.write_text(STAND_IN.format(python=sys.executable, till=till_path(), url=places.url, smtp=places.smtp,
                                                secrets={kind: places.secrets(kind) for kind in ("slack", "discord", "telegram", "ntfy", "webhook")}))
            stand_in.chmod(0o700)
            env = clean_environment(home, {"PATH": f"{bin_folder}:{os.environ['PATH']}"})
            kinds = [re.match(r"till channels add (\w+)", block) for block in blocks]
            for kind, block in zip(kinds, blocks):
                self.assertTrue(kind, block)
                with self.subTest(block=block):
                    result = subprocess.run(["sh", "-eu", "-c", block], env=env, cwd=work, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual("" if kind[1] in ("command", "slack") else result.stderr, "")
            self.assertEqual({kind: len(got) for kind, got in places.got.items()}, {"email": 1, "slack": 1, "discord": 1, "telegram": 1, "ntfy": 1, "webhook": 2})
            self.assertEqual(sorted(re.sub(r"\d", "0", path.name) for path in work.iterdir()), ["digest-0000-00-00.md", "last-digest.txt"])

    def test_links(self):
        for page in [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")
            # Files that are named in passing.
            for target in re.findall(r"`?\b((?:docs|src|tests|tools)/[\w./-]+\.(?:md|c|h|def|py))\b", page.read_text()):
                self.assertTrue((ROOT / target).exists() or re.search(r"/[A-Z]+[._/]", target), f"{page.name}: {target}")

    def test_exit_statuses_are_those_of_the_program(self):
        listed = set(re.findall(r"^\| (\d+) \|", (ROOT / "docs/sync.md").read_text(), re.M))
        real = set(re.findall(r"^    X\(\w+, \"\w+\", (\d+),", (ROOT / "src/base/error.h").read_text(), re.M))
        self.assertEqual(listed, real)


def sections(text):
    """The demo's commands and what each printed, without what differs from run to run: the simulated shop lives up to now, so its numbers grow with the days."""
    found = {}
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        output = re.sub(r"/\S*/till-demo-\w+", "FOLDER", output)
        output = re.sub(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "UUID", output)
        output = re.sub(r"\d[\d,.]* (ms|s)\b( ago)?|just now", "DURATION", output)
        output = re.sub(r"\s*-?[^\w\s]?\d[\d,.:-]*", " N", output)
        output = " ".join(output.split())
        output = re.sub(r"(\b[a-z]{3} N N ?)+$", "ROWS", output) if "v_mrr" in command else output
        if command.startswith("till today"):
            # Which currencies had a sale depends on the day.
            output = output.split(",")[0] + " ... " + output[output.index("Revenue is after"):]
        found[re.sub(r":\d+", ":PORT", command)] = output
    return found


class Capture(unittest.TestCase):
    maxDiff = None

    def test_the_readme_shows_the_real_demo(self):
        readme = ROOT / "README.md"
        capture = CAPTURE.search(readme.read_text())
        self.assertTrue(capture)
        with tempfile.TemporaryDirectory(prefix="till-test-") as folder:
            env = clean_environment(folder, {"TILL_HOME": None, "TMPDIR": None, "TILL_SIM": sim_path(), "TILL_LOCALE": "en_US"})
            result = subprocess.run([till_path(), *capture[2].split()], env=env, capture_output=True, text=True, timeout=120, check=True)
        real = result.stdout.strip("\n") + "\n"
        if os.environ.get("UPDATE_GOLDEN"):
            readme.write_text(CAPTURE.sub(lambda found: found[1] + real + found[4], readme.read_text()))
            capture = CAPTURE.search(readme.read_text())
        self.assertEqual(sections(capture[3]), sections(real))
        for line in capture[3].splitlines():
            self.assertLessEqual(len(line), 100, line)


if __name__ == "__main__":
    unittest.main()
