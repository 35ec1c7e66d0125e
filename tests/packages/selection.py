"""Which tests of which packages run, and which of them cannot have the same outcome in a worker, with the reasons."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """Tests of a package: files and folders below where the package is, or below its unpacked sources."""

    package: str
    files: tuple
    options: tuple = ()
    in_sources: bool = False


_SQLALCHEMY = ("-o", "addopts=", "-p", "warnings", "-p", "logging")

# In the gate. pandas/tests/libs/test_hashtable.py imports tracemalloc, which CPython refuses in these interpreters; where pyarrow
# is installed for another Python, CPython 3.15 raises in the formatting of the ImportError.
SUITES = (
    Suite("numpy", ("_core/tests/test_dtype.py", "_core/tests/test_nditer.py", "_core/tests/test_indexing.py",
                    "_core/tests/test_multithreading.py", "_core/tests/test_stringdtype.py", "_core/tests/test_arrayprint.py",
                    "_core/tests/test_mem_policy.py", "_core/tests/test_array_coercion.py", "_core/tests/test_umath_complex.py",
                    "_core/tests/test_array_interface.py", "linalg/tests/test_linalg.py", "fft/tests",
                    "random/tests/test_generator_mt19937.py"), ("-m", "not slow")),
    Suite("pandas", ("tests/groupby/aggregate", "tests/reshape/merge/test_merge.py", "tests/libs/test_join.py",
                     "tests/libs/test_lib.py", "tests/libs/test_libalgos.py", "tests/io/parser/test_c_parser_only.py"),
          ("-m", "not slow and not single_cpu and not network", "-k", "not arrow")),
    # Classes that others derive from, which unittest's loader of the project leaves out.
    Suite("lxml", ("tests",), ("-k", "not test_suite and not TestCaseBase and not _XIncludeTestCase"), in_sources=True),
    Suite("sqlalchemy", ("test/base/test_result.py", "test/base/test_concurrency_py3k.py", "test/engine/test_pool.py",
                         "test/engine/test_processors.py",
                         "test/sql/test_resultset.py", "test/orm/test_session.py", "test/ext/asyncio"), _SQLALCHEMY,
          in_sources=True),
)

# For tests/soak.
WIDE = (
    Suite("numpy", ("_core/tests/test_multiarray.py", "_core/tests/test_umath.py", "_core/tests/test_ufunc.py",
                    "_core/tests/test_numeric.py",
                    "_core/tests/test_regression.py", "random/tests", "linalg/tests", "fft/tests", "ma/tests/test_core.py",
                    "lib/tests"), ("-m", "not slow")),
    Suite("scipy", ("linalg/tests", "sparse/tests", "optimize/tests", "special/tests", "signal/tests"), ("-m", "not slow")),
    Suite("pandas", ("tests/groupby", "tests/reshape", "tests/frame", "tests/indexes"),
          ("-m", "not slow and not single_cpu and not network", "-k", "not arrow and not numba")),
    Suite("sqlalchemy", ("test/base/test_result.py", "test/engine", "test/sql", "test/orm", "test/ext"), _SQLALCHEMY,
          in_sources=True),
)

# Patterns of tests (of fnmatch) that pass in the main interpreter and not in workers, or not in two at once.
KNOWN = {
    "_core/tests/*::test_xerbla_override": "forks, which CPython refuses in these interpreters",
    "linalg/tests/*::test_xerbla_override": "forks, which CPython refuses in these interpreters",
    "tests/test_threading.py::ThreadPipelineTestCase::*": "wants daemon threads, which CPython refuses in these interpreters",
    "test/engine/test_pool.py::QueuePoolTest::test_waiters_handled": "wants daemon threads, which CPython refuses in these "
    "interpreters",
}
