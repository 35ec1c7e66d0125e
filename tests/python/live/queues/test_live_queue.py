"""symplast.Queue and symplast.SimpleQueue."""

import array
import copy
import ctypes
import gc
import pickle
import queue
import sys
import threading
import time
import unittest

import symplast

import child
import executor_case
import fixtures
import live_blocks
import live_queue_tasks as tasks


def waiting(q, count=1):
    """Returns when as many threads wait at a queue."""
    while symplast._symplast._waiters(q) < count:
        time.sleep(0.001)


class InterfaceTests(live_blocks.NothingLeftMixin, unittest.TestCase):
    def setUp(self):
        super().setUp()
        executor_case.watch(self)

    def test_elements_come_in_their_order(self):
        for q in symplast.Queue(), symplast.SimpleQueue(), symplast.Queue(5000):
            for i in range(5000):
                q.put(i)
            self.assertEqual(q.qsize(), 5000)
            self.assertEqual([q.get() for _ in range(5000)], list(range(5000)))
            self.assertTrue(q.empty())

    def test_arguments_are_those_of_the_standard_queues(self):
        q = symplast.Queue(maxsize=2)
        q.put(item=1, block=True, timeout=None)
        q.put(2, False, 7)
        with self.assertRaises(queue.Full):
            q.put(3, timeout=0.001)
        with self.assertRaises(queue.Full):
            q.put(3, 0, -1)
        self.assertEqual(q.get(block=True, timeout=1), 1)
        self.assertEqual(q.get(False), 2)
        for wrong in ((), (1, 2, 3, 4)):
            self.assertRaises(TypeError, q.put, *wrong)
        self.assertRaises(TypeError, q.put, 1, wrong=2)
        self.assertRaises(TypeError, q.get, timeout="x")
        self.assertRaises(ValueError, q.get, timeout=float("nan"))
        self.assertRaises(ValueError, q.get, timeout=-1)
        self.assertRaises(OverflowError, q.get, timeout=1e30)
        for wrong in ("x", 1.5, None):
            self.assertRaises(TypeError, symplast.Queue, wrong)
        self.assertRaises(TypeError, symplast.Queue, 1, maxsize=1)
        self.assertRaises(TypeError, symplast.Queue, size=1)
        self.assertRaises(TypeError, symplast.SimpleQueue, 1)

    def test_a_size_that_is_no_limit(self):
        for size in (0, -1, sys.maxsize):
            q = symplast.Queue(size)
            self.assertEqual(q.maxsize, size)
            for i in range(100):
                q.put_nowait(i)
            self.assertFalse(q.full())

    def test_places_are_made_with_the_queue(self):
        small = symplast.Pool("small", max_bytes=1 << 20)
        with small.allocating(), self.assertRaises(symplast.PoolFullError):
            symplast.Queue(10**6)
        small.delete()

    def test_more_places_than_there_is_memory_are_refused(self):
        # Otherwise the system would end the process when it fills them.
        self.assertRaises(MemoryError, symplast.Queue, 1 << 39)

    def test_simple_queues_have_the_methods_of_simple_queues(self):
        names = {name for name in dir(queue.SimpleQueue) if not name.startswith("_")}
        self.assertEqual({name for name in dir(symplast.SimpleQueue) if not name.startswith("_")}, names | {"aget", "aput"})
        names = {"put", "get", "put_nowait", "get_nowait", "qsize", "empty", "full", "task_done", "join", "shutdown", "maxsize",
                 "is_shutdown", "unfinished_tasks"}
        self.assertLessEqual(names, set(dir(symplast.Queue)))

    def test_exceptions_are_those_of_the_module_queue(self):
        q = symplast.Queue(1)
        self.assertRaises(queue.Empty, q.get_nowait)
        q.put(1)
        self.assertRaises(queue.Full, q.put_nowait, 2)
        self.assertIs(symplast.ShutDown, getattr(queue, "ShutDown", symplast.ShutDown))
        q.shutdown()
        self.assertRaises(symplast.ShutDown, q.put, 2)

    def test_iteration_ends_at_the_shutdown(self):
        q = symplast.Queue()
        for i in range(3):
            q.put(i)
        self.assertEqual(next(q), 0)
        q.shutdown()
        self.assertEqual(list(q), [1, 2])
        self.assertEqual(list(q), [])

    def test_nobody_searches_a_queue_by_taking_its_elements(self):
        q = symplast.Queue()
        q.put(1)
        with self.assertRaises(TypeError):
            1 in q
        self.assertEqual(q.qsize(), 1)

    def test_finished_elements(self):
        q = symplast.Queue()
        self.assertRaises(ValueError, q.task_done)
        q.put(1)
        q.put(2)
        self.assertEqual(q.unfinished_tasks, 2)
        q.get()
        q.task_done()
        q.shutdown(immediate=True)
        self.assertEqual(q.unfinished_tasks, 0)
        q.join()
        self.assertRaises(ValueError, q.task_done)
        self.assertEqual(q.qsize(), 0)

    def test_a_shutdown_that_drops_elements_frees_them(self):
        q = symplast.Queue()
        before = live_blocks.in_pool(self.pool)
        for _ in range(100):
            q.put(["a list"])
        q.shutdown(immediate=True)
        # Rings stay until the queue is deleted.
        self.assertLess(live_blocks.in_pool(self.pool), before + 10)
        q.shutdown(immediate=True)
        q.shutdown()

    def test_repr(self):
        q = symplast.Queue()
        self.assertEqual(repr(q), "<symplast.Queue, 0 elements>")
        q.put(1)
        q.shutdown()
        self.assertEqual(repr(q), "<symplast.Queue, 1 element, shut down>")
        symplast.delete(q)
        self.assertEqual(repr(q), "<symplast.Queue, deleted>")
        self.assertEqual(repr(symplast.SimpleQueue()), "<symplast.SimpleQueue, 0 elements>")

    def test_a_queue_has_an_identity_and_no_copies(self):
        q, other = symplast.Queue(), symplast.Queue()
        self.assertNotEqual(q, other)
        self.assertEqual(len({q, other, q}), 2)
        self.assertRaises(TypeError, copy.copy, q)
        self.assertRaises(TypeError, copy.deepcopy, symplast.SimpleQueue())
        self.assertRaises(TypeError, symplast.thaw, q)
        self.assertIs(pickle.loads(pickle.dumps(q)), q)
        self.assertEqual(symplast.Queue[int].__origin__, symplast.Queue)
        with self.assertRaises(TypeError):
            type("Mine", (symplast.Queue,), {})

    def test_queues_hold_and_are_held(self):
        q = symplast.Queue()
        shelf = symplast.Dict(jobs=q)
        inner = symplast.SimpleQueue()
        q.put(inner)
        inner.put(q)
        self.assertIs(shelf["jobs"].get(), inner)
        self.assertIs(inner.get(), q)

    def test_a_deleted_queue_answers_deleted(self):
        q = symplast.Queue()
        q.put([1])
        symplast.delete(q)
        for call in (q.get, q.get_nowait, lambda: q.put(1), q.qsize, q.empty, q.full, q.task_done, q.join, q.shutdown,
                     lambda: next(q), lambda: q.maxsize, lambda: q.is_shutdown, lambda: q.unfinished_tasks):
            self.assertRaises(symplast.DeletedError, call)
        self.assertRaises(symplast.DeletedError, symplast.delete, q)


class ElementTests(live_blocks.NothingLeftMixin, unittest.TestCase):
    def setUp(self):
        super().setUp()
        executor_case.watch(self)
        self.q = symplast.Queue()
        self.addCleanup(delattr, self, "q")

    def passed(self, element):
        self.q.put(element)
        return self.q.get()

    def test_values_come_as_from_other_containers(self):
        for element in (None, True, 1, 2**70, 1.5, 1j, "text", "zwölf", "\ud800", b"bytes", (1, ("a", None)), ...):
            self.assertEqual(self.passed(element), element)
        self.assertEqual(type(self.passed(array.array("i", [1, 2]))), symplast.Array)
        for plain, kind in (([1, [2]], symplast.List), ({"a": 1}, symplast.Dict), ({1}, symplast.Set)):
            live = self.passed(plain)
            self.assertIs(type(live), kind)
            self.assertEqual(symplast.thaw(live), plain)

    def test_shared_objects_pass_by_pointer(self):
        live, frozen = symplast.List([1]), self.pool.freeze({"a": [1]})
        self.assertIs(self.passed(live), live)
        self.assertIs(self.passed(frozen), frozen)
        elsewhere = fixtures.new_pool(self, "elsewhere").freeze(("x",))
        self.assertIs(self.passed(elsewhere), elsewhere)

    def test_what_only_pickle_can_carry_is_pickled(self):
        live = symplast.List([1])
        given = tasks.Element([live, self.pool.freeze([1, 2]), b"bytes", {"k": tasks.Element(5)}])
        got = self.passed(given)
        self.assertIsNot(got, given)
        self.assertEqual(got, given)
        self.assertIs(got.value[0], live)
        self.assertIs(got.value[1], given.value[1])
        # As a whole: the list around is a plain one.
        self.assertEqual(self.passed([tasks.Element(1), live]), [tasks.Element(1), live])

    def test_bytes_and_tuples_are_no_pickles(self):
        data = pickle.dumps(tasks.Element(1))
        for element in (data, (data,), (data, 1, symplast.List())):
            got = self.passed(element)
            self.assertIs(type(got), type(element))
            self.assertEqual(got, element)

    def test_a_pickled_element_holds_its_live_objects(self):
        self.q.put(tasks.Element([symplast.List([1, 2, 3])]))
        gc.collect()
        self.assertEqual(self.q.get().value[0], [1, 2, 3])

    def test_what_is_dropped_with_the_queue_is_freed(self):
        live = symplast.List([1])
        self.q.put(tasks.Element([live, symplast.Dict(a=live)]))
        self.q.put([live])

    def test_what_cannot_be_pickled_raises(self):
        for element in (threading.Lock(), [1, [threading.Lock()]], (i for i in ())):
            with self.assertRaises(symplast.NotShareableError) as caught:
                self.q.put(element)
            self.assertIn("pickle", caught.exception.__notes__[0])
        self.assertTrue(self.q.empty())

    def test_an_error_of_unpickling_loses_only_this_element(self):
        self.q.put(tasks.Unloadable())
        self.q.put(1)
        self.assertRaises(LookupError, self.q.get)
        self.assertEqual(self.q.get(), 1)

    def test_an_object_that_was_deleted_meanwhile(self):
        live = symplast.List([1])
        self.q.put(tasks.Element(live))
        self.q.put(live)
        symplast.delete(live)
        self.assertRaises(symplast.DeletedError, lambda: self.q.get().value.append(1))
        self.assertRaises(symplast.DeletedError, lambda: self.q.get().append(1))

    def test_the_default_of_a_pool_comes_before_pickle(self):
        pool = fixtures.new_pool(self, "with default", default=lambda o: ["default", o.value])
        with pool.allocating():
            q = symplast.Queue()
        q.put(tasks.Element(3))
        self.assertEqual(q.get(), ["default", 3])

    def test_nothing_is_lost_or_left_when_memory_ends(self):
        for element in (5, "text " * 10, [1, ["x"]], tasks.Element([symplast.List(), "x"])):
            q = symplast.SimpleQueue()
            n, failed = 0, True
            q.put(element)
            q.get()
            while failed:
                n += 1
                symplast._symplast._fail_at(n)
                try:
                    q.put(element)
                except MemoryError:
                    self.assertEqual(q.qsize(), 0)
                else:
                    self.assertEqual(q.qsize(), 1)
                finally:
                    failed = symplast._symplast._fail_at(0)
                if q.qsize():
                    q.get()
            del q

    def test_a_full_pool_keeps_what_is_in_the_queue(self):
        small = fixtures.new_pool(self, "small", max_bytes=1 << 20)
        with small.allocating():
            q = symplast.Queue()
        count = 0
        with self.assertRaises(symplast.PoolFullError):
            while True:
                q.put("x" * 100 + str(count))
                count += 1
        q.shutdown()
        self.assertEqual([int(text[100:]) for text in q], list(range(count)))


class ThreadTests(unittest.TestCase):
    """Threads of one interpreter, which wait without its GIL."""

    def setUp(self):
        executor_case.watch(self)

    def start(self, function, *arguments):
        """A thread, and the list to which its result or the type of its exception is added."""
        results = []

        def run():
            try:
                results.append(function(*arguments))
            except BaseException as error:
                results.append(type(error))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread, results

    def ended(self, started):
        thread, results = started
        thread.join(30)
        self.assertFalse(thread.is_alive(), "the thread still waits")
        return results[0]

    def test_a_timeout_is_exact(self):
        q = symplast.Queue(1)
        for seconds in (0.001, 0.05):
            start = time.monotonic()
            self.assertRaises(queue.Empty, q.get, timeout=seconds)
            self.assertGreaterEqual(time.monotonic() - start, seconds)
        q.put(1)
        self.assertRaises(queue.Full, q.put, 2, timeout=0.01)
        self.assertEqual(q.qsize(), 1)

    def test_deletion_ends_every_wait(self):
        for what in ("queue", "pool"):
            pool = symplast.Pool(what)
            with pool.allocating():
                empty, full = symplast.Queue(), symplast.Queue(1)
            full.put(1)
            started = [self.start(empty.get), self.start(full.put, 2), self.start(full.join), self.start(list, empty)]
            waiting(empty, 2)
            waiting(full, 2)
            if what == "pool":
                pool.delete()
            else:
                symplast.delete(empty)
                symplast.delete(full)
            for each in started:
                self.assertIs(self.ended(each), symplast.DeletedError)
            if what == "queue":
                pool.delete()

    def test_a_shutdown_ends_every_wait(self):
        for immediate in (False, True):
            empty, full = symplast.Queue(), symplast.Queue(1)
            full.put(1)
            started = [self.start(empty.get), self.start(full.put, 2), self.start(full.join)]
            waiting(empty)
            waiting(full, 2)
            empty.shutdown(immediate)
            full.shutdown(immediate)
            self.assertIs(self.ended(started[0]), symplast.ShutDown)
            self.assertIs(self.ended(started[1]), symplast.ShutDown)
            if not immediate:
                full.get()
                full.task_done()
            self.assertIsNone(self.ended(started[2]))

    def test_an_exception_for_a_waiting_thread_ends_its_wait(self):
        q = symplast.Queue()
        started = self.start(q.get)
        waiting(q)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(started[0].ident), ctypes.py_object(KeyError))
        # It raises at the latest when the thread is woken, and before it takes an element.
        other = self.start(q.get)
        while symplast._symplast._waiters(q) < 1 + started[0].is_alive():
            time.sleep(0.001)
        q.put(1)
        q.put(2)
        self.assertIs(self.ended(started), KeyError)
        self.assertEqual(self.ended(other), 1)
        self.assertEqual(q.get_nowait(), 2)

    def test_no_wake_is_lost_to_those_who_give_up(self):
        q = symplast.SimpleQueue()
        stop = symplast.AtomicInt()

        def impatient():
            got = 0
            while not stop.value:
                try:
                    q.get(timeout=0.0002)
                    got += 1
                except queue.Empty:
                    pass
            return got

        def patient():
            got = 0
            while q.get() is not None:
                got += 1
            return got

        started = [self.start(impatient), self.start(impatient), self.start(patient), self.start(patient)]
        for i in range(3000):
            q.put(i)
            if i % 3 == 0:
                time.sleep(0.0002)
        while q.qsize():
            time.sleep(0.001)
        stop.value = 1
        got = self.ended(started[0]) + self.ended(started[1])
        q.put(None)
        q.put(None)
        got += self.ended(started[2]) + self.ended(started[3])
        self.assertEqual(got, 3000)


class InterpreterTests(executor_case.ExecutorCase):
    def test_a_pipeline_passes_all_on(self):
        executor = self.executor(2)
        first, second = symplast.Queue(), symplast.Queue(10)
        workers = [executor.submit(tasks.relay, first, second) for _ in range(2)]
        feeder = threading.Thread(target=lambda: [first.put(("task", i, [i])) for i in range(2000)])
        feeder.start()
        got = sorted(second.get()[1] for _ in range(2000))
        feeder.join()
        first.join()
        first.shutdown()
        self.assertEqual(sum(worker.result() for worker in workers), 2000)
        self.assertEqual(got, list(range(2000)))

    def test_every_element_is_taken_once(self):
        executor = self.executor(4)
        for q in (symplast.Queue(), symplast.Queue(1), symplast.Queue(7)):
            getters = [executor.submit(tasks.consume, q) for _ in range(2)]
            putters = [executor.submit(tasks.produce, q, n, 3000) for n in range(2)]
            for putter in putters:
                putter.result()
            q.shutdown()
            got = [getter.result() for getter in getters]
            for part in got:
                for n in range(2):
                    own = [i for producer, i in part if producer == n]
                    self.assertEqual(own, sorted(own))
            self.assertEqual(sorted(got[0] + got[1]), [(n, i) for n in range(2) for i in range(3000)])

    def test_pickled_elements_between_interpreters(self):
        executor = self.executor(1)
        there, back = symplast.Queue(), symplast.Queue()
        future = executor.submit(tasks.relay, there, back)
        live = symplast.List([1])
        by_value = lambda x: x + len(live)  # noqa: E731
        there.put(tasks.Element([live, by_value]))
        got = back.get()
        self.assertIs(got.value[0], live)
        self.assertEqual(got.value[1](2), 3)
        self.assertIs(got.value[1], by_value)
        there.shutdown()
        self.assertEqual(future.result(), 1)

    def test_classes_of_live_objects_are_imported_by_the_getter(self):
        executor = self.executor(1)
        there, back = symplast.Queue(), symplast.Queue()
        future = executor.submit(tasks.relay, there, back)
        record = tasks.Record(number=3)
        there.put(record)
        self.assertIs(back.get(), record)
        there.shutdown()
        future.result()

    def test_what_ends_the_wait_of_a_worker(self):
        executor = self.executor(3)
        for act, expected in ((lambda e, f: (e.shutdown(), f.shutdown(True)), ("ShutDown", "ShutDown", None)),
                              (lambda e, f: (symplast.delete(e), symplast.delete(f)), ("DeletedError",) * 3),
                              (lambda e, f: pool.delete(), ("DeletedError",) * 3)):
            pool = symplast.Pool("waited at")
            with pool.allocating():
                empty, full = symplast.Queue(), symplast.Queue(1)
            full.put(1)
            futures = [executor.submit(tasks.get, empty), executor.submit(tasks.put, full, 2), executor.submit(tasks.join, full)]
            waiting(empty)
            waiting(full, 2)
            act(empty, full)
            self.assertEqual(tuple(future.result(30) for future in futures), expected)
            if not pool.deleted:
                pool.delete()

    def test_timeouts_of_workers(self):
        executor = self.executor(1)
        q = symplast.Queue(1)
        self.assertEqual(executor.submit(tasks.get, q, True, 0.01).result(), "Empty")
        q.put(1)
        self.assertEqual(executor.submit(tasks.put, q, 2, True, 0.01).result(), "Full")
        self.assertEqual(q.qsize(), 1)

    def test_workers_that_end_while_a_thread_waits(self):
        q = symplast.Queue()
        with symplast.InterpreterPoolExecutor(1) as executor:
            executor.submit(tasks.get, q, True, 0.01).result()
            executor.submit(tasks.put, q, "left").result()
        # What an interpreter has put stays when that has ended.
        self.assertEqual(q.get(timeout=10), "left")
        q.put("after")
        self.assertEqual(q.get(timeout=10), "after")

    def test_threads_of_several_interpreters(self):
        executor = self.executor(2)
        q, results = symplast.Queue(3), symplast.List()
        workers = [executor.submit(tasks.threads_get, q, results, 3) for _ in range(2)]
        for i in range(1000):
            q.put(i)
        q.shutdown()
        for worker in workers:
            worker.result()
        self.assertEqual(sorted(results), list(range(1000)))


class ProcessTests(unittest.TestCase):
    """In processes of their own."""

    def test_ctrl_c_ends_a_wait_and_loses_nothing(self):
        executor_case.run("""
            import os, signal, threading, time
            import symplast
            signal.signal(signal.SIGINT, signal.default_int_handler)
            q, full = symplast.Queue(), symplast.Queue(1)
            full.put(1)
            main = threading.main_thread().ident
            def interrupt():
                time.sleep(0.1)
                signal.pthread_kill(main, signal.SIGINT)
            for wait in (q.get, lambda: q.get(timeout=50), lambda: full.put(2), full.join, lambda: next(q)):
                threading.Thread(target=interrupt).start()
                start = time.monotonic()
                try:
                    wait()
                except KeyboardInterrupt:
                    assert time.monotonic() - start < 20
                else:
                    raise AssertionError
            assert full.qsize() == 1 and q.qsize() == 0
            q.put(5)
            assert q.get(timeout=10) == 5
        """)

    def test_a_signal_handler_may_use_the_queue_that_is_waited_at(self):
        executor_case.run("""
            import signal
            import symplast
            q = symplast.Queue()
            signal.signal(signal.SIGALRM, lambda *_: q.put("from the handler"))
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            assert q.get() == "from the handler"
        """)

    def test_elements_under_a_storm_of_signals_that_raise(self):
        # list.extend() takes one element after the other in C, so that only get() itself could lose one.
        executor_case.run("""
            import signal, threading
            import symplast

            class Hit(Exception): pass

            def handler(*_):
                if armed:
                    raise Hit

            armed = False
            signal.signal(signal.SIGALRM, handler)
            q, count, got, hits = symplast.Queue(5), 20000, [], 0

            def feed():
                for i in range(count):
                    q.put(i)
                q.shutdown()

            feeder = threading.Thread(target=feed)
            feeder.start()
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0007)
            while not q.is_shutdown or not q.empty():
                try:
                    armed = True
                    got.extend(q)
                    armed = False
                except Hit:
                    armed = False
                    hits += 1
            feeder.join()
            assert got == list(range(count)), (hits, len(got))
            signal.setitimer(signal.ITIMER_REAL, 0)
        """)

    def test_a_forked_child_is_refused(self):
        executor_case.run("""
            import os, warnings
            warnings.simplefilter("ignore")
            import symplast
            q = symplast.Queue(1)
            q.put(1)
            child = os.fork()
            if child == 0:
                refused = 0
                for call in (q.get, lambda: q.put(2), q.get_nowait, q.join, q.qsize, q.shutdown, symplast.Queue):
                    try:
                        call()
                    except RuntimeError:
                        refused += 1
                os._exit(refused)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            assert q.get() == 1
        """)

    def test_a_program_ends_while_daemon_threads_wait(self):
        executor_case.run("""
            import threading
            import symplast
            import live_queue_tasks as tasks
            q = symplast.Queue()
            executor = symplast.InterpreterPoolExecutor(1)
            executor.submit(tasks.wait_in_thread, q).result()
            for _ in range(3):
                threading.Thread(target=q.get, daemon=True).start()
            print("ended")
        """)


if __name__ == "__main__":
    unittest.main()
