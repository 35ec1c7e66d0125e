using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// An insertion-ordered set with lock-free membership tests. It is an <see cref="OrderedMap"/> whose values are all true, with a
/// header of another kind. Atomicity, iteration, references and sections are as described there.
/// </summary>
/// <remarks>All operations are thread-safe.</remarks>
public static unsafe class OrderedSet
{
    /// <summary>A new empty set with one reference, the caller's; null if there is no memory.</summary>
    public static OrderedMap* Create(Participant* me, PoolHeap* heap) => OrderedMap.Create(me, heap, HeaderKind.Set);

    /// <summary>Adds an element; <see cref="Status.Exists"/> if it is there.</summary>
    public static Status Add(Participant* me, OrderedMap* set, in Probe element) =>
        OrderedMap.TryAdd(me, set, element, Value.True);

    /// <summary>Removes an element; <see cref="Status.Missing"/> if it is not there.</summary>
    public static Status Remove(Participant* me, OrderedMap* set, in Probe element) =>
        OrderedMap.Remove(me, set, element, out _);

    /// <summary>Whether an element is there: <see cref="Status.Done"/> or <see cref="Status.Missing"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Status Contains<TKey>(Participant* me, OrderedMap* set, in TKey element)
        where TKey : struct, IMapKey => OrderedMap.Get(me, set, element, out _);

    /// <summary>Gets the number of elements, as <see cref="OrderedMap.Count"/> does.</summary>
    public static Status Count(Participant* me, OrderedMap* set, out ulong count) => OrderedMap.Count(me, set, out count);

    /// <summary>
    /// Removes the first element, unless the guard refuses it, as <see cref="OrderedMap.TakeFirst"/> does. Its reference becomes
    /// the caller's.
    /// </summary>
    public static Status TakeFirst(Participant* me, OrderedMap* set, in ValueGuard guard, out Value element) =>
        OrderedMap.TakeFirst(me, set, guard, out element, out _);

    /// <summary>Removes all elements, in one atomic step.</summary>
    public static Status Clear(Participant* me, OrderedMap* set) => OrderedMap.Clear(me, set);

    /// <summary>Whether all invariants hold. For tests, while no other thread changes the set.</summary>
    public static bool IsValid(Participant* me, OrderedMap* set) => MapCheck.IsValid(me, set);
}
