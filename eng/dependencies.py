"""Which folders of the C# code use which: the picture of the architecture, and the check that it is kept.

    python3 -m eng.dependencies                    prints the picture: for each folder, the others whose types it uses, how many
    python3 -m eng.dependencies --types FROM TO    names the types of one folder that another one uses, and the files

A type is used where its name stands and its namespace is in reach, outside of comments and texts; members of the same name
behind a point do not count.
"""

import argparse
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from eng.project import ROOT
from eng.terminal import say

SOURCES = ROOT / "src"

# What a folder may not use, however it comes by it; as beginnings of paths.
NEVERS = [
    *(("Symplast.Python/Live/Values", f"Symplast.Python/Live/{room}", "values know no type")
      for room in ("Maps", "Lists", "Sets", "Records", "Arrays", "Cells")),
    *(("Symplast.Python/Interpreting", f"Symplast.Python/Live/{room}", "interpreters know no live type")
      for room in ("Maps", "Lists", "Sets", "Records", "Arrays", "Cells")),
    *((f"Symplast.Python/{room}", "Symplast.Python/Module", "the module is on top")
      for room in ("Base", "Live", "Graph", "Freezing", "Extensions", "Interpreting", "ByValue")),
    *(("Symplast.Python/Graph", f"Symplast.Python/{room}", "a walk knows no walker") for room in ("Freezing", "Live", "ByValue")),
    ("Symplast.Memory", "Symplast.Objects", "memory knows no structure"),
    ("Symplast.Memory", "Symplast.Python", "no floor knows an upper one"),
    ("Symplast.Objects", "Symplast.Python", "no floor knows an upper one"),
    ("Symplast.Memory", "Symplast.CPython", "memory knows no Python"),
    ("Symplast.Objects", "Symplast.CPython", "the structures know no Python"),
    ("Symplast.CPython", "Symplast.Memory", "the C API knows nothing of ours"),
    ("Symplast.CPython", "Symplast.Objects", "the C API knows nothing of ours"),
    ("Symplast.CPython", "Symplast.Python", "the C API knows nothing of ours"),
]

# What only Symplast.CPython may hold of CPython; as far as an expression can tell.
NUMBERS = [
    (re.compile(r"\bLayout\s*\.\s*Current\s*\.\s*(?:Minor|Patch)\b"), "asks for a version: Layout has named facts"),
    (re.compile(r"\((?:nint\*|PyObject\*\*)\)\s*\(\(byte\*\)[^;]*?\bLayout\."), "reads a field by its offset"),
    (re.compile(r"\b(?:Less|LessOrEqual|Equal|NotEqual|Greater|GreaterOrEqual) = [0-5];"),
     "writes down a code of an operator: Comparison has them"),
    (re.compile(r"\b\w+Subclass = 1 <<"), "writes down a flag of a type: PyTypeSpec has them"),
    (re.compile(r"\b0x030[0-9A-Fa-f]"), "compares with a version"),
    (re.compile(r"->(?:Tag|State) (?:& \d|>> \d)|\bState = [^;]*<< ?"),
     "reads bits of an int or a text: their structs name them"),
    (re.compile(r"\bDigitCount \* \d|\bDigitBits = \d"), "writes down the size of a digit: PyLongObject has it"),
    (re.compile(r"\*\(\w+\*+\)\(\(byte\*\)\w+ \+ (?:\d|[A-Z]\w*\))"), "reads a field by its offset"),
    (re.compile(r"\b(?:Perturb\w*|HashBits|FileInput|ApiVersion) = \d|\b314159\b"),
     "writes down a constant of CPython: Symplast.CPython names it beside its header"),
    (re.compile(r"\b(?:Proxy|Dict|Name|Type|Tuple)\w*(?:Offset|To\w+) = \d|\w+Since3\d+ = \d"),
     "writes down an offset or a slot: Symplast.CPython names it beside its header"),
    (re.compile(r"\b(?:With)?(?:Format|Formatted|Shape|Strides|Writable) = (?:0x)?\d"),
     "writes down a flag of a buffer: Api has PyBUF_FORMAT and the like"),
]

# A field of the table of CPython's symbols.
_SYMBOL = re.compile(r"^    public (?:delegate\*[^;]*>|void\*|PyObject\*{1,2}) (_?Py\w+);", re.MULTILINE)

# Comments, texts and characters.
_NO_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|\$?"""+.*?"""+|(?:\$@|@\$|@)"(?:[^"]|"")*"|\$?"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
_DECLARATION = re.compile(
    r"^(?:\[[^\n]*\] *)*(?:(?:public|internal|file|static|sealed|abstract|readonly|ref|unsafe|partial) +)*"
    r"(?:class|struct|interface|enum|record(?: +(?:class|struct))?|delegate +[\w<>*?\[\]., ]+?) +(\w+)", re.MULTILINE)
# The members of an enumeration are no types, though one may be called as a type is.
_MEMBERS = re.compile(r"(?<=\s)(enum\s+\w+[^{;]*)\{[^}]*\}")
_NAMESPACE = re.compile(r"^namespace +([\w.]+)", re.MULTILINE)
_USING = re.compile(r"^(?:global +)?using +(?:static +)?(?:\w+ *= *)?([\w.]+) *;", re.MULTILINE)
# As it stands where a type does: before a point, a star, an argument list of types or a name, in a cast or a list, or behind
# new, is, : and the like. Else it is a member's name.
_NAME = re.compile(
    r"(?<![\w.])(?<!->)(?:(?<=new )|(?<=is )|(?<=: )|(?<=struct, )|(?<=typeof\()|(?<=sizeof\()|(?<=nameof\())(\w+)"
    r"|(?<![\w.])(?<!->)([A-Z]\w*)(?=\s*[.*<>?\[)&,]"
    r"|\s+(?!=>|is\b|switch\b|and\b|or\b)[a-zA-Z_])")
_NESTED = re.compile(
    r"^[ \t]+(?:(?:public|internal|private|file|static|sealed|readonly|ref|unsafe) +)*"
    r"(?:class|struct|interface|enum|record(?: +struct)?)"
    r" +(\w+)", re.MULTILINE)
# A field, property, parameter or part of a tuple of this name: in its file the name is taken for that.
_MEMBER = re.compile(
    r"(?:(?<!new)(?<!is)(?<!return)(?<!case)(?<!as)(?<!or)(?<!and)(?<!not)(?<!in)(?<!ref)(?<!out)\b|[*?>\]])"
    r" +([A-Z]\w*)(?=\s*(?:\{\s*(?:get|internal get)|;|=(?!=)|,|\)))")


@dataclass
class Source:
    """A file: its folder as people name it (Symplast.Python/Live), the types that it declares, and what its code can reach."""

    path: Path
    folder: str
    namespace: str
    types: set
    names: set
    usings: set = field(default_factory=set)

    @property
    def reach(self):
        """Its own namespace with all that contain it, and those that it imports."""
        parts = self.namespace.split(".")
        return self.usings | {".".join(parts[:n]) for n in range(1, len(parts) + 1)}


def read(root=SOURCES):
    """All source files."""
    files = []
    for path in sorted(root.rglob("*.cs")):
        folder = path.relative_to(root).parent
        if {"bin", "obj"} & set(folder.parts) or not folder.parts:
            continue
        code = _NO_CODE.sub(" ", path.read_text(encoding="utf-8"))
        code = _MEMBERS.sub(r"\1", code)
        namespace = _NAMESPACE.search(code)
        files.append(Source(path, folder.as_posix(), namespace[1] if namespace else "", set(_DECLARATION.findall(code)),
                            _names(code), set(_USING.findall(code))))
    for source in files:
        project = source.folder.partition("/")[0]
        source.usings |= {using for other in files if other.folder == project and not other.namespace for using in other.usings}
    return files


def _names(code):
    names = {name for pair in _NAME.findall(code) for name in pair if name}
    return names - set(_NESTED.findall(code)) - set(_MEMBER.findall(code))


def uses(files):
    """{(from, to): {type: [files]}} of the folders."""
    declared = defaultdict(set)
    for source in files:
        for name in source.types:
            declared[name].add((source.namespace, source.folder))
    found = defaultdict(lambda: defaultdict(list))
    for source in files:
        for name in source.names & declared.keys():
            places = {place for place in declared[name] if place[0] in source.reach}
            if (folder := _home(places)) and folder != source.folder:
                found[source.folder, folder][name].append(source.path.name)
    return found


def _home(places):
    """The folder of a type; of one whose parts lie in several folders, the one that has them all. None: several types."""
    if len({namespace for namespace, _ in places}) != 1:
        return None
    folders = [folder.split("/") for _, folder in places]
    common = [parts[0] for parts in zip(*folders) if len(set(parts)) == 1]
    return "/".join(common) or None


def circles(edges):
    """The sets of more than one folder that use each other, directly or through others: strongly connected ones (Tarjan)."""
    targets = defaultdict(list)
    for source, target in edges:
        targets[source].append(target)
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for target in targets[node]:
            if target not in number:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], number[target])
        if low[node] == number[node]:
            circle = set()
            while node not in circle:
                circle.add(stack.pop())
            if len(circle) > 1:
                found.append(circle)

    for node in list(targets):
        if node not in number:
            visit(node)
    return found


def problems(files):
    """What is not as it should be, a line each."""
    found = uses(files)
    for (source, target), types in sorted(found.items()):
        for above, below, reason in NEVERS:
            if f"{source}/".startswith(f"{above}/") and f"{target}/".startswith(f"{below}/"):
                yield f"{source} uses {target} ({', '.join(sorted(types))}): {reason}"
    for circle in circles(found):
        yield f"folders in a circle: {', '.join(sorted(circle))}"
        for (source, target), types in sorted(found.items()):
            if source in circle and target in circle:
                yield f"    {source} -> {target}: {', '.join(sorted(types))}"


def numbers(root=SOURCES):
    """Where a number of CPython's stands outside of Symplast.CPython, a line each. The format ELF has numbers of its own."""
    for path in sorted(root.rglob("*.cs")):
        place = path.relative_to(root)
        if {"bin", "obj"} & set(place.parts) or place.parts[0] == "Symplast.CPython" or "Elf" in place.parts:
            continue
        code = _NO_CODE.sub(lambda found: "\n" * found[0].count("\n") + " ", path.read_text(encoding="utf-8"))
        for pattern, reason in NUMBERS:
            for found in pattern.finditer(code):
                yield f"{place.as_posix()}:{code.count(chr(10), 0, found.start()) + 1} {reason}"


def declared_twice(root=SOURCES):
    """The functions and types of CPython that the struct Api declares more than once, a line each."""
    declared = defaultdict(list)
    for path in sorted((root / "Symplast.CPython").rglob("*.cs")):
        for name in _SYMBOL.findall(_NO_CODE.sub(" ", path.read_text(encoding="utf-8"))):
            declared[name].append(path.name)
    for name, places in declared.items():
        if len(places) > 1:
            yield f"{name} is declared in {' and in '.join(places)}"


def main():
    parser = argparse.ArgumentParser(prog="eng.dependencies", description=__doc__.partition("\n")[0])
    parser.add_argument("--types", nargs=2, metavar=("FROM", "TO"), help="which types of TO the folder FROM uses")
    options = parser.parse_args()
    files = read()
    found = uses(files)
    if options.types:
        for name, places in sorted(found[tuple(options.types)].items()):
            say(f"{name}: {', '.join(sorted(places))}")
        return 0
    lines, counts = defaultdict(int), defaultdict(int)
    for source in files:
        lines[source.folder] += len(source.path.read_text(encoding="utf-8").splitlines())
        counts[source.folder] += 1
    for folder in sorted(lines):
        targets = sorted(((len(types), target) for (source, target), types in found.items() if source == folder), reverse=True)
        say(f"{folder} ({counts[folder]} files, {lines[folder]:,} lines)")
        if targets:
            say("    " + ", ".join(f"{target} {number}" for number, target in targets))
    wrong = [*problems(files), *numbers(), *declared_twice()]
    for line in wrong:
        say(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
