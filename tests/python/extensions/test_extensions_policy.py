"""What workers do with extension modules and libraries, as the program or its environment says."""

import ast
import os
import shutil
import subprocess
import sys
import unittest

import extension_case
import extension_tasks as tasks
from extension_case import ExtensionCase

import symplast
from symplast import InterpreterPoolExecutor, extensions
from symplast.policies import Policy

SAME_IN_EVERY_VERSION = "policies, and the loader that asks for them, know no version; loading has tests of its own"

_REFUSED = (
    "{0} cannot be imported in a worker interpreter: it does not declare support for several interpreters, and the policy for "
    "extension modules is to refuse it. "
    'Use it in the main interpreter or in a process, or allow it: InterpreterPoolExecutor(extensions={{"{0}": "private"}})'
)


class Modules(ExtensionCase):
    modules = ("single", "multi", "supported")

    def loaded(self, name, policies=(None,), **variables):
        """
        By policy for executors: (whether a module is private in a worker, its kind), or the error that its import raises there.
        """
        return ast.literal_eval(self.run_program(f"""
results = []
for policy in {list(policies)!r}:
    with InterpreterPoolExecutor(1, extensions=policy) as executor:
        results.append(executor.submit(tasks.loaded_or_error, {name!r}).result())
print(results)
""", **variables))  # fmt: skip

    def test_modules_that_do_not_declare_support(self):
        for name, how in (("fx.single", "single-phase"), ("fx.multi", "multi-phase")):
            private = ["private", {"fx": "private"}, {"f": "refuse", "fx.other": "refuse"}, {"fx": "refuse", name: "private"}]
            with self.subTest(name):
                self.assertEqual(self.loaded(name, [*private, {"fx": "shared"}]), [(True, how)] * 4 + [(False, how)])

    def test_refused(self):
        for name in ("fx.single", "fx.multi"):
            errors = self.loaded(name, ["refuse", {"fx": "refuse"}, {"*": "refuse", "other": "private"}])
            file = os.path.join(extension_case.folder(), "fx", f"{name[3:]}.so")
            self.assertEqual(errors, [("ImportError", _REFUSED.format(shown), name, file, None) for shown in (name, "fx", name)])

    def test_a_module_that_declares_support(self):
        found = self.loaded("fx.supported", ["refuse", {"fx": "refuse"}, {"fx": "shared"}, {"fx": "private"}])
        self.assertEqual(found, [(False, "multi-phase")] * 3 + [(True, "multi-phase")])

    def test_the_environment(self):
        for variables, name, private in (
            ({"SYMPLAST_EXTENSIONS": "refuse"}, "fx.single", None),
            ({"SYMPLAST_EXTENSIONS": "refuse", "SYMPLAST_EXTENSIONS_PRIVATE": "other, fx"}, "fx.single", True),
            ({"SYMPLAST_EXTENSIONS_REFUSE": "fx.multi,fx.single"}, "fx.multi", None),
            ({"SYMPLAST_EXTENSIONS_REFUSE": "fx.multi"}, "fx.single", True),
            ({"SYMPLAST_EXTENSIONS_SHARED": "fx"}, "fx.single", False),
        ):
            with self.subTest(str(variables)):
                found = self.loaded(name, **variables)[0]
                self.assertEqual(found[0], "ImportError" if private is None else private)

    def test_the_policy_of_the_program(self):
        self.assertEqual(self.run_program("""
from symplast import extensions
extensions.policy.update({"fx": "refuse"})
before = InterpreterPoolExecutor(1)
extensions.policy.update({"fx": "private"})
with before, InterpreterPoolExecutor(1) as after, InterpreterPoolExecutor(1, extensions={"fx.single": "refuse"}) as own:
    print([executor.submit(tasks.loaded_or_error, "fx.single").result()[0] for executor in (before, after, own)])
    print(after.submit(lambda: dict(extensions.policy.extensions)["fx"]).result())
"""), "['ImportError', True, 'ImportError']\nprivate\n")  # fmt: skip

    def test_a_worker_changes_its_own(self):
        self.assertEqual(self.run_program("""
def refuse(name):
    from symplast import extensions
    extensions.policy.update({"fx": "refuse"})
    first = tasks.loaded_or_error(name)[0]
    extensions.policy.update({"fx": "private"})
    return first, tasks.loaded_or_error(name)[0]

with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as other:
    print(one.submit(refuse, "fx.single").result(), other.submit(tasks.loaded_or_error, "fx.single").result()[0])
"""), "('ImportError', True) True\n")  # fmt: skip

    def test_executors_of_workers_begin_with_its_policy(self):
        self.assertEqual(self.run_program("""
def inner(name):
    with InterpreterPoolExecutor(1) as executor:
        return executor.submit(tasks.loaded_or_error, name).result()[0]

with InterpreterPoolExecutor(1, extensions={"fx": "refuse"}) as executor:
    print(executor.submit(inner, "fx.multi").result())
"""), "ImportError\n")  # fmt: skip

    def test_the_main_interpreter_has_no_policy(self):
        self.assertEqual(self.run_program("import fx.single\nprint(fx.single.__name__)", SYMPLAST_EXTENSIONS="refuse"),
                         "fx.single\n")


class ModulesThatHarmEachOther(ExtensionCase):
    modules = ("multi",)

    def test_lmdb_and_mpi(self):
        # By their names: any module will do.
        for package, reason in (
            ("lmdb", "private copies of it would drop each other's locks on files"),
            ("mpi4py", "MPI can be initialized only once in a process, and each copy of it would do that"),
        ):
            folder = os.path.join(extension_case.folder(), package)
            os.makedirs(folder, exist_ok=True)
            open(os.path.join(folder, "__init__.py"), "w").close()
            shutil.copy(os.path.join(extension_case.folder(), "fx", "multi.so"), os.path.join(folder, "multi.so"))
            message = (
                f"{package} cannot be imported in a worker interpreter: {reason}. Use it in the main interpreter or in a "
                f"process, "
                f'or allow it: InterpreterPoolExecutor(extensions={{"{package}": "private"}})'
            )
            with self.subTest(package):
                self.assertEqual(ast.literal_eval(self.run_program(f"""
import {package}.multi
results = []
for given in (None, "private", {{"*": "private"}}, {{"{package}": "private"}}):
    with InterpreterPoolExecutor(1, extensions=given) as executor:
        results.append(executor.submit(tasks.loaded_or_error, "{package}.multi").result())
print(results)
""")), [("ImportError", message, f"{package}.multi", os.path.join(folder, "multi.so"), None)] * 3
                         + [(True, "multi-phase")])

    def test_a_copy_with_an_sqlite_of_its_own(self):
        path = os.path.join(extension_case.folder(), "fx", "ownsqlite.so")
        extension_case.compile_to(path, "ownsqlite.c")
        self.assertEqual(self.run_program("""
import warnings
def warned():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import fx.ownsqlite
    return [(each.category.__name__, str(each.message)) for each in caught], fx.ownsqlite.__name__
def refused():
    warnings.simplefilter("error")
    try:
        import fx.ownsqlite
    except RuntimeWarning:
        return "fx.ownsqlite" in sys.modules
with InterpreterPoolExecutor(1) as executor:
    print(executor.submit(warned).result(), executor.submit(warned).result())
with InterpreterPoolExecutor(1) as executor:
    print(executor.submit(refused).result())
"""), f"([('RuntimeWarning', \"fx.ownsqlite: its private copy has an SQLite of its own ({path}); copies drop "
      "each other's locks on files, so open a database in one interpreter only\")], 'fx.ownsqlite') "
      "([], 'fx.ownsqlite')\nFalse\n")


class Libraries(ExtensionCase):
    modules = ("uses",)

    def libraries(self, *policies, **variables):
        """By policy: the libraries that fx.uses has private copies of in a worker, without the beginning of their names."""
        return ast.literal_eval(self.run_program(f"""
results = []
for policy in {policies!r}:
    with InterpreterPoolExecutor(1, libraries=policy) as executor:
        loaded = executor.submit(tasks.loaded, "fx.uses").result()
        results.append(" ".join(sorted(name[3:].partition("-")[0] for name, *_ in loaded if name.startswith("lib"))))
print(results)
""", **variables))  # fmt: skip

    def test_patterns(self):
        cases = [
            (None, "over plain py"),
            ({"libplain*": "shared"}, "over py"),
            ({"libgomp-*.so.?": "private"}, "gomp over plain py"),
            ({"libplain-*": "private", "lib*": "shared"}, "plain"),
            ({"lib*": "shared", "libplain-*": "private"}, ""),
            ({"LIBPLAIN*": "shared"}, "over plain py"),
        ]
        self.assertEqual(self.libraries(*(policy for policy, _ in cases)), [expected for _, expected in cases])

    def test_the_environment(self):
        variables = {"SYMPLAST_LIBRARIES_PRIVATE": "libgomp-*", "SYMPLAST_LIBRARIES_SHARED": "libplain*, other*"}
        self.assertEqual(self.libraries(None, {"libplain*": "private"}, **variables), ["gomp over py", "gomp over plain py"])


class LibrariesOpenedByName(ExtensionCase):
    """ctypes, and extension modules that call dlopen, in two workers and the main interpreter."""

    modules = ("opens",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.library = os.path.join(extension_case.folder(), "libcounter.so")
        packages = os.path.join(extension_case.folder(), "site-packages")
        os.makedirs(packages, exist_ok=True)
        cls.of_package = os.path.join(packages, "libcounter.so")
        cls.with_python = os.path.join(extension_case.folder(), "libcounterpy.so")
        if not os.path.exists(cls.library):
            extension_case.compile_to(cls.library, "libcounter.c")
            shutil.copy(cls.library, cls.of_package)
            extension_case.compile_to(cls.with_python, "libcounter.c", "-DPYTHON -Wl,-soname,libcounterpy.so.1")

    def counts(self, task, path, arguments="", begin=""):
        """What two workers and then the main interpreter count to."""
        return ast.literal_eval(self.run_program(f"""
{begin}
with InterpreterPoolExecutor(1, {arguments}) as one, InterpreterPoolExecutor(1, {arguments}) as other:
    print([one.submit(tasks.{task}, {path!r}).result(), other.submit(tasks.{task}, {path!r}).result(), tasks.{task}({path!r})])
"""))  # fmt: skip

    def test_a_library_of_the_program(self):
        for task in ("counted_by_ctypes", "counted_by_module"):
            with self.subTest(task):
                self.assertEqual(self.counts(task, self.library), [[1, 2], [3, 4], [5, 6]])
                self.assertEqual(self.counts(task, self.library, "libraries={'libcounter*': 'private'}"), [[1, 2]] * 3)

    def test_a_library_of_a_package(self):
        for task in ("counted_by_ctypes", "counted_by_module"):
            with self.subTest(task):
                self.assertEqual(self.counts(task, self.of_package), [[1, 2]] * 3)
                self.assertEqual(self.counts(task, self.of_package, "libraries={'libcounter*': 'shared'}"),
                                 [[1, 2], [3, 4], [5, 6]])

    def test_a_library_that_uses_python(self):
        for task in ("counted_by_ctypes", "counted_by_module"):
            with self.subTest(task):
                self.assertEqual(self.counts(task, self.with_python), [[1, 2]] * 3)

    def test_a_name_without_a_folder(self):
        # Of a library that the process has loaded.
        begin = f"import ctypes; library = ctypes.CDLL({self.with_python!r})"
        for task in ("counted_by_ctypes", "counted_by_module"):
            with self.subTest(task):
                self.assertEqual(self.counts(task, "libcounterpy.so.1", begin=begin), [[1, 2]] * 3)
                self.assertEqual(self.counts(task, "libcounterpy.so.1", "libraries={'libcounter*': 'shared'}", begin),
                                 [[1, 2], [3, 4], [5, 6]])

    def test_a_module_with_a_search_path_of_its_own(self):
        # Found beside the original, although it is a copy that looks.
        packages = os.path.dirname(self.of_package)
        path = os.path.join(extension_case.folder(), "fx", "openspath.so")
        extension_case.compile_to(path, "opens.c", f"-Wl,-rpath,{packages}")
        self.assertEqual(self.counts("counted_by_module_with_path", "libcounter.so"), [[1, 2]] * 3)

    def test_what_is_not_there(self):
        missing = os.path.join(extension_case.folder(), "libmissing.so")
        main, *workers = self.everywhere(tasks.not_opened, missing)
        self.assertEqual(workers, [main] * 2)
        main, *workers = self.everywhere(tasks.not_opened, __file__)
        self.assertEqual(workers, [main] * 2)

    def test_the_program_itself(self):
        self.as_in_main(tasks.program_by_ctypes)

    def test_callbacks_of_threads_that_a_library_starts(self):
        path = os.path.join(extension_case.folder(), "libthreads.so")
        extension_case.compile_to(path, "libthreads.c")
        self.as_in_main(tasks.called_by_threads, path)


class Arguments(unittest.TestCase):
    def test_wrong_ones(self):
        for given, error, message in (
            ({"extensions": "shared"}, ValueError, "extensions: 'shared' is for modules that are named, and known to be safe"),
            ({"extensions": {"*": "shared"}}, ValueError,
             "extensions: 'shared' is for modules that are named, and known to be safe"),
            ({"extensions": "privat"}, ValueError, "extensions: 'privat' is none of 'private', 'refuse'"),
            ({"extensions": {"numpy": "no"}}, ValueError, "extensions['numpy']: 'no' is none of 'private', 'shared', 'refuse'"),
            ({"extensions": {"a b": "private"}}, ValueError, "extensions['a b']: not the name of a module or a package"),
            ({"extensions": {"": "private"}}, ValueError, "extensions['']: not the name of a module or a package"),
            ({"extensions": 1}, TypeError, "extensions must be 'private', 'refuse' or a dict of names and policies, not int"),
            ({"extensions": {1: "private"}}, TypeError, "extensions[1]: the name of a module must be a str, not int"),
            ({"extensions": {"a": True}}, TypeError, "extensions['a']: a policy must be a str, not bool"),
            ({"libraries": "private"}, TypeError, "libraries must be a dict of patterns of file names and policies, not str"),
            ({"libraries": {"a/b": "private"}}, ValueError,
             "libraries['a/b']: a pattern is for the name of a library's file, without its folder"),
            ({"libraries": {"a": "refuse"}}, ValueError, "libraries['a']: 'refuse' is none of 'private', 'shared'"),
            ({"libraries": {2: "private"}}, TypeError, "libraries[2]: a pattern must be a str, not int"),
        ):
            with self.subTest(str(given)):
                for call in (lambda given=given: InterpreterPoolExecutor(1, **given),
                             lambda given=given: Policy({}).update(**given)):
                    with self.assertRaises(error) as caught:
                        call()
                    self.assertEqual(str(caught.exception), message)

    def test_a_wrong_argument_changes_nothing(self):
        policy = Policy({})
        before = repr(policy)
        with self.assertRaises(ValueError):
            policy.update({"numpy": "refuse"}, {"a": "no"})
        self.assertEqual(repr(policy), before)

    def test_a_wrong_variable(self):
        for variable, value in (("SYMPLAST_EXTENSIONS", "shared"), ("SYMPLAST_EXTENSIONS_REFUSE", "a b"),
                                ("SYMPLAST_LIBRARIES_SHARED", "/lib/a.so")):
            with self.subTest(variable):
                with self.assertRaisesRegex(ValueError,
                                            r"^in the environment variables SYMPLAST_EXTENSIONS… and SYMPLAST_LIBRARIES…: "):
                    Policy({variable: value})
                ended = subprocess.run([sys.executable, "-c", "import symplast; symplast.InterpreterPoolExecutor(1)"],
                                       env=os.environ | {variable: value}, capture_output=True, text=True)  # fmt: skip
                self.assertEqual(ended.returncode, 1)
                self.assertIn("ValueError: in the environment variables SYMPLAST_EXTENSIONS…", ended.stderr)

    def test_views(self):
        policy = Policy({})
        self.assertEqual((policy.extensions["*"], policy.of("numpy._core"), policy.of("lmdb.cpython")),
                         ("private", "private", "refuse"))
        policy.update({"numpy": "refuse"}, {"libx*": "shared"})
        policy.update(None, {"liby*": "private", "libx*": "private"})
        self.assertEqual((policy.of("numpy._core.multi"), policy.of("numpyro"), list(policy.libraries)),
                         ("refuse", "private", ["liby*", "libx*"]))
        for view in (policy.extensions, policy.libraries):
            with self.assertRaises(TypeError):
                view["a"] = "private"
        self.assertEqual(repr(policy.copy()), repr(policy))

    def test_of_this_interpreter(self):
        self.assertIs(symplast.extensions.policy, extensions.policy)
        self.assertIsInstance(extensions.policy, extensions.Policy)
