using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;
using Operations = Symplast.Objects.SharedArray;

namespace Symplast.Python.Live;

/// <summary>
/// Elements, at equal distances, that are to be stored in an Array: those of another Array, those of an object's buffer, or
/// numbers from an iterable. Created and disposed of outside sections, with the GIL held.
/// </summary>
internal unsafe ref struct ArraySource
{
    const int Formatted = Api.PyBUF_FORMAT | Api.PyBUF_STRIDES;
    const nint FirstCapacity = 64;

    /// <summary>The first element.</summary>
    internal byte* Data;

    /// <summary>The number of elements.</summary>
    internal nint Count;

    /// <summary>Bytes from one element to the next.</summary>
    internal nint Step;

    ArrayView _view;
    PyBuffer _buffer;
    bool _hasBuffer;
    byte* _own;

    /// <summary>
    /// Takes numbers from an Array, from bytes (whose bits are used), from an object with a buffer, or from any iterable. Returns
    /// false with an exception set. May run Python code.
    /// </summary>
    internal static bool Of(LiveState* state, PyObject* o, ElementKind kind, out ArraySource source)
    {
        source = default;
        bool done = false;
        try
        {
            done = source.Load(state, o, kind);
        }
        finally
        {
            if (!done) source.Dispose();
        }
        return done;
    }

    /// <summary>Releases the memory that the elements are in.</summary>
    internal void Dispose()
    {
        _view.End();
        if (_hasBuffer)
        {
            fixed (PyBuffer* buffer = &_buffer) Api.Table.PyBuffer_Release(buffer);
        }
        NativeMemory.Free(_own);
        this = default;
    }

    /// <summary>Copies the elements. Source and destination may overlap.</summary>
    internal readonly void CopyTo(byte* to, nint step, int size)
    {
        if (Count == 0) return;
        byte* staged = null;
        byte* from = Data;
        nint fromStep = Step;
        if (Lowest(to, step) <= Highest(from, fromStep, size) && Lowest(from, fromStep) <= Highest(to, step, size))
        {
            staged = (byte*)NativeMemory.Alloc((nuint)Count, (nuint)size);
            Elements.Copy(size, staged, size, from, fromStep, Count);
            from = staged;
            fromStep = size;
        }
        Elements.Copy(size, to, step, from, fromStep, Count);
        NativeMemory.Free(staged);
    }

    readonly byte* Lowest(byte* first, nint step) => step >= 0 ? first : first + (Count - 1) * step;

    readonly byte* Highest(byte* first, nint step, int size) => (step >= 0 ? first + (Count - 1) * step : first) + size - 1;

    bool Load(LiveState* state, PyObject* o, ElementKind kind)
    {
        ref Api api = ref Api.Table;
        nuint flags = api.PyType_GetFlags(o->Type);
        if ((flags & PyTypeSpec.TextSubclass) != 0) return Errors.Type("cannot use a str where an Array takes numbers") != null;
        if (o->Type == state->TypeOf(LiveKind.Array))
        {
            Handle* handle = (Handle*)o;
            if (!LiveMethods.IsUsable(handle)) return false;
            Status status = Operations.Export(state->Me, (SharedArray*)handle->Shared, out _view);
            if (status != Status.Done) return LiveErrors.Raise(handle, status) != null;
            if (_view.Kind == kind)
            {
                Data = _view.Data;
                Count = _view.Count;
                Step = _view.Size;
                return true;
            }
            _view.End();
        }
        bool isBytes = (flags & PyTypeSpec.BytesSubclass) != 0 || api.PyType_IsSubtype(o->Type, api.PyByteArray_Type) != 0;
        if (isBytes) return LoadBytes(o, Elements.SizeOf(kind));
        if (api.PyType_GetSlot(o->Type, PyTypeSlot.GetBuffer) != null)
        {
            if (TryBuffer(o, kind)) return true;
            if (api.PyErr_Occurred() != null) return false;
        }
        return LoadItems(o, kind);
    }

    bool LoadBytes(PyObject* o, int size)
    {
        if (!TakeBuffer(o, 0)) return false;
        if (_buffer.Length % size != 0) return Errors.Value("bytes length not a multiple of item size") != null;
        Data = _buffer.Data;
        Count = _buffer.Length / size;
        Step = size;
        return true;
    }

    // Returns false with an exception set, or false without one if there is no such buffer: the object may then still be
    // iterable.
    bool TryBuffer(PyObject* o, ElementKind kind)
    {
        ref Api api = ref Api.Table;
        if (!TakeBuffer(o, Formatted))
        {
            bool isHarmless = api.PyErr_ExceptionMatches(*api.PyExc_BufferError) != 0
                || api.PyErr_ExceptionMatches(*api.PyExc_ValueError) != 0;
            if (isHarmless) api.PyErr_Clear();
            return false;
        }
        int size = Elements.SizeOf(kind);
        if (_buffer.Dimensions == 1 && _buffer.Shape != null && _buffer.ItemSize == size
            && Typecodes.TryFormat(_buffer.Format, out ElementKind found) && found == kind)
        {
            Data = _buffer.Data;
            Count = _buffer.Shape[0];
            Step = _buffer.Strides != null ? _buffer.Strides[0] : size;
            return true;
        }
        fixed (PyBuffer* buffer = &_buffer) api.PyBuffer_Release(buffer);
        _hasBuffer = false;
        return false;
    }

    bool TakeBuffer(PyObject* o, int flags)
    {
        fixed (PyBuffer* buffer = &_buffer) _hasBuffer = Api.Table.PyObject_GetBuffer(o, buffer, flags) == 0;
        return _hasBuffer;
    }

    bool LoadItems(PyObject* o, ElementKind kind)
    {
        ref Api api = ref Api.Table;
        PyObject* iterator = api.PyObject_GetIter(o);
        if (iterator == null) return false;
        int size = Elements.SizeOf(kind);
        nint capacity = 0;
        bool goesOn = true;
        try
        {
            for (PyObject* item; goesOn && (item = api.PyIter_Next(iterator)) != null; References.Drop(item))
            {
                if (Count == capacity)
                {
                    capacity = Math.Max(FirstCapacity, capacity * 2);
                    _own = (byte*)NativeMemory.Realloc(_own, checked((nuint)capacity * (nuint)size));
                }
                goesOn = ArrayNumbers.TryWord(kind, item, out ulong word) && LiveMethods.GoesOn(Count);
                if (goesOn) Elements.Put(_own + Count++ * size, size, word);
            }
        }
        finally
        {
            References.Drop(iterator);
        }
        Data = _own;
        Step = size;
        return goesOn && api.PyErr_Occurred() == null;
    }
}
