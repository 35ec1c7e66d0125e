"""symplast.Object: classes whose instances all interpreters share."""

import types
import typing

from symplast import _symplast

_FIELDS = "__symplast_fields__"
_PLAIN = {int: (int,), float: (float, int), str: (str,), bytes: (bytes,), bool: (bool,), complex: (complex, float, int), tuple: (tuple,)}
_init = _symplast.ObjectBase._init
_LIVE = {"list": "List", "dict": "Dict", "set": "Set"}


@typing.dataclass_transform(kw_only_default=False)
class ObjectMeta(type):
    """The type of classes of live objects: registers each with the process, and makes fields of its annotations."""

    def __new__(mcls, name, bases, namespace, **kwargs):
        if "__slots__" in namespace:
            slots = namespace["__slots__"]
            namespace = {**namespace, "__annotations__": dict.fromkeys((slots,) if isinstance(slots, str) else slots, typing.Any)}
        # The instances are handles: what they hold lies in a pool.
        namespace = {**namespace, "__slots__": ()}
        cls = super().__new__(mcls, name, bases, namespace, **kwargs)
        _declare(cls, namespace)
        _symplast._register_class(cls, cls.__module__, cls.__qualname__)
        return cls


def _declare(cls, namespace):
    annotations = {}
    for key, annotation in _annotations(cls).items():
        if not _is_class_variable(annotation) and not (key.startswith("__") and key.endswith("__")):
            annotations[key] = annotation
    inherited = getattr(cls, _FIELDS, None)
    if not annotations and inherited is None:
        return
    cls.__symplast_fields__ = tuple(dict.fromkeys((*(inherited or ()), *annotations)))
    for key, annotation in annotations.items():
        default = (getattr(cls, key),) if hasattr(cls, key) else ()
        setattr(cls, key, _symplast.Field(key, _required(annotation), *default))
    cls.__match_args__ = namespace.get("__match_args__", cls.__symplast_fields__)
    if "__init__" not in namespace and (annotations or cls.__init__ is _init):
        cls.__init__ = _init
    if cls.__init__ is _init:
        _check_order(cls)


def _annotations(cls):
    if "__annotations__" in cls.__dict__ and isinstance(cls.__dict__["__annotations__"], dict):
        return cls.__dict__["__annotations__"]
    try:
        import annotationlib
    except ImportError:
        return {}
    # Names that are not defined yet stay open.
    return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)


def _is_class_variable(annotation):
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return annotation is typing.ClassVar or typing.get_origin(annotation) is typing.ClassVar


def _required(annotation):
    """What isinstance() asks for; None where anything will do, or only a type checker can tell."""
    if annotation is None or annotation is type(None):
        return (type(None),)
    if isinstance(annotation, str):
        annotation = {"int": int, "float": float, "str": str, "bytes": bytes, "bool": bool, "complex": complex, "list": list, "dict": dict, "set": set, "None": type(None)}.get(annotation)
    origin = typing.get_origin(annotation) or annotation
    if origin in (typing.Union, types.UnionType):
        parts = [_required(part) for part in typing.get_args(annotation)]
        return None if None in parts else tuple(dict.fromkeys(one for part in parts for one in part))
    if not isinstance(origin, type) or origin is object:
        return None
    if origin in _PLAIN:
        return _PLAIN[origin]
    if origin in (list, dict, set):
        live = getattr(_symplast, _LIVE[origin.__name__], None)
        return (origin,) if live is None else (origin, live)
    if (origin.__module__, origin.__qualname__) == ("array", "array"):
        return (origin, _symplast.Array)
    return (origin,) if issubclass(origin, _symplast.Shared) else None


def _check_order(cls):
    without = None
    for key in cls.__symplast_fields__:
        if hasattr(cls, key):
            without = without or key
        elif without is not None:
            raise TypeError(f"field {key!r} without a default follows field {without!r} with one")


class Object(_symplast.ObjectBase, metaclass=ObjectMeta):
    """Base of classes whose instances all interpreters share.

    Attributes lie in a pool; methods, properties and everything else of the class are each interpreter's own, which
    finds the class by its module and name. Annotated attributes of a class are its fields: only these can be set, values
    are checked where the annotation is a plain type, and __init__ takes them in order unless the class has its own.
    A class without annotations takes any attribute. Each access is atomic.
    """

    def __copy__(self):
        # In the same pool, with the attributes of one moment.
        return _copy(self, lambda value: value, {})

    def __deepcopy__(self, memo):
        import copy

        return _copy(self, lambda value: value if _symplast.is_frozen(value) else copy.deepcopy(value, memo), memo)

    def __dir__(self):
        return sorted({*super().__dir__(), *self._attributes()})

    def __repr__(self):
        cls = type(self)
        fields = getattr(cls, _FIELDS, None)
        if fields is None:
            return super().__repr__()
        try:
            values = self._attributes()
        except _symplast.DeletedError:
            return f"<{cls.__qualname__}, deleted>"
        return f"{cls.__qualname__}({', '.join(f'{key}={_shown(value)}' for key, value in values.items())})"


def _copy(original, convert, memo):
    attributes = original._attributes()
    with _symplast.pool_of(original).allocating():
        made = memo[id(original)] = _symplast.ObjectBase.__new__(type(original))
        for name, value in attributes.items():
            _symplast.ObjectBase.__setattr__(made, name, convert(value))
    return made


def _publish(cls):
    """Called when the first instance of a class is made that other interpreters cannot import: leaves its definition for them."""
    from symplast import byvalue, transport

    data, parcel = transport.pack(cls, byvalue.Sender())
    _symplast._publish_class(cls, data, parcel)


def _receive(data):
    """Called where an instance of such a class turns up."""
    from symplast import transport

    return transport.loads(data)


def _shown(value):
    # Objects refer to one another in circles.
    return f"<{type(value).__qualname__}>" if isinstance(value, Object) else repr(value)
