"""The checker of histories finds what is wrong, and only that."""

import itertools
import random
import unittest

import symplast

import executor_case
import linearizability
import live_histories
import live_operations
from linearizability import Operation

SAME_IN_EVERY_VERSION = "the checker and its models are plain Python"


def history(*operations):
    """Operations as (invoked, responded, name, arguments, result), a result being a value or the class of an exception."""
    return [
        Operation(worker, invoked, responded, name, arguments,
                  ("raised", result.__name__) if isinstance(result, type) else ("value", result))
        for worker, (invoked, responded, name, arguments, result) in enumerate(operations)
    ]


def simulated(kind, seed, workers=3, each=6):
    """A right history: each operation is performed on the model at a moment of its own, and begins before and ends after it.

    Also the states at both ends.
    """
    dice = random.Random(seed)
    arguments = live_operations.Dice(seed, "words", 4)
    model = live_histories.live_models.MODELS[kind].of((1,) if kind.startswith("Atomic") else ())
    initial, clock, operations = model.state, 0, []
    free = dict.fromkeys(range(workers), 0)
    names = [name for name in live_operations.OPERATIONS[kind] if name != "delete"]
    for name, its in live_operations.program(kind, sorted(names), arguments, workers * each):
        clock += 10
        worker = dice.choice([worker for worker, since in free.items() if since < clock] or [min(free, key=free.get)])
        invoked = max(free[worker], clock - dice.randrange(60)) + 1
        clock = max(clock, invoked)
        result = live_operations.outcome(live_operations.OPERATIONS[kind][name].run, model, *its)
        free[worker] = clock + dice.randrange(60)
        operations.append(Operation(worker, invoked, free[worker], name, its, result))
    return initial, operations, model.state


class RightHistories(unittest.TestCase):
    def test_a_history_with_a_moment_for_each_operation_is_accepted(self):
        for kind, seed in itertools.product(live_operations.OPERATIONS, range(40)):
            with self.subTest(kind, seed=seed):
                live_histories.check(kind, *simulated(kind, seed))

    def test_an_operation_in_flight_may_have_happened_or_not(self):
        for seen in ("none", 1):
            live_histories.check("Dict", (), history((0, 9, "set", (1, 1), None), (1, 2, "get", (1,), seen)), ((1, 1),))


class WrongHistories(unittest.TestCase):
    def assertWrong(self, kind, initial, operations, final):
        with self.assertRaises(live_histories.NotLinearizable):
            live_histories.check(kind, initial, operations, final)

    def test_each_kind_of_lie_is_found(self):
        lies = {
            "a lost update": ("AtomicInt", (0,), history((0, 5, "add", (1,), 1), (1, 6, "add", (1,), 1)), (1,)),
            "an answer from the past": ("Dict", (), history((0, 1, "set", (1, 1), None), (2, 3, "get", (1,), "none")), ((1, 1),)),
            "one key for two": ("Dict", ((1, 1),), history((0, 5, "pop", (1,), 1), (1, 6, "pop", (1,), 1)), ()),
            "two winners": ("AtomicRef", (0,),
                            history((0, 5, "compare_exchange", (0, 1), True), (1, 6, "compare_exchange", (0, 2), True)), (2,)),
            "two defaults": ("Dict", (), history((0, 5, "setdefault", (1, 1), 1), (1, 6, "setdefault", (1, 2), 2)), ((1, 1),)),
            "readers that disagree on the order": (
                "Dict",
                (),
                history((0, 9, "set", (1, 1), None), (0, 9, "set", (2, 2), None), (1, 8, "keys", (), [1]),
                        (1, 8, "keys", (), [2])),
                ((1, 1), (2, 2)),
            ),
            "a torn snapshot": (
                "Dict",
                ((1, 0), (2, 0)),
                history((0, 1, "set", (1, 1), None), (2, 3, "set", (2, 1), None), (0, 4, "items", (), [(1, 0), (2, 1)])),
                ((1, 1), (2, 1)),
            ),
            "a wrong length": ("Dict", (), history((0, 9, "set", (1, 1), None), (1, 2, "in", (1,), True), (3, 4, "len", (), 0)),
                               ((1, 1),)),
            "not the end": ("Dict", ((1, 1), (2, 2)), history((0, 1, "popitem", (), (1, 1))), ((2, 2),)),
            "not the first": ("Set", (1, 2), history((0, 1, "pop", (), 2)), (1,)),
            "not the least": ("SortedDict", ((1, 1), (2, 2)), history((0, 1, "pop_first", (), (2, 2))), ((1, 1),)),
            "a hole in a list": (
            "List", (), history((0, 9, "append", (1,), None), (0, 9, "append", (2,), None), (1, 8, "list", (), [1, 2])), (2, 1)),
            "life after deletion": ("Object", (("a0", 1),), history((0, 1, "delete", (), None), (2, 3, "get", ("a0",), 1)),
                                    "deleted"),
            "deleted twice": ("List", (), history((0, 5, "delete", (), None), (1, 6, "delete", (), None)), "deleted"),
            "an element for two": ("Queue", (0, False, 1, (5,)), history((0, 5, "get", (), 5), (1, 6, "get", (), 5)),
                                   (0, False, 1, ())),
            "an element that overtakes": ("Queue", (0, False, 2, (5, 6)), history((0, 1, "get", (), 6)), (0, False, 2, (5,))),
            "a lost element": ("Queue", (0, False, 0, ()), history((0, 1, "put", (5,), None), (2, 3, "qsize", (), 0)),
                               (0, False, 1, (5,))),
            "a state from nowhere": ("AtomicInt", (0,), history((0, 1, "add", (1,), 1)), (2,)),
        }
        for name, lie in lies.items():
            with self.subTest(name):
                self.assertWrong(*lie)

    def test_a_result_that_was_never_there_is_found_in_any_history(self):
        for kind, seed in itertools.product(live_operations.OPERATIONS, range(20)):
            initial, operations, final = simulated(kind, seed)
            wrong = random.Random(seed).randrange(len(operations))
            operations[wrong] = operations[wrong]._replace(result=("value", "never stored"))
            with self.subTest(kind, seed=seed):
                self.assertWrong(kind, initial, operations, final)

    def test_an_operation_that_left_no_trace_is_found(self):
        for seed in range(20):
            dice = random.Random(seed)
            starts = [dice.randrange(50) for _ in range(8)]
            operations = [Operation(i, start, start + dice.randrange(1, 50), "add", (1,), None) for i, start in enumerate(starts)]
            for value, operation in enumerate(sorted(operations, key=lambda operation: operation.responded), 1):
                operations[operation.worker] = operation._replace(result=("value", value))
            live_histories.check("AtomicInt", (0,), operations, (8,))
            del operations[dice.randrange(8)]
            self.assertWrong("AtomicInt", (0,), operations, (8,))

    def test_keys_by_themselves_are_checked_as_well(self):
        operations = [*history((0, 1, "set", (1, 1), None), (0, 1, "set", (2, 2), None), (2, 3, "get", (2,), "none"))]
        with self.assertRaises(live_histories.NotLinearizable):
            live_histories.check_each_key("Dict", (), operations, ((2, 2), (1, 1)))


class AgainstEveryOrder(unittest.TestCase):
    """Small histories, right and wrong, for which all orders can be tried one after the other."""

    def test_the_answer_is_that_of_trying_all_orders(self):
        answers = {True: 0, False: 0}
        for seed in range(1500):
            dice = random.Random(seed)
            kind = dice.choice(("AtomicInt", "Dict", "List", "Set"))
            operations = [self._any(kind, dice, worker) for worker in range(dice.randrange(2, 6))]
            initial = (1,) if kind == "AtomicInt" else ()
            step = live_histories.step_of(kind)
            found = linearizability.find(operations, step, initial)
            self.assertEqual(found is not None, self._by_force(operations, step, initial),
                             f"seed {seed}\n{linearizability.text(operations)}")
            answers[found is not None] += 1
        self.assertGreater(min(answers.values()), 200, answers)

    @staticmethod
    def _any(kind, dice, worker):
        choices = {
            "AtomicInt": [("add", (1,), dice.randrange(1, 4)), ("get", (), dice.randrange(1, 3)),
                          ("exchange", (2,), dice.randrange(1, 3))],
            "Dict": [("set", (0, 1), None), ("in", (0,), dice.random() < 0.5), ("pop or", (0,), dice.choice(("none", 1))),
                     ("len", (), dice.randrange(2))],
            "List": [("append", (1,), None), ("len", (), dice.randrange(3)), ("in", (1,), dice.random() < 0.5)],
            "Set": [("add", (1,), None), ("add", (2,), None), ("list", (), dice.choice(([], [1], [1, 2], [2, 1]))),
                    ("len", (), dice.randrange(3))],
        }
        name, arguments, result = dice.choice(choices[kind])
        invoked = dice.randrange(12)
        return Operation(worker, invoked, invoked + dice.randrange(8), name, arguments, ("value", result))

    @staticmethod
    def _by_force(operations, step, initial):
        for order in itertools.permutations(operations):
            if any(later.responded < earlier.invoked for earlier, later in itertools.combinations(order, 2)):
                continue
            state = initial
            for operation in order:
                outcomes = [after for after, result in step(state, operation.name, operation.arguments)
                            if result == operation.result]
                if not outcomes:
                    break
                (state,) = outcomes
            else:
                return True
        return False


class WrongOperations(executor_case.ExecutorCase):
    def test_what_interpreters_do_in_two_steps_is_found(self):
        counter, arrived, ticks = symplast.AtomicInt(), symplast.AtomicInt(), symplast.AtomicInt()
        executor = self.executor(2)
        futures = [executor.submit(live_operations.add_in_two_steps, counter, arrived, ticks) for _ in range(2)]
        operations = [Operation(worker, *future.result()) for worker, future in enumerate(futures)]
        with self.assertRaisesRegex(live_histories.NotLinearizable, "add"):
            live_histories.check("AtomicInt", (0,), operations, (counter.value,))
