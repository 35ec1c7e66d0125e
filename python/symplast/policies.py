"""
What an interpreter with its own GIL does with extension modules that do not declare support for it, and with the libraries that
they need.
"""

from __future__ import annotations

import os
from _collections_abc import Mapping
from types import MappingProxyType

PRIVATE = "private"
SHARED = "shared"
REFUSE = "refuse"

# In place of a name: all that have no policy of their own.
OTHERS = "*"

_LOCKS = "private copies of it would drop each other's locks on files"

# Modules whose copies would harm each other, by the names of their packages, and how.
_REASONS = {
    "lmdb": _LOCKS,
    "berkeleydb": _LOCKS,
    "bsddb3": _LOCKS,
    "mpi4py": "MPI can be initialized only once in a process, and each copy of it would do that",
}


# Modules that call Python from threads of C libraries, and so need redirected calls, whatever they declare.
_CALLED_BY_THREADS = ("_ctypes",)


class Policy:
    """
    What an interpreter does with extension modules and libraries that it imports from now on. That of the main interpreter is
    where those of its workers begin, if their executor is not given another; in the main interpreter itself all is loaded as
    ever.

    At first it is what the environment says: SYMPLAST_EXTENSIONS ("private" or "refuse": what is done with all that have no
    policy of their own), SYMPLAST_EXTENSIONS_PRIVATE, SYMPLAST_EXTENSIONS_SHARED and SYMPLAST_EXTENSIONS_REFUSE (names, with
    commas between them), SYMPLAST_LIBRARIES_PRIVATE and SYMPLAST_LIBRARIES_SHARED (patterns of file names, with commas between
    them).
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._extensions = {OTHERS: PRIVATE} | dict.fromkeys(_CALLED_BY_THREADS, PRIVATE) | dict.fromkeys(_REASONS, REFUSE)
        self._libraries = {}
        others = environment.get("SYMPLAST_EXTENSIONS")
        extensions, libraries = {OTHERS: others} if others else {}, {}
        for choice in (PRIVATE, SHARED, REFUSE):
            extensions |= dict.fromkeys(_names(environment, f"SYMPLAST_EXTENSIONS_{choice.upper()}"), choice)
        for choice in (PRIVATE, SHARED):
            libraries |= dict.fromkeys(_names(environment, f"SYMPLAST_LIBRARIES_{choice.upper()}"), choice)
        try:
            self.update(extensions, libraries)
        except ValueError as error:
            raise ValueError(f"in the environment variables SYMPLAST_EXTENSIONS… and SYMPLAST_LIBRARIES…: {error}") from None

    @property
    def extensions(self) -> Mapping[str, str]:
        """By the name of a module, or of a package for all that is in it, or "*": "private", "shared" or "refuse"."""
        return MappingProxyType(self._extensions)

    @property
    def libraries(self) -> Mapping[str, str]:
        """By a pattern of file names: "private" or "shared".

        The first that fits counts; for what none fits there are rules and a list.
        """
        return MappingProxyType(self._libraries)

    def update(self, extensions: str | Mapping[str, str] | None = None, libraries: Mapping[str, str] | None = None) -> None:
        """
        Change it for what is imported from now on. extensions: a policy for all that have none of their own, or a dict of names
        and policies; libraries: a dict of patterns and policies, which go before earlier ones. What they do not name stays as it
        is. TypeError or ValueError, with nothing changed, if they are something else.
        """
        extensions, libraries = _checked_extensions(extensions), _checked_libraries(libraries)
        self._extensions = self._extensions | extensions
        self._libraries = libraries | {pattern: choice for pattern, choice in self._libraries.items() if pattern not in libraries}
        self._changed()

    def _changed(self):
        # That of an interpreter tells its loader.
        pass

    def of(self, module: str) -> str:
        """The policy for a module of this name: that of the longest part of it, from its beginning, that has one."""
        return self._extensions[self._name_with_policy(module)]

    def is_own(self, module: str) -> bool:
        """Whether the policy for a module of this name was given for it or its package."""
        return self._name_with_policy(module) != OTHERS

    def refusal(self, module: str) -> str:
        """
        Why a module of this name, which does not declare support for several interpreters, is refused, and what can be done about
        it.
        """
        name = self._name_with_policy(module)
        shown = module if name == OTHERS else name
        reason = _REASONS.get(
            name, "it does not declare support for several interpreters, and the policy for extension modules is to refuse it")
        return (
            f"{shown} cannot be imported in a worker interpreter: {reason}. Use it in the main interpreter or in a process, "
            f'or allow it: InterpreterPoolExecutor(extensions={{"{shown}": "private"}})'
        )

    def _name_with_policy(self, module):
        while module not in self._extensions:
            module = module.rpartition(".")[0] or OTHERS
        return module

    def copy(self) -> Policy:
        """Another one that says the same."""
        other = Policy({})
        other._extensions, other._libraries = self._extensions, self._libraries
        return other

    def __repr__(self):
        return f"Policy(extensions={self._extensions}, libraries={self._libraries})"


def _names(environment, variable):
    return [name.strip() for name in environment.get(variable, "").split(",") if name.strip()]


def _checked_extensions(extensions):
    if extensions is None:
        return {}
    if isinstance(extensions, str):
        extensions = {OTHERS: extensions}
    elif not isinstance(extensions, Mapping):
        raise TypeError(
            f"extensions must be 'private', 'refuse' or a dict of names and policies, not {type(extensions).__name__}")
    for name, choice in extensions.items():
        where = "extensions" if name == OTHERS else f"extensions[{name!r}]"
        if not isinstance(name, str):
            raise TypeError(f"{where}: the name of a module must be a str, not {type(name).__name__}")
        if name != OTHERS and not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"{where}: not the name of a module or a package")
        if name == OTHERS and choice == SHARED:
            raise ValueError(f"{where}: 'shared' is for modules that are named, and known to be safe")
        _check(where, choice, (PRIVATE, REFUSE) if name == OTHERS else (PRIVATE, SHARED, REFUSE))
    return dict(extensions)


def _checked_libraries(libraries):
    if libraries is None:
        return {}
    if not isinstance(libraries, Mapping):
        raise TypeError(f"libraries must be a dict of patterns of file names and policies, not {type(libraries).__name__}")
    for pattern, choice in libraries.items():
        where = f"libraries[{pattern!r}]"
        if not isinstance(pattern, str):
            raise TypeError(f"{where}: a pattern must be a str, not {type(pattern).__name__}")
        if not pattern or "/" in pattern:
            raise ValueError(f"{where}: a pattern is for the name of a library's file, without its folder")
        _check(where, choice, (PRIVATE, SHARED))
    return dict(libraries)


def _check(where, choice, choices):
    if not isinstance(choice, str):
        raise TypeError(f"{where}: a policy must be a str, not {type(choice).__name__}")
    if choice not in choices:
        raise ValueError(f"{where}: {choice!r} is none of {', '.join(map(repr, choices))}")
