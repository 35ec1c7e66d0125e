"""
Nothing that a program does writes into frozen objects. Pool pages are read-only here (SYMPLAST_DEBUG=readonly), so a store would
be a segmentation fault at its place; and the bytes are compared. A battery of operations runs in the main interpreter and in two
own-GIL interpreters at once, which then end, as the process does.

Left out is what CPython can be made to write with and what the documentation therefore rules out: weak references to a frozenset;
the dict behind a mappingproxy, which == and | of a class of one's own and the collector hand out; a whole frozen container as the
value of an ast.Constant, or as the co_names of a code object.
"""

import unittest

import battery_data
import child

MODULES = ["battery_objects", "battery_language", "battery_library"]

_BATTERY = """
    import hashlib, sys, threading
    import symplast
    import battery_data
    from subinterpreters import Interpreter

    modules = sys.argv[1:]
    pool = symplast.Pool("readonly")
    data = pool.freeze(battery_data.original())
    number = symplast._symplast._persistent_id(data)

    def digest():
        import ctypes
        chunk = id(data) & -(1 << 21)
        assert 0 < pool.stats().used_bytes <= pool.stats().reserved_bytes == 1 << 21
        return hashlib.sha256(ctypes.string_at(chunk, pool.stats().used_bytes)).hexdigest()

    def run_here(phase):
        for module in modules:
            battery_data.run(module, data, phase)

    def run_there(phase, errors):
        try:
            with Interpreter() as other:
                other.run("import battery_data, symplast; data = symplast._symplast._persistent_load(number)", number=number)
                for module in modules:
                    other.run("battery_data.run(module, data, phase)", module=module, phase=phase)
        except BaseException as error:
            errors.append(error)

    before = digest()
    run_here("main")
    assert digest() == before, "the main interpreter wrote"
    errors = []
    threads = [threading.Thread(target=run_there, args=(phase, errors)) for phase in ("first", "second")]
    for thread in threads:
        thread.start()
        # 3.12 has known races between interpreters that start or end at the same time.
        if sys.version_info < (3, 13): thread.join()
    for thread in threads:
        thread.join()
    if errors: raise errors[0]
    assert digest() == before, "another interpreter wrote"
    run_here("after")
    assert digest() == before
    print("unchanged")
"""


class Battery(unittest.TestCase):
    """Runs a module of the battery once; has a test for each of its groups."""

    module = None

    @classmethod
    def setUpClass(cls):
        cls.failure = None
        try:
            cls.output = child.run(_BATTERY, cls.module, SYMPLAST_DEBUG="readonly")
        except child.ChildFailed as failure:
            cls.failure, cls.output = failure, str(failure)

    def check(self, group):
        for phase in ("main", "first", "second", "after"):
            if f"{phase} {group}\n" not in self.output:
                raise self.failure or AssertionError(self.output)

    def test_bytes_are_the_same_afterwards_and_the_process_ends_well(self):
        self.assertIsNone(self.failure)
        self.assertTrue(self.output.endswith("unchanged\n"), self.output)


def _test_of(group):
    def test(self):
        self.check(group)

    test.__name__ = f"test_{group}"
    return test


def load_tests(loader, standard, pattern):
    """A class for each module of the battery, and what is not about one."""
    suite = unittest.TestSuite([loader.loadTestsFromTestCase(TestTheMode)])
    for module in MODULES:
        tests = {f"test_{group}": _test_of(group) for group in battery_data.groups_of(module)}
        case = type(module.title().replace("_", ""), (Battery,), {**tests, "module": module, "__module__": __name__})
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


class TestTheMode(unittest.TestCase):
    def test_a_write_is_a_segmentation_fault(self):
        # Without this, the others would prove nothing.
        with self.assertRaisesRegex(child.ChildFailed, "SIGSEGV"):
            child.run(
                "import ctypes, symplast; o = symplast.Pool().freeze([1.5]); assert o == (1.5,); ctypes.memset(id(o) + 16, 0, 1)",
                SYMPLAST_DEBUG="readonly",
            )

    def test_bytes_are_the_same_without_protection_too(self):
        self.assertTrue(child.run(_BATTERY, *MODULES).endswith("unchanged\n"))
