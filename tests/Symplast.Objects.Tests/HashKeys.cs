using System.Reflection;
using System.Runtime.CompilerServices;

namespace Symplast.Objects.Tests;

/// <summary>
/// The keys of the hash of numbers are the same in each run: the schedules and seeded faults of maps rest on which small integers
/// share a shard, and a random test that failed must fail again. Nothing else about them matters.
/// </summary>
internal static class HashKeys
{
    [ModuleInitializer]
    internal static void Fix()
    {
        // Draws them; before that they could not be replaced.
        RuntimeHelpers.RunModuleConstructor(typeof(Hashing).Module.ModuleHandle);
        Set("_factor", 5363532663318536571);
        Set("_otherFactor", 16778054075616661837);
    }

    static void Set(string name, ulong value)
    {
        FieldInfo field = typeof(Hashing).GetField(name, BindingFlags.NonPublic | BindingFlags.Static)
            ?? throw new MissingFieldException(nameof(Hashing), name);
        field.SetValue(null, value);
    }
}
