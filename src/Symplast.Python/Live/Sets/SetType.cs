using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Sets = Symplast.Objects.OrderedSet;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.Set</c>: an insertion-ordered set that all interpreters share.</summary>
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

                A set that all interpreters share, created in the current pool. Each operation on one element is atomic.

                Elements are str, bytes, int, float, bool, None, complex, tuples of these, frozen objects, and hashable live
                objects. Any other object raises NotShareableError. Iteration sees the elements of one moment, in the order in
                which they were added. The operators | & - ^ return plain sets; |= &= -= ^= change the Set element by element.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Init, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Init),
            Slot(PyTypeSlot.Hash, Api.Table.PyObject_HashNotImplemented),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.RichCompare, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)&SetOperators.Compare),
            Slot(PyTypeSlot.Iter, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Iterate),
            Slot(PyTypeSlot.SequenceLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Length),
            Slot(PyTypeSlot.SequenceContains, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&SetMembers.Contains),
            Slot(PyTypeSlot.Or, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SetOperators.Or),
            Slot(PyTypeSlot.And, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SetOperators.And),
            Slot(PyTypeSlot.Subtract, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SetOperators.Subtract),
            Slot(PyTypeSlot.Xor, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SetOperators.Xor),
            Slot(PyTypeSlot.InPlaceOr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SetOperators.InPlaceOr),
            Slot(PyTypeSlot.InPlaceAnd, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SetOperators.InPlaceAnd),
            Slot(PyTypeSlot.InPlaceSubtract,
                (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SetOperators.InPlaceSubtract),
            Slot(PyTypeSlot.InPlaceXor, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SetOperators.InPlaceXor),
            Slot(PyTypeSlot.Methods, SetMethods.Methods())),
    });

    internal static OrderedMap* SetOf(Handle* handle) => (OrderedMap*)handle->Shared;

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        Creation.New(type, &Sets.Create);

    // As in set, initialization replaces the present contents.
    [Callback]
    private static partial int Init(Handle* handle, PyObject* positional, PyObject* named)
    {
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
            && (count == 0 || SetUpdates.AddAll(handle, Tuples.Items(positional)[0])) ? 0 : -1;
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

    [Callback]
    private static partial PyObject* Iterate(Handle* self) => NewIterator(self);

    /// <summary>An iterator over the members of this moment; null with an exception set.</summary>
    internal static PyObject* NewIterator(Handle* handle)
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
    [Callback]
    private static partial PyObject* Repr(PyObject* self)
    {
        PyObject* listed = LiveMethods.Repr((Handle*)self, &ToList);
        if (listed == null) return null;
        string text = Text.FromPython(listed);
        const string Before = "Set([";
        if (!text.StartsWith(Before, StringComparison.Ordinal)) return listed;
        References.Drop(listed);
        return Text.ToPython(text == "Set([])" ? "Set()" : $"Set({{{text[Before.Length..^2]}}})");
    }

    static PyObject* ToList(Handle* handle)
    {
        PyObject* iterator = NewIterator(handle);
        PyObject* list = iterator == null ? null : Api.Table.PySequence_List(iterator);
        References.Drop(iterator);
        return list;
    }
}
