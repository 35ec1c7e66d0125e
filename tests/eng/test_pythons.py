"""Pythons that do are found; of others it is known why they do not."""

import json
import sys
import unittest

from eng import pythons

from folders import InFolder


class Finding(InFolder):
    def setUp(self):
        super().setUp()
        # Nothing but what a test puts there.
        self.environment(PATH=self.folder / "path", PYENV_ROOT=self.folder / "pyenv", UV_PYTHON_INSTALL_DIR=self.folder / "uv",
                         SYMPLAST_PYTHONS=None)

    def python(self, path, version, implementation="CPython", free_threaded=False, venv=True):
        """A program that says of itself what a Python would."""
        told = {"path": str(self.folder / path), "implementation": implementation, "version": [*version, "final", 0],
                "free_threaded": free_threaded,
                "has_venv": venv, "has_pip": venv}
        return self.program(path, f"echo '{json.dumps(told)}'")

    def find(self):
        found, skipped = pythons.find()
        return [python.name for python in found], {each.path: each.why for each in skipped}, {
            each.path for each in skipped if each.always}

    def test_the_path_pyenv_and_uv_are_looked_at(self):
        self.python("path/python3", (3, 12, 1))
        self.python("pyenv/versions/3.13.0/bin/python3.13", (3, 13, 0))
        self.python("uv/cpython-3.14/bin/python3.14", (3, 14, 2))
        self.assertEqual(self.find(), (["3.12.1", "3.13.0", "3.14.2"], {}, set()))

    def test_one_that_is_too_old_is_known_but_not_mentioned_beside_others(self):
        old = self.python("path/python3", (3, 11, 2))
        self.assertEqual(self.find(), ([], {old: "is CPython 3.11.2, too old"}, set()))

    def test_other_kinds_are_known(self):
        pypy = self.python("path/python3.1", (3, 12, 0), implementation="PyPy")
        free = self.python("path/python3.13", (3, 13, 0), free_threaded=True)
        bare = self.python("path/python3.14", (3, 14, 0), venv=False)
        found, why, _ = self.find()
        self.assertEqual(found, [])
        self.assertIn("PyPy", why[pypy])
        self.assertIn("free-threaded", why[free])
        self.assertIn("without the venv module", why[bare])

    def test_one_that_does_not_run_is_quoted(self):
        broken = self.program("path/python3", "echo 'libpython3.13.so.1.0: cannot open' >&2; exit 127")
        self.assertEqual(self.find()[1], {broken: "does not run (libpython3.13.so.1.0: cannot open)"})

    def test_what_is_named_and_does_not_exist_is_always_mentioned(self):
        self.python("path/python3", (3, 13, 0))
        self.environment(SYMPLAST_PYTHONS="/no/such/python3")
        found, why, always = self.find()
        self.assertEqual(found, ["3.13.0"])
        self.assertIn("does not exist", why["/no/such/python3"])
        self.assertEqual(always, {"/no/such/python3"})

    def test_so_is_what_is_named_and_does_not_do(self):
        old = self.python("named/python3", (3, 9, 2))
        self.environment(SYMPLAST_PYTHONS=old)
        self.assertEqual(self.find()[2], {old})
        self.environment(SYMPLAST_PYTHONS=str(self.folder / "named"))
        self.assertEqual(self.find()[2], {old})

    def test_a_folder_one_too_high_is_recognised(self):
        self.python("opt/bin/python3", (3, 13, 0))
        self.environment(SYMPLAST_PYTHONS=self.folder / "opt")
        self.assertIn(f"is {self.folder}/opt/bin meant?", self.find()[1][str(self.folder / "opt")])

    def test_an_empty_folder_and_a_file_that_is_no_program_are_named(self):
        (self.folder / "empty").mkdir()
        (self.folder / "text").write_text("")
        self.environment(SYMPLAST_PYTHONS=f"{self.folder}/empty:{self.folder}/text")
        why = self.find()[1]
        self.assertIn("no python3 in it", why[f"{self.folder}/empty"])
        self.assertIn("not executable", why[f"{self.folder}/text"])

    def test_this_one_is_described_as_it_is(self):
        found, error = pythons._probe(sys.executable)
        self.assertIsNone(error)
        self.assertEqual(tuple(found["version"]), tuple(sys.version_info))


if __name__ == "__main__":
    unittest.main()
