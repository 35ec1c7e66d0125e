"""What values without parts become when they are frozen."""

import math
import sys
import unittest

import symplast
from fixtures import new_pool
from graphs import assert_frozen, assert_same


class Values(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "values")

    def freeze(self, value):
        frozen = self.pool.freeze(value)
        assert_frozen(self, frozen, self.pool)
        assert_same(self, value, frozen)
        return frozen


# The process's own objects of one byte: those of a module's code are others, if it was read from a file of bytecode.
X, Y_UMLAUT = (text.encode("latin-1") for text in "x\xff")


class TestConstants(Values):
    def test_constants_stay_the_processes_own_objects(self):
        for constant in (None, True, False, ..., NotImplemented, "", b"", (), 0, -5, 256, "~", "é", X, Y_UMLAUT):
            with self.subTest(constant=constant):
                self.assertIs(self.freeze(constant), constant)
                self.assertTrue(symplast.is_shared(constant))
                self.assertIsNone(symplast.pool_of(constant))

    def test_equal_copies_of_constants_become_the_constants(self):
        for constant, copy in (("", "x"[1:]), ("~", "~b"[:1]), (b"", bytes(bytearray())), (X, bytes(bytearray(b"x"))),
                               (7, int("7"))):
            self.assertIs(self.freeze(copy), constant)

    def test_identifiers_become_the_interpreters_own_strings(self):
        # setattr() on a class recognises special names by identity.
        for name in ("__len__", "__getattr__", "__call__", "self", "name"):
            copy = "".join([name[:2], name[2:]])
            frozen = self.freeze([copy, "not an identifier"])[0]
            self.assertIs(frozen, sys.intern(name))

    def test_constants_take_no_memory(self):
        self.freeze([None, True, ..., 5, "a", b"b", "", (), "__init__"])
        self.assertEqual(self.pool.stats().objects, 1)


class TestNumbers(Values):
    def test_ints_of_any_size(self):
        sizes = [0, 1, 8, 15, 16, 29, 30, 31, 32, 45, 59, 60, 61, 62, 63, 64, 65, 89, 90, 91, 1000, 100_000]
        for value in [n for bits in sizes for n in (2**bits - 1, 2**bits, 2**bits + 1)]:
            for signed in (value, -value):
                frozen = self.freeze(signed)
                self.assertTrue(frozen == signed and hash(frozen) == hash(signed) and type(frozen) is int)
                self.assertTrue(-frozen == -signed and frozen + 1 == signed + 1 and frozen ^ 3 == signed ^ 3)

    def test_ints_around_the_interpreters_small_ints(self):
        for value in range(-10, 1100):
            frozen = self.freeze(int(str(value)))
            self.assertEqual((frozen, frozen - 1, frozen * 2), (value, value - 1, value * 2))
            self.assertTrue(symplast.is_frozen(frozen))

    def test_bools_do_not_become_ints(self):
        self.assertIs(self.freeze([True, 1])[0], True)
        self.assertIs(type(self.freeze([True, 1])[1]), int)

    def test_floats(self):
        for value in (0.0, -0.0, 1.5, math.pi, math.inf, -math.inf, sys.float_info.max, sys.float_info.min, 5e-324):
            frozen = self.freeze(value)
            self.assertEqual((frozen, math.copysign(1, frozen), hash(frozen)), (value, math.copysign(1, value), hash(value)))
        self.assertTrue(math.isnan(self.freeze(math.nan)))

    def test_complex_numbers(self):
        for value in (1 + 2j, complex(0.0, -0.0), complex(math.inf, 1), 1e300 - 1e-300j):
            self.assertEqual(repr(self.freeze(value)), repr(value))


class TestText(Values):
    # One of each width, and the borders between them.
    TEXTS = [
        "ascii", "x" * 1000, "\0", "a\0b", "\x7f", "\x80\x7f", "é", "ÿ", "naïve", "Āa", "\u0100", "€uro", "\uffff", "日本語",
        "\U00010000", "𝄞 clef", "mixed é € 𝄞", "\U0010ffff" * 3, "line\nbreak\t",
    ]
    SURROGATES = ["\ud800", "a\udfff", "\udc80 é", "𝄞\ud83d", "\ude00\ud83d"]

    def test_text_of_every_width(self):
        for text in self.TEXTS + [text[:1] for text in self.TEXTS] + [text * 50 for text in self.TEXTS]:
            frozen = self.freeze(text)
            self.assertEqual((frozen, hash(frozen), len(frozen)), (text, hash(text), len(text)))
            self.assertEqual(frozen.encode(), text.encode())
            self.assertEqual(frozen + "!", text + "!")
            self.assertEqual({text: 1}[frozen], 1)

    def test_lone_surrogates(self):
        for text in self.SURROGATES:
            frozen = self.freeze(text)
            self.assertEqual((frozen, hash(frozen)), (text, hash(text)))
            self.assertEqual(frozen.encode("utf-8", "surrogatepass"), text.encode("utf-8", "surrogatepass"))
            for _ in range(2):
                with self.assertRaises(UnicodeEncodeError):
                    frozen.encode()

    def test_text_is_interned_already(self):
        frozen = self.freeze("some text of ours")
        self.assertIs(sys.intern(frozen), frozen)

    def test_all_single_characters_of_latin_1(self):
        for code in range(256):
            self.assertIs(self.freeze(chr(code)), chr(code))


class TestBytes(Values):
    def test_bytes(self):
        for data in (b"", b"\0", b"xy", bytes(range(256)), b"z" * 100_000):
            frozen = self.freeze(data)
            self.assertEqual((frozen, hash(frozen)), (data, hash(data)))

    def test_bytearray_becomes_bytes(self):
        for data in (bytearray(), bytearray(b"q"), bytearray(b"some bytes"), bytearray(5000)):
            frozen = self.freeze(data)
            self.assertIs(type(frozen), bytes)
            self.assertEqual(frozen, data)

    def test_bytearray_whose_beginning_was_deleted(self):
        data = bytearray(b"0123456789" * 100)
        del data[:505]
        self.assertEqual(self.freeze(data), bytes(data))

    def test_bytearray_that_is_exported(self):
        data = bytearray(b"exported")
        with memoryview(data):
            self.assertEqual(self.freeze(data), b"exported")


class TestRanges(Values):
    def test_ranges(self):
        for value in (range(0), range(10), range(5, 500, 7), range(10, -10, -3), range(2**70, 2**70 + 5),
                      range(0, -(2**80), -(2**60))):
            frozen = self.freeze(value)
            self.assertEqual((frozen, hash(frozen), len(frozen), list(frozen[:3])),
                             (value, hash(value), len(value), list(value[:3])))

    def test_range_of_bools_and_index_objects(self):
        class Index:
            def __index__(self):
                return 4

        self.assertEqual(self.freeze(range(Index())), range(4))
        self.assertEqual(self.freeze(range(True)), range(1))


class TestSlices(Values):
    def test_slices(self):
        for value in (slice(None), slice(1), slice(1, 2, 3), slice("a", 2.5, None), slice(-(2**70), None)):
            self.assertEqual(self.freeze(value), value)
            self.assertEqual("abcdef"[self.pool.freeze(slice(1, 3))], "bc")

    def test_slices_of_containers(self):
        frozen = self.freeze(slice([1, [2]], {"k": "v"}, slice({3}, None)))
        self.assertEqual((frozen.start, frozen.stop["k"], frozen.step.start), ((1, (2,)), "v", frozenset({3})))

    def test_slice_can_be_hashed_where_its_parts_can(self):
        self.assertEqual(hash(self.freeze(slice(1, (2, "x")))), hash(slice(1, (2, "x"))))
