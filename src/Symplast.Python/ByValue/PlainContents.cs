using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Graph;

namespace Symplast.Python.ByValue;

/// <summary>
/// Records the contents of a graph of plain containers at one moment: the identities of the objects, in order. As long as each
/// container holds the same objects, the value has not changed, which is found without pickling it. The record keeps the objects
/// alive, so that no address can be reused for another object.
/// </summary>
/// <remarks>
/// Only objects whose type is exactly dict, list, set, frozenset or tuple count as containers. All other objects must have types
/// whose objects are immutable, or are replaced and not changed in place. A comparison takes some two nanoseconds an item. In
/// Python a record is a capsule. Used with the GIL held.
/// </remarks>
internal static unsafe class PlainContents
{
    struct Container
    {
        internal PyObject* Object;
        internal int First;
        internal int Count;
    }

    struct Contents
    {
        internal NativeList<Container> Containers;
        internal NativeList<nint> Items;
    }

    /// <summary>
    /// Returns a new reference to the record of a value, or None if the value holds an object that may change unseen. Returns
    /// null with an exception set.
    /// </summary>
    /// <param name="o">The value.</param>
    /// <param name="leaves">A tuple of further types whose objects are compared by identity.</param>
    internal static PyObject* Of(PyObject* o, PyObject* leaves)
    {
        Contents* contents = (Contents*)NativeMemory.AllocZeroed((nuint)sizeof(Contents));
        Memo seen = default;
        bool complete = false;
        try
        {
            complete = Gather(ref *contents, ref seen, o, leaves);
        }
        finally
        {
            // The record owns a reference to each object in it.
            for (int i = 0; i < contents->Items.Count; i++) References.Take((PyObject*)*contents->Items[i]);
            if (!complete) Free(contents);
            seen.Dispose();
        }
        if (!complete) return Api.Table._Py_NoneStruct;
        PyObject* capsule = Api.Table.PyCapsule_New(contents, null, &Destroy);
        if (capsule == null) Free(contents);
        return capsule;
    }

    /// <summary>
    /// Whether a value has the contents that its record states. False with an exception set if the capsule is not a record.
    /// </summary>
    internal static bool Holds(PyObject* capsule, PyObject* o)
    {
        Contents* contents = (Contents*)Api.Table.PyCapsule_GetPointer(capsule, null);
        if (contents == null || *contents->Items[0] != (nint)o) return false;
        for (int i = 0; i < contents->Containers.Count; i++)
        {
            Container* container = contents->Containers[i];
            if (!Holds((nint*)contents->Items[container->First], container)) return false;
        }
        return true;
    }

    static bool Holds(nint* items, Container* container)
    {
        ref Api api = ref Api.Table;
        PyObject* o = container->Object;
        int count = container->Count;
        if (o->Type == api.PyList_Type || o->Type == api.PyTuple_Type)
        {
            if (((PyVarObject*)o)->Size != count) return false;
            return new ReadOnlySpan<nint>(ItemsOf(o), count).SequenceEqual(new ReadOnlySpan<nint>(items, count));
        }
        int found = 0;
        if (o->Type == api.PyDict_Type)
        {
            if (((PyDictObject*)o)->Used * 2 != count) return false;
            nint place = 0;
            PyObject* key;
            PyObject* value;
            while (found < count && api.NextItem(o, &place, &key, &value) != 0)
            {
                if (items[found] != (nint)key || items[found + 1] != (nint)value) return false;
                found += 2;
            }
            return found == count;
        }
        PySetObject* set = (PySetObject*)o;
        if (set->Used != count) return false;
        for (nint slot = 0; slot <= set->Mask && found < count; slot++)
        {
            if (IsFree(set->Table[slot])) continue;
            if (items[found++] != (nint)set->Table[slot].Key) return false;
        }
        return found == count;
    }

    // Records the contents breadth-first. The first item is the value itself. Returns false if an object may change unseen.
    static bool Gather(ref Contents contents, ref Memo seen, PyObject* o, PyObject* leaves)
    {
        if (!Note(ref contents, ref seen, o, leaves)) return false;
        for (int i = 0; i < contents.Containers.Count; i++)
        {
            int first = contents.Items.Count;
            if (!NoteItems(ref contents, ref seen, contents.Containers[i]->Object, leaves)) return false;
            contents.Containers[i]->First = first;
            contents.Containers[i]->Count = contents.Items.Count - first;
        }
        return true;
    }

    static bool NoteItems(ref Contents contents, ref Memo seen, PyObject* o, PyObject* leaves)
    {
        ref Api api = ref Api.Table;
        if (o->Type == api.PyList_Type || o->Type == api.PyTuple_Type)
        {
            for (nint i = 0; i < ((PyVarObject*)o)->Size; i++)
            {
                if (!Note(ref contents, ref seen, ItemsOf(o)[i], leaves)) return false;
            }
            return true;
        }
        if (o->Type == api.PyDict_Type)
        {
            nint place = 0;
            PyObject* key;
            PyObject* value;
            while (api.NextItem(o, &place, &key, &value) != 0)
            {
                if (!Note(ref contents, ref seen, key, leaves) || !Note(ref contents, ref seen, value, leaves)) return false;
            }
            return true;
        }
        PySetObject* set = (PySetObject*)o;
        for (nint slot = 0; slot <= set->Mask; slot++)
        {
            if (!IsFree(set->Table[slot]) && !Note(ref contents, ref seen, set->Table[slot].Key, leaves)) return false;
        }
        return true;
    }

    static bool Note(ref Contents contents, ref Memo seen, PyObject* o, PyObject* leaves)
    {
        // An object in a pool may be deleted. The sender must then get DeletedError, so the record would not be enough.
        if (AddressRange.Contains(o)) return false;
        bool isContainer = IsContainer(o);
        if (!isContainer && !IsLeaf(o, leaves)) return false;
        contents.Items.Add((nint)o);
        if (!isContainer || seen.Find(o) != null) return true;
        seen.Add(o, o);
        contents.Containers.Add(new Container { Object = o });
        return true;
    }

    static bool IsContainer(PyObject* o)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        return type == api.PyDict_Type || type == api.PyList_Type || type == api.PyTuple_Type || type == api.PySet_Type
            || type == api.PyFrozenSet_Type;
    }

    static bool IsLeaf(PyObject* o, PyObject* leaves)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        if (type == api.PyUnicode_Type || type == api.PyLong_Type || type == api.PyFloat_Type || type == api.PyBytes_Type
            || type == api.PyBool_Type) return true;
        if (o == api._Py_NoneStruct || type == api.PyComplex_Type || type == api.PyRange_Type) return true;
        PyObject** others = ItemsOf(leaves);
        for (nint i = 0; i < ((PyVarObject*)leaves)->Size; i++)
        {
            if (others[i] == type) return true;
        }
        return false;
    }

    // A deleted slot holds a dummy, whose hash no element can have.
    static bool IsFree(PySetEntry entry) => entry.Key == null || entry.Hash == -1;

    static PyObject** ItemsOf(PyObject* o) =>
        o->Type == Api.Table.PyList_Type ? ((PyListObject*)o)->Items : Tuples.Items(o);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Destroy(PyObject* capsule)
    {
        try
        {
            Free((Contents*)Api.Table.PyCapsule_GetPointer(capsule, null));
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            Api.Table.PyErr_WriteUnraisable(capsule);
        }
    }

    // Dropping the references may run Python code, which can no longer reach the record.
    static void Free(Contents* contents)
    {
        for (int i = 0; i < contents->Items.Count; i++) References.Drop((PyObject*)*contents->Items[i]);
        contents->Items.Dispose();
        contents->Containers.Dispose();
        NativeMemory.Free(contents);
    }
}
