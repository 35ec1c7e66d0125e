"""
Misuse of symplast.Dict: wrong arguments in every state, callbacks that change or delete what is being worked on, threads at once,
interruption, and memory that ends. Each test runs again under the debug heap (SYMPLAST_DEBUG=heap), which finds a block that is
freed twice or written to after it was freed.
"""

import copy
import gc
import inspect
import itertools
import os
import signal
import sys
import threading
import unittest

import symplast
from symplast import Dict, _symplast

import child
import live_blocks

_METHODS = [name for name in dir(Dict) if name not in ("__class__", "__init_subclass__", "__subclasshook__", "__dir__",
                                                       "__getattribute__", "__setattr__", "__delattr__")]


class Hostile:
    """Raises in whatever is asked of it."""

    def _raise(self, *_):
        raise ZeroDivisionError

    __hash__ = __eq__ = __index__ = __bool__ = __iter__ = __len__ = __getitem__ = __call__ = keys = items = _raise


class EqualToAll:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    def arguments(self):
        return [
            None, 0, -1, 2**70, 1.5, float("nan"), True, "", "key", "\ud800", b"key", (), ("key", 1), ([],), [], [1, 2], [(1, 2)],
            {}, {"key": {"deep": 1}}, {1: object()}, set(), range(3),
            object(), int, len, iter(()), Hostile(), EqualToAll(), Dict(a=1), Dict, self.pool, symplast.freeze({"a": [1]}),
            frozenset(), memoryview(b"x"), type("T", (), {})(), ..., NotImplemented,
        ]  # fmt: skip


class Arguments(Case):
    def test_every_method_in_every_state(self):
        def live():
            return Dict({"key": 1, "x": {"y": 2}, (1, "a"): None, 2**70: b"bytes"})

        def large():
            return Dict.fromkeys(range(200), "value")

        def deleted():
            d = live()
            symplast.delete(d)
            return d

        def of_a_deleted_pool():
            with symplast.Pool("ended") as pool, pool.allocating():
                return live()

        def cyclic():
            d = live()
            d["self"] = d
            return d

        for make in (live, large, deleted, of_a_deleted_pool, cyclic):
            for name in _METHODS:
                if make is cyclic and name == "__deepcopy__":
                    # Its copy is a circle that nobody deletes.
                    continue
                # All of one argument, and some of more.
                arguments = self.arguments()
                some = arguments[::4]
                for given in itertools.chain([()], ((a,) for a in arguments), itertools.product(some, some),
                                             itertools.product(some[:4], some[:4], some[:4]), [(None,) * 5]):
                    d = make()
                    self._call(d, name, given, {})
                    if len(given) < 2:
                        self._call(d, name, given, {"key": 1})
                        self._call(d, name, given, {"last": Hostile()})
                    if make is cyclic:
                        symplast.delete(d)

    def _call(self, d, name, arguments, keywords):
        if name == "wait":
            # So that nobody waits for ever.
            keywords = keywords | {"timeout": 0}
        try:
            result = getattr(d, name)(*arguments, **keywords)
            if inspect.iscoroutine(result):
                result.close()
            if hasattr(result, "__next__"):
                for _ in zip(range(5), result):
                    pass
        except Exception as error:
            self.assertNotIsInstance(error, SystemError)

    def test_iterators_and_views_with_wrong_arguments(self):
        for make in (lambda: iter(Dict(a=1)), lambda: Dict(a=1).keys(), lambda: Dict(a=1).items(), lambda: Dict(a=1).values()):
            for name in dir(make()):
                if name in ("__class__", "__init_subclass__", "__subclasshook__", "__getattribute__", "__setattr__",
                            "__delattr__", "__init__"):
                    continue
                for given in itertools.chain([()], ((a,) for a in self.arguments())):
                    self._call(make(), name, given, {})

    def test_methods_of_the_type_refuse_other_objects(self):
        for name in _METHODS:
            method = getattr(Dict, name)
            if name.startswith("__") and hasattr(object, name) or not callable(method) or name in (
                    "fromkeys", "__class_getitem__"):
                continue
            for other in (1, {}, object(), Dict):
                with self.assertRaises(TypeError, msg=name):
                    method(other, 1, 2)

    def test_init_again(self):
        d = Dict(a=1)
        d.__init__(b=2)
        d.__init__()
        self.assertEqual(d, {"a": 1, "b": 2})
        for arguments in ((1,), (1, 2), ([1],), ([(1, 2, 3)],), (Hostile(),)):
            with self.assertRaises((TypeError, ValueError, ZeroDivisionError)):
                d.__init__(*arguments)
        self.assertEqual(Dict.__new__(Dict, 1, 2, x=3), {})

    def test_types_cannot_be_changed_or_made(self):
        with self.assertRaises(TypeError):
            Dict.x = 1
        with self.assertRaises(TypeError):
            type("Sub", (Dict,), {})
        for kind in (_symplast.Shared, type(iter(Dict()))):
            with self.assertRaises(TypeError):
                kind()
        with self.assertRaises((TypeError, AttributeError)):
            Dict().__class__ = dict


class Callbacks(Case):
    def test_a_generator_that_changes_what_it_updates(self):
        for change in (lambda d: d.clear(), lambda d: d.update(other=1), lambda d: d.pop("a", None), lambda d: list(d.items()),
                       lambda d: d.update(d)):
            d = Dict(a=1)

            def pairs():
                for i in range(10):
                    yield f"key {i}", {"n": i}
                    change(d)

            d.update(pairs())
            self.assertEqual(d["key 9"], {"n": 9})

    def test_a_generator_that_deletes_what_it_updates(self):
        d = Dict(a=1)

        def pairs():
            yield "x", {"deep": {}}
            symplast.delete(d)
            yield "y", 1

        with self.assertRaises(symplast.DeletedError):
            d.update(pairs())

    def test_a_generator_that_deletes_the_pool(self):
        pool = symplast.Pool("doomed")
        with pool.allocating():
            d = Dict(a=1)

        def pairs():
            yield "x", {"deep": {}}
            pool.delete()

        with self.assertRaises(symplast.DeletedError):
            d.update(pairs())
        with self.assertRaises(symplast.DeletedError):
            with pool.allocating():
                Dict(pairs())

    def test_a_hash_that_deletes_while_a_graph_is_carried(self):
        for delete in (lambda d: symplast.delete(d), lambda d: symplast.pool_of(d).delete()):
            pool = symplast.Pool("doomed")
            with pool.allocating():
                d = Dict(a=1)

            class Deletes:
                armed = False

                def __hash__(self):
                    if Deletes.armed:
                        Deletes.armed = False
                        delete(d)
                    return 1

            graph = {"x": {"y": {}}, "z": {Deletes(): 1}}
            Deletes.armed = True
            with self.assertRaises((symplast.NotShareableError, symplast.DeletedError)):
                d["graph"] = graph
            del d
            if not pool.deleted:
                self.assertEqual(live_blocks.in_pool(pool), 0)
                pool.delete()

    def test_a_hash_that_changes_the_graph_that_is_carried(self):
        graph = {}

        class Changes:
            armed = False

            def __hash__(self):
                if Changes.armed:
                    graph.clear()
                    # What the carrier works on is not to be had.
                    for o in gc.get_objects():
                        if type(o) is list and len(o) == 3 and type(o[0]) is tuple and o[0][:1] == ("first",):
                            o.clear()
                return 1

        graph.update(first={"a": 1}, second={1: {Changes(): 2}}, third={"c": "x" * 100})
        Changes.armed = True
        d = Dict()
        with self.assertRaises(symplast.NotShareableError):
            d["graph"] = graph
        self.assertEqual(graph, {})
        self.assertEqual(d, {})

    def test_equality_that_deletes(self):
        d = Dict(a=1)

        class Deletes:
            def __eq__(self, other):
                symplast.delete(d)
                return True

        with self.assertRaises(symplast.DeletedError):
            d.compare_exchange("a", Deletes(), 2)

    def test_comparing_with_what_deletes(self):
        d = Dict(a=1, b=2)

        class Deletes:
            def __eq__(self, other):
                symplast.delete(d)
                return True

        self.assertTrue(d == {"a": Deletes(), "b": 2})
        self.assertEqual(repr(d), "<symplast.Dict, deleted>")

    def test_an_index_that_deletes(self):
        d = Dict(a=1)

        class Deletes:
            def __index__(self):
                symplast.delete(d)
                return 1

        with self.assertRaises(symplast.DeletedError):
            d.add("a", Deletes())

    def test_callbacks_that_raise_leave_the_dict_as_it_was(self):
        d = Dict(a=1)

        def raises():
            yield "x", 1
            raise ZeroDivisionError

        for operation in (
            lambda: d.update(raises()), lambda: d.update(Hostile()), lambda: Dict(raises()), lambda: Dict.fromkeys(raises()),
            lambda: d.popitem(last=Hostile()),
            lambda: d[Hostile()], lambda: d.__setitem__(Hostile(), 1), lambda: d.pop((1, Hostile()), None),
            lambda: d._iterate(0, Hostile()),
        ):  # fmt: skip
            with self.assertRaises(ZeroDivisionError):
                operation()
            self.assertEqual(d, {"a": 1})

    def test_comparing_cycles_ends_with_an_error(self):
        a, b = Dict(), Dict()
        a["x"], b["x"] = a, b
        with self.assertRaises(RecursionError):
            a == b
        result = []

        def compare():
            try:
                result.append(a == b)
            except RecursionError:
                result.append("RecursionError")

        thread = threading.Thread(target=compare)
        thread.start()
        thread.join()
        self.assertEqual(result, ["RecursionError"])
        symplast.delete(a)
        symplast.delete(b)

    def test_repr_of_deep_nesting_ends_with_an_error(self):
        d = inner = Dict()
        for _ in range(100_000):
            inner["x"] = {}
            inner = inner["x"]
        with self.assertRaises(RecursionError):
            repr(d)
        with self.assertRaises(RecursionError):
            copy.deepcopy(d)
        del inner


class Threads(Case):
    def test_threads_of_one_interpreter(self):
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        self.addCleanup(sys.setswitchinterval, interval)
        d, failures = Dict(), []

        def work(seed):
            try:
                for i in range(300):
                    key = f"key {(i * seed) % 20}"
                    d[key] = {"n": i, "child": {"text": "x" * (i % 50)}}
                    d.setdefault(key, {})
                    d.add("count", 1)
                    for k, v in d.items():
                        repr(v)
                    d.pop(key, None)
                    d.compare_exchange(key, None, 1)
                    copy.copy(d)
                    d == dict(d.copy())
                    if i % 50 == 0:
                        count = d.pop("count", 0)
                        d.clear()
                        d.add("total", 0)
                    try:
                        d.popitem()
                    except KeyError:
                        pass
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 3, 7, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_deletion_while_threads_work(self):
        for delete in (symplast.delete, lambda d: symplast.pool_of(d).delete()):
            pool = symplast.Pool("doomed")
            with pool.allocating():
                d = Dict(a=1)
            started, outcomes = threading.Barrier(4), []

            def work():
                started.wait()
                try:
                    while True:
                        d["x"] = {"y": 1}
                        list(d.items())
                        d["x"]
                        repr(d)
                except symplast.DeletedError:
                    outcomes.append("deleted")
                except BaseException as error:
                    outcomes.append(error)

            threads = [threading.Thread(target=work) for _ in range(3)]
            for thread in threads:
                thread.start()
            started.wait()
            delete(d)
            for thread in threads:
                thread.join()
            self.assertEqual(outcomes, ["deleted"] * 3)
            if not pool.deleted:
                pool.delete()


class Interruption(Case):
    @unittest.skipUnless(hasattr(signal, "raise_signal"), "needs signals")
    def test_ctrl_c_ends_a_long_update(self):
        class Stop(Exception):
            pass

        def stop(*_):
            raise Stop

        before = signal.signal(signal.SIGALRM, stop)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        big = dict.fromkeys(range(1_000_000))
        for operation in (lambda d: d.update(big), lambda d: d.__setitem__("x", big), lambda d: Dict.fromkeys(big)):
            d = Dict()
            with self.assertRaises(Stop):
                # Again after a while, longer than any machine takes to get here: where nothing can be raised, as in a finalizer,
                # the exception of a handler is lost.
                signal.setitimer(signal.ITIMER_REAL, 0.02, 20)
                while True:
                    operation(d)
                    d.clear()
            signal.setitimer(signal.ITIMER_REAL, 0)
            d.clear()
            d["a"] = 1
            self.assertEqual(d, {"a": 1})


class Memory(Case):
    OPERATIONS = {
        "set": lambda d: d.__setitem__("new", "text"),
        "replace": lambda d: d.__setitem__("key", "text"),
        "set by a tuple": lambda d: d.__setitem__((1, ("a", 2**70)), b"bytes"),
        "set a graph": lambda d: d.__setitem__("new", {"a": {"b": "text"}, "c": (1, "x", 2**70)}),
        "set a frozen graph": lambda d: d.__setitem__("new", frozenset({1, 2})),
        "many": lambda d: d.update({f"new {i}": "text" for i in range(20)}) if not d.get("many") else None,
        "get": lambda d: d["key"],
        "get by a tuple": lambda d: d[1, "a"],
        "get a child": lambda d: d["child"],
        "setdefault": lambda d: d.setdefault("new", {"a": "text"}),
        "setdefault, present": lambda d: d.setdefault("key", "text"),
        "pop": lambda d: d.pop("key"),
        "popitem": lambda d: d.popitem(),
        "delete": lambda d: d.__delitem__("key"),
        "clear": lambda d: d.clear(),
        "iterate": lambda d: list(d.items()),
        "compare": lambda d: d == {},
        "repr": lambda d: repr(d),
        "exchange": lambda d: d.compare_exchange("key", "value", "text"),
        "add": lambda d: d.add("number", 2**60),
        "add to nothing": lambda d: d.add("new", 1),
        "copy": lambda d: copy.copy(d),
        "deepcopy": lambda d: copy.deepcopy(d),
        "create": lambda d: Dict(a=1, b={"c": 2}),
        "create from keys": lambda d: Dict.fromkeys("abc", {"x": 1}),
    }

    def test_every_operation_without_memory_leaves_the_dict_as_it_was(self):
        for size in (0, 15, 40):
            for name, operation in self.OPERATIONS.items():
                with self.subTest(name, size=size):
                    self._fail_each(size, name, operation)

    def test_every_operation_whose_pool_is_deleted_meanwhile_says_so_or_was_done(self):
        for size in (0, 15, 40):
            for name, operation in self.OPERATIONS.items():
                for fails in (False, True):
                    with self.subTest(name, size=size, fails=fails):
                        self._delete_each(size, operation, fails)

    def _delete_each(self, size, operation, fails):
        for n in itertools.count(1):
            with symplast.Pool("doomed") as pool, pool.allocating():
                d = self._make(size)
                _symplast._delete_at(pool, n, fails)
                error = None
                try:
                    result = operation(d)
                except symplast.DeletedError as caught:
                    error = caught
                finally:
                    met = _symplast._fail_at(0)
                self.assertEqual(pool.deleted, met)
                self.assertTrue(met or error is None)
                if fails and met:
                    # repr() is no error even then.
                    self.assertIn("deleted", result if error is None else str(error))
            if not met:
                return
            self.assertLess(n, 1000)

    def _make(self, size):
        d = Dict({"key": "value", "number": 1, (1, "a"): 2**80, "child": {"x": "y"}})
        d.update({i: f"value {i}" for i in range(size)})
        return d

    def _fail_each(self, size, name, operation):
        for n in itertools.count(1):
            d = self._make(size)
            before, blocks = repr(d.copy()), live_blocks.in_pool(self.pool)
            _symplast._fail_at(n)
            error = None
            try:
                operation(d)
            except MemoryError as caught:
                error = caught
            finally:
                failed = _symplast._fail_at(0)
            if error is not None:
                self.assertNotIsInstance(error, symplast.PoolFullError)
                error.__traceback__ = None
                # What is done item by item may have done some.
                if name != "many":
                    self.assertEqual(repr(d.copy()), before)
                    self.assertLessEqual(live_blocks.in_pool(self.pool), blocks + (size > 0) * 2)
            if not failed:
                return
            self.assertLess(n, 1000)


if os.environ.get("SYMPLAST_DEBUG") != "heap":

    class DebugHeap(unittest.TestCase):
        def test_all_of_this_under_the_debug_heap(self):
            child.run(
                "import sys, unittest; unittest.main(module=None, argv=['-', *sys.argv[1:]])",
                "test_live_dict_misuse",
                "test_live_dict.Deletion",
                "test_live_dict.Identity",
                "test_live_dict.Copies",
                "test_live_dict.Order",
                "test_live_dict.Limits",
                "test_live_dict.Interpreters",
                SYMPLAST_DEBUG="heap",
            )
