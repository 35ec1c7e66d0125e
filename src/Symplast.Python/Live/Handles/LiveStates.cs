using Symplast.Memory;
using Symplast.Objects;

namespace Symplast.Python.Live;

/// <summary>
/// The interpreters of the process that use live objects, for those who want to know who has handles. Thread-safe.
/// </summary>
internal static unsafe class LiveStates
{
    /// <summary>
    /// Over the list, and over the memory of each interpreter's tables, though not over what is in it. Nothing else is locked,
    /// and nobody waits, inside it.
    /// </summary>
    internal static readonly WordLock Gate = WordLock.Create();

    static LiveState* _first;

    /// <summary>Lists an interpreter.</summary>
    internal static void Add(LiveState* state)
    {
        using (Gate.Hold())
        {
            state->Next = _first;
            _first = state;
        }
    }

    /// <summary>Takes an interpreter off the list and frees its tables.</summary>
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
    /// The interpreters with handles into a pool, and how many; the pool's heap is pinned, or the pool is not collected.
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
    /// Writes the numbers of the interpreters that have a handle of an object, as many as there is room for; returns how many
    /// there are.
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
