namespace Symplast.Objects;

/// <summary>What a change wants done with a key.</summary>
internal enum MapDecision
{
    /// <summary>Nothing.</summary>
    Leave,

    /// <summary>Give it a value, with a reference that the map takes over if it comes to that.</summary>
    Store,

    /// <summary>Remove it.</summary>
    Remove,
}

/// <summary>
/// A change of one key. It is asked with what is there, possibly several times, and its answer takes effect only if that is still
/// there at that moment.
/// </summary>
internal unsafe interface IMapChange
{
    /// <summary>Whether it ever stores where nothing is.</summary>
    static abstract bool Inserts { get; }

    /// <summary>Whether the reference to the value that was there becomes the caller's.</summary>
    static abstract bool TakesCurrent { get; }

    /// <summary>The result of the last answer, if that takes effect.</summary>
    Status Status { get; }

    /// <summary>The key has a value.</summary>
    MapDecision Present(Participant* me, PoolHeap* heap, Value current, out Value desired);

    /// <summary>The key is absent; only asked if <see cref="Inserts"/>.</summary>
    MapDecision Absent(Participant* me, PoolHeap* heap, out Value desired);
}
