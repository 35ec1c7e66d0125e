"""What the tests of extension modules run, in the main interpreter and in workers alike.

Functions return plain values that can be compared.
"""

import gc
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import pickle
import sys
import threading
import weakref


def load(name, path):
    """The module of a file under a name of the caller's choice, as explicit users of importlib load it.

    It is not put into sys.modules.
    """
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path, loader=loader))
    loader.exec_module(module)
    return module


def failure(call, *arguments):
    """How a call fails: the error's type, text, name and path, and the same of its cause; None if it does not."""
    try:
        call(*arguments)
    except Exception as error:
        return _described(error)


def _described(error):
    if error is None:
        return None
    return type(error).__name__, str(error), getattr(error, "name", None), getattr(error, "path", None), _described(
        error.__cause__)


# Names


def names(name):
    """All that a module and what is in it say of themselves."""
    module = importlib.import_module(name)
    spec, loader = module.__spec__, module.__loader__
    members = {key: value for key, value in vars(module).items() if not key.startswith("__") and callable(value)}
    return {
        "module": [module.__name__, getattr(module, "__package__", None), module.__doc__, module.__file__, repr(module),
                   getattr(module, "__path__", None)],
        "spec": [spec.name, spec.origin, spec.cached, spec.has_location, spec.parent, spec.submodule_search_locations,
                 spec.loader is loader],
        "loader": [type(loader).__name__, type(loader) is importlib.machinery.ExtensionFileLoader, loader.name, loader.path],
        "loader's answers": [loader.get_filename(name), loader.is_package(name), loader.get_source(name), loader.get_code(name)],
        "found": [sys.modules[name] is module, importlib.util.find_spec(name) is spec, inspect.getfile(module)],
        "parent's": getattr(sys.modules[module.__name__.rpartition(".")[0]], name.rpartition(".")[2]) is module,
        "keys": sorted(vars(module)),
        "members": {key: [getattr(value, attribute, None) for attribute in ("__name__", "__qualname__", "__module__", "__doc__")]
                    for key, value in members.items()},
        "self": {key: value.__self__ is module for key, value in members.items() if inspect.isbuiltin(value)},
    }  # fmt: skip


def pickled(name):
    """Which members of a module are themselves again after pickling."""
    module = importlib.import_module(name)
    results = {}
    for key, value in vars(module).items():
        if callable(value):
            try:
                results[key] = pickle.loads(pickle.dumps(value)) is value
            except Exception as error:
                results[key] = repr(error).replace(hex(id(module)), "ADDRESS")
    return results


def nested_names():
    """The names of modules that an init function makes around an import of its own."""
    import fx.nested as nested

    single = nested.imported
    return nested.__name__, nested.second.__name__, nested.unlike.__name__, single.__name__, single is sys.modules[
        "fx.single"], single.call()


def submodule():
    import fx.sub
    import fx.sub.child as child

    return child is fx.sub.child, child.__name__, child.execs, type(child).__name__


def several_names(path, exported):
    """One file under several names: a counter says how many libraries there are. (CPython
    itself confuses the names when a single-phase module is loaded again after that.)"""
    modules = [load(name, path) for name in (exported, f"first.{exported}", f"second.{exported}")]
    return [(module.__name__, module.call.__module__, module.call()) for module in modules], len(set(map(id, modules)))


def another_path(path):
    """The same file by another path: it is the same library, and each module says the path that it was found by."""
    import fx.multi as multi

    other = load("elsewhere.multi", path)
    return multi.execs, other.execs, multi.call(), other.call(), other.__file__ == path, multi.__file__ != path


# Loading


def single():
    """A single-phase module with an init function that runs once per interpreter: what survives reloading and a new import."""
    import fx.single as first

    heap, error, static = first.Heap, first.Error, first.Static
    counts = [first.call(), first.call()]
    kept = [first.keep(["mine"]), first.keep("again")]
    first.mark = "set by a test"
    reloaded = importlib.reload(first) is first
    del sys.modules["fx.single"]
    second = importlib.import_module("fx.single")
    types_kept = [second.Heap is heap, second.Error is error, second.Static is static]
    finds = [first.find() is second, second.find() is second]
    return counts, kept, reloaded, second is first, types_kept, finds, second.inits, hasattr(
        second, "mark"), second.call(), second.keep(None)


def dropped(name):
    """What is left of a module when its object is gone: the state of its library, and of a single-phase module more."""
    module = importlib.import_module(name)
    module.call()
    gone = weakref.ref(module)
    del module, sys.modules[name]
    delattr(sys.modules["fx"], name.rpartition(".")[2])
    gc.collect()
    module = importlib.import_module(name)
    return gone() is None, module.call(), getattr(module, "inits", None), getattr(module, "execs", None), sorted(vars(module))


def again():
    """A single-phase module whose init function runs at each import."""
    import fx.again as first

    static, heap = first.Static, first.Heap
    reloaded = importlib.reload(first) is first, first.inits
    del sys.modules["fx.again"]
    second = importlib.import_module("fx.again")
    return (reloaded, second is first, second.inits, second.Static is static, second.Heap is heap, first.call(), second.call(),
            second.find() is second)


def static_type(name):
    """A static type of C as a base class, of objects that live and die, and in a cycle."""
    module = importlib.import_module(name)
    base = module.Static

    class Derived(base):
        __slots__ = ("other",)

    for _ in range(1000):
        one = Derived()
        one.other = Derived()
        one.other.other = one
    return isinstance(base(), base), Derived.__mro__[1] is base, type(one.other).__name__, base.__subclasses__() == [
        Derived], repr(base)


def multi(name="fx.multi"):
    """A multi-phase module: reloading executes nothing; a new import makes a new module, whose library's statics go on."""
    first = importlib.import_module(name)
    counts = [first.execs, first.call(), first.call()]
    first.mark = "set by a test"
    reloaded = importlib.reload(first) is first, first.execs
    del sys.modules[name]
    second = importlib.import_module(name)
    return counts, reloaded, second is first, hasattr(second, "mark"), second.execs, second.call(), first.call()


def bare():
    """A module without slots, with a state for each module object."""
    import fx.bare as first

    first.call()
    del sys.modules["fx.bare"]
    second = importlib.import_module("fx.bare")
    return first.call(), second.call(), second is first


def one_interpreter():
    """A module that refuses a second interpreter in its process, and has one module object."""
    import fx.oneinterp as first

    del sys.modules["fx.oneinterp"]
    second = importlib.import_module("fx.oneinterp")
    return second is first, second.execs, second.__name__


def count(name, function="call"):
    """The number that a module's counter gives: 1 in a library of one's own."""
    return getattr(importlib.import_module(name), function)()


def counts(*modules):
    return [count(name) for name in modules]


def import_at_once(name, threads=8):
    """Threads that import one module at once see one module, executed once."""
    barrier = threading.Barrier(threads)
    seen = []

    def run():
        barrier.wait()
        seen.append(importlib.import_module(name))

    together(run, threads)
    return len(seen), len(set(map(id, seen))), getattr(seen[0], "execs", None) or seen[0].inits


def together(function, threads):
    """Runs a function in that many threads, and waits for them."""
    started = [threading.Thread(target=function) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def loaded(*modules):
    """What symplast.extensions.loaded() says of fx, sorted and without the numbers of bytes, after modules are imported."""
    from symplast import extensions

    for name in modules:
        importlib.import_module(name)
    folder = os.path.realpath(sys.argv[1])
    entries = [entry for entry in extensions.loaded() if entry.path.startswith(folder)]
    assert all(type(entry.bytes) is int and (entry.bytes > 0) == entry.private for entry in entries), entries
    return sorted((entry.module, os.path.relpath(entry.path, folder), entry.kind, entry.private) for entry in entries)


def open_files(*modules):
    """The files that the process has open after importing modules, but not before."""
    before = set(os.listdir("/proc/self/fd"))
    for name in modules:
        importlib.import_module(name)
    return sorted(set(os.listdir("/proc/self/fd")) - before)


def standard_extensions():
    """How the imports of the standard library's extension modules end, but for those of CPython's own tests."""
    folders = [entry for entry in sys.path if entry.endswith("lib-dynload") and os.path.isdir(entry)]
    names = sorted({name.partition(".")[0] for folder in folders for name in os.listdir(folder) if name.endswith(".so")})
    return {name: failure(importlib.import_module, name)
            for name in names if not name.startswith(("_test", "_xx", "xx", "_ctypes_test"))}


# Failures


def fail(name, how):
    """How an import fails, whether anything of it is left in sys.modules, and what a second attempt without a fault gives."""
    sys.fx_fail = how
    failed = failure(importlib.import_module, name)
    left = name in sys.modules
    sys.fx_fail = None
    retried = failure(importlib.import_module, name)
    module = sys.modules.get(name)
    return failed, left, retried, getattr(module, "inits", None), getattr(module, "execs", None)


def fail_twice(name):
    return [failure(importlib.import_module, name) for _ in range(2)], name in sys.modules


def fail_to_load(name, path):
    return failure(load, name, path)


# Libraries


def capsules():
    """Two modules that are connected by C functions in a capsule."""
    import fx.capsule
    import fx.usescapsule as uses

    return uses.call(), uses.call()


def dates():
    """datetime's own C API, which a module keeps in a static."""
    import datetime

    import fx.dates as dates

    made = dates.date()
    return type(made) is datetime.date, made.isoformat(), dates.is_date(datetime.date.today()), dates.is_date(1)


def package_libraries():
    """Two modules of a package with a library that keeps an object: it is common to both."""
    import fx.uses as one
    import fx.usestoo as two

    kept = [one.swap("first"), two.swap("second"), one.swap(None)]
    return kept, [one.count(), two.count(), one.count()], [one.over(), two.over()]


def over(name, preload=None):
    """The counters of a library and of another one below it; before that a library is loaded by its path, as some packages do."""
    if preload is not None:
        import ctypes

        ctypes.CDLL(preload)
    module = importlib.import_module(name)
    return module.over(), module.over()


def over_by_path(path):
    """The same for a module and another path of it."""
    import fx.rpath as one

    two = load("rpath", path)
    return one.over(), two.over(), two.__file__ == path


def library_counts(function, times):
    """What the counter of a library says, through two modules in turn."""
    import fx.uses as one
    import fx.usestoo as two

    return [getattr(module, function)() for _ in range(times) for module in (one, two)]


def values(name):
    return importlib.import_module(name).values()


def siblings(*order):
    """A module that needs another one as a library: both have one counter, whichever comes first."""
    modules = [importlib.import_module(name) for name in order]
    return [module.call() for module in modules * 2]


def thread_locals():
    """Each thread has thread-local variables of its own, which go with it."""
    import fx.life as life

    seen = []
    together(lambda: seen.append((life.values(), life.values())), 3)
    return life.values(), seen, life.values()


# Policies


def loaded_or_error(name):
    """Whether a module is a private copy, and its kind, or how its import fails."""
    from symplast import extensions

    try:
        importlib.import_module(name)
    except ImportError as error:
        return _described(error)
    return next((entry.private, entry.kind) for entry in extensions.loaded() if entry.module == name)


def counted_by_ctypes(path):
    """What libcounter.c counts to, opened twice and closed in between."""
    import _ctypes
    import ctypes

    library = ctypes.CDLL(path)
    first = library.next()
    again = ctypes.CDLL(path)
    assert again._handle == library._handle
    _ctypes.dlclose(again._handle)
    return [first, library.next()]


def counted_by_module(path, module="fx.opens"):
    """The same by an extension module that calls dlopen."""
    opens = importlib.import_module(module)
    return [opens.next(path), opens.next(path)]


def counted_by_module_with_path(name):
    return counted_by_module(name, "fx.openspath")


def not_opened(path):
    """How ctypes and a module that calls dlopen fail."""
    import ctypes

    opens = importlib.import_module("fx.opens")
    return [failure(ctypes.CDLL, path), failure(opens.next, path), failure(ctypes.CDLL, "libnowhere.so.99"),
            failure(opens.next, "libnowhere.so.99")]


def program_by_ctypes():
    """The program's own symbols, by ctypes."""
    import ctypes

    return ctypes.CDLL(None).getpid() == os.getpid(), ctypes.pythonapi.Py_IsInitialized(), ctypes.PyDLL(None).Py_IsInitialized()


def called_by_threads(path):
    """What functions of this interpreter do that a library calls from threads of its own."""
    import ctypes

    class Made:
        pass

    made = []
    callback = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda number: made.append((number, Made(), id(sys.modules) == modules)))
    modules = id(sys.modules)
    ctypes.CDLL(path).in_threads(callback, 200)
    return [(number, is_here) for number, _, is_here in made]
