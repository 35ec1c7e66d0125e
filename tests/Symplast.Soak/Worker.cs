namespace Symplast.Soak;

/// <summary>A thread that does whatever comes to its mind, until it is stopped, leaves, or dies.</summary>
internal sealed unsafe class Worker(Round round, int seat, ulong seed)
{
    const int MostHeld = 6;

    readonly Dice _dice = new(seed);
    readonly Tally _tally = new();
    readonly nint[] _held = new nint[MostHeld];
    readonly int[] _depths = new int[MostHeld];
    Participant* _me;

    internal void Run()
    {
        try
        {
            _me = Epoch.Join();
            bool dies = _dice.OneIn(2);
            for (int bursts = _dice.Next(2000); bursts > 0 && !round.IsStopped; bursts--) Burst();
            if (dies && !round.IsStopped) Die();
            else Epoch.Leave(_me);
        }
        catch (Exception e)
        {
            // In the middle of an operation: a lock may be held for ever.
            Verdict.Fatal(e.ToString());
        }
        round.Take(_tally);
    }

    // Ends inside sections and without leaving, but not in the middle of an operation, and with nothing held that only it could
    // drop.
    void Die()
    {
        Epoch.Enter(_me);
        if (_dice.OneIn(2)) Epoch.Enter(_me);
        Arena arena = round.Arenas[_dice.Next(round.Arenas.Length)];
        if (!PoolHeap.IsDeleted(arena.Heap)) Visit(arena, inSection: true);
        _tally.Add(Counted.Deaths);
    }

    void Burst()
    {
        if (_dice.OneIn(400))
        {
            Private();
            return;
        }
        if (_dice.OneIn(2000)) round.Replace(_me, _dice);
        // Acquire: pairs with the exchange in Replace; the arena is filled in.
        Arena arena = Volatile.Read(ref round.Arenas[_dice.Next(round.Arenas.Length)]);
        Epoch.Enter(_me);
        bool alive = !PoolHeap.IsDeleted(arena.Heap);
        bool pinned = alive && !_dice.OneIn(4);
        if (pinned) Heap.Pin(arena.Heap);
        else if (alive) Visit(arena, inSection: true);
        Epoch.Exit(_me);
        if (!pinned) return;
        for (int i = _dice.Next(100); i > 0; i--) Act(arena);
        Visit(arena, inSection: false);
        Heap.Unpin(arena.Heap);
        // Its pool is the heap's.
        GC.KeepAlive(arena);
    }

    void Act(Arena arena)
    {
        switch (_dice.Next(10))
        {
            case < 2:
                _tally.Add(Counted.Map);
                Ledger.UseMap(_me, arena, seat, _dice);
                break;
            case < 4:
                _tally.Add(Counted.Sorted);
                Ledger.UseSorted(_me, arena, seat, _dice);
                break;
            case 4:
                _tally.Add(Counted.Vector);
                Ledger.UseVector(_me, arena, _dice);
                break;
            case 5:
                _tally.Add(Counted.Set);
                Traffic.UseSet(_me, arena, seat, _dice);
                break;
            case 6:
                _tally.Add(Counted.Cell);
                Traffic.UseCells(_me, arena, seat, _dice);
                break;
            case 7 or 8:
                _tally.Add(Counted.Queue);
                Traffic.UseQueue(_me, arena, seat, _dice);
                break;
            default:
                _tally.Add(Counted.Record);
                Traffic.UseRecord(_me, arena, seat, _dice);
                break;
        }
    }

    // Goes down from a root, keeps what it meets for a while, and does things to all of it.
    void Visit(Arena arena, bool inSection)
    {
        for (int i = 0; i < 24; i++)
        {
            int place = _dice.Next(MostHeld);
            Header* head = (Header*)_held[place];
            int depth = _depths[place];
            if (head == null || _dice.OneIn(4))
            {
                head = arena.Roots[_dice.Next(Arena.KindCount)];
                depth = 2;
            }
            _tally.Add(Counted.Nested);
            if (!inSection && _dice.OneIn(40)) Whole(arena, head);
            else Nested.Touch(_me, arena, _dice, head, depth);
            if (depth > 0 && _dice.OneIn(3)) Hold(arena, head, depth);
        }
        Epoch.Enter(_me);
        bool alive = !PoolHeap.IsDeleted(arena.Heap);
        for (int i = 0; i < MostHeld; i++)
        {
            if (alive && _held[i] != 0) Reference.Drop(_me, (Header*)_held[i]);
            _held[i] = 0;
        }
        Epoch.Exit(_me);
    }

    void Hold(Arena arena, Header* head, int depth)
    {
        Epoch.Enter(_me);
        if (!PoolHeap.IsDeleted(arena.Heap))
        {
            Header* inside = Nested.TakeInside(_me, _dice, head);
            int place = _dice.Next(MostHeld);
            if (inside != null)
            {
                if (_held[place] != 0) Reference.Drop(_me, (Header*)_held[place]);
                _held[place] = (nint)inside;
                _depths[place] = depth - 1;
            }
        }
        Epoch.Exit(_me);
    }

    // What must be done outside sections, of structures that others delete meanwhile.
    void Whole(Arena arena, Header* head)
    {
        Epoch.Enter(_me);
        HeaderKind kind = PoolHeap.IsDeleted(arena.Heap) ? HeaderKind.None : head->Kind;
        Epoch.Exit(_me);
        switch (kind)
        {
            case HeaderKind.OrderedMap or HeaderKind.Set when _dice.OneIn(2):
                if (MapSnapshots.Take(_me, (OrderedMap*)head, out MapSnapshot* snapshot) == Status.Done)
                    MapSnapshot.Free(_me, snapshot);
                if (MapSnapshots.Begin(_me, (OrderedMap*)head, out snapshot, out MapCopy* copy) != Status.Done) break;
                if (snapshot != null) MapSnapshot.Free(_me, snapshot);
                else MapSnapshots.End(_me, (OrderedMap*)head, copy);
                break;
            case HeaderKind.OrderedMap or HeaderKind.Set:
                Compaction.Run(_me, (OrderedMap*)head);
                break;
            case HeaderKind.SortedMap:
                SortedBound from = SortedBound.Including(Nested.Key(_dice));
                if (SortedMaps.SnapshotKeys(_me, (SortedMap*)head, from, SortedBound.None, out MapSnapshot* keys) == Status.Done)
                    MapSnapshot.Free(_me, keys);
                break;
            case HeaderKind.Vector:
                if (Vectors.Snapshot(_me, (SharedVector*)head, out VectorSnapshot elements) == Status.Done) elements.Release(_me);
                break;
        }
    }

    // A pool of one's own: everything is dropped before it goes.
    void Private()
    {
        _tally.Add(Counted.Pools);
        Pool pool = Pool.Create("private");
        Arena arena = new(_me, pool, round.Arenas[0].Seats.Length, _dice);
        for (int i = 0; i < 100; i++) Act(arena);
        Visit(arena, inSection: false);
        if (_dice.OneIn(2)) Audit.Drop(_me, arena);
        pool.Delete();
        GC.KeepAlive(arena);
    }
}
