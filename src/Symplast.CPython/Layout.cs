using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>
/// The facts in which CPython versions differ, for the running version. Each fact is declared in the file of the header to which
/// it belongs. No other code tests the version. The facts are read from <see cref="Current"/>.
/// </summary>
/// <remarks>
/// It is one partial struct, so that <see cref="Current"/> is one static field without references and without an initializer.
/// Reading it then needs no class-constructor check.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
public partial struct Layout(int minor, int patch)
{
    static Layout _current;

    /// <summary>Minor version: 12 for 3.12.</summary>
    public int Minor = minor;

    /// <summary>Patch release: 8 for 3.12.8.</summary>
    public int Patch = patch;

    /// <summary>The running version's facts. Valid once <see cref="Select"/> returned true.</summary>
    public static ref readonly Layout Current => ref _current;

    /// <summary>
    /// The oldest patch release of a minor version without known crashes that concern us: 3.12.8 and 3.13.1 (gh-116510,
    /// gh-113993), 3.14.5 (gh-142516), 3.15.0.
    /// </summary>
    public readonly int PatchFloor => Minor switch { 12 => 8, 13 => 1, 14 => 5, _ => 0 };

    /// <summary>
    /// Fills <see cref="Current"/> for a version given as PY_VERSION_HEX; false if this library does not know its layouts.
    /// </summary>
    public static bool Select(uint versionHex)
    {
        if (versionHex >> 24 != 3) return false;
        int minor = (int)(versionHex >> 16) & 0xFF;
        if (minor is < 12 or > 15) return false;
        _current = new Layout(minor, patch: (int)(versionHex >> 8) & 0xFF);
        return true;
    }
}
