"""Compiles the benchmarks of the live structures ahead of time, as they are shipped, and runs them.

    python3 -m eng.structures [--quick] [--only SUITE] [--rows TEXT]
"""

import os
import sys

from eng import prerequisites, pythons
from eng.commands import must
from eng.dotnet import dotnet
from eng.project import ARTIFACTS, ROOT, relative
from eng.terminal import say

_PROJECT = ROOT / "bench" / "Symplast.Benchmarks"
_OUTPUT = ARTIFACTS / "bench" / "structures"


def main(*arguments):
    prerequisites.demand(*pythons.find())
    must("Compiling the benchmarks",
         [dotnet(), "publish", _PROJECT, "--configuration", "Release", "--runtime", "linux-x64", "--output", _OUTPUT],
         "bench-publish.log")
    samples = ARTIFACTS / "bench" / "structures.json"
    if "--json" not in arguments:
        arguments = (*arguments, "--json", str(samples))
        say(f"All figures go to {relative(samples)}")
    program = str(_OUTPUT / _PROJECT.name)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
