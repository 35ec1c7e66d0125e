"""Code that shares nothing, in a process that has imported symplast and in one that has not."""

import os
import subprocess
import sys
from collections import defaultdict
from functools import partial
from itertools import chain

from harness import Bar, Run, benchmark
from kernels import KERNELS

# 1.00x, and the least that a run can tell from it.
BAR = Bar(1.01)

RIVAL = "symplast is not imported"


class Child:
    """A process that runs kernels when it is told to."""

    def __init__(self, imports: str):
        # Strings hash alike in all of them, so that dicts are alike too.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-c", f"import {imports}; kernels.serve()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONHASHSEED": "0"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def seconds(self, kernel: str) -> float:
        """CPU time of one run."""
        self._process.stdin.write(kernel + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@benchmark("kernels")
def all_kernels(run: Run) -> None:
    """Two processes take turns with short runs; several pairs of processes, because each has its memory laid out differently."""
    names = [kernel.__name__ for kernel in KERNELS]
    ours, theirs = defaultdict(list), defaultdict(list)
    pairs = run.either(6, 3)
    for pair in range(pairs):
        with Child("symplast, kernels") as mine, Child("kernels") as other:
            for name in names:
                with_it, without = run.turns(f"{name}, processes {pair + 1} of {pairs}", partial(mine.seconds, name),
                                             partial(other.seconds, name), seconds=0.6, least=5, most=25)
                ours[name] += with_it
                theirs[name] += without
    run.row("all kernels", list(chain(*ours.values())), RIVAL, list(chain(*theirs.values())), bar=BAR)
    for name in names:
        run.row(name, ours[name], RIVAL, theirs[name])
