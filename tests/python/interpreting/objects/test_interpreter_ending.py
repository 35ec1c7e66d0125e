"""symplast.Interpreter: interrupts, ends of interpreters and of the program, forks, exhausted memory: no crash and no hang."""

import signal
import unittest

import child
import executor_case

_BEGIN = """
import gc, os, signal, sys, threading, time, _thread
import symplast
from symplast import interpreters
from symplast.interpreters import ExecutionFailed, InterpreterError, InterpreterNotFoundError

signal.signal(signal.SIGINT, signal.default_int_handler)
announced, announce = os.pipe()
wait, opening = os.pipe()
RUNS = f"import os, time; os.write({announce}, b'x')"
LOOP = RUNS + "\\nwhile True: pass"
STUCK = RUNS + f"\\nos.read({wait}, 1)"

def interrupt_soon(number=signal.SIGINT, stuck=False):
    'Sends this process a signal when the code runs, or is stuck in C, and the main thread sleeps.'
    def send():
        os.read(announced, 1)
        while not sleeps(threading.main_thread().native_id) or stuck and not all_others_sleep():
            time.sleep(0.001)
        os.kill(os.getpid(), number)
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread

def sleeps(thread):
    with open(f"/proc/self/task/{thread}/stat") as file:
        return file.read().rsplit(")")[1].split()[0] == "S"

def all_others_sleep():
    return all(sleeps(thread) for thread in map(int, os.listdir("/proc/self/task")) if thread != threading.get_native_id())

def await_rest(interpreter):
    'Returns when nothing runs in an interpreter any more.'
    while interpreter.is_running():
        time.sleep(0.001)

def raises(error, call, *arguments):
    try:
        call(*arguments)
    except error as caught:
        return caught
    raise AssertionError(f"no {error}")
"""


def run(source, **options):
    return executor_case.run(_BEGIN + source, **options)


class Interrupts(unittest.TestCase):
    def test_ctrl_c_ends_the_code_and_reaches_the_caller(self):
        run("""
interpreter = symplast.Interpreter()
for code in (LOOP, "try:\\n " + LOOP.replace("\\n", "\\n ") + "\\nfinally:\\n ended = True", LOOP):
    sender = interrupt_soon()
    raises(KeyboardInterrupt, interpreter.exec, code)
    sender.join()
    # On a busy machine the code may need longer than the caller waits for it.
    await_rest(interpreter)
assert interpreter.call(eval, "ended")
interpreter.close()
""")

    def test_code_that_catches_the_interrupt_does_not_keep_it_from_the_caller(self):
        run("""
interpreter = symplast.Interpreter()
interrupt_soon()
raises(KeyboardInterrupt, interpreter.exec, f'''
try:
    import os
    os.write({announce}, b"x")
    while True: pass
except KeyboardInterrupt:
    caught = True
''')
await_rest(interpreter)
assert interpreter.call(eval, "caught")
""")

    def test_an_interrupt_ends_waits_in_the_code(self):
        run("""
interpreter, never = symplast.Interpreter(), symplast.Event()
interpreter.prepare_main(never=never)
interpreter.exec("import symplast, time; executor = symplast.InterpreterPoolExecutor(1)")
for code in ("time.sleep(600)", "never.wait()", "executor.submit(never.wait).result()"):
    sender = interrupt_soon(stuck=True)
    raises(KeyboardInterrupt, interpreter.exec, RUNS + "\\n" + code)
    sender.join()
    # Nothing but the interrupt ends the code.
    await_rest(interpreter)
assert interpreter.call(eval, "1 + 1") == 2
never.set()
""")

    def test_code_that_sits_in_c_is_left_alone_and_the_interpreter_can_be_used_afterwards(self):
        run("""
interpreter = symplast.Interpreter()
interrupt_soon(stuck=True)
raises(KeyboardInterrupt, interpreter.exec, STUCK)
assert interpreter.is_running()
assert "running" in str(raises(InterpreterError, interpreter.close))
os.write(opening, b"x")
await_rest(interpreter)
assert interpreter.call(eval, "1 + 1") == 2
interpreter.close()
""")

    def test_exceptions_of_signal_handlers_reach_the_caller_as_they_are(self):
        run("""
class Alarm(Exception): pass
def handle(number, frame):
    raise Alarm
signal.signal(signal.SIGUSR1, handle)
interpreter = symplast.Interpreter()
interrupt_soon(signal.SIGUSR1)
raises(Alarm, interpreter.exec, LOOP)
await_rest(interpreter)
assert interpreter.call(eval, "2 * 3") == 6
""")

    def test_handlers_that_do_not_raise_disturb_nothing(self):
        run("""
calls = []
signal.signal(signal.SIGUSR1, lambda number, frame: (calls.append(1), os.write(opening, b"x")))
interpreter = symplast.Interpreter()
interrupt_soon(signal.SIGUSR1)
interpreter.exec(STUCK)
assert calls == [1]
""")

    def test_an_interrupt_reaches_code_in_an_interpreter_of_an_interpreter(self):
        run("""
outer, inner = symplast.Interpreter(), symplast.Interpreter()
outer.prepare_main(inner=inner, LOOP=LOOP)
interrupt_soon()
raises(KeyboardInterrupt, outer.exec, "inner.exec(LOOP)")
await_rest(outer)
await_rest(inner)
assert outer.call(eval, "inner.call(eval, '5')") == 5
""")

    def test_interrupts_at_any_moment_leave_the_interpreter_usable(self):
        run("""
armed = []
def handle(number, frame):
    if armed:
        armed.clear()
        raise KeyboardInterrupt
signal.signal(signal.SIGINT, handle)
def send():
    while True:
        time.sleep(0.003)
        os.kill(os.getpid(), signal.SIGINT)
interpreter = symplast.Interpreter()
threading.Thread(target=send, daemon=True).start()
caught = 0
while caught < 60:
    try:
        await_rest(interpreter)
        armed.append(1)
        while True:
            interpreter.call(sum, range(20000))
    except KeyboardInterrupt:
        caught += 1
await_rest(interpreter)
assert interpreter.call(sum, range(10)) == 45
""")

    def test_ctrl_c_while_an_interpreter_is_made(self):
        run("""
for n in range(10):
    def send():
        time.sleep(0.003 * n)
        os.kill(os.getpid(), signal.SIGINT)
    sender = threading.Thread(target=send)
    try:
        sender.start()
        interpreter = symplast.Interpreter()
        sender.join()
    except KeyboardInterrupt:
        pass
    sender.join()
interpreter = None
gc.collect()
interpreter = symplast.Interpreter()
assert interpreter.call(eval, "1") == 1
while len(interpreters.list_all()) > 2:
    time.sleep(0.001)
""")


class Ends(unittest.TestCase):
    def test_the_program_ends_with_open_interpreters(self):
        run("""
made = [symplast.Interpreter() for _ in range(3)]
made[0].exec("import atexit, sys; atexit.register(lambda: sys.__stdout__.write('bye'))")
made[1].exec("import threading, time; threading.Thread(target=time.sleep, args=(0.2,)).start()")
made[2].exec("import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()")
made[0].prepare_main(other=made[1])
""")

    def test_the_program_waits_for_calls_in_threads(self):
        self.assertEqual(run("""
interpreter = symplast.Interpreter()
interpreter.call_in_thread(exec, "import time; time.sleep(0.3); import os; os.write(1, b'done')")
"""), "done")

    def test_the_program_does_not_wait_for_calls_in_daemon_threads(self):
        for code in ("LOOP", "STUCK", "'import time; ' + RUNS + '; time.sleep(1000)'"):
            with self.subTest(code=code):
                self.assertEqual(run(f"""
interpreter = symplast.Interpreter()
threading.Thread(target=interpreter.exec, args=({code},), daemon=True).start()
os.read(announced, 1)
print("end")
"""), "end\n")

    def test_ctrl_c_ends_a_program_that_waits_for_an_interpreter(self):
        run("""
interpreter = symplast.Interpreter()
interpreter.exec(f"import atexit, os; atexit.register(lambda: (os.write({announce}, b'x'), os.read({wait}, 1)))")
interrupt_soon()
""", expect=-signal.SIGINT)

    def test_functions_of_atexit_can_use_interpreters(self):
        self.assertEqual(run("""
import atexit
interpreter = symplast.Interpreter()
atexit.register(lambda: print(interpreter.call(eval, "1 + 1")))
"""), "2\n")

    def test_nothing_is_made_after_the_end(self):
        self.assertIn("ending", run("""
import atexit
def late():
    print(raises(InterpreterError, symplast.Interpreter))
    raises(InterpreterNotFoundError, interpreter.exec, "pass")
atexit.register(late)
interpreter = symplast.Interpreter()
"""))

    def test_objects_in_cycles_close_their_interpreters(self):
        run("""
for _ in range(5):
    cycle = [symplast.Interpreter()]
    cycle.append(cycle)
    del cycle
    gc.collect()
assert interpreters.list_all() == [interpreters.get_main()]
""")

    def test_interpreters_of_workers_end_with_them(self):
        run("""
def make():
    import builtins, symplast
    builtins.kept = symplast.Interpreter()
    builtins.kept.exec("n = 3")
    return builtins.kept
with symplast.InterpreterPoolExecutor(1) as executor:
    made = executor.submit(make).result()
    assert made.call(eval, "n") == 3
raises(InterpreterNotFoundError, made.exec, "pass")
made = None
assert interpreters.list_all() == [interpreters.get_main()]
""")

    def test_an_interpreter_that_ends_while_it_is_used_by_another(self):
        run("""
maker = symplast.Interpreter()
maker.exec("import symplast; made = symplast.Interpreter()")
made = maker.call(eval, "made")
thread = threading.Thread(target=made.exec, args=(STUCK,))
thread.start()
os.read(announced, 1)
_thread.start_new_thread(lambda: (time.sleep(0.2), os.write(opening, b"x")), ())
maker.close()
thread.join()
raises(InterpreterNotFoundError, made.exec, "pass")
""")

    def test_many_are_made_used_and_closed(self):
        run("""
import symplast
for n in range(30):
    interpreter = symplast.Interpreter()
    assert interpreter.call(eval, str(n)) == n
    if n % 2:
        interpreter.close()
    del interpreter
many = [symplast.Interpreter() for _ in range(20)]
assert [each.call(eval, str(n)) for n, each in enumerate(many)] == list(range(20))
assert len(interpreters.list_all()) == 21
""")


class Resources(unittest.TestCase):
    def test_too_little_memory(self):
        run("""
import resource
kept = symplast.Interpreter()
with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
resource.setrlimit(resource.RLIMIT_AS, (size + (20 << 20), -1))
raises(MemoryError, symplast.Interpreter)
assert kept.call(eval, "1 + 1") == 2
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
assert symplast.Interpreter().call(eval, "2") == 2
""")

    def test_a_result_for_which_there_is_no_memory(self):
        run("""
import resource
interpreter = symplast.Interpreter()
interpreter.exec("data = bytes(200 << 20)")
with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
resource.setrlimit(resource.RLIMIT_AS, (size + (100 << 20), -1))
try:
    interpreter.call(eval, "data")
except (MemoryError, ExecutionFailed, interpreters.NotShareableError) as error:
    assert "MemoryError" in repr(error), error
else:
    raise AssertionError
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
assert interpreter.call(eval, "len(data)") == 200 << 20
""")

    def test_a_process_with_interpreters_is_not_forked(self):
        child.run("import signal; signal.alarm(60)\n" + _BEGIN + """
interpreter = symplast.Interpreter()
assert "cannot be forked" in str(raises(RuntimeError, os.fork))
assert "fork" in raises(ExecutionFailed, interpreter.exec, "import os; os.fork()").excinfo.msg
interpreter.close()
closed, interpreter = interpreter, symplast.Interpreter()
interpreter.close()
pid = os.fork()
if pid == 0:
    status = 1
    try:
        for use in (symplast.Interpreter, interpreters.list_all, closed.close, lambda: closed.exec("1")):
            raises(RuntimeError, use)
        del closed
        gc.collect()
        status = 0
    finally:
        os._exit(status)
assert os.waitpid(pid, 0)[1] == 0
assert symplast.Interpreter().call(eval, "1") == 1
""")

    def test_tracing_of_memory_that_began_later_is_refused_as_with_executors(self):
        run("""
import tracemalloc
interpreter = symplast.Interpreter()
raises(RuntimeError, tracemalloc.start)
""")
