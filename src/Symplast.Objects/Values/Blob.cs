using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Symplast.Objects;

/// <summary>
/// An immutable value in a pool that does not fit into a word: text, bytes, a big integer, a complex number. The bytes follow the
/// struct.
/// </summary>
public unsafe struct Blob
{
    /// <summary>A flag in <see cref="Header.Extra"/>: the text has only ASCII characters.</summary>
    public const ushort Ascii = 1;

    internal Header Head;
    internal ulong Hash;
    internal nuint Length;

    /// <summary>The bytes.</summary>
    public static byte* Data(Blob* blob) => (byte*)(blob + 1);

    /// <summary>The number of bytes.</summary>
    public static nuint LengthOf(Value value) => ((Blob*)value.Pointer)->Length;

    /// <summary>The bytes of a text, of a bytes value, or of a number.</summary>
    public static ReadOnlySpan<byte> Bytes(Value value)
    {
        Blob* blob = (Blob*)value.Pointer;
        return new ReadOnlySpan<byte>(Data(blob), checked((int)blob->Length));
    }

    /// <summary>Whether a text has only ASCII characters.</summary>
    public static bool IsAscii(Value text) => text.Head->Extra == Ascii;

    /// <summary>
    /// Returns a new blob with one reference, the caller's, or an empty value if there is no memory. <paramref name="kind"/> is
    /// Text, Bytes, BigInt or Complex. Without a heap, the blob is <see cref="Transient"/>.
    /// </summary>
    public static Value Create(Participant* me, PoolHeap* heap, ValueKind kind, byte* data, nuint length, ulong hash)
    {
        Debug.Assert(kind is ValueKind.Text or ValueKind.Bytes or ValueKind.BigInt or ValueKind.Complex);
        return Create(me, heap, kind, data, length, hash, kind == ValueKind.Text && Ascii7(data, length));
    }

    /// <summary>Returns a new blob for a text that the caller knows to have only ASCII characters.</summary>
    public static Value CreateAscii(Participant* me, PoolHeap* heap, byte* data, nuint length, ulong hash) =>
        Create(me, heap, ValueKind.Text, data, length, hash, isAscii: true);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value Create(Participant* me, PoolHeap* heap, ValueKind kind, byte* data, nuint length, ulong hash, bool isAscii)
    {
        Blob* blob = (Blob*)Transient.Allocate(me, heap, (nuint)sizeof(Blob) + length);
        if (blob == null) return Value.Empty;
        blob->Head = new Header { Count = 1, Kind = HeaderKind.Blob, Extra = isAscii ? Ascii : (ushort)0 };
        blob->Hash = hash;
        blob->Length = length;
        Copy(data, Data(blob), length);
        return Value.Of(kind, blob);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Copy(byte* data, byte* own, nuint length)
    {
        if (length is < 8 or > 16) Buffer.MemoryCopy(data, own, length, length);
        else
        {
            // Most texts are this short. They are copied as two words, which may overlap.
            ulong last = Unsafe.ReadUnaligned<ulong>(data + length - 8);
            Unsafe.WriteUnaligned(own, Unsafe.ReadUnaligned<ulong>(data));
            Unsafe.WriteUnaligned(own + length - 8, last);
        }
    }

    /// <summary>The text as a string, in which lone surrogates are replaced.</summary>
    public static string ToText(Value value) => Encoding.UTF8.GetString(Bytes(value));

    static bool Ascii7(byte* data, nuint length)
    {
        for (; length >= int.MaxValue; data += 1 << 30, length -= 1 << 30)
        {
            if (!System.Text.Ascii.IsValid(new ReadOnlySpan<byte>(data, 1 << 30))) return false;
        }
        return System.Text.Ascii.IsValid(new ReadOnlySpan<byte>(data, (int)length));
    }
}
