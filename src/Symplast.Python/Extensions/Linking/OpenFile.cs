using System.Runtime.InteropServices;

namespace Symplast.Python.Extensions;

/// <summary>A file that is open for reading.</summary>
internal sealed unsafe class OpenFile : IDisposable
{
    const int FromEnd = 2;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="BadImageFormatException">The file is empty.</exception>
    internal OpenFile(string path)
    {
        Path = path;
        Descriptor = Linux.OpenForReading(path);
        if (Descriptor < 0) throw Failed("open");
        Size = Linux.Seek(Descriptor, 0, FromEnd);
        if (Size > 0) return;
        Linux.Close(Descriptor);
        throw new BadImageFormatException();
    }

    internal string Path { get; }
    internal int Descriptor { get; }
    internal long Size { get; }

    /// <summary>Maps a part of the file.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    internal byte* Map(ulong offset, nuint length, int protection, int flags, void* at = null)
    {
        byte* mapped = Linux.Map(at, length, protection, flags, Descriptor, (nint)offset);
        return mapped == (byte*)-1 ? throw Failed("map") : mapped;
    }

    public void Dispose() => Linux.Close(Descriptor);

    IOException Failed(string what) =>
        new($"cannot {what} {Path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
}
