"""
Which pool is current where several pieces of code take turns: tasks, threads, generators, blocks that are left in any order or
never.
"""

import asyncio
import contextvars
import gc
import threading
import unittest

import symplast
from fixtures import new_pool
from symplast import current_pool, pool_of


def tearDownModule():
    # As CPython's own tests leave it, and want to find it.
    asyncio.events._event_loop_policy = None


class TestCurrentPool(unittest.TestCase):
    def setUp(self):
        self.assertEqual(current_pool().name, "default")
        self.default = current_pool()
        self.a, self.b = new_pool(self, "a"), new_pool(self, "b")

    def tearDown(self):
        self.assertIs(current_pool(), self.default)

    def test_each_task_has_its_own(self):
        async def task(name):
            with symplast.Pool(name) as pool, pool.allocating():
                for turn in range(5):
                    await asyncio.sleep(0)
                    self.assertIs(current_pool(), pool)
                    self.assertIs(pool_of(symplast.freeze([name, turn])), pool)
                    self.assertIs(pool_of(symplast.Dict()), pool)

        async def main():
            await asyncio.gather(*[task(f"p{i}") for i in range(3)])
            self.assertIs(current_pool(), self.default)

        asyncio.run(main())

    def test_a_task_has_the_pool_of_the_block_that_it_was_started_in(self):
        async def made(go):
            await go.wait()
            return pool_of(symplast.List())

        async def main():
            go = asyncio.Event()
            with self.a.allocating():
                first = asyncio.create_task(made(go))
                with self.b.allocating():
                    second = asyncio.create_task(made(go))
                    self.assertIs(await asyncio.to_thread(current_pool), self.b)
                # A block that was left is left for whoever was started in it, too.
                go.set()
                self.assertEqual((await first, await second), (self.a, self.a))

        asyncio.run(main())

    def test_a_thread_begins_with_the_default_pool(self):
        found = []
        with self.a.allocating():
            thread = threading.Thread(target=lambda: found.append(current_pool()), **no_context())
            thread.start()
            thread.join()
        self.assertEqual(found, [self.default])

    def test_blocks_are_left_in_another_order(self):
        first, second, third = self.a.allocating(), self.b.allocating(), self.a.allocating()
        for block in (first, second, third):
            block.__enter__()
        second.__exit__(None, None, None)
        self.assertIs(current_pool(), self.a)
        third.__exit__(None, None, None)
        self.assertIs(current_pool(), self.a)
        first.__exit__(None, None, None)

    def test_a_block_is_left_in_another_thread(self):
        block = self.a.allocating()
        block.__enter__()
        thread = threading.Thread(target=block.__exit__, args=(None, None, None))
        thread.start()
        thread.join()
        self.assertIs(current_pool(), self.default)

    def test_a_block_is_left_in_another_context(self):
        block, elsewhere = self.a.allocating(), contextvars.copy_context()
        elsewhere.run(block.__enter__)
        self.assertIs(current_pool(), self.default)
        with self.b.allocating():
            block.__exit__(None, None, None)
            self.assertIs(current_pool(), self.b)
        self.assertIs(elsewhere.run(current_pool), self.default)

    def test_a_block_that_is_never_left(self):
        self.a.allocating().__enter__()
        self.assertIs(current_pool(), self.default)
        with self.b.allocating():
            self.a.allocating().__enter__()
            self.assertIs(current_pool(), self.b)

    def test_generators(self):
        def generate(pool):
            with pool.allocating():
                yield

        # As with any context variable, and as contextlib.contextmanager needs it.
        generator = generate(self.a)
        next(generator)
        self.assertIs(current_pool(), self.a)
        with self.b.allocating():
            generator.close()
            self.assertIs(current_pool(), self.b)
        generator = generate(self.a)
        next(generator)
        cycle = [generator]
        cycle.append(cycle)
        del generator, cycle
        gc.collect()
        self.assertIs(current_pool(), self.default)

    def test_a_deleted_pool_of_a_block_that_was_left_elsewhere_does_no_harm(self):
        pool = symplast.Pool("gone")
        block, elsewhere = pool.allocating(), contextvars.copy_context()
        elsewhere.run(block.__enter__)
        pool.delete()
        with self.assertRaises(symplast.DeletedError):
            elsewhere.run(symplast.freeze, [1])
        block.__exit__(None, None, None)
        self.assertIs(pool_of(elsewhere.run(symplast.freeze, [1])), self.default)

    def test_very_many_blocks_that_are_open(self):
        blocks = [self.a.allocating() for _ in range(200_000)]
        for block in blocks:
            block.__enter__()
        self.assertIs(current_pool(), self.a)
        del blocks, block

    def test_what_a_context_shows_is_harmless(self):
        with self.a.allocating():
            variable, value = [item for item in contextvars.copy_context().items() if item[0].name == "symplast.current_pool"][0]
            with self.assertRaises(RuntimeError):
                value.__exit__(None, None, None)
            token = variable.set("something else")
            self.assertIs(current_pool(), self.default)
            variable.reset(token)
            with value:
                self.assertIs(current_pool(), self.a)
            self.assertIs(current_pool(), self.a)


def no_context():
    # From 3.14 on a thread can be given a context, and builds differ in what it has without.
    try:
        threading.Thread(context=contextvars.Context())
    except TypeError:
        return {}
    return {"context": contextvars.Context()}
