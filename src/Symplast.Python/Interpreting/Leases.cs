using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;

namespace Symplast.Python.Interpreting;

/// <summary>What interpreters and pools have leased of pools.</summary>
internal static unsafe class Leases
{
    /// <summary>
    /// Ends the leases of interpreters that have ended, so that the memory of deleted pools can return. Interpreters that others
    /// started end without telling us, and nothing of theirs can run after they dropped their last pointer; so it is looked up
    /// whether they still exist.
    /// </summary>
    internal static void EndThoseOfEnded() => PoolTable.EndLeases(static id =>
    {
        if (id < 0) return CrossPool.HasEnded(id);
        // Numbers are never reused. The look-up takes the runtime's lock on the list of interpreters.
        if (Api.Table._PyInterpreterState_LookUpID(id) != null) return false;
        Api.Table.PyErr_Clear();
        return true;
    });
}
