"""The demo's part for NumPy and pandas gives the same answers in all its ways."""

import importlib.util
import pathlib
import subprocess
import sys
import unittest

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "frames.py"


class Frames(unittest.TestCase):
    def test_the_example(self):
        for name in ("numpy", "pandas"):
            if importlib.util.find_spec(name) is None:
                self.skipTest(f"{name} is not installed for this Python")
        done = subprocess.run([sys.executable, EXAMPLE, "--days", "6", "--workers", "2"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=240)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"^NumPy \S+ and pandas \S+, Python \S+: 6 days of \d+ sales each, 2 workers\.\n")
        self.assertRegex(done.stdout, r"\nsymplast +[\d.]+ +[\d.]+ +[\d.]+x\n")
        self.assertIn("All 3 ways gave the same 6 answers.", done.stdout)


if __name__ == "__main__":
    unittest.main()
