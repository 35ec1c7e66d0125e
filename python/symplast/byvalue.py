"""What goes by value: functions and classes that another interpreter cannot import, those of `__main__` first of all.

A Sender tells the pickler of an executor for each object how it goes. A function, class … that goes by value is replaced by its definition
(mainmodule.py says what that consists of and how it arrives), which includes everything by value that it reaches: the functions it calls,
the classes they use, the globals of `__main__` that they name, the contents of cells. A definition is kept, and sent again for as long as
nothing in it has changed: values that cannot change are compared by identity, the pickles of others are compared.

Objects that two globals share are shared where they arrive if they were first sent, or changed, in one definition.
"""

import functools
import hashlib
import marshal
import pickle
import types
import weakref

from symplast import _symplast, shells, transport
from symplast.forms import ATOMS, BY_VALUE, form, home, is_function, is_settled, label, names_in, part_form, submodules
from symplast.mainmodule import MAIN, Recent, Unsendable, known, new_id, original, rebuild, ref, register, share

_MISSING = object()
_LAZY = getattr(types, "LazyImportType", None)


class Sender:
    """Says how objects go from this interpreter to the workers of an executor or, as a *reply*, from a worker to its owner. Thread-safe."""

    def __init__(self, reply=False):
        self._reply = reply
        self._definitions = Recent()

    def __reduce__(self):
        raise TypeError("a Sender belongs to one interpreter")

    def reduce(self, obj):
        """For Pickler.reducer_override: how obj goes, NotImplemented if as pickle has it."""
        found = form(obj)
        if found is not BY_VALUE:
            return found
        record = known(obj) or register(obj)
        if self._reply and record.foreign:
            return original, (record.token, label(obj))
        definition = self._definitions.get(record.token)
        if definition is None or not definition.is_fresh():
            definition = self._define(obj, record)
        return rebuild, (record.token, definition.version, definition.data)

    def _define(self, obj, record):
        try:
            definition = Definition(obj, self._reply)
        except pickle.PicklingError as error:
            where = "from" if self._reply else "to"
            raise pickle.PicklingError(f"cannot send {label(obj)} {where} a worker: {error}") from error.__cause__
        self._definitions.keep(record.token, definition, len(definition.data))
        return definition


class _References:
    """The reducer for what definitions hold: what goes by value is only referred to."""

    def reduce(self, obj):
        found = part_form(obj)
        return (ref, (self.reach(obj),)) if found is BY_VALUE else found

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
        self._shared = []
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
        self._image = b""
        while self._todo:
            while self._todo:
                self._write(self._todo.pop())
            if len(self._values) > 1:
                self._image = transport.dumps(self._values, self)
        self.data = marshal.dumps((self._functions, sorted(self._imports), self._shells, self._links, self._places, self._image))
        for name in ("reached", "todo", "placed", "functions", "imports", "shells", "links", "places", "values", "image"):
            delattr(self, "_" + name)

    def is_fresh(self):
        """Whether nothing that the definition holds has changed since it was written. DeletedError if an object's pool was deleted."""
        for obj in self._shared:
            _symplast._persistent_id(obj)
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
        if is_function(obj):
            self._write_function(obj, record)
        else:
            self._write_shell(obj, record)
        for slot, value, read in shells.attributes(obj):
            self._put(record, slot, value, read, f"attribute {slot!r} of {label(obj)}")
        mapping = getattr(obj, "__dict__", None)
        if mapping is not None:
            self._sizes.append((mapping, len(mapping)))
        if not self._reply and shells.is_main(getattr(obj, "__module__", None)):
            self._put_own_name(obj)

    def _write_function(self, fn, record):
        code, cells, space = fn.__code__, fn.__closure__ or (), fn.__globals__
        module = home(space)
        shared = share(record, cells if module else (*cells, space))
        tokens = [each.token for each in shared[: len(cells)]]
        doc = fn.__doc__ if isinstance(fn.__doc__, str) else None
        names = fn.__name__, fn.__qualname__, shells.main_name(fn.__module__), doc
        self._functions.append((record.token, code, *names, module or shared[-1].token, tokens))
        self._codes.append((fn, code))
        self._put_defaults(fn, record)
        for name, cell, holder in zip(code.co_freevars, cells, shared):
            self._put_cell(fn, name, cell, holder)
        if module is None:
            self._put_globals(fn, shared[-1])
        elif module == "__main__" and not self._reply:
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
            self._unreach(before)
            data = transport.dumps((Unsendable, (f"{label(obj)} could not be sent: {error}",)), self)
        # What the shell is made of must be made before it.
        needed = self._todo[before:]
        del self._todo[before:]
        for each in needed:
            if is_function(each):
                self._todo.append(each)
            else:
                self._write(each)
        self._shells.append((record.token, label(obj), data))

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
        if type(value) in ATOMS:
            return value
        before = len(self._todo)
        try:
            transport.dumps(value, self)
        except _symplast.DeletedError:
            raise
        except Exception as error:
            if fn is self._root:
                raise pickle.PicklingError(f"default of parameter {name!r}: {error}") from error
            self._unreach(before)
            return Unsendable(f"default of parameter {name!r} of {label(fn)} could not be sent: {error}")
        return value

    def _put_cell(self, fn, name, cell, holder):
        read = functools.partial(_contents, cell)
        value = read()
        if name == "__classdict__" and isinstance(value, dict):
            # The dict of a class, for its annotations: these name the classes in it, if anything.
            value = {key: each for key, each in value.items() if isinstance(each, type)}
            read = None
        self._put(holder, "", value, read, f"closure variable {name!r}", strict=fn is self._root)

    def _put_globals(self, fn, holder):
        names, attributes = names_in(fn.__code__)
        space = fn.__globals__
        for name in names:
            value = self._put_global(holder, space, name)
            if isinstance(value, types.ModuleType):
                self._imports |= submodules(value.__name__, attributes)
        if space.get("__package__"):
            # For relative imports within functions.
            self._put_global(holder, space, "__package__")

    def _put_global(self, holder, space, name):
        read = functools.partial(space.get, name, _MISSING)
        value = read()
        if type(value) is _LAZY:
            self._same.append((read, value))
            value, read = _resolved(value), None
        self._put(holder, name, value, read, f"global {name!r}")
        return value

    def _put_own_name(self, obj):
        # What is found by its name in `__main__` here is found by it there, too.
        names = getattr(obj, "__qualname__", obj.__name__).split(".")
        space = MAIN()
        found = space.get(names[0])
        for name in names[1:]:
            found = getattr(found, name, None)
        if found is obj:
            self._put_global(MAIN, space, names[0])

    def _put(self, holder, slot, value, read, where, strict=False):
        """Send a value for a slot of a holder. read() tells later whether it is still the same; None if that does not matter."""
        if (holder, slot) in self._placed:
            return
        self._placed.add((holder, slot))
        if value is _MISSING:
            self._same.append((read, value))
            return
        before = len(self._todo)
        try:
            settled = is_settled(value, self._shared)
            data = transport.dumps(value, self)
        except _symplast.DeletedError:
            raise
        except Exception as error:
            if strict:
                raise pickle.PicklingError(f"{where}: {error}") from error
            self._unreach(before)
            if read is not None:
                self._same.append((functools.partial(_is_still, _weak(value), read), True))
            if slot in shells.OPTIONAL:
                return
            settled = True
            data = transport.dumps(Unsendable(f"{where} could not be sent: {error}"), self)
        else:
            if read is not None:
                self._watch(slot, value, read, settled, data)
        place = holder.token, slot, _version(holder, slot, data)
        if settled:
            self._links.append((*place, data))
        else:
            self._places.append(place)
            self._values.append(value)
            self._image = data

    def _watch(self, slot, value, read, settled, data):
        # The attributes that Python itself gives to functions and classes are not changed but replaced.
        if settled or slot.startswith("__"):
            self._same.append((read, value))
        else:
            self._equal.append((read, _digest(data)))

    def _unreach(self, before):
        # What only a value reached that could not be sent after all.
        self._reached.difference_update(map(id, self._todo[before:]))
        del self._todo[before:]


def _version(holder, slot, data):
    digest = _digest(data)
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
