using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The results of an iterator over a Dict.</summary>
internal enum DictIteration
{
    /// <summary>Keys.</summary>
    Keys,

    /// <summary>Values.</summary>
    Values,

    /// <summary>Pairs.</summary>
    Items,
}

/// <summary>
/// An iterator over the items that a Dict, SortedDict or Set had at one moment. It converts several items at once, so that not
/// every step needs a section.
/// </summary>
internal unsafe partial struct DictIterator
{
    internal PyObject Head;
    Handle* _owner;              // an owned reference, which also keeps the pool's addresses
    PoolHeap* _heap;             // the pool's heap, which tells at any time whether the pool was deleted
    SnapshotEntries _entries;    // none when all are used up
    ulong _next;                 // the number of the next entry to return
    ulong _first;                // the number of the first ready entry
    int _ready;
    ReadyObjects _objects;       // the ready objects: keys, values, or keys and values in turn
    DictIteration _what;
    DictIterator* _previous;     // in the interpreter's list, while there are entries
    DictIterator* _following;

    /// <summary>The specification, once it is built.</summary>
    internal static PyTypeSpec* Definition { get; set; }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.DictIterator"u8),
        BasicSize = sizeof(DictIterator),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("Iterator over the contents of a Dict, SortedDict or Set at one moment."u8)),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Iter, Api.Table.PyObject_SelfIter),
            Slot(PyTypeSlot.IterNext, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&NextCall),
            Slot(PyTypeSlot.Methods, Table(
                NoArgs("__length_hint__"u8, &LengthHint, "How many are left."u8),
                NoArgs("__reduce__"u8, &Reduce, "An iterator over a list of what is left."u8)))),
    });

    /// <summary>Returns a new iterator, which takes over the entries, or null with an exception set.</summary>
    internal static PyObject* Create(Handle* owner, SnapshotEntries entries, DictIteration what)
    {
        LiveState* state = owner->State;
        DictIterator* iterator = (DictIterator*)Api.Table.PyType_GenericAlloc(state->DictIteratorType, 0);
        if (iterator == null)
        {
            entries.Free(state->Me);
            return null;
        }
        References.Take((PyObject*)owner);
        iterator->_owner = owner;
        iterator->_heap = Heap.Of(owner->Shared);
        iterator->_entries = entries;
        iterator->_what = what;
        iterator->_following = (DictIterator*)state->Iterators;
        if (iterator->_following != null) iterator->_following->_previous = iterator;
        state->Iterators = iterator;
        return (PyObject*)iterator;
    }

    /// <summary>
    /// Gets new references to the next key and value, or only to the one that the iterator returns. Returns false at the end, or
    /// with an exception set.
    /// </summary>
    internal static bool Next(DictIterator* iterator, PyObject** key, PyObject** value)
    {
        *key = *value = null;
        while (!IsReady(iterator))
        {
            if (!Prepare(iterator)) return false;
        }
        bool hasBoth = iterator->_what == DictIteration.Items;
        int at = (int)(iterator->_next++ - iterator->_first);
        if (hasBoth) at *= 2;
        *(iterator->_what == DictIteration.Values ? value : key) = iterator->_objects.Take(at);
        if (hasBoth) *value = iterator->_objects.Take(at + 1);
        return true;
    }

    // Whether the next entry is ready and may be returned. After the deletion of the pool, ready entries are not returned.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsReady(DictIterator* iterator) =>
        iterator->_next - iterator->_first < (ulong)iterator->_ready && !PoolHeap.IsDeleted(iterator->_heap)
            && !ForkGuard.IsForkedChild;

    // Makes the next entries ready, as many as can be converted in one section. Returns false at the end, or with an exception
    // set. Python code can run, which may use this iterator.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Prepare(DictIterator* iterator)
    {
        if (!iterator->_entries.Exist || !LiveMethods.IsUsable(iterator->_owner)) return false;
        Handle* owner = iterator->_owner;
        LiveState* state = owner->State;
        int step = iterator->_what == DictIteration.Items ? 2 : 1;
        // The first batch is small, because many loops take only one entry.
        int most = iterator->_next == 0 ? 8 : ReadyObjects.Room / step;
        int done = 0;
        bool failed = false;
        Section section = Heap.Enter(state->Me, owner->Shared, out bool isDeleted);
        bool isOver = isDeleted || iterator->_next >= iterator->_entries.Count;
        if (!isOver)
        {
            ulong left = iterator->_entries.Count - iterator->_next;
            while (done < most && (ulong)done < left
                && !(failed = !TryMake(iterator, state, iterator->_next + (ulong)done, done * step))) done++;
            iterator->_first = iterator->_next;
            iterator->_ready = done;
        }
        section.Exit(state->Me);
        if (isDeleted) LiveErrors.RaiseDeleted(owner);
        if (isOver) Finish(iterator);
        if (isOver || !failed) return !isOver;
        // The key of an entry whose value could not be converted yet.
        PyObject* key = iterator->_objects.Take(done * step);
        bool goesOn = LiveState.Again(state);
        if (!goesOn && done != 0)
        {
            // The conversion fails again when the entry is the next one.
            Api.Table.PyErr_Clear();
            goesOn = true;
        }
        ReadyObjects.Drop(key);
        return goesOn;
    }

    // Converts an entry. Called inside a section. On failure, a key that was converted stays in its place.
    static bool TryMake(DictIterator* iterator, LiveState* state, ulong number, int place)
    {
        iterator->_entries.Get(number, out Value key, out Value value);
        PyObject* first = Outgoing.Object(state, iterator->_what == DictIteration.Values ? value : key);
        iterator->_objects.Put(place, first);
        if (first == null || iterator->_what != DictIteration.Items) return first != null;
        PyObject* second = Outgoing.Object(state, value);
        iterator->_objects.Put(place + 1, second);
        return second != null;
    }

    // Drops the ready objects. May run Python code, which finds no entry ready.
    static void DropReady(DictIterator* iterator)
    {
        bool isUsedUp = iterator->_next - iterator->_first >= (ulong)iterator->_ready;
        iterator->_ready = 0;
        if (!isUsedUp) iterator->_objects.Drop();
    }

    /// <summary>Frees the snapshots of all iterators of an interpreter.</summary>
    internal static void FinishAll(LiveState* state)
    {
        while (state->Iterators != null) Finish((DictIterator*)state->Iterators);
    }

    /// <summary>Frees the entries of an iterator, which must still have them. The iterator is then at its end.</summary>
    internal static void Finish(DictIterator* iterator)
    {
        LiveState* state = iterator->_owner->State;
        SnapshotEntries entries = iterator->_entries;
        iterator->_entries = default;
        if (iterator->_previous != null) iterator->_previous->_following = iterator->_following;
        else state->Iterators = iterator->_following;
        if (iterator->_following != null) iterator->_following->_previous = iterator->_previous;
        iterator->_previous = iterator->_following = null;
        if (!ForkGuard.IsForkedChild) entries.Free(state->Me);
        if (iterator->_ready != 0) DropReady(iterator);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* NextCall(PyObject* self)
    {
        DictIterator* iterator = (DictIterator*)self;
        return IsReady(iterator) && iterator->_what != DictIteration.Items
            ? iterator->_objects.Take((int)(iterator->_next++ - iterator->_first)) : NextSlowly(iterator);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* NextSlowly(DictIterator* iterator)
    {
        try
        {
            PyObject* key;
            PyObject* value;
            return Next(iterator, &key, &value) ? Pick(iterator, key, value) : null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [Callback]
    private static partial PyObject* LengthHint(DictIterator* iterator, PyObject* none)
    {
        if (!iterator->_entries.Exist || LiveMethods.IsDeleted(iterator->_owner)) return Api.Table.PyLong_FromLongLong(0);
        LiveState* state = iterator->_owner->State;
        Section section = Heap.Enter(state->Me, iterator->_owner->Shared, out bool isDeleted);
        long left = isDeleted ? 0 : (long)(iterator->_entries.Count - iterator->_next);
        section.Exit(state->Me);
        return Api.Table.PyLong_FromLongLong(left);
    }

    // As those of dict: an iterator over a list of what is left.
    [Callback]
    private static partial PyObject* Reduce(DictIterator* iterator, PyObject* none)
    {
        ref Api api = ref Api.Table;
        ulong next = iterator->_next;
        PyObject* left = api.PyList_New(0);
        bool done = left != null;
        PyObject* key;
        PyObject* value;
        while (done && HasMore(iterator) && (done = Next(iterator, &key, &value)))
        {
            PyObject* item = Pick(iterator, key, value);
            done = item != null && api.PyList_Append(left, item) == 0;
            References.Drop(item);
        }
        DropReady(iterator);
        iterator->_next = next;
        PyObject* builtins = done ? api.PyImport_ImportModule(Text.Utf8("builtins"u8)) : null;
        PyObject* iter = builtins == null ? null : api.PyObject_GetAttrString(builtins, Text.Utf8("iter"u8));
        References.Drop(builtins);
        PyObject* arguments = iter == null ? null : api.PyTuple_New(1);
        if (arguments == null)
        {
            References.Drop(iter);
            References.Drop(left);
            return null;
        }
        api.PyTuple_SetItem(arguments, 0, left);
        return LiveMethods.Pair(iter, arguments);
    }

    static bool HasMore(DictIterator* iterator)
    {
        if (!iterator->_entries.Exist || iterator->_owner->Shared == null || ForkGuard.IsForkedChild) return false;
        LiveState* state = iterator->_owner->State;
        Section section = Section.Enter(state->Me);
        // If the pool was deleted, Next raises the error.
        bool hasMore = PoolHeap.IsDeleted(Heap.Of(iterator->_owner->Shared)) || iterator->_next < iterator->_entries.Count;
        section.Exit(state->Me);
        return hasMore;
    }

    // What the iterator gives, of the two references that Next gave.
    static PyObject* Pick(DictIterator* iterator, PyObject* key, PyObject* value) => iterator->_what switch
    {
        DictIteration.Keys => key,
        DictIteration.Values => value,
        _ => LiveMethods.Pair(key, value),
    };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        DictIterator* iterator = (DictIterator*)self;
        if (iterator->_entries.Exist) Finish(iterator);
        References.Drop((PyObject*)iterator->_owner);
        Api.Table.PyObject_Free(self);
        References.Drop(type);
    }
}
