using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>
/// Immortal ints beyond CPython's own small ones. Like frozen ints, they are the same objects in every interpreter. With them,
/// reading a number from a pool creates and frees no object. Each int is made when it is first needed, and is never freed.
/// </summary>
/// <remarks>
/// The table takes half a megabyte of addresses. Only pages in which an int was made take memory. Thread-safe.
/// </remarks>
public static unsafe class SharedInts
{
    const int Limit = 16_384;

    struct State
    {
        // The memory is zeroed by the system, which allocates a page at the first write. A null type means that the int was not
        // made.
        internal PyLongObject* Ints;
    }

    static State _state;

    /// <summary>Allocates the table. Called once, before the first int is needed.</summary>
    public static void Reserve()
    {
        if (_state.Ints == null) _state.Ints = (PyLongObject*)NativeMemory.AllocZeroed(Limit, (nuint)sizeof(PyLongObject));
    }

    /// <summary>Returns a borrowed reference to the int of a value, or null if the value is negative or too large.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PyObject* Find(long value)
    {
        if ((ulong)value >= Limit) return null;
        PyLongObject* kept = _state.Ints + value;
        // Acquire: pairs with the release in Make, so that the other fields are complete.
        return Volatile.Read(ref *(nint*)&kept->Head.Type) != 0 ? (PyObject*)kept : Make(kept, (uint)value);
    }

    // Two threads may make the same int at once, because they write the same words. The value is not 0, which has another tag and
    // is always CPython's own object.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* Make(PyLongObject* kept, uint value)
    {
        Debug.Assert(value != 0);
        kept->Head.RefCount = Layout.Current.ImmortalHeader;
        kept->Tag = PyLongObject.OneDigit;
        kept->Digit = value;
        // Release: pairs with the acquire in Find.
        Volatile.Write(ref *(nint*)&kept->Head.Type, (nint)Api.Table.PyLong_Type);
        return (PyObject*)kept;
    }
}
