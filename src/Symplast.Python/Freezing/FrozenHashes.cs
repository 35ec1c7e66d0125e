using System.Runtime.CompilerServices;
using Symplast.CPython;

namespace Symplast.Python.Freezing;

/// <summary>
/// Computes the hashes of copies that have one. From 3.14 on tuples cache their hash, so it must be filled in.
/// </summary>
internal static unsafe class FrozenHashes
{
    /// <summary>Whether the container that is being finished refers to itself or to a container around it.</summary>
    internal static bool IsInCycle(ref Freezer freezer, FreezeFrame* frame) => frame->Reaches < freezer.Walk.Stack.Count;

    /// <summary>
    /// The hash of such a container, derived from its address. Computing the hash from the parts would not terminate. Comparing
    /// the container would not terminate either, so any fixed hash is correct. With a hash, the container is hashable for the
    /// containers around it; otherwise CPython would compute their hashes later and store them.
    /// </summary>
    internal static nint OfCycle(FreezeFrame* frame)
    {
        frame->Unhashable = false;
        return (nint)((nuint)frame->Copy >> 4);
    }

    /// <summary>Whether a finished copy is hashable. Called only on versions whose tuples cache their hash.</summary>
    internal static bool HasHash(ref Freezer freezer, PyObject* copy)
    {
        ref Api api = ref Api.Table;
        PyObject* type = copy->Type;
        if (type == api.PyTuple_Type) return *Tuples.Hash(copy) != -1;
        if (type == api.PyDictProxy_Type) return false;
        if (Layout.Current.HasFrozenDict && type == api.PyFrozenDict_Type) return ((PyFrozenDictObject*)copy)->Hash != -1;
        return type != api.PySlice_Type || FrozenSlices.Hash(ref freezer, copy) != -1;
    }

    /// <summary>The hash of a finished tuple whose parts are hashable and finished.</summary>
    internal static nint OfTuple(ref Freezer freezer, PyObject* copy)
    {
        nint count = ((PyVarObject*)copy)->Size;
        PyObject** items = Tuples.Items(copy);
        ulong hash = Hashes.StartTuple;
        for (nint i = 0; i < count; i++) hash = Hashes.AddItem(hash, OfPart(ref freezer, items[i]));
        return Hashes.FinishTuple(hash, count);
    }

    /// <summary>
    /// The hash of a finished frozendict whose values are hashable and finished. It is the hash of the frozenset of its items.
    /// </summary>
    internal static nint OfFrozenDict(ref Freezer freezer, PyDictObject* copy)
    {
        PyDictKeys* table = copy->Keys;
        bool strings = table->Kind == PyDictKeys.Strings;
        nint size = strings ? sizeof(PyDictStringEntry) : sizeof(PyDictEntry);
        byte* entry = PyDictKeys.Entries(table);
        ulong hash = Hashes.StartSet;
        for (nint i = 0; i < copy->Used; i++, entry += size)
        {
            PyObject** pair = (PyObject**)(entry + size) - 2;
            nint key = strings ? ((PyAsciiObject*)pair[0])->Hash : ((PyDictEntry*)entry)->Hash;
            ulong item = Hashes.AddItem(Hashes.AddItem(Hashes.StartTuple, key), OfPart(ref freezer, pair[1]));
            hash = Hashes.AddMember(hash, Hashes.FinishTuple(item, 2));
        }
        return Hashes.FinishSet(hash, copy->Used);
    }

    // The hash of a part that is hashable.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint OfPart(ref Freezer freezer, PyObject* part)
    {
        ref Api api = ref Api.Table;
        PyObject* type = part->Type;
        if (type == api.PyUnicode_Type) return ((PyAsciiObject*)part)->Hash;
        if (type == api.PyLong_Type) return Hashes.OfInt((PyLongObject*)part);
        if (type == api.PyFloat_Type)
        {
            double value = ((PyFloatObject*)part)->Value;
            return double.IsNaN(value) ? Hashes.OfAddress(part) : Hashes.OfFloat(value);
        }
        if (type == api.PyTuple_Type) return *Tuples.Hash(part);
        return type == api.PySlice_Type ? FrozenSlices.Hash(ref freezer, part) : api.HashBuiltin(part);
    }
}
