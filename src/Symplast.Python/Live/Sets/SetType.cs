using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Sets = Symplast.Objects.OrderedSet;

namespace Symplast.Python.Live;

/// <summary>
/// The Python type <c>symplast.Set</c>: an insertion-ordered set that all interpreters share. This file has creation, members,
/// and the slots.
/// </summary>
internal static unsafe partial class SetType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind()
    {
        return new Kind
        {
            Number = LiveKind.Set,
            Name = Text.Utf8("Set"u8),
            Header = HeaderKind.Set,
            Type = Specification(),
            ToPlain = &ToPlain,
        };
    }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Set"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Set(iterable=(), /)
                --

                A set that all interpreters share: each operation on one member is atomic, no lock in sight.

                Created in the current pool. Members are str, bytes, int, float, bool, None, complex, tuples of these, frozen
                objects, and live ones that are hashable; anything else raises NotShareableError. Iterating gives the members of
                one moment, in the order in which they were added. The operators | & - ^ give plain sets; |= &= -= ^= change the
                Set, member by member.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Init, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Init),
            Slot(PyTypeSlot.Hash, Api.Table.PyObject_HashNotImplemented),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.RichCompare, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)&Compare),
            Slot(PyTypeSlot.Iter, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Iterate),
            Slot(PyTypeSlot.SequenceLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Length),
            Slot(PyTypeSlot.SequenceContains, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&Contains),
            Slot(PyTypeSlot.Or, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Or),
            Slot(PyTypeSlot.And, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&And),
            Slot(PyTypeSlot.Subtract, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Subtract),
            Slot(PyTypeSlot.Xor, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Xor),
            Slot(PyTypeSlot.InPlaceOr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&InPlaceOr),
            Slot(PyTypeSlot.InPlaceAnd, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&InPlaceAnd),
            Slot(PyTypeSlot.InPlaceSubtract, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&InPlaceSubtract),
            Slot(PyTypeSlot.InPlaceXor, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&InPlaceXor),
            Slot(PyTypeSlot.Methods, Methods())),
    });

    static OrderedMap* SetOf(Handle* handle) => (OrderedMap*)handle->Shared;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* New(PyObject* type, PyObject* positional, PyObject* named) => Creation.New(type, &Sets.Create);

    // As in set, initialization replaces the present contents.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Init(PyObject* self, PyObject* positional, PyObject* named)
    {
        try
        {
            Handle* handle = (Handle*)self;
            if (named != null && ((PyDictObject*)named)->Used != 0)
            {
                Errors.Type("Set() takes no keyword arguments");
                return -1;
            }
            nint count = ((PyVarObject*)positional)->Size;
            if (!LiveMethods.CheckCount("Set", count, 0, 1) || !LiveMethods.IsUsable(handle)) return -1;
            Status status = Sets.Count(handle->State->Me, SetOf(handle), out ulong members);
            if (status == Status.Done && members != 0) status = Sets.Clear(handle->State->Me, SetOf(handle));
            if (status != Status.Done) LiveErrors.Raise(handle, status);
            return status == Status.Done
                && (count == 0 || AddAll(handle, Tuples.Items(positional)[0])) ? 0 : -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    /// <summary>Adds a member. Returns Done, or Exists if it was a member; any other status with an exception set.</summary>
    static Status AddOne(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return Status.Deleted;
        LiveState* state = handle->State;
        if (!TryKey(handle, o, out Incoming key)) return Status.WrongKind;
        Status status = Sets.Add(state->Me, SetOf(handle), key.Probe);
        key.Dispose(state);
        if (status is not (Status.Done or Status.Exists)) LiveErrors.Raise(handle, status);
        return status;
    }

    /// <summary>Removes a member. Returns Done, or Missing if it was none; any other status with an exception set.</summary>
    static Status RemoveOne(Handle* handle, PyObject* o, bool setsAreFrozen)
    {
        if (!LiveMethods.IsUsable(handle)) return Status.Deleted;
        LiveState* state = handle->State;
        KeyState known = Lookup(handle, o, setsAreFrozen, out Incoming key);
        if (known != KeyState.Ready) return IsAbsent(handle, o, known) ? Status.Missing : Status.WrongKind;
        Status status = Sets.Remove(state->Me, SetOf(handle), key.Probe);
        key.Dispose(state);
        if (status is not (Status.Done or Status.Missing)) LiveErrors.Raise(handle, status);
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Contains(PyObject* self, PyObject* o)
    {
        try
        {
            Handle* handle = (Handle*)self;
            if (!LiveMethods.IsUsable(handle)) return -1;
            LiveState* state = handle->State;
            Status status;
            if (Incoming.TryText(o, out TextKey text)) status = Sets.Contains(state->Me, SetOf(handle), text);
            else if (Incoming.TryInt(o, out IntKey number)) status = Sets.Contains(state->Me, SetOf(handle), number);
            else
            {
                KeyState known = Lookup(handle, o, setsAreFrozen: true, out Incoming key);
                if (known != KeyState.Ready) return IsAbsent(handle, o, known) ? 0 : -1;
                status = Sets.Contains(state->Me, SetOf(handle), key.Probe);
                key.Dispose(state);
            }
            if (status is Status.Done or Status.Missing) return status == Status.Done ? 1 : 0;
            LiveErrors.Raise(handle, status);
            return -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    static KeyState Lookup(Handle* handle, PyObject* o, bool setsAreFrozen, out Incoming key)
    {
        KeyState known = Incoming.Lookup(handle->State, o, out key);
        return known == KeyState.Unsure
            ? Search(handle, o, out key) : known == KeyState.Failed && setsAreFrozen ? LookupSet(handle, o, out key) : known;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState Search(Handle* handle, PyObject* o, out Incoming key)
    {
        key = default;
        return LiveMethods.CheckAlive(handle) ? KeySearch.InHashed(handle, o, &NewIterator, out key) : KeyState.Failed;
    }

    // Called after a lookup failed. As in set, a set is looked up as the frozenset that equals it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState LookupSet(Handle* handle, PyObject* o, out Incoming key)
    {
        ref Api api = ref Api.Table;
        LiveState* state = handle->State;
        key = default;
        bool isSet = o->Type == state->TypeOf(LiveKind.Set) || api.PyType_IsSubtype(o->Type, api.PySet_Type) != 0;
        if (!isSet || api.PyErr_ExceptionMatches(*api.PyExc_TypeError) == 0) return KeyState.Failed;
        api.PyErr_Clear();
        PyObject* frozen = api.PyFrozenSet_New(o);
        KeyState known = frozen == null ? KeyState.Failed : Incoming.Lookup(state, frozen, out key);
        if (known == KeyState.Unsure) known = Search(handle, frozen, out key);
        // The key is a copy of the frozenset's members.
        References.Drop(frozen);
        return known;
    }

    // Whether an object that is not a key is certainly not in the Set. Returns false with an exception set.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool IsAbsent(Handle* handle, PyObject* o, KeyState known)
    {
        if (known == KeyState.Failed)
        {
            LiveErrors.ExplainUnhashable(o, "set element");
            return false;
        }
        return LiveMethods.CheckAlive(handle);
    }

    /// <summary>Converts a member to store. Returns false with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryKey(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Key(handle->State, Heap.Of(handle->Shared), o, out key);
        return known == KeyState.Ready || Refuse(handle, o, known);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Refuse(Handle* handle, PyObject* o, KeyState known)
    {
        if (known == KeyState.Failed) LiveErrors.ExplainUnhashable(o, "set element");
        else if (LiveMethods.CheckAlive(handle))
            LiveErrors.RaiseNotShareable(
                handle->State,
                $"{Place.Member((PyObject*)handle).Describe()}: {Text.TypeName(o)} cannot be a member of a shared Set");
        return false;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Length(PyObject* self)
    {
        Handle* handle = (Handle*)self;
        if (!LiveMethods.IsUsable(handle)) return -1;
        Status status = Sets.Count(handle->State->Me, SetOf(handle), out ulong count);
        if (status == Status.Done) return (nint)count;
        LiveErrors.Raise(handle, status);
        return -1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Iterate(PyObject* self)
    {
        try
        {
            return NewIterator((Handle*)self);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static PyObject* NewIterator(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status =
            Snapshots.Begin(handle->State->Me, SetOf(handle), onlyKeys: true, reversed: false, out SnapshotEntries entries);
        return status == Status.Done
            ? DictIterator.Create(handle, entries, DictIteration.Keys) : LiveErrors.Raise(handle, status);
    }

    /// <summary>A plain set of the members at one moment; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        PyObject* iterator = NewIterator(handle);
        PyObject* plain = iterator == null ? null : Api.Table.PySet_New(iterator);
        References.Drop(iterator);
        return plain;
    }

    // Writes the members between the braces of a plain set, in insertion order.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Repr(PyObject* self)
    {
        try
        {
            PyObject* listed = LiveMethods.Repr((Handle*)self, &ToList);
            if (listed == null) return null;
            string text = Text.FromPython(listed);
            const string Before = "Set([";
            if (!text.StartsWith(Before, StringComparison.Ordinal)) return listed;
            References.Drop(listed);
            return Text.ToPython(text == "Set([])" ? "Set()" : $"Set({{{text[Before.Length..^2]}}})");
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static PyObject* ToList(Handle* handle)
    {
        PyObject* iterator = NewIterator(handle);
        PyObject* list = iterator == null ? null : Api.Table.PySequence_List(iterator);
        References.Drop(iterator);
        return list;
    }
}
