"""The table that people read, printed row by row while the benchmarks run."""

import math
from typing import TextIO

from harness import Bar, Benchmark, Row

_NAME, _RIVAL, _FIGURE, _RATIO, _RANGE, _BAR = 40, 28, 9, 7, 17, 9


class Table:
    """
    Collects rows and prints them; shows progress below them if errors go to a terminal. The smallest and largest are of the
    ratio, or of our own figure where that is what matters.
    """

    def __init__(self, out: TextIO, err: TextIO):
        self.rows: list[Row] = []
        self._out = out
        self._err = err
        self._subject = None

    def progress(self, text: str) -> None:
        """Replaces the progress line; an empty text removes it."""
        if self._err.isatty():
            self._err.write(f"\r\033[K{text[:100]}")
            self._err.flush()

    def add(self, row: Row) -> None:
        """Prints a row, under a heading if it is the first of its subject."""
        self.rows.append(row)
        self._heading(row.subject)
        if row.ratios and not (row.bar and row.bar.of == "ours"):
            spread, shown = row.ratios, shown_factor
        else:
            spread, shown = row.our_samples, lambda value: shown_figure(value, row.unit)
        bounds = f"{shown(min(spread))}–{shown(max(spread))}" if len(spread) > 1 else ""
        self._line(
            "  " + row.name,
            row.rival or "",
            shown_figure(row.ours, row.unit),
            "" if row.theirs is None else shown_figure(row.theirs, row.unit),
            "" if row.ratio is None else shown_factor(row.ratio) + "x",
            bounds,
            shown_bar(row.bar, row.unit),
            {None: "", True: "met", False: "MISSED"}[row.met],
        )

    def failed(self, one: Benchmark, error: str) -> None:
        """Notes in the table that a benchmark gave no result."""
        self._heading(one.subject)
        print(f"  {one.name}: FAILED\n    " + error.replace("\n", "\n    "), file=self._out, flush=True)

    def summary(self) -> None:
        """Prints how many bars are met, and which are not."""
        self.progress("")
        judged = [row for row in self.rows if row.met is not None]
        missed = [row for row in judged if not row.met]
        print(f"\n{len(judged) - len(missed)} of {len(judged)} bars met" + (", missed:" if missed else ""), file=self._out)
        for row in missed:
            print(f"  {row.subject}: {row.name}" + (f" vs {row.rival}" if row.rival else ""), file=self._out)

    def _heading(self, subject: str) -> None:
        self.progress("")
        if subject == self._subject:
            return
        self._subject = subject
        print(file=self._out)
        self._line(subject, "against", "ours", "theirs", "ratio", "min–max", "bar", "")

    def _line(self, name, rival, ours, theirs, ratio, bounds, bar, verdict) -> None:
        line = (f"{name:{_NAME}} {rival:{_RIVAL}} {ours:>{_FIGURE}} {theirs:>{_FIGURE}} {ratio:>{_RATIO}} "
                f"{bounds:>{_RANGE}} {bar:>{_BAR}}  {verdict}")
        print(line.rstrip(), file=self._out, flush=True)


def shown_bar(bar: Bar | None, unit: str) -> str:
    """A bar as people read it; nothing if there is none."""
    if bar is None:
        return ""
    limit = f"{bar.limit:.2f}x" if bar.of == "ratio" or unit == "x" else shown_figure(bar.limit, unit)
    return ("≥ " if bar.at_least else "≤ ") + limit


def shown_factor(value: float) -> str:
    """Two or three significant digits."""
    if value and value < 0.0095:
        return f"{value:.{-math.floor(math.log10(value))}f}"
    return f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f}"


def shown_figure(value: float, unit: str) -> str:
    """Three significant digits and a unit of a fitting size."""
    if unit == "x":
        return f"{value:.2f}x"
    sizes = {
        "s": [(1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
        "B": [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")],
    }[unit]
    size, name = next((one for one in sizes if abs(value) >= one[0]), sizes[-1])
    scaled = value / size
    digits = 0 if abs(scaled) >= 99.95 or name == "B" else 1 if abs(scaled) >= 9.995 else 2
    return f"{scaled:.{digits}f} {name}"
