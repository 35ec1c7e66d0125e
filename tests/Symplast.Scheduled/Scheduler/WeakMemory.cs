namespace Symplast.Testing;

/// <summary>
/// A model of memory weaker than that of any processor we run on, for <see cref="Explorer"/>: a load may find any store to its
/// place that the thread does not know to be out of date; the explorer tries them all. It contains what x86 does (late stores)
/// and what arm64 does besides (plain stores seen in another order, plain loads satisfied early).
/// </summary>
/// <remarks>
/// <para>Views of release and acquire (O. Lahav, N. Giannarakis, V. Vafeiadis, "Taming release-acquire consistency", POPL 2016;
/// J. Kang et al., "A promising semantics for relaxed-memory concurrency", POPL 2017, without promises). A place is the list of
/// its stores; a thread's view is the number of the newest one that it knows of, for each place. A release attaches the thread's
/// view to what it stores, an acquire adds that to the thread's own. Interlocked operations find the newest store and are both.
/// The full fence that they are besides is written out where a protocol needs it (<see cref="View.Fence"/>).</para>
/// <para>Not modelled: a load that finds a store which comes later in a program (load buffering), which no processor does across
/// an acquire or release; addresses that depend on a load, which order on arm64 even without acquire.</para>
/// </remarks>
public sealed class WeakMemory
{
    /// <summary>A thread's part of it.</summary>
    public sealed class View
    {
        readonly WeakMemory _memory;
        readonly int[] _known = new int[MostPlaces];

        internal View(WeakMemory memory) => _memory = memory;

        /// <summary>A load; with acquire, what the store's thread knew is known after it.</summary>
        public ulong Load(int place, bool acquire = false)
        {
            Interleaving.Point();
            List<Message> stores = _memory._places[place];
            // The newest first.
            int found = stores.Count - 1 - Interleaving.Pick(stores.Count - _known[place]);
            _known[place] = found;
            if (acquire) Join(_known, stores[found].Known);
            return stores[found].Value;
        }

        /// <summary>
        /// Loads until it finds this. What it found before does not matter: that would only be more turns of the loop.
        /// </summary>
        public void Await(int place, ulong value, bool acquire = false)
        {
            Interleaving.Point();
            List<Message> stores = _memory._places[place];
            while (stores[^1].Value != value) Interleaving.Spin();
            _known[place] = stores.Count - 1;
            if (acquire) Join(_known, stores[^1].Known);
        }

        /// <summary>A store; with release, it tells what this thread knows.</summary>
        public void Store(int place, ulong value, bool release = false)
        {
            Interleaving.Point();
            Add(place, value, release ? (int[])_known.Clone() : new int[MostPlaces]);
        }

        /// <summary>
        /// An interlocked operation: replaces what is there by what <paramref name="change"/> makes of it, if anything; returns
        /// what was there.
        /// </summary>
        public ulong Change(int place, Func<ulong, ulong?> change, bool ordered = true)
        {
            Interleaving.Point();
            List<Message> stores = _memory._places[place];
            Message newest = stores[^1];
            _known[place] = stores.Count - 1;
            if (ordered) Join(_known, newest.Known);
            if (change(newest.Value) is not ulong value) return newest.Value;
            int[] known = ordered ? (int[])_known.Clone() : new int[MostPlaces];
            // Who acquires it acquires what it replaced too.
            Join(known, newest.Known);
            Add(place, value, known);
            return newest.Value;
        }

        /// <summary>A full fence: of two threads with one each, the later knows what the earlier knew.</summary>
        public void Fence()
        {
            Interleaving.Point();
            FenceNow();
        }

        /// <summary>A full fence in every thread, one after the other.</summary>
        public void FenceAll()
        {
            Fence();
            foreach (View view in _memory._views)
            {
                Interleaving.Point();
                view.FenceNow();
            }
            Fence();
        }

        void FenceNow()
        {
            Join(_known, _memory._fences);
            Join(_memory._fences, _known);
        }

        void Add(int place, ulong value, int[] known)
        {
            List<Message> stores = _memory._places[place];
            _known[place] = stores.Count;
            known[place] = stores.Count;
            stores.Add(new Message(value, known));
        }

        static void Join(int[] into, int[] from)
        {
            for (int i = 0; i < MostPlaces; i++) into[i] = Math.Max(into[i], from[i]);
        }
    }

    sealed record Message(ulong Value, int[] Known);

    const int MostPlaces = 16;

    readonly List<List<Message>> _places = [];
    readonly List<View> _views = [];
    readonly int[] _fences = new int[MostPlaces];

    /// <summary>A new place, which all threads know to hold this.</summary>
    public int Place(ulong value = 0)
    {
        _places.Add([new Message(value, new int[MostPlaces])]);
        if (_places.Count > MostPlaces) throw new InvalidOperationException("too many places");
        return _places.Count - 1;
    }

    /// <summary>A new thread.</summary>
    public View Thread()
    {
        View view = new(this);
        _views.Add(view);
        return view;
    }

    /// <summary>What a place holds when all has been seen.</summary>
    public ulong Final(int place) => _places[place][^1].Value;
}
