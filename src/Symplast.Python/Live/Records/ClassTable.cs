using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// The table of the process's classes of live objects, by the number that each object carries. Thread-safe. No Python code runs
/// while its lock is held.
/// </summary>
/// <remarks>
/// A class that is found by its name has a number for each <em>definition</em> of the name: two interpreters that import the same
/// source have the same class. Any other class is identified by the token under which it is sent by value. If a name is
/// ambiguous, or there is none, the table has a definition by value for interpreters that get an object of the class.
/// </remarks>
internal static unsafe class ClassTable
{
    /// <summary>The properties of a class that never change.</summary>
    /// <param name="Module">Name of its module.</param>
    /// <param name="Name">Qualified name.</param>
    /// <param name="Token">Identifies a class that is sent by value; null if the class is found by its name.</param>
    /// <param name="Content">A hash of the results of the class statement.</param>
    /// <param name="Stamp">A hash of the state of the source file when it was run; 0 if there is none.</param>
    internal sealed record Identity(string Module, string Name, string? Token, long Content, long Stamp)
    {
        /// <summary>Whether a class of the same name with these properties has the same definition.</summary>
        internal bool Matches(long content, long stamp) => Content == content || Stamp != 0 && Stamp == stamp;
    }

    sealed class Known(Identity identity)
    {
        internal readonly Identity Identity = identity;
        internal byte* Definition;
        internal int Length;
        internal long Parcel;
        internal long Version;
        internal long Publisher;
        internal long Change;
        internal string? Failure;
        internal int Interpreters;
        internal long Touches;
    }

    const long FewBytes = 4 << 20;

    // The approximate memory of a class's entry besides its definition.
    const long OwnBytes = 512;

    static readonly WordLock Gate = WordLock.Create();
    static readonly List<Known?> Classes = [null];
    static readonly Dictionary<string, int> ByToken = [];
    static readonly Dictionary<(string Module, string Name), List<int>> ByName = [];
    static readonly List<int> Orphans = [];
    static long _orphanedBytes;
    static long _sweepAt = FewBytes;
    static long _changes;
    static long _namesakes;

    /// <summary>How many definitions were published or replaced so far.</summary>
    // Acquire; pairs with the release in Publish. A thread that sees the number finds the definition.
    internal static long Changes => Volatile.Read(ref _changes);

    /// <summary>How often a name was found to have more than one class.</summary>
    // A hint that there may be work; the decision is made under the lock.
    internal static long Namesakes => Volatile.Read(ref _namesakes);

    /// <summary>The number of classes that the process knows. Their numbers begin at 1.</summary>
    internal static int Count
    {
        get
        {
            using (Gate.Hold())
            {
                return Classes.Count - 1;
            }
        }
    }

    /// <summary>
    /// The number of a class that is found by its name, in an interpreter that has classes already for the numbers that
    /// <paramref name="isTaken"/> names. It is the newest number with this definition that is not taken, or a new one.
    /// </summary>
    internal static int NumberOfName(Identity identity, Func<int, bool> isTaken)
    {
        using (Gate.Hold())
        {
            if (!ByName.TryGetValue((identity.Module, identity.Name), out List<int>? numbers))
                ByName.Add((identity.Module, identity.Name), numbers = []);
            int newest = numbers.FindLast(number => Classes[number]!.Identity.Matches(identity.Content, identity.Stamp));
            if (newest != 0 && !isTaken(newest)) return newest;
            numbers.Add(Add(identity));
            // A hint only: see Namesakes.
            if (numbers.Count > 1) Volatile.Write(ref _namesakes, _namesakes + 1);
            return numbers[^1];
        }
    }

    /// <summary>The number of a class that is sent by value.</summary>
    internal static int NumberOfToken(Identity identity)
    {
        using (Gate.Hold())
        {
            if (!ByToken.TryGetValue(identity.Token!, out int number)) ByToken.Add(identity.Token!, number = Add(identity));
            return number;
        }
    }

    /// <summary>Whether the definition of a class that is sent by value has been published.</summary>
    internal static bool IsPublished(string token)
    {
        using (Gate.Hold())
        {
            return ByToken.TryGetValue(token, out int number) && Classes[number] is { } known && known.Definition != null;
        }
    }

    /// <summary>Whether other classes have the same name, and the definition of this one has not been published.</summary>
    internal static bool WantsDefinition(int number)
    {
        using (Gate.Hold())
        {
            return Classes[number] is { Identity: { Token: null } identity } known && known.Definition == null
                && ByName[(identity.Module, identity.Name)].Count > 1;
        }
    }

    /// <summary>
    /// Publishes the definition of a class and takes ownership of the parcel with the live objects that it names. A definition
    /// from the same interpreter that is not older than <paramref name="version"/> is kept instead.
    /// </summary>
    /// <exception cref="OutOfMemoryException">No memory; the parcel remains the caller's.</exception>
    internal static void Publish(int number, ReadOnlySpan<byte> definition, long version, long parcel, long interpreter)
    {
        byte* copy = (byte*)NativeMemory.Alloc((nuint)definition.Length + 1);
        definition.CopyTo(new Span<byte>(copy, definition.Length));
        long unwanted = parcel;
        using (Gate.Hold())
        {
            if (Classes[number] is { } known
                && (known.Definition == null || known.Publisher != interpreter || known.Version < version))
            {
                byte* old = known.Definition;
                known.Definition = copy;
                copy = old;
                known.Length = definition.Length;
                (unwanted, known.Parcel) = (known.Parcel, parcel);
                known.Version = version;
                known.Publisher = interpreter;
                known.Failure = null;
                known.Change = _changes + 1;
                // Release; pairs with the acquire in Changes.
                Volatile.Write(ref _changes, known.Change);
            }
        }
        NativeMemory.Free(copy);
        Parcels.Drop(unwanted);
    }

    /// <summary>Records why the definition of a class could not be published.</summary>
    internal static void NoteFailure(int number, string reason)
    {
        using (Gate.Hold())
        {
            if (Classes[number] is { } known) known.Failure = reason;
        }
    }

    /// <summary>
    /// Gets the entry of a class. Returns false if the table has none. The definition is a new bytes object, None if there is
    /// none, or null with an exception set if there is no memory. The caller drops the parcel when it has read the definition,
    /// which another one may replace meanwhile.
    /// </summary>
    internal static bool TryGet(
        int number, out Identity? identity, out PyObject* definition, out long parcel, out string? failure)
    {
        using (Gate.Hold())
        {
            Known? known = (uint)number < (uint)Classes.Count ? Classes[number] : null;
            identity = known?.Identity;
            failure = known?.Failure;
            definition = known is null || known.Definition == null ? References.New(Api.Table._Py_NoneStruct)
                : Api.Table.PyBytes_FromStringAndSize(known.Definition, known.Length);
            parcel = known?.Parcel ?? 0;
            Parcels.Hold(parcel);
            return known is not null;
        }
    }

    /// <summary>Whether another interpreter has replaced the definition of a class since a number of changes.</summary>
    internal static bool HasChanged(int number, long since, long interpreter)
    {
        using (Gate.Hold())
        {
            return Classes[number] is { } known && known.Definition != null && known.Change > since
                && known.Publisher != interpreter;
        }
    }

    /// <summary>Module and qualified name of a class.</summary>
    internal static (string? Module, string? Name) NameOf(int number)
    {
        using (Gate.Hold())
        {
            return (uint)number < (uint)Classes.Count && Classes[number] is { } known
                ? (known.Identity.Module, known.Identity.Name) : default;
        }
    }

    /// <summary>Counts one more interpreter that has the class with a number.</summary>
    internal static void Know(int number)
    {
        using (Gate.Hold())
        {
            if (Classes[number] is not { } known) return;
            known.Interpreters++;
            known.Touches++;
        }
    }

    /// <summary>Counts one interpreter less that has the class. Returns whether it is time to <see cref="Sweep"/>.</summary>
    internal static bool Unknow(int number)
    {
        using (Gate.Hold())
        {
            if (Classes[number] is not { } known || --known.Interpreters != 0 || known.Identity.Token is null) return false;
            Orphans.Add(number);
            _orphanedBytes += known.Length + OwnBytes;
            return _orphanedBytes >= _sweepAt;
        }
    }

    /// <summary>
    /// Removes classes that are sent by value, that no interpreter has any more, and that have no objects. Walks the live objects
    /// of all pools. Called outside sections.
    /// </summary>
    internal static void Sweep(Participant* me)
    {
        (int Number, long Touches)[] orphans;
        long[] counts;
        using (Gate.Hold())
        {
            Orphans.RemoveAll(number => Classes[number] is not { Interpreters: 0 });
            orphans = [.. Orphans.Distinct().Select(number => (number, Classes[number]!.Touches))];
            counts = new long[(int)LiveKind.Limit + Classes.Count];
            // Keeps other threads from sweeping meanwhile.
            _sweepAt = long.MaxValue;
        }
        try
        {
            // Only an interpreter that has a class can make an object of it, and then the count of touches has changed.
            foreach (Pool pool in PoolTable.Live()) ObjectWalk.Count(me, pool, &Kinds.NumberOf, counts);
        }
        catch (OutOfMemoryException)
        {
            orphans = [];
        }
        List<long> parcels = [];
        using (Gate.Hold())
        {
            foreach ((int number, long touches) in orphans)
            {
                if (counts[(int)LiveKind.Limit + number] != 0 || Classes[number] is not { Interpreters: 0 } known
                    || known.Touches != touches) continue;
                NativeMemory.Free(known.Definition);
                if (known.Parcel != 0) parcels.Add(known.Parcel);
                ByToken.Remove(known.Identity.Token!);
                Classes[number] = null;
            }
            Orphans.RemoveAll(number => Classes[number] is not { Interpreters: 0 });
            _orphanedBytes = Orphans.Distinct().Sum(number => Classes[number]!.Length + OwnBytes);
            _sweepAt = 2 * _orphanedBytes + FewBytes;
        }
        foreach (long parcel in parcels) Parcels.Drop(parcel);
    }

    /// <summary>Removes all definitions with the live objects that they name, at the end of the process.</summary>
    internal static void ForgetDefinitions()
    {
        List<long> parcels = [];
        using (Gate.Hold())
        {
            foreach (Known? known in Classes)
            {
                if (known is null || known.Definition == null) continue;
                parcels.Add(known.Parcel);
                NativeMemory.Free(known.Definition);
                known.Definition = null;
                known.Parcel = 0;
            }
        }
        foreach (long parcel in parcels) Parcels.Drop(parcel);
    }

    static int Add(Identity identity)
    {
        Classes.Add(new Known(identity));
        return Classes.Count - 1;
    }
}
