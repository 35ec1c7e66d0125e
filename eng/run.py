"""Runs a program of the project with the newest Python of the machine, in an environment with a fresh build of Symplast.

    python3 -m eng.run examples/codesearch.py [its arguments]

SYMPLAST_PYTHON names another Python, which then runs the program as it is, with the packages that it has, and the build by way of
PYTHONPATH.
"""

import os
import sys

from eng import build, environments, prerequisites, pythons
from eng.commands import environment
from eng.project import ARTIFACTS, DEMO_ENVIRONMENT, ROOT, relative
from eng.terminal import say


def main(program, *arguments):
    if os.environ.get("SYMPLAST_PYTHON"):
        _run_named(os.environ["SYMPLAST_PYTHON"], program, *arguments)
    found, skipped = pythons.find()
    prerequisites.demand(found, skipped)
    pythons.warn(skipped)
    python = pythons.newest(found)
    environments.prepare(DEMO_ENVIRONMENT, python, build.build())
    interpreter = environments.executable(DEMO_ENVIRONMENT)
    say(f"Running {program} with Python {python.name} ({relative(interpreter)})\n")
    os.execve(interpreter, [str(interpreter), str(ROOT / program), *arguments], environment())


def _run_named(python, program, *arguments):
    site = environments.unpack(build.build(), ARTIFACTS / "site-of-wheel")
    say(f"Running {program} with {python}\n")
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    os.execve(python, [python, str(ROOT / program), *arguments], environment(PYTHONPATH=path))


if __name__ == "__main__":
    main(*sys.argv[1:])
