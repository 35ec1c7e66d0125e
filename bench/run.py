"""Measures Symplast against what people use today, and against the bars of the design.

    make bench                        everything, with the newest Python: some six minutes
    make bench ARGS=--quick           everything, with less data (the bars are not meant for that) and fewer rounds: one minute
    make bench ARGS='--only reading'  what has this in its subject or name
    make bench ARGS=--smoke           one round of everything with little data: whether it runs, seconds a subject

The table appears while it is measured, a row a comparison: the medians of both sides, the median of their ratios (each of two
measurements taken one after the other) with the smallest and largest, and the bar. All samples go to a JSON file.
"""

import argparse
import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import harness
from table import Table

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "artifacts" / "bench"

# A benchmark that takes this long hangs.
MOST_SECONDS = 180

# Rivals that neither Python nor the project brings: those take part that can be imported.
OTHERS = ("sortedcontainers", "memhive", "bocpy")

_CHILD = "import sys, harness; harness.serve(*sys.argv[1:])"


def main() -> int:
    options = parse()
    try:
        import symplast
    except ImportError as error:
        sys.exit(f"{sys.executable} cannot import symplast ({error}). `make bench` builds and installs it first.")
    if not hasattr(os, "sched_getaffinity"):
        sys.exit("The benchmarks read /proc and so need Linux.")
    chosen = [one for one in harness.benchmarks() if options.only.lower() in f"{one.subject} {one.name}".lower()]
    if not chosen:
        sys.exit(f"No benchmark has {options.only!r} in its subject or name.")

    about = {
        "symplast": symplast.__version__,
        "python": platform.python_version(),
        "build": sys.version,
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average_before": os.getloadavg()[0],
        "started": time.strftime("%Y-%m-%d %H:%M:%S%z"),
        "effort": options.effort,
        "rivals": {name: version_of(name) for name in OTHERS},
    }
    print(f"Symplast {about['symplast']} with Python {about['python']} on {about['cores']} cores of {about['processor']}"
          f", load average {about['load_average_before']:.1f}", flush=True)
    table, took, failed, interrupted = Table(sys.stdout, sys.stderr), {}, {}, False
    try:
        for number, one in enumerate(chosen, 1):
            label, start = f"{one.subject}: {one.name}", time.monotonic()
            error = measure(one, options.effort, table, f"[{number}/{len(chosen)}] {label}")
            took[label] = round(time.monotonic() - start, 1)
            if error:
                failed[label] = error
                table.failed(one, error)
    except KeyboardInterrupt:
        interrupted = True
    table.summary()
    path = options.json or ARTIFACTS / f"python-{about['python']}{'' if options.effort == 'full' else '-' + options.effort}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    about["load_average_after"] = os.getloadavg()[0]
    results = {"seconds": took, "failed": failed, "rows": [row.as_json() for row in table.rows]}
    path.write_text(json.dumps(about | results, indent=1))
    print(f"{sum(took.values()):.0f} seconds; all samples are in {os.path.relpath(path)}")
    return 130 if interrupted else 1 if failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", dest="effort", action="store_const", const="quick", help="less data and fewer rounds")
    effort.add_argument("--smoke", dest="effort", action="store_const", const="smoke", help="one round of each, with little data")
    parser.set_defaults(effort="full")
    parser.add_argument("--only", default="", metavar="TEXT", help="only benchmarks with this in their subject or name")
    parser.add_argument("--json", type=Path, metavar="PATH", help="where the samples go (default: artifacts/bench/)")
    return parser.parse_args()


def measure(one: harness.Benchmark, effort: str, table: Table, label: str) -> str | None:
    """Runs a benchmark in a child process, which is started with -c so that its own children need not import this script."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])),
        # Some installations come without compiled bytecode, and compiling would be most of what imports take.
        "PYTHONPYCACHEPREFIX": str(ARTIFACTS / "pycache"),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    command = [sys.executable, "-P", "-W", "ignore", "-c", _CHILD, one.subject, one.name, effort]
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True)
        timer = threading.Timer(MOST_SECONDS, child.kill)
        timer.start()
        try:
            table.progress(label)
            for line in child.stdout:
                told = json.loads(line)
                if "row" in told:
                    table.add(harness.row_from(told["row"]))
                else:
                    table.progress(f"{label}, {told['progress']}")
            child.wait()
        finally:
            timer.cancel()
            child.kill()
            child.wait()
            child.stdout.close()
            table.progress("")
        errors.seek(0)
        if child.returncode == -signal.SIGKILL:
            return f"killed, perhaps because it took more than {MOST_SECONDS} seconds"
        return None if child.returncode == 0 else errors.read().strip() or f"the process ended with status {child.returncode}"


def version_of(package: str) -> str | None:
    """None if it cannot be imported, and then takes no part."""
    try:
        module = importlib.import_module(package)
    except ImportError:
        return None
    return getattr(module, "__version__", "unknown")


def processor() -> str:
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
