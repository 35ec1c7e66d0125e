using System.Runtime.CompilerServices;
using Symplast.CPython;
using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

public class SubinterpreterTests
{
    [Fact]
    public void AnotherInterpreterReadsTheSameObjects() => Hosted.Run("""
        data = freeze({"list": [1, 2.5, "text"], "set": {1, "x"}, 10**20: b"bytes", "żółw": None})
        with Interpreter() as other:
            other.run('''
        check.assertEqual(thaw(data), {"list": [1, 2.5, "text"], "set": {1, "x"}, 10**20: b"bytes", "żółw": None})
        assert data["żółw"] is None and "x" in data["set"] and data[10**20] == b"bytes"
        assert symplast.is_frozen(data) and freeze(data) is data
        check.assertEqual(symplast.pool_of(data).name, "default")
        ''', data=data)
        check.assertEqual(data["list"], (1, 2.5, "text"))
        """);

    [Fact]
    public void WhatAnEndedInterpreterFrozeLivesOn() => Hosted.Run("""
        pool = symplast.Pool("legacy")
        message = pool.freeze(["for the others"])
        with Interpreter() as other:
            other.run("symplast.pool_of(message).freeze({'from': 'the other', 'n': [i / 2 for i in range(10)]})", message=message)
        stats = pool.stats()
        assert stats.objects > 10 and stats.interpreters == 1, stats
        pool.delete()
        """);

    [Fact]
    public void EachInterpreterHasTypesOfItsOwn() => Hosted.Run("""
        with Interpreter() as other:
            other.run(f"assert id(symplast.Pool) != {id(symplast.Pool)}"
                      f" and id(symplast.DeletedError) != {id(symplast.DeletedError)}")
        """);

    [Fact]
    public void ADeletionIsFinalEverywhereAtOnceAndTheMemoryWaitsForTheLastInterpreter() => Hosted.Run("""
        pool = symplast.Pool("leased")
        data = pool.freeze([1.5, "text"])
        with Interpreter() as first, Interpreter() as second:
            first.run("mine = symplast.pool_of(data)", data=data)
            second.run("", data=data)
            check.assertEqual(pool.stats().interpreters, 3)
            pool.delete()
            first.run('''
        assert mine.deleted
        for use in (mine.delete, lambda: mine.freeze(1), lambda: thaw(data)):
            with raises(symplast.DeletedError): use()
        check.assertEqual(data, (1.5, "text"))
        ''')
            check.assertEqual(pool.stats().interpreters, 3)
        stats = pool.stats()
        check.assertEqual((stats.interpreters, stats.used_bytes), (1, 0))
        assert stats.pending_bytes > 0
        """);

    [Fact]
    public void MemoryOfAPoolThatOnlyEndedInterpretersKnewReturnsWithItsDeletion() => Hosted.Run("""
        with Interpreter() as maker:
            maker.run("pool = symplast.Pool('orphan'); data = pool.freeze([1.5])")
        orphan, = [pool for pool in symplast.pools() if pool.name == "orphan"]
        check.assertEqual(orphan.stats().interpreters, 0)
        orphan.delete()
        stats = orphan.stats()
        check.assertEqual((stats.pending_bytes, stats.reserved_bytes), (0, 0))
        """);

    [Fact]
    public void InterpretersWorkAtOnceOnOneGraph() => Hosted.Run("""
        import threading
        graph = freeze({f"node {i}": {"next": [f"node {(i * 7 + j) % 500}" for j in range(5)], "weight": i / 3}
                        for i in range(500)})
        failures = []
        def work():
            try:
                with Interpreter() as other:
                    other.run('''
        for _ in range(5):
            total = 0
            for name, node in graph.items():
                for target in node["next"]: total += graph[target]["weight"]
            mine = freeze([total, name])
        assert total > 0 and isinstance(hash(tuple(graph)), int)
        ''', graph=graph)
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        if failures: raise failures[0]
        """);

    [Fact]
    public void FrozenTextServesAsNameAttributeAndKeywordInEveryInterpreter() => Hosted.Run("""
        names = freeze(["attribute_name", "__len__", "keyword_argument", "żółw"])
        for _ in range(3):
            with Interpreter() as other:
                other.run('''
        class Thing: pass
        for name in names:
            setattr(Thing, name, lambda self: 7)
            assert getattr(Thing(), name)() == 7
            assert sys.intern(name) == name
        assert len(Thing()) == 7
        assert (lambda **named: list(named))(**dict.fromkeys(names)) == list(names)
        assert eval(names[0], {names[0]: 5}) == 5
        ''', names=names)
        check.assertEqual(names[0], "attribute_name")
        """);

    [Fact]
    public unsafe void AnEndedInterpreterLeavesNothingOfTheModuleBehind()
    {
        WeakReference state = null!;
        Hosted.Do(() =>
        {
            ref Api api = ref Api.Table;
            PyObject* path = Hosted.Evaluate("repr(sys.path)");
            string paths = Text.FromPython(path);
            References.Drop(path);
            void* main = api.PyThreadState_Get();
            PyInterpreterConfig configuration =
                new() { AllowThreads = 1, CheckMultiInterpExtensions = 1, Gil = PyInterpreterConfig.OwnGil };
            void* thread;
            Assert.Equal(0, api.Py_NewInterpreterFromConfig(&thread, &configuration).Type);
            try
            {
                Hosted.Execute($"""
                    import sys
                    sys.path[:] = {paths}
                    import collections, symplast
                    with symplast.Pool("left behind") as pool, pool.allocating():
                        symplast.freeze([1.5, collections.Counter("ab")])
                    """);
                state = StateOfThisInterpreter();
            }
            finally
            {
                api.Py_EndInterpreter(thread);
                api.PyThreadState_Swap(main);
            }
        });
        GC.Collect();
        Assert.False(state.IsAlive);
    }

    // In a frame of its own, so that none of the test's holds the object.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static unsafe WeakReference StateOfThisInterpreter()
    {
        PyObject* module = Api.Table.PyImport_ImportModule(Text.Utf8("symplast._symplast"u8));
        WeakReference state = new(InterpreterState.Of(module));
        References.Drop(module);
        return state;
    }
}
