"""The table of packages in docs/extensions.md."""

import unittest

from eng import compatibility


def facts(version="1.0", problem=None, error=None, program=None):
    check = {"version": version, "fine": problem is None, "problem": problem, "workers": [{"error": error}]}
    return {"check": check, "program": program
            or {"rounds": [5, 6], "does": "This.", "private": {"single-phase": 2, "library": 1, "bytes": 1_234_567}}}


class Table(unittest.TestCase):
    def table(self, *runs):
        return list(compatibility.table(*({"python": f"3.1{4 + i}.0", "packages": packages} for i, packages in enumerate(runs))))

    def test_a_package_that_works(self):
        self.assertEqual(self.table({"one": facts()})[-1], "| one | 1.0 | 2 |  | 1 | 1.2 | yes | yes | This. |")

    def test_what_goes_wrong(self):
        refused = facts(problem="cannot be imported in the workers: no", error="no", program={"failed": "text"})
        self.assertEqual(self.table({"one": refused})[-1],
                         "| one | 1.0 |  |  |  | 0.0 | no: no | no: cannot be imported in the workers: no |  |")
        self.assertIn("| no: the program fails | no: after the program |",
                      self.table({"one": facts(program={"failed": "text"})})[-1])
        self.assertIn("| yes | no: hangs |", self.table({"one": facts(problem="hangs")})[-1])

    def test_other_pythons_have_a_column_each(self):
        lines = self.table({"one": facts(), "Two": facts(), "three": facts()}, {"one": facts(), "three": facts(problem="hangs")})
        self.assertIn("| on 3.15.0 | What was done |", lines[2])
        self.assertEqual([line.split(" | ")[0] + ": " + line.split(" | ")[8] for line in lines[4:]],
                         ["| one: yes", "| three: no", "| Two: not built"])
        self.assertEqual({line.count("|") for line in lines[2:]}, {11})

    def test_it_replaces_what_is_between_the_markers(self):
        page = f"before\n{compatibility.BEGIN}old\n{compatibility.END}after\n"
        self.assertEqual(compatibility.with_table(page, ["new", "lines"]),
                         f"before\n{compatibility.BEGIN}new\nlines\n{compatibility.END}after\n")
        with self.assertRaises(SystemExit):
            compatibility.with_table("no markers\n", [])

    def test_the_page_has_the_markers(self):
        page = compatibility.PAGE.read_text(encoding="utf-8")
        self.assertEqual(compatibility.with_table(
            page, page.partition(compatibility.BEGIN)[2].partition(compatibility.END)[0].splitlines()), page)


if __name__ == "__main__":
    unittest.main()
