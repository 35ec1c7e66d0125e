using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Freezing;

/// <summary>Freezes sets and frozensets, both as frozensets.</summary>
internal static unsafe class FrozenSets
{
    internal static PyObject* Begin(ref Freezer freezer, PyObject* o, ObjectMark mark)
    {
        PySetObject* original = (PySetObject*)o;
        nint used = original->Used;
        // The copy can have the original's table layout if nothing was ever deleted and the table is not much too large.
        bool keeps = original->Fill == used && (original->Mask < PySetObject.SmallTableSize || used * 16 > original->Mask);
        nint slots = keeps ? original->Mask + 1 : Math.Max(used, PySetObject.SmallTableSize);

        byte* block = freezer.Allocate(Layout.GcHeadSize + Layout.SetSize);
        if (block == null) return null;
        PySetObject* copy = (PySetObject*)(block + Layout.GcHeadSize);
        copy->Head.Type = Api.Table.PyFrozenSet_Type;
        copy->Hash = -1;
        copy->Table = TableOf(ref freezer, copy, slots);
        if (copy->Table == null) return null;
        copy->Mask = slots - 1;
        FreezeFrame* frame = freezer.Push(FrameKind.Set, o, (PyObject*)copy, used, mark);
        frame->Table = original->Table;
        frame->TableSize = original->Mask;
        frame->KeepsTable = keeps;
        return (PyObject*)copy;
    }

    static PySetEntry* TableOf(ref Freezer freezer, PySetObject* copy, nint slots) =>
        slots <= PySetObject.SmallTableSize ? &copy->SmallTable
            : (PySetEntry*)freezer.Allocate((nuint)slots * (nuint)sizeof(PySetEntry));

    internal static bool Step(ref Freezer freezer)
    {
        int depth = freezer.Walk.Stack.Count - 1;
        PySetObject* original = (PySetObject*)freezer.Walk.Stack[depth]->Original;
        PySetObject* copy = (PySetObject*)freezer.Walk.Stack[depth]->Copy;
        while (true)
        {
            FreezeFrame* frame = freezer.Walk.Stack[depth];
            if (original->Table != frame->Table || original->Mask != frame->TableSize || original->Used != frame->Size)
                return FreezeErrors.RaiseChanged(ref freezer);
            if (frame->Index > original->Mask)
                return frame->Filled == frame->Size ? Finish(ref freezer) : FreezeErrors.RaiseChanged(ref freezer);
            PySetEntry entry = original->Table[frame->Index];
            // A deleted slot holds a dummy, whose hash no element can have.
            if (entry.Key == null || entry.Hash == -1)
            {
                frame->Index++;
                continue;
            }
            if (frame->Filled == frame->Size) return FreezeErrors.RaiseChanged(ref freezer);
            PyObject* member = freezer.Visit(entry.Key);
            if (member == null) return false;
            if (!freezer.Pushed && !FrozenKeys.Allows(ref freezer, member)) return false;
            frame = freezer.Walk.Stack[depth];
            copy->Table[frame->KeepsTable ? frame->Index : frame->Filled] = new PySetEntry { Key = member, Hash = entry.Hash };
            frame->Index++;
            frame->Filled++;
            if (freezer.Pushed) return true;
        }
    }

    static bool Finish(ref Freezer freezer)
    {
        FreezeFrame* frame = freezer.Walk.Stack.Last;
        PySetObject* copy = (PySetObject*)frame->Copy;
        // Other code that ran meanwhile may have removed and added elements. The table layout is then not valid for the copies.
        bool same = frame->KeepsTable && freezer.Conversions == frame->Conversions && freezer.Callouts == frame->Callouts;
        nint slots = frame->KeepsTable ? copy->Mask + 1 : frame->Filled;
        for (nint i = 0; i < slots; i++)
        {
            PySetEntry* entry = &copy->Table[i];
            if (entry->Key == null) continue;
            nint hash = FrozenKeys.Hash(ref freezer, entry->Key);
            if (hash == -1) return false;
            same &= hash == entry->Hash;
        }
        copy->Fill = copy->Used = frame->Size;
        if (!same)
        {
            if (!Rebuild(ref freezer, copy, slots)) return false;
            if (copy->Used != frame->Size && freezer.Conversions == frame->Conversions)
                return FreezeErrors.RaiseChanged(ref freezer);
        }
        copy->Hash = -1;
        Api.Table.HashBuiltin((PyObject*)copy);
        return freezer.Pop();
    }

    // A temporary set of the interpreter does the probing. Of elements that conversions have made equal, it keeps one.
    static bool Rebuild(ref Freezer freezer, PySetObject* copy, nint slots)
    {
        ref Api api = ref Api.Table;
        PyObject* fresh = api.PySet_New(null);
        if (fresh == null) return false;
        bool done = false;
        for (nint i = 0; i < slots; i++)
        {
            if (copy->Table[i].Key != null && api.PySet_Add(fresh, copy->Table[i].Key) != 0) goto end;
        }
        PySetObject* source = (PySetObject*)fresh;
        PySetEntry* table = TableOf(ref freezer, copy, source->Mask + 1);
        if (table == null) goto end;
        nuint bytes = (nuint)(source->Mask + 1) * (nuint)sizeof(PySetEntry);
        Buffer.MemoryCopy(source->Table, table, bytes, bytes);
        copy->Table = table;
        copy->Mask = source->Mask;
        copy->Fill = copy->Used = source->Used;
        done = true;
    end:
        References.Drop(fresh);
        return done;
    }
}
