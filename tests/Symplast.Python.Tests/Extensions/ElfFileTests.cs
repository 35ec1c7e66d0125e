using Symplast.Python.Extensions;
using Symplast.Python.Extensions.Elf;
using Xunit;

namespace Symplast.Python.Tests.Extensions;

public unsafe class ElfFileTests
{
    // Libraries that are loaded here, so that they are on every system.
    static string Loaded(params string[] names) =>
        File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .First(path => names.Any(path.Contains));

    static string LibC() => Loaded("/libc.so", "/libc-");

    [Fact]
    public void WhatALibraryNeedsAndHasIsRead()
    {
        using OpenFile file = new(LibC());
        using ElfFile library = ElfFile.Open(file);
        Assert.Contains(library.Needed, name => name.StartsWith("ld-linux"));
        Assert.False(library.UsesPython);
        Assert.False(library.HasTextRelocations);
        Symbol* symbols = library.Symbols(out uint count);
        bool found = false;
        for (uint i = 0; i < count; i++) found |= library.StringAt(symbols[i].Name) == "malloc" && !symbols[i].IsUndefined;
        Assert.True(found);
        Assert.False(library.Imports("malloc"u8));
    }

    [Fact]
    public void ADamagedFileIsRefusedOrReadWithinItsBounds()
    {
        // A small one, of the .NET runtime: each turn reads all of it.
        byte[] sound = File.ReadAllBytes(Loaded("/libSystem.Native.so"));
        Random random = new(20261202);
        int refused = 0;
        for (int turn = 0; turn < 3000; turn++)
        {
            // What lies behind the file cannot be read.
            int length = turn % 3 == 0 ? random.Next(sound.Length) : sound.Length;
            nuint page = Linux.PageSize;
            nuint room = ((nuint)length + page - 1) & ~(page - 1);
            byte* start = Linux.Map(null, room + page, Linux.ProtectReadWrite, Linux.MapPrivate | Linux.MapAnonymous, -1, 0);
            Assert.Equal(0, Linux.Protect(start + room, page, 0));
            byte* image = start + room - (nuint)length;
            sound.AsSpan(0, length).CopyTo(new Span<byte>(image, length));
            int damages = turn % 3 == 0 ? 0 : random.Next(1, 6);
            for (int i = 0; i < damages; i++)
            {
                int at = random.Next(2) == 0 ? random.Next(64) : random.Next(Math.Min(length, 0x800));
                if (at < length) image[at] = (byte)random.Next(256);
            }
            try
            {
                Walk(ElfFile.Of(image, (nuint)length));
            }
            catch (BadImageFormatException)
            {
                refused++;
            }
            Linux.Unmap(start, room + page);
        }
        Assert.InRange(refused, 1000, 2999);
    }

    static void Walk(ElfFile library)
    {
        _ = library.Needed.Length + library.RunPath.Length + library.SearchPath.Length + (int)library.LoadedSize;
        _ = library.UsesPython && library.HasTextRelocations;
        library.Symbols(out _);
    }
}
