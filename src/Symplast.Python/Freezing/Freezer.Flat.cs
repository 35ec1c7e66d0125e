using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

// The fast path: small containers whose parts are all simple values are copied in one go, without a frame on the stack.
internal unsafe ref partial struct Freezer
{
    const nint MostFlat = 64;

    /// <summary>
    /// The copy of a str, int, float, bool or None. Null for anything else, and with an exception set when memory ran out (see
    /// <see cref="IsExhausted"/>). Runs no Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    PyObject* VisitSimple(PyObject* o)
    {
        if (AddressRange.Contains(o)) return null;
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyUnicode_Type) return VisitString(o);
        if (type == api.PyLong_Type) return VisitInt(o);
        if (type == api.PyFloat_Type) return VisitFloat(o);
        return o == api._Py_NoneStruct || type == api.PyBool_Type ? o : null;
    }

    /// <summary>Whether memory ran out, so that the freeze cannot go on.</summary>
    readonly bool IsExhausted => _writer.Failure != AllocationFailure.None;

    /// <summary>Copies simple items until one is not; returns how many.</summary>
    nint CopySimple(PyObject** items, PyObject** copies, nint count)
    {
        // Originals are scattered over the heap: their cache misses had better overlap.
        for (nint i = 0; i < count; i++) Prefetch(items[i]);
        nint done = 0;
        while (done < count)
        {
            PyObject* copy = VisitSimple(items[done]);
            if (copy == null) break;
            copies[done++] = copy;
        }
        return done;
    }

    /// <summary>Finishes a tuple that was copied without a frame.</summary>
    PyObject* FinishFlatSequence(PyObject* copy, ObjectMark mark)
    {
        if (Layout.Current.TupleHasHash) *Tuples.Hash(copy) = HashOfTuple(copy);
        return Finish(copy, copy->Type, mark);
    }

    /// <summary>
    /// Copies the entries of a small dict as far as keys are str or int, whose hashes the copies share, and values are simple.
    /// Leaves the place of the first that is not in <paramref name="index"/>, <paramref name="filled"/> and
    /// <paramref name="atValue"/>; true if there was none.
    /// </summary>
    bool CopySimpleEntries(PyDictKeys* original, PyDictKeys* copy, out nint index, out nint filled, out bool atValue)
    {
        bool strings = original->Kind == PyDictKeys.Strings;
        nint count = original->EntryCount;
        byte* from = PyDictKeys.Entries(original);
        byte* to = PyDictKeys.Entries(copy);
        nint size = strings ? sizeof(PyDictStringEntry) : sizeof(PyDictEntry);
        filled = 0;
        atValue = false;
        for (nint i = 1; i <= count; i++) Prefetch(((PyObject**)(from + i * size))[-1]);
        for (index = 0; index < count; index++, from += size)
        {
            // Both kinds of entry end with key and value.
            PyObject** pair = (PyObject**)(from + size) - 2;
            if (pair[1] == null) continue;
            PyObject** pairCopy = (PyObject**)(to + size) - 2;
            if (!strings && pair[0]->Type != Api.Table.PyUnicode_Type && pair[0]->Type != Api.Table.PyLong_Type) return false;
            if ((pairCopy[0] = VisitSimple(pair[0])) == null) return false;
            if (!strings) *(nint*)to = *(nint*)from;
            if ((pairCopy[1] = VisitSimple(pair[1])) == null)
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
    PyObject* FinishFlatDict(PyDictObject* copy, PyDictKeys* original, bool keepsTable, ObjectMark mark)
    {
        FillIndex(copy->Keys, keepsTable ? original : null);
        if (Layout.Current.HasFrozenDict) ((PyFrozenDictObject*)copy)->Hash = HashOfFrozenDict(copy);
        PyObject* published = Published(FrameKind.Dict, (PyObject*)copy);
        Finish(published, published->Type, mark);
        // The container around it cannot be hashed if this is a mappingproxy.
        NoteReference(published);
        return published;
    }

    /// <summary>
    /// Brings items that will be visited soon into the cache: the head of one further ahead, the table or items behind the head
    /// of a nearer one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void LookAhead(PyObject** items, nint index, nint size)
    {
        const nint Far = 6;
        const nint Near = 3;
        if (index + Far >= size) return;
        Prefetch(items[index + Far]);
        PrefetchParts(items[index + Near]);
    }

    /// <summary>The same for the first of some items, whose heads are in the cache already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void LookInside(PyObject** items, nint from, nint size)
    {
        const nint Most = 4;
        size = Math.Min(size, from + Most);
        for (nint i = from; i < size; i++) PrefetchParts(items[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void PrefetchParts(PyObject* o)
    {
        PyObject* type = o->Type;
        if (type == Api.Table.PyDict_Type)
        {
            byte* table = (byte*)((PyDictObject*)o)->Keys;
            Prefetch(table);
            Prefetch(table + 64);
        }
        else if (type == Api.Table.PyList_Type)
        {
            Prefetch(((PyListObject*)o)->Items);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Prefetch(void* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }
}
