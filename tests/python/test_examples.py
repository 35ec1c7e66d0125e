"""The examples run, and what they assert holds."""

import pathlib
import re
import unittest

import child

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


class Examples(unittest.TestCase):
    def check(self, name, expected):
        # As a script of its own, whose classes and functions are those of __main__.
        source = (EXAMPLES / name).read_text(encoding="utf-8")
        self.assertRegex(child.run(source), re.compile(expected))

    def test_sessions(self):
        self.check("sessions.py", r"^20000 requests of 100 visitors; user\d+ came most often")

    def test_components(self):
        self.check("components.py", r"^\d+ nodes, \d+ edges: \d+ components, the largest of \d+ nodes")

    def test_orders(self):
        self.check("orders.py", r"^4000 orders: \d+ traded")


if __name__ == "__main__":
    unittest.main()
