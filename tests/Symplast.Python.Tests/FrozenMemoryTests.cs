using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

/// <summary>What lies in the memory of frozen graphs, byte by byte: what Python code cannot see.</summary>
public unsafe class FrozenMemoryTests
{
    const string Everything = """
        freeze([None, True, 0, 300, -2**80, 1.5, 2j, "long enough", "żółw", "😀", "\ud800", b"bytes",
                bytearray(b""), [], (), [[1, (2, [3])]], {}, {"a": 1, "b": {"c": [None]}},
                {1: 2, (1, 2.5): "x", frozenset({1, "y"}): range(3, 10**20)}, set(), {1, 2.5, "text", (1,)}, set(range(100)),
                slice(1, [2], "s"), ..., NotImplemented,
                {f"key {i}": i * 1000 for i in range(400)}])
        """;

    [Fact]
    public void EveryObjectIsImmortalUntrackedMarkedAndMadeOfSharedParts() => Hosted.Do(() =>
    {
        PyObject* root = Hosted.Evaluate(Everything);
        HashSet<nint> seen = [];
        Stack<nint> todo = new([(nint)root]);
        while (todo.TryPop(out nint address))
        {
            if (!seen.Add(address)) continue;
            PyObject* o = (PyObject*)address;
            string what = $"{Text.TypeName(o)} {Text.Repr(o)}";
            if (!AddressRange.Contains(o))
            {
                Assert.True(StaticObjects.Includes(o), what + " belongs to an interpreter");
                continue;
            }
            Assert.Equal(Layout.Current.ImmortalHeader, o->RefCount);
            Assert.True((Api.Table.PyType_GetFlags(o->Type) & HeapType) == 0, what + " has a heap type");
            if ((Api.Table.PyType_GetFlags(o->Type) & HaveGc) != 0)
                Assert.True(((long*)o)[-1] == 0 && ((long*)o)[-2] == 0, what + " looks tracked");
            // The dict behind a mappingproxy is nothing that can be handed out.
            if (o->Type != Api.Table.PyDict_Type)
                Assert.True(ObjectMarks.Get(o) is ObjectMark.Object or ObjectMark.MutableOrigin, what + " is not marked");
            foreach (nint part in Parts(o)) todo.Push(part);
        }
        Assert.True(seen.Count > 900);
    });

    [Fact]
    public void HashesAndUtf8AreFilledInBeforehand() => Hosted.Do(() =>
    {
        foreach (string text in (ReadOnlySpan<string>)["'long enough'", "'żółw'", "'😀'"])
        {
            PyObject* local = Hosted.Evaluate(text);
            PyAsciiObject* frozen = (PyAsciiObject*)Hosted.Evaluate($"freeze({text})");
            Assert.Equal(Api.Table.PyObject_Hash(local), frozen->Hash);
            Assert.Equal(PyAsciiObject.InternedStatic, frozen->State & 3);
            bool ascii = (frozen->State & PyAsciiObject.Ascii) != 0;
            if (!ascii) Assert.True(
                ((PyCompactUnicodeObject*)frozen)->Utf8 != null
                && AddressRange.Contains(((PyCompactUnicodeObject*)frozen)->Utf8));
            References.Drop(local);
        }
        PyBytesObject* bytes = (PyBytesObject*)Hosted.Evaluate("freeze(b'bytes')");
        Assert.NotEqual(-1, bytes->Hash);
        PySetObject* set = (PySetObject*)Hosted.Evaluate("freeze({1, 2.5})");
        Assert.NotEqual(-1, set->Hash);
        if (Layout.Current.TupleHasHash)
        {
            PyObject* tuple = Hosted.Evaluate("freeze([1, 2.5])");
            Assert.NotEqual(-1, *Tuples.Hash(tuple));
        }
    });

    [Fact]
    public void ADictsTableHasOneReferenceAndItsFullCapacity() => Hosted.Do(() =>
    {
        foreach (int size in (ReadOnlySpan<int>)[1, 5, 6, 10, 11, 100, 1000])
        {
            PyObject* frozen = Hosted.Evaluate($"freeze({{i: None for i in range({size})}})");
            PyDictObject* dict = Layout.Current.HasFrozenDict
                ? (PyDictObject*)frozen : (PyDictObject*)((PyMappingProxyObject*)frozen)->Mapping;
            Assert.Equal(1, dict->Keys->RefCount);
            Assert.Equal((size, size), (dict->Used, dict->Keys->EntryCount));
            Assert.Equal(PyDictKeys.Capacity(dict->Keys->Log2Size), dict->Keys->Usable + dict->Keys->EntryCount);
            Assert.True(AddressRange.Contains(dict->Keys));
        }
    });

    [Fact]
    public void ReadingWritesNothing() => Hosted.Do(() =>
    {
        PyObject* root = Hosted.Evaluate(
            "globals().update(symplast=symplast) or setattr(sys, 'frozen_for_test', " + Everything.Trim()
            + ") or sys.frozen_for_test");
        Pool pool = PoolTable.OwnerOf(root)!;
        byte* chunk = (byte*)((nuint)root & ~(AddressRange.ChunkSize - 1));
        byte[] before = new ReadOnlySpan<byte>(chunk, (int)AddressRange.ChunkSize).ToArray();
        Hosted.Execute("""
            import copy, gc, json, pickle
            root = sys.frozen_for_test
            def visit(o):
                try: hash(o)
                except TypeError: pass
                repr(o), o == o, str(o)
                if isinstance(o, str):
                    o.upper(), o.encode("utf-8", "surrogatepass"), sys.intern(o), {o: 1}, setattr(type("C", (), {}), o, 1)
                elif isinstance(o, (tuple, frozenset)):
                    for part in o: visit(part)
                    list(o), o.__class__(o)
                elif hasattr(o, "items"):
                    for key, value in o.items(): visit(key), visit(value)
                    dict(o), {**o}, o.copy(), o.keys() | set()
            for _ in range(20): visit(root)
            gc.collect()
            copy.copy(root), thaw(root)
            del sys.frozen_for_test
            """);
        Assert.True(new ReadOnlySpan<byte>(chunk, (int)AddressRange.ChunkSize).SequenceEqual(before));
        Assert.False(pool.Deleted);
    });

    const nuint HeapType = 1 << 9;
    const nuint HaveGc = 1 << 14;

    // Written without the walks of the code under test.
    static List<nint> Parts(PyObject* o)
    {
        ref Api api = ref Api.Table;
        List<nint> parts = [];
        if (o->Type == api.PyTuple_Type)
        {
            for (nint i = 0; i < ((PyVarObject*)o)->Size; i++)
                parts.Add(*(nint*)((byte*)o + Layout.Current.TupleItems + i * sizeof(nint)));
        }
        else if (o->Type == api.PyFrozenSet_Type)
        {
            PySetObject* set = (PySetObject*)o;
            Assert.True(set->Table == &set->SmallTable || AddressRange.Contains(set->Table));
            for (nint i = 0; i <= set->Mask; i++)
            {
                if (set->Table[i].Key != null) parts.Add((nint)set->Table[i].Key);
            }
            Assert.Equal(set->Used, parts.Count);
        }
        else if (o->Type == api.PyDictProxy_Type)
        {
            parts.Add((nint)((PyMappingProxyObject*)o)->Mapping);
        }
        else if (o->Type == api.PyDict_Type || o->Type == api.PyFrozenDict_Type)
        {
            nint position = 0;
            PyObject* key;
            PyObject* value;
            while (api.PyDict_Next(o, &position, &key, &value) != 0)
            {
                parts.Add((nint)key);
                parts.Add((nint)value);
            }
        }
        else if (o->Type == api.PySlice_Type)
        {
            PySliceObject* slice = (PySliceObject*)o;
            parts.AddRange([(nint)slice->Start, (nint)slice->Stop, (nint)slice->Step]);
        }
        else if (o->Type == api.PyRange_Type)
        {
            PyRangeObject* range = (PyRangeObject*)o;
            parts.AddRange([(nint)range->Start, (nint)range->Stop, (nint)range->Step, (nint)range->Length]);
        }
        return parts;
    }
}
