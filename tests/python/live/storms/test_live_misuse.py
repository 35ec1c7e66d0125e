"""
Whatever is called on live objects, in whatever state: an exception that is documented, no crash, nothing left behind. Each
battery runs in a process of its own, under the checked heap. A failure says with which seed; to see it again: SYMPLAST_SEED=…
python tests/python test_live_misuse.
"""

import os
import random
import unittest

import child
import misuse

SEED = os.environ.get("SYMPLAST_SEED") or str(random.randrange(10**9))

_BEGIN = """
import os, sys, threading
import symplast, misuse, live_blocks

seed = sys.argv[1]
makers = misuse.live_types()

def check(faults):
    assert not faults, f"seed {seed}\\n" + "\\n".join(faults[:5])
"""


def battery(source):
    try:
        child.run(_BEGIN + source, SEED, SYMPLAST_DEBUG="heap", PYTHONHASHSEED="0")
    except child.ChildFailed as error:
        raise AssertionError(f"SYMPLAST_SEED={SEED}\n{error}") from None


class Misuse(unittest.TestCase):
    def test_all_types_of_live_objects_are_there(self):
        self.assertLessEqual({"Array", "Dict", "SortedDict", "List", "Set", "Fields", "Open", "AtomicInt", "AtomicRef"},
                             set(misuse.live_types()))

    def test_any_call_from_any_state_leaves_nothing_behind(self):
        battery("""
for name, make in makers.items():
    with symplast.Pool(name, max_bytes=8 << 20) as pool:
        # The shapes of classes stay for as long as the pool; the same calls again make no new ones.
        left = 0
        for again in range(1 + issubclass(type(make()), symplast.Object)):
            before = left
            check(misuse.run(pool, seed, False, [make], 30, 40))
            left = live_blocks.in_pool(pool)
        assert left == before, f"seed {seed}: {left} blocks of {name} were left, {before} before"
""")

    def test_any_call_on_objects_that_hold_each_other(self):
        battery("""
with symplast.Pool("cycles", max_bytes=64 << 20) as pool:
    check(misuse.run(pool, seed, True, list(makers.values()), 100, 60))
""")

    def test_four_interpreters_at_once_while_another_one_deletes(self):
        battery("""
with symplast.InterpreterPoolExecutor(4) as executor:
    for turn in range(6):
        pool, begun, made = symplast.Pool("shared", max_bytes=64 << 20), symplast.AtomicInt(), symplast.AtomicInt()
        with pool.allocating():
            targets = [make() for make in makers.values()]
        futures = [executor.submit(misuse.share, pool, f"{seed} {turn} {worker}", True, targets, 200, 4, begun, made)
                   for worker in range(4)]
        for number, target in enumerate(targets):
            while (begun.value < 4 or made.value < 60 * number) and not all(future.done() for future in futures):
                os.sched_yield()
            try:
                symplast.delete(target)
            except symplast.DeletedError:
                pass
        if turn % 2:
            pool.delete()
        for future in futures:
            check(future.result())
        if not pool.deleted:
            pool.delete()
""")

    def test_four_interpreters_leave_nothing_behind(self):
        battery("""
del makers["Open"], makers["Fields"]
pool, begun, made = symplast.Pool("shared", max_bytes=64 << 20), symplast.AtomicInt(), symplast.AtomicInt()
with pool.allocating():
    targets = [make() for make in makers.values()]
with symplast.InterpreterPoolExecutor(4) as executor:
    futures = [executor.submit(misuse.share, pool, f"{seed} {worker}", False, targets, 600, 4, begun, made)
               for worker in range(4)]
    for future in futures:
        check(future.result())
del targets, future, futures
left = live_blocks.in_pool(pool)
assert left == 0, f"seed {seed}: {left} blocks were left"
""")

    def test_any_call_while_interpreters_end(self):
        battery("""
import pickle
from subinterpreters import Interpreter

pool = symplast.Pool("endings", max_bytes=64 << 20)
with pool.allocating():
    targets = [make() for make in makers.values()]
lifecycle = threading.Lock()  # 3.12 creates and ends interpreters one at a time

def others(number):
    for turn in range(3):
        with lifecycle:
            interpreter = Interpreter()
        interpreter.run("import misuse; misuse.end_with(seed, handles)", seed=f"{seed} {number} {turn}",
                        handles=pickle.dumps(targets))
        with lifecycle:
            interpreter.end()

threads = [threading.Thread(target=others, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
turn = 0
while any(thread.is_alive() for thread in threads):
    turn += 1
    check(misuse.share(pool, f"{seed} {turn}", True, targets, 50, 1, symplast.AtomicInt(), symplast.AtomicInt()))
pool.delete()
""")
