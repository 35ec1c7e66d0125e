"""symplast.List: what it adds to a list, and how it bears misuse. CPython's own tests of lists are in test_live_list_cpython."""

import collections.abc
import copy
import gc
import operator
import random
import threading
import unittest
import weakref

import symplast
from symplast import DeletedError, List, NotShareableError

import fixtures
import live_blocks


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    pass


class LikeAList(Case):
    def test_random_operations_give_what_a_list_gives(self):
        random_ = random.Random(4)
        for _ in range(150):
            plain = [random_.randrange(9) for _ in range(random_.randrange(12))]
            shared = List(plain)
            for _ in range(60):
                operation = random_.choice(OPERATIONS)
                seed = random_.random()
                expected = outcome(operation, plain, random.Random(seed))
                self.assertEqual(outcome(operation, shared, random.Random(seed)), expected, operation.__name__)
                self.assertEqual(shared, plain)
                self.assertEqual(list(reversed(shared)), plain[::-1])

    def test_values_of_all_kinds_come_back_as_they_were(self):
        for value in (0, -1, 2**49, 2**64, -2**200, 1.5, float("inf"), 1 + 2j, True, None, ..., "", "a", "text", "é",
                      "\U0001f40d", "\udc80", b"", b"bytes", (), (1, ("a", None))):
            with self.subTest(value=value):
                shared = List([value])
                self.assertEqual(shared[0], value)
                self.assertIs(type(shared[0]), type(value))
                self.assertEqual(shared.pop(), value)

    def test_plain_containers_are_carried_into_the_pool(self):
        shared = List([[1, [2]], {"a": [3]}])
        self.assertIs(type(shared[0]), List)
        self.assertIs(type(shared[0][1]), List)
        self.assertIs(type(shared[1]["a"]), List)
        self.assertIs(shared[0], shared[0])

    def test_what_cannot_be_shared_is_refused_with_its_place_and_nothing_changes(self):
        shared = List([1])
        for refused in (lambda: shared.append(object()), lambda: shared.extend([2, object()]), lambda: shared.insert(0, object()),
                        lambda: operator.setitem(shared, 0, object()),
                        lambda: operator.setitem(shared, slice(0, 1), [2, object()]),
                        lambda: shared.compare_exchange(0, 1, object()), lambda: List([object()])):
            with self.assertRaises(NotShareableError):
                refused()
        self.assertEqual(shared, [1])

    def test_results_of_operators_are_plain_lists(self):
        shared = List([1, 2])
        for plain in (shared + [3], shared + shared, shared * 2, 2 * shared, shared[:], shared[::-1], shared.copy()):
            self.assertIs(type(plain), list)
        with self.assertRaises(TypeError):
            shared + (1,)

    def test_in_place_operators_change_the_shared_list(self):
        shared = same = List([1, 2])
        shared += (3,)
        shared *= 2
        self.assertIs(shared, same)
        self.assertEqual(same, [1, 2, 3, 1, 2, 3])
        shared += shared
        shared.extend(shared)
        self.assertEqual(len(shared), 24)
        shared *= 0
        self.assertEqual(shared, [])

    def test_a_plain_list_takes_in_a_shared_one(self):
        plain = same = [0]
        plain += List([1, 2])
        plain[1:1] = List([5])
        self.assertIs(plain, same)
        self.assertEqual(plain, [0, 5, 1, 2])

    def test_comparisons_are_those_of_lists(self):
        shared = List([1, 2])
        self.assertTrue(shared == [1, 2] and [1, 2] == shared and shared == List([1, 2]) and shared != [1] and shared == shared)
        self.assertTrue(shared < [1, 3] and [1, 3] > shared and shared <= shared and shared >= List([1, 2])
                        and not shared > shared)
        self.assertFalse(shared == (1, 2))
        with self.assertRaises(TypeError):
            shared < (1, 2)
        self.assertEqual(List([float("nan")]).count(float("nan")), 1)

    def test_a_list_that_holds_itself_can_be_shown_and_compared(self):
        shared = List([1])
        shared.append(shared)
        self.assertEqual(repr(shared), "List([1, List(...)])")
        self.assertIs(shared[1], shared)
        self.assertTrue(shared == shared)
        other = List([1])
        other.append(other)
        with self.assertRaises(RecursionError):
            shared == other
        # Cycles end by hand.
        shared.clear()
        other.clear()

    def test_iteration_sees_the_elements_of_one_moment(self):
        shared = List(range(5))
        iterator = iter(shared)
        self.assertEqual(operator.length_hint(iterator), 5)
        self.assertEqual(next(iterator), 0)
        shared.clear()
        shared.append(9)
        self.assertEqual(list(iterator), [1, 2, 3, 4])
        self.assertEqual(list(iterator), [])
        self.assertEqual(operator.length_hint(iterator), 0)
        self.assertEqual(list(reversed(List(range(3)))), [2, 1, 0])

    def test_it_is_a_sequence_everywhere(self):
        match List([1, 2, 3]):
            case [first, *rest]:
                self.assertEqual((first, rest), (1, [2, 3]))
            case _:
                self.fail("no sequence")
        self.assertIsInstance(List(), collections.abc.MutableSequence)
        self.assertEqual([*List("ab")], ["a", "b"])
        self.assertEqual(sorted(List([2, 1])), [1, 2])
        self.assertTrue(List([0]) and not List())
        self.assertEqual(List[int].__origin__, List)

    def test_copies_are_shared_lists_in_the_same_pool_and_deep_ones_share_nothing(self):
        shared = List([1, [2], "text"])
        shared.append(shared)
        with fixtures.new_pool(self).allocating():
            shallow, deep = copy.copy(shared), copy.deepcopy(shared)
        for made in (shallow, deep):
            self.assertIs(type(made), List)
            self.assertIs(symplast.pool_of(made), self.pool)
            self.assertIsNot(made, shared)
            self.assertEqual(made[:3], shared[:3])
        self.assertIs(shallow[1], shared[1])
        self.assertIs(shallow[3], shared)
        self.assertIsNot(deep[1], shared[1])
        self.assertIs(deep[3], deep)
        for made in (shared, deep):
            made.clear()

    def test_it_is_unhashable_and_can_be_referred_to_weakly(self):
        shared = List()
        with self.assertRaises(TypeError):
            hash(shared)
        reference = weakref.ref(shared)
        self.assertIs(reference(), shared)
        del shared
        gc.collect()
        self.assertIsNone(reference())

    def test_frozen_elements_equal_what_they_were_made_from(self):
        text = self.pool.freeze("frozen text")
        shared = List([1, text, self.pool.freeze((1, 2, 3)), 2])
        self.assertIs(shared[1], text)
        self.assertIn("frozen text", shared)
        self.assertIn((1, 2, 3), shared)
        self.assertEqual(shared.index("frozen text"), 1)
        self.assertEqual(shared.index(2), 3)
        self.assertEqual(shared.count("frozen text"), 1)
        self.assertNotIn("other", shared)
        shared.remove("frozen text")
        shared.remove(2)
        self.assertEqual(shared, [1, (1, 2, 3)])
        with self.assertRaises(ValueError):
            shared.remove("frozen text")

    def test_large_lists_are_searched_to_the_end(self):
        shared = List(range(1000))
        shared.append("end")
        shared.append([])
        self.assertIn("end", shared)
        self.assertIn(999, shared)
        self.assertIn(999.0, shared)
        self.assertNotIn(1000, shared)
        self.assertIn([], shared)
        self.assertEqual(shared.index([]), 1001)
        self.assertEqual(shared.index("end", 500), 1000)
        self.assertEqual(shared.index("end", -2, -1), 1000)
        with self.assertRaises(ValueError):
            shared.index("end", 0, 1000)
        self.assertEqual(shared.copy(), [*range(1000), "end", []])

    def test_slices_of_any_step(self):
        plain = list(range(25))
        for start in (None, -30, -7, 0, 3, 24, 25, 40):
            for stop in (None, -30, -3, 0, 5, 25, 40):
                for step in (None, 1, 2, 7, 100, -1, -3, -100):
                    part = slice(start, stop, step)
                    shared = List(plain)
                    self.assertEqual(shared[part], plain[part])
                    deleted = plain.copy()
                    del shared[part], deleted[part]
                    self.assertEqual(shared, deleted, part)
                    shared, replaced = List(plain), plain.copy()
                    count = len(plain[part])
                    shared[part] = replaced[part] = range(100, 100 + count)
                    self.assertEqual(shared, replaced, part)


def _operations():
    def index(random_):
        return random_.randrange(-14, 14)

    def part(random_):
        return slice(*(random_.choice((None, index(random_))) for _ in range(2)), random_.choice((None, None, 1, 2, -1, -2)))

    def append(items, random_):
        items.append(random_.randrange(9))

    def extend(items, random_):
        items.extend(range(random_.randrange(4)))

    def insert(items, random_):
        items.insert(index(random_), random_.randrange(9))

    def pop(items, random_):
        return items.pop()

    def pop_at(items, random_):
        return items.pop(index(random_))

    def remove(items, random_):
        items.remove(random_.randrange(9))

    def find(items, random_):
        return items.index(random_.randrange(9), index(random_), index(random_))

    def count(items, random_):
        return items.count(random_.randrange(9))

    def contains(items, random_):
        return random_.randrange(12) in items

    def get(items, random_):
        return items[index(random_)]

    def get_slice(items, random_):
        return items[part(random_)]

    def set_(items, random_):
        items[index(random_)] = random_.randrange(9)

    def set_slice(items, random_):
        items[part(random_)] = [random_.randrange(9) for _ in range(random_.randrange(5))]

    def delete(items, random_):
        del items[index(random_)]

    def delete_slice(items, random_):
        del items[part(random_)]

    def reverse(items, random_):
        items.reverse()

    def sort(items, random_):
        items.sort(key=random_.choice((None, lambda x: x % 3)), reverse=random_.random() < 0.5)

    def repeat(items, random_):
        items *= random_.choice((0, 1, 1, 2)) if len(items) < 20 else 0

    return [each for each in locals().values() if each not in (index, part)]


OPERATIONS = _operations()


def outcome(operation, items, random_):
    """What an operation gives, or the type of what it raises."""
    try:
        return operation(items, random_)
    except Exception as error:
        return type(error)


class Atomic(Case):
    def test_compare_exchange_replaces_only_what_is_expected(self):
        shared = List([1, "a", None])
        self.assertIs(shared.compare_exchange(0, 1, 2), True)
        self.assertIs(shared.compare_exchange(0, 1, 3), False)
        self.assertIs(shared.compare_exchange(-2, "a", "b"), True)
        self.assertIs(shared.compare_exchange(-1, None, shared), True)
        self.assertIs(shared.compare_exchange(2, shared, 5), True)
        self.assertEqual(shared, [2, "b", 5])
        for index in (3, -4):
            with self.assertRaises(IndexError):
                shared.compare_exchange(index, 1, 2)

    def test_add_gives_the_sum(self):
        shared = List([1, 1.5, "a", 2**62])
        self.assertEqual(shared.add(0, 5), 6)
        self.assertEqual(shared.add(-3, 1), 2.5)
        self.assertEqual(shared.add(0, 0.5), 6.5)
        self.assertEqual(shared.add(3, 2**61), 2**62 + 2**61)
        self.assertEqual(shared.add(3, 2**62), 2**63 + 2**61)
        with self.assertRaises(TypeError):
            shared.add(2, 1)
        with self.assertRaises(IndexError):
            shared.add(4, 1)
        for bad in ("1", None):
            with self.assertRaises(TypeError):
                shared.add(0, bad)

    def test_threads_that_add_and_append_lose_nothing(self):
        shared = List([0])

        def work():
            for i in range(300):
                shared.add(0, 1)
                shared.append(i)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(shared[0], 1200)
        self.assertEqual(len(shared), 1201)
        self.assertEqual(sorted(shared[1:]), sorted([*range(300)] * 4))


class Sorting(Case):
    def test_sorting_is_stable_and_takes_key_and_reverse(self):
        shared = List(["bb", "a", "cc", "B", "dd"])
        shared.sort(key=len)
        self.assertEqual(shared, ["a", "B", "bb", "cc", "dd"])
        shared.sort(key=len, reverse=True)
        self.assertEqual(shared, ["bb", "cc", "dd", "a", "B"])
        shared.sort(key=str.lower)
        self.assertEqual(shared, ["a", "B", "bb", "cc", "dd"])
        shared.sort()
        self.assertEqual(shared, sorted(shared))

    def test_sorting_keeps_the_objects(self):
        inner = [List([i]) for i in range(5)]
        shared = List(inner)
        shared.sort(reverse=True)
        self.assertTrue(all(map(operator.is_, shared, inner[::-1])))

    def test_a_list_that_changes_during_sort_gives_value_error_and_keeps_the_change(self):
        for change, left in ((lambda: shared.append(0), [2, 1, 0, 0]), (lambda: shared.pop(), []),
                             (lambda: operator.setitem(shared, 0, 5), [5, 1])):
            shared = List([2, 1])
            with self.assertRaisesRegex(ValueError, "modified during sort"):
                shared.sort(key=lambda x: change() and 0 or x)
            self.assertEqual(shared, left)

    def test_errors_of_keys_and_comparisons_leave_the_list_as_it_was(self):
        shared = List([3, "a", 1])
        with self.assertRaises(TypeError):
            shared.sort()
        with self.assertRaises(ZeroDivisionError):
            shared.sort(key=lambda x: 1 / 0)
        with self.assertRaises(TypeError):
            shared.sort(1)
        with self.assertRaises(TypeError):
            shared.sort(kay=1)
        self.assertEqual(shared, [3, "a", 1])

    def test_a_list_that_is_deleted_during_sort_gives_deleted_error(self):
        shared = List([2, 1])
        with self.assertRaises(DeletedError):
            shared.sort(key=lambda x: symplast.delete(shared) or 0 if x == 2 else 0)

    def test_a_pool_that_is_deleted_during_sort_gives_deleted_error(self):
        pool = symplast.Pool()
        with pool.allocating():
            shared = List(["two", "one"])
        with self.assertRaises(DeletedError):
            shared.sort(key=lambda x: pool.delete() or 0 if x == "two" else 0)


def calls(shared):
    """Every operation, with arguments that are fine."""
    return {
        "len": lambda: len(shared),
        "bool": lambda: bool(shared),
        "get": lambda: shared[0],
        "get last": lambda: shared[-1],
        "slice": lambda: shared[:],
        "extended slice": lambda: shared[::2],
        "set": lambda: operator.setitem(shared, 0, "x"),
        "set slice": lambda: operator.setitem(shared, slice(0, 1), [1]),
        "set extended slice": lambda: operator.setitem(shared, slice(None, None, 5), [1]),
        "del": lambda: operator.delitem(shared, 0),
        "del slice": lambda: operator.delitem(shared, slice(0, 1)),
        "del extended slice": lambda: operator.delitem(shared, slice(None, None, 5)),
        "append": lambda: shared.append(1),
        "append text": lambda: shared.append("text"),
        "append list": lambda: shared.append([1]),
        "extend": lambda: shared.extend([1]),
        "insert": lambda: shared.insert(0, 1),
        "pop": lambda: shared.pop(),
        "pop first": lambda: shared.pop(0),
        "remove": lambda: shared.remove(1),
        "remove by Python": lambda: shared.remove([]),
        "clear": lambda: shared.clear(),
        "index": lambda: shared.index(1),
        "index by Python": lambda: shared.index(object()),
        "count": lambda: shared.count(1),
        "reverse": lambda: shared.reverse(),
        "sort": lambda: shared.sort(),
        "copy": lambda: shared.copy(),
        "+": lambda: shared + [1],
        "*": lambda: shared * 2,
        "+=": lambda: operator.iadd(shared, [1]),
        "*=": lambda: operator.imul(shared, 2),
        "in": lambda: 1 in shared,
        "in by Python": lambda: [] in shared,
        "==": lambda: shared == [1],
        "== itself": lambda: shared == shared,
        "<": lambda: shared < [1],
        "iter": lambda: list(shared),
        "reversed": lambda: list(reversed(shared)),
        "compare_exchange": lambda: shared.compare_exchange(0, 1, 2),
        "add": lambda: shared.add(0, 1),
        "== another type": lambda: shared == 5,
        "copy.copy": lambda: copy.copy(shared),
        "copy.deepcopy": lambda: copy.deepcopy(shared),
        "init": lambda: shared.__init__([1]),
        "as an element": lambda: List([shared]),
    }


class Misuse(Case):
    def test_a_deleted_list_answers_every_operation_with_deleted_error(self):
        shared = List([1, "a"])
        symplast.delete(shared)
        for name, call in calls(shared).items():
            with self.subTest(name), self.assertRaises(DeletedError):
                call()
        self.assertIn("deleted", repr(shared))
        self.assertTrue(symplast.is_shared(shared))
        self.assertIs(symplast.pool_of(shared), self.pool)
        with self.assertRaises(DeletedError):
            symplast.delete(shared)

    def test_a_list_of_a_deleted_pool_answers_every_operation_with_deleted_error(self):
        pool = symplast.Pool()
        with pool.allocating():
            shared = List([1, "a"])
            iterator = iter(shared)
        pool.delete()
        for name, call in calls(shared).items():
            with self.subTest(name), self.assertRaises(DeletedError):
                call()
        with self.assertRaises(DeletedError):
            next(iterator)
        self.assertIn("deleted", repr(shared))

    def test_no_operation_works_on_another_type(self):
        for name in dir(List):
            method = getattr(List, name)
            if name in ("__class__", "__doc__", "__new__", "__init_subclass__", "__subclasshook__",
                        "__class_getitem__") or not callable(method):
                continue
            if name in dir(object) and name not in ("__init__", "__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__",
                                                    "__repr__"):
                continue
            for wrong in ([1], None, symplast.Dict(), 1):
                with self.subTest(name), self.assertRaises(TypeError):
                    method(wrong)

    def test_wrong_arguments_give_type_error(self):
        shared = List([1])
        wrong = (None, "a", 1.5, (), {})
        for name in ("append", "extend", "insert", "remove", "count", "index", "compare_exchange", "add"):
            with self.subTest(name), self.assertRaises(TypeError):
                getattr(shared, name)()
            with self.subTest(name), self.assertRaises(TypeError):
                getattr(shared, name)(1, 2, 3, 4)
        for name in ("clear", "copy", "reverse", "sort", "__len__", "__iter__", "__reversed__"):
            with self.subTest(name), self.assertRaises(TypeError):
                getattr(shared, name)(1)
        for value in wrong:
            with self.subTest(value):
                for call in (lambda: shared[value], lambda: operator.setitem(shared, value, 1),
                             lambda: operator.delitem(shared, value),
                             lambda: shared.insert(value, 1), lambda: shared.pop(value), lambda: shared.index(1, value),
                             lambda: shared * value,
                             lambda: shared.compare_exchange(value, 1, 1), lambda: shared.add(value, 1),
                             lambda: shared[value or "":]):
                    self.assertRaises(TypeError, call)
        for call in (lambda: List(1), lambda: List([], []), lambda: List(iterable=[]), lambda: shared.extend(1),
                     lambda: shared.pop(1, 2),
                     lambda: operator.setitem(shared, slice(0, 1), 1), lambda: operator.setitem(shared, slice(0, 1, 2), 1),
                     lambda: shared.__init__(1)):
            self.assertRaises(TypeError, call)
        self.assertEqual(shared, [1])

    def test_huge_numbers_are_out_of_range(self):
        shared = List([1, 2])
        for huge in (2**31, 2**62, 2**63 - 1, -(2**63), 2**64, -(2**200)):
            with self.subTest(huge):
                self.assertRaises(IndexError, lambda: shared[huge])
                self.assertRaises(IndexError, operator.setitem, shared, huge, 1)
                self.assertRaises(IndexError, operator.delitem, shared, huge)
                self.assertRaises(IndexError, shared.pop, huge)
                self.assertRaises(IndexError, shared.add, huge, 1)
                self.assertEqual(shared[huge:huge], [])
                self.assertEqual(shared[::abs(huge)], [1])
                self.assertEqual(shared[::-abs(huge)], [2])
                if huge > 0:
                    with self.assertRaises((MemoryError, OverflowError)):
                        shared * huge
                    with self.assertRaises((MemoryError, OverflowError)):
                        shared *= huge
        shared.insert(2**63 - 1, 3)
        shared.insert(-(2**63), 0)
        self.assertEqual(shared, [0, 1, 2, 3])

    def test_a_full_pool_gives_an_error_and_keeps_the_list(self):
        pool = fixtures.new_pool(self, max_bytes=4 << 20)
        with pool.allocating():
            shared = List([1, 2])
        with self.assertRaises(symplast.PoolFullError):
            shared.extend([0] * 2_000_000)
        with self.assertRaises(symplast.PoolFullError):
            shared *= 2_000_000
        with self.assertRaises(symplast.PoolFullError):
            shared.append("x" * (8 << 20))
        self.assertEqual(shared, [1, 2])
        shared.append(3)
        self.assertEqual(shared, [1, 2, 3])

    def test_iterables_that_change_or_delete_the_list_meanwhile(self):
        def changing():
            for i in range(3):
                shared.append(i)
                yield "new"

        shared = List()
        shared.extend(changing())
        self.assertEqual(shared, [0, 1, 2, "new", "new", "new"])
        shared[1:2] = changing()
        shared[::2] = (shared.reverse() or i for i in range(len(shared[::2])))

        def deleting():
            yield 1
            symplast.delete(shared)
            yield 2

        for call in (lambda: shared.extend(deleting()), lambda: shared.__init__(deleting()),
                     lambda: operator.setitem(shared, slice(0, 1), deleting()),
                     lambda: operator.setitem(shared, slice(0, 2, 2), deleting()), lambda: operator.iadd(shared, deleting())):
            shared = List([1, 2, 3, 4])
            with self.assertRaises(DeletedError):
                call()

    def test_index_methods_that_change_or_delete_the_list(self):
        class Index:
            def __init__(self, change):
                self.change = change

            def __index__(self):
                self.change()
                return 0

        for change, error in ((lambda: shared.clear(), IndexError), (lambda: symplast.delete(shared), DeletedError),
                              (lambda: 1 / 0, ZeroDivisionError)):
            for call in (lambda i: shared[i], lambda i: shared.pop(i), lambda i: operator.delitem(shared, i),
                         lambda i: operator.setitem(shared, i, 1),
                         lambda i: shared.add(i, 1), lambda i: shared.compare_exchange(i, 1, 2)):
                shared = List([1, 2])
                with self.assertRaises(error):
                    call(Index(change))
            shared = List([1, 2])
            if error is IndexError:
                self.assertEqual(shared[Index(change):], [])
            else:
                with self.assertRaises(error):
                    shared[Index(change):]

    def test_removing_the_first_equal_element_although_one_came_before_it_meanwhile(self):
        class Three:
            def __eq__(self, other):
                if other == 3:
                    shared[0] = 3
                return other == 3

        shared = List([1, 2, 3])
        shared.remove(Three())
        self.assertEqual(shared, [2, 3])

    def test_large_integers_are_found_without_python(self):
        for value in (1 << 60, -(1 << 61), (1 << 63) + 5, 1 << 200):
            plain = [value - 1, float(value), value, float(value), value, "text"]
            shared = List(plain)
            self.assertEqual((shared.index(value), shared.count(value), value in shared),
                             (plain.index(value), plain.count(value), True))
            plain.remove(value)
            shared.remove(value)
            self.assertEqual(shared, plain)
            self.assertRaises(ValueError, shared.remove, value + 1)

    def test_comparisons_that_change_or_delete_the_list(self):
        class Equal:
            def __init__(self, change, answer):
                self.change = change
                self.answer = answer

            def __eq__(self, other):
                self.change()
                return self.answer

        def operations():
            return (lambda o: o in shared, lambda o: shared.index(o), lambda o: shared.count(o), lambda o: shared.remove(o),
                    lambda o: shared == [o])

        for answer in (False, True):
            for operation in operations():
                shared = List(["a", "b", [1]])
                try:
                    operation(Equal(lambda: shared.clear(), answer))
                except (ValueError, RuntimeError):
                    pass
                shared = List(["a", "b", [1]])
                try:
                    operation(Equal(lambda: shared.insert(0, "c"), answer))
                except (ValueError, RuntimeError):
                    pass
                shared = List(["a", "b", [1]])
                try:
                    operation(Equal(lambda: symplast.delete(shared), answer))
                except (ValueError, DeletedError):
                    pass
                pool = symplast.Pool()
                with pool.allocating():
                    shared = List(["a", "b", [1]])
                try:
                    operation(Equal(lambda: pool.delete() if not pool.deleted else None, answer))
                except (ValueError, DeletedError):
                    pass
        shared = List([1])
        for operation in operations():
            with self.assertRaises(ZeroDivisionError):
                operation(Equal(lambda: 1 / 0, True))

    def test_elements_of_deleted_pools_give_deleted_error_and_can_be_removed(self):
        for take in (lambda shared: shared.pop(), lambda shared: shared.pop(0), lambda shared: shared[0],
                     lambda shared: shared.copy(), lambda shared: next(iter(shared)),
                     lambda shared: shared[::2], lambda shared: shared.sort(), lambda shared: repr(shared),
                     lambda shared: shared.remove(object())):
            other = symplast.Pool()
            with other.allocating():
                element = List([1])
            shared = List([element, element, 5])
            shared.pop()
            other.delete()
            # Whoever has a handle may get it, and finds that it is deleted.
            try:
                take(shared)
            except (DeletedError, ValueError):
                pass
            del element
            shared.append(6)
            with self.assertRaises((DeletedError, ValueError)):
                take(shared)
                take(shared)
            del shared[:]
            self.assertEqual(shared, [])

    def test_iterators_end_with_what_they_iterate_over(self):
        pool = symplast.Pool()
        with pool.allocating():
            iterators = [iter(List("abc")), reversed(List("abc"))]
        self.assertEqual([next(each) for each in iterators], ["a", "c"])
        pool.delete()
        for each in iterators:
            with self.assertRaises(DeletedError):
                next(each)
            self.assertEqual(list(each), [])
            self.assertEqual(operator.length_hint(each), 0)

    def test_no_operation_leaves_anything_in_the_pool(self):
        shared = List(["text"] * 10)
        for name, call in calls(shared).items():
            try:
                call()
            except (ValueError, IndexError, TypeError):
                pass
            shared[:] = ["text"] * 10
            self.assertEqual(shared.count("text"), 10, name)
