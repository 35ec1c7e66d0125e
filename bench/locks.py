"""Locks that all interpreters share, beside those of threading and multiprocessing."""

import multiprocessing
import threading

import symplast

from harness import Bar, Run, benchmark, cpu_seconds, wall_seconds

BAR = Bar(2.0)

TIMES = 20_000


def _enter(lock, times):
    for _ in range(times):
        with lock:
            pass


def _call(lock, times):
    acquire, release = lock.acquire, lock.release
    for _ in range(times):
        acquire()
        release()


def _ask(event, times):
    is_set = event.is_set
    for _ in range(times):
        is_set()


def _answer(asked, answered, times):
    for _ in range(times):
        asked.acquire()
        answered.release()


def _hand_over(asked, answered, times):
    for _ in range(times):
        asked.release()
        answered.acquire()


@benchmark("uncontended")
def uncontended(run: Run) -> None:
    """One thread takes and releases a lock that nobody else wants."""
    times = run.either(TIMES, TIMES // 10)
    # A Semaphore of threading is Python code, which takes ten times as long.
    sides = [("with lock:", _enter, symplast.Lock(), "threading.Lock", threading.Lock(), BAR),
             ("acquire() and release()", _call, symplast.Lock(), "threading.Lock", threading.Lock(), BAR),
             ("with rlock:", _enter, symplast.RLock(), "threading.RLock", threading.RLock(), BAR),
             ("with lock:", _enter, symplast.Lock(), "multiprocessing.Lock", multiprocessing.Lock(), None),
             ("with semaphore:", _enter, symplast.Semaphore(), "threading.Semaphore", threading.Semaphore(), None),
             ("event.is_set()", _ask, symplast.Event(), "threading.Event", threading.Event(), BAR)]
    for name, function, ours, rival, theirs, bar in sides:
        mine, other = run.turns(f"{name} beside {rival}", lambda: cpu_seconds(function, ours, times) / times,
                                lambda: cpu_seconds(function, theirs, times) / times, seconds=1, pinned=True)
        run.row(name, mine, rival, other, bar=bar)


@benchmark("handed over")
def handed_over(run: Run) -> None:
    """Two semaphores wake a worker, which wakes this thread in turn: time of one way."""
    times = run.either(2000, 100)
    asked, answered = symplast.Semaphore(0), symplast.Semaphore(0)
    context = multiprocessing.get_context("spawn")
    theirs = context.Semaphore(0), context.Semaphore(0)
    rounds = 1000
    with symplast.InterpreterPoolExecutor(1) as executor:
        process = context.Process(target=_answer, args=(*theirs, times * rounds), daemon=True)
        process.start()
        executor.submit(_answer, asked, answered, times * rounds)
        mine, other = run.turns("wake and be woken", lambda: wall_seconds(_hand_over, asked, answered, times) / times / 2,
                                lambda: wall_seconds(_hand_over, *theirs, times) / times / 2, seconds=3)
        symplast.delete(asked)
        process.terminate()
        process.join()
    run.row("a woken worker wakes its waker, one way", mine, "multiprocessing.Semaphore", other)
