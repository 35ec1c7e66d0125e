using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Symplast.Python.Extensions;

/// <summary>The system calls and the functions of the dynamic linker that private copies need.</summary>
internal static unsafe partial class Linux
{
    internal const int ProtectRead = 1, ProtectReadWrite = 3, ProtectReadExecute = 5, ProtectExecute = 4;
    internal const int MapShared = 1, MapPrivate = 2, MapFixed = 16, MapAnonymous = 32;
    internal const int BindNow = 2, NoLoad = 4, OwnFirst = 8;       // RTLD_NOW, RTLD_NOLOAD, RTLD_DEEPBIND; RTLD_LOCAL is 0

    const int OpenCloseOnExec = 0x80000;
    const uint MemoryCloseOnExec = 1, MemoryExecutable = 16;
    const int PunchHole = 3;                            // FALLOC_FL_PUNCH_HOLE and FALLOC_FL_KEEP_SIZE
    const int LinkMapRequest = 2, SearchInfoRequest = 4, SearchInfoSizeRequest = 5;
    const int LinkMapOfAddress = 2;
    const int InvalidArgument = 22;

    internal static nuint PageSize { get; } = (nuint)Environment.SystemPageSize;

    const nint CurrentFolder = -100;
    const nint AllBasics = 0x7FF;

    static nint LookCall => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 291 : 332;
    static nint MemoryFileCall => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 279 : 319;

    /// <summary>The kernel's number of the calling thread (gettid).</summary>
    internal static int CurrentThread() =>
        (int)SystemCall(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 178 : 186);

    /// <summary>The kernel's numbers of the process's threads.</summary>
    internal static int[] Threads() =>
        Array.ConvertAll(Directory.GetDirectories("/proc/self/task"),
            folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture));

    /// <summary>A file's metadata (statx); null if there is no such file.</summary>
    internal static LinuxFile? Look(string path)
    {
        LinuxFile file;
        return SystemCall(LookCall, CurrentFolder, path, 0, AllBasics, &file) == 0 ? file : null;
    }

    /// <summary>Opens a file for reading; -1 with errno.</summary>
    internal static int OpenForReading(string path) => Open(path, OpenCloseOnExec);

    /// <summary>An anonymous file whose pages may be executed; -1 with errno.</summary>
    internal static int CreateMemoryFile(string name)
    {
        int file = (int)SystemCall(MemoryFileCall, name, MemoryCloseOnExec | MemoryExecutable);
        // Kernels before 6.3 do not know MFD_EXEC, and do not need it.
        if (file < 0 && Marshal.GetLastPInvokeError() == InvalidArgument)
            file = (int)SystemCall(MemoryFileCall, name, MemoryCloseOnExec);
        return file;
    }

    /// <summary>Frees the pages of a part of a file, which then reads as zeros.</summary>
    internal static int Punch(int file, ulong offset, ulong length) => Allocate(file, PunchHole, (long)offset, (long)length);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    internal static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(int file, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    internal static partial nint SendFile(int to, int from, long* offset, nuint count);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(int file, long size);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(int file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SystemCall(nint number, string name, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SystemCall(nint number, nint folder, string path, nint flags, nint mask, LinuxFile* file);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial byte* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    internal static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    internal static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial byte* RealPath(string path, byte* resolved);

    [LibraryImport("libc", EntryPoint = "free")]
    internal static partial void Free(void* memory);

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void* OpenLibrary(string? path, int flags);

    [LibraryImport("libc", EntryPoint = "dlopen")]
    internal static partial void* OpenLibraryAsNamed(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "pthread_key_create")]
    internal static partial int CreateKey(uint* key, void* destructor);

    [LibraryImport("libc", EntryPoint = "pthread_key_delete")]
    internal static partial int DeleteKey(uint key);

    /// <summary>Returns free memory that malloc keeps to the system.</summary>
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    internal static partial int TrimMemory(nuint padding);

    /// <summary>The number that the next key of thread-specific data would get.</summary>
    internal static uint NextKey()
    {
        uint key;
        if (CreateKey(&key, null) != 0) return uint.MaxValue;
        DeleteKey(key);
        return key;
    }

    [LibraryImport("libc", EntryPoint = "dlclose")]
    internal static partial int CloseLibrary(void* library);

    [LibraryImport("libc", EntryPoint = "dlsym", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void* FindSymbol(void* library, string name);

    [LibraryImport("libc", EntryPoint = "dlsym")]
    internal static partial void* FindSymbol(void* library, byte* name);

    [LibraryImport("libc", EntryPoint = "dlerror")]
    private static partial byte* LastLinkError();

    [LibraryImport("libc", EntryPoint = "dlinfo")]
    private static partial int Inform(void* library, int request, void* answer);

    /// <summary>The dynamic linker's message of the last failed call on this thread.</summary>
    internal static string LinkError() => Marshal.PtrToStringUTF8((nint)LastLinkError()) ?? "unknown error";

    /// <summary>The base address of a loaded library.</summary>
    internal static byte* BaseOf(void* library)
    {
        void** map;
        return Inform(library, LinkMapRequest, &map) == 0 ? (byte*)map[0] : null;
    }

    /// <summary>The base address of the library that contains an address; 0 if there is none.</summary>
    internal static nint BaseAround(void* address)
    {
        nint* found = stackalloc nint[4];
        nint* map;
        return FindAddress(address, found, &map, LinkMapOfAddress) != 0 && map != null ? map[0] : 0;
    }

    [LibraryImport("libc", EntryPoint = "dladdr1")]
    private static partial int FindAddress(void* address, nint* found, nint** map, int request);

    /// <summary>
    /// Whether the library that the dynamic linker reported at this address with this path, which is unique, is still loaded.
    /// </summary>
    internal static bool IsLoaded(void* start, string path)
    {
        LibraryAddress found;
        return FindAddress(start, &found) != 0 && found.Start == start && Marshal.PtrToStringUTF8((nint)found.Path) == path;
    }

    /// <summary>Dl_info.</summary>
    struct LibraryAddress
    {
        internal byte* Path;
        internal void* Start;
        internal byte* Symbol;
        internal void* SymbolStart;
    }

    [LibraryImport("libc", EntryPoint = "dladdr")]
    private static partial int FindAddress(void* address, LibraryAddress* found);

    /// <summary>
    /// Overwrites the path that the dynamic linker reports for a loaded library, if the old path is at least as long as the new
    /// one. Returns whether it was overwritten. The dynamic linker still finds the library by the old path, of which it keeps a
    /// second copy for that.
    /// </summary>
    internal static bool Rename(void* library, string path)
    {
        void** map;
        if (Inform(library, LinkMapRequest, &map) != 0) return false;
        byte* present = (byte*)map[1];
        byte[] text = Encoding.UTF8.GetBytes(path);
        if (MemoryMarshal.CreateReadOnlySpanFromNullTerminated(present).Length < text.Length) return false;
        // Only a thread that a constructor of the library started can read the path meanwhile. Such a reader finds a terminator
        // in any case: the old one stays.
        text.CopyTo(new Span<byte>(present, text.Length));
        present[text.Length] = 0;
        return true;
    }

    /// <summary>The path of the loaded library of this name, as the dynamic linker reports it, or null.</summary>
    internal static string? PathOfLoaded(string name)
    {
        void* library = OpenLibrary(name, BindNow | NoLoad);
        if (library == null) return null;
        void** map;
        string? path = Inform(library, LinkMapRequest, &map) == 0 ? Marshal.PtrToStringUTF8((nint)map[1]) : null;
        CloseLibrary(library);
        return path;
    }

    /// <summary>
    /// The folders in which the dynamic linker searches the program's needs: those of LD_LIBRARY_PATH, and its default ones.
    /// </summary>
    internal static string[] LibraryFolders()
    {
        void* program = OpenLibrary(null, BindNow);
        ulong* size = stackalloc ulong[2];
        if (program == null || Inform(program, SearchInfoSizeRequest, size) != 0) return [];
        byte* info = (byte*)NativeMemory.AllocZeroed((nuint)size[0]);
        try
        {
            *(ulong*)info = size[0];
            *((uint*)info + 2) = (uint)size[1];
            if (Inform(program, SearchInfoRequest, info) != 0) return [];
            uint count = *((uint*)info + 2);
            string[] folders = new string[count];
            // Dl_serpath: a name and flags.
            for (uint i = 0; i < count; i++) folders[i] = Marshal.PtrToStringUTF8(*(nint*)(info + 16 + 16 * i)) ?? "";
            return folders;
        }
        finally
        {
            NativeMemory.Free(info);
        }
    }
}
