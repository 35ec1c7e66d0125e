using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.OrderedMap;
using Tree = Symplast.Objects.SortedMap;

namespace Symplast.Python.Live;

/// <summary>
/// Finds the key that equals an object of any class, where only Python can tell. As in a dict, the object is compared with the
/// keys that have its hash.
/// </summary>
/// <remarks>
/// Text and bytes are stored with Python's hash. A number's hash is its value modulo 2^61 - 1, from which the few possible
/// numbers follow. All other keys, if there are any, are compared one by one. Called with the GIL held, outside sections. May run
/// Python code.
/// </remarks>
internal static unsafe class KeySearch
{
    const int Equal = Comparison.Equal;
    const int HashBits = Hashes.ModulusBits;
    const long Modulus = (long)Hashes.Modulus;
    const int MantissaBits = 53;
    const int LeastExponent = -1074;
    const int MostExponent = 1023;

    /// <summary>1 if two objects have the same hash and are equal, 0 if not, -1 with an exception set.</summary>
    internal static int AreEqual(PyObject* key, PyObject* o, nint hash)
    {
        nint own = Nesting.Hash(key);
        return own == -1 ? -1 : own == hash ? Api.Table.PyObject_RichCompareBool(key, o, Equal) : 0;
    }

    /// <summary>The key of a Dict or Set: Ready, Foreign if there is none, Failed with an exception set.</summary>
    internal static KeyState InHashed(Handle* handle, PyObject* o, delegate*<Handle*, PyObject*> iterate, out Incoming key)
    {
        key = default;
        nint hash = Nesting.Hash(o);
        if (hash == -1) return KeyState.Failed;
        KeyState known = FindStored(handle, o, ValueKind.Text, hash, out key);
        if (known == KeyState.Foreign) known = FindStored(handle, o, ValueKind.Bytes, hash, out key);
        if (known == KeyState.Foreign) known = FindConstant(handle, o, Value.None, hash, out key);
        if (known == KeyState.Foreign) known = FindConstant(handle, o, Value.Ellipsis, hash, out key);
        if (known == KeyState.Foreign) known = FindNumber(handle, o, hash, out key);
        return known == KeyState.Foreign && HasRareKeys(handle) ? Walk(handle, o, hash, iterate, onlyRare: true, out key) : known;
    }

    /// <summary>The key of a SortedDict.</summary>
    internal static KeyState InSorted(
        Handle* handle, PyObject* o, bool isNumber, delegate*<Handle*, PyObject*> iterate, out Incoming key)
    {
        key = default;
        LiveState* state = handle->State;
        Section section = Section.Enter(state->Me);
        bool hasNumbers = Tree.First(state->Me, (SortedMap*)handle->Shared, out Value first, out _) == Status.Done
            && Ordering.ClassOf(first) == OrderingClass.Number;
        section.Exit(state->Me);
        if (isNumber && hasNumbers) return KeyState.Foreign;
        nint hash = Nesting.Hash(o);
        return hash == -1 ? KeyState.Failed : Walk(handle, o, hash, iterate, onlyRare: false, out key);
    }

    static bool HasRareKeys(Handle* handle)
    {
        Section section = Heap.Enter(handle->State->Me, handle->Shared, out bool isDeleted);
        bool has = !isDeleted && Map.HasRareKeys((OrderedMap*)handle->Shared);
        section.Exit(handle->State->Me);
        return has;
    }

    // Finds a text or bytes by its hash.
    static KeyState FindStored(Handle* handle, PyObject* o, ValueKind kind, nint hash, out Incoming key)
    {
        key = default;
        LiveState* state = handle->State;
        Value found;
        Section section = Section.Enter(state->Me);
        bool isThere =
            Map.Get(state->Me, (OrderedMap*)handle->Shared, new HashKey(kind, (ulong)hash, &found), out _) == Status.Done;
        PyObject* stored = isThere ? Outgoing.Object(state, found) : null;
        section.Exit(state->Me);
        if (!isThere) return KeyState.Foreign;
        return stored == null ? KeyState.Failed : Compare(state, stored, o, hash, out key);
    }

    static KeyState FindConstant(Handle* handle, PyObject* o, Value constant, nint hash, out Incoming key)
    {
        key = default;
        if (Map.Contains(handle->State->Me, (OrderedMap*)handle->Shared, Probe.Of(constant)) != Status.Done)
            return KeyState.Foreign;
        return Compare(
            handle->State, constant == Value.None ? Api.Table._Py_NoneStruct : Api.Table._Py_EllipsisObject, o, hash, out key);
    }

    // Finds an int that fits a word, or a float, by its hash.
    static KeyState FindNumber(Handle* handle, PyObject* o, nint hash, out Incoming key)
    {
        key = default;
        if ((long)hash is <= -Modulus or >= Modulus) return KeyState.Foreign;
        KeyState known = FindNumber(handle, o, hash, hash, out key);
        // -1 is no valid hash, so hash(-1) is -2 as well.
        return known == KeyState.Foreign && hash == -2 ? FindNumber(handle, o, hash, -1, out key) : known;
    }

    static KeyState FindNumber(Handle* handle, PyObject* o, nint hash, long rest, out Incoming key)
    {
        KeyState known = KeyState.Foreign;
        key = default;
        if (Value.Fits(rest)) known = FindNumber(handle, o, hash, Value.OfInt(rest), out key);
        ulong magnitude = (ulong)Math.Abs(rest);
        if (known == KeyState.Foreign && magnitude == Hashes.Infinity)
            known = FindNumber(handle, o, hash, Value.Of(rest < 0 ? double.NegativeInfinity : double.PositiveInfinity), out key);
        // A float is m * 2^e with an odd m. Modulo 2^61 - 1 its hash is m rotated by e bits.
        for (int turn = 0; turn < HashBits && known == KeyState.Foreign; turn++)
        {
            ulong mantissa = (magnitude << turn & (ulong)Modulus) | magnitude >> HashBits - turn;
            if ((mantissa & 1) == 0 || mantissa >> MantissaBits != 0) continue;
            for (int exponent = MostExponent / HashBits * HashBits - turn; exponent >= LeastExponent
                && known == KeyState.Foreign; exponent -= HashBits)
            {
                double number = Math.ScaleB(rest < 0 ? -(double)mantissa : mantissa, exponent);
                // A number that is too small for a float was rounded.
                if (double.IsFinite(number) && Math.ScaleB(Math.Abs(number), -exponent) == mantissa)
                    known = FindNumber(handle, o, hash, Value.Of(number), out key);
            }
        }
        return known;
    }

    static KeyState FindNumber(Handle* handle, PyObject* o, nint hash, Value number, out Incoming key)
    {
        key = default;
        if (Map.Contains(handle->State->Me, (OrderedMap*)handle->Shared, Probe.Of(number)) != Status.Done)
            return KeyState.Foreign;
        PyObject* stored = number.IsInt ? Api.Table.PyLong_FromLongLong(number.Int) : Api.Table.PyFloat_FromDouble(number.Float);
        return stored == null ? KeyState.Failed : Compare(handle->State, stored, o, hash, out key);
    }

    // Steals the reference to a key.
    static KeyState Compare(LiveState* state, PyObject* stored, PyObject* o, nint hash, out Incoming key)
    {
        key = default;
        int equal = AreEqual(stored, o, hash);
        if (equal == 1) return Incoming.Found(state, stored, out key);
        References.Drop(stored);
        return equal < 0 ? KeyState.Failed : KeyState.Foreign;
    }

    static KeyState Walk(
        Handle* handle, PyObject* o, nint hash, delegate*<Handle*, PyObject*> iterate, bool onlyRare, out Incoming key)
    {
        key = default;
        PyObject* keys = iterate(handle);
        if (keys == null) return KeyState.Failed;
        KeyState known = KeyState.Foreign;
        PyObject* stored;
        for (nint i = 0; known == KeyState.Foreign && LiveMethods.GoesOn(i)
            && (stored = Api.Table.PyIter_Next(keys)) != null; i++)
        {
            if (!onlyRare || IsRare(stored)) known = Compare(handle->State, stored, o, hash, out key);
            else References.Drop(stored);
        }
        References.Drop(keys);
        if (known != KeyState.Foreign || Api.Table.PyErr_Occurred() == null) return known;
        return KeyState.Failed;
    }

    // As OrderedMap has it, and a few more.
    static bool IsRare(PyObject* key)
    {
        ref Api api = ref Api.Table;
        PyObject* type = key->Type;
        return type != api.PyUnicode_Type && type != api.PyBytes_Type && type != api.PyFloat_Type
            && !(type == api.PyLong_Type && ((PyLongObject*)key)->IsCompact);
    }
}
