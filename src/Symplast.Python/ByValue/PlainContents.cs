using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Graph;
using Symplast.Python.Live;

namespace Symplast.Python.ByValue;

/// <summary>
/// Records the contents of a graph of plain objects at one moment: for each container the identities of the objects in it, in
/// order, and for each buffer its bytes. As long as each holds what it held, the value has not changed, which is found without
/// pickling it. The record keeps the objects alive, so that no address can be reused for another object.
/// </summary>
/// <remarks>
/// The <see cref="Shape"/> of a type says what its objects hold. The caller gives the shapes of all types but the commonest;
/// a shape must name everything that a pickle of the object depends on. A comparison takes some two nanoseconds an item. In
/// Python a record is a capsule. Used with the GIL held; no Python code runs meanwhile.
/// </remarks>
internal static unsafe class PlainContents
{
    // An object that holds others or bytes. First and Count are a range of Items; of a buffer, First is its place in Buffers.
    struct Container
    {
        internal PyObject* Object;
        internal int Shape;
        internal int First;
        internal int Count;
    }

    struct Contents
    {
        internal ShapeTable Shapes;
        internal NativeList<Container> Containers;
        // Null separates the parts of an object that has several, and stands for an unset slot.
        internal NativeList<nint> Items;
        internal NativeList<BufferCopy> Buffers;
    }

    // A walk that makes a record.
    ref struct Walk
    {
        internal ref Contents Contents;
        internal LiveState* Live;
        internal PyObject* Kinds;
        internal PyObject* SharedObjects;
        internal Memo Seen;
        // Types, and the numbers of their shapes plus one, or one of the two marks.
        internal Memo Types;
        // A list of the types that are missing in Kinds, or null.
        internal PyObject* Missing;
        internal bool IsRefused;
        // Whether the items that are found are added to the record.
        internal bool Keeps;
    }

    // Marks of types in Walk.Types: their objects are compared by identity. Shared objects may also be deleted.
    static PyObject* Leaf => (PyObject*)-1;
    static PyObject* Shared => (PyObject*)-2;

    /// <summary>
    /// Returns a new reference: to the record of a value; to None if the value holds an object that may change unseen; to a list
    /// of types if <paramref name="kinds"/> lacks them. Returns null with an exception set.
    /// </summary>
    /// <param name="live">The state of the interpreter, which knows its handles.</param>
    /// <param name="o">The value.</param>
    /// <param name="kinds">
    /// A dict by type. None: the objects are compared by identity; False: they may change unseen; a tuple: what
    /// <see cref="ShapeTable.Add(PyObject*, PyObject*)"/> takes.
    /// </param>
    /// <param name="shared">A list, to which the frozen and live objects in the value are appended.</param>
    internal static PyObject* Of(LiveState* live, PyObject* o, PyObject* kinds, PyObject* shared)
    {
        Contents* contents = (Contents*)NativeMemory.AllocZeroed((nuint)sizeof(Contents));
        Walk walk = new() { Live = live, Contents = ref *contents, Kinds = kinds, SharedObjects = shared, Keeps = true };
        bool complete = false;
        try
        {
            complete = Gather(ref walk, o) && walk.Missing == null;
        }
        finally
        {
            // The record owns a reference to each object in it.
            for (int i = 0; i < contents->Items.Count; i++)
            {
                if (*contents->Items[i] != 0) References.Take((PyObject*)*contents->Items[i]);
            }
            if (!complete) Free(contents);
            walk.Seen.Dispose();
            walk.Types.Dispose();
            if (complete || walk.IsRefused) References.Drop(walk.Missing);
        }
        if (!complete) return walk.IsRefused ? Api.Table._Py_NoneStruct : walk.Missing;
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
            if (!Holds(contents, contents->Containers[i])) return false;
        }
        return true;
    }

    /// <summary>
    /// A new set of the addresses of the objects in a record that may change. Null with an exception set.
    /// </summary>
    internal static PyObject* ContainersOf(PyObject* capsule)
    {
        ref Api api = ref Api.Table;
        Contents* contents = (Contents*)api.PyCapsule_GetPointer(capsule, null);
        PyObject* addresses = contents == null ? null : api.PySet_New(null);
        for (int i = 0; addresses != null && i < contents->Containers.Count; i++)
        {
            PyObject* address = api.PyLong_FromUnsignedLongLong((ulong)contents->Containers[i]->Object);
            if (address == null || api.PySet_Add(addresses, address) != 0)
            {
                References.Drop(addresses);
                addresses = null;
            }
            References.Drop(address);
        }
        return addresses;
    }

    static bool Holds(Contents* contents, Container* container)
    {
        Shape* shape = contents->Shapes[container->Shape];
        PyObject* o = container->Object;
        if (o->Type != shape->Type) return false;
        if ((shape->Parts & Parts.Buffer) != 0) return contents->Buffers[container->First]->Holds(o);
        ReadOnlySpan<nint> items = new((nint*)contents->Items[container->First], container->Count);
        foreach (nint offset in contents->Shapes.MembersOf(shape))
        {
            if (*(nint*)((byte*)o + offset) != items[0]) return false;
            items = items[1..];
        }
        if ((shape->Parts & (Parts.List | Parts.Tuple)) != 0)
        {
            ReadOnlySpan<nint> now = new(ItemsOf(o), checked((int)((PyVarObject*)o)->Size));
            if (!items.StartsWith(now)) return false;
            items = items[now.Length..];
        }
        if ((shape->Parts & Parts.Set) != 0 && !SkipSet(o, ref items)) return false;
        if ((shape->Parts & Parts.Dict) != 0 && !SkipDict(o, ref items)) return false;
        if ((shape->Parts & Parts.Attributes) == 0) return items.IsEmpty;
        if (items.IsEmpty || items[0] != 0) return false;
        items = items[1..];
        PyObject* attributes = Api.Table.PyObject_GenericGetDict(o, null);
        if (attributes == null)
        {
            Api.Table.PyErr_Clear();
            return false;
        }
        bool holds = SkipDict(attributes, ref items);
        References.Drop(attributes);
        return holds && items.IsEmpty;
    }

    // Skips the items of a set if they are as they were.
    static bool SkipSet(PyObject* o, ref ReadOnlySpan<nint> items)
    {
        PySetObject* set = (PySetObject*)o;
        if (set->Used > items.Length) return false;
        int found = 0;
        for (nint slot = 0; slot <= set->Mask && found < set->Used; slot++)
        {
            if (!IsFree(set->Table[slot]) && items[found++] != (nint)set->Table[slot].Key) return false;
        }
        items = items[found..];
        return true;
    }

    // Skips the items of a dict if they are as they were.
    static bool SkipDict(PyObject* o, ref ReadOnlySpan<nint> items)
    {
        ref Api api = ref Api.Table;
        nint count = ((PyDictObject*)o)->Used * 2;
        if (count > items.Length) return false;
        int found = 0;
        nint place = 0;
        PyObject* key;
        PyObject* value;
        while (found < count && api.NextItem(o, &place, &key, &value) != 0)
        {
            if (items[found] != (nint)key || items[found + 1] != (nint)value) return false;
            found += 2;
        }
        items = items[found..];
        return found == count;
    }

    // Records the contents breadth-first. The first item is the value itself. Returns false if the value is refused, or with
    // an exception set.
    static bool Gather(ref Walk walk, PyObject* o)
    {
        ref Contents contents = ref walk.Contents;
        if (!Note(ref walk, o)) return false;
        int kept = 0;
        for (int i = 0; i < contents.Containers.Count; i++)
        {
            Container container = *contents.Containers[i];
            bool isFixed = (contents.Shapes[container.Shape]->Parts & Parts.Fixed) != 0;
            // What an object holds that cannot change is not compared, but walked. The object keeps it alive.
            walk.Keeps = !isFixed;
            if (!NoteParts(ref walk, ref container)) return false;
            if (!isFixed) *contents.Containers[kept++] = container;
        }
        while (contents.Containers.Count > kept) contents.Containers.RemoveLast();
        return true;
    }

    static bool NoteParts(ref Walk walk, ref Container container)
    {
        ref Contents contents = ref walk.Contents;
        PyObject* o = container.Object;
        Shape shape = *contents.Shapes[container.Shape];
        if ((shape.Parts & Parts.Buffer) != 0)
        {
            if (!BufferCopy.TryMake(o, out BufferCopy copy)) return Refuse(ref walk);
            container.First = contents.Buffers.Count;
            contents.Buffers.Add(copy);
            return true;
        }
        container.First = contents.Items.Count;
        foreach (nint offset in contents.Shapes.MembersOf(&shape))
        {
            if (!NoteOrNull(ref walk, *(PyObject**)((byte*)o + offset))) return false;
        }
        if ((shape.Parts & (Parts.List | Parts.Tuple)) != 0)
        {
            for (nint i = 0; i < ((PyVarObject*)o)->Size; i++)
            {
                if (!Note(ref walk, ItemsOf(o)[i])) return false;
            }
        }
        if ((shape.Parts & Parts.Set) != 0)
        {
            PySetObject* set = (PySetObject*)o;
            for (nint slot = 0; slot <= set->Mask; slot++)
            {
                if (!IsFree(set->Table[slot]) && !Note(ref walk, set->Table[slot].Key)) return false;
            }
        }
        if ((shape.Parts & Parts.Dict) != 0 && !NoteDict(ref walk, o)) return false;
        if ((shape.Parts & Parts.Receiver) != 0 && !NoteOrNull(ref walk, ((PyCFunctionObject*)o)->Self)) return false;
        if ((shape.Parts & (Parts.ZoneOfDateTime | Parts.ZoneOfTime)) != 0 && ((byte*)o)[PyDateTimeLayout.HasTimeZone] != 0)
        {
            bool isTime = (shape.Parts & Parts.ZoneOfTime) != 0;
            int offset = isTime ? PyDateTimeLayout.TimeSize : PyDateTimeLayout.DateTimeSize;
            if (!Note(ref walk, *(PyObject**)((byte*)o + offset))) return false;
        }
        if ((shape.Parts & Parts.Attributes) != 0 && !NoteAttributes(ref walk, o)) return false;
        container.Count = contents.Items.Count - container.First;
        return true;
    }

    static bool NoteAttributes(ref Walk walk, PyObject* o)
    {
        if (!NoteOrNull(ref walk, null)) return false;
        // Pickling an object makes its __dict__, too.
        PyObject* attributes = Api.Table.PyObject_GenericGetDict(o, null);
        if (attributes == null) return false;
        bool done = NoteDict(ref walk, attributes);
        References.Drop(attributes);
        return done;
    }

    static bool NoteDict(ref Walk walk, PyObject* o)
    {
        nint place = 0;
        PyObject* key;
        PyObject* value;
        while (Api.Table.NextItem(o, &place, &key, &value) != 0)
        {
            if (!Note(ref walk, key) || !Note(ref walk, value)) return false;
        }
        return true;
    }

    static bool NoteOrNull(ref Walk walk, PyObject* o)
    {
        if (o != null) return Note(ref walk, o);
        if (walk.Keeps) walk.Contents.Items.Add(0);
        return true;
    }

    static bool Note(ref Walk walk, PyObject* o)
    {
        PyObject* kind = AddressRange.Contains(o) ? Shared : IsLeaf(o) ? Leaf : KindOf(ref walk, o);
        if (kind == null) return false;
        if (walk.Keeps) walk.Contents.Items.Add((nint)o);
        if (kind == Leaf || walk.Seen.Find(o) != null) return true;
        walk.Seen.Add(o, o);
        if (kind == Shared) return Api.Table.PyList_Append(walk.SharedObjects, o) == 0;
        walk.Contents.Containers.Add(new Container { Object = o, Shape = (int)(nint)kind - 1 });
        return true;
    }

    static bool IsLeaf(PyObject* o)
    {
        ref Api api = ref Api.Table;
        PyObject* type = o->Type;
        return type == api.PyUnicode_Type || type == api.PyLong_Type || type == api.PyFloat_Type || type == api.PyBytes_Type
            || type == api.PyBool_Type || o == api._Py_NoneStruct;
    }

    // The entry of a type in Walk.Types; null if the value is refused, or with an exception set.
    static PyObject* KindOf(ref Walk walk, PyObject* o)
    {
        PyObject* type = o->Type;
        PyObject* kind = walk.Types.Find(type);
        if (kind != null) return kind;
        ref Api api = ref Api.Table;
        if (Handle.Is(walk.Live, o))
        {
            walk.Types.Add(type, Shared);
            return Shared;
        }
        nint place = 0;
        PyObject* key;
        PyObject* plan = null;
        // A search by comparing addresses runs no code of a metaclass. It takes place once for each type.
        while (api.NextItem(walk.Kinds, &place, &key, &plan) != 0 && key != type) plan = null;
        if (plan == null)
        {
            // The walk goes on, to find all such types.
            if (walk.Missing == null && (walk.Missing = api.PyList_New(0)) == null) return null;
            if (api.PyList_Append(walk.Missing, type) != 0) return null;
            kind = Leaf;
        }
        else if (plan == api._Py_NoneStruct) kind = Leaf;
        else
        {
            int number = plan == api._Py_FalseStruct ? -1 : walk.Contents.Shapes.Add(type, plan);
            if (number < 0)
            {
                Refuse(ref walk);
                return null;
            }
            kind = (PyObject*)(number + 1);
        }
        walk.Types.Add(type, kind);
        return kind;
    }

    static bool Refuse(ref Walk walk)
    {
        walk.IsRefused = true;
        return false;
    }

    // A deleted slot holds a dummy, whose hash no element can have.
    static bool IsFree(PySetEntry entry) => entry.Key == null || entry.Hash == -1;

    static PyObject** ItemsOf(PyObject* o) => (Layout.TypeFlags(o->Type) & PyTypeSpec.ListSubclass) != 0
        ? ((PyListObject*)o)->Items : Tuples.Items(o);

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
        for (int i = 0; i < contents->Buffers.Count; i++) contents->Buffers[i]->Free();
        contents->Shapes.Free();
        contents->Items.Dispose();
        contents->Containers.Dispose();
        contents->Buffers.Dispose();
        NativeMemory.Free(contents);
    }
}
