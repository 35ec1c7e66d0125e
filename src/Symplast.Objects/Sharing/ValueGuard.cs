using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Asked by an operation that takes a value out of a structure, before it does, with what it is about to take: if the answer is
/// no, that stays, and the operation says <see cref="Status.Refused"/>. The default one refuses nothing.
/// </summary>
/// <param name="accepts">Answers for a value, without a reference, and a context. It may be called several times, inside the
/// operation's section and under locks of the structure: it must not wait, allocate, drop references or use structures.</param>
/// <param name="context">Handed to it.</param>
public readonly unsafe struct ValueGuard(delegate*<void*, Value, bool> accepts, void* context)
{
    readonly delegate*<void*, Value, bool> _accepts = accepts;
    readonly void* _context = context;

    /// <summary>Whether the value may be taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Accepts(Value value) => _accepts == null || _accepts(_context, value);
}
