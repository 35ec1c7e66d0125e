using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;

namespace Symplast.Python.Interpreting;

/// <summary>The leases that interpreters and pools have on pools.</summary>
internal static unsafe class Leases
{
    /// <summary>
    /// Ends the leases of interpreters that have ended, so that the memory of deleted pools can be freed. Interpreters that other
    /// code started end without telling us, so their numbers are looked up. No code of an ended interpreter runs any more.
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
