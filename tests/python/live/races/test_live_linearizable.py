"""
Several interpreters perform random operations on one live object: there is an order that explains all results. A failure says
with which seed; to see the same programs again (whoever is faster may differ): SYMPLAST_SEED=… python tests/python
test_live_linearizable.
"""

import os
import random
import unittest

import executor_case
import live_histories
import live_operations

SAME_IN_EVERY_VERSION = "the order of operations is made in C# that knows no version"

SEED = os.environ.get("SYMPLAST_SEED") or str(random.randrange(10**9))

WORKERS = 3


class Linearizable(executor_case.ExecutorCase):
    def recorder(self):
        return live_histories.Recorder(self.executor(WORKERS), WORKERS, SEED)

    def check(self, kind):
        recorder = self.recorder()
        # A clock that all write makes them wait for each other, that of the machine does not. Short programs meet in all states
        # of an object, long ones meet on busy machines too; deletion would soon end these.
        recorder.run(kind, 30, 20, logical=True)
        recorder.run(kind, 30, 20)
        recorder.run(kind, 6, 400, names=set(live_operations.OPERATIONS[kind]) - {"delete"})

    def test_dict(self):
        self.check("Dict")

    def test_sorteddict(self):
        self.check("SortedDict")

    def test_list(self):
        self.check("List")

    def test_set(self):
        self.check("Set")

    def test_object(self):
        self.check("Object")

    def test_atomicint(self):
        self.check("AtomicInt")

    def test_atomicref(self):
        self.check("AtomicRef")

    def test_queue(self):
        self.check("Queue")

    def test_long_histories_of_single_keys(self):
        recorder = self.recorder()
        for kind, names in live_operations.OF_ONE_KEY.items():
            with self.subTest(kind):
                recorder.run(kind, 3, 2000, names=names, each_key=True)

    def test_counting_while_keys_come_and_go(self):
        recorder = self.recorder()
        for kind in ("Dict", "SortedDict"):
            with self.subTest(kind):
                recorder.run(kind, 10, 300, names=("in", "set", "pop or", "len", "popitem"))
        recorder.run("Set", 10, 300, names=("in", "add", "discard", "len", "pop"))
