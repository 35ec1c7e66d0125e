using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary><c>symplast.add</c> and <c>symplast.compare_exchange</c>: atomic changes of one attribute.</summary>
internal static unsafe class ObjectUpdates
{
    /// <summary><c>symplast.add(obj, name, n)</c>: returns a new reference to the sum; null with an exception set.</summary>
    internal static PyObject* Add(PyObject** arguments, nint count)
    {
        if (!TryTarget("add", arguments, count, 3, out Handle* handle)) return null;
        PyObject* name = arguments[1];
        PyObject* n = arguments[2];
        // The fast path takes only exact ints and floats, so that the type of the sum is certain.
        Value word = n->Type == Api.Table.PyLong_Type || n->Type == Api.Table.PyFloat_Type ? Words.Of(n) : default;
        if (word.IsEmpty) return AddSlowly(handle, name, n);
        LiveState* state = handle->State;
        Status status = Status.Missing;
        PyObject* result = null;
        Section section = Section.Enter(state->Me);
        ulong shapeId = RecordView.Of(ObjectType.RecordOf(handle)).ShapeId;
        int slot = SlotFor(handle, name, n, shapeId);
        if (slot >= 0
            && CachedSlots.TryAdd(state->Me, ObjectType.RecordOf(handle), shapeId, slot, word, out Value sum, out status)
            && status == Status.Done)
            result = Outgoing.Object(state, sum);
        section.Exit(state->Me);
        // An attempt that failed has changed nothing.
        return status == Status.Done ? result : AddSlowly(handle, name, n);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* AddSlowly(Handle* handle, PyObject* name, PyObject* n)
    {
        LiveState* state = handle->State;
        if (!Incoming.TryNumber(state, "add", n, out Incoming number)) return null;
        number.Dispose(state);
        PoolHeap* heap = Heap.Of(handle->Shared);
        // The summand decides the sum's type: the sum of ints is an int only if an int is added.
        if (!TryName(handle, name, n, out Attribute attribute)) return null;
        if (Incoming.Key(state, heap, name, out Incoming key) != KeyState.Ready) return null;
        PyObject* result = null;
        Status status = Status.NoMemory;
        if (Incoming.Item(state, heap, n, Place.Attribute((PyObject*)handle, name), out Incoming delta))
        {
            Section section = Section.Enter(state->Me);
            status = NamedAttributes.Add(state->Me, ObjectType.RecordOf(handle), key.Probe, delta.Probe.AsValue, out Value sum);
            result = status == Status.Done ? Outgoing.Object(state, sum) : null;
            section.Exit(state->Me);
            if (status == Status.Done) Remember(handle, name, attribute, key.Probe);
        }
        delta.Dispose(state);
        key.Dispose(state);
        if (Api.Table.PyErr_Occurred() != null) return null;
        if (status == Status.Missing) ObjectType.RaiseNoAttribute((PyObject*)handle, name);
        else if (status == Status.WrongKind)
            Errors.Type($"{Place.Attribute((PyObject*)handle, name).Describe()} is not a number");
        else if (status != Status.Done) LiveErrors.Raise(handle, status);
        return result;
    }

    /// <summary>
    /// <c>symplast.compare_exchange(obj, name, expected, new)</c>: returns whether the value was exchanged; null with an
    /// exception set.
    /// </summary>
    internal static PyObject* CompareExchange(PyObject** arguments, nint count)
    {
        if (!TryTarget("compare_exchange", arguments, count, 4, out Handle* handle)) return null;
        PyObject* name = arguments[1];
        Value expected = Words.Of(arguments[2]);
        Value desired = Words.Of(arguments[3]);
        if (expected.IsEmpty || desired.IsEmpty) return CompareExchangeSlowly(handle, name, arguments[2], arguments[3]);
        LiveState* state = handle->State;
        Section section = Section.Enter(state->Me);
        ulong shapeId = RecordView.Of(ObjectType.RecordOf(handle)).ShapeId;
        int slot = SlotFor(handle, name, arguments[3], shapeId);
        Status status = Status.Deleted;
        bool isKnown = slot >= 0
            && CachedSlots.TryCompareExchange(
            state->Me, ObjectType.RecordOf(handle), shapeId, slot, Probe.Of(expected), desired, out status);
        section.Exit(state->Me);
        if (isKnown && status is Status.Done or Status.Missing)
            return status == Status.Done ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
        return CompareExchangeSlowly(handle, name, arguments[2], arguments[3]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* CompareExchangeSlowly(Handle* handle, PyObject* name, PyObject* oldItem, PyObject* newItem)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!TryName(handle, name, newItem, out Attribute attribute)) return null;
        if (Incoming.Key(state, heap, name, out Incoming key) != KeyState.Ready) return null;
        Place place = Place.Attribute((PyObject*)handle, name);
        Status status = Status.Done;
        bool made = Incoming.Item(state, heap, oldItem, place, out Incoming expected);
        Incoming desired = default;
        if (made && (made = Incoming.Item(state, heap, newItem, place, out desired)))
        {
            Section section = Section.Enter(state->Me);
            status = desired.ToValue(state, heap, out Value value);
            if (status == Status.Done)
            {
                status = NamedAttributes.CompareExchange(
                    state->Me, ObjectType.RecordOf(handle), key.Probe, expected.Probe, value, out _);
                Reference.Drop(state->Me, value);
            }
            section.Exit(state->Me);
            if (status == Status.Done) Remember(handle, name, attribute, key.Probe);
        }
        desired.Dispose(state);
        expected.Dispose(state);
        key.Dispose(state);
        if (!made) return null;
        if (status is Status.Done or Status.Missing)
            return status == Status.Done ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
        return LiveErrors.Raise(handle, status);
    }

    // The object to change. Returns false with an exception set if it is not a live object or not usable.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryTarget(string function, PyObject** arguments, nint count, int expected, out Handle* handle)
    {
        handle = count > 0 ? (Handle*)*arguments : null;
        if (count != expected) return LiveMethods.CheckCount(function, count, expected, expected);
        if (ObjectType.IsInstance(*arguments)) return LiveMethods.IsUsable(handle);
        return Errors.Type(
            $"{function}() takes an instance of a class derived from symplast.Object, not {Text.TypeName(*arguments)}") != null;
    }

    // The slot of an attribute that accepts a value without further checks, if it is cached for the shape; else -1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int SlotFor(Handle* handle, PyObject* name, PyObject* value, ulong shapeId)
    {
        LiveState* state = handle->State;
        uint version = Layout.TypeVersion(handle->Head.Type);
        Field* field = ClassCaches.Of(state)->Fields.Find(version, name);
        if (field != null) return Field.SlotFor(field, value, shapeId);
        AttributeCache.Entry* entry = ClassCaches.Of(state)->Attributes.Find(version, name, shapeId);
        return AttributeCache.Knows(entry, version, name, shapeId) ? entry->Slot : -1;
    }

    // The attribute of a class with a name.
    ref struct Attribute
    {
        internal uint TypeVersion;      // of the class when it was looked up
        internal bool IsCacheable;
    }

    // Checks whether an attribute accepts a value. Returns false with an exception set. May run Python code.
    static bool TryName(Handle* handle, PyObject* name, PyObject* value, out Attribute attribute)
    {
        attribute = default;
        if (name->Type != Api.Table.PyUnicode_Type)
            return Errors.Type($"attribute name must be string, not '{Text.TypeName(name)}'") != null;
        attribute.TypeVersion = Layout.TypeVersion(handle->Head.Type);
        PyObject* found = Api.Table._PyType_Lookup(handle->Head.Type, name);
        bool isField = Field.TryRequired(handle->State, found, out PyObject* required);
        attribute.IsCacheable = isField || found == null
            || !ObjectType.IsDataDescriptor(found) && !ObjectType.IsAlwaysAllowed(name);
        return !isField || required == null || Field.Check(required, name, value);
    }

    // Caches the attribute's place, unless Python code has changed the class meanwhile.
    static void Remember(Handle* handle, PyObject* name, in Attribute attribute, in Probe key)
    {
        LiveState* state = handle->State;
        uint version = Layout.TypeVersion(handle->Head.Type);
        if (!attribute.IsCacheable || version != attribute.TypeVersion) return;
        Status status = NamedAttributes.Get(state->Me, ObjectType.RecordOf(handle), key, out _, out ulong shapeId, out int slot);
        if (status != Status.Done) return;
        PyObject* found = Api.Table._PyType_Lookup(handle->Head.Type, name);
        if (found == null || found->Type != state->FieldType)
        {
            AttributeCache.Remember(ClassCaches.Of(state)->Attributes.Find(version, name, shapeId), version, name, shapeId, slot);
            return;
        }
        ClassCaches.Of(state)->Fields.Remember(version, name, (Field*)found);
        Field.NoteSlot((Field*)found, shapeId, slot);
    }
}
