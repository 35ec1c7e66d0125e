"""What the library does with frozen objects: text, files, formats, numbers, databases."""

import array
import ast
import base64
import binascii
import codecs
import csv
import decimal
import difflib
import fractions
import hashlib
import heapq
import bisect
import html
import io
import json
import locale
import logging
import math
import os
import pathlib
import pprint
import random
import re
import reprlib
import shlex
import statistics
import string
import struct
import tempfile
import textwrap
import unicodedata
import urllib.parse
import uuid
import zlib

from battery_data import everything, group

ENCODINGS = ["utf-8", "utf-16", "utf-32", "utf-7", "utf-8-sig", "latin-1", "cp1252", "ascii", "idna", "shift_jis"]
ENCODINGS += ["unicode_escape", "raw_unicode_escape"]


@group
def text_methods(data):
    for text in data["texts"]:
        results = [text + "x", "x" + text, text * 3, text[1:], text[::-1], text[:1], text.upper(), text.lower(), text.title()]
        results += [text.swapcase(), text.capitalize(), text.casefold()]
        results += [text.strip(), text.split(), text.split(","), text.rsplit(None, 1), text.splitlines(), text.partition(" ")]
        results += [text.rpartition("a"), text.replace("a", "bb"), text.replace("zz", "")]
        results += [text.find("t"), text.rfind("t"), text.count("e"), text.startswith(("s", "n")), text.endswith("s")]
        results += [text.isalpha(), text.isdigit(), text.isidentifier(), text.isspace()]
        results += [text.center(40), text.ljust(40, "."), text.rjust(40), text.zfill(20), text.expandtabs()]
        results += [text.join(["a", "b"]), text.translate({97: "A"}), str.maketrans(text, text)]
        results += [text == text, text != "x", text < "m", text >= "", "a" in text, text in text + "y", len(text), list(text)]
        results += [sorted(text), set(text), hash(text), text.removeprefix("s")]
        results += [text.encode("utf-8", "surrogatepass"), text.encode("utf-16", "surrogatepass")]
        results += [text.encode("latin-1", "replace"), text.encode("ascii", "backslashreplace"), ascii(text), repr(text)]
        results += [str(text), format(text, ">30"), f"{text:^40}{text!r}{text!s}", "%s|%-10s" % (text, text)]
        results += ["{}{!a}".format(text, text), unicodedata.normalize("NFD", text), text.removesuffix("c")]
        for letter in text:
            unicodedata.name(letter, None), ord(letter), unicodedata.category(letter)
        for name in ("index", "rindex"):
            getattr(text, name)("")
        grown = text
        for _ in range(20):
            grown += text
            grown = grown + "y"
        assert grown.startswith(text)
    assert "".join(data["texts"]) and "-".join(data["names"]) and data["name"].join(data["names"]) and max(data["texts"])
    assert min(data["names"])
    assert string.Template("$alpha").substitute(data["keywords"]) == "1"
    assert string.Formatter().vformat("{alpha}", (), data["keywords"]) == "1"
    difflib.get_close_matches(data["names"][0], data["names"]), textwrap.wrap(data["texts"][3], 10)
    textwrap.dedent(data["program"]), html.escape(data["texts"][4]), shlex.quote(data["path"])
    textwrap.fill(data["texts"][3] * 5), string.capwords(data["texts"][3]), locale.strxfrm(data["name"]), int(data["texts"][9])
    float(data["texts"][9]), complex(data["texts"][9])


@group
def formatting(data):
    assert data["format"] % (data["name"], data["texts"][3]) and data["format"] % data["tuples"][2][:2]
    assert "%(alpha)s %(größe)d" % data["keywords"]
    assert data["template"].format(data["name"], data["floats"][2], name=data["names"][1])
    assert "{0[0]} {1[a]}".format(data["names"], data["dicts"][1])
    for value in everything(data):
        repr(value), str(value), f"{value}", f"{value!r:.50}", "%r" % (value,), ascii(value), reprlib.repr(value)
        pprint.pformat(value), pprint.saferepr(value)
    for value in data["ints"] + data["floats"] + data["complexes"]:
        f"{value:g}", f"{value:>30}", format(value), "%s" % (value,), f"{value:{data['texts'][0]}}"
    b"%s %r %d" % (data["bytes"][2], data["bytes"][1], data["ints"][1])
    # A frozen format string and a frozen specification.
    assert format(5, data["texts"][0]) and (data["texts"][3] % ()) and "{:{}}".format(data["name"], ">20")
    print(*everything(data), file=io.StringIO())


@group
def regular_expressions(data):
    pattern = re.compile(data["pattern"])
    for text in data["texts"]:
        pattern.findall(text), pattern.sub(r"<\g<word>>", text), pattern.split(text)
        [found.groupdict() for found in pattern.finditer(text)], re.escape(text), pattern.search(text + " x 5")
        found = pattern.match("word 5")
        found.group("word"), found.group(*data["tuples"][1]), found.expand(r"\1"), found["word"], found.string
    re.sub(data["names"][0], data["name"], data["texts"][3]), re.sub(data["names"][0], lambda found: data["name"], "alpha alpha")
    re.match(data["texts"][1], data["texts"][1])
    re.findall(rb"\w+", data["bytes"][2]), re.purge(), re.compile(data["pattern"], re.VERBOSE).pattern
    pattern.fullmatch(data["texts"][3], *data["tuples"][1])


@group
def bytes_and_buffers(data):
    for value in data["bytes"]:
        results = [value + b"x", value * 2, value[1:], value.upper(), value.split(b" "), value.replace(b"s", b"t")]
        results += [value.find(b"s"), value.hex("-", 2), value.decode("latin-1"), bytes(value), bytearray(value)]
        results += [list(value), value == value, value < b"m", b"s" in value, 115 in value, hash(value)]
        results += [value.translate(bytes(range(256))), value.join([b"a", b"b"]), b"".join([value, value]), value.strip()]
        results += [zlib.crc32(value), zlib.decompress(zlib.compress(value)), hashlib.sha256(value).digest()]
        results += [base64.b64encode(value), binascii.hexlify(value), value.startswith((b"s", b"w"))]
        results += [struct.unpack_from(f"{len(value)}B", value)]
        view = memoryview(value)
        assert view.readonly and view.tobytes() == value and view[1:].nbytes == max(len(value) - 1, 0)
        assert hash(view) == hash(value)
        stream = io.BytesIO(value)
        stream.read(1), stream.getvalue(), stream.write(b"changed"), stream.seek(0), stream.readline(), stream.truncate(0)
        assert io.BytesIO(value).getvalue() == value and io.BufferedReader(io.BytesIO(value)).read() == value
        local = bytearray(value)
        local += value
        local[:0] = value
        local.extend(value), array.array("B", value).tolist(), struct.pack(f"{len(value)}s", value)
        int.from_bytes(value, "little")
        try:
            view[0:1] = b"z"
            raise AssertionError
        except (TypeError, ValueError):
            pass
    stream = io.StringIO(data["texts"][3])
    stream.read(3), stream.write(data["name"]), stream.getvalue(), list(io.StringIO(data["program"]))
    io.TextIOWrapper(io.BytesIO()).write(data["texts"][4])
    struct.pack("<3i2d", *data["lists"][1], *data["floats"][:2]), struct.Struct("<i").pack(data["ints"][1]), struct.calcsize("3i")


@group
def codecs_and_encodings(data):
    for text in data["texts"]:
        for encoding in ENCODINGS:
            for errors in ("ignore", "replace", "surrogatepass"):
                try:
                    codecs.decode(text.encode(encoding, errors), encoding, errors)
                except (UnicodeError, ValueError):
                    pass
        codecs.getincrementalencoder("utf-8")("replace").encode(text), urllib.parse.quote(text, errors="replace")
        urllib.parse.unquote(text), json.dumps(text), json.dumps(text, ensure_ascii=False)
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            pass
    "x".encode(encoding="utf-8", errors="strict"), b"x".decode("utf-8")
    for name in ("strict", "ignore"):
        codecs.lookup_error(name)
    try:
        "x".encode(data["name"])
        raise AssertionError
    except LookupError:
        pass
    urllib.parse.urlencode(data["keywords"]), urllib.parse.urlsplit("http://h/" + data["name"] + "?a=1")
    urllib.parse.parse_qs(data["texts"][3])


@group
def json_and_csv(data):
    plain = [dict(record) for record in data["records"]]
    text = json.dumps(plain)
    assert json.loads(text)[0]["tags"] == list(data["records"][0]["tags"])
    assert json.dumps(data["lists"], indent=data["texts"][8][:2], sort_keys=True, separators=(",", ":"))
    assert json.loads(symbols := json.dumps(data["names"])) == list(data["names"]) and json.loads(symbols.encode())
    assert json.dumps({name: data["lists"] for name in data["names"]}, default=list)
    json.dumps(data["tuples"], cls=json.JSONEncoder), json.JSONDecoder().raw_decode(json.dumps(data["name"]))
    json.dumps(dict(data["keywords"]), skipkeys=True)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, data["names"][:2], extrasaction="ignore")
    writer.writeheader(), writer.writerow(dict(data["keywords"])), csv.writer(stream).writerows(data["lists"][3])
    list(csv.reader([data["texts"][10]])), list(csv.DictReader([data["texts"][10]] * 2, data["names"]))
    ast.literal_eval(repr(data["tuples"][3]))


@group
def numbers_in_the_library(data):
    for value in data["ints"]:
        math.gcd(value, 6), math.isqrt(abs(value)), math.comb(abs(value) % 50, 3), fractions.Fraction(value, 7) + value
        decimal.Decimal(value) + 1, math.log2(abs(value) + 1)
    for value in data["floats"][:5]:
        math.sin(value), math.floor(value), math.frexp(value), fractions.Fraction(value), decimal.Decimal(value)
        math.fsum([value, value]), math.isclose(value, value), math.nextafter(value, 1)
    numbers = data["lists"][4]
    statistics.mean(numbers), statistics.median(numbers), math.prod(numbers[1:20]), math.dist((1, 2), numbers[:2])
    math.hypot(*numbers[:5]), math.sumprod(numbers[:3], numbers[:3])
    decimal.Decimal(data["texts"][9]), fractions.Fraction(data["texts"][9]), uuid.uuid5(uuid.NAMESPACE_DNS, data["name"])
    bisect.bisect(numbers, 500), heapq.nlargest(3, numbers), heapq.nsmallest(3, data["names"])
    list(heapq.merge(numbers, numbers)), array.array("l", numbers).tolist(), array.array("d", data["floats"])
    generator = random.Random(data["name"])
    generator.choice(numbers), generator.sample(numbers, 5), generator.choices(data["names"], k=3)
    generator.shuffle(list(numbers)), generator.seed(data["bytes"][2]), generator.seed(data["ints"][9])


@group
def files_and_system(data):
    path = pathlib.PurePosixPath(data["path"])
    path / data["name"], path.parts, path.with_suffix(".x"), path.match("*.txt"), path.relative_to("data")
    os.path.join(data["path"], *data["names"]), os.path.split(data["path"]), os.path.normpath(data["path"])
    os.path.exists(data["path"]), os.fspath(data["path"]), os.path.splitext(data["path"]), os.path.expanduser(data["path"])
    os.path.commonpath([data["path"], data["path"]])
    with tempfile.TemporaryDirectory(prefix=data["name"]) as folder:
        for name in (data["name"], data["names"][0]):
            with open(os.path.join(folder, name), "w+", encoding="utf-8") as file:
                file.write(data["texts"][4]), file.writelines(data["names"]), file.seek(0), file.read()
                print(*data["names"], file=file)
            with open(os.path.join(folder, name), "wb", buffering=0) as file:
                file.write(data["bytes"][3])
        sorted(os.listdir(folder)), pathlib.Path(folder, data["name"]).read_bytes(), os.stat(os.path.join(folder, data["name"]))
        list(pathlib.Path(folder).glob(data["name"]))
    try:
        open(data["path"] + "/missing")
    except OSError as error:
        str(error)
    os.environ.get(data["name"]), os.environ.setdefault(data["name"], data["texts"][3]), os.environ.pop(data["name"])
    os.path.expandvars(data["texts"][3])
    logger = logging.getLogger(data["name"])
    logger.addHandler(logging.StreamHandler(io.StringIO()))
    logger.warning(data["format"], data["name"], data["lists"]), logger.error(data["texts"][3], extra=dict(data["keywords"]))
    logger.handlers.clear()


@group
def databases(data):
    try:
        import sqlite3
    except ImportError:
        return
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table t (name text, number int, real float, data blob)")
        rows = [(text, 5, 1.5, b"x") for text in data["texts"] if text != "\ud800 lone"]
        connection.executemany("insert into t values (?, ?, ?, ?)", rows)
        connection.execute("insert into t values (?, ?, ?, ?)",
                           (data["name"], data["ints"][1], data["floats"][2], data["bytes"][2]))
        connection.execute("insert into t (name, number) values (:alpha, :beta_2)", dict(data["keywords"]))
        connection.execute("insert into t (name, number) values (?, ?)", data["tuples"][1] + (5,))
        assert len(connection.execute("select * from t where name = ?", (data["name"],)).fetchall()) == 1
        connection.create_function(data["name"], 1, lambda value: data["texts"][3])
        assert connection.execute(f"select {data['name']}(1)").fetchone() == (data["texts"][3],)
    connection.close()
