"""
Extension modules that the tests compile, from fixtures: each shows one mechanism. They are modules of a package fx in a
temporary folder of this process, made when a test first needs them. What imports them runs in processes of its own.

A process whose environment names the folder of another one, in SYMPLAST_FIXTURES, copies what that has compiled already.
"""

import ast
import atexit
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest

import executor_case

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")

_SUPPORTED = "-DSLOT=Py_MOD_PER_INTERPRETER_GIL_SUPPORTED"
# How the names of libraries begin that stay the process's, whoever brings them along; here it is only a name.
_COMMON = "libgomp-"
_NEEDS_LIBS = (
    "-Wl,-rpath,$ORIGIN/fx.libs -L{fx}/fx.libs -l:libpy-a1b2c3.so.1 -l:libplain-a1b2c3.so.1 -l:libover-a1b2c3.so.1 "
    f"-l:{_COMMON}a1b2c3.so.1"
)
_LOST = "-L{fx}/fx.libs -l:liblost-a1b2c3.so.1 -Wl,-rpath-link,{fx}/fx.libs"
_BESIDE = "-Wl,-rpath,$ORIGIN -L{fx}"


def _library(source, *needs, name=None, flags=""):
    """A library with a SONAME, as wheels have them: the hash makes it unlike a library of the system."""
    name = name or f"fx.libs/{source.removesuffix('.c')}-a1b2c3.so.1"
    return name, source, f"-Wl,-soname,{os.path.basename(name)} {flags}", needs


def _order(module, *libraries):
    """A module that needs two of liborder.c."""
    made = [_library("liborder.c", name=name, flags=f"-DNUMBER={number} -DPYTHON") for number, name in enumerate(libraries, 1)]
    return *made, (f"{module}.so", "useorder.c", f"{_BESIDE} {' '.join(f'-l:{name}' for name in libraries)}", libraries)


# File in the package, source, flags, other files that are made before.
_ALL = [
    ("single.so", "single.c", "-DSIZE=-1", ()),
    ("again.so", "single.c", "-DSIZE=0", ()),
    ("deep/inner/single.so", "single.c", "-DSIZE=-1", ()),
    ("multi.so", "multi.c", "", ()),
    ("über.so", "multi.c", "-DINIT=PyInitU_ber_goa", ()),
    ("cpackage/__init__.so", "multi.c", "-DNAME=cpackage", ()),
    ("cpackage/inside.so", "multi.c", "", ()),
    ("supported.so", "multi.c", _SUPPORTED, ()),
    ("shared_gil.so", "multi.c", "-DSLOT=Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED", ()),
    ("unsupported.so", "multi.c", "-DSLOT=Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED", ()),
    ("gilslot.so", "multi.c", "-DGIL_SLOT", ()),
    ("noexport.so", "multi.c", "-DINIT=PyInit_another_name", ()),
    ("export.so", "export.c", "", ()),
    ("export_supported.so", "export.c", _SUPPORTED, ()),
    ("unique.so", "unique.cpp", "-std=c++17 -fgnu-unique", ()),
    ("unique_supported.so", "unique.cpp", f"-std=c++17 -fgnu-unique {_SUPPORTED}", ()),
    ("tls.so", "tls.c", "-DSIZE=512", ()),
    ("undef.so", "undef.c", "-Wl,-z,lazy", ()),
    _library("libpy.c"),
    _library("libplain.c"),
    _library("libover.c", "fx.libs/libpy-a1b2c3.so.1", flags="-Wl,-rpath,$ORIGIN -L{fx}/fx.libs -l:libpy-a1b2c3.so.1"),
    _library("libcommon.c", name=f"fx.libs/{_COMMON}a1b2c3.so.1"),
    *(
        (f"{name}.so", "uselibs.c", _NEEDS_LIBS,
         tuple(f"fx.libs/{library}-a1b2c3.so.1" for library in ("libover", "libplain", "libgomp")))
        for name in ("uses", "usestoo")
    ),
    # Libraries and modules that know only the names of what they need, or have DT_RPATH, which holds for the needs of needs, too.
    _library("libover.c", "fx.libs/libpy-a1b2c3.so.1", name="fx.libs/liblost-a1b2c3.so.1",
             flags="-L{fx}/fx.libs -l:libpy-a1b2c3.so.1"),
    ("rpath.so", "useover.c", f"-Wl,--disable-new-dtags,-rpath,$ORIGIN/fx.libs {_LOST}", ("fx.libs/liblost-a1b2c3.so.1",)),
    ("lost.so", "useover.c", _LOST, ("fx.libs/liblost-a1b2c3.so.1",)),
    ("found.so", "useover.c", "-L{fx}/fx.libs -l:libover-a1b2c3.so.1", ("fx.libs/libover-a1b2c3.so.1",)),
    _library("libver.c", name="libver.so.3", flags="-Wl,--version-script={sources}/libver.map"),
    ("usever.so", "usever.c", f"{_BESIDE} -l:libver.so.3", ("libver.so.3",)),
    *_order("order", "liborder1.so", "liborder2.so"),
    *_order("mixed", f"{_COMMON}order1.so", "libmixed2.so"),
    ("sibling.so", "sibling.c", f"{_BESIDE} -l:base.so", ("base.so",)),
    _library("librelay.c", name=f"{_COMMON}relay.so"),
    ("userelay.so", "userelay.c", f"{_BESIDE} -l:{_COMMON}relay.so", (f"{_COMMON}relay.so",)),
    *((f"{name}.so", f"{name}.c", "", ()) for name in (
        "bare", "oneinterp", "named", "sub", "nested", "fail", "failsingle", "capsule", "usescapsule", "dates", "base", "gil",
        "late", "pending", "opens")),
    *((f"{name}.so", f"{name}.cpp", "-std=c++17", ()) for name in ("life", "pendend")),
    ("othergil.so", "gil.c", "", ()),
    ("ends.so", "ends.c", "", ()),
    *((f"ends_{what}.so", "ends.c", f"-D{what.upper()}", ()) for what in ("key", "early", "handler", "fork", "thread")),
]
_FILES = {file: (source, flags, needs) for file, source, flags, needs in _ALL}

# Read once: the processes that our tests start compile for themselves.
_COMPILED = os.environ.pop("SYMPLAST_FIXTURES", None)
_folder = None


def folder():
    """The folder that the package fx is in, for sys.path."""
    global _folder
    if _folder is None:
        made = tempfile.TemporaryDirectory(prefix="symplast-fixtures-")
        atexit.register(made.cleanup)
        os.mkdir(os.path.join(made.name, "fx"))
        _touch(os.path.join(made.name, "fx", "__init__.py"))
        _folder = made.name
    return _folder


def build(*modules):
    """Compiles modules of fx ('multi', 'deep.inner.single'), unless that is done.

    Skips the test if this machine cannot; returns folder().
    """
    for module in modules:
        path = module.replace(".", "/")
        _build(f"{path}.so" if f"{path}.so" in _FILES else f"{path}/__init__.so")
    return folder()


def compile_to(path, source, flags=""):
    """Compiles a fixture to any file."""
    include = sysconfig.get_path("include")
    if not os.path.exists(os.path.join(include, "Python.h")):
        raise unittest.SkipTest(f"no header files of this Python: {include}/Python.h")
    plus = source.endswith(".cpp")
    command = [
        *_compiler(plus), "-shared", "-fPIC", "-O1", "-w", f"-I{include}", f"-I{sysconfig.get_path('platinclude')}",
        # Where a Python's folders were moved as a whole, its pyconfig.h includes another one from here.
        "-idirafter", os.path.dirname(include),
        f"-DNAME={os.path.basename(path).partition('.')[0]}", os.path.join(SOURCES, source), "-o", path,
        *shlex.split(flags.format(fx=os.path.join(folder(), "fx"), sources=SOURCES)), "-lpthread",
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if made.returncode:
        raise AssertionError(f"{shlex.join(command)}\n{made.stderr}")


def _build(file):
    path = os.path.join(folder(), "fx", file)
    if os.path.exists(path):
        return
    source, flags, needs = _FILES[file]
    for needed in needs:
        _build(needed)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    inner = os.path.dirname(file)
    while inner:
        if inner != "fx.libs":
            _touch(os.path.join(folder(), "fx", inner, "__init__.py"), unless=file.endswith("__init__.so") or inner == "cpackage")
        inner = os.path.dirname(inner)
    compiled = _COMPILED and os.path.join(_COMPILED, "fx", file)
    if compiled and os.path.exists(compiled):
        shutil.copy(compiled, path)
    else:
        compile_to(path, source, flags)


def _touch(path, unless=False):
    if not unless:
        open(path, "a").close()


def _compiler(plus):
    variable, others = ("CXX", ["c++", "g++"]) if plus else ("CC", ["cc", "gcc"])
    for text in (os.environ.get(variable), sysconfig.get_config_var(variable), *others):
        command = shlex.split(text or "")
        if command and shutil.which(command[0]):
            return command
    raise unittest.SkipTest(f"no {'C++' if plus else 'C'} compiler: {others[0]}")


_BEGIN = """
import sys
sys.path.insert(1, sys.argv[1])
import extension_calls as calls, extension_tasks as tasks, symplast
from symplast import InterpreterPoolExecutor
"""

_EVERYWHERE = """
import contextlib, importlib
task, arguments, count = getattr(importlib.import_module(sys.argv[2]), sys.argv[3]), eval(sys.argv[4]), int(sys.argv[5])
here = [task] if sys.argv[6] == "True" else []
with contextlib.ExitStack() as stack:
    workers = [stack.enter_context(InterpreterPoolExecutor(1)) for _ in range(count)]
    futures = [worker.submit(task, *arguments) for worker in workers]
    results = [run(*arguments) for run in here] + [future.result() for future in futures]
print(repr(results))
"""


class ExtensionCase(unittest.TestCase):
    """A test case with modules of fx, and processes that import them."""

    # The modules that all tests of the class need.
    modules = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        build(*cls.modules)

    def run_program(self, source, *arguments, **variables):
        """Runs a program that finds fx and has tasks and calls, the modules of what tests run; sys.argv[2:] are the arguments.

        Returns what it printed.
        """
        if os.environ.get("SYMPLAST_DEBUG", "").startswith("fault-"):
            variables["SYMPLAST_DEBUG"] = os.environ["SYMPLAST_DEBUG"]  # test_extensions_faults
        return executor_case.run(_BEGIN + source, folder(), *map(str, arguments), **variables)

    def everywhere(self, task, *arguments, workers=2, main=True, **variables):
        """What a function of extension_tasks or extension_calls returns in the main interpreter and in workers, all at once, in a
        process of its own.

        With main=False in the workers alone. Variables are added to its environment.
        """
        return ast.literal_eval(
            self.run_program(_EVERYWHERE, task.__module__, task.__name__, repr(arguments), workers, main, **variables))

    def as_in_main(self, task, *arguments, **variables):
        """everywhere(), with the same result everywhere, which it returns."""
        main, *workers = self.everywhere(task, *arguments, **variables)
        for worker in workers:
            self.assertEqual(worker, main)
        return main


needs_export = unittest.skipIf(sys.version_info < (3, 15), "PyModExport came with CPython 3.15")
