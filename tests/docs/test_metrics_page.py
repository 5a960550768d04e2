# SPDX-License-Identifier: Apache-2.0
"""docs/metrics.md and docs/traffic.md say what the lists of metrics say."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/gen-metrics-docs"


def check(root):
    return subprocess.run([sys.executable, "-B", TOOL, "--check", root], capture_output=True, text=True, timeout=60)


class MetricsPage(unittest.TestCase):
    def test_page_is_what_the_list_says(self):
        result = check(ROOT)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_a_stale_page_is_noticed(self):
        with tempfile.TemporaryDirectory(prefix="till-test-") as folder:
            for name in ("docs/metrics.md", "src/model/metrics.def", "docs/traffic.md", "src/model/traffic_metrics.def"):
                target = pathlib.Path(folder) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
            page = pathlib.Path(folder) / "docs/metrics.md"
            page.write_text(page.read_text().replace("| never |", "| always |", 1))
            self.assertIn("run tools/gen-metrics-docs", check(folder).stdout)

    def test_a_stale_page_of_traffic_is_noticed(self):
        with tempfile.TemporaryDirectory(prefix="till-test-") as folder:
            for name in ("docs/metrics.md", "src/model/metrics.def", "docs/traffic.md", "src/model/traffic_metrics.def"):
                target = pathlib.Path(folder) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
            page = pathlib.Path(folder) / "docs/traffic.md"
            page.write_text(page.read_text().replace("clicks / impressions", "impressions / clicks", 1))
            self.assertIn("docs/traffic.md is not what", check(folder).stdout)


if __name__ == "__main__":
    unittest.main()
