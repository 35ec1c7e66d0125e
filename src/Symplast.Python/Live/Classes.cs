using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// The classes of live objects: known in the process by a number, which each object carries; found in an interpreter by module and qualified name. Each pool has one
/// tree of shapes for each class.
/// </summary>
internal static unsafe class Classes
{
    sealed class Roots
    {
        internal readonly Dictionary<int, nint> ByClass = [];
    }

    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal int Count;
    }

    static State _state;

    const string Script = "__main__";

    static readonly Lock Gate = new();
    static readonly Dictionary<(string Module, string Name), int> Numbers = [];
    static readonly List<(string Module, string Name)> Names = [default];
    static readonly ConditionalWeakTable<Pool, Roots> Trees = [];
    static readonly Dictionary<int, byte[]> Definitions = [];
    static readonly Dictionary<int, long> Parcels = [];
    static readonly Dictionary<int, string> Failures = [];

    /// <summary>Makes a class known, in this interpreter and in the process; it takes the place of one that had its names. False with an exception set.</summary>
    internal static bool Register(InterpreterState interpreter, PyObject* type, string module, string name, bool isReceived)
    {
        int number;
        // Where the class of a script comes to, it has this module's name.
        bool isScript = module is Script or "__mp_main__";
        if (isScript) module = Script;
        lock (Gate)
        {
            if (!Numbers.TryGetValue((module, name), out number))
            {
                number = Names.Count;
                Names.Add((module, name));
                Numbers.Add((module, name), number);
                // Release: pairs with the acquire in Count.
                Volatile.Write(ref _state.Count, number);
            }
        }
        interpreter.Keep(References.New(type));
        interpreter.ClassNumbers[(nint)type] = number;
        interpreter.Live->SetClass(number, type);
        if (HasFields(type)) ObjectType.Close(type);
        if (!isReceived && (isScript || name.Contains("<locals>"))) interpreter.UnpublishedClasses.Add(number);
        return true;
    }

    /// <summary>
    /// Leaves the definition of a class that other interpreters cannot import for them, once. A class that cannot be sent by value is an error where an instance of it turns
    /// up, not here. Runs Python code.
    /// </summary>
    internal static void Publish(InterpreterState interpreter, PyObject* type, int number)
    {
        ref Api api = ref Api.Table;
        interpreter.UnpublishedClasses.Remove(number);
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("symplast.objects"u8));
        PyObject* publish = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("_publish"u8));
        PyObject* done = publish == null ? null : api.PyObject_CallOneArg(publish, type);
        References.Drop(done);
        References.Drop(publish);
        References.Drop(module);
        if (done == null) NoteFailure(number);
    }

    // Whoever meets an instance of the class is told why its definition is not there.
    static void NoteFailure(int number)
    {
        ref Api api = ref Api.Table;
        PyObject* exception = api.PyErr_GetRaisedException();
        PyObject* text = api.PyObject_Str(exception);
        string reason = text == null ? Text.TypeName(exception) : Text.FromPython(text);
        api.PyErr_Clear();
        References.Drop(text);
        References.Drop(exception);
        lock (Gate) Failures[number] = reason;
    }

    /// <summary>Keeps the pickled definition of a class, with the live objects that it names.</summary>
    internal static void Define(int number, ReadOnlySpan<byte> data, long parcel)
    {
        long old;
        lock (Gate)
        {
            Definitions[number] = data.ToArray();
            Parcels.Remove(number, out old);
            Parcels[number] = parcel;
        }
        Live.Parcels.Drop(old);
    }

    /// <summary>Forgets all definitions, with the live objects that they name: at the end of the process.</summary>
    internal static void ForgetDefinitions()
    {
        long[] parcels;
        lock (Gate)
        {
            parcels = [.. Parcels.Values];
            Parcels.Clear();
            Definitions.Clear();
        }
        foreach (long parcel in parcels) Live.Parcels.Drop(parcel);
    }

    /// <summary>Whether a class, or a base of it, declares fields: then its objects have no other attributes.</summary>
    internal static bool HasFields(PyObject* type) => FieldsOf(type) != null;

    /// <summary>The names of the fields that a class and its bases declare, a borrowed tuple; null if there are none, or with an exception set.</summary>
    internal static PyObject* FieldsOf(PyObject* type)
    {
        ref Api api = ref Api.Table;
        PyObject* key = api.PyUnicode_InternFromString(Text.Utf8("__symplast_fields__"u8));
        PyObject* names = key == null ? null : api._PyType_Lookup(type, key);
        References.Drop(key);
        return names != null && names->Type == api.PyTuple_Type ? names : null;
    }

    /// <summary>Finds the class with a number in this interpreter: imports its module. False with an exception set. Runs Python code.</summary>
    internal static bool Resolve(LiveState* state, int number)
    {
        ref Api api = ref Api.Table;
        InterpreterState? interpreter = state->Interpreter;
        (string module, string name) = NameOf(number);
        if (interpreter is null || name is null) return LiveErrors.RaiseNotShareable(state, "the class of this object is not known") != null;
        PyObject* found = Receive(number);
        if (found == null && api.PyErr_Occurred() == null) found = Find(module, name);
        if (found == null) return RaiseNotFound(state, number);
        bool fits = interpreter.ClassNumbers.TryGetValue((nint)found, out int known) && known == number;
        References.Drop(found);
        return fits || RaiseNotFound(state, number);
    }

    /// <summary>The root of a pool's shapes for a class; null if there is no memory. Inside a section in which the pool was not deleted.</summary>
    internal static Shape* RootOf(Participant* me, PoolHeap* heap, int number)
    {
        Pool? pool = LiveErrors.PoolOf(heap);
        if (pool is null) return null;
        Roots roots = Trees.GetOrCreateValue(pool);
        lock (roots)
        {
            if (roots.ByClass.TryGetValue(number, out nint known)) return (Shape*)known;
            Shape* root = Shapes<Uninterrupted>.CreateTree(me, heap);
            if (root != null) roots.ByClass.Add(number, (nint)root);
            return root;
        }
    }

    /// <summary>How many classes the process knows. Their numbers begin at 1.</summary>
    // Acquire: pairs with the release in Register, before which no object of a new class is made.
    internal static int Count => Volatile.Read(ref _state.Count);

    /// <summary>Module and qualified name of a class.</summary>
    internal static (string Module, string Name) NameOf(int number)
    {
        lock (Gate) return (uint)number < (uint)Names.Count ? Names[number] : default;
    }

    // The class as another interpreter defined it, a new reference; null, without an exception if none did.
    static PyObject* Receive(int number)
    {
        ref Api api = ref Api.Table;
        byte[]? definition;
        lock (Gate) Definitions.TryGetValue(number, out definition);
        if (definition is null) return null;
        PyObject* data;
        fixed (byte* bytes = definition) data = api.PyBytes_FromStringAndSize(bytes, definition.Length);
        PyObject* module = data == null ? null : api.PyImport_ImportModule(Text.Utf8("symplast.objects"u8));
        PyObject* receive = module == null ? null : api.PyObject_GetAttrString(module, Text.Utf8("_receive"u8));
        PyObject* found = receive == null ? null : api.PyObject_CallOneArg(receive, data);
        References.Drop(receive);
        References.Drop(module);
        References.Drop(data);
        return found;
    }

    // A new reference, or null, perhaps with an exception set.
    static PyObject* Find(string module, string name)
    {
        ref Api api = ref Api.Table;
        nint utf8 = System.Runtime.InteropServices.Marshal.StringToCoTaskMemUTF8(module);
        PyObject* found = api.PyImport_ImportModule((byte*)utf8);
        System.Runtime.InteropServices.Marshal.FreeCoTaskMem(utf8);
        foreach (string part in name.Split('.'))
        {
            if (found == null) return null;
            PyObject* attribute = Text.ToPython(part);
            PyObject* next = attribute == null ? null : api.PyObject_GetAttr(found, attribute);
            References.Drop(attribute);
            References.Drop(found);
            found = next;
        }
        return found;
    }

    static bool RaiseNotFound(LiveState* state, int number)
    {
        ref Api api = ref Api.Table;
        (string module, string name) = NameOf(number);
        string? reason;
        lock (Gate) Failures.TryGetValue(number, out reason);
        reason = reason is null ? "it must be a class that can be imported here" : $"where it was defined it could not be sent ({reason})";
        PyObject* cause = api.PyErr_GetRaisedException();
        LiveErrors.RaiseNotShareable(state, $"the class {module}.{name} of this object cannot be found in this interpreter: {reason}");
        if (cause == null) return false;
        PyObject* raised = api.PyErr_GetRaisedException();
        api.PyException_SetCause(raised, cause);
        api.PyErr_SetRaisedException(raised);
        return false;
    }
}
