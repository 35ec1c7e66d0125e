using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;
using static Symplast.Python.Definitions;
using Operations = Symplast.Objects.SharedArray;

namespace Symplast.Python.Live;

/// <summary>
/// The Python type <c>symplast.Array</c>: an array of numbers that all interpreters share. Creates and copies arrays.
/// </summary>
internal static unsafe partial class ArrayType
{
    /// <summary>Describes the kind; called once a process.</summary>
    internal static Kind Kind()
    {
        return new Kind
        {
            Number = LiveKind.Array,
            Name = Text.Utf8("Array"u8),
            Header = HeaderKind.Array,
            Type = Specification(),
            ToPlain = &ToPlain,
            ToBuiltIn = &ToList,
            Carry = &Carry,
        };
    }

    // Copies an array.array with a typecode that an Array can have.
    static Header* Carry(LiveState* state, PoolHeap* heap, PyObject* o)
    {
        if (!PlainArrays.Is(o, orDerived: false) || PlainArrays.TypecodeOf(o) is not (not 0 and int typecode)) return null;
        Typecodes.TryKind(typecode, out ElementKind kind);
        if (!ArraySource.Of(state, o, kind, out ArraySource source)) return null;
        Header* copy = CreateShared(state, heap, typecode, source.Count, source, out bool isDeleted);
        source.Dispose();
        if (isDeleted) LiveErrors.RaiseDeletedPool(state, heap);
        return copy;
    }

    /// <summary>The specification from which every interpreter makes its type; built once a process.</summary>
    static PyTypeSpec* Specification() => Table(new PyTypeSpec
    {
        Name = Text.Utf8("symplast.Array"u8),
        BasicSize = sizeof(Handle),
        Flags = PyTypeSpec.ImmutableType | PyTypeSpec.Sequence,
        Slots = Table(
            Slot(PyTypeSlot.Doc, Text.Utf8("""
                Array(typecode, initializer=(), /)
                --

                An array of numbers of one type and of fixed length that all interpreters share, created in the current pool.

                The typecode is one of array.array's for numbers: b B h H i I l L q Q f d. The initializer is an int, the number
                of zeros; an iterable of numbers; bytes, the machine values of the elements; or another array. memoryview and
                numpy use the elements in place, without a copy. The elements stay in memory as long as a buffer is held, even if
                the Array or its pool is deleted. Each element is read and written atomically; operations on several elements are
                not atomic. Slices, + and * return plain arrays.
                """u8)),
            Slot(PyTypeSlot.New, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, PyObject*>)&New),
            Slot(PyTypeSlot.Hash, Api.Table.PyObject_HashNotImplemented),
            Slot(PyTypeSlot.Repr, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Repr),
            Slot(PyTypeSlot.RichCompare,
                (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int, PyObject*>)&ArrayComparison.Compare),
            Slot(PyTypeSlot.Iter, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*>)&Iterate),
            Slot(PyTypeSlot.SequenceLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&ArrayElements.Length),
            Slot(PyTypeSlot.SequenceItem, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&ArrayElements.Item),
            Slot(PyTypeSlot.SequenceAssign,
                (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*, int>)&ArrayElements.AssignItem),
            Slot(PyTypeSlot.SequenceContains, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, int>)&ArraySearch.Contains),
            Slot(PyTypeSlot.SequenceConcat, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&ArrayOperators.Concat),
            Slot(PyTypeSlot.SequenceRepeat, (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&ArrayOperators.Repeat),
            Slot(PyTypeSlot.SequenceInPlaceConcat,
                (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&ArrayOperators.InPlaceConcat),
            Slot(PyTypeSlot.SequenceInPlaceRepeat,
                (delegate* unmanaged[Cdecl]<PyObject*, nint, PyObject*>)&ArrayOperators.InPlaceRepeat),
            Slot(PyTypeSlot.MapLength, (delegate* unmanaged[Cdecl]<PyObject*, nint>)&ArrayElements.Length),
            Slot(PyTypeSlot.MapSubscript, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*>)&ArrayElements.Subscript),
            Slot(PyTypeSlot.MapAssign, (delegate* unmanaged[Cdecl]<PyObject*, PyObject*, PyObject*, int>)&ArrayElements.Assign),
            Slot(PyTypeSlot.GetBuffer, (delegate* unmanaged[Cdecl]<PyObject*, PyBuffer*, int, int>)&ArrayBuffer.GetBuffer),
            Slot(PyTypeSlot.ReleaseBuffer, (delegate* unmanaged[Cdecl]<PyObject*, PyBuffer*, void>)&ArrayBuffer.ReleaseBuffer),
            Slot(PyTypeSlot.GetSet, Table(
                Property("typecode"u8, &GetTypecode, "The typecode with which the Array was created."u8),
                Property("itemsize"u8, &GetItemSize, "The number of bytes of an element."u8))),
            Slot(PyTypeSlot.Methods, ArrayMethods.Methods())),
    });

    /// <summary>
    /// Creates an array in a pool, of zeros or filled with elements. The one reference is the caller's. Returns null if the pool
    /// was deleted, or with an exception set.
    /// </summary>
    internal static Header* CreateShared(
        LiveState* state, PoolHeap* heap, int typecode, nint count, scoped in ArraySource source, out bool isDeleted)
    {
        Typecodes.TryKind(typecode, out ElementKind kind);
        ArrayView view = default;
        Section section = PoolHeap.Enter(state->Me, heap, out isDeleted);
        SharedArray* array = isDeleted ? null : Operations.Create(state->Me, heap, kind, typecode, count);
        if (array != null && source.Count > 0) Operations.Export(state->Me, array, out view);
        section.Exit(state->Me);
        if (array == null && !isDeleted) LiveErrors.RaiseNoMemory(state, heap);
        if (view.Buffer != null) source.CopyTo(view.Data, view.Size, view.Size);
        view.End();
        return (Header*)array;
    }

    // Creates an array in a pool and its handle. Returns null with an exception set.
    static PyObject* Create(InterpreterState interpreter, Pool pool, int typecode, nint count, scoped in ArraySource source)
    {
        LiveState* state = interpreter.Live;
        PoolHeap* heap = pool.LiveHeap();
        Header* array = CreateShared(state, heap, typecode, count, source, out bool isDeleted);
        PyObject* handle = null;
        if (array != null)
        {
            Section section = PoolHeap.Enter(state->Me, heap, out isDeleted);
            if (!isDeleted) handle = Handle.Adopt(state, array, state->TypeOf(LiveKind.Array));
            section.Exit(state->Me);
        }
        return isDeleted ? interpreter.RaiseDeleted(pool) : handle;
    }

    [Callback]
    private static partial PyObject* New(PyObject* type, PyObject* positional, PyObject* named)
    {
        nint count = ((PyVarObject*)positional)->Size;
        if (!ThisProcess.Check() || !LiveMethods.RefuseNamed("Array", named) || !LiveMethods.CheckCount("Array", count, 1, 2))
            return null;
        PyObject** arguments = Tuples.Items(positional);
        PyObject* code = arguments[0];
        if ((Api.Table.PyType_GetFlags(code->Type) & PyTypeSpec.TextSubclass) == 0)
            return Errors.Type($"a typecode is a str, not {Text.TypeName(code)}");
        if (Text.FromPython(code) is not [char typecode]) return Errors.Type("a typecode is one character");
        if (!Typecodes.TryKind(typecode, out ElementKind kind))
            return Errors.Value($"bad typecode (must be {Typecodes.All})");
        InterpreterState interpreter = InterpreterState.Of(Api.Table.PyType_GetModule(type));
        // Read first: this is also the pool of objects that the initializer makes meanwhile, unless it opens another one.
        Pool pool = CurrentPool.Get(interpreter);
        PyObject* initializer = count == 2 ? arguments[1] : null;
        if (initializer == null) return Create(interpreter, pool, typecode, 0, default);
        return IsLength(initializer)
            ? OfZeros(interpreter, pool, typecode, initializer) : OfNumbers(interpreter, pool, typecode, kind, initializer);
    }

    // Whether an object is an int, or can only stand for one.
    static bool IsLength(PyObject* o)
    {
        ref Api api = ref Api.Table;
        if ((api.PyType_GetFlags(o->Type) & PyTypeSpec.IntSubclass) != 0) return true;
        return api.PyType_GetSlot(o->Type, PyTypeSlot.Index) != null
            && api.PyType_GetSlot(o->Type, PyTypeSlot.Iter) == null
                && api.PyType_GetSlot(o->Type, PyTypeSlot.SequenceItem) == null
                && api.PyType_GetSlot(o->Type, PyTypeSlot.MapSubscript) == null;
    }

    static PyObject* OfZeros(InterpreterState interpreter, Pool pool, int typecode, PyObject* length)
    {
        nint count = Api.Table.PyNumber_AsSsize_t(length, *Api.Table.PyExc_OverflowError);
        if (count == -1 && Api.Table.PyErr_Occurred() != null) return null;
        return count < 0
            ? Errors.Value("the length of an Array cannot be negative") : Create(interpreter, pool, typecode, count, default);
    }

    static PyObject* OfNumbers(InterpreterState interpreter, Pool pool, int typecode, ElementKind kind, PyObject* numbers)
    {
        if (!ArraySource.Of(interpreter.Live, numbers, kind, out ArraySource source)) return null;
        try
        {
            return Create(interpreter, pool, typecode, source.Count, source);
        }
        finally
        {
            source.Dispose();
        }
    }

    /// <summary>An <c>array.array</c> of the elements; null with an exception set.</summary>
    internal static PyObject* ToPlain(Handle* handle)
    {
        if (!TryExport(handle, out ArrayView view)) return null;
        PyObject* plain = PlainArrays.Of(view.Tag, view.Size, view.Data, view.Size, view.Count);
        view.End();
        return plain;
    }

    /// <summary>A list of the elements; null with an exception set.</summary>
    internal static PyObject* ToList(Handle* handle)
    {
        if (!TryExport(handle, out ArrayView view)) return null;
        PyObject* list = ToList(view);
        view.End();
        return list;
    }

    static PyObject* ToList(in ArrayView view)
    {
        PyObject* list = Api.Table.PyList_New(view.Count);
        for (nint i = 0; list != null && i < view.Count; i++)
        {
            PyObject* item = ArrayNumbers.ToPython(view.Kind, Elements.At(view.Data + i * view.Size, view.Size));
            if (item == null)
            {
                References.Drop(list);
                return null;
            }
            ((PyListObject*)list)->Items[i] = item;
        }
        return list;
    }

    /// <summary>Exports the elements of an array. Returns false with an exception set.</summary>
    internal static bool TryExport(Handle* handle, out ArrayView view)
    {
        view = default;
        if (!LiveMethods.IsUsable(handle)) return false;
        Status status = Operations.Export(handle->State->Me, (SharedArray*)handle->Shared, out view);
        return status == Status.Done || LiveErrors.Raise(handle, status) != null;
    }

    [Callback]
    internal static partial PyObject* CopyShared(Handle* handle, PyObject* none) => Copy(handle);

    [Callback]
    internal static partial PyObject* CopyDeep(Handle* handle, PyObject* memo)
    {
        PyObject* made = Copy(handle);
        if (made == null || LiveMethods.Remember(memo, (PyObject*)handle, made)) return made;
        References.Drop(made);
        return null;
    }

    // Creates a new Array in the same pool.
    static PyObject* Copy(Handle* handle)
    {
        if (!TryExport(handle, out ArrayView view)) return null;
        ArraySource source = new() { Data = view.Data, Count = view.Count, Step = view.Size };
        try
        {
            return Creation.TryPlaceOf(handle, out InterpreterState? interpreter, out Pool? pool)
                ? Create(interpreter, pool, view.Tag, view.Count, source) : null;
        }
        finally
        {
            view.End();
        }
    }

    [Callback]
    private static partial PyObject* Repr(Handle* handle)
    {
        ArrayView view = default;
        if (LiveMethods.IsDeleted(handle)
            || Operations.Export(handle->State->Me, (SharedArray*)handle->Shared, out view) != Status.Done) return Text.ToPython(
            "<symplast.Array, deleted>");
        PyObject* list = view.Count == 0 ? null : ToList(view);
        char typecode = (char)view.Tag;
        bool isEmpty = view.Count == 0;
        view.End();
        if (isEmpty) return Text.ToPython($"Array('{typecode}')");
        PyObject* inner = list == null ? null : Api.Table.PyObject_Repr(list);
        PyObject* repr = inner == null ? null : Text.ToPython($"Array('{typecode}', {Text.FromPython(inner)})");
        References.Drop(inner);
        References.Drop(list);
        return repr;
    }

    [Callback]
    private static partial PyObject* Iterate(PyObject* self) =>
        LiveMethods.CheckAlive((Handle*)self) ? Api.Table.PySeqIter_New(self) : null;

    [Callback]
    private static partial PyObject* GetTypecode(Handle* handle, void* closure)
    {
        if (!TryExport(handle, out ArrayView view)) return null;
        view.End();
        return Text.ToPython(((char)view.Tag).ToString());
    }

    [Callback]
    private static partial PyObject* GetItemSize(Handle* handle, void* closure)
    {
        if (!TryExport(handle, out ArrayView view)) return null;
        view.End();
        return Api.Table.PyLong_FromLongLong(view.Size);
    }

    internal static SharedArray* ArrayOf(Handle* handle) => (SharedArray*)handle->Shared;
}
