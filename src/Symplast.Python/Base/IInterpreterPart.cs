using Symplast.CPython;

namespace Symplast.Python;

/// <summary>What one of the upper folders keeps for an interpreter, with references to its objects.</summary>
/// <remarks>Used with the interpreter's GIL held.</remarks>
internal unsafe interface IInterpreterPart
{
    /// <summary>
    /// Passes every reference to the collector; returns what <paramref name="visit"/> returned, if that is not 0.
    /// </summary>
    int Traverse(delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument);

    /// <summary>Drops every reference, at the interpreter's end.</summary>
    void Clear();
}
