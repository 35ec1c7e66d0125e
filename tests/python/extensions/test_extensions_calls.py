"""
Calls between extension modules in workers and CPython: from threads of the library's own, pending calls, and what happens at the
end.
"""

import unittest

import extension_calls as calls
import extension_tasks as tasks
from extension_case import ExtensionCase


class Callbacks(ExtensionCase):
    """PyGILState_Ensure from a thread of C reaches the interpreter that the library's copy belongs to."""

    modules = ("gil", "othergil", "multi")

    def test_from_all_kinds_of_threads(self):
        results, ran, right = self.as_in_main(calls.visits)
        self.assertTrue(all(in_own for in_own, _ in results.values()), results)
        self.assertEqual((ran, right), (13, True))

    def test_a_thread_that_is_done_has_no_gil(self):
        # CPython itself answers 1 to everything as soon as there is a second interpreter.
        self.assertEqual(self.everywhere(calls.check_without_a_state)[1:], [0, 0])

    def test_the_interpreters_that_cpython_names(self):
        main, *workers = self.everywhere(calls.named_interpreters)
        self.assertTrue(main[0])
        self.assertEqual(workers, [(True, True)] * 2)

    def test_of_many_threads_at_once(self):
        self.assertEqual(self.as_in_main(calls.visits_of_threads), (1200, True, 400, True))

    def test_nested_ones_of_two_libraries(self):
        self.assertTrue(self.as_in_main(calls.nested_visits)[1])

    def test_that_import_and_raise_and_start_threads(self):
        main, *workers = self.everywhere(calls.callbacks_that_do_much)
        for worker in workers:
            self.assertEqual(worker[0], main[0])

    def test_exceptions_of_theirs(self):
        self.assertEqual(self.as_in_main(calls.unraisable), ["ZeroDivisionError('division by zero')"] * 3)


class CallbacksElsewhere(ExtensionCase):
    modules = ("gil", "userelay")

    def test_through_a_library_that_all_interpreters_share(self):
        """
        A thread of one interpreter, with its GIL and without, calls what another interpreter registered: it runs in that one.
        """
        printed = self.run_program("""
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    for worker in (one, two):
        worker.submit(calls.relay, True).result()
    for worker in (one, two, one):
        worker.submit(calls.relay, False).result()
    print(*(worker.submit(calls.relayed).result() for worker in (one, two)))
""")
        self.assertEqual(printed, "(15, True) (15, True)\n")

    def test_from_the_main_interpreter(self):
        printed = self.run_program("""
with InterpreterPoolExecutor(1) as worker:
    worker.submit(calls.relay, True).result()
    print(calls.relay(False), worker.submit(calls.relayed).result())
""")
        self.assertEqual(printed, "(0, True) (5, True)\n")

    def test_of_what_a_callback_leaves_in_the_thread(self):
        """It ends with the thread state that the callback had, and calls back, nested: three times each."""
        printed = self.run_program("""
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    one.submit(calls.leave_thread_locals).result()
    two.submit(calls.relay, False).result()
    calls.relay(False)
    print(one.submit(calls.relayed).result())
""")
        self.assertEqual(printed, "(30, True)\n")


class PendingCalls(ExtensionCase):
    modules = ("gil", "pending", "pendend")

    def test_run_in_the_librarys_interpreter(self):
        self.assertEqual(self.as_in_main(calls.pending_calls), {(0, True)})

    def test_raise_in_it(self):
        self.assertEqual(self.as_in_main(calls.pending_error), "from a pending call")

    def test_of_thread_local_destructors(self):
        self.assertEqual(self.as_in_main(calls.thread_locals_and_pending_calls), 3)

    def test_of_thread_local_destructors_after_the_interpreters_end(self):
        printed = self.run_program("""
for _ in range(5):
    with InterpreterPoolExecutor(2) as one, InterpreterPoolExecutor(1) as two:
        futures = [executor.submit(calls.touch) for executor in (one, two, one)]
        assert all(future.result() in (1, 2) for future in futures)
print("end")
""")
        self.assertEqual(printed, "end\n")


class Ends(ExtensionCase):
    modules = ("bare", "late", "multi", "single", "life", "gil")

    def test_modules_are_freed_with_their_interpreter(self):
        printed = self.run_program("""
import os
read, write = os.pipe()
os.environ["FX_BARE_FREED"] = str(write)
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    for worker in (one, two):
        worker.submit(tasks.bare).result()
os.close(write)
with open(read, "rb") as file:
    print(file.read())
""")
        self.assertEqual(printed, "b'ffff'\n")

    def test_a_thread_that_calls_after_the_interpreters_end(self):
        """It waits for ever, as CPython's own function has it wait; the program goes on and ends."""
        self.call_after_the_end(keeps_state=False)

    def test_a_thread_that_has_kept_its_state_and_calls_after_the_interpreters_end(self):
        self.call_after_the_end(keeps_state=True)

    def call_after_the_end(self, keeps_state):
        printed = self.run_program(f"keeps_state = {keeps_state}" + """
import os
(wait_for, go), (told, tell) = os.pipe(), os.pipe()
with InterpreterPoolExecutor(1) as executor:
    executor.submit(calls.start_late, wait_for, tell, keeps_state).result()
    print(os.read(told, 1))
os.write(go, b"g")
print(os.read(told, 1))
for _ in range(3):
    with InterpreterPoolExecutor(2) as executor:
        assert list(executor.map(tasks.import_at_once, ["fx.multi", "fx.single"])) == [(8, 1, 1)] * 2
        executor.submit(calls.visits).result()
os.set_blocking(told, False)
try:
    print(os.read(told, 1))
except BlockingIOError:
    print("end")
""")
        self.assertEqual(printed, "b'1'\nb'2'\nend\n")

    def test_threads_that_call_while_the_interpreter_ends(self):
        printed = self.run_program("""
for _ in range(5):
    with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
        for worker in (one, two):
            worker.submit(calls.hammer, 2).result()
            assert worker.submit(tasks.count, "fx.multi").result() == 1
print("end")
""")
        self.assertEqual(printed, "end\n")

    def test_threads_that_call_while_the_program_ends(self):
        printed = self.run_program("""
executor = InterpreterPoolExecutor(2)
for _ in range(4):
    executor.submit(calls.hammer, 2).result()
print("end")
""")
        self.assertEqual(printed, "end\n")

    def test_a_worker_that_ends_with_the_program(self):
        printed = self.run_program("""
import fx.single
executor = InterpreterPoolExecutor(2)
print(list(executor.map(tasks.import_at_once, ["fx.multi", "fx.multi"])) == [(8, 1, 1)] * 2,
      executor.submit(tasks.thread_locals).result()[0])
""")
        self.assertEqual(printed, "True (1, 7, 8, 2, 3, 1)\n")
