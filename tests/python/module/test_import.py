"""Importing the package: what it brings along, what it warns of, in which interpreters and processes it works."""

import importlib.metadata
import inspect
import sys
import textwrap
import unittest

import child
import symplast
from subinterpreters import Interpreter

OLD_RELEASE = sys.version_info[:3] < {12: (3, 12, 8), 13: (3, 13, 1), 14: (3, 14, 5)}.get(sys.version_info.minor, (3, 0, 0))


class TestPackage(unittest.TestCase):
    def test_import_brings_few_modules(self):
        added = child.run(
            """
            import os, warnings
            before = set(sys.modules)
            import symplast
            print(*sorted(set(sys.modules) - before))
            """
        ).split()
        self.assertLessEqual(set(added), {"symplast", "symplast._start", "symplast._symplast", "_signal"})

    def test_version(self):
        self.assertRegex(symplast.__version__, r"^\d+\.\d+\.\d+(\.(dev|post)\d+(\+g[0-9a-f]+(\.m[0-9a-f]+)?)?)?$")

    def test_version_is_that_of_the_metadata(self):
        folder = child.package_path()
        found = [each.version for each in importlib.metadata.distributions(name="symplast", path=[folder])]
        if not found:
            self.skipTest("the package is not installed from a wheel")
        self.assertEqual(found, [symplast.__version__])

    def test_all_names_exist_and_are_listed(self):
        for name in symplast.__all__:
            self.assertTrue(hasattr(symplast, name), name)
            self.assertIn(name, dir(symplast))
        self.assertEqual(len(set(symplast.__all__)), len(symplast.__all__))
        with self.assertRaises(AttributeError):
            symplast.no_such_name

    def test_star_import_gives_all(self):
        scope = {}
        exec("from symplast import *", scope)
        self.assertEqual(set(scope) - {"__builtins__"}, set(symplast.__all__))

    def test_public_functions_and_classes_have_signatures_and_docs(self):
        for name in symplast.__all__:
            thing = getattr(symplast, name)
            # BrokenBarrierError is the standard library's, which has no docs.
            if callable(thing) and name != "BrokenBarrierError":
                self.assertTrue(thing.__doc__, name)
        for function in (symplast.freeze, symplast.thaw, symplast.Pool.freeze, symplast.Pool.stats, symplast.Pool.delete,
                         symplast.Pool.allocating):
            inspect.signature(function)
        self.assertEqual(str(inspect.signature(symplast.freeze)), "(obj, default=None)")

    def test_names_say_the_package(self):
        for error in (symplast.SymplastError, symplast.NotShareableError, symplast.DeletedError, symplast.PoolInUseError,
                      symplast.PoolFullError, symplast.AbandonedError):
            self.assertEqual(error.__module__, "symplast")
        self.assertEqual((symplast.Pool.__module__, symplast.PoolStats.__module__), ("symplast", "symplast"))


class TestWarning(unittest.TestCase):
    def warnings_of(self, source):
        result = child.spawn(["-W", "always", "-c", f"import sys; sys.path[:0] = {[child.package_path()]!r}\n{source}"])
        self.assertEqual(result.returncode, 0, result.stderr)
        return [line for line in result.stderr.splitlines() if "RuntimeWarning: CPython" in line]

    def test_one_warning_on_old_patch_releases_and_none_on_others(self):
        warnings = self.warnings_of(
            "import symplast, symplast; from symplast import Pool; import importlib; importlib.import_module('symplast')")
        self.assertEqual(len(warnings), OLD_RELEASE)
        if OLD_RELEASE:
            self.assertIn("%d.%d.%d has known bugs" % sys.version_info[:3], warnings[0])
            self.assertIn("<string>:2", warnings[0])

    def test_warning_may_be_made_an_error(self):
        child.run(
            """
            warnings.simplefilter("error", RuntimeWarning)
            try:
                import symplast
                print("imported")
            except RuntimeWarning as warning:
                assert "has known bugs" in str(warning)
                warnings.simplefilter("ignore", RuntimeWarning)
                import symplast
                assert symplast.thaw(symplast.freeze([1])) == [1]
                print("refused")
            """
        )


@child.isolated
class TestInterpreters(unittest.TestCase):
    def test_types_are_each_interpreters_own(self):
        with Interpreter() as other:
            check = "import symplast; assert id(symplast.Pool) != number and issubclass(symplast.DeletedError, ReferenceError)"
            other.run(check, number=id(symplast.Pool))

    def test_second_interpreter_after_the_first_has_ended(self):
        for _ in range(5):
            with Interpreter() as other:
                other.run("import symplast\nwith symplast.Pool() as pool: assert symplast.thaw(pool.freeze([1, {'k': 2}])) == "
                          "[1, {'k': 2}]")
        with symplast.Pool() as pool:
            self.assertEqual(pool.freeze([1]), (1,))

    def test_imported_anew_in_the_same_interpreter(self):
        child.run(
            """
            import gc, importlib, symplast
            frozen = symplast.freeze([1, "text of ours"])
            for _ in range(3):
                for name in [name for name in sys.modules if name.split(".")[0] == "symplast"]:
                    del sys.modules[name]
                del symplast
                gc.collect()
                import symplast
                assert symplast.thaw(frozen) == [1, "text of ours"]
                assert symplast.pool_of(frozen).name == "default" and symplast.freeze(frozen) is frozen
                importlib.reload(symplast)
            """
        )

    def test_several_interpreters_import_at_once(self):
        child.run(
            """
            import threading
            from subinterpreters import Interpreter
            # Started one by one, since that is what 3.12 wants; the imports are what happens together,
            # before any in the main interpreter.
            interpreters = [Interpreter() for _ in range(4)]
            barrier, errors = threading.Barrier(4), []
            def body(other):
                barrier.wait()
                try:
                    other.run("import symplast\\nwith symplast.Pool() as pool: assert symplast.thaw(pool.freeze([[1.5]] * 100)) "
                              "== [[1.5]] * 100")
                except BaseException as error:
                    errors.append(error)
            threads = [threading.Thread(target=body, args=(other,)) for other in interpreters]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            for other in interpreters: other.end()
            if errors: raise errors[0]
            import symplast
            assert symplast.thaw(symplast.freeze([1])) == [1]
            """
        )

    def test_first_import_in_another_interpreter_that_ends_first(self):
        child.run(
            """
            from subinterpreters import Interpreter
            with Interpreter() as other:
                other.run("import symplast; data = symplast.freeze({'k': [1.5, 'text']})")
            import symplast
            assert symplast.freeze({"k": [1.5, "text"]})["k"] == (1.5, "text")
            """
        )

    def test_threads_import_at_once(self):
        child.run(
            """
            import threading
            barrier = threading.Barrier(8)
            def body():
                barrier.wait()
                import symplast
                assert symplast.freeze([1.5]) == (1.5,)
            threads = [threading.Thread(target=body) for _ in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            """
        )


class TestFork(unittest.TestCase):
    BEGIN = """
        import os, signal, sys, warnings
        warnings.simplefilter("ignore")
        import symplast
        from symplast import Pool, current_pool, freeze, pools, pool_of, thaw
        pool = symplast.Pool("before")
        frozen = pool.freeze({"k": [1.5, "text of ours"]})
        def in_child(check):
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                try: check()
                except BaseException:
                    import traceback; traceback.print_exc(); sys.stderr.flush(); os._exit(1)
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
        def refused(call, *arguments):
            try: call(*arguments)
            except RuntimeError as error: assert "forked" in str(error) and "spawn" in str(error), error
            else: raise AssertionError(call)
    """

    def check(self, source):
        child.run(textwrap.dedent(self.BEGIN) + textwrap.dedent(source))

    def test_every_use_in_a_forked_child_is_refused(self):
        self.check(
            """
            def check():
                refused(symplast.freeze, [1]), refused(symplast.thaw, frozen)
                refused(symplast.Pool), refused(symplast.current_pool), refused(symplast.pools)
                refused(freeze, [1]), refused(thaw, frozen), refused(Pool), refused(current_pool), refused(pools), refused(
                    pool_of, frozen)
                refused(pool.freeze, [1]), refused(pool.stats), refused(pool.delete)
                refused(pool.allocating), refused(pool.__enter__), refused(pool.__exit__)
                refused(symplast._symplast._persistent_load, 1)
            in_child(check)
            """
        )

    def test_frozen_data_can_be_read_in_a_forked_child(self):
        self.check(
            """
            def check():
                assert frozen["k"] == (1.5, "text of ours") and hash(frozen["k"][1]) and symplast.is_shared(frozen)
                import gc; gc.collect()
            in_child(check)
            """
        )

    def test_parent_goes_on_unharmed(self):
        self.check(
            """
            for _ in range(5):
                in_child(lambda: refused(freeze, [1]))
                assert thaw(frozen) == {"k": [1.5, "text of ours"]} and pool.freeze([2.5]) == (2.5,)
            pool.delete()
            """
        )

    def test_import_in_the_child_only_works(self):
        child.run(
            """
            import os, signal
            process = os.fork()
            if process == 0:
                signal.alarm(20)
                import symplast
                assert symplast.thaw(symplast.freeze([1, [2]])) == [1, [2]]
                sys.exit(0)
            assert os.waitpid(process, 0)[1] == 0
            import symplast
            assert symplast.freeze([1]) == (1,)
            """
        )

    def test_spawned_processes_work(self):
        child.run(
            """
            import multiprocessing, symplast
            symplast.freeze([1])
            context = multiprocessing.get_context("spawn")
            if __name__ == "__main__":
                with context.Pool(1) as workers:
                    assert workers.apply(eval, ("__import__('symplast').thaw(__import__('symplast').freeze([1, [2]]))",)) == [
                        1, [2]]
            """,
            PYTHONPATH=child.package_path(),
        )

    def test_subprocesses_work(self):
        child.run("import subprocess, symplast; symplast.freeze([1]); subprocess.run([sys.executable, '-c', 'pass'], check=True)")
