"""Policies: how an interpreter with its own GIL loads extension modules that do not declare support for it.

A policy also covers the libraries that these modules need.
"""

from __future__ import annotations

import os
from _collections_abc import Mapping
from types import MappingProxyType

PRIVATE = "private"
SHARED = "shared"
REFUSE = "refuse"

# In place of a name, this means all modules that have no policy of their own.
OTHERS = "*"

_LOCKS = "private copies of it would drop each other's locks on files"

# Packages whose copies would harm each other, and the reason for each.
_REASONS = {
    "lmdb": _LOCKS,
    "berkeleydb": _LOCKS,
    "bsddb3": _LOCKS,
    "mpi4py": "MPI can be initialized only once in a process, and each copy of it would do that",
}


# Modules that call Python from threads of C libraries. They need redirected calls even if they declare support.
_CALLED_BY_THREADS = ("_ctypes",)


class Policy:
    """
    How an interpreter loads the extension modules and libraries that it imports from now on. The policy of the main interpreter
    is the default of its workers, unless their executor is given another. It does not apply to the main interpreter's imports.

    The initial policy comes from the environment: SYMPLAST_EXTENSIONS ("private" or "refuse", for all modules that have no policy
    of their own); SYMPLAST_EXTENSIONS_PRIVATE, SYMPLAST_EXTENSIONS_SHARED and SYMPLAST_EXTENSIONS_REFUSE (names, separated by
    commas); SYMPLAST_LIBRARIES_PRIVATE and SYMPLAST_LIBRARIES_SHARED (patterns of file names, separated by commas).
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
        """The policies ("private", "shared", "refuse") by the name of a module or package, or "*". Read-only."""
        return MappingProxyType(self._extensions)

    @property
    def libraries(self) -> Mapping[str, str]:
        """The policies ("private", "shared") by a pattern of file names. Read-only.

        The first pattern that matches counts. For other libraries, built-in rules and a list decide.
        """
        return MappingProxyType(self._libraries)

    def update(self, extensions: str | Mapping[str, str] | None = None, libraries: Mapping[str, str] | None = None) -> None:
        """
        Change the policy for later imports and later executors.

        extensions: a policy for all modules that have none of their own, or a dict of policies by names of modules or packages.
        libraries: a dict of policies by patterns of file names; the new patterns come before earlier ones.

        Modules and libraries that are not named keep their policies. A wrong argument raises TypeError or ValueError, and nothing
        is changed.
        """
        extensions, libraries = _checked_extensions(extensions), _checked_libraries(libraries)
        self._extensions = self._extensions | extensions
        self._libraries = libraries | {pattern: choice for pattern, choice in self._libraries.items() if pattern not in libraries}
        self._changed()

    def _changed(self):
        # The policy in use overrides this, to tell the loader.
        pass

    def of(self, module: str) -> str:
        """Return the policy for the module of this name: its own, or else that of its innermost package that has one."""
        return self._extensions[self._name_with_policy(module)]

    def is_own(self, module: str) -> bool:
        """Whether the module of this name or a package around it has a policy of its own."""
        return self._name_with_policy(module) != OTHERS

    def refusal(self, module: str) -> str:
        """
        Return why the module of this name, which does not declare support for several interpreters, is refused, and what can be
        done about it.
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
        """Return an independent copy."""
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
