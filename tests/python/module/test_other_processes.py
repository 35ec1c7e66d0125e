"""Objects of ours that are pickled for another process: refused where that is tried."""

import copy
import pickle
import unittest

import symplast

import executor_case
import fixtures

# In a file, as a child process imports it again.
_PROGRAM = """
import concurrent.futures, multiprocessing, os, sys, threading
import symplast

class Account(symplast.Object):
    amount: int = 0

def objects():
    yield from (symplast.Dict(), symplast.List(), symplast.Set(), symplast.SortedDict(), symplast.AtomicInt(),
                symplast.AtomicRef())
    yield from (symplast.Array("l", 3), Account(), symplast.current_pool(), [{"inside": symplast.Dict()}],
                symplast.InterpreterPoolExecutor(1))

def make(number):
    return list(objects())[number]

def refused(action, *arguments):
    try:
        action(*arguments)
    except TypeError as error:
        assert "another process" in str(error) or "cannot pickle" in str(error), error
    else:
        assert False, (action, arguments)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    BODY
    print("end")
"""


class OtherProcesses(unittest.TestCase):
    def check(self, body, *methods):
        import os
        import subprocess
        import sys
        import tempfile
        import textwrap

        import child

        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "program.py")
            with open(program, "w") as file:
                file.write(child.prelude() + _PROGRAM.replace("BODY", textwrap.indent(textwrap.dedent(body), "    ").strip()))
            for method in methods or ("spawn", "forkserver"):
                done = subprocess.run([sys.executable, program, method], capture_output=True, text=True, timeout=child.SECONDS)
                self.assertEqual((done.returncode, done.stdout), (0, "end\n"), done.stderr)

    def test_arguments_of_a_process_pool(self):
        self.check("""
            with concurrent.futures.ProcessPoolExecutor(1, context) as executor:
                for each in objects():
                    error = executor.submit(id, each).exception()
                    assert isinstance(error, TypeError), repr(error)
                    assert "another process" in str(error) or "cannot pickle" in str(error), error
                assert executor.submit(abs, -1).result() == 1
        """)

    def test_results_of_a_process_pool(self):
        self.check("""
            with concurrent.futures.ProcessPoolExecutor(1, context) as executor:
                for number, each in enumerate(objects()):
                    error = executor.submit(make, number).exception()
                    assert isinstance(error, TypeError), repr(error)
                assert executor.submit(abs, -1).result() == 1
        """, "spawn")

    def test_processes_pools_pipes_and_managers(self):
        self.check("""
            one, other = context.Pipe()
            manager = context.Manager()
            shared = manager.list()
            with context.Pool(1) as pool:
                for each in objects():
                    refused(context.Process(target=id, args=(each,)).start)
                    refused(pool.apply, id, (each,))
                    refused(one.send, each)
                    refused(shared.append, each)
                assert pool.apply(abs, (-1,)) == 1
            one.send("first")
            assert other.recv() == "first" and not other.poll()
        """, "spawn")

    def test_a_process_with_the_program_as_its_parent_goes_on(self):
        # Its queue reports what it cannot send, as for anything that cannot be pickled, and goes on.
        self.check("""
            os.dup2(1, 2) if False else None
            queue = context.SimpleQueue()
            refused(queue.put, symplast.Dict())
            queue.put(1)
            assert queue.get() == 1
        """, "spawn")


class Here(unittest.TestCase):
    """Pickles that stay in the process are as they were."""

    def test_plain_pickles_and_copies(self):
        pool = fixtures.new_pool(self)
        with pool.allocating():
            shared = symplast.Dict({1: symplast.List([2])})
            for each in (shared, shared[1], pool):
                self.assertIs(pickle.loads(pickle.dumps(each)), each)
            self.assertEqual(dict(copy.copy(shared)), dict(shared))
            self.assertEqual(list(copy.deepcopy(shared)[1]), [2])

    def test_frozen_data_go_as_copies(self):
        executor_case.run("""
            import concurrent.futures, multiprocessing, symplast
            if __name__ == "__main__":
                frozen = symplast.freeze([1, "a", (b"b", 2.5)])
                with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
                    assert executor.submit(len, frozen).result() == 3
        """)

    def test_a_module_of_another_name(self):
        from multiprocessing.reduction import ForkingPickler

        with self.assertRaisesRegex(symplast.NotShareableError, "a Dict cannot be sent to another process"):
            ForkingPickler.dumps([symplast.Dict()])
        with self.assertRaisesRegex(symplast.NotShareableError, "an Event cannot be .*; use multiprocessing.Event$"):
            ForkingPickler.dumps([symplast.Event()])
