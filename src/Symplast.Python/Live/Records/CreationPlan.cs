using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// How objects of a class are created: the class's number, its fields, and for each pool the shape of an object with all fields.
/// Recent plans are in a direct-mapped table of the interpreter (<see cref="CreationPlans"/>). A class is identified by its
/// version, so a plan that is found is valid.
/// </summary>
/// <remarks>
/// Used with the interpreter's GIL held. Fields and names are borrowed from the class. Code that runs Python code must take
/// references first.
/// </remarks>
internal unsafe struct CreationPlan
{
    /// <summary>The most fields that a plan has room for.</summary>
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

    /// <summary>The number of fields.</summary>
    internal int Count;

    /// <summary>
    /// Whether an object is created by storing its fields' values directly: the class has fields, all are of our type, and it
    /// overrides neither creation nor initialization nor the setting of attributes.
    /// </summary>
    internal bool IsSimple;

    /// <summary>The names of the fields, a tuple; null if the class has none.</summary>
    internal PyObject* Names;

    FieldList _fields;
    Shapes _shapes;

    /// <summary>A field.</summary>
    internal Field* FieldAt(int index) => (Field*)_fields[index];

    /// <summary>Sets a field.</summary>
    internal void SetField(int index, Field* field) => _fields[index] = (nint)field;

    /// <summary>
    /// The shape of objects with all fields in a pool; null if it is not available now and the fields must be set one by one.
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
        Section section = Section.Enter(state->Me);
        Shape* shape = PoolHeap.IsDeleted(heap) ? null : Classes.RootOf(state->Me, heap, Number);
        for (int i = 0; shape != null && i < Count; i++)
        {
            // Names are exact texts, so no Python code runs.
            bool done = Incoming.Key(state, heap, CreationPlans.Item(Names, i), out Incoming name) == KeyState.Ready;
            done = done && Objects.Shapes.Extend(state->Me, heap, shape, name.Probe, out shape) == Status.Done;
            name.Dispose(state);
            if (!done) shape = null;
        }
        section.Exit(state->Me);
        return shape;
    }
}

/// <summary>The creation plans of one interpreter.</summary>
internal unsafe struct CreationPlans
{
    const int Entries = 256;

    CreationPlan** _entries;

    /// <summary>Makes the table.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal void Create() => _entries = (CreationPlan**)NativeMemory.AllocZeroed(Entries, (nuint)sizeof(CreationPlan*));

    /// <summary>Frees the table and its plans.</summary>
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

    /// <summary>Removes the plan of a class.</summary>
    internal readonly void Forget(PyObject* type)
    {
        CreationPlan* plan = Find(type);
        if (plan != null) plan->TypeVersion = 0;
    }

    /// <summary>
    /// The plan of a class; makes it if there is none. Null if the class has no version or no number, or with an exception set.
    /// Runs no Python code.
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
        // The look-up above has given the class a version.
        uint version = Layout.TypeVersion(type);
        if (version == 0) return null;
        CreationPlan plan = new() { TypeVersion = version, Number = number, Names = names };
        if (names != null)
            plan.IsSimple = TakeFields(interpreter.Live, ref plan, type)
                && ObjectCreation.LeavesCreationToUs(interpreter.Live, type);
        ref CreationPlan* entry = ref _entries[version % Entries];
        if (entry == null) entry = (CreationPlan*)NativeMemory.Alloc((nuint)sizeof(CreationPlan));
        *entry = plan;
        return entry;
    }

    // Whether each name is a field of our type. Otherwise the class, or one between it and the class that declared the field, has
    // another attribute of this name.
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
