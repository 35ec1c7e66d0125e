namespace Symplast.Testing;

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
