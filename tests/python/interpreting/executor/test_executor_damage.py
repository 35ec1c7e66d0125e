"""What a task leaves behind, or raises, is its own misfortune: the worker goes on, if need be with a new interpreter."""

import unittest

import executor_case


class Unformattable(unittest.TestCase):
    """Exceptions that raise when they are looked at."""

    SOURCE = """
        import sys, symplast

        def raises(self, *arguments):
            raise kind("not to be looked at")

        def make(name):
            return type("Evil", (ValueError,), {
                name: property(raises) if name in ("__cause__", "__context__", "__traceback__", "__notes__") else raises})

        def fail(name):
            raise make(name)("text")

        def nested(name):
            try:
                fail(name)
            except ValueError as error:
                raise KeyError("outer") from error

        class Meta(type):
            def __getattribute__(cls, name):
                raise kind("not to be looked at")

        def fail_with_a_meta():
            raise Meta("Named", (ValueError,), {})("text")

        with symplast.InterpreterPoolExecutor(1) as executor:
            for kind in (LookupError, KeyboardInterrupt, SystemExit, GeneratorExit, RecursionError):
                for name in ("__cause__", "__context__", "__traceback__", "__notes__", "__str__", "__repr__", "__getattribute__",
                             "__getattr__", "__reduce_ex__"):
                    for task in (fail, nested):
                        error = executor.submit(task, name).exception()
                        assert isinstance(error, (symplast.RemoteError, ValueError, KeyError)), (kind, name, type(error))
                        assert executor.submit(abs, -1).result() == 1
                    error = executor.submit(fail, name).exception()
                    if name in ("__cause__", "__getattribute__", "__traceback__"):
                        assert type(error) is symplast.RemoteError and "Evil" in str(error), error
                error = executor.submit(fail_with_a_meta).exception()
                assert type(error) is symplast.RemoteError, type(error)
            assert len(executor._threads) == 1
    """

    def test_each_is_the_end_of_its_task_only(self):
        self.assertEqual(executor_case.run(self.SOURCE), "")

    def test_in_a_callback(self):
        executor_case.run("""
            import logging, os, symplast
            os.dup2(1, 2)
            class Evil(Exception):
                @property
                def __cause__(self):
                    raise ValueError
            def callback(future):
                raise Evil
            seen = []
            with symplast.InterpreterPoolExecutor(1) as executor:
                future = executor.submit(abs, -1)
                future.add_done_callback(callback)
                future.add_done_callback(seen.append)
                assert future.result() == 1
                assert executor.submit(abs, -2).result() == 2
            assert seen == [future]
        """)


class Left(unittest.TestCase):
    """
    Each kind of damage: the task fails with RemoteError, or whatever it raised itself; nothing else does, on the same and on
    other workers.
    """

    def check(self, source, expect="symplast.RemoteError", workers=1):
        printed = executor_case.run(f"""
            import builtins, sys, logging, os, threading
            import symplast
            logging.getLogger("concurrent.futures").addHandler(logging.NullHandler())

            class Boom(Exception):
                pass

            def boom(*arguments):
                raise Boom

            def damage():
                {source}

            def sound(n):
                import json
                return json.loads(f"[{{len(range(n))}}]")

            if __name__ == "__main__":
                started = []
                with symplast.InterpreterPoolExecutor({workers}) as executor:
                    for round in range(3):
                        before = [executor.submit(sound, n) for n in range(5)]
                        future = executor.submit(damage)
                        after = [executor.submit(sound, n) for n in range(5)]
                        assert [each.result() for each in before + after] == [[n] for n in range(5)] * 2
                        error = future.exception()
                        assert isinstance(error, ({expect})), repr(error)
                    assert len(executor._threads) == {workers}
                print("end")
        """)
        self.assertEqual(printed, "end\n")

    def test_monitoring_callbacks(self):
        events = "LINE PY_START CALL PY_RETURN INSTRUCTION"
        for event in events.split():
            with self.subTest(event):
                self.check(f"""m = sys.monitoring
                m.use_tool_id(3, "x")
                m.register_callback(3, m.events.{event}, boom)
                m.set_events(3, m.events.{event})""", "symplast.RemoteError, Boom")

    def test_trace_and_profile_functions(self):
        for name in ("settrace", "setprofile"):
            with self.subTest(name):
                self.check(f"sys.{name}(boom)", "symplast.RemoteError, Boom")

    def test_modules(self):
        for source in ("sys.modules.clear()", "del sys.modules['builtins']", "sys.modules = {}", "del sys.modules",
                       "sys.meta_path.clear()"):
            with self.subTest(source):
                self.check(source)

    def test_builtins(self):
        for source in (
            "vars(builtins).clear()", "builtins.isinstance = boom", "builtins.__import__ = boom", "del builtins.BaseException",
            "del builtins.len",
        ):  # fmt: skip
            with self.subTest(source):
                self.check(source)

    def test_streams(self):
        for source in ("vars(sys).pop('stderr', None), vars(sys).pop('stdout', None)", "sys.stderr = sys.stdout = None",
                       "sys.stderr = sys.__stderr__ = 1", "sys.excepthook = sys.unraisablehook = boom"):
            with self.subTest(source):
                self.check(source, "type(None)")

    def test_recursion_limit(self):
        self.check("sys.setrecursionlimit(20)", "symplast.RemoteError, RecursionError, type(None)")

    def test_with_several_workers(self):
        self.check("sys.modules.clear()", workers=3)

    def test_threads_are_waited_for(self):
        self.check("threading.Thread(target=sum, args=(range(10**6),)).start(); sys.modules.clear()")

    def test_the_initializer_runs_again(self):
        printed = executor_case.run("""
            import sys, symplast
            def prepare():
                sys.prepared = True
            def damage():
                sys.modules.clear()
            with symplast.InterpreterPoolExecutor(1, initializer=prepare) as executor:
                error = executor.submit(damage).exception()
                assert "modules" in str(error), error
                print(executor.submit(lambda: sys.prepared).result())
        """)
        self.assertEqual(printed, "True\n")

    def test_what_a_task_leaves_otherwise_stays(self):
        # Programs replace builtins, trace and hook for good reasons.
        executor_case.run("""
            import builtins, sys, symplast
            def leave():
                builtins.left = builtins.print = len
                sys.settrace(lambda *arguments: None)
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(leave).result()
                assert executor.submit(lambda: left is print is len and sys.gettrace() is not None).result()
        """)
