using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python;

/// <summary>
/// Finds another copy of this library in the process, such as that of a second installation on <c>sys.path</c>. Each copy would
/// have its own pools and interpreters, and would not recognize the objects of the other. So the copy that was loaded first
/// serves all imports.
/// </summary>
internal static unsafe partial class OtherCopy
{
    // The library's DT_SONAME. By this name the dynamic linker finds the first loaded copy, whatever its file is called.
    const string SharedName = "symplast-of-the-process";

    const int Lazy = 1;
    const int NoLoad = 4;

    static byte* _version;

    /// <summary>
    /// Called by other copies. Returns the version of this library as a zero-terminated string, or null if there is no memory.
    /// </summary>
    [UnmanagedCallersOnly(EntryPoint = "symplast_version", CallConvs = [typeof(CallConvCdecl)])]
    public static byte* Version()
    {
        try
        {
            if (_version == null) _version = (byte*)Marshal.StringToCoTaskMemUTF8(OwnVersion());
            return _version;
        }
        catch (Exception)
        {
            return null;
        }
    }

    /// <summary>The version of this library.</summary>
    internal static string OwnVersion() => typeof(OtherCopy).Assembly.GetName().Version!.ToString(3);

    /// <summary>
    /// Initializes the module of the copy that was loaded first. Returns false if that is this copy. If the other copy has
    /// another version, <paramref name="definition"/> is null and <paramref name="refusal"/> is the reason.
    /// </summary>
    internal static bool TryInit(out PyObject* definition, out string? refusal)
    {
        definition = null;
        refusal = null;
        void* first = Open(SharedName, Lazy | NoLoad);
        var init = first == null ? null : (delegate* unmanaged[Cdecl]<PyObject*>)Find(first, "PyInit__symplast");
        var own = (delegate* unmanaged[Cdecl]<PyObject*>)&Module.Init;
        if (init == null || (void*)init == (void*)own) return false;
        var version = (delegate* unmanaged[Cdecl]<byte*>)Find(first, "symplast_version");
        string other = (version == null ? null : Marshal.PtrToStringUTF8((nint)version())) ?? "unknown";
        if (other == OwnVersion()) definition = init();
        else refusal =
            $"this is symplast {OwnVersion()}, but another copy of symplast, of version {other}, is loaded in this process "
            + "already: there can be one only; check sys.path";
        return true;
    }

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void* Open(string name, int flags);

    [LibraryImport("libc", EntryPoint = "dlsym", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void* Find(void* library, string symbol);
}
