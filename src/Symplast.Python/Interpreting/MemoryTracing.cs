using Symplast.CPython;

namespace Symplast.Python.Interpreting;

/// <summary>
/// tracemalloc beside worker interpreters: it traces the main interpreter and leaves workers out.
/// </summary>
/// <remarks>
/// <para>Its hooks, tables and traces are the process's. A trace holds the file names of the interpreter that allocated, which
/// must not outlive it, and for memory allocated without a GIL it takes one, in the midst of an interpreter's beginning and end.
/// With a worker traced, CPython 3.12 to 3.14 hang or abort.</para>
/// <para>Calls that tracemalloc's own work makes are not traced: a flag of the thread tells. It is set for as long as a thread
/// runs another interpreter, so that the hooks pass its calls on and touch nothing. The flag is where
/// <see cref="Layout.TracingFlag"/> says, and is trusted only after a trial.</para>
/// <para>Written with the main interpreter's GIL held while no worker lives; read by threads that such a writer let go on.</para>
/// </remarks>
internal static unsafe class MemoryTracing
{
    const nint TrialSize = 8 << 20;

    static bool _tracing;
    static void* _flag;

    /// <summary>Whether tracemalloc traces.</summary>
    internal static bool IsOn => _tracing;

    /// <summary>Whether workers can run: it does not trace, or they can be left out.</summary>
    internal static bool AllowsWorkers => !_tracing || _flag != null;

    /// <summary>What is said where they cannot.</summary>
    internal const string Refusal = "worker interpreters cannot run while tracemalloc traces in this CPython; stop it first";

    /// <summary>Looks anew whether it traces. False with an exception set. Called in the main interpreter.</summary>
    internal static bool Refresh()
    {
        ref Api api = ref Api.Table;
        _tracing = false;
        _flag = null;
        PyObject* module = api.PyImport_ImportModule(Text.Utf8("_tracemalloc"u8));
        PyObject* answer = module == null ? null : Call(module, "is_tracing"u8);
        int tracing = answer == null ? -1 : api.PyObject_IsTrue(answer);
        References.Drop(answer);
        bool done = tracing >= 0 && (tracing == 0 || Find(module));
        References.Drop(module);
        return done;
    }

    /// <summary>Leaves out what this thread allocates from here on.</summary>
    internal static void LeaveOut()
    {
        // Any pointer but null.
        if (_flag != null) Api.Table.PyThread_tss_set(_flag, _flag);
    }

    /// <summary>Traces what this thread allocates again, unless a worker's interpreter is its owner.</summary>
    internal static void TakeIn()
    {
        if (_flag != null) Api.Table.PyThread_tss_set(_flag, null);
    }

    // Tracing is on. False with an exception set; a flag that is not where it should be is none.
    static bool Find(PyObject* module)
    {
        _tracing = true;
        PyMemAllocator raw, memory, objects;
        Api.Table.PyMem_GetAllocator(PyMemAllocator.Raw, &raw);
        Api.Table.PyMem_GetAllocator(PyMemAllocator.Memory, &memory);
        Api.Table.PyMem_GetAllocator(PyMemAllocator.Objects, &objects);
        // What a hook is called with is the allocator under it; the three lie side by side.
        PyMemAllocator* under = (PyMemAllocator*)memory.Context;
        if (raw.Context != under + 1 || objects.Context != under + 2) return true;
        byte* flag = (byte*)(under + 3) + Layout.Current.TracingFlag;
        // A Py_tss_t: whether the key was made, and the key.
        const int MostKeys = 1024;
        if (((int*)flag)[0] != 1 || ((uint*)flag)[1] >= MostKeys) return true;
        if (!Try(module, null, out bool seen)) return false;
        if (!Try(module, flag, out bool seenWithFlag)) return false;
        if (seen && !seenWithFlag) _flag = flag;
        return true;
    }

    // Whether an allocation is traced, with the flag set if there is one. False with an exception set.
    static bool Try(PyObject* module, void* flag, out bool seen)
    {
        ref Api api = ref Api.Table;
        seen = false;
        if (!Traced(module, out long before)) return false;
        if (flag != null) api.PyThread_tss_set(flag, flag);
        void* block = api.PyMem_RawMalloc((nuint)TrialSize);
        if (flag != null) api.PyThread_tss_set(flag, null);
        bool done = Traced(module, out long after);
        api.PyMem_RawFree(block);
        seen = block != null && after - before >= TrialSize;
        return done;
    }

    static bool Traced(PyObject* module, out long bytes)
    {
        PyObject* pair = Call(module, "get_traced_memory"u8);
        bytes = pair == null ? -1 : Api.Table.PyLong_AsLongLong(Tuples.Items(pair)[0]);
        References.Drop(pair);
        return bytes >= 0;
    }

    static PyObject* Call(PyObject* module, ReadOnlySpan<byte> name)
    {
        PyObject* function = Api.Table.PyObject_GetAttrString(module, Text.Utf8(name));
        PyObject* result = function == null ? null : Api.Table.PyObject_CallNoArgs(function);
        References.Drop(function);
        return result;
    }
}
