"""What CPython keeps for all interpreters of a process: it works beside workers, or is refused with a reason; nothing crashes."""

import sys
import unittest

import executor_case


def run(source):
    """Runs a program in a process of its own; returns what it printed."""
    return executor_case.run(BEGIN + source)


BEGIN = """\
import atexit, gc, os, signal, sys, threading, time, tracemalloc, warnings
import symplast
import executor_tasks as tasks
from concurrent.futures import wait
from symplast import InterpreterPoolExecutor

def refused(call, *arguments, text):
    try:
        call(*arguments)
    except RuntimeError as error:
        assert text in str(error), error
    else:
        raise AssertionError("not refused")

def busy(number):
    'Makes and drops objects, code and exceptions; its result is made in the worker.'
    import json
    names = {}
    kept = []
    for n in range(number):
        exec(compile(f"def f(): return [object() for _ in range(3)]", f"made/{n}.py", "exec"), names)
        kept.append(names["f"]())
        kept.append(json.dumps({"numbers": [n] * 100}))
        try:
            [].pop()
        except IndexError:
            pass
    return kept[1::2]

def force(name):
    'Imports what CPython refuses to workers.'
    import importlib, importlib.util
    with importlib.util._incompatible_extension_module_restrictions(disable_check=True):
        return importlib.import_module(name)
"""


class Tracemalloc(unittest.TestCase):
    WORK = """
for _ in range(2):
    with InterpreterPoolExecutor(2) as executor:
        for future in [executor.submit(busy, 150) for _ in range(4)]:
            assert len(future.result()) == 150
"""

    def test_it_traces_the_main_interpreter_alone(self):
        run("""
tracemalloc.start(5)
""" + self.WORK + """
with InterpreterPoolExecutor(2) as executor:
    futures = [executor.submit(busy, 2000) for _ in range(2)]
    wait(futures)                   # so that a worker's thread brings them
    results = [future.result() for future in futures]
    here = [bytes(1000) for _ in range(1000)]
    traces = tracemalloc.take_snapshot().traces
    names = {frame.filename for trace in traces for frame in trace.traceback}
    assert not [name for name in names if name.startswith("made/")]
    # What was made for them here, and what came back, is traced.
    assert sum(trace.size for trace in traces) > 2_000_000
    assert tracemalloc.get_object_traceback(here[0]) is not None
    assert all(tracemalloc.get_object_traceback(result[n]) for result in results for n in range(0, 2000, 100))
gc.collect()
tracemalloc.take_snapshot()
tracemalloc.stop()
""" + self.WORK + """
tracemalloc.start()
""" + self.WORK)

    def test_it_traces_until_the_end_of_the_program(self):
        for begin in ("tracemalloc.start()\n",
                      "tracemalloc.start(25)\nexecutor = InterpreterPoolExecutor(2); executor.submit(busy, 100)\n"):
            with self.subTest(begin):
                run(begin + self.WORK)

    def test_it_is_on_from_the_start(self):
        executor_case.run(BEGIN + "assert tracemalloc.is_tracing()\n" + self.WORK, PYTHONTRACEMALLOC="3")

    def test_it_is_neither_started_nor_stopped_while_workers_live(self):
        run("""
start = tracemalloc.start           # a name of its own does not get round it
with InterpreterPoolExecutor(1) as executor:
    executor.submit(abs, 1).result()
    refused(start, text="before the first task")
    assert not tracemalloc.is_tracing()
    tracemalloc.stop()              # changes nothing
tracemalloc.start()
with InterpreterPoolExecutor(1) as executor:
    executor.submit(abs, 1).result()
    refused(tracemalloc.stop, text="after executors are shut down")
    start(10)                       # changes nothing
    tracemalloc.clear_traces()
    tracemalloc.reset_peak()
    assert tracemalloc.is_tracing()
tracemalloc.stop()
""")

    def test_tasks_cannot_start_threads_while_it_traces(self):
        run("""
def task():
    import threading
    threads = [threading.Thread(target=abs, args=(1,))]
    for thread in threads:
        thread.start()
        thread.join()
    return "ran"
with InterpreterPoolExecutor(1) as executor:
    assert executor.submit(task).result() == "ran"
tracemalloc.start()
thread = threading.Thread(target=abs, args=(1,))
with InterpreterPoolExecutor(1) as executor:
    refused(executor.submit(task).result, text="while tracemalloc traces")
    assert executor.submit(abs, -1).result() == 1
    thread.start()
    thread.join()
""")

    def test_workers_reach_no_traces(self):
        run("""
def task(name, *arguments):
    return getattr(force("_tracemalloc"), name)(*arguments)
for tracing in (False, True):
    if tracing:
        tracemalloc.start()
    with InterpreterPoolExecutor(1) as executor:
        for call in (("start",), ("stop",), ("clear_traces",), ("_get_traces",), ("_get_object_traceback", "text")):
            refused(executor.submit(task, *call).result, text="main interpreter")
        assert executor.submit(task, "is_tracing").result() == tracing
""")


class Faulthandler(unittest.TestCase):
    def test_collectors_of_workers_do_not_look_at_its_file(self):
        run("""
import faulthandler, gc
file = open(os.devnull, "w")
faulthandler.enable(file)
def task():
    import faulthandler, gc
    assert "TextIOWrapper" not in [type(o).__name__ for o in gc.get_referents(faulthandler)]
    for _ in range(300):
        gc.collect()
with InterpreterPoolExecutor(2) as executor:
    futures = [executor.submit(task) for _ in range(4)]
    while not all(future.done() for future in futures):
        gc.collect()
    for future in futures:
        future.result()
assert faulthandler.is_enabled()
faulthandler.disable()
""")

    def test_the_program_uses_it_beside_workers(self):
        run("""
import faulthandler
null = open(os.devnull, "w")
faulthandler.enable(null)
with InterpreterPoolExecutor(2) as executor:
    futures = [executor.submit(sum, range(1_000_000)) for _ in range(8)]
    for n in range(50):
        faulthandler.register(signal.SIGUSR1, null, all_threads=False)
        signal.raise_signal(signal.SIGUSR1)
        faulthandler.dump_traceback(null, all_threads=False)
        faulthandler.unregister(signal.SIGUSR1)
    for future in futures:
        future.result()
assert faulthandler.is_enabled()
faulthandler.disable()
""")


class Frames(unittest.TestCase):
    # As Layout.FramesOfOwnInterpreter.
    SAFE = sys.version_info[2] >= {13: 18, 14: 10, 15: 2}.get(sys.version_info[1], 1000)

    def test_current_frames_and_exceptions(self):
        run(f"SAFE = {self.SAFE}" + """
def task(name):
    import sys
    return len(getattr(sys, name)())
for name in ("_current_frames", "_current_exceptions"):
    call = getattr(sys, name)
    assert call()
    with InterpreterPoolExecutor(2) as executor:
        futures = [executor.submit(busy, 400) for _ in range(4)]
        if SAFE:
            for _ in range(2000):
                assert threading.get_ident() in call()
            assert executor.submit(task, name).result() >= 1
        else:
            refused(call, text="other interpreters")
            refused(executor.submit(task, name).result, text="other interpreters")
        for future in futures:
            future.result()
    assert call()
""")


class Signals(unittest.TestCase):
    def test_handlers_of_the_program_stay_in_it(self):
        run("""
class Handler:
    def __call__(self, number, frame):
        caught.append(number)
caught = []
handler = Handler()
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGUSR1, handler)
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
before = sys.getrefcount(handler)
def task():
    import signal
    def error(call, *arguments):
        try:
            call(*arguments)
        except (TypeError, ValueError, OverflowError) as exc:
            return type(exc).__name__
    known = [signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, 2)]
    errors = [error(signal.getsignal, number) for number in (0, -1, 1000, 2**70, "2", None)]
    errors += [error(signal.signal, 10, signal.SIG_DFL), error(signal.set_wakeup_fd, -1)]
    return known, errors
with InterpreterPoolExecutor(1) as executor:
    known, errors = executor.submit(task).result()
    assert known == [None, signal.SIG_IGN, signal.SIG_DFL, None], known
    assert [type(k) for k in known[1:3]] == [signal.Handlers] * 2
    assert errors[:4] == ["ValueError"] * 3 + ["OverflowError"], errors
    assert errors[4:] == ["TypeError"] * 2 + ["ValueError"] * 2, errors
    for _ in range(200):
        executor.submit(task).result()
    assert sys.getrefcount(handler) == before
    assert signal.getsignal(signal.SIGUSR1) is handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    executor.submit(signal.raise_signal, signal.SIGUSR1).result()
    while not caught:
        os.sched_yield()
assert caught == [signal.SIGUSR1]
""")

    def test_the_wake_up_descriptor_is_written_for_signals_in_workers(self):
        run("""
read, write = os.pipe()
os.set_blocking(write, False)
signal.signal(signal.SIGUSR1, lambda number, frame: None)
signal.set_wakeup_fd(write)
with InterpreterPoolExecutor(1) as executor:
    executor.submit(signal.raise_signal, signal.SIGUSR1).result()
    assert os.read(read, 1) == bytes([signal.SIGUSR1])
signal.set_wakeup_fd(-1)
""")

    def test_asyncio_in_workers(self):
        run("""
def task():
    import asyncio
    async def main():
        await asyncio.sleep(0)
        return 5
    return asyncio.run(main())
with InterpreterPoolExecutor(1) as executor:
    assert executor.submit(task).result() == 5
""")


class Hooks(unittest.TestCase):
    def test_audit_hooks_are_each_interpreters_own(self):
        run("""
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event) if event.startswith("test.") else None)
def task():
    import sys
    mine = []
    def hook(event, arguments):
        if event == "test.refuse":
            raise ValueError(event)
        if event.startswith("test."):
            mine.append(event)
    sys.addaudithook(hook)
    sys.audit("test.here")
    try:
        sys.audit("test.refuse")
    except ValueError:
        mine.append("refused")
    return mine
with InterpreterPoolExecutor(1) as executor:
    assert executor.submit(task).result() == ["test.here", "refused"]
    sys.audit("test.refuse")
assert seen == ["test.refuse"]
""")

    def test_monitoring_and_profiles_are_each_interpreters_own(self):
        run("""
def task(number, leave):
    import sys, threading
    events = sys.monitoring.events
    sys.monitoring.use_tool_id(2, "test")
    calls = []
    sys.monitoring.register_callback(2, events.PY_START, lambda code, offset: calls.append(code.co_name))
    sys.monitoring.set_events(2, events.PY_START)
    profiled = []
    sys.setprofile(lambda frame, event, argument: profiled.append(event))
    def step(): return 1
    total = sum(step() for _ in range(number))
    sys.setprofile(None)
    if not leave:
        sys.monitoring.set_events(2, 0)
        sys.monitoring.free_tool_id(2)
    return calls.count("step"), profiled.count("call") > number
mine = []
sys.monitoring.use_tool_id(2, "main")
sys.monitoring.register_callback(2, sys.monitoring.events.PY_START, lambda code, offset: mine.append(code.co_name))
sys.monitoring.set_events(2, sys.monitoring.events.PY_START)
with InterpreterPoolExecutor(2) as executor:
    for future in [executor.submit(task, 1000, False) for _ in range(8)]:
        assert future.result() == (1000, True), future.result()
with InterpreterPoolExecutor(1) as executor:
    executor.submit(task, 10, True).result()
    assert executor.submit(abs, -1).result() == 1
assert "step" not in mine and "submit" in mine
""")

    def test_atexit_functions_run_at_the_end_of_their_interpreter(self):
        printed = run("""
def task():
    import atexit
    atexit.register(print, "worker", flush=True)
atexit.register(print, "program")
with InterpreterPoolExecutor(1) as executor:
    executor.submit(task).result()
print("between")
""")
        self.assertEqual(printed.split(), ["worker", "between", "program"])

    @unittest.skipUnless(hasattr(sys, "activate_stack_trampoline"), "this Python has no perf trampoline")
    def test_the_perf_trampoline_is_the_programs(self):
        run("""
def task(name, *arguments):
    import sys
    return getattr(sys, name)(*arguments)
try:
    sys.activate_stack_trampoline("perf")
except ValueError:
    sys.exit()      # not on this machine
with InterpreterPoolExecutor(2) as executor:
    refused(executor.submit(task, "activate_stack_trampoline", "perf").result, text="main interpreter")
    refused(executor.submit(task, "deactivate_stack_trampoline").result, text="main interpreter")
    futures = [executor.submit(busy, 300) for _ in range(4)]
    busy(100)
    for future in futures:
        future.result()
    assert sys.is_stack_trampoline_active()
    sys.deactivate_stack_trampoline()
    busy(100)
""")

    def test_pending_calls_of_the_program_run_in_it(self):
        # Signal handlers and the interrupts of workers are such calls.
        run("""
where = []
signal.signal(signal.SIGUSR1, lambda number, frame: where.append(threading.get_ident()))
with InterpreterPoolExecutor(2) as executor:
    futures = [executor.submit(busy, 200) for _ in range(4)]
    for _ in range(100):
        signal.raise_signal(signal.SIGUSR1)
    for future in futures:
        future.result()
assert where == [threading.get_ident()] * 100
""")
