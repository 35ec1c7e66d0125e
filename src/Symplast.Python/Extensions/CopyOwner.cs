using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>
/// The interpreter that private copies belong to, as threads of theirs see it. In native memory, and for as long as the process:
/// a library's thread may call long after the interpreter has ended.
/// </summary>
internal unsafe struct CopyOwner
{
    /// <summary>Where thunks find the interpreter and the number of detours.</summary>
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
    /// Acquire; pairs with <see cref="End"/>. Whoever is about to use the interpreter by other means than its GIL asks under
    /// <see cref="Hold"/>.
    /// </remarks>
    internal bool HasEnded => Volatile.Read(ref _ended) != 0 && !LoaderFaults.EntersEnded;

    /// <summary>
    /// Whether the interpreter was left alive when it should have ended, because threads of libraries had kept their thread
    /// states: they are not to come back.
    /// </summary>
    /// <remarks>Acquire and release, for nothing else: the interpreter stays.</remarks>
    internal bool IsAbandoned
    {
        get => Volatile.Read(ref _abandoned) != 0;
        set => Volatile.Write(ref _abandoned, value ? 1 : 0);
    }

    /// <summary>
    /// Whether any of the copies may have left something behind by which its code is called later, so that none can be unloaded.
    /// Written by threads of the interpreter, read when it has ended.
    /// </summary>
    internal bool MustStay { readonly get => _mustStay; set => _mustStay = value; }

    // By PyInterpreterState*. An address may be used again, by which time its former owner has ended.
    static readonly WordLock ListGate = WordLock.Create();
    static readonly Dictionary<nint, nint> Living = [];

    // Owners whose copies are all unloaded: nothing can call their thunks.
    static readonly Stack<nint> Free = [];

    /// <summary>An owner with a thunk for each of the redirected functions.</summary>
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
    /// Called before an interpreter ends: from here on threads that are not its own cannot enter it. Null if it has no private
    /// copies.
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

    /// <summary>Called when all copies of the owner are unloaded: another interpreter may have it.</summary>
    internal static void Recycle(CopyOwner* owner)
    {
        using (ListGate.Hold()) Free.Push((nint)owner);
    }

    /// <summary>Notes that a copy has made a key of thread-specific data, with a destructor in it.</summary>
    internal void AddKey(uint key)
    {
        using (_gate.Hold())
        {
            if (_keyCount == MostKeys) _mustStay = true;
            else _keys[_keyCount++] = key;
        }
    }

    /// <summary>Forgets a key that is deleted.</summary>
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

    /// <summary>Deletes the keys that the copies have left: no destructor is called any more.</summary>
    internal void DeleteKeys()
    {
        while (_keyCount > 0 && !LoaderFaults.LeavesKeys) Linux.DeleteKey(_keys[--_keyCount]);
    }

    /// <summary>What a slot for the n-th of the redirected functions, which this is, is to hold.</summary>
    internal readonly nint Thunk(int n, in RedirectedCalls.Entry call) => (nint)Thunks.Entrance(_thunks + n * Thunks.Size, call);

    /// <summary>
    /// Sends all threads the long way, until as many calls of <see cref="RemoveDetour"/>. A thread sees what it has added itself,
    /// which is what counts: on the long way all arrive.
    /// </summary>
    internal void AddDetour() => Interlocked.Increment(ref _detours);

    /// <summary>Undoes <see cref="AddDetour"/>.</summary>
    internal void RemoveDetour() => Interlocked.Decrement(ref _detours);

    /// <summary>The interpreter's copies; null once it has ended. Called with its GIL.</summary>
    internal readonly PrivateCopies? Copies =>
        _copies == 0 ? null : Unsafe.As<PrivateCopies>(GCHandle.FromIntPtr(_copies).Target);

    /// <summary>
    /// Where the copies find and leave what is to be called while the process waits for input, and to read a line: nobody else
    /// does.
    /// </summary>
    internal static (nint InputHook, nint ReadLine) Hooks(CopyOwner* owner) =>
        ((nint)(&owner->_inputHook), (nint)(&owner->_readLine));

    /// <summary>Keeps the interpreter from ending for a moment. Nothing that takes a GIL may be called meanwhile.</summary>
    internal readonly WordLock.Holding Hold() => _gate.Hold();

    void End()
    {
        AddDetour();
        using (_gate.Hold())
        {
            // Release; pairs with HasEnded.
            Volatile.Write(ref _ended, 1);
        }
        GCHandle.FromIntPtr(_copies).Free();
        _copies = 0;
    }
}
