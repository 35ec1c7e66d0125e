"""What debuggers, profilers and faulthandler see of private copies: the library's own path, and the names of its functions."""

import os
import shutil
import subprocess
import sys
import unittest

import child
import extension_case
import searchpath
from extension_case import ExtensionCase

_CRASH = """
import faulthandler
faulthandler.disable()  # The runtime of C# has its own handler of signals since; what is installed after it sees the whole stack.
faulthandler.enable()
def crash():
    import fx.named
    fx.named.crash()
with InterpreterPoolExecutor(1) as executor:
    executor.submit(crash).result()
"""


class Seen(ExtensionCase):
    modules = ("named",)

    def setUp(self):
        self.path = os.path.join(extension_case.folder(), "fx", "named.so")

    def places(self):
        """
        In two workers and then in the program: the file and function that dladdr names, whether that file's name leads back to
        the copy, its address, and whose code is mapped there.
        """
        return eval(self.run_program("""
def where():
    import fx.named
    name, function, address, found = fx.named.where()
    for line in open("/proc/self/maps"):
        start, end = (int(each, 16) for each in line.split()[0].split("-"))
        if start <= address < end:
            return name, function, found == address, address, line.split(maxsplit=5)[5].strip()
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    print([worker.submit(where).result() for worker in (one, two)] + [where()])
"""))

    def test_functions_and_their_library_have_their_names(self):
        places = self.places()
        for name, function, leads_back, _, mapped in places:
            self.assertTrue(os.path.samefile(name, self.path), name)
            self.assertEqual((function, leads_back), ("fx_outer", True))
            self.assertEqual(mapped, os.path.realpath(self.path))
        names, addresses = {place[0] for place in places}, {place[3] for place in places}
        self.assertEqual((len(names), len(addresses)), (3, 3))
        self.assertEqual(places[-1][0], self.path)

    @unittest.skipIf(sys.version_info < (3, 14), "faulthandler shows the functions of C from CPython 3.14 on")
    def test_faulthandler_names_them(self):
        with self.assertRaises(child.ChildFailed) as caught:
            self.run_program(_CRASH)
        self.assertRegex(str(caught.exception), r'Binary file "[^"]*/fx/named\.so", at fx_outer\+')

    def test_gdb_names_them(self):
        if not shutil.which("gdb"):
            self.skipTest("gdb is not installed")
        with open(sys.executable, "rb") as file:
            if file.read(4) != b"\x7fELF":
                self.skipTest("gdb needs Python itself, and a script starts this one")
        program = extension_case._BEGIN + _CRASH
        command = ["gdb", "-batch", "-nx", "-ex", "set breakpoint pending on", "-ex", "handle SIG34 SIG35 SIG36 nostop noprint",
                   "-ex", "run", "-ex", "sharedlibrary", "-ex", "bt 6",
                   "--args", sys.executable, "-c", program, extension_case.folder()]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                              timeout=child.SECONDS,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join([child.package_path(), *searchpath.folders()]), "DEBUGINFOD_URLS": ""})
        if "ptrace: Operation not permitted" in done.stderr:
            self.skipTest("this system lets nobody debug")
        self.assertRegex(done.stdout, r"(?s)SIGSEGV.*#0 .*trap.*#1 .*fx_hidden.*#2 .*fx_outer.*#3 .*crash")
        self.assertIn("/fx/named.so", done.stdout)
