using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>
/// The base type of <c>symplast.Object</c>: instances of Python classes whose attributes are in a pool. The classes and their
/// methods belong to each interpreter.
/// </summary>
internal static unsafe partial class ObjectType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind()
    {
        Field.Definition = Field.Specification();
        return new Kind
        {
            Number = LiveKind.Object,
            Name = Text.Utf8("Object"u8),
            Header = HeaderKind.Record,
            Type = Specification(),
            NameInModule = Text.Utf8("ObjectBase"u8),
            MakeTypes = &MakeFieldType,
            ToPlain = &ToPlain,
            NameOfClass = &NameOfClass,
            FindClass = &Classes.Resolve,
            RefreshClasses = &Classes.Refresh,
            Begin = &ClassCaches.Begin,
            End = &ClassCaches.End,
        };
    }

    static bool MakeFieldType(PyObject* module, InterpreterState interpreter)
    {
        PyObject* type = Kinds.MakeType(module, interpreter, Field.Definition, null, Text.Utf8("Field"u8));
        interpreter.Live->FieldType = type;
        return type != null;
    }

    static string? NameOfClass(int number)
    {
        (string? module, string? name) = ClassTable.NameOf(number);
        return name is null ? null : $"{module}.{name}";
    }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.ObjectBase"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.BaseType,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("The native base class of symplast.Object."u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&ObjectCreation.New),
            Slot(PyTypeSlot.GetAttr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Get),
            Slot(PyTypeSlot.SetAttr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&Set),
            Slot(PyTypeSlot.Hash, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&Hash),
            Slot(PyTypeSlot.GetSet, Table(
                Property("__class__"u8, &Class, "The class, which cannot change: other interpreters have the object too."u8))),
            Slot(PyTypeSlot.Methods, Table(
                FastCallKeywords("_init"u8, &ObjectCreation.Initialize,
                    "_init($self, /, *args, **kwargs)\n--\n\nSet the fields, in order, to the arguments or to their defaults."u8),
                NoArgs("_attributes"u8, &Attributes, "A plain dict of the attributes at one moment."u8)))),
    });

    /// <summary>Whether an object is an instance of a class of live objects.</summary>
    internal static bool IsInstance(PyObject* o)
    {
        if (!Handle.MayBe(o)) return false;
        var create = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&ObjectCreation.New;
        for (PyObject* each = o->Type; each != null; each = Layout.BaseOf(each))
        {
            if (Layout.NewSlot(each) == create) return true;
        }
        return false;
    }

    /// <summary>
    /// Gives a class with fields CPython's own attribute look-up, unless it defines another one: its fields are data descriptors,
    /// and there are no other attributes. Setting stays our function, or a subclass's <c>__setattr__</c> could not call it.
    /// </summary>
    internal static void Close(PyObject* type)
    {
        void** get = Layout.GetAttrSlot(type);
        if (*get == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Get) *get = Api.Table.PyObject_GenericGetAttr;
    }

    internal static Record* RecordOf(Handle* handle) => (Record*)handle->Shared;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Get(PyObject* self, PyObject* name)
    {
        Handle* handle = (Handle*)self;
        if (handle->Shared == null || ForkGuard.IsForkedChild) return GetSlowly(handle, name);
        LiveState* state = handle->State;
        Participant* me = state->Me;
        uint version = Layout.TypeVersion(self->Type);
        PyObject* result = null;
        Section section = Section.Enter(me);
        RecordView view = RecordView.Of(RecordOf(handle));
        AttributeCache.Entry* entry = ClassCaches.Of(state)->Attributes.Find(version, name, view.ShapeId);
        bool isKnown = AttributeCache.Knows(entry, version, name, view.ShapeId);
        bool isClasses = isKnown && entry->Slot < 0;
        if (isKnown && !isClasses) result = Outgoing.Object(state, RecordView.Load(view, entry->Slot));
        section.Exit(me);
        return result != null ? result : isClasses ? Api.Table.PyObject_GenericGetAttr(self, name) : GetSlowly(handle, name);
    }

    // Handles what the first section could not, and everything that the class decides.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* GetSlowly(Handle* handle, PyObject* name)
    {
        try
        {
            ref Api api = ref Api.Table;
            LiveState* state = handle->State;
            if (!LiveState.Again(state)) return null;
            PyObject* self = (PyObject*)handle;
            if (name->Type != api.PyUnicode_Type && api.PyType_IsSubtype(name->Type, api.PyUnicode_Type) == 0)
                return Errors.Type($"attribute name must be string, not '{Text.TypeName(name)}'");
            PyObject* found = api._PyType_Lookup(self->Type, name);
            // A data descriptor, such as a property, comes before the object's own attribute.
            if (found != null && IsDataDescriptor(found))
            {
                // A class that was sent by value may get its fields only after it was registered.
                if (found->Type == state->FieldType && Classes.HasFields(self->Type)) Close(self->Type);
                return api.PyObject_GenericGetAttr(self, name);
            }
            if (found != null && IsAlwaysAllowed(name)) return api.PyObject_GenericGetAttr(self, name);
            PyObject* own = GetOwn(handle, name);
            if (own != null || api.PyErr_Occurred() != null) return own;
            return api.PyObject_GenericGetAttr(self, name);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // The object's own attribute; null without an exception if it has none.
    static PyObject* GetOwn(Handle* handle, PyObject* name)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        uint version = Layout.TypeVersion(handle->Head.Type);
        if (Incoming.Key(state, Heap.Of(handle->Shared), name, out Incoming key) != KeyState.Ready) return null;
        PyObject* result;
        Status status;
        ulong shapeId;
        int slot;
        do
        {
            Section section = Section.Enter(state->Me);
            status = NamedAttributes.Get(state->Me, RecordOf(handle), key.Probe, out Value value, out shapeId, out slot);
            result = status == Status.Done ? Outgoing.Object(state, value) : null;
            section.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        key.Dispose(state);
        if (status is not (Status.Done or Status.Missing)) return LiveErrors.Raise(handle, status);
        if (name->Type == Api.Table.PyUnicode_Type)
            AttributeCache.Remember(ClassCaches.Of(state)->Attributes.Find(version, name, shapeId), version, name, shapeId, slot);
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int Set(PyObject* self, PyObject* name, PyObject* value)
    {
        Handle* handle = (Handle*)self;
        if (handle->Shared == null || ForkGuard.IsForkedChild || value == null) return Assign(handle, name, value);
        Field* field = ClassCaches.Of(handle->State)->Fields.Find(Layout.TypeVersion(self->Type), name);
        if (field != null) return Field.TrySetWord(field, handle, value) ? 0 : Field.AssignKnown(field, self, value);
        return TrySetWord(handle, name, value) ? 0 : Assign(handle, name, value);
    }

    // Sets attributes and values that the fast path does not handle.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Assign(Handle* handle, PyObject* name, PyObject* value)
    {
        try
        {
            if (!LiveMethods.IsUsable(handle)) return -1;
            PyObject* self = (PyObject*)handle;
            LiveState* state = handle->State;
            if (Api.Table.PyType_IsSubtype(name->Type, Api.Table.PyUnicode_Type) == 0)
            {
                Errors.Type($"attribute name must be string, not '{Text.TypeName(name)}'");
                return -1;
            }
            PyObject* found = Api.Table._PyType_Lookup(self->Type, name);
            if (found == null || found->Type != state->FieldType) return SetOwn(handle, name, value, found) ? 0 : -1;
            if (name->Type == Api.Table.PyUnicode_Type)
                ClassCaches.Of(state)->Fields.Remember(Layout.TypeVersion(self->Type), name, (Field*)found);
            return Field.AssignKnown((Field*)found, self, value);
        }
        catch (Exception e)
        {
            Errors.FromManaged(e);
            return -1;
        }
    }

    // Returns false, with nothing changed, if the attribute is not cached or the value needs memory in the pool.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TrySetWord(Handle* handle, PyObject* name, PyObject* o)
    {
        Value word = Words.Of(o);
        if (word.IsEmpty) return false;
        LiveState* state = handle->State;
        Participant* me = state->Me;
        uint version = Layout.TypeVersion(handle->Head.Type);
        Section section = Section.Enter(me);
        ulong shapeId = RecordView.Of(RecordOf(handle)).ShapeId;
        AttributeCache.Entry* entry = ClassCaches.Of(state)->Attributes.Find(version, name, shapeId);
        // An attribute in the cache is not a data descriptor of the class.
        bool done = AttributeCache.Knows(entry, version, name, shapeId) && entry->Slot >= 0
            && CachedSlots.Store(me, RecordOf(handle), shapeId, entry->Slot, word) == Status.Done;
        section.Exit(me);
        return done;
    }

    // Sets the object's own attribute, or removes it if the value is null. What the class decides is left to CPython.
    static bool SetOwn(Handle* handle, PyObject* name, PyObject* o, PyObject* found)
    {
        PyObject* self = (PyObject*)handle;
        if (found != null && (IsDataDescriptor(found) || IsAlwaysAllowed(name)))
            return Api.Table.PyObject_GenericSetAttr(self, name, o) == 0;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        uint version = Layout.TypeVersion(self->Type);
        if (!ClassCaches.Of(state)->OpenClasses.KnowsClass(version))
        {
            if (Classes.HasFields(self->Type)) return RaiseNoAttribute(self, name);
            ClassCaches.Of(state)->OpenClasses.NoteClass(version);
        }
        ulong shapeId = 0;
        int slot = -1;
        if (Incoming.Key(state, heap, name, out Incoming key) != KeyState.Ready) return false;
        Status status = Status.Done;
        bool made = true;
        if (o == null) status = NamedAttributes.Remove(state->Me, RecordOf(handle), key.Probe);
        else
        {
            made = Incoming.Item(state, heap, o, Place.Attribute(self, name), out Incoming incoming);
            if (made)
            {
                Section section = Section.Enter(state->Me);
                status = incoming.ToValue(state, heap, out Value value);
                if (status == Status.Done)
                {
                    status = NamedAttributes.Set(state->Me, RecordOf(handle), key.Probe, value);
                    if (status == Status.Done)
                        NamedAttributes.Get(state->Me, RecordOf(handle), key.Probe, out _, out shapeId, out slot);
                    Reference.Drop(state->Me, value);
                }
                section.Exit(state->Me);
            }
            incoming.Dispose(state);
        }
        key.Dispose(state);
        // Python code may have changed the class meanwhile.
        if (slot >= 0 && name->Type == Api.Table.PyUnicode_Type && Layout.TypeVersion(self->Type) == version)
            AttributeCache.Remember(ClassCaches.Of(state)->Attributes.Find(version, name, shapeId), version, name, shapeId, slot);
        if (status == Status.Missing) return RaiseNoAttribute(self, name);
        return made && (status == Status.Done || LiveErrors.Raise(handle, status) != null);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint Hash(PyObject* self)
    {
        // A hash of the object's address, so that it is the same in every interpreter.
        nint hash = (nint)((ulong)((Handle*)self)->Shared >> 4);
        return hash == -1 ? -2 : hash;
    }

    [Callback]
    private static partial PyObject* Class(PyObject* self, void* closure) => References.New(self->Type);

    [Callback]
    private static partial PyObject* Attributes(Handle* handle, PyObject* none) => ToPlain(handle);

    /// <summary>A plain dict of the attributes at one moment; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        int capacity = 16;
        while (true)
        {
            Value* values = (Value*)NativeMemory.Alloc((nuint)capacity * 2, (nuint)sizeof(Value));
            Status status = NamedAttributes.TakeAll(
                state->Me, RecordOf(handle), values, values + capacity, capacity, out int count);
            PyObject* plain = status != Status.Done
                ? LiveErrors.Raise(handle, status) : count > capacity ? null : Api.Table.PyDict_New();
            for (int i = 0; status == Status.Done && i < Math.Min(count, capacity); i++)
            {
                PyObject* name = Outgoing.Give(state, values[i]);
                PyObject* value = Outgoing.Give(state, values[capacity + i]);
                bool failed = plain != null
                    && (name == null || value == null || Api.Table.PyDict_SetItem(plain, name, value) != 0);
                References.Drop(name);
                References.Drop(value);
                if (!failed) continue;
                References.Drop(plain);
                plain = null;
            }
            NativeMemory.Free(values);
            if (status != Status.Done || count <= capacity || Api.Table.PyErr_Occurred() != null) return plain;
            capacity = count + 8;
        }
    }

    internal static bool IsDataDescriptor(PyObject* o) => Layout.DescriptorSet(o->Type) != null;

    /// <summary>
    /// <c>__class__</c>, <c>__doc__</c> and the like are the class's attributes, whatever the object has under these names.
    /// </summary>
    internal static bool IsAlwaysAllowed(PyObject* name)
    {
        PyAsciiObject* text = (PyAsciiObject*)name;
        if ((text->State & PyAsciiObject.Ascii) == 0 || text->Length < 5) return false;
        byte* data = (byte*)name + PyAsciiObject.DataOffset;
        return data[0] == '_' && data[1] == '_' && data[text->Length - 1] == '_' && data[text->Length - 2] == '_';
    }

    internal static bool RaiseNoAttribute(PyObject* self, PyObject* name)
    {
        Errors.Set(*Api.Table.PyExc_AttributeError, $"'{Text.TypeName(self)}' object has no attribute '{Text.FromPython(name)}'");
        return false;
    }
}
