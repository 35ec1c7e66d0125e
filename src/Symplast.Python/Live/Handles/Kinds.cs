using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The table of kinds of live objects. Filled once a process before any object exists; all threads read it.</summary>
internal static unsafe class Kinds
{
    const int HeaderKinds = 32;

    [InlineArray((int)LiveKind.Limit)]
    struct Table
    {
        Kind _first;
    }

    // For each header kind the first kind of its blocks, and for each kind the next one with the same header. A blittable struct
    // without an initialiser has no class constructor.
    struct State
    {
        internal Table Kinds;
        internal fixed byte First[HeaderKinds];
        internal fixed byte Next[(int)LiveKind.Limit];
        internal int Unnamed;
    }

    static State _state;

    /// <summary>
    /// Adds a kind. One without a number gets the next free one. Of the kinds with one header, the last is asked first.
    /// </summary>
    internal static void Add(Kind kind)
    {
        if (kind.Number == LiveKind.None) kind.Number = LiveKind.Unnamed + _state.Unnamed++;
        _state.Kinds[(int)kind.Number] = kind;
        _state.Next[(int)kind.Number] = _state.First[(int)kind.Header];
        _state.First[(int)kind.Header] = (byte)kind.Number;
    }

    /// <summary>The description of a kind.</summary>
    internal static ref readonly Kind Of(LiveKind kind) => ref _state.Kinds[(int)kind];

    /// <summary>The kind of a block. Called inside a section.</summary>
    internal static LiveKind Of(Header* shared)
    {
        int kind = _state.First[(int)shared->Kind % HeaderKinds];
        while (kind != 0 && _state.Kinds[kind].Includes != null && !_state.Kinds[kind].Includes(shared)) kind = _state.Next[kind];
        return (LiveKind)kind;
    }

    /// <summary>
    /// A number for the type of an object: its kind, or, for objects of classes, a number above all kinds. Called inside a
    /// section.
    /// </summary>
    internal static int NumberOf(Header* shared)
    {
        LiveKind kind = Of(shared);
        return Of(kind).NameOfClass != null ? (int)LiveKind.Limit + ((SharedObject*)shared)->Tag : (int)kind;
    }

    /// <summary>
    /// The name of an object's Python type; for a class of live objects its module and qualified name. Called inside a section.
    /// </summary>
    internal static string TypeNameOf(Header* shared) => NameOf(NumberOf(shared));

    /// <summary>
    /// The type's name for a number of <see cref="NumberOf"/>. While an object is being made its class is not known yet.
    /// </summary>
    internal static string NameOf(int number)
    {
        if (number < (int)LiveKind.Limit)
            return Marshal.PtrToStringUTF8((nint)_state.Kinds[number].Name) ?? nameof(LiveKind.None);
        ref readonly Kind objects = ref Of(LiveKind.Object);
        return objects.NameOfClass(number - (int)LiveKind.Limit) ?? Marshal.PtrToStringUTF8((nint)objects.Name)!;
    }

    /// <summary>
    /// Makes a type of an interpreter and adds it to the module if it has a name there. Returns a borrowed reference, since the
    /// interpreter's state keeps the type; null with an exception set.
    /// </summary>
    internal static PyObject* MakeType(
        PyObject* module, InterpreterState interpreter, PyTypeSpec* specification, PyObject* parent, byte* name)
    {
        PyObject* type = Api.Table.PyType_FromModuleAndSpec(module, specification, parent);
        if (type == null) return null;
        interpreter.Keep(type);
        return name == null || Api.Table.PyModule_AddObjectRef(module, name, type) == 0 ? type : null;
    }
}
