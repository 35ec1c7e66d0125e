using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>Allocates the system's memory for descriptors. A lack of memory is a null result, not an exception.</summary>
internal static unsafe class Native
{
    /// <summary>
    /// Zeroed memory, aligned to 128 bytes (two cache lines, which are fetched as a pair), or null. Goes back with
    /// <see cref="Free"/>.
    /// </summary>
    internal static void* Allocate(nuint size)
    {
        size = (size + 127) & ~(nuint)127;
        void* memory = Libc.AlignedAllocate(128, size);
        if (memory != null) NativeMemory.Clear(memory, size);
        return memory;
    }

    internal static void Free(void* memory) => Libc.Free(memory);
}
