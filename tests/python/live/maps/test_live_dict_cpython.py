"""CPython's own tests of mappings and dicts, those of the Python that runs them, against symplast.Dict."""

import ast
import inspect
import pathlib
import unittest

import symplast

import searchpath

try:
    from test import mapping_tests, test_dict, test_ordered_dict
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of dicts: {error}")

SAME_IN_EVERY_VERSION = "a middle version's tests are the oldest's or the newest's, and the C# that they test knows no version"

_KEYS = "its keys or values are instances of classes that only this interpreter knows"
_SUBCLASS = "makes a subclass of the type; classes for shared objects are those of symplast.Object"
_SNAPSHOT = "expects errors when a dict changes while it is iterated; iterating a Dict sees the items of one moment"
_NAME = "expects the names of the plain types in repr()"
_PLAIN = "expects that copies and unions are of the same type; those of a Dict are plain dicts"
_ORDERED = ("is about what OrderedDict has beyond dict: move_to_end(), order in comparisons, keyword arguments, attributes, "
            "use through dict's own methods")
_LAST = "expects that popitem() takes no argument; here it takes last, as in OrderedDict"
_PICKLE = "pickles by value; a Dict travels by reference inside the process"
_SIZE = "is about sizes of plain objects; a handle is small, and the items lie in the pool"
_OWN = "is about the memory of plain dicts: split tables, free lists, the collector"

# What is not run, and why, by the class here that has it. docs/compatibility.md has the same table.
EXCLUDED = {
    "BasicMapping": {"test_popitem": _LAST},
    "Mapping": {"test_popitem": _LAST, "test_copy": _PLAIN, "test_fromkeys": _SUBCLASS},
    "HashMapping": {
        "test_popitem": _LAST,
        "test_copy": _PLAIN,
        "test_fromkeys": _SUBCLASS,
        "test_repr": _NAME,
    }
    | dict.fromkeys(["test_eq", "test_getitem", "test_pop", "test_setdefault"], _KEYS),
    "Dict": {
        "test_fromkeys": _SUBCLASS,
        "test_store_evilattr": _OWN,
    }
    | dict.fromkeys(
        """test_bad_key test_clear_at_lookup test_container_iterator test_dict_contain_use_after_free
        test_dictitems_contains_use_after_free test_eq
        test_equal_operator_modifying_operand test_errors_in_view_containment_check test_fromkeys_operator_modifying_dict_operand
        test_fromkeys_operator_modifying_set_operand test_getitem test_hash_collision_remove_add test_init_use_after_free
        test_merge_and_mutate
        test_mutating_lookup test_oob_indexing_dictiter_iternextitem test_overwrite_managed_dict test_pop test_reentrant_insertion
        test_resize2
        test_setdefault test_setdefault_atomic test_setitem_atomic_at_resize test_str_nonstr test_update_shared_keys""".split(),
        _KEYS,
    )
    | dict.fromkeys("test_copy_maintains_tracking test_dict_items_result_gc test_dict_items_result_gc_reversed "
                    "test_track_dynamic test_track_literals test_track_subtypes".split(), _OWN)
    | dict.fromkeys(["test_dict_copy_order", "test_free_after_iterating", "test_invalid_keyword_arguments", "test_missing",
                     "test_views_mapping"], _SUBCLASS)
    | dict.fromkeys(["test_items", "test_keys", "test_values", "test_repr"], _NAME)
    | dict.fromkeys(
        """test_mutating_iteration test_mutating_iteration_delete test_mutating_iteration_delete_over_items
        test_mutating_iteration_delete_over_values
        test_reversed_dict_after_clear_and_restore test_reversed_dict_keys_changed_during_iteration""".split(),
        _SNAPSHOT,
    ),
    "Ordered": {
        "test_detect_deletion_during_iteration": _SNAPSHOT,
        "test_merge_operator": _PLAIN,
        "test_sizeof": _SIZE,
        "test_ordered_dict_items_result_gc": _OWN,
    }
    | dict.fromkeys(["test_delitem_hash_collision", "test_issue24347", "test_issue24348", "test_reference_loop",
                     "test_repr_recursive_values"], _KEYS)
    | dict.fromkeys(["test_free_after_iterating", "test_highly_nested_subclass", "test_overridden_init", "test_override_update",
                     "test_pop"], _SUBCLASS)
    | dict.fromkeys(["test_repr", "test_repr_recursive"], _NAME)
    | dict.fromkeys(["test_pickle_recursive", "test_reduce_not_too_fat", "test_yaml_linkage"], _PICKLE)
    | dict.fromkeys(
        """test_copying test_dict_clear test_dict_delitem test_dict_pop test_dict_popitem test_dict_setdefault test_dict_setitem
        test_dict_update
        test_equality test_fromkeys test_move_to_end test_move_to_end_issue25406 test_setdefault""".split(),
        _ORDERED,
    ),
}

class OursMixin:
    def setUp(self):
        suite, test = type(self).__name__, self._testMethodName
        if test in EXCLUDED[suite]:
            self.skipTest(EXCLUDED[suite][test])
        super().setUp()


class _OursForPlain(ast.NodeTransformer):
    """Makes Dicts of what a program writes as dicts: displays, comprehensions, and calls of dict."""

    def visit_Dict(self, node):
        return self._wrap(node)

    def visit_DictComp(self, node):
        return self._wrap(node)

    def visit_Name(self, node):
        if node.id == "dict" and isinstance(node.ctx, ast.Load):
            return ast.copy_location(ast.Name("Dict", node.ctx), node)
        return node

    def _wrap(self, node):
        self.generic_visit(node)
        return ast.copy_location(ast.Call(ast.Name("Dict", ast.Load()), [node], []), node)


def _with_ours(case):
    """A test case with Dicts in place of dicts."""
    module = inspect.getmodule(case)
    tree = ast.parse(inspect.getsource(module))
    tree.body = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == case.__name__]
    names = dict(vars(module), Dict=symplast.Dict)
    exec(compile(ast.fix_missing_locations(_OursForPlain().visit(tree)), module.__file__, "exec"), names)
    return names[case.__name__]


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for suite, tests in EXCLUDED.items():
            for name, reason in tests.items():
                self.assertIn(f"`{name}`", page)
                self.assertIn(f"| {reason} |", page)


class BasicMapping(OursMixin, mapping_tests.BasicTestMappingProtocol):
    type2test = symplast.Dict


class Mapping(OursMixin, mapping_tests.TestMappingProtocol):
    type2test = symplast.Dict


class HashMapping(OursMixin, mapping_tests.TestHashMappingProtocol):
    type2test = symplast.Dict


class Dict(OursMixin, _with_ours(test_dict.DictTest)):
    pass


class Ordered(OursMixin, test_ordered_dict.OrderedDictTests, unittest.TestCase):
    OrderedDict = symplast.Dict
