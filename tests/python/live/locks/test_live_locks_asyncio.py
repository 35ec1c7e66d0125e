"""Locks, semaphores, events and conditions in coroutines of asyncio."""

import asyncio
import gc
import os
import threading
import unittest

import symplast
from symplast import aio

import executor_case
import executor_tasks
import fixtures


async def asleep(count):
    """Returns when so many coroutines of the running loop sleep."""
    bell = aio.bell_of(asyncio.get_running_loop())
    while len(bell._waiters) != count:
        await asyncio.sleep(0.001)


def count_up(lock, counter, times):
    """A task of a worker."""
    for _ in range(times):
        with lock:
            counter[0] = counter[0] + 1


def hold(lock, announce, wait):
    lock.acquire()
    executor_tasks.announce_and_wait(announce, wait)


class AsyncioCase(executor_case.ExecutorCase):
    def run_async(self, main):
        return asyncio.run(asyncio.wait_for(main, 50))


# What is taken by one at a time, and the condition, whose lock is a Lock.
EXCLUSIVE = (symplast.Lock, symplast.Semaphore, symplast.BoundedSemaphore, lambda: symplast.Condition(symplast.Lock()))


class ExclusiveTests(AsyncioCase):
    def test_coroutines_take_turns(self):
        async def main(lock):
            inside, order = 0, []

            async def enter(number):
                nonlocal inside
                async with lock:
                    inside += 1
                    self.assertEqual(inside, 1)
                    await asyncio.sleep(0)
                    order.append(number)
                    inside -= 1

            await asyncio.gather(*map(enter, range(50)))
            self.assertEqual(sorted(order), list(range(50)))

        for make in EXCLUSIVE:
            with self.subTest(make):
                self.run_async(main(make()))

    def test_with_threads_of_other_interpreters(self):
        async def main(lock):
            executor, counter = self.executor(2), symplast.List([0])
            tasks = [asyncio.wrap_future(executor.submit(count_up, lock, counter, 300)) for _ in range(2)]

            async def count():
                for _ in range(30):
                    async with lock:
                        before = counter[0]
                        await asyncio.sleep(0)
                        counter[0] = before + 1

            await asyncio.gather(*(count() for _ in range(10)), *tasks)
            self.assertEqual(counter[0], 900)

        for make in EXCLUSIVE[:-1]:
            with self.subTest(make):
                self.run_async(main(make()))

    def test_a_thousand_wait(self):
        async def main(lock):
            await lock.aacquire()
            tasks = [asyncio.create_task(lock.aacquire()) for _ in range(1000)]
            await asleep(1000)
            for _ in tasks:
                lock.release()
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                tasks = [task for task in tasks if not task.done()]
            self.assertEqual(tasks, [])

        self.run_async(main(symplast.Semaphore(1)))

    def test_timeouts(self):
        async def main(lock):
            self.assertIs(await lock.aacquire(), True)
            self.assertIs(await lock.aacquire(timeout=0), False)
            self.assertIs(await lock.aacquire(-1), False)
            self.assertIs(await lock.aacquire(0.01), False)
            lock.release()
            self.assertIs(await lock.aacquire(0), True)
            lock.release()
            await asleep(0)
            for wrong in ("1", object(), [1]):
                with self.assertRaisesRegex(TypeError, "number of seconds"):
                    await lock.aacquire(wrong)
            with self.assertRaises(ValueError):
                await lock.aacquire(float("nan"))
            with self.assertRaises(TypeError):
                await lock.aacquire(1, 2)

        for make in EXCLUSIVE:
            with self.subTest(make):
                self.run_async(main(make()))

    def test_a_cancelled_coroutine_passes_the_wake_on(self):
        async def main(lock):
            await lock.aacquire()
            for _ in range(50):
                first, second = (asyncio.create_task(lock.aacquire()) for _ in range(2))
                await asleep(2)
                # The first is woken, and cancelled before it runs.
                lock.release()
                first.cancel()
                self.assertIs(await second, True)
                with self.assertRaises(asyncio.CancelledError):
                    await first
            lock.release()
            self.assertIs(await lock.aacquire(0), True)

        for make in EXCLUSIVE:
            with self.subTest(make):
                self.run_async(main(make()))

    def test_a_coroutine_that_is_cancelled_when_it_has_the_lock_has_not_lost_it(self):
        async def main(lock):
            for pause in range(4):
                await lock.aacquire()

                async def enter():
                    async with lock:
                        await asyncio.sleep(0)

                task = asyncio.create_task(enter())
                await asleep(1)
                lock.release()
                for _ in range(pause):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                self.assertIs(await lock.aacquire(1), True)
                lock.release()

        for make in EXCLUSIVE:
            with self.subTest(make):
                self.run_async(main(make()))

    def test_an_owner_that_ends(self):
        async def main():
            lock, executor, gate = symplast.Lock(), symplast.InterpreterPoolExecutor(1), self.gate()
            executor.submit(hold, lock, *gate.arguments)
            gate.await_tasks()
            tasks = [asyncio.create_task(lock.aacquire()) for _ in range(2)]
            await asleep(2)
            gate.open()
            await asyncio.to_thread(executor.shutdown)
            done, _ = await asyncio.wait(tasks)
            errors = [task.exception() for task in done]
            self.assertEqual(sorted(map(str, map(type, errors))), sorted(map(str, (type(None), symplast.AbandonedError))))

        self.run_async(main())

    def test_deletion(self):
        async def main(make, deletes_pool):
            pool = fixtures.new_pool(self)
            with pool.allocating():
                lock = make()
            await lock.aacquire()
            tasks = [asyncio.create_task(lock.aacquire()) for _ in range(2)]
            await asleep(2)
            pool.delete() if deletes_pool else symplast.delete(lock)
            for task in tasks:
                with self.assertRaises(symplast.DeletedError):
                    await task
            with self.assertRaises(symplast.DeletedError):
                await lock.aacquire()
            await asleep(0)

        for make in EXCLUSIVE[:-1]:
            for deletes_pool in (False, True):
                with self.subTest(make, deletes_pool=deletes_pool):
                    self.run_async(main(make, deletes_pool))

    def test_a_reentrant_lock_says_what_to_use(self):
        async def main():
            with self.assertRaisesRegex(TypeError, "use symplast.Lock"):
                await symplast.Condition().aacquire()
            with self.assertRaises(TypeError):
                async with symplast.RLock():
                    pass

        self.run_async(main())

    def test_a_loop_that_ends_while_coroutines_wait_leaves_nothing(self):
        lock = symplast.Lock()
        lock.acquire()

        async def main():
            task = asyncio.create_task(lock.aacquire())
            await asleep(1)
            return task

        before = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            loop = asyncio.new_event_loop()
            task = loop.run_until_complete(main())
            loop.set_exception_handler(lambda loop, context: None)
            # Closed with a task that was never ended.
            loop.close()
            task.get_coro().close()
            del loop, task
        gc.collect()
        lock.release()
        self.assertTrue(lock.acquire(timeout=10))
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)


class EventTests(AsyncioCase):
    def test_set_elsewhere(self):
        async def main():
            event, executor = symplast.Event(), self.executor(1)
            tasks = [asyncio.create_task(event.await_()) for _ in range(20)]
            await asleep(20)
            executor.submit(event.set)
            self.assertEqual(await asyncio.gather(*tasks), [True] * 20)
            self.assertIs(await event.await_(), True)

        self.run_async(main())

    def test_set_and_cleared_at_once(self):
        async def main():
            event = symplast.Event()
            task = asyncio.create_task(event.await_())
            await asleep(1)
            event.set()
            event.clear()
            self.assertIs(await task, True)
            self.assertIs(await event.await_(0.01), False)

        self.run_async(main())

    def test_deletion(self):
        async def main():
            event = symplast.Event()
            task = asyncio.create_task(event.await_(timeout=60))
            await asleep(1)
            symplast.delete(event)
            with self.assertRaises(symplast.DeletedError):
                await task

        self.run_async(main())


class ConditionTests(AsyncioCase):
    def test_notified_from_another_interpreter(self):
        async def main():
            condition, items, executor = symplast.Condition(symplast.Lock()), symplast.List(), self.executor(1)

            async def take():
                async with condition:
                    await condition.await_for(lambda: len(items))
                    return items.pop()

            tasks = [asyncio.create_task(take()) for _ in range(20)]
            await asleep(20)
            executor.submit(give, condition, items, 20)
            self.assertEqual(sorted(await asyncio.gather(*tasks)), list(range(20)))

        self.run_async(main())

    def test_timeouts(self):
        async def main():
            condition = symplast.Condition(symplast.Lock())
            with self.assertRaisesRegex(RuntimeError, "un-acquired lock"):
                await condition.await_()
            async with condition:
                self.assertIs(await condition.await_(0.01), False)
                self.assertTrue(condition.locked())
                self.assertIs(await condition.await_for(lambda: False, timeout=0.01), False)
                self.assertEqual(await condition.await_for(lambda: 7, 0), 7)
            self.assertFalse(condition.locked())

        self.run_async(main())

    def test_a_cancelled_coroutine_holds_the_lock_and_passes_the_notification_on(self):
        async def main():
            condition, held = symplast.Condition(symplast.Lock()), []

            async def wait():
                async with condition:
                    try:
                        return await condition.await_()
                    finally:
                        held.append(condition.locked())

            for _ in range(20):
                first = asyncio.create_task(wait())
                await asleep(1)
                second = asyncio.create_task(wait())
                await asleep(2)
                async with condition:
                    condition.notify()
                    first.cancel()
                self.assertIs(await second, True)
                with self.assertRaises(asyncio.CancelledError):
                    await first
            self.assertEqual(held, [True] * 40)
            self.assertFalse(condition.locked())

        self.run_async(main())

    def test_threads_and_coroutines_wait_together(self):
        async def main():
            condition, results = symplast.Condition(symplast.Lock()), []

            def wait():
                with condition:
                    results.append(condition.wait(30))

            async def await_():
                async with condition:
                    results.append(await condition.await_(30))

            threads = [threading.Thread(target=wait) for _ in range(3)]
            for thread in threads:
                thread.start()
            tasks = [asyncio.create_task(await_()) for _ in range(3)]
            await asleep(3)
            while len(results) < 6:
                async with condition:
                    condition.notify_all()
                await asyncio.sleep(0.001)
            for thread in threads:
                thread.join()
            await asyncio.gather(*tasks)
            self.assertEqual(results, [True] * 6)

        self.run_async(main())


def give(condition, items, count):
    for number in range(count):
        with condition:
            items.append(number)
            condition.notify()


if __name__ == "__main__":
    unittest.main()
