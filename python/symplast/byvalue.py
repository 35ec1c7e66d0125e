"""What goes by value: functions and classes that another interpreter cannot import, those of `__main__` first of all.

A Sender tells the pickler of an executor for each object how it goes. A function, class … that goes by value is replaced by its definition
(mainmodule.py says what that consists of and how it arrives), which includes everything by value that it reaches: the functions it calls,
the classes they use, the globals of `__main__` that they name, the contents of cells. A definition is kept, and sent again for as long as
nothing in it has changed: values that cannot change are compared by identity, the pickles of others are compared.

Objects that two globals share are shared where they arrive if they were first sent, or changed, in one definition.
"""

import builtins
import functools
import hashlib
import importlib
import marshal
import opcode
import pickle
import sys
import threading
import types
import weakref
from _typing import ParamSpec, TypeAliasType, TypeVar, TypeVarTuple

from symplast import _symplast, shells, transport
from symplast.mainmodule import MAIN, Unsendable, known, new_id, original, rebuild, ref, register, share

_MISSING = object()
_BY_VALUE = object()

# What a Sender keeps, in definitions and in bytes. The oldest go first.
_KEPT = 1024
_KEPT_BYTES = 1 << 24

_ATOMS = {type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis), type(NotImplemented)}


class Sender:
    """Says how objects go from this interpreter to the workers of an executor or, as a *reply*, from a worker to its owner. Thread-safe."""

    def __init__(self, reply=False):
        self._reply = reply
        self._definitions = {}
        self._size = 0
        # Reentrant: what is dropped may have a finalizer that sends something.
        self._lock = threading.RLock()

    def __reduce__(self):
        raise TypeError("a Sender belongs to one interpreter")

    def reduce(self, obj):
        """For Pickler.reducer_override: how obj goes, NotImplemented if as pickle has it."""
        form = _form(obj)
        if form is not _BY_VALUE:
            return form
        record = known(obj) or register(obj)
        if self._reply and record.foreign:
            return original, (record.token, _label(obj))
        definition = self._definitions.get(record.token)
        if definition is None or not definition.is_fresh():
            definition = self._define(obj, record)
        return rebuild, (record.token, definition.version, definition.data)

    def _define(self, obj, record):
        try:
            definition = Definition(obj, self._reply)
        except pickle.PicklingError as error:
            where = "from" if self._reply else "to"
            raise pickle.PicklingError(f"cannot send {_label(obj)} {where} a worker: {error}") from error.__cause__
        kept = self._definitions
        with self._lock:
            old = kept.pop(record.token, None)
            kept[record.token] = definition
            self._size += len(definition.data) - (len(old.data) if old else 0)
            while len(kept) > 1 and (len(kept) > _KEPT or self._size > _KEPT_BYTES):
                self._size -= len(kept.pop(next(iter(kept))).data)
        return definition


class _References:
    """The reducer for what definitions hold: what goes by value is only referred to."""

    def reduce(self, obj):
        form = _form(obj)
        if form is NotImplemented:
            form = _part_form(obj)
        return (ref, (self.reach(obj),)) if form is _BY_VALUE else form

    def reach(self, obj):
        return register(obj).token


class Definition(_References):
    """All that makes an object elsewhere, as bytes, and what must be unchanged for them to be sent again."""

    def __init__(self, root, reply):
        self.version = new_id()
        self._root = root
        self._reply = reply
        # To look at again: (function, its code), (mapping, its length), (how to read a value, the value), (…, the digest of its pickle).
        self._codes = []
        self._sizes = []
        self._same = []
        self._equal = []
        # Only while writing. A place is (token of the container, slot, version).
        self._reached = {id(root)}
        self._todo = [root]
        self._placed = set()
        self._functions = []
        self._imports = set()
        self._shells = []
        self._links = []
        self._places = []
        self._values = []
        image = b""
        while self._todo:
            while self._todo:
                self._write(self._todo.pop())
            if self._values:
                image = transport.dumps(self._values, self)
        parts = self._functions, sorted(self._imports), self._shells, self._links, self._places, image
        self.data = marshal.dumps(parts)
        del self._reached, self._todo, self._placed, self._functions, self._imports, self._shells, self._links, self._places, self._values

    def is_fresh(self):
        """Whether nothing that the definition holds has changed since it was written."""
        for function, code in self._codes:
            if function.__code__ is not code:
                return False
        for mapping, size in self._sizes:
            if len(mapping) != size:
                return False
        for read, value in self._same:
            if read() is not value:
                return False
        return all(_pickle_of(read()) == digest for read, digest in self._equal)

    def reach(self, obj):
        """The token of an object that is referred to. It becomes part of the definition, unless the other side has it for sure."""
        record = register(obj)
        if id(obj) not in self._reached and not (self._reply and record.foreign):
            self._reached.add(id(obj))
            self._todo.append(obj)
        return record.token

    def _write(self, obj):
        record = register(obj)
        if _is_plain_function(obj):
            self._write_function(obj, record)
        else:
            self._write_shell(obj, record)
        for slot, value, read in shells.attributes(obj):
            self._put(record, slot, value, read, f"attribute {slot!r} of {_label(obj)}")
        mapping = getattr(obj, "__dict__", None)
        if mapping is not None:
            self._sizes.append((mapping, len(mapping)))
        if not self._reply and obj.__module__ is not None and shells.is_main(obj.__module__):
            self._put_own_name(obj)

    def _write_function(self, fn, record):
        code, cells, space = fn.__code__, fn.__closure__ or (), fn.__globals__
        home = _home(space)
        shared = share(record, cells if home else (*cells, space))
        tokens = [each.token for each in shared[: len(cells)]]
        doc = fn.__doc__ if isinstance(fn.__doc__, str) else None
        names = fn.__name__, fn.__qualname__, shells.main_name(fn.__module__), doc
        self._functions.append((record.token, code, *names, home or shared[-1].token, tokens))
        self._codes.append((fn, code))
        self._put_defaults(fn, record)
        for name, cell, holder in zip(code.co_freevars, cells, shared):
            self._put(holder, "", _contents(cell), functools.partial(_contents, cell), f"closure variable {name!r}", fn is self._root)
        if home is None:
            self._put_globals(fn, shared[-1])
        elif home == "__main__" and not self._reply:
            self._put_globals(fn, MAIN)

    def _write_shell(self, obj, record):
        before = len(self._todo)
        try:
            data = transport.dumps(shells.describe(obj), self)
        except _symplast.DeletedError:
            raise
        except Exception as error:
            if obj is self._root:
                raise pickle.PicklingError(str(error)) from error
            self._forget(before)
            data = transport.dumps((Unsendable, (f"{_label(obj)} could not be sent: {error}",)), self)
        # What the shell is made of must be made before it.
        needed = self._todo[before:]
        del self._todo[before:]
        for each in needed:
            if _is_plain_function(each):
                self._todo.append(each)
            else:
                self._write(each)
        self._shells.append((record.token, data))

    def _put_defaults(self, fn, record):
        names = fn.__code__.co_varnames[: fn.__code__.co_argcount]
        defaults, kwdefaults = fn.__defaults__, fn.__kwdefaults__
        if defaults is not None:
            defaults = tuple(map(functools.partial(self._default, fn), names[len(names) - len(defaults) :], defaults))
        if kwdefaults is not None:
            kwdefaults = {name: self._default(fn, name, value) for name, value in kwdefaults.items()}
        for slot, value in (("__defaults__", defaults), ("__kwdefaults__", kwdefaults)):
            self._same.append((functools.partial(getattr, fn, slot), getattr(fn, slot)))
            if value is not None or slot in record.sent:
                self._put(record, slot, value, None, slot)

    def _default(self, fn, name, value):
        if type(value) in _ATOMS:
            return value
        before = len(self._todo)
        try:
            transport.dumps(value, self)
        except _symplast.DeletedError:
            raise
        except Exception as error:
            if fn is self._root:
                raise pickle.PicklingError(f"default of parameter {name!r}: {error}") from error
            self._forget(before)
            return Unsendable(f"default of parameter {name!r} of {_label(fn)} could not be sent: {error}")
        return value

    def _put_globals(self, fn, holder):
        names, attributes = _names_in(fn.__code__)
        space = fn.__globals__
        for name in names:
            self._put_global(holder, space, name)
            if isinstance(space.get(name), types.ModuleType):
                self._imports |= _submodules(space[name].__name__, attributes)
        if space.get("__package__"):
            # For relative imports within functions.
            self._put_global(holder, space, "__package__")

    def _put_global(self, holder, space, name):
        value = space.get(name, _MISSING)
        read = functools.partial(space.get, name, _MISSING)
        if type(value) is _LAZY:
            self._same.append((read, value))
            value, read = _resolved(value), None
        self._put(holder, name, value, read, f"global {name!r}")

    def _put_own_name(self, obj):
        # So that what is found by its name in `__main__` here is found by it there.
        names = getattr(obj, "__qualname__", obj.__name__).split(".")
        space = MAIN()
        found = space.get(names[0])
        for name in names[1:]:
            found = getattr(found, name, None)
        if found is obj:
            self._put_global(MAIN, space, names[0])

    def _put(self, holder, slot, value, read, label, strict=False):
        if (holder, slot) in self._placed:
            return
        self._placed.add((holder, slot))
        if value is _MISSING:
            self._same.append((read, value))
            return
        before = len(self._todo)
        try:
            settled = _is_settled(value)
            data = transport.dumps(value, self)
        except _symplast.DeletedError:
            raise
        except Exception as error:
            self._forget(before)
            if strict:
                raise pickle.PicklingError(f"{label}: {error}") from error
            if read is not None:
                self._same.append((functools.partial(_is_still, _weak(value), read), True))
            if slot in shells.OPTIONAL:
                return
            settled = True
            data = transport.dumps(Unsendable(f"{label} could not be sent: {error}"), self)
        else:
            if read is not None:
                if settled or slot.startswith("__"):
                    self._same.append((read, value))
                else:
                    self._equal.append((read, _digest(data)))
        place = holder.token, slot, _version(holder, slot, _digest(data))
        if settled:
            self._links.append((*place, data))
        else:
            self._places.append(place)
            self._values.append(value)

    def _forget(self, before):
        # What only a value reached that could not be sent after all.
        self._reached.difference_update(map(id, self._todo[before:]))
        del self._todo[before:]


def _version(holder, slot, digest):
    sent = holder.sent.get(slot)
    if sent is None or sent[0] != digest:
        sent = holder.sent[slot] = digest, new_id()
    return sent[1]


def _digest(data):
    return data if len(data) <= 64 else hashlib.blake2b(data, digest_size=16).digest()


def _pickle_of(value):
    try:
        return _digest(transport.dumps(value, _References()))
    except Exception:
        return None


def _resolved(lazy):
    try:
        return lazy.resolve()
    except Exception:
        # Sent as it is, which fails and is reported where it is used.
        return lazy


def _contents(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


def _weak(value):
    # An executor among the globals must not be kept alive by its own definitions.
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _is_still(weak, read):
    return weak() is read()


def _is_plain_function(obj):
    return type(obj) is types.FunctionType and not shells.is_dispatcher(obj)


def _is_settled(value):
    """Whether the value stays the same for as long as it is the same object."""
    kind = type(value)
    if kind in _ATOMS or _symplast._persistent_id(value) is not None:
        return True
    if kind is tuple or kind is frozenset:
        return len(value) <= 64 and all(map(_is_settled, value))
    if kind is types.BuiltinFunctionType:
        return isinstance(value.__self__, (types.ModuleType, type))
    return isinstance(value, _SETTLED) or _form(value) is _BY_VALUE


_SETTLED = (types.FunctionType, type, types.ModuleType, property, classmethod, staticmethod)


def _label(obj):
    kind = "function" if isinstance(obj, types.FunctionType) else "class" if isinstance(obj, type) else type(obj).__name__
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None)
    return f"{kind} {name!r}" if name else kind


def _home(space):
    """The name of the module that has this dict; None if no module has it."""
    name = space.get("__name__")
    if not isinstance(name, str):
        return None
    if shells.is_main(name):
        return "__main__"
    module = sys.modules.get(name)
    return name if module is not None and module.__dict__ is space else None


def _submodules(package, attributes):
    """The loaded submodules that code with these attributes may refer to, as in `import xml.dom` and then `xml.dom.Node`."""
    prefix = package + "."
    return {name for name in tuple(sys.modules) if name.startswith(prefix) and attributes.issuperset(name[len(prefix) :].split("."))}


@functools.lru_cache(4096)
def _names_in(code):
    """The globals that code and the code in it read or set, and all names that occur in it."""
    globals_, attributes = set(), set(code.co_names)
    extended = 0
    for place in range(0, len(code.co_code), 2):
        operation, argument = code.co_code[place], code.co_code[place + 1] | extended
        extended = argument << 8 if operation == _EXTENDED else 0
        if operation in _OF_GLOBALS:
            globals_.add(code.co_names[argument >> 1 if operation == _LOAD_GLOBAL else argument])
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names, more = _names_in(constant)
            globals_.update(names)
            attributes |= more
    return tuple(sorted(globals_ - _OF_MODULES)), frozenset(attributes)


_EXTENDED = opcode.opmap["EXTENDED_ARG"]
_LOAD_GLOBAL = opcode.opmap["LOAD_GLOBAL"]
_OF_GLOBALS = {opcode.opmap[name] for name in ("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")}
_OF_MODULES = {"__builtins__", "__loader__", "__spec__"}


def _form(obj):
    """How an object goes: a reduce value, _BY_VALUE, or NotImplemented for as pickle has it."""
    form = _FORMS.get(type(obj))
    if form is not None:
        return form(obj)
    return _form_of_class(obj) if issubclass(type(obj), type) else NotImplemented


def _form_of_named(obj):
    module = obj.__module__
    if module is None or shells.is_main(module):
        return _BY_VALUE
    found = sys.modules.get(module)
    for name in getattr(obj, "__qualname__", obj.__name__).split("."):
        found = getattr(found, name, None)
    return NotImplemented if found is obj else _BY_VALUE


def _form_of_class(cls):
    if cls.__flags__ & _HEAP_AND_IMMUTABLE != _HEAP:
        # Made in C: pickle finds it by its name, or by the name that the types module has for it.
        if cls.__module__ == "builtins" and not hasattr(builtins, cls.__name__):
            for name in types.__all__:
                if getattr(types, name) is cls:
                    return getattr, (types, name)
        return NotImplemented
    return _form_of_named(cls)


_HEAP = 1 << 9
_HEAP_AND_IMMUTABLE = _HEAP | 1 << 8


def _form_of_sentinel(obj):
    # One that a definition holds is recognised where it arrives; others have no meaning there.
    return NotImplemented if known(obj) is None else _BY_VALUE


def _form_of_module(module):
    name = module.__name__
    return (importlib.import_module, (name,)) if sys.modules.get(name) is module else NotImplemented


def _part_form(obj):
    """How further things go that occur in classes and among globals."""
    kind = type(obj)
    if kind is object:
        return _BY_VALUE
    if isinstance(obj, property):
        return kind, (obj.fget, obj.fset, obj.fdel, obj.__doc__)
    if isinstance(obj, (classmethod, staticmethod)):
        return kind, (obj.__func__,)
    if kind is types.MappingProxyType:
        return kind, (dict(obj),)
    if kind is types.CodeType:
        return marshal.loads, (marshal.dumps(obj),)
    if isinstance(obj, types.ModuleType):
        return _form_of_module(obj)
    if kind.__module__ == "typing" and kind.__name__ == "NewType":
        return _form_of_named(obj)
    if kind.__module__ in ("dataclasses", "_io"):
        # Things that are compared by identity, standard streams.
        for module in (sys.modules["sys"], sys.modules.get("dataclasses")):
            for name, value in tuple(vars(module).items()) if module else ():
                if value is obj:
                    return getattr, (module, name)
    return NotImplemented


_FORMS = {
    types.FunctionType: _form_of_named,
    type: _form_of_class,
    functools._lru_cache_wrapper: _form_of_named,
    types.ModuleType: _form_of_module,
    object: _form_of_sentinel,
    **dict.fromkeys((TypeVar, ParamSpec, TypeVarTuple, TypeAliasType), _form_of_named),
}
if sys.version_info >= (3, 15):
    _FORMS[builtins.sentinel] = _form_of_named
_LAZY = getattr(types, "LazyImportType", None)
