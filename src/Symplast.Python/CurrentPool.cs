using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>
/// Which pool a thread allocates in: an entry in the dictionary of its thread state, set by the context manager that <c>Pool.allocating()</c>
/// returns; the process's default pool where there is none.
/// </summary>
internal static unsafe class CurrentPool
{
    struct Allocation
    {
        internal PyObject Head;
        internal PyObject* Pool;
        internal PyObject* Previous;
        internal bool Entered;
    }

    static byte* Key => Text.Utf8("symplast.current_pool"u8);

    /// <summary>What every interpreter makes the context manager's type from; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.Allocation"u8),
        BasicSize = sizeof(Allocation),
        // So that the collector sees that it keeps its type, and that the module, alive.
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation | PyTypeSpec.HaveGc,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("Context manager in which one pool is the current pool of the thread."u8)),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Traverse, (delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void*, int>, void*, int>)&Traverse),
            Slot(PyTypeSlot.Methods, Table(
                Method("__enter__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Enter, PyMethodDef.NoArgs, "Make the pool current and return it."u8),
                Method("__exit__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Exit, PyMethodDef.VarArgs, "Make the previous pool current."u8)))),
    });

    /// <summary>The pool that this thread allocates in.</summary>
    internal static Pool Get()
    {
        PyObject* chosen = Chosen();
        return chosen == null ? PoolTable.Default : PoolHandle.PoolOf(chosen);
    }

    /// <summary>A context manager for the pool of <paramref name="handle"/>; null with an exception set.</summary>
    internal static PyObject* NewAllocation(InterpreterState interpreter, PyObject* handle)
    {
        PyObject* allocation = Api.Table.PyType_GenericAlloc(interpreter.AllocationType, 0);
        if (allocation != null) ((Allocation*)allocation)->Pool = References.New(handle);
        return allocation;
    }

    // A borrowed handle, or null.
    static PyObject* Chosen()
    {
        PyObject* thread = Api.Table.PyThreadState_GetDict();
        PyObject* chosen = thread == null || ((PyDictObject*)thread)->Used == 0 ? null : Api.Table.PyDict_GetItemString(thread, Key);
        return chosen == Api.Table._Py_NoneStruct ? null : chosen;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Enter(PyObject* self, PyObject* none)
    {
        Allocation* allocation = (Allocation*)self;
        if (allocation->Entered) return Errors.Runtime("this allocating() block was entered already; call allocating() again for another one");
        PyObject* thread = Api.Table.PyThreadState_GetDict();
        if (thread == null) return Errors.Runtime("this thread has no thread state dictionary");
        PyObject* previous = Chosen();
        allocation->Previous = previous == null ? null : References.New(previous);
        if (Api.Table.PyDict_SetItemString(thread, Key, allocation->Pool) != 0) return null;
        allocation->Entered = true;
        return References.New(allocation->Pool);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Exit(PyObject* self, PyObject* information)
    {
        Allocation* allocation = (Allocation*)self;
        PyObject* thread = Api.Table.PyThreadState_GetDict();
        if (!allocation->Entered || thread == null) return Errors.Runtime("this allocating() block was not entered");
        allocation->Entered = false;
        PyObject* previous = allocation->Previous;
        allocation->Previous = null;
        int failed = Api.Table.PyDict_SetItemString(thread, Key, previous == null ? Api.Table._Py_NoneStruct : previous);
        References.Drop(previous);
        return failed != 0 ? null : Api.Table._Py_NoneStruct;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        Api.Table.PyObject_GC_UnTrack(self);
        References.Drop(((Allocation*)self)->Pool);
        References.Drop(((Allocation*)self)->Previous);
        Api.Table.PyObject_GC_Del(self);
        References.Drop(type);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Traverse(PyObject* self, delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        Allocation* allocation = (Allocation*)self;
        int stop = visit(self->Type, argument);
        if (stop == 0 && allocation->Pool != null) stop = visit(allocation->Pool, argument);
        return stop == 0 && allocation->Previous != null ? visit(allocation->Previous, argument) : stop;
    }
}
