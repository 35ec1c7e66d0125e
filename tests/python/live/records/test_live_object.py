"""symplast.Object: classes whose instances all interpreters share."""

import copy
import gc
import inspect
import pickle
import sys
import unittest
import weakref

import child
import live_classes
import race_programs
import symplast
from live_classes import Computed, Node, Open, Outer, Point, Point3, Watched


class Attributes(unittest.TestCase):
    def test_are_read_set_and_deleted(self):
        o = Open(a=1, b="two")
        self.assertEqual((o.a, o.b), (1, "two"))
        o.a = 2.5
        o.c = None
        self.assertEqual((o.a, o.c), (2.5, None))
        del o.a
        with self.assertRaisesRegex(AttributeError, "'Open' object has no attribute 'a'"):
            o.a
        with self.assertRaisesRegex(AttributeError, "'Open' object has no attribute 'a'"):
            del o.a

    def test_of_many_names_and_any_characters(self):
        o = Open()
        names = [f"n{i}" for i in range(300)] + ["ü", "名", "x" * 1000]
        for round in range(3):
            for name in names:
                setattr(o, name, (name, round))
            self.assertEqual([getattr(o, name) for name in names], [(name, round) for name in names])
        for name in names[::2]:
            delattr(o, name)
        self.assertEqual([hasattr(o, name) for name in names], [i % 2 == 1 for i in range(len(names))])

    def test_of_very_many_names_are_as_those_of_a_dict(self):
        o, model = Open(), {}
        size = sys.getsizeof(o)
        for i in range(20_000):
            setattr(o, f"n{i}", i)
            model[f"n{i}"] = i
        self.assertEqual(o._attributes(), model)
        for i in range(0, 20_000, 3):
            delattr(o, f"n{i}")
            del model[f"n{i}"]
        for i in range(0, 20_000, 9):
            setattr(o, f"n{i}", [i])
            model[f"n{i}"] = [i]
        o.n1, model["n1"] = "one", "one"
        self.assertEqual(symplast.thaw(o), model)
        self.assertEqual(list(o._attributes()), list(model))
        self.assertEqual(symplast.add(o, "n2", 5), 7)
        self.assertTrue(symplast.compare_exchange(o, "n2", 7, None))
        self.assertFalse(symplast.compare_exchange(o, "n2", 7, 1))
        self.assertIsNone(o.n2)
        model["n2"] = None
        with self.assertRaisesRegex(AttributeError, "no attribute 'n3'"):
            o.n3
        with self.assertRaisesRegex(AttributeError, "no attribute 'n3'"):
            symplast.add(o, "n3", 1)
        for name in list(model)[10:]:
            delattr(o, name)
        self.assertEqual(o._attributes(), dict(list(model.items())[:10]))
        self.assertLess(sys.getsizeof(o), size + 200_000)
        symplast.delete(o)
        with self.assertRaises(symplast.DeletedError):
            o.n4

    def test_come_before_those_of_the_class(self):
        o = Open()
        self.assertEqual(o.kind, "open")
        o.kind = "own"
        self.assertEqual((o.kind, Open.kind), ("own", "open"))
        del o.kind
        self.assertEqual(o.kind, "open")

    def test_of_the_class_are_seen_when_they_change(self):
        o = Open(a=1)
        self.assertEqual(o.a, 1)
        Open.later = 5
        try:
            self.assertEqual(o.later, 5)
            Open.a = property(lambda self: "property")
            self.assertEqual(o.a, "property")
        finally:
            del Open.later, Open.a
        self.assertEqual(o.a, 1)
        self.assertFalse(hasattr(o, "later"))

    def test_hold_plain_containers_as_live_ones(self):
        o = Open(items={"a": {1: 2}})
        self.assertIsInstance(o.items, symplast.Dict)
        self.assertIs(o.items, o.items)
        self.assertIs(o.items["a"], o.items["a"])

    def test_that_cannot_be_shared_are_refused_with_their_place(self):
        o = Open()
        with self.assertRaisesRegex(symplast.NotShareableError, r"o\.x: object cannot be shared"):
            o.x = object()
        with self.assertRaisesRegex(symplast.NotShareableError, r"o\.x\['k'\]: object cannot be shared"):
            o.x = {"k": object()}
        self.assertFalse(hasattr(o, "x"))

    def test_are_computed_where_the_class_says_so(self):
        o = Computed(a=1)
        self.assertEqual((o.a, o.b), (1, "computed b"))
        with self.assertRaises(AttributeError):
            o.no_such

    def test_are_listed(self):
        o = Open(b=1, a=2)
        self.assertEqual([name for name in dir(o) if not name.startswith("_")], ["a", "b", "kind"])

    def test_names_are_text(self):
        o = Open()
        for name in (1, None, b"x"):
            with self.assertRaises(TypeError):
                getattr(o, name)
            with self.assertRaises(TypeError):
                setattr(o, name, 1)

    def test_of_classes_are_those_of_the_class(self):
        o = Open()
        self.assertIs(o.__class__, Open)
        self.assertEqual(o.__doc__, Open.__doc__)
        with self.assertRaises(AttributeError):
            o.__class__ = Point
        with self.assertRaises(AttributeError):
            Point().__class__ = Open


class Fields(unittest.TestCase):
    def test_are_taken_in_order_and_by_name(self):
        self.assertEqual((Point(3, 4).x, Point(y=4.5).y, Point(3, y=1).x), (3, 4.5, 3))
        self.assertEqual(repr(Point(3, 4)), "Point(x=3, y=4)")
        self.assertEqual(repr(Point3(1, 2, 3)), "Point3(x=1, y=2, z=3)")

    def test_that_are_missing_unknown_or_given_twice_are_errors(self):
        for make, message in [
            (lambda: Point(1, 2, 3), "at most 2 positional"),
            (lambda: Point(z=1), "unexpected keyword argument 'z'"),
            (lambda: Point(1, x=1), "multiple values for argument 'x'"),
            (lambda: Node(), "missing required argument: 'name'"),
        ]:
            with self.assertRaisesRegex(TypeError, message):
                make()

    def test_are_checked(self):
        point = Point()
        for wrong in ("1", None, 1.5, {}):
            with self.assertRaisesRegex(TypeError, "x must be int, not"):
                point.x = wrong
        point.y = 3
        with self.assertRaisesRegex(TypeError, "y must be float or int, not str"):
            point.y = ""
        self.assertEqual((point.x, point.y), (0, 3))

    def test_are_all_there_is(self):
        point = Point()
        with self.assertRaises(AttributeError):
            point.z = 1
        with self.assertRaises(AttributeError):
            point.z

    def test_without_a_default_after_one_with_it_are_refused(self):
        with self.assertRaisesRegex(TypeError, "'b' without a default follows field 'a'"):
            class Wrong(symplast.Object):
                a: int = 0
                b: int

    def test_that_were_deleted_have_their_default_again(self):
        point = Point(5)
        del point.x
        self.assertEqual(point.x, 0)
        with self.assertRaises(AttributeError):
            del point.x
        node = Node("n", {})
        del node.name
        with self.assertRaisesRegex(AttributeError, "'Node' object has no attribute 'name'"):
            node.name

    def test_of_the_class_are_the_defaults(self):
        self.assertEqual((Point.x, Point3.z), (0, 7))
        with self.assertRaises(AttributeError):
            Node.name

    def test_do_not_apply_to_other_objects(self):
        field = vars(Point)["x"]
        for other in (5, object(), symplast.Dict(), Point):
            with self.assertRaisesRegex(TypeError, "does not apply"):
                field.__get__(other)
            with self.assertRaisesRegex(TypeError, "does not apply"):
                field.__set__(other, 1)
        # Of another class, it is the attribute of that name.
        self.assertEqual(field.__get__(Open(x=9)), 9)

    def test_match_patterns(self):
        match Point(1, 2.0):
            case Point(1, y):
                self.assertEqual(y, 2.0)
            case _:
                self.fail()
        match Point3(1, 2.0, 3):
            case Point(x=1, z=3):
                pass
            case _:
                self.fail()

    def test_of_slots_are_fields_of_any_value(self):
        class Slotted(symplast.Object):
            __slots__ = ("a", "b")

        o = Slotted(1, "x")
        self.assertEqual((o.a, o.b), (1, "x"))
        with self.assertRaises(AttributeError):
            o.c = 1


class Classes(unittest.TestCase):
    def test_have_methods_properties_and_super(self):
        point = Point(3, 4)
        self.assertEqual((point.norm(), point.double, Point3(3, 4, 5).norm()), (5.0, 6, 10.0))
        point.double = 20
        self.assertEqual(point.x, 10)
        self.assertEqual(type(Point3.origin()), Point3)
        self.assertTrue(isinstance(Point3(), Point) and issubclass(Point3, symplast.Object))

    def test_without_fields_and_init_take_no_arguments(self):
        with self.assertRaisesRegex(TypeError, "takes no arguments"):
            symplast.Object(1)

    def test_may_watch_what_is_set(self):
        watched = Watched(1, 2)
        with self.assertRaisesRegex(ValueError, "negative"):
            watched.x = -1
        self.assertEqual(watched.x, -1)
        with self.assertRaises(AttributeError):
            watched.z = 1

    def test_define_equality_and_hash(self):
        self.assertEqual(Computed(), Computed())
        self.assertNotEqual(Point(1), Point(1))
        a = Point(1)
        self.assertEqual({a: 1}[a], 1)

    def test_that_are_not_derived_properly_cannot_be_made(self):
        base = symplast.Object.__mro__[1]
        with self.assertRaisesRegex(TypeError, "derive it from symplast.Object"):
            type("Alone", (base,), {})()
        with self.assertRaisesRegex(TypeError, "derive it from symplast.Object"):
            type("Alone", (base,), {"__slots__": ()})()

    def test_are_collected_with_their_module(self):
        # A class of every test run: what is kept of it must not grow with the number of its objects.
        class Local(symplast.Object):
            v: int = 0

        gone = weakref.ref(Local(1))
        gc.collect()
        self.assertIsNone(gone())


class Identity(unittest.TestCase):
    def test_of_what_an_attribute_refers_to(self):
        node = Node("root", {})
        node.children["kid"] = kid = Node("kid", {}, node)
        self.assertIs(node.children["kid"], kid)
        self.assertIs(kid.parent, node)
        reference = weakref.ref(kid)
        del kid
        gc.collect()
        # Only the handle went.
        self.assertIsNone(reference())
        self.assertEqual(node.children["kid"].name, "kid")

    def test_copies_are_new_objects_in_the_same_pool(self):
        with symplast.Pool("copied") as pool:
            with pool.allocating():
                inner = Open(v=1)
                original = Open(inner=inner, items={"k": 1}, n=symplast.AtomicInt(5), ref=symplast.AtomicRef(inner))
                original.me = original
                point = Point(1, 2)
            shallow, deep = copy.copy(original), copy.deepcopy(original)
            self.assertTrue(shallow.inner is inner and shallow.me is original and shallow.items is original.items)
            self.assertTrue(deep.me is deep and deep.inner is not inner and deep.inner.v == 1 and deep.ref.value is deep.inner)
            self.assertEqual((deep.items, deep.n.value, symplast.pool_of(deep)), ({"k": 1}, 5, pool))
            self.assertEqual(repr(copy.copy(point)), "Point(x=1, y=2)")

    def test_pickled_it_is_itself(self):
        point = Point(1, 2)
        self.assertIs(pickle.loads(pickle.dumps(point)), point)

    def test_thawed_it_is_a_dict(self):
        node = Node("root", {"kid": None})
        node.children["kid"] = Node("kid", {}, node)
        plain = symplast.thaw(node)
        self.assertEqual(plain["children"]["kid"]["name"], "kid")
        self.assertIs(plain["children"]["kid"]["parent"], plain)
        self.assertEqual(symplast.freeze(Open(a={"b": (1, 2)}))["a"]["b"], (1, 2))


class Atomicity(unittest.TestCase):
    def test_add(self):
        point = Point(1, 2.5)
        self.assertEqual((symplast.add(point, "x", 4), symplast.add(point, "y", 0.5)), (5, 3.0))
        with self.assertRaisesRegex(TypeError, "x must be int"):
            symplast.add(point, "x", 0.5)
        self.assertEqual(point.x, 5)
        with self.assertRaises(AttributeError):
            symplast.add(point, "z", 1)
        for name in (1, None, frozenset({1}), object()):
            with self.assertRaisesRegex(TypeError, "name must be string"):
                symplast.add(point, name, 1)
        with self.assertRaisesRegex(TypeError, "is not a number"):
            symplast.add(Open(s="x"), "s", 1)
        for wrong in (5, {}, symplast.Dict()):
            with self.assertRaises(TypeError):
                symplast.add(wrong, "x", 1)
        big = Open(n=2**62)
        self.assertEqual(symplast.add(big, "n", 2**62), 2**63)
        self.assertEqual(big.n, 2**63)

    def test_add_again_and_again(self):
        point, loose = Point(1, 2.5), Open(n=1)
        for i in range(1, 50):
            self.assertEqual((symplast.add(point, "x", 2), symplast.add(point, "y", 1), symplast.add(loose, "n", 3)),
                             (1 + 2 * i, 2.5 + i, 1 + 3 * i))
            with self.assertRaisesRegex(TypeError, "x must be int"):
                symplast.add(point, "x", 0.5)
        self.assertEqual((point.x, point.y, loose.n), (99, 51.5, 148))
        self.assertIs(type(symplast.add(loose, "n", 0.5)), float)
        self.assertEqual(symplast.add(loose, "n", True), 149.5)

    def test_add_beyond_what_lies_inline(self):
        loose = Open(n=0)
        total = 0
        for step in (2**48, 2**48, 2**49, 1, -(2**50), 2**61, -1, -(2**61), 2**62, 2**61):
            total += step
            self.assertEqual(symplast.add(loose, "n", step), total)
            self.assertEqual(loose.n, total)
        for _ in range(3):
            total += 2**62
            self.assertEqual(symplast.add(loose, "n", 2**62), total)
        self.assertEqual(loose.n, total)

    def test_add_when_the_shape_or_the_class_changes(self):
        class Local(symplast.Object):
            pass

        o = Local()
        o.a, o.b = 1, 10
        self.assertEqual([symplast.add(o, "b", 1) for _ in range(3)], [11, 12, 13])
        del o.a
        self.assertEqual([symplast.add(o, "b", 1) for _ in range(3)], [14, 15, 16])
        o.c = 5
        self.assertEqual([symplast.add(o, name, 1) for name in "bcbc"], [17, 6, 18, 7])
        o.b = "text"
        for _ in range(2):
            with self.assertRaisesRegex(TypeError, "is not a number"):
                symplast.add(o, "b", 1)
        del o.b
        for _ in range(2):
            with self.assertRaises(AttributeError):
                symplast.add(o, "b", 1)
            self.assertFalse(symplast.compare_exchange(o, "b", 1, 2))
        self.assertEqual(o.c, 7)
        Local.c = property(lambda self: "the class's")
        self.assertEqual(o.c, "the class's")
        self.assertEqual(symplast.add(o, "c", 1), 8)
        self.assertEqual(o.c, "the class's")
        del Local.c
        self.assertEqual(o.c, 8)

    def test_names_that_are_equal_but_not_the_same(self):
        point = Point(1)
        for i in range(20):
            self.assertEqual(symplast.add(point, "".join(["", "x"]) if i % 2 else "xx"[:1], 1), 2 + i)

    def test_the_functions_are_ordinary_builtins(self):
        self.assertEqual(str(inspect.signature(symplast.add)), "(obj, name, n, /)")
        self.assertEqual(str(inspect.signature(symplast.compare_exchange)), "(obj, name, expected, new, /)")
        self.assertIs(pickle.loads(pickle.dumps(symplast.add)), symplast.add)
        for wrong in ((), (Point(1),), (Point(1), "x"), (Point(1), "x", 1, 2, 3)):
            for function in (symplast.add, symplast.compare_exchange):
                with self.assertRaisesRegex(TypeError, "takes [34] arguments"):
                    function(*wrong)
        with self.assertRaisesRegex(TypeError, r"add\(\) takes an instance of a class derived from symplast.Object, not Dict"):
            symplast.add(symplast.Dict(x=1), "x", 1)
        point = Point(1)
        with symplast.InterpreterPoolExecutor(1) as executor:
            self.assertEqual([executor.submit(symplast.add, point, "x", 1).result() for _ in range(3)], [2, 3, 4])
            self.assertTrue(executor.submit(symplast.compare_exchange, point, "x", 4, 9).result())
        self.assertEqual(point.x, 9)

    def test_add_while_another_interpreter_changes_the_shape(self):
        o, arrived, ended = Open(n=0), symplast.AtomicInt(), symplast.AtomicInt()
        work = ((race_programs.reshape, o, ended), (race_programs.add_and_exchange, o, 50_000, ended))
        with symplast.InterpreterPoolExecutor(2) as executor:
            for future in [executor.submit(race_programs.race, arrived, 2, *each) for each in work]:
                self.assertIsNone(future.result())
        self.assertEqual(o.n, 50_000)

    def test_compare_exchange(self):
        point = Point(1)
        for i in range(1, 20):
            self.assertFalse(symplast.compare_exchange(point, "x", i + 1, 0))
            self.assertTrue(symplast.compare_exchange(point, "x", float(i), i + 1))
            with self.assertRaises(TypeError):
                symplast.compare_exchange(point, "x", i + 1, None)
        point.x = 1
        loose = Open(a=None)
        for old, new in ((None, True), (1, 1.0), (True, "text"), ("text", 5), (5.0, None), (None, None)):
            self.assertFalse(symplast.compare_exchange(loose, "a", 77, 78))
            self.assertTrue(symplast.compare_exchange(loose, "a", old, new))
            self.assertIs(type(loose.a), type(new))
        self.assertFalse(symplast.compare_exchange(point, "x", 2, 3))
        self.assertTrue(symplast.compare_exchange(point, "x", 1, 3))
        self.assertEqual(point.x, 3)
        with self.assertRaises(TypeError):
            symplast.compare_exchange(point, "x", 3, "three")


class Deleted(unittest.TestCase):
    def test_by_hand_every_use_is_an_error(self):
        for o in (Point(1), Open(x=1)):
            symplast.delete(o)
            for use in (lambda: o.x, lambda: setattr(o, "x", 1), lambda: delattr(o, "x"), lambda: symplast.add(o, "x", 1),
                        lambda: symplast.compare_exchange(o, "x", 1, 2), lambda: symplast.delete(o), lambda: symplast.thaw(o)):
                with self.assertRaises(symplast.DeletedError):
                    use()
            self.assertTrue(symplast.is_shared(o))
            self.assertIs(symplast.pool_of(o), symplast.current_pool())
            repr(o)

    def test_with_its_pool_every_use_is_an_error(self):
        with symplast.Pool("short") as pool, pool.allocating():
            point, o = Point(1), Open(x={})
            inner = o.x
        for use in (lambda: point.x, lambda: o.x, lambda: setattr(o, "y", 1), lambda: inner["k"], lambda: symplast.delete(o)):
            with self.assertRaises(symplast.DeletedError):
                use()
        self.assertIs(symplast.pool_of(o), pool)
        repr(o)

    def test_what_it_referred_to_stays_if_others_refer_to_it(self):
        inner = Open(v=1)
        o = Open(inner=inner)
        symplast.delete(o)
        self.assertEqual(inner.v, 1)

    def test_one_of_another_pool_is_known_as_deleted(self):
        o = Open()
        with symplast.Pool("short") as pool, pool.allocating():
            o.other = Open(v=1)
        with self.assertRaises(symplast.DeletedError):
            o.other
        o.other = None
        self.assertIsNone(o.other)


class Pools(unittest.TestCase):
    def test_that_are_full_leave_the_object_as_it_was(self):
        with symplast.Pool("small", max_bytes=4000) as pool, pool.allocating():
            o = Open(a=1)
            with self.assertRaises(symplast.PoolFullError):
                o.a = "x" * 10_000
            with self.assertRaises(symplast.PoolFullError):
                for i in range(1000):
                    setattr(o, f"n{i}", "text")
            self.assertEqual(o.a, 1)


class Workers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.executor = symplast.InterpreterPoolExecutor(2)
        cls.addClassCleanup(cls.executor.shutdown)

    def test_get_the_object_itself(self):
        point = Point(1)
        self.assertIs(self.executor.submit(live_classes.move, point, 5).result(), point)
        self.assertEqual(point.x, 6)

    def test_add_without_a_lock(self):
        point = Point()
        list(self.executor.map(live_classes.move, [point] * 8, [3000] * 8))
        self.assertEqual(point.x, 24_000)

    def test_find_classes_by_their_names(self):
        self.assertEqual(self.executor.submit(live_classes.describe, Outer.Inner(5)).result(),
                         ("Outer.Inner", "live_classes", "Outer.Inner(value=5)"))
        holder = Open(inner=Outer.Inner(6))
        self.assertEqual(self.executor.submit(live_classes.attribute, holder, "inner").result().value, 6)

    def test_grow_one_object_at_the_same_time(self):
        o = Open()
        names = [f"a{i}" for i in range(60)]
        list(self.executor.map(live_classes.grow, [o] * 4, [names, names[::-1]] * 2))
        self.assertEqual({name: getattr(o, name) for name in names}, {name: name for name in names})

    def test_build_a_list_without_a_lock(self):
        head = symplast.AtomicRef(None)
        list(self.executor.map(live_classes.push, [head] * 4, range(4), [200] * 4))
        seen, node = [], head.value
        while node is not None:
            seen.append(node.value)
            node = node.next
        self.assertEqual(sorted(seen), sorted((worker, i) for worker in range(4) for i in range(200)))
        for worker in range(4):
            self.assertEqual([i for w, i in seen if w == worker], list(range(199, -1, -1)))

    def test_say_so_when_a_class_cannot_be_found(self):
        holder = Open(inner=live_classes.lost_object("LostThere"))
        with self.assertRaisesRegex(symplast.NotShareableError,
                                    "no_such_module.LostThere .* cannot be found in this interpreter") as caught:
            self.executor.submit(live_classes.attribute, holder, "inner").result()
        self.assertIn("ModuleNotFoundError", str(caught.exception.__cause__))

    def test_get_local_classes_by_value(self):
        class Local(symplast.Object):
            value: int = 3

            def twice(self):
                return self.value * 2

        holder = Open(inner=Local(4))
        self.assertEqual(self.executor.submit(lambda o: o.inner.twice(), holder).result(), 8)

    def test_may_be_sent_what_is_deleted_meanwhile(self):
        for _ in range(20):
            o = Open(x=1)
            future = self.executor.submit(live_classes.attribute, o, "x")
            symplast.delete(o)
            try:
                self.assertEqual(future.result(), 1)
            except symplast.DeletedError:
                pass

    def test_hold_what_is_on_its_way(self):
        # The only reference is the one that the task holds.
        futures = [self.executor.submit(live_classes.attribute, Open(x=i), "x") for i in range(50)]
        self.assertEqual([future.result() for future in futures], list(range(50)))


class Scripts(unittest.TestCase):
    def test_classes_of_the_script_go_by_value(self):
        self.assertEqual(child.run("""
            import symplast

            class Account(symplast.Object):
                owner: str
                balance: int = 0

                def deposit(self, n):
                    symplast.add(self, "balance", n)
                    return self

            class Special(Account):
                def deposit(self, n):
                    return super().deposit(2 * n)

            def work(accounts):
                for _ in range(1000):
                    accounts["ann"].deposit(1)
                return Special("made", 3).deposit(1)

            accounts = symplast.Dict(ann=Special("ann"))
            with symplast.InterpreterPoolExecutor(2) as executor:
                made = list(executor.map(work, [accounts] * 2))
            print(accounts["ann"], made, [type(each) is Special for each in made])
        """), "Special(owner='ann', balance=4000) [Special(owner='made', balance=5), "
             "Special(owner='made', balance=5)] [True, True]\n")
