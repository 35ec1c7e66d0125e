using System.Numerics;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Freezing;

/// <summary>Tables of dicts: copies of them that keep the index, or get a new one.</summary>
internal static unsafe class DictTables
{
    internal static bool IsDense(PyDictKeys* table, nint used) =>
        table->EntryCount == used && table->Usable == PyDictKeys.Capacity(table->Log2Size) - used;

    // A count of 1, never an immortal one: dict.copy() copies the whole table, count included, and frees it later by that count.
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
    /// Fills the index of a table: with that of the original's table, if the entries are the same, or by entering them.
    /// </summary>
    internal static void FillIndex(PyDictKeys* table, PyDictKeys* original)
    {
        // All empty dicts share one table.
        if (table->EntryCount == 0) return;
        nuint bytes = (nuint)1 << table->Log2IndexBytes;
        if (original != null) Buffer.MemoryCopy(PyDictKeys.Index(original), PyDictKeys.Index(table), bytes, bytes);
        else BuildIndex(table);
    }

    // Whether the original still has the keys that were copied, by their hashes. The last look at its table was just now.
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
                perturb >>= PyDictKeys.PerturbShift;
                slot = (slot * 5 + perturb + 1) & mask;
            }
            index[slot] = T.CreateTruncating(i);
        }
    }
}
