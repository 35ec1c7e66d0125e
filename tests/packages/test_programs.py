"""
Real packages in two workers at once: what a short program does with each is what it does in the main interpreter. For Pythons
that have the packages; those that are missing are skipped.

    python3.14 -m unittest discover tests/packages            with PYTHONPATH holding the built package
"""

import unittest

import programs


class Packages(unittest.TestCase):
    def check(self, name):
        try:
            rounds = programs.alone(name)["rounds"]
        except programs.NotInstalled as missing:
            self.skipTest(f"{name} is {missing}")
        self.assertEqual(len(rounds), programs.WORKERS)
        self.assertGreaterEqual(min(rounds), 3)


def _test(name):
    def test(self):
        self.check(name)

    return test


for _name in programs.PROGRAMS:
    setattr(Packages, f"test_{_name}", _test(_name))


if __name__ == "__main__":
    unittest.main()
