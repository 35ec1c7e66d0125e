"""What interpreters do to live objects while signals come, memory fails, pools fill and others end.

Workers import this module.
"""

import copy
import gc
import os

import symplast


class Node(symplast.Object):
    """What the programs make."""

    name: str
    children: dict
    count: int = 0


def everything(pool):
    """A whole program: every type, values of every kind, copies, iteration.

    It may fail at any allocation; what it made dies with its frame.
    """
    with pool.allocating():
        graph = symplast.Dict(name="graph", parts=[1, {"deep": ({1: 2}, "x" * 50)[1]}], members={1, "two", (3, "three")})
        graph["graph"] = symplast.Object()
        graph["graph"].attribute = b"bytes" * 20
        graph.update({f"key {i}": 2**70 + i for i in range(20)})
        graph.add("sum", 2**60)
        graph.setdefault("default", [1, 2])
        graph.compare_exchange("name", "graph", "renamed")
        order = symplast.SortedDict((f"key {i:02}", [i]) for i in range(16))
        order.pop_first(), order.popitem(3), list(order.irange("key 05", "key 07"))
        items = symplast.List(["a", 2.5, None] * 3)
        items.extend(["more"] * 10)
        items[2:4] = ["slice"] * 5
        items.insert(3, {"x": [1]})
        items.sort(key=str)
        members = symplast.Set(range(17))
        members |= {"text", (1, 2)}
        members.pop()
        node = Node("root", {"left": {}, "right": {}})
        symplast.add(node, "count", 2**55)
        symplast.compare_exchange(node, "name", "root", "trunk")
        reference = symplast.AtomicRef([node])
        reference.exchange({"node": node})
        number = symplast.AtomicInt(7)
        node.children["number"] = number
        array = node.children["array"] = symplast.Array("q", range(40))
        array[3:6] = array[7:10]
        copies = [copy.copy(o) for o in (graph, order, items, members, node, array)] + [copy.deepcopy(graph)]
        for o in (graph, order, items, members, node, array, reference):
            repr(o), symplast.thaw(o), o == copies[0]
            symplast.freeze(symplast.thaw(o)) if o is graph else None
        return len(graph) + len(order) + len(items) + len(members)


def persist(shared, worker, times):
    """Does everything until it succeeds, whatever fails for want of memory. Returns how often it failed."""
    failures = 0

    def insist(function, *arguments):
        nonlocal failures
        while True:
            try:
                return function(*arguments)
            except MemoryError:
                failures += 1

    counts, order, items, members, node = insist(lambda: tuple(shared.values()))
    for i in range(times):
        key = f"worker {worker} item {i}"
        insist(counts.add, "sum", 1)
        insist(counts.__setitem__, key, {"n": i})
        insist(order.__setitem__, key, [i])
        insist(items.append, key)
        insist(members.add, key)
        insist(symplast.add, node, "count", 1)
        if i % 3 == 0:
            insist(counts.__delitem__, key)
            insist(order.pop, key)
            insist(members.discard, key)
    return failures


def fill(shared, worker):
    """Stores until the pool is full; returns what was stored."""
    d, order, items = shared
    stored = {"dict": [], "order": [], "list": []}
    for name, store in (
        ("dict", lambda key: d.__setitem__(key, {"text": key * 5})),
        ("order", lambda key: order.__setitem__(key, [key, 2**70])),
        ("list", lambda key: items.append(key)),
    ) * 3:
        i = 0
        try:
            while True:
                key = f"worker {worker} {len(stored[name])}"
                store(key)
                stored[name].append(key)
                i += 1
        except symplast.PoolFullError:
            pass
    return stored


def remove(shared, stored):
    """Removes again what a worker has stored."""
    d, order, items = shared
    for key in stored["dict"]:
        del d[key]
    for key in stored["order"]:
        order.pop(key)
    for _ in stored["list"]:
        items.pop()


def leave_behind(pool, shared, worker, turn):
    """Makes objects of every type for those who stay."""
    name = f"{worker} {turn}"
    with pool.allocating():
        node = Node(name, {"numbers": [1, 2, 3], "order": symplast.SortedDict({name: {worker}})}, worker)
        node.children["self"] = symplast.AtomicRef((name, node.children["numbers"]))
        node.children["counter"] = symplast.AtomicInt(turn)
    shared[name] = node


def use(shared, ended):
    """Reads and changes whatever others left, while they come and go. Returns how often it counted up what."""
    counted, rounds = {}, 0
    while not ended.value or not rounds:
        last = ended.value
        for name, node in shared.items():
            worker = int(name.split()[0])
            if node.name != name or node.count < worker:
                return f"{name}: {node!r}"
            numbers, order = node.children["numbers"], node.children["order"]
            if numbers[:3] != [1, 2, 3] or list(order) != [name] or worker not in order[name]:
                return f"{name}: {node!r}"
            if node.children["self"].value[1] is not numbers:
                return f"{name}: another object"
            symplast.add(node, "count", 1)
            node.children["counter"].add(1)
            numbers.append(node)
            numbers.pop()
            counted[name] = counted.get(name, 0) + 1
        rounds = last
    return counted


def collect(begun, workers):
    """Collects garbage in each of several interpreters: waits until all have begun."""
    begun.add(1)
    while begun.value < workers:
        os.sched_yield()
    gc.collect()


def plain_work(seed):
    """As much as a worker does in histories, on plain objects: what interpreters that end leave behind without us."""
    import live_models
    import live_operations
    import misuse

    outcomes = []
    for kind, model in live_models.MODELS.items():
        for size in (5, 40, 600):
            dice = live_operations.Dice(f"{seed} {kind}", "text", size)
            o = model.of((1,)) if kind.startswith("Atomic") else model()
            for name, arguments in live_operations.program(kind, sorted(live_operations.OPERATIONS[kind]), dice, 1000):
                outcomes.append(live_operations.outcome(live_operations.OPERATIONS[kind][name].run, o, *arguments))
    return len(outcomes), len(misuse.DOCUMENTED)
