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
    /// The copy of a str, int, float, bool or None. Null for anything else, and when memory ran out: the caller then takes the ordinary path, which
    /// meets that again and reports it. Runs no Python code.
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
        if (Layout.Current.TupleHasHash) *(nint*)((byte*)copy + Layout.TupleHash) = HashOfTuple(copy);
        return Finish(copy, copy->Type, mark);
    }

    /// <summary>
    /// Copies the entries of a small dict as far as keys are str or int, whose hashes the copies share, and values are simple. Leaves the place of
    /// the first that is not in <paramref name="index"/>, <paramref name="filled"/> and <paramref name="atValue"/>; true if there was none.
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
        return Finish(published, published->Type, mark);
    }

    /// <summary>The hash of a finished tuple whose parts are hashable and finished.</summary>
    static nint HashOfTuple(PyObject* copy)
    {
        nint count = ((PyVarObject*)copy)->Size;
        PyObject** items = (PyObject**)((byte*)copy + Layout.Current.TupleItems);
        ulong hash = Hashes.StartTuple;
        for (nint i = 0; i < count; i++) hash = Hashes.AddItem(hash, HashOfPart(items[i]));
        return Hashes.FinishTuple(hash, count);
    }

    /// <summary>The hash of a finished frozendict whose values are hashable and finished: that of the frozenset of its items.</summary>
    static nint HashOfFrozenDict(PyDictObject* copy)
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
            ulong item = Hashes.AddItem(Hashes.AddItem(Hashes.StartTuple, key), HashOfPart(pair[1]));
            hash = Hashes.AddMember(hash, Hashes.FinishTuple(item, 2));
        }
        return Hashes.FinishSet(hash, copy->Used);
    }

    /// <summary>
    /// Brings items that will be visited soon into the cache: the head of one further ahead, the table or items behind the head of a nearer one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void LookAhead(PyObject** items, nint index, nint size)
    {
        const nint Far = 6;
        const nint Near = 3;
        if (index + Far >= size) return;
        Prefetch(items[index + Far]);
        PyObject* near = items[index + Near];
        PyObject* type = near->Type;
        if (type == Api.Table.PyDict_Type)
        {
            byte* table = (byte*)((PyDictObject*)near)->Keys;
            Prefetch(table);
            Prefetch(table + 64);
        }
        else if (type == Api.Table.PyList_Type)
        {
            Prefetch(((PyListObject*)near)->Items);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Prefetch(void* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static nint HashOfPart(PyObject* part)
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
        if (type == api.PyTuple_Type) return *(nint*)((byte*)part + Layout.TupleHash);
        return api.HashBuiltin(part);
    }
}
