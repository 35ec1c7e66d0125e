"""By-value objects that are not plain functions: classes, enums, cached and dispatching functions, type variables, sentinels.

For each kind, the sender describes the object, and the receiver makes a shell from the description. The attributes are set later,
when everything that they may refer to exists. Making a shell runs no code of the user: the metaclass, __init_subclass__ and
__set_name__ ran when the original class was made, and do not run again.
"""

import abc
import contextlib
import enum
import functools
import types

from symplast import _symplast, classes, signals
from symplast.byvalue.identity import main_name

_DISPATCHER = functools.singledispatch(len).__code__

# Slots that are not attributes.
_SUBCLASSES = ".subclasses"
_REGISTRY = ".registry"

# Slots that are left out if their values cannot be sent.
OPTIONAL = {"__annotations__", "__annotate_func__", "__type_params__", _SUBCLASSES}

_MADE_WITH_CLASS = {"__module__", "__slots__", "__slotnames__", "_abc_impl", "__annotations_cache__", classes.SOURCE}
_MADE_WITH_ENUM = {
    "__new__", "_all_bits_", "_boundary_", "_flag_mask_", "_hashable_values_", "_inverted_", "_member_map_", "_member_names_",
    "_member_type_", "_singles_mask_", "_unhashable_values_", "_unhashable_values_map_", "_value2member_map_",
}  # fmt: skip
_MADE_WITH_FUNCTION = {"__wrapped__", "cache_parameters", "register", "dispatch", "registry", "_clear_cache"}
_OF_MEMBER = {"_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_"}


def is_dispatcher(obj):
    """Return whether an object is a function that functools.singledispatch made."""
    return type(obj) is types.FunctionType and obj.__code__ is _DISPATCHER


def describe(obj):
    """Return a maker and its arguments. Calling the maker makes a copy of the object without its attributes."""
    if isinstance(obj, enum.EnumType):
        return _describe_enum(obj)
    if isinstance(obj, type):
        return _describe_class(obj)
    if type(obj) is functools._lru_cache_wrapper:
        return _make_cached, (obj.__wrapped__, obj.cache_parameters())
    if is_dispatcher(obj):
        return functools.singledispatch, (obj.registry[object],)
    if type(obj) is object:
        return object, ()
    return _DESCRIBE_TYPING[type(obj).__name__](obj)


def attributes(obj):
    """Yield what is set when all shells exist, as (slot, value, function that reads the value again, or None)."""
    if isinstance(obj, type):
        yield from _class_attributes(obj)
        return
    if is_dispatcher(obj):
        yield _REGISTRY, dict(obj.registry), functools.partial(dict, obj.registry)
    for name, value in tuple(getattr(obj, "__dict__", {}).items()):
        if name not in _MADE_WITH_FUNCTION or not hasattr(obj, "cache_parameters") and not is_dispatcher(obj):
            yield name, value, functools.partial(vars(obj).get, name)


def set_attribute(obj, slot, value):
    """Set a slot of an object."""
    if slot == _SUBCLASSES:
        for each in value:
            abc.ABCMeta.register(obj, each)
    elif slot == _REGISTRY:
        for kind, function in value.items():
            obj.register(kind, function)
    elif isinstance(obj, type) and _is_plain(type(obj)):
        # This completes the class. A __setattr__ of the metaclass might refuse the value or react to it.
        type.__setattr__(obj, slot, value)
    else:
        setattr(obj, slot, value)


def _describe_class(cls):
    if classes.SOURCE in vars(cls):
        classes.sent(cls)
    names = {"__module__": main_name(cls.__module__), "__qualname__": cls.__qualname__}
    if "__slots__" in vars(cls):
        slots = cls.__slots__
        names["__slots__"] = slots if isinstance(slots, (str, dict)) else tuple(slots)
    if _is_plain(type(cls)):
        names |= {name: value for name, value in _own_attributes(cls) if _is_of_type(type(cls), name)}
    else:
        names |= {name: value for name, value in vars(cls).items() if name.startswith("_") and not name.startswith("__")}
    # The metaclass is taken from the first base where it is the same, because some metaclasses cannot be imported by name.
    meta = None if type(cls) is type(cls.__bases__[0]) else type(cls)
    return _make_class, (meta, cls.__name__, cls.__bases__, names)


def _make_class(meta, name, bases, names):
    meta = meta or type(bases[0])
    if issubclass(meta, classes.meta()):
        names[classes.SOURCE] = classes.Source()
    with _quiet(bases):
        cls = type.__new__(meta, name, bases, names) if _is_plain(meta) else meta(name, bases, names)
    if isinstance(cls, abc.ABCMeta):
        abc._abc_init(cls)
    if issubclass(cls, _symplast.ObjectBase):
        # type.__new__ has bypassed ObjectMeta.__new__, which registers the class.
        classes.received(cls)
    return cls


def _is_plain(meta):
    # Whether type.__new__ makes complete classes of this metaclass. It does not for metaclasses written in C, such as those of
    # ctypes.
    for each in meta.__mro__[: meta.__mro__.index(type)]:
        new, init = vars(each).get("__new__"), vars(each).get("__init__")
        if isinstance(new, types.BuiltinFunctionType) or isinstance(init, types.WrapperDescriptorType):
            return False
    return True


@contextlib.contextmanager
def _quiet(bases):
    # Disables the __init_subclass__ of the bases for a moment. Its effects are sent with the class and with the objects that it
    # changed, and its arguments are not known any more.
    silenced = []
    for each in {id(each): each for base in bases for each in base.__mro__}.values():
        if "__init_subclass__" in vars(each) and not each.__flags__ & _IMMUTABLE and _is_plain(type(each)):
            silenced.append((each, vars(each)["__init_subclass__"]))
    for each, _ in silenced:
        type.__setattr__(each, "__init_subclass__", classmethod(lambda cls, **kwargs: None))
    try:
        yield
    finally:
        for each, method in silenced:
            type.__setattr__(each, "__init_subclass__", method)


_IMMUTABLE, _HEAP = 1 << 8, 1 << 9


def _is_of_type(meta, name):
    # Whether the metaclass has a data descriptor of this name, such as type.__name__. Setting the attribute of the class would
    # then call the descriptor and not store the attribute.
    for each in meta.__mro__:
        if name in vars(each):
            return hasattr(type(vars(each)[name]), "__set__") and name not in _STORED
    return False


_STORED = {"__doc__", "__annotations__", "__annotate__", "__abstractmethods__", "__type_params__"}


def _own_attributes(cls):
    for name, value in tuple(vars(cls).items()):
        if name in _MADE_WITH_CLASS:
            continue
        if isinstance(value, _OF_LAYOUT) and (value.__objclass__ is cls or name in ("__dict__", "__weakref__")):
            continue
        yield name, value


_OF_LAYOUT = (types.MemberDescriptorType, types.GetSetDescriptorType)


def _class_attributes(cls):
    made = _MADE_WITH_ENUM | cls._member_map_.keys() if isinstance(cls, enum.EnumType) else ()
    plain = _is_plain(type(cls))
    for name, value in _own_attributes(cls):
        if name in made or plain and _is_of_type(type(cls), name):
            continue
        if plain or name.startswith("__") or not name.startswith("_") and type(value).__module__ != type(cls).__module__:
            yield name, value, functools.partial(vars(cls).get, name)
    if isinstance(cls, abc.ABCMeta):
        registered = tuple(each() for each in abc._get_dump(cls)[0])
        if registered:
            yield _SUBCLASSES, registered, None


def _describe_enum(cls):
    names = {"__module__": main_name(cls.__module__), "__qualname__": cls.__qualname__}
    members = [(name, _describe_member(cls, member)) for name, member in cls._member_map_.items()]
    return _make_enum, (type(cls), cls.__name__, cls.__bases__, names, getattr(cls, "_boundary_", None), members)


def _describe_member(cls, member):
    # The member is described by the reduce value or __getnewargs__ of the built-in type that it derives from, if any. The
    # arguments of the user's __new__ are not known any more.
    kind = next(each for each in cls.__mro__ if not each.__flags__ & _HEAP or each.__flags__ & _IMMUTABLE)
    if kind is object:
        args = ()
    elif hasattr(kind, "__getnewargs__"):
        args = kind.__getnewargs__(member)
    else:
        maker, args, *_ = kind.__reduce_ex__(member, 2)
        args = args if isinstance(maker, type) else args[1:]
    state = {name: value for name, value in getattr(member, "__dict__", {}).items() if name not in _OF_MEMBER}
    return kind, args, member._value_, state


def _make_enum(meta, name, bases, names, boundary, members):
    # EnumType makes the class with numbers as the values of its members. The temporary __new__ below makes each member from its
    # description, so the __new__ and __init__ of the user do not run.
    def new(cls, number):
        kind, args, value, state = members[number][1]
        member = kind.__new__(cls, *args)
        member._value_ = value
        vars(member).update(state)
        return member

    options = {} if boundary is None else {"boundary": boundary}
    body = enum.EnumType.__prepare__(name, bases, **options)
    body.update(names)
    body["__new__"] = new
    body["__init__"] = lambda self, *args: None
    for number, (member, _) in enumerate(members):
        body[member] = number
    with _quiet(bases):
        cls = enum.EnumType.__new__(meta, name, bases, body, **options)
    for name in ("__init__", "__new_member__"):
        if name in vars(cls):
            type.__delattr__(cls, name)
    return cls


def _make_cached(function, parameters):
    return functools.lru_cache(**parameters)(function)


def _describe_typevar(var):
    kinds = {"covariant": var.__covariant__, "contravariant": var.__contravariant__, "infer_variance": var.__infer_variance__}
    try:
        limits = var.__constraints__, var.__bound__
    except Exception as error:
        signals.let_through(error)
        # The lazy evaluation of the bound failed. The bound is left out: it has no effect at run time.
        limits = (), None
    return _make_typevar, (var.__name__, *limits, kinds)


def _make_typevar(name, constraints, bound, kinds):
    from typing import TypeVar

    return TypeVar(name, *constraints, bound=bound, **kinds)


def _describe_newtype(new):
    return _make_newtype, (new.__qualname__, main_name(new.__module__), new.__supertype__)


def _make_newtype(name, module, supertype):
    from typing import NewType

    new = NewType(name, supertype)
    new.__module__ = module
    return new


def _make_alias(name, value, params):
    from typing import TypeAliasType

    return TypeAliasType(name, value, type_params=params)


_DESCRIBE_TYPING = {
    "TypeVar": _describe_typevar,
    "NewType": _describe_newtype,
    "ParamSpec": lambda var: (type(var), (var.__name__,)),
    "TypeVarTuple": lambda var: (type(var), (var.__name__,)),
    "TypeAliasType": lambda alias: (_make_alias, (alias.__name__, alias.__value__, alias.__type_params__)),
    "sentinel": lambda obj: (type(obj), (obj.__name__,)),
}
