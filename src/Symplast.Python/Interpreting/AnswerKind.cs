namespace Symplast.Python.Interpreting;

/// <summary>
/// The kinds of answers that a channel delivers. Python reads the numbers off the module: <c>ANSWER_RESULT</c> and so on.
/// </summary>
internal enum AnswerKind : long
{
    /// <summary>Not an answer: run the callbacks of a future that already has its answer. There are no data.</summary>
    Callbacks = -2,

    /// <summary>
    /// The worker ended before the task was done, or the answer could not be delivered. The data are UTF-8 text.
    /// </summary>
    Lost = -1,

    /// <summary>The task returned. The data are its pickled result.</summary>
    Result = 0,

    /// <summary>The task raised. The data are the pickled exception and its texts, as the worker writes them.</summary>
    Exception = 1,
}
