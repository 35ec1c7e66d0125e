"""symplast.leaks(), the counts of pool.stats(), tracking, and the report at exit: what is alive, and why."""

import gc
import os
import sys
import threading
import unittest
import weakref

import symplast
from symplast import AtomicInt, AtomicRef, Dict, List, Set, SortedDict

import child
import live_blocks
import live_classes
from live_classes import Node, Open, Point

MAKERS = {
    "Dict": lambda: Dict(a=1),
    "SortedDict": lambda: SortedDict(a=1),
    "List": lambda: List([1]),
    "Set": lambda: Set([1]),
    "AtomicInt": lambda: AtomicInt(1),
    "AtomicRef": lambda: AtomicRef("text"),
    "live_classes.Point": lambda: Point(1, 2),
}


class NoObjectLeftMixin:
    """Each test runs in a pool of its own, self.pool, and must leave no live object in it. (What its classes look like stays.)"""

    def setUp(self):
        super().setUp()
        self.pool = symplast.Pool(self.id())
        allocating = self.pool.allocating()
        allocating.__enter__()
        self.addCleanup(self._check)
        self.addCleanup(allocating.__exit__, None, None, None)

    def _check(self):
        if not self.pool.deleted:
            gc.collect()
            left = self.pool.stats().live
            self.pool.delete()
            self.assertEqual(left, {})


def found(pool):
    """What leaks() says of each type: who holds them, sorted."""
    return sorted((leak.type, leak.held_by) for leak in symplast.leaks(pool))


class StatsTests(NoObjectLeftMixin, unittest.TestCase):
    def test_count_live_objects_by_type(self):
        live = [make() for make in MAKERS.values() for _ in range(3)]
        self.assertEqual(self.pool.stats().live, dict.fromkeys(MAKERS, 3))
        del live
        self.assertEqual(self.pool.stats().live, {})

    def test_count_what_is_inside_others(self):
        live = Dict(a=[{"b": {1, 2}}, [Point()]])
        self.assertEqual(self.pool.stats().live, {"Dict": 2, "List": 2, "Set": 1, "live_classes.Point": 1})
        del live["a"]
        self.assertEqual(self.pool.stats().live, {"Dict": 1})

    def test_count_no_more_what_was_deleted_by_hand(self):
        live = List([1])
        symplast.delete(live)
        self.assertEqual(self.pool.stats().live, {})

    def test_count_many_over_many_pages(self):
        live = [Point(i) for i in range(10_000)]
        self.assertEqual(self.pool.stats().live, {"live_classes.Point": 10_000})
        del live[::2]
        self.assertEqual(self.pool.stats().live, {"live_classes.Point": 5_000})

    def test_iterators_are_no_objects(self):
        live = [Dict.fromkeys(range(100)), SortedDict.fromkeys(range(100)), List(range(100)), Set(range(100))]
        iterators = [iter(each) for each in live]
        for iterator in iterators:
            next(iterator)
        self.assertEqual(self.pool.stats().live, {"Dict": 1, "SortedDict": 1, "List": 1, "Set": 1})

    def test_have_the_bytes_of_live_objects(self):
        before = self.pool.stats()
        live = Dict(a="text" * 1000)
        after = self.pool.stats()
        self.assertEqual((before.live_bytes, after.used_bytes), (0, after.live_bytes))
        self.assertGreater(after.live_bytes, 4000)

    def test_count_handles_by_interpreter(self):
        (mine,) = {number for leak in symplast.leaks() for number in leak.handles} or {0}
        live = [Dict(), List([[]])]
        self.assertEqual(self.pool.stats().handles, {mine: 2})
        inner = live[1][0]
        self.assertEqual(self.pool.stats().handles, {mine: 3})
        with symplast.InterpreterPoolExecutor(1) as executor:
            theirs = executor.submit(live_classes.handles_of, live).result()
            self.assertEqual((theirs.pop(mine), *theirs.values()), (3, 2))
        del live, inner
        self.assertEqual(self.pool.stats().handles, {})

    def test_of_a_deleted_pool_are_empty(self):
        pool = symplast.Pool("gone")
        with pool.allocating():
            live = Dict()
        pool.delete()
        stats = pool.stats()
        self.assertEqual((stats.live, stats.live_bytes, stats.live_blocks), ({}, 0, 0))
        with self.assertRaises(symplast.DeletedError):
            live["a"]

    def test_of_a_pool_without_live_objects_are_empty(self):
        stats = symplast.Pool("empty").stats()
        self.assertEqual((stats.live, stats.handles, stats.live_bytes), ({}, {}, 0))


class HandleTests(NoObjectLeftMixin, unittest.TestCase):
    def test_do_not_count_as_references_to_their_types(self):
        # Or a handle in a function's globals would keep its type, and with it the module and what that keeps, out of the
        # collector's sight.
        for name, make in MAKERS.items():
            if "." in name:
                continue
            cls = getattr(symplast, name)
            before = sys.getrefcount(cls)
            live = [make() for _ in range(50)]
            self.assertEqual(sys.getrefcount(cls), before, name)
            del live
            self.assertEqual(sys.getrefcount(cls), before, name)

    def test_of_classes_are_seen_by_the_collector(self):
        text = child.run("""
            import gc, symplast
            def make():
                class Local(symplast.Object):
                    x: int = 0
                    def m(self): pass
                Local.me = Local()
                return gc.is_tracked(Local.me)
            print(make())
            """)
        self.assertEqual(text.split(), ["True"])

    def test_outlive_their_interpreter_without_harm(self):
        # What builtins hold is dropped after the module is gone.
        child.run("""
            import builtins, symplast
            builtins.kept = [symplast.Dict(a=[1]), symplast.List([{}]), symplast.Set([1]), symplast.SortedDict(a=1),
                             symplast.AtomicInt(), symplast.AtomicRef([1]), symplast.Pool("p"),
                             symplast.Pool("q").allocating(), iter(symplast.List([1])), iter(symplast.Dict(a=1))]
            class Late:
                def __del__(self, kept=builtins.kept):
                    for o in kept:
                        for use in (repr, len, list, lambda o: type(o)(), lambda o: o["a"], lambda o: o.value,
                                    lambda o: o.stats(), lambda o: o.__sizeof__(), lambda o: o.__reduce__(), next):
                            try:
                                use(o)
                            except Exception:
                                pass
            builtins.late = Late()
            """)
        child.run("""
            import symplast
            def work():
                import builtins
                builtins.kept = [symplast.Dict(a=[1]), symplast.List([{}]), symplast.Pool("p")]
            with symplast.InterpreterPoolExecutor(2) as executor:
                [executor.submit(work).result() for _ in range(4)]
            """)


class LeaksTests(NoObjectLeftMixin, unittest.TestCase):
    def test_name_type_pool_size_references_and_handles(self):
        live = Dict(a=List())
        by_type = {leak.type: leak for leak in symplast.leaks(self.pool)}
        outer, inner = by_type["Dict"], by_type["List"]
        self.assertIs(outer.pool, self.pool)
        self.assertEqual((outer.references, len(outer.handles), outer.held_by, outer.created), (1, 1, "handle", None))
        self.assertEqual((inner.references, inner.handles, inner.held_by), (1, (), "object"))
        self.assertEqual(outer.size, live.__sizeof__())
        kept = live["a"]
        (inner,) = (leak for leak in symplast.leaks(self.pool) if leak.type == "List")
        self.assertEqual((inner.references, inner.handles, inner.held_by), (2, outer.handles, "handle"))
        del kept

    def test_say_of_each_type_what_holds_it(self):
        for name, make in MAKERS.items():
            with self.subTest(name):
                live = make()
                self.assertEqual(found(self.pool), [(name, "handle")])
                holder = Open(it=live)
                del live
                self.assertEqual(found(self.pool), sorted([(name, "object"), ("live_classes.Open", "handle")]))
                del holder
                self.assertEqual(found(self.pool), [])

    def test_find_a_reference_in_each_type(self):
        makers = (
            lambda o: Dict(k=o),
            lambda o: Dict({o: 1}),
            lambda o: Dict({i: o for i in range(100)}),
            lambda o: Dict({(1, o): 1}),
            lambda o: SortedDict(k=o),
            lambda o: SortedDict({i: o for i in range(1000)}),
            lambda o: List([o]),
            lambda o: List([o] * 100),
            lambda o: List([(1, (o,))]),
            lambda o: Set([o]),
            lambda o: AtomicRef(o),
            lambda o: Node("n", {"o": o}),
            lambda o: Open(**{f"a{i}": o for i in range(30)}),
        )
        for number, make in enumerate(makers):
            with self.subTest(number):
                inner = Point()
                holder = make(inner)
                references = 1 + (100 if number in (2, 7) else 1000 if number == 5 else 30 if number == 12 else 1)
                self.assertEqual([leak[3] for leak in symplast.leaks(self.pool) if leak.type == "live_classes.Point"],
                                 [references])
                del inner
                self.assertIn(("live_classes.Point", "object"), found(self.pool))
                del holder
                self.assertEqual(found(self.pool), [])

    def test_put_first_what_only_circles_hold(self):
        a, b = Open(), Dict()
        a.b, b["a"] = b, a
        a.hangs = List([1])
        outside = Set([1])
        self.assertEqual({held for _, held in found(self.pool)}, {"handle", "object"})
        alive = weakref.ref(a)
        del a, b
        self.assertIsNone(alive())
        leaks = symplast.leaks(self.pool)
        self.assertEqual([leak.held_by for leak in leaks], ["nothing"] * 3 + ["handle"])
        self.assertEqual({leak.type for leak in leaks[:3]}, {"live_classes.Open", "Dict", "List"})
        del outside
        self.pool.delete()

    def test_follow_circles_that_are_held(self):
        a = Open()
        a.b = Open(a=a)
        self.assertEqual(found(self.pool), [("live_classes.Open", "handle"), ("live_classes.Open", "object")])
        del a.b

    def test_see_references_from_other_pools(self):
        other = symplast.Pool("other")
        with other.allocating():
            inner = List([1])
        live = Dict(inner=inner)
        del inner
        self.assertEqual((found(other), found(self.pool)), ([("List", "object")], [("Dict", "handle")]))
        self.assertEqual({leak.pool for leak in symplast.leaks()} >= {other, self.pool}, True)
        del live
        other.delete()

    def test_of_a_deleted_pool_are_an_error(self):
        pool = symplast.Pool("gone")
        with pool.allocating():
            live = Dict()
        pool.delete()
        with self.assertRaises(symplast.DeletedError):
            symplast.leaks(pool)
        self.assertNotIn(pool, [leak.pool for leak in symplast.leaks()])
        del live

    def test_take_a_pool_or_nothing(self):
        for wrong in ("pool", 1, Dict()):
            with self.assertRaises(TypeError):
                symplast.leaks(wrong)

    def test_are_readable(self):
        live = List([1])
        (leak,) = symplast.leaks(self.pool)
        self.assertRegex(str(leak), r"^List in pool '.*', \d+ bytes, 1 references, held by a handle in interpreter \d+$")
        self.assertRegex(repr(leak), r"^Leak\(type='List', pool=<symplast.Pool .*>, size=\d+, references=1, handles=\(\d+,\), "
                         r"held_by='handle', created=None\)$")
        del live

    def test_leave_everything_as_it_was(self):
        live = Dict({i: Point(i) for i in range(100)})
        before = self.pool.stats()
        for _ in range(3):
            symplast.leaks()
        after = self.pool.stats()
        self.assertEqual((before.live_blocks, before.live, before.handles), (after.live_blocks, after.live, after.handles))
        self.assertEqual(live[5].x, 5)


class CrowdTests(unittest.TestCase):
    """Counting and listing while others make, change and drop, and while pools are deleted."""

    def test_counting_does_not_disturb(self):
        with symplast.InterpreterPoolExecutor(3) as executor, symplast.Pool("crowd") as pool, pool.allocating():
            go = AtomicInt(0)
            board = Dict()
            tasks = [executor.submit(live_classes.churn, board, go, number) for number in range(3)]
            while go.value < 3:
                pass
            for _ in range(60):
                pool.stats()
                symplast.leaks(pool)
                self.assertIsInstance(repr(pool.stats().live), str)
            go.value = -1
            self.assertEqual([task.result() for task in tasks], [True] * 3)
            board.clear()
            live_blocks.in_pool(pool)
            executor.submit(gc.collect).result()
            self.assertEqual(pool.stats().live, {"Dict": 1, "AtomicInt": 1})

    def test_a_pool_may_be_deleted_meanwhile(self):
        def look():
            started.set()
            for _ in range(30):
                for pool in symplast.pools():
                    pool.stats()
                symplast.leaks()

        started = threading.Event()
        with symplast.InterpreterPoolExecutor(2) as executor:
            looking = threading.Thread(target=look)
            looking.start()
            started.wait()
            for _ in range(3):
                list(executor.map(live_classes.fill_and_delete_a_pool, range(8)))
            looking.join()


@child.isolated
class FailureTests(unittest.TestCase):
    def test_without_memory_for_pages_stats_still_answer(self):
        live = List([1])
        symplast._symplast._fail_at(1)
        try:
            self.assertEqual(symplast.current_pool().stats().live, {"List": 1})
        finally:
            symplast._symplast._fail_at(0)
        del live


_MAKE = """
import symplast

class Account(symplast.Object):
    owner: str = "?"
    def rename(self): pass

class Anything(symplast.Object):
    def work(self): pass

def circle():
    a = Anything()
    a.me = a

def nested():
    return symplast.Dict(inner=[Account("Ann")])

pool = symplast.Pool("bank")
with pool.allocating():
    circle()
    kept = nested()
"""


class TrackingTests(unittest.TestCase):
    def test_knows_the_line_that_made_an_object(self):
        text = child.run(_MAKE + "print(*symplast.leaks(pool), sep='\\n')", SYMPLAST_DEBUG="track")
        lines = sorted(text.splitlines())
        self.assertEqual(len(lines), 4, text)
        self.assertIn("created at <string>:", lines[0])
        self.assertRegex(lines[0], r"^Dict .* created at .*:\d+ in nested$")
        self.assertRegex(lines[1], r"^List .* created at .* in nested$")
        self.assertRegex(lines[2], r"^__main__.Account .* created at .* in nested$")
        self.assertRegex(lines[3], r"^__main__.Anything .* held by nothing but circles, created at .* in circle$")

    def test_goes_with_the_checked_heap(self):
        text = child.run(_MAKE + "print(symplast.leaks(pool)[0])", SYMPLAST_DEBUG="heap,track")
        self.assertIn("in circle", text)

    def test_of_what_workers_make(self):
        text = child.run(
            """
            import symplast
            def work(d):
                d["made"] = symplast.List()
            d = symplast.Dict()
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(work, d).result()
            print(*sorted(leak.created.split()[-1] for leak in symplast.leaks()))
            """,
            SYMPLAST_DEBUG="track",
        )
        self.assertEqual(text.split(), ["<module>", "work"])


class ExitTests(unittest.TestCase):
    def report(self, source, mode="leaks"):
        result = child.spawn(["-c", "import sys\nsys.path.insert(0, %r)\nimport warnings\nwarnings.simplefilter('ignore')\n%s" % (
            child.package_path(), source)], SYMPLAST_DEBUG=mode)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def test_what_is_left_is_reported(self):
        report = self.report(_MAKE + "del kept\n", "track")
        self.assertRegex(report, r"^symplast: 1 live object of \d+ bytes left in pool 'bank' at exit\n"
                                 r"symplast:   __main__.Anything in pool 'bank', \d+ bytes, 1 references, only circles hold it, "
                                 r"created at <string>:\d+ in circle\n$")

    def test_without_tracking_places_are_not_known(self):
        self.assertRegex(self.report(_MAKE), r"only circles hold it\n$")

    def test_what_modules_held_is_not_left(self):
        # A class with a method holds its module's names, and those a handle and a pool.
        self.assertEqual(self.report("""
import symplast
class Account(symplast.Object):
    owner: str = "?"
    def rename(self): pass
Account.default = Account()
pool = symplast.Pool()
with pool.allocating():
    d = symplast.Dict(account=Account("Ann"), many=[1, {2}])
loose, sets, numbers, sorteds = symplast.List([d]), symplast.Set([1]), symplast.AtomicInt(), symplast.SortedDict(a=1)
ref = symplast.AtomicRef(loose)
"""), "")

    def test_what_workers_held_is_not_left(self):
        self.assertEqual(self.report("""
import symplast
class Account(symplast.Object):
    owner: str = "?"
    def rename(self): return mine
mine = symplast.Dict()
def work(account):
    global kept
    Account.mine = kept = account
    account.rename()
    return account
with symplast.InterpreterPoolExecutor(2) as executor:
    list(executor.map(work, [Account(str(i)) for i in range(8)]))
"""), "")

    def test_a_deleted_pool_leaves_nothing(self):
        self.assertEqual(self.report(_MAKE + "pool.delete()\n"), "")

    def test_many_are_summed_up(self):
        report = self.report("""
import symplast
for _ in range(100):
    l = symplast.List()
    l.append(l)
""")
        self.assertEqual(len(report.splitlines()), 22)
        self.assertTrue(report.endswith("symplast:   and 80 more\n"), report)

    def test_nothing_is_reported_unasked(self):
        self.assertEqual(self.report(_MAKE, "heap"), "")
        self.assertEqual(self.report(_MAKE, ""), "")
