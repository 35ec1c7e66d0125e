using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Live;

/// <summary>
/// Waiters of event loops: the module's functions by which <c>symplast.aio</c> waits for events of live objects without a thread
/// for each. Python code owns a waiter as a capsule, which removes it when it is deallocated.
/// </summary>
internal static unsafe partial class LoopWaiters
{
    struct LoopWaiter
    {
        internal Waiter Waiter;
        internal Handle* Handle;    // a reference
        internal nuint Happening;
        internal int Number;        // of the event, as its kind numbers them
    }

    static byte* Name => Text.Utf8("symplast.waiter"u8);

    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        FastCall("_wait_begin"u8, &Begin,
            "Begin to wait at a live object for the event with a number. Return a waiter. When it was woken, 1 is added to the "u8
            + "eventfd that is the third argument."u8),
        OneArg("_wait_is_over"u8, &IsOver, "Return whether a waiter was woken, or has to look again."u8),
        FastCall("_wait_end"u8, &End,
            "Remove a waiter and return whether it was woken. If so and the second argument is true, wake another one in its "u8
            + "place."u8),
    };

    [Callback]
    private static partial PyObject* Begin(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        if (count != 3 || !Handle.Is(interpreter.Live, arguments[0]))
            return Errors.Type("_wait_begin() takes a live object, the number of an event and an eventfd");
        Handle* handle = (Handle*)arguments[0];
        if (!LiveMethods.TryInteger(arguments[1], out long number) || !LiveMethods.TryInteger(arguments[2], out long descriptor)
            || !LiveMethods.CheckAlive(handle)) return null;
        ref readonly Kind kind = ref Kinds.Of(LiveObjects.KindOf(handle->State, arguments[0]));
        LoopWaiter* waiter = (LoopWaiter*)NativeMemory.AllocZeroed((nuint)sizeof(LoopWaiter));
        waiter->Waiter = Waiter.Of(handle->State->Id, (int)descriptor);
        PyObject* capsule = Api.Table.PyCapsule_New(waiter, Name, &Dispose);
        if (capsule == null)
        {
            NativeMemory.Free(waiter);
            return null;
        }
        nuint happening = kind.Await == null ? 0 : kind.Await(handle, (int)number, 1);
        if (happening == 0)
        {
            References.Drop(capsule);
            return Errors.Type($"nobody waits at a {Text.TypeName((PyObject*)handle)} for this event");
        }
        References.Take((PyObject*)handle);
        waiter->Handle = handle;
        waiter->Happening = happening;
        waiter->Number = (int)number;
        ParkingLot.Add(&waiter->Waiter, happening, Heap.Of(handle->Shared));
        return capsule;
    }

    [Callback]
    private static partial PyObject* IsOver(PyObject* module, PyObject* capsule)
    {
        LoopWaiter* waiter = (LoopWaiter*)Api.Table.PyCapsule_GetPointer(capsule, Name);
        if (waiter == null) return null;
        return Waiter.IsUntouched(&waiter->Waiter) ? Api.Table._Py_FalseStruct : Api.Table._Py_TrueStruct;
    }

    [Callback]
    private static partial PyObject* End(PyObject* module, PyObject** arguments, nint count)
    {
        if (count != 2) return Errors.Type("_wait_end() takes a waiter and whether it passes its wake on");
        LoopWaiter* waiter = (LoopWaiter*)Api.Table.PyCapsule_GetPointer(arguments[0], Name);
        if (waiter == null) return null;
        return Remove(waiter, arguments[1] == Api.Table._Py_TrueStruct) ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    // The second removal of a waiter does nothing.
    static bool Remove(LoopWaiter* waiter, bool passesOn)
    {
        Handle* handle = waiter->Handle;
        if (handle == null || ForkGuard.IsForkedChild) return false;
        waiter->Handle = null;
        bool wasWoken = !ParkingLot.Remove(&waiter->Waiter);
        if (wasWoken && passesOn) ParkingLot.Unpark(waiter->Happening);
        // A deleted object has no kind, and no count.
        LiveKind kind = handle->Shared == null ? LiveKind.None : LiveObjects.KindOf(handle->State, (PyObject*)handle);
        if (Kinds.Of(kind).Await != null) Kinds.Of(kind).Await(handle, waiter->Number, -1);
        ReadyObjects.Drop((PyObject*)handle);
        return wasWoken;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dispose(PyObject* capsule)
    {
        LoopWaiter* waiter = (LoopWaiter*)Api.Table.PyCapsule_GetPointer(capsule, Name);
        Remove(waiter, passesOn: true);
        NativeMemory.Free(waiter);
    }
}
