using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>Whether copies can be keys of dicts or members of sets, and their hashes.</summary>
internal static unsafe class FrozenKeys
{
    /// <summary>The hash of a key or member, or -1 with NotShareableError set if its frozen form has none.</summary>
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
    /// Whether a key or member that was met before can be one: not while it is unfinished. False with the error set.
    /// </summary>
    internal static bool Allows(ref Freezer freezer, PyObject* key) =>
        !AddressRange.Contains(key) || ObjectMarks.Get(key) != ObjectMark.InProgress
            || FreezeErrors.RaiseBadKey(ref freezer, unhashable: false);

    /// <summary>
    /// Whether a key or member may be hashed: on versions where tuples do not cache their hash, hashing one inside a cycle would
    /// never end. Keys with cycles can only come out of conversions, so this is rarely asked and rarely deep.
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
