"""symplast.Interpreter: running code, calling functions, what crosses, what is refused."""

import os
import pickle
import sys
import tempfile
import threading
import unittest

import symplast
from symplast import interpreters
from symplast.interpreters import ExecutionFailed, InterpreterError, InterpreterNotFoundError, NotShareableError

import executor_case


class InterpreterCase(executor_case.ExecutorCase):
    """A test case with interpreters that are closed at its end."""

    def interpreter(self, **options):
        interpreter = symplast.Interpreter(**options)
        self.addCleanup(_close, interpreter)
        return interpreter

    def hold(self, interpreter):
        """Makes an interpreter run something until the returned function is called."""
        gate = self.gate()
        announce, wait = gate.arguments
        thread = threading.Thread(target=interpreter.exec, args=(f"import os; os.write({announce}, b'x'); os.read({wait}, 1)",))
        thread.start()
        gate.await_tasks()

        def release():
            gate.open()
            thread.join()

        self.addCleanup(thread.join)
        return release


def _close(interpreter):
    try:
        interpreter.close()
    except InterpreterNotFoundError:
        return


def failure(function, *arguments):
    """The summary of what a call raises in another interpreter."""
    try:
        function(*arguments)
    except ExecutionFailed as error:
        return error.excinfo
    raise AssertionError("nothing was raised")


GREETING = "hello"


def greet(name):
    return f"{GREETING} {name}"


class Running(InterpreterCase):
    def test_names_of_main_stay(self):
        interpreter = self.interpreter()
        interpreter.exec("n = 1")
        interpreter.exec("n += 1")
        self.assertEqual(interpreter.call(eval, "n"), 2)
        self.assertEqual(interpreter.call(eval, "__name__"), "__main__")

    def test_code_is_text_a_code_object_or_a_function(self):
        def script():
            global made
            made = 3

        interpreter = self.interpreter()
        interpreter.exec(compile("n = 1", "file.py", "exec"))
        interpreter.exec(script)
        self.assertEqual(interpreter.call(eval, "n, made"), (1, 3))

    def test_what_is_no_script_is_refused(self):
        interpreter = self.interpreter()
        cell = 1
        for error, code in ((TypeError, 10), (TypeError, b"1"), (TypeError, None), (SyntaxError, "f("),
                            (ValueError, lambda x: None), (ValueError, lambda *x: None), (ValueError, lambda: cell),
                            (ValueError, (lambda: (yield)))):
            with self.subTest(code=code), self.assertRaises(error):
                interpreter.exec(code)
        interpreter.exec("pass")

    def test_calls_return_results(self):
        interpreter = self.interpreter()
        self.assertEqual(interpreter.call(greet, "you"), "hello you")
        self.assertEqual(interpreter.call(dict, [("a", 1)], b=[2]), {"a": 1, "b": [2]})
        self.assertIsNone(interpreter.call(print, end=""))
        self.assertEqual(interpreter.call(lambda x: x + len(GREETING), 1), 6)

    def test_builtins_see_main(self):
        interpreter = self.interpreter()
        interpreter.call(exec, "n = 4")
        self.assertIn("n", interpreter.call(dir))
        self.assertEqual(interpreter.call(eval, "n"), 4)
        self.assertEqual(interpreter.call(lambda: 5), 5)

    def test_values_are_bound_in_main_all_or_none(self):
        interpreter = self.interpreter()
        interpreter.prepare_main({"a": 1}, b=[2])
        interpreter.prepare_main([("c", "x")])
        self.assertEqual(interpreter.call(eval, "a, b, c"), (1, [2], "x"))
        with self.assertRaises(NotShareableError):
            interpreter.prepare_main(d=1, e=threading.Lock())
        self.assertNotIn("d", interpreter.call(dir))
        for error, values in ((ValueError, {}), (ValueError, None), (TypeError, 5), (TypeError, {1: 2})):
            with self.subTest(values=values), self.assertRaises(error):
                interpreter.prepare_main(values)

    def test_one_thread_serves_all_calls(self):
        interpreter = self.interpreter()
        interpreter.exec("import threading\nlocal = threading.local()\nlocal.x = 1")
        idents = []
        thread = threading.Thread(target=lambda: idents.append(interpreter.call(eval, "local.x, threading.get_ident()")))
        thread.start()
        thread.join()
        self.assertEqual(idents, [interpreter.call(eval, "local.x, threading.get_ident()")])
        self.assertNotEqual(idents[0][1], threading.get_ident())

    def test_a_call_in_a_thread(self):
        interpreter = self.interpreter()
        seen = symplast.List()
        thread = interpreter.call_in_thread(seen.append, 1)
        self.assertIsInstance(thread, threading.Thread)
        thread.join()
        self.assertEqual(list(seen), [1])

    def test_the_path_is_the_makers(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "only_for_this_test.py"), "w") as file:
                file.write("x = 5")
            sys.path.append(folder)
            self.addCleanup(sys.path.remove, folder)
            interpreter = self.interpreter()
            interpreter.exec("import only_for_this_test as module, sys")
            self.assertEqual(interpreter.call(eval, "module.x"), 5)
            self.assertEqual(interpreter.call(eval, "sys.argv"), sys.argv)

    def test_the_policy_for_extensions(self):
        interpreter = self.interpreter(extensions={"some_module": "refuse"}, libraries={"liba*": "shared"})
        interpreter.exec("import symplast.extensions\npolicy = symplast.extensions.policy")
        self.assertEqual(interpreter.call(eval, "policy.of('some_module')"), "refuse")
        with self.assertRaises(ValueError):
            symplast.Interpreter(extensions="wrong")


class Sharing(InterpreterCase):
    def test_frozen_and_live_objects_cross_by_pointer(self):
        interpreter = self.interpreter()
        frozen = symplast.freeze({"a": [1, 2]})
        live = symplast.Dict()
        self.assertIs(interpreter.call(lambda x: x, frozen), frozen)
        interpreter.prepare_main(frozen=frozen, live=live)
        interpreter.exec("live['n'] = len(frozen['a'])")
        self.assertEqual(live["n"], 2)
        self.assertIs(interpreter.call(eval, "live"), live)
        self.assertEqual(interpreter.call(eval, "id(frozen)"), id(frozen))

    def test_a_live_object_that_only_the_answer_holds(self):
        interpreter = self.interpreter()
        interpreter.exec("import symplast")
        for _ in range(50):
            self.assertEqual(list(interpreter.call(eval, "symplast.List([symplast.Dict(a=1)])")[0]), ["a"])

    def test_functions_come_back_as_themselves(self):
        def local():
            return greet("you")

        interpreter = self.interpreter()
        self.assertIs(interpreter.call(lambda x: x, local), local)
        self.assertIs(interpreter.call(lambda x: x, greet), greet)

    def test_what_cannot_be_sent_says_so(self):
        interpreter = self.interpreter()
        lock = threading.Lock()
        for function, arguments in ((len, (lock,)), (lambda: lock, ()), (eval, ("(n for n in ())",))):
            with self.subTest(arguments=arguments), self.assertRaises(NotShareableError):
                interpreter.call(function, *arguments)
        with self.assertRaisesRegex(NotShareableError, r"argument 1 of len\[0\]: threading.Lock .* use symplast.Lock"):
            interpreter.call(len, [lock])
        with self.assertRaisesRegex(NotShareableError, r"value 'lock': threading.Lock .* use symplast.Lock"):
            interpreter.prepare_main(number=1, lock=lock)
        interpreter.exec("pass")

    def test_what_cannot_be_received_says_so(self):
        interpreter = self.interpreter()
        with self.assertRaisesRegex(NotShareableError, "cannot be received.*ZeroDivisionError"):
            interpreter.call(len, _Poisoned())
        interpreter.exec("pass")

    def test_a_deleted_object(self):
        interpreter = self.interpreter()
        live = symplast.Dict()
        interpreter.prepare_main(live=live)
        symplast.delete(live)
        self.assertEqual(failure(interpreter.exec, "live['a'] = 1").type.__name__, "DeletedError")
        with self.assertRaises(symplast.DeletedError):
            interpreter.call(len, live)

    def test_a_large_argument_and_result(self):
        data = os.urandom(1 << 22)
        self.assertEqual(self.interpreter().call(bytes, data), data)


class _Poisoned:
    def __reduce__(self):
        return divmod, (1, 0)


class Failing(InterpreterCase):
    SCRIPTS = ("raise Exception", "raise ValueError('x')", "raise SystemExit(3)", "1 / 0", "raise KeyboardInterrupt",
               "class E(Exception): pass\nraise E('y')", "import json\njson.loads('{')", "def f():\n 1 / 0\nf()",
               "try:\n 1 / 0\nexcept Exception:\n {}['a']")

    def test_failures_have_a_summary(self):
        interpreter = self.interpreter()
        found = failure(interpreter.exec, "1 / 0")
        self.assertEqual((found.type.__name__, found.type.__qualname__, found.type.__module__), ("ZeroDivisionError",) * 2 +
                         ("builtins",))
        self.assertEqual((found.msg, found.formatted), ("division by zero", "ZeroDivisionError: division by zero"))
        self.assertRegex(found.errdisplay, r'^Traceback .*\n  File "<script>", line 1, in <module>\n(.*\n)*ZeroDivisionError: ')
        self.assertEqual(failure(interpreter.call, divmod, 1, 0).type.__name__, "ZeroDivisionError")
        self.assertEqual(failure(interpreter.call, sys.exit, 3).type.__name__, "SystemExit")

    @unittest.skipUnless(sys.version_info >= (3, 14), "concurrent.interpreters is new in 3.14")
    def test_summaries_are_those_of_the_standard_library(self):
        import concurrent.interpreters

        ours, theirs = self.interpreter(), concurrent.interpreters.create()
        self.addCleanup(theirs.close)
        for script in self.SCRIPTS:
            with self.subTest(script=script):
                try:
                    theirs.exec(script)
                except concurrent.interpreters.ExecutionFailed as error:
                    expected, text = error.excinfo, str(error)
                found = failure(ours.exec, script)
                self.assertEqual(found, expected)
                self.assertEqual(str(ExecutionFailed(found)), text)

    def test_a_failure_that_cannot_be_formatted(self):
        class Unprintable(Exception):
            def __str__(self):
                raise RuntimeError

        def fail():
            raise Unprintable

        found = failure(self.interpreter().call, fail)
        self.assertIsNone(found.msg)
        self.assertIn("Unprintable", found.formatted)
        self.assertIn("Unprintable", found.errdisplay)

    def test_endless_recursion(self):
        interpreter = self.interpreter()
        self.assertEqual(failure(interpreter.exec, "def f(): f()\nf()").type.__name__, "RecursionError")
        interpreter.exec("pass")

    def test_failures_can_be_pickled(self):
        error = pickle.loads(pickle.dumps(ExecutionFailed(failure(self.interpreter().exec, "1 / 0"))))
        self.assertEqual(error.excinfo.msg, "division by zero")

    def test_a_damaged_interpreter_ends(self):
        interpreter = self.interpreter()
        with self.assertRaisesRegex(InterpreterError, "ended while it ran the code: .*removed or replaced"):
            interpreter.exec("import builtins; del builtins.__import__")
        with self.assertRaises(InterpreterNotFoundError):
            interpreter.exec("pass")
        self.assertNotIn(interpreter, interpreters.list_all())


class Misuse(InterpreterCase):
    def test_a_closed_interpreter(self):
        interpreter = self.interpreter()
        interpreter.close()
        for use in (interpreter.close, interpreter.is_running, lambda: interpreter.exec("1"), lambda: interpreter.call(len, ""),
                    lambda: interpreter.prepare_main(a=1)):
            with self.assertRaisesRegex(InterpreterNotFoundError, "unrecognized interpreter ID"):
                use()
        self.assertIn(str(interpreter.id), repr(interpreter))

    def test_a_running_interpreter(self):
        interpreter = self.interpreter()
        self.assertFalse(interpreter.is_running())
        release = self.hold(interpreter)
        self.assertTrue(interpreter.is_running())
        for use in (interpreter.close, lambda: interpreter.exec("1"), lambda: interpreter.call(len, ""),
                    lambda: interpreter.prepare_main(a=1)):
            with self.assertRaisesRegex(InterpreterError, "running"):
                use()
        release()
        interpreter.exec("pass")

    def test_an_interpreter_that_uses_itself(self):
        interpreter = self.interpreter()
        interpreter.exec("from symplast import interpreters\nme = interpreters.get_current()")
        for use in ("me.exec('1')", "me.close()", "me.call(len, '')"):
            with self.subTest(use=use):
                self.assertIn("running", failure(interpreter.exec, use).msg)
        self.assertTrue(interpreter.call(eval, "me.is_running()"))
        # From a thread of its own, too.
        interpreter.exec("""
import threading
def close():
    global error
    try:
        me.close()
    except interpreters.InterpreterError as caught:
        error = str(caught)
thread = threading.Thread(target=close)
thread.start()
""")
        interpreter.exec("thread.join()")
        self.assertIn("running", interpreter.call(eval, "error"))

    def test_recursion_through_another_interpreter(self):
        first, second = self.interpreter(), self.interpreter()
        first.prepare_main(second=second)
        second.prepare_main(first=first)
        found = failure(first.exec, "second.exec('first.exec(\"pass\")')")
        self.assertEqual(found.type.__name__, "ExecutionFailed")
        self.assertIn("interpreter already running", found.msg)
        self.assertEqual(first.call(eval, "second.call(eval, '1 + 1')"), 2)

    def test_interpreters_of_others(self):
        main = interpreters.get_main()
        for use in (main.close, lambda: main.exec("1"), lambda: main.call(len, ""), lambda: main.prepare_main(a=1),
                    lambda: main.call_in_thread(len, "")):
            with self.assertRaisesRegex(InterpreterError, "unrecognized interpreter 0"):
                use()
        self.assertTrue(main.is_running())
        self.assertEqual((main.id, main.whence), (0, "runtime init"))
        with self.executor(1) as executor:
            worker = executor.submit(interpreters.get_current).result()
            self.assertIn(worker, interpreters.list_all())
            self.assertFalse(worker.is_running())
            with self.assertRaisesRegex(InterpreterError, "unrecognized"):
                worker.exec("1")
        with self.assertRaises(InterpreterNotFoundError):
            worker.is_running()

    def test_wrong_ids(self):
        for error, id in ((TypeError, "0"), (TypeError, 0.0), (TypeError, None), (ValueError, -1),
                          (InterpreterNotFoundError, 1 << 40), (InterpreterNotFoundError, 1 << 80)):
            with self.subTest(id=id), self.assertRaises(error):
                symplast.Interpreter(id)
        with self.assertRaises(TypeError):
            symplast.Interpreter(0, 1)
        with self.assertRaises(TypeError):
            symplast.Interpreter(0, extensions="private")

    def test_another_process(self):
        import multiprocessing.reduction

        with self.assertRaises(NotShareableError):
            multiprocessing.reduction.ForkingPickler.dumps(self.interpreter())


class Objects(InterpreterCase):
    def test_one_object_for_each_id(self):
        interpreter = self.interpreter()
        self.assertIs(symplast.Interpreter(interpreter.id), interpreter)
        self.assertIs(pickle.loads(pickle.dumps(interpreter)), interpreter)
        self.assertEqual(hash(interpreter), hash(interpreter.id))
        self.assertEqual(interpreter.whence, "C-API")
        self.assertIs(interpreters.get_main(), interpreters.get_current())
        for name in ("id", "whence"):
            with self.assertRaises(AttributeError):
                setattr(interpreter, name, 1)

    def test_all_interpreters_are_listed(self):
        before = interpreters.list_all()
        made = [self.interpreter() for _ in range(3)]
        self.assertEqual(interpreters.list_all(), before + made)
        made[1].close()
        self.assertEqual(interpreters.list_all(), before + [made[0], made[2]])

    def test_an_object_works_in_a_worker_and_in_another_interpreter(self):
        interpreter, other = self.interpreter(), self.interpreter()
        interpreter.exec("n = 1")
        other.prepare_main(interpreter=interpreter)
        self.assertEqual(other.call(eval, "interpreter.call(eval, 'n')"), 1)
        self.assertIs(other.call(eval, "interpreter"), interpreter)
        with self.executor(1) as executor:
            self.assertEqual(executor.submit(use, interpreter).result(), (interpreter, 1))
        other.exec("interpreter.close()")
        with self.assertRaises(InterpreterNotFoundError):
            interpreter.exec("pass")

    def test_the_last_object_closes(self):
        interpreter, other = symplast.Interpreter(), self.interpreter()
        number = interpreter.id
        other.prepare_main(interpreter=interpreter)
        del interpreter
        symplast.Interpreter(number).exec("pass")
        other.exec("del interpreter")
        with self.assertRaises(InterpreterNotFoundError):
            symplast.Interpreter(number)

    def test_an_object_for_itself_does_not_keep_an_interpreter(self):
        interpreter = symplast.Interpreter()
        interpreter.exec("from symplast import interpreters\nme = interpreters.get_current()")
        number = interpreter.id
        del interpreter
        with self.assertRaises(InterpreterNotFoundError):
            symplast.Interpreter(number)

    def test_interpreters_end_with_their_maker(self):
        maker = self.interpreter()
        maker.exec("import symplast\nmade = symplast.Interpreter()")
        made = maker.call(eval, "made")
        made.exec("n = 1")
        self.assertEqual(made.call(eval, "n"), 1)
        maker.close()
        with self.assertRaises(InterpreterNotFoundError):
            made.exec("pass")

    def test_many_threads_use_many_interpreters(self):
        made = [self.interpreter() for _ in range(4)]
        counts = symplast.Dict({n: 0 for n in range(4)})
        for interpreter in made:
            interpreter.prepare_main(counts=counts)

        def work(number):
            for turn in range(200):
                index = (number + turn) % 4
                while True:
                    try:
                        made[index].exec(f"counts.add({index}, 1)")
                        break
                    except InterpreterError:
                        continue

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(dict(counts), dict.fromkeys(range(4), 200))


def use(interpreter):
    return interpreter, interpreter.call(eval, "n")
