namespace Symplast.CPython;

public partial struct Layout
{
    /// <summary>
    /// Whether sys._current_frames() and sys._current_exceptions() visit only the threads of their own interpreter, as the
    /// releases that we know do. Older ones create and count objects of all interpreters, without their GILs.
    /// </summary>
    public bool FramesOfOwnInterpreter = patch >= minor switch { 13 => 18, 14 => 10, 15 => 2, _ => int.MaxValue };

    /// <summary>Whether faulthandler can show the stack of C (3.14+).</summary>
    public bool FaultsShowStack = minor >= 14;
}

public unsafe partial struct Api
{
    public const int CO_OPTIMIZED = 1;

    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyFrame_GetCode;
    public delegate* unmanaged[Cdecl]<PyObject*, PyObject*> PyFrame_GetBack;
    public delegate* unmanaged[Cdecl]<PyObject*, int> PyFrame_GetLineNumber;
}
