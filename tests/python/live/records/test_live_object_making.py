"""How objects of classes with fields are made, and what is remembered of classes, shapes and pools."""

import gc
import unittest
import weakref

import live_blocks
import symplast
from symplast import _symplast


class Item(symplast.Object):
    name: str
    size: int = 1
    tags: list | None = None
    other: object = None


class Big(Item):
    size: float = 2.5
    more: int = 0


class InPool:
    """Each test runs in a pool of its own.

    Shapes stay in it, so what objects leave behind is seen when the same is done again.
    """

    def setUp(self):
        self.pool = symplast.Pool(self.id())
        allocating = self.pool.allocating()
        allocating.__enter__()
        self.addCleanup(self.pool.delete)
        self.addCleanup(allocating.__exit__, None, None, None)

    def assertLeavesNothing(self, act):
        act()
        before = live_blocks.in_pool(self.pool)
        act()
        self.assertEqual(live_blocks.in_pool(self.pool), before)


class Making(InPool, unittest.TestCase):
    def test_takes_values_by_place_by_name_and_by_default(self):
        key = "".join(["si", "ze"])
        for made in (Item("a", 5), Item("a", size=5), Item(size=5, name="a"), Item(**{"name": "a", key: 5}),
                     Item(*("a",), **{key: 5})):
            self.assertEqual((made.name, made.size, made.tags, made.other), ("a", 5, None, None))
        self.assertEqual((Big("b").size, Big("b", 1).size, Big("b", more=3).more), (2.5, 1, 3))

    def test_takes_every_kind_of_value(self):
        class Holder(symplast.Object):
            v: object

        for value in (0, -1, 256, 257, 2**29, 2**30, -(2**49), 2**49, 2**70, 1.5, float("inf"), True, False, None, ..., "", "x",
                      "ü名", "\ud800", b"b", 1j, (1, ("a",)), symplast.freeze({"f": [1]})):
            made = Holder(value)
            self.assertEqual((made.v, type(made.v)), (value, type(value)))
        self.assertEqual(symplast.thaw(Holder([1, {"a": {2}}]).v), [1, {"a": {2}}])
        child = Holder(1)
        self.assertIs(Holder(child).v, child)

    def test_refuses_what_does_not_fit_and_leaves_nothing(self):
        for make, error, message in [
            (lambda: Item(), TypeError, r"Item\(\) missing required argument: 'name'"),
            (lambda: Item(1), TypeError, "name must be str, not int"),
            (lambda: Item("a" * 500, "b"), TypeError, "size must be int, not str"),
            (lambda: Item("a" * 500, 1, 2), TypeError, "tags must be list or List or None, not int"),
            (lambda: Item("a" * 500, other=object()), symplast.NotShareableError, "other: object cannot be shared"),
            (lambda: Item("a" * 500, other=[1, [object()]]), symplast.NotShareableError,
             r"other\[1\]\[0\]: object cannot be shared"),
            (lambda: Item("a", 1, [], None, 5), TypeError, "at most 4 positional arguments"),
            (lambda: Item("a", name="b"), TypeError, "multiple values for argument 'name'"),
            (lambda: Item("a", nothing=1), TypeError, "unexpected keyword argument 'nothing'"),
        ]:
            def refused():
                with self.assertRaisesRegex(error, message):
                    make()

            self.assertLeavesNothing(refused)

    def test_checks_defaults_too(self):
        class Wrong(symplast.Object):
            v: int = "no int"

        for _ in range(3):
            with self.assertRaisesRegex(TypeError, "v must be int, not str"):
                Wrong()

    def test_leaves_nothing_when_there_is_no_memory(self):
        class Plain(symplast.Object):
            a: object = "a text that is not short"
            b: object = None
            c: object = 1
            d: object = 1
            e: object = 1

        # The shapes are there already.
        Plain(1)

        def try_all():
            n = failed = 1
            while failed:
                _symplast._fail_at(n)
                try:
                    made = Plain(b=[1, {"k": "a text"}], c=2**80)
                except MemoryError:
                    made = None
                finally:
                    failed = _symplast._fail_at(0)
                self.assertEqual(made is None, bool(failed))
                n += 1
            self.assertGreater(n, 4)
            self.assertEqual(made.c, 2**80)

        self.assertLeavesNothing(try_all)

    def test_in_a_full_pool_is_an_error_that_leaves_it_as_it_was(self):
        with symplast.Pool("full", max_bytes=300_000) as pool, pool.allocating():
            kept = []
            with self.assertRaises(symplast.PoolFullError):
                while True:
                    kept.append(Item("name", other="x" * 1000))
            self.assertEqual({made.name for made in kept}, {"name"})

    def test_in_a_deleted_pool_is_an_error(self):
        pool = symplast.Pool("gone")
        with pool.allocating():
            Item("a")
            pool.delete()
            for _ in range(2):
                with self.assertRaises(symplast.DeletedError):
                    Item("a")
                with self.assertRaises(symplast.DeletedError):
                    Item("a", 1, [])

    def test_is_the_classes_own_business_if_it_wants_to(self):
        calls = []

        class Base(symplast.Object):
            v: int = 0

        class Initialised(Base):
            def __init__(self, *args, **kwargs):
                calls.append("init")
                super().__init__(*args, **kwargs)

        class Made(Base):
            def __new__(cls, *args, **kwargs):
                calls.append("new")
                return super().__new__(cls)

        class Watched(Base):
            def __setattr__(self, name, value):
                calls.append(name)
                super().__setattr__(name, value + 1)

        class Meta(type(symplast.Object)):
            def __call__(cls, *args):
                calls.append("call")
                return super().__call__(*args)

        class Called(Base, metaclass=Meta):
            pass

        class Overriding(Base):
            v = property(lambda self: "property", lambda self, value: calls.append(value))

        for _ in range(3):
            made = [Base(3), Initialised(v=3), Made(3), Watched(3), Called(3), Overriding(3)]
            self.assertEqual([each.v for each in made], [3, 3, 3, 4, 3, "property"])
        self.assertEqual(calls, ["init", "new", "v", "call", 3] * 3)

    def test_follows_changes_of_the_class(self):
        class Changing(symplast.Object):
            v: int = 0
            w: int = 0

        self.assertEqual([Changing(5).v for _ in range(3)], [5, 5, 5])
        generated = Changing.__init__
        Changing.__init__ = lambda self, v: setattr(self, "v", v * 2)
        self.assertEqual([Changing(5).v for _ in range(3)], [10, 10, 10])
        Changing.__init__ = generated
        self.assertEqual([Changing(5).v for _ in range(3)], [5, 5, 5])
        field = vars(Changing)["v"]
        Changing.v = property(lambda self: "property", lambda self, value: None)
        self.assertEqual([Changing(5).v for _ in range(3)], ["property"] * 3)
        Changing.v = field
        self.assertEqual([Changing(5).v for _ in range(3)], [5, 5, 5])
        Changing.__setattr__ = lambda self, name, value: symplast.Object.__setattr__(self, name, value + 1)
        self.assertEqual([Changing(5).v for _ in range(3)], [6, 6, 6])
        del Changing.__setattr__
        Changing.__new__ = lambda cls, *args: symplast.Object.__new__(Item)
        self.assertIs(type(Changing(5)), Item)

    def test_may_be_repeated_by_init(self):
        item = Item("a", 5)
        item.__init__("b", other=1)
        self.assertEqual((item.name, item.size, item.other), ("b", 1, 1))
        with self.assertRaisesRegex(TypeError, "missing required argument"):
            Item.__init__(item)
        with self.assertRaises(TypeError):
            Item.__init__(5, "a")
        with self.assertRaises(TypeError):
            Item.__init__()

    def test_works_for_many_fields(self):
        for count in (1, 4, 5, 31, 32, 33, 127, 128, 200):
            made = type("Many", (symplast.Object,),
                        {"__annotations__": {f"f{i}": int for i in range(count)}, "__module__": __name__})
            for _ in range(3):
                o = made(*range(count))
                self.assertEqual([getattr(o, f"f{i}") for i in range(count)], list(range(count)))

    def test_works_in_many_pools_in_turn(self):
        pools = [symplast.Pool(f"p{i}") for i in range(10)]
        try:
            for round in range(3):
                for i, pool in enumerate(pools):
                    with pool.allocating():
                        made = Item(f"{i}", round)
                    self.assertEqual((made.name, made.size, symplast.pool_of(made)), (f"{i}", round, pool))
        finally:
            for pool in pools:
                pool.delete()

    def test_does_not_keep_what_it_was_given(self):
        class Text(str):
            pass

        class Any(symplast.Object):
            a: object

        references = []
        for value in (Text("x"), type("Local", (), {})()):
            references.append(weakref.ref(value))
            with self.assertRaises(symplast.NotShareableError):
                Any(value)
            del value
        gc.collect()
        self.assertEqual([reference() for reference in references], [None, None])


class Remembering(InPool, unittest.TestCase):
    def test_fields_of_many_classes_and_pools_in_turn(self):
        classes = [Item, Big, *(type(
            f"Sub{i}", (Item,), {"__module__": __name__, "__annotations__": {f"own{i}": int}, f"own{i}": i}) for i in range(20))]
        pools = [symplast.Pool(f"p{i}") for i in range(3)]
        try:
            objects = []
            for pool in pools:
                with pool.allocating():
                    objects += [kind(f"{i}") for i, kind in enumerate(classes)]
            for round in range(4):
                for i, o in enumerate(objects):
                    o.size = i * round
                    o.other = None if round % 2 else f"{i}"
                for i, o in enumerate(objects):
                    self.assertEqual((o.name, o.size, o.other), (f"{i % len(classes)}", i * round, None if round % 2 else f"{i}"))
        finally:
            for pool in pools:
                pool.delete()

    def test_of_a_field_that_the_class_no_longer_has_nothing_is_used(self):
        class Changing(symplast.Object):
            v: int = 0

        o = Changing()
        for _ in range(3):
            o.v = 7
        field = vars(Changing)["v"]
        Changing.v = property(lambda self: 1)
        with self.assertRaises(AttributeError):
            o.v = 8
        Changing.v = "a class attribute"
        with self.assertRaises(AttributeError):
            o.v = 8
        Changing.v = field
        self.assertEqual(o.v, 7)
        o.v = 8
        self.assertEqual(o.v, 8)
        del Changing.v, field
        with self.assertRaises(AttributeError):
            o.v = 9

    def test_attributes_come_and_go_beside_those_of_the_class(self):
        class Open(symplast.Object):
            kind = "class"

            def method(self):
                return "method"

        o, other = Open(), Open()
        for round in range(3):
            for each in (o, other):
                self.assertEqual((each.kind, each.method()), ("class", "method"))
                self.assertFalse(hasattr(each, "missing"))
                each.missing = each.kind = round
                each.method = "own"
                self.assertEqual((each.kind, each.method, each.missing), (round, "own", round))
                del each.missing, each.kind, each.method
        Open.missing = 5
        self.assertEqual(o.missing, 5)
        Open.missing = property(lambda self: 6, lambda self, value: None)
        o.missing = 1
        self.assertEqual(o.missing, 6)

    def test_frozen_values_of_several_pools_can_be_stored_until_theirs_is_deleted(self):
        pools = [symplast.Pool(f"f{i}") for i in range(12)]
        frozen = [pool.freeze([i]) for i, pool in enumerate(pools)]
        d = symplast.Dict()
        for _ in range(3):
            for i, value in enumerate(frozen):
                d[i] = value
                self.assertIs(d[i], value)
        for i, pool in enumerate(pools):
            pool.delete()
            with self.assertRaises(symplast.DeletedError):
                d[i]
