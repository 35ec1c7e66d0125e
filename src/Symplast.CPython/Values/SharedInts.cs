using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>
/// Immortal ints beyond the interpreter's own small ones, the same in every interpreter, as frozen ints are: so that a number
/// that is read from a pool need not be created and freed. Each is made when it is first asked for; none is ever freed.
/// </summary>
/// <remarks>
/// Half a megabyte at most, of which only the pages are there in which an int was made. Safe from every thread.
/// </remarks>
public static unsafe class SharedInts
{
    const int Limit = 16_384;

    struct State
    {
        // Zeros from the system, which gives pages when they are written. A type of 0 says that the int was not made.
        internal PyLongObject* Ints;
    }

    static State _state;

    /// <summary>Makes room for them. Called once, before the first is asked for.</summary>
    public static void Reserve()
    {
        if (_state.Ints == null) _state.Ints = (PyLongObject*)NativeMemory.AllocZeroed(Limit, (nuint)sizeof(PyLongObject));
    }

    /// <summary>The int of this value, borrowed; null if it is negative or so large that none is kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PyObject* Find(long value)
    {
        if ((ulong)value >= Limit) return null;
        PyLongObject* kept = _state.Ints + value;
        // Acquire: pairs with the release in Make, so that the rest is there.
        return Volatile.Read(ref *(nint*)&kept->Head.Type) != 0 ? (PyObject*)kept : Make(kept, (uint)value);
    }

    // Two threads may do this at once: they write the same. Not 0, which has a tag of its own, and is everywhere the
    // interpreter's.
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
