"""What workers print arrives in whole lines, and when it always did."""

import os
import pty
import subprocess
import sys
import threading

import child
import executor_case
from executor_case import ExecutorCase

# Each line is made of several texts, which print() writes one by one.
_PRINT = """
import symplast, sys
def lines(worker):
    for n in range(250):
        print("begin", worker, n, "x" * (n % 90), "end", file=getattr(sys, NAME))
with symplast.InterpreterPoolExecutor(4) as executor:
    list(executor.map(lines, range(10)))
"""


def text_of_lines():
    return sorted(f"begin {worker} {n} {'x' * (n % 90)} end" for worker in range(10) for n in range(250))


class WholeLines(ExecutorCase):
    def printed(self, name, *options):
        source = child.prelude() + executor_case.WATCHDOG + _PRINT.replace("NAME", repr(name))
        result = child.spawn([*options, "-c", source])
        self.assertEqual(result.returncode, 0, result.stderr)
        return getattr(result, name).splitlines()

    def test_in_a_pipe(self):
        for name in ("stdout", "stderr"):
            for options in ((), ("-u",)):
                with self.subTest(name, options=options):
                    self.assertEqual(sorted(self.printed(name, *options)), text_of_lines())

    def test_on_a_terminal(self):
        source = child.prelude() + executor_case.WATCHDOG + _PRINT.replace("NAME", "'stdout'")
        main, other = pty.openpty()
        running = subprocess.Popen([sys.executable, "-c", source], stdout=other, stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL)
        os.close(other)
        pieces = []

        def read():
            try:
                while piece := os.read(main, 1 << 16):
                    pieces.append(piece)
            except OSError:
                return

        reader = threading.Thread(target=read)
        reader.start()
        self.assertEqual(running.wait(), 0)
        reader.join()
        os.close(main)
        self.assertEqual(sorted(b"".join(pieces).decode().splitlines()), text_of_lines())


class Flushing(ExecutorCase):
    def run_program(self, source, *options):
        result = child.spawn([*options, "-c", child.prelude() + executor_case.WATCHDOG + source])
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout, result.stderr

    def test_flush_writes_a_line_that_is_not_complete(self):
        out, _ = self.run_program("""
import os, symplast, sys
def task():
    print("a", end="", flush=True)
    os.write(1, b"b")
    sys.stdout.write("c")
    sys.stdout.flush()
    os.write(1, b"d")
with symplast.InterpreterPoolExecutor(1) as executor:
    executor.submit(task).result()
""")
        self.assertEqual(out, "abcd")

    def test_the_end_of_a_worker_writes_the_rest(self):
        out, _ = self.run_program("""
import symplast
with symplast.InterpreterPoolExecutor(1) as executor:
    executor.submit(print, "without a newline", end="").result()
""")
        self.assertEqual(out, "without a newline")

    def test_stderr_is_written_line_by_line(self):
        _, err = self.run_program("""
import os, symplast, sys
def task():
    print("a", file=sys.stderr)
    os.write(2, b"b\\n")
with symplast.InterpreterPoolExecutor(1) as executor:
    executor.submit(task).result()
""")
        self.assertEqual(err, "a\nb\n")

    def test_long_lines_and_bytes(self):
        out, _ = self.run_program("""
import symplast, sys
def task(n):
    sys.stdout.buffer.write(b"%d" % n * 100_000 + b"\\n")
with symplast.InterpreterPoolExecutor(3) as executor:
    list(executor.map(task, range(6)))
""")
        self.assertEqual(sorted(out.splitlines()), [f"{n}" * 100_000 for n in range(6)])

    def test_the_streams_are_as_before(self):
        out, _ = self.run_program("""
import symplast, sys
def look():
    return [(s.fileno(), s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.isatty(), s.writable(), s is o, s.buffer.name)
            for s, o in ((sys.stdout, sys.__stdout__), (sys.stderr, sys.__stderr__))]
with symplast.InterpreterPoolExecutor(1) as executor:
    seen = executor.submit(look).result()
print(seen == look(), seen)
""")
        self.assertTrue(out.startswith("True"), out)

    def test_a_stream_that_is_closed(self):
        out, _ = self.run_program("""
import symplast, sys
def close():
    sys.stdout.close()
    return sys.stdout.closed
with symplast.InterpreterPoolExecutor(1) as executor:
    print(executor.submit(close).result())
    print(type(executor.submit(print, 1).exception()).__name__)
print("still open")
""")
        self.assertEqual(out, "True\nValueError\nstill open\n")

    def test_no_stream_at_all(self):
        out, _ = self.run_program("""
import symplast, sys, os
os.close(1)
def task():
    print("nowhere")
with symplast.InterpreterPoolExecutor(1) as executor:
    executor.submit(task).exception()
""")
        self.assertEqual(out, "")

    def test_what_is_printed_while_the_interpreter_ends(self):
        out, _ = self.run_program("""
import symplast
class Late:
    def __del__(self, print=print):
        print("late")
def keep():
    import decimal
    decimal.late = Late()
    print("task")
with symplast.InterpreterPoolExecutor(1) as executor:
    executor.submit(keep).result()
""")
        self.assertEqual(out, "task\nlate\n")
