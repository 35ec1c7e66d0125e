"""
Runs of several Pythons beside each other: reads what run.py wrote for each, prints one table, and writes one file with all of it.
A cell is the median of the ratios of the rounds, which the bar is held against, and in brackets the ratio of the best of each
side.

    python bench/versions.py artifacts/bench/live-3.*.json --json artifacts/bench/live.json
"""

import argparse
import json
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

from harness import Bar, Row, row_from
from table import shown_bar, shown_factor, shown_figure

_NAME, _RIVAL, _VERSION, _BAR = 42, 28, 15, 9


@dataclass(frozen=True)
class Line:
    """One comparison, as the Pythons found it; a Python that lacks the rival lacks the row."""

    subject: str
    name: str
    rival: str | None
    rows: dict[str, Row]

    @property
    def bar(self) -> Bar | None:
        return self.first.bar

    @property
    def first(self) -> Row:
        return next(iter(self.rows.values()))

    @property
    def missed(self) -> list[str]:
        """The Pythons on which the bar is not met."""
        return [python for python, row in self.rows.items() if row.met is False]


def value(row: Row) -> float | None:
    """What is said of a row: the median of its ratios, or its figure if that is a factor itself. None if it is neither."""
    return row.ours if row.unit == "x" else row.ratio


def load(paths: list[Path]) -> list[dict]:
    """All runs in the files, which have one each or, if they were merged, several; oldest Python first."""
    runs = []
    for path in paths:
        told = json.loads(path.read_text())
        runs += told.get("runs", [told])
    return sorted(runs, key=lambda run: [int(part) for part in run["python"].split(".")[:2]])


def lines(runs: list[dict]) -> list[Line]:
    """Their rows side by side, in the order in which they were measured."""
    rows = [{(row.subject, row.benchmark, row.name, row.rival): row for row in map(_row, run["rows"])} for run in runs]
    # Where a rival is absent, its rows are: the run that has most of them knows their places.
    order = dict.fromkeys(key for of_run in sorted(rows, key=len, reverse=True) for key in of_run)
    subjects = list(dict.fromkeys(subject for subject, *_ in order))
    found = []
    for key in sorted(order, key=lambda key: subjects.index(key[0])):
        subject, _, name, rival = key
        found.append(Line(subject, name, rival, {short(run): of_run[key] for run, of_run in zip(runs, rows) if key in of_run}))
    return found


def _row(told: dict) -> Row:
    """Without what follows from the rest."""
    return row_from({one.name: told[one.name] for one in fields(Row)})


def short(run: dict) -> str:
    """The Python's version without its last part: one of each is compared."""
    return ".".join(run["python"].split(".")[:2])


def show(runs: list[dict], out: TextIO) -> None:
    """The table."""
    pythons = [short(run) for run in runs]
    for run in runs:
        others = ", ".join(f"{name} {version}" for name, version in run["rivals"].items() if version) or "no other packages"
        print(f"Python {run['python']}, Symplast {run['symplast']}, {others}; {run['effort']} run on {run['cores']} cores of "
              f"{run['processor']}, "
              f"load average {run['load_average_before']:.1f} before and {run['load_average_after']:.1f} after, {run['started']}",
              file=out)
    subject = None
    found = lines(runs)
    for line in found:
        if line.subject != subject:
            subject = line.subject
            print(file=out)
            _print(out, subject, "against", pythons, "bar", "")
        _print(out, "  " + line.name, line.rival or "", [_cell(line.rows.get(python)) for python in pythons],
               shown_bar(line.bar, line.first.unit), verdict(line))
    judged = [line for line in found if line.bar]
    met = [line for line in judged if not line.missed]
    print(f"\n{len(met)} of {len(judged)} bars met on all", file=out)
    for run in runs:
        for label, error in run["failed"].items():
            print(f"Python {run['python']}: {label} FAILED: {error.splitlines()[-1]}", file=out)


def verdict(line: Line) -> str:
    """Whether its bar is met, and where not."""
    if line.bar is None:
        return ""
    return "met" if not line.missed else "MISSED" if len(line.missed) == len(line.rows) else f"MISSED on {', '.join(line.missed)}"


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    of = value(row)
    if of is None:
        return shown_figure(row.ours, row.unit)
    return f"{shown_factor(of)}x" + ("" if row.ratio_of_best is None else f" ({shown_factor(row.ratio_of_best)})")


def _print(out: TextIO, name: str, rival: str, cells: list[str], bar: str, verdict: str) -> None:
    line = f"{name:{_NAME}} {rival:{_RIVAL}} " + " ".join(f"{cell:>{_VERSION}}" for cell in cells) + f" {bar:>{_BAR}}  {verdict}"
    print(line.rstrip(), file=out, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="JSON files of run.py")
    parser.add_argument("--json", type=Path, metavar="PATH", help="where all of them go together")
    options = parser.parse_args()
    runs = load(options.runs)
    show(runs, sys.stdout)
    if options.json:
        options.json.write_text(json.dumps({"runs": runs}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
