"""What is left of an interpreter with private copies when it has ended: nothing that is ever called, and little memory."""

import ast
import os
import sys
import unittest

from extension_case import ExtensionCase

_BEGIN = """
import importlib, os, signal, threading

def leave(name, argument=None):
    importlib.import_module(name).leave(argument)

def mapped(name):
    # What has gone goes when the next worker is made, if the thread has ended by then, which nobody can wait for.
    for _ in range(10):
        with InterpreterPoolExecutor(1) as executor:
            executor.submit(int).result()
        with open("/proc/self/maps") as maps:
            count = sum(name.removeprefix("fx.") + ".so" in line for line in maps)
        if count == 0:
            break
    return count

def cycle(name, argument=None):
    with InterpreterPoolExecutor(1) as executor:
        executor.submit(leave, name, argument).result()
"""


class WhatIsLeft(ExtensionCase):
    modules = ("ends", "ends_key", "ends_early", "ends_handler", "ends_fork", "ends_thread")

    def left(self, program, **variables):
        return ast.literal_eval(self.run_program(_BEGIN + program, **variables))

    def test_a_copy_is_unloaded(self):
        self.assertEqual(self.left("""
cycle("fx.ends")
print(mapped("fx.ends"))
"""), 0)  # fmt: skip

    @unittest.skipIf(sys.version_info < (3, 12, 4),
                     "CPython's own functions keep objects of the interpreter that called first (gh-119213)")
    def test_objects_that_are_never_freed(self):
        # 30 MB each time.
        first, last = self.left("""
def keep():
    import fx.ends
    fx.ends.leave([(number,) for number in range(300_000, 700_000)])

def size():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20

sizes = []
for _ in range(8):
    with InterpreterPoolExecutor(1) as executor:
        executor.submit(keep).result()
    mapped("fx.ends")
    sizes.append(size())
print((sizes[2], sizes[-1]))
""")  # fmt: skip
        self.assertLess(last - first, 60)

    def test_keys_of_thread_specific_data(self):
        # In threads of the interpreter, whose destructors run when they end, and in the worker's own, which ends after the
        # interpreter. 100 are more than are remembered.
        for number, stays in ((1, False), (60, False), (100, True)):
            with self.subTest(number):
                self.assertEqual(self.left(f"""
def threads(number):
    import fx.ends_key
    others = [threading.Thread(target=fx.ends_key.leave, args=(1,)) for _ in range(2)]
    for thread in others: thread.start()
    for thread in others: thread.join()
    fx.ends_key.leave(number - 2)

for _ in range(2):
    with InterpreterPoolExecutor(1) as executor:
        executor.submit(threads, {number}).result()
print(mapped("fx.ends_key") > 0)
"""), stays)  # fmt: skip

    def test_keys_can_be_made_for_ever(self):
        # A process has 1,024.
        self.assertEqual(self.left("""
for _ in range(30):
    cycle("fx.ends_key", 60)
print(mapped("fx.ends_key"))
"""), 0)  # fmt: skip

    def test_a_key_that_a_constructor_has_made(self):
        self.assertTrue(self.left("""
for _ in range(3):
    cycle("fx.ends_early")
print(mapped("fx.ends_early") > 0)
"""))  # fmt: skip

    def test_a_signal_handler_stays(self):
        self.assertTrue(self.left("""
cycle("fx.ends_handler", signal.SIGUSR2)
stays = mapped("fx.ends_handler") > 0
os.kill(os.getpid(), signal.SIGUSR2)
print(stays)
"""))  # fmt: skip

    def test_a_copy_with_a_signal_handler_does_not_keep_others(self):
        self.assertEqual(self.left("""
def both():
    leave("fx.ends")
    leave("fx.ends_handler", signal.SIGUSR2)
with InterpreterPoolExecutor(1) as executor:
    executor.submit(both).result()
print((mapped("fx.ends"), mapped("fx.ends_handler") > 0))
os.kill(os.getpid(), signal.SIGUSR2)
"""), (0, True))  # fmt: skip

    def test_a_fork_calls_nothing(self):
        self.assertEqual(self.left("""
cycle("fx.ends_fork")
left = mapped("fx.ends_fork")
child = os.fork()
if child == 0:
    os._exit(7)
print((left, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
"""), (0, 7))  # fmt: skip

    def test_a_thread_of_a_copy_keeps_it(self):
        self.assertEqual(self.left("""
mine, its = os.pipe()
cycle("fx.ends_thread", mine)
while_it_runs = mapped("fx.ends_thread") > 0
os.write(its, b"x" * 100)
threads = len(os.listdir("/proc/self/task"))
os.close(its)
while len(os.listdir("/proc/self/task")) == threads:
    pass
print((while_it_runs, mapped("fx.ends_thread")))
"""), (True, 0))  # fmt: skip

    def test_what_was_opened_and_never_closed(self):
        self.assertEqual(self.left("""
def opened():
    import ctypes, fx.ends
    for _ in range(5):
        ctypes.CDLL(fx.ends.__file__)
with InterpreterPoolExecutor(1) as executor:
    executor.submit(opened).result()
print(mapped("fx.ends"))
"""), 0)  # fmt: skip

    def test_many_workers(self):
        first, last = self.left("""
counts = []
for _ in range(60):
    cycle("fx.ends_key", 1)
    with open("/proc/self/maps") as maps:
        counts.append(len(list(maps)))
print((max(counts[10:20]), max(counts[-10:])))
""")  # fmt: skip
        self.assertLess(last - first, 40)

    def test_a_warning_of_many_mappings(self):
        # Of pages that lie side by side, each second one may be written, so that the system cannot make one mapping of two.
        # The copies stay, because of the signal handler.
        self.assertEqual(self.left("""
import mmap, warnings
rights = mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE
pages = [mmap.mmap(-1, mmap.PAGESIZE, prot=rights[number % 2]) for number in range(20_000)]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(4):
        cycle("fx.ends_handler", signal.SIGUSR2)
        mapped("fx.ends_handler")
print([(warning.category.__name__, "vm.max_map_count" in str(warning.message)) for warning in caught])
"""), [("RuntimeWarning", True)])  # fmt: skip

    def test_where_the_system_tells_nothing_of_pages(self):
        # As in a program that was not started by root and may not be debugged, or in a container that hides it. All written
        # pages of a copy are its own then.
        result = self.left("""
import ctypes
libc = ctypes.CDLL(None)
def hide():
    libc.prctl(4, 0, 0, 0, 0)    # PR_SET_DUMPABLE
    if os.geteuid() == 0 and libc.unshare(0x20000) == 0:    # CLONE_NEWNS
        libc.mount(b"none", b"/", None, 1 << 14 | 1 << 18, None)    # MS_REC | MS_PRIVATE
        libc.mount(b"/dev/null", f"/proc/{os.getpid()}/pagemap".encode(), None, 1 << 12, None)    # MS_BIND
    try:
        with open("/proc/self/pagemap", "rb") as table:
            return not table.read(8)
    except PermissionError:
        return True
hidden = hide()
cycle("fx.ends")
print((hidden, mapped("fx.ends")))
""")  # fmt: skip
        self.assertEqual(result[1], 0)
        if not result[0]:
            self.skipTest("this user can neither mount nor be kept from the table of its pages")

    def test_a_copy_that_is_still_there_at_the_programs_end(self):
        # Nothing makes another worker, which would unload it.
        self.run_program(_BEGIN + 'cycle("fx.ends"); cycle("fx.ends_key", 3); os.register_at_fork(before=print)')
