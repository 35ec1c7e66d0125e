namespace Symplast.Objects;

/// <summary>A stable merge sort.</summary>
internal static unsafe class StableSort
{
    const long InsertionRun = 16;

    /// <summary>
    /// Sorts bottom-up, from runs that are sorted by insertion. Afterwards <paramref name="items"/> has all values in some order.
    /// Returns the array that has the sorted values, or null if a comparison failed.
    /// </summary>
    internal static Value* Sort<TOrder>(Value* items, Value* spare, long count, ref TOrder order)
        where TOrder : struct, IValueOrder
    {
        for (long start = 0; start < count; start += InsertionRun)
        {
            long end = Math.Min(start + InsertionRun, count);
            for (long i = start + 1; i < end; i++)
            {
                Value item = items[i];
                long place = i;
                for (; place > start && order.Precedes(item, items[place - 1]); place--) items[place] = items[place - 1];
                items[place] = item;
            }
            if (order.Failed) return null;
        }
        Value* from = items;
        Value* to = spare;
        for (long width = InsertionRun; width < count; width *= 2)
        {
            for (long start = 0; start < count; start += 2 * width)
            {
                Merge(from, to, start, Math.Min(start + width, count), Math.Min(start + 2 * width, count), ref order);
                if (!order.Failed) continue;
                if (from != items) Buffer.MemoryCopy(from, items, count * sizeof(Value), count * sizeof(Value));
                return null;
            }
            Value* merged = to;
            to = from;
            from = merged;
        }
        return from;
    }

    static void Merge<TOrder>(Value* from, Value* to, long start, long middle, long end, ref TOrder order)
        where TOrder : struct, IValueOrder
    {
        long left = start;
        long right = middle;
        for (long i = start; i < end; i++)
        {
            // Of equal values the left one is taken, so that the sort is stable.
            bool takeRight = left == middle || (right < end && order.Precedes(from[right], from[left]));
            to[i] = takeRight ? from[right++] : from[left++];
        }
    }
}
