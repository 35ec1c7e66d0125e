"""
Every method of each type of live objects, found by dir(), with arguments of any kind and number, from any state. Children of
test_live_misuse and their workers run it; it imports nothing that a worker cannot.
"""

import atexit
import copy
import gc
import inspect
import itertools
import math
import operator
import os
import pickle
import random
import sys
import traceback

import symplast
from misuse_callbacks import Callback, CallbackInt, CallbackText, Raised

# What a method may raise; anything else is reported.
DOCUMENTED = (
    TypeError, ValueError, LookupError, OverflowError, AttributeError, StopIteration, MemoryError, RecursionError, BufferError,
    TimeoutError, symplast.SymplastError,
)

# Types of the package that wait for others, or do not live in pools.
_OTHERS = {"Queue", "SimpleQueue", "Lock", "RLock", "Event", "Condition", "Semaphore", "Barrier", "Leak", "Pool", "PoolStats",
           "InterpreterPoolExecutor", "InterpreterFuture", "ExecutorStats", "Interpreter", "BoundedSemaphore"}


class Fields(symplast.Object):
    """Declared attributes."""

    number: int = 1
    anything: object = None

    def method(self):
        return self.number


class Open(symplast.Object):
    """Any attributes."""


_MAKERS = {
    "Dict": lambda: symplast.Dict({"a": 1, 1: [1, {"x": (1, 2)}], (1, "b"): b"bytes", None: 2**80}),
    "SortedDict": lambda: symplast.SortedDict({i: "text" * i for i in range(20)}),
    "List": lambda: symplast.List([3, "a", 2.5, [1], 2**80, None]),
    "Set": lambda: symplast.Set([1, "a", (1, "b"), 2.5, None]),
    "AtomicRef": lambda: symplast.AtomicRef(["a"]),
}
# How unknown types may be made.
_GUESSES = ((), ([1, 2, 3],), ("q", [1, 2, 3]), ("d", 8), (8,), ("q", 8), (8, "q"))


def live_types():
    """Names of the types in the package, and how to make one of each."""
    makers = {"Fields": Fields, "Open": Open}
    for name in symplast.__all__:
        cls = getattr(symplast, name)
        if not isinstance(cls, type) or issubclass(cls, BaseException) or name in (*_OTHERS, "Object"):
            continue
        makers[name] = _MAKERS.get(name) or _guess(cls)
    return makers


def _guess(cls):
    for arguments in _GUESSES:
        try:
            if symplast.is_shared(cls(*arguments)):
                return lambda: cls(*arguments)
        except (TypeError, ValueError):
            pass
    raise AssertionError(f"say in misuse._MAKERS how to make {cls}")


class Battery:
    """Random calls on live objects. With cycles, objects may come to hold themselves, and so stay until their pool is deleted."""

    def __init__(self, seed, cycles, targets):
        self._dice = random.Random(seed)
        self._cycles = cycles
        self._targets = targets
        self._depth = 0
        self.faults = []
        leaf = symplast.AtomicInt(5)
        dead = symplast.List([1])
        symplast.delete(dead)
        with symplast.Pool("dead") as pool, pool.allocating():
            gone = symplast.Dict(a=1)
        self._plain = [
            None, True, False, 0, 1, -1, 2, 2**48, 2**63 - 1, 2**63, -(2**63), 2**200, -(2**200), 0.0, -0.0, math.nan, math.inf,
            1e308, 0.5, 1j, "", "a", "b" * 300,
            "\ud800", "é", "number", b"", b"a\0", (), (1, "b"), ((1,), (2.5, None)), [], [1, "a"], {}, {"a": [1]}, {1: 2, 2: 3},
            set(), {1, "a"}, frozenset({1}), range(3), slice(None),
            slice(-(2**70), 2**70, -1), slice(0, 2), slice(0, 5, 0), object, len, Ellipsis, NotImplemented, memoryview(b"xyz"),
            bytearray(b"abc"), leaf, dead, gone, pool,
            (leaf, "a"), symplast.freeze(("frozen", 1)), [[1], [2]], [("a", 1), ("b", 2)], [("a",)], symplast.Dict, _deep(200),
        ]

    def call_each(self):
        """Calls each method of each object, with arguments of any number."""
        for target in self._targets:
            for name in _methods(type(target)):
                for count in range(5):
                    self._guard(lambda: end(method_of(target, name)(*(self._value(target, name) for _ in range(count)))))

    def run(self, calls):
        """Makes so many calls; what is wrong is in faults."""
        for _ in range(calls):
            target = self._dice.choice(self._targets)
            self._call_something(target)

    def _call_something(self, target):
        choice = self._dice.random()
        if choice < 0.7:
            self._guard(self._call_method, target)
        elif choice < 0.75:
            self._guard(self._call_part, target)
        elif choice < 0.8:
            self._guard(self._set_attribute, target)
        elif choice < 0.9:
            self._guard(self._operate, target)
        else:
            self._guard(self._ask, target)

    def _guard(self, function, *arguments):
        try:
            function(*arguments)
        except DOCUMENTED + (Raised, pickle.PicklingError, copy.Error):
            pass
        except Exception:
            self.faults.append(traceback.format_exc(limit=-6))

    def _call_method(self, target):
        name = self._dice.choice(_methods(type(target)))
        self._call(target, name, method_of(target, name))

    def _call(self, target, name, method):
        positional, named = [], {}
        for parameter in _parameters(type(target), name):
            if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD) and self._dice.random() < 0.7:
                named[parameter.name] = self._value(target, name)
            elif not named and self._dice.random() < 0.9:
                positional.append(self._value(target, name))
        choice = self._dice.random()
        if choice < 0.2:
            positional = [self._value(target, name) for _ in range(self._dice.randrange(5))]
        elif choice < 0.23:
            named["nonsense"] = 1
        result = method(*positional, **named)
        end(result)
        if inspect.isgenerator(result) or hasattr(type(result), "__next__"):
            list(itertools.islice(result, 30))

    def _call_part(self, target):
        """Iterators and views."""
        makers = [make for make in (iter, reversed) if hasattr(target, "__iter__")]
        makers += [operator.methodcaller(name) for name in ("keys", "values", "items") if hasattr(target, name)]
        if makers:
            part = self._dice.choice(makers)(target)
            for _ in range(3):
                name = self._dice.choice(_methods(type(part)))
                self._call(target, name, getattr(part, name))

    def _set_attribute(self, target):
        name = self._dice.choice(
            ("value", "number", "anything", "other", "__class__", "__dict__", "__doc__", "method", "a" * 200))
        if self._dice.random() < 0.2:
            delattr(target, name)
        else:
            setattr(target, name, self._value(target, "__setattr__"))
        getattr(target, name)

    def _operate(self, target):
        function = self._dice.choice((
            operator.add, operator.sub, operator.mul, operator.and_, operator.or_, operator.xor, operator.eq, operator.ne,
            operator.lt, operator.le, operator.iadd, operator.isub, operator.iand,
            operator.ior, operator.ixor, operator.getitem, operator.contains, operator.matmul, operator.imul, operator.delitem,
            operator.truediv, pow,
        ))
        other = self._value(target, function.__name__)
        function(target, other) if self._dice.random() < 0.7 or function in (operator.imul, operator.mul) else function(
            other, target)

    def _ask(self, target):
        function = self._dice.choice((
            repr, str, hash, len, bool, iter, reversed, int, float, complex, list, dict, set, tuple, sorted, sum, max, dir,
            copy.copy, symplast.thaw, symplast.freeze, symplast.is_shared,
            symplast.is_frozen, symplast.pool_of, pickle.dumps, self._add, self._compare_exchange, memoryview, bytes,
            gc.is_tracked, operator.index, operator.length_hint,
        ) + ((copy.deepcopy,) if self._cycles else ()))
        function(target)

    def _add(self, target):
        symplast.add(target, self._dice.choice(("number", "anything", "none")), self._value(target, "add"))

    def _compare_exchange(self, target):
        symplast.compare_exchange(target, self._dice.choice(("number", "anything")), self._value(target, "compare_exchange"),
                                  self._value(target, "compare_exchange"))

    def _value(self, target, name):
        choice = self._dice.random()
        if choice < 0.6:
            return self._dice.choice(self._plain)
        if choice < 0.7:
            return (i for i in [1, "a", ("b", 2)])
        if choice < 0.78 and (self._cycles or name in _LOOKING):
            return self._dice.choice(self._targets) if self._cycles else target
        if choice < 0.88:
            return Callback(self, target)
        if choice < 0.92:
            return self._touching(target)
        return self._dice.choice((object(), CallbackText("a"), CallbackInt(1), [Callback(self, target)],
                                  {"a": Callback(self, target)}, (Callback(self, target),)))

    def _touching(self, target):
        for i in range(3):
            self.act(target)
            yield self._dice.choice((i, ("a", i), "ab"))

    def act(self, target):
        """What a callback does: something to the object whose method is running."""
        choice = self._dice.random()
        if choice < 0.2:
            raise Raised
        if self._depth > 3 or choice < 0.3:
            return
        self._depth += 1
        if choice < 0.33:
            self._guard(symplast.delete, target)
        elif choice < 0.5:
            self._guard(lambda: getattr(target, "clear", target.__init__)())
        else:
            self._call_something(target)
        self._depth -= 1

    def finish(self):
        """Lets go of everything."""
        for target in self._targets:
            try:
                symplast.delete(target)
            except symplast.DeletedError:
                pass
        self.forget()

    def forget(self):
        """Lets go of everything that others have."""
        self._targets = self._plain = ()
        gc.collect()


# With these an object may be its own argument and is not stored in itself.
_LOOKING = frozenset(
    "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __contains__ __init__ update extend index count remove discard issubset "
    "issuperset isdisjoint union intersection difference "
    "symmetric_difference intersection_update difference_update symmetric_difference_update __iadd__ __ior__ __iand__ __isub__ "
    "__ixor__ __or__ __and__ __sub__ __xor__ __add__ "
    "eq ne lt le add sub and_ or_ xor iadd isub iand ior ixor contains getitem get pop".split()
)

_known = {}


def method_of(target, name):
    """A method, which does not wait for ever."""
    method = getattr(target, name)
    return method if name != "wait" else lambda *positional, **named: method(*positional, **named | {"timeout": 0})


def end(result):
    """Closes a coroutine that nobody awaits."""
    if inspect.iscoroutine(result):
        result.close()


def _methods(cls):
    if cls not in _known:
        _known[cls] = [name for name in dir(cls) if callable(getattr(cls, name))
                       and name not in ("__class__", "__init_subclass__", "__subclasshook__", "__abstractmethods__")]
    return _known[cls]


def _parameters(cls, name):
    if (cls, name) not in _known:
        try:
            its = list(inspect.signature(getattr(cls, name)).parameters.values())
        except (TypeError, ValueError):
            its = []
        _known[cls, name] = its[1:] if its and its[0].name in ("self", "cls", "type") else its
    return _known[cls, name]


def _deep(levels):
    nested = ()
    for _ in range(levels):
        nested = (nested,)
    return nested


def _dead(makers):
    """Objects whose pool was deleted."""
    with symplast.Pool("deleted") as pool, pool.allocating():
        return [make() for make in makers]


def _deleted(makers):
    targets = [make() for make in makers]
    for target in targets:
        symplast.delete(target)
    return targets


def run(pool, seed, cycles, makers, cases, calls):
    """Batteries of so many calls, each on objects of its own: live ones, deleted ones, those of a deleted pool.

    Returns what was wrong, without doubles.
    """
    faults = set()
    with pool.allocating():
        for case in range(cases):
            targets = {3: _deleted, 4: _dead}.get(case % 5, lambda makers: [make() for make in makers])(makers)
            battery = Battery(f"{seed} {case}", cycles, targets)
            if case < 5:
                battery.call_each()
            battery.run(calls)
            battery.finish()
            faults.update(battery.faults)
    gc.collect()
    return sorted(faults)


def share(pool, seed, cycles, targets, calls, workers, begun, made):
    """The same in one of several interpreters, on objects that all have.

    It waits until so many have begun, and counts its calls in made.
    """
    with pool.allocating():
        battery = Battery(seed, cycles, targets)
        begun.add(1)
        while begun.value < workers:
            os.sched_yield()
        for _ in range(calls):
            battery.run(1)
            made.add(1)
        battery.forget()
    return sorted(set(battery.faults))


class _Last:
    """Calls methods when it dies."""

    def __init__(self, battery):
        self.battery = battery
        self.self = self

    def __del__(self):
        self.battery.run(30)


def end_with(seed, handles):
    """
    Sees to it that methods are called while this interpreter ends: at its exit, when modules go, and when the last garbage is
    collected.
    """
    battery = Battery(seed, True, pickle.loads(handles))
    battery.run(50)
    atexit.register(battery.run, 50)
    sys.last = globals()["last"] = _Last(battery)
    sys.modules["last"] = _Last(battery)
    # Not collected before the end.
    gc.freeze()
