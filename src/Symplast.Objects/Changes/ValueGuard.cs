using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// Decides whether an operation may take a value out of a structure. If the guard refuses the value, the value stays, and the
/// status of the operation is <see cref="Status.Refused"/>. The default guard refuses nothing.
/// </summary>
/// <param name="accepts">Called with the context and the value, without a reference. It may be called several times, inside the
/// operation's section and under locks of the structure, so it must not wait, allocate, drop references or use
/// structures.</param>
/// <param name="context">The first argument of the function.</param>
public readonly unsafe struct ValueGuard(delegate*<void*, Value, bool> accepts, void* context)
{
    readonly delegate*<void*, Value, bool> _accepts = accepts;
    readonly void* _context = context;

    /// <summary>Whether the value may be taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Accepts(Value value) => _accepts == null || _accepts(_context, value);
}
