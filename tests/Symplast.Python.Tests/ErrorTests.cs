using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

public class ErrorTests
{
    [Fact]
    public void TheTypesFitTheirPlaceAmongPythonsOwn() => Hosted.Run("""
        for kind, base in ((symplast.NotShareableError, TypeError), (symplast.DeletedError, ReferenceError),
                           (symplast.PoolInUseError, RuntimeError), (symplast.PoolFullError, MemoryError)):
            assert issubclass(kind, symplast.SymplastError) and issubclass(kind, base)
            assert kind.__module__ == "symplast" and kind.__doc__
        """);

    [Fact]
    public void WhatCannotBeFrozenIsNamedWithItsPlace() => Hosted.Run("""
        class Foo: pass
        catalogue = {"items": [0, 1, 2, {"owner": Foo()}]}
        with raises(symplast.NotShareableError, "catalogue['items'][3]['owner']: ", "Foo"): freeze(catalogue)
        with raises(symplast.NotShareableError, "Foo"): freeze(Foo())
        with raises(symplast.NotShareableError, "obj[0]", "module"): freeze([sys])
        pairs = {Foo(): 1}
        with raises(symplast.NotShareableError, "pairs.keys()", "Foo"): freeze(pairs)
        members = [{Foo()}]
        with raises(symplast.NotShareableError, "members[0]{member}", "Foo"): freeze(members)
        cut = slice(1, Foo())
        with raises(symplast.NotShareableError, "cut.stop", "Foo"): freeze(cut)
        """);

    [Fact]
    public void ClassesWithAMeaningOfTheirOwnAreRefused() => Hosted.Run("""
        import collections, dataclasses, decimal, enum, pathlib, re
        Pair = collections.namedtuple("Pair", "a b")
        @dataclasses.dataclass
        class Record: x: int = 1
        class Colour(enum.Enum): RED = 1
        class Money(int): pass
        class Name(str): pass
        class Table(dict): pass
        for value in (Pair(1, 2), Record(), Colour.RED, Money(3), Name("n"), Table(), decimal.Decimal(1), pathlib.Path("."),
                      re.compile("x"), len, Record, memoryview(b"")):
            with raises(symplast.NotShareableError, f"[0]: {type(value).__name__}"): freeze([value])
        """);

    [Fact]
    public void KeysWhoseFrozenFormIsNotHashableOrNotDifferentAreRefused() => Hosted.Run("""
        class Hashable(dict): __hash__ = object.__hash__
        default = lambda o: [{}] if sys.version_info < (3, 15) else NotImplemented
        if sys.version_info < (3, 15):
            with raises(symplast.NotShareableError, "not hashable"): freeze({object(): 1}, default=default)
            with raises(symplast.NotShareableError, "not hashable"): freeze({object()}, default=default)
        with raises(symplast.NotShareableError, "equal once frozen"): freeze({object(): 1, object(): 2}, default=lambda o: "same")
        check.assertEqual(freeze({object(), object()}, default=lambda o: "same"), frozenset({"same"}))
        """);

    [Fact]
    public void AFullPoolStaysAsItWas() => Hosted.Run("""
        with symplast.Pool("small", max_bytes=4096) as pool:
            kept = pool.freeze(["kept", 1.5])
            before = pool.stats()
            with raises(symplast.PoolFullError, "pool 'small' is full", "max_bytes=4096"):
                pool.freeze([float(i) for i in range(1000)])
            check.assertEqual(pool.stats(), before)
            check.assertEqual(kept, ("kept", 1.5))
            pool.freeze(2.5)
        """);

    [Fact]
    public void AnErrorLeavesThePoolAsItWas() => Hosted.Run("""
        with symplast.Pool("atomic") as pool:
            pool.freeze("something there")
            before = pool.stats()
            for bad in ([float(i) for i in range(100_000)] + [object()], {"a": [1.5, {object()}]}, [object()] * 2):
                with raises(symplast.NotShareableError): pool.freeze(bad)
                check.assertEqual(pool.stats(), before)
            with raises(ZeroDivisionError): pool.freeze([1.5, object()], default=lambda o: 1 / 0)
            check.assertEqual(pool.stats(), before)
        """);

    [Fact]
    public void ADefaultThatChangesWhatIsBeingFrozenIsFoundOut() => Hosted.Run("""
        def changing(change):
            marker = object()
            data = {"done": [1.5], "list": [1, 2, marker], "dict": {1: marker}, "set": {1}, "bytes": bytearray(b"abc")}
            def default(o):
                change(data)
                return None
            with raises(RuntimeError, "changed while it was being frozen"): freeze(data, default=default)
        changing(lambda data: data["list"].append(1))
        changing(lambda data: data["list"].clear())
        changing(lambda data: data["list"].__setitem__(0, "other"))
        changing(lambda data: data.update(new=1))
        changing(lambda data: data["done"].append(1))
        changing(lambda data: data["done"].__setitem__(0, 2.5))
        changing(lambda data: data.clear())
        """);

    [Fact]
    public void ADefaultThatLeadsNowhereIsRefused() => Hosted.Run("""
        with raises(symplast.NotShareableError, "itself"): freeze(object(), default=lambda o: o)
        with raises(symplast.NotShareableError, "100 times"): freeze(object(), default=lambda o: object())
        """);

    [Fact]
    public void WrongArgumentsAreRefusedAsPythonWould() => Hosted.Run("""
        pool = symplast.Pool()
        for call in (lambda: freeze(), lambda: freeze(1, None, 2), lambda: freeze(1, obj=2), lambda: freeze(1, other=2),
                     lambda: freeze(1, default=3), lambda: pool.freeze(), lambda: thaw(),
                     lambda: symplast.Pool(1), lambda: symplast.Pool("a", 1, 2), lambda: symplast.Pool(size=1),
                     lambda: symplast.Pool("a", name="b"), lambda: symplast.Pool(max_bytes="1")):
            with raises(TypeError): call()
        with raises(ValueError, "max_bytes"): symplast.Pool(max_bytes=-1)
        with raises(OverflowError): symplast.Pool(max_bytes=2**70)
        check.assertEqual(freeze(obj=[1], default=None), (1,))
        pool.delete()
        """);

    [Fact]
    public void ANumberThatIsNoPersistentIdIsRefused() => Hosted.Run("""
        load, id_of = symplast._symplast._persistent_load, symplast._symplast._persistent_id
        frozen = freeze(["an object", 1.5])
        assert load(id_of(frozen)) is frozen
        assert id_of([]) is None and id_of("local") is None
        for number in (0, -1, 1, 2**64 - 1, 2**64, id(sys), id_of(frozen) + 1, id_of(frozen) + 8):
            with raises((ValueError, OverflowError, symplast.DeletedError)): load(number)
        with raises(TypeError): load("1")
        """);
}
