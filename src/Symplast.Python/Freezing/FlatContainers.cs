using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>
/// The fast path: a small container whose parts are all simple values is copied without a frame on the stack.
/// </summary>
internal static unsafe class FlatContainers
{
    internal const nint MostFlat = 64;

    /// <summary>Copies items up to the first one that is not a simple value. Returns the number of copied items.</summary>
    internal static nint CopyItems(ref Freezer freezer, PyObject** items, PyObject** copies, nint count)
    {
        // The originals are scattered over the heap. Prefetching lets their cache misses overlap.
        for (nint i = 0; i < count; i++) Prefetching.Fetch(items[i]);
        nint done = 0;
        while (done < count)
        {
            PyObject* copy = FrozenLeaves.VisitSimple(ref freezer, items[done]);
            if (copy == null) break;
            copies[done++] = copy;
        }
        return done;
    }

    /// <summary>Finishes a tuple that was copied without a frame.</summary>
    internal static PyObject* FinishSequence(ref Freezer freezer, PyObject* copy, ObjectMark mark)
    {
        if (Layout.Current.TupleHasHash) *Tuples.Hash(copy) = FrozenHashes.OfTuple(ref freezer, copy);
        return freezer.Finish(copy, copy->Type, mark);
    }

    /// <summary>
    /// Copies the entries of a small dict up to the first whose key is not a str or int, or whose value is not a simple value.
    /// The copies of such keys have the hashes of the originals. Returns true if all entries were copied; otherwise
    /// <paramref name="index"/>, <paramref name="filled"/> and <paramref name="atValue"/> tell where the copying stopped.
    /// </summary>
    internal static bool CopyEntries(
        ref Freezer freezer, PyDictKeys* original, PyDictKeys* copy, out nint index, out nint filled, out bool atValue)
    {
        bool strings = original->Kind == PyDictKeys.Strings;
        nint count = original->EntryCount;
        byte* from = PyDictKeys.Entries(original);
        byte* to = PyDictKeys.Entries(copy);
        nint size = strings ? sizeof(PyDictStringEntry) : sizeof(PyDictEntry);
        filled = 0;
        atValue = false;
        for (nint i = 1; i <= count; i++) Prefetching.Fetch(((PyObject**)(from + i * size))[-1]);
        for (index = 0; index < count; index++, from += size)
        {
            // Both kinds of entries end with the key and the value.
            PyObject** pair = (PyObject**)(from + size) - 2;
            if (pair[1] == null) continue;
            PyObject** pairCopy = (PyObject**)(to + size) - 2;
            if (!strings && pair[0]->Type != Api.Table.PyUnicode_Type && pair[0]->Type != Api.Table.PyLong_Type) return false;
            if ((pairCopy[0] = FrozenLeaves.VisitSimple(ref freezer, pair[0])) == null) return false;
            if (!strings) *(nint*)to = *(nint*)from;
            if ((pairCopy[1] = FrozenLeaves.VisitSimple(ref freezer, pair[1])) == null)
            {
                atValue = true;
                return false;
            }
            filled++;
            to += size;
        }
        return true;
    }

    /// <summary>Finishes a dict that was copied without a frame.</summary>
    internal static PyObject* FinishDict(
        ref Freezer freezer, PyDictObject* copy, PyDictKeys* original, bool keepsTable, ObjectMark mark)
    {
        DictTables.FillIndex(copy->Keys, keepsTable ? original : null);
        if (Layout.Current.HasFrozenDict) ((PyFrozenDictObject*)copy)->Hash = FrozenHashes.OfFrozenDict(ref freezer, copy);
        PyObject* published = Freezer.Published(FrameKind.Dict, (PyObject*)copy);
        freezer.Finish(published, published->Type, mark);
        // If the copy is a mappingproxy, the container around it cannot be hashed.
        freezer.NoteReference(published);
        return published;
    }
}
