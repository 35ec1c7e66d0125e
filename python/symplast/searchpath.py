"""How workers find the modules that their owner finds: they follow the owner's sys.path and resolve its relative entries.

All interpreters of a process share one working directory, against which relative entries ('' first of all) are resolved at each
import. After os.chdir(), another interpreter would not find a module that the owner has imported from the earlier directory. So
workers search the owner's earlier directories as well, last.
"""

import itertools
import os
import sys
from _frozen_importlib_external import PathFinder


def working_directory():
    """Return the working directory, or None if it was removed."""
    try:
        return os.getcwd()
    except OSError:
        return None


_at_import = working_directory()


def of_now():
    """Return what a worker needs at its start: the text entries of sys.path, and the directories for relative entries."""
    return [entry for entry in _path() if isinstance(entry, str)], list({_at_import: None, working_directory(): None})


def _path():
    # CPython has replaced sys.path by None, and imports nothing any more, when the last objects of a program die.
    if sys.path is None:
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")
    return sys.path


class Changes:
    """Detects changes of sys.path since its creation. Thread-safe."""

    def __init__(self):
        self._seen = list(_path())
        self._numbers = itertools.count(1)
        self._change = None

    def latest(self):
        """Return an object that each task must unpickle first, or None as long as nothing has changed."""
        if sys.path != self._seen:
            seen = list(_path())
            self._change = _Change(next(self._numbers), *of_now())
            # Stored last, so that a thread that sees it also sees the change.
            self._seen = seen
        return self._change


class _Change:
    """A change of the path. A worker that unpickles it adopts the path, unless the worker has a later one."""

    def __init__(self, *parts):
        self._parts = parts

    def __reduce__(self):
        return adopt, self._parts


# The number of the change that this worker has adopted last, the entries that came with it, and the directories for relative
# entries.
_adopted = 0
_given = ()
_directories = []


def adopt(number, entries, directories):
    """Adopt the owner's path. Entries that code in this worker has added stay, before or after it.

    Change 0 is the path at the start of the worker.
    """
    global _adopted, _given
    if number and number <= _adopted:
        return
    path = sys.path
    own = [entry for entry in path if entry not in _given]
    leading = list(itertools.takewhile(lambda entry: entry not in _given, path)) if number else []
    path[:] = [*leading, *entries, *own[len(leading) :]] if number else entries
    _given, _adopted = entries, number
    _directories.extend(each for each in directories if each not in _directories)
    if not all(map(os.path.isabs, entries)) and _InEarlierDirectories not in sys.meta_path:
        sys.meta_path.append(_InEarlierDirectories)
    # This is importlib.invalidate_caches(), whose module would import much more.
    for finder in tuple(sys.path_importer_cache.values()):
        if hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()


class _InEarlierDirectories:
    """Finds modules by relative entries of the path, in earlier working directories."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is not None:
            return None
        now = working_directory()
        places = [entry for entry in sys.path if isinstance(entry, str) and not os.path.isabs(entry)]
        earlier = [os.path.join(each, entry) for each in _directories if each not in (None, now) for entry in places]
        return PathFinder.find_spec(name, earlier)
