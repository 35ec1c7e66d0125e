"""
Libraries that extension modules in workers need: an interpreter's own or the process's, found and bound as the dynamic loader
does.
"""

import unittest

import extension_case
import extension_tasks as tasks
from extension_case import ExtensionCase

SAME_IN_EVERY_VERSION = "libraries are found and bound by the loader, C# that knows no version"


class PackageLibraries(ExtensionCase):
    """Libraries in a folder of the package, found by $ORIGIN."""

    modules = ("uses", "usestoo")

    def test_python_state_is_common_to_a_package_and_an_interpreters_own(self):
        kept, counts, over = self.as_in_main(tasks.package_libraries)
        self.assertEqual(kept, [None, "first", "second"])
        # libover.c uses no Python, but libpy.c, whose counter it goes on with.
        self.assertEqual((counts, over), ([1, 2, 3], [(1, 4), (2, 5)]))

    def test_without_the_main_interpreter(self):
        own = [None, "first", "second"], [1, 2, 3], [(1, 4), (2, 5)]
        self.assertEqual(self.everywhere(tasks.package_libraries, main=False), [own] * 2)

    def test_a_library_without_python_is_an_interpreters_own_too(self):
        self.assertEqual(self.as_in_main(tasks.library_counts, "plain", 2), [1, 2, 3, 4])

    def test_a_library_that_must_be_one_in_the_process(self):
        counts = [number for one in self.everywhere(tasks.library_counts, "common", 10) for number in one]
        self.assertEqual(sorted(counts), list(range(1, 61)))

    def test_what_is_loaded(self):
        for worker in self.everywhere(tasks.loaded, "fx.uses", "fx.usestoo")[1:]:
            self.assertEqual(worker, [
                ("fx.uses", "fx/uses.so", "multi-phase", True),
                ("fx.usestoo", "fx/usestoo.so", "multi-phase", True),
                ("libover-a1b2c3.so.1", "fx/fx.libs/libover-a1b2c3.so.1", "library", True),
                ("libplain-a1b2c3.so.1", "fx/fx.libs/libplain-a1b2c3.so.1", "library", True),
                ("libpy-a1b2c3.so.1", "fx/fx.libs/libpy-a1b2c3.so.1", "library", True),
            ])  # fmt: skip

    def test_a_worker_that_imports_while_the_main_interpreter_has_the_library(self):
        printed = self.run_program("""
print(tasks.package_libraries()[:2], tasks.library_counts("common", 1))
for _ in range(2):
    with InterpreterPoolExecutor(1) as executor:
        print(executor.submit(tasks.package_libraries).result()[:2], executor.submit(tasks.library_counts, "common", 1).result())
import fx.uses
print(fx.uses.swap(1), fx.uses.count())
""")
        own = "([None, 'first', 'second'], [1, 2, 3])"
        self.assertEqual(printed, f"{own} [1, 2]\n{own} [3, 4]\n{own} [5, 6]\nNone 6\n")


class Binding(ExtensionCase):
    modules = ("usever", "order", "mixed")

    def test_versions_of_symbols(self):
        self.assertEqual(self.as_in_main(tasks.values, "fx.usever"), (1, 2))

    def test_the_order_in_which_libraries_are_searched(self):
        self.assertEqual(self.as_in_main(tasks.values, "fx.order"), (1, 1, 1))

    def test_the_order_of_a_shared_and_a_private_library(self):
        self.assertEqual(self.as_in_main(tasks.values, "fx.mixed"), (1, 1, 1))

    def test_without_the_main_interpreter(self):
        """There nothing has loaded the originals, in which the dynamic linker could find what the copies lack."""
        for name, expected in (("fx.usever", (1, 2)), ("fx.order", (1, 1, 1)), ("fx.mixed", (1, 1, 1))):
            with self.subTest(name):
                self.assertEqual(self.everywhere(tasks.values, name, main=False), [expected] * 2)

    def test_two_modules_with_the_same_symbols(self):
        """A private library's symbols are seen by those that need it, and by nobody else."""
        printed = self.run_program("""
def both():
    return tasks.values("fx.usever"), tasks.values("fx.order"), tasks.values("fx.mixed")
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    print(*{str(result) for result in (both(), one.submit(both).result(), two.submit(both).result())})
""")
        self.assertEqual(printed, "((1, 2), (1, 1, 1), (1, 1, 1))\n")


class Global(ExtensionCase):
    """
    Libraries that somebody loaded with RTLD_GLOBAL, whose symbols the dynamic loader gives to all libraries that come later.
    """

    modules = ("uses", "usestoo", "base", "sibling")

    def test_of_the_main_interpreter(self):
        printed = self.run_program("""
import os
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
def run():
    return tasks.package_libraries(), tasks.siblings("fx.base", "fx.sibling")
here = run()
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    print(*(worker.submit(run).result() == here for worker in (one, two)))
""")
        self.assertEqual(printed, "True True\n")

    def test_of_a_worker(self):
        printed = self.run_program("""
def run():
    import os
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    return tasks.package_libraries(), tasks.siblings("fx.sibling", "fx.base")
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    print(one.submit(run).result() == two.submit(run).result() == run())
""")
        self.assertEqual(printed, "True\n")


class Modules(ExtensionCase):
    modules = ("base", "sibling", "capsule", "usescapsule")

    def test_a_module_that_is_another_ones_library(self):
        for order in (("fx.base", "fx.sibling"), ("fx.sibling", "fx.base")):
            with self.subTest(order):
                self.assertEqual(self.as_in_main(tasks.siblings, *order), [1, 2, 3, 4])
                self.assertEqual(self.everywhere(tasks.siblings, *order, main=False), [[1, 2, 3, 4]] * 2)

    def test_functions_in_a_capsule(self):
        self.assertEqual(self.as_in_main(tasks.capsules), (1, 2))
