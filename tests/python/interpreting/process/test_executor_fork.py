"""fork after import: clear errors, and the parent goes on; other ways to start processes work."""

import unittest

import child
import executor_case


class Fork(unittest.TestCase):
    BEGIN = """
import os, signal, sys, threading, warnings
warnings.simplefilter("ignore")
import symplast
from symplast import InterpreterPoolExecutor
import executor_tasks as tasks

def in_child(check):
    'Runs check in a forked child that ends as programs do; its status must be 0.'
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            check()
        except SystemExit:
            raise
        except BaseException:
            import traceback
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0

def refused(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except RuntimeError as error:
        assert "forked" in str(error) and "spawn" in str(error), error
    else:
        raise AssertionError("not refused")
"""

    def check(self, source):
        # faulthandler's watchdog is a thread, which a forked child waits for in vain when it ends.
        return child.run("import signal; signal.alarm(60)\n" + self.BEGIN + source)

    def test_an_executor_cannot_be_made(self):
        self.check("""
def check():
    refused(symplast.InterpreterPoolExecutor, 1)
    refused(InterpreterPoolExecutor, 1)
in_child(check)
with InterpreterPoolExecutor(1) as executor:
    assert executor.submit(abs, -1).result() == 1
""")

    def test_an_executor_of_the_parent_refuses_calls(self):
        self.check("""
def check(executor):
    refused(executor.submit, abs, 1)
    refused(executor.map, abs, [1])
    executor.shutdown()
    with executor:
        pass
with InterpreterPoolExecutor(1) as unused:
    in_child(lambda: check(unused))
    assert unused.submit(abs, -1).result() == 1
    used = InterpreterPoolExecutor(1)
    future = used.submit(abs, -2)
    used.shutdown()
unused.shutdown()
in_child(lambda: check(used))
in_child(lambda: future.result() == 2 or sys.exit(1))
""")

    def test_a_child_of_a_program_that_had_an_interpreter_ends_silently(self):
        self.check("""
import tempfile
interpreter = symplast.Interpreter()
interpreter.close()
with tempfile.TemporaryFile() as errors:
    def check():
        os.dup2(errors.fileno(), 2)
        refused(interpreter.exec, "pass")
    in_child(check)
    errors.seek(0)
    assert errors.read() == b""
""")

    def test_the_executor_is_collected_in_the_child(self):
        self.check("""
executor = InterpreterPoolExecutor(2)
def check():
    global executor
    del executor
    import gc
    gc.collect()
in_child(check)
assert executor.submit(abs, -1).result() == 1
""")

    def test_a_child_of_a_child(self):
        self.check("""
InterpreterPoolExecutor(1).shutdown()
in_child(lambda: in_child(lambda: refused(InterpreterPoolExecutor, 1)))
""")

    def test_multiprocessing_fork_runs_what_is_not_ours(self):
        self.check("""
import multiprocessing
context = multiprocessing.get_context("fork")
executor = InterpreterPoolExecutor(1)
for call in (executor.submit, InterpreterPoolExecutor):
    process = context.Process(target=refused, args=(call, abs))
    process.start()
    process.join()
    assert process.exitcode == 0
assert executor.submit(abs, -1).result() == 1
""")

    def test_with_living_workers_fork_itself_is_refused(self):
        # CPython crashes in such a child.
        self.check("""
import multiprocessing, pty
gate = os.pipe() + os.pipe()
with InterpreterPoolExecutor(1) as executor:
    held = executor.submit(tasks.announce_and_wait, gate[1], gate[2], 5)
    os.read(gate[0], 1)
    for call in (os.fork, os.forkpty, pty.fork, multiprocessing.get_context("fork").Process().start):
        try:
            call()
        except RuntimeError as error:
            assert "spawn" in str(error), error
        else:
            raise AssertionError(call)
    os.write(gate[3], b"g")
    assert held.result() == 5
    try:
        os.fork()
    except RuntimeError:
        print("idle workers too")
in_child(lambda: None)
""")

    def test_with_living_workers_code_before_exec_is_refused(self):
        self.check(self.FORK_EXEC + """
with InterpreterPoolExecutor(1) as executor:
    executor.submit(abs, 1).result()
    for call in (
        lambda: subprocess.run(["true"], preexec_fn=os.setsid),
        lambda: subprocess.Popen(["true"], preexec_fn=abs),
        lambda: fork_exec(abs),
        lambda: _posixsubprocess.fork_exec(*arguments(abs)),
        lambda: in_thread(lambda: fork_exec(abs)),
        lambda: in_thread(os.fork),
    ):
        try:
            call()
        except RuntimeError as error:
            assert "shut the executors down" in str(error), error
        else:
            raise AssertionError("not refused")
    for error in (executor.submit(subprocess.run, ["true"], preexec_fn=abs).exception(), executor.submit(os.fork).exception()):
        assert isinstance(error, RuntimeError) and "subinterpreters" in str(error), error
    assert executor.submit(abs, -1).result() == 1
subprocess.run(["true"], preexec_fn=os.setsid, check=True)
assert os.waitpid(fork_exec(os.setsid), 0)[1] == 0
""")

    def test_with_living_workers_what_runs_no_python_in_the_child_works(self):
        self.check(self.FORK_EXEC + """
def spawn(name, arguments):
    import os
    return os.waitpid(os.posix_spawn(name, arguments, {}), 0)[1]
with InterpreterPoolExecutor(2) as executor:
    held = executor.map(sum, [range(2_000_000)] * 4)
    for n in range(5):
        for vfork in (True, False):
            subprocess._USE_VFORK = vfork
            subprocess.run(["true"], check=True)
            subprocess.run(["true"], check=True, start_new_session=True, umask=0o22, cwd="/", user=os.getuid())
            subprocess.run(["true"], check=True, process_group=0)
        assert os.waitpid(fork_exec(None), 0)[1] == 0
        true = shutil.which("true")
        assert spawn(true, ["true"]) == 0
        assert executor.submit(spawn, true, ["true"]).result() == 0
        assert os.system("true") == 0
        assert os.popen("echo 1").read() == "1\\n"
    assert len(list(held)) == 4
    for context in map(multiprocessing.get_context, ("spawn", "forkserver")):
        process = context.Process(target=abs, args=(1,))
        process.start()
        process.join()
        assert process.exitcode == 0
""")

    def test_a_child_that_c_code_forked(self):
        # No code of Python's or ours hears of it. Such a child may not run Python for long, but a call of ours must neither hang
        # nor crash.
        self.check("""
import ctypes
libc = ctypes.CDLL(None)
with InterpreterPoolExecutor(2) as executor:
    executor.submit(abs, 1).result()
    shared = symplast.Dict({1: 2})
    for n in range(20):
        child = libc.fork()
        if child == 0:
            status = 1
            try:
                refused(symplast.freeze, [n])
                refused(symplast.Pool, "child")
                refused(executor.submit, abs, 1)
                status = 7
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert executor.submit(abs, -1).result() == 1
""")

    FORK_EXEC = """
import multiprocessing, shutil, subprocess, _posixsubprocess
from _posixsubprocess import fork_exec as plain      # a name of its own does not get round the guard
def arguments(preexec):
    given = [[b"true"], [shutil.which("true").encode()], True, (), None, None, -1, -1, -1, -1, -1, -1, *os.pipe(), True, False,
             -1, None, None, None, -1, preexec]
    return given + [True] * (sys.version_info < (3, 14))
def fork_exec(preexec):
    return plain(*arguments(preexec))
def in_thread(call):
    raised = []
    def run():
        try:
            call()
        except BaseException as error:
            raised.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    raise raised[0]
"""


class OtherProcesses(unittest.TestCase):
    def test_a_process_pool_beside_ours(self):
        executor_case.run("""
            import multiprocessing, symplast, executor_tasks as tasks
            from concurrent.futures import ProcessPoolExecutor
            spawn = multiprocessing.get_context("spawn")
            with symplast.InterpreterPoolExecutor(1) as ours, ProcessPoolExecutor(1, mp_context=spawn) as theirs:
                for n in range(3):
                    assert ours.submit(tasks.square, n).result() == theirs.submit(tasks.square, n).result() == n * n
        """)

    def test_a_spawned_process_uses_an_executor(self):
        executor_case.run("""
            import multiprocessing, symplast, executor_tasks as tasks
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(abs, 1).result()
                process = multiprocessing.get_context("spawn").Process(target=tasks.use_executor)
                process.start()
                process.join()
                assert process.exitcode == 0
        """)

    def test_subprocesses_of_workers(self):
        executor_case.run("""
            import sys, subprocess, symplast
            with symplast.InterpreterPoolExecutor(2) as executor:
                futures = [executor.submit(subprocess.check_output, [sys.executable, "-c", f"print({n})"]) for n in range(3)]
                assert [future.result() for future in futures] == [b"0\\n", b"1\\n", b"2\\n"]
                assert isinstance(executor.submit(subprocess.check_call, ["false"]).exception(), subprocess.CalledProcessError)
        """)
