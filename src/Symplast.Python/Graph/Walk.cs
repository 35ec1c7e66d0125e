using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Graph;

/// <summary>
/// One walk over a graph of objects with an explicit stack, so that only memory limits the depth: the containers in progress,
/// what became of the objects met, and the temporaries that live as long as the walk.
/// </summary>
/// <typeparam name="TFrame">What is known of a container in progress. References in it are the walker's to drop.</typeparam>
internal unsafe struct Walk<TFrame>() where TFrame : unmanaged
{
    const int VisitsBetweenSignalChecks = 1 << 14;

    /// <summary>What became of each object that may be met again.</summary>
    internal Memo Memo;

    /// <summary>The containers in progress, outermost first.</summary>
    internal NativeList<TFrame> Stack;

    /// <summary>Visits until signals are checked, for walks that count them.</summary>
    internal int Budget = VisitsBetweenSignalChecks;

    NativeList<nint> _kept;

    /// <summary>Takes over a reference until the end of the walk.</summary>
    /// <exception cref="OutOfMemoryException">No memory; impossible after <see cref="ReserveKept"/>.</exception>
    internal void Keep(PyObject* o) => _kept.Add((nint)o);

    /// <summary>Makes room for one more object, so that keeping it cannot fail.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal void ReserveKept() => _kept.Reserve(1);

    /// <summary>Begins another budget and lets signal handlers run, which may be any Python code; false if one raised.</summary>
    internal bool CheckSignals()
    {
        Budget = VisitsBetweenSignalChecks;
        return Api.Table.PyErr_CheckSignals() == 0;
    }

    /// <summary>Frees everything but the references in frames. Dropping originals may run finalizers.</summary>
    internal void Dispose()
    {
        Stack.Dispose();
        Memo.Dispose();
        for (int i = 0; i < _kept.Count; i++) References.Drop((PyObject*)*_kept[i]);
        _kept.Dispose();
    }
}
