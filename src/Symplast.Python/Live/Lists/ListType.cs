using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>
/// The Python type <c>symplast.List</c>: a sequence that all interpreters share. This file has creation and the operators.
/// </summary>
internal static unsafe partial class ListType
{
    // A bit of tp_flags that list and its subclasses have (Py_TPFLAGS_LIST_SUBCLASS).
    const nuint ListSubclass = PyTypeSpec.ListSubclass;

    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind()
    {
        ListIterator.Definition = ListIterator.Specification();
        return new Kind
        {
            Number = LiveKind.List,
            Name = Text.Utf8("List"u8),
            Header = HeaderKind.Vector,
            Type = Specification(),
            MakeTypes = &MakeIteratorType,
            ToPlain = &ToPlain,
            End = &ListIterator.FinishAll,
        };
    }

    static bool MakeIteratorType(PyObject* module, InterpreterState interpreter)
    {
        PyObject* type = Kinds.MakeType(module, interpreter, ListIterator.Definition, null, null);
        interpreter.Live->ListIteratorType = type;
        return type != null;
    }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.List"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.Sequence,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                List(iterable=(), /)
                --

                A list that all interpreters share: each operation atomic, no lock in sight.

                Created in the current pool. Elements are what a Dict has as values: numbers, text, bytes, None, tuples of these,
                frozen objects and live ones; plain containers are carried into the pool with all they hold (a dict becomes a
                Dict, a list a List, a set a Set); anything else raises NotShareableError. Iterating sees the elements of one
                moment; slices, copies, + and * are plain lists.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Init, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Init),
            Slot(PyTypeSlot.Hash, Api.Table.PyObject_HashNotImplemented),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.RichCompare, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)&Compare),
            Slot(PyTypeSlot.Iter, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Iterate),
            Slot(PyTypeSlot.SequenceLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Length),
            Slot(PyTypeSlot.SequenceItem, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&Item),
            Slot(PyTypeSlot.SequenceAssign, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int>)&AssignItem),
            Slot(PyTypeSlot.SequenceContains, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&Contains),
            Slot(PyTypeSlot.SequenceConcat, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Concat),
            Slot(PyTypeSlot.SequenceRepeat, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&Repeat),
            Slot(PyTypeSlot.SequenceInPlaceConcat, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&InPlaceConcat),
            Slot(PyTypeSlot.SequenceInPlaceRepeat, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&InPlaceRepeat),
            Slot(PyTypeSlot.MapLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Length),
            Slot(PyTypeSlot.MapSubscript, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Subscript),
            Slot(PyTypeSlot.MapAssign, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Assign),
            Slot(PyTypeSlot.Methods, Methods())),
    });

    static SharedVector* VectorOf(Handle* handle) => (SharedVector*)handle->Shared;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* New(PyObject* type, PyObject* positional, PyObject* named) => Creation.New(type, &Vector.Create);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Init(PyObject* self, PyObject* positional, PyObject* named)
    {
        try
        {
            nint count = ((PyVarObject*)positional)->Size;
            if (LiveMethods.RefuseNamed("List", named) && LiveMethods.CheckCount("List", count, 0, 1))
            {
                PyObject* items = count == 0
                    ? Api.Table.PyList_New(0)
                    : Api.Table.PySequence_List(Tuples.Items(positional)[0]);
                bool done = LiveMethods.Hidden(items) != null && Replace((Handle*)self, 0, nint.MaxValue, items);
                References.Drop(items);
                return done ? 0 : -1;
            }
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
        }
        return -1;
    }

    // Replaces a slice with step 1 by the items of a list that no other code can reach.
    static bool Replace(Handle* handle, nint start, nint stop, PyObject* items)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!HeldValues.Of(state, heap, items, Place.Member((PyObject*)handle), out HeldValues values)) return false;
        bool isUsable = LiveMethods.IsUsable(handle);
        Status status = isUsable
            ? Vector.GiveSlice(state->Me, VectorOf(handle), start, stop, values.Items, values.Count) : Status.Done;
        if (isUsable && status == Status.Done) values.Free();
        else values.Dispose(state, heap);
        return Succeeded(handle, status);
    }

    static bool Succeeded(Handle* handle, Status status) =>
        status == Status.Done ? Api.Table.PyErr_Occurred() == null : LiveErrors.Raise(handle, status) != null;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Length(PyObject* self)
    {
        Handle* handle = (Handle*)self;
        if (!LiveMethods.IsUsable(handle)) return -1;
        Status status = Vector.Count(handle->State->Me, VectorOf(handle), out long count);
        if (status == Status.Done) return (nint)count;
        LiveErrors.Raise(handle, status);
        return -1;
    }

    // CPython has already added the length to a negative index.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Item(PyObject* self, nint index)
    {
        try
        {
            return index < 0 ? LiveErrors.RaiseIndex("list index out of range") : Get((Handle*)self, index);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Subscript(PyObject* self, PyObject* key)
    {
        try
        {
            if (key->Type == Api.Table.PyLong_Type && ((PyLongObject*)key)->IsCompact)
                return Get((Handle*)self, ((PyLongObject*)key)->CompactValue);
            if (key->Type == Api.Table.PySlice_Type) return GetSlice((Handle*)self, key);
            return TryIndex(key, out long index) ? Get((Handle*)self, index) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>
    /// Returns a new reference to an element; a negative index counts from the end. Returns null with an exception set.
    /// </summary>
    static PyObject* Get(Handle* handle, long index)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        PyObject* result;
        Status status;
        do
        {
            Section section = Section.Enter(state->Me);
            status = index >= 0
                ? Vector.Get(state->Me, VectorOf(handle), index, out Value value)
                : Vector.GetFromEnd(state->Me, VectorOf(handle), index, out value);
            result = status == Status.Done ? Outgoing.Object(state, value) : null;
            section.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        return status == Status.Done
            ? result : status == Status.Missing
            ? LiveErrors.RaiseIndex("list index out of range") : LiveErrors.Raise(handle, status);
    }

    // Converts an index. May run Python code.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryIndex(PyObject* o, out long index)
    {
        index = 0;
        if (Api.Table.PyType_GetSlot(o->Type, PyTypeSlot.Index) == null)
            return Errors.Type($"list indices must be integers or slices, not {Text.TypeName(o)}") != null;
        index = Api.Table.PyNumber_AsSsize_t(o, *Api.Table.PyExc_IndexError);
        return index != -1 || Api.Table.PyErr_Occurred() == null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int AssignItem(PyObject* self, nint index, PyObject* value)
    {
        try
        {
            if (index < 0)
            {
                LiveErrors.RaiseIndex("list assignment index out of range");
                return -1;
            }
            return (value == null ? Delete((Handle*)self, index) : Set((Handle*)self, index, null, value)) ? 0 : -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Assign(PyObject* self, PyObject* key, PyObject* value)
    {
        try
        {
            Handle* handle = (Handle*)self;
            long index;
            if (key->Type == Api.Table.PyLong_Type && ((PyLongObject*)key)->IsCompact) index = ((PyLongObject*)key)->CompactValue;
            else if (key->Type == Api.Table.PySlice_Type) return AssignSlice(handle, key, value) ? 0 : -1;
            else if (!TryIndex(key, out index)) return -1;
            return (value == null ? Delete(handle, index) : Set(handle, index, key, value)) ? 0 : -1;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    static bool Set(Handle* handle, long index, PyObject* key, PyObject* item)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!Incoming.Item(state, heap, item, Place.Item((PyObject*)handle, key), out Incoming incoming)) return false;
        Section section = Section.Enter(state->Me);
        Status status = incoming.ToValue(state, heap, out Value value);
        if (status == Status.Done)
        {
            status = Vector.Set(state->Me, VectorOf(handle), index, value);
            Reference.Drop(state->Me, value);
        }
        section.Exit(state->Me);
        incoming.Dispose(state);
        if (status == Status.Missing) return LiveErrors.RaiseIndex("list assignment index out of range") != null;
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    static bool Delete(Handle* handle, long index)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        Status status = Vector.RemoveElement(state->Me, VectorOf(handle), index);
        if (status == Status.Missing) return LiveErrors.RaiseIndex("list assignment index out of range") != null;
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Contains(PyObject* self, PyObject* o)
    {
        try
        {
            return Find((Handle*)self, o);
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Iterate(PyObject* self)
    {
        try
        {
            return ListIterator.Create((Handle*)self, reversed: false);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Repr(PyObject* self) => Frame.Call(self, &LiveMethods.Repr);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Compare(PyObject* self, PyObject* other, int operation) =>
        PlainForms.Compare(self, other, operation, &IsList);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Concat(PyObject* self, PyObject* other) => Frame.Call(self, other, &Concat);

    static PyObject* Concat(Handle* handle, PyObject* other) => IsList(handle->State, other)
        ? PlainForms.Combine(handle->State, (PyObject*)handle, other, Api.Table.PyNumber_Add)
        : Errors.Type($"can only concatenate list (not \"{Text.TypeName(other)}\") to list");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Repeat(PyObject* self, nint times) => PlainForms.Repeat(self, times);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceConcat(PyObject* self, PyObject* other) => Frame.Change(self, other, &ExtendBy);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* InPlaceRepeat(PyObject* self, nint times)
    {
        try
        {
            return RepeatInPlace((Handle*)self, times) ? References.New(self) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static bool IsList(LiveState* state, PyObject* o) =>
        (Api.Table.PyType_GetFlags(o->Type) & ListSubclass) != 0 || o->Type == state->TypeOf(LiveKind.List);
}
