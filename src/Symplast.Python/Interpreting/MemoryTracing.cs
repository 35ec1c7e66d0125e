using Symplast.CPython;

namespace Symplast.Python.Interpreting;

/// <summary> Keeps tracemalloc working beside worker interpreters: it traces the main interpreter only. </summary>
/// <remarks>
/// <para>The hooks, tables and traces of tracemalloc are one for the process. A trace holds file names of the interpreter that
/// allocated, which must not outlive that interpreter. For memory that is allocated without a GIL the hook takes a GIL, even
/// while an interpreter begins or ends. With a worker traced, CPython 3.12 to 3.14 hang or abort.</para>
/// <para>tracemalloc sets a thread-specific flag so as not to trace its own allocations. Here the flag is set for as long as a
/// thread runs another interpreter, so that the hooks only pass its calls on. The flag is at <see cref="Layout.TracingFlag"/>,
/// and is used only if a trial succeeds.</para>
/// <para>The fields are written with the main interpreter's GIL held while no worker lives. Threads that are released later read
/// them.</para>
/// </remarks>
internal static unsafe class MemoryTracing
{
    const nint TrialSize = 8 << 20;

    static bool _tracing;
    static void* _flag;

    /// <summary>Whether tracemalloc traces.</summary>
    internal static bool IsOn => _tracing;

    /// <summary>Whether workers can run: tracemalloc does not trace, or workers can be excluded.</summary>
    internal static bool AllowsWorkers => !_tracing || _flag != null;

    /// <summary>The message if workers cannot run.</summary>
    internal const string Refusal = "worker interpreters cannot run while tracemalloc traces in this CPython; stop it first";

    /// <summary>
    /// Finds out anew whether tracemalloc traces. Called in the main interpreter; returns false with an exception set.
    /// </summary>
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

    /// <summary>Excludes this thread's allocations from tracing from here on.</summary>
    internal static void LeaveOut()
    {
        // The value of the flag may be any pointer but null.
        if (_flag != null) Api.Table.PyThread_tss_set(_flag, _flag);
    }

    /// <summary>Includes this thread's allocations in tracing again, unless it runs a worker's interpreter.</summary>
    internal static void TakeIn()
    {
        if (_flag != null) Api.Table.PyThread_tss_set(_flag, null);
    }

    // Called when tracing is on. Finds the flag; it stays null if the trial fails. Returns false with an exception set.
    static bool Find(PyObject* module)
    {
        _tracing = true;
        PyMemAllocator raw, memory, objects;
        Api.Table.PyMem_GetAllocator(PyMemAllocator.Raw, &raw);
        Api.Table.PyMem_GetAllocator(PyMemAllocator.Memory, &memory);
        Api.Table.PyMem_GetAllocator(PyMemAllocator.Objects, &objects);
        // A hook's context is the allocator that it wraps; the three allocators are adjacent.
        PyMemAllocator* under = (PyMemAllocator*)memory.Context;
        if (raw.Context != under + 1 || objects.Context != under + 2) return true;
        byte* flag = (byte*)(under + 3) + Layout.Current.TracingFlag;
        // A Py_tss_t: whether the key was created, and the key.
        const int MostKeys = 1024;
        if (((int*)flag)[0] != 1 || ((uint*)flag)[1] >= MostKeys) return true;
        if (!Try(module, null, out bool seen)) return false;
        if (!Try(module, flag, out bool seenWithFlag)) return false;
        if (seen && !seenWithFlag) _flag = flag;
        return true;
    }

    // Whether an allocation is traced while the flag, if there is one, is set. Returns false with an exception set.
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
