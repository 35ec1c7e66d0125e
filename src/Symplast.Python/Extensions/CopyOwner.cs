using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>
/// The interpreter that owns a set of private copies, as the threads that run code of the copies see it. It lies in native memory
/// and is never freed: a thread that a library has started may call long after the interpreter has ended.
/// </summary>
internal unsafe struct CopyOwner
{
    /// <summary>The offsets at which thunks read the interpreter and the number of detours.</summary>
    internal const byte InterpreterOffset = 0, DetoursOffset = 8;

    const int MostKeys = 64;

    void* _interpreter;
    int _detours;
    nint _copies;       // a GCHandle, until the interpreter ends
    byte* _thunks;
    WordLock _gate;
    int _ended, _abandoned;
    bool _mustStay;
    int _keyCount;
    fixed uint _keys[MostKeys];
    nint _inputHook, _readLine;

    /// <summary>PyInterpreterState*.</summary>
    internal readonly void* Interpreter => _interpreter;

    /// <summary>Whether the interpreter has ended, or is about to be freed.</summary>
    /// <remarks>
    /// Acquire; pairs with the release in <see cref="End"/>. Code that uses the interpreter without holding its GIL must ask
    /// under <see cref="Hold"/>.
    /// </remarks>
    internal bool HasEnded => Volatile.Read(ref _ended) != 0 && !LoaderFaults.EntersEnded;

    /// <summary>
    /// Whether the interpreter was left alive when it should have ended, because threads of libraries kept their thread states.
    /// Such threads may not enter it again.
    /// </summary>
    /// <remarks>Acquire and release. No other memory is ordered by the flag: the interpreter stays.</remarks>
    internal bool IsAbandoned
    {
        get => Volatile.Read(ref _abandoned) != 0;
        set => Volatile.Write(ref _abandoned, value ? 1 : 0);
    }

    /// <summary>
    /// Whether a copy may have registered a callback into its code that can be called later. Then no copy can be unloaded.
    /// Written by threads of the interpreter, read when it has ended.
    /// </summary>
    internal bool MustStay { readonly get => _mustStay; set => _mustStay = value; }

    // Owners of live interpreters, by PyInterpreterState*. An address may be used again only when its former owner has ended.
    static readonly WordLock ListGate = WordLock.Create();
    static readonly Dictionary<nint, nint> Living = [];

    // Owners whose copies are all unloaded, so that nothing can call their thunks.
    static readonly Stack<nint> Free = [];

    /// <summary>Returns an owner with a thunk for each redirected function.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for code.</exception>
    internal static CopyOwner* Create(void* interpreter, PrivateCopies copies)
    {
        CopyOwner* owner = TakeFree();
        if (owner == null) owner = CreateThunks();
        owner->_interpreter = interpreter;
        owner->_copies = GCHandle.ToIntPtr(GCHandle.Alloc(copies));
        using (ListGate.Hold()) Living[(nint)interpreter] = (nint)owner;
        return owner;
    }

    static CopyOwner* TakeFree()
    {
        nint found;
        using (ListGate.Hold())
        {
            if (!Free.TryPop(out found)) return null;
        }
        CopyOwner* owner = (CopyOwner*)found;
        owner->_ended = owner->_abandoned = owner->_detours = owner->_keyCount = 0;
        owner->_inputHook = owner->_readLine = 0;
        owner->_mustStay = false;
        return owner;
    }

    static CopyOwner* CreateThunks()
    {
        CopyOwner* owner = (CopyOwner*)NativeMemory.AllocZeroed((nuint)sizeof(CopyOwner));
        owner->_gate = WordLock.Create();
        RedirectedCalls.Entry[] calls = RedirectedCalls.All();
        nuint size = Linux.PageSize;
        byte* page = Linux.Map(null, size, Linux.ProtectReadWrite, Linux.MapPrivate | Linux.MapAnonymous, -1, 0);
        if (page == (byte*)-1) throw new InsufficientMemoryException();
        for (int i = 0; i < calls.Length; i++) Thunks.Write(page + i * Thunks.Size, calls[i], owner);
        if (Linux.Protect(page, size, Linux.ProtectReadExecute) != 0) throw new InsufficientMemoryException();
        owner->_thunks = page;
        return owner;
    }

    /// <summary>
    /// Called before an interpreter ends. From here on, threads that are not its own cannot enter it. Returns null if the
    /// interpreter has no private copies.
    /// </summary>
    internal static CopyOwner* EndOf(void* interpreter)
    {
        nint owner;
        using (ListGate.Hold())
        {
            if (!Living.Remove((nint)interpreter, out owner)) return null;
        }
        ((CopyOwner*)owner)->End();
        return (CopyOwner*)owner;
    }

    /// <summary>Called when all copies of the owner are unloaded: another interpreter may then use the owner.</summary>
    internal static void Recycle(CopyOwner* owner)
    {
        using (ListGate.Hold()) Free.Push((nint)owner);
    }

    /// <summary>Records a key of thread-specific data that a copy has made, with a destructor in the copy's code.</summary>
    internal void AddKey(uint key)
    {
        using (_gate.Hold())
        {
            if (_keyCount == MostKeys) _mustStay = true;
            else _keys[_keyCount++] = key;
        }
    }

    /// <summary>Removes a key that has been deleted from the record.</summary>
    internal void RemoveKey(uint key)
    {
        using (_gate.Hold())
        {
            for (int i = 0; i < _keyCount; i++)
            {
                if (_keys[i] != key) continue;
                _keys[i] = _keys[--_keyCount];
                return;
            }
        }
    }

    /// <summary>Deletes the keys that the copies have not deleted, so that their destructors are not called any more.</summary>
    internal void DeleteKeys()
    {
        while (_keyCount > 0 && !LoaderFaults.LeavesKeys) Linux.DeleteKey(_keys[--_keyCount]);
    }

    /// <summary>The address for import slots of a redirected function, which is the n-th of them.</summary>
    internal readonly nint Thunk(int n, in RedirectedCalls.Entry call) => (nint)Thunks.Entrance(_thunks + n * Thunks.Size, call);

    /// <summary>
    /// Makes all threads take the thunks' long way until <see cref="RemoveDetour"/> has been called as often. No ordering between
    /// threads is needed: a thread sees its own increments, and the long way is right for every thread.
    /// </summary>
    internal void AddDetour() => Interlocked.Increment(ref _detours);

    /// <summary>Undoes <see cref="AddDetour"/>.</summary>
    internal void RemoveDetour() => Interlocked.Decrement(ref _detours);

    /// <summary>The interpreter's copies; null once it has ended. Called with the interpreter's GIL.</summary>
    internal readonly PrivateCopies? Copies =>
        _copies == 0 ? null : Unsafe.As<PrivateCopies>(GCHandle.FromIntPtr(_copies).Target);

    /// <summary>
    /// The addresses of the words that the copies use as PyOS_InputHook and PyOS_ReadlineFunctionPointer. Only the copies read
    /// and write them.
    /// </summary>
    internal static (nint InputHook, nint ReadLine) Hooks(CopyOwner* owner) =>
        ((nint)(&owner->_inputHook), (nint)(&owner->_readLine));

    /// <summary>
    /// Keeps the interpreter from ending while the lock is held. Nothing that takes a GIL may be called meanwhile.
    /// </summary>
    internal readonly WordLock.Holding Hold() => _gate.Hold();

    void End()
    {
        AddDetour();
        using (_gate.Hold())
        {
            // Release; pairs with the acquire in HasEnded.
            Volatile.Write(ref _ended, 1);
        }
        GCHandle.FromIntPtr(_copies).Free();
        _copies = 0;
    }
}
