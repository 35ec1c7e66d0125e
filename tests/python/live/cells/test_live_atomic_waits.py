"""AtomicInt.wait and AtomicRef.wait."""

import concurrent.futures
import signal
import threading
import time
import unittest

import symplast

import cell_waits
import executor_case
import lock_waits
from lock_waits import Waiter


class Integers(executor_case.ExecutorCase):
    def test_returns_at_once_if_the_integer_is_another(self):
        number = symplast.AtomicInt(5)
        self.assertEqual((number.wait(4), number.wait(6, 0), number.wait(value=-1, timeout=-3), number.wait(True)), (5, 5, 5, 5))
        large = symplast.AtomicInt(2**63 - 1)
        self.assertEqual(large.wait(2**62), 2**63 - 1)

    def test_each_change_wakes(self):
        changes = {
            "add": lambda n: n.add(2), "add much": lambda n: n.add(2**62), "add nearly all": lambda n: n.add(2**63 - 6),
            "exchange": lambda n: n.exchange(-1), "exchange for a large one": lambda n: n.exchange(-(2**63)),
            "compare_exchange": lambda n: n.compare_exchange(5, 6), "value": lambda n: setattr(n, "value", 7),
        }
        for name, change in changes.items():
            with self.subTest(name):
                number = symplast.AtomicInt(5)
                waiter = Waiter(number.wait, 5)
                waiter.await_sleep()
                change(number)
                self.assertEqual(waiter.end(), number.value)

    def test_changes_of_a_large_integer_wake(self):
        most = 2**63 - 1
        for change in (lambda n: n.add(-1), lambda n: n.exchange(0), lambda n: n.compare_exchange(most, most - 2)):
            number = symplast.AtomicInt(most)
            waiter = Waiter(number.wait, most)
            waiter.await_sleep()
            change(number)
            self.assertEqual(waiter.end(), number.value)

    def test_what_changes_nothing_does_not_end_the_wait(self):
        number = symplast.AtomicInt(5)
        waiter = Waiter(number.wait, 5)
        waiter.await_sleep()
        number.exchange(5)
        number.compare_exchange(4, 9)
        number.add(0)
        waiter.await_sleep()
        number.add(1)
        self.assertEqual(waiter.end(), 6)

    def test_times_out(self):
        number = symplast.AtomicInt(5)
        for timeout in (0, -1, 0.01, 1e-9):
            start = time.monotonic()
            with self.assertRaisesRegex(TimeoutError, "the AtomicInt did not change in time"):
                number.wait(5, timeout)
            self.assertGreaterEqual(time.monotonic() - start, timeout)
        number.add(1)
        self.assertEqual(number.wait(5, None), 6)

    def test_wrong_arguments(self):
        number = symplast.AtomicInt(5)
        for arguments in ((), ("5",), (5.0,), (None,), (5, "1"), (5, 1, 2)):
            with self.assertRaises(TypeError, msg=arguments):
                number.wait(*arguments)
        with self.assertRaises(TypeError):
            number.wait(5, blocking=True)
        for timeout, error in ((float("nan"), ValueError), (1e30, OverflowError)):
            with self.assertRaises(error):
                number.wait(5, timeout)
        with self.assertRaises(OverflowError):
            number.wait(2**63)

    def test_other_interpreters_wake_and_are_woken(self):
        number = symplast.AtomicInt()
        with symplast.InterpreterPoolExecutor(2) as executor:
            future = executor.submit(cell_waits.await_int, number, 0)
            waiter = Waiter(number.wait, 0)
            waiter.await_sleep()
            executor.submit(cell_waits.set_int, number, 3).result()
            self.assertEqual((waiter.end(), future.result()), (3, 3))

    def test_a_change_wakes_a_hundred(self):
        number = symplast.AtomicInt()
        waiters = [Waiter(number.wait, 0) for _ in range(100)]
        for waiter in waiters[::20]:
            waiter.await_sleep()
        number.add(1)
        self.assertEqual([waiter.end() for waiter in waiters], [1] * 100)

    def test_deletion_ends_the_wait(self):
        number = symplast.AtomicInt()
        waiters = [Waiter(number.wait, 0) for _ in range(3)]
        for waiter in waiters:
            waiter.await_sleep()
        symplast.delete(number)
        for waiter in waiters:
            with self.assertRaises(symplast.DeletedError):
                waiter.end()
        with self.assertRaises(symplast.DeletedError):
            number.wait(0)

    def test_deletion_of_the_pool_ends_the_wait(self):
        pool = symplast.Pool("waits")
        with pool.allocating():
            number, place = symplast.AtomicInt(), symplast.AtomicRef("a")
        waiters = [Waiter(number.wait, 0), Waiter(place.wait, "a")]
        for waiter in waiters:
            waiter.await_sleep()
        pool.delete()
        for waiter in waiters:
            with self.assertRaises(symplast.DeletedError):
                waiter.end()

    def test_ctrl_c_ends_the_wait(self):
        lock_waits.handle_interrupts(self)
        for shared, old in ((symplast.AtomicInt(), 0), (symplast.AtomicRef(), None)):
            main = threading.main_thread()

            def interrupt():
                while not lock_waits.sleeps(main):
                    time.sleep(0.01)
                signal.pthread_kill(main.ident, signal.SIGINT)

            sender = threading.Thread(target=interrupt)
            sender.start()
            with self.assertRaises(KeyboardInterrupt):
                shared.wait(old)
            sender.join()

    def test_an_interrupt_ends_the_wait_of_a_task(self):
        begun = symplast.Semaphore(0)
        for shared, old in ((symplast.AtomicInt(), 0), (symplast.AtomicRef(), None)):
            with symplast.InterpreterPoolExecutor(1) as executor:
                future = executor.submit(cell_waits.await_and_tell, shared, old, begun)
                begun.acquire()
                self.assertTrue(future.interrupt())
                with self.assertRaises(concurrent.futures.CancelledError):
                    future.result(timeout=60)

    def test_daemon_threads_that_wait_end_with_their_worker(self):
        number, begun, ended = symplast.AtomicInt(), symplast.Semaphore(0), symplast.Semaphore(0)
        with symplast.InterpreterPoolExecutor(1) as executor:
            executor.submit(cell_waits.await_as_daemon, number, 0, begun, ended).result()
        self.assertTrue(ended.acquire(timeout=60))
        number.add(1)
        self.assertEqual(number.wait(0), 1)

    def test_a_killed_worker_leaves_its_wait(self):
        number, begun = symplast.AtomicInt(), symplast.Semaphore(0)
        executor = symplast.InterpreterPoolExecutor(1)
        executor.submit(cell_waits.await_and_tell, number, 0, begun)
        begun.acquire()
        executor.kill_workers()
        waiter = Waiter(number.wait, 0)
        waiter.await_sleep()
        number.add(1)
        self.assertEqual(waiter.end(), 1)
        executor.shutdown()

    def test_no_wake_is_lost(self):
        number, players, rounds = symplast.AtomicInt(), 4, 8000
        with symplast.InterpreterPoolExecutor(2) as executor:
            futures = [executor.submit(cell_waits.pass_on, number, me, players, rounds) for me in range(2)]
            waiters = [Waiter(cell_waits.pass_on, number, me, players, rounds) for me in range(2, 4)]
            self.assertEqual([future.result() for future in futures] + [waiter.end() for waiter in waiters], [rounds] * players)


class References(executor_case.ExecutorCase):
    def test_returns_at_once_if_the_value_is_another(self):
        d = symplast.Dict()
        place = symplast.AtomicRef(d)
        self.assertIs(place.wait(None), d)
        # Live objects are compared by identity, as compare_exchange does.
        self.assertIs(place.wait(symplast.Dict(), 0), d)
        self.assertIs(place.wait(old={}, timeout=0), d)
        with self.assertRaises(TimeoutError):
            place.wait(d, 0)

    def test_what_equals_the_old_value_is_not_another(self):
        for value, equal in (("text", "te" + "xt"), (1, 1.0), (True, 1), ((1, "x"), (1.0, "x")), (2**70, 2**70), (b"b", b"b")):
            place = symplast.AtomicRef(value)
            with self.assertRaisesRegex(TimeoutError, "the AtomicRef did not change in time"):
                place.wait(equal, 0.001)

    def test_each_change_wakes(self):
        changes = (lambda p: p.exchange("b"), lambda p: p.compare_exchange("a", ("b", 1)),
                   lambda p: setattr(p, "value", symplast.List([1])))
        for change in changes:
            place = symplast.AtomicRef("a")
            waiter = Waiter(place.wait, "a")
            waiter.await_sleep()
            change(place)
            self.assertEqual(waiter.end(), place.value)

    def test_wrong_arguments(self):
        place = symplast.AtomicRef(1)
        for arguments in ((), (1, "1"), (1, 1, 2), (object(),)):
            with self.assertRaises(TypeError, msg=arguments):
                place.wait(*arguments)
        with self.assertRaises(ValueError):
            place.wait(1, float("nan"))

    def test_deletion_ends_the_wait(self):
        place = symplast.AtomicRef("a")
        waiter = Waiter(place.wait, "a")
        waiter.await_sleep()
        symplast.delete(place)
        with self.assertRaises(symplast.DeletedError):
            waiter.end()

    def test_other_interpreters_wake_and_are_woken(self):
        place = symplast.AtomicRef()
        with symplast.InterpreterPoolExecutor(2) as executor:
            future = executor.submit(cell_waits.await_ref, place, None)
            waiter = Waiter(place.wait, None)
            waiter.await_sleep()
            executor.submit(cell_waits.set_ref, place, {"k": 1}).result()
            self.assertIs(waiter.end(), place.value)
            self.assertIs(future.result(), place.value)

    def test_the_value_seen_is_kept_alive(self):
        place = symplast.AtomicRef()
        waiter = Waiter(place.wait, None)
        waiter.await_sleep()
        place.value = [1, 2]
        seen = waiter.end()
        place.value = None
        self.assertEqual(seen, [1, 2])

    def test_no_wake_is_lost(self):
        place, rounds = symplast.AtomicRef("0"), 6000
        with symplast.InterpreterPoolExecutor(1) as executor:
            future = executor.submit(cell_waits.pass_ref_on, place, 0, rounds)
            cell_waits.pass_ref_on(place, 1, rounds)
            future.result()
        self.assertEqual(place.value, str(rounds))


if __name__ == "__main__":
    unittest.main()
