"""Connected components of a graph, by workers that hang trees together without a lock: union-find on a shared List.

The graph: which packages of this machine depend on which (Debian, Ubuntu), or which modules of the standard library import which.

    python examples/components.py
"""

import ast
import os
import sys
import sysconfig

import symplast

STATUS = "/var/lib/dpkg/status"


def packages():
    """Edges of Debian's package database."""
    name = None
    with open(STATUS, encoding="utf-8") as file:
        for line in file:
            if line.startswith("Package: "):
                name = line[9:].strip()
            elif line.startswith(("Depends: ", "Pre-Depends: ")):
                for part in line.split(": ", 1)[1].replace("|", ",").split(","):
                    yield name, part.split("(")[0].split(":")[0].strip()


def modules():
    """Edges of the standard library's imports."""
    folder = sysconfig.get_path("stdlib")
    for file in sorted(os.listdir(folder)):
        if file.endswith(".py"):
            with open(os.path.join(folder, file), encoding="utf-8") as source:
                tree = ast.parse(source.read())
            for node in ast.walk(tree):
                for alias in getattr(node, "names", ()) if isinstance(node, ast.Import) else ():
                    yield file[:-3], alias.name.split(".")[0]


def find(parents, node):
    """The root of a node's tree; the way there gets shorter."""
    while (parent := parents[node]) != node:
        grandparent = parents[parent]
        # If another worker was faster, its change is as good.
        parents.compare_exchange(node, parent, grandparent)
        node = grandparent
    return node


def unite(parents, edges):
    """Join the trees at both ends of each edge (Anderson, Woll, STOC 1991)."""
    for left, right in edges:
        while (a := find(parents, left)) != (b := find(parents, right)):
            low, high = sorted((a, b))
            if parents.compare_exchange(high, high, low):
                break


def main():
    names = list(packages() if os.path.exists(STATUS) else modules())
    numbers = {name: number for number, name in enumerate(dict.fromkeys(name for edge in names for name in edge))}
    edges = [(numbers[left], numbers[right]) for left, right in names]
    parents = symplast.List(range(len(numbers)))
    with symplast.InterpreterPoolExecutor() as executor:
        list(executor.map(unite, [parents] * 4, [edges[i::4] for i in range(4)]))

    sizes = {}
    for node in range(len(parents)):
        root = find(parents, node)
        sizes[root] = sizes.get(root, 0) + 1
    assert all(find(parents, left) == find(parents, right) for left, right in edges)
    print(f"{len(numbers)} nodes, {len(edges)} edges: {len(sizes)} components, the largest of {max(sizes.values())} nodes",
          file=sys.stdout)


main()
