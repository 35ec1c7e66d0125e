using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Converts values of a pool to Python objects. Numbers, text, bytes and tuples become new objects of the interpreter, live
/// objects become handles, frozen objects are passed by pointer. Called inside the section in which the value was loaded. Runs no
/// Python code.
/// </summary>
internal static unsafe class Outgoing
{
    const int SignedLittleEndian = 1;
    const int ShortText = 256;

    /// <summary>
    /// Returns a new reference; null with an exception set, or null without one if the object cannot be made inside a section
    /// (<see cref="LiveState.Again"/>).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Object(LiveState* state, Value value) => value.IsInt ? Int(value.Int) : Other(state, value);

    /// <summary>An int: a new reference, or null with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Int(long value)
    {
        // All kept ints, the interpreter's and ours, are immortal.
        PyObject* kept = StaticObjects.SmallInt(value);
        if (kept == null) kept = SharedInts.Find(value);
        return kept != null ? kept : Api.Table.PyLong_FromLongLong(value);
    }

    /// <summary>
    /// Converts a value and drops its reference, which the caller passes in. Returns null with an exception set. Called outside
    /// sections.
    /// </summary>
    internal static PyObject* Give(LiveState* state, Value value)
    {
        PyObject* result = OfHeld(state, value);
        LiveState.Drop(state, value);
        return result;
    }

    /// <summary>
    /// Converts a value to which the caller holds a reference. Returns null with an exception set. Called outside sections.
    /// </summary>
    internal static PyObject* OfHeld(LiveState* state, Value value)
    {
        PyObject* result;
        do
        {
            Section section = Section.Enter(state->Me);
            PoolHeap* heap = value.IsCounted ? Heap.Of(value.Pointer) : null;
            bool isDeleted = value.IsCounted && PoolHeap.IsDeleted(heap);
            result = isDeleted ? null : Object(state, value);
            section.Exit(state->Me);
            if (isDeleted) return LiveErrors.RaiseDeletedPool(state, heap);
        } while (result == null && LiveState.Again(state));
        return result;
    }

    /// <summary>Converts a value, drops its reference, and then unpins its pool, which <see cref="Hold"/> has pinned.</summary>
    internal static PyObject* Give(LiveState* state, Value value, PoolHeap* held)
    {
        PyObject* result = Give(state, value);
        Unhold(held);
        return result;
    }

    /// <summary>
    /// Pins the pool of a value that was removed from an object, while the value's reference is used. The value may be in another
    /// pool than the object, whose handle pins only its own. Called inside the section in which the value was removed.
    /// </summary>
    internal static PoolHeap* Hold(Value value)
    {
        if (value.Kind != ValueKind.Object) return null;
        PoolHeap* heap = Heap.Of(value.Pointer);
        if (heap != null) Heap.Pin(heap);
        return heap;
    }

    /// <summary>Unpins the pool.</summary>
    internal static void Unhold(PoolHeap* held)
    {
        if (held != null) Heap.Unpin(held);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* Other(LiveState* state, Value value)
    {
        ref Api api = ref Api.Table;
        switch (value.Kind)
        {
            case ValueKind.Object: return Handle.Of(state, value.Head);
            case ValueKind.Text: return Str(value);
            case ValueKind.Float: return api.PyFloat_FromDouble(value.Float);
            case ValueKind.None: return api._Py_NoneStruct;
            case ValueKind.Bool: return value == Value.True ? api._Py_TrueStruct : api._Py_FalseStruct;
            case ValueKind.Foreign: return Frozen(state, (PyObject*)value.Pointer);
            case ValueKind.Ellipsis: return api._Py_EllipsisObject;
            case ValueKind.Tuple or ValueKind.Pickle: return Tuple(state, value);
            case ValueKind.FrozenSet: return FrozenSet(state, value);
        }
        byte* data = Blob.Data((Blob*)value.Pointer);
        return value.Kind switch
        {
            ValueKind.Bytes => api.PyBytes_FromStringAndSize(data, (nint)Blob.LengthOf(value)),
            ValueKind.BigInt => api._PyLong_FromByteArray(data, Blob.LengthOf(value), 1, SignedLittleEndian),
            ValueKind.Complex => api.PyComplex_FromDoubles(((double*)data)[0], ((double*)data)[1]),
            _ => Errors.Runtime("not a value"),
        };
    }

    static PyObject* Str(Value value)
    {
        byte* data = Blob.Data((Blob*)value.Pointer);
        nint length = (nint)Blob.LengthOf(value);
        if (!Blob.IsAscii(value)) return Api.Table.PyUnicode_DecodeUTF8(data, length, Text.Utf8("surrogatepass"u8));
        // The interpreter has its own objects for one character and for the empty text.
        if (length <= 1) return Api.Table.PyUnicode_DecodeUTF8(data, length, null);
        PyObject* text = length <= ShortText ? Api.Table.NewShortText(length, 127) : Api.Table.PyUnicode_New(length, 127);
        if (text != null) Buffer.MemoryCopy(data, (byte*)text + PyAsciiObject.DataOffset, length, length);
        return text;
    }

    // Recursion is bounded by TupleBlob.MaximumDepth.
    static PyObject* Tuple(LiveState* state, Value tuple)
    {
        nint length = (nint)TupleBlob.LengthOf(tuple);
        PyObject* copy = Api.Table.PyTuple_New(length);
        if (copy == null) return null;
        for (nint i = 0; i < length; i++)
        {
            PyObject* item = Object(state, TupleBlob.Items((TupleBlob*)tuple.Pointer)[i]);
            if (item == null)
            {
                // Dropping the copy may drop a handle whose class has a finalizer, which is Python code. So it is dropped outside
                // the section.
                state->Leftover = copy;
                return null;
            }
            Tuples.Items(copy)[i] = item;
        }
        return copy;
    }

    // The members are numbers, texts and the like, so hashing them runs no Python code.
    static PyObject* FrozenSet(LiveState* state, Value set)
    {
        PyObject* members = Tuple(state, set);
        PyObject* copy = members == null ? null : Api.Table.PyFrozenSet_New(members);
        References.Drop(members);
        return copy;
    }

    static PyObject* Frozen(LiveState* state, PyObject* o)
    {
        InterpreterState? interpreter = state->Interpreter;
        Pool? pool = PoolTable.OwnerOf(o);
        if (interpreter is null || pool is null)
            return LiveErrors.RaiseNotShareable(state, "the pool of this object was deleted");
        if (interpreter.HasReceived(pool)) return o;
        interpreter.Awaited = pool;
        return null;
    }
}
