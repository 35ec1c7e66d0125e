using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The module's functions on live objects of any kind.</summary>
internal static unsafe class LiveObjects
{
    /// <summary>The pool of a live object, or null if the object is not a live one.</summary>
    internal static Pool? PoolOf(LiveState* state, PyObject* o)
    {
        if (!Handle.Is(state, o) || ((Handle*)o)->Shared == null) return null;
        // The handle pins the heap, so its address can be used.
        return LiveErrors.PoolOf(Heap.Of(((Handle*)o)->Shared));
    }

    /// <summary>The kind of a live object; None if its pool is deleted.</summary>
    internal static LiveKind KindOf(LiveState* state, PyObject* o)
    {
        Header* shared = ((Handle*)o)->Shared;
        if (shared == null) return LiveKind.None;
        Section section = Heap.Enter(state->Me, shared, out bool isDeleted);
        LiveKind kind = isDeleted ? LiveKind.None : Kinds.Of(shared);
        section.Exit(state->Me);
        return kind;
    }

    /// <summary>
    /// Returns a new reference to a plain object with a live object's contents at one moment; null with an exception set.
    /// </summary>
    internal static PyObject* ToPlain(LiveState* state, PyObject* o)
    {
        Handle* handle = (Handle*)o;
        LiveKind kind = KindOf(state, o);
        if (kind == LiveKind.None) return LiveErrors.RaiseDeleted(handle);
        return Kinds.Of(kind).ToPlain != null
            ? Kinds.Of(kind).ToPlain(handle) : Errors.Type($"a {Text.TypeName(o)} has no plain form");
    }

    /// <summary>Like <see cref="ToPlain"/>, but of built-in types only.</summary>
    internal static PyObject* ToBuiltIn(LiveState* state, PyObject* o)
    {
        LiveKind kind = KindOf(state, o);
        return Kinds.Of(kind).ToBuiltIn != null ? Kinds.Of(kind).ToBuiltIn((Handle*)o) : ToPlain(state, o);
    }

    /// <summary>Deletes a live object by hand; null with an exception set.</summary>
    internal static PyObject* Delete(LiveState* state, PyObject* o)
    {
        if (!Handle.Is(state, o))
        {
            return Errors.Type(AddressRange.Contains(o)
                ? $"delete() takes a live object; a frozen {Text.TypeName(o)} is deleted with its pool"
                : $"delete() takes a live object, not {Text.TypeName(o)}");
        }
        Handle* handle = (Handle*)o;
        if (!LiveMethods.IsUsable(handle)) return null;
        Status status = Structures.Delete(state->Me, handle->Shared);
        return status == Status.Done ? Api.Table._Py_NoneStruct : LiveErrors.Raise(handle, status);
    }
}
