"""What is missing is named: what was found instead, why that does not do, and a command that helps on this system."""

import os
import unittest
from unittest import mock

from eng import dotnet, prerequisites, pythons

from folders import InFolder

DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n'
DEBIAN_13 = 'VERSION_ID="13"\nID=debian\n'
DEBIAN_SID = 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nID=debian\n'
UBUNTU_22 = 'ID=ubuntu\nVERSION_ID="22.04"\n'


class Missing(InFolder):
    def demand(self, *found, system=DEBIAN_13, sdks=(("/dotnet", ("10.0.401",), ""),), links=True, skipped=(),
               programs=("curl", "uv")):
        """What a machine with these things is told; None if nothing is missing."""
        file = self.folder / "os-release"
        file.write_text(system)
        with mock.patch.object(prerequisites, "_OS_RELEASE", file), mock.patch.object(dotnet, "installed", lambda: sdks), \
                mock.patch.object(prerequisites, "_links", lambda: links), \
                mock.patch.object(prerequisites.shutil, "which", lambda name: f"/bin/{name}" if name in programs else None), \
                mock.patch.object(prerequisites.os, "geteuid", lambda: 1000):
            try:
                prerequisites.demand(found, skipped)
            except SystemExit as end:
                return end.code

    def test_nothing_is_said_where_nothing_is_missing(self):
        self.assertIsNone(self.demand("a Python"))

    def test_an_sdk_that_is_too_old_is_named(self):
        told = self.demand("a Python", sdks=(("/usr/bin/dotnet", ("8.0.404", "9.0.100"), ""),))
        self.assertIn("The .NET 10 SDK is missing", told)
        self.assertIn("/usr/bin/dotnet has 8.0.404, 9.0.100, which do not do", told)

    def test_a_runtime_is_told_from_an_sdk(self):
        self.assertIn("/d/dotnet is a runtime without an SDK", self.demand("a Python", sdks=(("/d/dotnet", (), ""),)))

    def test_a_dotnet_that_does_not_run_is_quoted(self):
        self.assertIn("libstdc++.so.6: not found",
                      self.demand("a Python", sdks=(("/d/dotnet", (), "libstdc++.so.6: not found\nmore"),)))

    def test_one_sdk_that_does_is_enough(self):
        self.assertIsNone(self.demand("a Python", sdks=(("/old", ("8.0.404",), ""), ("/new", ("10.0.100",), ""))))

    def test_debian_12_is_not_sent_to_apt_for_a_python(self):
        told = self.demand(system=DEBIAN_12,
                           skipped=[pythons.PassedOver("/usr/bin/python3", "is CPython 3.11.2, too old", always=False)])
        self.assertIn("/usr/bin/python3: is CPython 3.11.2, too old", told)
        self.assertNotIn("apt-get install python3", told)
        self.assertIn("uv python install", told)

    def test_nor_is_ubuntu_22(self):
        self.assertNotIn("apt-get install python3", self.demand(system=UBUNTU_22))

    def test_newer_systems_are(self):
        for system in (DEBIAN_13, DEBIAN_SID, "", 'ID=linuxmint\nVERSION_ID="22"\n'):
            self.assertIn("sudo apt-get install python3 python3-venv", self.demand(system=system))

    def test_what_fetches_is_named_if_that_is_missing_too(self):
        self.assertIn("apt-get install curl", self.demand(programs=()))
        self.assertNotIn("apt-get install curl", self.demand())

    def test_everything_is_named_at_once(self):
        told = self.demand(sdks=(), links=False)
        for text in (".NET 10 SDK", "C compiler", "CPython 3.12"):
            self.assertIn(text, told)


class Sdks(InFolder):
    def test_releases_of_10_do(self):
        for version, does in {"10.0.100": True, "10.0.401": True, "10.0.100-rc.2.25502.107": False, "9.0.305": False,
                              "8.0.404": False, "11.0.100": False,
                              "10.1.100": False}.items():
            self.assertEqual(dotnet.is_usable(version), does, version)

    def test_the_command_with_the_right_sdk_is_found_behind_an_older_one(self):
        self.program("path/dotnet", "echo '8.0.404 [/usr/lib/dotnet/sdk]'")
        new = self.program("home/.dotnet/dotnet", "echo '10.0.401 [/home/.dotnet/sdk]'")
        self.environment(PATH=f"{self.folder}/path:{os.environ['PATH']}", HOME=self.folder / "home", DOTNET_ROOT=None)
        self.addCleanup(dotnet.installed.cache_clear)
        dotnet.installed.cache_clear()
        with mock.patch.object(dotnet, "is_usable", lambda version: version == "10.0.401"):
            found = dict((command, versions) for command, versions, _ in dotnet.installed())
            self.assertEqual(found[new], ("10.0.401",))
            self.assertEqual(found[f"{self.folder}/path/dotnet"], ("8.0.404",))

    def test_what_a_broken_one_complains_of_is_kept(self):
        broken = self.program("path/dotnet", "echo 'Could not find a valid ICU package' >&2; exit 134")
        self.environment(PATH=f"{self.folder}/path", HOME=self.folder, DOTNET_ROOT=None)
        self.addCleanup(dotnet.installed.cache_clear)
        dotnet.installed.cache_clear()
        self.assertIn((broken, (), "Could not find a valid ICU package"), dotnet.installed())


if __name__ == "__main__":
    unittest.main()
