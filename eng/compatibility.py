"""Writes the table of packages in docs/extensions.md, from what `symplast check` and the programs in tests/packages say of each.

    python3 -m eng.compatibility [PYTHON ...]

PYTHON is one that has the packages; the first one fills the table, the others get a column each.
"""

import json
import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

from eng import build
from eng.commands import environment
from eng.project import ARTIFACTS, ROOT, relative
from eng.terminal import fail, running, say

PAGE = ROOT / "docs" / "extensions.md"
BEGIN, END = "<!-- python3 -m eng.compatibility -->\n", "<!-- end -->\n"

# Where the tool is that fetches Pythons with packages; .ci/run looks there, too.
_PACKAGES = ROOT.parent / "shared" / "tools" / "packages"
# Where a package by itself imports nothing that is compiled.
_MODULES = {"PIL": "PIL.Image", "lxml": "lxml.etree"}


def main(*pythons):
    site = _unpack(build.build())
    runs = [_run(python, site) for python in pythons or _default()]
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), table(*runs)), encoding="utf-8")
    say(f"Written: {relative(PAGE)}")


def with_table(page, lines):
    """The page with these lines between its markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        fail(f"{relative(PAGE)} has no lines {BEGIN.strip()} and {END.strip()} for the table")
    return "".join([before, begin, *(f"{line}\n" for line in lines), end, after])


def table(first, *others):
    """The lines of the table. Each run is a dict: python, and by package the `check` and the `program`, or no package."""
    yield (f"CPython {first['python']}, {platform.system()} {platform.machine()}; what is private counts all that the program "
           f"had loaded.")
    yield ""
    heads = ["Package", "Version", "single-phase", "multi-phase", "libraries", "MB", "Two at once", "Ends cleanly"]
    heads += [f"on {other['python']}" for other in others] + ["What was done"]
    yield _row(heads)
    yield _row(["---", "---", *["---:"] * 4, *["---"] * (len(heads) - 6)])
    for package in sorted(first["packages"], key=str.lower):
        facts = first["packages"][package]
        private = facts["program"].get("private", {})
        counts = [private.get(kind, 0) or "" for kind in ("single-phase", "multi-phase", "library")]
        yield _row([
            package, facts["check"]["version"] or "", *counts, f"{private.get('bytes', 0) / 1e6:.1f}",
            _worked(facts), _ended(facts), *(_same(other["packages"].get(package)) for other in others),
            facts["program"].get("does", ""),
        ])  # fmt: skip


def _worked(facts):
    if "rounds" in facts["program"]:
        return "yes"
    return "no: " + next(iter([each["error"] for each in facts["check"]["workers"] if each["error"]]), "the program fails")


def _ended(facts):
    if facts["check"]["fine"] and "rounds" in facts["program"]:
        return "yes"
    return f"no: {facts['check']['problem'] or 'after the program'}"


def _same(facts):
    """A column of another Python: both at once."""
    if facts is None:
        return "not built"
    return "yes" if _worked(facts) == _ended(facts) == "yes" else "no"


def _row(cells):
    return f"| {' | '.join(map(str, cells))} |"


def _run(python, site):
    """What one Python says of all packages that it has."""
    variables = {**environment(), "PYTHONPATH": str(site)}
    with running(f"{python}"):
        programs = _json([python, ROOT / "tests" / "packages" / "programs.py", "--json"], variables)
        there = [package for package, outcome in programs.items() if "missing" not in outcome]
        checked = _json([python, "-m", "symplast", "check", "--json", *(_MODULES.get(package, package) for package in there)],
                        variables)
    by_module = {each["package"]: each for each in checked["packages"]}
    for package in there:
        if "failed" in programs[package]:
            say(f"{package} on {checked['python']}: {programs[package]['failed']}")
    facts = {package: {"check": by_module[_MODULES.get(package, package)], "program": programs[package]} for package in there}
    return {"python": checked["python"], "packages": facts}


def _json(command, variables):
    # A status other than 0 says that something is not fine, which is to stand in the table.
    done = subprocess.run([str(part) for part in command], env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        fail(f"{command[0]} printed no JSON, and ended with status {done.returncode}")


def _default():
    if not os.access(_PACKAGES, os.X_OK):
        fail("Say which Pythons have the packages: python3 -m eng.compatibility PYTHON …")
    folder = subprocess.run([_PACKAGES], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
    return sorted(map(str, Path(folder).glob("python3.*")))


def _unpack(wheel):
    folder = ARTIFACTS / "compatibility"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


if __name__ == "__main__":
    main(*sys.argv[1:])
