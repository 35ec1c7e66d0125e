"""Checks that need no test run: formatting, the syntax of our Python under the oldest and the newest Python, and the type stubs.

    python3 -m eng.lint
"""

import subprocess
import sys

from eng import prerequisites, pythons, typecheck
from eng.commands import dotnet, quietly
from eng.project import ROOT, say

# Parsing only: files that import what is not installed here are checked as well.
_PARSE = """
import sys, warnings
warnings.simplefilter("error")
failed = False
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
    except (SyntaxError, SyntaxWarning, ValueError) as error:
        failed = True
        print(f"{path}: {error}")
sys.exit(failed)
"""


def main():
    found, skipped = pythons.find()
    prerequisites.demand(found, skipped)
    formatted = quietly("Formatting of the C# code", [dotnet(), "format", "Symplast.slnx", "--verify-no-changes"], "format.log")
    parsed = [quietly(f"Syntax under Python {python.name}", [python.path, "-c", _PARSE, *_sources()], f"syntax-{python.name}.log")
              for python in dict.fromkeys([found[0], pythons.newest(found)])]
    typed = typecheck.check(["3.12", "3.15"])
    if formatted and all(parsed) and typed:
        return 0
    if not formatted:
        say("`make format` puts the formatting right.")
    return 1


def _sources():
    """Every Python file of the project that git does not ignore."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.pyi"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return sorted(name for name in listed if name and (ROOT / name).exists())


if __name__ == "__main__":
    sys.exit(main())
