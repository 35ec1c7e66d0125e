using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The proof that a participant is inside a read section, in which nothing that can be reached is freed. Sections nest; each ends
/// with <see cref="Exit"/>, in the method that began it.
/// </summary>
/// <remarks>
/// It is empty, and there is no Dispose: a participant that it kept, or a finally, would take a register or a place on the stack
/// from what is done inside, which is felt in a lookup. Debug builds see to it that one participant begins and ends it. Whoever
/// catches an exception that left sections open ends them with <see cref="Epoch.ExitAll"/>.
/// </remarks>
public readonly unsafe ref struct Section
{
#if DEBUG
    readonly Participant* _me;

    Section(Participant* me) => _me = me;
#endif

    /// <summary>Begins a section. The first pointer in it must be loaded with Volatile.Read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Section Enter(Participant* me)
    {
        Epoch.Enter(me);
#if DEBUG
        return new Section(me);
#else
        return default;
#endif
    }

    /// <summary>Ends it.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "It does access what it is called on, in Debug builds.")]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exit(Participant* me)
    {
#if DEBUG
        Debug.Assert(me == _me);
#endif
        Epoch.Exit(me);
    }
}
