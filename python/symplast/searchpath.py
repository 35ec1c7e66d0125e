"""How workers find the modules that their owner finds: its sys.path, also when that changes, and what entries that are no
absolute paths mean.

All interpreters of a process have one working directory, in which such entries ('' first of all) are looked for at each import.
What the owner has imported from there before os.chdir() is found in no other interpreter after it; so the directories in which
the owner had them are looked through as well, last.
"""

import itertools
import os
import sys
from _frozen_importlib_external import PathFinder


def working_directory():
    """The working directory, or None if there is none any more."""
    try:
        return os.getcwd()
    except OSError:
        return None


_at_import = working_directory()


def of_now():
    """
    What a worker that starts needs: the entries of sys.path that are texts, and the directories for those that are no absolute
    paths.
    """
    return [entry for entry in sys.path if isinstance(entry, str)], list({_at_import: None, working_directory(): None})


class Changes:
    """Notices when sys.path is not any more as at the start. Thread-safe."""

    def __init__(self):
        self._seen = list(sys.path)
        self._numbers = itertools.count(1)
        self._change = None

    def latest(self):
        """What is to be unpickled first in each task; None as long as nothing has changed."""
        if sys.path != self._seen:
            seen = list(sys.path)
            self._change = _Change(next(self._numbers), *of_now())
            # Last: whoever sees it finds the change.
            self._seen = seen
        return self._change


class _Change:
    """Unpickling it makes a worker adopt the path, unless it has a later one."""

    def __init__(self, *parts):
        self._parts = parts

    def __reduce__(self):
        return adopt, self._parts


# The number of the change that this worker has adopted, the entries that came with it, and the directories for those that are no
# absolute paths.
_adopted = 0
_given = ()
_directories = []


def adopt(number, entries, directories):
    """Take over the owner's path; what code in this worker has added stays, before or after it.

    Change 0 is the path at the start.
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
    # As importlib.invalidate_caches(), which imports much.
    for finder in tuple(sys.path_importer_cache.values()):
        if hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()


class _InEarlierDirectories:
    """Finds modules where the entries of the path that are no absolute paths led earlier."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is not None:
            return None
        now = working_directory()
        places = [entry for entry in sys.path if isinstance(entry, str) and not os.path.isabs(entry)]
        earlier = [os.path.join(each, entry) for each in _directories if each not in (None, now) for entry in places]
        return PathFinder.find_spec(name, earlier)
