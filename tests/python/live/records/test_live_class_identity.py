"""An object belongs to the class that it was made with, in every interpreter, whatever else has the name of this class."""

import gc
import importlib
import importlib.util
import os
import sys
import tempfile
import textwrap
import types
import unittest
import weakref

import child
import live_classes
import symplast


def currency(unit):
    class Money(symplast.Object):
        amount: int = 0

        def show(self):
            return f"{self.amount} {unit}"

    return Money


def shown(holder):
    return [(each.show(), type(each).__qualname__) for each in holder]


def same_classes(holder):
    return len({type(each) for each in holder})


class TwoOfOneName(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.executor = symplast.InterpreterPoolExecutor(2)
        cls.addClassCleanup(cls.executor.shutdown)

    def test_from_one_function(self):
        euros, dollars = currency("EUR"), currency("USD")
        holder = symplast.List([euros(1), dollars(2), euros(3)])
        self.assertEqual([type(each) for each in holder], [euros, dollars, euros])
        expected = [("1 EUR", euros.__qualname__), ("2 USD", euros.__qualname__), ("3 EUR", euros.__qualname__)]
        self.assertEqual(shown(holder), expected)
        for future in [self.executor.submit(shown, holder) for _ in range(4)]:
            self.assertEqual(future.result(), expected)
        self.assertEqual(self.executor.submit(same_classes, holder).result(), 2)
        self.assertIs(type(self.executor.submit(lambda h: h[1], holder).result()), dollars)

    def test_counted_under_one_name(self):
        with symplast.Pool("counted") as pool, pool.allocating():
            kept = [currency("EUR")(), currency("USD")()]
            name = f"{__name__}.currency.<locals>.Money"
            self.assertEqual(pool.stats().live.get(name), 2)
            del kept

    def test_made_by_the_metaclass(self):
        # Neither is what its module has under the name.
        make = lambda value: type(symplast.Object)("Twin", (symplast.Object,),
                                                   {"__module__": "live_classes", "value": lambda self: value})
        first, second = make(1), make(2)
        holder = symplast.List([first(), second()])
        values = lambda h: [each.value() for each in h]
        self.assertEqual((values(holder), self.executor.submit(values, holder).result()), ([1, 2], [1, 2]))
        self.assertEqual([type(each) for each in holder], [first, second])

    def test_one_that_takes_the_name_of_an_imported_one(self):
        class Point(live_classes.Point):
            def norm(self):
                return "mine"

        Point.__module__, Point.__qualname__ = "live_classes", "Point"
        holder = symplast.List([Point(3, 4.0), live_classes.Point(3, 4.0)])
        norms = lambda h: [each.norm() for each in h]
        self.assertEqual((norms(holder), self.executor.submit(norms, holder).result()), (["mine", 5.0], ["mine", 5.0]))
        self.assertIs(type(holder[1]), live_classes.Point)


class Modules(unittest.TestCase):
    """A module whose file changes."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        sys.path.insert(0, directory.name)
        self.addCleanup(sys.path.remove, directory.name)
        self.name = f"changing_{self._testMethodName}"
        self.addCleanup(lambda: sys.modules.pop(self.name, None))
        self.path = os.path.join(directory.name, self.name + ".py")

    def write(self, answer):
        with open(self.path, "w") as file:
            file.write(textwrap.dedent(f"""
                import symplast
                class Thing(symplast.Object):
                    value: int = 0
                    def answer(self):
                        return {answer!r}
                class Derived(Thing):
                    pass
                def make():
                    return Thing()
                def answers(holder):
                    return [each.answer() for each in holder]
                def is_ours(o):
                    return isinstance(o, Thing)
            """))
        importlib.invalidate_caches()

    def test_is_reloaded(self):
        self.write("old")
        module = importlib.import_module(self.name)
        Old, OldDerived = module.Thing, module.Derived
        with symplast.InterpreterPoolExecutor(1) as before:
            holder = symplast.List([Old(), OldDerived()])
            self.assertEqual(before.submit(module.answers, holder).result(), ["old", "old"])
            self.assertTrue(before.submit(module.is_ours, holder[0]).result())
            self.write("the new one")
            module = importlib.reload(module)
            holder += [module.Thing(), module.Derived()]
            classes = [Old, OldDerived, module.Thing, module.Derived]
            expected = ["old", "old", "the new one", "the new one"]
            gc.collect()
            self.assertEqual(([type(each) for each in holder], module.answers(holder)), (classes, expected))
            self.assertEqual(before.submit(module.answers, holder).result(), expected)
            with symplast.InterpreterPoolExecutor(1) as after:
                self.assertEqual(after.submit(module.answers, holder).result(), expected)
                self.assertEqual([after.submit(module.is_ours, each).result() for each in holder], [False, False, True, True])
                holder.append(after.submit(module.make).result())
            holder.append(before.submit(module.make).result())
            self.assertEqual([type(each) for each in holder], [*classes, module.Thing, Old])

    def test_is_reloaded_unchanged(self):
        self.write("same")
        module = importlib.import_module(self.name)
        Old = module.Thing
        old = Old()
        module = importlib.reload(module)
        new = module.Thing()
        holder = symplast.List([old, new])
        self.assertEqual([type(each) for each in holder], [Old, module.Thing])
        with symplast.InterpreterPoolExecutor(1) as executor:
            self.assertEqual(executor.submit(module.answers, holder).result(), ["same", "same"])
            self.assertIs(type(executor.submit(module.make).result()), module.Thing)

    def test_is_imported_anew(self):
        self.write("first")
        First = importlib.import_module(self.name).Thing
        holder = symplast.List([First()])
        self.write("second, which is longer")
        del sys.modules[self.name]
        module = importlib.import_module(self.name)
        holder.append(module.Thing())
        with symplast.InterpreterPoolExecutor(1) as executor:
            self.assertEqual(executor.submit(module.answers, holder).result(), ["first", "second, which is longer"])
        self.assertEqual([type(each) for each in holder], [First, module.Thing])

    def test_is_run_without_being_imported(self):
        self.write("loaded")
        spec = importlib.util.spec_from_file_location(self.name, self.path)
        modules = [importlib.util.module_from_spec(spec) for _ in range(2)]
        for module in modules:
            spec.loader.exec_module(module)
        holder = symplast.List([module.Thing(i) for i, module in enumerate(modules)])
        self.assertEqual([type(each) for each in holder], [module.Thing for module in modules])
        with symplast.InterpreterPoolExecutor(1) as executor:
            self.assertEqual(executor.submit(lambda h: [each.answer() for each in h], holder).result(), ["loaded"] * 2)

    def test_has_changed_where_another_interpreter_imports_it(self):
        self.write("old")
        module = importlib.import_module(self.name)
        o = module.Thing(5)
        self.write("another one")
        with symplast.InterpreterPoolExecutor(1) as executor:
            with self.assertRaisesRegex(symplast.NotShareableError, f"{self.name}.Thing .* defined in another way"):
                executor.submit(module.answers, symplast.List([o])).result()
            # What is made there is not an object of the class here.
            theirs = executor.submit(module.make).result()
        self.assertEqual((theirs.answer(), isinstance(theirs, module.Thing)), ("another one", False))

    def test_makes_an_object_while_it_is_imported(self):
        with open(self.path, "w") as file:
            file.write(textwrap.dedent("""
                import symplast
                class Registered(symplast.Object):
                    def __init_subclass__(cls):
                        cls.first = symplast.AtomicRef(None)
                def decorate(cls):
                    cls.sample = cls()
                    return cls
                @decorate
                class Thing(symplast.Object):
                    value: int = 7
                DEFAULT = Thing(8)
                def check(o):
                    return isinstance(o, Thing), o.value
            """))
        importlib.invalidate_caches()
        module = importlib.import_module(self.name)
        with symplast.InterpreterPoolExecutor(1) as executor:
            for o, value in ((module.DEFAULT, 8), (module.Thing.sample, 7)):
                self.assertEqual(executor.submit(module.check, o).result(), (True, value))


class Scripts(unittest.TestCase):
    def test_a_class_that_is_defined_again(self):
        self.assertEqual(child.run("""
            import symplast
            class Money(symplast.Object):
                amount: int = 0
                def show(self): return f"{self.amount} EUR"
            old = Money(1)
            Old = Money
            class Money(symplast.Object):
                amount: int = 0
                def show(self): return f"{self.amount} USD"
            holder = symplast.Dict(old=old, new=Money(2))
            def show(holder): return [(each.show(), type(each) is Money) for each in holder.values()]
            with symplast.InterpreterPoolExecutor(1) as executor:
                print(show(holder), executor.submit(show, holder).result(), type(holder["old"]) is Old)
        """), "[('1 EUR', False), ('2 USD', True)] [('1 EUR', False), ('2 USD', True)] True\n")

    def test_what_the_script_changes_is_seen(self):
        self.assertEqual(child.run("""
            import symplast
            RATE = 1
            def helper(x): return x
            class Base(symplast.Object):
                BONUS = 0
            class Account(Base):
                amount: int = 0
                def total(self): return helper(self.amount * RATE) + self.BONUS
            account = Account(10)
            def total(holder): return holder["a"].total()
            holder = symplast.Dict(a=account)
            with symplast.InterpreterPoolExecutor(2) as executor:
                def everywhere():
                    return {future.result() for future in [executor.submit(total, holder) for _ in range(6)]} | {
                        executor.submit(account.total).result()}
                print(everywhere())
                RATE = 2
                print(everywhere())
                def helper(x): return 100 * x
                print(everywhere())
                Base.BONUS = 7
                print(everywhere())
                Account.total = lambda self: "patched"
                print(everywhere())
                RATE = 3
                Account.total = lambda self: self.amount * RATE
                with symplast.InterpreterPoolExecutor(1) as later:
                    print(everywhere(), later.submit(total, holder).result())
        """), "{10}\n{20}\n{2000}\n{2007}\n{'patched'}\n{30} 30\n")

    def test_a_class_whose_first_object_a_worker_makes(self):
        self.assertEqual(child.run("""
            import symplast
            RATE = 5
            class Thing(symplast.Object):
                value: int = 0
                def rated(self): return self.value * RATE
            def fill(holder):
                holder["t"] = Thing(3)
            def local(holder):
                class Local(Thing):
                    def twice(self): return 2 * self.rated()
                holder["l"] = Local(4)
            def read(holder):
                return holder["t"].rated(), type(holder["t"]) is Thing, holder["l"].twice(), isinstance(holder["l"], Thing)
            holder = symplast.Dict()
            with symplast.InterpreterPoolExecutor(1) as first, symplast.InterpreterPoolExecutor(1) as second:
                first.submit(fill, holder).result()
                first.submit(local, holder).result()
                print(second.submit(read, holder).result())
                print(read(holder), RATE)
                RATE = 6
                print(first.submit(read, holder).result(), second.submit(read, holder).result(), read(holder))
            with symplast.InterpreterPoolExecutor(1) as third:
                print(third.submit(read, holder).result())
        """), "(15, True, 40, True)\n(15, True, 40, True) 5\n"
             "(18, True, 48, True) (18, True, 48, True) (18, True, 48, True)\n(18, True, 48, True)\n")

    def test_what_a_worker_leaves_changes_nothing_in_the_program(self):
        self.assertEqual(child.run("""
            import symplast
            hits, names = 0, {"kept": 1}
            def count():
                global hits
                hits += 1
                names["worker"] = hits
                return hits
            def make(holder):
                for _ in range(3): count()
                class Local(symplast.Object):
                    def count(self): return count(), sorted(names)
                holder["l"] = Local()
            holder = symplast.Dict()
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(make, holder).result()
                print(hits, dict(names), holder["l"].count(), hits, names)
        """), "0 {'kept': 1} (1, ['kept', 'worker']) 1 {'kept': 1, 'worker': 1}\n")

    def test_an_interrupt_while_it_is_published_is_not_lost(self):
        self.assertEqual(child.run("""
            import symplast
            class Interrupts:
                what = KeyboardInterrupt
                def __reduce__(self):
                    if self.what: raise self.what
                    return int, ()
            constant = Interrupts()
            class Thing(symplast.Object):
                def look(self): return constant
            for what in (KeyboardInterrupt, SystemExit, MemoryError):
                Interrupts.what = what
                try:
                    Thing()
                except BaseException as error:
                    print(type(error).__name__)
            Interrupts.what = None
            holder = symplast.List([Thing()])
            with symplast.InterpreterPoolExecutor(1) as executor:
                print(executor.submit(lambda h: h[0].look(), holder).result())
        """), "KeyboardInterrupt\nSystemExit\nMemoryError\n0\n")


class Globals(unittest.TestCase):
    def test_that_are_live_reach_every_worker(self):
        # Also those to which the function goes when the first message is long gone; and a definition that is replaced while a
        # task that has it waits.
        self.assertEqual(child.run("""
            import gc, symplast
            board, arrived = symplast.Dict(k=1), symplast.AtomicInt()
            class Thing(symplast.Object):
                def look(self): return board["k"]
            def look(thing, number):
                arrived.add(1)
                while arrived.value < number: pass
                return board["k"], thing.look()
            thing = Thing()
            with symplast.InterpreterPoolExecutor(3) as executor:
                print(executor.submit(look, thing, 1).result())
                arrived.value = 0
                print([future.result() for future in [executor.submit(look, thing, 3) for _ in range(3)]])
                arrived.value = 0
                waiting = [executor.submit(look, thing, 4) for _ in range(3)] + [executor.submit(look, thing, 0)]
                board = symplast.Dict(k=2)
                gc.collect()
                arrived.add(1)
                print({future.result() for future in waiting}, executor.submit(look, thing, 0).result())
        """), "(1, 1)\n[(1, 1), (1, 1), (1, 1)]\n{(1, 1)} (2, 2)\n")

    def test_that_are_live_and_unchanged_are_sent_once(self):
        # A function and a class that name the same live object do not make each other's definitions stale.
        self.assertEqual(child.run("""
            import symplast
            board = symplast.Dict(k=1)
            class Thing(symplast.Object):
                def look(self): return board["k"]
            def look(thing): return board["k"] + thing.look()
            thing = Thing()
            def version(): return vars(Thing)["__symplast_source__"].definition.version
            with symplast.InterpreterPoolExecutor(2) as executor:
                executor.submit(look, thing).result()
                first = version()
                for _ in range(20):
                    assert executor.submit(look, thing).result() == 2
                    assert version() == first
                board = symplast.Dict(k=2)
                print(executor.submit(look, thing).result(), version() == first)
        """), "4 False\n")

    def test_that_change_all_the_time_arrive_all_the_time(self):
        # Workers read definitions of the class that are replaced meanwhile.
        self.assertEqual(child.run("""
            import symplast
            class Thing(symplast.Object):
                def look(self): return board["k"]
            def look(thing): return board["k"], thing.look()
            board = symplast.Dict(k=0)
            thing = Thing()
            with symplast.InterpreterPoolExecutor(3) as executor:
                waiting = []
                for number in range(300):
                    board = symplast.Dict(k=number)
                    waiting.append(executor.submit(look, thing))
                found = [future.result() for future in waiting]
            print(all(0 <= k < 300 for pair in found for k in pair), found[-1] == (299, 299))
        """), "True True\n")

    def test_that_are_deleted_are_missed_only_by_those_who_use_them(self):
        self.assertEqual(child.run("""
            import symplast
            class Thing(symplast.Object):
                value: int = 5
                def look(self): return board["k"]
            thing = Thing()
            def look(thing): return thing.look()
            def value(thing): return thing.value
            with symplast.Pool("short") as pool, pool.allocating():
                board = symplast.Dict(k=1)
                with symplast.InterpreterPoolExecutor(1) as executor:
                    print(executor.submit(look, thing).result())
            with symplast.InterpreterPoolExecutor(1) as executor:
                print(executor.submit(value, thing).result(), type(executor.submit(look, thing).exception()).__name__)
        """), "1\n5 PicklingError\n")


class Lifetimes(unittest.TestCase):
    def test_a_local_class_is_collected_and_comes_back(self):
        with symplast.Pool("brief") as pool, pool.allocating():
            holder = symplast.List()

            def make(value):
                class Local(symplast.Object):
                    def value(self):
                        return value

                holder.append(Local())
                return weakref.ref(Local)

            gone = [make(value) for value in range(5)]
            gc.collect()
            self.assertEqual([each() for each in gone], [None] * 5)
            self.assertEqual([each.value() for each in holder], list(range(5)))
            self.assertEqual(len({type(each) for each in holder}), 5)

    def test_a_class_with_a_handle_stays(self):
        def make():
            class Local(symplast.Object):
                value: int = 1

            return Local(), weakref.ref(Local)

        for _ in range(20):
            o, alive = make()
            gc.collect()
            self.assertIs(type(o), alive())
            self.assertEqual(type(o)(5).value, 5)
            symplast.delete(o)
            gc.collect()
            self.assertIs(type(o), alive())
            del o
            gc.collect()
            self.assertIsNone(alive())

    def test_a_class_that_is_let_go_makes_objects_again(self):
        class Local(symplast.Object):
            value: int = 1

        for i in range(10):
            o = Local(i)
            holder = symplast.List([o])
            del o
            gc.collect()
            self.assertIs(type(holder[0]), Local)
            self.assertEqual(Local(i).value, holder[0].value)

    def test_a_collection_while_an_object_is_made(self):
        class Local(symplast.Object):
            value: object = 0.0

            def __setattr__(self, name, value):
                gc.collect()
                super().__setattr__(name, value)

        for i in range(10):
            o = Local(i)
            del o
            self.assertEqual(Local(i).value, i)

    def test_definitions_of_classes_without_objects_are_forgotten(self):
        printed = child.run("""
            import gc, symplast
            def make(number):
                class Local(symplast.Object):
                    CONSTANT = (b"%06d" % number) * 20_000
                    def constant(self): return self.CONSTANT[:6]
                return Local()
            def resident():
                return int(open("/proc/self/statm").read().split()[1]) * 4096
            kept = symplast.List([make(-1)])
            for number in range(50): make(number)
            gc.collect()
            before = resident()
            for number in range(1000):
                make(number)
                if number % 50 == 0: gc.collect()
            gc.collect()
            print(resident() - before < 60_000_000, kept[0].constant())
        """)
        self.assertEqual(printed, "True b'-00001'\n")
