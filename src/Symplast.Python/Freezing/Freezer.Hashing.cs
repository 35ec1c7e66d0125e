using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

// Hashes of copies: which have one, and what it is. From 3.14 on tuples cache theirs, so it must be filled in.
internal unsafe ref partial struct Freezer
{
    /// <summary>Whether the container that is being finished refers to itself or to one around it.</summary>
    readonly bool IsInCycle(FreezeFrame* frame) => frame->Reaches < _walk.Stack.Count;

    /// <summary>
    /// The hash of such a container. From its parts it would never end; comparing never ends either, so any constant is as good,
    /// whatever the parts are. With it the container is hashable for those around it, which CPython would otherwise find out and
    /// write down.
    /// </summary>
    static nint HashInCycle(FreezeFrame* frame)
    {
        frame->Unhashable = false;
        return (nint)((nuint)frame->Copy >> 4);
    }

    /// <summary>
    /// A slice that leads to a container in progress cannot be hashed yet and has no field for a hash in a cycle. So it stays
    /// marked as in progress itself, with the index of that container in its header; what refers to it then knows that it is in a
    /// cycle too.
    /// </summary>
    void KeepOpen(PyObject* slice, int opening)
    {
        slice->RefCount = (ulong)opening;
        _innermostOpening = Math.Max(_innermostOpening, opening);
        _openSlices.Add((nint)slice);
    }

    /// <summary>
    /// After a container was taken off the stack: finishes the open slices that lead to it; or if it is an open slice itself,
    /// passes on to them what it leads to, <paramref name="opening"/> (else <see cref="Nothing"/>).
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void CloseSlices(int opening)
    {
        _innermostOpening = -1;
        for (int i = _openSlices.Count - 1; i >= 0; i--)
        {
            PyObject* slice = (PyObject*)(*_openSlices[i]);
            int leadsTo = (int)slice->RefCount;
            if (leadsTo >= _walk.Stack.Count && opening == Nothing)
            {
                slice->RefCount = _immortal;
                ObjectMarks.Set(slice, ObjectMark.Object);
                _openSlices.RemoveAtUnordered(i);
                continue;
            }
            if (leadsTo >= _walk.Stack.Count) slice->RefCount = (ulong)(leadsTo = opening);
            _innermostOpening = Math.Max(_innermostOpening, leadsTo);
        }
    }

    /// <summary>Whether hash(copy) of a finished copy works. Only asked on versions whose tuples cache their hash.</summary>
    bool HasHash(PyObject* copy)
    {
        ref Api api = ref Api.Table;
        PyObject* type = copy->Type;
        if (type == api.PyTuple_Type) return *Tuples.Hash(copy) != -1;
        if (type == api.PyDictProxy_Type) return false;
        if (Layout.Current.HasFrozenDict && type == api.PyFrozenDict_Type) return ((PyFrozenDictObject*)copy)->Hash != -1;
        return type != api.PySlice_Type || HashOfSlice(copy) != -1;
    }

    /// <summary>The hash of a finished tuple whose parts are hashable and finished.</summary>
    nint HashOfTuple(PyObject* copy)
    {
        nint count = ((PyVarObject*)copy)->Size;
        PyObject** items = Tuples.Items(copy);
        ulong hash = Hashes.StartTuple;
        for (nint i = 0; i < count; i++) hash = Hashes.AddItem(hash, HashOfPart(items[i]));
        return Hashes.FinishTuple(hash, count);
    }

    /// <summary>
    /// The hash of a finished frozendict whose values are hashable and finished: that of the frozenset of its items.
    /// </summary>
    nint HashOfFrozenDict(PyDictObject* copy)
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

    // Of a part that has one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    nint HashOfPart(PyObject* part)
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
        return type == api.PySlice_Type ? HashOfSlice(part) : api.HashBuiltin(part);
    }

    /// <summary>
    /// The hash of a finished slice that leads to nothing unfinished, -1 if it has none. Slices within slices are worked through
    /// one by one, since they may be deep or shared.
    /// </summary>
    nint HashOfSlice(PyObject* copy)
    {
        PyObject* known = _sliceHashes.Find(copy);
        if (known != null) return (nint)known;
        NativeList<nint> todo = default;
        todo.Add((nint)copy);
        nint hash = -1;
        while (todo.Count > 0)
        {
            PyObject* slice = (PyObject*)(*todo.Last);
            int waiting = todo.Count;
            PyObject** parts = &((PySliceObject*)slice)->Start;
            for (int i = 0; i < 3; i++)
            {
                if (parts[i]->Type == Api.Table.PySlice_Type && _sliceHashes.Find(parts[i]) == null) todo.Add((nint)parts[i]);
            }
            if (todo.Count > waiting) continue;
            todo.RemoveLast();
            if (_sliceHashes.Find(slice) != null) continue;
            nint start = HashOrNone(parts[0]), stop = HashOrNone(parts[1]), step = HashOrNone(parts[2]);
            hash = start == -1 || stop == -1 || step == -1 ? -1 : Hashes.OfSlice(start, stop, step);
            // Null means unknown. A tuple that thinks it has no hash only computes it each time.
            if (hash == 0) hash = -1;
            _sliceHashes.Add(slice, (PyObject*)hash);
        }
        todo.Dispose();
        return hash;
    }

    nint HashOrNone(PyObject* part)
    {
        if (part->Type == Api.Table.PySlice_Type) return (nint)_sliceHashes.Find(part);
        return HasHash(part) ? HashOfPart(part) : -1;
    }

    /// <summary>
    /// Whether a key or member may be hashed: on versions where tuples do not cache their hash, hashing one inside a cycle would
    /// never end. Keys with cycles can only come out of conversions, so this is rarely asked and rarely deep.
    /// </summary>
    readonly bool IsSafelyHashable(PyObject* copy, int depth = 0)
    {
        const int Deepest = 500;
        if (_conversions == 0 || !AddressRange.Contains(copy)) return true;
        if (ObjectMarks.Get(copy) == ObjectMark.InProgress) return false;
        bool isTuple = copy->Type == Api.Table.PyTuple_Type;
        if (Layout.Current.TupleHasHash || !isTuple && copy->Type != Api.Table.PySlice_Type) return true;
        if (depth > Deepest) return false;
        PyObject** parts = isTuple ? Tuples.Items(copy) : &((PySliceObject*)copy)->Start;
        nint count = isTuple ? ((PyVarObject*)copy)->Size : 3;
        for (nint i = 0; i < count; i++)
        {
            if (!IsSafelyHashable(parts[i], depth + 1)) return false;
        }
        return true;
    }
}
