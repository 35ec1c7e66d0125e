"""CPython's own tests of arrays, those of the Python that runs them, against symplast.Array."""

import array
import pathlib
import types
import unittest
from unittest import mock

import symplast

import fixtures
import searchpath

try:
    from test import test_array
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of arrays: {error}")

SAME_IN_EVERY_VERSION = "a middle version's tests are the oldest's or the newest's, and the C# that they test knows no version"

_LENGTH = "changes the length of an array, which that of an Array cannot"
_PLAIN = "is about the address and the size of a plain array's memory, and about files, which read into and write from buffers"
_IN_PLACE = "changes all elements in place, which would lose what others write meanwhile"
_PICKLE = "unpickles in any process; a live object is pickled by reference, inside its process"
_SUBCLASS = "subclasses the type; symplast.Object is for classes of one's own"

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_alloc_overflow": _LENGTH,
    "test_assignment": _LENGTH,
    "test_buffer": _LENGTH,
    "test_bytes_extend": _LENGTH,
    "test_clear": _LENGTH,
    "test_delitem": _LENGTH,
    "test_delslice": _LENGTH,
    "test_exhausted_iterator": _LENGTH,
    "test_exhausted_reverse_iterator": _LENGTH,
    "test_extend": _LENGTH,
    "test_extended_set_del_slice": _LENGTH,
    "test_iadd": _LENGTH,
    "test_imul": _LENGTH,
    "test_insert": _LENGTH,
    "test_len": _LENGTH,
    "test_pop": _LENGTH,
    "test_remove": _LENGTH,
    "test_setslice": _LENGTH,
    "test_tofrombytes": _LENGTH,
    "test_tofromlist": _LENGTH,
    "test_type_error": _LENGTH,
    "test_buffer_info": _PLAIN,
    "test_byteswap": _IN_PLACE,
    "test_filewrite": _PLAIN,
    "test_fromfile_ioerror": _PLAIN,
    "test_reverse": _IN_PLACE,
    "test_sizeof_with_buffer": _PLAIN,
    "test_sizeof_without_buffer": _PLAIN,
    "test_tofromfile": _PLAIN,
    "test_iterator_pickle": _PICKLE,
    "test_pickle": _PICKLE,
    "test_pickle_for_empty_array": _PICKLE,
    "test_reduce_ex": _PICKLE,
    "test_reverse_iterator_picking": _PICKLE,
    "test_free_after_iterating": _SUBCLASS,
    "test_subclassing": _SUBCLASS,
    "test_constructor_with_iterable_argument": "expects that an int is refused; here it is a length",
    "test_initialize_with_unicode": "makes arrays of characters",
    "test_repr": "expects the repr of a plain array; ours is Array(...)",
}

_CASES = ("ByteTest UnsignedByteTest ShortTest UnsignedShortTest IntTest UnsignedIntTest LongTest UnsignedLongTest LongLongTest "
          "UnsignedLongLongTest FloatTest DoubleTest")


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


class _OverArray:
    """The tests of an array type, for which `array.array` is our type."""

    def setUp(self):
        if self._testMethodName in EXCLUDED:
            self.skipTest(EXCLUDED[self._testMethodName])
        pool = fixtures.new_pool(self)
        allocating = pool.allocating()
        allocating.__enter__()
        self.addCleanup(allocating.__exit__, None, None, None)
        module = types.SimpleNamespace(array=symplast.Array, typecodes=array.typecodes)
        patch = mock.patch.object(test_array, "array", module)
        patch.start()
        self.addCleanup(patch.stop)
        super().setUp()

    def badtypecode(self):
        # There are more in array.array.
        return "i" if self.typecode == "d" else "d"


def load_tests(loader, tests, pattern):
    cases = [type(name, (_OverArray, getattr(test_array, name)), {"__module__": __name__}) for name in _CASES.split()]
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Documentation, *cases))
