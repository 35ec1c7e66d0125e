using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Symplast.Memory;

/// <summary>
/// The witness that a participant is inside a read section, in which no reachable block is freed. Sections nest. Each ends with
/// <see cref="Exit"/>, in the method that began it.
/// </summary>
/// <remarks>
/// The struct is empty in release builds and has no Dispose: a stored participant, or a finally block, would take a register or a
/// place on the stack from the code inside, which slows a lookup measurably. Debug builds check that one participant begins and
/// ends the section. Code that catches an exception which left sections open ends them with <see cref="Epoch.ExitAll"/>.
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

    /// <summary>Ends the section.</summary>
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
