"""Every state of the project has a version of its own, and later ones are newer."""

import re
import subprocess
import unittest
from unittest import mock

from eng import sources, version
from eng.project import ROOT

from folders import InFolder

try:
    from pip._vendor.packaging.version import Version
except ImportError:
    Version = None


class Versions(InFolder):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(version, "ROOT", self.folder))
        self.enterContext(mock.patch.object(sources, "ROOT", self.folder))
        self.write("Directory.Build.props", "<Version>0.2.0</Version>")

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def version(self):
        version.version.cache_clear()
        self.addCleanup(version.version.cache_clear)
        return version.version()

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", *arguments],
                       cwd=self.folder, check=True,
                       capture_output=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--allow-empty", "--message", "one more")


class WithoutGit(Versions):
    def test_an_sdist_has_its_version_written_down(self):
        self.write("PKG-INFO", "Metadata-Version: 2.4\nName: symplast\nVersion: 0.2.0.dev7+g0123456ab\n\nVersion: 9\n")
        self.assertEqual(self.version(), "0.2.0.dev7+g0123456ab")

    def test_there_is_one_where_nothing_is_known(self):
        self.assertEqual(self.version(), "0.2.0.dev0")

    def test_so_there_is_where_git_is_not_installed(self):
        self.environment(PATH=self.folder)
        self.assertEqual(self.version(), "0.2.0.dev0")

    def test_files_are_found_all_the_same(self):
        for path in ("a.py", "src/b.cs", "src/obj/c.cs", "artifacts/d", "e/__pycache__/f.pyc", ".ci/run"):
            self.write(path, "")
        self.assertEqual(sources.tracked(), [".ci/run", "Directory.Build.props", "a.py", "src/b.cs"])
        self.assertEqual(sources.python(), ["a.py"])


@unittest.skipIf(version.git("--version") is None, "git is not installed")
class WithGit(Versions):
    def setUp(self):
        super().setUp()
        self.git("init", "--quiet")
        self.commit()

    def test_commits_are_counted_from_the_first(self):
        self.assertRegex(self.version(), r"^0\.2\.0\.dev1\+g[0-9a-f]{9}$")
        self.commit()
        self.assertRegex(self.version(), r"^0\.2\.0\.dev2\+g[0-9a-f]{9}$")

    def test_they_are_counted_from_the_last_release(self):
        self.git("tag", "v0.1.0")
        for _ in range(3):
            self.commit()
        self.assertRegex(self.version(), r"^0\.2\.0\.dev3\+g")

    def test_a_release_is_what_has_its_tag(self):
        self.git("tag", "v0.2.0")
        self.assertEqual(self.version(), "0.2.0")

    def test_what_follows_a_release_is_newer_than_that(self):
        self.git("tag", "v0.2.0")
        self.commit()
        self.assertRegex(self.version(), r"^0\.2\.0\.post1\+g")

    def test_changes_that_are_not_committed_are_told_apart(self):
        seen = {self.version()}
        self.write("python/symplast/a.py", "1")
        seen.add(self.version())
        self.write("python/symplast/a.py", "2")
        seen.add(self.version())
        self.commit()
        seen.add(self.version())
        self.write("python/symplast/a.py", "3")
        seen.add(self.version())
        self.assertEqual(len(seen), 5)
        self.assertRegex(self.version(), r"^0\.2\.0\.dev2\+g[0-9a-f]{9}\.m[0-9a-f]{8}$")

    def test_those_that_do_not_reach_the_wheel_are_not(self):
        self.write("notes.txt", "")
        self.assertNotIn(".m", self.version())

    def test_a_folder_inside_of_another_project_does_not_count_that_ones_commits(self):
        inner = self.folder / "vendored"
        self.write("vendored/Directory.Build.props", "<Version>0.3.0</Version>")
        with mock.patch.object(version, "ROOT", inner):
            self.assertEqual(self.version(), "0.3.0.dev0")

    @unittest.skipIf(Version is None, "this Python has no pip, which compares versions")
    def test_later_ones_are_newer(self):
        found = [self.version()]
        for _ in range(10):
            self.commit()
            found.append(self.version())
        self.git("tag", "v0.2.0")
        found.append(self.version())
        self.commit()
        found.append(self.version())
        self.write("Directory.Build.props", "<Version>0.3.0</Version>")
        self.commit()
        found.append(self.version())
        self.assertEqual(found, sorted(found, key=Version))
        self.assertEqual(len(set(map(Version, found))), len(found))

    def test_files_are_those_that_git_tracks(self):
        self.write("new.py", "")
        self.write(".gitignore", "ignored.py")
        self.write("ignored.py", "")
        self.assertEqual(sources.tracked(), ["Directory.Build.props"])
        self.assertEqual(sources.python(), ["new.py"])


class OfThisProject(unittest.TestCase):
    def test_c_sharp_is_compiled_with_the_number_alone(self):
        self.assertRegex(version.number(), r"^\d+\.\d+\.\d+$")

    def test_the_lock_files_know_it(self):
        for file in ROOT.glob("*/*/packages.lock.json"):
            for wanted in re.findall(r'"Symplast\.\w+": "\[([^,]+), \)"', file.read_text()):
                self.assertEqual(wanted, version.number(), file)


if __name__ == "__main__":
    unittest.main()
