using CsCheck;
using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

public class ThawingTests
{
    [Fact]
    public void ThawingGivesBackTheTypesThatWereFrozen() => Hosted.Run("""
        value = {"list": [1, 2], "tuple": (1, 2), "set": {1}, "frozenset": frozenset({1}), "dict": {}, "bytearray": bytearray(b"a"), "bytes": b"a",
                 "empty": [[], (), set(), frozenset(), {}, bytearray(), b"", ""], "range": range(3, 10**20), "slice": slice(1, None, "s"),
                 "numbers": [10**30, 1.5, 2j, True], "text": ["long enough", "żółw", "😀", "\ud800"], 1.5: None, (1, (2,)): ...}
        thawed = thaw(freeze(value))
        check.assertEqual(thawed, value)
        check.assertEqual(repr(thawed), repr(value))
        """);

    [Fact]
    public void AThawedGraphIsLocalThroughout() => Hosted.Run("""
        thawed = thaw(freeze([["a text", 1.5, 10**10], {"key": {2.5}}, bytearray(b"xyz")]))
        for o in (thawed, thawed[0], thawed[0][0], thawed[0][1], thawed[0][2], thawed[1], *thawed[1], thawed[1]["key"], *thawed[1]["key"], thawed[2]):
            assert symplast.pool_of(o) is None, o
        thawed[0].append(1)
        thawed[1]["new"] = 2
        """);

    [Fact]
    public void SharingAndCyclesSurvive() => Hosted.Run("""
        part = [1]
        ring = {"part": part, "again": [part, (part,)]}
        ring["ring"] = [ring]
        thawed = thaw(freeze(ring))
        assert thawed["part"] is thawed["again"][0] is thawed["again"][1][0]
        assert thawed["ring"][0] is thawed
        """);

    [Fact]
    public void WhatIsNotFrozenIsReturnedAsItIs() => Hosted.Run("""
        for value in ([1], object(), None, "local"):
            assert thaw(value) is value
        """);

    [Fact]
    public void APartCanBeThawedAlone() => Hosted.Run("""
        frozen = freeze({"a": [1, {"b": {2}}]})
        check.assertEqual(thaw(frozen["a"]), [1, {"b": {2}}])
        check.assertEqual(thaw(frozen["a"][1]["b"]), {2})
        """);

    [Fact]
    public void CopiesOfFrozenObjectsFreezeAndThawAsTheOriginals() => Hosted.Run("""
        with symplast.Pool("first") as first, symplast.Pool("second") as second:
            value = {"list": [[], 1.5], "bytearray": bytearray(), "set": {1, 2.5}}
            check.assertEqual(repr(thaw(second.freeze([first.freeze(value)]))), repr([value]))
        """);

    [Fact]
    public void AnyPlainValueComesBackEqualAndOfTheSameTypes()
    {
        Gen<string> text = Gen.OneOf(Gen.String[Gen.Char[' ', '~'], 0, 8], Gen.String[0, 6]).Select(PythonLiteral);
        Gen<string> number = Gen.OneOf(
            Gen.Int[-300, 300].Select(i => i.ToString()), Gen.Long.Select(i => i.ToString()), Gen.Int[0, 400].Select(i => $"(3**{i})"),
            Gen.Double.Where(double.IsFinite).Select(d => d.ToString("R")).Select(d => d.Contains('.') || d.Contains('E') ? d : d + ".0"));
        Gen<string> leaf = Gen.OneOf(text, number, Gen.OneOf("None", "True", "...", "b'bytes'", "b''", "2j", "range(2, 9, 3)", "slice(1, None)"));
        Gen<string> key = Gen.OneOf(text, number, Gen.Select(text, number, (a, b) => $"({a}, {b})"), Gen.Const("frozenset({1, 'x'})"));
        Gen<string> value = Gen.Recursive<string>((depth, inner) => depth > 4 ? leaf : Gen.Frequency(
            (3, leaf),
            (2, inner.Array[0, 5].Select(parts => $"[{string.Join(", ", parts)}]")),
            (1, inner.Array[0, 4].Select(parts => $"({string.Concat(parts.Select(part => part + ", "))})")),
            (2, Gen.Select(key, inner).Array[0, 12].Select(items => $"{{{string.Join(", ", items.Select(item => $"{item.Item1}: {item.Item2}"))}}}")),
            (1, key.Array[1, 12].Select(members => $"{{{string.Join(", ", members)}}}")),
            (1, key.Array[0, 3].Select(members => $"frozenset([{string.Join(", ", members)}])")),
            (1, inner.Select(part => $"(lambda x: [x, x, {{'again': x}}])({part})"))));
        Hosted.Need();
        value.Sample(
            literal => Hosted.Do(() => Hosted.Execute($$"""
                with symplast.Pool("random") as pool:
                    value = {{literal}}
                    thawed = thaw(pool.freeze(value))
                    check.assertEqual(thawed, value)
                    def shape(o):
                        # The order of a set differs with the history of its table.
                        if isinstance(o, (set, frozenset)): return type(o), frozenset(map(shape, o))
                        if isinstance(o, dict): return dict, tuple((shape(k), shape(v)) for k, v in o.items())
                        if isinstance(o, (list, tuple)): return type(o), tuple(map(shape, o))
                        return type(o), repr(o)
                    check.assertEqual(shape(thawed), shape(value))
                """)),
            iter: 300,
            threads: 1);
    }

    static string PythonLiteral(string text) => $"'{string.Concat(text.Select(c => $"\\u{(int)c:x4}"))}'";
}
