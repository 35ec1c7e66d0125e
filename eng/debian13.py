"""Debian 13's own packages (CPython 3.13, NumPy 2.2, whose modules are single-phase, pandas) beside the system, in workers.

    python3 -m eng.debian13 [--cycles 5] [--suites]

They are unpacked in artifacts/debian13 (half a gigabyte), without a root's rights and without being installed. --suites also runs
NumPy's and pandas' own tests in two workers (tests/packages/suites.py). No part of CI.
"""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from eng import build, debian, environments
from eng.project import ARTIFACTS, ROOT, relative
from eng.terminal import fail, say

FOLDER = ARTIFACTS / "debian13"
PACKAGES = ["python3-numpy", "python3-pandas", "python3-lxml", "python3-pytest", "python3-hypothesis", "libopenblas0-pthread"]

# Two workers at once, again and again.
_PROGRAM = """
import sys
import symplast

def work(number):
    import numpy, pandas
    frame = pandas.DataFrame({"key": numpy.arange(1000) % 10, "value": numpy.arange(1000.0)})
    inverse = numpy.linalg.inv(numpy.eye(50) * 2)
    return float(frame.groupby("key")["value"].sum()[number] + inverse.sum()), numpy.__version__, pandas.__version__

for _ in range(int(sys.argv[1])):
    with symplast.InterpreterPoolExecutor(2) as executor:
        answers = list(executor.map(work, range(8)))
    assert [answer for answer, *_ in answers] == [49500.0 + 100 * number + 25 for number in range(8)], answers
print("Python", sys.version.split()[0], "NumPy", answers[0][1], "pandas", answers[0][2])
"""


def main():
    parser = argparse.ArgumentParser(prog="eng.debian13", description="Runs Debian 13's NumPy and pandas in workers.")
    parser.add_argument("--cycles", type=int, default=5, help="how often two workers come and go")
    parser.add_argument("--suites", action="store_true", help="NumPy's and pandas' own tests, too")
    options = parser.parse_args()
    try:
        python = _unpacked()
    except debian.Unavailable as error:
        fail(f"Debian 13 cannot be had: {error}")
    site = environments.unpack(build.build(), ARTIFACTS / "packages" / "site")
    variables = {**os.environ, "PYTHONPATH": str(site), "OPENBLAS_NUM_THREADS": "1"}
    say(f"Two workers, {options.cycles} times …")
    status = subprocess.run([python, "-X", "faulthandler", "-c", _PROGRAM, str(options.cycles)], env=variables).returncode
    say(f"exit status {status}")
    if options.suites and status == 0:
        status = subprocess.run([python, ROOT / "tests" / "packages" / "suites.py", "--logs", FOLDER / "logs"],
                                env=variables).returncode
    return 1 if status else 0


def _unpacked():
    """The launcher of Debian 13's Python."""
    launcher = FOLDER / "python3.13"
    if launcher.exists():
        return launcher
    say("Unpacking Debian 13's packages (a minute) …")
    root, apt = FOLDER / "root", debian.Apt(FOLDER / "apt", "trixie")
    apt.run("update")
    apt.run("install", "--download-only", "-y", *PACKAGES)
    root.mkdir(exist_ok=True)
    for package in sorted((FOLDER / "apt" / "archives").glob("*.deb")):
        # Permissions are as in the package; what belongs to root there is ours here.
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    loader = next(root.glob("usr/lib/*/ld-linux-*.so.*"))
    libraries = loader.parent
    # Where the scripts that install packages would make links.
    path = [libraries, *(libraries / name for name in ("openblas-pthread", "blas", "lapack"))]
    command = shlex.join(map(str, [loader, "--library-path", ":".join(map(str, path))]))
    launcher.write_text(f'#!/bin/sh\nexport PYTHONHOME={shlex.quote(str(root / "usr"))}\nexec {command} --argv0 "$0" '
                        f'{root}/usr/bin/python3.13 "$@"\n')
    launcher.chmod(0o755)
    say(f"Unpacked: {relative(launcher)}")
    return launcher


if __name__ == "__main__":
    sys.exit(main())
