using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The exceptions of the module queue. All functions return null.</summary>
internal static unsafe class QueueErrors
{
    /// <summary>Raises <c>Empty</c>, <c>Full</c> or <c>ShutDown</c>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* Raise(ReadOnlySpan<byte> name)
    {
        PyObject* type = PythonQueues.Find(name);
        if (type != null) Api.Table.PyErr_SetNone(type);
        References.Drop(type);
        return null;
    }

    /// <summary>Raises the exception for the status of an operation that neither succeeded nor timed out.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static PyObject* Raise(Handle* handle, Status status)
    {
        if (status == Status.Closed) return Raise("ShutDown"u8);
        return LiveMethods.IsUsable(handle) ? LiveErrors.Raise(handle, status) : null;
    }
}
