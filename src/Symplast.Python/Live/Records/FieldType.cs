using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>
/// A declared attribute of a class of live objects: a data descriptor that caches the slot of the attribute in objects. Classes
/// with fields need no attribute look-up of ours, so CPython finds their methods as fast as those of any class.
/// </summary>
internal unsafe partial struct Field
{
    PyObject _head;
    PyObject* _name;
    PyObject* _required;       // a tuple of types of which values must be instances; null: any
    PyObject* _default;        // null: none
    PyObject* _usual;          // the first of the required types; borrowed
    KnownClasses _owners;      // classes of live objects
    FieldPlaces _places;

    /// <summary>The specification of the type, once it is built.</summary>
    internal static PyTypeSpec* Definition { get; set; }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.Field"u8),
        BasicSize = sizeof(Field),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.HaveGc,
        Slots = Table(
            Slot(PyTypeSlot.Doc,
                Text.Utf8("Field(name, required[, default])\n--\n\nA declared attribute of a class of live objects."u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Traverse,
                (delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void*, int>, void*, int>)&Traverse),
            Slot(PyTypeSlot.Clear, (delegate* unmanaged[Cdecl]<PyObject*, int>)&Clear),
            Slot(PyTypeSlot.DescriptorGet, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&Get),
            Slot(PyTypeSlot.DescriptorSet, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Set),
            Slot(PyTypeSlot.Methods, Table(
                NoArgs("__reduce__"u8, &Reduce, "For classes that travel by value."u8)))),
    });

    /// <summary>
    /// The types required of an attribute's values, borrowed; null for any. Returns false if it is not a field.
    /// </summary>
    internal static bool TryRequired(LiveState* state, PyObject* attribute, out PyObject* required)
    {
        bool isField = attribute != null && attribute->Type == state->FieldType;
        required = isField ? ((Field*)attribute)->_required : null;
        return isField;
    }

    /// <summary>Whether a value is an instance of one of the required types. Returns false with TypeError set.</summary>
    internal static bool Check(PyObject* required, PyObject* name, PyObject* o)
    {
        nint count = ((PyVarObject*)required)->Size;
        PyObject** types = Tuples.Items(required);
        for (nint i = 0; i < count; i++)
        {
            if (o->Type == types[i]) return true;
        }
        // Kept alive, since the check may run Python code.
        References.Take(required);
        int isInstance = Api.Table.PyObject_IsInstance(o, required);
        if (isInstance == 0) Errors.Type($"{Text.FromPython(name)} must be {Describe(required)}, not {Text.TypeName(o)}");
        References.Drop(required);
        return isInstance > 0;
    }

    /// <summary>Whether the attribute accepts a value. Returns false with TypeError set. May run Python code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Accepts(Field* field, PyObject* o) =>
        field->_required == null || o->Type == field->_usual || Check(field->_required, field->_name, o);

    /// <summary>The attribute's name, borrowed.</summary>
    internal static PyObject* NameOf(Field* field) => field->_name;

    /// <summary>The attribute's default, borrowed; null if there is none.</summary>
    internal static PyObject* DefaultOf(Field* field) => field->_default;

    /// <summary>Whether the attribute has this name, an exact text.</summary>
    internal static bool IsNamed(Field* field, PyObject* name) =>
        field->_name == name || field->_name != null && Text.FromPython(field->_name) == Text.FromPython(name);

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        ref Api api = ref Api.Table;
        nint count = ((PyVarObject*)positional)->Size;
        PyObject** arguments = Tuples.Items(positional);
        bool fits = count is 2 or 3 && arguments[0]->Type == api.PyUnicode_Type
            && (arguments[1] == api._Py_NoneStruct || arguments[1]->Type == api.PyTuple_Type);
        if (!fits) return Errors.Type("Field() takes a name, a tuple of types or None, and perhaps a default");
        Field* field = (Field*)api.PyType_GenericAlloc(type, 0);
        if (field == null) return null;
        field->_name = References.New(arguments[0]);
        field->_required = arguments[1] == api._Py_NoneStruct ? null : References.New(arguments[1]);
        field->_usual = field->_required == null || ((PyVarObject*)field->_required)->Size == 0
            ? null : Tuples.Items(field->_required)[0];
        field->_default = count == 3 ? References.New(arguments[2]) : null;
        return (PyObject*)field;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        Api.Table.PyObject_GC_UnTrack(self);
        Empty((Field*)self);
        Api.Table.PyObject_GC_Del(self);
        References.Drop(type);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Traverse(PyObject* self, delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        Field* field = (Field*)self;
        int stop = visit(self->Type, argument);
        if (stop == 0 && field->_required != null) stop = visit(field->_required, argument);
        if (stop == 0 && field->_default != null) stop = visit(field->_default, argument);
        return stop;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Clear(PyObject* self)
    {
        Empty((Field*)self);
        return 0;
    }

    static void Empty(Field* field)
    {
        PyObject* name = field->_name;
        PyObject* required = field->_required;
        PyObject* value = field->_default;
        field->_name = field->_required = field->_usual = field->_default = null;
        // The caches are emptied, so every later use finds that the field was cleared.
        field->_owners = default;
        field->_places = default;
        References.Drop(name);
        References.Drop(required);
        References.Drop(value);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Get(PyObject* self, PyObject* o, PyObject* type)
    {
        Field* field = (Field*)self;
        if (o == null || !field->_owners.KnowsClass(Layout.TypeVersion(o->Type))) return GetSlowly(field, o);
        Handle* handle = (Handle*)o;
        if (handle->Shared == null || ForkGuard.IsForkedChild) return GetSlowly(field, o);
        LiveState* state = handle->State;
        Participant* me = state->Me;
        Section section = Section.Enter(me);
        RecordView view = RecordView.Of((Record*)handle->Shared);
        int slot = field->_places.SlotOf(view.ShapeId);
        PyObject* result = slot >= 0 ? Outgoing.Object(state, RecordView.Load(view, slot)) : null;
        section.Exit(me);
        return result != null ? result : GetSlowly(field, o);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* GetSlowly(Field* field, PyObject* o)
    {
        try
        {
            if (field->_name == null) return Errors.Runtime("this field was cleared");
            if (o == null || o == Api.Table._Py_NoneStruct)
                return field->_default != null ? References.New(field->_default) : RaiseMissing(field, null);
            if (!IsOwner(field, o)) return null;
            Handle* handle = (Handle*)o;
            LiveState* state = handle->State;
            // An earlier attempt may have left work to be done outside the section.
            if (!LiveState.Again(state) || !LiveMethods.IsUsable(handle)) return null;
            if (Incoming.Key(state, Heap.Of(handle->Shared), field->_name, out Incoming key) != KeyState.Ready) return null;
            PyObject* result;
            Status status;
            do
            {
                Section section = Section.Enter(state->Me);
                status = NamedAttributes.Get(
                    state->Me, (Record*)handle->Shared, key.Probe, out Value value, out ulong shapeId, out int slot);
                result = status == Status.Done ? Outgoing.Object(state, value) : null;
                section.Exit(state->Me);
                if (status == Status.Done) field->_places.NoteSlot(shapeId, slot);
            } while (result == null && status == Status.Done && LiveState.Again(state));
            key.Dispose(state);
            if (status == Status.Missing)
                return field->_default != null ? References.New(field->_default) : RaiseMissing(field, o);
            return status == Status.Done ? result : LiveErrors.Raise(handle, status);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [Callback]
    private static partial int Set(Field* self, PyObject* o, PyObject* value) => Assign(self, o, value) ? 0 : -1;

    /// <summary>
    /// Sets the attribute through a field that the class is known to have. Another thread may remove the field from the class
    /// meanwhile.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static int AssignKnown(Field* field, PyObject* o, PyObject* value)
    {
        References.Take((PyObject*)field);
        int result = -1;
        try
        {
            if (Assign(field, o, value)) result = 0;
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
        }
        References.Drop((PyObject*)field);
        return result;
    }

    // Sets the attribute; a null value removes it. Returns false with an exception set.
    static bool Assign(Field* field, PyObject* o, PyObject* value)
    {
        if (field->_name == null) return Errors.Runtime("this field was cleared") != null;
        if (!IsOwner(field, o) || !LiveMethods.IsUsable((Handle*)o)) return false;
        return value == null ? Remove(field, (Handle*)o) : Set(field, (Handle*)o, value);
    }

    /// <summary>
    /// A fast path: sets the attribute of a usable live object to a value that needs no memory in the pool. Returns false, with
    /// nothing changed, if these conditions do not hold or the attribute's place is not cached. Runs no Python code.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TrySetWord(Field* field, Handle* handle, PyObject* o)
    {
        if (field->_required != null && o->Type != field->_usual) return false;
        Value word = Words.Of(o);
        if (word.IsEmpty) return false;
        Participant* me = handle->State->Me;
        Record* record = (Record*)handle->Shared;
        Section section = Section.Enter(me);
        ulong shapeId = RecordView.Of(record).ShapeId;
        bool done = StoreWhereKnown(field, me, record, shapeId, word) == Status.Done;
        section.Exit(me);
        return done;
    }

    /// <summary>
    /// The attribute's slot in objects of a shape, if it is cached and the value is of the usual type; else -1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SlotFor(Field* field, PyObject* o, ulong shapeId) =>
        field->_required == null || o->Type == field->_usual ? field->_places.SlotOf(shapeId) : -1;

    /// <summary>Records the attribute's slot in objects of a shape.</summary>
    internal static void NoteSlot(Field* field, ulong shapeId, int slot) => field->_places.NoteSlot(shapeId, slot);

    // Missing if neither the attribute's slot nor the step to it is cached for the shape. Steals the reference to the value on
    // success. Called inside a section.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status StoreWhereKnown(Field* field, Participant* me, Record* record, ulong shapeId, Value value)
    {
        int slot = field->_places.SlotOf(shapeId);
        if (slot >= 0) return CachedSlots.Store(me, record, shapeId, slot, value);
        Shape* extended = field->_places.StepFrom(shapeId);
        return extended == null ? Status.Missing : CachedSlots.Append(me, record, shapeId, extended, value);
    }

    static bool Set(Field* field, Handle* handle, PyObject* o)
    {
        if (!Accepts(field, o)) return false;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!Incoming.Item(state, heap, o, Place.Attribute((PyObject*)handle, field->_name), out Incoming incoming))
        {
            incoming.Dispose(state);
            return false;
        }
        Status status;
        Participant* me = state->Me;
        Record* record = (Record*)handle->Shared;
        Section section = PoolHeap.Enter(me, heap, out bool isDeleted);
        Value value = isDeleted ? default : incoming.ToValue(state, heap);
        if (value.IsEmpty) status = PoolHeap.IsDeleted(heap) ? Status.Deleted : Status.NoMemory;
        else
        {
            ulong shapeId = RecordView.Of(record).ShapeId;
            status = StoreWhereKnown(field, me, record, shapeId, value);
            if (status == Status.Missing) status = SetByName(field, state, record, shapeId, value);
            else if (status != Status.Done) Reference.Drop(me, value);
        }
        section.Exit(me);
        incoming.Dispose(state);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    // Called inside a section. A name is a text that CPython keeps in UTF-8, so making a key of it runs no Python code. Steals
    // the reference to the value.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Status SetByName(Field* field, LiveState* state, Record* record, ulong before, Value value)
    {
        Status status = Status.NoMemory;
        if (Incoming.Key(state, Heap.Of(record), field->_name, out Incoming key) == KeyState.Ready)
            status = NamedAttributes.Set(state->Me, record, key.Probe, value);
        Reference.Drop(state->Me, value);
        if (status == Status.Done
            && NamedAttributes.Get(state->Me, record, key.Probe, out _, out ulong shapeId, out int slot) == Status.Done)
        {
            field->_places.NoteSlot(shapeId, slot);
            field->_places.NoteStep(before, RecordView.StepFrom(before, RecordView.Of(record)));
        }
        key.Dispose(state);
        return status;
    }

    static bool Remove(Field* field, Handle* handle)
    {
        LiveState* state = handle->State;
        if (Incoming.Key(state, Heap.Of(handle->Shared), field->_name, out Incoming key) != KeyState.Ready) return false;
        Status status = NamedAttributes.Remove(state->Me, (Record*)handle->Shared, key.Probe);
        key.Dispose(state);
        if (status == Status.Missing) return RaiseMissing(field, (PyObject*)handle) != null;
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    // Whether an object is a live one whose class derives from symplast.Object. Returns false with TypeError set.
    static bool IsOwner(Field* field, PyObject* o)
    {
        uint version = Layout.TypeVersion(o->Type);
        if (field->_owners.KnowsClass(version)) return true;
        if (!ObjectType.IsInstance(o))
            return Errors.Type(
            $"descriptor '{Text.FromPython(field->_name)}' does not apply to a '{Text.TypeName(o)}' object") != null;
        field->_owners.NoteClass(version);
        return true;
    }

    [Callback]
    private static partial PyObject* Reduce(PyObject* self, PyObject* none)
    {
        Field* field = (Field*)self;
        if (field->_name == null) return Errors.Runtime("this field was cleared");
        PyObject* arguments = Api.Table.PyTuple_New(field->_default == null ? 2 : 3);
        if (arguments == null) return null;
        Api.Table.PyTuple_SetItem(arguments, 0, References.New(field->_name));
        Api.Table.PyTuple_SetItem(
            arguments, 1, field->_required == null ? Api.Table._Py_NoneStruct : References.New(field->_required));
        if (field->_default != null) Api.Table.PyTuple_SetItem(arguments, 2, References.New(field->_default));
        return LiveMethods.Pair(References.New(self->Type), arguments);
    }

    static PyObject* RaiseMissing(Field* field, PyObject* o)
    {
        string name = Text.FromPython(field->_name);
        return Errors.Set(
            *Api.Table.PyExc_AttributeError, o == null
            ? $"class has no attribute '{name}'" : $"'{Text.TypeName(o)}' object has no attribute '{name}'");
    }

    static string Describe(PyObject* required)
    {
        nint count = ((PyVarObject*)required)->Size;
        string[] names = new string[count];
        for (nint i = 0; i < count; i++) names[i] = NameOfType(Tuples.Items(required)[i]);
        return string.Join(" or ", names);
    }

    static string NameOfType(PyObject* type)
    {
        ref Api api = ref Api.Table;
        if (api.PyType_IsSubtype(type->Type, api.PyType_Type) == 0) return Text.Repr(type);
        PyObject* name = api.PyType_GetName(type);
        string text = name == null ? "object" : Text.FromPython(name);
        References.Drop(name);
        return text == "NoneType" ? "None" : text;
    }
}
