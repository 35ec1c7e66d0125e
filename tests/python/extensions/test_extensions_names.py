"""What extension modules in workers, and all that is in them, say of themselves: the same as in the main interpreter."""

import os
import sys
import tempfile
import unittest

import extension_case
import extension_tasks as tasks
from extension_case import ExtensionCase, needs_export


class Names(ExtensionCase):
    modules = ("single", "again", "multi", "deep.inner.single", "über", "cpackage", "cpackage.inside", "oneinterp", "nested",
               "sub")

    def test_of_modules_and_their_members(self):
        for name in self.modules[:-3]:
            with self.subTest(name):
                said = self.as_in_main(tasks.names, f"fx.{name}")
                self.assertEqual(said["module"][0], f"fx.{name}")
                self.assertTrue(all(said["found"] + [said["parent's"]]), said)

    @needs_export
    def test_of_a_module_that_exports_slots(self):
        extension_case.build("export")
        self.as_in_main(tasks.names, "fx.export")

    def test_after_pickling(self):
        for name in ("fx.single", "fx.multi", "fx.deep.inner.single", "fx.cpackage", "fx.über"):
            with self.subTest(name):
                self.assertIs(self.as_in_main(tasks.pickled, name)["call"], True)

    def test_of_modules_made_in_an_init_function(self):
        self.assertEqual(self.as_in_main(tasks.nested_names)[:4], ("fx.nested", "nested", "single", "fx.single"))

    def test_of_a_module_made_in_an_exec_function(self):
        self.as_in_main(tasks.submodule)

    def test_functions_go_to_workers_and_back(self):
        """A function is pickled by name: it becomes the receiver's own, whose statics count anew."""
        printed = self.run_program("""
import fx.single as module
def call(function):
    import fx.single
    assert function is fx.single.call
    return function(), fx.single.Heap, fx.single.Error
with InterpreterPoolExecutor(1) as executor:
    module.call(), module.call()
    count, heap, error = executor.submit(call, module.call).result()
    print(count, heap is module.Heap, error is module.Error, executor.submit(module.call).result(), module.call())
""")
        self.assertEqual(printed, "1 True True 2 3\n")

    def test_an_error_of_a_module_comes_back_as_the_callers_class(self):
        printed = self.run_program("""
import fx.single as module
def fail():
    import fx.single
    raise fx.single.Error("from a worker")
with InterpreterPoolExecutor(1) as executor:
    error = executor.submit(fail).exception()
print(type(error) is module.Error, error)
""")
        self.assertEqual(printed, "True from a worker\n")


class OneFile(ExtensionCase):
    """One file has one library in an interpreter, whatever it is called."""

    modules = ("single", "again", "multi")

    def test_under_several_names(self):
        for name in ("single", "again", "multi"):
            with self.subTest(name):
                path = os.path.join(extension_case.folder(), "fx", f"{name}.so")
                names = [name, f"first.{name}", f"second.{name}"]
                self.assertEqual(self.as_in_main(tasks.several_names, path, name),
                                 ([(it, it, n) for n, it in enumerate(names, 1)], 3))

    def test_by_several_paths(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "multi.so")
            os.symlink(os.path.join(extension_case.folder(), "fx", "multi.so"), path)
            self.as_in_main(tasks.another_path, path)
            os.symlink(folder, os.path.join(folder, "folder"))
            self.as_in_main(tasks.another_path, os.path.join(folder, "folder", "multi.so"))

    def test_by_a_hard_link(self):
        with tempfile.TemporaryDirectory(dir=extension_case.folder()) as folder:
            path = os.path.join(folder, "multi.so")
            os.link(os.path.join(extension_case.folder(), "fx", "multi.so"), path)
            self.as_in_main(tasks.another_path, path)
            printed = self.run_program("""
with InterpreterPoolExecutor(1) as executor:
    executor.submit(tasks.another_path, sys.argv[2]).result()
    modules = executor.submit(symplast.extensions.loaded).result()
print([(each.module, each.private, each.bytes > 0) for each in modules if each.module in ("fx.multi", "elsewhere.multi")])
""", path)
            self.assertEqual(printed, "[('fx.multi', True, True), ('elsewhere.multi', True, True)]\n")

    def test_a_copy_of_the_file_is_another_library(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "multi.so")
            with open(os.path.join(extension_case.folder(), "fx", "multi.so"), "rb") as file, open(path, "wb") as copy:
                copy.write(file.read())
            self.as_in_main(tasks.another_path, path)

    def test_paths_that_are_unusual(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("with space", "ünïcode", "per%cent", "colon:semi;comma,", "quote'\"", "$HOME", "l" * 200):
                path = os.path.join(folder, name, "multi.so")
                os.mkdir(os.path.dirname(path))
                extension_case.compile_to(path, "multi.c") if name == "with space" else os.symlink(
                    os.path.join(folder, "with space", "multi.so"), path
                )
                with self.subTest(name):
                    self.as_in_main(tasks.another_path, path)
