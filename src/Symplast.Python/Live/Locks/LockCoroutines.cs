using Symplast.CPython;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>The methods for coroutines of asyncio that whatever can be acquired has: locks, semaphores and conditions.</summary>
internal static unsafe partial class LockCoroutines
{
    /// <summary>The methods, as further ones of a type.</summary>
    internal static PyMethodDef[] Methods() =>
    [
        FastCallKeywords("aacquire"u8, &Acquire, "aacquire($self, /, timeout=None)\n--\n\n"u8
            + "Like acquire(), to be awaited in a coroutine of asyncio."u8),
        NoArgs("__aenter__"u8, &Enter, "__aenter__($self, /)\n--\n\nLike __enter__(), to be awaited in a coroutine."u8),
        FastCall("__aexit__"u8, &Exit, "__aexit__($self, /, *exc_info)\n--\n\nLike __exit__(), to be awaited in a coroutine."u8),
    ];

    [Callback]
    private static partial PyObject* Acquire(Handle* handle, PyObject** arguments, nint count, PyObject* keywords) =>
        Coroutines.Call("aacquire"u8, handle, arguments, count, keywords);

    [Callback]
    private static partial PyObject* Enter(Handle* handle, PyObject* none) => Coroutines.Call("aenter"u8, handle);

    [Callback]
    private static partial PyObject* Exit(Handle* handle, PyObject** arguments, nint count) => Coroutines.Call("aexit"u8, handle);
}
