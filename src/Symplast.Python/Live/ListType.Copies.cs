using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Vector = Symplast.Objects.SharedVector<Symplast.Memory.Uninterrupted>;

namespace Symplast.Python.Live;

// Creation, and copies: plain ones and shared ones.
internal static unsafe partial class ListType
{
    /// <summary>A new, empty List in a pool; null with an exception set.</summary>
    internal static PyObject* Create(InterpreterState interpreter, Pool pool, PyObject* type)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = Heap.Of(pool);
        Epoch.Enter(state->Me);
        bool isDeleted = PoolHeap.IsDeleted(heap);
        SharedVector* vector = isDeleted ? null : Vector.Create(state->Me, heap);
        PyObject* handle = vector == null ? null : Handle.Adopt(state, (Header*)vector, type);
        Epoch.Exit(state->Me);
        if (isDeleted) return interpreter.RaiseDeleted(pool);
        return vector == null ? LiveErrors.RaiseNoMemory(state, heap) : handle;
    }

    /// <summary>A plain list of the elements at one moment; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        Status status = Vector.Snapshot(state->Me, VectorOf(handle), out VectorSnapshot snapshot);
        if (status != Status.Done) return LiveErrors.Raise(handle, status);
        PyObject* plain = HeldValues.ToList(state, Heap.Of(handle->Shared), snapshot.Items, 1, (nint)snapshot.Count);
        snapshot.Release(state->Me);
        return plain;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* Copy(PyObject* self, PyObject* none)
    {
        try
        {
            return ToPlain((Handle*)self);
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyShared(PyObject* self, PyObject* none)
    {
        try
        {
            Handle* handle = (Handle*)self;
            PyObject* made = CreateBeside(handle);
            if (made == null) return null;
            LiveState* state = handle->State;
            Status status = Vector.Snapshot(state->Me, VectorOf(handle), out VectorSnapshot snapshot);
            if (status == Status.Done)
            {
                status = Vector.Extend(state->Me, VectorOf((Handle*)made), snapshot.Items, snapshot.Count);
                snapshot.Release(state->Me);
            }
            if (status == Status.Done) return made;
            LiveErrors.Raise(handle, status);
            References.Drop(made);
            return null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyDeep(PyObject* self, PyObject* memo)
    {
        try
        {
            Handle* handle = (Handle*)self;
            PyObject* made = CreateBeside(handle);
            PyObject* plain = made == null || !LiveMethods.Remember(memo, self, made) ? null : LiveMethods.Hidden(ToPlain(handle));
            bool done = plain != null;
            for (nint i = 0; done && i < ((PyListObject*)plain)->Size; i++)
            {
                PyObject* copy = LiveMethods.CopyDeep(((PyListObject*)plain)->Items[i], memo);
                done = copy != null && AppendOne((Handle*)made, copy);
                References.Drop(copy);
            }
            References.Drop(plain);
            if (done) return made;
            References.Drop(made);
            return null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // A new, empty List in the same pool.
    static PyObject* CreateBeside(Handle* handle)
    {
        if (!LiveMethods.CheckAlive(handle)) return null;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        return state->Interpreter is { } interpreter && LiveErrors.PoolOf(heap) is { } pool
            ? Create(interpreter, pool, state->TypeOf(LiveKind.List))
            : LiveErrors.RaiseDeletedPool(state, heap);
    }
}
