"""Measures live objects with the newest Python of each minor version, puts the figures beside each other, and draws them.

    python3 -m eng.live [--python 3.14] [--quick | --smoke]

Rivals that neither Python nor the project brings, sortedcontainers and memhive, take part if PYTHONPATH leads to them.
"""

import argparse
import subprocess
import sys

from eng import build, environments, prerequisites, pythons
from eng.commands import environment
from eng.project import ARTIFACTS, ROOT, relative
from eng.terminal import fail, say

_RESULTS = ARTIFACTS / "bench"


def main():
    options = _options()
    found, skipped = pythons.find()
    prerequisites.demand(found, skipped)
    chosen = _newest_of_each(python for python in found if python.name.startswith(options.python))
    if not chosen:
        fail(f"There is no Python {options.python} here.")
    pythons.report(chosen, skipped)

    made = build.build()
    for python in chosen:
        environments.prepare(environments.for_tests(python), python, made)
    suffix = f"-{options.effort}" if options.effort else ""
    effort = [f"--{options.effort}"] if options.effort else []
    files, failed = [], []
    for python in chosen:
        file = _RESULTS / f"live-{python.name}{suffix}.json"
        file.unlink(missing_ok=True)
        say("")
        if _run(python, "run.py", "--only", "live", "--json", file, *effort) != 0:
            failed.append(python.name)
        if file.exists():
            files.append(file)
    if not files:
        return 1

    merged = _RESULTS / f"live{suffix}.json"
    # A run that shows little must not replace the drawings that the documentation shows.
    folder = _RESULTS / f"figures{suffix}" if options.effort or options.python else ROOT / "docs" / "figures"
    say("")
    drawn = _run(chosen[-1], "versions.py", *files, "--json", merged) or _run(chosen[-1], "plot.py", merged, "--folder", folder)
    say(f"All samples are in {relative(merged)}, the drawings in {relative(folder)}")
    for name in failed:
        say(f"Python {name}: not everything could be measured")
    return 1 if failed or drawn else 0


def _options():
    parser = argparse.ArgumentParser(prog="eng.live", description="Measures live objects with each Python.")
    parser.add_argument("--python", default="", help="only the Pythons whose version begins with this")
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", dest="effort", action="store_const", const="quick", help="less data and fewer rounds")
    effort.add_argument("--smoke", dest="effort", action="store_const", const="smoke",
                        help="one round of each: whether everything runs")
    return parser.parse_args()


def _newest_of_each(found):
    """One Python of each minor version, oldest first; a preview only where there is no release."""
    newest = {}
    for python in found:
        minor = python.version[:2]
        newest[minor] = pythons.newest([python, newest.get(minor, python)])
    return [newest[minor] for minor in sorted(newest)]


def _run(python, script, *arguments):
    interpreter = environments.executable(environments.for_tests(python))
    command = [interpreter, "-W", "ignore", ROOT / "bench" / script, *arguments]
    return subprocess.run([str(part) for part in command], env=environment(), cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
