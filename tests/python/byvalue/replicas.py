"""
A program and a worker without an executor: a `__main__` module of the test's own, and an interpreter that tasks are sent to.
"""

import os
import sys
import tempfile
import textwrap
import traceback
import types

from subinterpreters import Interpreter
from symplast import byvalue, transport


def program(test, source):
    """Runs source as the module `__main__` of this process until the test ends, and returns the module."""
    module = types.ModuleType("__main__")
    before = sys.modules["__main__"]
    test.addCleanup(sys.modules.__setitem__, "__main__", before)
    sys.modules["__main__"] = module
    exec(compile(textwrap.dedent(source), "<program>", "exec"), vars(module))
    return module


class Worker:
    """An interpreter with its own GIL that runs tasks, as a worker of an executor does."""

    def __init__(self, test):
        self._sender = byvalue.Sender()
        self._interpreter = Interpreter()
        test.addCleanup(self._interpreter.end)
        directory = tempfile.TemporaryDirectory()
        test.addCleanup(directory.cleanup)
        self._path = os.path.join(directory.name, "task")
        self._interpreter.run("import replicas\nfrom symplast.byvalue import identity\nidentity.MAIN.foreign = True")

    def send(self, fn, *args, **kwargs):
        """The task as bytes."""
        return transport.dumps((fn, args, kwargs), self._sender)

    def run(self, task):
        """The answer to a task; raises what it raised."""
        with open(self._path, "wb") as file:
            file.write(task)
        self._interpreter.run("replicas.answer(path)", path=self._path)
        with open(self._path, "rb") as file:
            succeeded, answer = transport.loads(file.read())
        if not succeeded:
            raise answer
        return answer

    def __call__(self, fn, *args, **kwargs):
        return self.run(self.send(fn, *args, **kwargs))


_reply = byvalue.Sender(reply=True)


def answer(path):
    """In the worker: replaces the task in the file by the answer."""
    with open(path, "rb") as file:
        task = file.read()
    try:
        fn, args, kwargs = transport.loads(task)
        data = transport.dumps((True, fn(*args, **kwargs)), _reply)
    except Exception as error:
        error.add_note(traceback.format_exc())
        data = transport.dumps((False, error), _reply)
    with open(path, "wb") as file:
        file.write(data)
