using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Records = Symplast.Objects.Record;

namespace Symplast.Python.Live;

/// <summary>
/// The creation of objects. A class with fields that overrides nothing of it is called directly: the values are stored in a
/// record with all fields, which becomes visible only when it is complete. Other objects are created empty, and <c>__init__</c>
/// sets their attributes.
/// </summary>
internal static unsafe partial class ObjectCreation
{
    /// <summary>Whether a class uses our code to create and initialize objects and to set their attributes.</summary>
    internal static bool LeavesCreationToUs(LiveState* state, PyObject* type)
    {
        PyObject* initialize = Lookup(type, "__init__"u8);
        return !IsAbstract(type) && !HasFinalizer(type) && initialize != null
            && initialize == Lookup(state->TypeOf(LiveKind.Object), "_init"u8)
            && Layout.NewSlot(type) == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New
            && Layout.SetAttrSlot(type) == (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&ObjectType.Set;
    }

    static bool HasFinalizer(PyObject* type) => Api.Table.PyType_GetSlot(type, PyTypeSlot.Finalize) != null;

    static bool IsAbstract(PyObject* type) => (Layout.TypeFlags(type) & PyTypeSpec.IsAbstract) != 0;

    // Raises TypeError with the names of the abstract methods.
    static PyObject* RaiseAbstract(PyObject* type)
    {
        ref Api api = ref Api.Table;
        PyObject* nothing = api.PyTuple_New(0);
        if (nothing == null) return null;
        var create = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)Layout.NewSlot(
            api.PyBaseObject_Type);
        PyObject* made = create(type, nothing, null);
        References.Drop(nothing);
        return made;
    }

    // A borrowed reference; null if there is none.
    static PyObject* Lookup(PyObject* type, ReadOnlySpan<byte> name)
    {
        PyObject* key = Api.Table.PyUnicode_InternFromString(Text.Utf8(name));
        PyObject* found = key == null ? null : Api.Table._PyType_Lookup(type, key);
        Api.Table.PyErr_Clear();
        References.Drop(key);
        return found;
    }

    [Callback]
    internal static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        ref Api api = ref Api.Table;
        if (!ThisProcess.Check()) return null;
        InterpreterState? interpreter = InterpreterOf(type);
        if (interpreter is null) return null;
        if (IsAbstract(type)) return RaiseAbstract(type);
        if (HasFinalizer(type) && !Complete(type)) return null;
        if (!InterpreterClasses.Of(interpreter).TryHold(type, out int number)
            && !Classes.Identify(interpreter, type, out number)) return null;
        if (number == 0)
            return Errors.Type(
                $"{Text.FromPython(api.PyType_GetName(type))} was not created as a class of live objects: derive it from "
                + "symplast.Object");
        bool hasArguments = ((PyVarObject*)positional)->Size != 0 || named != null && ((PyDictObject*)named)->Used != 0;
        if (hasArguments
            && api.PyType_GetSlot(type, PyTypeSlot.Init) == api.PyType_GetSlot(api.PyBaseObject_Type, PyTypeSlot.Init))
            return Errors.Type($"{Text.FromPython(api.PyType_GetName(type))}() takes no arguments");
        CreationPlan* plan = ClassCaches.Of(interpreter.Live)->Plans.FindOrMake(interpreter, type);
        if (plan != null && plan->IsSimple)
            *Layout.VectorcallSlot(type) =
            (delegate* unmanaged[Cdecl]<PyObject*, PyObject**, nuint, PyObject*, PyObject*>)&Call;
        if (api.PyErr_Occurred() != null) return null;
        int held = 0;
        return Create(
            interpreter, CurrentPool.Get(interpreter), type, number, null, plan == null ? 0 : plan->Count, null, ref held);
    }

    // Completes a class that is still being created, and refuses one that has got a finalizer. Returns false with an exception
    // set. Runs Python code.
    static bool Complete(PyObject* type)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.objects"u8));
        PyObject* complete = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("_complete"u8));
        PyObject* done = complete == null ? null : api.PyObject_CallOneArg(complete, type);
        References.Drop(done);
        References.Drop(complete);
        References.Drop(module);
        return done != null;
    }

    // Creates an object with all attributes of a shape, or an empty one with room for some. Steals the references of the values
    // and sets held to 0, even if no handle can be made. Returns null with an exception set.
    static PyObject* Create(
        InterpreterState interpreter, Pool pool, PyObject* type, int number, Shape* shape, int room, Value* values, ref int held)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = pool.LiveHeap();
        PyObject* handle = null;
        Record* record = null;
        // The collector may have released the class since it was looked up.
        if (state->ClassWith(number) != type && !InterpreterClasses.Of(interpreter).TryHold(type, out _)) return null;
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        if (!isDeleted)
        {
            if (shape != null) record = Records.Create(state->Me, heap, shape, values);
            else
            {
                Shape* root = Classes.RootOf(state->Me, heap, number);
                record = root == null ? null : Records.Create(state->Me, heap, root, Math.Max(room, Records.FirstCapacity));
            }
            if (record != null)
            {
                held = 0;
                ((SharedObject*)record)->Tag = number;
                handle = Handle.Adopt(state, (Header*)record, type);
            }
        }
        section.Exit(state->Me);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return record == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    // tp_vectorcall of classes that have had a simple plan.
    [Callback]
    private static partial PyObject* Call(PyObject* type, PyObject** arguments, nuint flags, PyObject* names)
    {
        if (!ThisProcess.Check()) return null;
        InterpreterState? interpreter = InterpreterOf(type);
        if (interpreter is null) return null;
        nint count = (nint)(flags & (nuint.MaxValue >> 1));
        CreationPlan* plan = ClassCaches.Of(interpreter.Live)->Plans.FindOrMake(interpreter, type);
        if (plan != null && plan->IsSimple)
        {
            Pool pool = CurrentPool.Get(interpreter);
            Shape* shape = plan->ShapeIn(interpreter.Live, pool);
            if (shape != null) return CreateWhole(interpreter, pool, shape, plan, type, arguments, count, names);
        }
        return Api.Table.PyErr_Occurred() != null ? null : CallGenerally(type, arguments, count, names);
    }

    // Does what type.__call__ does.
    static PyObject* CallGenerally(PyObject* type, PyObject** arguments, nint count, PyObject* names)
    {
        ref Api api = ref Api.Table;
        var call = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)api.PyType_GetSlot(
            api.PyType_Type, PyTypeSlot.Call);
        PyObject* positional = api.PyTuple_New(count);
        nint namedCount = names == null ? 0 : ((PyVarObject*)names)->Size;
        PyObject* named = positional == null || namedCount == 0 ? null : api.PyDict_New();
        bool failed = positional == null || namedCount != 0 && named == null;
        for (nint i = 0; !failed && i < count; i++) api.PyTuple_SetItem(positional, i, References.New(arguments[i]));
        for (nint i = 0; !failed && i < namedCount; i++)
            failed = api.PyDict_SetItem(named, CreationPlans.Item(names, i), arguments[count + i]) != 0;
        PyObject* made = failed ? null : call(type, positional, named);
        References.Drop(positional);
        References.Drop(named);
        return made;
    }

    // Python code may run and the plan may be replaced, so the fields and names are kept by references meanwhile.
    static PyObject* CreateWhole(
        InterpreterState interpreter, Pool pool, Shape* shape, CreationPlan* plan, PyObject* type, PyObject** arguments,
            nint count, PyObject* names)
    {
        LiveState* state = interpreter.Live;
        int number = plan->Number;
        int fieldCount = plan->Count;
        PyObject* fieldNames = References.New(plan->Names);
        Field** fields = stackalloc Field*[fieldCount];
        PyObject** given = stackalloc PyObject*[fieldCount];
        Value* values = stackalloc Value[fieldCount];
        for (int i = 0; i < fieldCount; i++)
        {
            fields[i] = plan->FieldAt(i);
            References.Take((PyObject*)fields[i]);
        }
        int done = 0;
        bool isPinned = false;
        PyObject* made = null;
        PoolHeap* heap = pool.LiveHeap();
        if (Bind(type, fieldNames, arguments, count, names, given) && Complete(fields, fieldNames, fieldCount, type, given))
        {
            while (done < fieldCount && TryTake(state, heap, fields[done], type, given[done], ref isPinned, out values[done]))
                done++;
            if (done == fieldCount) made = Create(interpreter, pool, type, number, shape, 0, values, ref done);
        }
        if (made == null) DropAll(state, heap, values, done);
        if (isPinned) state->Unuse(heap);
        for (int i = 0; i < fieldCount; i++) References.Drop((PyObject*)fields[i]);
        References.Drop(fieldNames);
        return made;
    }

    // Fills in the defaults. Returns false with an exception set.
    static bool Complete(Field** fields, PyObject* names, int count, PyObject* type, PyObject** given)
    {
        for (int i = 0; i < count; i++)
        {
            if (given[i] == null && (given[i] = Field.DefaultOf(fields[i])) == null)
                return RaiseMissingArgument(type, CreationPlans.Item(names, i));
        }
        return true;
    }

    // Makes a value for a field, with a reference. Returns false with an exception set. The pool's address is pinned while a
    // value that needs memory in the pool is not stored yet.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryTake(
        LiveState* state, PoolHeap* heap, Field* field, PyObject* type, PyObject* o, ref bool isPinned, out Value value)
    {
        value = default;
        if (!Field.Accepts(field, o)) return false;
        value = Words.Of(o);
        return !value.IsEmpty || TryTakeCounted(state, heap, field, type, o, ref isPinned, out value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryTakeCounted(
        LiveState* state, PoolHeap* heap, Field* field, PyObject* type, PyObject* o, ref bool isPinned, out Value value)
    {
        value = default;
        if (!isPinned)
        {
            Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
            isPinned = !isDeleted && state->Use(heap);
            section.Exit(state->Me);
            if (isDeleted) return LiveErrors.RaiseDeletedPool(state, heap) != null;
            if (!isPinned) return Api.Table.PyErr_NoMemory() != null;
        }
        bool made = Incoming.Item(state, heap, o, Place.Attribute(type, Field.NameOf(field)), out Incoming incoming);
        Status status = Status.Done;
        if (made)
        {
            Section section = Section.Enter(state->Me);
            if (PoolHeap.IsDeleted(heap)) status = Status.Deleted;
            else
            {
                value = incoming.ToValue(state, heap);
                if (value.IsEmpty) status = Status.NoMemory;
            }
            section.Exit(state->Me);
        }
        incoming.Dispose(state);
        if (status == Status.Deleted) return LiveErrors.RaiseDeletedPool(state, heap) != null;
        if (status == Status.NoMemory) return LiveErrors.RaiseNoMemory(state, heap) != null;
        return made;
    }

    // Drops the references to values that were made for a heap. Its address is pinned if one of them is counted.
    static void DropAll(LiveState* state, PoolHeap* heap, Value* values, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (!values[i].IsCounted) continue;
            Section section = Section.Enter(state->Me);
            // Once the heap is deleted, nothing keeps the addresses of the pools that its values point into.
            if (!PoolHeap.IsDeleted(heap)) Reference.Drop(state->Me, values[i]);
            section.Exit(state->Me);
        }
    }

    /// <summary><c>__init__</c> of classes with fields that do not define it.</summary>
    [Callback]
    internal static partial PyObject* Initialize(PyObject* self, PyObject** arguments, nint count, PyObject* names)
    {
        PyObject* fields = Classes.FieldsOf(self->Type);
        if (fields == null)
            return Api.Table.PyErr_Occurred() != null ? null : Errors.Type($"{Text.TypeName(self)} has no fields");
        References.Take(fields);
        bool done = SetFields(self, fields, arguments, count, names);
        References.Drop(fields);
        return done ? Api.Table._Py_NoneStruct : null;
    }

    static bool SetFields(PyObject* self, PyObject* fields, PyObject** arguments, nint count, PyObject* names)
    {
        PyObject* type = self->Type;
        nint fieldCount = ((PyVarObject*)fields)->Size;
        PyObject** given = (PyObject**)NativeMemory.AllocZeroed((nuint)fieldCount + 1, (nuint)sizeof(PyObject*));
        bool done = Bind(type, fields, arguments, count, names, given);
        for (nint i = 0; done && i < fieldCount; i++)
        {
            PyObject* name = CreationPlans.Item(fields, i);
            PyObject* value = given[i] != null ? References.New(given[i]) : DefaultIn(type, name);
            done = value != null && Api.Table.PyObject_SetAttr(self, name, value) == 0;
            References.Drop(value);
        }
        NativeMemory.Free(given);
        return done;
    }

    // Returns a new reference to the class's attribute of a field's name.
    static PyObject* DefaultIn(PyObject* type, PyObject* name)
    {
        PyObject* value = Api.Table.PyObject_GetAttr(type, name);
        if (value != null || Api.Table.PyErr_ExceptionMatches(*Api.Table.PyExc_AttributeError) == 0) return value;
        Api.Table.PyErr_Clear();
        RaiseMissingArgument(type, name);
        return null;
    }

    // Assigns the arguments to the fields; borrowed references, null for a field without an argument. Returns false with an
    // exception set.
    static bool Bind(PyObject* type, PyObject* fields, PyObject** arguments, nint count, PyObject* names, PyObject** given)
    {
        nint fieldCount = ((PyVarObject*)fields)->Size;
        if (count > fieldCount)
            return Errors.Type($"{NameOf(type)}() takes at most {fieldCount} positional arguments ({count} given)") != null;
        for (nint i = 0; i < fieldCount; i++) given[i] = i < count ? arguments[i] : null;
        nint namedCount = names == null ? 0 : ((PyVarObject*)names)->Size;
        for (nint i = 0; i < namedCount; i++)
        {
            PyObject* name = CreationPlans.Item(names, i);
            nint place = IndexOf(fields, fieldCount, name);
            if (place == -2) return false;
            if (place < 0) return Errors.Type($"{NameOf(type)}() got an unexpected keyword argument {Text.Repr(name)}") != null;
            if (given[place] != null)
                return Errors.Type($"{NameOf(type)}() got multiple values for argument {Text.Repr(name)}") != null;
            given[place] = arguments[count + i];
        }
        return true;
    }

    // Returns -1 if the name is not among the fields, -2 with an exception set.
    static nint IndexOf(PyObject* fields, nint count, PyObject* name)
    {
        const int Equal = Comparison.Equal;
        // Names in the source are interned.
        for (nint i = 0; i < count; i++)
        {
            if (CreationPlans.Item(fields, i) == name) return i;
        }
        for (nint i = 0; i < count; i++)
        {
            int same = Api.Table.PyObject_RichCompareBool(CreationPlans.Item(fields, i), name, Equal);
            if (same != 0) return same < 0 ? -2 : i;
        }
        return -1;
    }

    static bool RaiseMissingArgument(PyObject* type, PyObject* name) =>
        Errors.Type($"{NameOf(type)}() missing required argument: {Text.Repr(name)}") != null;

    static string NameOf(PyObject* type)
    {
        PyObject* name = Api.Table.PyType_GetName(type);
        string text = name == null ? "object" : Text.FromPython(name);
        References.Drop(name);
        return text;
    }

    // The module is that of the last base that creates its objects with our code; classes written in Python come before that
    // base. Returns null with an exception set.
    static InterpreterState? InterpreterOf(PyObject* type)
    {
        void* creation = (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New;
        PyObject* ours = null;
        for (PyObject* each = type; each != null; each = Layout.BaseOf(each))
        {
            if (Layout.NewSlot(each) == creation) ours = each;
        }
        PyObject* module = ours == null ? null : Api.Table.PyType_GetModule(ours);
        if (module != null) return InterpreterState.Of(module);
        Api.Table.PyErr_Clear();
        Errors.Type("not a class of live objects");
        return null;
    }
}
