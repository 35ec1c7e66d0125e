using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>Reads the arguments of the methods that wait, as those of the threading module do.</summary>
internal static unsafe class LockArguments
{
    /// <summary><c>acquire(blocking=True, timeout=-1)</c> of a lock. Returns false with an exception set.</summary>
    internal static bool ForLock(PyObject** arguments, nint count, PyObject* keywords, out long deadline) =>
        Acquire(arguments, count, keywords, isLock: true, out deadline);

    /// <summary><c>acquire(blocking=True, timeout=None)</c> of a semaphore. Returns false with an exception set.</summary>
    internal static bool ForSemaphore(PyObject** arguments, nint count, PyObject* keywords, out long deadline) =>
        Acquire(arguments, count, keywords, isLock: false, out deadline);

    /// <summary><c>wait(timeout=None)</c>. Returns false with an exception set.</summary>
    internal static bool ForWait(PyObject** arguments, nint count, PyObject* keywords, out long deadline)
    {
        deadline = Deadline.None;
        if (count == 0 && keywords == null) return true;
        Span<nint> values = stackalloc nint[1];
        return Arguments.Bind("wait", ["timeout"], 0, 1, arguments, count, keywords, values)
            && TryTimeout((PyObject*)values[0], out deadline);
    }

    /// <summary>The deadline for a timeout that may be None or missing. Returns false with an exception set.</summary>
    internal static bool TryTimeout(PyObject* timeout, out long deadline)
    {
        deadline = Deadline.None;
        if (timeout == null || timeout == Api.Table._Py_NoneStruct) return true;
        if (!Deadline.TrySeconds(timeout, out double seconds)) return false;
        deadline = Deadline.After(seconds);
        return true;
    }

    /// <summary>
    /// The one argument of a type, which may be named and may be missing; then null. Returns false with TypeError set.
    /// </summary>
    internal static bool TryOne(string type, string name, PyObject* positional, PyObject* named, out PyObject* value)
    {
        nint count = ((PyVarObject*)positional)->Size;
        nint keywords = named == null ? 0 : ((PyDictObject*)named)->Used;
        value = count == 1 ? Tuples.Items(positional)[0] : null;
        if (!LiveMethods.CheckCount(type, count + keywords, 0, 1)) return false;
        if (keywords == 0) return true;
        nint position = 0;
        PyObject* key;
        PyObject* found;
        Api.Table.PyDict_Next(named, &position, &key, &found);
        if (Text.FromPython(key) != name)
            return Errors.Type($"{type}() got an unexpected keyword argument '{Text.FromPython(key)}'") != null;
        value = found;
        return true;
    }

    /// <summary>
    /// The arguments of a type, in the order of the names; those from index <paramref name="required"/> on may be missing, and
    /// are 0 then. Returns false with TypeError set.
    /// </summary>
    internal static bool TryAll(
        string type, ReadOnlySpan<string> names, int required, PyObject* positional, PyObject* named, Span<nint> values)
    {
        ref Api api = ref Api.Table;
        nint count = ((PyVarObject*)positional)->Size;
        PyObject** given = Tuples.Items(positional);
        if (named == null || ((PyDictObject*)named)->Used == 0)
            return Arguments.Bind(type, names, required, names.Length, given, count, null, values);
        // The form in which functions get their arguments: the values of keywords follow, and a tuple has their names.
        nint keywords = ((PyDictObject*)named)->Used;
        PyObject* keys = api.PyTuple_New(keywords);
        if (keys == null) return false;
        Span<nint> all = new nint[count + keywords];
        for (int i = 0; i < count; i++) all[i] = (nint)given[i];
        nint position = 0;
        PyObject* key;
        PyObject* value;
        for (nint i = 0; i < keywords && api.PyDict_Next(named, &position, &key, &value) != 0; i++)
        {
            Tuples.Items(keys)[i] = References.New(key);
            all[(int)(count + i)] = (nint)value;
        }
        bool bound;
        fixed (nint* first = all)
            bound = Arguments.Bind(type, names, required, names.Length, (PyObject**)first, count, keys, values);
        References.Drop(keys);
        return bound;
    }

    static bool Acquire(PyObject** arguments, nint count, PyObject* keywords, bool isLock, out long deadline)
    {
        ref Api api = ref Api.Table;
        deadline = Deadline.None;
        if (count == 0 && keywords == null) return true;
        Span<nint> values = stackalloc nint[2];
        if (!Arguments.Bind("acquire", ["blocking", "timeout"], 0, 2, arguments, count, keywords, values)) return false;
        PyObject* timeout = (PyObject*)values[1];
        int blocks = values[0] == 0 ? 1 : api.PyObject_IsTrue((PyObject*)values[0]);
        if (blocks < 0) return false;
        double seconds = -1;
        bool isGiven = timeout != null && (isLock || timeout != api._Py_NoneStruct);
        if (isGiven && !Deadline.TrySeconds(timeout, out seconds)) return false;
        // A lock takes -1 for no timeout.
        if (isLock) isGiven = seconds != -1;
        if (isGiven && blocks == 0)
        {
            return Errors.Value(isLock
                ? "can't specify a timeout for a non-blocking call" : "can't specify timeout for non-blocking acquire") != null;
        }
        if (isGiven && isLock && seconds < 0) return Errors.Value("timeout value must be a non-negative number") != null;
        if (blocks == 0) deadline = Deadline.Now;
        else if (isGiven) deadline = Deadline.After(seconds);
        return true;
    }
}
