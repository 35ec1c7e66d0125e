"""Makes, uses and ends thousands of symplast.Interpreter objects, and many at once, and shows what memory remains.

    .venv/bin/python tests/soak/interpreter_objects.py [--cycles 10000] [--batch 500] [--at-once 200]

Each cycle makes an interpreter, binds a frozen and a live object in it, runs code, calls a function, and ends it: closed by hand,
or by dropping the last object for it. Before that, many interpreters live at once and use each other. CPython itself loses memory
with each interpreter, much on 3.12 and 3.13, little later (tests/soak/interpreters.py measures that beside ours). Not part of CI.
"""

import argparse
import threading
import time

import symplast
from interpreters import report, resident


def use(interpreter, frozen, live, number):
    """Do with an interpreter what programs do."""
    interpreter.prepare_main(frozen=frozen, live=live)
    interpreter.exec(f"live.add('uses', 1)\nn = {number}")
    assert interpreter.call(eval, "n + len(frozen)") == number + len(frozen)


def cycles(count, batch, frozen, live):
    """Yield (interpreters so far, MiB) after each batch."""
    for done in range(0, count, batch):
        for number in range(done, done + batch):
            interpreter = symplast.Interpreter()
            use(interpreter, frozen, live, number)
            if number % 2:
                interpreter.close()
            del interpreter
        while len(symplast.interpreters.list_all()) > 1:
            time.sleep(0.001)
        yield done + batch, resident()


def at_once(count, frozen, live):
    """Make interpreters in threads, all at once; let each use the next; end them."""
    made = [None] * count

    def make(number):
        made[number] = symplast.Interpreter()

    together(make, count)
    assert len(symplast.interpreters.list_all()) == count + 1
    together(lambda number: use(made[number], frozen, live, number), count)
    for number in range(count):
        made[number].prepare_main(next=made[(number + 1) % count])
        assert made[number].call(eval, "next.call(eval, 'n')") == (number + 1) % count
    mebibytes = resident()
    together(lambda number: made[number].close(), count)
    return mebibytes


def together(function, count):
    """Call a function with each number, each in a thread of its own."""
    failures = []

    def call(number):
        try:
            function(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]


def main():
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=10000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=200)
    options = parser.parse_args()
    frozen, live = symplast.freeze({f"key {n}": n for n in range(2000)}), symplast.Dict(uses=0)
    before = resident()
    begun = time.monotonic()
    mebibytes = at_once(options.at_once, frozen, live)
    print(f"{options.at_once} at once: {(mebibytes - before) / options.at_once:.2f} MiB each, "
          f"{time.monotonic() - begun:.1f} s, {resident():.0f} MiB afterwards", flush=True)
    begun = time.monotonic()
    report("cycles", cycles(options.cycles, options.batch, frozen, live))
    assert live["uses"] == options.cycles + options.at_once, live["uses"]
    print(f"{(time.monotonic() - begun) / options.cycles * 1000:.1f} ms a cycle", flush=True)


if __name__ == "__main__":
    main()
