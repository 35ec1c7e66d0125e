using Symplast.Memory;

namespace Symplast.Testing;

/// <summary>
/// The hook that an <see cref="Explorer"/> switches threads by. Give it to a structure or a protocol as its
/// <see cref="IInterleaving"/>. Threads that do not belong to an exploration pass through.
/// </summary>
public readonly unsafe struct Scheduled : IInterleaving
{
    /// <inheritdoc/>
    public static void Point() => Actor.Current?.Pause(Pause.Point, null);

    /// <inheritdoc/>
    public static void Spin() => Wait(Pause.Spin, null);

    /// <inheritdoc/>
    public static void Await(int* word) => Wait(Pause.Await, word);

    /// <inheritdoc/>
    public static bool Omits<TStep>(TStep step) where TStep : struct, Enum =>
        Actor.Current?.Omission is TStep omission && EqualityComparer<TStep>.Default.Equals(omission, step);

    /// <summary>
    /// Which of so many outcomes (at most 31) a step has that may have several: the explorer tries them all, 0 first. 0 outside
    /// of explorations.
    /// </summary>
    public static int Pick(int count) => Actor.Current?.Pick(count) ?? 0;

    static void Wait(Pause pause, int* word)
    {
        Actor? actor = Actor.Current;
        if (actor == null) Thread.Yield();
        else actor.Pause(pause, word);
    }
}

/// <summary>Why a thread hands control to the scheduler.</summary>
internal enum Pause
{
    /// <summary>It could go on.</summary>
    Point,

    /// <summary>It cannot go on before another thread has done something.</summary>
    Spin,

    /// <summary>It cannot go on before a word is 0.</summary>
    Await,

    /// <summary>It has come to its end.</summary>
    End,
}
