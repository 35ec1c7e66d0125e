"""Counts what log files say, with a ProcessPoolExecutor, an initializer, logging and tqdm: before the migration.

    python examples/migrated/report_before.py [files]
"""

import collections
import logging
import random
import re
import sys
from concurrent.futures import ProcessPoolExecutor

try:
    from tqdm import tqdm
except ImportError:
    def tqdm(iterable, total=None):
        """Show no progress, without the package."""
        return iterable

line = None
log = logging.getLogger("report")


def prepare(pattern, level):
    """Called in each worker: set up logging, and what all tasks need."""
    global line
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    line = re.compile(pattern)


def read(number):
    """Return how often each status occurs in a file, which is made at random."""
    dice = random.Random(number)
    counts = collections.Counter()
    for _ in range(2000):
        text = f"10.0.0.{dice.randrange(256)} GET /page/{dice.randrange(50)} {dice.choice([200, 200, 200, 304, 404, 500])}"
        counts[line.fullmatch(text)["status"]] += 1
    if counts["500"] > 350:
        log.warning("file %d has %d errors", number, counts["500"])
    return counts


def main():
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    counts = collections.Counter()
    pattern = r"\S+ GET \S+ (?P<status>\d+)"
    with ProcessPoolExecutor(initializer=prepare, initargs=(pattern, logging.WARNING)) as executor:
        for each in tqdm(executor.map(read, range(files), chunksize=5), total=files):
            counts += each
    for status, count in sorted(counts.items()):
        print(status, count)


if __name__ == "__main__":
    main()
