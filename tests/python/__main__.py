"""
Runs tests, as unittest does: all, or those of modules, classes and methods that are named, or of folders.

    python tests/python [-v] [NAME…]
    python tests/python test_live_dict.DictTests test_pools live/lists
"""

import unittest

import searchpath

searchpath.extend()
unittest.main(module=None, testLoader=searchpath.Loader())
