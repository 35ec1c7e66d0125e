using System.Runtime.InteropServices;

namespace Symplast.Python.Extensions;

/// <summary>Identifies a file independently of its names: the device and the inode number.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Number);

/// <summary>struct statx.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LinuxFile
{
    uint _mask, _blockSize;
    ulong _attributes;
    uint _links, _user, _group;
    ushort _mode, _padding;
    ulong _number, _size, _blocks, _attributesMask;
    fixed byte _accessed[16], _created[16], _changed[16];
    long _modifiedSeconds;
    uint _modifiedNanoseconds;
    int _reserved;
    uint _deviceOfNodeMajor, _deviceOfNodeMinor, _deviceMajor, _deviceMinor;
    fixed ulong _spare[14];

    internal readonly FileIdentity Identity => new((ulong)_deviceMajor << 32 | _deviceMinor, _number);
    internal readonly bool IsOrdinary => (_mode & 0xF000) == 0x8000;
    internal readonly long Size => (long)_size;

    /// <summary>The time of the last change of the contents, in nanoseconds.</summary>
    internal readonly long Modified => _modifiedSeconds * 1_000_000_000 + _modifiedNanoseconds;
}
