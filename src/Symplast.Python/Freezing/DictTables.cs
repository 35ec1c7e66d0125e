using System.Numerics;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Freezing;

/// <summary>Copies of dicts' tables. A copy keeps the original's index or gets a new one.</summary>
internal static unsafe class DictTables
{
    internal static bool IsDense(PyDictKeys* table, nint used) =>
        table->EntryCount == used && table->Usable == PyDictKeys.Capacity(table->Log2Size) - used;

    // The count is 1 and not an immortal one: dict.copy() copies the whole table with its count, and frees the copy by that
    // count.
    internal static PyDictKeys* BeginTable(PyDictKeys* copy, PyDictKeys* original, int log2, nint used)
    {
        copy->RefCount = 1;
        copy->Log2Size = (byte)log2;
        copy->Log2IndexBytes = (byte)PyDictKeys.IndexBytesLog2(log2);
        copy->Kind = original->Kind == PyDictKeys.Strings ? PyDictKeys.Strings : PyDictKeys.General;
        copy->Usable = PyDictKeys.Capacity(log2) - used;
        copy->EntryCount = used;
        return copy;
    }

    /// <summary>
    /// Fills the index of a table: copies the index of the original's table if one is given, else enters all entries.
    /// </summary>
    internal static void FillIndex(PyDictKeys* table, PyDictKeys* original)
    {
        // All empty dicts share one table, which needs no index.
        if (table->EntryCount == 0) return;
        nuint bytes = (nuint)1 << table->Log2IndexBytes;
        if (original != null) Buffer.MemoryCopy(PyDictKeys.Index(original), PyDictKeys.Index(table), bytes, bytes);
        else BuildIndex(table);
    }

    // Whether the original still has the keys that were copied, compared by their hashes. The caller has just checked that the
    // original still has the same table.
    internal static bool HasSameKeys(FreezeFrame* frame)
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

    /// <summary>Enters all entries into the index, in the probe sequence of CPython's dictobject.c.</summary>
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
            // Used slots are not negative.
            while (!T.IsNegative(index[slot]))
            {
                perturb >>= PyDictKeys.PerturbShift;
                slot = (slot * 5 + perturb + 1) & mask;
            }
            index[slot] = T.CreateTruncating(i);
        }
    }
}
