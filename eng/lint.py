"""Checks that need no test run: formatting, the width of lines, the order of the floors and rooms, the syntax of our Python under
the oldest and the newest Python, and the type stubs.

    python3 -m eng.lint
    python3 -m eng.lint --format    puts the formatting of the C# code right instead
"""

import concurrent.futures
import sys

from eng import dependencies, packages, prerequisites, pythons, sources, typecheck
from eng.commands import quietly
from eng.dotnet import dotnet
from eng.project import ROOT
from eng.terminal import say

# As .editorconfig has it.
_COLUMNS = 130

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
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        # On one core for about a minute: the other checks take as long on another one.
        formatting = beside.submit(_format, "--verify-no-changes")
        disorder = [*dependencies.problems(dependencies.read()), *dependencies.numbers(), *dependencies.declared_twice()]
        say("\n".join(disorder) or "Folders: no circles, no use of an upper floor")
        wide = list(_wide_lines())
        say("\n".join(wide) or f"Lines of C# and Python: none longer than {_COLUMNS} columns")
        parsed = [
            quietly(f"Syntax under Python {python.name}", [python.path, "-c", _PARSE, *sources.python()],
                    f"syntax-{python.name}.log")
            for python in dict.fromkeys([found[0], pythons.newest(found)])]
        typed = typecheck.check(["3.12", "3.15"])
        formatted = formatting.result()
    if formatted and not disorder and not wide and all(parsed) and typed:
        return 0
    if not formatted:
        say("`make format` puts the formatting right.")
    return 1


def _wide_lines():
    """The places of lines that are longer than .editorconfig has them."""
    for path in [*sources.csharp(), *sources.python()]:
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > _COLUMNS:
                yield f"{path}:{number}: {len(line)} columns, {_COLUMNS} are the most"


def _format(*options):
    return quietly("Formatting of the C# code", [dotnet(), "format", "Symplast.slnx", *options], "format.log",
                   "about a minute" + packages.announcement(everything=True))


if __name__ == "__main__":
    sys.exit(main())
