"""
Extension modules in interpreters with their own GIL. One that does not declare support for several interpreters is loaded there
from a private copy of its library, so that its C state is that interpreter's own.

policy: what the calling interpreter does with such modules, and with the libraries that they need; a Policy. That of the main
interpreter is where those of its workers begin.
"""

from __future__ import annotations

from typing import NamedTuple

from symplast import _symplast
from symplast.policies import Policy
from symplast.privacy import policy

__all__ = ["Loaded", "Policy", "loaded", "policy"]


class Loaded(NamedTuple):
    """
    An extension module, or a library that one brought with it.

    module: the name that it was imported by; of a library, that of its file.
    path: its file, without symbolic links.
    kind: "multi-phase" or "single-phase", as PEP 489 calls the ways to initialize a module, or "library".
    private: whether it is the calling interpreter's own copy.
    bytes: the memory that such a copy does not have in common with the library, which code has; 0 if it is none.
    """

    module: str
    path: str
    kind: str
    private: bool
    bytes: int


def loaded() -> list[Loaded]:
    """
    What the calling interpreter has loaded since symplast was imported there: its extension modules, then the libraries that it
    has private copies of. In the main interpreter, where all is loaded as ever, the list is empty.
    """
    return [Loaded(*each) for each in _symplast._loaded_extensions()]
