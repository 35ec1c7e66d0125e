"""The views that keys(), values() and items() of live mappings return.

They derive from the views of collections.abc. Each iteration sees the mapping as it was at one moment.
"""

import collections.abc
import types


def _mapping_of(view):
    return types.MappingProxyType(view._mapping)


class KeysView(collections.abc.KeysView):
    """Set-like view of the keys of a live mapping."""

    __slots__ = ()
    mapping = property(_mapping_of, doc="Read-only proxy of the mapping behind the view.")

    def __iter__(self):
        return self._mapping._iterate(0, False)

    def __reversed__(self):
        return self._mapping._iterate(0, True)

    def __repr__(self):
        return f"{type(self._mapping).__name__}_keys({list(self)!r})"


class ValuesView(collections.abc.ValuesView):
    """View of the values of a live mapping."""

    __slots__ = ()
    mapping = property(_mapping_of, doc="Read-only proxy of the mapping behind the view.")

    def __iter__(self):
        return self._mapping._iterate(1, False)

    def __reversed__(self):
        return self._mapping._iterate(1, True)

    def __contains__(self, value):
        return any(v is value or v == value for v in self)

    def __repr__(self):
        return f"{type(self._mapping).__name__}_values({list(self)!r})"


class ItemsView(collections.abc.ItemsView):
    """Set-like view of the (key, value) pairs of a live mapping."""

    __slots__ = ()
    mapping = property(_mapping_of, doc="Read-only proxy of the mapping behind the view.")

    def __iter__(self):
        return self._mapping._iterate(2, False)

    def __reversed__(self):
        return self._mapping._iterate(2, True)

    def __repr__(self):
        return f"{type(self._mapping).__name__}_items({list(self)!r})"
