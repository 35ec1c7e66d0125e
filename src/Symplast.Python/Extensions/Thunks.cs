using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>
/// Machine code that private copies call instead of a redirected function. It adds the owner of the copies to the arguments and
/// jumps to the replacement.
/// </summary>
/// <remarks>
/// A thunk of a frequently called function has a short way as well. If the calling thread's thread state, by CPython's count,
/// belongs to the owner, and the owner has no detours (<see cref="CopyOwner.DetoursOffset"/>), the short way jumps to CPython's
/// own function without entering managed code.
/// </remarks>
internal static unsafe class Thunks
{
    /// <summary>The bytes of each thunk.</summary>
    internal const int Size = 128;

    // The long way comes first, so that the address to which the short way jumps back is known when the short way is written.
    const int LongSize = 32;

    /// <summary>Writes the thunk of a redirected function.</summary>
    internal static void Write(byte* code, in RedirectedCalls.Entry call, CopyOwner* owner)
    {
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            WriteLongArm64((uint*)code, call, owner);
            if (call.Direct != 0) WriteShortArm64((uint*)code, call, owner);
        }
        else
        {
            WriteLongX64(code, call, owner);
            if (call.Direct != 0) WriteShortX64(code, call, owner);
        }
    }

    /// <summary>The entry point of a thunk.</summary>
    internal static byte* Entrance(byte* code, in RedirectedCalls.Entry call) => call.Direct != 0 ? code + LongSize : code;

    static void WriteLongX64(byte* code, in RedirectedCalls.Entry call, CopyOwner* owner)
    {
        ReadOnlySpan<byte> registers = [0xBF, 0xBE, 0xBA, 0xB9];        // rdi, rsi, rdx, rcx
        X64 to = new(code);
        to.Put([0x48, registers[call.Arguments]], (nint)owner);         // mov register, owner
        to.Put([0x49, 0xBB], call.Target);                              // mov r11, target
        to.Put([0x41, 0xFF, 0xE3]);                                     // jmp r11
    }

    static void WriteShortX64(byte* code, in RedirectedCalls.Entry call, CopyOwner* owner)
    {
        X64 to = new(code + LongSize);
        // push rdi: the argument, if there is one; it aligns the stack
        to.Put([0x57]);
        to.Put([0x49, 0xBB], (nint)Api.Table.PyGILState_GetThisThreadState);    // mov r11, PyGILState_GetThisThreadState
        to.Put([0x41, 0xFF, 0xD3]);                                     // call r11
        to.Put([0x5F]);                                                 // pop rdi
        to.Put([0x49, 0xBA], (nint)owner);                              // mov r10, owner
        to.Put([0x48, 0x85, 0xC0]);                                     // test rax, rax
        to.Jump(0x74, code);                                            // je
        if (call.Arguments == 1)
        {
            to.Put([0x83, 0xFF, RedirectedCalls.Unlocked]);             // cmp edi, Unlocked
            to.Jump(0x77, code);                                        // ja
        }
        to.Put([0x41, 0x83, 0x7A, CopyOwner.DetoursOffset, 0]);         // cmp dword [r10 + DetoursOffset], 0
        to.Jump(0x75, code);                                            // jne
        to.Put([0x4D, 0x8B, 0x5A, CopyOwner.InterpreterOffset]);        // mov r11, [r10 + InterpreterOffset]
        to.Put([0x4C, 0x39, 0x58, Layout.InterpreterOfThread]);         // cmp [rax + InterpreterOfThread], r11
        to.Jump(0x75, code);                                            // jne
        to.Put([0x49, 0xBB], call.Direct);                              // mov r11, direct
        to.Put([0x41, 0xFF, 0xE3]);                                     // jmp r11
    }

    struct X64(byte* next)
    {
        byte* _next = next;

        internal void Put(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(new Span<byte>(_next, bytes.Length));
            _next += bytes.Length;
        }

        internal void Put(ReadOnlySpan<byte> instruction, nint constant)
        {
            Put(instruction);
            Unsafe.WriteUnaligned(_next, constant);
            _next += sizeof(nint);
        }

        internal void Jump(byte condition, byte* target) => Put([condition, (byte)(target - (_next + 2))]);
    }

    static void WriteLongArm64(uint* code, in RedirectedCalls.Entry call, CopyOwner* owner)
    {
        code[0] = LoadArm64(call.Arguments, 0, OwnerWord);              // ldr x<arguments>, owner
        code[1] = LoadArm64(16, 1, OwnerWord + 2);                      // ldr x16, target
        code[2] = 0xD61F0200;                                           // br x16
        *(nint*)(code + OwnerWord) = (nint)owner;
        *(nint*)(code + OwnerWord + 2) = call.Target;
    }

    static void WriteShortArm64(uint* code, in RedirectedCalls.Entry call, CopyOwner* owner)
    {
        const int First = LongSize / sizeof(uint), Constants = First + 20;
        bool hasState = call.Arguments == 1;
        ReadOnlySpan<uint> words =
        [
            0xA9BE7BFD,                                                 // stp x29, x30, [sp, #-32]!
            0xF9000BE0,                                                 // str x0, [sp, #16]: the argument, if there is one
            LoadArm64(16, First + 2, Constants),                        // ldr x16, PyGILState_GetThisThreadState
            0xD63F0200,                                                 // blr x16
            0xAA0003E9,                                                 // mov x9, x0
            0xF9400BE0,                                                 // ldr x0, [sp, #16]
            0xA8C27BFD,                                                 // ldp x29, x30, [sp], #32
            0xB4000009 | JumpArm64(First + 7, 0),                       // cbz x9, long
            hasState ? 0x7100001F | RedirectedCalls.Unlocked << 10 : NothingArm64,  // cmp w0, #Unlocked
            hasState ? 0x54000008 | JumpArm64(First + 9, 0) : NothingArm64,         // b.hi long
            LoadArm64(10, First + 10, OwnerWord),                       // ldr x10, owner
            0xB940014B | CopyOwner.DetoursOffset / 4 << 10,             // ldr w11, [x10, #DetoursOffset]
            0x3500000B | JumpArm64(First + 12, 0),                      // cbnz w11, long
            0xF940014A | CopyOwner.InterpreterOffset / 8 << 10,         // ldr x10, [x10, #InterpreterOffset]
            0xF9400129 | Layout.InterpreterOfThread / 8 << 10,          // ldr x9, [x9, #InterpreterOfThread]
            0xEB0A013F,                                                 // cmp x9, x10
            0x54000001 | JumpArm64(First + 16, 0),                      // b.ne long
            LoadArm64(16, First + 17, Constants + 2),                   // ldr x16, direct
            0xD61F0200,                                                 // br x16
        ];
        words.CopyTo(new Span<uint>(code + First, words.Length));
        *(nint*)(code + Constants) = (nint)Api.Table.PyGILState_GetThisThreadState;
        *(nint*)(code + Constants + 2) = call.Direct;
    }

    // The place of the long way's constants, in words from the beginning; the instruction nop.
    const int OwnerWord = 4;
    const uint NothingArm64 = 0xD503201F;

    // ldr x<register>, at one word, of a constant at another word.
    static uint LoadArm64(int register, int from, int to) => 0x58000000 | JumpArm64(from, to) | (uint)register;

    // The distance between two words, encoded in the field that branches and loads use.
    static uint JumpArm64(int from, int to) => ((uint)(to - from) & 0x7FFFF) << 5;
}
