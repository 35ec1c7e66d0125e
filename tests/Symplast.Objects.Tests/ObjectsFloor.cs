using Symplast.Memory;
using Symplast.Objects.Tests;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// The address range and the epochs belong to the process: a test that looks at them must not see what another one does meanwhile.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(ObjectsFloor))]

namespace Symplast.Objects.Tests;

/// <summary>What a program does once before it uses shared structures.</summary>
public sealed class ObjectsFloor
{
    public ObjectsFloor()
    {
        ForkGuard.Arm();
        SharedMemory.Start();
    }
}
