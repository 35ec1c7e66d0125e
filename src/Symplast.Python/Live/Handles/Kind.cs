using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// Describes a kind of live objects to the code that works on objects of any kind. The folder of each type declares its kind;
/// <see cref="Kinds"/> has all of them.
/// </summary>
internal unsafe struct Kind
{
    /// <summary>The kind's number; None if <see cref="Kinds.Add"/> is to give it one.</summary>
    internal LiveKind Number;

    /// <summary>The name of the Python type, as UTF-8 with a zero at the end.</summary>
    internal byte* Name;

    /// <summary>The header kind of the objects' blocks.</summary>
    internal HeaderKind Header;

    /// <summary>Whether a block with that header is of this kind. Called inside a section; null if all such blocks are.</summary>
    internal delegate*<Header*, bool> Includes;

    /// <summary>The specification from which every interpreter makes the Python type; null if there is no type.</summary>
    internal PyTypeSpec* Type;

    /// <summary>The type's name in the module, if it differs from <see cref="Name"/>.</summary>
    internal byte* NameInModule;

    /// <summary>
    /// Makes further types, such as that of iterators. Returns false with an exception set. Null if there are none.
    /// </summary>
    internal delegate*<PyObject*, InterpreterState, bool> MakeTypes;

    /// <summary>
    /// Returns a new reference to a plain object with the contents at one moment; null with an exception set. Null if there is no
    /// plain form.
    /// </summary>
    internal delegate*<Handle*, PyObject*> ToPlain;

    /// <summary>
    /// Like <see cref="ToPlain"/>, but of built-in types only, for freezing. Null if <see cref="ToPlain"/> does that.
    /// </summary>
    internal delegate*<Handle*, PyObject*> ToBuiltIn;

    /// <summary>
    /// Returns the module and qualified name of the class with a number; null for a class without a name. Null if objects of this
    /// kind have no classes.
    /// </summary>
    internal delegate*<int, string?> NameOfClass;

    /// <summary>
    /// Finds the class with a number for an interpreter. Returns false with an exception set. Runs Python code. Null if there are
    /// no classes.
    /// </summary>
    internal delegate*<LiveState*, int, bool> FindClass;

    /// <summary>
    /// Takes in the changes that other interpreters have made to classes. Returns false with an exception set. Runs Python code.
    /// Null if there are no classes.
    /// </summary>
    internal delegate*<LiveState*, bool> RefreshClasses;

    /// <summary>
    /// Copies an object of the interpreter that is stored as an object of this kind but is not a container of values. Returns the
    /// copy with one reference; null if the object is not for this kind, or with an exception set. Null if there are no such
    /// objects.
    /// </summary>
    internal delegate*<LiveState*, PoolHeap*, PyObject*, Header*> Carry;

    /// <summary>
    /// Returns the number, in the parking lot, of an event of an object, and counts so many more waiters for it (1 or -1). The
    /// kind numbers its events. 0 if it has no such event. Null if nobody waits at objects of this kind.
    /// </summary>
    internal delegate*<Handle*, int, int, nuint> Await;

    /// <summary>Prepare what an interpreter needs for this kind, and end it. Null if nothing is needed.</summary>
    internal delegate*<LiveState*, void> Begin, End;
}
