"""AtomicInt.await_, AtomicRef.await_, Dict.await_ and SortedDict.await_ in coroutines of asyncio."""

import asyncio
import threading
import unittest

import symplast

import cell_waits
import executor_case
import map_waits


async def waiting(shared, count):
    """Returns when as many tasks and threads wait at an object."""
    while symplast._symplast._waiters(shared) != count:
        await asyncio.sleep(0.001)


def kinds():
    """Each kind with the arguments of a wait that does not end, a change that ends it, and what the wait returns then."""
    return (
        (symplast.AtomicInt(1), (1,), lambda number: number.add(1), 2),
        (symplast.AtomicRef("a"), ("a",), lambda place: place.exchange(None), None),
        (symplast.Dict(), ("a",), lambda d: d.update(a=None), None),
        (symplast.Dict(a=1), ("a", 1), lambda d: d.add("a", 1), 2),
        (symplast.SortedDict(), ((1, "x"),), lambda d: d.setdefault((1, "x"), 3), 3),
        (symplast.SortedDict(a=1), ("a", 1.0), lambda d: d.compare_exchange("a", 1, "b"), "b"),
    )


class AsyncioTests(executor_case.ExecutorCase):
    def run_async(self, main):
        asyncio.run(asyncio.wait_for(main, 50), debug=False)

    def test_returns_at_once_if_the_value_is_another(self):
        async def main():
            self.assertEqual(await symplast.AtomicInt(1).await_(2), 1)
            self.assertEqual(await symplast.AtomicRef("a").await_(None), "a")
            for make in (symplast.Dict, symplast.SortedDict):
                self.assertEqual(await make(a=1).await_("a"), 1)
                self.assertEqual(await make(a=1).await_("a", old=2), 1)

        self.run_async(main())

    def test_a_change_by_a_thread_wakes_a_task(self):
        async def main():
            for shared, arguments, change, result in kinds():
                task = asyncio.create_task(shared.await_(*arguments))
                await waiting(shared, 1)
                thread = threading.Thread(target=change, args=(shared,))
                thread.start()
                self.assertEqual(await task, result)
                thread.join()
                self.assertEqual(symplast._symplast._waiters(shared), 0)

        self.run_async(main())

    def test_a_change_from_another_interpreter_wakes_a_task(self):
        executor = self.executor(1)

        async def main():
            number, d = symplast.AtomicInt(), symplast.Dict()
            tasks = [asyncio.create_task(number.await_(0)), asyncio.create_task(d.await_("a"))]
            await waiting(number, 1)
            await waiting(d, 1)
            executor.submit(cell_waits.set_int, number, 5).result()
            executor.submit(map_waits.set_item, d, "a", "x").result()
            self.assertEqual(await asyncio.gather(*tasks), [5, "x"])

        self.run_async(main())

    def test_what_changes_nothing_does_not_end_the_wait(self):
        async def main():
            d = symplast.Dict(a=1)
            task = asyncio.create_task(d.await_("a", 1))
            await waiting(d, 1)
            d["a"] = 1.0
            d["b"] = 2
            await asyncio.sleep(0)
            await waiting(d, 1)
            self.assertFalse(task.done())
            d["a"] = 3
            self.assertEqual(await task, 3)

        self.run_async(main())

    def test_a_change_wakes_all_tasks_and_threads(self):
        async def main():
            for shared, arguments, change, result in kinds():
                tasks = [asyncio.create_task(shared.await_(*arguments)) for _ in range(20)]
                tasks += [asyncio.create_task(asyncio.to_thread(shared.wait, *arguments)) for _ in range(2)]
                await waiting(shared, 22)
                change(shared)
                self.assertEqual(await asyncio.gather(*tasks), [result] * 22)

        self.run_async(main())

    def test_a_key_that_goes_ends_the_wait_for_another_value(self):
        async def main():
            for make in (symplast.Dict, symplast.SortedDict):
                d = make(a=1)
                task = asyncio.create_task(d.await_("a", 1))
                await waiting(d, 1)
                d.clear()
                with self.assertRaises(KeyError):
                    await task

        self.run_async(main())

    def test_deletion_ends_the_wait(self):
        async def main():
            pool = symplast.Pool("of the test")
            with pool.allocating():
                of_pool = kinds()
            for each, end in ((kinds(), symplast.delete), (of_pool, None)):
                tasks = [asyncio.create_task(shared.await_(*arguments)) for shared, arguments, _, _ in each]
                for shared, *_ in each:
                    await waiting(shared, 1)
                if end is None:
                    pool.delete()
                else:
                    for shared, *_ in each:
                        end(shared)
                for task in tasks:
                    with self.assertRaises(symplast.DeletedError):
                        await task

        self.run_async(main())

    def test_a_cancelled_task_leaves_no_waiter(self):
        async def main():
            for shared, arguments, change, result in kinds():
                cancelled, other = (asyncio.create_task(shared.await_(*arguments)) for _ in range(2))
                await waiting(shared, 2)
                cancelled.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await cancelled
                await waiting(shared, 1)
                with self.assertRaises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await shared.await_(*arguments)
                change(shared)
                self.assertEqual(await other, result)

        self.run_async(main())

    def test_wrong_arguments(self):
        async def main():
            for call in (lambda: symplast.AtomicInt().await_("1"), lambda: symplast.Dict().await_([]),
                         lambda: symplast.SortedDict().await_(None), lambda: symplast.Dict().await_(),
                         lambda: symplast.Dict().await_("a", 1, 2), lambda: symplast.AtomicRef(1).await_(object())):
                with self.assertRaises(TypeError):
                    await call()

        self.run_async(main())


if __name__ == "__main__":
    unittest.main()
