using System.Runtime.InteropServices;

namespace Symplast.Python.Extensions;

/// <summary>A library's file: its path with links resolved, and the data that tell whether the file has changed.</summary>
internal readonly record struct ExtensionFile(string Path, FileIdentity Identity, long Size, long Modified)
{
    /// <summary>The file at a path, or null if there is no ordinary file.</summary>
    internal static ExtensionFile? At(string path) =>
        RealPath(path) is string real && Linux.Look(real) is { IsOrdinary: true } file
            ? new ExtensionFile(real, file.Identity, file.Size, file.Modified) : null;

    /// <summary>Whether the file is a module of the standard library.</summary>
    internal bool IsOfStandardLibrary => System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(Path)) == "lib-dynload";

    /// <summary>The path with links resolved; null if there is no such file.</summary>
    internal static unsafe string? RealPath(string path)
    {
        byte* resolved = Linux.RealPath(path, null);
        string? text = Marshal.PtrToStringUTF8((nint)resolved);
        Linux.Free(resolved);
        return text;
    }
}
