using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Stores the most frequent objects on a fast path where many are stored at once: text of ASCII characters, integers that are not
/// large, floats, None, booleans.
/// </summary>
internal static unsafe class PlainValues
{
    /// <summary>
    /// Stores one of these objects. The reference is the caller's; the value is empty if there is no memory. Returns false for
    /// any other object. Runs no Python code. Called inside a section in which the pool was not deleted.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryStore(Participant* me, PoolHeap* heap, PyObject* o, out Value value)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        // A frozen text is stored by its address, without a copy.
        if (type == api.PyUnicode_Type && !AddressRange.Contains(o)) return TryText(me, heap, o, out value, out _);
        if (type == api.PyLong_Type) return TryInt(o, out value);
        return TryConstant(o, type, out value);
    }

    /// <summary>
    /// Stores a key and computes its hash. Only for text and integers, which differ in a pool whenever they differ in Python.
    /// (Two NaNs are two keys of a dict, but one key here.)
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryStoreKey(Participant* me, PoolHeap* heap, PyObject* o, out Value key, out ulong hash)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyUnicode_Type) return TryText(me, heap, o, out key, out hash);
        if (type == api.PyLong_Type && TryInt(o, out key))
        {
            hash = Hashing.OfInt(key.Int);
            return true;
        }
        key = default;
        hash = 0;
        return false;
    }

    /// <summary>
    /// Whether an exact text is stored as a copy of its bytes alone: a text of ASCII characters that is not frozen.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsCopied(PyObject* text) =>
        (((PyAsciiObject*)text)->State & PyAsciiObject.Ascii) != 0 && !AddressRange.Contains(text);

    /// <summary>
    /// Copies such a text. The reference is the caller's; the value is empty if there is no memory. Called inside a section in
    /// which the pool was not deleted.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value CopyOf(Participant* me, PoolHeap* heap, PyObject* o)
    {
        PyAsciiObject* text = (PyAsciiObject*)o;
        nint known = text->Hash;
        ulong hash = (ulong)(known == -1 ? Api.Table.HashBuiltin(o) : known);
        return Blob.CreateAscii(me, heap, (byte*)o + PyAsciiObject.DataOffset, (nuint)text->Length, hash);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryText(Participant* me, PoolHeap* heap, PyObject* o, out Value value, out ulong hash)
    {
        PyAsciiObject* text = (PyAsciiObject*)o;
        value = default;
        hash = 0;
        if ((text->State & PyAsciiObject.Ascii) == 0) return false;
        nint known = text->Hash;
        hash = (ulong)(known == -1 ? Api.Table.HashBuiltin(o) : known);
        value = Blob.CreateAscii(me, heap, (byte*)o + PyAsciiObject.DataOffset, (nuint)text->Length, hash);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryInt(PyObject* o, out Value value)
    {
        value = default;
        if (!((PyLongObject*)o)->IsCompact) return false;
        value = Value.OfInt(((PyLongObject*)o)->CompactValue);
        return true;
    }

    static bool TryConstant(PyObject* o, PyObject* type, out Value value)
    {
        ref Api api = ref Api.Table;
        value = default;
        if (type == api.PyFloat_Type) value = Value.Of(((PyFloatObject*)o)->Value);
        else if (o == api._Py_NoneStruct) value = Value.None;
        else if (type == api.PyBool_Type) value = Value.Of(o == api._Py_TrueStruct);
        else return false;
        return true;
    }
}
