"""symplast.Object: the base of classes whose instances all interpreters share."""

import abc
import sys
import types
import typing

from symplast import _symplast, classes

_FIELDS = "__symplast_fields__"
_PLAIN = {int: (int,), float: (float, int), str: (str,), bytes: (bytes,), bool: (bool,), complex: (complex, float, int),
          tuple: (tuple,)}
_init = _symplast.ObjectBase._init
_LIVE = {"list": "List", "dict": "Dict", "set": "Set"}


@typing.dataclass_transform(eq_default=False, kw_only_default=False)
class ObjectMeta(abc.ABCMeta):
    """The metaclass of live objects' classes. It registers each class with the process, and makes fields of its annotations."""

    # Virtual subclasses are not supported, so isinstance() can be as fast as for a plain class.
    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__

    def __new__(mcls, name, bases, namespace, **kwargs):
        if "__slots__" in namespace:
            slots = namespace["__slots__"]
            namespace = {**namespace, "__annotations__": dict.fromkeys((slots,) if isinstance(slots, str) else slots, typing.Any)}
        # Instances are handles without a __dict__: their attributes lie in a pool.
        namespace = {**namespace, "__slots__": (), classes.SOURCE: classes.Source()}
        cls = super().__new__(mcls, name, bases, namespace, **kwargs)
        if not vars(cls)[classes.SOURCE].is_complete:
            _complete(cls)
        return cls

    def __setattr__(cls, name, value):
        if name == "__del__":
            _refuse_finalizer(cls)
        if name == "__dataclass_params__":
            # The decorator sets this attribute first.
            raise TypeError(f"{cls.__qualname__}: @dataclass is not for live objects: annotated attributes are their fields "
                            f"already, leave it out")
        super().__setattr__(name, value)

    def register(cls, subclass):
        """Raise TypeError: a class of live objects has no virtual subclasses."""
        raise TypeError(f"{cls.__qualname__} is a class of live objects, and cannot have virtual subclasses: derive from it")

    @property
    def __signature__(cls):
        """The signature of the generated __init__, for inspect.signature(). None if the class has an __init__ of its own."""
        import inspect

        if cls.__init__ is object.__init__ and cls.__new__ is _symplast.ObjectBase.__new__:
            return inspect.Signature()
        if cls.__init__ not in (_init, _initialise):
            return None
        kind, empty = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
        annotations = {key: annotation for each in reversed(cls.__mro__) if isinstance(each, ObjectMeta)
                       for key, annotation in _annotations(each).items()}
        return inspect.Signature(
            [inspect.Parameter(key, kind, default=getattr(cls, key, empty), annotation=annotations.get(key, empty))
             for key in cls.__symplast_fields__]
        )


def _complete(cls):
    """Complete a class that was created as a class of live objects.

    Also called when an instance is made earlier, in __init_subclass__(), and for a class that was given a finalizer.
    """
    if any("__del__" in vars(each) for each in cls.__mro__):
        _refuse_finalizer(cls)
    if not isinstance(cls, ObjectMeta):
        raise TypeError(f"{cls.__qualname__} was not created as a class of live objects: derive it from symplast.Object")
    namespace = dict(vars(cls))
    _declare(cls)
    classes.made(cls, namespace)


def _refuse_finalizer(cls):
    raise TypeError(
        f"{cls.__qualname__}.__del__: that of a live object runs when a handle goes, in each interpreter that had one, not when "
        f"the object does; "
        "give it a close() or make it a context manager, or use weakref.finalize() on an object of one interpreter that holds it"
    )


def _declare(cls):
    annotations = {}
    for key, annotation in _annotations(cls).items():
        if not _is_class_variable(annotation, cls) and not (key.startswith("__") and key.endswith("__")):
            annotations[key] = annotation
    # With several bases, the fields of the last base come first, as in dataclasses.
    inherited = [vars(each)[_FIELDS] for each in reversed(cls.__mro__) if _FIELDS in vars(each)]
    if not annotations and not inherited:
        return
    cls.__symplast_fields__ = tuple(dict.fromkeys((*(key for keys in inherited for key in keys), *annotations)))
    for key, annotation in annotations.items():
        default = (getattr(cls, key),) if hasattr(cls, key) else ()
        if default and (type(default[0]).__module__, type(default[0]).__qualname__) == ("dataclasses", "Field"):
            raise TypeError(f"{cls.__qualname__}.{key}: dataclasses.field() is not for live objects; give the default itself, "
                            f"of which each object gets a copy")
        required = _required(annotation, cls)
        if required is not None and default and default[0] is None:
            # A default of None allows None, as PEP 484 first specified.
            required = tuple(dict.fromkeys((*required, type(None))))
        setattr(cls, key, _symplast.Field(key, required, *default))
    cls.__match_args__ = vars(cls).get("__match_args__", cls.__symplast_fields__)
    if "__init__" not in vars(cls) and (annotations or cls.__init__ in (_init, _initialise)):
        cls.__init__ = _initialise if hasattr(cls, "__post_init__") else _init
    if cls.__init__ in (_init, _initialise):
        _check_order(cls)


def _initialise(self, /, *args, **kwargs):
    """Set the fields, and call __post_init__()."""
    _init(self, *args, **kwargs)
    self.__post_init__()


def _annotations(cls):
    if "__annotations__" in cls.__dict__ and isinstance(cls.__dict__["__annotations__"], dict):
        return cls.__dict__["__annotations__"]
    try:
        import annotationlib
    except ImportError:
        return {}
    # Names that are not defined yet become ForwardRef objects.
    return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)


def _is_class_variable(annotation, cls):
    if isinstance(annotation, (str, typing.ForwardRef)):
        # Only the part before the bracket is evaluated: the names inside may not be defined yet.
        name = getattr(annotation, "__forward_arg__", annotation).partition("[")[0]
        annotation = _evaluate(name, cls) if all(part.strip().isidentifier() for part in name.split(".")) else None
    return annotation is typing.ClassVar or typing.get_origin(annotation) is typing.ClassVar


def _evaluate(annotation, cls):
    """Evaluate an annotation that is a text or a ForwardRef. Returns Any if it uses names that are not defined yet.

    The annotation may name the class itself.
    """
    module = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    names = {**vars(cls), cls.__name__: cls}
    try:
        if isinstance(annotation, str):
            return eval(annotation.strip(), module, names)
        if hasattr(annotation, "evaluate"):
            return annotation.evaluate(owner=cls, locals=names)
        return eval(annotation.__forward_code__, module, names)
    except Exception:
        return typing.Any


def _required(annotation, cls):
    """Return the types that an annotation allows, for isinstance(); None if it allows any value or cannot be checked."""
    if isinstance(annotation, (str, typing.ForwardRef)):
        annotation = _evaluate(annotation, cls)
        # A result that is still a text was quoted twice, and is not checked.
        return None if isinstance(annotation, (str, typing.ForwardRef)) else _required(annotation, cls)
    if annotation is None or annotation is type(None):
        return (type(None),)
    if "dataclasses" in (type(annotation).__module__, getattr(annotation, "__module__", None)):
        kind = getattr(annotation, "__name__", type(annotation).__name__.strip("_").removesuffix("_TYPE"))
        raise TypeError(f"{cls.__qualname__}: dataclasses.{kind} is not for live objects")
    origin = typing.get_origin(annotation) or annotation
    if origin in (typing.Union, types.UnionType):
        parts = [_required(part, cls) for part in typing.get_args(annotation)]
        return None if None in parts else tuple(dict.fromkeys(one for part in parts for one in part))
    if origin is typing.Annotated or origin is typing.Final:
        return _required((annotation.__origin__ if origin is typing.Annotated else (*typing.get_args(annotation), typing.Any)[0]),
                         cls)
    if isinstance(origin, typing.TypeAliasType):
        return _required(_value_of(origin), cls)
    if isinstance(origin, typing.NewType):
        return _required(origin.__supertype__, cls)
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


def _value_of(alias):
    try:
        return alias.__value__
    except NameError:
        return typing.Any


def _check_order(cls):
    without = None
    for key in cls.__symplast_fields__:
        if hasattr(cls, key):
            without = without or key
        elif without is not None:
            raise TypeError(f"field {key!r} without a default follows field {without!r} with one")


class Object(_symplast.ObjectBase, metaclass=ObjectMeta):
    """Base of classes whose instances all interpreters share.

    Attributes lie in a pool. Methods, properties and everything else of the class belong to each interpreter, which imports the
    class by its name, or receives it by value if the name does not mean this class there.

    Annotated attributes of a class are its fields. Only fields can be set. A value is checked where the annotation is a plain
    type, and a wrong one raises TypeError. __init__ takes the fields in order unless the class has its own. A class without
    annotations takes any attribute. Each access to an attribute is atomic, as are symplast.add() and symplast.compare_exchange().

        class Account(symplast.Object):
            owner: str
            balance: int = 0

        account = Account("Ann")
        symplast.add(account, "balance", 10)
    """

    def __copy__(self):
        # The copy lies in the pool of the original, and has the attributes of one moment.
        return _copy(self, lambda value: value, {})

    def __deepcopy__(self, memo):
        import copy

        return _copy(self, lambda value: value if _symplast.is_frozen(value) else copy.deepcopy(value, memo), memo)

    def __replace__(self, /, **changes):
        # For copy.replace(). The new object lies in the pool of the original.
        cls = type(self)
        if cls.__init__ not in (_init, _initialise):
            made = self.__copy__()
            for name, value in changes.items():
                setattr(made, name, value)
            return made
        with _symplast.pool_of(self).allocating():
            return cls(**{**self._attributes(), **changes})

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


def _shown(value):
    # Objects may refer to one another in cycles, so an object shows only the types of others.
    return f"<{type(value).__qualname__}>" if isinstance(value, Object) else repr(value)
