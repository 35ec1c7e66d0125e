using System.Runtime.InteropServices;
using System.Text;
using Symplast.Objects;

namespace Symplast.Benchmarks;

/// <summary>
/// Text keys of 12 characters, twice: a map is filled with one set and asked with the other, whose text lies in different memory,
/// shuffled.
/// </summary>
internal sealed unsafe class Keys
{
    readonly byte* _filled;
    readonly byte* _asked;

    internal const int Length = 12;

    /// <summary>What .NET takes for a string of that length: header, type, length, characters and a zero, in words.</summary>
    internal const int StringBytes = (8 + 8 + sizeof(int) + (Length + 1) * sizeof(char) + 7) & ~7;

    internal Keys(int count)
    {
        Count = count;
        Filled = [.. Enumerable.Range(0, count).Select(number => $"key{number:x9}")];
        Asked = [.. Filled.Select(key => new string(key.AsSpan()))];
        _filled = Copy(Filled);
        _asked = Copy(Asked);
        Hashes = [.. Filled.Select(key => Hashing.OfBytes(Encoding.ASCII.GetBytes(key)))];
    }

    internal int Count { get; }

    internal string[] Filled { get; }

    internal string[] Asked { get; }

    /// <summary>Hashes of our probes: computed once, as Python keeps them in its strings.</summary>
    internal ulong[] Hashes { get; }

    internal Probe Fill(int i) => Probe.Text(_filled + (nint)i * Length, Length, Hashes[i]);

    internal Probe Ask(int i) => Probe.Text(_asked + (nint)i * Length, Length, Hashes[i]);

    /// <summary>The key as a TextKey, with which a caller that knows the type asks a map.</summary>
    internal TextKey AskText(int i) => new(_asked + (nint)i * Length, Length, Hashes[i]);

    /// <summary>The key as a TextKey whose hash is computed anew, as .NET's maps do for their strings.</summary>
    internal TextKey AskAndHash(int i)
    {
        byte* text = _asked + (nint)i * Length;
        return new TextKey(text, Length, Hashing.OfBytes(new ReadOnlySpan<byte>(text, Length)));
    }

    /// <summary>xorshift64*: cheap enough to vanish beside a lookup.</summary>
    internal static ulong Next(ref ulong state)
    {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 2685821657736338717;
    }

    static byte* Copy(string[] keys)
    {
        byte* memory = (byte*)NativeMemory.Alloc((nuint)keys.Length, Length);
        for (int i = 0; i < keys.Length; i++) Encoding.ASCII.GetBytes(keys[i], new Span<byte>(memory + (nint)i * Length, Length));
        return memory;
    }
}
