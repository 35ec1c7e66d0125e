"""One extension module an interpreter and one library a process, however often and from wherever the package is imported."""

import os
import shutil
import subprocess
import tempfile
import textwrap
import unittest

import child

# Objects of before, and what must be true of them after an import.
BEGIN = """
import importlib.util, sys, symplast
from symplast import _symplast
first, extension = symplast, _symplast
mapping, frozen, pool = symplast.Dict(a=1), symplast.freeze([1]), symplast.Pool("p")
class Thing(symplast.Object):
    x: int = 0
thing = Thing(5)
def check():
    import symplast
    from symplast import _symplast
    assert symplast is first, symplast.__file__
    assert _symplast.Dict is symplast.Dict is type(mapping)
    assert symplast.is_shared(mapping) and symplast.is_frozen(frozen) and isinstance(thing, symplast.Object)
    assert symplast.pool_of(frozen) is symplast.current_pool() and pool in symplast.pools()
    other = symplast.Dict(mapping=mapping, thing=thing)
    assert other["mapping"] is mapping and other["thing"] is thing
    with symplast.InterpreterPoolExecutor(1) as executor:
        assert executor.submit(len, mapping).result() == 1
        assert executor.submit(symplast.is_shared, mapping).result()
def forget():
    for name in [name for name in sys.modules if name.partition(".")[0] == "symplast"]:
        del sys.modules[name]
"""


class TestAgain(unittest.TestCase):
    def run_child(self, source, *arguments):
        child.run(BEGIN + source, *arguments)

    def test_after_the_extension_was_forgotten(self):
        self.run_child("del sys.modules['symplast._symplast']; check(); del sys.modules['symplast._symplast']; import "
                       "symplast._symplast; check()")

    def test_after_the_package_was_forgotten(self):
        self.run_child(
            "del sys.modules['symplast']; check(); forget(); check(); forget(); from symplast import executor; check()")

    def test_reload(self):
        self.run_child("for name in sorted(name for name in sys.modules if name.partition('.')[0] == 'symplast'): "
                       "importlib.reload(sys.modules[name]); check()")

    def test_a_module_that_is_made_by_hand(self):
        self.run_child(
            "spec = importlib.util.find_spec('symplast._symplast'); other = importlib.util.module_from_spec(spec); "
            "spec.loader.exec_module(other)\n"
            "assert other.Dict is extension.Dict and other.is_shared(mapping) and other.freeze is extension.freeze; check()\n"
            "import gc; del other; gc.collect(); check()"
        )


class TestCopies(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(os.path.join(child.package_path(), "symplast"), os.path.join(self.folder, "symplast"),
                        ignore=shutil.ignore_patterns("*.dbg", "__pycache__"))

    def test_a_second_installation_on_the_path(self):
        child.run(BEGIN + "forget(); sys.path.insert(0, sys.argv[1]); check()", self.folder)

    def test_a_worker_imports_another_copy(self):
        child.run(
            BEGIN
            + """
sys.path.insert(0, sys.argv[1])
def where():
    import symplast
    return symplast._symplast.__file__
with symplast.InterpreterPoolExecutor(1) as executor:
    assert executor.submit(where).result().startswith(sys.argv[1])
    executor.submit(symplast.Dict.__setitem__, mapping, "b", 2).result()
assert mapping["b"] == 2
del mapping["b"]
check()
            """,
            self.folder,
        )

    def test_a_worker_imports_another_copy_before_the_program_does(self):
        child.run(
            """
import sys, subinterpreters
sys.path.insert(0, sys.argv[1])
with subinterpreters.Interpreter() as other:
    other.run("import symplast")
    sys.path.remove(sys.argv[1])
"""
            + textwrap.indent(BEGIN, "    ") + "    check()",
            self.folder,
        )

    @unittest.skipUnless(shutil.which("gcc"), "needs gcc, which makes a library that looks like one of another version")
    def test_a_copy_of_another_version_is_refused(self):
        source, library = os.path.join(self.folder, "other.c"), os.path.join(self.folder, "other.so")
        with open(source, "w") as file:
            file.write('void *PyInit__symplast(void) { return 0; }\nconst char *symplast_version(void) { return "9.9.9"; }\n')
        subprocess.run(["gcc", "-shared", "-fPIC", "-Wl,-soname,symplast-of-the-process", source, "-o", library], check=True)
        child.run(
            """
            import ctypes, sys
            ctypes.CDLL(sys.argv[1])
            try: import symplast
            except ImportError as exc: assert "9.9.9" in str(exc), exc
            else: assert False
            """,
            library,
        )
