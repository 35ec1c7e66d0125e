using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>The Python types of live objects: built once a process, made anew in each interpreter.</summary>
internal static unsafe class LiveTypes
{
    static PyTypeSpec* _shared;

    /// <summary>Builds the definitions; once a process. The table of kinds is filled here: a line for each.</summary>
    internal static void Prepare()
    {
        _shared = SharedType.Specification();
        Errors.Unwound = &LiveStates.EndSections;
        Kinds.Add(DictType.Kind());
        Kinds.Add(SetType.Kind());
        Kinds.Add(SortedDictType.Kind());
        Kinds.Add(ListType.Kind());
        Kinds.Add(ObjectType.Kind());
        Kinds.Add(AtomicIntType.Kind());
        Kinds.Add(AtomicRefType.Kind());
        Kinds.Add(ArrayType.Kind());
        Kinds.Add(QueueType.Kind());
        Kinds.Add(QueueType.SimpleKind());
        Kinds.Add(LockType.Kind());
        Kinds.Add(RLockType.Kind());
        Kinds.Add(EventType.Kind());
        Kinds.Add(SemaphoreType.Kind());
        Kinds.Add(BoundedSemaphoreType.Kind());
        Kinds.Add(ConditionType.Kind());
        Kinds.Add(BarrierType.Kind());
    }

    /// <summary>Makes the types of an interpreter and adds them to the module; false with an exception set.</summary>
    internal static bool Create(PyObject* module, InterpreterState interpreter, nint handle)
    {
        LiveState* state = LiveState.Create(handle, interpreter.Id);
        interpreter.Live = state;
        state->SharedType = Kinds.MakeType(module, interpreter, _shared, null, Text.Utf8("Shared"u8));
        if (state->SharedType == null) return false;
        for (LiveKind kind = LiveKind.None + 1; kind < LiveKind.Limit; kind++)
        {
            if (!Make(module, interpreter, Kinds.Of(kind))) return false;
        }
        return true;
    }

    static bool Make(PyObject* module, InterpreterState interpreter, in Kind kind)
    {
        if (kind.Type == null) return true;
        byte* name = kind.NameInModule != null ? kind.NameInModule : kind.Name;
        PyObject* type = Kinds.MakeType(module, interpreter, kind.Type, interpreter.Live->SharedType, name);
        if (type == null) return false;
        interpreter.Live->SetType(kind.Number, type);
        return kind.MakeTypes == null || kind.MakeTypes(module, interpreter);
    }
}
