"""
What looks as if CPython kept it for the process, used in the program and in workers at once: each interpreter has its own, or it
is refused.
"""

import textwrap
import unittest

from test_runtime_globals import run


class Own(unittest.TestCase):
    def beside(self, before, task, after="", expected=None):
        """
        Runs before in the program, task in two workers at once, twice, after in the program, and task again. task sets result.
        """
        run(f"""
{textwrap.dedent(before)}
def task():
    result = None
{textwrap.indent(textwrap.dedent(task), "    ")}
    return result
expected = {expected!r}
assert in_workers(task, rounds=2) == [expected] * 4
{textwrap.dedent(after)}
gc.collect()
assert in_workers(task) == [expected] * 2
""")

    def test_the_system_log_is_the_programs(self):
        self.beside("import syslog", """
            import syslog
            result = 0
            for call, *arguments in ((syslog.openlog, "worker"), (syslog.syslog, "text"), (syslog.closelog,)):
                try:
                    call(*arguments)
                except RuntimeError:
                    result += 1
            """, "syslog.openlog('test')\nsyslog.setlogmask(0)\nsyslog.closelog()", expected=3)

    def test_the_locale(self):
        self.beside("import locale; locale.setlocale(locale.LC_ALL, 'C')", """
            import locale
            for _ in range(500):
                locale.localeconv()
                result = format(1.5, "n"), locale.setlocale(locale.LC_NUMERIC)
            """, "for _ in range(500): locale.localeconv()", expected=("1.5", "C"))

    def test_profiles_and_traces_of_all_threads(self):
        self.beside("""
            seen = []
            threading.setprofile_all_threads(lambda *event: seen.append(event))
            """, """
            import threading
            seen = []
            threading.setprofile_all_threads(lambda frame, event, argument: seen.append(event))
            threading.settrace_all_threads(None)
            len("")
            threading.setprofile_all_threads(None)
            result = "c_call" in seen
            """, "threading.setprofile_all_threads(None)\nassert seen", expected=True)

    def test_c_profile(self):
        self.beside("import cProfile; mine = cProfile.Profile(); mine.enable()", """
            import cProfile
            profile = cProfile.Profile()
            profile.enable()
            sum(n for n in range(100))
            profile.disable()
            result = any("sum" in str(entry.code) for entry in profile.getstats())
            """, "mine.disable()\nassert mine.getstats()", expected=True)

    def test_settings_of_sys(self):
        self.beside("sys.setswitchinterval(0.004); sys.set_asyncgen_hooks(print, print); sys.setrecursionlimit(1234); limits = "
                    "sys.get_int_max_str_digits()", """
            import sys
            result = sys.get_asyncgen_hooks().firstiter is None, sys.getrecursionlimit() != 1234
            sys.setswitchinterval(0.001)
            sys.set_asyncgen_hooks(None, len)
            sys.setrecursionlimit(700)
            sys.set_int_max_str_digits(0)
            sys.set_coroutine_origin_tracking_depth(3)
            sys.unraisablehook = sys.excepthook = sys.displayhook = sys.breakpointhook = print
            sys._clear_type_cache()
            if hasattr(sys, "set_lazy_imports"):
                sys.set_lazy_imports("normal")
            sys.setrecursionlimit(1000)
            """, """
assert sys.getswitchinterval() == 0.004 and sys.getrecursionlimit() == 1234 and sys.get_int_max_str_digits() == limits
assert sys.get_asyncgen_hooks().firstiter is print and sys.unraisablehook is sys.__unraisablehook__
""", expected=(True, True))

    def test_statistics_of_memory(self):
        self.beside("", "import sys\nsys._debugmallocstats()", "sys._debugmallocstats()")

    def test_scripts_that_are_sent_to_the_process(self):
        self.beside("""
            import tempfile
            script = tempfile.NamedTemporaryFile("w", suffix=".py")
            """, """
            import os, sys
            if hasattr(sys, "remote_exec"):
                try:
                    sys.remote_exec(os.getpid(), os.devnull)
                except (OSError, RuntimeError):     # PermissionError where a process may not look into itself
                    pass
            result = sum(range(1000))
            """, "assert sum(range(1000)) == 499500", expected=499500)

    def test_codecs_and_warnings(self):
        self.beside("""
            import codecs, warnings
            codecs.register_error("test", lambda error: ("main", error.end))
            warnings.simplefilter("error")
            """, """
            import codecs, warnings
            try:
                codecs.lookup_error("test")
            except LookupError:
                codecs.register_error("test", lambda error: ("worker", error.end))
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                warnings.warn("text")
            result = b"\\xff".decode("ascii", "test"), len(caught)
            """, "assert b'\\xff'.decode('ascii', 'test') == 'main'", expected=("worker", 1))

    def test_the_collector(self):
        self.beside("seen = []; gc.callbacks.append(lambda phase, info: seen.append(phase)); gc.freeze()", """
            import gc
            result = gc.get_freeze_count(), len(gc.callbacks)
            gc.callbacks.append(lambda phase, info: None)
            gc.set_threshold(50)
            gc.collect()
            gc.freeze()
            gc.unfreeze()
            """, "gc.collect()\nassert seen\nassert gc.get_freeze_count()", expected=(0, 0))

    def test_what_a_fork_calls(self):
        self.beside("os.register_at_fork(before=lambda: None)", """
            import os
            os.register_at_fork(before=lambda: None, after_in_child=lambda: None)
            result = 0
            for call, *arguments in ((os.fork,), (os.execv, "/bin/true", ["true"])):
                try:
                    call(*arguments)
                except RuntimeError:
                    result += 1
            """, "if os.fork() == 0: os._exit(0)\nos.wait()", expected=2)

    def test_timers_and_interrupts_reach_the_program(self):
        self.beside("""
            caught = []
            signal.signal(signal.SIGALRM, lambda number, frame: caught.append(number))
            signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
            """, """
            import _thread, signal
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            _thread.interrupt_main()
            signal.pthread_sigmask(signal.SIG_BLOCK, [])
            """, "while set(caught) != {signal.SIGALRM, signal.SIGINT}: os.sched_yield()")

    def test_the_terminal(self):
        self.beside("""
            try:
                import curses, curses.panel
                curses.setupterm("linux", os.open(os.devnull, os.O_WRONLY))
                colors = curses.tigetnum("colors")
            except ImportError:
                sys.exit()      # this Python has no curses
            """, """
            import curses, curses.panel, os
            curses.setupterm("linux", os.open(os.devnull, os.O_WRONLY))
            result = curses.tigetnum("colors")
            """, "assert curses.tigetnum('colors') == colors", expected=8)
