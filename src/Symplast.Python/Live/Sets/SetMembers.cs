using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Sets = Symplast.Objects.OrderedSet;

namespace Symplast.Python.Live;

/// <summary>
/// Single members of a Set: lookup, addition and removal. As in set, an object that cannot be a member may still be looked up.
/// </summary>
internal static unsafe partial class SetMembers
{
    /// <summary>Adds a member. Returns Done, or Exists if it was a member; any other status with an exception set.</summary>
    internal static Status AddOne(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return Status.Deleted;
        LiveState* state = handle->State;
        if (!TryKey(handle, o, out Incoming key)) return Status.WrongKind;
        Status status = Sets.Add(state->Me, SetType.SetOf(handle), key.Probe);
        key.Dispose(state);
        if (status is not (Status.Done or Status.Exists)) LiveErrors.Raise(handle, status);
        return status;
    }

    /// <summary>Removes a member. Returns Done, or Missing if it was none; any other status with an exception set.</summary>
    internal static Status RemoveOne(Handle* handle, PyObject* o, bool setsAreFrozen)
    {
        if (!LiveMethods.IsUsable(handle)) return Status.Deleted;
        LiveState* state = handle->State;
        KeyState known = Lookup(handle, o, setsAreFrozen, out Incoming key);
        if (known != KeyState.Ready) return IsAbsent(handle, o, known) ? Status.Missing : Status.WrongKind;
        Status status = Sets.Remove(state->Me, SetType.SetOf(handle), key.Probe);
        key.Dispose(state);
        if (status is not (Status.Done or Status.Missing)) LiveErrors.Raise(handle, status);
        return status;
    }

    [Callback]
    internal static partial int Contains(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return -1;
        LiveState* state = handle->State;
        Status status;
        if (Incoming.TryText(o, out TextKey text)) status = Sets.Contains(state->Me, SetType.SetOf(handle), text);
        else if (Incoming.TryInt(o, out IntKey number)) status = Sets.Contains(state->Me, SetType.SetOf(handle), number);
        else
        {
            KeyState known = Lookup(handle, o, setsAreFrozen: true, out Incoming key);
            if (known != KeyState.Ready) return IsAbsent(handle, o, known) ? 0 : -1;
            status = Sets.Contains(state->Me, SetType.SetOf(handle), key.Probe);
            key.Dispose(state);
        }
        if (status is Status.Done or Status.Missing) return status == Status.Done ? 1 : 0;
        LiveErrors.Raise(handle, status);
        return -1;
    }

    static KeyState Lookup(Handle* handle, PyObject* o, bool setsAreFrozen, out Incoming key)
    {
        KeyState known = Incoming.Lookup(handle->State, o, out key);
        return known == KeyState.Unsure
            ? Search(handle, o, out key) : known == KeyState.Failed && setsAreFrozen ? LookupSet(handle, o, out key) : known;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState Search(Handle* handle, PyObject* o, out Incoming key)
    {
        key = default;
        return LiveMethods.CheckAlive(handle) ? KeySearch.InHashed(handle, o, &SetType.NewIterator, out key) : KeyState.Failed;
    }

    // Called after a lookup failed. As in set, a set is looked up as the frozenset that equals it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyState LookupSet(Handle* handle, PyObject* o, out Incoming key)
    {
        ref Api api = ref Api.Table;
        LiveState* state = handle->State;
        key = default;
        bool isSet = o->Type == state->TypeOf(LiveKind.Set) || api.PyType_IsSubtype(o->Type, api.PySet_Type) != 0;
        if (!isSet || api.PyErr_ExceptionMatches(*api.PyExc_TypeError) == 0) return KeyState.Failed;
        api.PyErr_Clear();
        PyObject* frozen = api.PyFrozenSet_New(o);
        KeyState known = frozen == null ? KeyState.Failed : Incoming.Lookup(state, frozen, out key);
        if (known == KeyState.Unsure) known = Search(handle, frozen, out key);
        // The key is a copy of the frozenset's members.
        References.Drop(frozen);
        return known;
    }

    // Whether an object that is not a key is certainly not in the Set. Returns false with an exception set.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool IsAbsent(Handle* handle, PyObject* o, KeyState known)
    {
        if (known == KeyState.Failed)
        {
            LiveErrors.ExplainUnhashable(o, "set element");
            return false;
        }
        return LiveMethods.CheckAlive(handle);
    }

    /// <summary>Converts a member to store. Returns false with an exception set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryKey(Handle* handle, PyObject* o, out Incoming key)
    {
        KeyState known = Incoming.Key(handle->State, Heap.Of(handle->Shared), o, out key);
        return known == KeyState.Ready || Refuse(handle, o, known);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Refuse(Handle* handle, PyObject* o, KeyState known)
    {
        if (known == KeyState.Failed) LiveErrors.ExplainUnhashable(o, "set element");
        else if (LiveMethods.CheckAlive(handle))
            LiveErrors.RaiseNotShareable(
                handle->State,
                $"{Place.Member((PyObject*)handle).Describe()}: {Text.TypeName(o)} cannot be a member of a shared Set");
        return false;
    }
}
