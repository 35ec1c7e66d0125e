using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Graph;

/// <summary>
/// The state of one walk over a graph of objects: a stack of the containers in progress, a memo of the copies, and the
/// temporaries that live as long as the walk. The stack is explicit, so only memory limits the depth of the graph.
/// </summary>
/// <typeparam name="TFrame">The state of a container in progress. The walker drops the references in it.</typeparam>
internal unsafe struct Walk<TFrame>() where TFrame : unmanaged
{
    const int VisitsBetweenSignalChecks = 1 << 14;

    /// <summary>The copy of each object that may be met again.</summary>
    internal Memo Memo;

    /// <summary>The containers in progress, outermost first.</summary>
    internal NativeList<TFrame> Stack;

    /// <summary>The number of visits until signals are checked, for walks that count visits.</summary>
    internal int Budget = VisitsBetweenSignalChecks;

    NativeList<nint> _kept;

    /// <summary>Takes over a reference until the end of the walk.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory. Cannot happen after <see cref="ReserveKept"/>.</exception>
    internal void Keep(PyObject* o) => _kept.Add((nint)o);

    /// <summary>Makes room for one more object, so that keeping it cannot fail.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory.</exception>
    internal void ReserveKept() => _kept.Reserve(1);

    /// <summary>
    /// Resets the budget and lets signal handlers run, which may be any Python code. Returns false if a handler raised.
    /// </summary>
    internal bool CheckSignals()
    {
        Budget = VisitsBetweenSignalChecks;
        return Api.Table.PyErr_CheckSignals() == 0;
    }

    /// <summary>Frees everything except the references in frames. Dropping originals may run finalizers.</summary>
    internal void Dispose()
    {
        Stack.Dispose();
        Memo.Dispose();
        for (int i = 0; i < _kept.Count; i++) References.Drop((PyObject*)*_kept[i]);
        _kept.Dispose();
    }
}
