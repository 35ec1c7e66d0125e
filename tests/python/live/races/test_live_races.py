"""
The programs of CPython's test.test_free_threading about dicts, lists, sets, races and iteration, with interpreters in place of
threads and live objects in place of plain ones. Those use threads and closures, so they are written anew, under their names;
race_programs has what each interpreter does.
"""

import ast
import importlib.util
import pathlib
import unittest

import symplast
from symplast import AtomicInt, AtomicRef, Dict, List, Set, SortedDict

import executor_case
import fixtures
import race_programs as programs
import searchpath

SAME_IN_EVERY_VERSION = "the order of operations is made in C# that knows no version"

WORKERS = 4

_DICT = "replaces the __dict__ of an object; a live object has none"
_FRAMES = "is about cells, frames and calls of the interpreter's own, of which each has one"
_ITERATOR = "one iterator for all; an iterator belongs to its interpreter"
_LOCAL = "its members are objects of the interpreter, with hash and equality in Python"

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_racing_creation_inline_values_invalid": _DICT,
    "test_racing_creation_nonmanaged_dict": _DICT,
    "test_racing_set_dict": _DICT,
    "test_racing_set_object_dict": _DICT,
    "test_racing_object_get_set_dict": _DICT,
    "test_racing_watch_unwatch_dict": "watches plain dicts by the C API",
    "test_dict_version": "reads the versions of plain dicts by the C API",
    "test_contains_frozenset": _LOCAL,
    "test_contains_hash_mutate": _LOCAL,
    "test_racing_cell_set": _FRAMES,
    "test_racing_cell_cmp_repr": _FRAMES,
    "test_racing_load_super_attr": _FRAMES,
    "test_racing_store_attr_dict": "is about the tables of plain dicts",
    "test_racing_recursion_limit": _FRAMES,
    "test_racing_warnings_filter": _FRAMES,
    "test_shared_iterator": _ITERATOR,
    "test_reversed": _ITERATOR,
}

# The files with programs about containers; the others are about modules and types that have no live counterpart.
FILES = ("test_dict", "test_list", "test_set", "test_races", "test_iteration", "test_reversed", "test_bisect")


class RaceCase(executor_case.ExecutorCase):
    def setUp(self):
        super().setUp()
        self.pool = fixtures.new_pool(self)
        allocating = self.pool.allocating()
        allocating.__enter__()
        self.addCleanup(allocating.__exit__, None, None, None)
        self.workers = self.executor(WORKERS)

    def start(self, *calls):
        """Runs functions with their arguments at once, each in an interpreter; futures."""
        arrived = AtomicInt()
        return [self.workers.submit(programs.race, arrived, len(calls), *call) for call in calls]

    def race(self, *calls):
        """The same; waits, and none may have found a fault."""
        self.assertEqual([future.result() for future in self.start(*calls)], [None] * len(calls))


class TestDict(RaceCase):
    def test_racing_creation_shared_keys(self):
        self._racing_creation(programs.Fields)

    def test_racing_creation_no_shared_keys(self):
        self._racing_creation(programs.Open)

    def _racing_creation(self, cls):
        objects, processed, current = List(cls() for _ in range(30)), List(), AtomicInt()
        names = [f"a{i:02}" for i in range(WORKERS)]
        futures = self.start(*((programs.write_names, objects, name, current, processed) for name in names))
        while current.value < len(objects):
            if len(processed) == WORKERS:
                processed.clear()
                current.add(1)
        self.assertEqual([future.result() for future in futures], [None] * WORKERS)
        for o in objects:
            self.assertEqual(symplast.thaw(o), {name: name for name in names})

    def test_getattr_setattr(self):
        for cls in (programs.Open, programs.Slots):
            o = cls()
            self.race(*[(programs.get_and_set_attributes, o)] * WORKERS)
            self.assertEqual(set(symplast.thaw(o).values()), {99})

    def test_racing_get_set_dict(self):
        for make in (Dict, SortedDict):
            d = make()
            self.race(*[(programs.get_and_set, d)] * WORKERS)
            self.assertEqual(d.copy(), {10: 0})

    def test_racing_split_dict_clear_and_lookup(self):
        items = {f"a{i}": i for i in range(16)}
        for make in (Dict, SortedDict):
            d = make(items)
            self.race((programs.clear_and_update, d, items), *[(programs.look_up, d, items)] * 2)
            self.assertEqual(d.copy(), items)

    def test_racing_embedded_values_clear_and_lookup(self):
        o = programs.Open()
        self.race((programs.set_and_clear_attributes, o), *[(programs.read_attribute, o)] * 2)
        self.assertEqual(symplast.thaw(o), {})

    def test_racing_split_dict_iteration_and_delete(self):
        names = [f"a{i}" for i in range(8)]
        for make in (Dict, SortedDict):
            for writer in (programs.delete_and_set_items, programs.clear_and_set_items):
                for view in ("keys", "values", "items"):
                    with self.subTest(make.__name__, writer=writer.__name__, view=view):
                        d = make((name, [i]) for i, name in enumerate(names))
                        self.race((writer, d, names), *[(programs.iterate, d, view, names)] * 2)
                        self.assertEqual(symplast.thaw(d), {name: [i] for i, name in enumerate(names)})
        o = programs.Open()
        for i, name in enumerate(names):
            setattr(o, name, [i])
        self.race((programs.delete_and_set_attributes, o, names), *[(programs.iterate_attributes, o, names)] * 2)
        self.assertEqual(symplast.thaw(o), {name: [i] for i, name in enumerate(names)})

    def test_racing_nonembedded_split_dict_iteration_and_delete(self):
        names = [f"a{i}" for i in range(8)]
        for view in ("values", "items", "keys"):
            with self.subTest(view):
                d = Dict(a0=[0])
                self.race((programs.pop_and_set_items, d, names), *[(programs.iterate, d, view, names)] * 2)
                self.assertEqual(symplast.thaw(d), {name: [i] for i, name in enumerate(names)})

    def test_racing_dict_update_and_method_lookup(self):
        o = programs.Open()
        self.race((programs.update_attribute, o), (programs.call_method, o))

    def test_getstate_race_with_shared_keys(self):
        box = AtomicRef(programs.Open())
        self.race((programs.new_objects, box), *[(programs.get_states, box)] * 2)

    def test_racing_update_from_mutating_pair(self):
        pair, done = List(["key 0", "value 0"]), AtomicInt()
        self.race((programs.empty_the_pair, pair, done), *[(programs.update_from_the_pair, pair, done)] * 3)


class TestList(RaceCase):
    COUNT = 200

    def test_racing_iter_append(self):
        self._racing_iter(False)

    def test_racing_iter_extend(self):
        self._racing_iter(True)

    def _racing_iter(self, extend):
        items = List([programs.C(self.COUNT)])
        items.pop()
        self.race((programs.append_all, items, self.COUNT, extend), *[(programs.read_all, items, self.COUNT)] * (WORKERS - 1))

    def test_store_list_int(self):
        items = List([0, 1])
        self.race(*[(programs.copy_back_and_forth, items)] * WORKERS)
        self.assertLessEqual(set(items), {0, 1})

    def test_reverse(self):
        items = List(range(10))
        self.race((programs.reverse, items), (programs.read_reversed, items))

    def test_slice_assignment1(self):
        self._slice_assignment(slice(2, 5), [7, 8, 9])

    def test_slice_assignment2(self):
        self._slice_assignment(slice(None, None, 2), [10, 11, 12, 13, 14])

    def _slice_assignment(self, key, values):
        items = List(range(10))
        self.race((programs.assign_slice, items, key, values), (programs.read_slice, items, key, values))

    def test_list_sizeof_free_threaded_build(self):
        items = List()
        self.race(*[(programs.append_and_pop, items), (programs.size, items)] * 2)
        self.assertEqual(list(items), [])


class TestSetRepr(RaceCase):
    def test_repr_clear(self):
        for _ in range(10):
            s = Set(range(1, 9))
            _, *reprs = (future.result() for future in self.start((programs.clear, s), *[(programs.represent, s)] * 3))
            for text in reprs:
                self.assertIn(text, ("Set()", "Set({1, 2, 3, 4, 5, 6, 7, 8})"))


class RaceTestBase:
    def test_contains_mutate(self):
        s, done = Set(), AtomicInt()
        self.race((programs.contains, s, self.SET_SIZE, done), (programs.mutate_set, s, self.SET_SIZE, done))


class SmallSetTest(RaceTestBase, RaceCase):
    SET_SIZE = 6


class LargeSetTest(RaceTestBase, RaceCase):
    SET_SIZE = 20


class TestRaces(RaceCase):
    def test_racing_to_bool(self):
        full, empty = List([1]), List()
        box = AtomicRef(full)
        self.race((programs.change_truth, box, full, empty), (programs.truth, box))

    def test_racing_store_attr_slot(self):
        c = programs.Slots()
        self.race((programs.set_field, c), (programs.change_class, c))

    def test_racing_store_attr_instance_value(self):
        c = programs.Open()
        c.x = 0
        self.race((programs.set_field, c), (programs.change_class, c))

    def test_racing_store_attr_with_hint(self):
        c = programs.Open()
        for i in range(29):
            setattr(c, f"_{i}", None)
        c.x = 0
        self.race((programs.set_field, c), (programs.change_class, c))


class ContendedIteration(RaceCase):
    LENGTH = 2000

    def make(self):
        for shared in (List(range(self.LENGTH)), Dict.fromkeys(range(self.LENGTH)), SortedDict.fromkeys(range(self.LENGTH)),
                       Set(range(self.LENGTH))):
            with self.subTest(type(shared).__name__):
                yield shared

    def test_iteration(self):
        for shared in self.make():
            self.assertEqual([future.result() for future in self.start(*[(programs.count_items, shared)] * WORKERS)],
                             [self.LENGTH] * WORKERS)

    def test_iteration_while_mutating(self):
        for shared in self.make():
            mutate = programs.mutate_list if isinstance(shared, List) else programs.mutate_members if isinstance(
                shared, Set) else programs.mutate_map
            done = AtomicInt()
            self.race(*[(mutate, shared, self.LENGTH, done)] * 2,
                      *[(programs.iterate_while_mutated, shared, self.LENGTH, done)] * 2)


class TestCBisect(RaceCase):
    def test_racing_insert_right(self):
        self._racing_insort(True)

    def test_racing_insert_left(self):
        self._racing_insort(False)

    def _racing_insort(self, right):
        items = List(range(300))
        self.race(*((programs.insert_sorted, items, right, seed, 200) for seed in range(WORKERS)))
        # Two operations each, so others may insert in between: none is lost, but it may lie beside its place.
        self.assertEqual(len(items), 300 + 200 * WORKERS)


class Completeness(unittest.TestCase):
    def test_each_program_of_the_files_is_run_or_named(self):
        ours = {name for case in globals().values() if isinstance(case, type) for name in dir(case) if name.startswith("test_")}
        spec = importlib.util.find_spec("test.test_free_threading") if importlib.util.find_spec("test") else None
        if spec is None:
            self.skipTest("this Python has no test.test_free_threading")
        for folder in spec.submodule_search_locations:
            for file in FILES:
                path = pathlib.Path(folder, f"{file}.py")
                for node in ast.walk(ast.parse(path.read_text())) if path.exists() else ():
                    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                        self.assertTrue(node.name in ours or node.name in EXCLUDED, f"{file}.{node.name}")

    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)
