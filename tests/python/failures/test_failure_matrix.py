"""What failures do to locks, queues, executors and interpreters: each cell of the table in docs/coordination.md is run."""

import concurrent.futures
import json
import pathlib
import re
import unittest

import executor_case
import searchpath

FAILURES = ("interpreter ends", "exception", "cancel", "timeout", "Ctrl-C", "kill", "pool deleted", "object deleted",
            "out of memory", "fork", "interpreter shutdown")
KINDS = ("Queue", "SimpleQueue", "Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier",
         "InterpreterPoolExecutor", "Interpreter")

_RUN = "import failure_cells, sys; failure_cells.run(sys.argv[1])"


def documented():
    """The table of the page, as {(failure, kind): outcome}, and the cells that it has twice."""
    page = pathlib.Path(searchpath.ROOT, "docs", "coordination.md").read_text()
    section = page.partition("\n## Failures\n")[2].partition("\n## ")[0]
    table, twice = {}, []
    for failure, kinds, outcome in re.findall(r"^\| \*\*(.+?)\*\*.*? \| (`.+?) \| (.+) \|$", section, re.MULTILINE):
        for kind in re.findall(r"`(\w+)`", kinds):
            if (failure, kind) in table:
                twice.append((failure, kind))
            table[failure, kind] = outcome
    return table, twice


class FailureMatrix(unittest.TestCase):
    def test_the_table_has_each_cell_once(self):
        table, twice = documented()
        self.assertEqual(twice, [])
        self.assertEqual(sorted(table), sorted((failure, kind) for failure in FAILURES for kind in KINDS))

    def test_each_cell(self):
        table, _ = documented()
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            columns = {failure: threads.submit(executor_case.run, _RUN, failure) for failure in FAILURES}
        for failure, column in columns.items():
            with self.subTest(failure=failure):
                # Fails with the stacks of a cell that hangs.
                observed = dict(json.loads(line) for line in column.result().splitlines())
                for kind in KINDS:
                    with self.subTest(kind=kind):
                        self.assertIn(kind, observed, "the cell has no test")
                        self.assertEqual(observed[kind], table.get((failure, kind)))


if __name__ == "__main__":
    unittest.main()
