using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>
/// The operators of AtomicInt that are refused, each with a message that says what to use: arithmetic and order, because the
/// value may change between reading and use, and equality with numbers, because atomics are compared by identity.
/// </summary>
internal static unsafe partial class AtomicIntOperators
{
    /// <summary>The slots of the operators.</summary>
    internal static PyTypeSlot[] Slots() =>
    [
        Slot(PyTypeSlot.Add, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Arithmetic),
        Slot(PyTypeSlot.Subtract, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Arithmetic),
        Slot(PyTypeSlot.InPlaceAdd, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&AddInPlace),
        Slot(PyTypeSlot.InPlaceSubtract, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&SubtractInPlace),
        Slot(PyTypeSlot.RichCompare, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)&Compare),
        Slot(PyTypeSlot.Hash, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Hash),
    ];

    [Callback]
    private static partial PyObject* Arithmetic(PyObject* first, PyObject* second) =>
        IsNumber(first) && IsNumber(second) ? Alternatives.Raise("AtomicInt +") : NotImplemented();

    [Callback]
    private static partial PyObject* AddInPlace(PyObject* self, PyObject* n) => Alternatives.Raise("AtomicInt +=");

    [Callback]
    private static partial PyObject* SubtractInPlace(PyObject* self, PyObject* n) => Alternatives.Raise("AtomicInt -=");

    [Callback]
    private static partial PyObject* Compare(PyObject* self, PyObject* o, int operation)
    {
        bool isEquality = operation is Comparison.Equal or Comparison.NotEqual;
        // Two atomics are equal if they are one object, which is what Python does if neither says otherwise.
        if (!IsNumber(o) || isEquality && o->Type == self->Type) return NotImplemented();
        return Alternatives.Raise(isEquality ? "AtomicInt ==" : "AtomicInt <");
    }

    // As object.__hash__: a type that compares does not inherit it.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Hash(PyObject* self)
    {
        nint hash = (nint)nuint.RotateRight((nuint)self, 4);
        return hash == -1 ? -2 : hash;
    }

    static bool IsNumber(PyObject* o) => Api.Table.PyNumber_Check(o) != 0;

    static PyObject* NotImplemented() => Api.Table._Py_NotImplementedStruct;
}
