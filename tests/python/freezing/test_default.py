"""default=: what it is asked, what may come of its answers."""

import decimal
import sys
import unittest

import symplast
from fixtures import new_pool
from graphs import assert_frozen


class Thing:
    def __init__(self, **attributes):
        vars(self).update(attributes)


class Defaults(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "default")

    def freeze(self, value, default):
        frozen = self.pool.freeze(value, default=default)
        assert_frozen(self, frozen, self.pool)
        return frozen


class TestAnswers(Defaults):
    def test_answer_takes_the_objects_place_everywhere(self):
        thing = Thing()
        for value, expected in (
            (thing, "T"),
            ([thing], ("T",)),
            ((1, thing), (1, "T")),
            ({"k": thing}, {"k": "T"}),
            ({thing: 1}, {"T": 1}),
            ({(thing, 2): 1}, {("T", 2): 1}),
            ({thing}, {"T"}),
            (frozenset({(thing,)}), {("T",)}),
            (slice(thing, 1), slice("T", 1)),
        ):
            self.assertEqual(self.freeze(value, lambda o: "T"), expected)

    def test_answer_may_need_freezing_and_default_itself(self):
        value = Thing(a=Thing(b=[Thing()]))
        frozen = self.freeze(value, vars)
        self.assertEqual(symplast.thaw(frozen), {"a": {"b": [{}]}})

    def test_answer_that_needs_default_again_is_asked_about(self):
        chain = [Thing(n=i) for i in range(50)]
        self.assertEqual(self.freeze(chain[0], lambda o: chain[o.n + 1] if o.n < 49 else "end"), "end")

    def test_answer_may_lead_back_into_the_graph(self):
        root = []
        root.append(Thing(root=root))
        frozen = self.freeze(root, vars)
        self.assertIs(frozen[0]["root"], frozen)

    def test_answer_may_be_frozen_already(self):
        here, other = self.pool.freeze(["here"]), new_pool(self, "other").freeze(["text of another pool"])
        frozen = self.freeze([Thing(), 1], lambda o: here)
        self.assertIs(frozen[0], here)
        self.assertEqual(self.freeze([Thing(), 1], lambda o: other)[0], other)

    def test_temporaries_live_until_the_end(self):
        # An answer that nothing else refers to must not be freed and its address taken for the next one's.
        frozen = self.freeze([Thing(n=i) for i in range(5000)], lambda o: [o.n, str(o.n), {o.n: [o.n]}])
        self.assertEqual([part[0] for part in frozen], list(range(5000)))
        self.assertEqual([part[2][n][0] for n, part in enumerate(frozen)], list(range(5000)))

    def test_none_means_no_default(self):
        with self.assertRaises(symplast.NotShareableError):
            self.pool.freeze(Thing(), default=None)
        self.assertEqual(self.pool.freeze([1], default=None), (1,))

    def test_default_is_not_asked_about_what_can_be_frozen(self):
        def never(o):
            raise AssertionError(o)

        self.freeze([1, "a", {"b": {3}}, (2.5, None), bytearray(b"x"), range(3), slice(1)], never)

    def test_default_may_freeze_into_the_same_pool(self):
        frozen = self.freeze([Thing(), Thing(), [1]], lambda o: self.pool.freeze(["inner", [2]]))
        self.assertEqual(frozen, (("inner", (2,)), ("inner", (2,)), (1,)))
        self.assertIsNot(frozen[0], frozen[1])

    def test_default_may_freeze_with_itself_as_default(self):
        def default(o):
            return self.pool.freeze([o.n, *([Thing(n=o.n - 1)] if o.n else [])], default=default)

        frozen = self.freeze(Thing(n=30), default)
        for n in range(30, 0, -1):
            self.assertEqual(frozen[0], n)
            frozen = frozen[1]

    def test_endless_recursion_of_default_into_freeze_is_a_recursion_error(self):
        def default(o):
            return self.pool.freeze(o, default=default)

        before = self.pool.stats()
        with self.assertRaises(RecursionError):
            self.pool.freeze(Thing(), default=default)
        self.assertEqual(self.pool.stats(), before)


class TestRefusedAnswers(Defaults):
    def test_the_object_itself(self):
        thing = Thing()
        config = {"k": [thing]}
        with self.assertRaisesRegex(symplast.NotShareableError,
                                    r"^config\['k'\]\[0\]: default\(\) returned the Thing itself, which cannot be frozen$"):
            self.pool.freeze(config, default=lambda o: o)

    def test_endless_chains(self):
        with self.assertRaisesRegex(symplast.NotShareableError, "100 times in a row, last a Thing"):
            self.pool.freeze([Thing()], default=lambda o: Thing())
        pair = [Thing(), Thing()]
        with self.assertRaisesRegex(symplast.NotShareableError, "times in a row"):
            self.pool.freeze([pair[0]], default=lambda o: pair[o is pair[0]])

    def test_endless_nesting(self):
        config = {"k": [Thing()]}
        for answer in (lambda o: (1, [Thing(), Thing()]), lambda o: {"next": Thing()}, lambda o: {(Thing(),): 1}):
            with self.assertRaisesRegex(
                    RecursionError, r"^config\['k'\]\[0\].*: default\(\) nests objects more than \d+ deep, the last is a Thing$"):
                self.pool.freeze(config, default=answer)
        self.assertEqual(self.pool.stats().objects, 0)

    def test_nesting_that_ends_may_be_deep(self):
        depth = 20_000
        frozen = self.pool.freeze(Thing(n=0), default=lambda o: [Thing(n=o.n + 1)] if o.n < depth else "end")
        for _ in range(depth):
            (frozen,) = frozen
        self.assertEqual(frozen, "end")

    def test_many_answers_side_by_side_are_no_nesting(self):
        self.assertEqual(len(self.pool.freeze([Thing() for _ in range(150_000)], default=lambda o: [1, [2]])), 150_000)

    def test_one_answer_for_all_is_a_circle(self):
        answer = []
        answer += [Thing(), answer, Thing()]
        frozen = self.pool.freeze([Thing(), answer], default=lambda o: answer)
        self.assertIs(frozen[0], frozen[1])
        for part in frozen[0]:
            self.assertIs(part, frozen[0])

    def test_keys_that_become_unhashable(self):
        if sys.version_info >= (3, 15):
            self.skipTest("whatever is frozen can be hashed on this version")
        for answer in ({"a": 1}, [{}], ({},), slice({})):
            for value in ({Thing(): 1}, {Thing()}, {(Thing(), 1): 1}, frozenset({(Thing(),)})):
                with self.assertRaisesRegex(symplast.NotShareableError, "(key|member) is not hashable"):
                    self.pool.freeze(value, default=lambda o: answer)
                with self.assertRaisesRegex(symplast.NotShareableError, "(key|member) is not hashable"):
                    self.pool.freeze([answer, value], default=lambda o: answer)

    def test_keys_that_become_equal(self):
        for value in ({Thing(): 1, Thing(): 2}, {Thing(): 1, 7: 2}, {(Thing(),): 1, (7,): 2}):
            with self.assertRaisesRegex(symplast.NotShareableError, "two keys of the dict are equal once frozen"):
                self.pool.freeze(value, default=lambda o: 7)

    def test_members_that_become_equal_are_one(self):
        for count in (2, 3, 8, 50):
            things = {Thing() for _ in range(count)} | {7, 8}
            self.assertEqual(self.freeze(things, lambda o: 7.0), {7, 8})

    def test_keys_that_contain_what_they_are_keys_of(self):
        table = {}
        table[Thing()] = 1
        members = set()
        members.add(Thing())
        ring = []
        ring.append({Thing(): 1})
        for value, answer in ((table, [table]), (members, (members,)), (ring, ring), (ring, [ring]), (table, slice(table))):
            with self.assertRaisesRegex(symplast.NotShareableError, "contains itself|not hashable"):
                self.pool.freeze(value, default=lambda o: answer)

    def test_keys_that_are_cycles_of_their_own(self):
        ring = []
        ring.append(ring)
        frozen_before = self.pool.freeze(ring)
        for answer in (ring, [ring], frozen_before, [frozen_before]):
            # From 3.14 on a tuple remembers its hash, and so a cycle can be given one.
            if sys.version_info >= (3, 14):
                (key,) = self.freeze({Thing(): 1}, lambda o: answer)
                self.assertIsInstance(hash(key), int)
            else:
                with self.assertRaisesRegex(symplast.NotShareableError, "contains itself"):
                    self.pool.freeze({Thing(): 1}, default=lambda o: answer)
                with self.assertRaisesRegex(symplast.NotShareableError, "contains itself"):
                    self.pool.freeze([answer, {Thing()}], default=lambda o: answer)

    def test_exceptions_come_through_with_the_place_noted(self):
        def default(o):
            raise exception

        config = {"users": [1, (Thing(),)]}
        for exception in (ValueError("no"), KeyboardInterrupt(), SystemExit(3), symplast.DeletedError("x")):
            with self.assertRaises(type(exception)) as caught:
                self.pool.freeze(config, default=default)
            self.assertIs(caught.exception, exception)
            self.assertEqual(exception.__notes__, ["while freezing config['users'][1][0]"])
        self.assertEqual(self.pool.stats().objects, 0)

    def test_default_that_cannot_be_called(self):
        for default in (1, "vars", [], object()):
            with self.assertRaisesRegex(TypeError, "default must be callable or None"):
                self.pool.freeze([1], default=default)

    def test_default_of_wrong_signature(self):
        with self.assertRaises(TypeError):
            self.pool.freeze([decimal.Decimal(1)], default=lambda: 1)
