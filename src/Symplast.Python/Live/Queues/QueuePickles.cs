using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Elements of queues that only pickle can carry. The value of such an element is a tuple of its own kind: the pickled data,
/// and for each ticket that these name (<see cref="Parcels"/>) the number and what it stands for. So the element itself holds
/// the live objects, as any other value does, and no parcel lasts as long as the element.
/// </summary>
internal static unsafe class QueuePickles
{
    /// <summary>
    /// The value of an object, with a reference that is the caller's. Returns false with an exception set: NotShareableError for
    /// what cannot be pickled either. Runs Python code.
    /// </summary>
    internal static bool TryValue(Handle* handle, PyObject* o, out Value value)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        value = Words.Of(o);
        if (!value.IsEmpty) return true;
        if (!Incoming.Item(state, heap, o, Place.Member((PyObject*)handle), out Incoming incoming))
            return state->Interpreter is { } interpreter && Api.Table.PyErr_ExceptionMatches(interpreter.NotShareableError) != 0
                && TryPickle(handle, o, out value);
        value = incoming.TakeValue(state, heap);
        incoming.Dispose(state);
        return !value.IsEmpty;
    }

    /// <summary>Unpickles an element that became a tuple; steals the reference. Returns null with an exception set.</summary>
    internal static PyObject* Load(PyObject* element)
    {
        PyObject* previous = Parcels.Unpack(element, out bool done);
        PyObject* loaded = done ? PythonQueues.Call("load"u8, Tuples.Items(element)[0]) : null;
        Parcels.EndUnpacking(previous);
        ReadyObjects.Drop(element);
        return loaded;
    }

    // If the object cannot be pickled, the exception that is set stays, with a note of the reason.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryPickle(Handle* handle, PyObject* o, out Value value)
    {
        value = default;
        PyObject* refusal = Api.Table.PyErr_GetRaisedException();
        PyObject* packed = PythonQueues.Call("pack"u8, o);
        if (packed == null)
        {
            PyObject* reason = Api.Table.PyErr_GetRaisedException();
            if (IsOrdinary(reason)) Errors.SetWithNote(refusal, $"it cannot be pickled either: {Describe(reason)}");
            else Api.Table.PyErr_SetRaisedException(References.New(reason));
            if (!IsOrdinary(reason)) References.Drop(refusal);
            References.Drop(reason);
            return false;
        }
        References.Drop(refusal);
        bool made = ParcelHandle.Read(Tuples.Items(packed)[1], out long parcel)
            && TryMake(handle, Tuples.Items(packed)[0], parcel, out value);
        ReadyObjects.Drop(packed);
        return made;
    }

    // Whether an exception tells that an object cannot be pickled. KeyboardInterrupt and the like do not.
    static bool IsOrdinary(PyObject* exception) =>
        Api.Table.PyType_IsSubtype(exception->Type, *Api.Table.PyExc_Exception) != 0
        && Api.Table.PyType_IsSubtype(exception->Type, *Api.Table.PyExc_MemoryError) == 0;

    static string Describe(PyObject* exception)
    {
        PyObject* text = Api.Table.PyObject_Str(exception);
        if (text == null) Api.Table.PyErr_Clear();
        string description = text == null ? Text.TypeName(exception) : $"{Text.TypeName(exception)}: {Text.FromPython(text)}";
        References.Drop(text);
        return description;
    }

    // The parcel, which the caller holds, keeps the tickets meanwhile.
    static bool TryMake(Handle* handle, PyObject* data, long parcel, out Value value)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        value = default;
        List<long> tickets = Parcels.TicketsOf(parcel);
        List<Value> items = new(1 + 2 * tickets.Count);
        bool made = Incoming.TryValue(state, heap, data, out Value item);
        if (made) items.Add(item);
        for (int i = 0; i < tickets.Count && made; i++)
        {
            made = Parcels.TryValueOf(state, heap, tickets[i], out item);
            if (!made) break;
            items.Add(Value.OfInt(tickets[i]));
            items.Add(item);
        }
        if (made)
        {
            Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
            fixed (Value* first = CollectionsMarshal.AsSpan(items))
            {
                if (!isDeleted) value = TupleBlob.CreatePickle(state->Me, heap, first, (nuint)items.Count);
            }
            section.Exit(state->Me);
            if (!value.IsEmpty) return true;
            if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
            else LiveErrors.RaiseNoMemory(state, heap);
        }
        foreach (Value each in items) LiveState.Drop(state, each);
        return false;
    }
}
