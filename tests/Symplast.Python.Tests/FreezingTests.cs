using Symplast.CPython;
using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

public class FreezingTests
{
    [Fact]
    public void ConstantsAreTheirOwnFrozenForm() => Hosted.Run("""
        for value in (None, True, False, ..., NotImplemented, 0, 1, -5, 256, "", chr(97), chr(255), b"", b"\x80", ()):
            assert freeze(value) is value, value
        """);

    [Fact]
    public void NumbersKeepTypeValueAndHash() => Hosted.Run("""
        numbers = [5000, -6, 2**30 - 1, 2**30, -2**30, 2**63, -2**64 + 1, 10**1000, 7**5000, 0.0, -0.0, 1.5, float("inf"), 1e308, 1j, complex(-0.0, 2)]
        for value in numbers:
            frozen = freeze(value)
            check.assertEqual((type(frozen), repr(frozen) if type(value) is not int else frozen, hash(frozen)),
                              (type(value), repr(value) if type(value) is not int else value, hash(value)))
            assert symplast.is_frozen(frozen) and frozen is not value
        frozen = freeze(float("nan"))
        assert frozen != frozen
        """);

    [Fact]
    public void TextOfEveryKindKeepsCharactersHashAndUtf8() => Hosted.Run("""
        for value in ("abc", "a" * 10_000, "naïve", "żółw", "漢字", "😀 ok", "a\0b", "\ud800", "x\udfff\U0010ffff", "é", "__len__", "self"):
            frozen = freeze(value)
            check.assertEqual((frozen, hash(frozen), len(frozen)), (value, hash(value), len(value)))
            check.assertEqual(frozen.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass"))
            assert symplast.is_frozen(frozen)
            assert sys.intern(frozen) == value
        """);

    [Fact]
    public void BytesRangesAndSlicesKeepTheirValue() => Hosted.Run("""
        for value in (b"ab", bytes(1000), range(0), range(10), range(-5, 10**30, 7), slice(None), slice(1, 2), slice("a", (1, 2.5), [3])):
            frozen = freeze(value)
            assert type(frozen) is type(value) and symplast.is_frozen(frozen)
            check.assertEqual(repr(frozen), repr(value).replace("[3]", "(3,)"))
        check.assertEqual(freeze(bytearray(b"xyz")), b"xyz")
        """);

    [Fact]
    public void ContainersBecomeTheirImmutableForm() => Hosted.Run("""
        import types
        mapping = type(freeze({}))
        assert mapping is (frozendict if sys.version_info >= (3, 15) else types.MappingProxyType)
        check.assertEqual(freeze([1, [2, ()], (3,)]), (1, (2, ()), (3,)))
        for value in (set(), {1}, {1, "a", (2, 3)}, set(range(1000)), frozenset("abc")):
            frozen = freeze(value)
            assert type(frozen) is frozenset and frozen == value and all(member in frozen for member in value)
        for value in ({}, {"a": 1}, {1: 2, "x": [3], (1, 2): None}, {i: str(i) for i in range(5000)}, {f"k{i}": i for i in range(300)}):
            frozen = freeze(value)
            assert type(frozen) is mapping and list(frozen) == list(value) and len(frozen) == len(value)
            for key in value:
                check.assertEqual(thaw(frozen[key]), value[key])
        """);

    [Fact]
    public void TablesWithHolesAreRebuilt() => Hosted.Run("""
        d = {i: i for i in range(1000)}
        for i in range(0, 1000, 3): del d[i]
        frozen = freeze(d)
        check.assertEqual(dict(frozen), d)
        assert 3 not in frozen and frozen.get(0) is None
        s = set(range(1000))
        s -= set(range(0, 1000, 3))
        frozen = freeze(s)
        assert frozen == s and 3 not in frozen and 4 in frozen
        """);

    [Fact]
    public void KeysWithEqualHashesAreAllFound() => Hosted.Run("""
        modulus = sys.hash_info.modulus
        keys = [i * modulus + 7 for i in range(50)]
        assert len(set(map(hash, keys))) == 1
        frozen = freeze({key: index for index, key in enumerate(keys)})
        check.assertEqual([frozen[key] for key in keys], list(range(50)))
        members = freeze(set(keys))
        assert all(key in members for key in keys) and 50 * modulus + 7 not in members
        """);

    [Fact]
    public void DictsWithAnOrderOrADefaultFreezeAsDicts() => Hosted.Run("""
        from collections import Counter, OrderedDict, defaultdict
        ordered = OrderedDict.fromkeys("dcba")
        ordered.move_to_end("d")
        check.assertEqual(list(freeze(ordered)), list("cbad"))
        check.assertEqual(dict(freeze(defaultdict(list, {"a": [1]}))), {"a": (1,)})
        check.assertEqual(dict(freeze(Counter("aab"))), {"a": 2, "b": 1})
        """);

    [Fact]
    public void InstanceDictionariesFreezeAsDicts() => Hosted.Run("""
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y
        check.assertEqual(dict(freeze(vars(Point(1, [2])))), {"x": 1, "y": (2,)})
        """);

    [Fact]
    public void SubclassesFreezeAsTheirBase() => Hosted.Run("""
        class L(list): pass
        class T(tuple): pass
        class S(set): pass
        class F(frozenset): pass
        check.assertEqual(freeze([L([1]), T((2,)), S({3}), F({4})]), ((1,), (2,), frozenset({3}), frozenset({4})))
        """);

    [Fact]
    public void SharingAndCyclesAreKept() => Hosted.Run("""
        part = ["x" * 50]
        frozen = freeze({"a": part, "b": [part, part], part[0]: part})
        assert frozen["a"] is frozen["b"][0] is frozen["b"][1] and frozen["a"][0] is list(frozen)[2]
        ring = [1]
        ring.append(ring)
        frozen = freeze(ring)
        assert frozen[1] is frozen
        node = {"next": [{}]}
        node["next"][0]["back"] = node
        frozen = freeze(node)
        assert frozen["next"][0]["back"] is frozen
        """);

    [Fact]
    public void WhatIsFrozenIsReturnedAsItIs() => Hosted.Run("""
        frozen = freeze([1, {"a": "long enough"}])
        assert freeze(frozen) is frozen
        assert freeze([frozen, frozen[1]])[0] is frozen
        with symplast.Pool("elsewhere") as pool:
            assert pool.freeze(frozen) is frozen
            copy = pool.freeze([frozen])
            assert symplast.pool_of(copy[0]) is pool and copy[0] == frozen and copy[0] is not frozen
        """);

    [Fact]
    public void DepthIsLimitedByMemoryOnly() => Hosted.Run("""
        deep = None
        for i in range(300_000): deep = [deep] if i % 2 else {"d": deep}
        frozen = freeze(deep)
        thawed = thaw(frozen)
        for i in reversed(range(300_000)):
            deep, thawed = (deep[0], thawed[0]) if i % 2 else (deep["d"], thawed["d"])
        assert deep is None and thawed is None
        """);

    [Fact]
    public void DatesFreezeWhereTheirTypesAreStatic() => Hosted.Run("""
        import datetime as dt
        values = [dt.date(2024, 2, 29), dt.time(1, 2, 3, 4), dt.time(1, tzinfo=dt.timezone.utc), dt.timedelta(-1, 2, 3), dt.timezone.utc,
                  dt.datetime(2024, 1, 1, 12, fold=1), dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)]
        for value in values:
            if sys.version_info < (3, 13):
                with raises(symplast.NotShareableError, "value: ", "cannot be frozen"): freeze(value)
                continue
            frozen = freeze(value)
            check.assertEqual((type(frozen), frozen, hash(frozen)), (type(value), value, hash(value)))
            check.assertEqual(thaw(frozen), value)
            assert symplast.pool_of(frozen) is not None or value is dt.timezone.utc
        zoned = dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))
        with raises(symplast.NotShareableError, "zoned: "): freeze(zoned)
        """);

    [Fact]
    public void DefaultMapsWhatCannotBeFrozen() => Hosted.Run("""
        from decimal import Decimal
        from fractions import Fraction
        def default(o):
            if isinstance(o, Decimal): return ("decimal", str(o))
            if isinstance(o, Fraction): return [Decimal(o.numerator), o.denominator]
            raise TypeError("unknown")
        check.assertEqual(freeze([Decimal("1.5"), Fraction(1, 2)], default=default), (("decimal", "1.5"), (("decimal", "1"), 2)))
        check.assertEqual(freeze(Decimal(1), default), ("decimal", "1"))
        with raises(TypeError, "unknown", "while freezing obj[0]"): freeze([object()], default=default)
        """);

    [Theory]
    [InlineData("symplast.current_pool().freeze")]
    [InlineData("symplast.thaw")]
    public unsafe void KeyboardInterruptArrivesAndThePoolIsAsItWas(string function) =>
        // From C#, because the interpreter loop itself would take the signal before the call.
        Hosted.Do(() =>
        {
            ref Api api = ref Api.Table;
            string data = "[[i] for i in range(200_000)]";
            PyObject* call = Hosted.Evaluate(function);
            PyObject* argument = Hosted.Evaluate(function == "symplast.thaw" ? $"freeze({data})" : data);
            PyObject* before = Hosted.Evaluate("symplast.current_pool().stats()");
            api.PyErr_SetInterrupt();
            PyObject* result = api.PyObject_CallOneArg(call, argument);
            bool interrupted = result == null && api.PyErr_ExceptionMatches(*api.PyExc_KeyboardInterrupt) != 0;
            api.PyErr_Clear();
            PyObject* after = Hosted.Evaluate("symplast.current_pool().stats()");
            bool same = api.PyObject_RichCompareBool(before, after, PythonEquals) == 1;
            foreach (nint o in (ReadOnlySpan<nint>)[(nint)call, (nint)argument, (nint)before, (nint)result, (nint)after]) References.Drop((PyObject*)o);
            Assert.True(interrupted);
            Assert.True(same);
        });

    const int PythonEquals = 2;
}
