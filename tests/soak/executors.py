"""Creates, uses and ends thousands of executors in all ways, and checks that no task is lost or doubled, and nothing hangs.

    .venv/bin/python tests/soak/executors.py [--cycles 10000] [--batch 100] [--seed 1]

Each cycle starts an executor with one or two workers and options by chance, gives it tasks that return, fail, are interrupted or
run into their time limit, and ends it by chance with shutdown(), terminate_workers() or kill_workers(), or forgets it.
A watchdog shows all stacks if a cycle takes a minute. Not part of CI.
"""

import argparse
import concurrent.futures
import faulthandler
import gc
import os
import random
import threading
import time

import symplast

PAGE = os.sysconf("SC_PAGE_SIZE")
MINUTE = 60


def resident():
    """MiB of memory in use by this process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE / 2**20


def note(done, number):
    """The task that is counted: it notes its number in a live list."""
    done.append(number)
    return number


def fail(number):
    """The task that fails."""
    raise LookupError(number)


def spin():
    """The task that does not end by itself."""
    while True:
        pass


def outcome(future, dismissed):
    """How a future has ended: its result, or the name of its exception. Any other exception ends the soak."""
    try:
        return future.result(MINUTE)
    except concurrent.futures.CancelledError:
        return "cancelled"
    except TimeoutError:
        assert future.done(), "a future did not end"
        return "limit"
    except LookupError:
        return "failed"
    except symplast.BrokenInterpreterPool:
        assert dismissed
        return "dismissed"


def cycle(chance):
    """One executor from its beginning to its end."""
    done = symplast.List()
    executor = symplast.InterpreterPoolExecutor(chance.randint(1, 2), max_tasks_per_child=chance.choice([None, None, 1, 3]))
    count = chance.randint(1, 12)
    noted = [executor.submit(note, done, number) for number in range(count)]
    others = []
    if chance.random() < 0.5:
        others.append(executor.submit(fail, 1))
    if chance.random() < 0.5:
        others.append(executor.with_options(timeout=chance.choice([0.0001, 0.01])).submit(time.sleep, MINUTE))
    if chance.random() < 0.5:
        others.append(executor.submit(spin) if chance.random() < 0.5 else executor.submit(time.sleep, MINUTE))
        if chance.random() < 0.7:
            concurrent.futures.wait(noted)
        others[-1].interrupt()
    if chance.random() < 0.2:
        executor.recycle(wait=chance.random() < 0.5)
    end = chance.choice(["shutdown", "shutdown", "forget", "cancel", "terminate", "kill"])
    if end == "shutdown":
        executor.shutdown()
    elif end == "cancel":
        executor.shutdown(cancel_futures=True)
    elif end in ("terminate", "kill"):
        getattr(executor, f"{end}_workers")()
        executor.shutdown()
    dismissed = end in ("terminate", "kill")
    del executor
    outcomes = [outcome(future, dismissed) for future in noted]
    for future in others:
        outcome(future, dismissed)
    numbers = list(done)
    assert len(numbers) == len(set(numbers)), f"a task ran twice: {numbers}"
    for number, ended in enumerate(outcomes):
        assert ended in (number, "cancelled", "dismissed"), (number, ended, end)
        assert ended != number or number in numbers, f"task {number} was lost"
        assert ended == number or end not in ("shutdown", "forget"), (number, ended, end)
    symplast.delete(done)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    for number in range(1, options.cycles + 1):
        faulthandler.dump_traceback_later(MINUTE, exit=True)
        cycle(chance)
        faulthandler.cancel_dump_traceback_later()
        if number % options.batch == 0:
            threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
            print(f"{number:6} cycles  {resident():8.1f} MiB  {threads:3} threads  {files:3} files", flush=True)


if __name__ == "__main__":
    main()
