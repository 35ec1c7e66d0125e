using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>Checks whether copies can be keys of dicts or elements of sets, and returns their hashes.</summary>
internal static unsafe class FrozenKeys
{
    /// <summary>Returns the hash of a key or element, or -1 with NotShareableError set if its frozen form is
    /// unhashable.</summary>
    internal static nint Hash(ref Freezer freezer, PyObject* key)
    {
        if (!IsSafelyHashable(ref freezer, key))
        {
            FreezeErrors.RaiseBadKey(ref freezer, unhashable: false);
            return -1;
        }
        nint hash = Api.Table.HashBuiltin(key);
        if (hash == -1)
        {
            Api.Table.PyErr_Clear();
            FreezeErrors.RaiseBadKey(ref freezer, unhashable: true);
        }
        return hash;
    }

    /// <summary>
    /// Whether a known copy can be a key or element, which it cannot while it is in progress. Returns false with the error set.
    /// </summary>
    internal static bool Allows(ref Freezer freezer, PyObject* key) =>
        !AddressRange.Contains(key) || ObjectMarks.Get(key) != ObjectMark.InProgress
            || FreezeErrors.RaiseBadKey(ref freezer, unhashable: false);

    /// <summary>
    /// Whether a key or element may be hashed. On versions whose tuples do not cache their hash, hashing a tuple in a cycle would
    /// not terminate. Only conversions can produce keys with cycles, so the recursion is rare and seldom deep.
    /// </summary>
    static bool IsSafelyHashable(ref Freezer freezer, PyObject* copy, int depth = 0)
    {
        const int Deepest = 500;
        if (freezer.Conversions == 0 || !AddressRange.Contains(copy)) return true;
        if (ObjectMarks.Get(copy) == ObjectMark.InProgress) return false;
        bool isTuple = copy->Type == Api.Table.PyTuple_Type;
        if (Layout.Current.TupleHasHash || !isTuple && copy->Type != Api.Table.PySlice_Type) return true;
        if (depth > Deepest) return false;
        PyObject** parts = isTuple ? Tuples.Items(copy) : &((PySliceObject*)copy)->Start;
        nint count = isTuple ? ((PyVarObject*)copy)->Size : 3;
        for (nint i = 0; i < count; i++)
        {
            if (!IsSafelyHashable(ref freezer, parts[i], depth + 1)) return false;
        }
        return true;
    }
}
