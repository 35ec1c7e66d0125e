"""Programs of packages that read and write texts and formats."""

import io
import json


def lxml_(folder):
    """Resolvers, XPath, XSLT with functions in Python, RelaxNG, DTD, HTML, objectify."""
    from lxml import etree, html, objectify

    class Resolver(etree.Resolver):
        def resolve(self, url, public, context):
            return self.resolve_string("<!ENTITY greeting 'hello'>", context) if url == "our:entities" else None

    parser = etree.XMLParser(load_dtd=True, resolve_entities=True)
    parser.resolvers.add(Resolver())
    resolved = etree.fromstring("<!DOCTYPE a [<!ENTITY % more SYSTEM 'our:entities'> %more;]><a>&greeting;</a>", parser)
    document = etree.fromstring(
        "<items>" + "".join(f"<item id='{i}'><price>{i * 3}</price></item>" for i in range(40)) + "</items>")
    style = etree.XSLT(etree.fromstring("""
        <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:our="our:functions">
        <xsl:template match="/"><sums>
        <xsl:for-each select="items/item"><xsl:sort select="@id" data-type="number" order="descending"/>
        <sum><xsl:value-of select="our:twice(number(price))"/></sum></xsl:for-each></sums></xsl:template></xsl:stylesheet>"""),
        extensions={("our:functions", "twice"): lambda context, number: number * 2},
    )  # fmt: skip
    schema = etree.RelaxNG(etree.fromstring("""
        <element name="items" xmlns="http://relaxng.org/ns/structure/1.0"><oneOrMore><element name="item"><attribute name="id"/>
        <element name="price"><text/></element></element></oneOrMore></element>"""))  # fmt: skip
    dtd = etree.DTD(io.StringIO("<!ELEMENT items (item*)><!ELEMENT item EMPTY>"))
    try:
        etree.fromstring("<a><b></a>")
        wrong = "no error"
    except etree.XMLSyntaxError as error:
        wrong = str(error)
    return {
        "resolved": resolved.text,
        "xpath": document.xpath("sum(//price[number(.) > 20])"),
        "own function": etree.XPath("count(//item[our:odd(@id)])", namespaces={"our": "our"}, extensions={
            ("our", "odd"): lambda context, ids: bool(int(ids[0]) % 2)})(document),
        "xslt": str(style(document)),
        "valid": [schema.validate(document), schema.validate(resolved), dtd.validate(document),
                  [each.type_name for each in dtd.error_log][:2]],
        "wrong": wrong,
        "iterparse": [element.text for _, element in etree.iterparse(io.BytesIO(etree.tostring(document)), tag="price")][:5],
        "objectify": int(objectify.fromstring(etree.tostring(document)).item[3].price) + 1,
        "html": [a.get("href") for a in html.fromstring("<p>one<a href=x>two<p>three<a href=y>").iter("a")],
        "canonical": etree.tostring(document, method="c14n")[:60].decode(),
    }


def orjson_(folder):
    """Writing with a callback, reading, errors."""
    import datetime
    import uuid

    import orjson

    class Point:
        x, y = 1, 2

    data = {"text": "ünï" * 20, "list": list(range(200)), "nested": {"a": [None, True, 1.5]}, "day": datetime.date(2026, 5, 4),
            "id": uuid.UUID(int=5)}
    try:
        orjson.loads(b'{"a": nothing}')
        wrong = "no error"
    except orjson.JSONDecodeError as error:
        wrong = str(error)
    return {
        "dumped": orjson.dumps(data, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2).decode(),
        "default": orjson.dumps([Point()], default=lambda point: [point.x, point.y]).decode(),
        "loaded": orjson.loads(orjson.dumps(data))["list"] == data["list"],
        "wrong": wrong,
    }


def msgpack_(folder):
    """Packing and unpacking in pieces, extension types, timestamps."""
    import datetime

    import msgpack

    data = {"list": list(range(300)), "text": "ünï", "bytes": b"\x00\x01", "nested": [{"a": 1.5}] * 3,
            "when": datetime.datetime(2026, 5, 4, tzinfo=datetime.UTC)}
    packed = msgpack.packb(data, datetime=True)
    unpacker = msgpack.Unpacker(timestamp=3, ext_hook=lambda code, value: (code, value),
                                object_pairs_hook=lambda pairs: dict(pairs))
    for i in range(0, len(packed), 7):
        unpacker.feed(packed[i : i + 7])
    unpacker.feed(msgpack.packb(msgpack.ExtType(5, b"own")))
    try:
        msgpack.unpackb(b"\x93\x01")
        wrong = "no error"
    except ValueError as error:
        wrong = str(error)
    again, extended = unpacker
    return {
        "packed": packed.hex(),
        "again": again == data,
        "extended": extended,
        "default": msgpack.packb([{1, 2}], default=sorted).hex(),
        "wrong": wrong,
    }


def yaml_(folder):
    """Reading and writing by LibYAML, constructors in Python."""
    import yaml

    class Loader(yaml.CSafeLoader):
        pass

    Loader.add_constructor("!point", lambda loader, node: tuple(loader.construct_sequence(node)))
    text = "a: &x [1, 2.5, yes, null]\nb: *x\nwhen: 2026-05-04\npoint: !point [1, 2]\ntext: |\n  one\n  two\n" + "".join(
        f"k{i}: v{i}\n" for i in range(200))
    loaded = yaml.load(text, Loader)
    try:
        yaml.load("a: [1, 2", Loader)
        wrong = "no error"
    except yaml.YAMLError as error:
        wrong = str(error)
    return {
        "loaded": repr(loaded),
        "dumped": yaml.dump({"list": [1, "two", None], "nested": {"x": 1.5}}, Dumper=yaml.CSafeDumper),
        "events": len(list(yaml.parse(text, yaml.CLoader))),
        "all": list(yaml.load_all("--- 1\n--- 2\n", Loader)),
        "wrong": wrong,
    }


def regex_(folder):
    """Fuzzy and recursive matches, callbacks, Unicode."""
    import regex

    text = "The quick brown fox jumps over the lazy dog. " * 20
    return {
        "fuzzy": regex.findall(r"(?:quikc){e<=2}", text)[:3],
        "lists": regex.findall(r"\L<words>", text, words=["fox", "dog"])[:4],
        "groups": [each.capturesdict() for each in regex.finditer(r"(?:(?P<word>\w+) ){3}", text)][1],
        "callback": regex.sub(r"\b\w", lambda found: found.group().upper(), text)[:30],
        "recursive": regex.match(r"\((?:[^()]|(?R))*\)", "(a(b(c)d)e) f").group(),
        "unicode": regex.findall(r"\p{Lu}\p{Ll}+", "Äpfel und Birnen"),
        "graphemes": len(regex.findall(r"\X", "e\u0301a\u0308o")),
    }


def tokenizers_(folder):
    """Training and encoding, in its own threads; files."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    texts = ["the quick brown fox jumps over the lazy dog", "a lazy dog sleeps", "quick foxes jump and jump"] * 30
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=120, special_tokens=["[UNK]"], show_progress=False))
    # Its own threads do this.
    encoded = tokenizer.encode_batch(texts * 5)
    tokenizer.save(str(folder / "tokenizer.json"))
    again = Tokenizer.from_file(str(folder / "tokenizer.json"))
    try:
        Tokenizer.from_str("{}")
        wrong = "no error"
    except Exception as error:
        wrong = type(error).__name__
    return {
        "count": len(encoded),
        # Which pieces are made of equally frequent ones is not the same each time; what they stand for is.
        "decoded": tokenizer.decode(again.encode("lazy fox jumps").ids).replace(" ##", ""),
        "same": again.encode(texts[0]).tokens == encoded[0].tokens,
        "offsets": encoded[1].offsets[0][0],
        "wrong": wrong,
    }


def pydantic_(folder):
    """Models with validators, JSON, schemas, errors."""
    import datetime
    import decimal

    import pydantic

    class Line(pydantic.BaseModel):
        name: str = pydantic.Field(min_length=2)
        price: decimal.Decimal
        count: int = 1

    class Order(pydantic.BaseModel):
        number: int
        day: datetime.date
        lines: list[Line]
        tags: set[str] = set()

        @pydantic.field_validator("number")
        @classmethod
        def even(cls, value):
            if value % 2:
                raise ValueError("is odd")
            return value

        @pydantic.computed_field
        def total(self) -> decimal.Decimal:
            return sum(line.price * line.count for line in self.lines)

    order = Order(number="12", day="2026-05-04",
                  lines=[{"name": "spam", "price": "1.25", "count": 4}, {"name": "eggs", "price": 2}])
    try:
        Order(number=3, day="never", lines=[{"name": "x", "price": "much"}])
        errors = []
    except pydantic.ValidationError as error:
        errors = [(list(each["loc"]), each["type"], each["msg"]) for each in error.errors()]
    return {
        "total": str(order.total),
        "json": order.model_dump_json(),
        "again": Order.model_validate_json(order.model_dump_json(exclude={"total"})) == order,
        "errors": errors,
        "schema": json.dumps(Order.model_json_schema(), sort_keys=True),
        "adapter": pydantic.TypeAdapter(dict[str, tuple[int, ...]]).validate_python({"a": ["1", 2]})["a"][0],
    }


def PIL_(folder):
    """Drawing, filters, PNG, JPEG and GIF files."""
    import hashlib

    from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

    image = Image.new("RGB", (120, 90), "navy")
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 10, 80, 70), fill="orange", outline="white")
    draw.line((0, 0, 119, 89), fill="red", width=3)
    saved = {}
    for kind in ("PNG", "JPEG", "GIF", "BMP"):
        file = io.BytesIO()
        image.save(file, kind)
        file.seek(0)
        with Image.open(file) as again:
            again.load()
            saved[kind] = (again.format, again.size, ImageChops.difference(again.convert("RGB"), image).getbbox() is None)
    try:
        Image.open(io.BytesIO(b"no image"))
        wrong = "no error"
    except OSError as error:
        wrong = type(error).__name__

    def digest(changed):
        return hashlib.sha256(changed.tobytes()).hexdigest()

    return {
        "saved": saved,
        "filtered": digest(image.filter(ImageFilter.GaussianBlur(2))),
        "resized": digest(image.resize((40, 30), Image.Resampling.LANCZOS)),
        "rotated": digest(image.rotate(30, expand=True)),
        "point": digest(image.convert("L").point(lambda value: 255 - value)),
        "histogram": sum(ImageOps.equalize(image).histogram()[:128]),
        "wrong": wrong,
    }


PROGRAMS = {
    "lxml": lxml_,
    "orjson": orjson_,
    "msgpack": msgpack_,
    "yaml": yaml_,
    "regex": regex_,
    "tokenizers": tokenizers_,
    "pydantic": pydantic_,
    "PIL": PIL_,
}
