using System.Runtime.InteropServices;
using System.Text;
using Symplast.Memory;

namespace Symplast.Objects.Tests;

/// <summary>
/// A structure with all its operations, for tests that do the same with every one of them. Each holds references to one object
/// that is given.
/// </summary>
internal abstract unsafe partial class Battery
{
    static readonly byte* Texts = MakeTexts();

    /// <summary>How many elements it begins with.</summary>
    internal int Size { get; init; } = 3;

    internal abstract string[] Operations { get; }

    /// <summary>Whether it has this step (<see cref="IInterleaving.Omits"/>).</summary>
    internal virtual bool Has(Enum step) => false;

    /// <summary>Whether something can be taken out of it in a full pool. A record needs another shape then.</summary>
    internal virtual bool ShrinksInPlace => true;

    /// <summary>
    /// A new one with <see cref="Size"/> elements; 0, and nothing is left, if there is no memory. Inside a section.
    /// </summary>
    internal abstract nint Create(Participant* me, PoolHeap* heap, Value held);

    /// <summary>Carries an operation out; what it takes out is dropped. Outside of sections.</summary>
    internal abstract Status Do(Participant* me, nint structure, string operation, Value held);

    internal abstract Status Delete(Participant* me, nint structure);

    internal abstract bool IsValid(Participant* me, nint structure);

    /// <summary>All that it holds.</summary>
    internal abstract string Show(Participant* me, nint structure);

    /// <summary>Gives the reference that <see cref="Create"/> gave back. Outside of sections.</summary>
    internal virtual void Drop(Participant* me, nint structure)
    {
        Epoch.Enter(me);
        Reference.Drop(me, (Header*)structure);
        Epoch.Exit(me);
    }

    /// <summary>All of them; the hook is the scheduler's or none.</summary>
    internal static Battery[] All<THook>() where THook : struct, IInterleaving =>
    [
        new Maps<THook>(), new Maps<THook> { Size = 20 }, new Sets<THook>(), new Sets<THook> { Size = 20 }, new Sorted<THook>(),
            new Sorted<THook> { Size = 20 },
        new Vectors<THook>(), new Vectors<THook> { IsOpen = true }, new Queues<THook>(), new Records<THook>(),
            new Records<THook> { IsPrivate = true }, new Records<THook> { IsTable = true }, new Cells<THook>(),
            new Integers<THook>(),
        new Arrays<THook>(),
    ];

    static byte* MakeTexts()
    {
        byte* texts = (byte*)NativeMemory.Alloc(64 * 16);
        for (int i = 0; i < 64; i++) Encoding.UTF8.GetBytes($"the key {i:00}").CopyTo(new Span<byte>(texts + i * 16, 16));
        return texts;
    }

    /// <summary>A key that is not in any pool.</summary>
    protected static Probe Key(int number) =>
        Probe.Text(Texts + number * 16, 10, Hashing.OfBytes(new ReadOnlySpan<byte>(Texts + number * 16, 10)));

    /// <summary>A number of the first element's, which can be added to.</summary>
    protected static Value First => Value.OfInt((1L << 49) - 1);

    protected static Value Element(int i, Value held) => i == 0 ? First : held;

    protected static Status Release(Participant* me, Status status, params ReadOnlySpan<Value> taken)
    {
        if (status != Status.Done) return status;
        Epoch.Enter(me);
        foreach (Value value in taken) Reference.Drop(me, value);
        Epoch.Exit(me);
        return status;
    }

    // Counted objects are named by what they are, numbers by themselves.
    protected static string Text(Value value) =>
        value.Kind == ValueKind.Text ? Blob.ToText(value) : value.IsCounted ? $"{value.Kind}" : $"{value.Bits:x}";

    /// <summary>Fills it; false if there is no memory.</summary>
    protected bool Fill(Func<int, Status> put)
    {
        for (int i = 0; i < Size; i++)
        {
            if (put(i) != Status.Done) return false;
        }
        return true;
    }

    /// <summary>The structure, or 0 after it was given up.</summary>
    protected static nint Keep(Participant* me, void* structure, bool isComplete)
    {
        if (isComplete) return (nint)structure;
        Reference.Drop(me, (Header*)structure);
        return 0;
    }

    struct ByBits : IValueOrder
    {
        public bool Precedes(Value left, Value right) => left.Bits > right.Bits;

        public readonly bool Failed => false;
    }

    sealed class Vectors<THook> : Battery where THook : struct, IInterleaving
    {
        /// <summary>Elements are set without the lock.</summary>
        internal bool IsOpen { get; init; }

        internal override bool Has(Enum step) => step is VectorStep;

        internal override string[] Operations =>
        [
            "get", "count", "set", "cas", "add", "append", "last", "insert", "removeat", "takeat", "slice", "indexof", "read",
                "range", "sort", "reverse", "clear", "snapshot",
            "getfromend", "setfromend", "takefirst", "insertfirst", "removeequal", "removesame", "give", "sortplain",
        ];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            SharedVector* vector = SharedVector<THook>.Create(me, heap, 0, IsOpen ? 0 : 1000);
            if (vector == null) return 0;
            return Keep(me, vector, Fill(i => SharedVector<THook>.Append(me, vector, Element(i, held)))
                && (!IsOpen || Open(me, vector, held)));
        }

        bool Open(Participant* me, SharedVector* vector, Value held)
        {
            for (int i = 0; i < 4; i++) SharedVector<THook>.Set(me, vector, 1, held);
            return true;
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            SharedVector* vector = (SharedVector*)structure;
            Value* some = stackalloc Value[4];
            switch (operation)
            {
                case "get": return SharedVector<THook>.Get(me, vector, 1, out _);
                case "count": return SharedVector<THook>.Count(me, vector, out _);
                case "set": return SharedVector<THook>.Set(me, vector, 1, Value.None);
                case "cas": return SharedVector<THook>.CompareExchange(me, vector, 1, Probe.Of(held), Value.None, out _);
                case "add": return SharedVector<THook>.Add(me, vector, 0, Value.OfInt(1), out _);
                case "append": return SharedVector<THook>.Append(me, vector, held);
                case "last": return Release(me, SharedVector<THook>.TakeLast(me, vector, out Value last), last);
                case "insert": return SharedVector<THook>.Insert(me, vector, 1, held);
                case "removeat": return SharedVector<THook>.RemoveAt(me, vector, 1);
                case "takeat": return Release(me, SharedVector<THook>.TakeAt(me, vector, 1, out Value taken), taken);
                case "slice": return SharedVector<THook>.SetSlice(me, vector, 1, 1, &held, 1);
                case "indexof": return SharedVector<THook>.IndexOf(me, vector, Probe.Of(held), 0, 4, out _);
                case "read":
                    Epoch.Enter(me);
                    Status read = SharedVector<THook>.Read(me, vector, 0, some, 4, out _);
                    Epoch.Exit(me);
                    return read;
                case "range":
                    Status range = SharedVector<THook>.TakeRange(me, vector, 0, some, 4, out long count);
                    return Release(me, range, new ReadOnlySpan<Value>(some, (int)Math.Min(count, 4)));
                case "sort":
                    ByBits order = default;
                    return SharedVector<THook>.Sort(me, vector, ref order);
                case "reverse": return SharedVector<THook>.Reverse(me, vector);
                case "clear": return SharedVector<THook>.Clear(me, vector);
                case "getfromend": return SharedVector<THook>.GetFromEnd(me, vector, -1, out _);
                case "setfromend": return SharedVector<THook>.Set(me, vector, -1, Value.None);
                case "takefirst": return Release(me, SharedVector<THook>.TakeElement(me, vector, 0, out Value first), first);
                case "insertfirst": return SharedVector<THook>.InsertNear(me, vector, 0, held);
                case "removeequal": return SharedVector<THook>.Remove(me, vector, Probe.Of(held));
                case "give":
                    Epoch.Enter(me);
                    Reference.Take(held);
                    Status given = SharedVector<THook>.GiveSlice(me, vector, 1, 2, &held, 1);
                    if (given != Status.Done) Reference.Drop(me, held);
                    Epoch.Exit(me);
                    return given;
                case "sortplain":
                    // It has objects, which are for others to compare.
                    Status sorted = SharedVector<THook>.SortPlain(me, vector, isReversed: false);
                    return sorted == Status.WrongKind ? Status.Missing : sorted;
                case "removesame": return SharedVector<THook>.RemoveSame(me, vector, 1, held);
                default:
                    Status status = SharedVector<THook>.Snapshot(me, vector, out VectorSnapshot snapshot);
                    if (status == Status.Done) snapshot.Release(me);
                    return status;
            }
        }

        internal override Status Delete(Participant* me, nint vector) => SharedVector<THook>.Delete(me, (SharedVector*)vector);

        internal override bool IsValid(Participant* me, nint vector) => SharedVector<THook>.IsValid((SharedVector*)vector);

        internal override string Show(Participant* me, nint vector)
        {
            Value* some = stackalloc Value[64];
            Epoch.Enter(me);
            SharedVector<THook>.Read(me, (SharedVector*)vector, 0, some, 64, out int count);
            string shown = string.Join(' ', new Span<Value>(some, count).ToArray().Select(Text));
            Epoch.Exit(me);
            return shown;
        }
    }

    sealed class Queues<THook> : Battery where THook : struct, IInterleaving
    {
        internal override bool Has(Enum step) => step is QueueStep;

        internal override string[] Operations => ["put", "take", "count", "close", "interrupt"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            SharedQueue* queue = SharedQueue<THook>.Create(me, heap, 0, 1, 2);
            return queue == null ? 0 : Keep(me, queue, Fill(_ => SharedQueue<THook>.TryPut(me, queue, held)));
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            SharedQueue* queue = (SharedQueue*)structure;
            return operation switch
            {
                "put" => SharedQueue<THook>.TryPut(me, queue, held),
                "take" => Release(me, SharedQueue<THook>.TryTake(me, queue, out Value taken), taken),
                "count" => SharedQueue<THook>.Count(me, queue, out _),
                "close" => SharedQueue<THook>.Close(me, queue),
                // A deleted queue may be interrupted.
                _ => SharedQueue<THook>.Interrupt(me, queue) == Status.Done
                    && SharedQueue<THook>.Count(me, queue, out _) == Status.Done ? Status.Done : Status.Deleted,
            };
        }

        internal override Status Delete(Participant* me, nint queue) => SharedQueue<THook>.Delete(me, (SharedQueue*)queue);

        internal override bool IsValid(Participant* me, nint queue) => SharedQueue<THook>.IsValid((SharedQueue*)queue);

        internal override string Show(Participant* me, nint queue)
        {
            SharedQueue<THook>.Count(me, (SharedQueue*)queue, out long count);
            return $"{count}";
        }
    }

    sealed class Records<THook> : Battery where THook : struct, IInterleaving
    {
        /// <summary>It has lost an attribute, and so its shape is no longer one of the tree's.</summary>
        internal bool IsPrivate { get; init; }

        /// <summary>It has more attributes than shapes have.</summary>
        internal bool IsTable { get; init; }

        // The tree of shapes of each record.
        readonly Dictionary<nint, nint> _roots = [];

        internal override bool Has(Enum step) => step is RecordStep;

        internal override bool ShrinksInPlace => false;

        internal override string[] Operations =>
            ["get", "cached", "count", "set", "setcached", "insert", "remove", "removelast", "take", "cas", "add", "all"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            Shape* root = Shapes<THook>.CreateTree(me, heap);
            if (root == null) return 0;
            Record* record = Record<THook>.Create(me, heap, root, 3);
            nint kept = record == null
                ? 0 : Keep(me, record, Fill(i => Record<THook>.Set(me, record, Key(i), Element(i, held)))
                && (!IsPrivate || LeaveTree(me, record, held)) && (!IsTable || Tabulate(me, record)));
            if (kept == 0) Shapes<THook>.FreeTree(me, root);
            else _roots[kept] = (nint)root;
            return kept;
        }

        static bool LeaveTree(Participant* me, Record* record, Value held) =>
            Record<THook>.Remove(me, record, Key(1)) == Status.Done && Record<THook>.Set(me, record, Key(1), held) == Status.Done;

        static bool Tabulate(Participant* me, Record* record)
        {
            for (int i = 0; i < Shapes<THook>.MostNames; i++)
            {
                if (Record<THook>.Set(me, record, Probe.Of(Value.OfInt(i)), Value.True) != Status.Done) return false;
            }
            return true;
        }

        internal override void Drop(Participant* me, nint structure)
        {
            base.Drop(me, structure);
            _roots.Remove(structure, out nint root);
            Epoch.Enter(me);
            Shapes<THook>.FreeTree(me, (Shape*)root);
            Epoch.Exit(me);
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            Record* record = (Record*)structure;
            switch (operation)
            {
                case "get": return Record<THook>.Get(me, record, Key(1), out _);
                case "cached": return Record<THook>.GetCached(me, record, 1, 0, out _);
                case "count": return Record<THook>.Count(me, record, out _);
                case "set": return Record<THook>.Set(me, record, Key(1), Value.None);
                case "setcached": return Record<THook>.SetCached(me, record, 1, 0, Value.None);
                case "insert": return Record<THook>.Set(me, record, Key(40), held);
                case "remove": return Record<THook>.Remove(me, record, Key(1));
                case "removelast": return Record<THook>.Remove(me, record, Key(2));
                case "take": return Release(me, Record<THook>.Take(me, record, Key(1), out Value taken), taken);
                case "cas": return Record<THook>.CompareExchange(me, record, Key(1), Probe.Of(held), Value.None, out _);
                case "add": return Record<THook>.Add(me, record, Key(0), Value.OfInt(1), out _);
                default:
                    Value* some = stackalloc Value[16];
                    Status status = Record<THook>.TakeAll(me, record, some, some + 8, 8, out int count);
                    Release(me, status, new ReadOnlySpan<Value>(some, Math.Min(count, 8)));
                    return Release(me, status, new ReadOnlySpan<Value>(some + 8, Math.Min(count, 8)));
            }
        }

        internal override Status Delete(Participant* me, nint record) => Record<THook>.Delete(me, (Record*)record);

        internal override bool IsValid(Participant* me, nint record) => Record<THook>.IsValid((Record*)record);

        internal override string Show(Participant* me, nint structure)
        {
            RecordBody* body = ((Record*)structure)->Body;
            OrderedMap* table = body == null ? null : RecordTable.MapOf(body);
            if (table != null) return Maps<THook>.Walk(me, table, backwards: false, out string all) == Status.Deleted ? "" : all;
            string shown = "";
            for (int i = 0; body != null && i < body->Shape->Count; i++)
                shown += $"{Text(Shape.Names(body->Shape)[i])}={Text(RecordBody.Slots(body)[i])} ";
            return shown;
        }
    }

    sealed class Cells<THook> : Battery where THook : struct, IInterleaving
    {
        internal override bool Has(Enum step) => step is CellStep;

        internal override string[] Operations => ["get", "takeget", "set", "exchange", "cas"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held) =>
            (nint)AtomicReference<THook>.Create(me, heap, held);

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            AtomicCell* cell = (AtomicCell*)structure;
            return operation switch
            {
                "get" => AtomicReference<THook>.Get(me, cell, out _),
                "takeget" => Release(me, AtomicReference<THook>.TakeGet(me, cell, out Value taken), taken),
                "set" => AtomicReference<THook>.Set(me, cell, Value.None),
                "exchange" => Release(me, AtomicReference<THook>.TakeExchange(me, cell, held, out Value old), old),
                _ => AtomicReference<THook>.CompareExchange(me, cell, Probe.Of(held), Value.None, out _),
            };
        }

        internal override Status Delete(Participant* me, nint cell) => AtomicReference<THook>.Delete(me, (AtomicCell*)cell);

        internal override bool IsValid(Participant* me, nint cell) => true;

        internal override string Show(Participant* me, nint cell) => Text(new Value(((AtomicCell*)cell)->Word));
    }

    sealed class Integers<THook> : Battery where THook : struct, IInterleaving
    {
        internal override bool Has(Enum step) => step is CellStep;

        internal override string[] Operations => ["get", "set", "exchange", "cas", "add"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held) =>
            (nint)AtomicInteger<THook>.Create(me, heap, 1);

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            AtomicCell* cell = (AtomicCell*)structure;
            return operation switch
            {
                "get" => AtomicInteger<THook>.Get(me, cell, out _),
                "set" => AtomicInteger<THook>.Set(me, cell, 2),
                "exchange" => AtomicInteger<THook>.Exchange(me, cell, 3, out _),
                "cas" => AtomicInteger<THook>.CompareExchange(me, cell, 1, 4, out _),
                _ => AtomicInteger<THook>.Add(me, cell, 5, out _),
            };
        }

        internal override Status Delete(Participant* me, nint cell) => AtomicInteger<THook>.Delete(me, (AtomicCell*)cell);

        internal override bool IsValid(Participant* me, nint cell) => ((AtomicCell*)cell)->Object.Lock == 0;

        internal override string Show(Participant* me, nint cell) => $"{((AtomicCell*)cell)->Word}";
    }
}
