using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Interpreting;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python;

/// <summary>The Python type <c>symplast.Pool</c>: an interpreter's handle of a pool, one for each pool and interpreter.</summary>
internal static unsafe partial class PoolType
{
    static long _unnamed;

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    internal static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Pool"u8),
        BasicSize = sizeof(PoolHandle),
        // With GC, so that the collector sees that the handle refers to its type, which refers to the module.
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.HaveGc,
        Slots = Slots(),
    });

    static PyTypeSlot* Slots() => Table(
        Slot(PyTypeSlot.Doc, Text.Utf8("""
            Pool(name=None, max_bytes=None, default=None)
            --

            A named region of shared memory. Objects frozen into it are shared by all interpreters of the process by pointer,
            belong to no interpreter's garbage collector, and are deleted together by delete(), or at the end of a with block.

            Deletion ends the objects at once, but not always their memory. The memory of live objects is freed at once. Frozen
            objects stay in memory until every interpreter that was given a pointer into the pool has ended; the main interpreter
            ends with the process. A program whose main interpreter freezes into many short-lived pools therefore grows: freeze in
            workers, or keep pools longer. stats().pending_bytes is the memory of a deleted pool that still waits. A
            PendingMemoryWarning is given when the sum over all pools exceeds get_pending_limit().

            max_bytes limits the bytes of the pool's objects; PoolFullError is raised beyond it. default(o) is called in this
            interpreter for every object that cannot be frozen or stored into this pool, and returns an object that can. freeze()
            may be given another function in its place. All methods are thread-safe.
            """u8)),
        Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
        Slot(PyTypeSlot.Dealloc, (delegate* unmanaged[Cdecl]<PyObject*, void>)&Dealloc),
        Slot(PyTypeSlot.Traverse,
            (delegate* unmanaged[Cdecl]<PyObject*, delegate* unmanaged[Cdecl]<PyObject*, void*, int>, void*, int>)&Traverse),
        Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
        Slot(PyTypeSlot.Members, Table(new PyMemberDef
        {
            Name = Text.Utf8("__weaklistoffset__"u8),
            Type = PyMemberDef.Signed,
            Offset = sizeof(PyObject) + sizeof(nint),
            Flags = PyMemberDef.ReadOnly,
        })),
        Slot(PyTypeSlot.GetSet, Table(
            Property("name"u8, &Name, "The name given at creation."u8),
            Property("max_bytes"u8, &MaxBytes, "The limit for the bytes of the pool's objects, or None."u8),
            Property("default"u8, (delegate* unmanaged[Cdecl]<PyObject*, void*, PyObject*>)&Default,
                (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, void*, int>)&SetDefault,
                "The function by which this interpreter converts objects that cannot be shared, for this pool; or None."u8),
            Property("deleted"u8, &Deleted, "True once delete() was called, in any interpreter."u8))),
        Slot(PyTypeSlot.Methods, Table(
            FastCallKeywords("freeze"u8, &Freeze, """
                freeze($self, /, obj, default=None)
                --

                Copy obj and everything it holds into this pool as immutable objects, and return the copy.

                list becomes tuple, dict becomes frozendict (3.15+) or mappingproxy, set becomes frozenset, bytearray becomes
                bytes. Identity, sharing and cycles are kept. An object that is already frozen is returned as it is. default(o)
                is called for every object that cannot be frozen, and returns an object that can. An error leaves the pool
                unchanged.

                Raises NotShareableError, which names the place of the object, PoolFullError, or DeletedError.
                """u8),
            NoArgs("stats"u8, &Stats, """
                stats($self, /)
                --

                Return the pool's PoolStats. Also works for a deleted pool.
                """u8),
            NoArgs("delete"u8, &Delete, """
                delete($self, /)
                --

                Delete the pool with all its objects.

                The deletion takes effect at once: every later use raises DeletedError, in every interpreter. The memory of frozen
                objects is freed when the last interpreter that was given a pointer into the pool has ended.
                """u8),
            NoArgs("allocating"u8, &Allocating, """
                allocating($self, /)
                --

                Return a context manager in which this pool is the current pool, for freeze() and for new live objects.

                It applies to the current context of contextvars: to this thread or asyncio task, and to the tasks and threads
                that inherit the context. Blocks nest, and each may be left at any time, in any thread or context.
                """u8),
            NoArgs("__enter__"u8, &Enter, "__enter__($self, /)\n--\n\nReturn the pool."u8),
            Method("__exit__"u8, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&Exit, PyMethodDef.VarArgs,
                "__exit__($self, /, *exc_info)\n--\n\nDelete the pool."u8),
            NoArgs("__reduce__"u8, &Reduce, "Return the state for pickling by reference, within this process."u8))));

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        if (!ThisProcess.Check()) return null;
        PyObject* nameArgument = null;
        PyObject* limitArgument = null;
        PyObject* defaultArgument = null;
        if (!BindNew(positional, named, ref nameArgument, ref limitArgument, ref defaultArgument)
            || !CheckDefault(ref defaultArgument)) return null;
        string name;
        if (nameArgument == null || nameArgument == Api.Table._Py_NoneStruct)
        {
            // Only uniqueness matters; nothing is published through the counter.
            name = "pool-" + Interlocked.Increment(ref _unnamed).ToString(CultureInfo.InvariantCulture);
        }
        else if (Api.Table.PyType_IsSubtype(nameArgument->Type, Api.Table.PyUnicode_Type) != 0
            && nameArgument->Type == Api.Table.PyUnicode_Type)
        {
            name = Text.FromPython(nameArgument);
        }
        else
        {
            return nameArgument->Type == Api.Table.PyLong_Type
                ? Alternatives.Raise("Pool(number)", nameArgument)
                : Errors.Type($"Pool name must be str, not {Text.TypeName(nameArgument)}");
        }
        long limit = long.MaxValue;
        if (limitArgument != null && limitArgument != Api.Table._Py_NoneStruct)
        {
            PyObject* number = Api.Table.PyNumber_Index(limitArgument);
            if (number == null) return null;
            limit = Api.Table.PyLong_AsLongLong(number);
            References.Drop(number);
            if (limit == -1 && Api.Table.PyErr_Occurred() != null) return null;
            if (limit < 0) return Errors.Value("max_bytes must not be negative");
        }
        Pool pool = Pool.Create(name, limit);
        PyObject* handle = interpreter.HandleOf(pool);
        if (handle != null && defaultArgument != null) interpreter.Defaults.Set(pool, defaultArgument);
        return handle;
    }

    // Replaces None with null. Returns false with TypeError set.
    static bool CheckDefault(ref PyObject* function)
    {
        if (function == Api.Table._Py_NoneStruct) function = null;
        return function == null || Api.Table.PyCallable_Check(function) != 0
            || Errors.Type($"default must be callable or None, not {Text.TypeName(function)}") != null;
    }

    static bool BindNew(PyObject* positional, PyObject* named, ref PyObject* name, ref PyObject* limit, ref PyObject* function)
    {
        nint count = ((PyVarObject*)positional)->Size;
        PyObject** items = Tuples.Items(positional);
        if (count > 3)
        {
            Errors.Type($"Pool() takes at most 3 arguments ({count} given)");
            return false;
        }
        if (count > 0) name = items[0];
        if (count > 1) limit = items[1];
        if (count > 2) function = items[2];
        if (named == null) return true;
        nint position = 0;
        PyObject* key;
        PyObject* value;
        while (Api.Table.PyDict_Next(named, &position, &key, &value) != 0)
        {
            string keyword = Text.FromPython(key);
            int place = keyword switch { "name" => 0, "max_bytes" => 1, "default" => 2, _ => -1 };
            if (place < 0)
            {
                if (keyword == "processes") Alternatives.Raise("Pool(number)", value);
                else Errors.Type($"Pool() got an unexpected keyword argument '{keyword}'");
                return false;
            }
            if (count > place)
            {
                Errors.Type($"Pool() got multiple values for argument '{keyword}'");
                return false;
            }
            if (place == 0) name = value;
            else if (place == 1) limit = value;
            else function = value;
        }
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        PoolHandle* instance = (PoolHandle*)self;
        Api.Table.PyObject_GC_UnTrack(self);
        if (instance->WeakReferences != null) Api.Table.PyObject_ClearWeakRefs(self);
        if (instance->Pool != 0)
        {
            InterpreterState.TryOfType(type)?.ForgetHandle(PoolHandle.PoolOf(self));
            GCHandle.FromIntPtr(instance->Pool).Free();
        }
        Api.Table.PyObject_GC_Del(self);
        References.Drop(type);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Traverse(PyObject* self, delegate* unmanaged[Cdecl]<PyObject*, void*, int> visit, void* argument) =>
        visit(self->Type, argument);

    [Callback]
    private static partial PyObject* Repr(PyObject* self)
    {
        Pool pool = PoolHandle.PoolOf(self);
        return Text.ToPython(pool.Deleted
            ? $"<symplast.Pool '{pool.Name}', deleted>"
            : $"<symplast.Pool '{pool.Name}', {pool.Statistics().Objects} objects, {pool.Statistics().UsedBytes} bytes>");
    }

    [Callback]
    private static partial PyObject* Name(PyObject* self, void* closure) => Text.ToPython(PoolHandle.PoolOf(self).Name);

    [Callback]
    private static partial PyObject* MaxBytes(PyObject* self, void* closure) =>
        PoolHandle.PoolOf(self).MaxBytes == long.MaxValue
            ? Api.Table._Py_NoneStruct : Api.Table.PyLong_FromLongLong(PoolHandle.PoolOf(self).MaxBytes);

    [Callback]
    private static partial PyObject* Default(PyObject* self, void* closure)
    {
        PyObject* function = InterpreterState.OfInstance(self).Defaults.Of(PoolHandle.PoolOf(self));
        return function == null ? Api.Table._Py_NoneStruct : References.New(function);
    }

    [Callback]
    private static partial int SetDefault(PyObject* self, PyObject* function, void* closure)
    {
        // Deleting it is giving it none.
        if (!CheckDefault(ref function)) return -1;
        Pool pool = PoolHandle.PoolOf(self);
        InterpreterState interpreter = InterpreterState.OfInstance(self);
        if (pool.Deleted && function != null)
        {
            interpreter.RaiseDeleted(pool);
            return -1;
        }
        interpreter.Defaults.Set(pool, function);
        return 0;
    }

    [Callback]
    private static partial PyObject* Deleted(PyObject* self, void* closure) =>
        PoolHandle.PoolOf(self).Deleted ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;

    [Callback]
    private static partial PyObject* Freeze(PyObject* self, PyObject** arguments, nint count, PyObject* keywords)
    {
        return SharingFunctions.FreezeCall(
            InterpreterState.OfInstance(self), PoolHandle.PoolOf(self), "Pool.freeze", arguments, count, keywords);
    }

    [Callback]
    private static partial PyObject* Stats(PyObject* self, PyObject* none)
    {
        if (!ThisProcess.Check()) return null;
        Leases.EndThoseOfEnded();
        return PoolStats.Create(InterpreterState.OfInstance(self), PoolHandle.PoolOf(self));
    }

    [Callback]
    private static partial PyObject* Delete(PyObject* self, PyObject* none)
    {
        if (!ThisProcess.Check()) return null;
        Pool pool = PoolHandle.PoolOf(self);
        if (!pool.Delete()) return InterpreterState.OfInstance(self).RaiseDeleted(pool);
        CrossPool.Release(pool);
        InterpreterState.OfInstance(self).Defaults.Set(pool, null);
        Leases.EndThoseOfEnded();
        return PendingMemory.Check(InterpreterState.OfInstance(self)) ? Api.Table._Py_NoneStruct : null;
    }

    [Callback]
    private static partial PyObject* Allocating(PyObject* self, PyObject* none)
    {
        if (!ThisProcess.Check()) return null;
        InterpreterState interpreter = InterpreterState.OfInstance(self);
        Pool pool = PoolHandle.PoolOf(self);
        return pool.Deleted ? interpreter.RaiseDeleted(pool) : CurrentPool.NewAllocation(interpreter, self);
    }

    [Callback]
    private static partial PyObject* Enter(PyObject* self, PyObject* none)
    {
        if (!ThisProcess.Check()) return null;
        Pool pool = PoolHandle.PoolOf(self);
        return pool.Deleted ? InterpreterState.OfInstance(self).RaiseDeleted(pool) : References.New(self);
    }

    // The block may have deleted the pool already, which is not an error.
    [Callback]
    private static partial PyObject* Exit(PyObject* self, PyObject* information)
    {
        if (!ThisProcess.Check()) return null;
        bool isFirst = PoolHandle.PoolOf(self).Delete();
        if (isFirst) CrossPool.Release(PoolHandle.PoolOf(self));
        InterpreterState.OfInstance(self).Defaults.Set(PoolHandle.PoolOf(self), null);
        Leases.EndThoseOfEnded();
        return !isFirst || PendingMemory.Check(InterpreterState.OfInstance(self)) ? Api.Table._Py_NoneStruct : null;
    }

    [Callback]
    private static partial PyObject* Reduce(PyObject* self, PyObject* none) => PoolReference.Reduce(PoolHandle.PoolOf(self));
}
