namespace Symplast.Python.Freezing;

/// <summary>Encodes the character arrays of CPython's strings (1, 2 or 4 bytes a character) as UTF-8.</summary>
internal static unsafe class Utf8
{
    /// <summary>The number of bytes of the encoded text, or -1 if it has lone surrogates, which UTF-8 cannot encode.</summary>
    internal static nint Length(byte* data, int kind, nint length)
    {
        nint bytes = 0;
        for (nint i = 0; i < length; i++)
        {
            uint c = At(data, kind, i);
            if (c is >= 0xD800 and < 0xE000) return -1;
            bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        }
        return bytes;
    }

    /// <summary>Writes the encoded text to <paramref name="to"/>, which must have room for <see cref="Length"/> bytes.</summary>
    internal static void Write(byte* data, int kind, nint length, byte* to)
    {
        for (nint i = 0; i < length; i++)
        {
            uint c = At(data, kind, i);
            if (c < 0x80)
            {
                *to++ = (byte)c;
                continue;
            }
            if (c < 0x800)
            {
                *to++ = (byte)(0xC0 | (c >> 6));
            }
            else
            {
                if (c < 0x10000)
                {
                    *to++ = (byte)(0xE0 | (c >> 12));
                }
                else
                {
                    *to++ = (byte)(0xF0 | (c >> 18));
                    *to++ = (byte)(0x80 | ((c >> 12) & 0x3F));
                }
                *to++ = (byte)(0x80 | ((c >> 6) & 0x3F));
            }
            *to++ = (byte)(0x80 | (c & 0x3F));
        }
    }

    static uint At(byte* data, int kind, nint i) => kind switch { 1 => data[i], 2 => ((ushort*)data)[i], _ => ((uint*)data)[i] };
}
