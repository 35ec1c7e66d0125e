"""
Draws what versions.py merged: an SVG for each subject, with a dot for each comparison and Python, and the bars.

    python bench/plot.py artifacts/bench/live.json --folder docs/figures

The same figures give the same bytes. Colours follow the reader's preference for light or dark.
"""

import argparse
import math
import os
import sys
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import versions
from harness import Row
from table import shown_bar, shown_factor, shown_figure

TITLES = {
    "live": "Live objects: time, as a multiple of the plain object's",
    "live_sorted": "SortedDict: time, as a multiple of the other's",
    "live_rivals": "Live objects: time, as a multiple of that of others who share",
    "live_together": "Reading while another interpreter writes, as a share of the speed in peace",
    "live_memory": "Live objects: memory, as a multiple of the plain object's",
}

# From the oldest Python to the newest.
_LIGHT = ("#93bbee", "#5f9ae0", "#2f74c9", "#123f82")
_DARK = ("#3a69a8", "#5590d6", "#7fb2f0", "#cfe2fb")

_WIDTH, _LEFT, _RIGHT = 960, 400, 190
_HEAD, _FOOT, _LINE = 78, 46, 22
_LANE = 4.2  # between the dots of two Pythons


class Scale:
    """Logarithmic, by powers of 2 or 10, with room for all values at whole steps."""

    def __init__(self, values: list[float]):
        least, greatest = min(values), max(values)
        self._base = 2 if greatest / least < 300 else 10
        self._first = math.floor(math.log(least, self._base) - 0.05)
        self._last = max(math.ceil(math.log(greatest, self._base) + 0.05), self._first + 1)

    def at(self, value: float) -> float:
        """Where a value is, from the left of the drawing."""
        share = (math.log(value, self._base) - self._first) / (self._last - self._first)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    @property
    def steps(self) -> dict[float, str]:
        """Where lines are drawn, and what is written there: at every other one if there are many."""
        powers = range(self._first, self._last + 1)
        return {self._base**power: "" if power % 2 and len(powers) > 8
                else f"{self._base**power:.9f}".rstrip("0").rstrip(".") + "x" for power in powers}


def draw(runs: list[dict], subject: str) -> str:
    """The SVG of one subject."""
    lines = [line for line in versions.lines(runs) if line.subject == subject]
    pythons = [versions.short(run) for run in runs]
    values = [value for line in lines for row in line.rows.values() if (value := versions.value(row))]
    scale = Scale(values + [1.0] + [line.bar.limit for line in lines if line.bar])
    height = _HEAD + _LINE * len(lines) + _FOOT
    title = TITLES.get(subject, subject)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" '
        f'aria-label={quoteattr(title)}>',
        _style(len(pythons)),
        f'<rect class="surface" width="{_WIDTH}" height="{height}" rx="8"/>',
        _text(16, 26, title, "title"),
        *_legend(pythons),
        *_axis(scale, _HEAD + _LINE * len(lines)),
    ]
    for number, line in enumerate(lines):
        parts += _line(line, pythons, scale, _HEAD + _LINE * number)
    parts += [_text(16, height - 16, _conditions(runs), "quiet"), "</svg>", ""]
    return "\n".join(parts)


def _line(line: versions.Line, pythons: list[str], scale: Scale, top: float) -> list[str]:
    middle = top + _LINE / 2
    parts = [
        f'<g class="line"><line class="rule" x1="16" y1="{top:.1f}" x2="{_WIDTH - 16}" y2="{top:.1f}"/>',
        f'<text x="16" y="{middle + 4:.1f}">{escape(line.name)}<tspan class="quiet" dx="6">vs {escape(line.rival)}</tspan></text>'
        if line.rival
        else _text(16, middle + 4, line.name),
    ]
    if line.bar:
        x = scale.at(line.bar.limit)
        parts.append(f'<line class="bar{" missed" if line.missed else ""}" x1="{x:.1f}" y1="{top + 2:.1f}" x2="{x:.1f}" '
                     f'y2="{top + _LINE - 2:.1f}"/>')
    lowest = middle - _LANE * (len(pythons) - 1) / 2
    shown = []
    for number, python in enumerate(pythons):
        row = line.rows.get(python)
        value = versions.value(row) if row else None
        if value is None:
            continue
        shown.append(value)
        parts.append(f'<circle class="python{number}" cx="{scale.at(value):.1f}" cy="{lowest + _LANE * number:.1f}" '
                     f'r="3.2"><title>{escape(_tip(line, python, row))}</title></circle>')
    if shown:
        least, greatest = shown_factor(min(shown)), shown_factor(max(shown))
        parts.append(
            _text(_WIDTH - _RIGHT + 14, middle + 4, f"{least}x" if least == greatest else f"{least}–{greatest}x", "figure"))
    if line.bar:
        parts.append(_text(_WIDTH - 16, middle + 4, f"{shown_bar(line.bar, line.first.unit)} {'✗' if line.missed else '✓'}",
                           "figure missed" if line.missed else "figure", "end"))
    parts.append("</g>")
    return parts


def _tip(line: versions.Line, python: str, row: Row) -> str:
    sides = "" if row.theirs is None else f", {shown_figure(row.ours, row.unit)} against {shown_figure(row.theirs, row.unit)}"
    best = "" if row.ratio_of_best is None else f", {shown_factor(row.ratio_of_best)}x at best"
    verdict = "" if row.met is None else ", met" if row.met else ", missed"
    return f"{line.name}, Python {python}: {shown_factor(versions.value(row))}x{best}{sides}{verdict}"


def _axis(scale: Scale, bottom: float) -> list[str]:
    parts = []
    for step, label in scale.steps.items():
        x = scale.at(step)
        parts.append(
            f'<line class="{"one" if step == 1 else "grid"}" x1="{x:.1f}" y1="{_HEAD - 6}" x2="{x:.1f}" y2="{bottom:.1f}"/>')
        if label:
            parts.append(_text(x, _HEAD - 12, label, "quiet", "middle"))
    return parts


def _legend(pythons: list[str]) -> list[str]:
    parts = [_text(16, 50, "CPython", "quiet")]
    for number, python in enumerate(pythons):
        parts.append(f'<circle class="python{number}" cx="{84 + 62 * number}" cy="46" r="4"/>')
        parts.append(_text(92 + 62 * number, 50, python))
    x = 92 + 62 * len(pythons)
    return [*parts, f'<line class="bar" x1="{x}" y1="39" x2="{x}" y2="53"/>', _text(x + 7, 50, "bar", "quiet")]


def _conditions(runs: list[dict]) -> str:
    newest = runs[-1]
    pythons = ", ".join(run["python"] for run in runs)
    smoke = "" if newest["effort"] == "full" else f" ({newest['effort']} run: the figures mean little)"
    return (f"Medians of paired ratios{smoke}. Symplast {newest['symplast']}, CPython {pythons}, {newest['cores']} cores of "
            f"{newest['processor']}.")


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    shape = f' class="{kind}"' if kind else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}"{shape}{where}>{escape(text)}</text>'


def _style(pythons: int) -> str:
    def dots(colours):
        # The newest stand out most, however many there are.
        return " ".join(f".python{number}{{fill:{colours[-pythons:][number]}}}" for number in range(min(pythons, len(colours))))

    return f"""<style>
text{{font:13px system-ui,sans-serif;fill:#1f2328}} .title{{font-size:16px;font-weight:600}}
.figure{{font-variant-numeric:tabular-nums}}
.surface{{fill:#ffffff;stroke:#d1d9e0}} .quiet{{fill:#59636e}} .grid,.rule{{stroke:#eaeef2}} .one{{stroke:#818b98}}
.bar{{stroke:#1f2328;stroke-width:2}} line.missed{{stroke:#cf222e}} text.missed{{fill:#cf222e}} {dots(_LIGHT)}
@media (prefers-color-scheme:dark){{
text{{fill:#e6edf3}} .surface{{fill:#0d1117;stroke:#3d444d}} .quiet{{fill:#9198a1}} .grid,.rule{{stroke:#21262d}}
.one{{stroke:#656c76}}
.bar{{stroke:#e6edf3}} line.missed{{stroke:#ff7b72}} text.missed{{fill:#ff7b72}} {dots(_DARK)}
}}
</style>"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="JSON files of run.py or versions.py")
    parser.add_argument("--folder", type=Path, required=True, help="where the drawings go, named after their subjects")
    options = parser.parse_args()
    runs = versions.load(options.runs)
    options.folder.mkdir(parents=True, exist_ok=True)
    for subject in dict.fromkeys(line.subject for line in versions.lines(runs)):
        path = options.folder / f"{subject.replace('_', '-')}.svg"
        path.write_text(draw(runs, subject), encoding="utf-8")
        print(os.path.relpath(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
