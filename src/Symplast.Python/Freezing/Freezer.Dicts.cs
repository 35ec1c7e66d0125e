using System.Numerics;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

// Dicts, which become frozendict (3.15+) or mappingproxy over a dict that nothing else refers to.
internal unsafe ref partial struct Freezer
{
    const int PerturbShift = 5;

    /// <summary>Distance from the mappingproxy to its dict: both lie in one block, each behind its collector's head.</summary>
    const int ProxyToDict = 48;

    /// <summary>A mappingproxy freezes as the dict behind it; both are remembered as the same copy.</summary>
    PyObject* VisitMappingProxy(PyObject* o)
    {
        PyObject* mapping = ((PyMappingProxyObject*)o)->Mapping;
        ref Api api = ref Api.Table;
        if (!_interpreter.KnowsCollections) Callout(o);
        bool isDict = mapping->Type == api.PyDict_Type || mapping->Type == api.PyODict_Type
            || _interpreter.IsPlainDictSubclass(mapping->Type)
            || Layout.Current.HasFrozenDict && mapping->Type == api.PyFrozenDict_Type;
        if (!isDict) return RaiseNotShareable($"mappingproxy of a {Text.TypeName(mapping)} cannot be frozen");
        PyObject* copy = _walk.Memo.Find(mapping);
        if (copy != null)
        {
            NoteReference(copy);
            return copy;
        }
        copy = mapping->Type == api.PyODict_Type ? BeginOrderedDict(mapping) : BeginDict(mapping);
        if (copy != null) _walk.Memo.Add(mapping, copy);
        return copy;
    }

    /// <summary>The order of an OrderedDict is kept beside its table, so it goes through a plain dict in that order.</summary>
    PyObject* BeginOrderedDict(PyObject* o)
    {
        Callout(o);
        PyObject* plain = Api.Table.PyObject_CallOneArg(Api.Table.PyDict_Type, o);
        if (plain == null) return null;
        _walk.Keep(plain);
        return BeginDict(plain);
    }

    PyObject* BeginDict(PyObject* o)
    {
        if (((PyDictObject*)o)->Values != null && (o = Combined(o)) == null) return null;
        PyDictObject* original = (PyDictObject*)o;
        PyDictKeys* table = original->Keys;
        nint used = original->Used;
        Prefetch(table);
        Prefetch((byte*)table + 64);
        Prefetch((byte*)table + 128);
        int log2 = 3;
        while (PyDictKeys.Capacity(log2) < used) log2++;
        // The original's own index can be copied if nothing was ever deleted (popitem() leaves no hole among the entries, but a
        // dummy in the index and less room, which copies of the frozen dict would take for usable) and if it is not much too
        // large.
        bool keeps = used > 0 && IsDense(table, used) && table->Log2Size <= log2 + 1;
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
        byte* block = Allocate(size);
        if (block == null) return null;

        PyDictObject* copy = (PyDictObject*)(block + dictAt);
        copy->Head.RefCount = _immortal;
        copy->Used = used;
        copy->Keys = used == 0 ? StaticObjects.EmptyKeys : BeginTable((PyDictKeys*)(block + tableAt), table, log2, used);
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
        ObjectMark mark = isFrozen ? ObjectMarkOf(o) : ObjectMark.MutableOrigin;
        nint index = 0, filled = 0;
        bool atValue = false;
        if (used <= MostFlat && CopySimpleEntries(table, copy->Keys, out index, out filled, out atValue))
        {
            _nextIsAttributes = false;
            return FinishFlatDict(copy, table, keeps, mark);
        }
        if (IsExhausted) return null;
        FreezeFrame* frame = Push(FrameKind.Dict, o, (PyObject*)copy, used, mark);
        frame->Table = table;
        frame->Index = index;
        frame->Filled = filled;
        frame->AtValue = atValue;
        frame->TableSize = table->EntryCount;
        frame->TableKind = table->Kind;
        frame->KeepsTable = keeps;
        frame->IsAttributes = _nextIsAttributes;
        frame->Unhashable = hasProxy;
        _nextIsAttributes = false;
        return Published(FrameKind.Dict, (PyObject*)copy);
    }

    static bool IsDense(PyDictKeys* table, nint used) =>
        table->EntryCount == used && table->Usable == PyDictKeys.Capacity(table->Log2Size) - used;

    // A count of 1, never an immortal one: dict.copy() copies the whole table, count included, and frees it later by that count.
    static PyDictKeys* BeginTable(PyDictKeys* copy, PyDictKeys* original, int log2, nint used)
    {
        copy->RefCount = 1;
        copy->Log2Size = (byte)log2;
        copy->Log2IndexBytes = (byte)PyDictKeys.IndexBytesLog2(log2);
        copy->Kind = original->Kind == PyDictKeys.Strings ? PyDictKeys.Strings : PyDictKeys.General;
        copy->Usable = PyDictKeys.Capacity(log2) - used;
        copy->EntryCount = used;
        return copy;
    }

    // Instance dictionaries keep their values apart from a table that all instances share.
    PyObject* Combined(PyObject* split)
    {
        ref Api api = ref Api.Table;
        PyObject* plain = api.PyDict_New();
        if (plain == null) return null;
        _walk.Keep(plain);
        nint position = 0;
        PyObject* key;
        PyObject* value;
        while (api.PyDict_Next(split, &position, &key, &value) != 0)
        {
            if (api.PyDict_SetItem(plain, key, value) != 0) return null;
        }
        return plain;
    }

    bool StepDict()
    {
        int depth = _walk.Stack.Count - 1;
        FreezeFrame* frame = _walk.Stack[depth];
        PyDictObject* original = (PyDictObject*)frame->Original;
        PyDictKeys* table = (PyDictKeys*)frame->Table;
        PyDictKeys* copyTable = ((PyDictObject*)frame->Copy)->Keys;
        nint used = frame->Size;
        bool strings = copyTable->Kind == PyDictKeys.Strings;
        byte* copies = PyDictKeys.Entries(copyTable);
        while (true)
        {
            // Other code may have run since the last look: the entries are read again only if the table is still like the one
            // that was begun.
            frame = _walk.Stack[depth];
            if (original->Keys != table || original->Used != used || table->EntryCount != frame->TableSize
                || table->Kind != frame->TableKind)
                return RaiseChanged();
            long callouts = _callouts;
            if (frame->Filled == used) return FinishDict();
            if (frame->Index >= table->EntryCount) return RaiseChanged();
            byte* entries = PyDictKeys.Entries(table);
            do
            {
                nint index = frame->Index;
                nint filled = frame->Filled;
                PyDictEntry entry = strings
                    ? new PyDictEntry
                    {
                        Key = ((PyDictStringEntry*)entries)[index].Key,
                        Value =
                        ((PyDictStringEntry*)entries)[index].Value
                    }
                    : ((PyDictEntry*)entries)[index];
                if (entry.Value == null)
                {
                    frame->Index++;
                    break;
                }
                if (!frame->AtValue)
                {
                    PyObject* key = Visit(entry.Key);
                    if (key == null) return false;
                    frame = _walk.Stack[depth];
                    frame->AtValue = true;
                    if (!_pushed && frame->Reaches != Nothing && key->Type != Api.Table.PyUnicode_Type && !CanBeKey(key))
                        return false;
                    if (strings)
                    {
                        ((PyDictStringEntry*)copies)[filled].Key = key;
                    }
                    else
                    {
                        ((PyDictEntry*)copies)[filled].Key = key;
                        ((PyDictEntry*)copies)[filled].Hash = entry.Hash;
                    }
                    if (_pushed) return true;
                    if (callouts != _callouts) break;
                }
                PyObject* value = Visit(entry.Value);
                if (value == null) return false;
                if (strings) ((PyDictStringEntry*)copies)[filled].Value = value;
                else ((PyDictEntry*)copies)[filled].Value = value;
                frame = _walk.Stack[depth];
                frame->AtValue = false;
                frame->Index = index + 1;
                frame->Filled = filled + 1;
                if (_pushed) return true;
            }
            while (callouts == _callouts && frame->Filled < used && frame->Index < table->EntryCount);
        }
    }

    bool FinishDict()
    {
        FreezeFrame* frame = _walk.Stack.Last;
        PyDictObject* copy = (PyDictObject*)frame->Copy;
        PyDictKeys* table = copy->Keys;
        if (copy->Used > 0)
        {
            bool disturbed = frame->Callouts != _callouts;
            if (disturbed && !HasSameKeys(frame)) return RaiseChanged();
            bool sameHashes = true;
            if (table->Kind != PyDictKeys.Strings && !RefreshHashes(table, out sameHashes)) return false;
            bool converted = _conversions != frame->Conversions && table->Kind != PyDictKeys.Strings;
            if (converted && !KeysDiffer(table)) return false;
            PyDictKeys* original = (PyDictKeys*)frame->Table;
            bool keeps = frame->KeepsTable && sameHashes && (!disturbed || IsDense(original, copy->Used));
            FillIndex(table, keeps ? original : null);
        }
        if (Layout.Current.HasFrozenDict)
        {
            nint* hash = &((PyFrozenDictObject*)copy)->Hash;
            if (IsInCycle(frame)) *hash = HashInCycle(frame);
            else if (!frame->Unhashable) *hash = HashOfFrozenDict(copy);
        }
        return Pop();
    }

    /// <summary>
    /// Fills the index of a table: with that of the original's table, if the entries are the same, or by entering them.
    /// </summary>
    static void FillIndex(PyDictKeys* table, PyDictKeys* original)
    {
        // All empty dicts share one table.
        if (table->EntryCount == 0) return;
        nuint bytes = (nuint)1 << table->Log2IndexBytes;
        if (original != null) Buffer.MemoryCopy(PyDictKeys.Index(original), PyDictKeys.Index(table), bytes, bytes);
        else BuildIndex(table);
    }

    // Whether the original still has the keys that were copied, by their hashes. The last look at its table was just now.
    static bool HasSameKeys(FreezeFrame* frame)
    {
        PyDictKeys* original = (PyDictKeys*)frame->Table;
        byte* entries = PyDictKeys.Entries(original);
        byte* copies = PyDictKeys.Entries(((PyDictObject*)frame->Copy)->Keys);
        nint copied = 0;
        for (nint i = 0; i < original->EntryCount; i++)
        {
            nint hash, copiedHash;
            if (original->Kind == PyDictKeys.Strings)
            {
                PyDictStringEntry* entry = (PyDictStringEntry*)entries + i;
                if (entry->Value == null) continue;
                hash = ((PyAsciiObject*)entry->Key)->Hash;
                copiedHash = ((PyAsciiObject*)((PyDictStringEntry*)copies)[copied].Key)->Hash;
            }
            else
            {
                PyDictEntry* entry = (PyDictEntry*)entries + i;
                if (entry->Value == null) continue;
                hash = entry->Hash;
                copiedHash = ((PyDictEntry*)copies)[copied].Hash;
            }
            if (hash != copiedHash) return false;
            copied++;
        }
        return true;
    }

    // A NaN hashes by its address, and what default= returned hashes as it likes, so hashes of copies can differ from the
    // originals'.
    bool RefreshHashes(PyDictKeys* table, out bool same)
    {
        same = true;
        PyDictEntry* entries = (PyDictEntry*)PyDictKeys.Entries(table);
        for (nint i = 0; i < table->EntryCount; i++)
        {
            nint hash = HashOfKey(entries[i].Key);
            if (hash == -1) return false;
            same &= hash == entries[i].Hash;
            entries[i].Hash = hash;
        }
        return true;
    }

    /// <summary>The hash of a key or member, or -1 with NotShareableError set if its frozen form has none.</summary>
    nint HashOfKey(PyObject* key)
    {
        if (!IsSafelyHashable(key))
        {
            RaiseBadKey(unhashable: false);
            return -1;
        }
        nint hash = Api.Table.HashBuiltin(key);
        if (hash == -1)
        {
            Api.Table.PyErr_Clear();
            RaiseBadKey(unhashable: true);
        }
        return hash;
    }

    // Conversions can make two keys equal. A throw-away dict knows what equal means.
    bool KeysDiffer(PyDictKeys* table)
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
        return differ || RaiseNotShareable("two keys of the dict are equal once frozen") != null;
    }

    /// <summary>Enters all entries into the index, by the probing of CPython's dictobject.c.</summary>
    static void BuildIndex(PyDictKeys* table)
    {
        NativeMemory.Fill(PyDictKeys.Index(table), (nuint)1 << table->Log2IndexBytes, 0xFF);
        switch (table->Log2IndexBytes - table->Log2Size)
        {
            case 0: BuildIndex<sbyte>(table); break;
            case 1: BuildIndex<short>(table); break;
            case 2: BuildIndex<int>(table); break;
            default: BuildIndex<long>(table); break;
        }
    }

    static void BuildIndex<T>(PyDictKeys* table) where T : unmanaged, IBinaryInteger<T>
    {
        T* index = (T*)PyDictKeys.Index(table);
        nuint mask = ((nuint)1 << table->Log2Size) - 1;
        byte* entries = PyDictKeys.Entries(table);
        for (nint i = 0; i < table->EntryCount; i++)
        {
            nint hash = table->Kind == PyDictKeys.Strings
                ? ((PyAsciiObject*)((PyDictStringEntry*)entries)[i].Key)->Hash
                : ((PyDictEntry*)entries)[i].Hash;
            nuint perturb = (nuint)hash;
            nuint slot = perturb & mask;
            // Taken slots are not negative.
            while (!T.IsNegative(index[slot]))
            {
                perturb >>= PerturbShift;
                slot = (slot * 5 + perturb + 1) & mask;
            }
            index[slot] = T.CreateTruncating(i);
        }
    }

    /// <summary>
    /// Whether a key or member that was met before can be one: not while it is unfinished. False with the error set.
    /// </summary>
    bool CanBeKey(PyObject* key) =>
        !AddressRange.Contains(key) || ObjectMarks.Get(key) != ObjectMark.InProgress || RaiseBadKey(unhashable: false);
}
