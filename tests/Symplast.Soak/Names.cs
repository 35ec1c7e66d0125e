using System.Runtime.InteropServices;
using System.Text;

namespace Symplast.Soak;

/// <summary>Texts outside pools: those of numbers, and others by name.</summary>
internal static unsafe class Names
{
    internal const int Most = 1024;

    static readonly Probe[] Numbered = [.. Enumerable.Range(0, Most).Select(i => Of($"name {i}"))];

    internal static Probe Count { get; } = Of("count");

    internal static Probe Of(int number) => Numbered[number];

    /// <summary>The number that a text was made of, or -1.</summary>
    internal static int NumberOf(Value text)
    {
        if (text.Kind != ValueKind.Text) return -1;
        ReadOnlySpan<byte> bytes = Blob.Bytes(text);
        return bytes.StartsWith("name "u8) && int.TryParse(bytes[5..], out int number) ? number : -1;
    }

    // Never freed.
    static Probe Of(string name)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        byte* copy = (byte*)NativeMemory.Alloc((nuint)utf8.Length);
        utf8.CopyTo(new Span<byte>(copy, utf8.Length));
        return Probe.Text(copy, (nuint)utf8.Length, Hashing.OfBytes(utf8));
    }
}
