"""Workers with real packages that are replaced again and again, and what memory and mappings remain; or the wide selections of
the packages' own tests.

    PYTHONPATH=… python3.14 tests/soak/packages.py [--cycles 20] [--only numpy]
    PYTHONPATH=… python3.14 tests/soak/packages.py --suites

In each cycle two workers work with a package at once, and end. What is not installed is left out. With --suites, which takes half
an hour, tests/packages/suites.py runs what it runs in the gate and much more. Not part of CI.
"""

import argparse
import importlib.util
import os
import pathlib
import subprocess
import sys
import time

import symplast

PACKAGES = pathlib.Path(__file__).resolve().parents[1] / "packages"
PAGE = os.sysconf("SC_PAGE_SIZE")


def with_numpy(number):
    """Products, sorted."""
    import numpy

    a = numpy.random.default_rng(number).random((100, 100))
    inverse = numpy.linalg.inv(a)
    assert numpy.allclose(a @ inverse, numpy.eye(100))
    return int(numpy.argsort(numpy.arange(1000) * 7 % 1000)[number])


def with_pandas(number):
    """Groups and a merge."""
    import pandas

    frame = pandas.DataFrame({"key": [i % 10 for i in range(1000)], "value": range(1000)})
    sums = frame.groupby("key")["value"].sum()
    merged = frame.merge(sums.rename("sum"), left_on="key", right_index=True)
    return int(merged["sum"].iloc[number])


def with_lxml(number):
    """A document, a stylesheet, a path."""
    from lxml import etree

    document = etree.fromstring(f"<a>{''.join(f'<b n="{i}">text {i}</b>' for i in range(200))}</a>")
    sheet = etree.XSLT(etree.fromstring(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
        '<c><xsl:value-of select="count(//b)"/></c></xsl:template></xsl:stylesheet>'))
    assert sheet(document).getroot().text == "200"
    return document.xpath(f"//b[@n='{number}']")[0].text


def with_h5py(number):
    """A file in memory, written and read."""
    import h5py

    with h5py.File(f"symplast-{os.getpid()}-{number}", "w", driver="core", backing_store=False) as file:
        file["data"] = range(1000)
        return int(file["data"][number])


def with_sqlalchemy(number):
    """A table, and greenlets by way of asyncio's support."""
    import sqlalchemy
    from sqlalchemy.util import await_only, greenlet_spawn

    engine = sqlalchemy.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("create table t (n integer)"))
        connection.execute(sqlalchemy.text("insert into t values (:n)"), [{"n": n} for n in range(1000)])
        found = connection.execute(sqlalchemy.text("select n from t where n = :n"), {"n": number}).scalar()

    async def answer():
        return found

    import asyncio

    return asyncio.run(greenlet_spawn(lambda: await_only(answer())))


PROGRAMS = {"numpy": with_numpy, "pandas": with_pandas, "lxml": with_lxml, "h5py": with_h5py, "sqlalchemy": with_sqlalchemy}


def used():
    """(MiB resident, number of mappings)"""
    with open("/proc/self/statm") as statm, open("/proc/self/maps") as maps:
        return int(statm.read().split()[1]) * PAGE / 2**20, sum(1 for _ in maps)


def cycle(program, expected):
    """Two workers at once, from nothing to nothing."""
    with symplast.InterpreterPoolExecutor(2) as executor:
        for _ in range(2):
            answers = list(executor.map(program, range(4)))
            assert answers == expected, answers


def run(name, cycles):
    """The cycles of a package; prints a line for each, and what one costs."""
    figures, program = [], PROGRAMS[name]
    expected = [program(number) for number in range(4)]
    for number in range(1, cycles + 1):
        started = time.monotonic()
        cycle(program, expected)
        mebibytes, mappings = used()
        figures.append((mebibytes, mappings))
        print(f"{name}: cycle {number:4}, {mebibytes:8.1f} MiB, {mappings:6} mappings, {time.monotonic() - started:5.1f} s",
              flush=True)
    half = len(figures) // 2
    interpreters = 2 * max(1, len(figures) - 1 - half)
    memory, mappings = (after - before for after, before in zip(figures[-1], figures[half]))
    print(f"{name}: {memory / interpreters:.2f} MiB and {mappings / interpreters:.1f} mappings for each interpreter in the "
          f"second half", flush=True)


def main():
    """Run each package in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--only", default="", metavar="TEXT", help="only packages with this in their names")
    parser.add_argument("--suites", action="store_true", help="the packages' own tests instead")
    parser.add_argument("--cycle-here", metavar="PACKAGE", help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if options.suites:
        return subprocess.run([sys.executable, PACKAGES / "suites.py", "--wide", "--only", options.only, *rest]).returncode
    if options.cycle_here:
        run(options.cycle_here, options.cycles)
        return 0
    failed = 0
    for name in PROGRAMS:
        if options.only not in name:
            continue
        if importlib.util.find_spec(name) is None:
            print(f"{name} is not installed")
            continue
        status = subprocess.run(
            [sys.executable, "-X", "faulthandler", __file__, "--cycle-here", name, "--cycles", str(options.cycles)]).returncode
        if status != 0:
            print(f"{name}: ended with status {status}")
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
