using System.Runtime.InteropServices;
using System.Text;
using Symplast.Memory;
using Symplast.Objects.Tests.Shapes;

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

    /// <summary>Name of the enumeration of the steps of its protocol that tests leave out.</summary>
    internal virtual string? Steps => null;

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

    /// <summary>All of them.</summary>
    internal static Battery[] All() =>
    [
        new Maps(), new Maps { Size = 20 }, new Sets(), new Sets { Size = 20 }, new Sorted(),
            new Sorted { Size = 20 },
        new Vectors(), new Vectors { IsOpen = true }, new Queues(), new Records(),
            new Records { IsPrivate = true }, new Records { IsTable = true }, new Cells(),
            new Integers(),
        new Arrays(),
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

    sealed class Vectors : Battery
    {
        /// <summary>Elements are set without the lock.</summary>
        internal bool IsOpen { get; init; }

        internal override string Steps => "VectorStep";

        internal override string[] Operations =>
        [
            "get", "count", "set", "cas", "add", "append", "last", "insert", "removeat", "takeat", "slice", "indexof", "read",
                "range", "sort", "reverse", "clear", "snapshot",
            "getfromend", "setfromend", "takefirst", "insertfirst", "removeequal", "removesame", "give", "sortplain",
        ];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            SharedVector* vector = SharedVector.Create(me, heap, 0, IsOpen ? 0 : 1000);
            if (vector == null) return 0;
            return Keep(me, vector, Fill(i => SharedVector.Append(me, vector, Element(i, held)))
                && (!IsOpen || Open(me, vector, held)));
        }

        bool Open(Participant* me, SharedVector* vector, Value held)
        {
            for (int i = 0; i < 4; i++) SharedVector.Set(me, vector, 1, held);
            return true;
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            SharedVector* vector = (SharedVector*)structure;
            Value* some = stackalloc Value[4];
            switch (operation)
            {
                case "get": return SharedVector.Get(me, vector, 1, out _);
                case "count": return SharedVector.Count(me, vector, out _);
                case "set": return SharedVector.Set(me, vector, 1, Value.None);
                case "cas": return SharedVector.CompareExchange(me, vector, 1, Probe.Of(held), Value.None, out _);
                case "add": return SharedVector.Add(me, vector, 0, Value.OfInt(1), out _);
                case "append": return SharedVector.Append(me, vector, held);
                case "last": return Release(me, SharedVector.TakeLast(me, vector, default, out Value last), last);
                case "insert": return SharedVector.InsertNear(me, vector, 1, held);
                case "removeat": return SharedVector.RemoveElement(me, vector, 1);
                case "takeat": return Release(me, SharedVector.TakeElement(me, vector, 1, default, out Value taken), taken);
                case "slice": return SharedVector.ReplaceSlice(me, vector, 1, 2, &held, 1);
                case "indexof": return SharedVector.IndexOf(me, vector, Probe.Of(held), 0, 4, out _);
                case "read":
                    Epoch.Enter(me);
                    Status read = SharedVector.Read(me, vector, 0, some, 4, out _);
                    Epoch.Exit(me);
                    return read;
                case "range":
                    Status range = SharedVector.TakeRange(me, vector, 0, some, 4, out long count);
                    return Release(me, range, new ReadOnlySpan<Value>(some, (int)Math.Min(count, 4)));
                case "sort":
                    ByBits order = default;
                    return SharedVector.Sort(me, vector, ref order);
                case "reverse": return SharedVector.Reverse(me, vector);
                case "clear": return SharedVector.Clear(me, vector);
                case "getfromend": return SharedVector.GetFromEnd(me, vector, -1, out _);
                case "setfromend": return SharedVector.Set(me, vector, -1, Value.None);
                case "takefirst": return Release(me, SharedVector.TakeElement(me, vector, 0, default, out Value first), first);
                case "insertfirst": return SharedVector.InsertNear(me, vector, 0, held);
                case "removeequal": return SharedVector.Remove(me, vector, Probe.Of(held));
                case "give":
                    Epoch.Enter(me);
                    Reference.Take(held);
                    Status given = SharedVector.GiveSlice(me, vector, 1, 2, &held, 1);
                    if (given != Status.Done) Reference.Drop(me, held);
                    Epoch.Exit(me);
                    return given;
                case "sortplain":
                    // It has objects, which are for others to compare.
                    Status sorted = SharedVector.SortPlain(me, vector, isReversed: false);
                    return sorted == Status.WrongKind ? Status.Missing : sorted;
                case "removesame": return SharedVector.RemoveSame(me, vector, 1, held);
                default:
                    Status status = SharedVector.Snapshot(me, vector, out VectorSnapshot snapshot);
                    if (status == Status.Done) snapshot.Release(me);
                    return status;
            }
        }

        internal override Status Delete(Participant* me, nint vector) => SharedVector.Delete(me, (SharedVector*)vector);

        internal override bool IsValid(Participant* me, nint vector) => SharedVector.IsValid((SharedVector*)vector);

        internal override string Show(Participant* me, nint vector)
        {
            Value* some = stackalloc Value[64];
            Epoch.Enter(me);
            SharedVector.Read(me, (SharedVector*)vector, 0, some, 64, out int count);
            string shown = string.Join(' ', new Span<Value>(some, count).ToArray().Select(Text));
            Epoch.Exit(me);
            return shown;
        }
    }

    sealed class Queues : Battery
    {
        internal override string Steps => "QueueStep";

        internal override string[] Operations =>
            ["put", "take", "count", "finish", "unfinished", "interrupt", "close", "end"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            SharedQueue* queue = SharedQueue.Create(me, heap, 0, 1, 2);
            return queue == null ? 0 : Keep(me, queue, Fill(_ => SharedQueue.TryPut(me, queue, held)));
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            SharedQueue* queue = (SharedQueue*)structure;
            return operation switch
            {
                "put" => SharedQueue.TryPut(me, queue, held),
                "take" => Release(me, SharedQueue.TryTake(me, queue, out Value taken), taken),
                "count" => SharedQueue.Count(me, queue, out _),
                "close" => SharedQueue.Close(me, queue),
                "end" => SharedQueue.Close(me, queue, isEnd: true),
                "finish" => SharedQueue.Finish(me, queue),
                "unfinished" => SharedQueue.Unfinished(me, queue, out _),
                _ => Interrupt(me, queue),
            };
        }

        // A deleted queue may be interrupted.
        static Status Interrupt(Participant* me, SharedQueue* queue)
        {
            QueueWaiting.Interrupt(queue);
            return SharedQueue.Count(me, queue, out _);
        }

        internal override Status Delete(Participant* me, nint queue) => SharedQueue.Delete(me, (SharedQueue*)queue);

        internal override bool IsValid(Participant* me, nint queue) => SharedQueue.IsValid((SharedQueue*)queue);

        internal override string Show(Participant* me, nint queue)
        {
            SharedQueue.Count(me, (SharedQueue*)queue, out long count);
            return $"{count}";
        }
    }

    sealed class Records : Battery
    {
        /// <summary>It has lost an attribute, and so its shape is no longer one of the tree's.</summary>
        internal bool IsPrivate { get; init; }

        /// <summary>It has more attributes than shapes have.</summary>
        internal bool IsTable { get; init; }

        // The tree of shapes of each record.
        readonly Dictionary<nint, nint> _roots = [];

        internal override string Steps => "RecordStep";

        internal override bool ShrinksInPlace => false;

        internal override string[] Operations =>
            ["get", "cached", "count", "set", "setcached", "insert", "remove", "removelast", "take", "cas", "add", "all"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held)
        {
            Shape* root = Objects.Shapes.CreateTree(me, heap);
            if (root == null) return 0;
            Record* record = Record.Create(me, heap, root, 3);
            nint kept = record == null
                ? 0 : Keep(me, record, Fill(i => NamedAttributes.Set(me, record, Key(i), Element(i, held)))
                && (!IsPrivate || LeaveTree(me, record, held)) && (!IsTable || Tabulate(me, record)));
            if (kept == 0) ShapeTrees.Free(me, root);
            else _roots[kept] = (nint)root;
            return kept;
        }

        static bool LeaveTree(Participant* me, Record* record, Value held) =>
            NamedAttributes.Remove(me, record, Key(1)) == Status.Done
            && NamedAttributes.Set(me, record, Key(1), held) == Status.Done;

        static bool Tabulate(Participant* me, Record* record)
        {
            for (int i = 0; i < ShapeSizes.MostNames; i++)
            {
                if (NamedAttributes.Set(me, record, Probe.Of(Value.OfInt(i)), Value.True) != Status.Done) return false;
            }
            return true;
        }

        internal override void Drop(Participant* me, nint structure)
        {
            base.Drop(me, structure);
            _roots.Remove(structure, out nint root);
            Epoch.Enter(me);
            ShapeTrees.Free(me, (Shape*)root);
            Epoch.Exit(me);
        }

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            Record* record = (Record*)structure;
            switch (operation)
            {
                case "get": return NamedAttributes.Get(me, record, Key(1), out _);
                case "cached": return KnownSlots.Load(me, record, 1, 0, out _);
                case "count": return NamedAttributes.Count(me, record, out _);
                case "set": return NamedAttributes.Set(me, record, Key(1), Value.None);
                case "setcached": return KnownSlots.Store(me, record, 1, 0, Value.None);
                case "insert": return NamedAttributes.Set(me, record, Key(40), held);
                case "remove": return NamedAttributes.Remove(me, record, Key(1));
                case "removelast": return NamedAttributes.Remove(me, record, Key(2));
                case "take": return Release(me, NamedAttributes.Take(me, record, Key(1), out Value taken), taken);
                case "cas": return NamedAttributes.CompareExchange(me, record, Key(1), Probe.Of(held), Value.None, out _);
                case "add": return NamedAttributes.Add(me, record, Key(0), Value.OfInt(1), out _);
                default:
                    Value* some = stackalloc Value[16];
                    Status status = NamedAttributes.TakeAll(me, record, some, some + 8, 8, out int count);
                    Release(me, status, new ReadOnlySpan<Value>(some, Math.Min(count, 8)));
                    return Release(me, status, new ReadOnlySpan<Value>(some + 8, Math.Min(count, 8)));
            }
        }

        internal override Status Delete(Participant* me, nint record) => Record.Delete(me, (Record*)record);

        internal override bool IsValid(Participant* me, nint record) => Record.IsValid((Record*)record);

        internal override string Show(Participant* me, nint structure)
        {
            RecordBody* body = ((Record*)structure)->Body;
            OrderedMap* table = body == null ? null : RecordTable.MapOf(body);
            if (table != null) return new Maps().Show(me, (nint)table);
            string shown = "";
            for (int i = 0; body != null && i < body->Shape->Count; i++)
                shown += $"{Text(Shape.Names(body->Shape)[i])}={Text(RecordBody.Slots(body)[i])} ";
            return shown;
        }
    }

    sealed class Cells : Battery
    {
        internal override string Steps => "CellStep";

        internal override string[] Operations => ["get", "takeget", "set", "exchange", "cas"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held) =>
            (nint)AtomicReference.Create(me, heap, held);

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            AtomicCell* cell = (AtomicCell*)structure;
            return operation switch
            {
                "get" => AtomicReference.Get(me, cell, out _),
                "takeget" => Release(me, AtomicReference.TakeGet(me, cell, out Value taken), taken),
                "set" => AtomicReference.Set(me, cell, Value.None),
                "exchange" => Release(me, AtomicReference.TakeExchange(me, cell, held, out Value old), old),
                _ => AtomicReference.CompareExchange(me, cell, Probe.Of(held), Value.None, out _),
            };
        }

        internal override Status Delete(Participant* me, nint cell) => AtomicReference.Delete(me, (AtomicCell*)cell);

        internal override bool IsValid(Participant* me, nint cell) => true;

        internal override string Show(Participant* me, nint cell) => Text(new Value(((AtomicCell*)cell)->Word));
    }

    sealed class Integers : Battery
    {
        internal override string Steps => "CellStep";

        internal override string[] Operations => ["get", "set", "exchange", "cas", "add"];

        internal override nint Create(Participant* me, PoolHeap* heap, Value held) =>
            (nint)AtomicInteger.Create(me, heap, 1);

        internal override Status Do(Participant* me, nint structure, string operation, Value held)
        {
            AtomicCell* cell = (AtomicCell*)structure;
            return operation switch
            {
                "get" => AtomicInteger.Get(me, cell, out _),
                "set" => AtomicInteger.Set(me, cell, 2),
                "exchange" => AtomicInteger.Exchange(me, cell, 3, out _),
                "cas" => AtomicInteger.CompareExchange(me, cell, 1, 4, out _),
                _ => AtomicInteger.Add(me, cell, 5, out _),
            };
        }

        internal override Status Delete(Participant* me, nint cell) => AtomicInteger.Delete(me, (AtomicCell*)cell);

        internal override bool IsValid(Participant* me, nint cell) => ((AtomicCell*)cell)->Object.Lock == 0;

        internal override string Show(Participant* me, nint cell) => $"{((AtomicCell*)cell)->Word}";
    }
}
