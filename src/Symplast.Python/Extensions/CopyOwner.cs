using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.Memory;

namespace Symplast.Python.Extensions;

/// <summary>
/// The interpreter that private copies belong to, as threads of theirs see it. In native memory, and for as long as the process: a library's thread may call long after the
/// interpreter has ended.
/// </summary>
internal unsafe struct CopyOwner
{
    const int ThunkSize = 32, MostKeys = 64;

    void* _interpreter;
    nint _copies;       // a GCHandle, until the interpreter ends
    byte* _thunks;
    WordLock _gate;
    int _ended;
    bool _mustStay;
    int _keyCount;
    fixed uint _keys[MostKeys];
    nint _inputHook, _readLine;

    /// <summary>PyInterpreterState*.</summary>
    internal readonly void* Interpreter => _interpreter;

    /// <summary>Whether the interpreter has ended, or is about to be freed.</summary>
    /// <remarks>Acquire; pairs with <see cref="End"/>. Whoever is about to use the interpreter by other means than its GIL asks under <see cref="Hold"/>.</remarks>
    internal bool HasEnded => Volatile.Read(ref _ended) != 0 && !LoaderFaults.EntersEnded;

    /// <summary>
    /// Whether any of the copies may have left something behind by which its code is called later, so that none can be unloaded. Written by threads of the interpreter, read when it has
    /// ended.
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
        owner->_ended = owner->_keyCount = 0;
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
        for (int i = 0; i < calls.Length; i++) WriteThunk(page + i * ThunkSize, calls[i].Target, owner, calls[i].Arguments);
        if (Linux.Protect(page, size, Linux.ProtectReadExecute) != 0) throw new InsufficientMemoryException();
        owner->_thunks = page;
        return owner;
    }

    /// <summary>Called before an interpreter ends: from here on threads that are not its own cannot enter it. Null if it has no private copies.</summary>
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

    /// <summary>What a slot for the n-th of the redirected functions is to hold.</summary>
    internal readonly nint Thunk(int n) => (nint)(_thunks + n * ThunkSize);

    /// <summary>The interpreter's copies; null once it has ended. Called with its GIL.</summary>
    internal readonly PrivateCopies? Copies => _copies == 0 ? null : Unsafe.As<PrivateCopies>(GCHandle.FromIntPtr(_copies).Target);

    /// <summary>Where the copies find and leave what is to be called while the process waits for input, and to read a line: nobody else does.</summary>
    internal static (nint InputHook, nint ReadLine) Hooks(CopyOwner* owner) => ((nint)(&owner->_inputHook), (nint)(&owner->_readLine));

    /// <summary>Keeps the interpreter from ending for a moment. Nothing that takes a GIL may be called meanwhile.</summary>
    internal readonly WordLock.Holding Hold() => _gate.Hold();

    void End()
    {
        using (_gate.Hold())
        {
            // Release; pairs with HasEnded.
            Volatile.Write(ref _ended, 1);
        }
        GCHandle.FromIntPtr(_copies).Free();
        _copies = 0;
    }

    // The address of the owner goes into the argument register behind those of the function, and then to the target.
    static void WriteThunk(byte* code, nint target, CopyOwner* owner, int arguments)
    {
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            uint* words = (uint*)code;
            words[0] = 0x58000000u | 16 / 4 << 5 | (uint)arguments;     // ldr x<arguments>, code + 16
            words[1] = 0x58000000u | 20 / 4 << 5 | 16;                  // ldr x16, code + 24
            words[2] = 0xD61F0200u;                                     // br x16
            *(nint*)(code + 16) = (nint)owner;
            *(nint*)(code + 24) = target;
            return;
        }
        ReadOnlySpan<byte> registers = [0xBF, 0xBE, 0xBA, 0xB9];        // rdi, rsi, rdx, rcx
        code[0] = 0x48;
        code[1] = registers[arguments];
        Unsafe.WriteUnaligned(code + 2, (nint)owner);                   // mov register, owner
        code[10] = 0x49;
        code[11] = 0xBB;
        Unsafe.WriteUnaligned(code + 12, target);                       // mov r11, target
        code[20] = 0x41;
        code[21] = 0xFF;
        code[22] = 0xE3;                                                // jmp r11
    }
}
