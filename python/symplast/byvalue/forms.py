"""The form in which a single object is sent to another interpreter: pickle's own, another reduce value, or by value."""

import builtins
import functools
import importlib
import marshal
import sys
import types
from _typing import ParamSpec, TypeAliasType, TypeVar, TypeVarTuple

from symplast import _symplast
from symplast.byvalue import shells
from symplast.byvalue.identity import is_main, known

BY_VALUE = object()

# Types whose objects are immutable and have no parts that might not be sendable.
ATOMS = {type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis), type(NotImplemented)}


def form(obj):
    """Return how an object is sent: a reduce value, BY_VALUE, or NotImplemented for pickle's own form."""
    find = _FORMS.get(type(obj))
    if find is not None:
        return find(obj)
    if issubclass(type(obj), type):
        return _form_of_class(obj)
    managers = sys.modules.get("multiprocessing.managers")
    if managers is not None and issubclass(type(obj), managers.BaseProxy):
        # It would be pickled, but another interpreter has not the key to reach its manager.
        raise TypeError(f"cannot pickle {type(obj).__name__!r} object")
    return NotImplemented


def part_form(obj):
    """Return the form of an object within a definition, where more kinds of objects occur than among arguments."""
    found = form(obj)
    if found is not NotImplemented:
        return found
    kind = type(obj)
    if kind is object:
        return BY_VALUE
    if isinstance(obj, property):
        return kind, (obj.fget, obj.fset, obj.fdel, obj.__doc__)
    if isinstance(obj, (classmethod, staticmethod)):
        return kind, (obj.__func__,)
    if isinstance(obj, functools.partialmethod):
        return functools.partial(kind, obj.func, *obj.args, **obj.keywords), ()
    if kind is types.MappingProxyType:
        return kind, (dict(obj),)
    if kind is types.CodeType:
        return marshal.loads, (marshal.dumps(obj),)
    if isinstance(obj, types.ModuleType):
        return _form_of_module(obj)
    if kind.__module__ == "typing" and kind.__name__ == "NewType":
        return _form_of_named(obj)
    if kind.__module__ in _WITH_SINGLETONS:
        return _form_in_module(obj, sys.modules[_WITH_SINGLETONS[kind.__module__]])
    return NotImplemented


# Objects of classes of the first module are not copied but found by name in the second: the standard streams, os.environ, and the
# sentinels that dataclasses compares by identity.
_WITH_SINGLETONS = {"_io": "sys", "sys": "sys", "os": "os", "dataclasses": "dataclasses"}


def is_settled(value, shared):
    """Return whether comparing identities is enough to know that the value has not changed.

    Shared objects in the value are added to the list *shared*.
    """
    kind = type(value)
    if kind in ATOMS:
        return True
    if _symplast._persistent_id(value) is not None:
        shared.append(value)
        return True
    if kind is tuple or kind is frozenset:
        return len(value) <= 64 and all([is_settled(each, shared) for each in value])
    if kind is _symplast.Field:
        return is_settled(value.__reduce__()[1], shared)
    if kind is types.BuiltinFunctionType or kind is types.MethodType:
        return isinstance(value.__self__, (types.ModuleType, type)) or form(value) is not NotImplemented
    return isinstance(value, _SETTLED) or form(value) is BY_VALUE


_SETTLED = (types.FunctionType, type, types.ModuleType, property, classmethod, staticmethod)


def is_by_value(obj):
    """Return whether an object is sent by value, because other interpreters would not find it by its name."""
    return form(obj) is BY_VALUE


def is_function(obj):
    """Return whether an object is a function that can be made from its code."""
    return type(obj) is types.FunctionType and not shells.is_dispatcher(obj)


def label(obj):
    """Return the description of an object for error messages."""
    kind = "function" if isinstance(obj, types.FunctionType) else "class" if isinstance(obj, type) else type(obj).__name__
    name = name_of(obj)
    return f"{kind} {name!r}" if name else kind


def name_of(obj):
    """Return the name of an object in its module, or an empty text."""
    return getattr(obj, "__qualname__", None) or getattr(obj, "__name__", "")


def _form_of_named(obj):
    module = obj.__module__
    if module is None or is_main(module):
        return BY_VALUE
    found = sys.modules.get(module)
    for name in name_of(obj).split("."):
        found = getattr(found, name, None)
    return NotImplemented if found is obj else BY_VALUE


def _form_of_class(cls):
    if cls.__flags__ & _HEAP_AND_IMMUTABLE == _HEAP:
        return _form_of_named(cls)
    # A class written in C: pickle finds it by its name, or the module types has a name for it.
    if cls.__module__ == "builtins" and not hasattr(builtins, cls.__name__):
        return _form_in_module(cls, types)
    return NotImplemented


_HEAP = 1 << 9
_HEAP_AND_IMMUTABLE = _HEAP | 1 << 8


def _form_of_module(module):
    name = module.__name__
    return (importlib.import_module, (name,)) if sys.modules.get(name) is module else NotImplemented


def _form_of_method(method):
    # The functions of a module may be methods of an object in it, as those of random are. Each interpreter uses its own object.
    owner = method.__self__
    if owner is None or type(owner) is types.ModuleType:
        return NotImplemented
    module = sys.modules.get(type(owner).__module__)
    found = getattr(module, method.__name__, None)
    if found is method and not is_main(module.__name__):
        return getattr, (module, method.__name__)
    if type(method) is types.MethodType and isinstance(method.__func__, types.FunctionType) and not _is_found(method):
        return types.MethodType, (method.__func__, owner)
    return NotImplemented


def _is_found(method):
    # Whether pickle finds the method by its name. A function that was assigned to a class may have another __name__.
    owner = method.__self__
    for each in (owner if isinstance(owner, type) else type(owner)).__mro__:
        if method.__name__ in vars(each):
            found = vars(each)[method.__name__]
            return getattr(found, "__func__", found) is method.__func__
    return False


def _form_of_sentinel(obj):
    # Only a sentinel that a definition holds has a token, by which the receiver recognises it.
    return NotImplemented if known(obj) is None else BY_VALUE


def _form_in_module(obj, module):
    for name, value in tuple(vars(module).items()):
        if value is obj:
            return getattr, (module, name)
    return NotImplemented


_FORMS = {
    types.FunctionType: _form_of_named,
    type: _form_of_class,
    functools._lru_cache_wrapper: _form_of_named,
    types.ModuleType: _form_of_module,
    types.MethodType: _form_of_method,
    types.BuiltinFunctionType: _form_of_method,
    object: _form_of_sentinel,
    **dict.fromkeys((TypeVar, ParamSpec, TypeVarTuple, TypeAliasType), _form_of_named),
}
if hasattr(builtins, "sentinel"):
    _FORMS[builtins.sentinel] = _form_of_named
