using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// An interpreter's handle of a live object. There is one for each object and interpreter, and it holds one reference to the
/// object. All live Python types have this layout.
/// </summary>
internal unsafe struct Handle
{
    internal PyObject Head;

    /// <summary>The object; null once the interpreter has given up its live objects.</summary>
    internal Header* Shared;

    internal LiveState* State;
    internal PyObject* WeakReferences;

    // The number of the object's class, if the handle is counted among those that keep the class alive; else 0.
    int _class;

    /// <summary>
    /// Returns a new reference to the handle of an object that was loaded in the caller's section; makes the handle if there is
    /// none. Returns null if the handle cannot be made inside a section (<see cref="LiveState.Again"/>), or, with an exception
    /// set, if there is no memory or the object's pool was deleted.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Of(LiveState* state, Header* shared)
    {
        PyObject* known = state->Handles.Find(shared);
        return known != null ? References.New(known) : Make(state, shared);
    }

    /// <summary>
    /// Makes the handle of a new object and steals the object's one reference, which is dropped on failure. Returns null with an
    /// exception set. Called inside a section.
    /// </summary>
    internal static PyObject* Adopt(LiveState* state, Header* shared, PyObject* type)
    {
        Tracking.Note(shared);
        return AdoptKnown(state, shared, type);
    }

    /// <summary>Removes a handle from its object and drops its reference to it. The handle itself may stay.</summary>
    internal static void Release(Handle* handle)
    {
        Header* shared = handle->Shared;
        if (shared == null) return;
        LiveState* state = handle->State;
        handle->Shared = null;
        state->Handles.Remove(shared);
        // In a forked child shared memory is not touched: locks may be held by threads that the child does not have.
        if (ForkGuard.IsForkedChild) return;
        Section section = Section.Enter(state->Me);
        PoolHeap* heap = Heap.Of(shared);
        if (!PoolHeap.IsDeleted(heap)) Reference.Drop(state->Me, shared);
        section.Exit(state->Me);
        state->Unuse(heap);
    }

    /// <summary>A quick test, false for nearly everything that is not a handle: types of handles are heap types.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool MayBe(PyObject* o) => (Layout.TypeFlags(o->Type) & PyTypeSpec.HeapType) != 0;

    /// <summary>Whether an object is a handle of this interpreter.</summary>
    internal static bool Is(LiveState* state, PyObject* o) =>
        MayBe(o) && Api.Table.PyType_IsSubtype(o->Type, state->SharedType) != 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* Make(LiveState* state, Header* shared)
    {
        PoolHeap* heap = Heap.Of(shared);
        if (PoolHeap.IsDeleted(heap)) return LiveErrors.RaiseDeletedPool(state, heap);
        if (!Reference.TryTake(shared)) return null;
        LiveKind kind = Kinds.Of(shared);
        PyObject* type = kind == LiveKind.Object ? state->ClassOf((Record*)shared) : state->TypeOf(kind);
        if (type != null) return AdoptKnown(state, shared, type);
        state->Unresolved = shared;
        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static PyObject* AdoptKnown(LiveState* state, Header* shared, PyObject* type)
    {
        PyObject* handle = New(state, shared, type);
        if (handle == null) Reference.Drop(state->Me, shared);
        return handle;
    }

    static PyObject* New(LiveState* state, Header* shared, PyObject* type)
    {
        PoolHeap* heap = Heap.Of(shared);
        if (!state->Handles.Reserve() || !state->Use(heap)) return Api.Table.PyErr_NoMemory();
        Handle* handle = (Handle*)Api.Table.PyType_GenericAlloc(type, 0);
        if (handle == null)
        {
            state->Unuse(heap);
            return null;
        }
        // A handle of a type without garbage collection keeps no reference to its type. The collector would not see that
        // reference, and a cycle through it would never be freed: a class of live objects, its functions, their globals, a handle
        // in these globals. Our own types outlive all handles, and classes are held while they have handles.
        if (!IsCollected(type))
        {
            References.Drop(type);
            if ((Layout.TypeFlags(type) & PyTypeSpec.ImmutableType) == 0)
            {
                handle->_class = ((SharedObject*)shared)->Tag;
                state->CountHandle(handle->_class, 1);
            }
        }
        handle->Shared = shared;
        handle->State = state;
        state->Handles.Add(shared, (PyObject*)handle);
        state->Living++;
        return (PyObject*)handle;
    }

    // Types that Python code makes take part in garbage collection. Their handles keep them alive.
    static bool IsCollected(PyObject* type) => (Layout.TypeFlags(type) & PyTypeSpec.HaveGc) != 0;

    /// <summary>The slot <c>tp_dealloc</c> of all live types.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void Dealloc(PyObject* self)
    {
        PyObject* type = self->Type;
        Handle* handle = (Handle*)self;
        LiveState* state = handle->State;
        // First, so that no code that runs from here on can find this handle.
        if (handle->Shared != null) Release(handle);
        if (handle->WeakReferences != null) Api.Table.PyObject_ClearWeakRefs(self);
        if (IsCollected(type))
        {
            Api.Table.PyObject_GC_Del(self);
            References.Drop(type);
        }
        else
        {
            if (handle->_class != 0) state->CountHandle(handle->_class, -1);
            Api.Table.PyObject_Free(self);
        }
        LiveState.Forget(state);
    }
}
