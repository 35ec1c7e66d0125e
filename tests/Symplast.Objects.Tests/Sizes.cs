namespace Symplast.Objects.Tests;

/// <summary>Which sizes the structures have: the product's, or small ones, so that short histories cross all borders.</summary>
internal static class Sizes
{
    internal static bool AreSmall =>
#if SMALL
        true;
#else
        false;
#endif
}
