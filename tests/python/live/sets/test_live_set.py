"""symplast.Set: what a plain set does, shared."""

import collections.abc
import copy
import gc
import inspect
import itertools
import random
import threading
import unittest
import weakref

import symplast
from symplast import Set

import live_blocks
import subinterpreters

_MEMBERS = ["", "text", "zoë", "\ud800", b"", b"bytes", 0, -1, 2**40, 2**100, -(2**100), 1.5, float("inf"), 1j, None, ..., (),
            (1, ("a", b"b"))]


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    pass


class Members(Case):
    def test_every_kind_of_member_comes_back_equal_and_of_its_type(self):
        s = Set(_MEMBERS)
        self.assertEqual(len(s), len(_MEMBERS))
        for member, copy in zip(_MEMBERS, s, strict=True):
            self.assertEqual(copy, member)
            self.assertIs(type(copy), type(member))
            self.assertIn(member, s)

    def test_members_are_in_the_order_in_which_they_were_added(self):
        s = Set("symplast")
        self.assertEqual("".join(s), "symplat")
        s.remove("y")
        s.add("y")
        s.add("s")
        self.assertEqual("".join(s), "smplaty")
        self.assertEqual(s.pop(), "s")

    def test_equal_numbers_are_one_member_and_the_first_one_stays(self):
        s = Set([1, 1.0, True, 2.0, 2, 2**60, float(2**60)])
        self.assertEqual([repr(member) for member in s], ["1", "2.0", str(2**60)])
        self.assertNotIn(False, s)

    def test_frozen_objects_are_members_by_identity(self):
        frozen = symplast.freeze(range(3))
        s = Set([frozen])
        self.assertIs(next(iter(s)), frozen)
        self.assertIn(frozen, s)

    def test_live_objects_are_members_by_identity(self):
        one, two = symplast.AtomicInt(), symplast.AtomicInt()
        s = Set([one])
        self.assertIn(one, s)
        self.assertNotIn(two, s)
        self.assertIs(s.pop(), one)

    def test_a_set_keeps_its_members_alive(self):
        s = Set([symplast.AtomicInt(7)])
        gc.collect()
        self.assertEqual(s.pop().value, 7)

    def test_a_plain_set_in_a_live_object_becomes_a_set(self):
        d = symplast.Dict(a={1, 2}, b=set())
        self.assertIs(type(d["a"]), Set)
        self.assertIs(d["a"], d["a"])
        d["a"].add(3)
        self.assertEqual(d, {"a": {1, 2, 3}, "b": set()})

    def test_what_cannot_be_shared_is_refused_by_name(self):
        s = Set()
        for member in (object(), frozenset([object()]), range(3), (object(),)):
            with self.assertRaisesRegex(symplast.NotShareableError, r"^s\{…\}: "):
                s.add(member)
            self.assertNotIn(member, s)
            self.assertIsNone(s.discard(member))
        self.assertEqual(s, set())

    def test_unhashable_members_get_the_words_of_the_plain_type(self):
        for member in ([], {}, bytearray(), ([],)):
            for name in ("add", "discard", "remove", "__contains__"):
                with self.assertRaises(TypeError) as plain:
                    getattr(set(), name)(member)
                with self.assertRaises(TypeError) as ours:
                    getattr(Set(), name)(member)
                self.assertEqual(str(ours.exception), str(plain.exception))

    def test_sets_are_looked_up_like_frozensets(self):
        s = Set([1])
        for other in ({1}, Set([1])):
            self.assertNotIn(other, s)
            s.discard(other)
            with self.assertRaises(KeyError) as caught:
                s.remove(other)
            self.assertIs(caught.exception.args[0], other)
            s.add(frozenset({1}))
            self.assertIn(other, s)
            s.remove(other)
            self.assertEqual(s, {1})
            self.assertRaises(TypeError, s.difference_update, [other])


class Protocol(Case):
    def test_it_is_a_mutable_set_and_has_all_that_set_has(self):
        self.assertIsInstance(Set(), collections.abc.MutableSet)
        self.assertLessEqual(set(dir(set)), set(dir(Set)))
        self.assertEqual(str(inspect.signature(Set)), "(iterable=(), /)")
        self.assertRaises(TypeError, hash, Set())
        self.assertEqual(Set[int].__args__, (int,))

    def test_repr(self):
        self.assertEqual(repr(Set()), "Set()")
        self.assertEqual(repr(Set(["b", "a", (1,)])), "Set({'b', 'a', (1,)})")
        holder = symplast.Dict()
        holder["s"] = {1}
        self.assertEqual(repr(holder), "Dict({'s': Set({1})})")

    def test_results_are_plain_sets(self):
        s = Set([1, 2])
        for result in (s | {3}, {3} | s, s & {1}, {1} & s, s - {1}, {3} - s, s ^ {1}, {1} ^ s, s.copy(), s.union([3]),
                       s.intersection(), s.difference(), s | s):
            self.assertIs(type(result), set)
        self.assertEqual(frozenset([3]) | s, {1, 2, 3})

    def test_operators_agree_with_those_of_set(self):
        choices = random.Random(1)
        operators = (
            "__or__ __and__ __sub__ __xor__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __ior__ __iand__ __isub__ __ixor__".split())
        methods = "union intersection difference symmetric_difference isdisjoint issubset issuperset".split()
        changes = "update intersection_update difference_update symmetric_difference_update".split()
        kinds = (set, frozenset, Set)
        for _ in range(300):
            left, right = ({choices.randrange(8) for _ in range(choices.randrange(8))} for _ in range(2))
            for name, kind in itertools.product(operators, kinds):
                plain, ours = set(left), Set(left)
                self.assertEqual(getattr(ours, name)(kind(right)), getattr(plain, name)(set(right)), (name, left, right))
                self.assertEqual(ours, plain)
            for name in methods + changes:
                plain, ours = set(left), Set(left)
                self.assertEqual(getattr(ours, name)(list(right)), getattr(plain, name)(list(right)), (name, left, right))
                self.assertEqual(ours, plain)

    def test_in_place_operators_change_the_set_itself(self):
        s = same = Set([1, 2])
        s |= {3}
        s &= Set([2, 3])
        s -= frozenset([2])
        s ^= {3, 4}
        self.assertIs(s, same)
        self.assertEqual(s, {4})

    def test_operators_take_sets_only(self):
        for name in ("__or__", "__ior__", "__and__", "__sub__", "__isub__", "__xor__", "__ror__", "__lt__", "__eq__"):
            for other in ([1], "1", {1: 1}, None):
                self.assertIs(getattr(Set([1]), name)(other), NotImplemented)

    def test_a_set_against_itself(self):
        for name, expected in (("update", {1, 2}), ("intersection_update", {1, 2}), ("difference_update", set()),
                               ("symmetric_difference_update", set())):
            s = Set([1, 2])
            getattr(s, name)(s)
            self.assertEqual(s, expected)

    def test_initialising_again_begins_anew(self):
        s = Set([1])
        s.__init__([2])
        self.assertEqual(s, {2})
        s.__init__()
        self.assertEqual(s, set())

    def test_copies(self):
        s = Set([1, (2, 3), "x"])
        for duplicate in (copy.copy(s), copy.deepcopy(s)):
            self.assertIs(type(duplicate), Set)
            self.assertIsNot(duplicate, s)
            self.assertEqual(list(duplicate), [1, (2, 3), "x"])
            duplicate.add(5)
            self.assertNotIn(5, s)
        self.assertEqual(copy.copy(s), s)
        self.assertEqual(symplast.thaw(Set([1, 2])), {1, 2})
        self.assertIs(symplast.pool_of(copy.copy(s)), self.pool)

    def test_weak_references(self):
        s = Set()
        reference = weakref.ref(s)
        self.assertIs(reference(), s)
        del s
        gc.collect()
        self.assertIsNone(reference())

    def test_iteration_sees_one_moment(self):
        s = Set(range(100))
        seen = []
        for member in s:
            seen.append(member)
            s.discard(member + 1)
            s.add(member + 1000)
        self.assertEqual(seen, list(range(100)))
        iterator = iter(Set(range(5)))
        next(iterator)
        self.assertEqual(iterator.__length_hint__(), 4)


class Misuse(Case):
    def _everything(self, s):
        """Each operation, as a name and a call."""
        for name in "add discard remove symmetric_difference symmetric_difference_update isdisjoint issubset issuperset".split():
            yield name, lambda name=name: getattr(s, name)({1})
        for name in "pop clear copy".split():
            yield name, getattr(s, name)
        for name in "union intersection difference update intersection_update difference_update".split():
            yield name, lambda name=name: getattr(s, name)()
            yield name, lambda name=name: getattr(s, name)([])
        for name in (
                "__or__ __and__ __sub__ __xor__ __ior__ __iand__ __isub__ __ixor__ __ror__ __eq__ __ne__ __le__ __gt__".split()):
            yield name, lambda name=name: getattr(s, name)({1})
        yield "in", lambda: 1 in s
        yield "len", lambda: len(s)
        yield "iter", lambda: iter(s)
        yield "init", lambda: s.__init__()
        yield "bool", lambda: bool(s)

    def test_a_deleted_set_says_so(self):
        s = Set([1, 2])
        symplast.delete(s)
        self._is_deleted(s)

    def test_a_set_of_a_deleted_pool_says_so(self):
        s = Set([1, 2])
        iterator = iter(s)
        next(iterator)
        self.pool.delete()
        self._is_deleted(s)
        self.assertRaises(symplast.DeletedError, next, iterator)

    def _is_deleted(self, s):
        for name, call in self._everything(s):
            with self.subTest(name), self.assertRaises(symplast.DeletedError):
                # A set among the arguments of add and remove comes to nothing before the Set is looked at.
                if name in ("add", "remove", "discard"):
                    getattr(s, name)(1)
                else:
                    call()
        self.assertEqual(repr(s), "<symplast.Set, deleted>")
        self.assertTrue(symplast.is_shared(s))
        self.assertIs(symplast.pool_of(s), self.pool)

    def test_wrong_arguments(self):
        s = Set([1])
        for call in (
            lambda: Set(1), lambda: Set([], []), lambda: Set(iterable=[]), lambda: Set([[]]), lambda: s.add(),
            lambda: s.add(1, 2), lambda: s.pop(1),
            lambda: s.update(1), lambda: s.update([], 1), lambda: s.union(1), lambda: s.symmetric_difference(),
            lambda: s.symmetric_difference([], []),
            lambda: s.isdisjoint(1), lambda: s.issubset(), lambda: s.clear(1), lambda: s.difference_update([[]]),
            lambda: Set.add([], 1),
            lambda: Set.update(set(), [1]), lambda: Set.__contains__(Set, 1), lambda: Set.__or__({1}, s),
        ):
            self.assertRaises(TypeError, call)
        self.assertEqual(s, {1})
        self.assertRaises(KeyError, s.remove, 2)
        self.assertRaisesRegex(KeyError, "pop from an empty set", Set().pop)

    def test_arguments_that_change_delete_or_fail_while_they_are_gone_through(self):
        def acting(act):
            for i in range(40):
                act(i)
                yield i

        def fail(i):
            if i == 20:
                raise ZeroDivisionError

        for name in ("update intersection_update difference_update symmetric_difference_update union intersection difference "
                     "issubset isdisjoint".split()):
            s = Set(range(30))
            getattr(s, name)(acting(lambda i: (s.clear() if i % 10 == 9 else s.add(i + 100))))
            s = Set(range(30, 60))
            self.assertRaises(ZeroDivisionError, getattr(s, name), acting(fail))
            self.assertLessEqual(set(range(30, 60)), s.copy())
        s = Set(range(30))
        self.assertRaises(symplast.DeletedError, s.update, acting(lambda i: i == 20 and symplast.delete(s)))
        s = Set(range(30))
        self.assertRaises(symplast.DeletedError, s.difference_update, acting(lambda i: i == 20 and symplast.delete(s)))
        s = Set(range(30))
        self.assertRaises(symplast.DeletedError, s.update, acting(lambda i: i == 20 and self.pool.delete()))

    def test_hashes_that_act(self):
        class Bad:
            def __hash__(self):
                s.clear()
                s.add(1)
                raise ZeroDivisionError

        s = Set(range(10))
        for name in ("add", "discard", "remove", "__contains__"):
            self.assertRaises(ZeroDivisionError, getattr(s, name), Bad())
        self.assertEqual(s, {1})

    def test_a_full_pool_refuses_and_keeps_what_is_there(self):
        with symplast.Pool("small", max_bytes=64 << 10) as pool, pool.allocating():
            s = Set()
            with self.assertRaises(symplast.PoolFullError):
                for i in itertools.count():
                    s.add(f"{i}" * 100)
            self.assertIn("1" * 100, s)
            s.clear()
            s.add("x")
            self.assertEqual(s, {"x"})

    def test_all_operations_together_leave_nothing_in_the_pool(self):
        for _ in range(20):
            s = Set(_MEMBERS)
            s.update(map(str, range(100)))
            s &= set(map(str, range(50)))
            s ^= Set(["1", "x" * 1000])
            copy.copy(s), copy.deepcopy(s), next(iter(s))
            for member in (2**100, (1, ("a", 2**80)), "\ud800", object(), []):
                for name in ("add", "discard", "remove", "__contains__"):
                    try:
                        getattr(s, name)(member)
                    except (TypeError, KeyError):
                        pass
            while s:
                s.pop()


def _take_all(s, number):
    taken = []
    while True:
        try:
            taken.append(s.pop())
        except KeyError:
            return taken


def _add_and_remove(s, number):
    for i in range(3000):
        s.add(("own", number, i))
        s.add(i % 100)
        s.discard((i * 7) % 100)
        if i % 2:
            s.remove(("own", number, i))
        if i % 500 == 0:
            members = list(s)
            assert len(members) == len(set(members))
            own = [m for m in members if isinstance(m, tuple) and m[1] == number]
            assert len(own) == i // 2 + 1, (len(own), i)
    return True


def _toggle(s, count):
    for _ in range(count):
        s.symmetric_difference_update(["x"])


def _use_until_deleted(s, number):
    try:
        s.add(f"begun {number}")
        while True:
            s.update(range(100))
            s ^= {1, 2, 3}
            list(s), len(s), 5 in s
            s -= set(range(50))
    except symplast.DeletedError:
        return True


class Interpreters(Case):
    def _in_workers(self, function, s, workers=4):
        with symplast.InterpreterPoolExecutor(workers) as executor:
            return [future.result() for future in [executor.submit(function, s, number) for number in range(workers)]]

    def test_no_two_interpreters_pop_the_same(self):
        s = Set(range(20_000))
        taken = self._in_workers(_take_all, s)
        self.assertEqual(sorted(itertools.chain(*taken)), list(range(20_000)))

    def test_each_sees_its_own_members_whatever_the_others_do(self):
        s = Set()
        self.assertEqual(self._in_workers(_add_and_remove, s), [True] * 4)
        self.assertEqual(len([m for m in s if isinstance(m, tuple)]), 4 * 1500)

    def test_toggling_loses_nothing(self):
        s = Set()
        with symplast.InterpreterPoolExecutor(3) as executor:
            for future in [executor.submit(_toggle, s, 1001) for _ in range(3)]:
                future.result()
        self.assertEqual(s, {"x"})

    def test_deleting_while_others_use_it(self):
        for delete in (symplast.delete, lambda s: self.pool.delete()):
            s = Set(range(100))
            with symplast.InterpreterPoolExecutor(3) as executor:
                futures = [executor.submit(_use_until_deleted, s, number) for number in range(3)]
                while not s >= {f"begun {number}" for number in range(3)}:
                    s.copy()
                delete(s)
                self.assertEqual([future.result() for future in futures], [True] * 3)

    def test_handles_alive_at_the_end_of_an_interpreter_let_go(self):
        with subinterpreters.Interpreter() as interpreter:
            interpreter.run(f"""
import builtins, symplast
pool = next(pool for pool in symplast.pools() if pool.name == {self.pool.name!r})
allocating = pool.allocating()
allocating.__enter__()
s = symplast.Set(map(str, range(100)))
class C: pass
c = C(); c.c = c; c.s = s; c.i = iter(s); next(c.i)
builtins.keep = [s, iter(s)]
""")

    def test_threads_of_one_interpreter(self):
        s = Set(range(5000))
        taken = []
        threads = [threading.Thread(target=lambda: taken.extend(_take_all(s, 0))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(taken), list(range(5000)))
