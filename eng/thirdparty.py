"""Runs real packages in workers: a selection of their own tests, compared with the main interpreter, and short programs.

    python3 -m eng.thirdparty [--only numpy] [--python 3.14]

SYMPLAST_PACKAGED_PYTHONS names Pythons that have the packages, as executables or folders, separated by colons. Without it,
nothing is run.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from eng import build, debian, environments
from eng.commands import environment, wait
from eng.project import ARTIFACTS, ROOT, relative
from eng.terminal import say, spent

FOLDER = ARTIFACTS / "packages"
TESTS = ROOT / "tests" / "packages"

# Seconds that everything may take with one Python.
MOST = 1500

# Source packages with the tests that the packages leave out, and what is taken from each: (folder in the archive, folder here).
_SOURCES = {
    "lxml": [("src/lxml/tests", "tests")],
    "sqlalchemy": [("test", "test"), ("pyproject.toml", "pyproject.toml"), ("setup.cfg", "setup.cfg"),
                   ("lib/sqlalchemy/testing/plugin", "lib/sqlalchemy/testing/plugin")],
}


def main():
    options = _options()
    pythons = [python for python in _pythons() if options.python in python.name]
    if not pythons:
        say("No package was tried: SYMPLAST_PACKAGED_PYTHONS names no Python that has some.")
        say("0 passed, 0 failed, 0 skipped")
        return 0
    site = environments.unpack(build.build(), FOLDER / "site")
    sources = FOLDER / "sources"
    for package in _SOURCES:
        if options.only in package:
            _unpack(package, sources)
    say(f"The packages' own tests, with {', '.join(python.name for python in pythons)} (some minutes) …")
    with concurrent.futures.ThreadPoolExecutor(2) as runs:
        counts = list(runs.map(lambda python: _try(python, site, sources, options.only), pythons))
    passed, failed, skipped = map(sum, zip(*counts))
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def _options():
    parser = argparse.ArgumentParser(prog="eng.thirdparty", description="Runs real packages in workers.")
    parser.add_argument("--only", default="", metavar="TEXT", help="only packages with this in their names, and no programs")
    parser.add_argument("--python", default="", metavar="TEXT", help="only Pythons with this in their names")
    return parser.parse_args()


def _pythons():
    for entry in filter(None, os.environ.get("SYMPLAST_PACKAGED_PYTHONS", "").split(":")):
        path = Path(entry).expanduser()
        yield from sorted(each for each in path.glob("python3*")
                          if re.fullmatch(r"python3\.\d+", each.name)) if path.is_dir() else [path]


def _unpack(package, sources):
    """The tests of a package from its sources in Debian unstable, from where the packages are; without them they are not run."""
    folder = sources / package
    if folder.exists():
        return
    downloads = FOLDER / "downloads" / package
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    try:
        apt = debian.Apt(FOLDER / "apt", "sid", "deb-src")
        apt.run("update")
        apt.run("source", "--download-only", "--tar-only", package, cwd=downloads)
    except debian.Unavailable as error:
        say(f"The sources of {package} cannot be had: {error}")
        return
    unpacked = downloads / "unpacked"
    for archive in downloads.glob("*.orig.tar.*"):
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    [top] = unpacked.iterdir()
    for there, here in _SOURCES[package]:
        target = downloads / "chosen" / here
        target.parent.mkdir(parents=True, exist_ok=True)
        (top / there).rename(target)
    folder.parent.mkdir(parents=True, exist_ok=True)
    (downloads / "chosen").rename(folder)
    shutil.rmtree(downloads)


def _try(python, site, sources, only):
    """The counts of one Python."""
    logs = FOLDER / "logs" / python.name
    logs.mkdir(parents=True, exist_ok=True)
    suites = [TESTS / "suites.py", "--sources", sources, "--logs", logs, "--counts", logs / "suites.counts", "--only", only]
    counts = _counted(python, site, f"{python.name}, suites", suites, logs / "suites")
    if only or not (TESTS / "test_programs.py").exists():
        return counts
    programs = _counted(python, site, f"{python.name}, programs",
                        ["-m", "eng.unittests", logs / "programs.counts", relative(TESTS)], logs / "programs")
    return [a + b for a, b in zip(counts, programs)]


def _counted(python, site, what, arguments, name):
    """
    (passed, failed, skipped) of a program that writes them to a file as eng.unittests does; one failure more if it does not end
    as it should.
    """
    started = time.monotonic()
    log, counted = name.with_suffix(".log"), name.with_suffix(".counts")
    counted.unlink(missing_ok=True)
    variables = environment(PYTHONPATH=os.pathsep.join(map(str, [site, TESTS])))
    with open(log, "w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen([str(part) for part in [python, *arguments]], cwd=ROOT, env=variables,
                                   stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)
        processor = None
        try:
            processor = wait(process, MOST)
            status = process.returncode
        except subprocess.TimeoutExpired:
            status = f"none after {MOST} seconds"
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        text = output.read()
    counts = json.loads(counted.read_text(encoding="utf-8")) if counted.exists() else {"passed": 0, "failed": 0, "skipped": {}}
    passed, failed, skipped = counts["passed"], counts["failed"], sum(counts["skipped"].values())
    if (status != 0 and failed == 0) or passed + failed + skipped == 0:
        failed += 1
    if failed:
        say(text if len(text) < 20000 else text[:10000] + "\n[…]\n" + text[-10000:])
    say(f"{what}: {passed} passed, {failed} failed, {skipped} skipped, exit status {status} "
        f"({spent(time.monotonic() - started, processor)}, {relative(log)})")
    for reason, number in sorted(counts["skipped"].items(), key=lambda each: -each[1]):
        say(f"skipped: {number:4} {reason}")
    return passed, failed, skipped


if __name__ == "__main__":
    sys.exit(main())
