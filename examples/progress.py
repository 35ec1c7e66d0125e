"""How far a long loop is, on stderr."""

import sys
import time
from collections.abc import Iterable, Iterator


def progress[T](items: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Pass the items on and count them: in one changing line on a terminal, elsewhere in a line each quarter."""
    interactive, shown = sys.stderr.isatty(), 0.0
    for number, item in enumerate(items, 1):
        yield item
        line = f"  {label}: {number:,} of {total:,}"
        if interactive and (number == total or time.monotonic() - shown > 0.1):
            shown = time.monotonic()
            print(f"\r{line}", end="\n" if number == total else "", file=sys.stderr, flush=True)
        elif not interactive and number * 4 // total > (number - 1) * 4 // total:
            print(line, file=sys.stderr, flush=True)
