using Xunit;

namespace Symplast.Memory.Tests;

public class ForkGuardTests
{
    [Fact]
    public void TheProcessThatArmedItIsNoForkedChild()
    {
        Assert.False(ForkGuard.IsForkedChild);
        ForkGuard.Arm();
        Assert.False(ForkGuard.IsForkedChild);
    }

    [Fact]
    public void TheKernelWillWipeItsPageInAForkedChild() => Assert.Contains(Mapping.Flags(), flags => flags.Contains("wf"));
}
