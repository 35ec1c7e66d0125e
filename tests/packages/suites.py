"""
Runs a selection of the packages' own tests in the main interpreter, and in two workers at once, and compares the outcomes test by
test.

    PYTHONPATH=… python3.14 tests/packages/suites.py [--only numpy] [--sources FOLDER] [--logs FOLDER]

A test that passes in the main interpreter must pass in both workers. Each run is a process of its own, which must end as it
should. The last line counts: passed is what passed in all three; skipped what was skipped or failed in the main interpreter, too,
or cannot have the same outcome (selection.KNOWN).
"""

import argparse
import collections
import fnmatch
import importlib.util
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import outcomes
import selection

HERE = pathlib.Path(__file__).resolve().parent

# Seconds that a run of one suite may take, in the gate and otherwise.
MOST, MOST_WIDE = 400, 3600


def main():
    """Compare all suites that are there."""
    options = parse()
    if options.run:
        return run(options.run, options.arguments)
    # The processes have another current folder.
    options.logs = options.logs.resolve()
    options.sources = options.sources and options.sources.resolve()
    total, reasons = collections.Counter(), collections.Counter()
    for suite in selection.WIDE if options.wide else selection.SUITES:
        if options.only not in suite.package:
            continue
        folder = folder_of(suite, options.sources)
        if folder is None:
            what = "the sources of its tests are" if suite.in_sources else "it is"
            print(f"{suite.package}: not run, because {what} not here", flush=True)
            continue
        counts, why = compare(suite, folder, options.logs / suite.package, MOST_WIDE if options.wide else MOST)
        print(f"{suite.package}: {line(counts)}", flush=True)
        total += counts
        reasons += why
    if options.counts:
        options.counts.write_text(json.dumps({"passed": total["passed"], "failed": total["failed"], "skipped": reasons}))
    print(line(total))
    return 1 if total["failed"] else 0


def parse():
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="only packages with this in their names")
    parser.add_argument("--wide", action="store_true", help="the wide selection, which takes half an hour")
    parser.add_argument("--sources", type=pathlib.Path,
                        help="folders lxml, sqlalchemy … with the tests that their packages leave out")
    parser.add_argument("--logs", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "symplast-suites",
                        help="where outcomes and output go")
    parser.add_argument("--counts", type=pathlib.Path, help="the file that gets the counts, as eng.unittests writes them")
    parser.add_argument("--run", choices=["main", "workers"], help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args()


def folder_of(suite, sources):
    """Where the files of a suite are; None if they are not here."""
    found = importlib.util.find_spec(suite.package)
    if found is None:
        return None
    folder = sources / suite.package if suite.in_sources and sources else None if suite.in_sources else pathlib.Path(
        found.origin).parent
    return folder if folder and folder.exists() else None


def line(counts):
    """What is counted, as the gate reads it."""
    return f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"


def compare(suite, folder, logs, most):
    """Run a suite on both sides, say how they differ, and count: what the tests came to, and why some were skipped."""
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    counts, reasons = collections.Counter(), collections.Counter()
    for side in ("main", "workers"):
        status = start(side, suite, folder, logs, most)
        counts["failed" if status else "passed"] += 1
        if status:
            print(f"failed: {suite.package}, {side}: {status}\n{tail(logs / f'{side}.log')}")
    expected, _, _ = outcomes.read(logs / "main.jsonl")
    found = []
    for number in range(2):
        seen, copies, running = outcomes.read(logs / f"worker{number}.jsonl")
        if not copies:
            counts["failed"] += 1
            print(f"failed: {suite.package}, worker {number}: " + (
                f"ended in {running}" if running else "has no private copies" if copies == 0 else "did not come to its end"))
        found.append(seen)
    for test, (outcome, text) in expected.items():
        reason = reason_to_skip(suite, test, outcome, found)
        if reason:
            reasons[reason] += 1
            counts["skipped"] += 1
        else:
            counts["passed" if is_as_expected(test, outcome, text, found) else "failed"] += 1
    for test in (set(found[0]) | set(found[1])) - set(expected):
        print(f"failed: {test}: was run in a worker only\n{indented((found[0].get(test) or found[1][test])[1])}")
        counts["failed"] += 1
    return counts, reasons


def reason_to_skip(suite, test, expected, found):
    """Why the outcomes of a test are not compared, or None."""
    if expected in ("skipped", "xfailed", "failed", "error"):
        return f"{suite.package}: {'skipped' if expected == 'skipped' else 'fails'} in the main interpreter, too"
    if all(seen.get(test, ("not run",))[0] == expected for seen in found):
        return None
    reason = next((reason for pattern, reason in selection.KNOWN.items() if fnmatch.fnmatchcase(test, pattern)), None)
    if reason:
        print(f"skipped: {test}: {reason}")
    return reason


def is_as_expected(test, expected, text, found):
    """Whether the test has the same outcome everywhere; says so if not."""
    if expected == "not collected":
        print(f"failed: {test}: could not be collected in the main interpreter\n{indented(text)}")
        return False
    there = [seen.get(test, ("not run", "")) for seen in found]
    different = [each for each in there if each[0] != expected]
    if different:
        print(f"failed: {test}: {expected} in the main interpreter, {' and '.join(outcome for outcome, _ in there)} in two "
              f"workers\n{indented(different[0][1])}")
    return not different


def indented(text):
    """The end of a report."""
    return "".join(f"    {each}\n" for each in text.splitlines()[-25:])


def tail(path):
    """The end of a log."""
    return indented(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else ""


def start(side, suite, folder, logs, most):
    """Run one side in a process; what is wrong with its end, or 0."""
    # A root and a configuration of our own, so that tests have the same names everywhere.
    configuration = folder / "pyproject.toml" if suite.in_sources and (
        folder / "pyproject.toml").exists() else logs / "pytest.ini"
    if configuration.parent == logs:
        configuration.write_text("[pytest]\n")
    arguments = [f"--rootdir={folder}", "-c", configuration, "--capture=sys", "-q", "--tb=short",
                 "--continue-on-collection-errors",
                 "-p", "no:cacheprovider", "-p", "no:faulthandler",
                 *suite.options, *(folder / file for file in suite.files if (folder / file).exists())]
    command = [sys.executable, "-X", "faulthandler", HERE / "suites.py", "--logs", logs, "--run", side, "--", *arguments]
    with open(logs / f"{side}.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([str(each) for each in command], cwd=logs, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT)
        try:
            status = process.wait(most)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # faulthandler says where it hangs
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                pass
            return f"took more than {most} seconds"
        finally:
            process.kill()
            process.wait()
    return 0 if status == 0 else f"ended with status {status}"


def run(side, arguments):
    """What the process of a side does."""
    options = parse()
    if side == "main":
        outcomes.run([*arguments, f"--basetemp={options.logs / 'main.tmp'}"], options.logs / "main.jsonl")
        return 0
    import symplast

    with symplast.InterpreterPoolExecutor(2) as executor:
        runs = [
            executor.submit(outcomes.run, [*arguments, f"--basetemp={options.logs / f'worker{number}.tmp'}"],
                            str(options.logs / f"worker{number}.jsonl"))
            for number in range(2)
        ]
        ids = [each.result() for each in runs]
    if 0 in ids or ids[0] == ids[1]:
        print(f"the interpreters were {ids}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
