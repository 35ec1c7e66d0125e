using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Finds the class of a live object in an interpreter. The decisions are made in Python (<c>symplast/classes.py</c>); the tables
/// are <see cref="ClassTable"/> and <see cref="InterpreterClasses"/>. Each pool has one tree of shapes for each class.
/// </summary>
internal static unsafe class Classes
{
    sealed class Roots
    {
        internal readonly Dictionary<int, nint> ByClass = [];
    }

    static readonly ConditionalWeakTable<Pool, Roots> Trees = [];

    // Guards the roots of all pools.
    static readonly WordLock Gate = WordLock.Create();

    /// <summary>
    /// Gives a class its number in the process when it makes its first object in this interpreter. The number is 0 if the class
    /// was not created as a class of live objects. Returns false with an exception set. Runs Python code.
    /// </summary>
    internal static bool Identify(InterpreterState interpreter, PyObject* type, out int number)
    {
        number = 0;
        PyObject* done = Call("identify"u8, [(nint)References.New(type)]);
        if (done == null) return false;
        References.Drop(done);
        InterpreterClasses.Of(interpreter).TryHold(type, out number);
        return true;
    }

    /// <summary>
    /// Finds the class with a number in this interpreter. Returns false with an exception set. Runs Python code.
    /// </summary>
    internal static bool Resolve(LiveState* state, int number)
    {
        ref Api api = ref Api.Table;
        InterpreterState? interpreter = state->Interpreter;
        if (interpreter is null) return LiveErrors.RaiseNotShareable(state, "the class of this object is not known") != null;
        if (InterpreterClasses.Of(interpreter).Find(number) != null) return true;
        if (!ClassTable.TryGet(
            number, out ClassTable.Identity? identity, out PyObject* definition, out long parcel, out string? failure))
        {
            References.Drop(definition);
            return LiveErrors.RaiseNotShareable(state, "the class of this object is not known") != null;
        }
        PyObject* none = api._Py_NoneStruct;
        PyObject* found;
        try
        {
            found = Call("resolve"u8,
            [
                (nint)Text.ToPython(identity!.Module),
                (nint)Text.ToPython(identity.Name),
                (nint)(identity.Token is null ? api.PyLong_FromLongLong(identity.Content) : References.New(none)),
                (nint)api.PyLong_FromLongLong(identity.Stamp),
                (nint)definition,
                (nint)(failure is null ? References.New(none) : Text.ToPython(failure)),
            ]);
        }
        finally
        {
            Parcels.Drop(parcel);
        }
        if (found == null) return false;
        bool fits = api.PyType_IsSubtype(found->Type, api.PyType_Type) != 0
            && api.PyType_IsSubtype(found, state->TypeOf(LiveKind.Object)) != 0;
        bool done = fits && InterpreterClasses.Of(interpreter).Add(found, number, mayBeLetGo: identity.Token is not null);
        if (!fits) LiveErrors.RaiseNotShareable(
            state, $"{identity.Module}.{identity.Name} is not a class of live objects in this interpreter");
        References.Drop(found);
        return done;
    }

    /// <summary>
    /// Takes in the changes that other interpreters have made, since the last call, to classes that this one has from them.
    /// Returns false with an exception set; a failed change is tried again next time. Runs Python code only if there are changes.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Refresh(LiveState* state) =>
        state->Interpreter is not { } interpreter || InterpreterClasses.Of(interpreter).SeenChanges == ClassTable.Changes
        || Refresh(interpreter);

    /// <summary>
    /// The root of a pool's tree of shapes for a class; null if there is no memory. Called inside a section in which the pool was
    /// not deleted.
    /// </summary>
    internal static Shape* RootOf(Participant* me, PoolHeap* heap, int number)
    {
        Pool? pool = LiveErrors.PoolOf(heap);
        if (pool is null) return null;
        using (Gate.Hold())
        {
            Roots roots = Trees.GetOrCreateValue(pool);
            if (roots.ByClass.TryGetValue(number, out nint known)) return (Shape*)known;
            Shape* root = Shapes.CreateTree(me, heap);
            if (root != null) roots.ByClass.Add(number, (nint)root);
            return root;
        }
    }

    /// <summary>Whether a class or one of its bases declares fields. Its objects then have no other attributes.</summary>
    internal static bool HasFields(PyObject* type) => FieldsOf(type) != null;

    /// <summary>
    /// A borrowed tuple of the names of the fields that a class and its bases declare; null if there are none, or with an
    /// exception set.
    /// </summary>
    internal static PyObject* FieldsOf(PyObject* type)
    {
        ref Api api = ref Api.Table;
        PyObject* key = api.PyUnicode_InternFromString(Text.Utf8("__symplast_fields__"u8));
        PyObject* names = key == null ? null : api._PyType_Lookup(type, key);
        References.Drop(key);
        return names != null && names->Type == api.PyTuple_Type ? names : null;
    }

    static bool Refresh(InterpreterState interpreter)
    {
        long seen = ClassTable.Changes;
        InterpreterClasses classes = InterpreterClasses.Of(interpreter);
        foreach (int number in classes.NumbersThat(number => ClassTable.HasChanged(number, classes.SeenChanges, interpreter.Id)))
        {
            ClassTable.TryGet(number, out _, out PyObject* definition, out long parcel, out _);
            PyObject* done = Call("receive"u8, [(nint)definition]);
            Parcels.Drop(parcel);
            if (done == null) return false;
            References.Drop(done);
        }
        classes.SeenChanges = seen;
        return true;
    }

    // Calls a function of symplast.classes. Steals the references to the arguments, of which one may be null with an exception
    // set.
    static PyObject* Call(ReadOnlySpan<byte> name, ReadOnlySpan<nint> arguments)
    {
        ref Api api = ref Api.Table;
        bool complete = true;
        foreach (nint argument in arguments) complete &= argument != 0;
        PyObject* module = complete ? api.PyImport_ImportModule(Text.Utf8("symplast.classes"u8)) : null;
        PyObject* function = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8(name));
        PyObject* tuple = function == null ? null : api.PyTuple_New(arguments.Length);
        for (int i = 0; i < arguments.Length; i++)
        {
            // PyTuple_SetItem steals the reference.
            if (tuple != null) api.PyTuple_SetItem(tuple, i, (PyObject*)arguments[i]);
            else References.Drop((PyObject*)arguments[i]);
        }
        PyObject* result = tuple == null ? null : api.PyObject_CallObject(function, tuple);
        References.Drop(tuple);
        References.Drop(function);
        References.Drop(module);
        return result;
    }
}
