"""Programs of packages that a service is made of, and of those that test one."""

import io
import os
import sys

from in_threads import in_threads


def greenlet_(folder):
    """Switches, errors, greenlets in four threads and alive at their end."""
    import greenlet

    def numbers(count):
        for i in range(count):
            greenlet.getcurrent().parent.switch(i)
        return "end"

    def failing():
        greenlet.getcurrent().parent.switch("before")
        raise ValueError("from a greenlet")

    def run(count):
        worker = greenlet.greenlet(numbers)
        received = [worker.switch(count)]
        while not worker.dead:
            received.append(worker.switch())
        return received

    wrong = greenlet.greenlet(failing)
    steps = [wrong.switch()]
    try:
        wrong.switch()
    except ValueError as error:
        steps.append(str(error))
    left = greenlet.greenlet(numbers)
    left.switch(5)
    del left  # It is killed while it waits.
    of_threads = [None] * 4

    def thread(i):
        of_threads[i] = run(i + 3)
        # One that is alive when its thread ends.
        greenlet.greenlet(numbers).switch(9)

    in_threads(thread, range(4))
    return {"numbers": run(5), "steps": steps, "threads": of_threads, "deep": _nested(greenlet, 30)}


def _nested(greenlet, depth):
    if depth == 0:
        return ["innermost"]
    return [depth, *greenlet.greenlet(_nested).switch(greenlet, depth - 1)]


def sqlalchemy_(folder):
    """ORM on SQLite files, relations, events, errors."""
    import sqlalchemy as sa
    from sqlalchemy import orm

    class Base(orm.DeclarativeBase):
        pass

    class Author(Base):
        __tablename__ = "author"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        name: orm.Mapped[str]
        books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author", order_by="Book.id")

    class Book(Base):
        __tablename__ = "book"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        title: orm.Mapped[str]
        author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))
        author: orm.Mapped[Author] = orm.relationship(back_populates="books")

    path = folder / "books.db"
    path.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{path}")
    flushed = []
    sa.event.listen(orm.Session, "after_flush", lambda session, context: flushed.append(len(session.new)))
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all(Author(name=f"author {i}", books=[Book(title=f"book {i}.{j}") for j in range(i % 3)]) for i in range(12))
        session.commit()
    with orm.Session(engine) as session:
        counted = session.execute(
            sa.select(Author.name, sa.func.count(Book.id)).outerjoin(Book).group_by(Author.id).order_by(Author.id)).all()
        loaded = session.scalars(sa.select(Author).options(orm.selectinload(Author.books)).where(Author.name == "author 5")).one()
        titles = [book.title for book in loaded.books]
        try:
            session.add(Author(id=1, name="again"))
            session.commit()
            wrong = "no error"
        except sa.exc.IntegrityError as error:
            wrong = str(error.orig)
    with engine.connect() as connection:
        text = [tuple(row) for row in connection.execute(sa.text("select title from book where id < :n order by id"), {"n": 4})]
    engine.dispose()
    compiled = str(sa.select(Book).where(Book.title.like("%x%")).limit(3).compile(compile_kwargs={"literal_binds": True}))
    return {"counted": [tuple(row) for row in counted], "titles": titles, "wrong": wrong, "text": text, "compiled": compiled,
            "flushed": flushed[:1]}


def psycopg2_(folder):
    """Adapting and casting values, a connection that fails; no server."""
    import datetime
    import decimal

    import psycopg2
    from psycopg2 import extensions, extras

    class Point:
        def __init__(self, x, y):
            self.x, self.y = x, y

    extensions.register_adapter(Point, lambda point: extensions.AsIs(f"'({point.x}, {point.y})'"))
    values = [1, 2.5, True, None, "it's", b"\x00\xff", decimal.Decimal("1.50"), datetime.date(2026, 5, 4), [1, [2, 3]],
              Point(1, 2)]
    try:
        psycopg2.connect(host=str(folder / "nowhere"), dbname="none")
        wrong = "no error"
    except psycopg2.OperationalError as error:
        wrong = type(error).__name__
    return {
        "adapted": [extensions.adapt(value).getquoted().decode("latin-1") for value in values],
        "json": extras.Json({"a": [1, 2]}).dumps({"a": 1}),
        "dsn": extensions.parse_dsn("dbname=test user='some one' port=5433"),
        "cast": [str(psycopg2.extensions.DATE("2026-05-04", None)), psycopg2.extensions.INTEGER("42", None)],
        "decimal": str(extensions.DECIMAL("12.5", None)),
        "interval": str(extensions.INTERVAL("1 day 02:03:04", None)),
        "wrong": wrong,
    }


def cryptography_(folder):
    """Signatures, ciphers, certificates, key derivation."""
    import datetime

    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, InvalidTag
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import hashes, hmac, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    other = ec.generate_private_key(ec.SECP256R1())
    signature = other.sign(b"text", ec.ECDSA(hashes.SHA256()))
    errors = []
    try:
        other.public_key().verify(signature, b"other", ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        errors.append(type(error).__name__)
    try:
        AESGCM(bytes(16)).decrypt(bytes(12), bytes(40), b"")
    except InvalidTag as error:
        errors.append(type(error).__name__)
    other.public_key().verify(signature, b"text", ec.ECDSA(hashes.SHA256()))
    fernet = Fernet(Fernet.generate_key())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.org")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(77)
        .not_valid_before(day).not_valid_after(day + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("example.org")]), critical=False).sign(key, None)
    )  # fmt: skip
    keyed = hmac.HMAC(b"key", hashes.SHA256())
    keyed.update(b"text")
    return {
        "signed": key.sign(b"text").hex(),
        "sealed": AESGCM(bytes(16)).encrypt(bytes(12), b"text", b"more").hex(),
        "fernet": fernet.decrypt(fernet.encrypt(b"text")).decode(),
        "derived": PBKDF2HMAC(hashes.SHA256(), 32, b"salt", 1000).derive(b"password").hex(),
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "read": x509.load_der_x509_certificate(certificate.public_bytes(serialization.Encoding.DER)).subject.rfc4514_string(),
        "hmac": keyed.finalize().hex(),
        "errors": errors,
    }


def psutil_(folder):
    """Facts of the process and the system."""
    import psutil

    process = psutil.Process()
    try:
        psutil.Process(2**31 - 5)
        wrong = "no error"
    except psutil.NoSuchProcess as error:
        wrong = type(error).__name__
    with process.oneshot():
        facts = [process.pid == os.getpid(), process.memory_info().rss > 1 << 20, process.cpu_times().user >= 0,
                 process.num_threads() > 0]
    return {
        "facts": facts,
        "open": str(folder / "open") in _open_files(process, folder / "open"),
        "memory": psutil.virtual_memory().total,
        "processors": psutil.cpu_count(),
        "partitions": len(psutil.disk_partitions(all=True)) > 0,
        "started": process.create_time() == psutil.Process(os.getpid()).create_time(),
        "wrong": wrong,
    }


def _open_files(process, path):
    with open(path, "w"):
        return [each.path for each in process.open_files()]


def hypothesis_(folder):
    """Tests that hold and one that is reduced to its smallest case."""
    import hypothesis
    from hypothesis import strategies

    seen, smallest = [], []
    settings = hypothesis.settings(derandomize=True, database=None, max_examples=40, deadline=None,
                                   suppress_health_check=list(hypothesis.HealthCheck))

    @settings
    @hypothesis.given(strategies.lists(strategies.integers(0, 100)), strategies.text(max_size=5))
    def holds(numbers, text):
        seen.append((len(numbers), text))
        assert sorted(sorted(numbers)) == sorted(numbers)

    @settings
    @hypothesis.given(strategies.integers(0, 100_000))
    def fails(number):
        if number > 1234:
            smallest.append(number)
            raise ValueError

    holds()
    try:
        fails()
    except ValueError:
        pass
    return {"examples": len(seen) > 10, "smallest": min(smallest)}


def pytest_(folder):
    """Runs of a test file with `--capture=sys` and `-p no:faulthandler`."""
    import contextlib

    import pytest

    test = folder / "test_something.py"
    test.write_text(
        "import pytest\n@pytest.fixture\ndef number(): yield 3\n"
        "@pytest.mark.parametrize('x', [1, 2, 3])\ndef test_right(x, number, tmp_path): assert x <= number and "
        "tmp_path.is_dir()\n"
        "def test_wrong(number): assert number == 4\n"
        "def test_raises():\n    with pytest.raises(ZeroDivisionError): 1 / 0\n"
    )

    class Collected:
        def __init__(self):
            self.outcomes = []

        def pytest_runtest_logreport(self, report):
            if report.when == "call":
                self.outcomes.append((report.nodeid.rpartition("::")[2], report.outcome))

    collected, printed = Collected(), io.StringIO()
    # Descriptors and signal handlers belong to the process, which other workers have too: these leave them alone.
    arguments = ["-q", "-p", "no:faulthandler", "-p", "no:cacheprovider", "--capture=sys", f"--rootdir={folder}",
                 f"--basetemp={folder / 'temp'}", "-c", os.devnull, str(test)]
    with contextlib.redirect_stdout(printed):
        status = pytest.main(arguments, plugins=[collected])
    sys.modules.pop("test_something", None)
    return {"status": int(status), "outcomes": collected.outcomes, "explained": "assert 3 == 4" in printed.getvalue()}


PROGRAMS = {
    "greenlet": greenlet_,
    "sqlalchemy": sqlalchemy_,
    "psycopg2": psycopg2_,
    "cryptography": cryptography_,
    "psutil": psutil_,
    "hypothesis": hypothesis_,
    "pytest": pytest_,
}
