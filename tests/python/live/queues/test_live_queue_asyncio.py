"""Queues in coroutines of asyncio."""

import asyncio
import gc
import os
import threading
import time
import unittest

import symplast

import executor_case
import live_queue_tasks as tasks


def open_files():
    return len(os.listdir("/proc/self/fd"))


async def waiting(q, count):
    """Returns when as many tasks and threads wait at a queue."""
    while symplast._symplast._waiters(q) != count:
        await asyncio.sleep(0.001)


class AsyncioTests(executor_case.ExecutorCase):
    def run_async(self, main):
        asyncio.run(asyncio.wait_for(main, 50), debug=False)

    def test_an_element_from_another_interpreter_wakes_a_task(self):
        executor = self.executor(1)

        async def main():
            q = symplast.Queue()
            task = asyncio.create_task(q.aget())
            await waiting(q, 1)
            executor.submit(tasks.put, q, ("from", "a worker"))
            self.assertEqual(await task, ("from", "a worker"))
            self.assertEqual(symplast._symplast._waiters(q), 0)

        self.run_async(main())

    def test_elements_of_every_kind(self):
        async def main():
            q = symplast.SimpleQueue()
            for element in (None, False, 0, "text", tasks.Element(1)):
                await q.aput(element)
                self.assertEqual(await q.aget(), element)

        self.run_async(main())

    def test_iteration_ends_at_the_shutdown(self):
        executor = self.executor(1)

        async def main():
            q = symplast.Queue(2)
            future = executor.submit(tasks.produce, q, 0, 500)
            future.add_done_callback(lambda _: q.shutdown())
            self.assertEqual([i async for _, i in q], list(range(500)))
            with self.assertRaises(symplast.ShutDown):
                await q.aget()
            with self.assertRaises(symplast.ShutDown):
                await q.aput(1)

        self.run_async(main())

    def test_room_wakes_a_task(self):
        executor = self.executor(1)

        async def main():
            q = symplast.Queue(1)
            await q.aput(1)
            task = asyncio.create_task(q.aput(2))
            await waiting(q, 1)
            self.assertEqual(executor.submit(tasks.get, q).result(), 1)
            await task
            self.assertEqual(await q.aget(), 2)

        self.run_async(main())

    def test_joining(self):
        async def main():
            q = symplast.Queue()
            await q.ajoin()
            q.put(1)
            task = asyncio.create_task(q.ajoin())
            await waiting(q, 1)
            q.get()
            threading.Timer(0.01, q.task_done).start()
            await task

        self.run_async(main())

    def test_what_ends_every_wait(self):
        async def main():
            for end, error in ((lambda q, pool: q.shutdown(), symplast.ShutDown),
                               (lambda q, pool: symplast.delete(q), symplast.DeletedError),
                               (lambda q, pool: pool.delete(), symplast.DeletedError)):
                pool = symplast.Pool("of the test")
                with pool.allocating():
                    q = symplast.Queue()
                waiters = [asyncio.create_task(q.aget()) for _ in range(3)]
                await waiting(q, 3)
                threading.Timer(0.01, end, (q, pool)).start()
                results = await asyncio.gather(*waiters, return_exceptions=True)
                self.assertEqual([type(result) for result in results], [error] * 3)
                if not pool.deleted:
                    pool.delete()

        self.run_async(main())

    def test_a_cancelled_task_leaves_no_waiter_and_loses_no_wake(self):
        async def main():
            q = symplast.Queue()
            first, second = (asyncio.create_task(q.aget()) for _ in range(2))
            await waiting(q, 2)
            # The wake goes to the first waiter, which is cancelled before its loop looks.
            q.put("an element")
            first.cancel()
            self.assertEqual(await second, "an element")
            with self.assertRaises(asyncio.CancelledError):
                await first
            self.assertEqual(symplast._symplast._waiters(q), 0)
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(q.aget(), 0.01)
            self.assertEqual(symplast._symplast._waiters(q), 0)

        self.run_async(main())

    def test_no_element_is_lost_to_impatient_tasks(self):
        executor = self.executor(1)

        async def main():
            q = symplast.Queue(10)
            got = []

            async def impatient():
                while True:
                    try:
                        async with asyncio.timeout(0.0005):
                            got.append(await q.aget())
                    except TimeoutError:
                        pass
                    except symplast.ShutDown:
                        return

            future = executor.submit(tasks.produce, q, 0, 2000)
            future.add_done_callback(lambda _: q.shutdown())
            await asyncio.gather(*(impatient() for _ in range(5)))
            # A timeout may also come after get() has taken an element, in the loop's next step: not here, where each is appended
            # in the step that takes it.
            self.assertEqual(sorted(got), [(0, i) for i in range(2000)])

        self.run_async(main())

    def test_threads_and_tasks_share_what_comes(self):
        async def main():
            q, got = symplast.SimpleQueue(), []
            thread = threading.Thread(target=lambda: got.append(q.get()))
            thread.start()
            task = asyncio.create_task(q.aget())
            await waiting(q, 2)
            q.put(1)
            q.put(2)
            got.append(await task)
            await asyncio.to_thread(thread.join)
            self.assertEqual(sorted(got), [1, 2])

        self.run_async(main())

    def test_thousands_of_tasks_need_no_threads(self):
        async def main():
            q = symplast.Queue()
            before = threading.active_count()
            waiters = [asyncio.create_task(q.aget()) for _ in range(2000)]
            await waiting(q, 2000)
            self.assertEqual(threading.active_count(), before)
            for i in range(2000):
                q.put(i)
            self.assertEqual(sorted(await asyncio.gather(*waiters)), list(range(2000)))

        self.run_async(main())

    def test_loops_that_end_leave_no_file_open(self):
        q = symplast.Queue()

        async def main():
            task = asyncio.create_task(q.aget())
            await waiting(q, 1)
            task.cancel()

        asyncio.run(main())
        gc.collect()
        before = open_files()
        for _ in range(20):
            asyncio.run(main())
        gc.collect()
        self.assertEqual(open_files(), before)

    def test_a_loop_that_is_given_up_leaves_no_waiter(self):
        q = symplast.Queue()
        loop = asyncio.new_event_loop()
        task = loop.create_task(q.aget())
        deadline = time.monotonic() + 30
        while not symplast._symplast._waiters(q) and time.monotonic() < deadline:
            loop.run_until_complete(asyncio.sleep(0.001))
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()
        q.put(1)
        self.assertEqual(q.get(timeout=10), 1)


if __name__ == "__main__":
    unittest.main()
