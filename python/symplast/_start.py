"""Preparations for the first import of the extension module, and checks after it."""

import os
import sys
# The classes of collections.abc, without importing the package collections.
from _collections_abc import MutableMapping, MutableSequence, MutableSet, Sequence


def load():
    """Import the extension module. Undo what its runtime changes in the process, and keep forked children from using it."""
    restore = _keep_sigpipe()
    from symplast import _symplast

    restore()
    if not _is_first_in_interpreter(_symplast):
        return
    if not _symplast._is_main():
        from symplast import privacy

        privacy.install()
    if _symplast.FIRST_IMPORT:
        _warn_of_old_release(_symplast.PATCH_FLOOR)
    MutableMapping.register(_symplast.Dict)
    MutableMapping.register(_symplast.SortedDict)
    MutableSequence.register(_symplast.List)
    MutableSet.register(_symplast.Set)
    Sequence.register(_symplast.Array)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_refuse_in_child)


def _is_first_in_interpreter(extension):
    # An interpreter has one extension module, and therefore must have one package around it: objects of the first package would
    # not be instances of a second package's classes. An import returns the module that sys.modules holds when the import ends.
    first = getattr(extension, "_package", None)
    if first is None:
        return True
    if first is not sys.modules.get("symplast"):
        sys.modules["symplast"] = first
        for module in list(vars(first).values()):
            name = getattr(module, "__name__", "")
            if type(module) is type(sys) and name.startswith("symplast."):
                sys.modules[name] = module
    return False


def keep(package):
    """Make the package this interpreter's only one. Called at the end of its import."""
    from symplast import _symplast

    if not hasattr(_symplast, "_package"):
        _symplast._package = package


def _keep_sigpipe():
    # .NET sets SIGPIPE to be ignored when it starts. If the program had chosen the default action, it is restored.
    import _signal

    before = _signal.getsignal(_signal.SIGPIPE)

    def restore():
        if before is _signal.SIG_DFL:
            try:
                _signal.signal(_signal.SIGPIPE, before)
            except ValueError:
                # Only the main thread of the main interpreter may set signal actions.
                return

    return restore


def _warn_of_old_release(floor):
    version = sys.version_info
    if version.micro >= floor or version.releaselevel != "final":
        return
    import warnings

    warnings.warn(
        f"CPython {version.major}.{version.minor}.{version.micro} has known bugs with several interpreters; "
        f"update to {version.major}.{version.minor}.{floor} or newer",
        RuntimeWarning,
        stacklevel=4,
    )


def refuse(*args, **kwargs):
    """Replaces, in a forked child, the functions that would enter the extension module. Raises RuntimeError."""
    raise RuntimeError(
        "symplast cannot be used in a process forked after it was imported; start the process with the "
        "'spawn' or 'forkserver' method, or import symplast in the child only"
    )


def _refuse_in_child():
    # No call may enter the extension module here: the runtime's other threads do not exist after the fork, but locks that they
    # held do.
    package = sys.modules.get("symplast")
    if package is None:
        return
    for name in ("freeze", "thaw", "current_pool", "pools", "Pool", "InterpreterPoolExecutor"):
        setattr(package, name, refuse)
