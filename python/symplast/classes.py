"""The class of a live object in each interpreter: the class that made the object, or the class here with an equal definition.

A class that can be found in its module under its name is identified by name and definition. Two classes of one source, one in
each of two interpreters, share their objects; two classes that one interpreter has made do not. Any other class is sent by value,
under the token that it has in tasks. Its definition is published in the process with its first object, for each interpreter that
meets one. It is published again when live objects are sent and the class has changed.
"""

import marshal
import os
import sys
import types

from symplast import _symplast, signals

# The attribute of a class that holds its Source.
SOURCE = "__symplast_source__"

_MASK = (1 << 40) - 1

# The classes of this interpreter that were sent by value. Created with the first one.
_sent = None


class Source:
    """The origin of a class.

    content         a hash of the class's namespace, 0 if the class cannot be found by name
    stamp           a hash of the state of its module's file
    definition      the newest definition that this interpreter has published, or None
    foreign         whether the class was received by value
    is_complete     whether made() or received() was called for the class
    """

    __slots__ = ("content", "definition", "foreign", "is_complete", "stamp")

    def __init__(self):
        self.content = self.stamp = 0
        self.definition = None
        self.foreign = self.is_complete = False


def meta():
    """The metaclass of classes of live objects."""
    from symplast import objects

    return objects.ObjectMeta


def made(cls, namespace):
    """Called for each class of live objects that is made here, with its namespace."""
    source = vars(cls)[SOURCE]
    source.is_complete = True
    if not _is_nameless(cls):
        bases = [vars(each)[SOURCE] for each in cls.__mro__[1:] if SOURCE in vars(each)]
        source.content = hash((_content_of(cls, namespace), *[base.content for base in bases]))
        stamps = _stamp_of(cls.__module__), *[base.stamp for base in bases if base.stamp]
        source.stamp = hash(stamps) if stamps[0] else 0
    old = _symplast._class_made(cls, cls.__module__, cls.__qualname__)
    if old is not None:
        # From now on the name means the new class, so the old one must be sent by value.
        _publish(old)


def received(cls):
    """Called for each class of live objects that was received by value."""
    vars(cls)[SOURCE].foreign = vars(cls)[SOURCE].is_complete = True
    _symplast._class_made(cls, cls.__module__, "")


def sent(cls):
    """Called when a class is sent by value, in any definition."""
    global _sent
    if _sent is None:
        import gc
        import weakref

        _sent = weakref.WeakSet()
        gc.callbacks.append(_symplast._let_classes_go)
    if not vars(cls)[SOURCE].foreign:
        _sent.add(cls)


def identify(cls):
    """Called when a class makes its first object in this interpreter.

    Gives the class its number, and publishes its definition if other interpreters cannot import the class.
    """
    source = vars(cls).get(SOURCE)
    if source is None:
        return
    if not source.is_complete:
        from symplast import objects

        objects._complete(cls)
    if _goes_by_name(cls):
        if _symplast._name_class(cls, cls.__module__, cls.__qualname__, source.content, source.stamp):
            _publish(cls)
        return
    token = _token_of(cls)
    if _symplast._is_published(token):
        _symplast._number_class(cls, cls.__module__, cls.__qualname__, token)
    else:
        _publish(cls, token)


def resolve(module, qualname, content, stamp, definition, reason):
    """Return the class of an object, when the first object of the class is met. *content* is None if the class goes by value."""
    cause = None
    if content is not None:
        try:
            cls = _find(module, qualname)
        except Exception as error:
            signals.let_through(error)
            reason, cause = "it must be a class that can be imported here", error
        else:
            source = vars(cls).get(SOURCE) if isinstance(cls, type) else None
            if source is not None and (source.content == content or stamp and source.stamp == stamp):
                # Several classes may match; objects get the newest one.
                _symplast._name_class(cls, module, qualname, source.content, source.stamp)
                return cls
            reason = "the one that has its name here is defined in another way: its module has changed since, or is another one"
    elif reason is not None:
        reason = f"where it was defined it could not be sent ({reason})"
    if definition is not None:
        try:
            return receive(definition)
        except Exception as error:
            signals.let_through(error)
            reason, cause = "its definition cannot be used here", error
    reason = reason or "nobody has left its definition"
    raise _symplast.NotShareableError(
        f"the class {module}.{qualname} of this object cannot be found in this interpreter: {reason}") from cause


def receive(definition):
    """Return the class that a definition describes. If the class exists here, its changed parts are replaced."""
    from symplast.byvalue import arrival, identity

    token, version, data = marshal.loads(definition)
    record = identity.holder_of(token)
    cls = record() if record is not None and not record.foreign else None
    return arrival.rebuild(token, version, data) if cls is None else cls


def renew():
    """Called when live objects are about to be sent. Publishes the classes that have changed since they were last published."""
    for cls in _symplast._unpublished_namesakes():
        _publish(cls)
    if not _sent:
        return
    for cls in tuple(_sent):
        definition = vars(cls)[SOURCE].definition
        if definition is not None:
            if not _is_fresh(definition):
                _publish(cls, _token_of(cls))
        elif _symplast._is_published(token := _token_of(cls)):
            # Another interpreter, which received the class from here, has published it.
            _publish(cls, token)


def _is_fresh(definition):
    try:
        return definition.is_fresh()
    except _symplast.DeletedError:
        # An object that the class's methods use was deleted. The methods raise DeletedError wherever they use it.
        return False


def _publish(cls, token=None):
    # A MemoryError, or an exception that is not an Exception, goes to the code that makes the object. The next object of the
    # class tries again.
    from symplast.byvalue import writer

    source = vars(cls)[SOURCE]
    names = cls.__module__, cls.__qualname__
    try:
        definition = writer.define_parcelled(cls, reply=False, public=True)
        data = marshal.dumps((int(token or _token_of(cls)), definition.version, definition.data))
    except MemoryError:
        raise
    except Exception as error:
        signals.let_through(error)
        _symplast._publish_class(cls, *names, token, 0, f"{type(error).__name__}: {error}", None)
        return
    # The table of classes takes the parcel over.
    _symplast._publish_class(cls, *names, token, definition.version & _MASK, data, definition.parcel)
    definition.parcel = None
    if not source.foreign and (source.definition is None or source.definition.version < definition.version):
        source.definition = definition


def _token_of(cls):
    from symplast.byvalue.identity import register

    return str(register(cls).token)


def _is_nameless(cls):
    # Whether no other interpreter can have the class under its name: it belongs to the script itself, or to a function.
    module = cls.__module__
    return not isinstance(module, str) or "<locals>" in cls.__qualname__ or module == "__main__" or sys.modules.get(
        module) is sys.modules["__main__"]


def _goes_by_name(cls):
    if _is_nameless(cls):
        return False
    module = found = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    # While the module's own code runs, the class may not have its name yet.
    return found is cls or found is None and getattr(getattr(module, "__spec__", None), "_initializing", False)


def _find(module, qualname):
    import importlib

    found = importlib.import_module(module)
    for name in qualname.split("."):
        found = getattr(found, name)
    return found


def _stamp_of(module):
    try:
        state = os.stat(sys.modules[module].__file__)
    except (KeyError, AttributeError, TypeError, ValueError, OSError):
        return 0
    return hash((state.st_ino, state.st_size, state.st_mtime_ns))


def _content_of(cls, namespace):
    parts = [(name, _content_of_value(value)) for name, value in namespace.items()
             if name not in (SOURCE, "__module__", "__firstlineno__")]
    return hash((tuple(parts), tuple(base.__qualname__ for base in cls.__bases__)))


def _content_of_value(value):
    kind = type(value)
    if kind is types.FunctionType:
        return _content_of_code(value.__code__)
    if kind in (classmethod, staticmethod):
        return _content_of_value(value.__func__)
    if kind is property:
        return tuple(map(_content_of_value, (value.fget, value.fset, value.fdel)))
    if kind is tuple:
        return tuple(map(_content_of_value, value))
    if kind in (list, dict, set):
        # Only texts are hashed: other contents may form cycles. In a class these are the names of annotations.
        return kind.__name__, tuple(map(_content_of_value, [each for each in value if type(each) is str]))
    if kind in (int, float, complex, str, bytes, bool, type(None)):
        return kind.__name__, repr(value)
    return value.__qualname__ if isinstance(value, type) else kind.__qualname__


def _content_of_code(code):
    constants = [_content_of_code(each) if isinstance(each, types.CodeType) else (type(each).__name__, _text_of(each))
                 for each in code.co_consts]
    return hash((code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_flags, tuple(constants)))


def _text_of(constant):
    return ",".join(sorted(map(repr, constant))) if isinstance(constant, frozenset) else repr(constant)
