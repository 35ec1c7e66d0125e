using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// How objects of a class are made: its number, its fields, and the shape that an object with all of them has in a pool. Plans
/// that were made lately are kept in a direct-mapped table of the interpreter (<see cref="CreationPlans"/>); a class is known by
/// its version, so a plan is right for as long as it is found.
/// </summary>
/// <remarks>
/// Used with the interpreter's GIL held. Fields and names are borrowed from the class: whoever runs Python code takes references
/// first.
/// </remarks>
internal unsafe struct CreationPlan
{
    /// <summary>Classes with more fields have no plan for them.</summary>
    internal const int MostFields = 32;

    const int Pools = 4;

    struct PoolShape
    {
        internal long PoolId;
        internal Shape* Shape;
    }

    [InlineArray(Pools)]
    struct Shapes
    {
        PoolShape _first;
    }

    [InlineArray(MostFields)]
    struct FieldList
    {
        nint _first;
    }

    /// <summary>The class's version.</summary>
    internal uint TypeVersion;

    /// <summary>The class's number in the process.</summary>
    internal int Number;

    /// <summary>How many fields there are.</summary>
    internal int Count;

    /// <summary>
    /// Whether an object is made by giving its fields their values: the class has fields, all are ours, and it leaves making,
    /// initialising and setting attributes to us.
    /// </summary>
    internal bool IsSimple;

    /// <summary>The names of the fields, a tuple; null if the class has none.</summary>
    internal PyObject* Names;

    FieldList _fields;
    Shapes _shapes;

    /// <summary>A field.</summary>
    internal Field* FieldAt(int index) => (Field*)_fields[index];

    /// <summary>Notes a field.</summary>
    internal void SetField(int index, Field* field) => _fields[index] = (nint)field;

    /// <summary>
    /// The shape of objects with all the fields in a pool; null if it cannot be had now, and the fields are to be set one by one.
    /// Runs no Python code.
    /// </summary>
    internal Shape* ShapeIn(LiveState* state, Pool pool)
    {
        ref PoolShape known = ref _shapes[(int)((ulong)pool.Id % Pools)];
        if (known.PoolId == pool.Id && known.Shape != null) return known.Shape;
        Shape* shape = MakeShape(state, pool.LiveHeap());
        if (shape != null) known = new PoolShape { PoolId = pool.Id, Shape = shape };
        return shape;
    }

    readonly Shape* MakeShape(LiveState* state, PoolHeap* heap)
    {
        Epoch.Enter(state->Me);
        Shape* shape = PoolHeap.IsDeleted(heap) ? null : Classes.RootOf(state->Me, heap, Number);
        for (int i = 0; shape != null && i < Count; i++)
        {
            // Names are exact texts: nothing runs.
            bool done = Incoming.Key(state, heap, CreationPlans.Item(Names, i), out Incoming name) == KeyState.Ready;
            done = done && Shapes<Uninterrupted>.Extend(state->Me, heap, shape, name.Probe, out shape) == Status.Done;
            name.Dispose(state);
            if (!done) shape = null;
        }
        Epoch.Exit(state->Me);
        return shape;
    }
}

/// <summary>The plans of one interpreter.</summary>
internal unsafe struct CreationPlans
{
    const int Entries = 256;

    CreationPlan** _entries;

    /// <summary>Makes the table.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal void Create() => _entries = (CreationPlan**)NativeMemory.AllocZeroed(Entries, (nuint)sizeof(CreationPlan*));

    /// <summary>Frees it.</summary>
    internal void Dispose()
    {
        for (int i = 0; _entries != null && i < Entries; i++) NativeMemory.Free(_entries[i]);
        NativeMemory.Free(_entries);
        _entries = null;
    }

    /// <summary>The plan of a class; null if none is known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly CreationPlan* Find(PyObject* type)
    {
        uint version = Layout.TypeVersion(type);
        CreationPlan* plan = _entries[version % Entries];
        return plan != null && plan->TypeVersion == version && version != 0 ? plan : null;
    }

    /// <summary>Forgets the plan of a class.</summary>
    internal readonly void Forget(PyObject* type)
    {
        CreationPlan* plan = Find(type);
        if (plan != null) plan->TypeVersion = 0;
    }

    /// <summary>
    /// The same; made if there is none. Null if the class has no version or no number, or with an exception set. Runs no Python
    /// code.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal readonly CreationPlan* FindOrMake(InterpreterState interpreter, PyObject* type)
    {
        CreationPlan* plan = Find(type);
        return plan != null ? plan : Make(interpreter, type);
    }

    /// <summary>An item of a tuple, borrowed.</summary>
    internal static PyObject* Item(PyObject* tuple, nint index) =>
        Tuples.Items(tuple)[index];

    readonly CreationPlan* Make(InterpreterState interpreter, PyObject* type)
    {
        if (!InterpreterClasses.Of(interpreter).TryHold(type, out int number)) return null;
        PyObject* names = Classes.FieldsOf(type);
        if (names == null && Api.Table.PyErr_Occurred() != null) return null;
        // The look-up gave it one.
        uint version = Layout.TypeVersion(type);
        if (version == 0) return null;
        CreationPlan plan = new() { TypeVersion = version, Number = number, Names = names };
        if (names != null)
            plan.IsSimple = TakeFields(interpreter.Live, ref plan, type) && ObjectType.LeavesCreationToUs(interpreter.Live, type);
        ref CreationPlan* entry = ref _entries[version % Entries];
        if (entry == null) entry = (CreationPlan*)NativeMemory.Alloc((nuint)sizeof(CreationPlan));
        *entry = plan;
        return entry;
    }

    // Whether each name is a field of ours; else the class, or one between it and the one that declared the field, has something
    // else under the name.
    static bool TakeFields(LiveState* state, ref CreationPlan plan, PyObject* type)
    {
        nint count = ((PyVarObject*)plan.Names)->Size;
        if (count > CreationPlan.MostFields) return false;
        for (int i = 0; i < count; i++)
        {
            PyObject* name = Item(plan.Names, i);
            PyObject* found = name->Type == Api.Table.PyUnicode_Type ? Api.Table._PyType_Lookup(type, name) : null;
            if (found == null || found->Type != state->FieldType || !Field.IsNamed((Field*)found, name)) return false;
            plan.SetField(i, (Field*)found);
        }
        plan.Count = (int)count;
        return true;
    }
}
