using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Deletion by hand, of whatever kind an object is.</summary>
internal static unsafe class Deletion
{
    /// <summary>Deletes an object to which the caller holds a reference; Deleted if it, or its pool, was before. Not inside a section.</summary>
    internal static Status Delete(Participant* me, Header* shared)
    {
        Epoch.Enter(me);
        bool isDeleted = PoolHeap.IsDeleted(Heap.Of(shared));
        LiveKind kind = isDeleted ? LiveKind.None : Kinds.Of(shared);
        Epoch.Exit(me);
        return kind == LiveKind.None ? Status.Deleted : Kinds.Of(kind).Delete(me, shared);
    }
}
