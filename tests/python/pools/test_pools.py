"""Pools: names, limits, statistics, handles, and which one is current."""

import copy
import gc
import os
import pickle
import threading
import unittest
import weakref

import child
import symplast
from fixtures import new_pool
from symplast import current_pool, is_frozen, is_shared, pool_of, pools


class TestNames(unittest.TestCase):
    def test_pool_has_the_name_it_was_given(self):
        for name in ("catalogue", "", "naïve €𝄞", "with 'quotes'", "x" * 1000, "\ud800", "a\0b"):
            self.assertEqual(new_pool(self, name).name, name)

    def test_names_need_not_be_unique(self):
        first, second = new_pool(self, "twin"), new_pool(self, "twin")
        self.assertIsNot(first, second)
        self.assertNotEqual(first, second)

    def test_unnamed_pools_get_distinct_names(self):
        names = {new_pool(self, None).name for _ in range(5)}
        self.assertEqual(len(names), 5)

    def test_arguments_by_name_and_place(self):
        pool = new_pool(self, name="p", max_bytes=100)
        self.assertEqual((pool.name, pool.max_bytes), ("p", 100))
        with symplast.Pool("q", 200) as pool:
            self.assertEqual((pool.name, pool.max_bytes), ("q", 200))
        with symplast.Pool(None, None) as pool:
            self.assertIsNone(pool.max_bytes)

    def test_wrong_arguments(self):
        class Text(str):
            pass

        for arguments, keywords in (
            ((1,), {}), ((b"x",), {}), ((Text("x"),), {}), (("a", "b"), {}), (("a", 1.5), {}), (("a", 1, 2), {}),
            (("a",), {"name": "b"}),
            (("a", 1), {"max_bytes": 2}), ((), {"wrong": 1}), ((), {"max_bytes": []}), ((), {Text("wrong"): 1}),
        ):
            with self.subTest(arguments=arguments, keywords=keywords), self.assertRaises(TypeError):
                symplast.Pool(*arguments, **keywords)
        with self.assertRaises(ValueError):
            symplast.Pool(max_bytes=-1)
        with self.assertRaises(OverflowError):
            symplast.Pool(max_bytes=2**64)

    def test_names_of_arguments_may_be_of_a_str_subclass(self):
        class Text(str):
            pass

        with symplast.Pool(**{Text("name"): "p", Text("max_bytes"): 5}) as pool:
            self.assertEqual((pool.name, pool.max_bytes), ("p", 5))
            self.assertEqual(pool.freeze(**{Text("obj"): 7, Text("default"): None}), 7)

    def test_max_bytes_may_be_anything_with_an_index(self):
        class Index:
            def __index__(self):
                return 4096

        self.assertEqual(new_pool(self, max_bytes=Index()).max_bytes, 4096)
        self.assertEqual(new_pool(self, max_bytes=True).max_bytes, 1)

    def test_attributes_are_read_only(self):
        pool = new_pool(self)
        for name in ("name", "max_bytes", "deleted", "other"):
            with self.assertRaises(AttributeError):
                setattr(pool, name, 1)
        with self.assertRaises(TypeError):
            symplast.Pool.freeze = None


class TestStats(unittest.TestCase):
    def test_new_pool_is_empty(self):
        stats = new_pool(self, "fresh").stats()
        self.assertEqual(stats, ("fresh", 0, 0, 0, 0, 0, None, False))

    def test_fields(self):
        pool = new_pool(self, "p", max_bytes=10**6)
        pool.freeze([1.5, ["text of ours"], {"k": 10**20}])
        stats = pool.stats()
        self.assertIsInstance(stats, symplast.PoolStats)
        self.assertEqual((stats.name, stats.objects, stats.pending_bytes, stats.interpreters), ("p", 6, 0, 1))
        self.assertEqual((stats.max_bytes, stats.deleted), (10**6, False))
        self.assertTrue(0 < stats.used_bytes <= stats.reserved_bytes)
        self.assertEqual(stats.used_bytes % 16, 0)
        self.assertRegex(repr(stats), r"PoolStats\(name='p', used_bytes=\d+, .*deleted=False\)$")
        self.assertEqual(tuple(stats)[:2], ("p", stats.used_bytes))

    def test_live_blocks_are_counted(self):
        pool = new_pool(self)
        with pool.allocating():
            live = symplast.Dict(a="text")
        stats = pool.stats()
        self.assertTrue(stats.live_blocks >= 2 and stats.used_bytes > 0)
        self.assertEqual(len(stats), 8)
        del live
        self.assertEqual((pool.stats().live_blocks, pool.stats().used_bytes), (0, 0))

    def test_used_bytes_cover_the_data(self):
        pool = new_pool(self)
        pool.freeze(bytes(10_000_000))
        self.assertTrue(10_000_000 < pool.stats().used_bytes < 10_001_000)

    def test_statistics_add_up(self):
        pool = new_pool(self)
        used = objects = 0
        for _ in range(100):
            pool.freeze([[i + 0.5 for i in range(10)]])
            stats = pool.stats()
            self.assertEqual(stats.objects - objects, 12)
            self.assertTrue(stats.used_bytes > used)
            used, objects = stats.used_bytes, stats.objects
        self.assertEqual(stats.used_bytes % 100, 0)

    def test_repr(self):
        pool = new_pool(self, "shown")
        pool.freeze([1.5])
        self.assertEqual(repr(pool), f"<symplast.Pool 'shown', 2 objects, {pool.stats().used_bytes} bytes>")
        pool.delete()
        self.assertEqual(repr(pool), "<symplast.Pool 'shown', deleted>")


class TestHandles(unittest.TestCase):
    def test_one_handle_a_pool(self):
        pool = new_pool(self)
        frozen = pool.freeze([1])
        self.assertIs(pool_of(frozen), pool)
        self.assertTrue(any(other is pool for other in pools()))

    def test_pool_lives_without_its_handle(self):
        frozen = symplast.Pool("unheld").freeze(["kept"])
        gc.collect()
        pool = pool_of(frozen)
        self.assertEqual((pool.name, frozen), ("unheld", ("kept",)))
        pool.delete()

    def test_weak_references_to_handles(self):
        pool = new_pool(self)
        reference = weakref.ref(pool)
        self.assertIs(reference(), pool)

    def test_nothing_else_keeps_a_handle(self):
        pool = symplast.Pool("unheld")
        frozen, reference = pool.freeze([1.5]), weakref.ref(pool)
        del pool
        gc.collect()
        self.assertIsNone(reference())
        again = pool_of(frozen)
        self.assertEqual((again.name, again.deleted), ("unheld", False))
        again.delete()

    def test_handles_are_hashable_by_identity(self):
        first, second = new_pool(self), new_pool(self)
        self.assertEqual(len({first, second, first}), 2)

    def test_pickled_by_reference(self):
        pool = new_pool(self)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            self.assertIs(pickle.loads(pickle.dumps(pool, protocol)), pool)
        self.assertIs(copy.copy(pool), pool)
        self.assertIs(copy.deepcopy(pool), pool)

    def test_what_is_pickled_cannot_be_misused(self):
        resolve, (process, number) = new_pool(self).__reduce__()
        with self.assertRaises(TypeError):
            resolve(1, 2)
        with self.assertRaisesRegex(symplast.SymplastError, "process"):
            resolve("another process", number)
        with self.assertRaises(symplast.DeletedError):
            resolve(process, -1)

    def test_pickled_handle_of_a_deleted_pool(self):
        empty, used = symplast.Pool("empty"), symplast.Pool("used")
        used.freeze([1])
        pickles = [pickle.dumps(pool) for pool in (empty, used)]
        empty.delete(), used.delete()
        with self.assertRaises(symplast.DeletedError):
            pickle.loads(pickles[0])
        # Its memory waits for this interpreter's end, so it can still be asked for its statistics.
        self.assertIs(pickle.loads(pickles[1]), used)

    def test_pickle_of_another_process_is_refused(self):
        pickled = child.run("import pickle, symplast; print(pickle.dumps(symplast.Pool('theirs')).hex())")
        with self.assertRaisesRegex(symplast.SymplastError, "only in the process that pickled it"):
            pickle.loads(bytes.fromhex(pickled))

    def test_pools_are_listed_oldest_first(self):
        mine = [new_pool(self, f"listed {i}") for i in range(3)]
        self.assertEqual([pool for pool in pools() if pool in mine], mine)
        mine[1].delete()
        self.assertEqual([pool for pool in pools() if pool in mine], [mine[0], mine[2]])


class TestQuestions(unittest.TestCase):
    def test_is_shared_and_pool_of(self):
        pool = new_pool(self)
        frozen = pool.freeze([["text of ours"], 1.5])
        for shared in (frozen, frozen[0], frozen[0][0], frozen[1]):
            self.assertEqual((is_shared(shared), is_frozen(shared), pool_of(shared)), (True, True, pool))
        for constant in (None, True, 5, "", b"", (), ..., "__init__"):
            self.assertEqual((is_shared(constant), is_frozen(constant), pool_of(constant)), (True, True, None))
        for local in ([], {}, 10**10, 1.5, "".join(["local ", "text"]), object(), pool, symplast):
            self.assertEqual((is_shared(local), is_frozen(local), pool_of(local)), (False, False, None))

    def test_wrong_arguments(self):
        for function in (is_shared, is_frozen, pool_of):
            for arguments in ((), (1, 2)):
                with self.assertRaises(TypeError):
                    function(*arguments)
        for function in (current_pool, pools):
            with self.assertRaises(TypeError):
                function(1)


class TestCurrentPool(unittest.TestCase):
    def test_default_pool(self):
        self.assertEqual(current_pool().name, "default")
        self.assertIs(current_pool(), current_pool())
        self.assertIs(pool_of(symplast.freeze([1])), current_pool())

    def test_deleted_default_pool_is_replaced(self):
        before = current_pool()
        before.delete()
        self.assertIsNot(current_pool(), before)
        self.assertIs(pool_of(symplast.freeze([1])), current_pool())

    def test_allocating_makes_a_pool_current(self):
        pool, before = new_pool(self), current_pool()
        with pool.allocating() as entered:
            self.assertIs(entered, pool)
            self.assertIs(current_pool(), pool)
            self.assertIs(pool_of(symplast.freeze([1])), pool)
        self.assertIs(current_pool(), before)
        self.assertFalse(pool.deleted)

    def test_allocating_nests(self):
        a, b = new_pool(self, "a"), new_pool(self, "b")
        with a.allocating(), b.allocating():
            with a.allocating():
                self.assertIs(current_pool(), a)
            self.assertIs(current_pool(), b)
            with self.assertRaises(KeyError), a.allocating():
                raise KeyError
            self.assertIs(current_pool(), b)
        self.assertEqual(current_pool().name, "default")

    def test_allocating_reaches_however_deep_a_call(self):
        def deep(levels):
            return deep(levels - 1) if levels else symplast.freeze([1])

        pool = new_pool(self)
        with pool.allocating():
            self.assertIs(pool_of(deep(200)), pool)

    def test_allocating_is_the_threads_own(self):
        pool, seen = new_pool(self), []
        entered, left = threading.Barrier(2), threading.Barrier(2)

        def body():
            entered.wait()
            seen.append(current_pool())
            left.wait()

        thread = threading.Thread(target=body)
        thread.start()
        with pool.allocating():
            entered.wait()
            left.wait()
        thread.join()
        self.assertEqual(seen, [current_pool()])

    def test_misuse_of_allocating(self):
        pool = new_pool(self)
        block = pool.allocating()
        with self.assertRaisesRegex(RuntimeError, "not entered"):
            block.__exit__(None, None, None)
        with block:
            with self.assertRaisesRegex(RuntimeError, "entered already"):
                block.__enter__()
            self.assertIs(current_pool(), pool)
        with self.assertRaisesRegex(RuntimeError, "not entered"):
            block.__exit__(None, None, None)
        with block:
            self.assertIs(current_pool(), pool)
        with self.assertRaises(TypeError):
            type(block)()

    def test_pool_deleted_while_it_is_current(self):
        pool = new_pool(self)
        with pool.allocating():
            pool.delete()
            with self.assertRaises(symplast.DeletedError):
                symplast.freeze([1])
        self.assertIs(pool_of(symplast.freeze([1])), current_pool())


class TestProcess(unittest.TestCase):
    def test_ends_cleanly_with_pools_of_every_kind(self):
        child.run(
            """
            import symplast
            kept = symplast.Pool("kept"); data = kept.freeze([1.5, "text of ours"])
            gone = symplast.Pool("gone"); lost = gone.freeze(["text", {"k": 2}]); gone.delete()
            symplast.freeze([1])
            block = kept.allocating(); block.__enter__()
            cycle = [kept, block]; cycle.append(cycle)
            import atexit; atexit.register(lambda: print(symplast.pools(), lost[1]["k"]))
            """
        )

    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "needs /proc")
    def test_thousands_of_pools_leave_nothing_behind(self):
        grown = child.run(
            """
            import gc, symplast
            def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096
            def round(count):
                for i in range(count):
                    with symplast.Pool() as pool:
                        pool.stats()
                        if i % 10 == 0:
                            try: pool.freeze([1.5, "text", object()])
                            except symplast.NotShareableError: pass
                gc.collect()
            # The first ones fill the runtime's own heap up to where it begins to collect.
            round(25_000)
            before = resident()
            round(25_000)
            print(resident() - before)
            """
        )
        self.assertLess(int(grown), 1_000_000)

    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "needs /proc")
    def test_a_deleted_pool_that_waits_keeps_little_more_than_what_was_frozen(self):
        grown = child.run(
            """
            import symplast
            def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096
            def round(count):
                for i in range(count):
                    with symplast.Pool() as pool:
                        pool.freeze([i, "text"])
            round(100)
            before = resident()
            round(2_000)
            print((resident() - before) // 2_000)
            """
        )
        # A page of objects, one of marks, and what describes the pool.
        self.assertLess(int(grown), 12_000)


class TestPendingMemory(unittest.TestCase):
    PROGRAM = """
        import symplast, warnings
        def delete(count, size):
            for _ in range(count):
                with symplast.Pool() as pool: pool.freeze(b"x" * size)
        def warned(count, size):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                delete(count, size)
            for each in caught:
                assert each.category is symplast.PendingMemoryWarning and "set_pending_limit" in str(each.message), each
                assert each.filename == "<string>", each.filename
            return len(caught)
        """

    def test_warns_once_when_much_waits(self):
        child.run(
            self.PROGRAM
            + """
        assert symplast.get_pending_limit() == 256 << 20 and issubclass(symplast.PendingMemoryWarning, RuntimeWarning)
        symplast.set_pending_limit(10_000_000)
        assert symplast.get_pending_limit() == 10_000_000
        assert warned(9, 1_000_000) == 0
        assert warned(20, 1_000_000) == 1
        symplast.set_pending_limit(10_000_000)
        assert warned(20, 1_000_000) == 1
        symplast.set_pending_limit(None)
        assert symplast.get_pending_limit() is None and warned(20, 1_000_000) == 0
        """
        )

    def test_memory_that_returns_does_not_count(self):
        child.run(
            self.PROGRAM
            + """
        symplast.set_pending_limit(5_000_000)
        with symplast.InterpreterPoolExecutor(1) as executor:
            executor.submit(delete, 4, 1_000_000).result()
        # The first was the worker's, which has ended.
        assert warned(4, 1_000_000) == 0 and warned(2, 1_000_000) == 1
        """
        )

    def test_limit_from_the_environment(self):
        for text, limit in (("0", 0), ("1000000", 1000000), ("none", None), ("", 256 << 20)):
            child.run(f"import symplast; assert symplast.get_pending_limit() == {limit}", SYMPLAST_PENDING_LIMIT=text)
        for text in ("much", "-1", "1e6"):
            child.run("try: import symplast\nexcept ImportError as exc: assert 'SYMPLAST_PENDING_LIMIT' in str(exc)\nelse: "
                      "assert False", SYMPLAST_PENDING_LIMIT=text)

    def test_wrong_limits(self):
        for wrong, error in (("1", TypeError), (1.5, TypeError), (-1, ValueError), (2**64, OverflowError)):
            with self.assertRaises(error):
                symplast.set_pending_limit(wrong)

    def test_warning_as_an_error(self):
        child.run(
            self.PROGRAM
            + """
        warnings.simplefilter("error", symplast.PendingMemoryWarning)
        symplast.set_pending_limit(0)
        pool = symplast.Pool(); pool.freeze([1.5])
        try: pool.delete()
        except symplast.PendingMemoryWarning: assert pool.deleted
        else: assert False
        """
        )
