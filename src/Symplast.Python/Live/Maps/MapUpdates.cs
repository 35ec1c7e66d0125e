using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>Changes of many entries of a Dict or SortedDict, one after the other.</summary>
internal static unsafe class MapUpdates<TMap> where TMap : struct, ILiveMap
{
    /// <summary>
    /// The method <c>update</c>. The arguments are passed to dict(), which handles all their forms. Returns false with an
    /// exception set.
    /// </summary>
    internal static bool Update(Handle* handle, PyObject* positional, PyObject* named)
    {
        if (!LiveMethods.CheckAlive(handle)) return false;
        bool hasNamed = named != null && ((PyDictObject*)named)->Used != 0;
        if (((PyVarObject*)positional)->Size == 0 && !hasNamed) return true;
        PyObject* plain = ToDict(handle, positional, hasNamed ? named : null);
        if (LiveMethods.Hidden(plain) == null) return false;
        nint position = 0;
        bool done = TMap.Fill(handle, plain, &MapLookup<TMap>.TryKey, ref position);
        PyObject* key;
        PyObject* value;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i))
            && Api.Table.PyDict_Next(plain, &position, &key, &value) != 0; i++) done = MapChanges<TMap>.Set(handle, key, value);
        References.Drop(plain);
        return done;
    }

    // Makes a plain dict of the arguments, which no other code uses. dict() asks a mapping for its keys and then for each value,
    // which another interpreter may have removed by then. So a live mapping is copied at one moment instead. Only the copy of a
    // plain dict calls no Python code.
    static PyObject* ToDict(Handle* handle, PyObject* positional, PyObject* named)
    {
        LiveState* state = handle->State;
        ref Api api = ref Api.Table;
        PyObject* source = ((PyVarObject*)positional)->Size == 1
            ? Tuples.Items(positional)[0] : null;
        if (source != null && named == null && source->Type == api.PyDict_Type) return api.PyDict_Copy(source);
        if (source == null || !PlainDicts.IsLive(state, source)) return PlainDicts.Make(handle, positional, named);
        PyObject* plain = PlainForms.Of(state, source);
        if (plain == null || named == null || api.PyDict_Update(plain, named) == 0) return plain;
        References.Drop(plain);
        return null;
    }

    /// <summary><c>map |= other</c>; false with an exception set.</summary>
    internal static bool Merge(Handle* handle, PyObject* other)
    {
        PyObject* arguments = Api.Table.PyTuple_New(1);
        if (arguments == null) return false;
        Api.Table.PyTuple_SetItem(arguments, 0, References.New(other));
        bool done = Update(handle, arguments, null);
        References.Drop(arguments);
        return done;
    }

    /// <summary>
    /// The second part of the method <c>fromkeys</c>: adds the keys of an iterable to a new map. Returns false with an exception
    /// set.
    /// </summary>
    internal static bool SetAll(Handle* made, PyObject* iterable, PyObject* value)
    {
        PyObject* keys = LiveMethods.Hidden(Api.Table.PySequence_List(iterable));
        bool done = keys != null;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && i < ((PyListObject*)keys)->Size; i++)
            done = MapChanges<TMap>.Set(made, ((PyListObject*)keys)->Items[i], value);
        References.Drop(keys);
        return done;
    }
}
