"""Runs a program of the project with the newest Python of the machine, in an environment with a fresh build of Symplast.

    python3 -m eng.run examples/codesearch.py [its arguments]
"""

import os
import sys

from eng import build, environments, prerequisites, pythons
from eng.project import DEMO_ENVIRONMENT, ROOT, relative
from eng.terminal import say


def main(program, *arguments):
    found, skipped = pythons.find()
    prerequisites.demand(found, skipped)
    pythons.warn(skipped)
    python = pythons.newest(found)
    environments.prepare(DEMO_ENVIRONMENT, python, build.build())
    interpreter = environments.executable(DEMO_ENVIRONMENT)
    say(f"Running {program} with Python {python.name} ({relative(interpreter)})\n")
    os.execv(interpreter, [str(interpreter), str(ROOT / program), *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
