namespace Symplast.Objects;

/// <summary>Steps of an ordered map's protocol that tests have others for.</summary>
internal static class MapAtomics
{
    /// <summary>Waits until all sections have ended that are open.</summary>
    internal static void AwaitSections() => Epoch.Synchronize();
}
