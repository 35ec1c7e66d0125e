"""
The globals of the program that a task names are sent along: when they are new or changed, and never over what tasks have set.
"""

import argparse
import dis
import functools
import inspect
import pickle
import sys
import textwrap
import threading
import types
import unittest

import symplast
from fixtures import new_pool
from replicas import Worker, program
from symplast.byvalue.names import names_in


class Globals(unittest.TestCase):
    def setUp(self):
        self.worker = Worker(self)

    def main(self, source):
        return program(self, source)

    def test_what_an_initializer_sets_stays(self):
        main = self.main("""
            X = None
            Y = {"y": 1}
            def init():
                global X
                X = "initialized"
                Y["y"] = "initialized"
            def task(): return X, Y
            def other(): return Y, X
        """)
        self.worker(main.init)
        self.assertEqual(self.worker(main.task), ("initialized", {"y": "initialized"}))
        main.task.changed = "so that the definition is written anew"
        self.assertEqual(self.worker(main.task), ("initialized", {"y": "initialized"}))
        self.assertEqual(self.worker(main.other), ({"y": "initialized"}, "initialized"))

    def test_what_the_program_changes_is_sent(self):
        main = self.main("""
            X, Y = None, [1]
            def set():
                global X
                X = "set by a task"
            def task(): return X, Y
            def other(): return X
        """)
        self.worker(main.set)
        main.X = 5
        self.assertEqual(self.worker(main.task), (5, [1]))
        self.worker(main.set)
        self.assertEqual(self.worker(main.other), "set by a task")
        main.Y.append(2)
        self.assertEqual(self.worker(main.task), ("set by a task", [1, 2]))
        main.X = None
        self.assertEqual(self.worker(main.other), None)
        main.X = 5
        self.assertEqual(self.worker(main.task), (5, [1, 2]))

    def test_a_global_that_is_defined_later(self):
        main = self.main("def task(): return helper() + X")
        with self.assertRaises(NameError):
            self.worker(main.task)
        exec("def helper(): return 1\nX = 2", vars(main))
        self.assertEqual(self.worker(main.task), 3)

    def test_tasks_that_wait_are_as_they_were_sent(self):
        main = self.main("X = 1\ndef task(): return X")
        first = self.worker.send(main.task)
        main.X = 2
        second = self.worker.send(main.task)
        self.assertEqual((self.worker.run(first), self.worker.run(second)), (1, 2))

    def test_a_definition_serves_any_worker(self):
        main = self.main("X = [1]\ndef task(): return helper(X)\ndef helper(x): return x")
        other = Worker(self)
        self.assertEqual(self.worker(main.task), [1])
        task = self.worker.send(main.task)
        self.assertEqual((other.run(task), self.worker.run(task)), ([1], [1]))

    def test_only_what_is_named_is_sent(self):
        main = self.main("""
            unused = bytes(1_000_000)
            class unusual: pass
            def task(x): return x.unused, "unused"
            def names(): return sorted(name for name in globals() if not name.startswith("_"))
        """)
        self.assertLess(len(self.worker.send(main.task)), 10_000)
        names = self.worker(main.names)
        self.assertIn("names", names)
        self.assertNotIn("unused", names)
        self.assertNotIn("task", names)

    def test_names_of_every_kind_are_found(self):
        many = "\n".join(f"g{n} = {n}" for n in range(700))
        used = "\n".join(f"    total += g{n}" for n in range(700))
        main = self.main(f"""{many}
A, B, C, D, E, F = range(6)
def many():
    total = 0
{used}
    return total
def work(default=lambda: A):
    class Local:
        b = B
        def c(self): return C
    local = Local()
    return default(), local.b, local.c(), [D for _ in range(1)][0], (lambda: E)(), next(F for _ in "x")
""")
        self.assertEqual(self.worker(main.work), (0, 1, 2, 3, 4, 5))
        self.assertEqual(self.worker(main.many), sum(range(700)))

    def test_the_names_found_are_those_that_dis_finds(self):
        def found(code):
            names = {each.argval for each in dis.get_instructions(code) if "GLOBAL" in each.opname or each.opname == "LOAD_NAME"}
            return names.union(*(found(each) for each in code.co_consts if isinstance(each, types.CodeType)))

        for module in (argparse, dis, textwrap, threading):
            code = compile(inspect.getsource(module), module.__name__, "exec")
            ours, everything = names_in(code)
            self.assertEqual(set(ours), found(code) - {"__builtins__", "__loader__", "__spec__"})
            self.assertLess(set(ours), everything)

    def test_objects_that_globals_share_stay_shared(self):
        main = self.main("""
            class Node:
                def __init__(self, name): self.name = name
            nodes = [Node("a"), Node("b")]
            by_name = {node.name: node for node in nodes}
            nodes.append(nodes)
            def look(): return by_name["a"] is nodes[0], nodes[2] is nodes, by_name["b"] in nodes
        """)
        self.assertEqual(self.worker(main.look), (True, True, True))
        main.nodes[0].name = "changed"
        self.assertEqual(self.worker(main.look), (True, True, True))

    def test_containers_of_functions_and_classes(self):
        main = self.main("""
            def start(): return "started"
            def stop(): return handlers["start"]() + " and stopped"
            class Handler:
                def __call__(self): return Handler.__name__ + handlers["stop"]()
            handlers = {"start": start, "stop": stop, "class": Handler, "instance": Handler()}
            def call(name): return handlers[name]()
        """)
        self.assertEqual(self.worker(main.call, "stop"), "started and stopped")
        self.assertEqual(self.worker(main.call, "instance"), "Handlerstarted and stopped")
        main.handlers["more"] = lambda: main_value()
        exec("def main_value(): return 'more'", vars(main))
        main.handlers["more"] = eval("lambda: main_value()", vars(main))
        self.assertEqual(self.worker(main.call, "more"), "more")
        exec("def main_value(): return 'changed'", vars(main))
        self.assertEqual(self.worker(main.call, "more"), "changed")

    def test_what_cannot_be_sent_fails_where_it_is_used(self):
        main = self.main("""
            import threading, sys
            lock = threading.Lock()
            numbers = (n for n in range(3))
            table = {"lock": lock}
            def make():
                inner = threading.Lock()
                def locked():
                    with inner: return "locked"
                return locked
            locked = make()
            def default(x=lock): return x
            def nothing(x=1):
                if x: return "unused"
                return lock, numbers, table, locked
            def identity(): return lock is None, "lock" in repr(lock), type(lock).__name__
            def use(how):
                if how == "with":
                    with lock: pass
                if how == "attribute": lock.acquire()
                if how == "iterate": list(numbers)
                if how == "item": table["lock"]
                if how == "truth": bool(table)
                if how == "compare": lock == 1
                if how == "call": lock()
                if how == "closure": locked()
                if how == "default": default() + 1
                if how == "length": len(table)
                if how == "text": str(lock)
                if how == "set": lock.x = 1
                if how == "hash": hash(lock)
        """)
        self.assertEqual(self.worker(main.nothing), "unused")
        self.assertEqual(self.worker(main.identity), (False, True, "Unsendable"))
        lock = r"global 'lock' could not be sent: cannot pickle '_thread.lock' object"
        for how, message in {
            "with": lock, "attribute": lock, "compare": lock, "call": lock, "text": lock, "set": lock, "hash": lock,
            "iterate": r"global 'numbers' could not be sent: cannot pickle 'generator' object",
            "item": r"global 'table' could not be sent: cannot pickle '_thread.lock' object",
            "truth": r"global 'table'", "length": r"global 'table'",
            "closure": r"closure variable 'inner' could not be sent: cannot pickle '_thread.lock' object",
            "default": r"default of parameter 'x' of function 'default' could not be sent: cannot pickle '_thread.lock' object",
        }.items():  # fmt: skip
            with self.subTest(how), self.assertRaisesRegex(pickle.PicklingError, message):
                self.worker(main.use, how)
        main.lock = "replaced"
        self.assertEqual(self.worker(eval("lambda: lock", vars(main))), "replaced")
        self.assertEqual(self.worker(main.nothing, 1), "unused")

    def test_a_module_that_does_not_load_in_the_worker(self):
        main = self.main("""
            import only_here
            from only_here import fn, Base
            class Derived(Base): pass
            def unused(x=1): return "unused" if x else (only_here, fn, Derived)
            def use(): return only_here.fn()
            def called(): return fn()
            def derived(): return Derived()
            values, more = {"base": Base(), "number": 1}, [2]
            values["base"].x = 5
            def mixed(name=None): return values["number"], more, name and values[name].x
            def default(a, fn=fn): return a
            def defaults(): return default(1) and default(1, 2) and default.__defaults__[1]()
        """)
        self.assertEqual(self.worker(main.unused), "unused")
        self.assertEqual(self.worker(main.mixed), (1, [2], None))
        for fn, message in (
            (main.use, "'only_here' did not arrive"),
            (main.called, "'fn' did not arrive"),
            (main.derived, "class 'Derived' cannot be made"),
            (functools.partial(main.mixed, "base"), "only_here.Base is missing"),
            (main.defaults, "'__defaults__' did not arrive"),
        ):
            expected = f"{message} in this interpreter: ModuleNotFoundError"
            with self.subTest(message), self.assertRaisesRegex(pickle.PicklingError, expected):
                self.worker(fn)

    @classmethod
    def setUpClass(cls):
        module = sys.modules["only_here"] = types.ModuleType("only_here")
        exec("def fn(): pass\nclass Base: pass", vars(module))
        cls.addClassCleanup(sys.modules.pop, "only_here")

    def test_shared_objects_go_by_pointer(self):
        pool = new_pool(self)
        main = self.main("""
            data = None
            def make():
                inner = data
                def work(x=data): return inner is data is x, data
                return work
            def held(): return held_list[0] is data, data["a"]
        """)
        main.data = pool.freeze({"a": [1, 2, 3], "big": list(range(10_000))})
        main.held_list = [main.data]
        work = main.make()
        self.assertLess(len(self.worker.send(work)), 5_000)
        same, data = self.worker(work)
        self.assertTrue(same)
        self.assertIs(data, main.data)
        self.assertEqual(self.worker(main.held), (True, (1, 2, 3)))

    def test_a_deleted_pool_is_told_when_the_function_is_sent(self):
        main = self.main("def direct(): return data\ndef inside(): return table\ndef default(x=None): return x")
        pool = new_pool(self)
        main.data = pool.freeze([1, [2]])
        main.table = {"data": main.data}
        main.default.__defaults__ = (main.data,)
        functions = main.direct, main.inside, main.default
        for fn in functions:
            self.worker(fn)
        pool.delete()
        for fn in functions:
            with self.subTest(fn.__name__), self.assertRaises(symplast.DeletedError):
                self.worker.send(fn)

    def test_standard_streams_and_special_names(self):
        main = self.main("""
            import sys
            from sys import stderr
            __file__ = "/somewhere/program.py"
            def work(): return stderr is sys.stderr, __file__, __name__, __builtins__ is not None
        """)
        self.assertEqual(self.worker(main.work), (True, "/somewhere/program.py", "__main__", True))

    def test_objects_of_the_standard_library_that_are_not_copied(self):
        main = self.main("""
            import os, random
            from os import environ
            from random import randint, random as number, Random
            own = Random(5)
            def work():
                same = environ is os.environ, randint.__self__ is random._inst, number.__self__ is random._inst
                return same, own.random() == Random(5).random()
            def state(): return random.getstate()
        """)
        self.assertEqual(self.worker(main.work), ((True, True, True), True))
        self.assertLess(len(self.worker.send(main.randint, 1, 6)), 200)
        self.assertIn(self.worker(main.randint, 1, 6), range(1, 7))
        self.assertNotEqual(self.worker(main.state), main.random.getstate())

    def test_many_threads_send_at_once(self):
        main = self.main("""
            table = {"n": 0}
            class Thing: pass
            def work(x): return table, Thing, other(x)
            def other(x): return work, Thing(), x
        """)
        tasks, failures = [], []

        def send():
            try:
                for n in range(200):
                    main.table["n"] += 1
                    tasks.append(self.worker.send(main.work, n))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        for task in tasks[::40]:
            self.assertIs(self.worker.run(task)[1], main.Thing)
