# SPDX-License-Identifier: Apache-2.0
"""till channels with the Nth allocation failing: as test_commands.py, whose loop it is."""

import pathlib
import shutil
import sys
import tempfile
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import test_commands  # noqa: E402
from places import Places  # noqa: E402


@unittest.skipUnless(test_commands.has_fault_points(), "no fault points in this build")
class Channels(unittest.TestCase):
    till = staticmethod(test_commands.Commands.till)
    torture = test_commands.Commands.torture

    def setUp(self):
        self.places = Places().__enter__()
        self.addCleanup(self.places.__exit__)
        self.home = tempfile.mkdtemp(prefix="till-test-")
        self.addCleanup(shutil.rmtree, self.home, True)
        # What must not be said: torture() looks for it.
        self.sim = types.SimpleNamespace(production=types.SimpleNamespace(tokens={"read": self.places.key["telegram"]}))

    def add(self, kind):
        secrets = self.places.secrets(kind)
        return ("channels", "add", kind, *self.places.options(kind, self.home), *(["--token-stdin"] if secrets else [])), secrets

    def test_add(self):
        for kind in ("telegram", "file"):
            command, secrets = self.add(kind)
            self.torture(None, *command, input=secrets)

    def test_the_others(self):
        for kind in ("telegram", "command"):
            command, secrets = self.add(kind)
            self.till(self.home, *command, input=secrets, check=True)
        for command in ([], ["--json"], ["set", "telegram", "--sections", "money,tops", "--off", "--json"], ["test", "telegram"], ["test", "command"]):
            self.torture(self.home, "channels", *command)
        self.torture(self.home, "channels", "remove", "telegram")


if __name__ == "__main__":
    unittest.main()
