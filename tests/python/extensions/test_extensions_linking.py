"""
Extension modules that are linked in all the ways that linkers know, and found in all the ways that the dynamic linker knows.
"""

import os
import shutil
import tempfile
import unittest

import extension_calls as calls
import extension_case
import extension_tasks as tasks
from extension_case import ExtensionCase


class Linked(ExtensionCase):
    """A module with callbacks, a needed library that is private and a thread of its own works, whatever its file looks like."""

    modules = ("usever",)

    def check(self, flags):
        name = f"linked{len(os.listdir(os.path.join(extension_case.folder(), 'fx')))}"
        needs = "-Wl,--no-as-needed -Wl,-rpath,$ORIGIN -L{fx} -l:libver.so.3"
        path = os.path.join(extension_case.folder(), "fx", f"{name}.so")
        try:
            extension_case.compile_to(path, "gil.c", f"{needs} {flags}")
        except AssertionError as error:
            if "unrecognized" in str(error) or "unknown" in str(error) or "cannot find" in str(error) or "warning: -z" in str(
                    error):
                self.skipTest(f"this linker does not know {flags}")
            raise
        results, ran, right = self.as_in_main(calls.visits, f"fx.{name}")
        self.assertTrue(all(in_own for in_own, _ in results.values()), results)
        self.assertEqual((ran, right), (13, True))
        self.assertEqual(self.everywhere(calls.visits, f"fx.{name}", main=False), [(results, ran, right)] * 2)

    def test_without_a_procedure_linkage_table(self):
        self.check("-fno-plt")

    def test_with_addresses_of_functions_in_data(self):
        self.check("-DTABLE")

    def test_with_addresses_of_functions_in_data_that_is_writable(self):
        self.check("-DTABLE -Wl,-z,norelro")

    def test_bound_lazily(self):
        self.check("-Wl,-z,lazy -Wl,-z,norelro")

    def test_bound_at_once(self):
        self.check("-Wl,-z,now -Wl,-z,relro")

    def test_with_code_and_data_in_common_pages(self):
        self.check("-Wl,-z,noseparate-code")

    def test_with_code_that_can_be_written(self):
        self.check("-Wl,--omagic")

    def test_with_the_old_hash_table_alone(self):
        self.check("-Wl,--hash-style=sysv")

    def test_with_the_new_hash_table_alone(self):
        self.check("-Wl,--hash-style=gnu")

    def test_without_notes(self):
        self.check("-Wl,--build-id=none -Wl,-z,nognustack")

    def test_with_packed_relocations(self):
        self.check("-Wl,-z,pack-relative-relocs")

    def test_with_text_relocations(self):
        self.check("-fno-pic -mcmodel=large -Wl,-z,notext")

    def test_with_large_pages(self):
        self.check("-Wl,-z,max-page-size=0x200000")

    def test_with_small_pages(self):
        self.check("-Wl,-z,max-page-size=0x1000 -Wl,-z,common-page-size=0x1000")

    def test_stripped(self):
        self.check("-s")

    def test_bound_to_itself(self):
        self.check("-Wl,-Bsymbolic")

    def test_by_another_linker(self):
        linkers = [linker for linker in ("gold", "lld", "mold") if shutil.which(f"ld.{linker}")]
        if not linkers:
            self.skipTest("no other linker: gold, lld or mold")
        for linker in linkers:
            with self.subTest(linker):
                self.check(f"-fuse-ld={linker}")


class Found(ExtensionCase):
    """Libraries with Python state are private wherever they are found."""

    modules = ("rpath", "lost", "found")
    EXPECTED = (1, 1), (2, 2)

    def setUp(self):
        super().setUp()
        self.libraries = os.path.join(extension_case.folder(), "fx", "fx.libs")

    def test_by_a_path_for_all_that_is_needed(self):
        self.assertEqual(self.as_in_main(tasks.over, "fx.rpath"), self.EXPECTED)
        self.assertEqual(self.everywhere(tasks.over, "fx.rpath", main=False), [self.EXPECTED] * 2)

    def test_by_the_environment(self):
        for name in ("fx.lost", "fx.found"):
            if self.run_program("print(tasks.failure(tasks.over, sys.argv[2]))", name,
                                LD_LIBRARY_PATH=self.libraries) != "None\n":
                self.skipTest("this Python is started by something that ignores LD_LIBRARY_PATH")
            with self.subTest(name):
                self.assertEqual(self.as_in_main(tasks.over, name, LD_LIBRARY_PATH=self.libraries), self.EXPECTED)

    def test_by_name_because_they_are_loaded_already(self):
        """A package loads a library by its path first; then a module that knows only the library's name finds it."""
        path = os.path.join(self.libraries, "libover-a1b2c3.so.1")
        self.assertEqual(self.as_in_main(tasks.over, "fx.found", path), self.EXPECTED)
        self.assertEqual(self.everywhere(tasks.over, "fx.found", path, main=False), [self.EXPECTED] * 2)

    def test_through_links(self):
        """A library has one copy, whatever it is called."""
        with tempfile.TemporaryDirectory() as folder:
            links = {name: os.path.join(folder, name) for name in ("fx.libs", "rpath.so")}
            for name, link in links.items():
                os.symlink(os.path.join(extension_case.folder(), "fx", name), link)
            self.as_in_main(tasks.over_by_path, links["rpath.so"])
