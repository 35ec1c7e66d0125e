"""
Extension modules in workers: each interpreter has a library of its own, which loads, is imported again, and fails as in the main
interpreter.
"""

import os
import sys
import tempfile
import unittest

import extension_case
import extension_tasks as tasks
from extension_case import ExtensionCase, needs_export


class StateOfItsOwn(ExtensionCase):
    modules = ("single", "again", "multi", "shared_gil", "unsupported", "supported", "bare", "oneinterp", "unique",
               "unique_supported", "life")

    def test_a_single_phase_module(self):
        self.as_in_main(tasks.single)

    def test_a_single_phase_module_whose_init_function_runs_again(self):
        self.as_in_main(tasks.again)

    def test_modules_that_nobody_refers_to_any_more(self):
        for name in ("fx.single", "fx.again", "fx.multi"):
            with self.subTest(name):
                self.as_in_main(tasks.dropped, name)

    def test_a_multi_phase_module(self):
        self.as_in_main(tasks.multi)

    def test_modules_that_declare_less_than_a_gil_of_their_own(self):
        for name in ("fx.shared_gil", "fx.unsupported"):
            with self.subTest(name):
                self.assertEqual(self.everywhere(tasks.count, name), [1, 1, 1])
                self.as_in_main(tasks.multi, name)

    @unittest.skipIf(sys.version_info < (3, 13), "Py_mod_gil came with CPython 3.13")
    def test_a_module_with_a_slot_for_the_gil(self):
        extension_case.build("gilslot")
        self.as_in_main(tasks.multi, "fx.gilslot")

    def test_a_module_that_declares_support_is_one_for_all(self):
        self.assertEqual(sorted(self.everywhere(tasks.count, "fx.supported")), [1, 2, 3])

    def test_a_module_without_slots(self):
        self.as_in_main(tasks.bare)

    def test_a_module_that_refuses_a_second_interpreter(self):
        self.as_in_main(tasks.one_interpreter)

    def test_unique_symbols(self):
        for function in ("member", "local"):
            with self.subTest(function):
                self.assertEqual(self.everywhere(tasks.count, "fx.unique", function), [1, 1, 1])
                # So they are without a copy.
                self.assertEqual(sorted(self.everywhere(tasks.count, "fx.unique_supported", function)), [1, 2, 3])

    def test_static_types(self):
        self.as_in_main(tasks.static_type, "fx.single")
        self.as_in_main(tasks.static_type, "fx.again")

    def test_constructors_indirect_functions_and_thread_locals(self):
        first, others, last = self.as_in_main(tasks.thread_locals)
        self.assertEqual(first, (1, 7, 8, 2, 3, 1))
        self.assertEqual(others, [((1, 7, 8, 2, 3, 1), (1, 7, 8, 2, 4, 2))] * 3)
        self.assertEqual(last, (1, 7, 8, 2, 4, 2))

    @needs_export
    def test_a_module_that_exports_slots(self):
        extension_case.build("export", "export_supported")
        self.as_in_main(tasks.multi, "fx.export")
        self.assertEqual(sorted(self.everywhere(tasks.count, "fx.export_supported")), [1, 2, 3])

    def test_in_an_interpreter_that_the_program_made(self):
        """From the import of symplast on, also where no executor made the interpreter."""
        printed = self.run_program("""
from subinterpreters import Interpreter
tasks.count("fx.multi")
for _ in range(2):
    with Interpreter() as interpreter:
        interpreter.run(f'''
import sys
sys.argv[:] = {sys.argv!r}
import symplast, extension_tasks as tasks
print(tasks.count("fx.multi"), tasks.one_interpreter()[0])
''')
""")
        self.assertEqual(printed, "1 True\n1 True\n")

    def test_what_is_loaded(self):
        main, *workers = self.everywhere(tasks.loaded, "fx.single", "fx.multi", "fx.supported")
        self.assertEqual(main, [])
        for worker in workers:
            self.assertEqual(worker, [
                ("fx.multi", "fx/multi.so", "multi-phase", True),
                ("fx.single", "fx/single.so", "single-phase", True),
                ("fx.supported", "fx/supported.so", "multi-phase", False),
            ])  # fmt: skip


class Together(ExtensionCase):
    modules = ("single", "multi", "gil", "unique", "supported")

    def test_threads_that_import_one_module_at_once(self):
        for name in ("fx.single", "fx.multi"):
            with self.subTest(name):
                self.assertEqual(self.as_in_main(tasks.import_at_once, name), (8, 1, 1))

    def test_a_hundred_copies_at_once(self):
        names = ["fx.single", "fx.multi", "fx.gil", "fx.unique"]
        printed = self.run_program(f"""
import contextlib
from concurrent.futures import wait
with contextlib.ExitStack() as stack:
    workers = [stack.enter_context(InterpreterPoolExecutor(1)) for _ in range(25)]
    imports = [worker.submit(tasks.counts, "fx.single", "fx.multi") for worker in workers]
    assert all(future.result() == [1, 1] for future in imports)
    for future in [worker.submit(calls.visits) for worker in workers]:
        assert future.result()[1:] == (13, True), future.result()
    for future in [worker.submit(tasks.count, "fx.unique", "member") for worker in workers]:
        assert future.result() == 1
    for future in [worker.submit(tasks.loaded, *{names!r}) for worker in workers]:
        assert [entry[0] for entry in future.result() if entry[3]] == sorted({names!r}), future.result()
print("end")
""")
        self.assertEqual(printed, "end\n")

    def test_interpreters_that_come_and_go(self):
        printed = self.run_program("""
import os
def files():
    return len(os.listdir("/proc/self/fd"))
left = []
for _ in range(15):
    with InterpreterPoolExecutor(2) as executor:
        assert set(executor.map(tasks.import_at_once, ["fx.multi", "fx.single"])) == {(8, 1, 1)}
    left.append(files())
print(left[0] == left[-1], left)
""")
        self.assertTrue(printed.startswith("True"), printed)

    def test_no_file_stays_open(self):
        self.assertEqual(self.everywhere(tasks.open_files, "fx.single", "fx.multi", workers=0), [[]])
        printed = self.run_program("""
with InterpreterPoolExecutor(1) as executor:
    executor.submit(tasks.open_files, "fx.multi").result()      # what the first import of all opens for the process
with InterpreterPoolExecutor(1) as executor:
    executor.submit(abs, 1).result()
    print(executor.submit(tasks.open_files, "fx.single", "fx.multi", "fx.unique", "fx.gil").result())
""")
        self.assertEqual(printed, "[]\n")

    def test_the_code_is_in_memory_once(self):
        printed = self.run_program("""
import os
def mapped():
    path = os.path.join(sys.argv[1], "fx", "multi.so")
    with open("/proc/self/maps") as maps:
        lines = [line.split() for line in maps]
    return sum(line[1] == "r-xp" and line[-1] == path for line in lines)
tasks.count("fx.multi")
counts = [mapped()]
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    for worker in (one, two):
        worker.submit(tasks.count, "fx.multi").result()
        counts.append(mapped())
print(counts)
""")
        self.assertEqual(printed, "[1, 2, 3]\n")


class Static(ExtensionCase):
    modules = ("tls", "multi")

    def test_static_thread_local_storage_that_runs_out(self):
        """Refused with an ImportError; what is loaded goes on, and other modules can be imported."""
        printed = self.run_program("""
import contextlib, os
path = os.path.join(sys.argv[1], "fx", "tls.so")
def attempt():
    failed = tasks.failure(tasks.count, "fx.tls")
    return failed, "fx.tls" in sys.modules, tasks.count("fx.multi"), failed is None and tasks.count("fx.tls")
with contextlib.ExitStack() as stack:
    workers = [stack.enter_context(InterpreterPoolExecutor(1)) for _ in range(10)]
    results = [worker.submit(attempt).result() for worker in workers]
    good = [result for result in results if result[0] is None]
    bad = [result for result in results if result[0] is not None]
    assert good and bad, results
    assert set(good) == {(None, True, 1, 2)}, good
    for (kind, text, name, where, cause), *rest in bad:
        assert (kind, name, where) == ("ImportError", "tls", path), bad
        assert "cannot allocate memory in static TLS block" in text and path in text and "/proc/" not in text, text
        assert rest == [False, 1, False], rest
    for worker, result in zip(workers, results):
        assert worker.submit(tasks.failure, tasks.count, "fx.tls").result() is None or result in bad
print("end")
""")
        self.assertEqual(printed, "end\n")


class Failures(ExtensionCase):
    """
    Each fails in a worker as in the main interpreter: type, text, name and path of the error and of its cause; and so does the
    next attempt.
    """

    modules = ("fail", "failsingle", "undef", "noexport", "multi")

    def test_init_and_exec_functions(self):
        for how in ("init raises", "init returns NULL", "init returns a definition with an error", "init returns another object",
                    "init returns None", "init returns what is not initialized", "create raises", "create returns NULL",
                    "create returns another object", "exec raises", "exec returns -1", "exec returns 0 with an error", None):
            with self.subTest(how):
                failed, left, retried, *counts = self.as_in_main(tasks.fail, "fx.fail", how)
                self.assertFalse(left and how)
                self.assertIsNone(retried)
                self.assertEqual(failed is None, how is None)

    def test_single_phase_init_functions(self):
        for how in ("after the type", "after the module", "a module with an error", "a module without a definition", None):
            with self.subTest(how):
                self.as_in_main(tasks.fail, "fx.failsingle", how)

    def test_an_undefined_symbol(self):
        (first, second), left = self.as_in_main(tasks.fail_twice, "fx.undef")
        self.assertIn("undefined symbol: defined_nowhere", first[1])
        self.assertEqual(first, second)
        self.assertFalse(left)

    def test_a_missing_init_function(self):
        (first, second), left = self.as_in_main(tasks.fail_twice, "fx.noexport")
        self.assertRegex(first[1], r"^dynamic module does not define module export function \(.*PyInit_noexport\)$")
        self.assertFalse(left)

    def test_a_library_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            extension_case.compile_to(os.path.join(folder, "libgone.so"), "libplain.c", "-Wl,-soname,libgone.so")
            path = os.path.join(folder, "needy.so")
            extension_case.compile_to(path, "multi.c", f"-L{folder} -Wl,--no-as-needed -l:libgone.so")
            os.unlink(os.path.join(folder, "libgone.so"))
            self.assertIn("libgone.so", self.as_in_main(tasks.fail_to_load, "needy", path)[1])

    def test_files_that_are_no_library(self):
        with open(os.path.join(extension_case.folder(), "fx", "multi.so"), "rb") as file:
            library = file.read()
        contents = {
            "empty": b"",
            "text": b"This is no library.\n" * 100,
            "header": library[:64],
            "part": library[:200],
            "class": library[:4] + b"\1" + library[5:],
            "machine": library[:18] + b"\x08\0" + library[20:],
            "program": library[:16] + b"\x01\0" + library[18:],
        }
        with tempfile.TemporaryDirectory() as folder:
            for name, content in contents.items():
                path = os.path.join(folder, f"{name}.so")
                with open(path, "wb") as file:
                    file.write(content)
                with self.subTest(name):
                    self.assertIsNotNone(self.as_in_main(tasks.fail_to_load, name, path))
            os.mkdir(os.path.join(folder, "folder.so"))
            for name in ("folder", "missing"):
                with self.subTest(name):
                    self.assertIsNotNone(self.as_in_main(tasks.fail_to_load, name, os.path.join(folder, f"{name}.so")))


class Shortage(ExtensionCase):
    """What the system refuses is an error of the import; the process goes on, and the next attempt is made afresh."""

    modules = ("multi",)

    PROGRAM = """
import os, resource
path = os.path.join(sys.argv[1], "fx", "multi.so")
def short(limit):
    before = resource.getrlimit(limit)
    least = max(map(int, os.listdir("/proc/self/fd"))) if limit == resource.RLIMIT_NOFILE else 100
    taken = []
    resource.setrlimit(limit, (least, before[1]))
    try:
        while limit == resource.RLIMIT_NOFILE:
            taken.append(os.dup(0))
    except OSError:
        pass
    try:
        failed = tasks.failure(tasks.load, "multi", path)
    finally:
        resource.setrlimit(limit, before)
        for file in taken:
            os.close(file)
    return failed and failed[0], tasks.load("multi", path).call()
with InterpreterPoolExecutor(1) as executor:
    executor.submit(abs, 1).result()
    print(*executor.submit(short, getattr(resource, sys.argv[2])).result())
"""

    def test_of_file_descriptors(self):
        self.assertIn(self.run_program(self.PROGRAM, "RLIMIT_NOFILE"), ("ImportError 1\n", "OSError 1\n"))

    def test_of_room_for_files(self):
        """The limit for the size of files holds for those in memory too."""
        self.assertIn(self.run_program(self.PROGRAM, "RLIMIT_FSIZE"), ("ImportError 1\n", "OSError 1\n", "None 1\n"))


class Replaced(ExtensionCase):
    """A file that changes while it is in use."""

    modules = ("multi", "supported")

    PROGRAM = """
import os
path = sys.argv[2]
def look():
    module = tasks.load("renamed", path)
    return "old" if hasattr(module, "execs") else "new"
with InterpreterPoolExecutor(1) as early, InterpreterPoolExecutor(1) as late:
    seen = [early.submit(look).result()]
    os.replace(sys.argv[3], path)
    seen += [worker.submit(look).result() for worker in (early, late, early)]
print(*seen)
"""

    def replace(self, flags):
        with tempfile.TemporaryDirectory() as folder:
            path, other = os.path.join(folder, "renamed.so"), os.path.join(folder, "other.so")
            extension_case.compile_to(path, "multi.c", flags)
            extension_case.compile_to(other, "bare.c", "-DNAME=renamed")
            return self.run_program(self.PROGRAM, path, other).split()

    def test_who_has_a_copy_of_a_file_that_is_replaced_goes_on_with_it(self):
        self.assertEqual(self.replace(""), ["old", "old", "new", "old"])

    def test_whether_a_file_declares_support_is_asked_again(self):
        before, _, late, _ = self.replace("-DSLOT=Py_MOD_PER_INTERPRETER_GIL_SUPPORTED")
        self.assertEqual((before, late), ("old", "new"))

    def test_a_file_that_is_touched(self):
        printed = self.run_program("""
import os
path = os.path.join(sys.argv[1], "fx", "multi.so")
def touch_and_look():
    os.utime(path)
    return tasks.load("multi", path).call()
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    print(*(worker.submit(touch_and_look).result() for worker in (one, one, two, one, two)))
""")
        self.assertEqual(printed, "1 2 1 3 2\n")


class StandardLibrary(ExtensionCase):
    modules = ("dates",)

    def test_its_functions_in_a_capsule(self):
        self.assertEqual(self.as_in_main(tasks.dates), (True, "2024-02-29", True, False))

    def test_its_own_extension_modules(self):
        """What the main interpreter can import of them, workers can: CPython itself refuses some."""
        if not self.as_in_main(tasks.standard_extensions):
            self.skipTest("all of the standard library's extension modules are built in")
