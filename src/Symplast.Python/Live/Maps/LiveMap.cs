using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// What Dict and SortedDict have in common. This file: single entries. Methods and slots of Python's are bodies for
/// <see cref="Frame"/>, except where they say otherwise.
/// </summary>
internal static unsafe partial class LiveMap<TMap> where TMap : struct, ILiveMap
{
    /// <summary>
    /// A new reference to the value of a key; null with an exception set, or without one if there is no such key, as there is
    /// none that cannot be there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* Get(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return null;
        PyObject* result = null;
        bool isOver = false;
        if (Incoming.TryText(o, out TextKey text)) isOver = TryGet(handle, text, out result);
        else if (Incoming.TryInt(o, out IntKey number)) isOver = TryGet(handle, number, out result);
        return isOver ? result : GetAny(handle, o);
    }

    // False if there is more to it than to look.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryGet<TKey>(Handle* handle, in TKey key, out PyObject* result) where TKey : struct, IMapKey
    {
        LiveState* state = handle->State;
        Epoch.Enter(state->Me);
        Status status = TMap.Get(state->Me, handle->Shared, key, out Value value);
        result = status == Status.Done ? Outgoing.Object(state, value) : null;
        Epoch.Exit(state->Me);
        return result != null || IsAbsent(status) || status == Status.Done && !LiveState.Again(state);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static PyObject* GetAny(Handle* handle, PyObject* o)
    {
        LiveState* state = handle->State;
        if (Find(handle, o, out Incoming key) != KeyState.Ready) return null;
        PyObject* result;
        Status status;
        do
        {
            Epoch.Enter(state->Me);
            status = TMap.Get(state->Me, handle->Shared, key.Probe, out Value value);
            result = status == Status.Done ? Outgoing.Object(state, value) : null;
            Epoch.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        key.Dispose(state);
        return status == Status.Done || IsAbsent(status) ? result : LiveErrors.Raise(handle, status);
    }

    /// <summary>The method <c>get</c>, whole.</summary>
    internal static PyObject* GetOr(PyObject* self, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("get", count, 1, 2)) return null;
            PyObject* value = Get((Handle*)self, arguments[0]);
            if (value != null || Api.Table.PyErr_Occurred() != null) return value;
            return count == 2 ? References.New(arguments[1]) : Api.Table._Py_NoneStruct;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    /// <summary>The slot <c>sq_contains</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Contains(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return -1;
        Status status;
        if (Incoming.TryText(o, out TextKey text)) status = TMap.Get(handle->State->Me, handle->Shared, text, out _);
        else if (Incoming.TryInt(o, out IntKey number)) status = TMap.Get(handle->State->Me, handle->Shared, number, out _);
        else
        {
            KeyState known = Find(handle, o, out Incoming key);
            if (known != KeyState.Ready) return known == KeyState.Foreign ? 0 : -1;
            status = TMap.Get(handle->State->Me, handle->Shared, key.Probe, out _);
            key.Dispose(handle->State);
        }
        if (status == Status.Done) return 1;
        if (IsAbsent(status)) return 0;
        LiveErrors.Raise(handle, status);
        return -1;
    }

    /// <summary>The slot <c>mp_length</c>, whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint Length(PyObject* self)
    {
        Handle* handle = (Handle*)self;
        if (!LiveMethods.IsUsable(handle)) return -1;
        Status status = TMap.Count(handle->State->Me, handle->Shared, out ulong count);
        if (status == Status.Done) return (nint)count;
        LiveErrors.Raise(handle, status);
        return -1;
    }

    /// <summary><c>del map[key]</c>; false with an exception set.</summary>
    internal static bool Remove(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        KeyState known = Find(handle, o, out Incoming key);
        if (known != KeyState.Ready) return known == KeyState.Foreign && LiveMethods.RaiseKey(o) != null;
        Status status = TMap.Remove(state->Me, handle->Shared, key.Probe);
        key.Dispose(state);
        if (status == Status.Done) return true;
        return (IsAbsent(status) ? LiveMethods.RaiseKey(o) : LiveErrors.Raise(handle, status)) != null;
    }

    /// <summary>The method <c>setdefault</c>.</summary>
    internal static PyObject* SetDefault(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("setdefault", count, 1, 2)) return null;
        PyObject* present = Get(handle, arguments[0]);
        if (present != null || Api.Table.PyErr_Occurred() != null) return present;
        return GetOrAdd(handle, arguments[0], count == 2 ? arguments[1] : Api.Table._Py_NoneStruct);
    }

    static PyObject* GetOrAdd(Handle* handle, PyObject* o, PyObject* item)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!TryKey(handle, o, out Incoming key)) return null;
        PyObject* result = null;
        if (Incoming.Item(state, heap, item, Place.Item((PyObject*)handle, o), out Incoming incoming))
        {
            Status status;
            do
            {
                Epoch.Enter(state->Me);
                status = incoming.ToValue(state, heap, out Value value);
                if (status == Status.Done)
                {
                    status = TMap.GetOrAdd(state->Me, handle->Shared, key.Probe, value, out Value actual);
                    if (status is Status.Done or Status.Exists) result = Outgoing.Object(state, actual);
                    Reference.Drop(state->Me, value);
                }
                Epoch.Exit(state->Me);
            } while (result == null && status is Status.Done or Status.Exists && LiveState.Again(state));
            if (status == Status.WrongKind) TMap.Refuse(handle, o, key.Probe);
            else if (status is not (Status.Done or Status.Exists)) LiveErrors.Raise(handle, status);
        }
        incoming.Dispose(state);
        key.Dispose(state);
        return result;
    }

    /// <summary>The method <c>pop</c>.</summary>
    internal static PyObject* Pop(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("pop", count, 1, 2) || !LiveMethods.IsUsable(handle)) return null;
        LiveState* state = handle->State;
        Status status = Status.Missing;
        Value value = default;
        PoolHeap* held = null;
        KeyState known = Find(handle, arguments[0], out Incoming key);
        bool goesOn = known != KeyState.Failed;
        if (known == KeyState.Ready)
        {
            do
            {
                Epoch.Enter(state->Me);
                status = TMap.Take(state->Me, handle->Shared, key.Probe, UnknownClasses.Guard(state), out value);
                if (status == Status.Done) held = Outgoing.Hold(value);
                UnknownClasses.Note(state, status);
                Epoch.Exit(state->Me);
            } while (status == Status.Refused && (goesOn = LiveState.Again(state)));
        }
        key.Dispose(state);
        if (!goesOn) return null;
        if (status == Status.Done) return Outgoing.Give(state, value, held);
        if (!IsAbsent(status)) return LiveErrors.Raise(handle, status);
        return count == 2 ? References.New(arguments[1]) : LiveMethods.RaiseKey(arguments[0]);
    }

    /// <summary><c>map |= other</c>; false with an exception set.</summary>
    internal static bool Merge(Handle* handle, PyObject* other)
    {
        PyObject* arguments = Api.Table.PyTuple_New(1);
        if (arguments == null) return false;
        Api.Table.PyTuple_SetItem(arguments, 0, References.New(other));
        bool done = TMap.Update(handle, arguments, null);
        References.Drop(arguments);
        return done;
    }

    /// <summary>The method <c>clear</c>.</summary>
    internal static bool Clear(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        Status status = TMap.Clear(handle->State->Me, handle->Shared);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    /// <summary>A key to store; false with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryKey(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Key(handle->State, Heap.Of(handle->Shared), o, out key);
        if (known == KeyState.Ready) return true;
        if (NoKey(handle, o, known) == KeyState.Foreign) TMap.Refuse(handle, o, default);
        return false;
    }

    /// <summary>A key to look up. Foreign: nothing can equal it, and the map is alive; Failed: an exception is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static KeyState Find(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Lookup(handle->State, o, out key);
        return known == KeyState.Ready ? known : known == KeyState.Unsure ? Search(handle, o, ref key) : NoKey(handle, o, known);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState Search(Handle* handle, PyObject* o, ref Incoming key) =>
        LiveMethods.CheckAlive(handle) ? TMap.Search(handle, o, ref key) : KeyState.Failed;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState NoKey(Handle* handle, PyObject* o, KeyState known)
    {
        if (known == KeyState.Foreign) return LiveMethods.CheckAlive(handle) ? known : KeyState.Failed;
        LiveErrors.ExplainUnhashable(o, "dict key");
        return known;
    }

    // There is no key of another kind than the others.
    static bool IsAbsent(Status status) => status is Status.Missing or Status.WrongKind;
}
