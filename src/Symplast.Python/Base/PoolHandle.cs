using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>
/// An interpreter's handle of a pool, one for each pool and interpreter: an object of the Python type <c>symplast.Pool</c>.
/// </summary>
internal unsafe struct PoolHandle
{
    internal PyObject Head;
    internal nint Pool;        // a GCHandle; zero until attached
    internal PyObject* WeakReferences;

    /// <summary>Gives a new handle its pool.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static void Attach(PyObject* handle, Pool pool) =>
        ((PoolHandle*)handle)->Pool = GCHandle.ToIntPtr(GCHandle.Alloc(pool));

    /// <summary>The pool of a handle.</summary>
    internal static Pool PoolOf(PyObject* handle) => Unsafe.As<Pool>(GCHandle.FromIntPtr(((PoolHandle*)handle)->Pool).Target!);
}
