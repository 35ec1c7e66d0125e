"""What the pickle of an object depends on, by its type: so changes are found by comparing these parts, without pickling.

A type is judged once for each record that is made. Where a type has code of its own in the way of its pickle, or state that only
C code sees, the answer is that only a pickle tells whether an object has changed.
"""

import collections
import copyreg
import enum
import functools
import sys
import types

from symplast import _symplast

# Bits of parts; src/Symplast.Python/ByValue/Shape.cs says what they mean.
_DICT, _LIST, _TUPLE, _SET, _ATTRIBUTES, _BUFFER, _RECEIVER, _ZONE_OF_DATETIME, _ZONE_OF_TIME, _FIXED = (
    1 << bit for bit in range(10))

# Plans other than tuples of the parts' bits and of member descriptors.
_IDENTITY, _ONLY_PICKLE = None, False

_METHOD = vars(types.MethodType)

# Types whose objects are immutable, or have definitions of their own, are compared by identity.
_BUILT_IN = {
    **dict.fromkeys((complex, range, type, object, type(...), type(NotImplemented)), _IDENTITY),
    **dict.fromkeys((types.FunctionType, types.ModuleType), _IDENTITY),
    dict: (_DICT,),
    list: (_LIST,),
    set: (_SET,),
    tuple: (_TUPLE | _FIXED,),
    frozenset: (_SET | _FIXED,),
    bytearray: (_BUFFER,),
    types.BuiltinFunctionType: (_RECEIVER | _FIXED,),
    types.MethodType: (_FIXED, _METHOD["__func__"], _METHOD["__self__"]),
}

# The same for types of modules that may not be imported.
_BY_NAME = {
    ("array", "array"): (_BUFFER,),
    ("collections", "Counter"): (_DICT,),
    ("collections", "defaultdict"): (_DICT, "default_factory"),
    ("datetime", "date"): _IDENTITY,
    ("datetime", "datetime"): (_ZONE_OF_DATETIME | _FIXED,),
    ("datetime", "time"): (_ZONE_OF_TIME | _FIXED,),
    ("datetime", "timedelta"): _IDENTITY,
    ("datetime", "timezone"): _IDENTITY,
    ("decimal", "Decimal"): _IDENTITY,
    ("fractions", "Fraction"): _IDENTITY,
    ("functools", "partial"): (_ATTRIBUTES, "func", "args", "keywords"),
    ("ipaddress", "IPv4Address"): _IDENTITY,
    ("ipaddress", "IPv6Address"): _IDENTITY,
    ("numpy", "ndarray"): (_BUFFER,),
    ("re", "Pattern"): _IDENTITY,
    ("uuid", "UUID"): _IDENTITY,
    ("zoneinfo", "ZoneInfo"): _IDENTITY,
    **{(module, name): _IDENTITY for module in ("pathlib", "pathlib._local")
       for name in ("PurePath", "PurePosixPath", "PureWindowsPath", "Path", "PosixPath", "WindowsPath")},
}  # fmt: skip

_HEAP, _IMMUTABLE = 1 << 9, 1 << 8
_POINTER = tuple.__itemsize__


def contents_of(value, shared):
    """Return a record of what a value holds, which is fast to compare, or None if only its pickle tells whether it has changed.

    Shared objects in the value are appended to the list *shared*.
    """
    kinds = _BUILT_IN
    while True:
        found = []
        record = _symplast._contents(value, kinds, found)
        if type(record) is not list:
            shared += found
            return record
        kinds = kinds | {kind: _plan_of(kind) for kind in record}


def attributes_of(obj):
    """Return (name, value) of the attributes and slots of an instance."""
    slots = [(name, getattr(obj, name)) for name in copyreg._slotnames(type(obj)) if hasattr(obj, name)]
    return slots + list(getattr(obj, "__dict__", {}).items())


def _plan_of(kind):
    name = vars(type)["__module__"].__get__(kind), kind.__qualname__
    if name in _BY_NAME and getattr(sys.modules.get(name[0]), name[1], None) is kind:
        return _known_plan(kind, _BY_NAME[name])
    if issubclass(kind, type):
        return _IDENTITY
    if kind in copyreg.dispatch_table:
        return _ONLY_PICKLE
    if _found(kind, "__reduce_ex__") is vars(enum.Enum)["__reduce_ex__"]:
        # A member is pickled by its name or value.
        return _IDENTITY
    return _plan_of_instances(kind)


def _known_plan(kind, plan):
    if plan is _IDENTITY:
        return plan
    parts, *names = plan
    if parts & _DICT and not issubclass(kind, dict):
        return _ONLY_PICKLE
    # The Python form of datetime has other parts than the C form.
    if parts & (_ZONE_OF_DATETIME | _ZONE_OF_TIME) and type(vars(kind).get("tzinfo")) is not types.GetSetDescriptorType:
        return _ONLY_PICKLE
    return parts, *[vars(kind).get(each) for each in names]


def _plan_of_instances(kind):
    # The plan for a class written in Python whose instances pickle as object.__reduce_ex__ makes of their attributes and items.
    made_of_c = [each for each in kind.__mro__ if not each.__flags__ & _HEAP or each.__flags__ & _IMMUTABLE]
    if made_of_c[-1:] != [object] or len(made_of_c) > 2 or made_of_c[0] not in _BASES or not pickles_plainly(kind):
        return _ONLY_PICKLE
    parts, walks = _BASES[made_of_c[0]]
    if walks is not None and _found(kind, walks) is not vars(made_of_c[0])[walks]:
        return _ONLY_PICKLE
    slots = [_found(kind, name) for name in copyreg._slotnames(kind)]
    if not all(type(slot) is types.MemberDescriptorType for slot in slots):
        return _ONLY_PICKLE
    # An instance of another size has fields that only C code sees.
    made_here = [each for base in kind.__mro__ if base not in made_of_c for each in vars(base).values()]
    own = sum(type(each) is types.MemberDescriptorType for each in made_here)
    pointers = own + (kind.__dictoffset__ > 0) + (kind.__weakrefoffset__ > 0)
    if kind.__basicsize__ != made_of_c[0].__basicsize__ + pointers * _POINTER:
        return _ONLY_PICKLE
    if kind.__dictoffset__:
        parts |= _ATTRIBUTES
    return parts & ~_FIXED if kind.__dictoffset__ or slots else parts, *slots


# The parts of what a class may derive from, and the method by which object.__reduce_ex__ walks the items.
_BASES = {object: (0, None), dict: (_DICT, "items"), list: (_LIST, "__iter__"), tuple: (_TUPLE | _FIXED, None)}


def pickles_plainly(kind):
    """Return whether a class leaves the pickling of its instances to object.__reduce_ex__, and no code of its own takes part."""
    if any(_found(kind, name) is not vars(object)[name] for name in ("__reduce__", "__reduce_ex__")):
        return False
    # Some built-in types have the one of object as an entry of their own.
    if type(_found(kind, "__getattribute__")) is not types.WrapperDescriptorType:
        return False
    # A record would keep an object alive whose end its class awaits.
    if any(_found(kind, name) is not None for name in ("__del__", "__getattr__", "__getnewargs_ex__")):
        return False
    dataclasses = sys.modules.get("dataclasses")
    if _found(kind, "__getstate__") not in (vars(object)["__getstate__"], getattr(dataclasses, "_dataclass_getstate", None)):
        return False
    new_args = _found(kind, "__getnewargs__")
    return new_args is None if not issubclass(kind, tuple) else getattr(new_args, "__code__", None) is _code_of_named_tuples()


@functools.cache
def _code_of_named_tuples():
    return collections.namedtuple("_", ()).__getnewargs__.__code__


def _found(kind, name):
    for each in kind.__mro__:
        if name in vars(each):
            return vars(each)[name]
    return None
