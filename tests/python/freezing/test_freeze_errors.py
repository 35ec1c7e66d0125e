"""Errors say where: the path from the name by which the caller knows the root."""

import decimal
import unittest
import weakref

import symplast
from fixtures import new_pool

D = decimal.Decimal("1.5")
globally_known = {"owner": [D]}


class Thing:
    def __init__(self, **attributes):
        vars(self).update(attributes)


class Paths(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "errors")

    def message(self, value, default=None):
        with self.assertRaises(symplast.NotShareableError) as caught:
            self.pool.freeze(value, default=default)
        return str(caught.exception)

    def test_path_through_containers(self):
        for value, path in (
            ({"users": [0, 1, 2, {"born": D}]}, "value['users'][3]['born']"),
            ([[[D]]], "value[0][0][0]"),
            (((1, D), D), "value[0][1]"),
            ({1: {(2, "t"): {None: D}}}, "value[1][(2, 't')][None]"),
            ({"a": 1, "b": [1, [D]], "c": 2}, "value['b'][1][0]"),
            ([1, {D}], "value[1]{member}"),
            ([{(1, D)}], "value[0]{member}[1]"),
            ({"s": slice(1, [D], 2)}, "value['s'].stop[0]"),
            (slice(D), "value.stop"),
            (D, "value"),
        ):
            self.assertEqual(self.message(value), f"{path}: Decimal cannot be frozen")

    def test_path_to_a_key(self):
        for value, path in (
            ({D: 1}, "value.keys(): Decimal('1.5')"),
            ({"a": {1: "x", D: "y"}}, "value['a'].keys(): Decimal('1.5')"),
            ({(1, D): "x"}, "value.keys(): (1, Decimal('1.5'))[1]"),
        ):
            self.assertEqual(self.message(value), f"{path}: Decimal cannot be frozen")

    def test_path_after_finished_neighbours(self):
        value = {"first": [1, {"x": {2, 3}}], "second": ({"y": 1}, [4]), "third": [[], {}, D]}
        self.assertEqual(self.message(value), "value['third'][2]: Decimal cannot be frozen")

    def test_path_after_deleted_entries(self):
        value = {i: i for i in range(10)}
        del value[0], value[3]
        value["bad"] = [D]
        self.assertEqual(self.message(value), "value['bad'][0]: Decimal cannot be frozen")

    def test_attributes_that_default_gave_look_like_attributes(self):
        config = {"users": [0, 1, 2, Thing(born=D)]}

        def default(o):
            return vars(o) if isinstance(o, Thing) else o

        with self.assertRaises(symplast.NotShareableError) as caught:
            self.pool.freeze(config, default=default)
        self.assertEqual(str(caught.exception),
                         "config['users'][3].born: default() returned the Decimal itself, which cannot be frozen")
        config = Thing(a=[Thing(b={"k": Thing(c=D)})])
        with self.assertRaises(symplast.NotShareableError) as caught:
            self.pool.freeze(config, default=default)
        self.assertIn("config.a[0].b['k'].c: ", str(caught.exception))

    def test_path_begins_with_the_callers_name(self):
        inventory = [D]
        with self.assertRaisesRegex(symplast.NotShareableError, r"^inventory\[0\]: "):
            self.pool.freeze(inventory)
        with self.assertRaisesRegex(symplast.NotShareableError, r"^globally_known\['owner'\]\[0\]: "):
            self.pool.freeze(globally_known)
        with self.assertRaisesRegex(symplast.NotShareableError, r"^obj\[0\]: "):
            self.pool.freeze([D])

    def test_looking_for_that_name_keeps_no_variable_alive(self):
        for default in (None, lambda o: o, lambda o: 1 / 0):
            other, root = Thing(), [D]
            seen = weakref.ref(other)
            with self.assertRaises(Exception):
                self.pool.freeze(root, default=default)
            del other
            self.assertIsNone(seen(), default)

    def test_looking_for_that_name_leaves_namespaces_alone(self):
        other, root = Thing(), [D]
        taken = locals()
        with self.assertRaisesRegex(symplast.NotShareableError, r"^root\[0\]: "):
            self.pool.freeze(root)
        self.assertIs(taken["other"], other)
        self.assertIs(locals()["root"], root)
        module = {"pool": self.pool, "D": D}
        with self.assertRaisesRegex(symplast.NotShareableError, r"^data\[0\]: "):
            exec("data = [D]\nclass Body:\n    kept = 1\n    pool.freeze(data)", module)
        self.assertIn("data", module)
        own = {}
        with self.assertRaisesRegex(symplast.NotShareableError, r"^here\[0\]: "):
            exec("here = [D]\npool.freeze(here)", module, own)
        self.assertEqual(list(own), ["here"])

    def test_long_paths_are_shortened_in_the_middle(self):
        value = [D]
        for i in range(1000):
            value = {f"level {i}": value} if i % 2 else [value]
        message = self.message(value)
        self.assertLess(len(message), 2000)
        self.assertRegex(message, r"^value\['level 999'\]\[0\].*levels.*\['level 1'\]\[0\]\[0\]: Decimal cannot be frozen$")

    def test_long_keys_are_shortened(self):
        self.assertLess(len(self.message({"k" * 10_000: D})), 200)

    def test_keys_with_odd_text(self):
        self.assertEqual(self.message({"naïve €": [D], "x": 1}), "value['naïve €'][0]: Decimal cannot be frozen")
        self.assertEqual(self.message({"\ud800": D}), "value['\\ud800']: Decimal cannot be frozen")

    def test_keys_whose_repr_raises(self):
        class Key:
            def __repr__(self):
                raise ValueError

        self.assertEqual(self.message({Key(): 1}), "value.keys(): <Key>: Key cannot be frozen")

    def test_type_names_of_any_text(self):
        self.assertEqual(self.message(type("Größe", (), {})()), "value: Größe cannot be frozen")

    def test_wrong_arguments(self):
        for arguments, keywords in (((), {}), ((1, None, 3), {}), ((1,), {"wrong": 2}), ((1,), {"obj": 2}),
                                    ((), {"default": len})):
            for function in (self.pool.freeze, symplast.freeze):
                with self.assertRaises(TypeError):
                    function(*arguments, **keywords)
        self.assertEqual(self.pool.freeze(obj=[1], default=None), (1,))
        self.assertEqual(self.pool.freeze([D], str), ("1.5",))
