"""
Deletion: final at once for every API and interpreter; the memory goes back when the last interpreter that saw the pool has ended.
"""

import os
import pickle
import sys
import threading
import unittest

import child
import symplast
from fixtures import new_pool
from subinterpreters import Interpreter

VALUE = {"list": [1, [2.5]], "text": "text of ours", "bytes": bytearray(b"x")}
LARGE = 20_000_000

# What another interpreter needs to reach a pool and an object of this one.
PROLOGUE = """
import pickle, symplast
from symplast import _symplast
def raises(function, *arguments, **keywords):
    try: function(*arguments, **keywords)
    except symplast.DeletedError: return True
    return False
"""


def id_of(o):
    return symplast._symplast._persistent_id(o)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Deletion(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "doomed")
        self.frozen = self.pool.freeze(VALUE)


class TestFinality(Deletion):
    def test_every_use_of_a_deleted_pool_raises(self):
        self.pool.delete()
        for use in (
            lambda: self.pool.freeze([1]),
            lambda: self.pool.freeze(None),
            lambda: self.pool.freeze([object()], default=str),
            lambda: self.pool.delete(),
            lambda: self.pool.allocating(),
            lambda: self.pool.__enter__(),
        ):
            with self.assertRaisesRegex(symplast.DeletedError, "pool 'doomed' was deleted"):
                use()

    def test_every_use_of_its_data_raises(self):
        other = new_pool(self, "other")
        elsewhere = other.freeze([1])
        self.pool.delete()
        for data in (self.frozen, self.frozen["list"], self.frozen["list"][1][0], self.frozen["text"], self.frozen["bytes"]):
            for use in (
                lambda: symplast.thaw(data),
                lambda: symplast.freeze(data),
                lambda: self.pool.freeze(data),
                lambda: self.pool.freeze(elsewhere),
                lambda: other.freeze(data),
                lambda: other.freeze([data]),
                lambda: other.freeze({"k": (data,)}),
                lambda: id_of(data),
            ):
                with self.assertRaises(symplast.DeletedError):
                    use()

    def test_error_is_a_reference_error(self):
        self.assertTrue(issubclass(symplast.DeletedError, (symplast.SymplastError))
                        and issubclass(symplast.DeletedError, ReferenceError))

    def test_questions_are_still_answered(self):
        used = self.pool.stats().used_bytes
        self.pool.delete()
        self.assertTrue(self.pool.deleted)
        self.assertEqual(self.pool.name, "doomed")
        self.assertNotIn(self.pool, symplast.pools())
        self.assertIs(symplast.pool_of(self.frozen), self.pool)
        self.assertTrue(symplast.is_shared(self.frozen))
        stats = self.pool.stats()
        self.assertEqual((stats.deleted, stats.used_bytes, stats.objects, stats.pending_bytes, stats.interpreters),
                         (True, 0, 0, used, 1))

    def test_data_stays_readable_for_who_holds_it(self):
        # The API is closed, but what an interpreter holds must not become a crash.
        self.pool.delete()
        with symplast.Pool("next") as following:
            following.freeze([VALUE] * 100)
            self.assertEqual((self.frozen["list"], self.frozen["text"], self.frozen["bytes"]),
                             ((1, (2.5,)), "text of ours", b"x"))

    def test_with_block_deletes_at_the_end(self):
        with symplast.Pool("block") as pool:
            self.assertEqual(pool.name, "block")
            self.assertFalse(pool.deleted)
        self.assertTrue(pool.deleted)

    def test_with_block_deletes_when_it_raises(self):
        with self.assertRaises(KeyError), symplast.Pool() as pool:
            raise KeyError
        self.assertTrue(pool.deleted)

    def test_pool_deleted_inside_its_with_block(self):
        with symplast.Pool() as pool:
            pool.delete()
        self.assertTrue(pool.deleted)

    def test_exit_without_enter_deletes(self):
        self.pool.__exit__(None, None, None)
        self.assertTrue(self.pool.deleted)

    def test_threads_delete_one_pool_at_the_same_time(self):
        for _ in range(50):
            pool, outcomes, barrier = symplast.Pool(), [], threading.Barrier(4)
            pool.freeze([1])

            def delete():
                barrier.wait()
                try:
                    pool.delete()
                    outcomes.append("deleted")
                except symplast.DeletedError:
                    outcomes.append("was deleted")

            threads = [threading.Thread(target=delete) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(outcomes), ["deleted"] + ["was deleted"] * 3)


@child.isolated
class TestOtherInterpreters(Deletion):
    def test_deleted_here_is_deleted_there(self):
        with Interpreter() as other:
            received = PROLOGUE + "pool = pickle.loads(handle)\ndata = _symplast._persistent_load(number)"
            other.run(received, handle=pickle.dumps(self.pool), number=id_of(self.frozen))
            self.pool.delete()
            other.run(
                "assert pool.deleted and pool.stats().deleted\n"
                "for use in (pool.delete, pool.allocating, pool.__enter__): assert raises(use)\n"
                "for value in (1, [2], data): assert raises(pool.freeze, value)\n"
                "assert raises(symplast.thaw, data) and raises(_symplast._persistent_id, data)\n"
                "assert data['text'] == 'text of ours'"
            )

    def test_deleted_there_is_deleted_here(self):
        with Interpreter() as other:
            other.run(PROLOGUE + "pickle.loads(handle).delete()", handle=pickle.dumps(self.pool))
        self.assertTrue(self.pool.deleted)
        for use in (self.pool.delete, lambda: self.pool.freeze(1), lambda: symplast.thaw(self.frozen)):
            with self.assertRaises(symplast.DeletedError):
                use()
        self.assertEqual(self.frozen["text"], "text of ours")

    def test_data_of_a_deleted_pool_cannot_be_received(self):
        number, handle = id_of(self.frozen), pickle.dumps(self.pool)
        self.pool.delete()
        with Interpreter() as other:
            refused = PROLOGUE + "assert raises(_symplast._persistent_load, number)\nassert pickle.loads(handle).deleted"
            other.run(refused, number=number, handle=handle)

    def test_numbers_that_are_no_ids_are_refused(self):
        number = id_of(self.frozen)
        for wrong in (0, 1, number + 1, number + 8, number - 16, number + 2**20, number ^ 2**60, 2**63, 2**64 - 1):
            with self.assertRaises((ValueError, symplast.DeletedError)):
                symplast._symplast._persistent_load(wrong)
        for wrong in (None, "1", 1.5):
            with self.assertRaises(TypeError):
                symplast._symplast._persistent_load(wrong)
        # Negative ones are tickets of live objects, of which none is on its way.
        for wrong in (-1, -(2**62)):
            with self.assertRaisesRegex(ValueError, "not the ticket"):
                symplast._symplast._persistent_load(wrong)
        with self.assertRaises(OverflowError):
            symplast._symplast._persistent_load(-(2**63) - 1)
        self.assertIs(symplast._symplast._persistent_load(number), self.frozen)
        self.assertIsNone(symplast._symplast._persistent_id([1]))


@child.isolated
class TestMemory(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "memory")

    def freeze_there(self, other, size=LARGE):
        other.run(PROLOGUE + "pool = pickle.loads(handle)\ndata = pool.freeze([b'x' * size])\ndel data",
                  handle=pickle.dumps(self.pool), size=size)

    def test_memory_waits_for_the_interpreter_that_saw_it(self):
        with Interpreter() as other:
            self.freeze_there(other)
            used = self.pool.stats().used_bytes
            self.assertEqual(self.pool.stats().interpreters, 1)
            self.pool.delete()
            stats = self.pool.stats()
            self.assertEqual((stats.pending_bytes, stats.interpreters), (used, 1))
            self.assertGreaterEqual(stats.reserved_bytes, used)
        stats = self.pool.stats()
        self.assertEqual((stats.pending_bytes, stats.reserved_bytes, stats.interpreters, stats.used_bytes), (0, 0, 0, 0))

    def test_memory_goes_at_once_where_that_interpreter_has_ended(self):
        with Interpreter() as other:
            self.freeze_there(other)
        self.assertEqual((self.pool.stats().interpreters, self.pool.stats().pending_bytes), (0, 0))
        self.assertGreater(self.pool.stats().used_bytes, LARGE)
        before = resident()
        self.pool.delete()
        self.assertLess(resident(), before - LARGE * 0.8)
        self.assertEqual((self.pool.stats().pending_bytes, self.pool.stats().reserved_bytes), (0, 0))

    def test_memory_waits_for_every_interpreter(self):
        # The main interpreter never ends, so it must not see the data.
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        with Interpreter() as first:
            self.freeze_there(first)
            first.run("import os; os.write(pipe, str(_symplast._persistent_id(pool.freeze(['given on']))).encode())",
                      pipe=writing)
            number = int(os.read(reading, 100))
            with Interpreter() as second:
                second.run(PROLOGUE + "data = _symplast._persistent_load(number)", number=number)
                self.assertEqual(self.pool.stats().interpreters, 2)
                self.pool.delete()
                self.assertEqual(self.pool.stats().interpreters, 2)
            self.assertGreater(self.pool.stats().pending_bytes, 0)
        self.assertEqual(self.pool.stats()[2:6], (0, 0, 0, 0))

    def test_interpreter_that_received_data_keeps_it_from_going(self):
        frozen = self.pool.freeze([b"x" * 1000])
        with Interpreter() as other:
            other.run(PROLOGUE + "data = _symplast._persistent_load(number)", number=id_of(frozen))
            self.assertEqual(self.pool.stats().interpreters, 2)
        self.assertEqual(self.pool.stats().interpreters, 1)

    def test_pool_nobody_put_anything_into_goes_at_once(self):
        self.pool.delete()
        self.assertEqual(self.pool.stats(), ("memory", 0, 0, 0, 0, 0, None, True))

    def test_returned_memory_is_used_again_and_is_zero(self):
        child.run(
            """
            import pickle, symplast
            from subinterpreters import Interpreter
            for _ in range(5):
                pool = symplast.Pool("again")
                with Interpreter() as other:
                    other.run(
                        "import pickle, symplast; pickle.loads(handle).freeze([b'\\\\xff' * 4_000_000, ['\\\\xff' * 10] * 1000])",
                        handle=pickle.dumps(pool))
                pool.delete()
                assert pool.stats().reserved_bytes == 0
                pool = symplast.Pool("next")
                frozen = pool.freeze([{str(i): [i, float(i), {i}]} for i in range(5000)])
                import gc; gc.collect()
                assert symplast.thaw(frozen) == [{str(i): [i, float(i), {i}]} for i in range(5000)]
            """
        )

    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "needs /proc")
    def test_interpreters_that_come_and_go_with_pools_of_their_own(self):
        # 3.12 leaks some memory of each interpreter (gh-110411), so only what the pools would leak counts here.
        grown = child.run(
            """
            import pickle, symplast
            from subinterpreters import Interpreter
            def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096
            def round(count):
                for _ in range(count):
                    pool = symplast.Pool()
                    with Interpreter() as other:
                        other.run("import pickle, symplast; pickle.loads(handle).freeze([b'x' * 20_000_000])",
                                  handle=pickle.dumps(pool))
                    pool.delete()
            round(4); before = resident(); round(8); print(resident() - before)
            """
        )
        self.assertLess(int(grown), 80_000_000)

    @unittest.skipIf(sys.version_info < (3, 13), "3.12 must not start and end interpreters in several threads at once")
    def test_interpreters_that_delete_while_others_end(self):
        child.run(
            """
            import pickle, symplast, threading
            from subinterpreters import Interpreter
            def work(number):
                for _ in range(4):
                    with Interpreter() as other:
                        other.run(
                            "import pickle, symplast\\n"
                            "pool = pickle.loads(handle)\\n"
                            "try:\\n"
                            "    data = [pool.freeze([i, str(i)] * 20) for i in range(200)]\\n"
                            "    if number == 1: pool.delete()\\n"
                            "except symplast.DeletedError: pass",
                            handle=pickle.dumps(pools[0]), number=number)
                    if number == 0:
                        if pools[0].deleted: pools[0] = symplast.Pool()
                        pools[0].stats()
            pools = [symplast.Pool()]
            work(0)
            threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            """
        )
