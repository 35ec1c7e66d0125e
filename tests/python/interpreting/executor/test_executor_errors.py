"""What goes wrong in a task, or on its way, is the exception of its future."""

import sys
import traceback

import symplast

import executor_case
import executor_tasks as tasks
from executor_case import ExecutorCase


class TaskErrors(ExecutorCase):
    def test_its_own_type_arguments_and_attributes(self):
        error = self.executor(1).submit(tasks.raise_with_notes).exception()
        self.assertIs(type(error), tasks.PlainError)
        self.assertEqual((error.args, error.extra), (("with notes",), {"k": 1}))
        self.assertEqual(error.__notes__, ["first note", "second note"])

    def test_the_remote_traceback_is_the_cause(self):
        error = self.executor(1).submit(tasks.raise_from).exception()
        text = "".join(traceback.format_exception(error))
        for part in ("in raise_from", 'raise KeyError("inner")', "direct cause", "PlainError: outer"):
            self.assertIn(part, text)
        self.assertIn("in raise_from", str(error.__cause__))

    def test_result_raises_it_each_time(self):
        future = self.executor(1).submit(divmod, 1, 0)
        for _ in range(2):
            with self.assertRaises(ZeroDivisionError):
                future.result()

    def test_an_exception_group(self):
        error = self.executor(1).submit(tasks.raise_group).exception()
        self.assertIs(type(error), ExceptionGroup)
        self.assertEqual(repr(error.exceptions),
                         repr((ValueError(1), TypeError("two"), ExceptionGroup("inner", [KeyError("three")]))))

    def test_exceptions_of_symplast(self):
        error = self.executor(1).submit(symplast.freeze, object).exception()
        self.assertIs(type(error), symplast.NotShareableError)

    def test_base_exceptions(self):
        executor = self.executor(1)
        for kind, arguments in ((SystemExit, (3,)), (KeyboardInterrupt, ()), (GeneratorExit, ()), (tasks.Root, ("x",))):
            error = executor.submit(tasks.fail, kind, *arguments).exception()
            self.assertIs(type(error), kind)
            self.assertEqual(error.args, arguments)
        self.assertEqual(executor.submit(sys.exit, "text").exception().code, "text")
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)

    def test_one_that_cannot_be_pickled_arrives_as_text(self):
        error = self.executor(1).submit(tasks.fail, tasks.HoldsLambda, "the text").exception()
        self.assertIs(type(error), symplast.RemoteError)
        self.assertIsInstance(error, symplast.SymplastError)
        self.assertEqual(str(error), "executor_tasks.HoldsLambda: the text")
        self.assertIn("in fail", str(error.__cause__))

    def test_one_that_cannot_be_unpickled_arrives_as_text(self):
        error = self.executor(1).submit(tasks.fail, tasks.NeedsTwo, "one", "two").exception()
        self.assertIs(type(error), symplast.RemoteError)
        self.assertEqual(str(error), "executor_tasks.NeedsTwo: one")
        self.assertIn("in fail", str(error.__cause__))

    def test_one_without_a_text(self):
        executor = self.executor(1)
        self.assertIs(type(executor.submit(tasks.fail, tasks.BadText).exception()), symplast.RemoteError)
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)

    def test_one_that_refers_to_itself(self):
        error = self.executor(1).submit(tasks.raise_cycle).exception()
        self.assertIs(error.me, error)

    def test_recursion_without_end(self):
        executor = self.executor(1)
        self.assertIsInstance(executor.submit(tasks.recurse).exception(), RecursionError)
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)

    def test_stop_iteration(self):
        self.assertIsInstance(self.executor(1).submit(next, iter(())).exception(), StopIteration)

    def test_a_task_that_turns_its_own_exit_into_one(self):
        # A worker that serves on after each of them.
        executor = self.executor(1)
        for _ in range(20):
            self.assertIsInstance(executor.submit(tasks.fail, SystemExit).exception(), SystemExit)
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)


class Unpicklable(ExecutorCase):
    def check(self, future, kind, text=""):
        self.assertIn(text, str(future.exception()))
        self.assertIsInstance(future.exception(), kind)
        self.assertTrue(future.done())
        self.assertFalse(future.running() or future.cancelled() or future.cancel())

    def test_arguments(self):
        executor = self.executor(1)
        self.check(executor.submit(tasks.give, tasks.Refuses()), ValueError, "not me")
        self.check(executor.submit(tasks.give, [{"x": (tasks.Refuses(),)}]), ValueError, "not me")
        self.check(executor.submit(tasks.give, key=tasks.Refuses()), ValueError, "not me")
        self.check(executor.submit(tasks.Refuses()), ValueError, "not me")
        self.check(executor.submit(tasks.give, sys._getframe()), TypeError, "frame")
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)

    def test_arguments_that_cannot_be_unpickled_in_the_worker(self):
        executor = self.executor(1)
        self.check(executor.submit(tasks.give, tasks.Explodes()), LookupError, "in __setstate__")
        self.check(executor.submit(tasks.give, tasks.ExplodesBadly()), KeyboardInterrupt, "in __setstate__")
        self.assertIn("__setstate__", str(executor.submit(tasks.give, tasks.Explodes()).exception().__cause__))
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)

    def test_results(self):
        executor = self.executor(1)
        self.check(executor.submit(tasks.make, "Refuses"), ValueError, "not me")
        self.check(executor.submit(sys._getframe), TypeError, "frame")
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)

    def test_results_that_cannot_be_unpickled_here(self):
        executor = self.executor(1)
        self.check(executor.submit(tasks.make, "Explodes"), LookupError, "in __setstate__")
        self.check(executor.submit(tasks.make, "ExplodesElsewhere"), LookupError, "away from home")
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)

    def test_a_result_that_raises_keyboard_interrupt_here(self):
        # It cannot be told from Ctrl-C, which goes to whoever waits; the future ends all the same.
        future = self.executor(1).submit(tasks.make, "ExplodesBadly")
        try:
            future.exception()
        except KeyboardInterrupt:
            self.assertTrue(future.done())
        self.check(future, KeyboardInterrupt, "in __setstate__")

    def test_results_that_cannot_be_unpickled_while_nobody_waits(self):
        executor = self.executor(1)
        future = executor.submit(tasks.make, "ExplodesBadly")
        executor.shutdown()
        self.check(future, KeyboardInterrupt, "in __setstate__")

    def test_too_deep(self):
        executor = self.executor(1)
        deep = tasks.nested(100_000)
        self.check(executor.submit(len, deep), RecursionError)
        self.check(executor.submit(tasks.nested, 100_000), RecursionError)
        self.assertEqual(executor.submit(tasks.square, 2).result(), 4)

    def test_a_module_the_worker_cannot_import(self):
        executor_case.run("""
            import symplast, sys, types
            module = types.ModuleType("only_here")
            exec("def f(): return 1", vars(module))
            sys.modules["only_here"] = module
            with symplast.InterpreterPoolExecutor(1) as executor:
                future = executor.submit(module.f)
                assert future.exception() is None or isinstance(future.exception(), ImportError), future.exception()
                assert executor.submit(abs, -1).result() == 1
        """)

    def test_errors_in_map(self):
        executor = self.executor(2)
        for size in (1, 2):
            with self.assertRaises(ValueError):
                list(executor.map(tasks.give, [1, tasks.Refuses(), 3], chunksize=size))
            with self.assertRaises(ZeroDivisionError):
                list(executor.map(divmod, [1, 1, 1], [1, 0, 1], chunksize=size))


class Poisoned(ExecutorCase):
    def test_several_threads_wait_for_one_future_that_fails(self):
        import threading

        executor = self.executor(1)
        gate = self.gate()
        executor.submit(tasks.announce_and_wait, *gate.arguments)
        future = executor.submit(tasks.make, "Explodes")
        seen = []
        threads = [threading.Thread(target=lambda: seen.append(type(future.exception()))) for _ in range(4)]
        for thread in threads:
            thread.start()
        gate.await_tasks()
        gate.open()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, [LookupError] * 4)
