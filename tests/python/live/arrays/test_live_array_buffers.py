"""
Buffers of symplast.Array: what consumers of the buffer protocol get, and that they keep it, whatever becomes of the Array, its
pool and its interpreter.
"""

import array
import gc
import hashlib
import io
import itertools
import os
import struct
import unittest

import symplast
from symplast import Array, DeletedError

import child
import live_array_tasks
import live_blocks

try:
    import _testbuffer
    from test import test_memoryview
except ImportError:
    _testbuffer = test_memoryview = None

try:
    import numpy
except ImportError:
    numpy = None

TYPECODES = "bBhHiIlLqQfd"


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    pass


class Consumers(Case):
    def test_a_memoryview_is_of_the_elements_themselves(self):
        for typecode in TYPECODES:
            shared = Array(typecode, range(5))
            view = memoryview(shared)
            size = struct.calcsize(typecode)
            self.assertEqual((view.format, view.itemsize, view.ndim, view.shape, view.strides, view.suboffsets),
                             (typecode, size, 1, (5,), (size,), ()))
            self.assertFalse(view.readonly)
            self.assertTrue(view.c_contiguous and view.f_contiguous)
            self.assertIs(view.obj, shared)
            view[1] = 9
            shared[2] = 8
            self.assertEqual(view.tolist(), shared.tolist())
            self.assertEqual(shared.tolist(), [0, 9, 8, 3, 4])
            self.assertEqual(view[::2].tolist(), [0, 8, 4])
            self.assertEqual(view.tobytes(), shared.tobytes())
            self.assertEqual(view, shared)
            with self.assertRaises(TypeError):
                view["0"]

    def test_empty_ones_too(self):
        view = memoryview(Array("d"))
        self.assertEqual((view.nbytes, view.shape, view.tolist()), (0, (0,), []))

    @unittest.skipIf(_testbuffer is None, "this Python was installed without _testbuffer")
    def test_every_combination_of_flags_gives_what_it_asks_for(self):
        shared = Array("i", [1, 2, 3])
        flags = ("PyBUF_WRITABLE", "PyBUF_FORMAT", "PyBUF_ND", "PyBUF_STRIDES", "PyBUF_C_CONTIGUOUS", "PyBUF_F_CONTIGUOUS",
                 "PyBUF_ANY_CONTIGUOUS", "PyBUF_INDIRECT")
        for number in range(len(flags) + 1):
            for chosen in itertools.combinations(flags, number):
                asked = 0
                for flag in chosen:
                    asked |= getattr(_testbuffer, flag)
                with self.subTest(chosen=chosen):
                    view = _testbuffer.ndarray(shared, getbuf=asked)
                    has = {flag: asked & getattr(_testbuffer, flag) == getattr(_testbuffer, flag) for flag in flags}
                    self.assertIs(view.obj, shared)
                    self.assertEqual((view.nbytes, view.itemsize, view.ndim, view.readonly, view.suboffsets),
                                     (12, 4, 1, False, ()))
                    self.assertEqual(view.format, "i" if has["PyBUF_FORMAT"] else "")
                    self.assertEqual(view.shape, (3,) if has["PyBUF_ND"] else ())
                    self.assertEqual(view.strides, (4,) if has["PyBUF_STRIDES"] else ())

    def test_other_consumers(self):
        shared = Array("i", [1, 2, 3])
        data = struct.pack("3i", 1, 2, 3)
        self.assertEqual(bytes(shared), data)
        self.assertEqual(bytearray(shared), data)
        self.assertEqual(b"".join([shared]), data)
        self.assertEqual(hashlib.sha256(shared).digest(), hashlib.sha256(data).digest())
        struct.pack_into("2i", shared, 4, 7, 8)
        self.assertEqual(struct.unpack_from("3i", shared), (1, 7, 8))
        self.assertEqual(io.BytesIO(data).readinto(shared), 12)
        self.assertEqual(shared.tolist(), [1, 2, 3])
        self.assertEqual(io.BytesIO().write(shared), 12)
        self.assertEqual(memoryview(shared).cast("B").cast("h")[2], 2)
        self.assertEqual(memoryview(shared).toreadonly().tolist(), [1, 2, 3])
        plain = array.array("i")
        plain.frombytes(memoryview(shared).cast("B"))
        self.assertEqual(plain, shared)
        with shared.__buffer__(0) as view:
            self.assertEqual(view.format, "B")

    def test_ctypes(self):
        try:
            import ctypes
        except ImportError as error:
            self.skipTest(str(error))
        shared = Array("d", [1, 2, 3])
        doubles = (ctypes.c_double * 3).from_buffer(shared)
        doubles[1] = 5
        self.assertEqual(shared.tolist(), [1.0, 5.0, 3.0])
        self.assertEqual(ctypes.addressof(doubles) % 64, 0)
        symplast.delete(shared)
        self.assertEqual(doubles[:], [1.0, 5.0, 3.0])

    @unittest.skipIf(numpy is None, "numpy is not installed")
    def test_numpy(self):
        for typecode in TYPECODES:
            shared = Array(typecode, range(6))
            for make in (numpy.asarray, lambda a: numpy.frombuffer(a, dtype=typecode)):
                matrix = make(shared).reshape(2, 3)
                self.assertEqual(matrix.dtype, numpy.dtype(typecode))
                matrix[1, 1] = 7
                self.assertEqual(shared[4], 7)
                shared[4] = 4
                self.assertEqual(matrix.sum(), 15)
            self.assertEqual(Array(typecode, numpy.arange(6, dtype=typecode)), shared)
            symplast.delete(shared)
            self.assertEqual(matrix.sum(), 15)

    def test_other_interpreters_see_what_is_written(self):
        shared = Array("q", 10)
        view = memoryview(shared)
        with symplast.InterpreterPoolExecutor(2) as executor:
            view[9] = 99
            list(executor.map(live_array_tasks.write_buffer, [shared] * 2, [0, 4], [range(4), range(4, 9)]))
            self.assertEqual(view.tolist(), [*range(9), 99])
            view[0] = -1
            self.assertEqual(executor.submit(sum, shared).result(), 134)


class Ends(Case):
    def test_a_buffer_is_not_affected_by_deletion(self):
        for size in (10, 100_000):
            shared = Array("i", range(size))
            view, part = memoryview(shared), memoryview(shared)[::-3]
            iterator = iter(view)
            next(iterator)
            symplast.delete(shared)
            with self.assertRaises(DeletedError):
                memoryview(shared)
            with self.assertRaises(DeletedError):
                shared.__buffer__(0)
            self.assertEqual(sum(iterator), sum(range(size)))
            view[5] = -7
            self.assertEqual((view[5], len(part), memoryview(view)[-1]), (-7, len(range(size)[::-3]), size - 1))
            self.assertEqual(live_blocks.in_pool(self.pool), 1)
            part.release()
            del shared
            # The buffer has a handle of its own.
            self.assertIn("deleted", repr(view.obj))
            self.assertEqual(view[1], 1)

    def test_deleted_by_another_interpreter(self):
        shared = Array("d", range(50_000))
        with symplast.Pool("other") as pool, pool.allocating():
            in_other = Array("d", range(50_000))
            with symplast.InterpreterPoolExecutor(1) as executor:
                views = [memoryview(shared), memoryview(in_other)]
                executor.submit(live_array_tasks.delete, shared).result()
                executor.submit(live_array_tasks.delete_pool, pool).result()
                for view in views:
                    self.assertEqual(sum(view), sum(range(50_000)))
                    view[0] = 1.5
                    self.assertEqual(view[0], 1.5)
            self.assertEqual(pool.stats().used_bytes, 0)
            self.assertTrue(pool.deleted)
            for each in (shared, in_other):
                with self.assertRaises(DeletedError):
                    memoryview(each)
            del each, in_other
            gc.collect()
            self.assertEqual(sum(views[1]), sum(range(50_000)) + 1.5)
            del view
            views.clear()

    def test_held_by_others_while_it_is_deleted(self):
        with symplast.Pool("other") as pool, pool.allocating(), symplast.InterpreterPoolExecutor(2) as executor:
            arrays = [Array("i", range(n)) for n in (10, 100_000)]
            for shared in arrays:
                self.assertEqual(executor.submit(live_array_tasks.keep_buffer, shared).result(), len(shared))
                self.assertEqual(executor.submit(live_array_tasks.keep_buffer, shared).result(), len(shared))
            symplast.delete(arrays[0])
            pool.delete()
            sums = [executor.submit(live_array_tasks.sum_kept).result() for _ in range(4)]
            self.assertTrue(all(each in (45, sum(range(100_000))) for each in sum(sums, [])))
            self.assertTrue(any(sums))

    def test_an_interpreter_that_ends_with_buffers_gives_them_back(self):
        child.run("""
            import symplast, live_array_tasks, mappings

            def one(held, delete):
                pool = symplast.Pool("test")
                with pool.allocating():
                    shared = symplast.Array("b", 64 << 20)
                address = mappings.address_of(shared)
                assert mappings.holds(address, 64 << 20)
                with symplast.InterpreterPoolExecutor(1) as executor:
                    executor.submit(live_array_tasks.keep_buffer, shared).result()
                    if delete:
                        pool.delete()
                        assert mappings.holds(address, 64 << 20)
                if not delete:
                    assert mappings.holds(address, 64 << 20)
                    symplast.delete(shared)
                assert mappings.holds(address, 64 << 20) == held, delete

            one(False, True)
            one(False, False)
        """)

    def test_memory_goes_back_when_it_is_no_longer_used(self):
        child.run("""
            import symplast, mappings
            for end in (lambda: symplast.delete(shared), lambda: symplast.pool_of(shared).delete()):
                with symplast.Pool("test").allocating():
                    shared = symplast.Array("d", 8 << 20)
                address = mappings.address_of(shared)
                view = memoryview(shared)
                assert mappings.holds(address, 64 << 20)
                end()
                assert mappings.holds(address, 64 << 20)
                del view
                assert not mappings.holds(address, 64 << 20)
            shared = symplast.Array("d", 8 << 20)
            d = symplast.Dict(x=shared)
            address = mappings.address_of(shared)
            del shared
            assert mappings.holds(address, 64 << 20)
            d["x"] = None
            assert not mappings.holds(address, 64 << 20)
        """)

    def test_a_buffer_can_outlive_the_last_reference_to_a_plain_memoryview_chain(self):
        view = memoryview(Array("h", range(10)))
        chained = memoryview(memoryview(view)[2:])[1:]
        del view
        gc.collect()
        self.assertEqual(chained.tolist(), list(range(3, 10)))

    def test_released_ones_say_so_and_twice_is_allowed(self):
        shared = Array("h", range(10))
        view = memoryview(shared)
        view.release()
        view.release()
        with self.assertRaises(ValueError):
            view[0]
        for wrong in (memoryview(Array("h", 1)), memoryview(b""), None, shared, view):
            with self.assertRaises((ValueError, TypeError)):
                shared.__release_buffer__(wrong)
        kept = memoryview(shared)
        for _ in range(3):
            view = shared.__buffer__(0)
            shared.__release_buffer__(view)
            del view
        symplast.delete(shared)
        self.assertEqual(kept.tolist(), list(range(10)))

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_a_forked_child_reads_on_and_gets_no_new_one(self):
        child.run("""
            import os, sys, symplast
            shared = symplast.Array("i", range(100_000))
            view = memoryview(shared)
            process = os.fork()
            if process == 0:
                status = 1
                try:
                    assert view[99_999] == 99_999
                    view[0] = 5
                    try:
                        memoryview(shared)
                    except RuntimeError:
                        status = 0
                    view.release()
                    del shared
                finally:
                    os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
            assert view[0] == 0 and memoryview(shared)[1] == 1
        """)

    def test_at_the_end_of_the_process(self):
        child.run("""
            import atexit, symplast
            shared = symplast.Array("i", range(100_000))
            view = memoryview(shared)
            cycle = [memoryview(shared)]
            cycle.append(cycle)
            class Late:
                def __del__(self, view=view):
                    assert view[5] == 5
            late = Late()
            atexit.register(lambda: sum(view))
        """)

    def test_again_under_the_debug_heap(self):
        child.run("import unittest; unittest.main(module='test_live_array_buffers', argv=['', 'Consumers', "
                  "'Ends.test_a_buffer_is_not_affected_by_deletion', 'Ends.test_deleted_by_another_interpreter', "
                  "'Ends.test_held_by_others_while_it_is_deleted', 'Ends.test_at_the_end_of_the_process'])",
                  SYMPLAST_DEBUG="heap")


if test_memoryview is not None:

    class OfIntegers(test_memoryview.ArrayMemoryviewTest):
        """CPython's own tests of memoryviews, over an Array."""

        def rw_type(self, data):
            return Array("i", list(data))

        # Grows the array that is viewed.
        test_array_assign = None

    class SlicesOfIntegers(test_memoryview.ArrayMemorySliceTest):
        def rw_type(self, data):
            return Array("i", list(data))

    class SlicesOfSlicesOfIntegers(test_memoryview.ArrayMemorySliceSliceTest):
        def rw_type(self, data):
            return Array("i", list(data))
