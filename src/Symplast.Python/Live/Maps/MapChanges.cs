using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>Changes of single entries of a Dict or SortedDict.</summary>
internal static unsafe class MapChanges<TMap> where TMap : struct, ILiveMap
{
    /// <summary><c>map[key] = value</c>; false with an exception set.</summary>
    internal static bool Set(Handle* handle, PyObject* o, PyObject* item)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        // Frames of their own, so that each has registers enough.
        if (item->Type == Api.Table.PyUnicode_Type) return SetText(handle, o, item);
        Value word = Words.Of(item);
        if (word.IsEmpty) return SetAny(handle, o, item);
        Status status;
        if (Incoming.TryText(o, out TextKey text)) status = SetWord(handle, text, word);
        else if (Incoming.TryInt(o, out IntKey number)) status = SetWord(handle, number, word);
        else return SetAny(handle, o, item);
        return status == Status.Done || Retry(handle, o, item, status);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status SetWord<TKey>(Handle* handle, in TKey key, Value word) where TKey : struct, IMapKey
    {
        Participant* me = handle->State->Me;
        Section section = Heap.Enter(me, handle->Shared, out bool isDeleted);
        Status status = isDeleted ? Status.Deleted : TMap.Give(me, handle->Shared, key, word);
        section.Exit(me);
        return status;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool SetText(Handle* handle, PyObject* o, PyObject* item)
    {
        if (!PlainValues.IsCopied(item)) return SetAny(handle, o, item);
        Status status;
        if (Incoming.TryText(o, out TextKey text)) status = SetText(handle, text, item);
        else if (Incoming.TryInt(o, out IntKey number)) status = SetText(handle, number, item);
        else return SetAny(handle, o, item);
        return status == Status.Done || Retry(handle, o, item, status);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Status SetText<TKey>(Handle* handle, in TKey key, PyObject* item) where TKey : struct, IMapKey
    {
        Participant* me = handle->State->Me;
        PoolHeap* heap = Heap.Of(handle->Shared);
        Status status = Status.Deleted;
        Section section = PoolHeap.Enter(me, heap, out bool isDeleted);
        if (!isDeleted)
        {
            Value value = PlainValues.CopyOf(me, heap, item);
            status = value.IsEmpty ? Status.NoMemory : TMap.Give(me, handle->Shared, key, value);
        }
        section.Exit(me);
        return status;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool SetAny(Handle* handle, PyObject* o, PyObject* item)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!MapLookup<TMap>.TryKey(handle, o, out Incoming key)) return false;
        bool isPlain = true;
        Status status = Status.Deleted;
        Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
        if (!isDeleted)
        {
            isPlain = PlainValues.TryStore(state->Me, heap, item, out Value value);
            if (isPlain) status = value.IsEmpty ? Status.NoMemory : TMap.Give(state->Me, handle->Shared, key.Probe, value);
        }
        section.Exit(state->Me);
        bool made = isPlain || TryStore(handle, key.Probe, o, item, out status);
        if (made && status == Status.WrongKind) TMap.Refuse(handle, o, key.Probe);
        else if (made && status != Status.Done) LiveErrors.Raise(handle, status);
        key.Dispose(state);
        return made && status == Status.Done;
    }

    // After a failure of the fast paths: SetAny says what is wrong with a key, if it still is.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Retry(Handle* handle, PyObject* o, PyObject* item, Status status) =>
        status == Status.WrongKind ? SetAny(handle, o, item) : LiveErrors.Raise(handle, status) != null;

    // Any other value; false with an exception set if it is none. Python code can run.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool TryStore(Handle* handle, in Probe key, PyObject* o, PyObject* item, out Status status)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        bool made = Incoming.Item(state, heap, item, Place.Item((PyObject*)handle, o), out Incoming incoming);
        status = Status.Deleted;
        if (made)
        {
            Section section = PoolHeap.Enter(state->Me, heap, out bool isDeleted);
            if (!isDeleted)
            {
                Value value = incoming.ToValue(state, heap);
                status = value.IsEmpty ? Status.NoMemory : TMap.Give(state->Me, handle->Shared, key, value);
            }
            section.Exit(state->Me);
        }
        incoming.Dispose(state);
        return made;
    }

    /// <summary><c>del map[key]</c>; false with an exception set.</summary>
    internal static bool Remove(Handle* handle, PyObject* o)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        LiveState* state = handle->State;
        KeyState known = MapLookup<TMap>.Find(handle, o, out Incoming key);
        if (known != KeyState.Ready) return known == KeyState.Foreign && LiveMethods.RaiseKey(o) != null;
        Status status = TMap.Remove(state->Me, handle->Shared, key.Probe);
        key.Dispose(state);
        if (status == Status.Done) return true;
        return (MapLookup<TMap>.IsAbsent(status) ? LiveMethods.RaiseKey(o) : LiveErrors.Raise(handle, status)) != null;
    }

    /// <summary>The method <c>setdefault</c>.</summary>
    internal static PyObject* SetDefault(Handle* handle, PyObject** arguments, nint count)
    {
        if (!LiveMethods.CheckCount("setdefault", count, 1, 2)) return null;
        PyObject* present = MapLookup<TMap>.Get(handle, arguments[0]);
        if (present != null || Api.Table.PyErr_Occurred() != null) return present;
        return GetOrAdd(handle, arguments[0], count == 2 ? arguments[1] : Api.Table._Py_NoneStruct);
    }

    static PyObject* GetOrAdd(Handle* handle, PyObject* o, PyObject* item)
    {
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        if (!MapLookup<TMap>.TryKey(handle, o, out Incoming key)) return null;
        PyObject* result = null;
        if (Incoming.Item(state, heap, item, Place.Item((PyObject*)handle, o), out Incoming incoming))
        {
            Status status;
            do
            {
                Section section = Section.Enter(state->Me);
                status = incoming.ToValue(state, heap, out Value value);
                if (status == Status.Done)
                {
                    status = TMap.GetOrAdd(state->Me, handle->Shared, key.Probe, value, out Value actual);
                    if (status is Status.Done or Status.Exists) result = Outgoing.Object(state, actual);
                    Reference.Drop(state->Me, value);
                }
                section.Exit(state->Me);
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
        KeyState known = MapLookup<TMap>.Find(handle, arguments[0], out Incoming key);
        bool goesOn = known != KeyState.Failed;
        if (known == KeyState.Ready)
        {
            do
            {
                Section section = Section.Enter(state->Me);
                status = TMap.Take(state->Me, handle->Shared, key.Probe, UnknownClasses.Guard(state), out value);
                if (status == Status.Done) held = Outgoing.Hold(value);
                UnknownClasses.Note(state, status);
                section.Exit(state->Me);
            } while (status == Status.Refused && (goesOn = LiveState.Again(state)));
        }
        key.Dispose(state);
        if (!goesOn) return null;
        if (status == Status.Done) return Outgoing.Give(state, value, held);
        if (!MapLookup<TMap>.IsAbsent(status)) return LiveErrors.Raise(handle, status);
        return count == 2 ? References.New(arguments[1]) : LiveMethods.RaiseKey(arguments[0]);
    }

    /// <summary>The method <c>clear</c>.</summary>
    internal static bool Clear(Handle* handle)
    {
        if (!LiveMethods.IsUsable(handle)) return false;
        Status status = TMap.Clear(handle->State->Me, handle->Shared);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }
}
