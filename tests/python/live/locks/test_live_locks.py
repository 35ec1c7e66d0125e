"""symplast.Lock and RLock between threads and interpreters."""

import gc
import pickle
import signal
import threading
import time
import unittest
import warnings

import symplast

import executor_case
import lock_waits
import subinterpreters

LOCKS = symplast.Lock, symplast.RLock


class Locks(executor_case.ExecutorCase):
    def test_one_holds_it_at_a_time_in_all_interpreters(self):
        executor = self.executor(2)
        for make in LOCKS:
            with self.subTest(make.__name__):
                lock, numbers = make(), symplast.Dict(n=0)
                futures = [executor.submit(lock_waits.add_under_lock, lock, numbers, 2000) for _ in range(3)]
                lock_waits.add_under_lock(lock, numbers, 2000)
                for future in futures:
                    future.result()
                self.assertEqual(numbers["n"], 8000)
                self.assertFalse(lock.locked())

    def test_a_lock_that_a_worker_holds_is_seen_by_all(self):
        executor = self.executor(1)
        held, go = symplast.Event(), symplast.Event()
        for make in LOCKS:
            lock = make()
            future = executor.submit(lock_waits.hold_and_wait, lock, held, go)
            held.wait()
            self.assertTrue(lock.locked())
            self.assertIn("owner=interpreter ", repr(lock))
            self.assertFalse(lock.acquire(blocking=False))
            start = time.monotonic()
            self.assertFalse(lock.acquire(timeout=0.05))
            self.assertGreaterEqual(time.monotonic() - start, 0.05)
            waiter = lock_waits.Waiter(lock.acquire)
            waiter.await_sleep()
            go.set()
            self.assertIs(waiter.end(), True)
            future.result()
            held.clear()
            go.clear()

    def test_a_lock_may_be_released_by_another_interpreter(self):
        lock = symplast.Lock()
        lock.acquire()
        waiter = lock_waits.Waiter(lock.acquire)
        waiter.await_sleep()
        self.executor(1).submit(lock.release).result()
        self.assertIs(waiter.end(), True)

    def test_a_reentrant_lock_may_not_be_released_by_another_thread(self):
        lock = symplast.RLock()
        with lock:
            with self.assertRaisesRegex(RuntimeError, "cannot release un-acquired lock"):
                lock_waits.Waiter(lock.release).end()
            with self.assertRaisesRegex(RuntimeError, "cannot release un-acquired lock"):
                self.executor(1).submit(lock.release).result()
            self.assertTrue(lock.locked())
        with self.assertRaisesRegex(RuntimeError, "release unlocked lock"):
            symplast.Lock().release()

    def test_stored_in_live_objects_and_found_again(self):
        for make in LOCKS:
            lock = make()
            places = symplast.Dict(lock=lock, list=symplast.List([lock]), ref=symplast.AtomicRef(lock))
            self.assertIs(places["lock"], lock)
            self.assertIs(places["list"][0], lock)
            self.assertIs(places["ref"].value, lock)
            self.assertIs(pickle.loads(pickle.dumps(lock)), lock)
            with places["lock"]:
                self.assertTrue(lock.locked())
                del lock, places["list"], places["ref"]
                gc.collect()
                self.assertTrue(places["lock"].locked())
            self.assertTrue(symplast.is_shared(places["lock"]))
            with self.assertRaisesRegex(TypeError, f"{make.__name__}"):
                symplast.freeze([places["lock"]])

    def test_with_threading_condition(self):
        for make in LOCKS:
            condition = threading.Condition(make())
            ready = []

            def wait():
                with condition:
                    return condition.wait_for(lambda: ready, timeout=60)

            waiter = lock_waits.Waiter(wait)
            with condition:
                ready.append(True)
                condition.notify()
            self.assertTrue(waiter.end())

    def test_arguments(self):
        for make in LOCKS:
            lock = make()
            for wrong, error in (((False, 1), ValueError), ((True, -2), ValueError), ((True, float("nan")), ValueError),
                                 ((True, 1e100), OverflowError), ((True, "1"), TypeError), ((True, None), TypeError),
                                 ((True, 1, 2), TypeError)):
                with self.assertRaises(error):
                    lock.acquire(*wrong)
            with self.assertRaises(TypeError):
                lock.acquire(wait=True)
            self.assertFalse(lock.locked())
            self.assertIs(lock.acquire(True, timeout=-1), True)


class Waiting(executor_case.ExecutorCase):
    def test_who_waits_uses_no_processor(self):
        lock, event, semaphore = symplast.Lock(), symplast.Event(), symplast.Semaphore(0)
        lock.acquire()
        waiters = [lock_waits.Waiter(call) for call in (lock.acquire, event.wait, semaphore.acquire)]
        waiters.append(lock_waits.Waiter(lambda: lock.acquire(timeout=3600)))
        before = [waiter.await_sleep() for waiter in waiters]
        time.sleep(0.5)
        self.assertEqual([lock_waits.switches(waiter) for waiter in waiters], before)
        event.set()
        semaphore.release()
        self.assertTrue(waiters[1].end() and waiters[2].end())
        # Whoever gets the lock first leaves it held.
        lock.release()
        while waiters[0].is_alive() == waiters[3].is_alive():
            time.sleep(0.001)
        lock.release()
        self.assertTrue(waiters[0].end() and waiters[3].end())

    def test_an_interrupt_ends_the_wait_at_once(self):
        lock_waits.handle_interrupts(self)
        lock = symplast.Lock()
        lock.acquire()
        calls = (lock.acquire, lambda: lock.acquire(timeout=3600), symplast.Event().wait, symplast.Semaphore(0).acquire)
        for call in calls:
            main = threading.main_thread()

            def interrupt():
                lock_waits.Waiter.await_sleep(main)
                signal.pthread_kill(main.ident, signal.SIGINT)

            waiter = lock_waits.Waiter(interrupt)
            with self.assertRaises(KeyboardInterrupt):
                call()
            waiter.end()
        lock.release()
        self.assertTrue(lock.acquire(timeout=10))

    def test_signal_handlers_run_while_one_waits(self):
        seen = []
        old = signal.signal(signal.SIGUSR1, lambda *_: seen.append(event.set()))
        self.addCleanup(signal.signal, signal.SIGUSR1, old)
        event = symplast.Event()
        main = threading.main_thread()

        def send():
            lock_waits.Waiter.await_sleep(main)
            signal.pthread_kill(main.ident, signal.SIGUSR1)

        waiter = lock_waits.Waiter(send)
        self.assertTrue(event.wait())
        waiter.end()
        self.assertEqual(seen, [None])

    def test_who_gives_up_passes_the_wake_on(self):
        lock = symplast.Lock()
        for _ in range(200):
            lock.acquire()
            waiters = [lock_waits.Waiter(lock.acquire, True, 0.001), lock_waits.Waiter(lock.acquire)]
            time.sleep(0.001)
            lock.release()
            if waiters[0].end():
                lock.release()
            self.assertTrue(waiters[1].end())
            lock.release()


class Deletion(executor_case.ExecutorCase):
    def calls(self):
        lock = symplast.Lock()
        lock.acquire()
        event, semaphore, bounded = symplast.Event(), symplast.Semaphore(0), symplast.BoundedSemaphore(0)
        return (lock, lock.acquire), (event, event.wait), (semaphore, semaphore.acquire), (bounded, bounded.acquire)

    def test_deleting_an_object_ends_all_waits_for_it(self):
        for shared, call in self.calls():
            with self.subTest(type(shared).__name__):
                waiters = [lock_waits.Waiter(call) for _ in range(3)]
                for waiter in waiters:
                    waiter.await_sleep()
                symplast.delete(shared)
                for waiter in waiters:
                    with self.assertRaises(symplast.DeletedError):
                        waiter.end()
                with self.assertRaises(symplast.DeletedError):
                    call()
                with self.assertRaises(symplast.DeletedError):
                    symplast.delete(shared)
                self.assertIn("deleted", repr(shared))

    def test_deleting_the_pool_ends_all_waits_for_its_objects(self):
        pool = symplast.Pool("locks")
        with pool.allocating():
            calls = self.calls()
        waiters = [lock_waits.Waiter(call) for _, call in calls]
        for waiter in waiters:
            waiter.await_sleep()
        pool.delete()
        for waiter in waiters:
            with self.assertRaises(symplast.DeletedError):
                waiter.end()


class Abandonment(executor_case.ExecutorCase):
    def test_the_next_owner_learns_once_that_an_interpreter_ended_with_the_lock(self):
        for make in LOCKS:
            with self.subTest(make.__name__):
                lock = make()
                with symplast.InterpreterPoolExecutor(1) as executor:
                    executor.submit(lock_waits.hold, lock).result()
                    self.assertTrue(lock.locked())
                    waiters = [lock_waits.Waiter(lock_waits.try_lock_for_ever, lock) for _ in range(3)]
                    for waiter in waiters:
                        waiter.await_sleep()
                results = sorted(str(waiter.end()) for waiter in waiters)
                self.assertEqual(results, ["True", "True", "abandoned"])
                self.assertFalse(lock.locked())
                with lock:
                    pass

    def test_a_with_block_is_not_entered(self):
        lock = symplast.Lock()
        with subinterpreters.Interpreter() as interpreter:
            interpreter.run(f"{lock_waits.load(lock)}.acquire()")
        self.assertFalse(lock.locked())
        with self.assertRaisesRegex(symplast.AbandonedError, "the owner of this Lock ended without releasing it"):
            with lock:
                self.fail("entered")
        self.assertFalse(lock.locked())
        with lock:
            self.assertTrue(lock.locked())

    def test_the_next_owner_learns_that_a_thread_ended_with_a_reentrant_lock(self):
        lock = symplast.RLock()
        go = symplast.Event()
        holder = lock_waits.Waiter(lambda: lock.acquire() and lock.acquire() and go.wait())
        while not lock.locked():
            time.sleep(0.001)
        waiter = lock_waits.Waiter(lock.acquire)
        waiter.await_sleep()
        go.set()
        holder.end()
        with self.assertRaises(symplast.AbandonedError):
            waiter.end()
        self.assertTrue(lock.acquire(blocking=False))
        lock.release()
        self.assertFalse(lock.locked())

    def test_a_lock_of_an_ended_thread_stays_held(self):
        lock = symplast.Lock()
        self.assertTrue(lock_waits.Waiter(lock.acquire).end())
        self.assertFalse(lock.acquire(timeout=0.01))
        lock.release()

    def test_an_interpreter_that_cannot_end_gives_its_locks_up(self):
        for make in LOCKS:
            lock, other = make(), make()
            with other:
                with warnings.catch_warnings(), symplast.InterpreterPoolExecutor(1) as executor:
                    warnings.simplefilter("ignore")
                    executor.submit(lock_waits.hold_and_leave_a_thread, lock, other).result()
                    waiter = lock_waits.Waiter(lock.acquire)
                    waiter.await_sleep()
                with self.assertRaises(symplast.AbandonedError):
                    waiter.end()
            self.assertTrue(lock.acquire(timeout=60))
            self.assertTrue(other.acquire(timeout=60))

    def test_an_abandoned_lock_may_be_released_before_anyone_noticed(self):
        lock = symplast.Lock()
        with subinterpreters.Interpreter() as interpreter:
            interpreter.run(f"{lock_waits.load(lock)}.acquire()")
        lock.release()
        self.assertTrue(lock.acquire(blocking=False))

    def test_threads_that_end_are_told_apart_from_those_that_follow(self):
        # Each thread gets the identity, and often the thread state's address, of the one before.
        for _ in range(50):
            lock = symplast.RLock()
            self.assertTrue(lock_waits.Waiter(lock.acquire).end())
            self.assertEqual(lock_waits.Waiter(lock_waits.try_lock, lock).end(), "abandoned")
            self.assertIs(lock_waits.Waiter(lock_waits.try_lock, lock).end(), True)


class OtherProcesses(executor_case.ExecutorCase):
    def test_a_forked_child_is_refused(self):
        executor_case.run("""
            import os, symplast
            shared = (symplast.Lock(), symplast.RLock(), symplast.Condition(), symplast.Event(), symplast.Semaphore(),
                      symplast.BoundedSemaphore(), symplast.Barrier(1))
            process = os.fork()
            if process == 0:
                for each in shared:
                    for name in ("acquire", "release", "wait", "locked", "set", "notify", "reset"):
                        try:
                            getattr(each, name, shared[0].acquire)()
                        except RuntimeError as error:
                            if "forked" not in str(error):
                                os._exit(1)
                        else:
                            os._exit(2)
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 7
            for each in shared:
                getattr(each, "acquire", lambda: None)()
            """)
