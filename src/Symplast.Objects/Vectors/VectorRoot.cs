using System.Numerics;
using System.Runtime.CompilerServices;

namespace Symplast.Objects;

/// <summary>
/// The bounds and the buckets of a vector. Bucket k holds 2^(k + FirstShift) values; places are numbered through all buckets.
/// Pointers to the buckets follow the struct, each lower by its bucket's size: see <see cref="PlaceOf"/>.
/// </summary>
internal unsafe struct VectorRoot
{
    internal const long Gone = -1;

    /// <summary>What the bounds of one element more are larger by.</summary>
    internal const long OneMore = 1L << FirstBits;

    /// <summary>The largest place of a first element.</summary>
    internal const long LargestFirst = OneMore - 1;

    const int FirstBits = 24;

    /// <summary>
    /// The places of the first element (the low 24 bits) and after the last one; <see cref="Gone"/> once another root has taken
    /// this one's place.
    /// </summary>
    internal long Bounds;

    /// <summary>The root that is being filled in this one's place, with the same elements at the same places.</summary>
    internal VectorRoot* Forward;

    /// <summary>1 if elements are set by compare-and-swap, 0 if they are set under the lock.</summary>
    internal int Open;

    /// <summary>Binary logarithm of <see cref="FirstSize"/>.</summary>
    internal int FirstShift;

    /// <summary>Number of values in the first bucket.</summary>
    internal long FirstSize;

    /// <summary>Number of buckets that exist.</summary>
    internal int Used;

    /// <summary>Number of bucket pointers that have room.</summary>
    internal int Capacity;

    /// <summary>In the place of an element that was copied to <see cref="Forward"/>.</summary>
    internal static Value Moved => Value.Mark(1);

    /// <summary>In the place of an element of a vector that was deleted.</summary>
    internal static Value Dead => Value.Mark(2);

    /// <summary>A bucket.</summary>
    internal static Value* BucketAt(VectorRoot* root, int bucket) => Buckets(root)[bucket] + SizeOf(bucket, root->FirstShift);

    internal static Value** Buckets(VectorRoot* root) => (Value**)(root + 1);

    internal static nuint SizeOf(int capacity) => (nuint)sizeof(VectorRoot) + (nuint)capacity * (nuint)sizeof(Value*);

    internal static long Between(long first, long end) => end << FirstBits | first;

    /// <summary>The place of the first element.</summary>
    internal static long FirstOf(long bounds) => bounds & LargestFirst;

    /// <summary>The place after the last element; negative of <see cref="Gone"/>.</summary>
    internal static long EndOf(long bounds) => bounds >> FirstBits;

    /// <summary>Number of elements.</summary>
    internal static long LengthOf(long bounds) => EndOf(bounds) - FirstOf(bounds);

    /// <summary>The bucket of a place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int BucketOf(long place, int firstShift) =>
        BitOperations.Log2((ulong)place + (1UL << firstShift)) - firstShift;

    /// <summary>The first place of a bucket.</summary>
    internal static long StartOf(int bucket, int firstShift) => (1L << bucket + firstShift) - (1L << firstShift);

    /// <summary>Number of values in a bucket.</summary>
    internal static long SizeOf(int bucket, int firstShift) => 1L << bucket + firstShift;

    /// <summary>Where a place is, which must be in a bucket that exists.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value* PlaceOf(VectorRoot* root, long place)
    {
        // As StartOf has it: the highest bit of this gives the bucket, the others the place in it. The pointer makes up for the
        // highest bit.
        long number = place + root->FirstSize;
        return Buckets(root)[BitOperations.Log2((ulong)number) - root->FirstShift] + number;
    }

    /// <summary>The number of places that are contiguous in memory, from this one on.</summary>
    internal static long RunAt(VectorRoot* root, long place) =>
        StartOf(BucketOf(place, root->FirstShift) + 1, root->FirstShift) - place;

    /// <summary>Copies places, run by run. Neither root is open, and no other thread sees the second one.</summary>
    internal static void Copy(VectorRoot* from, long start, VectorRoot* to, long destination, long count)
    {
        while (count > 0)
        {
            long run = Math.Min(count, Math.Min(RunAt(from, start), RunAt(to, destination)));
            Buffer.MemoryCopy(PlaceOf(from, start), PlaceOf(to, destination), run * sizeof(Value), run * sizeof(Value));
            start += run;
            destination += run;
            count -= run;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Value Load(Value* place)
    {
        Interleaving.Point();
        // Acquire: pairs with the release in Store and the exchange in TrySet, so that what it points to is there.
        return new Value(Volatile.Read(ref *(ulong*)place));
    }

    internal static void Store(Value* place, Value value)
    {
        Interleaving.Point();
        // Release: pairs with the acquire in Load.
        Volatile.Write(ref *(ulong*)place, value.Bits);
    }

    /// <summary>
    /// Whether all places between the bounds exist and have a value. Of the vector's root or one that is to become it, under the
    /// vector's lock.
    /// </summary>
    internal static bool IsFilled(VectorRoot* root)
    {
        long first = FirstOf(root->Bounds), end = EndOf(root->Bounds);
        bool isFilled = root->Forward == null && root->Used <= root->Capacity && root->Bounds >= 0 && first <= end
            && end <= StartOf(root->Used, root->FirstShift);
        for (long place = first; isFilled && place < end; place++)
        {
            isFilled = PlaceOf(root, place)->Kind is not (ValueKind.Empty or ValueKind.Mark);
        }
        return isFilled;
    }
}
