"""Extension modules in interpreters with their own GIL.

An extension module that does not declare support for several interpreters is loaded from a private copy of its library, so that
each interpreter has the module's C state for itself.

policy: the Policy by which the calling interpreter loads such modules and the libraries that they need. The policy of the main
interpreter is the default of its workers.

    symplast.extensions.policy.update({"readline": "refuse"})       # for executors that are made from now on
"""

from __future__ import annotations

from typing import NamedTuple

from symplast import _symplast
from symplast.policies import Policy
from symplast.privacy import policy

__all__ = ["Loaded", "Policy", "loaded", "policy"]


class Loaded(NamedTuple):
    """
    An extension module, or a library that an extension module needs.

    module: the name by which the module was imported; for a library, the name of its file.
    path: the path of its file, without symbolic links.
    kind: "multi-phase" or "single-phase", the ways of PEP 489 to initialize a module, or "library".
    private: whether it is a copy that belongs to the calling interpreter.
    bytes: the bytes of memory that a private copy does not share with the original file; 0 if it is not private.
    """

    module: str
    path: str
    kind: str
    private: bool
    bytes: int


def loaded() -> list[Loaded]:
    """
    Return what the calling interpreter has loaded since it imported symplast: its extension modules, then the libraries of which
    it has private copies. The list is empty in the main interpreter, which has no private copies. Thread-safe.
    """
    return [Loaded(*each) for each in _symplast._loaded_extensions()]
