"""How executors end: shutdown, the with block, being forgotten, and callbacks that do it."""

import gc
import threading
import weakref
from concurrent import futures

import symplast

import executor_case
import executor_tasks as tasks
from executor_case import ExecutorCase


class Shutdown(ExecutorCase):
    def test_the_with_block_waits_for_the_tasks(self):
        with symplast.InterpreterPoolExecutor(2) as executor:
            submitted = [executor.submit(tasks.square, n) for n in range(20)]
        self.assertTrue(all(future.done() for future in submitted))
        self.assertEqual(submitted[19].result(), 361)

    def test_an_exception_leaves_the_with_block(self):
        with self.assertRaises(LookupError):
            with symplast.InterpreterPoolExecutor(1) as executor:
                future = executor.submit(tasks.square, 3)
                raise LookupError
        self.assertEqual(future.result(), 9)

    def test_after_it_calls_are_refused(self):
        executor = self.executor()
        executor.submit(abs, 1).result()
        executor.shutdown()
        for call in (abs, tasks.Refuses()):
            with self.assertRaisesRegex(RuntimeError, "after shutdown"):
                executor.submit(call, 1)
        with self.assertRaisesRegex(RuntimeError, "after shutdown"):
            executor.map(abs, [1])

    def test_twice_and_without_workers(self):
        executor = self.executor()
        executor.shutdown()
        executor.shutdown(wait=False)
        executor.shutdown(cancel_futures=True)

    def test_no_thread_is_left(self):
        before = set(threading.enumerate())
        with symplast.InterpreterPoolExecutor(3) as executor:
            list(executor.map(tasks.square, range(30)))
        self.assertEqual(set(threading.enumerate()), before)

    def test_without_waiting(self):
        executor = self.executor(1)
        gate = self.gate()
        held = executor.submit(tasks.announce_and_wait, *gate.arguments, 1)
        queued = executor.submit(tasks.give, 2)
        gate.await_tasks()
        executor.shutdown(wait=False)
        self.assertFalse(held.done() or queued.done())
        gate.open()
        self.assertEqual((held.result(), queued.result()), (1, 2))

    def test_cancelling_what_is_queued(self):
        executor = self.executor(1)
        gate = self.gate()
        held = executor.submit(tasks.announce_and_wait, *gate.arguments, 1)
        gate.await_tasks()
        queued = [executor.submit(tasks.give, n) for n in range(50)]
        executor.shutdown(wait=False, cancel_futures=True)
        self.assertTrue(all(future.cancelled() for future in queued))
        done, pending = futures.wait(queued)
        self.assertFalse(pending)
        gate.open()
        self.assertEqual(held.result(), 1)

    def test_a_thread_that_waits_for_a_result_sees_the_cancellation(self):
        executor = self.executor(1)
        gate = self.gate()
        executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        for end in (lambda future: future.cancel(), lambda future: executor.shutdown(wait=False, cancel_futures=True)):
            future = executor.submit(tasks.give, 1)
            waiting = threading.Thread(target=end, args=(future,))
            waiting.start()
            with self.assertRaises(futures.CancelledError):
                future.result()
            waiting.join()
        gate.open()

    def test_a_collected_executor_finishes_its_tasks(self):
        executor = symplast.InterpreterPoolExecutor(2)
        gate = self.gate()
        submitted = [executor.submit(tasks.announce_and_wait, *gate.arguments, n) for n in range(4)]
        gate.await_tasks(2)
        threads = list(executor._crew.threads)
        gone = weakref.ref(executor)
        del executor
        gc.collect()
        self.assertIsNone(gone())
        gate.open(4)
        self.assertEqual([future.result() for future in submitted], [0, 1, 2, 3])
        for thread in threads:
            thread.join()

    def test_results_of_a_map_outlive_the_executor(self):
        results = symplast.InterpreterPoolExecutor(2).map(tasks.square, range(10))
        gc.collect()
        self.assertEqual(list(results), [n * n for n in range(10)])


class Callbacks(ExecutorCase):
    def test_a_callback_gets_its_future(self):
        executor = self.executor()
        called = []
        future = executor.submit(tasks.square, 4)
        future.add_done_callback(called.append)
        executor.shutdown()
        self.assertEqual(called, [future])

    def test_in_order_and_each_despite_the_others_failing(self):
        executor = self.executor(1)
        gate = self.gate()
        called = []

        def failing(future):
            called.append("failing")
            raise ValueError("of a callback")

        future = executor.submit(tasks.announce_and_wait, *gate.arguments, 1)
        future.add_done_callback(lambda _: called.append("first"))
        future.add_done_callback(failing)
        future.add_done_callback(lambda _: called.append("last"))
        with self.assertLogs("concurrent.futures", "ERROR") as logged:
            gate.open()
            executor.shutdown()
        self.assertEqual(called, ["first", "failing", "last"])
        self.assertIn("of a callback", logged.output[0])

    def test_submitting_more(self):
        executor = self.executor(2)
        done = threading.Event()
        results = []

        def more(future):
            results.append(future.result())
            if len(results) < 20:
                executor.submit(tasks.square, len(results)).add_done_callback(more)
            else:
                done.set()

        executor.submit(tasks.square, 0).add_done_callback(more)
        done.wait()
        self.assertEqual(results, [n * n for n in range(20)])

    def test_waiting_for_another_future(self):
        # Each way of waiting, with answers that come from another worker while this callback runs.
        for wait in (
            lambda future: future.result(),
            lambda future: futures.wait([future]),
            lambda future: list(futures.as_completed([future])),
        ):
            executor = self.executor(2)
            gate, other = self.gate(), self.gate()
            slow = executor.submit(tasks.announce_and_wait, *other.arguments, "slow")
            other.await_tasks()
            first = executor.submit(tasks.announce_and_wait, *gate.arguments)
            gate.await_tasks()
            entered, seen = threading.Event(), []

            def callback(_, wait=wait, slow=slow, entered=entered, seen=seen):
                entered.set()
                wait(slow)
                seen.append(slow.result())

            first.add_done_callback(callback)
            gate.open()
            entered.wait()
            other.open()
            executor.shutdown()
            self.assertEqual(seen, ["slow"])

    def test_waiting_for_a_future_whose_answer_came_along(self):
        executor = self.executor(2)
        gate = self.gate()
        both = [executor.submit(tasks.announce_and_wait, *gate.arguments, n) for n in range(2)]
        gate.await_tasks(2)
        seen = []
        both[0].add_done_callback(lambda _: seen.append(both[1].result()))
        both[1].add_done_callback(lambda _: seen.append(both[0].result()))
        gate.open(2)
        executor.shutdown()
        self.assertEqual(sorted(seen), [0, 1])

    def test_shutdown_in_a_callback(self):
        for options in ({}, {"wait": False}, {"cancel_futures": True}):
            executor = self.executor(2)
            gate = self.gate()
            held = executor.submit(tasks.announce_and_wait, *gate.arguments, 1)
            gate.await_tasks()
            done = threading.Event()

            def callback(_, executor=executor, done=done, options=options):
                executor.shutdown(**options)
                done.set()

            held.add_done_callback(callback)
            gate.open()
            done.wait()
            with self.assertRaises(RuntimeError):
                executor.submit(abs, 1)

    def test_using_the_executor_in_the_callback_of_a_cancelled_future(self):
        executor = self.executor(1)
        gate = self.gate()
        executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        seen = []

        def callback(_):
            try:
                executor.submit(abs, 1)
            except RuntimeError as error:
                seen.append(error)
            executor.shutdown(wait=False)

        executor.submit(abs, 1).add_done_callback(callback)
        executor.shutdown(wait=False, cancel_futures=True)
        self.assertEqual(len(seen), 1)
        gate.open()

    def test_a_callback_that_raises_more_than_an_exception(self):
        executor = self.executor(1)
        gate = self.gate()
        future = executor.submit(tasks.announce_and_wait, *gate.arguments)
        future.add_done_callback(lambda _: exit(3))
        after = executor.submit(tasks.square, 5)
        with self.assertLogs("concurrent.futures", "CRITICAL") as logged:
            gate.open()
            executor.shutdown()
        self.assertIn("SystemExit: 3", logged.output[0])
        self.assertEqual(after.result(), 25)


class Forgotten(ExecutorCase):
    """Programs that end without shutdown; run() checks status 0, these also that nothing is reported."""

    def quiet(self, source, expected):
        printed = executor_case.run("import os; os.dup2(1, 2)\n" + source)
        self.assertEqual(printed, expected)

    def test_pending_tasks_finish(self):
        self.quiet("""
import symplast, executor_tasks as tasks, sys
executor = symplast.InterpreterPoolExecutor(2)
submitted = [executor.submit(os.write, 1, b"x") for n in range(20)]
""", "x" * 20)

    def test_an_idle_executor_ends(self):
        self.quiet("""
import symplast
executor = symplast.InterpreterPoolExecutor(2)
print(sum(executor.map(abs, range(10))))
other = symplast.InterpreterPoolExecutor(2)
""", "45\n")

    def test_callbacks_still_run(self):
        self.quiet("""
import symplast
symplast.InterpreterPoolExecutor(1).submit(abs, -7).add_done_callback(lambda future: print(future.result()))
""", "7\n")

    def test_a_collected_executor_and_a_cycle(self):
        self.quiet("""
import symplast
class Holder: pass
for n in range(3):
    holder = Holder()
    holder.executor = symplast.InterpreterPoolExecutor(1)
    holder.future = holder.executor.submit(os.write, 1, b"y")
    holder.self = holder
del holder
""", "yyy")

    def test_calls_in_atexit_are_refused(self):
        self.quiet("""
import atexit, symplast
executor = symplast.InterpreterPoolExecutor(1)
executor.submit(abs, 1).result()
def late():
    try:
        executor.submit(abs, 1)
    except RuntimeError as error:
        print(error)
atexit.register(late)
""", "cannot schedule new futures after interpreter shutdown\n")

    def test_calls_of_the_last_objects_are_refused(self):
        self.quiet('''
import symplast
executor = symplast.InterpreterPoolExecutor(1)
executor.submit(abs, 1).result()
class Last:
    def __del__(self):
        for late in (executor.submit, symplast.InterpreterPoolExecutor):
            try:
                late(1)
            except RuntimeError as error:
                print(error)
last = Last()
''', "cannot schedule new futures after interpreter shutdown\n" * 2)

    def test_sys_exit_in_the_main_program_keeps_its_status(self):
        executor_case.run("""
            import symplast, sys
            executor = symplast.InterpreterPoolExecutor(1)
            executor.submit(abs, 1)
            sys.exit(9)
        """, expect=9)

    def test_frozen_data_of_an_ended_program(self):
        self.quiet("""
import symplast, executor_tasks as tasks
data = symplast.freeze({"a": ["b"] * 100})
kept = []
executor = symplast.InterpreterPoolExecutor(2)
kept.append(executor.submit(tasks.give, data).result())
kept.append(executor.submit(symplast.freeze, [1, {2: 3}]).result())
""", "")
