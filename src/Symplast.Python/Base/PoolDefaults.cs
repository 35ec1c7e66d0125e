using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>
/// The functions by which one interpreter converts objects that cannot be shared, by pool: the <c>default</c> of its handle of
/// the pool. Other interpreters have their own.
/// </summary>
/// <remarks>Used only with that interpreter's GIL held.</remarks>
internal sealed unsafe class PoolDefaults
{
    readonly Dictionary<long, nint> _byPool = [];

    /// <summary>The function for a pool, borrowed; null if there is none.</summary>
    internal PyObject* Of(Pool pool) => _byPool.TryGetValue(pool.Id, out nint known) ? (PyObject*)known : null;

    /// <summary>
    /// Sets the function of a pool, or removes it if given null. Python code may run when the old function is released.
    /// </summary>
    internal void Set(Pool pool, PyObject* function)
    {
        PyObject* old = Of(pool);
        if (function == null) _byPool.Remove(pool.Id);
        else _byPool[pool.Id] = (nint)References.New(function);
        if (function != old) pool.HasDefault = function != null;
        References.Drop(old);
    }

    /// <summary>Shows the collector every reference.</summary>
    internal int Traverse(delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        foreach (nint function in _byPool.Values)
        {
            int stop = visit((PyObject*)function, argument);
            if (stop != 0) return stop;
        }
        return 0;
    }

    /// <summary>Drops every reference.</summary>
    internal void Clear()
    {
        nint[] functions = [.. _byPool.Values];
        _byPool.Clear();
        foreach (nint function in functions) References.Drop((PyObject*)function);
    }

    /// <summary>
    /// The end of the message that an object cannot go into a pool for which this interpreter has no function. It says what helps
    /// if other interpreters have one.
    /// </summary>
    internal static string Advice(Pool pool) =>
        pool.HasDefault
            ? $": the default of pool '{pool.Name}' is another interpreter's, each that stores such objects sets pool.default "
            + "itself" : "";
}
