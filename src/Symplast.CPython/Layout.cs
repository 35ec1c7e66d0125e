namespace Symplast.CPython;

/// <summary>
/// The facts in which CPython versions differ, as the running one has them. This file is the only place that knows versions;
/// whoever needs such a fact reads <see cref="Current"/>.
/// </summary>
public struct Layout
{
    /// <summary>Bytes that the collector reads before every container; zero means "untracked".</summary>
    public const int GcHeadSize = 16;

    /// <summary>Size of a set object, with its inner table and list of weak references.</summary>
    public const int SetSize = 200;

    /// <summary>Offset of a thread state's interpreter.</summary>
    public const byte InterpreterOfThread = 16;

    // Blittable and without initialiser, so that reading it needs no class-constructor check.
    static Layout _current;

    /// <summary>Minor version: 12 for 3.12.</summary>
    public int Minor;

    /// <summary>Patch release: 8 for 3.12.8.</summary>
    public int Patch;

    /// <summary>
    /// The first word of an immortal object of ours. 3.12, 3.13: high enough that the plain 64-bit counting of extensions built
    /// for 3.11 and older never brings it near zero. 3.14+: also sets the flag bit without which the interpreter loop counts
    /// references of "mortal" objects unconditionally, in memory that all cores share.
    /// </summary>
    public ulong ImmortalHeader;

    /// <summary>Offset of a tuple's first item; 3.14 put a cached hash before it.</summary>
    public int TupleItems;

    /// <summary>Whether tuples cache their hash (3.14+), at offset 24.</summary>
    public bool TupleHasHash;

    /// <summary>Whether frozendict exists (3.15+); before, mappingproxy over a dict takes its place.</summary>
    public bool HasFrozenDict;

    /// <summary>
    /// Whether the datetime types are static, at one address in every interpreter (3.13+). On 3.12 isolated interpreters have
    /// heap types of their own.
    /// </summary>
    public bool StaticDateTimes;

    /// <summary>
    /// Whether an interpreter must have imported datetime before it touches a datetime object that another one made (3.13).
    /// </summary>
    public bool DateTimesNeedImport;

    /// <summary>
    /// Whether interpreters may be created and destroyed at the same time in several threads (gh-105699 and others; field reports
    /// for 3.12).
    /// </summary>
    public bool ParallelInterpreterCreation;

    /// <summary>
    /// Whether sys._current_frames() and sys._current_exceptions() keep to the threads of their own interpreter, as the releases
    /// that we know do; older ones make and count objects of all interpreters, whose GILs they do not hold.
    /// </summary>
    public bool FramesOfOwnInterpreter;

    /// <summary>
    /// Where tracemalloc keeps the key of the flag by which it knows its own calls, in bytes from the end of its three
    /// allocators: before it lie its lock, its two numbers, its tables and its empty traceback, which 3.15 has elsewhere.
    /// </summary>
    public int TracingFlag;

    /// <summary>
    /// Where the format stands among the pointers at the beginning of a <c>_PyArg_Parser</c>; the keywords come next.
    /// </summary>
    public int ParserFormat;

    /// <summary>
    /// Whether what functions know of their keywords are objects of the interpreter that was first to call them (gh-119213,
    /// before 3.12.4).
    /// </summary>
    public bool NamesOfKeywordsAreAnyInterpreters;

    /// <summary>Whether faulthandler can show the stack of C (3.14+).</summary>
    public bool FaultsShowStack;

    /// <summary>
    /// Whether threads of an interpreter that does not end go on while the program does (3.14+); else they end when they ask for
    /// a GIL.
    /// </summary>
    public bool ThreadsOutliveRuntime;

    /// <summary>
    /// Whether dict and set say for what they wanted a hash that failed (3.14+): "cannot use 'list' as a dict key".
    /// </summary>
    public bool ErrorsNameRole;

    /// <summary>
    /// Whether the import tells an initialization that gave no module from one that gave a module of no definition (3.13+).
    /// </summary>
    public bool TellsInvalidModules;

    /// <summary>Whether the collector knows a container, which has a head before it.</summary>
    public static unsafe bool IsTracked(PyObject* container) => *(nint*)((byte*)container - GcHeadSize) != 0;

    /// <summary>tp_flags.</summary>
    public static unsafe nuint TypeFlags(PyObject* type) => *(nuint*)((byte*)type + 168);

    /// <summary>The place of tp_getattro.</summary>
    public static unsafe void** GetAttrSlot(PyObject* type) => (void**)((byte*)type + 144);

    /// <summary>tp_setattro.</summary>
    public static unsafe void* SetAttrSlot(PyObject* type) => *(void**)((byte*)type + 152);

    /// <summary>tp_base, borrowed.</summary>
    public static unsafe PyObject* BaseOf(PyObject* type) => *(PyObject**)((byte*)type + 256);

    /// <summary>tp_new.</summary>
    public static unsafe void* NewSlot(PyObject* type) => *(void**)((byte*)type + 312);

    /// <summary>The place of tp_vectorcall: how a type is called, if it is not as its own type's tp_call does.</summary>
    public static unsafe void** VectorcallSlot(PyObject* type) => (void**)((byte*)type + 400);

    /// <summary>tp_descr_set: what makes a class attribute a data descriptor.</summary>
    public static unsafe void* DescriptorSet(PyObject* type) => *(void**)((byte*)type + 280);

    /// <summary>
    /// tp_version_tag: a number that no other type has, nor this one when it was another; 0 if there is none at the moment.
    /// </summary>
    public static unsafe uint TypeVersion(PyObject* type) => *(uint*)((byte*)type + 384);

    /// <summary>The running version's facts. Valid once <see cref="Select"/> returned true.</summary>
    public static ref readonly Layout Current => ref _current;

    /// <summary>Offset of a tuple's cached hash, where it has one.</summary>
    public const int TupleHash = 24;

    /// <summary>
    /// The oldest patch release of a minor version without known crashes that concern us: 3.12.8 and 3.13.1 (gh-116510,
    /// gh-113993), 3.14.5 (gh-142516), 3.15.0.
    /// </summary>
    public readonly int PatchFloor => Minor switch { 12 => 8, 13 => 1, 14 => 5, _ => 0 };

    /// <summary>
    /// Fills <see cref="Current"/> for a version given as PY_VERSION_HEX; false if this library does not know its layouts.
    /// </summary>
    public static bool Select(uint versionHex)
    {
        if (versionHex >> 24 != 3) return false;
        int minor = (int)(versionHex >> 16) & 0xFF;
        if (minor is < 12 or > 15) return false;
        int patch = (int)(versionHex >> 8) & 0xFF;
        _current = new Layout
        {
            Minor = minor,
            Patch = patch,
            ImmortalHeader = minor >= 14 ? 0x0001_0000_E000_0000UL : 0x3FFF_FFFF_FFFF_FFFFUL,
            TupleItems = minor >= 14 ? 32 : 24,
            TupleHasHash = minor >= 14,
            HasFrozenDict = minor >= 15,
            StaticDateTimes = minor >= 13,
            DateTimesNeedImport = minor == 13,
            ParallelInterpreterCreation = minor >= 13,
            FramesOfOwnInterpreter = patch >= minor switch { 13 => 18, 14 => 10, 15 => 2, _ => int.MaxValue },
            TracingFlag = minor >= 15 ? 72 : 88,
            FaultsShowStack = minor >= 14,
            ThreadsOutliveRuntime = minor >= 14,
            ParserFormat = minor >= 13 ? 0 : 1,
            ErrorsNameRole = minor >= 14,
            TellsInvalidModules = minor >= 13,
            NamesOfKeywordsAreAnyInterpreters = minor == 12 && patch < 4,
        };
        return true;
    }
}
