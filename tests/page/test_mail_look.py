# SPDX-License-Identifier: Apache-2.0
"""test_mail_look.py - the digest's mail in a browser: the mails of small worlds (tests/lib/digest_worlds.py), judged by mail.test.mjs."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from digest_worlds import Shop, build, days, empty_home, moment  # noqa: E402
from sim import ROOT, Sim, run_till  # noqa: E402

NODE_TIMEOUT_S = 900
WORLD_NAMES = ("growth", "decline", "no_sales", "never_sold", "currencies", "stale_source", "traffic", "hostile_names")


def packages_folder():
    return pathlib.Path(os.environ.get("TILL_BUILD", ROOT / "build")) / "page-tests"


def large_world(shop):
    """Numbers and names that want more room than there is."""
    product = shop.product("Unternehmenslizenzverlängerungsgebührenpauschale" * 2 + " for " + "every " * 40)
    for day in days("2024-09-01", 52):
        shop.order(moment(day), 987_654_321_00, "krw", product=product, source="a-source-whose-name-does-not-end-" * 5)
        shop.order(moment(day), 123_456_789_00, "usd", product=product)
    shop.subscription(moment("2024-01-01"), 123_456_789_00)
    shop.write()
    return [["--date", "2024-10-22"]]


class MailLook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("node") is None or not (packages_folder() / "node_modules").is_dir():
            raise AssertionError("the browser's driver is not installed: ./dev test installs it (without a network: ./dev test -LE sdk)")
        shutil.copy(HERE / "mail.test.mjs", packages_folder())
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="till-mail-look-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.mails = cls.folder / "mails"
        cls.mails.mkdir()
        with Sim(orders=0, seed=3) as sim:
            cls.empty = empty_home(sim, cls.folder)

    def write_mails(self, name, make, *extra):
        shop = Shop(self.empty, self.folder / name)
        date = make(shop)[0][1]
        ask = ["digest", "--date", date, "--timezone", "UTC", *extra, "--format", "html"]
        text = run_till(ask, home=shop.home, env={"TILL_LOCALE": "en_US"}, check=True).stdout
        (self.mails / f"{shop.home.name}.html").write_text(text)

    def test_in_a_browser(self):
        for name in WORLD_NAMES:
            self.write_mails(name, lambda shop, name=name: build(shop, name))
        self.write_mails("large", large_world)
        self.write_mails("week", lambda shop: build(shop, "traffic"), "--weekly")
        result = subprocess.run(
            ["node", "--test", "mail.test.mjs"],
            cwd=packages_folder(),
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "MAILS": str(self.mails)},
            capture_output=True,
            text=True,
            timeout=NODE_TIMEOUT_S,
        )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
