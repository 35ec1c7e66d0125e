namespace Symplast.Memory;

/// <summary>Why an allocation gave nothing.</summary>
public enum AllocationFailure
{
    /// <summary>Nothing failed.</summary>
    None,

    /// <summary>The pool's <c>max_bytes</c> would be exceeded.</summary>
    PoolFull,

    /// <summary>The system has no memory, or the reserved address range is used up.</summary>
    OutOfMemory,
}
