using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>Freezes dicts, as a frozendict (3.15+) or as a mappingproxy of a dict to which nothing else refers.</summary>
internal static unsafe class FrozenDicts
{
    /// <summary>The distance from the mappingproxy to its dict. Both lie in one block, each after its GC header.</summary>
    internal const int ProxyToDict = PyMappingProxyObject.AlignedSize + Layout.GcHeadSize;

    /// <summary>Freezes a mappingproxy as the dict behind it. The memo maps both to the same copy.</summary>
    internal static PyObject* BeginProxied(ref Freezer freezer, PyObject* o)
    {
        PyObject* mapping = ((PyMappingProxyObject*)o)->Mapping;
        ref Api api = ref Api.Table;
        if (!freezer.Interpreter.KnowsCollections) freezer.Callout(o);
        bool isDict = mapping->Type == api.PyDict_Type || mapping->Type == api.PyODict_Type
            || freezer.Interpreter.IsPlainDictSubclass(mapping->Type)
            || Layout.Current.HasFrozenDict && mapping->Type == api.PyFrozenDict_Type;
        if (!isDict)
            return FreezeErrors.RaiseNotShareable(ref freezer, $"mappingproxy of a {Text.TypeName(mapping)} cannot be frozen");
        PyObject* copy = freezer.Walk.Memo.Find(mapping);
        if (copy != null)
        {
            freezer.NoteReference(copy);
            return copy;
        }
        copy = mapping->Type == api.PyODict_Type ? BeginOrdered(ref freezer, mapping) : Begin(ref freezer, mapping);
        if (copy != null) freezer.Walk.Memo.Add(mapping, copy);
        return copy;
    }

    /// <summary>Freezes an OrderedDict. Its order is not that of its table, so it is first copied to a plain dict in
    /// order.</summary>
    internal static PyObject* BeginOrdered(ref Freezer freezer, PyObject* o)
    {
        freezer.Callout(o);
        PyObject* plain = Api.Table.PyObject_CallOneArg(Api.Table.PyDict_Type, o);
        if (plain == null) return null;
        freezer.Walk.Keep(plain);
        return Begin(ref freezer, plain);
    }

    internal static PyObject* Begin(ref Freezer freezer, PyObject* o)
    {
        if (((PyDictObject*)o)->Values != null && (o = Combined(ref freezer, o)) == null) return null;
        PyDictObject* original = (PyDictObject*)o;
        PyDictKeys* table = original->Keys;
        nint used = original->Used;
        Prefetching.Fetch(table);
        Prefetching.Fetch((byte*)table + 64);
        Prefetching.Fetch((byte*)table + 128);
        int log2 = 3;
        while (PyDictKeys.Capacity(log2) < used) log2++;
        // The original's index can be copied if nothing was ever deleted and the index is not much too large. A popitem() leaves
        // no hole among the entries, but it leaves a dummy in the index and reduces the usable count; copies of the frozen dict
        // would count that place as usable.
        bool keeps = used > 0 && DictTables.IsDense(table, used) && table->Log2Size <= log2 + 1;
        if (keeps) log2 = table->Log2Size;

        bool hasProxy = !Layout.Current.HasFrozenDict;
        nuint dictAt = (nuint)Layout.GcHeadSize + (hasProxy ? (nuint)ProxyToDict : 0);
        nuint tableAt = dictAt + (hasProxy ? (nuint)sizeof(PyDictObject) : 64);
        nuint size = tableAt;
        if (used > 0)
        {
            nuint entry = table->Kind == PyDictKeys.Strings ? (nuint)sizeof(PyDictStringEntry) : (nuint)sizeof(PyDictEntry);
            size += (nuint)sizeof(PyDictKeys) + ((nuint)1 << PyDictKeys.IndexBytesLog2(log2))
                + (nuint)PyDictKeys.Capacity(log2) * entry;
        }
        byte* block = freezer.Allocate(size);
        if (block == null) return null;

        PyDictObject* copy = (PyDictObject*)(block + dictAt);
        copy->Head.RefCount = freezer.Immortal;
        copy->Used = used;
        copy->Keys = used == 0 ? StaticObjects.EmptyKeys
            : DictTables.BeginTable((PyDictKeys*)(block + tableAt), table, log2, used);
        if (hasProxy)
        {
            copy->Head.Type = Api.Table.PyDict_Type;
            PyMappingProxyObject* proxy = (PyMappingProxyObject*)((byte*)copy - ProxyToDict);
            proxy->Head.Type = Api.Table.PyDictProxy_Type;
            proxy->Mapping = (PyObject*)copy;
        }
        else
        {
            copy->Head.Type = Api.Table.PyFrozenDict_Type;
            ((PyFrozenDictObject*)copy)->Hash = -1;
        }
        bool isFrozen = Layout.Current.HasFrozenDict && o->Type == Api.Table.PyFrozenDict_Type;
        ObjectMark mark = isFrozen ? Freezer.ObjectMarkOf(o) : ObjectMark.MutableOrigin;
        nint index = 0, filled = 0;
        bool atValue = false;
        if (used <= FlatContainers.MostFlat
            && FlatContainers.CopyEntries(ref freezer, table, copy->Keys, out index, out filled, out atValue))
        {
            freezer.NextIsAttributes = false;
            return FlatContainers.FinishDict(ref freezer, copy, table, keeps, mark);
        }
        if (freezer.IsExhausted) return null;
        FreezeFrame* frame = freezer.Push(FrameKind.Dict, o, (PyObject*)copy, used, mark);
        frame->Table = table;
        frame->Index = index;
        frame->Filled = filled;
        frame->AtValue = atValue;
        frame->TableSize = table->EntryCount;
        frame->TableKind = table->Kind;
        frame->KeepsTable = keeps;
        frame->IsAttributes = freezer.NextIsAttributes;
        frame->Unhashable = hasProxy;
        freezer.NextIsAttributes = false;
        return Freezer.Published(FrameKind.Dict, (PyObject*)copy);
    }

    // Copies an instance dictionary with a split table, where the keys are shared by all instances, to a dict with one table.
    static PyObject* Combined(ref Freezer freezer, PyObject* split)
    {
        ref Api api = ref Api.Table;
        PyObject* plain = api.PyDict_New();
        if (plain == null) return null;
        freezer.Walk.Keep(plain);
        nint position = 0;
        PyObject* key;
        PyObject* value;
        while (api.PyDict_Next(split, &position, &key, &value) != 0)
        {
            if (api.PyDict_SetItem(plain, key, value) != 0) return null;
        }
        return plain;
    }

    internal static bool Step(ref Freezer freezer)
    {
        int depth = freezer.Walk.Stack.Count - 1;
        FreezeFrame* frame = freezer.Walk.Stack[depth];
        PyDictObject* original = (PyDictObject*)frame->Original;
        PyDictKeys* table = (PyDictKeys*)frame->Table;
        PyDictKeys* copyTable = ((PyDictObject*)frame->Copy)->Keys;
        nint used = frame->Size;
        bool strings = copyTable->Kind == PyDictKeys.Strings;
        byte* copies = PyDictKeys.Entries(copyTable);
        while (true)
        {
            // Other code may have run since the last check. The entries are read only if the table is the same as when the frame
            // began.
            frame = freezer.Walk.Stack[depth];
            if (original->Keys != table || original->Used != used || table->EntryCount != frame->TableSize
                || table->Kind != frame->TableKind)
                return FreezeErrors.RaiseChanged(ref freezer);
            long callouts = freezer.Callouts;
            if (frame->Filled == used) return Finish(ref freezer);
            if (frame->Index >= table->EntryCount) return FreezeErrors.RaiseChanged(ref freezer);
            byte* entries = PyDictKeys.Entries(table);
            do
            {
                nint index = frame->Index;
                nint filled = frame->Filled;
                PyDictEntry entry = strings
                    ? new() { Key = ((PyDictStringEntry*)entries)[index].Key, Value = ((PyDictStringEntry*)entries)[index].Value }
                    : ((PyDictEntry*)entries)[index];
                if (entry.Value == null)
                {
                    frame->Index++;
                    break;
                }
                if (!frame->AtValue)
                {
                    PyObject* key = freezer.Visit(entry.Key);
                    if (key == null) return false;
                    frame = freezer.Walk.Stack[depth];
                    frame->AtValue = true;
                    if (!freezer.Pushed && frame->Reaches != Freezer.Nothing && key->Type != Api.Table.PyUnicode_Type
                        && !FrozenKeys.Allows(ref freezer, key))
                        return false;
                    if (strings) ((PyDictStringEntry*)copies)[filled].Key = key;
                    else
                    {
                        ((PyDictEntry*)copies)[filled].Key = key;
                        ((PyDictEntry*)copies)[filled].Hash = entry.Hash;
                    }
                    if (freezer.Pushed) return true;
                    if (callouts != freezer.Callouts) break;
                }
                PyObject* value = freezer.Visit(entry.Value);
                if (value == null) return false;
                if (strings) ((PyDictStringEntry*)copies)[filled].Value = value;
                else ((PyDictEntry*)copies)[filled].Value = value;
                frame = freezer.Walk.Stack[depth];
                frame->AtValue = false;
                frame->Index = index + 1;
                frame->Filled = filled + 1;
                if (freezer.Pushed) return true;
            }
            while (callouts == freezer.Callouts && frame->Filled < used && frame->Index < table->EntryCount);
        }
    }

    static bool Finish(ref Freezer freezer)
    {
        FreezeFrame* frame = freezer.Walk.Stack.Last;
        PyDictObject* copy = (PyDictObject*)frame->Copy;
        PyDictKeys* table = copy->Keys;
        if (copy->Used > 0)
        {
            bool disturbed = frame->Callouts != freezer.Callouts;
            if (disturbed && !DictTables.HasSameKeys(frame)) return FreezeErrors.RaiseChanged(ref freezer);
            bool sameHashes = true;
            if (table->Kind != PyDictKeys.Strings && !RefreshHashes(ref freezer, table, out sameHashes)) return false;
            bool converted = freezer.Conversions != frame->Conversions && table->Kind != PyDictKeys.Strings;
            if (converted && !KeysDiffer(ref freezer, table)) return false;
            PyDictKeys* original = (PyDictKeys*)frame->Table;
            bool keeps = frame->KeepsTable && sameHashes && (!disturbed || DictTables.IsDense(original, copy->Used));
            DictTables.FillIndex(table, keeps ? original : null);
        }
        if (Layout.Current.HasFrozenDict)
        {
            nint* hash = &((PyFrozenDictObject*)copy)->Hash;
            if (FrozenHashes.IsInCycle(ref freezer, frame)) *hash = FrozenHashes.OfCycle(frame);
            else if (!frame->Unhashable) *hash = FrozenHashes.OfFrozenDict(ref freezer, copy);
        }
        return freezer.Pop();
    }

    // The hash of a copy can differ from the original's: a NaN is hashed by its address, and a result of default= may have any
    // hash.
    static bool RefreshHashes(ref Freezer freezer, PyDictKeys* table, out bool same)
    {
        same = true;
        PyDictEntry* entries = (PyDictEntry*)PyDictKeys.Entries(table);
        for (nint i = 0; i < table->EntryCount; i++)
        {
            nint hash = FrozenKeys.Hash(ref freezer, entries[i].Key);
            if (hash == -1) return false;
            same &= hash == entries[i].Hash;
            entries[i].Hash = hash;
        }
        return true;
    }

    // Conversions can make two keys equal. A temporary dict compares the keys by CPython's own rules.
    static bool KeysDiffer(ref Freezer freezer, PyDictKeys* table)
    {
        ref Api api = ref Api.Table;
        PyObject* probe = api.PyDict_New();
        if (probe == null) return false;
        PyDictEntry* entries = (PyDictEntry*)PyDictKeys.Entries(table);
        for (nint i = 0; i < table->EntryCount; i++)
        {
            if (api.PyDict_SetItem(probe, entries[i].Key, api._Py_NoneStruct) == 0) continue;
            References.Drop(probe);
            return false;
        }
        bool differ = ((PyDictObject*)probe)->Used == table->EntryCount;
        References.Drop(probe);
        return differ || FreezeErrors.RaiseNotShareable(ref freezer, "two keys of the dict are equal once frozen") != null;
    }
}
