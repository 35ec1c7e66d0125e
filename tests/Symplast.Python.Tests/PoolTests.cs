using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

public class PoolTests
{
    [Fact]
    public void APoolTellsItsNameLimitAndState() => Hosted.Run("""
        pool = symplast.Pool("catalogue", max_bytes=1 << 20)
        check.assertEqual((pool.name, pool.max_bytes, pool.deleted), ("catalogue", 1 << 20, False))
        assert "catalogue" in repr(pool)
        check.assertEqual(symplast.Pool(name="żółw").name, "żółw")
        first, second = symplast.Pool(), symplast.Pool(None, None)
        assert first.name != second.name and first.max_bytes is None
        for each in symplast.pools(): each.delete()
        assert "deleted" in repr(pool)
        """);

    [Fact]
    public void StatisticsFollowWhatIsFrozen() => Hosted.Run("""
        pool = symplast.Pool("counted")
        stats = pool.stats()
        check.assertEqual((stats.name, stats.used_bytes, stats.objects, stats.interpreters, stats.max_bytes, stats.deleted), ("counted", 0, 0, 0, None, False))
        pool.freeze([1.5, 2.5])
        stats = pool.stats()
        assert stats.objects == 3 and stats.used_bytes > 0 and stats.used_bytes % 16 == 0
        assert stats.reserved_bytes >= stats.used_bytes and stats.pending_bytes == 0 and stats.interpreters == 1
        pool.delete()
        stats = pool.stats()
        check.assertEqual((stats.used_bytes, stats.objects, stats.deleted), (0, 0, True))
        assert stats.pending_bytes > 0, "this interpreter may still hold pointers"
        """);

    [Fact]
    public void ADeletedPoolRefusesEveryUse() => Hosted.Run("""
        import pickle
        pool = symplast.Pool("gone")
        frozen = pool.freeze([1, "text"])
        pool.delete()
        assert pool.deleted and pool not in symplast.pools()
        for use in (pool.delete, lambda: pool.freeze(1), pool.allocating, pool.__enter__, lambda: freeze(frozen), lambda: freeze([frozen]),
                    lambda: thaw(frozen), lambda: symplast._symplast._persistent_id(frozen)):
            with raises(symplast.DeletedError, "pool 'gone' was deleted"): use()
        # Pointers that are still held stay readable.
        check.assertEqual(frozen, (1, "text"))
        assert symplast.pool_of(frozen) is pool
        """);

    [Fact]
    public void AWithBlockDeletesThePoolAtItsEnd() => Hosted.Run("""
        with symplast.Pool("block") as pool:
            assert pool in symplast.pools()
        assert pool.deleted
        with raises(ZeroDivisionError):
            with symplast.Pool("failing") as pool: 1 / 0
        assert pool.deleted
        with symplast.Pool("early") as pool: pool.delete()
        """);

    [Fact]
    public void AllocatingChoosesThePoolOfTheThread() => Hosted.Run("""
        import threading
        outer, inner = symplast.Pool("outer"), symplast.Pool("inner")
        default = symplast.current_pool()
        with outer.allocating() as chosen:
            assert chosen is outer is symplast.current_pool()
            with inner.allocating():
                assert symplast.pool_of(freeze([1])) is inner
            assert symplast.pool_of(freeze([1])) is outer
            seen = []
            thread = threading.Thread(target=lambda: seen.append(symplast.current_pool()))
            thread.start()
            thread.join()
            check.assertEqual(seen, [default])
        assert symplast.current_pool() is default
        block = outer.allocating()
        with raises(RuntimeError): block.__exit__(None, None, None)
        with block:
            with raises(RuntimeError): block.__enter__()
        outer.delete()
        inner.delete()
        """);

    [Fact]
    public void TheDefaultPoolIsMadeAnewAfterItsDeletion() => Hosted.Run("""
        first = symplast.current_pool()
        check.assertEqual(first.name, "default")
        first.delete()
        second = symplast.current_pool()
        assert second is not first and not second.deleted
        freeze([1])
        """);

    [Fact]
    public void AnInterpreterKnowsAPoolByOneHandle() => Hosted.Run("""
        import gc, weakref
        pool = symplast.Pool("one handle")
        frozen = pool.freeze([1.5])
        assert symplast.pool_of(frozen) is symplast.pool_of(frozen[0]) is pool
        assert [each for each in symplast.pools() if each.name == "one handle"] == [pool]
        assert symplast.pool_of(1) is None and symplast.pool_of([]) is None
        reference = weakref.ref(pool)
        del pool
        gc.collect()
        assert reference() is None, "nothing else keeps the handle"
        again = symplast.pool_of(frozen)
        assert again.name == "one handle" and not again.deleted
        again.delete()
        """);

    [Fact]
    public void AHandleIsPickledByReference() => Hosted.Run("""
        import copy, pickle
        pool = symplast.Pool("pickled")
        assert pickle.loads(pickle.dumps(pool)) is pool
        assert copy.copy(pool) is pool and copy.deepcopy(pool) is pool
        resolve, (process, number) = pool.__reduce__()
        with raises(symplast.SymplastError, "process"): resolve("another process", number)
        with raises(TypeError): resolve(1, 2)
        pool.delete()
        with raises(symplast.DeletedError): resolve(process, -1)
        """);

    [Fact]
    public void ThreadsFreezeIntoOnePoolAtOnce() => Hosted.Run("""
        import threading
        pool = symplast.Pool("threads")
        results = []
        def work(number):
            for i in range(200):
                results.append((number, i, pool.freeze({"key": [number, i, float(i)]})))
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        for number, i, frozen in results:
            check.assertEqual(frozen["key"], (number, i, float(i)))
        check.assertEqual(len(results), 800)
        pool.delete()
        """);
}
