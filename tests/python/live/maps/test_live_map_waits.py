"""Dict.wait and SortedDict.wait."""

import concurrent.futures
import enum
import signal
import threading
import time
import unittest

import symplast

import executor_case
import lock_waits
import map_waits
from lock_waits import Waiter

MANY = [f"k{i}" for i in range(100)]


class Equal:
    """Equals whatever comes, and counts how often it was asked."""

    asked = 0

    def __eq__(self, other):
        self.asked += 1
        return True


class Failing:
    def __eq__(self, other):
        raise LookupError("compared")


class Maps:
    make = None

    def test_returns_at_once_if_the_key_is_there_or_the_value_is_another(self):
        d = self.make(a=1)
        inner = d["l"] = symplast.List([1])
        self.assertEqual((d.wait("a"), d.wait("a", 2), d.wait("a", timeout=0), d.wait("a", old=None, timeout=-1)), (1, 1, 1, 1))
        self.assertIs(d.wait("l"), inner)
        self.assertIs(d.wait("l", [2]), inner)

    def test_each_change_that_brings_a_key_wakes(self):
        changes = {
            "[]": lambda d: d.__setitem__("a", 1), "setdefault": lambda d: d.setdefault("a", "x"), "add": lambda d: d.add("a", 3),
            "update": lambda d: d.update({"b": 1, "a": 2}), "update by keywords": lambda d: d.update(a=1),
            "update with another live one": lambda d: d.update(self.make(a=4)), "|=": lambda d: d.__ior__({"a": 5}),
        }
        for name, change in changes.items():
            for first in ({}, {"z": 0}, dict.fromkeys(MANY, 1)):
                with self.subTest(name, entries=len(first)):
                    d = self.make(first)
                    waiter = Waiter(d.wait, "a")
                    waiter.await_sleep()
                    change(d)
                    self.assertEqual(waiter.end(), d["a"])

    def test_each_change_of_a_value_wakes(self):
        changes = {
            "[]": lambda d: d.__setitem__("a", 2), "a long text": lambda d: d.__setitem__("a", "x" * 1000),
            "a list": lambda d: d.__setitem__("a", [1]), "add": lambda d: d.add("a", 1), "add a float": lambda d: d.add("a", 1.5),
            "compare_exchange": lambda d: d.compare_exchange("a", 1, 2), "update": lambda d: d.update(a=2),
        }
        for name, change in changes.items():
            for more in ((), MANY):
                with self.subTest(name, more=len(more)):
                    d = self.make(dict.fromkeys(more, 1), a=1)
                    waiter = Waiter(d.wait, "a", 1)
                    waiter.await_sleep()
                    change(d)
                    self.assertEqual(waiter.end(), d["a"])

    def test_a_key_that_goes_ends_the_wait_for_another_value(self):
        changes = {
            "del": lambda d: d.__delitem__("a"), "pop": lambda d: d.pop("a"), "popitem": self.pop_all,
            "clear": lambda d: d.clear(),
        }
        for name, change in changes.items():
            for more in ((), MANY):
                with self.subTest(name, more=len(more)):
                    d = self.make(dict.fromkeys(more, 1), a=1)
                    waiter = Waiter(d.wait, "a", 1)
                    waiter.await_sleep()
                    change(d)
                    with self.assertRaisesRegex(KeyError, "a"):
                        waiter.end()
        with self.assertRaises(KeyError):
            d.wait("a", 1)

    def pop_all(self, d):
        while d:
            d.popitem()

    def test_what_does_not_concern_the_key_does_not_end_the_wait(self):
        d = self.make(b=1, c=1)
        waiter = Waiter(d.wait, "a")
        waiter.await_sleep()
        for i in range(200):
            d[f"n{i}"] = i
        d["b"] = 2
        d.clear()
        d["b"] = 3
        waiter.await_sleep()
        self.assertTrue(waiter.is_alive())
        d["a"] = 4
        self.assertEqual(waiter.end(), 4)

    def test_equal_values_are_the_old_one(self):
        d = self.make(a=1)
        waiter = Waiter(d.wait, "a", 1.0)
        waiter.await_sleep()
        d["a"] = True
        d["a"] = 1.0
        waiter.await_sleep()
        d["a"] = 2
        self.assertEqual(waiter.end(), 2)

    def test_comparison_is_pythons(self):
        d, equal = self.make(a=1), Equal()
        waiter = Waiter(d.wait, "a", equal)
        waiter.await_sleep()
        d["a"] = 2
        waiter.await_sleep()
        self.assertEqual(equal.asked, 2)
        del d["a"]
        with self.assertRaises(KeyError):
            waiter.end()
        d["a"] = "x"
        with self.assertRaisesRegex(LookupError, "compared"):
            d.wait("a", Failing())
        with self.assertRaises(TimeoutError):
            d.wait("a", "x", 0)
        d["l"] = [1, 2]
        with self.assertRaises(TimeoutError):
            d.wait("l", [1, 2], 0.01)

    def test_keys_of_all_kinds(self):
        for key, equal in ((1, 1.0), (1.5, 1.5), (2**80, 2**80), (-1, -1), ("ä", "ä"), ("x" * 100, "x" * 100), (b"b", b"b"),
                           ((1, "x"), (1.0, "x"))):
            with self.subTest(key):
                d = self.make()
                waiter = Waiter(d.wait, key)
                waiter.await_sleep()
                d[equal] = 5
                self.assertEqual(waiter.end(), 5)

    def test_filling_an_empty_one_wakes(self):
        for count in (1, 100):
            d = self.make()
            waiter = Waiter(d.wait, "k0")
            waiter.await_sleep()
            d.update(dict.fromkeys(MANY[:count], 7))
            self.assertEqual(waiter.end(), 7)

    def test_times_out(self):
        d = self.make(a=1)
        for arguments, message in ((("b",), r"d\['b'\] did not come in time"), (("a", 1), r"d\['a'\] did not change in time")):
            for timeout in (0, -1, 0.01, 1e-9):
                start = time.monotonic()
                with self.assertRaisesRegex(TimeoutError, message):
                    d.wait(*arguments, timeout=timeout)
                self.assertGreaterEqual(time.monotonic() - start, timeout)

    def test_wrong_arguments(self):
        d = self.make(a=1)
        for arguments, named in (((), {}), ((), {"key": "a"}), (("a", 1, 1, 1), {}), (("a", 1, "1"), {}), (([],), {}),
                                 ((object(),), {}), (("a",), {"value": 1})):
            with self.assertRaises(TypeError, msg=(arguments, named)):
                d.wait(*arguments, **named)
        for timeout, error in ((float("nan"), ValueError), (1e30, OverflowError)):
            with self.assertRaises(error):
                d.wait("a", timeout=timeout)

    def test_other_interpreters_wake_and_are_woken(self):
        d = self.make()
        with symplast.InterpreterPoolExecutor(2) as executor:
            future = executor.submit(map_waits.await_key, d, "a")
            waiter = Waiter(d.wait, "a")
            waiter.await_sleep()
            executor.submit(map_waits.set_item, d, "a", {"k": 1}).result()
            self.assertIs(waiter.end(), d["a"])
            self.assertIs(future.result(), d["a"])

    def test_a_change_wakes_a_hundred(self):
        d = self.make()
        waiters = [Waiter(d.wait, "a" if i % 2 else i) if self.make is symplast.Dict else Waiter(d.wait, "a")
                   for i in range(100)]
        for waiter in waiters[::20]:
            waiter.await_sleep()
        if self.make is symplast.Dict:
            d.update({"a": 1} | dict.fromkeys(range(100), 1))
        else:
            d["a"] = 1
        self.assertEqual([waiter.end() for waiter in waiters], [1] * 100)

    def test_deletion_ends_the_wait(self):
        d = self.make(a=1)
        waiters = [Waiter(d.wait, "a", 1), Waiter(d.wait, "b")]
        for waiter in waiters:
            waiter.await_sleep()
        symplast.delete(d)
        for waiter in waiters:
            with self.assertRaises(symplast.DeletedError):
                waiter.end()
        with self.assertRaises(symplast.DeletedError):
            d.wait("a")

    def test_deletion_of_the_pool_ends_the_wait(self):
        pool, other = symplast.Pool("waits"), symplast.Pool("values")
        with other.allocating():
            value = symplast.List()
        with pool.allocating():
            d = self.make(a=value)
        waiters = [Waiter(d.wait, "a", value), Waiter(d.wait, "b")]
        for waiter in waiters:
            waiter.await_sleep()
        other.delete()
        for waiter in waiters:
            waiter.await_sleep()
        pool.delete()
        for waiter in waiters:
            with self.assertRaises(symplast.DeletedError):
                waiter.end()

    def test_values_of_the_wait_are_released(self):
        d = self.make(a=[1])
        waiter = Waiter(d.wait, "a", [1])
        waiter.await_sleep()
        d["a"] = [1]
        d["a"] = [2]
        self.assertEqual(waiter.end(), [2])
        seen = d.wait("a", None)
        del d["a"]
        self.assertEqual(seen, [2])

    def test_ctrl_c_ends_the_wait(self):
        lock_waits.handle_interrupts(self)
        d, main = self.make(a=1), threading.main_thread()
        for arguments in (("b",), ("a", 1)):

            def interrupt():
                while not lock_waits.sleeps(main):
                    time.sleep(0.01)
                signal.pthread_kill(main.ident, signal.SIGINT)

            sender = threading.Thread(target=interrupt)
            sender.start()
            with self.assertRaises(KeyboardInterrupt):
                d.wait(*arguments)
            sender.join()

    def test_an_interrupt_ends_the_wait_of_a_task(self):
        d, begun = self.make(), symplast.Semaphore(0)
        with symplast.InterpreterPoolExecutor(1) as executor:
            future = executor.submit(map_waits.await_and_tell, d, "a", begun)
            begun.acquire()
            self.assertTrue(future.interrupt())
            with self.assertRaises(concurrent.futures.CancelledError):
                future.result(timeout=60)

    def test_daemon_threads_that_wait_end_with_their_worker(self):
        d, begun, ended = self.make(), symplast.Semaphore(0), symplast.Semaphore(0)
        with symplast.InterpreterPoolExecutor(1) as executor:
            executor.submit(map_waits.await_as_daemon, d, "a", begun, ended).result()
        self.assertTrue(ended.acquire(timeout=60))
        d["a"] = 1
        self.assertEqual(d.wait("a"), 1)

    def test_a_killed_worker_leaves_its_wait(self):
        d, begun = self.make(), symplast.Semaphore(0)
        executor = symplast.InterpreterPoolExecutor(1)
        executor.submit(map_waits.await_and_tell, d, "a", begun)
        begun.acquire()
        executor.kill_workers()
        waiter = Waiter(d.wait, "a")
        waiter.await_sleep()
        d["a"] = 1
        self.assertEqual(waiter.end(), 1)
        executor.shutdown()

    def test_no_wake_is_lost_while_threads_take_turns(self):
        d, players, rounds = self.make(), 4, 8000
        with symplast.InterpreterPoolExecutor(2) as executor:
            futures = [executor.submit(map_waits.pass_on, d, me, players, rounds) for me in range(2)]
            waiters = [Waiter(map_waits.pass_on, d, me, players, rounds) for me in range(2, 4)]
            d["turn"] = 0
            self.assertEqual([future.result() for future in futures] + [waiter.end() for waiter in waiters], [rounds] * players)

    def test_no_wake_is_lost_while_keys_come_and_go(self):
        d, rounds = self.make(), 4000
        with symplast.InterpreterPoolExecutor(1) as executor:
            future = executor.submit(map_waits.answer, d, rounds)
            for i in range(rounds):
                d["question", i] = i
                self.assertEqual(d.wait(("answer", i), timeout=60), 2 * i)
                d.pop(("answer", i))
            future.result()
        self.assertEqual(len(d), 0)


class Dicts(Maps, executor_case.ExecutorCase):
    make = symplast.Dict

    def test_a_key_that_is_only_looked_up_by_equality(self):
        color = enum.IntEnum("Color", "RED")
        d = self.make({1: "x"})
        self.assertEqual(d.wait(color.RED), "x")
        del d[1]
        waiter = Waiter(d.wait, color.RED)
        waiter.await_sleep()
        d[1] = "y"
        self.assertEqual(waiter.end(), "y")


class SortedDicts(Maps, executor_case.ExecutorCase):
    make = symplast.SortedDict

    def test_waits_for_a_key_of_another_kind(self):
        d = self.make(a=1)
        waiter = Waiter(d.wait, 1)
        waiter.await_sleep()
        d.clear()
        d[1] = 2
        self.assertEqual(waiter.end(), 2)

    def test_a_key_that_has_no_order_is_refused(self):
        for key in (None, symplast.List()):
            with self.assertRaises(TypeError):
                self.make().wait(key)


if __name__ == "__main__":
    unittest.main()
