using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Reads entries of a Dict or SortedDict, and makes keys. Methods and slots of Python's, here and in the other types that take an
/// <see cref="ILiveMap"/>, are what callbacks answer, except where they say otherwise.
/// </summary>
internal static unsafe class MapLookup<TMap> where TMap : struct, ILiveMap
{
    /// <summary>
    /// Returns a new reference to the value of a key. Returns null with an exception set, or without one if the map does not
    /// have, or cannot have, the key.
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

    // The fast path. Returns false if the lookup needs more than a search.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryGet<TKey>(Handle* handle, in TKey key, out PyObject* result) where TKey : struct, IMapKey
    {
        LiveState* state = handle->State;
        Section section = Section.Enter(state->Me);
        Status status = TMap.Get(state->Me, handle->Shared, key, out Value value);
        result = status == Status.Done ? Outgoing.Object(state, value) : null;
        section.Exit(state->Me);
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
            Section section = Section.Enter(state->Me);
            status = TMap.Get(state->Me, handle->Shared, key.Probe, out Value value);
            result = status == Status.Done ? Outgoing.Object(state, value) : null;
            section.Exit(state->Me);
        } while (result == null && status == Status.Done && LiveState.Again(state));
        key.Dispose(state);
        return status == Status.Done || IsAbsent(status) ? result : LiveErrors.Raise(handle, status);
    }

    /// <summary>The method <c>get</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PyObject* GetOr(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("get", count, 1, 2)) return null;
        PyObject* value = Get(handle, arguments[0]);
        if (value != null || Api.Table.PyErr_Occurred() != null) return value;
        return count == 2 ? References.New(arguments[1]) : Api.Table._Py_NoneStruct;
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

    /// <summary>Makes a key to store. Returns false with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryKey(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Key(handle->State, Heap.Of(handle->Shared), o, out key);
        if (known == KeyState.Ready) return true;
        if (NoKey(handle, o, known) == KeyState.Foreign) TMap.Refuse(handle, o, default);
        return false;
    }

    /// <summary>
    /// Makes a key for a lookup. Foreign: no key of the map can equal it, and the map is alive. Failed: an exception is set.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static KeyState Find(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Lookup(handle->State, o, out key);
        return known == KeyState.Ready ? known : known == KeyState.Unsure ? Search(handle, o, ref key) : NoKey(handle, o, known);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState Search(Handle* handle, PyObject* o, ref Incoming key) =>
        LiveMethods.CheckAlive(handle) ? TMap.Search(handle, o, &MapCopies<TMap>.Keys, ref key) : KeyState.Failed;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState NoKey(Handle* handle, PyObject* o, KeyState known)
    {
        if (known == KeyState.Foreign) return LiveMethods.CheckAlive(handle) ? known : KeyState.Failed;
        LiveErrors.ExplainUnhashable(o, "dict key");
        return known;
    }

    /// <summary>Whether a status means that the map does not have a key. All keys are of one kind, so WrongKind means
    /// this.</summary>
    internal static bool IsAbsent(Status status) => status is Status.Missing or Status.WrongKind;
}
