"""A small search engine for Python source: an index of plain dicts, lists and strings, and `search`, which reads it.

Nothing in here knows of workers or of Symplast; see codesearch.py for those.
"""

import keyword
import math
import random
import re
import sysconfig
import tokenize
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from progress import progress


class Document(TypedDict):
    """One source file."""

    path: str
    lines: list[str]
    length: int  # in identifiers
    imports: list[str]  # the paths of the files that it imports
    rank: float  # how much of the library builds on it; 1.0 on average


type Place = tuple[Document, Sequence[int], Sequence[int]]
"""Where in a document an identifier stands: the numbers of all its lines, and of those that define it."""


class Index(TypedDict):
    """Plain dicts, lists, strings and numbers.

    Frozen, the lists become tuples and the dicts read-only mappings, which is all the same to `search`.
    """

    documents: dict[str, Document]  # path -> document
    places: dict[str, list[Place]]  # identifier -> where it stands
    trigrams: dict[str, list[str]]  # three letters -> the identifiers that have them
    average_length: float


TOKEN = re.compile(
    r"""
      \# [^\n]*
    | (?: \b [bfrtu]{1,2} )?
      (?: "{3} (?: [^"\\]++ | \\. | "(?!"") )*+ "{3} | " (?: [^"\\\n]++ | \\. )*+ "
        | '{3} (?: [^'\\]++ | \\. | '(?!'') )*+ '{3} | ' (?: [^'\\\n]++ | \\. )*+ ' )
    | (?: \b (?P<define> def | class ) [ \t]+ )? \b (?P<name> [^\W\d] \w* )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+)?import[ \t(]+([\w., \t]*)", re.MULTILINE)
NOT_NAMES = frozenset(keyword.kwlist) | {"self"}


def read_sources(quick: bool) -> dict[str, str]:
    """The text of the standard library's files by path; quick leaves out its tests."""
    library = Path(sysconfig.get_path("stdlib"))
    left_out = {"site-packages", "dist-packages"} | ({"test"} if quick else set())
    sources = {}
    for file in sorted(library.rglob("*.py")):
        path = file.relative_to(library)
        if not left_out.isdisjoint(path.parts):
            continue
        try:
            with tokenize.open(file) as stream:  # honours the file's coding line
                sources[path.as_posix()] = stream.read()
        except (OSError, SyntaxError, UnicodeDecodeError):
            pass  # some tests are broken on purpose
    return sources


def build_index(sources: dict[str, str]) -> Index:
    documents: dict[str, Document] = {}
    places: dict[str, list[Place]] = defaultdict(list)
    for path, text in progress(sources.items(), len(sources), "indexing"):
        document: Document = {"path": path, "lines": text.split("\n"), "length": 0, "imports": [], "rank": 1.0}
        document["imports"] = imported_paths(path, text, sources)
        uses, definitions = find_identifiers(text)
        document["length"] = sum(map(len, uses.values()))
        for name, lines in uses.items():
            places[name].append((document, lines, definitions.get(name, ())))
        documents[path] = document

    for path, rank in import_ranks(documents).items():
        documents[path]["rank"] = rank
    trigrams: dict[str, list[str]] = defaultdict(list)
    for name in places:
        for trigram in trigrams_of(name):
            trigrams[trigram].append(name)
    return {
        "documents": documents,
        "places": dict(places),
        "trigrams": dict(trigrams),
        "average_length": sum(document["length"] for document in documents.values()) / len(documents),
    }


def find_identifiers(text: str) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """The lines of each identifier in a source text, and the lines that define one."""
    uses: dict[str, list[int]] = defaultdict(list)
    definitions: dict[str, list[int]] = defaultdict(list)
    line, position = 1, 0
    for match in TOKEN.finditer(text):
        name = match["name"]
        if name is None or name in NOT_NAMES:
            continue
        line += text.count("\n", position, match.start("name"))
        position = match.start("name")
        if not uses[name] or uses[name][-1] != line:
            uses[name].append(line)
        if match["define"]:
            definitions[name].append(line)
    return uses, definitions


def imported_paths(path: str, text: str, sources: dict[str, str]) -> list[str]:
    """The files among the sources that one of them imports."""
    paths: dict[str, None] = {}  # keeps the order, unlike a set
    for package, modules in IMPORT.findall(text):
        names = [words[0] for item in modules.split(",") if (words := item.split())]  # without "as …"
        if package.startswith("."):
            base = package.lstrip(".")
            parents = path.split("/")[: -(len(package) - len(base))]
            package = ".".join([*parents, base]).strip(".")
        for module in [package, *(f"{package}.{name}" for name in names)] if package else names:
            stem = module.replace(".", "/")
            paths.update((found, None) for found in (f"{stem}.py", f"{stem}/__init__.py") if found in sources)
    paths.pop(path, None)
    return list(paths)


def import_ranks(documents: dict[str, Document], damping: float = 0.85) -> dict[str, float]:
    """PageRank on the import graph: a file that much of the library builds on counts for more."""
    ranks = dict.fromkeys(documents, 1.0)
    for _ in range(20):
        following = dict.fromkeys(documents, 1 - damping)
        for path, document in documents.items():
            for imported in document["imports"]:
                following[imported] += damping * ranks[path] / len(document["imports"])
        ranks = following
    return ranks


def trigrams_of(word: str) -> set[str]:
    padded = f"  {word.lower()} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


type Match = tuple[float, str, int, str]
"""Score, path, line number and the line itself."""

type Evidence = tuple[int, float, Sequence[int], Sequence[int]]
"""Which word of the query, how much it weighs, and the lines of a document that have and that define it."""


def search(index: Index, query: str, count: int = 5) -> list[Match]:
    """The files that answer a query best, each by its best line. A misspelt word finds the identifiers it resembles."""
    scores: dict[str, float] = defaultdict(float)
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for number, word in enumerate(query.split()):
        best: dict[str, float] = {}
        for name, similarity in similar_names(index, word):
            places = index["places"][name]
            weight = similarity**4 * math.log(1 + len(index["documents"]) / len(places))
            for document, lines, definitions in places:
                path = document["path"]
                frequency = len(lines) + 8 * len(definitions)
                score = weight * saturation(frequency, document["length"] / index["average_length"])
                best[path] = max(score, best.get(path, 0.0))
                evidence[path].append((number, weight, lines, definitions))
        for path, score in best.items():
            scores[path] += score

    matches = []
    for path in sorted(scores, key=lambda path: (-scores[path], path))[:100]:
        document = index["documents"][path]
        passage, line = best_passage(evidence[path])
        score = (scores[path] + passage) * (1 + math.log1p(document["rank"]) / 8)
        matches.append((score, path, line, document["lines"][line - 1].strip()))
    return sorted(matches, key=lambda match: (-match[0], match[1]))[:count]


def similar_names(index: Index, word: str) -> list[tuple[str, float]]:
    """Identifiers within a few typing errors of a word, and how similar each is (1.0: the same)."""
    limit = min(len(word) // 4, 3)
    trigrams = trigrams_of(word)
    shared: Counter[str] = Counter()
    for trigram in trigrams:
        shared.update(index["trigrams"].get(trigram, ()))
    needed = max(len(trigrams) - 4 * limit, 2)  # one error changes four trigrams at most
    similar = []
    for name, number in shared.items():
        if number >= needed and abs(len(name) - len(word)) <= limit:
            distance = edit_distance(name.lower(), word.lower(), limit)
            if distance <= limit:
                similar.append((name, 1 - distance / len(word)))
    return sorted(similar)


def edit_distance(a: str, b: str, limit: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours from one word to another; limit + 1 if more."""
    before: list[int] = []
    above = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            if letter == other:
                distance = above[j - 1]
            else:
                distance = 1 + min(above[j - 1], above[j], row[j - 1])
                if i > 1 and j > 1 and letter == b[j - 2] and other == a[i - 2]:
                    distance = min(distance, 1 + before[j - 2])
            row.append(distance)
        if min(row) > limit:
            return limit + 1
        before, above = above, row
    return min(above[-1], limit + 1)


def saturation(frequency: int, relative_length: float, k1: float = 1.2, b: float = 0.75) -> float:
    """BM25: the tenth occurrence says less than the first, and one in a short file says more."""
    return frequency * (k1 + 1) / (frequency + k1 * (1 - b + b * relative_length))


def best_passage(evidence: list[Evidence], reach: int = 4) -> tuple[float, int]:
    """The line around which most of the query stands, after its score: every word counts by its nearest place."""
    passages: dict[int, dict[int, float]] = defaultdict(dict)
    for word, weight, lines, definitions in evidence:
        for line in lines:
            value = 2 * weight if line in definitions else weight
            for distance in range(-reach, reach + 1):
                nearest = passages[line + distance]
                nearest[word] = max(value / (1 + abs(distance)), nearest.get(word, 0.0))
    score, line = max((sum(nearest.values()), -line) for line, nearest in passages.items())
    return score, -line


EXAMPLES = (
    "ThreadPoolExecuter submit initalizer",
    "levenstein_distance sugestion",
    "heappsh heapop nsmalest",
    "JSONEncodr defualt indent",
)


def make_queries(index: Index, count: int) -> list[str]:
    """The examples, and pieces of code as one half remembers them: names that stand together, every other misspelt."""
    dice = random.Random(2026)
    paths = sorted(index["documents"])
    queries = list(EXAMPLES)
    while len(queries) < count:
        lines = index["documents"][dice.choice(paths)]["lines"]
        start = dice.randrange(len(lines))
        words = re.findall(r"[^\W\d]\w{4,}", " ".join(lines[start : start + 5]))
        names = [word for word in dict.fromkeys(words) if word in index["places"]][:8]
        if len(names) >= 3:
            queries.append(" ".join(misspell(name, dice) if i % 2 else name for i, name in enumerate(names)))
    return queries


def misspell(word: str, dice: random.Random) -> str:
    """One typing error: two letters swapped, or one left out, doubled or replaced."""
    i = dice.randrange(1, len(word) - 1)
    left, letter, right = word[:i], word[i], word[i + 1 :]
    swapped = right[0] + letter + right[1:]
    return left + dice.choice((swapped, right, 2 * letter + right, "x" + right))
