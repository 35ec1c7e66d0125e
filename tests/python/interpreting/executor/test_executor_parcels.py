"""A parcel holds the live objects that a message names. Wherever the message is lost, the parcel ends and lets them go."""

import unittest

import symplast
from executor_case import ExecutorCase
from live_blocks import NothingLeftMixin
from symplast import _symplast, byvalue, transport


class Unpicklable:
    def __reduce__(self):
        raise ZeroDivisionError


class Lost(NothingLeftMixin, ExecutorCase):
    def send(self, *beside):
        return transport.send((symplast.Dict(a=symplast.List([1])), *beside), byvalue.Sender())

    def channel(self, deliver=print):
        return _symplast.Channel(deliver)

    def test_between_packing_and_putting(self):
        data, parcel = self.send()
        self.assertIsNotNone(parcel)
        self.assertGreater(_symplast._live_blocks(self.pool), 0)
        del parcel

    def test_while_packing(self):
        with self.assertRaises(ZeroDivisionError):
            self.send(Unpicklable())

    def test_put_refuses_the_message(self):
        for subject, data in ((object(), b""), (unittest.TestCase(), "no bytes")):
            with self.assertRaises((AttributeError, TypeError)):
                self.channel().put(subject, data, self.send()[1])

    def test_closed_channel(self):
        channel = self.channel()
        channel.close()
        self.assertIs(channel.put(unittest.TestCase(), *self.send()), False)

    def test_channel_that_is_gone(self):
        self.assertIs(self.channel().put(unittest.TestCase(), *self.send()), True)

    def test_cancelled_and_drained(self):
        channel = self.channel()
        subject, taken = unittest.TestCase(), []
        channel.put(subject, *self.send())
        channel.cancel(subject._number, taken)
        channel.put(subject, *self.send())
        channel.drain(taken)
        self.assertEqual(taken, [subject, subject])
        self.assertEqual(_symplast._live_blocks(self.pool), 0)

    def test_owner_after_the_message(self):
        channel = self.channel()
        data, parcel = self.send()
        channel.put(unittest.TestCase(), data, parcel)
        channel.drain([])
        # The parcel is the message's, and has ended with it: its former owner does not end it once more.
        self.assertEqual(_symplast._live_blocks(self.pool), 0)
        del parcel

    def test_task_that_fails_to_unpickle_its_arguments(self):
        executor = self.executor(1)
        with self.assertRaises(ValueError):
            executor.submit(len, symplast.List([1]), FailsToLoad()).result()
        executor.shutdown()

    def test_answer_that_cannot_be_sent(self):
        executor = self.executor(1)
        with self.assertRaises(Exception):
            executor.submit(answer_that_fails, symplast.List([1])).result()
        executor.shutdown()

    def test_worker_that_ends_early(self):
        executor = self.executor(1)
        executor.submit(int).result()
        with self.assertLogs("concurrent.futures", "WARNING"):
            with self.assertRaises(symplast.RemoteError):
                executor.submit(damage, symplast.List([1])).result()
            executor.submit(int).result()
        executor.shutdown()

    def test_answer_that_nobody_asks_for(self):
        executor = self.executor(1)
        executor.submit(echo, symplast.List([1]))
        executor.shutdown()


class FailsToLoad:
    def __reduce__(self):
        return int, ("no number",)


def answer_that_fails(obj):
    return obj, (each for each in ())


def damage(obj):
    import builtins

    del builtins.len


def echo(obj):
    return obj


if __name__ == "__main__":
    unittest.main()
