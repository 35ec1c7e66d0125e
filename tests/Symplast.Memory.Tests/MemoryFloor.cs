using Symplast.Memory.Tests;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// The address range belongs to the process: a test that looks at it must not see what another one takes and gives back meanwhile.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(MemoryFloor))]

namespace Symplast.Memory.Tests;

/// <summary>What the extension module does once at its start.</summary>
public sealed class MemoryFloor
{
    public MemoryFloor()
    {
        ForkGuard.Arm();
        SharedMemory.Start();
    }
}
