using Symplast.CPython;

namespace Symplast.Python;

/// <summary>The part of an interpreter's state that an upper folder owns, with references to the interpreter's objects.</summary>
/// <remarks>Used with the interpreter's GIL held.</remarks>
internal unsafe interface IInterpreterPart
{
    /// <summary>
    /// Passes every reference to the collector. Returns the first result of <paramref name="visit"/> that is not 0, or 0.
    /// </summary>
    int Traverse(delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument);

    /// <summary>Drops every reference. Called at the interpreter's end.</summary>
    void Clear();
}
