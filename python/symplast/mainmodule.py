"""What arrives by value: definitions of functions and classes from another interpreter, and the names of its `__main__`.

A definition (written by byvalue.py) consists of shells, which exist without anything else (a function with empty cells, a class without
attributes), and of parts, which are then put into their slots: a global into `__main__`, a default into its function, a value into a cell,
an attribute into its class. A shell has a token and is made once: what came before under this token is the same object. A part has a version
and is put in its slot once: a global that a task or an initializer has set since stays as it is until the sender's own value changes.
"""

import builtins
import functools
import importlib
import itertools
import marshal
import os
import pickle
import sys
import threading
import types
import weakref

from symplast import shells

# Tokens and versions are drawn here, and never meet those of another interpreter of the process.
_ids = itertools.count(int.from_bytes(os.urandom(7)) << 40)

# Reentrant: a finalizer may run inside and send something itself.
_lock = threading.RLock()
_by_id = {}
_by_token = {}


def new_id():
    """A number that nothing in any interpreter of the process has."""
    return next(_ids)


class Recent(dict):
    """What was made for tokens, kept to save making it again, up to a number and a size in bytes. The oldest goes first. Thread-safe."""

    NUMBER = 1024
    BYTES = 1 << 24

    def __init__(self):
        self._sizes = {}
        self._total = 0
        # Reentrant: what is dropped may have a finalizer that sends something.
        self._lock = threading.RLock()

    def keep(self, token, value, size):
        """Keep a value, in place of the one that the token had."""
        with self._lock:
            self._drop(token)
            self[token] = value
            self._sizes[token] = size
            self._total += size
            while len(self) > 1 and (len(self) > self.NUMBER or self._total > self.BYTES):
                self._drop(next(iter(self)))

    def _drop(self, token):
        if self.pop(token, None) is not None:
            self._total -= self._sizes.pop(token)


class Record(weakref.ref):
    """An object that travels by value, known for as long as it lives."""

    __slots__ = ("foreign", "key", "received", "sent", "shared", "token")
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __new__(cls, obj, token, foreign):
        return super().__new__(cls, obj, _forget)

    def __init__(self, obj, token, foreign):
        super().__init__(obj, _forget)
        self.key = id(obj)
        self.token = token
        self.foreign = foreign
        self.sent = {}
        self.received = {}
        self.shared = ()


class Strong:
    """The record of what cannot be referred to weakly: sentinels such as object(). They stay known for good."""

    __slots__ = ("foreign", "obj", "token")

    def __init__(self, obj, token, foreign):
        self.obj = obj
        self.token = token
        self.foreign = foreign

    def __call__(self):
        return self.obj


class Shared:
    """A cell, or a dict of globals that is no module's: known for as long as a function that has it lives."""

    __slots__ = ("key", "received", "records", "sent", "token")

    def __init__(self, key, token):
        self.key = key
        self.token = token
        self.sent = {}
        self.received = {}
        self.records = set()

    def __call__(self):
        for record in tuple(self.records):
            fn = record()
            if fn is not None:
                place = record.shared.index(self)
                return (*(fn.__closure__ or ()), fn.__globals__)[place]
        return None


class _Main:
    """The names of `__main__`, wherever they come from."""

    token = 0

    def __init__(self):
        self.sent = {}
        self.received = {}

    def __call__(self):
        return vars(sys.modules["__main__"])


MAIN = _by_token[0] = _Main()


def _forget(record):
    # Called at any point where an object may die: takes no lock.
    if _by_id.get(record.key) is record:
        del _by_id[record.key]
    if _by_token.get(record.token) is record:
        del _by_token[record.token]
    for shared in record.shared:
        shared.records.discard(record)
        if not shared.records:
            for table, place in ((_by_id, shared.key), (_by_token, shared.token)):
                if table.get(place) is shared:
                    del table[place]


def known(thing):
    """The record of an object, a cell or a dict of globals; None if it has none."""
    record = _by_id.get(id(thing))
    return record if record is not None and record() is thing else None


def find(token):
    """The living thing with this token, or None."""
    record = _by_token.get(token)
    return None if record is None else record()


def register(obj, token=None):
    """The record of an object; a new one if it has none. With a token from elsewhere it may turn out to be that of a twin made meanwhile."""
    with _lock:
        record = known(obj) if token is None else _by_token.get(token)
        if record is None or record() is None:
            kind = Record if type(obj).__weakrefoffset__ else Strong
            record = kind(obj, token or new_id(), token is not None)
            _by_id[id(obj)] = _by_token[record.token] = record
        return record


def share(record, things, tokens=itertools.repeat(None)):
    """Give the cells and globals of a function their records, which live with the function's."""
    with _lock:
        shared = []
        for thing, token in zip(things, tokens):
            each = known(thing)
            if each is None:
                each = Shared(id(thing), token or new_id())
                _by_id[each.key] = _by_token[each.token] = each
            each.records.add(record)
            shared.append(each)
        record.shared = tuple(shared)
        return record.shared


class Unsendable:
    """Stands for a value that could not be sent. Every use of it raises PicklingError, which says what it was and why."""

    __slots__ = ("__weakref__", "_reason")

    def __init__(self, reason):
        object.__setattr__(self, "_reason", reason)

    def __repr__(self):
        return f"<{object.__getattribute__(self, '_reason')}>"

    def __reduce_ex__(self, protocol):
        return Unsendable, (object.__getattribute__(self, "_reason"),)


def _raise_reason(self, *args, **kwargs):
    raise pickle.PicklingError(object.__getattribute__(self, "_reason"))


for _name in (
    "getattr setattr delattr call bool len length_hint iter next reversed contains getitem setitem delitem enter exit aenter aexit "
    "await aiter anext str bytes format hash eq ne lt le gt ge int float complex index round trunc floor ceil neg pos abs invert "
    "add radd iadd sub rsub isub mul rmul imul matmul rmatmul imatmul truediv rtruediv itruediv floordiv rfloordiv ifloordiv "
    "mod rmod imod divmod rdivmod pow rpow ipow lshift rlshift ilshift rshift rrshift irshift and rand iand xor rxor ixor or ror ior "
    "fspath buffer instancecheck subclasscheck mro_entries"
).split():
    setattr(Unsendable, f"__{_name}__", _raise_reason)


def ref(token):
    """Unpickles as the object of this interpreter with the token, which is known by now."""
    obj = find(token)
    if obj is None:
        raise pickle.UnpicklingError("it is gone in the interpreter that it came from")
    return obj


def original(token, label):
    """Unpickles as the object that this interpreter had sent away."""
    obj = find(token)
    if obj is None:
        raise pickle.UnpicklingError(f"{label} does not exist any more in the interpreter that sent it")
    return obj


def rebuild(token, version, definition):
    """Unpickles as the function or class that the definition describes. A version that came before is not read again."""
    root = _roots.get(token)
    if root is not None and root[0] == version:
        return root[1]
    obj = _read(token, definition)
    if type(obj) is Unsendable:
        _raise_reason(obj)
    _roots.keep(token, (version, obj), len(definition))
    return obj


_roots = Recent()


def _read(token, definition):
    functions, imports, shells_, links, places, image = marshal.loads(definition)
    for name in imports:
        _import(name)
    # Until they are in their places, only this list holds them.
    made = [_function(*each) for each in functions]
    made += [_shell(*each) for each in shells_]
    for *place, data in links:
        _put(*place, functools.partial(_loads, data))
    values = functools.cache(lambda: [_loads(image)] if len(places) == 1 else _loads(image))
    for number, place in enumerate(places):
        _put(*place, lambda number=number: values()[number])
    return ref(token)


def _loads(data):
    from symplast import transport

    return transport.loads(data)


def _import(name):
    # A module that does not load here is missed where it is used.
    try:
        importlib.import_module(name)
    except Exception:
        return


def _function(token, code, name, qualname, module, doc, namespace, tokens):
    fn = find(token)
    if type(fn) is types.FunctionType:
        if fn.__code__ is not code and fn.__code__ != code:
            fn.__code__ = code
        return fn
    try:
        space = _namespace(namespace)
    except Exception as error:
        return register(Unsendable(f"function {name!r} cannot be used in this interpreter: {error}"), token)()
    cells = [find(each) or types.CellType() for each in tokens]
    fn = types.FunctionType(code, space, name, None, tuple(cells))
    fn.__qualname__, fn.__module__, fn.__doc__ = qualname, module, doc
    record = register(fn, token)
    if record() is fn:
        things, tokens = (cells, tokens) if isinstance(namespace, str) else ((*cells, space), (*tokens, namespace))
        share(record, things, tokens)
    return record()


def _namespace(name):
    if name == "__main__":
        return MAIN()
    if isinstance(name, str):
        return vars(importlib.import_module(name))
    space = find(name)
    return {"__builtins__": builtins} if space is None else space


def _shell(token, label, data):
    obj = find(token)
    if obj is None:
        try:
            maker, args = _loads(data)
            obj = maker(*args)
        except Exception as error:
            obj = Unsendable(f"{label} cannot be made in this interpreter: {type(error).__name__}: {error}")
        obj = register(obj, token)()
    return obj


def _put(token, slot, version, load):
    container = _by_token[token]
    if container.received.get(slot) == version:
        return
    try:
        value = load()
    except Exception as error:
        value = Unsendable(f"{slot!r} did not arrive in this interpreter: {type(error).__name__}: {error}")
    container.received[slot] = version
    target = container()
    if isinstance(target, dict):
        target[slot] = value
    elif isinstance(target, types.CellType):
        target.cell_contents = value
    else:
        shells.set_attribute(target, slot, value)
