"""What becomes of threads that wait for locks when their interpreter, or the program, ends."""

import threading
import time
import unittest

import symplast

import executor_case
import lock_waits


def wait_as_daemons(calls, waiting, ended):
    """Starts daemon threads that wait, and returns when all are about to."""

    def wait(call):
        try:
            waiting.release()
            call()
        finally:
            ended.release()

    for call in calls:
        threading.Thread(target=wait, args=(call,), daemon=True).start()
    for _ in calls:
        waiting.acquire()


class Workers(executor_case.ExecutorCase):
    def test_daemon_threads_that_wait_end_with_their_worker(self):
        lock, condition, waiting, ended = symplast.Lock(), symplast.Condition(), symplast.Semaphore(0), symplast.Semaphore(0)
        lock.acquire()
        calls = (lock.acquire, symplast.Event().wait, symplast.Semaphore(0).acquire, symplast.Barrier(2).wait)
        with symplast.InterpreterPoolExecutor(1) as executor:
            executor.submit(wait_as_daemons, calls, waiting, ended).result()
        for _ in calls:
            self.assertTrue(ended.acquire(blocking=False))
        lock.release()
        self.assertTrue(lock.acquire(timeout=60))
        with condition:
            condition.notify_all()

    def test_a_killed_worker_leaves_its_wait_and_its_locks(self):
        lock, other, begun = symplast.Lock(), symplast.RLock(), symplast.Event()
        lock.acquire()
        executor = symplast.InterpreterPoolExecutor(1)
        executor.submit(lock_waits.hold_and_wait_for, other, lock, begun)
        begun.wait()
        executor.kill_workers()
        with self.assertRaises(symplast.AbandonedError):
            other.acquire()
        self.assertTrue(other.acquire(timeout=60))
        lock.release()
        self.assertTrue(lock.acquire(timeout=60))
        executor.shutdown()

    def test_a_killed_worker_that_sits_in_c_code_gives_its_locks_up(self):
        for pause in range(10):
            lock, gate = symplast.Lock(), self.gate()
            executor = symplast.InterpreterPoolExecutor(1)
            executor.submit(lock_waits.hold_in_c_code, lock, *gate.arguments)
            gate.await_tasks()
            # Killed before it is in C code, the task releases the lock. Then another one is killed later.
            time.sleep(0.1 * pause)
            executor.kill_workers()
            try:
                lock.acquire()
            except symplast.AbandonedError:
                break
            executor.shutdown()
        else:
            self.fail("never abandoned")
        with lock:
            gate.open()
            self.assertFalse(lock.acquire(timeout=0.1))
        executor.shutdown()

    def test_an_interrupted_program_does_not_wait_for_what_its_tasks_wait_for(self):
        executor_case.run("""
            import os, signal, symplast, threading
            signal.signal(signal.SIGINT, signal.default_int_handler)
            lock = symplast.Lock()
            lock.acquire()
            begun = symplast.Semaphore(0)

            def wait(lock, begun):
                begun.release()
                lock.acquire()

            def interrupt():
                begun.acquire()
                begun.acquire()
                os.kill(os.getpid(), signal.SIGINT)

            try:
                with symplast.InterpreterPoolExecutor(2) as executor:
                    futures = [executor.submit(wait, lock, begun) for _ in range(2)]
                    threading.Thread(target=interrupt).start()
                    futures[0].result()
            except KeyboardInterrupt:
                print("interrupted")
            """)


class Programs(unittest.TestCase):
    def test_daemon_threads_of_the_program_that_wait_do_not_keep_it_from_ending(self):
        for call in ("lock.acquire", "symplast.Event().wait", "symplast.Semaphore(0).acquire", "symplast.Barrier(2).wait",
                     "lambda: condition.acquire() and condition.wait()", "lambda: lock.acquire(timeout=0.05) or lock.acquire()"):
            with self.subTest(call):
                executor_case.run(f"""
                    import symplast, threading, time
                    lock, condition = symplast.Lock(), symplast.Condition()
                    lock.acquire()
                    for _ in range(3):
                        threading.Thread(target={call}, daemon=True).start()
                    time.sleep(0.05)
                    with symplast.InterpreterPoolExecutor(1) as executor:
                        executor.submit(lock.locked).result()
                    """)

    def test_threads_are_woken_while_the_program_ends(self):
        # Waiters that are woken then want a GIL that nobody gives them any more.
        for wake in ("lock.release()", "event.set()", "symplast.delete(lock)", "pool.delete()"):
            with self.subTest(wake):
                executor_case.run(f"""
                    import atexit, symplast, sys, threading, time
                    pool = symplast.Pool("p")
                    with pool.allocating():
                        lock, event = symplast.Lock(), symplast.Event()
                    lock.acquire()
                    for call in (lock.acquire, event.wait) * 3:
                        threading.Thread(target=call, daemon=True).start()
                    time.sleep(0.05)

                    class Late:
                        def __del__(self, sys=sys):
                            {wake}

                    sys.late = Late()
                    atexit.register(lambda: None)
                    """)


if __name__ == "__main__":
    unittest.main()
