using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using Map = Symplast.Objects.OrderedMap<Symplast.Memory.Uninterrupted>;

namespace Symplast.Python.Live;

// From other mappings, and to copies.
internal static unsafe partial class DictType
{
    // The arguments are those of dict(), which knows all that they may be.
    static bool Update(Handle* handle, PyObject* positional, PyObject* named)
    {
        if (!LiveMethods.CheckAlive(handle)) return false;
        bool hasNamed = named != null && ((PyDictObject*)named)->Used != 0;
        if (((PyVarObject*)positional)->Size == 0 && !hasNamed) return true;
        PyObject* plain = hasNamed ? null : OnlyDict(positional);
        if (plain == null && Api.Table.PyErr_Occurred() == null)
        {
            PyObject* whole = ((PyVarObject*)positional)->Size == 1 ? AtOneMoment(handle->State, positional) : References.New(positional);
            if (whole != null) plain = Api.Table.PyObject_Call(Api.Table.PyDict_Type, whole, named);
            References.Drop(whole);
        }
        if (LiveMethods.Hidden(plain) == null) return false;
        nint position = 0;
        bool done = MapFilling.Dict(handle, plain, ref position);
        PyObject* key;
        PyObject* value;
        for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && Api.Table.PyDict_Next(plain, &position, &key, &value) != 0; i++) done = Set(handle, key, value);
        References.Drop(plain);
        return done;
    }

    // A copy of the one argument if that is a dict, which calls no Python code; else null, perhaps with an exception set.
    static PyObject* OnlyDict(PyObject* positional)
    {
        if (((PyVarObject*)positional)->Size != 1) return null;
        PyObject* source = *(PyObject**)((byte*)positional + Layout.Current.TupleItems);
        return source->Type == Api.Table.PyDict_Type ? Api.Table.PyDict_Copy(source) : null;
    }

    // The one argument, which as a live mapping is copied first: dict() would look up key by key what others may be removing. A new reference.
    static PyObject* AtOneMoment(LiveState* state, PyObject* positional)
    {
        ref Api api = ref Api.Table;
        PyObject* source = *(PyObject**)((byte*)positional + Layout.Current.TupleItems);
        if (source->Type != state->TypeOf(LiveKind.Dict) && source->Type != state->TypeOf(LiveKind.SortedDict)) return References.New(positional);
        PyObject* copy = api.PyObject_GetAttrString(source, Text.Utf8("copy"u8));
        PyObject* plain = copy == null ? null : api.PyObject_CallNoArgs(copy);
        References.Drop(copy);
        PyObject* arguments = plain == null ? null : api.PyTuple_New(1);
        if (arguments != null) api.PyTuple_SetItem(arguments, 0, plain);
        else References.Drop(plain);
        return arguments;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* FromKeys(PyObject* type, PyObject** arguments, nint count)
    {
        try
        {
            if (!LiveMethods.CheckCount("fromkeys", count, 1, 2) || !Module.CheckProcess()) return null;
            PyObject* made = Api.Table.PyObject_CallNoArgs(type);
            PyObject* keys = made == null ? null : LiveMethods.Hidden(Api.Table.PySequence_List(arguments[0]));
            bool done = keys != null;
            PyObject* value = count == 2 ? arguments[1] : Api.Table._Py_NoneStruct;
            for (nint i = 0; done && (done = LiveMethods.GoesOn(i)) && i < ((PyListObject*)keys)->Size; i++) done = Set((Handle*)made, ((PyListObject*)keys)->Items[i], value);
            References.Drop(keys);
            if (done) return made;
            References.Drop(made);
            return null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
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

    /// <summary>A plain dict of the items at one moment; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        PyObject* iterator = NewIterator(handle, DictIteration.Items, reversed: false);
        if (iterator == null) return null;
        PyObject* plain = Api.Table.PyDict_New();
        PyObject* key = null;
        PyObject* value = null;
        while (plain != null && DictIterator.Next((DictIterator*)iterator, &key, &value))
        {
            int failed = Api.Table.PyDict_SetItem(plain, key, value);
            References.Drop(key);
            References.Drop(value);
            if (failed != 0) break;
        }
        References.Drop(iterator);
        if (Api.Table.PyErr_Occurred() == null) return plain;
        References.Drop(plain);
        return null;
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
            Status status = Snapshots.Take(state->Me, MapOf(handle), onlyKeys: false, out MapSnapshot* snapshot);
            bool goesOn = true;
            if (status == Status.Done)
            {
                status = Fill(state, (Handle*)made, snapshot, ref goesOn);
                MapSnapshot.Free(state->Me, snapshot);
            }
            if (goesOn && status == Status.Done) return made;
            if (goesOn) LiveErrors.Raise(handle, status);
            References.Drop(made);
            return null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    static Status Fill(LiveState* state, Handle* made, MapSnapshot* snapshot, ref bool goesOn)
    {
        PoolHeap* heap = Heap.Of(made->Shared);
        for (nint i = 0; ; i++)
        {
            goesOn = LiveMethods.GoesOn(i);
            if (!goesOn) return Status.Done;
            Epoch.Enter(state->Me);
            bool isDeleted = PoolHeap.IsDeleted(heap);
            bool isOver = isDeleted || (ulong)i == snapshot->Count;
            Status status = isDeleted ? Status.Deleted : Status.Done;
            if (!isOver) status = Map.Set(state->Me, MapOf(made), Probe.Of(MapSnapshot.Key(snapshot, (ulong)i)), MapSnapshot.Value(snapshot, (ulong)i));
            Epoch.Exit(state->Me);
            if (isOver || status != Status.Done) return status;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static PyObject* CopyDeep(PyObject* self, PyObject* memo)
    {
        try
        {
            Handle* handle = (Handle*)self;
            PyObject* made = CreateBeside(handle);
            PyObject* iterator = made == null || !LiveMethods.Remember(memo, self, made) ? null : NewIterator(handle, DictIteration.Items, reversed: false);
            bool done = iterator != null;
            PyObject* key;
            PyObject* value;
            while (done && DictIterator.Next((DictIterator*)iterator, &key, &value))
            {
                PyObject* newKey = LiveMethods.CopyDeep(key, memo);
                PyObject* newValue = newKey == null ? null : LiveMethods.CopyDeep(value, memo);
                done = newValue != null && Set((Handle*)made, newKey, newValue);
                References.Drop(newKey);
                References.Drop(newValue);
                References.Drop(key);
                References.Drop(value);
            }
            References.Drop(iterator);
            if (done && Api.Table.PyErr_Occurred() == null) return made;
            References.Drop(made);
            return null;
        }
        catch (Exception e)
        {
            return Errors.FromManaged(e);
        }
    }

    // A new, empty Dict in the same pool.
    static PyObject* CreateBeside(Handle* handle)
    {
        if (!LiveMethods.CheckAlive(handle)) return null;
        LiveState* state = handle->State;
        PoolHeap* heap = Heap.Of(handle->Shared);
        return state->Interpreter is { } interpreter && LiveErrors.PoolOf(heap) is { } pool
            ? Create(interpreter, pool, state->TypeOf(LiveKind.Dict))
            : LiveErrors.RaiseDeletedPool(state, heap);
    }
}
