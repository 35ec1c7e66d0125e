"""Code that shares nothing, in processes that have imported symplast and in processes that have not."""

import json
import os
import statistics
import subprocess
import sys

from harness import Bar, Run, benchmark

# 1.00x, and the least that a run can tell from it.
BAR = Bar(1.01)


@benchmark("kernels")
def all_kernels(run: Run) -> None:
    """Each side's sample is one process that runs all kernels, which are then compared one by one."""
    results: dict[bool, list[dict[str, float]]] = {True: [], False: []}

    def side(imports: bool):
        def take_turn() -> float:
            times = in_child(imports, run.quick)
            results[imports].append(times)
            return statistics.geometric_mean(times.values())

        return take_turn

    ours, theirs = run.turns("code that shares nothing", side(True), side(False), seconds=40, least=5, most=21)
    run.row("mean of all kernels", ours, "symplast is not imported", theirs, bar=BAR)
    # The first round was the warm-up.
    with_it, without = (results[imports][1:] for imports in (True, False))
    for name in with_it[0]:
        run.row(name, [times[name] for times in with_it], "symplast is not imported", [times[name] for times in without])


def in_child(imports: bool, quick: bool) -> dict[str, float]:
    """The times of all kernels in a process of their own; strings hash alike in all of them, so dicts are alike too."""
    script = ["-c", "import symplast, kernels; kernels.main()" if imports else "import kernels; kernels.main()"]
    command = [sys.executable, "-W", "ignore", *script, "1" if quick else "3"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": "0"}).stdout
    return json.loads(output)
