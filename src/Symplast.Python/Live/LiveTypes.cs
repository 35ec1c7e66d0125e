using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>The Python types of live objects: built once a process, made anew in each interpreter.</summary>
internal static unsafe class LiveTypes
{
    struct State
    {
        internal PyTypeSpec* Shared;
        internal PyTypeSpec* Dict;
        internal PyTypeSpec* DictIterator;
        internal PyTypeSpec* List;
        internal PyTypeSpec* ListIterator;
        internal PyTypeSpec* Set;
        internal PyTypeSpec* SortedDict;
        internal PyTypeSpec* Object;
        internal PyTypeSpec* Field;
        internal PyTypeSpec* AtomicInt;
        internal PyTypeSpec* AtomicRef;
        internal PyTypeSpec* Array;
    }

    static State _specifications;

    /// <summary>Builds the definitions; once a process.</summary>
    internal static void Prepare()
    {
        _specifications = new State
        {
            Shared = Handle.Specification(),
            Dict = DictType.Specification(),
            DictIterator = DictIterator.Specification(),
            List = ListType.Specification(),
            ListIterator = ListIterator.Specification(),
            Set = SetType.Specification(),
            SortedDict = SortedDictType.Specification(),
            Object = ObjectType.Specification(),
            Field = Field.Specification(),
            AtomicInt = AtomicIntType.Specification(),
            AtomicRef = AtomicRefType.Specification(),
            Array = ArrayType.Specification(),
        };
    }

    /// <summary>Makes the types of an interpreter and adds them to the module; false with an exception set.</summary>
    internal static bool Create(PyObject* module, InterpreterState interpreter, nint handle)
    {
        LiveState* state = LiveState.Create(handle, interpreter.Id);
        interpreter.Live = state;
        PyObject* shared = Make(module, interpreter, _specifications.Shared, null, "Shared"u8);
        if (shared == null) return false;
        state->SharedType = shared;
        return Add(module, interpreter, LiveKind.Dict, _specifications.Dict, "Dict"u8)
            && Add(module, interpreter, LiveKind.Set, _specifications.Set, "Set"u8)
            && Add(module, interpreter, LiveKind.SortedDict, _specifications.SortedDict, "SortedDict"u8)
            && Add(module, interpreter, LiveKind.Object, _specifications.Object, "ObjectBase"u8)
            && Add(module, interpreter, LiveKind.AtomicInt, _specifications.AtomicInt, "AtomicInt"u8)
            && Add(module, interpreter, LiveKind.AtomicRef, _specifications.AtomicRef, "AtomicRef"u8)
            && Add(module, interpreter, LiveKind.Array, _specifications.Array, "Array"u8)
            && (state->FieldType = Make(module, interpreter, _specifications.Field, null, "Field"u8)) != null
            && (state->DictIteratorType = Make(module, interpreter, _specifications.DictIterator, null, default)) != null
            && Add(module, interpreter, LiveKind.List, _specifications.List, "List"u8)
            && (state->ListIteratorType = Make(module, interpreter, _specifications.ListIterator, null, default)) != null;
    }

    static bool Add(PyObject* module, InterpreterState interpreter, LiveKind kind, PyTypeSpec* specification, ReadOnlySpan<byte> name)
    {
        PyObject* type = Make(module, interpreter, specification, interpreter.Live->SharedType, name);
        if (type == null) return false;
        interpreter.Live->SetType(kind, type);
        return true;
    }

    // A borrowed reference; the interpreter's state keeps the type.
    static PyObject* Make(PyObject* module, InterpreterState interpreter, PyTypeSpec* specification, PyObject* parent, ReadOnlySpan<byte> name)
    {
        PyObject* type = Api.Table.PyType_FromModuleAndSpec(module, specification, parent);
        if (type == null) return null;
        interpreter.Keep(type);
        return name.IsEmpty || Api.Table.PyModule_AddObjectRef(module, Text.Utf8(name), type) == 0 ? type : null;
    }
}
