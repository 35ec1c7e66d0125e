"""Writes definitions. A definition describes an object and all by-value objects that the object reaches.

A function reaches the functions that it calls, the classes that they use, the globals of `__main__` that they name, and the
contents of their cells. Two globals that share an object share it in the receiver as well, if one definition was the first to
send both values, or their last changes.
"""

import functools
import io
import marshal
import operator
import pickle
import types

from symplast import _symplast, signals, transport
from symplast.byvalue import crossings, shells
from symplast.byvalue.arrival import Unsendable, ref
from symplast.byvalue.apart import Apart, Value, split
from symplast.byvalue.definition import Definition, References, Watched, check_shared, digest_of
from symplast.byvalue.forms import ATOMS, is_by_value, is_function, is_settled, label, name_of
from symplast.byvalue.identity import MAIN, Shared, is_main, main_name, register, share
from symplast.byvalue.names import home, names_in, submodules
from symplast.byvalue.parts import contents_of

_MISSING = object()
_DEFAULTS = ("__defaults__", "__kwdefaults__")
_LAZY = getattr(types, "LazyImportType", None)


def define(obj, reply, public=False):
    """Return the definition of an object. PicklingError names what cannot be sent.

    *reply*: the receiver is the owner, so what has come from the owner is left out.

    *public*: the definition is for any interpreter, also for one from which some of its parts came. Such parts keep their
    versions, so they do not replace later values there. The object, a class, is sent by value even if it can be imported, because
    its name may mean another class elsewhere; by-value objects of its module are then sent by value as well.
    """
    writer = _Writer(obj, reply, public)
    writer.definition.data = writer.write()
    return writer.definition


def define_parcelled(obj, reply, public=False):
    """Return define(), with a parcel that keeps the live objects of the definition alive as long as the definition lives."""
    definition, parcel = _symplast._pack(functools.partial(_define_for_parcel, public), obj, reply)
    definition.parcel = parcel
    for holder, slot, apart in definition.apart:
        apart.parcel = parcel
        holder.apart[slot] = apart
    definition.apart.clear()
    return definition


def _define_for_parcel(public, obj, reply):
    definition = define(obj, reply, public)
    if not public and len(definition.data) > _MOST_IN_A_MESSAGE:
        definition.ticket = _symplast._deposit_data(definition.data)
    return definition


# A larger definition is stored once, in its parcel, and messages only name it: many messages may be queued.
_MOST_IN_A_MESSAGE = 1 << 14


class _Writer(References):
    def __init__(self, root, reply, public):
        self.definition = Definition()
        self._public = public
        self._detached = root.__module__ if public and not is_by_value(root) else None
        self._root = root
        self._reply = reply
        # A reply is read once; a public definition outlives its parcel.
        self._keeps_apart = not (public or reply)
        self._reached = {id(root)}
        self._todo = [root]
        self._needed = []
        self._written = set()
        self._placed = set()
        # The parts of the definition, which arrival.py reads. A place is (token of the holder, slot, version).
        self._functions = []
        self._imports = set()
        self._shells = []
        self._links = []
        # (place, ticket, rank) of the values that are sent apart.
        self._apart = []
        self._values = []
        self._image = b""
        self._offsets = []

    def write(self):
        """Return the definition as bytes."""
        while self._todo:
            while self._todo:
                self._write(self._todo.pop())
            self._dump_values()
        places = [each.place for each in self._values]
        image = self._offsets, self._image
        return marshal.dumps((self._functions, sorted(self._imports), self._shells, self._links, self._apart, places, *image))

    def _dump_values(self):
        # One pickler with one memo writes all values, so objects that they share stay shared. Protocol 3 has no frames and writes
        # explicit memo indices, so a reader can skip a value that does not load, or read it again. Pickling may reach more
        # by-value objects than pickling the values one by one did.
        if self._keeps_apart:
            self._send_apart()
        if len(self._values) <= 1:
            self._offsets = [0] * len(self._values)
            self._image = self._values[0].data if self._values else b""
            return
        file = io.BytesIO()
        pickler = transport.Pickler(file, self, 3)
        self._offsets = []
        self._values.sort(key=operator.attrgetter("rank"))
        for each in self._values:
            self._offsets.append(file.tell())
            pickler.dump(each.value)
        self._image = file.getvalue()

    def _send_apart(self):
        apart, self._values = split(self._values, self)
        for each in apart:
            sent = Apart(each)
            token, slot, _ = each.place
            self._apart.append((each.place, sent.ticket, each.rank))
            self.definition.apart.append((each.holder, slot, sent))

    def reduce(self, obj):
        """Return the reduce value of an object, or NotImplemented for pickle's own.

        Functions and classes of the module that a public definition detaches are referred to by token.
        """
        if self._detached is not None and isinstance(obj, (types.FunctionType, type)) and obj.__module__ == self._detached:
            return ref, (self.reach(obj),)
        return super().reduce(obj)

    def reach(self, obj):
        """Return the token of an object. The object will be written as well, unless the receiver is sure to have it."""
        record = register(obj)
        if not (self._reply and record.foreign):
            self._needed.append(obj)
            if id(obj) not in self._reached:
                self._reached.add(id(obj))
                self._todo.append(obj)
        return record.token

    def _write(self, obj):
        if id(obj) in self._written:
            return
        self._written.add(id(obj))
        record = register(obj)
        if is_function(obj):
            self._write_function(obj, record)
        elif not self._write_shell(obj, record):
            return
        for slot, value, read in shells.attributes(obj):
            self._put(record, slot, value, read, f"attribute {slot!r} of {label(obj)}")
        if hasattr(obj, "__dict__"):
            self.definition.watch_size(obj.__dict__)
        if not self._reply and is_main(getattr(obj, "__module__", None)):
            self._put_own_name(obj)

    def _write_function(self, fn, record):
        code, cells, space = fn.__code__, fn.__closure__ or (), fn.__globals__
        module = home(space)
        if module is not None and module == self._detached:
            module = None
        shared = share(record, cells if module else (*cells, space))
        tokens = [each.token for each in shared[: len(cells)]]
        doc = fn.__doc__ if isinstance(fn.__doc__, str) else None
        names = fn.__name__, fn.__qualname__, main_name(fn.__module__), doc
        self._functions.append((record.token, code, *names, module or shared[-1].token, tokens))
        self.definition.watch_function(fn)
        self._put_defaults(fn, record)
        for name, cell, holder in zip(code.co_freevars, cells, shared):
            self._put_cell(fn, name, cell, holder)
        if module is None:
            self._put_globals(fn, shared[-1])
        elif module == "__main__" and not self._reply:
            self._put_globals(fn, MAIN)

    def _write_shell(self, obj, record):
        before, self._needed = len(self._todo), []
        try:
            data = transport.dumps(shells.describe(obj), self)
        except (_symplast.DeletedError, MemoryError):
            raise
        except Exception as error:
            signals.let_through(error)
            if obj is self._root:
                raise pickle.PicklingError(str(error)) from error
            self._unreach(before)
            data = transport.dumps((Unsendable, (f"{label(obj)} could not be sent: {error}",)), self)
            self._shells.append((record.token, label(obj), data))
            return False
        # Shells that this shell needs are written before it. The receiver makes all functions before any shell.
        needed, self._needed = self._needed, []
        for each in needed:
            if not is_function(each):
                self._write(each)
        self._shells.append((record.token, label(obj), data))
        return True

    def _put_defaults(self, fn, record):
        names = fn.__code__.co_varnames[: fn.__code__.co_argcount]
        defaults, kwdefaults = fn.__defaults__, fn.__kwdefaults__
        if defaults is not None:
            sent = tuple(map(functools.partial(self._default, fn), names[len(names) - len(defaults) :], defaults))
            defaults = defaults if all(map(operator.is_, defaults, sent)) else sent
        if kwdefaults is not None:
            sent = {name: self._default(fn, name, value) for name, value in kwdefaults.items()}
            kwdefaults = kwdefaults if all(map(operator.is_, kwdefaults.values(), sent.values())) else sent
        for slot, value in zip(_DEFAULTS, (defaults, kwdefaults)):
            if value is not None or slot in record.sent:
                # A default that could not be sent is replaced; what is read then differs from what is sent.
                read = functools.partial(getattr, fn, slot)
                self._put(record, slot, value, read if read() is value else None, slot)

    def _default(self, fn, name, value):
        if type(value) in ATOMS:
            return value
        before = len(self._todo)
        try:
            transport.dumps(value, self)
        except (_symplast.DeletedError, MemoryError):
            raise
        except Exception as error:
            signals.let_through(error)
            if fn is self._root:
                raise pickle.PicklingError(f"default of parameter {name!r}: {error}{_advice(value)}") from error
            self._unreach(before)
            return Unsendable(f"default of parameter {name!r} of {label(fn)} could not be sent: {error}{_advice(value)}")
        return value

    def _put_cell(self, fn, name, cell, holder):
        read = functools.partial(_contents, cell)
        value = read()
        if name == "__classdict__" and isinstance(value, dict):
            # The namespace of a class, which its lazy annotations use. Only the classes in it are sent, as annotations name
            # little else.
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
            # Relative imports within functions need __package__.
            self._put_global(holder, space, "__package__")

    def _put_global(self, holder, space, name):
        read = functools.partial(space.get, name, _MISSING)
        value = read()
        if type(value) is _LAZY:
            self.definition.watch_identity(read, value)
            value, read = _resolved(value), None
        self._put(holder, name, value, read, f"global {name!r}")
        return value

    def _put_own_name(self, obj):
        # An object that `__main__` has under the object's own name is sent as that global, too.
        names = name_of(obj).split(".")
        space = MAIN()
        found = space.get(names[0])
        for name in names[1:]:
            found = getattr(found, name, None)
        if found is obj:
            self._put_global(MAIN, space, names[0])

    def _put(self, holder, slot, value, read, where, strict=False):
        """Write a value for a slot of a holder.

        read()  reads the value again, to check later whether it has changed; None if it is not checked
        strict  whether a value that cannot be sent raises PicklingError; otherwise an Unsendable takes its place
        """
        if (holder, slot) in self._placed:
            return
        self._placed.add((holder, slot))
        if value is _MISSING:
            self.definition.watch_identity(read, value)
            return
        apart = holder.apart.get(slot) if self._keeps_apart and read is not None else None
        if apart is not None:
            if apart.is_of(value):
                self._put_apart(holder, slot, apart, where)
                return
            holder.apart.pop(slot, None)
        before, needed, shared = len(self._todo), len(self._needed), []
        try:
            settled = is_settled(value, shared)
            contents = None if settled or read is None else contents_of(value, shared)
            data = transport.dumps(value, self)
        except (_symplast.DeletedError, MemoryError):
            raise
        except Exception as error:
            signals.let_through(error)
            if strict:
                raise pickle.PicklingError(f"{where}: {error}{_advice(value)}") from error
            self._unreach(before)
            if read is not None:
                self.definition.watch_unsendable(read, value)
            if slot in shells.OPTIONAL:
                return
            settled = True
            data = transport.dumps(Unsendable(f"{where} could not be sent: {error}{_advice(value)}"), self)
            digest, watched = digest_of(data), None
        else:
            digest = digest_of(data)
            watched = self._watch(holder, slot, value, read, settled, data, digest, contents, where)
            self.definition.watch_shared(shared)
        version = holder.received.get(slot) if self._public and holder.foreign else None
        place = holder.token, slot, version or self.definition.version_of(holder, slot, digest)
        if settled:
            self._links.append((*place, data))
        else:
            sent = Value(value, data, digest, watched)
            sent.holder, sent.place, sent.needed, sent.shared = holder, place, self._needed[needed:], shared
            sent.rank = _rank(holder, sent.needed)
            self._values.append(sent)

    def _put_apart(self, holder, slot, apart, where):
        check_shared(apart.shared)
        for obj in apart.needed:
            self.reach(obj)
        _symplast._attach_parcel(apart.parcel)
        self.definition.watch_shared(apart.shared)
        self.definition.watch(apart.watched, apart.size, *self._key_and_name(holder, slot, where))
        version = self.definition.version_of(holder, slot, apart.digest)
        self._apart.append(((holder.token, slot, version), apart.ticket, _rank(holder, apart.needed)))

    def _watch(self, holder, slot, value, read, settled, data, digest, contents, where):
        # Returns what watches the value, unless its identity is enough.
        if read is None:
            return None
        # Attributes that Python defines for functions and classes are replaced, not changed in place. The defaults of a function
        # may hold objects that change; whether they are replaced is watched with the function.
        if settled and slot in _DEFAULTS:
            return None
        if settled or slot.startswith("__") and slot not in _DEFAULTS:
            self.definition.watch_identity(read, value)
            return None
        key, name = self._key_and_name(holder, slot, where)
        if len(data) >= crossings.LARGE:
            crossings.note_value(key, value, name, len(data))
        watched = Watched(read, digest, contents)
        self.definition.watch(watched, len(data), key, name)
        return watched

    def _key_and_name(self, holder, slot, where):
        # For crossings.note_value(). A cell may be a new one for each task.
        return None if isinstance(holder, Shared) else (holder.token, slot), f"{where} of {name_of(self._root)}"

    def _unreach(self, before):
        # Forgets the objects that were reached only by a value that could not be sent.
        self._reached.difference_update(map(id, self._todo[before:]))
        del self._todo[before:]


def _rank(holder, needed):
    # Plain data come first, because making other values may need them; then attributes of classes, which instances may need.
    return 0 if not needed else 1 if isinstance(holder(), type) else 2


def _advice(value):
    # Imported late, because it is needed for messages alone.
    from symplast import alternatives

    return alternatives.of_part(value)


def _resolved(lazy):
    try:
        return lazy.resolve()
    except Exception as error:
        signals.let_through(error)
        # The lazy import itself cannot be sent, so the code that uses it will raise.
        return lazy


def _contents(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING
