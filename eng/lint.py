"""Checks that need no test run: formatting, the order of the floors and rooms, the syntax of our Python under the oldest and the newest Python, and the type stubs.

    python3 -m eng.lint
    python3 -m eng.lint --format    puts the formatting of the C# code right instead
"""

import sys

from eng import dependencies, packages, prerequisites, pythons, sources, typecheck
from eng.commands import quietly
from eng.dotnet import dotnet
from eng.terminal import say

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
    if sys.argv[1:] == ["--format"]:
        prerequisites.demand_for_build()
        return 0 if _format() else 1
    found, skipped = pythons.find()
    prerequisites.demand(found, skipped)
    formatted = _format("--verify-no-changes")
    disorder = list(dependencies.problems(dependencies.read()))
    say("\n".join(disorder) or "Folders: no circles, no use of an upper floor")
    parsed = [quietly(f"Syntax under Python {python.name}", [python.path, "-c", _PARSE, *sources.python()], f"syntax-{python.name}.log")
              for python in dict.fromkeys([found[0], pythons.newest(found)])]
    typed = typecheck.check(["3.12", "3.15"])
    if formatted and not disorder and all(parsed) and typed:
        return 0
    if not formatted:
        say("`make format` puts the formatting right.")
    return 1


def _format(*options):
    return quietly("Formatting of the C# code", [dotnet(), "format", "Symplast.slnx", *options], "format.log",
                   "about a minute" + packages.announcement(everything=True))


if __name__ == "__main__":
    sys.exit(main())
