"""symplast.Condition and Barrier between threads and interpreters."""

import concurrent.futures
import gc
import signal
import threading
import time
import unittest

import symplast

import executor_case
import lock_waits


def produce(condition, numbers, count):
    for number in range(count):
        with condition:
            numbers.append(number)
            condition.notify()


def consume(condition, numbers, count):
    taken = []
    while len(taken) < count:
        with condition:
            condition.wait_for(lambda: len(numbers))
            taken.append(numbers.pop(0))
    return taken


def wait_once(condition, waiting):
    with condition:
        waiting.add(1)
        return condition.wait(60)


def wait_and_look(condition, waiting, inside, seen):
    """Notes whether another one is inside the lock when the wait ends, by whatever."""
    with condition:
        waiting.add(1)
        try:
            condition.wait(60)
        finally:
            seen.append(inside.value)


def take_over(lock):
    lock.release()
    lock.acquire()


def pass_often(barrier, counts, times):
    """Each thread counts before it waits, so that after each wait all have counted as often."""
    seen = []
    for _ in range(times):
        counts.add(1)
        barrier.wait(60)
        seen.append(counts.value)
        barrier.wait(60)
    return seen


def count_up(numbers):
    numbers.add(1)


class CountUp:
    """An action that can be pickled."""

    def __init__(self, number):
        self.number = number

    def __call__(self):
        self.number.add(1)


class Conditions(executor_case.ExecutorCase):
    def test_a_wait_that_is_interrupted_takes_the_lock_again(self):
        for make in (symplast.Lock, symplast.RLock):
            with self.subTest(make), symplast.InterpreterPoolExecutor(1) as executor:
                condition, seen = symplast.Condition(make()), symplast.List()
                waiting, inside = symplast.AtomicInt(), symplast.AtomicInt()
                future = executor.submit(wait_and_look, condition, waiting, inside, seen)
                while not waiting.value:
                    time.sleep(0.001)
                with condition:
                    inside.value = 1
                    condition.notify()
                    time.sleep(0.05)
                    # The waiter waits for the lock now.
                    future.interrupt()
                    time.sleep(0.1)
                    self.assertEqual(list(seen), [])
                    inside.value = 0
                concurrent.futures.wait([future])
                self.assertEqual(list(seen), [0])
                self.assertFalse(condition.locked())

    def test_the_end_of_a_block_releases_only_what_the_interpreter_holds(self):
        for wrap in (lambda lock: lock, symplast.Condition):
            with self.subTest(wrap), symplast.InterpreterPoolExecutor(1) as executor:
                lock = symplast.Lock()
                block = wrap(lock)
                block.__enter__()
                executor.submit(take_over, lock).result()
                with self.assertRaisesRegex(RuntimeError, "release unlocked lock"):
                    block.__exit__(None, None, None)
                # What ended the block is more important.
                self.assertIsNone(block.__exit__(ValueError, ValueError(), None))
                self.assertTrue(lock.locked())
                # As in threading, release() is for any thread.
                lock.release()
                self.assertFalse(lock.locked())

    def test_producers_and_consumers_in_all_interpreters(self):
        executor = self.executor(3)
        for lock in (None, symplast.Lock(), symplast.RLock()):
            condition, numbers = symplast.Condition(lock), symplast.List()
            consumers = [executor.submit(consume, condition, numbers, 300) for _ in range(2)]
            producer = executor.submit(produce, condition, numbers, 300)
            produce(condition, numbers, 300)
            producer.result()
            taken = sorted(number for consumer in consumers for number in consumer.result())
            self.assertEqual(taken, sorted([*range(300)] * 2))

    def test_notify_wakes_as_many_as_it_says(self):
        condition, waiting = symplast.Condition(), symplast.AtomicInt()
        waiters = [lock_waits.Waiter(wait_once, condition, waiting) for _ in range(5)]
        for waiter in waiters:
            waiter.await_sleep()
        self.assertIn(", 5)>", repr(condition))
        with condition:
            condition.notify(0)
            condition.notify(2)
        while sum(waiter.is_alive() for waiter in waiters) > 3:
            time.sleep(0.001)
        self.assertIn(", 3)>", repr(condition))
        with condition:
            condition.notify_all()
        self.assertEqual([waiter.end() for waiter in waiters], [True] * 5)

    def test_the_depth_of_the_lock_is_restored(self):
        lock = symplast.RLock()
        condition = symplast.Condition(lock)
        with lock, condition, lock:
            self.assertFalse(condition.wait(0.01))
            self.assertEqual(lock._recursion_count(), 3)
        self.assertFalse(lock.locked())

    def test_the_lock_must_be_held(self):
        for lock in (symplast.Lock(), symplast.RLock()):
            condition = symplast.Condition(lock)
            for call in (condition.wait, condition.notify, condition.notify_all, lambda: condition.wait_for(lambda: False)):
                with self.assertRaisesRegex(RuntimeError, "un-acquired lock"):
                    call()
        with symplast.Condition() as held:
            self.assertIs(held, True)

    def test_arguments(self):
        condition = symplast.Condition()
        with self.assertRaisesRegex(TypeError, "a Condition takes a symplast.Lock or symplast.RLock, not lock"):
            symplast.Condition(threading.Lock())
        with condition:
            for call in (condition.wait, lambda timeout: condition.wait_for(lambda: False, timeout)):
                with self.assertRaises(ValueError):
                    call(float("nan"))
            with self.assertRaises(ZeroDivisionError):
                condition.wait_for(lambda: 1 / 0)
            self.assertEqual(condition.wait_for(lambda: "result"), "result")
            self.assertEqual(condition.wait_for(lambda: [], timeout=0.01), [])
            self.assertFalse(condition.wait(-1))

    def test_an_interrupt_ends_the_wait_and_the_lock_is_held_again(self):
        lock_waits.handle_interrupts(self)
        condition = symplast.Condition()
        main = threading.main_thread()

        def interrupt():
            lock_waits.Waiter.await_sleep(main)
            signal.pthread_kill(main.ident, signal.SIGINT)

        waiter = lock_waits.Waiter(interrupt)
        with condition:
            with self.assertRaises(KeyboardInterrupt):
                condition.wait()
            self.assertTrue(condition.locked())
        waiter.end()
        self.assertFalse(condition.locked())

    def test_deletion_ends_the_wait(self):
        pool = symplast.Pool("conditions")
        with pool.allocating():
            of_pool = symplast.Condition()
        for condition, delete in ((symplast.Condition(symplast.Lock()), symplast.delete), (of_pool, lambda _: pool.delete())):
            waiters = [lock_waits.Waiter(wait_once, condition, symplast.AtomicInt()) for _ in range(2)]
            for waiter in waiters:
                waiter.await_sleep()
            delete(condition)
            for waiter in waiters:
                with self.assertRaises(symplast.DeletedError):
                    waiter.end()

    def test_who_waits_learns_that_the_owner_of_the_lock_ended(self):
        lock, waiting = symplast.Lock(), symplast.AtomicInt()
        condition = symplast.Condition(lock)
        waiter = lock_waits.Waiter(wait_once, condition, waiting)
        waiter.await_sleep()
        with symplast.InterpreterPoolExecutor(1) as executor:
            executor.submit(notify_and_forget, condition).result()
            waiter.await_sleep()
        with self.assertRaisesRegex(symplast.AbandonedError, "this thread holds it now"):
            waiter.end()
        self.assertFalse(lock.locked())

    def test_the_lock_lives_as_long_as_its_condition(self):
        condition = symplast.Condition(symplast.Lock())
        place = symplast.AtomicRef(condition)
        del condition
        gc.collect()
        with place.value:
            self.assertTrue(place.value.locked())


def notify_and_forget(condition):
    condition.acquire()
    condition.notify()


class Barriers(executor_case.ExecutorCase):
    def test_all_pass_together_in_all_interpreters(self):
        executor = self.executor(2)
        barrier, counts = symplast.Barrier(3), symplast.AtomicInt()
        futures = [executor.submit(pass_often, barrier, counts, 50) for _ in range(2)]
        expected = [3 * (time + 1) for time in range(50)]
        self.assertEqual(pass_often(barrier, counts, 50), expected)
        self.assertEqual([future.result() for future in futures], [expected] * 2)
        self.assertEqual((barrier.parties, barrier.n_waiting, barrier.broken), (3, 0, False))

    def test_the_last_one_runs_the_action_in_any_interpreter(self):
        numbers = symplast.AtomicInt()
        barrier = symplast.Barrier(2, CountUp(numbers))
        executor = self.executor(1)
        for turn in range(1, 4):
            waiter = lock_waits.Waiter(barrier.wait)
            waiter.await_sleep()
            executor.submit(barrier.wait).result()
            waiter.end()
            self.assertEqual(numbers.value, turn)

    def test_an_action_that_only_one_interpreter_has(self):
        seen = []
        barrier = symplast.Barrier(1, lambda: seen.append(1))
        barrier.wait()
        self.assertEqual(seen, [1])
        with self.assertRaisesRegex(symplast.NotShareableError, "use a function of a module"):
            self.executor(1).submit(barrier.wait).result()
        self.assertTrue(barrier.broken)

    def test_an_action_that_fails_breaks_the_barrier(self):
        barrier = symplast.Barrier(2, lambda: 1 / 0)
        waiter = lock_waits.Waiter(barrier.wait)
        waiter.await_sleep()
        with self.assertRaises(ZeroDivisionError):
            barrier.wait()
        with self.assertRaises(symplast.BrokenBarrierError):
            waiter.end()

    def test_a_timeout_or_an_interrupt_breaks_it(self):
        lock_waits.handle_interrupts(self)
        main = threading.main_thread()

        def interrupt():
            lock_waits.Waiter.await_sleep(main)
            signal.pthread_kill(main.ident, signal.SIGINT)

        for error, timeout in ((threading.BrokenBarrierError, 0.05), (KeyboardInterrupt, None)):
            barrier = symplast.Barrier(3)
            waiter = lock_waits.Waiter(barrier.wait)
            waiter.await_sleep()
            interrupter = None if timeout else lock_waits.Waiter(interrupt)
            with self.assertRaises(error):
                barrier.wait(timeout)
            with self.assertRaises(threading.BrokenBarrierError):
                waiter.end()
            with self.assertRaises(threading.BrokenBarrierError):
                barrier.wait()
            if interrupter is not None:
                interrupter.end()
            barrier.reset()
            self.assertFalse(barrier.broken)

    def test_deletion_ends_the_wait(self):
        barrier = symplast.Barrier(2)
        waiter = lock_waits.Waiter(barrier.wait)
        waiter.await_sleep()
        symplast.delete(barrier)
        with self.assertRaises(symplast.DeletedError):
            waiter.end()

    def test_arguments(self):
        self.assertEqual(symplast.Barrier(parties=2, timeout=1.5, action=None).parties, 2)
        for wrong, error in (((), TypeError), ((0,), ValueError), (("2",), TypeError), ((2, 5), TypeError),
                             ((2, None, "1"), TypeError), ((1, None, 1, 1), TypeError)):
            with self.assertRaises(error):
                symplast.Barrier(*wrong)
        with self.assertRaises(TypeError):
            symplast.Barrier(2, wait=1)
