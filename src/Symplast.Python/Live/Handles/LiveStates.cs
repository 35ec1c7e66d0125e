using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>The list of the interpreters that use live objects, for finding those that have handles. Thread-safe.</summary>
internal static unsafe class LiveStates
{
    /// <summary>
    /// Guards the list and the memory of each interpreter's tables, but not their contents. No other lock is taken and nothing
    /// waits while it is held.
    /// </summary>
    internal static readonly WordLock Gate = WordLock.Create();

    static LiveState* _first;

    /// <summary>Adds an interpreter.</summary>
    internal static void Add(LiveState* state)
    {
        using (Gate.Hold())
        {
            state->Next = _first;
            _first = state;
        }
    }

    /// <summary>Removes an interpreter and frees its tables.</summary>
    internal static void Remove(LiveState* state)
    {
        using (Gate.Hold())
        {
            if (_first == state) _first = state->Next;
            else
            {
                LiveState* previous = _first;
                while (previous->Next != state) previous = previous->Next;
                previous->Next = state->Next;
            }
            state->DisposeTables();
        }
    }

    /// <summary>
    /// After an exception of C# has reached the outermost method: ends the sections that it left open in the calling
    /// interpreter. They are all its own, since nothing that C calls begins inside a section.
    /// </summary>
    internal static void EndSections()
    {
        // In a forked child the gate may be held by a thread that is no more.
        if (ForkGuard.IsForkedChild) return;
        long id = Interpreters.CurrentId();
        using (Gate.Hold())
        {
            for (LiveState* each = _first; each != null; each = each->Next)
            {
                if (each->Id == id && each->Me != null) Epoch.ExitAll(each->Me);
            }
        }
    }

    /// <summary>
    /// The interpreters with handles into a pool, and their numbers of handles. The caller pins the pool's heap or keeps the pool
    /// alive.
    /// </summary>
    internal static List<(long Interpreter, long Handles)> HandlesInto(PoolHeap* heap)
    {
        List<(long, long)> counts = [];
        using (Gate.Hold())
        {
            for (LiveState* each = _first; each != null; each = each->Next)
            {
                long handles = each->HandlesInto(heap);
                if (handles != 0) counts.Add((each->Id, handles));
            }
        }
        counts.Sort();
        return counts;
    }

    /// <summary>
    /// Writes the numbers of the interpreters that have a handle of an object, as many as fit. Returns how many there are.
    /// </summary>
    internal static int HoldersOf(Header* shared, Span<long> interpreters)
    {
        int count = 0;
        using (Gate.Hold())
        {
            for (LiveState* each = _first; each != null; each = each->Next)
            {
                if (!each->Handles.Knows(shared)) continue;
                if (count < interpreters.Length) interpreters[count] = each->Id;
                count++;
            }
        }
        interpreters[..Math.Min(count, interpreters.Length)].Sort();
        return count;
    }
}
