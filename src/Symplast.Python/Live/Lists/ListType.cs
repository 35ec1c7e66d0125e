using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>The Python type <c>symplast.List</c>: a sequence that all interpreters share.</summary>
internal static unsafe partial class ListType
{
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
            ToPlain = &ListCopies.ToPlain,
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

                A list that all interpreters share, created in the current pool. Each operation is atomic.

                Elements are numbers, str, bytes, None, tuples of these, frozen objects and live objects. Plain containers are
                copied into the pool with all that they hold: a dict becomes a Dict, a list a List, a set a Set. Any other object
                raises NotShareableError. Iteration sees the elements of one moment. Slices, copies, + and * return plain lists.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Init, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Init),
            Slot(PyTypeSlot.Hash, Api.Table.PyObject_HashNotImplemented),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.RichCompare, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)&Compare),
            Slot(PyTypeSlot.Iter, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Iterate),
            Slot(PyTypeSlot.SequenceLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Length),
            Slot(PyTypeSlot.SequenceItem, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&ListElements.Item),
            Slot(PyTypeSlot.SequenceAssign,
                (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int>)&ListElements.AssignItem),
            Slot(PyTypeSlot.SequenceContains, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&ListSearch.Contains),
            Slot(PyTypeSlot.SequenceConcat, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Concat),
            Slot(PyTypeSlot.SequenceRepeat, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&Repeat),
            Slot(PyTypeSlot.SequenceInPlaceConcat, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&InPlaceConcat),
            Slot(PyTypeSlot.SequenceInPlaceRepeat, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&InPlaceRepeat),
            Slot(PyTypeSlot.MapLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Length),
            Slot(PyTypeSlot.MapSubscript, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&ListElements.Subscript),
            Slot(PyTypeSlot.MapAssign, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&ListElements.Assign),
            Slot(PyTypeSlot.Methods, ListMethods.Methods())),
    });

    internal static SharedVector* VectorOf(Handle* handle) => (SharedVector*)handle->Shared;

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named) =>
        Creation.New(type, &Vector.Create);

    [Callback]
    private static partial int Init(Handle* self, PyObject* positional, PyObject* named)
    {
        nint count = ((PyVarObject*)positional)->Size;
        if (LiveMethods.RefuseNamed("List", named) && LiveMethods.CheckCount("List", count, 0, 1))
        {
            PyObject* items = count == 0
                ? Api.Table.PyList_New(0)
                : Api.Table.PySequence_List(Tuples.Items(positional)[0]);
            bool done = LiveMethods.Hidden(items) != null && ListSlices.Replace(self, 0, nint.MaxValue, items);
            References.Drop(items);
            return done ? 0 : -1;
        }
        return -1;
    }

    /// <summary>Returns false with an exception set if the status is not Done, or if an exception was set before.</summary>
    internal static bool Succeeded(Handle* handle, Status status) =>
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

    [Callback]
    private static partial PyObject* Iterate(Handle* self) => ListIterator.Create(self, reversed: false);

    [Callback]
    private static partial PyObject* Repr(Handle* handle) => LiveMethods.Repr(handle);

    [Callback]
    private static partial PyObject* Compare(PyObject* self, PyObject* other, int operation) =>
        PlainForms.Compare(self, other, operation, &IsList);

    [Callback]
    private static partial PyObject* Concat(Handle* handle, PyObject* other) => IsList(handle->State, other)
        ? PlainForms.Combine(handle->State, (PyObject*)handle, other, Api.Table.PyNumber_Add)
        : Errors.Type($"can only concatenate list (not \"{Text.TypeName(other)}\") to list");

    [Callback]
    private static partial PyObject* Repeat(PyObject* self, nint times) => PlainForms.Repeat(self, times);

    [Callback]
    private static partial PyObject* InPlaceConcat(Handle* handle, PyObject* other) =>
        ListMethods.ExtendBy(handle, other) ? References.New((PyObject*)handle) : null;

    [Callback]
    private static partial PyObject* InPlaceRepeat(PyObject* self, nint times) =>
        ListSlices.RepeatInPlace((Handle*)self, times) ? References.New(self) : null;

    static bool IsList(LiveState* state, PyObject* o) =>
        (Api.Table.PyType_GetFlags(o->Type) & PyTypeSpec.ListSubclass) != 0 || o->Type == state->TypeOf(LiveKind.List);
}
