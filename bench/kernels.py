"""Small programs of the kinds that pyperformance is made of. They know nothing of Symplast."""

import gc
import json
import math
import re
import sys
import time


def nbody(steps=1_500):
    """Floats and lists: planets around a sun."""
    bodies = [[math.cos(i) * (i + 1), math.sin(i) * (i + 1), 0.1 * i, 0.01 * i, -0.02, 0.003 * i, 1 / (i + 1)] for i in range(5)]
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[:i]]
    for _ in range(steps):
        for a, b in pairs:
            dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
            force = 0.001 / ((dx * dx + dy * dy + dz * dz) ** 1.5 + 0.01)
            on_a, on_b = a[6] * force, b[6] * force
            a[3] -= dx * on_b
            a[4] -= dy * on_b
            a[5] -= dz * on_b
            b[3] += dx * on_a
            b[4] += dy * on_a
            b[5] += dz * on_a
        for body in bodies:
            body[0] += 0.001 * body[3]
            body[1] += 0.001 * body[4]
            body[2] += 0.001 * body[5]


class Task:
    def __init__(self, name, priority):
        self.name = name
        self.priority = priority
        self.waiting = []
        self.done = 0

    def receive(self, packet):
        self.waiting.append(packet)

    def is_ready(self):
        return bool(self.waiting)

    def step(self, scheduler):
        raise NotImplementedError


class Worker(Task):
    def step(self, scheduler):
        packet = self.waiting.pop()
        packet.value = (packet.value * 31 + self.priority) & 0xFFFF
        self.done += 1
        scheduler.send(packet, (packet.value + self.priority) % scheduler.count)


class Device(Task):
    def step(self, scheduler):
        packet = self.waiting.pop(0)
        self.done += packet.kind
        scheduler.send(packet, 0)


class Packet:
    __slots__ = ("kind", "value")

    def __init__(self, kind, value):
        self.kind = kind
        self.value = value


class Scheduler:
    def __init__(self, count):
        self.count = count
        self.tasks = [(Device if i % 3 == 2 else Worker)(f"task {i}", i) for i in range(count)]
        self.sent = 0

    def send(self, packet, to):
        self.sent += 1
        self.tasks[to].receive(packet)

    def run(self, steps):
        while self.sent < steps:
            for task in self.tasks:
                if task.is_ready():
                    task.step(self)


def objects(steps=25_000):
    """Classes, attributes and method calls: tasks that send packets to each other, as in Richards."""
    scheduler = Scheduler(6)
    for i in range(20):
        scheduler.send(Packet(i % 2, i), i % 6)
    scheduler.run(steps)


def json_both_ways(times=12):
    """json.dumps and loads."""
    document = [{"id": i, "name": f"n{i}", "values": [i / 2, i, None, True], "inner": {"a": str(i), "b": {}}} for i in range(500)]
    for _ in range(times):
        document = json.loads(json.dumps(document))


def regex(times=12):
    """Regular expressions."""
    text = " ".join(f"user{i}@host{i % 7}.example.com 2024-01-{i % 28 + 1:02} {i * 3.7:.2f};" for i in range(600))
    for _ in range(times):
        re.findall(r"(\w+)@(\w+)\.example\.com", text)
        re.sub(r"\d{4}-\d\d-(\d\d)", r"\1.", text)
        re.split(r";\s*", text)


def containers(times=8):
    """Dicts, lists, sets and tuples that come and go."""
    for _ in range(times):
        table = {}
        for i in range(3_000):
            table.setdefault(i % 97, []).append((i, str(i)))
        flat = sorted((item for items in table.values() for item in items), key=lambda item: item[1])
        seen = {text for _, text in flat}
        table = {text: number for number, text in flat if text in seen}
        while len(table) > 1_000:
            table.popitem()


def text(times=20):
    """Strings that are built and taken apart."""
    for i in range(times):
        lines = [f"{i}:{n:>6} {'ab' * (n % 9)}" for n in range(800)]
        joined = "\n".join(lines)
        words = joined.upper().replace("AB", "x").split()
        "".join(word[::-1] for word in words if not word.isdigit())


def generators(count=7):
    """Recursion through generators: permutations."""

    def arrangements(items):
        if len(items) < 2:
            yield items
            return
        for i, first in enumerate(items):
            for rest in arrangements(items[:i] + items[i + 1:]):
                yield (first, *rest)

    for _ in arrangements(tuple(range(count))):
        pass


def exceptions(times=60_000):
    """Calls that raise and catch."""

    def fail(i):
        if i % 2:
            raise ValueError(i)
        return i

    for i in range(times):
        try:
            fail(i)
        except ValueError:
            pass


KERNELS = (nbody, objects, json_both_ways, regex, containers, text, generators, exceptions)


def serve():
    """Runs the kernels that are named on stdin, and prints the CPU time of each run."""
    gc.disable()
    for line in sys.stdin:
        kernel = globals()[line.strip()]
        start = time.process_time()
        kernel()
        print(time.process_time() - start, flush=True)
