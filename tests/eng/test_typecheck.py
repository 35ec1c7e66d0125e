"""Types that were not checked are no success where a machine decides."""

import contextlib
import io
import os
import unittest
from unittest import mock

from eng import typecheck


class Unchecked(unittest.TestCase):
    def check(self, **variables):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), mock.patch.dict(os.environ, variables):
            passes = typecheck.check(["3.12"])
        return passes, printed.getvalue()

    def test_without_npm_it_fails_in_ci_only(self):
        with mock.patch.object(typecheck.shutil, "which", lambda name: None):
            self.assertEqual(self.check(CI="true"),
                             (False, "Types: not checked, for want of npm: FAILED, since CI is to check them\n"))
            self.assertEqual(self.check(CI=""), (True, "Types: not checked, for want of npm\n"))

    def test_without_pyright_it_fails_in_ci_only(self):
        with mock.patch.multiple(typecheck, quietly=lambda *_: False, _PLACE=typecheck.ROOT / "nowhere"), \
                mock.patch.object(typecheck.shutil, "which", lambda name: name):
            self.assertFalse(self.check(CI="true")[0])
            self.assertTrue(self.check(CI="")[0])


if __name__ == "__main__":
    unittest.main()
