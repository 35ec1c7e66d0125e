"""Large values of globals are pickled once, whatever else changes and however many functions use them."""

import unittest
from unittest import mock

import child
import symplast
from replicas import program
from symplast import byvalue, transport
from symplast.byvalue import writer


class Apart(unittest.TestCase):
    def setUp(self):
        self.main = program(self, """
            class Node:
                def __init__(self, name): self.name = name
            big = [str(i) for i in range(50_000)]
            number, small, nodes, index = 0, [1], None, None
            def read(): return big, number, small
            def other(): return big
            def both(): return nodes, index
        """)
        self.sender = byvalue.Sender()
        patch = mock.patch.object(writer, "Apart", side_effect=writer.Apart)
        self.made = patch.start()
        self.addCleanup(patch.stop)

    def send(self, fn):
        return transport.send((fn, (), {}), self.sender)[0]

    def test_other_changes_do_not_pickle_it_again(self):
        self.assertLess(len(self.send(self.main.read)), 2000)
        for number in range(5):
            self.main.number = number
            self.main.small.append(number)
            self.assertLess(len(self.send(self.main.read)), 2000)
        self.assertEqual(self.made.call_count, 1)

    def test_other_functions_do_not_pickle_it_again(self):
        self.send(self.main.read)
        self.send(self.main.other)
        for _ in range(5):
            self.send(eval("lambda: big", vars(self.main)))
        self.sender = byvalue.Sender()
        self.send(self.main.read)
        self.assertEqual(self.made.call_count, 1)

    def test_its_own_changes_do(self):
        for number in range(3):
            self.send(self.main.read)
            self.main.big[number] = "changed"
        self.main.big = self.main.big[:]
        self.send(self.main.other)
        self.assertEqual(self.made.call_count, 4)
        self.main.big = 5
        self.send(self.main.read)
        self.main.big = list(range(100_000))
        self.send(self.main.read)
        self.assertEqual(self.made.call_count, 5)

    def test_values_that_share_objects_stay_together(self):
        self.main.nodes = [self.main.Node(str(i)) for i in range(5000)]
        self.main.index = {node.name: node for node in self.main.nodes}
        self.send(self.main.both)
        self.assertEqual(self.made.call_count, 0)
        self.main.index = {str(i): [i] for i in range(20_000)}
        self.main.nodes.append(1)
        self.send(self.main.both)
        self.assertEqual(self.made.call_count, 2)

    def test_small_values_that_may_share_objects_with_it_keep_it(self):
        # What only pickles tell about shares a list, or none.
        self.main.nodes = [[i] for i in range(20_000)]
        self.main.index = LookupError(self.main.nodes[5])
        self.send(self.main.both)
        self.assertEqual(self.made.call_count, 0)
        self.main.nodes.append(1)
        self.main.index = LookupError([5])
        self.send(self.main.both)
        self.assertEqual(self.made.call_count, 1)

    def test_a_deleted_pool_in_it_is_told(self):
        with symplast.Pool() as pool:
            self.main.big.append(pool.freeze([1, [2]]))
            self.send(self.main.read)
            self.main.number = 5
            self.send(self.main.read)
        for fn in self.main.read, self.main.other, eval("lambda: big", vars(self.main)):
            with self.assertRaises(symplast.DeletedError):
                self.send(fn)

    def test_it_arrives_with_all_that_it_needs(self):
        self.assertEqual(child.run("""
            import gc, symplast
            class Node:
                def __init__(self, name): self.name = name
                def show(self): return helper(self.name)
            def helper(name): return "node " + name
            def make(): return [Node(str(i)) for i in range(10_000)] + [counter, {"counter": counter}]
            counter = symplast.AtomicInt()
            nodes, number = make(), 0
            def first(): return nodes[0].show(), number
            def count():
                nodes[-2].add(1)
                nodes[-1]["counter"].add(1)
                return nodes[-2] is nodes[-1]["counter"]
            def set():
                nodes[0].name = "set"
            for workers in 1, 2:
                with symplast.InterpreterPoolExecutor(workers) as executor:
                    print(executor.submit(first).result(), executor.submit(lambda: nodes[5].show()).result())
                    number += 1
                    print(executor.submit(first).result(), executor.submit(count).result(), counter.value)
                    gc.collect()
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(set).result()
                number += 1
                print(executor.submit(first).result(), executor.submit(lambda: nodes[0].name).result())
                nodes[0].name = "changed"
                print(executor.submit(lambda: nodes[0].name).result(), executor.submit(first).result())
                nodes = 5
                print(executor.submit(lambda: nodes).result())
        """).splitlines(), [
            "('node 0', 0) node 5",
            "('node 0', 1) True 2",
            "('node 0', 1) node 5",
            "('node 0', 2) True 4",
            "('node set', 3) set",
            "changed ('node changed', 3)",
            "5",
        ])

    def test_what_two_large_globals_share_is_shared_in_the_worker(self):
        self.assertEqual(child.run("""
            import symplast
            class Node:
                def __init__(self, name): self.name = name
            nodes = [Node(str(i)) for i in range(10_000)]
            index = {node.name: node for node in nodes}
            def look(): return index["5"] is nodes[5]
            with symplast.InterpreterPoolExecutor(1) as executor:
                print(executor.submit(look).result())
                nodes[5].name = "changed"
                print(executor.submit(look).result(), executor.submit(lambda: index["5"].name).result())
        """), "True\nTrue changed\n")
