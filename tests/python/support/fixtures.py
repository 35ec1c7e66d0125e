"""What a test begins with."""

import symplast


def new_pool(test, name="test", **options):
    """A pool that is deleted after the test, if the test has not done so."""
    pool = symplast.Pool(name, **options)
    test.addCleanup(lambda: pool.deleted or pool.delete())
    return pool
