using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>All kinds of structures: the one place that names them.</summary>
public static unsafe class Structures
{
    // A module's initializer runs before anything of the module does, so no block of a kind can die before the kind is declared.
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "A static constructor would be asked for at each block that dies.")]
    internal static void Declare()
    {
        Structure.Declare(HeaderKind.Tuple, Release.OfTuples);
        Structure.Declare(HeaderKind.OrderedMap, OrderedMap.Structure);
        Structure.Declare(HeaderKind.Set, OrderedMap.Structure);
        Structure.Declare(HeaderKind.SortedMap, SortedMap.Structure);
        Structure.Declare(HeaderKind.Vector, SharedVector.Structure);
        Structure.Declare(HeaderKind.Record, Record.Structure);
        Structure.Declare(HeaderKind.Cell, AtomicCell.Structure);
        Structure.Declare(HeaderKind.Queue, SharedQueue.Structure);
        Structure.Declare(HeaderKind.Array, SharedArray.Structure);
        Structure.Declare(HeaderKind.Lock, SharedLock.Structure);
        Structure.Declare(HeaderKind.Event, SharedEvent.Structure);
        Structure.Declare(HeaderKind.Semaphore, SharedSemaphore.Structure);
        Structure.Declare(HeaderKind.Condition, SharedCondition.Structure);
        Structure.Declare(HeaderKind.Barrier, SharedBarrier.Structure);
        LockOwners.Start();
    }

    /// <summary>
    /// Deletes an object by hand, of whatever kind it is: <see cref="Status.Deleted"/> if it, or its pool, was deleted before.
    /// The caller holds a reference. Thread-safe, not inside a section.
    /// </summary>
    public static Status Delete(Participant* me, Header* shared)
    {
        Epoch.Enter(me);
        HeaderKind kind = PoolHeap.IsDeleted(Heap.Of(shared)) ? HeaderKind.None : shared->Kind;
        Epoch.Exit(me);
        delegate*<Participant*, Header*, Status> delete = Structure.Of(kind).Delete;
        return delete == null ? Status.Deleted : delete(me, shared);
    }
}
