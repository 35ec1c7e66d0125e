"""The examples of the documentation run, and print what they say."""

import doctest
import os
import unittest

import searchpath


class Documentation(unittest.TestCase):
    def check(self, page):
        path = os.path.join(searchpath.ROOT, "docs", page)
        failed, attempted = doctest.testfile(path, module_relative=False, optionflags=doctest.ELLIPSIS)
        self.assertGreater(attempted, 10)
        self.assertEqual(failed, 0)

    def test_examples_of_the_guide_run_as_they_stand(self):
        self.check("guide.md")

    def test_examples_of_the_executor_run_as_they_stand(self):
        self.check("executor.md")

    def test_examples_of_live_objects_run_as_they_stand(self):
        self.check("live-objects.md")

    def test_examples_of_queues_run_as_they_stand(self):
        self.check("queues.md")

    def test_examples_of_interpreters_run_as_they_stand(self):
        self.check("interpreters.md")

    def test_examples_of_coordination_run_as_they_stand(self):
        self.check("coordination.md")
