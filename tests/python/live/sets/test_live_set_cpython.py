"""CPython's own tests of sets, those of the Python that runs them, against symplast.Set."""

import pathlib
import unittest
from unittest import mock

from symplast import Set

import searchpath

try:
    from test import test_set
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of sets: {error}")

SAME_IN_EVERY_VERSION = "a middle version's tests are the oldest's or the newest's, and the C# that they test knows no version"

_LOCAL = "its members are objects of the interpreter, which cannot be shared"
_SUBCLASS = "subclasses the type"
_PICKLE = "pickles and unpickles a copy; a Set travels by reference inside the process"

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "TestBasicOpsTriple": _LOCAL,
    "test_badcmp": _LOCAL,
    "test_cyclical_repr": _LOCAL,
    "test_deepcopy": _LOCAL,
    "test_do_not_rehash_dict_keys": _LOCAL,
    "test_hash_collision_remove_add": _LOCAL,
    "test_free_after_iterating": _SUBCLASS,
    "test_subclass_with_custom_hash": _SUBCLASS,
    "test_pickling": _PICKLE,
    "TestCopying.test_copy": "expects the very objects that were put in; text and tuples come back as equal ones",
    "TestBasicOps.test_repr": "expects the repr of a plain set",
    "test_changingSizeWhileIterating": "expects an error; a loop over a Set goes through the members of one moment",
}

# What the tests below are written for is called set there.
_WITH_SETS = (
    "TestBasicOpsEmpty TestBasicOpsSingleton TestBasicOpsTuple TestBasicOpsTriple TestBasicOpsString TestBasicOpsBytes "
    "TestBasicOpsMixedStringBytes TestExceptionPropagation TestSetOfSets TestBinaryOps TestUpdateOps TestMutate "
    "TestSubsetEqualEmpty "
    "TestSubsetEqualNonEmpty TestSubsetEmptyNonEmpty TestSubsetPartial TestSubsetNonOverlap TestOnlySetsNumeric TestOnlySetsDict "
    "TestOnlySetsFrozenDict TestOnlySetsOperator TestOnlySetsTuple TestOnlySetsString TestOnlySetsGenerator TestCopyingEmpty "
    "TestCopyingSingleton TestCopyingTriple TestCopyingTuple TestCopyingNested TestIdentities TestVariousIteratorArgs"
).split()


class OursMixin:
    def setUp(self):
        for case in type(self).__mro__:
            for name in (self._testMethodName, case.__name__, f"{case.__name__}.{self._testMethodName}"):
                if name in EXCLUDED:
                    self.skipTest(EXCLUDED[name])
        super().setUp()


class InPlaceOfSetMixin(OursMixin):
    def setUp(self):
        patch = mock.patch.object(test_set, "set", Set, create=True)
        patch.start()
        self.addCleanup(patch.stop)
        super().setUp()


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


class Joint(OursMixin, test_set.TestSet):
    thetype = Set
    basetype = set


for _name in _WITH_SETS:
    if hasattr(test_set, _name):
        globals()[_name] = type(_name, (InPlaceOfSetMixin, getattr(test_set, _name)), {})
