using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>
/// Finds the current pool: that of the innermost open block of the context (PEP 567), or the process's default pool. Each
/// interpreter has a context variable, whose value is the block that was entered last. Each block knows the block around it.
/// </summary>
/// <remarks>
/// A block that was left is marked so and skipped wherever it is still found. So blocks may be left in any order, thread or
/// context: a task that was started inside a block has a copy of the context, and a generator may be ended by the thread that
/// collects it. A block whose context manager no longer exists counts as left. Used with the interpreter's GIL held.
/// </remarks>
internal static unsafe partial class CurrentPool
{
    /// <summary>
    /// The context manager that <c>Pool.allocating()</c> returns. A block, the value of the context variable, has the same type.
    /// </summary>
    struct Allocation
    {
        internal PyObject Head;
        internal PyObject* Pool;
        internal Allocation* Around;     // of a block: the open block in which it was entered, or null
        internal Allocation* Block;      // of a context manager: the block that it opened, as long as that is open
        internal bool IsOpen;            // of a block
    }

    /// <summary>The specification from which every interpreter makes the context manager's type; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast._symplast.Allocation"u8),
        BasicSize = sizeof(Allocation),
        // With GC, so that the collector sees the cycle of the instance, its type and the module.
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.DisallowInstantiation | PyTypeSpec.HaveGc,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("Context manager in which one pool is the current pool of the context."u8)),
            Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
            Slot(PyTypeSlot.Traverse,
                (delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void*, int>, void*, int>)&Traverse),
            Slot(PyTypeSlot.Methods, Table(
                NoArgs("__enter__"u8, &Enter, "Make the pool current and return it."u8),
                Method("__exit__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Exit, PyMethodDef.VarArgs,
                    "Make the pool current no longer."u8)))),
    });

    /// <summary>Returns a new context variable for an interpreter, or null with an exception set.</summary>
    internal static PyObject* NewVariable() => Api.Table.PyContextVar_New(Text.Utf8("symplast.current_pool"u8), null);

    /// <summary>The pool in which the calling context allocates.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    // If no block is open in any context, the context variable is not read.
    internal static Pool Get(InterpreterState interpreter) => interpreter.OpenBlocks == 0 ? PoolTable.Default : Find(interpreter);

    /// <summary>Returns a context manager for the pool of <paramref name="handle"/>, or null with an exception set.</summary>
    internal static PyObject* NewAllocation(InterpreterState interpreter, PyObject* handle)
    {
        PyObject* allocation = Api.Table.PyType_GenericAlloc(interpreter.AllocationType, 0);
        if (allocation != null) ((Allocation*)allocation)->Pool = References.New(handle);
        return allocation;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Pool Find(InterpreterState interpreter)
    {
        Allocation* block = Innermost(interpreter, out PyObject* held);
        Pool pool = block == null ? PoolTable.Default : PoolHandle.PoolOf(block->Pool);
        References.Drop(held);
        return pool;
    }

    // The innermost open block of the context, or null. The block lives as long as the caller has the reference `held`.
    static Allocation* Innermost(InterpreterState interpreter, out PyObject* held)
    {
        PyObject* value = null;
        // PyContextVar_Get fails only if its argument is not a context variable.
        if (Api.Table.PyContextVar_Get(interpreter.CurrentPool, null, &value) != 0) Api.Table.PyErr_Clear();
        held = value;
        // The value may have any type, because any code can list and set the variables of a context.
        return value == null || value->Type != interpreter.AllocationType ? null : Open((Allocation*)value);
    }

    // The block itself, or the next open block around it.
    static Allocation* Open(Allocation* block)
    {
        while (block != null && !block->IsOpen) block = block->Around;
        return block;
    }

    static void Close(InterpreterState interpreter, Allocation* block)
    {
        if (!block->IsOpen) return;
        block->IsOpen = false;
        interpreter.OpenBlocks--;
    }

    [Callback]
    private static partial PyObject* Enter(PyObject* self, PyObject* none)
    {
        Allocation* manager = (Allocation*)self;
        if (manager->Block != null)
            return Errors.Runtime("this allocating() block was entered already; call allocating() again for another one");
        if (manager->Pool == null) return Errors.Runtime("this is no context manager of allocating()");
        InterpreterState interpreter = InterpreterState.OfInstance(self);
        Allocation* block = (Allocation*)NewAllocation(interpreter, manager->Pool);
        if (block == null) return null;
        block->Around = Innermost(interpreter, out PyObject* held);
        if (block->Around != null) References.Take((PyObject*)block->Around);
        References.Drop(held);
        PyObject* token = Api.Table.PyContextVar_Set(interpreter.CurrentPool, (PyObject*)block);
        if (token == null)
        {
            References.Drop((PyObject*)block);
            return null;
        }
        block->IsOpen = true;
        interpreter.OpenBlocks++;
        manager->Block = block;
        References.Drop(token);
        return References.New(manager->Pool);
    }

    [Callback]
    private static partial PyObject* Exit(PyObject* self, PyObject* information)
    {
        Allocation* manager = (Allocation*)self;
        Allocation* block = manager->Block;
        if (block == null) return Errors.Runtime("this allocating() block was not entered");
        InterpreterState interpreter = InterpreterState.OfInstance(self);
        manager->Block = null;
        Close(interpreter, block);
        References.Drop((PyObject*)block);
        Tidy(interpreter);
        return Api.Table._Py_NoneStruct;
    }

    // Removes left blocks from this context. They would be skipped anyway, so a failure does no harm.
    static void Tidy(InterpreterState interpreter)
    {
        ref Api api = ref Api.Table;
        PyObject* pending = api.PyErr_GetRaisedException();
        Allocation* open = Innermost(interpreter, out PyObject* held);
        if (held != null && (Allocation*)held != open)
        {
            PyObject* token = api.PyContextVar_Set(interpreter.CurrentPool, open == null ? api._Py_NoneStruct : (PyObject*)open);
            if (token == null) api.PyErr_Clear();
            References.Drop(token);
        }
        References.Drop(held);
        if (pending != null) api.PyErr_SetRaisedException(pending);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        Allocation* allocation = (Allocation*)self;
        Api.Table.PyObject_GC_UnTrack(self);
        if (allocation->Block != null)
        {
            // Without its context manager the block can never be left, so it counts as left.
            if (InterpreterState.TryOfType(type) is { } interpreter) Close(interpreter, allocation->Block);
            References.Drop((PyObject*)allocation->Block);
        }
        PyObject* pool = allocation->Pool;
        Allocation* around = allocation->Around;
        Api.Table.PyObject_GC_Del(self);
        References.Drop(pool);
        DropChain(around);
        References.Drop(type);
    }

    // A chain of blocks that were never left may be long, so it is freed by iteration instead of recursion.
    static void DropChain(Allocation* block)
    {
        while (block != null && References.IsUnique((PyObject*)block))
        {
            Allocation* around = block->Around;
            block->Around = null;
            References.Drop((PyObject*)block);
            block = around;
        }
        References.Drop((PyObject*)block);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Traverse(PyObject* self, delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument)
    {
        Allocation* allocation = (Allocation*)self;
        int stop = visit(self->Type, argument);
        if (stop == 0 && allocation->Pool != null) stop = visit(allocation->Pool, argument);
        if (stop == 0 && allocation->Around != null) stop = visit((PyObject*)allocation->Around, argument);
        return stop == 0 && allocation->Block != null ? visit((PyObject*)allocation->Block, argument) : stop;
    }
}
