using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python.Live;

/// <summary>
/// Pointers from the objects of one pool, the holder, to those of another, the target. The target keeps its addresses until the
/// holder is deleted, too. So a pointer into a deleted pool is recognized as such and never leads to newer objects.
/// </summary>
internal static unsafe class CrossPool
{
    static readonly WordLock Gate = WordLock.Create();
    static readonly Dictionary<long, HashSet<Pool>> Held = [];

    /// <summary>
    /// Lets objects of <paramref name="holder"/> point to live objects of <paramref name="target"/>; false with DeletedError set.
    /// </summary>
    internal static bool HoldLive(LiveState* state, PoolHeap* holder, PoolHeap* target) =>
        Hold(state, holder, LiveErrors.PoolOf(target));

    /// <summary>Lets objects of <paramref name="holder"/> point to a frozen object; false with DeletedError set.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool HoldFrozen(LiveState* state, PoolHeap* holder, PyObject* o) => Hold(state, holder, PoolTable.OwnerOf(o));

    /// <summary>Ends the leases of a deleted pool on others.</summary>
    internal static void Release(Pool holder)
    {
        HashSet<Pool>? targets;
        using (Gate.Hold())
        {
            if (!Held.Remove(holder.Id, out targets)) return;
        }
        foreach (Pool target in targets) Heap.Unpin(target.LiveHeap());
    }

    /// <summary>
    /// The number under which a pool holds leases on other pools. It is negative; interpreters' numbers are not.
    /// </summary>
    internal static long LeaseOf(Pool holder) => -holder.Id;

    /// <summary>Whether a pool that holds leases has been deleted.</summary>
    internal static bool HasEnded(long lease) => PoolTable.Find(-lease) is not { Deleted: false };

    static bool Hold(LiveState* state, PoolHeap* holder, Pool? target)
    {
        Pool? from = LiveErrors.PoolOf(holder);
        if (target is null || target.Deleted) return Raise(state, target);
        if (from is null || from == target) return true;
        // A lease lasts until the holder is deleted; after that nothing is stored in the holder.
        if (state->HeldPools.Knows(from.Id, target.Id) && !from.Deleted) return true;
        Pool? deleted = NoteHeld(state, from, target);
        return deleted is null || Raise(state, deleted);
    }

    // Returns null, or the one of the two pools that was deleted. No exception is raised under the lock.
    static Pool? NoteHeld(LiveState* state, Pool from, Pool target)
    {
        using (Gate.Hold())
        {
            if (from.Deleted) return from;
            if (!Held.TryGetValue(from.Id, out HashSet<Pool>? targets)) Held.Add(from.Id, targets = []);
            if (targets.Contains(target))
            {
                state->HeldPools.Note(from.Id, target.Id);
                return null;
            }
            // First, so that nothing can fail for lack of memory once the target is pinned.
            targets.EnsureCapacity(targets.Count + 1);
            if (!target.Lease(LeaseOf(from))) return target;
            Section section = Section.Enter(state->Me);
            PoolHeap* heap = target.LiveHeap();
            bool isDeleted = PoolHeap.IsDeleted(heap);
            if (!isDeleted) Heap.Pin(heap);
            section.Exit(state->Me);
            if (isDeleted) return target;
            targets.Add(target);
            return null;
        }
    }

    static bool Raise(LiveState* state, Pool? pool)
    {
        state->Interpreter?.RaiseDeleted(pool);
        return false;
    }
}
