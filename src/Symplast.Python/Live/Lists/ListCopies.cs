using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Vector = Symplast.Objects.SharedVector;

namespace Symplast.Python.Live;

/// <summary>Copies of a List: plain ones and shared ones.</summary>
internal static unsafe partial class ListCopies
{
    /// <summary>A plain list of the elements at one moment; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        Status status = Vector.Snapshot(state->Me, ListType.VectorOf(handle), out VectorSnapshot snapshot);
        if (status != Status.Done) return LiveErrors.Raise(handle, status);
        PyObject* plain = HeldValues.ToList(state, Heap.Of(handle->Shared), snapshot.Items, 1, (nint)snapshot.Count);
        snapshot.Release(state->Me);
        return plain;
    }

    [Callback]
    internal static partial PyObject* Copy(Handle* handle, PyObject* none) => ToPlain(handle);

    [Callback]
    internal static partial PyObject* CopyShared(Handle* handle, PyObject* none)
    {
        PyObject* made = Creation.Beside(handle, &Vector.Create);
        if (made == null) return null;
        LiveState* state = handle->State;
        Status status = Vector.Snapshot(state->Me, ListType.VectorOf(handle), out VectorSnapshot snapshot);
        if (status == Status.Done)
        {
            status = Vector.Extend(state->Me, ListType.VectorOf((Handle*)made), snapshot.Items, snapshot.Count);
            snapshot.Release(state->Me);
        }
        if (status == Status.Done) return made;
        LiveErrors.Raise(handle, status);
        References.Drop(made);
        return null;
    }

    [Callback]
    internal static partial PyObject* CopyDeep(Handle* handle, PyObject* memo)
    {
        PyObject* made = Creation.Beside(handle, &Vector.Create);
        PyObject* plain = made == null || !LiveMethods.Remember(memo, (PyObject*)handle, made)
            ? null : LiveMethods.Hidden(ToPlain(handle));
        bool done = plain != null;
        for (nint i = 0; done && i < ((PyListObject*)plain)->Size; i++)
        {
            PyObject* copy = LiveMethods.CopyDeep(((PyListObject*)plain)->Items[i], memo);
            done = copy != null && ListElements.AppendOne((Handle*)made, copy);
            References.Drop(copy);
        }
        References.Drop(plain);
        if (done) return made;
        References.Drop(made);
        return null;
    }
}
