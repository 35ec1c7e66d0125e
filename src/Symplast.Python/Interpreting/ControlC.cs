namespace Symplast.Python.Interpreting;

/// <summary>How often Ctrl-C was pressed, as far as the default handler of SIGINT has seen it.</summary>
internal static class ControlC
{
    static int _count;

    /// <summary>The number of calls of the default handler. It only tells whether there were more of them.</summary>
    internal static int Count => Volatile.Read(ref _count);

    /// <summary>The default handler was called.</summary>
    internal static void Note() => Interlocked.Increment(ref _count);
}
