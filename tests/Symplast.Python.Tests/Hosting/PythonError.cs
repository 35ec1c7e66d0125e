namespace Symplast.Python.Tests.Hosting;

/// <summary>A Python exception that a test's code did not handle; the message is its traceback.</summary>
public sealed class PythonError(string traceback) : Exception(traceback);
