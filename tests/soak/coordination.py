"""Queues, locks, conditions, semaphores, barriers and events, whose users are interrupted, replaced and killed at random.

    .venv/bin/python tests/soak/coordination.py [--seconds 300] [--seed 1]

A run is a sequence of rounds. In each, workers of two executors put numbers into a queue and take them out, enter locks, and
wait for each other, while the main thread interrupts tasks, replaces workers, and kills and terminates those of one executor.
Then nobody may sleep any more, no number may have been taken twice, and no more numbers may be gone than tasks were ended
while they might have had one in hand. No two threads may have been inside a lock at once. In some rounds the pool is deleted
under everybody. A watchdog shows all stacks if a round takes a minute. Not part of CI.
"""

import argparse
import collections
import concurrent.futures
import faulthandler
import gc
import os
import random
import threading
import time

import symplast

PAGE = os.sysconf("SC_PAGE_SIZE")
MINUTE = 60
CONSUMERS = "take", "take_async"


def resident():
    """MiB of memory in use by this process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE / 2**20


class Shared:
    """What the tasks of a round share, and the notes that they make; pickled by reference."""

    def __init__(self, chance):
        self.queue = symplast.Queue(chance.choice([0, 1, 3, 100]))
        self.locks = symplast.Lock(), symplast.RLock()
        self.owners = symplast.AtomicInt(0), symplast.AtomicInt(0)
        self.condition = symplast.Condition(symplast.Lock())
        self.semaphore = symplast.Semaphore(2)
        self.barrier = symplast.Barrier(2)
        self.event = symplast.Event()
        self.stop = symplast.Event()
        self.begun, self.put, self.taken, self.wrong = (symplast.List() for _ in range(4))


def put(shared, number, count):
    """Puts numbers; notes each before and afterwards."""
    for n in range(number * count, (number + 1) * count):
        shared.begun.append(n)
        shared.queue.put(n)
        shared.put.append(n)
        if shared.stop.is_set():
            return


def take(shared, number, count):
    """Takes numbers until the queue is shut down."""
    for n in shared.queue:
        shared.taken.append(n)


def take_async(shared, number, count):
    """The same, in a coroutine."""
    import asyncio

    async def main():
        async for n in shared.queue:
            shared.taken.append(n)

    asyncio.run(main())


def enter(shared, number, count):
    """Enters locks, and looks whether somebody else is inside."""
    me = number + 1
    while not shared.stop.is_set():
        for lock, owner in zip(shared.locks, shared.owners):
            try:
                with lock:
                    owner.value = me
                    for _ in range(5):
                        if owner.value != me:
                            shared.wrong.append(f"{owner.value} is where {me} is")
            except symplast.AbandonedError:
                pass


def meet(shared, number, count):
    """Waits for others in every other way."""
    import random
    import threading

    chance = random.Random(number)
    while not shared.stop.is_set():
        try:
            match chance.randrange(4):
                case 0:
                    with shared.condition:
                        shared.condition.notify(chance.randint(1, 3))
                        shared.condition.wait(chance.choice([0.001, 0.01]))
                case 1:
                    if shared.semaphore.acquire(timeout=0.02):
                        shared.semaphore.release()
                case 2:
                    shared.barrier.wait(0.01)
                case 3:
                    shared.event.wait(0.005)
                    shared.event.clear() if chance.random() < 0.5 else shared.event.set()
        except threading.BrokenBarrierError:
            shared.barrier.reset()
        except symplast.AbandonedError:
            pass


KINDS = put, take, take_async, enter, meet


class Round:
    """One round: its tasks, and what was done to them."""

    def __init__(self, chance, lasting, done):
        self.chance, self.lasting, self.done = chance, lasting, done
        self.pool = symplast.Pool("round")
        with self.pool.allocating():
            self.shared = Shared(chance)
        self.mortal = symplast.InterpreterPoolExecutor(3)
        self.tasks = []     # kind, future
        self.count = chance.choice([50, 500])

    def submit(self, executor, count):
        for _ in range(count):
            kind = self.chance.choice(KINDS)
            self.tasks.append((kind, executor.submit(kind, self.shared, len(self.tasks), self.count)))

    def run(self):
        self.submit(self.lasting, 4)
        self.submit(self.mortal, 4)
        deletes = self.chance.random() < 0.2
        for _ in range(self.chance.randint(1, 12)):
            time.sleep(self.chance.random() * 0.2)
            self.disturb()
        if deletes:
            self.done["pools deleted under tasks"] += 1
            self.pool.delete()
        else:
            self.shared.stop.set()
            self.shared.queue.shutdown()
        ended = collections.Counter(self.outcome(kind, future, deletes) for kind, future in self.tasks)
        self.mortal.shutdown()
        self.done.update({f"tasks {how}": count for how, count in ended.items()})
        if not deletes:
            self.check()
            self.pool.delete()

    def disturb(self):
        match self.chance.randrange(6):
            case 0 | 1:
                self.done["interrupts"] += self.chance.choice(self.tasks)[1].interrupt()
            case 2:
                self.done["replacements"] += 1
                self.lasting.recycle(wait=False)
            case 3 | 4:
                way = self.chance.choice(["kill_workers", "terminate_workers"])
                self.done[way] += 1
                getattr(self.mortal, way)()
                self.mortal = symplast.InterpreterPoolExecutor(3)
                self.submit(self.mortal, 4)
            case 5:
                self.submit(self.chance.choice([self.lasting, self.mortal]), 1)

    def outcome(self, kind, future, deleted):
        try:
            future.result(MINUTE)
            return "returned"
        except concurrent.futures.CancelledError:
            return "cancelled"
        except (symplast.BrokenInterpreterPool, symplast.TaskInterrupted):
            return "killed"
        except symplast.DeletedError:
            assert deleted, kind
            return "ended by deletion"
        except symplast.ShutDown:
            assert kind is put
            return "ended by shutdown"
        except TimeoutError:
            raise AssertionError(f"{kind.__name__} did not end") from None

    def check(self):
        shared = self.shared
        assert not shared.wrong, list(shared.wrong)
        rest = []
        while shared.queue.qsize():
            rest.append(shared.queue.get_nowait())
        begun, put_, seen = list(shared.begun), list(shared.put), [*shared.taken, *rest]
        assert len(seen) == len(set(seen)), f"taken twice: {[n for n, times in collections.Counter(seen).items() if times > 1]}"
        assert set(seen) <= set(begun)
        lost = set(put_) - set(seen)
        ended = sum(kind.__name__ in CONSUMERS and (future.cancelled() or future.exception() is not None)
                    for kind, future in self.tasks)
        assert len(lost) <= ended, f"{len(lost)} numbers are gone, but only {ended} tasks were ended: {lost}"
        assert shared.semaphore.acquire(blocking=False) in (True, False)
        self.done["numbers"] += len(seen)
        self.done["numbers gone with a task"] += len(lost)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    done, seed = collections.Counter(), options.seed
    lasting = symplast.InterpreterPoolExecutor(3)
    while time.monotonic() < end:
        faulthandler.dump_traceback_later(MINUTE, exit=True)
        try:
            Round(random.Random(seed), lasting, done).run()
        except BaseException:
            print(f"in the round of --seed {seed}", flush=True)
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()
        seed += 1
        done["rounds"] += 1
        if done["rounds"] % 50 == 0:
            print(f"{done['rounds']:6} rounds  {resident():8.1f} MiB  {threading.active_count():3} threads  "
                  f"{len(os.listdir('/proc/self/fd')):3} files", flush=True)
    lasting.shutdown()
    print(*(f"{count:10,} {what}" for what, count in sorted(done.items())), sep="\n")


if __name__ == "__main__":
    main()
