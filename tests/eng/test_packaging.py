"""What pip asks for: metadata, a wheel, an sdist from which the same wheel can be made; without an index."""

import subprocess
import sys
import tarfile
import unittest
import zipfile
from unittest import mock

from eng import backend, dotnet, pythons, sdist, sources, version, wheel
from eng.project import ROOT

from folders import InFolder


def metadata_version(text):
    return next(line.partition(": ")[2] for line in text.splitlines() if line.startswith("Version: "))


class Hooks(InFolder):
    def test_nothing_is_required_from_an_index(self):
        self.assertEqual(backend.get_requires_for_build_wheel(), [])
        self.assertEqual(backend.get_requires_for_build_sdist(), [])
        self.assertIn("requires = []", (ROOT / "pyproject.toml").read_text())

    def test_metadata_need_no_build(self):
        with mock.patch.object(dotnet, "installed", lambda: ()):
            name = backend.prepare_metadata_for_build_wheel(str(self.folder))
        self.assertEqual(name, f"symplast-{version.version()}.dist-info")
        self.assertEqual(metadata_version((self.folder / name / "METADATA").read_text()), version.version())
        self.assertTrue((self.folder / name / "licenses" / "LICENSE").is_file())

    def test_a_missing_sdk_is_named(self):
        with mock.patch.object(dotnet, "installed", lambda: ()), self.assertRaises(SystemExit) as caught:
            backend.build_wheel(str(self.folder))
        self.assertIn("The .NET 10 SDK is missing", caught.exception.code)

    def test_editable_is_refused_with_what_to_do_instead(self):
        for hook in (backend.get_requires_for_build_editable, lambda: backend.build_editable(str(self.folder))):
            with self.assertRaises(SystemExit) as caught:
                hook()
            self.assertIn("pip install .", caught.exception.code)

    def test_an_sdist_has_what_is_tracked_and_its_version(self):
        name = backend.build_sdist(str(self.folder))
        top = f"symplast-{version.version()}"
        self.assertEqual(name, f"{top}.tar.gz")
        with tarfile.open(self.folder / name) as archive:
            members = {member.name: member for member in archive}
            told = archive.extractfile(f"{top}/PKG-INFO").read().decode()
        self.assertEqual(metadata_version(told), version.version())
        self.assertEqual({path for path in members}, {f"{top}/{path}" for path in ["PKG-INFO", *sources.tracked()]})
        for path in ("pyproject.toml", "eng/backend.py", "src/Symplast.Python/Symplast.Python.csproj",
                     "python/symplast/__init__.py", "global.json", "Makefile"):
            self.assertTrue(f"{top}/{path}" in members, path)
        for path in members:
            self.assertNotRegex(path, r"/(artifacts|obj|bin|__pycache__|\.git|\.venv)/")
        self.assertTrue(members[f"{top}/.ci/run"].mode & 0o100)

    def test_the_same_files_give_the_same_sdist(self):
        self.assertEqual(sdist.build(self.folder / "one").read_bytes(), sdist.build(self.folder / "two").read_bytes())


class Wheels(InFolder):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(wheel, "ARTIFACTS", self.folder))
        self.extension = self.folder / "extension"
        self.extension.write_bytes(b"compiled")

    def test_the_package_its_name_and_its_metadata_agree_about_the_version(self):
        made = wheel.build(self.extension)
        self.assertEqual(list(wheel.problems(made)), [])
        with zipfile.ZipFile(made) as archive:
            scope = {}
            exec(archive.read("symplast/_version.py"), scope)
            told = archive.read(f"symplast-{version.version()}.dist-info/METADATA").decode()
        self.assertEqual({scope["version"], metadata_version(told), made.name.split("-")[1]}, {version.version()})

    def test_older_wheels_are_removed(self):
        first = wheel.build(self.extension)
        with mock.patch.object(wheel, "version", lambda: "0.2.0.dev1000000"):
            second = wheel.build(self.extension)
        self.assertEqual(list(first.parent.glob("*.whl")), [second])


def has_pip(python):
    done = subprocess.run([python, "-m", "pip", "--version"], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
    return done.returncode == 0


class WithPip(InFolder):
    @classmethod
    def setUpClass(cls):
        found, _ = pythons.find()
        cls.python = next((python.path for python in reversed(found) if has_pip(python.path)), None)
        if cls.python is None:
            raise unittest.SkipTest("no Python 3.12+ here has pip")

    def pip(self, *arguments, expect=0, python=None):
        """Runs pip where there is no index."""
        self.environment(PIP_NO_INDEX="1", PIP_FIND_LINKS=None, PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONPATH=None)
        done = subprocess.run([python or self.python, "-m", "pip", *map(str, arguments)], cwd=self.folder,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, expect, done.stdout)
        return done.stdout

    def unpacked(self):
        with tarfile.open(sdist.build(self.folder)) as archive:
            archive.extractall(self.folder)
        return self.folder / sdist.name()

    def test_a_wheel_is_built_from_the_checkout(self):
        for how in ([], ["--no-build-isolation"]):
            self.pip("wheel", *how, "--wheel-dir", self.folder / "wheels", ROOT)
            self.assertEqual([file.name for file in (self.folder / "wheels").iterdir()], [wheel.name()])

    def test_a_missing_sdk_is_named_in_what_pip_shows(self):
        tree = self.unpacked()
        (tree / "global.json").write_text('{"sdk": {"version": "99.0.100"}}')
        told = self.pip("wheel", tree, expect=1)
        self.assertIn("The .NET 10 SDK is missing", told)
        self.assertNotIn("Traceback", told)

    def test_an_old_python_is_refused_by_pip(self):
        if sys.version_info >= (3, 12) or not has_pip(sys.executable):
            self.skipTest("the Python that runs make is none that is too old and has pip")
        self.assertIn("requires a different Python", self.pip("wheel", self.unpacked(), expect=1, python=sys.executable))

    def test_editable_is_refused_without_a_traceback(self):
        told = self.pip("install", "--target", self.folder / "site", "--editable", self.unpacked(), expect=1)
        self.assertIn("cannot be installed in editable mode", told)
        self.assertNotIn("Traceback", told)


if __name__ == "__main__":
    unittest.main()
