using Symplast.CPython;

namespace Symplast.Python.Interpreting;

/// <summary>Runs code in another interpreter on the calling thread.</summary>
internal static unsafe class Visit
{
    /// <summary>
    /// Runs <paramref name="action"/> with the GIL of <paramref name="interpreter"/> instead of the caller's, which is taken
    /// again afterwards. The interpreter must not end meanwhile. An exception that the action leaves set is dropped. Returns
    /// false if there is no memory.
    /// </summary>
    internal static bool Run(void* interpreter, delegate*<bool> action)
    {
        ref Api api = ref Api.Table;
        if (interpreter == api.PyInterpreterState_Get()) return action();
        void* visitor = api.PyThreadState_New(interpreter);
        if (visitor == null) return false;
        void* here = api.PyEval_SaveThread();
        api.PyEval_RestoreThread(visitor);
        bool done = action();
        if (!done) api.PyErr_Clear();
        api.PyThreadState_Clear(visitor);
        api.PyThreadState_DeleteCurrent();
        api.PyEval_RestoreThread(here);
        return done;
    }
}
