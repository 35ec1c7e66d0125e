using System.Runtime.InteropServices;

namespace Symplast.Python.Interpreting;

/// <summary>The name of a thread that the kernel shows, as py-spy and top do. CPython sets it from 3.14 on.</summary>
internal static unsafe partial class ThreadName
{
    const int SetName = 15;     // PR_SET_NAME
    const int Longest = 15;     // bytes

    /// <summary>Names the calling thread. Of a longer name, as many whole characters as fit are used.</summary>
    internal static void Set(byte* utf8, nint length)
    {
        if (length > Longest)
        {
            length = Longest;
            // A byte of this form continues a character.
            while (length > 0 && (utf8[length] & 0xC0) == 0x80) length--;
        }
        byte* name = stackalloc byte[Longest + 1];
        new ReadOnlySpan<byte>(utf8, (int)length).CopyTo(new Span<byte>(name, Longest));
        name[length] = 0;
        Control(SetName, (nint)name, 0, 0, 0);
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int operation, nint a, nint b, nint c, nint d);
}
