using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Freezing;
using Symplast.Python.Graph;

namespace Symplast.Python.Live;

/// <summary>
/// Copies a graph of live objects to plain objects of the interpreter: Dict and SortedDict become dict, List list, Set set, Array
/// <c>array.array</c>, AtomicInt int, AtomicRef its value, and other objects a dict of their attributes. Frozen parts are thawed.
/// Plain lists, dicts and tuples around live objects are copied. Each object is read at one moment. Sharing and cycles are kept.
/// The stack is explicit.
/// </summary>
internal unsafe ref struct LiveThawer
{
    struct Frame
    {
        internal PyObject* Container;   // an owned reference; the items are replaced in place
        internal PyObject* Keys;        // for a dict, a list of its keys; an owned reference
        internal nint Next;
    }

    // The largest depth of nested tuples. Tuples in a pool are not as deep.
    const int MostTuples = 1000;

    readonly InterpreterState _interpreter;
    readonly LiveState* _state;
    Walk<Frame> _walk = new();          // its memo maps handles to copies, and keeps both
    int _depth;                         // the depth of nested tuples

    LiveThawer(InterpreterState interpreter)
    {
        _interpreter = interpreter;
        _state = interpreter.Live;
    }

    /// <summary>Whether an object is a live object, or a plain container that holds one at any depth.</summary>
    internal static bool IsFor(InterpreterState interpreter, PyObject* o)
    {
        if (Handle.Is(interpreter.Live, o)) return true;
        return IsPlainContainer(o) && new LiveSearch(interpreter.Live).Finds(o);
    }

    /// <summary>Whether an object is a list, dict or tuple of the interpreter, and not of a subclass.</summary>
    internal static bool IsPlainContainer(PyObject* o) =>
        (o->Type == Api.Table.PyList_Type || o->Type == Api.Table.PyDict_Type || o->Type == Api.Table.PyTuple_Type)
            && !AddressRange.Contains(o);

    /// <summary>
    /// Returns a new reference to the plain form of an object for which <see cref="IsFor"/> is true, or null with an exception
    /// set.
    /// </summary>
    internal static PyObject* Thaw(InterpreterState interpreter, PyObject* o)
    {
        LiveThawer thawer = new(interpreter);
        PyObject* copy = null;
        try
        {
            copy = thawer.Visit(o);
            if (copy != null && !thawer.Run())
            {
                References.Drop(copy);
                copy = null;
            }
        }
        catch (Exception e)
        {
            References.Drop(copy);
            copy = Errors.FromManaged(e);
        }
        thawer.Dispose();
        return copy;
    }

    bool Run()
    {
        ref Api api = ref Api.Table;
        while (_walk.Stack.Count > 0)
        {
            if (api.PyErr_CheckSignals() != 0) return false;
            Frame* frame = _walk.Stack.Last;
            PyObject* container = frame->Container;
            PyObject* keys = frame->Keys;
            nint next = frame->Next++;
            if (next >= ((PyListObject*)(keys != null ? keys : container))->Size)
            {
                _walk.Stack.RemoveLast();
                References.Drop(keys);
                continue;
            }
            if (keys == null)
            {
                PyObject* item = ((PyListObject*)container)->Items[next];
                PyObject* plain = Visit(item);
                if (plain == null) return false;
                ((PyListObject*)container)->Items[next] = plain;
                References.Drop(item);
                continue;
            }
            PyObject* key = ((PyListObject*)keys)->Items[next];
            PyObject* value = api.PyDict_GetItemWithError(container, key);
            if (value == null) return false;
            PyObject* copy = Visit(value);
            if (copy == null) return false;
            int failed = copy == value ? 0 : api.PyDict_SetItem(container, key, copy);
            References.Drop(copy);
            if (failed != 0) return false;
        }
        return true;
    }

    // Returns a new reference to the plain form of an object. The plain form of a container holds live objects at first, which
    // are replaced when its frame on the stack is processed.
    PyObject* Visit(PyObject* o)
    {
        ref Api api = ref Api.Table;
        if (AddressRange.Contains(o)) return Thawer.Thaw(_interpreter, o);
        if (o->Type == api.PyTuple_Type) return VisitTuple(o);
        bool isPlain = IsPlainContainer(o);
        if (!isPlain && !Handle.Is(_state, o)) return References.New(o);
        PyObject* known = _walk.Memo.Find(o);
        if (known != null) return References.New(known);
        if (isPlain) return Begin(o, o->Type == api.PyDict_Type ? api.PyDict_Copy(o) : api.PySequence_List(o));
        if (LiveObjects.KindOf(_state, o) == LiveKind.Array) return VisitArray(o);
        PyObject* copy = LiveObjects.ToPlain(_state, o);
        // An AtomicRef may hold another AtomicRef, and so on. The result is the value at the end of the chain.
        for (int depth = 0; copy != null && Handle.Is(_state, copy) && LiveObjects.KindOf(_state, o) == LiveKind.AtomicRef;)
        {
            if (++depth > Limits.ChainedReferences)
            {
                References.Drop(copy);
                return Errors.Set(*api.PyExc_RecursionError, "an AtomicRef that holds itself has no plain form");
            }
            PyObject* inner = LiveObjects.KindOf(_state, copy) == LiveKind.AtomicRef
                ? LiveObjects.ToPlain(_state, copy) : Visit(copy);
            References.Drop(copy);
            copy = inner;
        }
        return Begin(o, copy);
    }

    // Pushes a copy on the stack if it is a container. Steals the reference to the copy and returns it, or null with an exception
    // set.
    PyObject* Begin(PyObject* o, PyObject* copy)
    {
        ref Api api = ref Api.Table;
        if (copy == null) return null;
        bool isDict = copy->Type == api.PyDict_Type;
        if (!isDict && copy->Type != api.PyList_Type) return copy;
        PyObject* keys = isDict ? api.PySequence_List(copy) : null;
        if (isDict && keys == null)
        {
            References.Drop(copy);
            return null;
        }
        Note(o, copy);
        _walk.Stack.Add(new Frame { Container = copy, Keys = keys });
        return copy;
    }

    // An Array holds only numbers, so its copy is finished at once.
    PyObject* VisitArray(PyObject* o)
    {
        PyObject* copy = LiveObjects.ToPlain(_state, o);
        if (copy != null) Note(o, copy);
        return copy;
    }

    // Adds a pair to the memo. The reference is taken only when there is room for it.
    void Note(PyObject* o, PyObject* copy)
    {
        _walk.ReserveKept();
        _walk.Keep(References.New(copy));
        _walk.Memo.Add(o, copy);
    }

    PyObject* VisitTuple(PyObject* tuple)
    {
        ref Api api = ref Api.Table;
        if (_depth == MostTuples) return Errors.Set(*api.PyExc_RecursionError, "the tuple is nested too deeply");
        _depth++;
        nint length = ((PyVarObject*)tuple)->Size;
        PyObject* copy = api.PyTuple_New(length);
        for (nint i = 0; copy != null && i < length; i++)
        {
            PyObject* item = Visit(Tuples.Items(tuple)[i]);
            if (item == null)
            {
                References.Drop(copy);
                copy = null;
            }
            else Tuples.Items(copy)[i] = item;
        }
        _depth--;
        return copy;
    }

    void Dispose()
    {
        for (int i = 0; i < _walk.Stack.Count; i++) References.Drop(_walk.Stack[i]->Keys);
        _walk.Dispose();
    }
}
