"""The benchmarks run; those of live objects have a row for every operation, and can be drawn."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import searchpath

SAME_IN_EVERY_VERSION = "the benchmarks use no part of Python that a version between has alone"

BENCH = pathlib.Path(searchpath.ROOT, "bench")
SECONDS = 300

# What must be compared, and with what. Packages that are not installed take no part.
AGAINST_PLAIN = {
    "dict": [
        "d[str]", "d[int]", "d[str] of 8 keys", "d[int, str]", "key in d", "d.get(key)", "d[str] = int", "d[int] = int",
        "d[str] = str",
        "d[str] where that is a str", "d[str] where that is a float", "set and delete a key", "len(d)",
        "for key in d, 1,000 keys",
        "for key, value in d.items()", "Dict()", "Dict of 4 items", "Dict of 1,000 items", "d['child'], whose handle exists",
        "d['child'], a new handle",
        "int in sd", "str in sd", "sd[int] = int", "sd[str] = int", "insert and delete a new int", "insert and delete a new str",
        "for key, value in sd.items()", "an entry of a Dict, int: int", "an entry of a Dict, str: int",
        "an entry of a Dict, str: str",
        "an entry of a SortedDict, int: int",
    ],
    "an object": [
        "o.x", "o.x = int", "o.method()", "o.x, not declared", "o.x = int, not declared", "Class(7)",
        "o.child, whose handle exists", "o.child, a new handle",
    ],
    "list": [
        "l[i]", "l[i] = int", "l.append(int), 1,000 times", "append and pop", "for x in l, 1,000 elements", "x in l",
        "l[100:200]",
        "l.sort() of 1,000", "List()", "List of 1,000 elements", "an element of a List, int", "an element of a List, str",
    ],
    "set": ["x in s", "x not in s", "s.add and s.discard", "for x in s, 1,000 members", "Set of 1,000 members",
            "a member of a Set, str"],
    "d[key] += 1 of a dict": ["d.add(key, 1)"],
    "o.x += 1": ["symplast.add(o, 'x', 1)", "AtomicInt.add(1)"],
    "o.x += 1 under a Lock": ["AtomicInt.add(1)"],
    "o.x of an object": ["AtomicInt.value", "AtomicRef.value of an int", "AtomicRef.value = int"],
    "sorted() of a dict": ["irange() of 100 keys"],
    "min() of a dict": ["the first item: peekitem(0)", "pop the first, add one"],
    "an object, in a list": ["an object with 2 fields, in a List"],
    "reading in peace": [f"{name}: {who}, 1 writes" for name in ("Dict", "SortedDict", "List") for who in ("1 reads", "2 read")],
}
AGAINST_SHARING = {
    "Manager().dict()": ["d[str]", "d[str] = int", "key in d", "Dict()"],
    "Manager().dict().keys()": ["for key in d, each of 1,000"],
    "Manager().dict() in another": ["d['child']"],
    "a proxy of a BaseManager": ["o.method()"],
    "Manager().Namespace()": ["o.x", "o.x = int"],
    "Manager().list()": ["l[i]", "l.append(int)"],
    "Manager().Value and Lock": ["AtomicInt.add(1)", "AtomicInt.add(1), 2 at once", "d.add(key, 1), 2 at once"],
    "multiprocessing.Value": ["AtomicInt.add(1), 2 at once", "d.add(key, 1), 2 at once"],
}


def python(script, *arguments):
    """Runs a script of the benchmarks, where it finds the package where this process found it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-W", "ignore", str(BENCH / script), *map(str, arguments)],
                          env=environment, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        raise AssertionError(f"{script} ended with status {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


# What is frozen, thawed and pickled: shapes in which memory, keys, numbers, texts and containers weigh differently.
SHAPES = ["JSON records", "nodes of a tree", "short strings", "tuples of numbers", "words with places", "records in a dict",
          "dicts of two floats",
          "floats in a dict, by int", "sets of words", "texts of 5,000 characters"]


class BenchmarksOfFrozenData(unittest.TestCase):
    def told(self, only):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "result.json")
            python("run.py", "--smoke", "--only", only, "--json", file)
            told = json.loads(file.read_text())
        self.assertEqual(told["failed"], {})
        return told["rows"]

    def test_freezing_is_measured_for_every_shape_of_data(self):
        rows = {(row["name"].partition(" ")[0], row["name"].split(" ", 2)[2], row["rival"]) for row in self.told("freezing")}
        self.assertEqual(rows, {row for shape in SHAPES for row in (
            ("freeze", shape, "pickle.dumps"), ("freeze", shape, "pickle.dumps + loads"), ("thaw", shape, "pickle.loads"))})

    def test_two_at_once_are_compared_with_one_on_each_core(self):
        for row in self.told("scaling"):
            self.assertEqual((row["unit"], len(row["our_samples"]), len(row["rival_samples"])), ("x", 1, 1), row["name"])


class BenchmarksOfLiveObjects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not hasattr(os, "sched_getaffinity"):
            raise unittest.SkipTest("the benchmarks read /proc")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.file = cls.folder / "live.json"
        cls.printed = python("run.py", "--smoke", "--only", "live", "--json", cls.file)
        cls.told = json.loads(cls.file.read_text())

    def test_every_operation_has_its_row(self):
        self.assertEqual(self.told["failed"], {})
        rows = {(row["rival"], row["name"]) for row in self.told["rows"]}
        for rivals in (AGAINST_PLAIN, AGAINST_SHARING):
            for rival, names in rivals.items():
                for name in names:
                    self.assertIn((rival, name), rows)

    def test_both_sides_are_measured_in_turn(self):
        for row in self.told["rows"]:
            with self.subTest(row["name"], rival=row["rival"]):
                self.assertTrue(all(sample > 0 for sample in row["our_samples"] + row["rival_samples"]))
                if row["unit"] != "x":
                    self.assertEqual(len(row["our_samples"]), len(row["rival_samples"]))
                    self.assertEqual(len(row["ratios"]), len(row["our_samples"]))
                    self.assertGreater(row["ratio_of_best"], 0)

    def test_bars_are_those_of_the_design(self):
        bars = {(row["rival"], row["name"]): (row["bar"]["limit"], row["bar"]["at_least"], row["met"] is not None)
                for row in self.told["rows"] if row["bar"]}
        self.assertEqual(bars["dict", "d[str]"], (2.0, False, True))
        self.assertEqual(bars["dict", "d[str] = int"], (1.5, False, True))
        self.assertEqual(bars["an object", "o.x"], (3.0, False, True))
        self.assertEqual(bars["an object", "o.x = int"], (2.5, False, True))
        self.assertEqual(bars["reading in peace", "Dict: 2 read, 1 writes"], (0.9, True, True))

    def test_a_run_says_under_which_conditions(self):
        self.assertEqual(self.told["effort"], "smoke")
        self.assertEqual(self.told["python"].split("rc")[0].split("b")[0].split("a")[0], ".".join(map(str, sys.version_info[:3])))
        self.assertEqual(self.told["rivals"].keys(), {"sortedcontainers", "memhive", "bocpy"})
        for name in ("symplast", "build", "processor", "cores", "load_average_before", "load_average_after", "started"):
            self.assertTrue(self.told[name] is not None, name)

    def test_several_pythons_stand_beside_each_other(self):
        other = self.folder / "other.json"
        other.write_text(json.dumps(self.told | {"python": "3.99.0", "rows": self.told["rows"][1:]}))
        merged = self.folder / "merged.json"
        table = python("versions.py", other, self.file, "--json", merged)
        self.assertEqual([run["python"] for run in json.loads(merged.read_text())["runs"]], [self.told["python"], "3.99.0"])
        first = next(line for line in table.splitlines() if line.startswith("  d[str] "))
        self.assertIn("–", first)  # which the other one lacks
        self.assertIn("≤ 2.00x", first)
        self.assertRegex(table, r"\d+ of \d+ bars met on all")

    def test_a_drawing_shows_every_row_and_bar(self):
        folder = self.folder / "figures"
        python("plot.py", self.file, "--folder", folder)
        subjects = {row["subject"] for row in self.told["rows"]}
        self.assertEqual({file.stem for file in folder.iterdir()}, {subject.replace("_", "-") for subject in subjects})
        for subject in subjects:
            root = ElementTree.parse(folder / f"{subject.replace('_', '-')}.svg").getroot()
            space = root.tag.removesuffix("svg")
            lines = root.findall(f"{space}g")
            rows = [row for row in self.told["rows"] if row["subject"] == subject]
            self.assertEqual(["".join(line.find(f"{space}text").itertext()) for line in lines],
                             [f"{row['name']}vs {row['rival']}" for row in rows])
            for row, line in zip(rows, lines):
                self.assertEqual(len(line.findall(f"{space}circle")), 1, row["name"])
                self.assertEqual(any("bar" in one.get("class") for one in line.findall(f"{space}line")), row["bar"] is not None,
                                 row["name"])

    def test_the_same_figures_give_the_same_drawing(self):
        for folder in ("one", "two"):
            python("plot.py", self.file, "--folder", self.folder / folder)
        for file in (self.folder / "one").iterdir():
            self.assertEqual(file.read_bytes(), (self.folder / "two" / file.name).read_bytes())
