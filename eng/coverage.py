"""Runs the C# tests, and the tests of tests/python inside them, and says how many lines of each assembly they reach.

    python3 -m eng.coverage

The report, by file and line, is for IDEs and ReportGenerator. In this process assertions of the C# code are checked, too.
"""

import shutil
import sys
import xml.etree.ElementTree as xml

from eng import packages, prerequisites, pythons
from eng.commands import quietly
from eng.dotnet import dotnet
from eng.project import ARTIFACTS, relative
from eng.terminal import say

FOLDER = ARTIFACTS / "coverage"


def main():
    prerequisites.demand(*pythons.find())
    shutil.rmtree(FOLDER, ignore_errors=True)
    # Explicit: PythonUnitTests.
    command = [dotnet(), "test", "--solution", "Symplast.slnx", "--explicit", "on", "--results-directory", FOLDER,
               "--coverage", "--coverage-output-format", "cobertura"]
    passed = quietly("Coverage", command, "coverage.log", f"about ten minutes{packages.announcement(everything=True)}")
    reports = sorted(FOLDER.rglob("*.cobertura.xml"))
    for report in reports:
        say(f"{relative(report)}:")
        for name, share in shares(report):
            say(f"  {share:6.1%} {name}")
    return 0 if passed and reports else 1


def shares(report):
    """The assemblies of a report, with the share of their lines that were reached."""
    return sorted((package.get("name"), float(package.get("line-rate"))) for package in xml.parse(report).iter("package"))


if __name__ == "__main__":
    sys.exit(main())
