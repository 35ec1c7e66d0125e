"""The receiving end: reads the definitions of functions and classes that writer.py wrote in another interpreter.

A definition consists of shells and parts. A shell can be made before its parts exist: a function with empty cells, a class
without attributes. A part is a value for a slot of a shell or of `__main__`: a global, a default of a function, the contents of a
cell, an attribute of a class.

A shell has a token and is made once; a later definition with the same token refers to the same object. A part has a version and
is put in its slot once. A global that a task or an initializer has set since therefore stays until the sender's value changes.
Annotations of functions are not sent. Annotations of classes are sent, because many libraries use them as schemas.
"""

import builtins
import functools
import importlib
import io
import marshal
import pickle
import types
from _operator import itemgetter  # operator has it too, but imports more.

from symplast import _symplast, signals, transport
from symplast.byvalue import shells
from symplast.byvalue.identity import MAIN, SENDER_SHIFT, Recent, find, holder_of, register, share


class Unsendable:
    """Stands for a value that could not be sent. Every use raises PicklingError, which names the value and the reason."""

    __slots__ = ("__weakref__", "_reason")

    def __init__(self, reason):
        object.__setattr__(self, "_reason", reason)

    def __repr__(self):
        return f"<{object.__getattribute__(self, '_reason')}>"

    def __reduce_ex__(self, protocol):
        return Unsendable, (object.__getattribute__(self, "_reason"),)

    def __setstate__(self, state):
        """Ignore the state of an object whose class is missing here."""


def _raise_reason(self, *args, **kwargs):
    raise pickle.PicklingError(object.__getattribute__(self, "_reason"))


for _name in (
    "getattr setattr delattr call bool len length_hint iter next reversed contains getitem setitem delitem enter exit aenter "
    "aexit "
    "await aiter anext str bytes format hash eq ne lt le gt ge int float complex index round trunc floor ceil neg pos abs invert "
    "add radd iadd sub rsub isub mul rmul imul matmul rmatmul imatmul truediv rtruediv itruediv floordiv rfloordiv ifloordiv "
    "mod rmod imod divmod rdivmod pow rpow ipow lshift rlshift ilshift rshift rrshift irshift and rand iand xor rxor ixor or "
    "ror ior "
    "fspath buffer instancecheck subclasscheck mro_entries"
).split():
    setattr(Unsendable, f"__{_name}__", _raise_reason)


def ref(token):
    """Return the object with this token, which is registered here by now. Called by unpicklers."""
    obj = find(token)
    if obj is None:
        raise pickle.UnpicklingError("it is gone in the interpreter that it came from")
    return obj


def original(token, label):
    """Return the object of this interpreter that was sent under this token. Called by unpicklers."""
    obj = find(token)
    if obj is None:
        raise pickle.UnpicklingError(f"{label} does not exist any more in the interpreter that sent it")
    return obj


def rebuild(token, version, definition):
    """Return the function or class that the definition describes. A version that was read before is not read again.

    Called by unpicklers.
    """
    root = _roots.get(token)
    if root is not None and root[1][0] == version:
        return root[1][1]
    obj = _read(token, definition)
    if type(obj) is Unsendable:
        _raise_reason(obj)
    _roots.keep(token, (version, obj), len(definition))
    return obj


def rebuild_large(token, version, ticket):
    """Like rebuild(), for a definition in the message's parcel. A version that was read before is not fetched."""
    root = _roots.get(token)
    if root is not None and root[1][0] == version:
        return root[1][1]
    return rebuild(token, version, _symplast._deposited_data(ticket))


_roots = Recent()


def _read(token, definition):
    functions, imports, shells_, links, apart, places, offsets, image = marshal.loads(definition)
    for name in imports:
        _import(name)
    # Only this list keeps the shells alive until they are in their slots.
    made = [_function(*each) for each in functions]
    made += [_shell(*each) for each in shells_]
    for *place, data in links:
        if _is_wanted(*place):
            try:
                _put(*place, transport.loads(data))
            except Exception as error:
                signals.let_through(error)
                _put_unsendable(*place, error)
    values = [(rank, place, functools.partial(_load_apart, ticket)) for place, ticket, rank in apart if _is_wanted(*place)]
    if any([_is_wanted(*place) for place in places]):
        file = io.BytesIO(image)
        load = functools.partial(_load_at, file, _Values(file))
        # The image is sorted by rank, and its values are read in order.
        values += [(1, place, functools.partial(load, offset)) for place, offset in zip(places, offsets)]
        values.sort(key=itemgetter(0))
    if values:
        _put_values([(place, load) for _, place, load in values])
    return ref(token)


def _load_apart(ticket):
    return _Values(io.BytesIO(_symplast._deposited_data(ticket))).load()


def _load_at(file, unpickler, offset):
    file.seek(offset)
    return unpickler.load()


def _put_values(values):
    # A value may fail to load because it needs another value first, such as the __init__ or a constant of its class. Failed
    # values are tried again until a round makes no progress.
    pending, errors = range(len(values)), {}
    while pending:
        failed = []
        for number in pending:
            place, load = values[number]
            try:
                value = load()
            except Exception as error:
                signals.let_through(error)
                errors[number] = error
                failed.append(number)
            else:
                if _is_wanted(*place):
                    _put(*place, value)
        if len(failed) == len(pending):
            break
        pending = failed
    for number in pending:
        place, _ = values[number]
        if _is_wanted(*place):
            _put_unsendable(*place, errors[number])


class _Values(transport.Unpickler):
    """Unpickles the values of a definition.

    A class or function that cannot be found here makes only the objects that use it Unsendable, not the other values.
    """

    def find_class(self, module, name):
        try:
            return super().find_class(module, name)
        except Exception as error:
            signals.let_through(error)
            reason = f"{module}.{name} is missing in this interpreter: {type(error).__name__}: {error}"
            return type(name, (), {"__new__": lambda cls, *args, **kwargs: Unsendable(reason)})


def _import(name):
    # If the module cannot be imported here, the code that uses it raises.
    try:
        importlib.import_module(name)
    except Exception as error:
        signals.let_through(error)
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
        signals.let_through(error)
        return register(Unsendable(f"function {name!r} cannot be used in this interpreter: {error}"), token)()
    cells = [find(each) or types.CellType() for each in tokens]
    fn = types.FunctionType(code, space, name, None, tuple(cells) or None)
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
            maker, args = transport.loads(data)
            obj = maker(*args)
        except Exception as error:
            signals.let_through(error)
            obj = Unsendable(f"{label} cannot be made in this interpreter: {type(error).__name__}: {error}")
        obj = register(obj, token)()
    return obj


def _is_wanted(token, slot, version):
    holder = holder_of(token)
    target = None if holder is None else holder()
    # An object that returns to the interpreter that made it is not changed.
    if target is None or type(target) is Unsendable or not holder.foreign:
        return False
    # Versions of one sender are in rising order, so an older one is dropped. Versions of different senders have no order: the
    # last one to arrive is used.
    received = holder.received.get(slot)
    return received is None or received != version and (received < version or received >> SENDER_SHIFT != version >> SENDER_SHIFT)


def _put(token, slot, version, value):
    holder = holder_of(token)
    target = holder()
    if isinstance(target, dict):
        target[slot] = value
    elif isinstance(target, types.CellType):
        target.cell_contents = value
    else:
        shells.set_attribute(target, slot, value)
    holder.received[slot] = version


def _put_unsendable(token, slot, version, error):
    if slot in shells.OPTIONAL:
        return
    value = Unsendable(f"{slot!r} did not arrive in this interpreter: {type(error).__name__}: {error}")
    # All defaults are one part, so every default of the function becomes Unsendable.
    if slot == "__defaults__":
        value = (value,) * find(token).__code__.co_argcount
    if slot == "__kwdefaults__":
        code = find(token).__code__
        value = dict.fromkeys(code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount], value)
    _put(token, slot, version, value)
