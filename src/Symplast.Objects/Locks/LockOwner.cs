namespace Symplast.Objects;

/// <summary>One who can own locks: an interpreter, or one of its threads.</summary>
/// <remarks>The fields that are not internal stay unchanged while the owner lives.</remarks>
public unsafe struct LockOwner
{
    /// <summary>A number that no other owner ever has; 0 if the owner has ended.</summary>
    internal ulong Number;

    /// <summary>The number of the interpreter.</summary>
    public long Interpreter;

    /// <summary>What identifies the thread in its interpreter; 0 if the owner is the interpreter.</summary>
    public ulong Thread;

    /// <summary>How many reentrant locks the owner holds. Only the owner changes it.</summary>
    internal long Held;

    // Under the gate of LockOwners.
    internal int Index;
    internal ulong Generation;
    internal LockOwner* NextFree;
}
