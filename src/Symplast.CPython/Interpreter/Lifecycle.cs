using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>PyInterpreterConfig.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PyInterpreterConfig
{
    public const int OwnGil = 2;

    public int UseMainObmalloc;
    public int AllowFork;
    public int AllowExec;
    public int AllowThreads;
    public int AllowDaemonThreads;
    public int CheckMultiInterpExtensions;
    public int Gil;
}

/// <summary>PyStatus; a type other than 0 is a failure with a message.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct PyStatus
{
    public int Type;
    public byte* Function;
    public byte* Message;
    public int ExitCode;
}

public partial struct Layout
{
    /// <summary>
    /// Whether interpreters may be created and destroyed at the same time in several threads (gh-105699 and others; field reports
    /// for 3.12).
    /// </summary>
    public bool ParallelInterpreterCreation = minor >= 13;

    /// <summary>
    /// Whether threads of an interpreter that does not end continue while the program ends (3.14+). Otherwise they end when they
    /// ask for a GIL.
    /// </summary>
    public bool ThreadsOutliveRuntime = minor >= 14;
}

public unsafe partial struct Api
{
    public delegate* unmanaged[Cdecl]<void**, PyInterpreterConfig*, PyStatus> Py_NewInterpreterFromConfig;
    public delegate* unmanaged[Cdecl]<void*, void> Py_EndInterpreter;
    public delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<void>, int> Py_AtExit;
    public PyObject* _PyRuntime;
}
