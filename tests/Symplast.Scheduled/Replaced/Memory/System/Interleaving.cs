using Symplast.Testing;

namespace Symplast.Memory;

/// <summary>
/// Hands control to the scheduler of an <see cref="Explorer"/>. Threads that do not belong to an exploration pass through.
/// </summary>
public static unsafe class Interleaving
{
    /// <summary>The calling thread is about to access shared memory.</summary>
    public static void Point()
    {
        if (Actor.Current is { IsAlone: false } actor) actor.Pause(Pause.Point, null);
    }

    /// <summary>The same, if the exploration looks so deep (<see cref="Explorer.IsDeep"/>).</summary>
    public static void DeepPoint()
    {
        if (Actor.Current is { IsDeep: true }) Point();
    }

    /// <summary>The calling thread can do nothing before another one has changed something.</summary>
    public static void Spin() => Wait(Pause.Spin, null);

    /// <summary>Waits while the word is this. No time passes.</summary>
    public static void Sleep(int* word, int value, long nanoseconds)
    {
        if (Actor.Current == null) Futex.Wait(word, value, nanoseconds);
        else while (Volatile.Read(ref *word) == value) Spin();
    }

    /// <summary>Waits until the word is 0. No time passes.</summary>
    public static void Await(int* word, int value, long nanoseconds)
    {
        if (Actor.Current == null) Futex.Wait(word, value, nanoseconds);
        else Await(word);
    }

    /// <summary>The same.</summary>
    public static void Await(int* word) => Wait(Pause.Await, word);

    /// <summary>
    /// Which of so many outcomes (at most 31) a step has that may have several: the explorer tries them all, 0 first. 0 outside
    /// of explorations.
    /// </summary>
    public static int Pick(int count) => Actor.Current?.Pick(count) ?? 0;

    /// <summary>The step that all threads leave out, also those that belong to no exploration; null if none.</summary>
    public static Enum? Omitted { get; set; }

    /// <summary>Whether this step of a protocol is left out: asked by the files of steps that stand for the product's.</summary>
    public static bool Omits<TStep>(TStep step) where TStep : struct, Enum =>
        (Actor.Current?.Omission ?? Omitted) is TStep omission && EqualityComparer<TStep>.Default.Equals(omission, step);

    /// <summary>
    /// Passes points by until the end of a using statement: what the calling thread does there concerns nobody else.
    /// </summary>
    public static Solitude Alone() => new(Actor.Current);

    /// <summary>The end of <see cref="Alone"/>.</summary>
    public readonly ref struct Solitude
    {
        readonly Actor? _actor;

        internal Solitude(Actor? actor)
        {
            _actor = actor;
            if (actor != null) actor.IsAlone = true;
        }

        /// <summary>Points count again.</summary>
        public void Dispose()
        {
            if (_actor != null) _actor.IsAlone = false;
        }
    }

    static void Wait(Pause pause, int* word)
    {
        Actor? actor = Actor.Current;
        if (actor == null) Thread.Yield();
        else actor.Pause(pause, word);
    }
}
