"""map(), starmap() and imap_unordered(): the results of many calls, and their progress."""

import gc
import io
import itertools
import sys
import threading
import weakref
from unittest import mock

import symplast
from symplast import executor as _  # Imported before sys.modules is patched.
from symplast import progress

import executor_tasks as tasks
from executor_case import ExecutorCase


class Unordered(ExecutorCase):
    def test_each_result_comes_once(self):
        executor = self.executor(2)
        for options in ({}, {"chunksize": 7}, {"buffersize": 3}, {"chunksize": 7, "buffersize": 2}):
            with self.subTest(options):
                self.assertEqual(sorted(executor.imap_unordered(tasks.square, range(50), **options)), [n * n for n in range(50)])

    def test_a_result_comes_before_an_earlier_one_that_is_late(self):
        executor = self.executor(2)
        gate = self.gate()
        late = [(*gate.arguments, "late"), (gate.arguments[0], None, "early")]
        results = executor.imap_unordered(wait_or_not, late)
        self.assertEqual(next(results), "early")
        gate.open()
        self.assertEqual(list(results), ["late"])

    def test_several_iterables(self):
        self.assertEqual(sorted(self.executor(1).imap_unordered(pow, [2, 3, 4], [2, 2])), [4, 9])

    def test_nothing(self):
        executor = self.executor(1)
        self.assertEqual(list(executor.imap_unordered(abs, [])), [])
        self.assertEqual(list(executor.imap_unordered(abs)), [])

    def test_an_endless_iterable(self):
        results = self.executor(2).imap_unordered(tasks.square, itertools.count(), buffersize=4)
        self.assertTrue({next(results) for _ in range(20)} <= {n * n for n in range(30)})

    def test_an_exception_ends_it(self):
        executor = self.executor(1)
        results = executor.imap_unordered(fail_at_two, range(100))
        with self.assertRaises(ZeroDivisionError):
            list(results)
        self.assertEqual(list(results), [])

    def test_an_argument_that_cannot_be_sent(self):
        with self.assertRaisesRegex(symplast.NotShareableError, "^argument 1 of abs: .* use symplast.Lock$"):
            list(self.executor(1).imap_unordered(abs, [threading.Lock()]))

    def test_by_many_threads(self):
        executor = self.executor(2)
        results = []
        threads = [threading.Thread(target=lambda: results.append(sorted(executor.imap_unordered(tasks.square, range(60)))))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [[n * n for n in range(60)]] * 4)

    def test_a_task_that_another_thread_cancels(self):
        executor = self.executor(1)
        gate = self.gate()
        held = executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        results = executor.imap_unordered(tasks.square, range(3))
        thread = threading.Timer(0.05, lambda: executor.shutdown(wait=False, cancel_futures=True))
        thread.start()
        from concurrent.futures import CancelledError

        with self.assertRaises(CancelledError):
            next(results)
        thread.join()
        gate.open()
        held.result()

    def test_tasks_are_cancelled_when_it_ends_early(self):
        executor = self.executor(1)
        gate = self.gate()
        results = executor.imap_unordered(wait_or_not, [(None, None, 1), *[(*gate.arguments, 2)] * 9])
        self.assertEqual(next(results), 1)
        gate.await_tasks()
        results.close()
        gate.open()
        executor.shutdown()
        self.assertEqual(executor.stats().done, 2)

    def test_in_a_worker(self):
        self.assertEqual(self.executor(1).submit(unordered_in_worker).result(), [0, 1, 4, 9])

    def test_it_does_not_keep_the_executor(self):
        executor = symplast.InterpreterPoolExecutor(1)
        results = executor.imap_unordered(abs, range(3))
        gone = weakref.ref(executor)
        del executor
        gc.collect()
        self.assertIsNone(gone())
        self.assertEqual(sorted(results), [0, 1, 2])

    def test_wrong_sizes(self):
        executor = self.executor(1)
        for method in (executor.imap_unordered, executor.starmap, executor.map):
            for options in ({"chunksize": 0}, {"buffersize": 0}):
                with self.assertRaises(ValueError):
                    method(abs, [], **options)
            with self.assertRaises(TypeError):
                method(abs, [], buffersize="1")


class Starmap(ExecutorCase):
    def test_in_order(self):
        executor = self.executor(2)
        pairs = [(n, 2) for n in range(30)]
        self.assertEqual(list(executor.starmap(pow, pairs)), [n * n for n in range(30)])
        self.assertEqual(list(executor.starmap(pow, iter(pairs), 7)), [n * n for n in range(30)])
        self.assertEqual(list(executor.starmap(pow, pairs, buffersize=3)), [n * n for n in range(30)])

    def test_arguments_of_any_kind_of_sequence(self):
        self.assertEqual(list(self.executor(1).starmap(pow, [[2, 3], (2, 4), iter((2, 5))])), [8, 16, 32])

    def test_a_timeout(self):
        gate = self.gate()
        with self.assertRaises(TimeoutError):
            list(self.executor(1).starmap(tasks.announce_and_wait, [gate.arguments], timeout=0.01))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Progress(ExecutorCase):
    def shown(self, stream, run, tqdm=None):
        with mock.patch.object(sys, "stderr", stream), mock.patch.dict(sys.modules, {"tqdm": tqdm, "tqdm.auto": tqdm}):
            run()
        return stream.getvalue()

    def test_one_line_on_a_terminal(self):
        executor = self.executor(2)
        for method, iterable in ((executor.map, range(25)), (executor.imap_unordered, range(25)),
                                 (executor.starmap, [(n,) for n in range(25)])):
            for chunksize in (1, 4):
                with self.subTest(method.__name__, chunksize=chunksize):
                    text = self.shown(Terminal(), lambda: list(method(abs, iterable, chunksize=chunksize, progress=True)))
                    self.assertRegex(text, r"\r25/25 \(100 %\)  0:0\d\s*\n$")
                    self.assertEqual(text.count("\n"), 1)

    def test_without_a_length(self):
        text = self.shown(Terminal(), lambda: list(self.executor(1).map(abs, iter(range(3)), progress=True)))
        self.assertRegex(text, r"\r3  0:0\d\s*\n$")

    def test_nothing_if_stderr_is_no_terminal(self):
        for stream in (io.StringIO(), None):
            with mock.patch.object(sys, "stderr", stream), mock.patch.dict(sys.modules, {"tqdm": None, "tqdm.auto": None}):
                self.assertEqual(list(self.executor(1).map(abs, [-1], progress=True)), [1])
            self.assertFalse(stream and stream.getvalue())

    def test_tqdm(self):
        made = []

        class Bar:
            def __init__(self, total, disable):
                self.total, self.n, self.closed = total, 0, False
                made.append(self)

            def update(self, more):
                self.n += more

            def close(self):
                self.closed = True

        text = self.shown(Terminal(), lambda: list(self.executor(1).map(abs, range(9), chunksize=2, progress=True)),
                          mock.Mock(tqdm=Bar))
        self.assertEqual([(bar.total, bar.n, bar.closed) for bar in made], [(9, 9, True)])
        self.assertEqual(text, "")

    def test_what_cannot_be_shown_does_not_disturb(self):
        class Broken(Terminal):
            def write(self, text):
                raise OSError("no terminal any more")

        with mock.patch.object(sys, "stderr", Broken()), mock.patch.dict(sys.modules, {"tqdm": None, "tqdm.auto": None}):
            self.assertEqual(list(self.executor(1).map(abs, range(5), progress=True)), list(range(5)))

    def test_no_stream_or_one_that_is_none(self):
        for stream in (None, object()):
            for modules in ({}, {"tqdm": None, "tqdm.auto": None}):
                with mock.patch.object(sys, "stderr", stream), mock.patch.dict(sys.modules, modules):
                    self.assertEqual(list(self.executor(1).map(abs, range(5), progress=True)), list(range(5)))

    def test_many_threads(self):
        shown = []
        bar = progress.Progress(None)
        bar._show = lambda count, last: shown.append(count)
        threads = [threading.Thread(target=lambda: [bar.add(1) for _ in range(1000)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        bar.close()
        self.assertEqual(shown[-1], 4000)
        self.assertEqual(shown, sorted(shown))


def wait_or_not(arguments):
    announce, gate, value = arguments
    return value if gate is None else tasks.announce_and_wait(announce, gate, value)


def fail_at_two(n):
    return 1 // (n - 2)


def unordered_in_worker():
    with symplast.InterpreterPoolExecutor(2) as executor:
        return sorted(executor.imap_unordered(tasks.square, range(4)))
