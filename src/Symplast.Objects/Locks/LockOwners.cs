using System.Runtime.InteropServices;

namespace Symplast.Objects;

/// <summary>
/// The table of those who can own locks. It tells whether the owner that a lock names still lives. All methods are thread-safe.
/// </summary>
/// <remarks>
/// <para>A lock names its owner by number. No list of the locks that an owner holds is kept, so that taking and releasing a lock
/// cost nothing more. When an owner ends, its number is taken out of the table, and then all that wait in the
/// <see cref="ParkingLot"/> are alerted. Whoever finds a lock held asks the table; see <see cref="SharedLock"/>.</para>
/// <para>A number is the index of the owner's record and a generation. Records are reused but never freed, so a late question is
/// harmless.</para>
/// </remarks>
public static unsafe class LockOwners
{
    const int IndexBits = 20;
    const int BlockBits = 8;
    const int BlockSize = 1 << BlockBits;
    const int MostBlocks = 1 << IndexBits - BlockBits;

    // A blittable struct without initialiser has no class constructor.
    struct State
    {
        internal LockOwner** Blocks;
        internal LockOwner* Free;
        internal WordLock Gate;
        internal int Used;
    }

    static State _state;

    /// <summary>Must be called once before anything else here.</summary>
    internal static void Start() => _state.Gate = WordLock.Create();

    /// <summary>
    /// A new owner. <paramref name="thread"/> is 0 for the interpreter itself. Returns null if there is no memory.
    /// </summary>
    public static LockOwner* Begin(long interpreter, ulong thread)
    {
        _state.Gate.Enter();
        LockOwner* owner = _state.Free;
        if (owner != null) _state.Free = owner->NextFree;
        else owner = TakeUnused();
        if (owner != null)
        {
            owner->Interpreter = interpreter;
            owner->Thread = thread;
            owner->Held = 0;
            owner->NextFree = null;
            // Release: pairs with the acquire in Find.
            Volatile.Write(ref owner->Number, ++owner->Generation << IndexBits | (uint)owner->Index);
        }
        _state.Gate.Exit();
        return owner;
    }

    /// <summary>
    /// Ends an owner. Locks that it holds are abandoned, and those who wait for them are alerted. Called once by the owner, which
    /// takes no lock any more, or by nobody if the interpreter was given up (<see cref="EndThoseOf"/>).
    /// </summary>
    public static void End(LockOwner* owner)
    {
        _state.Gate.Enter();
        bool lived = owner->Number != 0;
        // Any thread may release a lock that is not reentrant, so an interpreter may hold locks without knowing.
        bool mayHold = owner->Thread == 0 || owner->Held != 0;
        if (lived)
        {
            Die(owner);
            owner->NextFree = _state.Free;
            _state.Free = owner;
        }
        _state.Gate.Exit();
        if (lived && mayHold) LockAtomics.Alert();
    }

    /// <summary>
    /// Ends the owners of an interpreter that was given up: its threads do not end, and cannot take locks any more. Those of them
    /// that wait leave the <see cref="ParkingLot"/>. All others look again, because a wake may have been meant for one of them.
    /// </summary>
    public static void EndThoseOf(long interpreter)
    {
        ParkingLot.Dismiss(interpreter);
        _state.Gate.Enter();
        for (int i = 0; i < _state.Used; i++)
        {
            LockOwner* owner = At(i);
            // The record is not reused, since the interpreter may still point to it.
            if (owner->Number != 0 && owner->Interpreter == interpreter) Die(owner);
        }
        _state.Gate.Exit();
        LockAtomics.Alert();
    }

    /// <summary>A number that no other owner ever has; 0 if the owner has ended.</summary>
    public static ulong NumberOf(LockOwner* owner) => Volatile.Read(ref owner->Number);

    /// <summary>Whether an owner is still the one that had a number.</summary>
    public static bool Lives(LockOwner* owner, ulong number) => NumberOf(owner) == number;

    /// <summary>The owner with a number, or null if it has ended.</summary>
    internal static LockOwner* Find(ulong number)
    {
        LockOwner* owner = At((int)(number & (1 << IndexBits) - 1));
        // Acquire: pairs with the release in Begin, and with the full fence after Die. A number in a lock was in the table.
        return Volatile.Read(ref owner->Number) == number ? owner : null;
    }

    // Release. The gate that is given back afterwards is a full fence, which pairs with the lock of the bucket in ParkingLot.Add:
    // a waiter that AlertAll does not find looks at the lock after this.
    static void Die(LockOwner* owner) => Volatile.Write(ref owner->Number, 0);

    static LockOwner* TakeUnused()
    {
        try
        {
            if (_state.Blocks == null)
                _state.Blocks = (LockOwner**)NativeMemory.AllocZeroed(MostBlocks, (nuint)sizeof(LockOwner*));
            int block = _state.Used >> BlockBits;
            if (block == MostBlocks) return null;
            if (_state.Blocks[block] == null)
                _state.Blocks[block] = (LockOwner*)NativeMemory.AllocZeroed(BlockSize, (nuint)sizeof(LockOwner));
            LockOwner* owner = At(_state.Used);
            owner->Index = _state.Used++;
            return owner;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    static LockOwner* At(int index) => _state.Blocks[index >> BlockBits] + (index & BlockSize - 1);
}
