"""What the language itself does with frozen objects: names, calls, code, types, and bytecode that has specialised itself."""

import ast
import asyncio
import builtins
import collections
import contextlib
import contextvars
import dataclasses
import dis
import enum
import functools
import importlib
import io
import queue
import sys
import threading
import tokenize
import traceback
import types
import typing
import warnings

from battery_data import everything, group

WARM = 3000  # iterations after which every bytecode has specialised itself


class Plain:
    pass


@group
def attributes(data):
    class Target:
        class_attribute = 1

        def method(self):
            return self

    for name in data["names"]:
        target = Target()
        setattr(target, name, data["lists"])
        assert getattr(target, name) is data["lists"] and hasattr(target, name) and vars(target)[name] is data["lists"]
        delattr(target, name)
        assert getattr(target, name, None) is None or name.startswith("__")
        target.__dict__[name] = 1
        object.__setattr__(target, name, 2), object.__getattribute__(target, name), object.__delattr__(target, name)
    for holder in (types.SimpleNamespace(), types.ModuleType(data["name"]), lambda: None):
        setattr(holder, data["name"], data)
        assert getattr(holder, data["name"]) is data
    types.SimpleNamespace(**data["keywords"])
    for index in range(WARM):
        target = Plain()
        setattr(target, data["name"], index)
        getattr(target, data["name"])
    # The names by which classes know their special methods must be the interpreter's own.
    special = {"__len__": lambda self: 7, "__getattr__": lambda self, name: name, "__call__": lambda self: 8}
    frozen_names = {name: name for name in data["names"]}
    for name, function in special.items():
        setattr(Target, frozen_names[name], function)
    assert len(Target()) == 7 and Target().unknown == "unknown" and Target()() == 8
    for name in special:
        delattr(Target, frozen_names[name])
    try:
        len(Target())
        raise AssertionError
    except TypeError:
        pass


@group
def classes(data):
    made = type(data["name"], (), dict(data["namespace"]))
    instance = made()
    instance.one = data["lists"]
    assert made.attribute == 5 and made.__name__ == "frozen_name" and made.__slots__ == ("one", "two")
    assert instance.one is data["lists"]
    made.__doc__, made.__qualname__, repr(made), made.__dict__["attribute"]
    sub = types.new_class(data["name"], (made,), {}, lambda namespace: namespace.update(data["keywords"]))
    assert sub.alpha == 1 and issubclass(sub, made) and isinstance(sub(), made)
    sub.__name__ = sub.__qualname__ = sub.__module__ = data["name"]
    names = data["names"][:2]
    assert enum.Enum(data["name"], names).alpha.value == 1 and enum.Enum("E", data["keywords"].items()).alpha.value == 1
    dataclass = dataclasses.make_dataclass(data["name"], names)
    assert dataclasses.asdict(dataclass(*data["tuples"][2][:2]))
    assert dataclasses.replace(dataclass(1, 2), **{names[0]: data["name"]})
    row = collections.namedtuple(data["name"], names)(*data["lists"][3])
    assert row._asdict()[names[0]] == (1, 2) and row._replace(**{names[0]: data["name"]})
    property(lambda self: data["name"]).__set_name__(made, data["name"])
    typing.NamedTuple(data["name"], [(name, int) for name in names]), typing.TypedDict("T", data["keywords"])
    typing.Literal[data["names"]], typing.NewType(data["name"], int)
    typing.get_type_hints(types.FunctionType((lambda: 0).__code__, globals(), data["name"]))
    super(sub, sub()).__init__()


@group
def calls(data):
    def function(alpha=0, beta_2=0, *rest, größe=0, **others):
        return alpha, beta_2, rest, größe, others

    keywords, numbers = data["keywords"], data["lists"][4][:10]
    assert function(**keywords) == (1, "two", (), 3, {})
    for _ in range(WARM // 10):
        function(**keywords), function(*numbers), function(*numbers, **{"größe": 1})
        function(*data["tuples"][2], **data["dicts"][1])
        dict(**keywords), max(*numbers), print(*data["names"], sep=data["name"], file=io.StringIO())
        "{alpha}{größe}".format(**keywords), "{}{}".format(*data["names"])
        functools.partial(function, *numbers, größe=1)(), types.SimpleNamespace(**keywords), Plain(*numbers[:0])
        sorted(numbers, **{"key": None}), (lambda *a, **k: (a, k))(*data["names"], **keywords)
        type("T", (), keywords if isinstance(keywords, dict) else dict(keywords))
    assert function(*data["names"])[2] == data["names"][2:]
    inner = {**keywords, **data["dicts"][1]}
    assert [*numbers, *data["names"]][-1] == data["names"][-1] and (*numbers, *data["names"]) and {*numbers, *data["names"]}
    assert inner["b"] == (2,)
    first, *middle, last = data["names"]
    (a, b), (c, d) = data["lists"][3]
    assert (first, last, a, d) == (data["names"][0], data["names"][-1], 1, 4) and len(middle) == len(data["names"]) - 2
    function.__defaults__, function.__kwdefaults__ = data["lists"][3], dict(keywords)
    function.__doc__ = function.__name__ = function.__qualname__ = data["name"]
    function(), setattr(function, "__annotations__", dict(keywords)), setattr(function, data["name"], 1)


@group
def code(data):
    for source in data["sources"]:
        eval(source), eval(compile(source, data["path"], "eval")), exec(source, {data["name"]: data})
        ast.literal_eval(repr(data["tuples"][2]))
        tree = ast.parse(source, data["path"])
        ast.dump(tree), ast.unparse(tree), compile(tree, data["path"], "exec")
        list(tokenize.generate_tokens(io.StringIO(source).readline)), dis.code_info(source)
    scope = {data["name"]: data, **data["keywords"]}
    exec(data["program"], scope)
    assert scope["value"] == (6, "v", "a constant", (1, 2.5, "b")) and eval(data["name"], scope) is data
    assert eval("alpha", dict(data["keywords"])) == 1
    compile(data["program"], data["path"], "exec", flags=ast.PyCF_ONLY_AST)
    compile(data["program"].encode(), data["name"], "exec")
    function = scope["function"]
    replaced = function.__code__.replace(
        co_name=data["name"],
        co_filename=data["path"],
        co_qualname=data["name"],
        co_varnames=data["names"][:2] + ("key", "total"),
        co_consts=(None, data["texts"][3], data["name"], data["tuples"][2], (1, 2.5)),
    )
    types.FunctionType(replaced, {}, data["name"], data["tuples"][2][:0]), hash(replaced), repr(replaced), replaced == replaced
    replaced.co_consts
    # Frozen names and constants, but not a frozen tuple as co_names itself: 3.12 and 3.13.0 store back into it what they find
    # there.
    made = function.__code__.replace(co_names=(*data["names"],), co_consts=data["tuples"][2] + (data["name"], data["texts"][3]))
    made.co_names, list(made.co_lines()), made == made, hash(made)
    dis.Bytecode(function).dis()
    # A whole frozen container as an ast.Constant is ruled out: the compiler writes into it (see the limits in the documentation).
    names = ast.Expression(ast.Name(data["name"], ast.Load()))
    eval(compile(ast.fix_missing_locations(names), data["path"], "eval"), scope)
    texts = ast.Expression(ast.Constant(data["texts"][3]))
    assert eval(compile(ast.fix_missing_locations(texts), data["path"], "eval")) == data["texts"][3]
    numbers = ast.Expression(ast.BinOp(ast.Constant(data["ints"][9]), ast.Add(), ast.Constant(data["floats"][2])))
    eval(compile(ast.fix_missing_locations(numbers), data["path"], "eval"))
    keywords = ast.parse("f(a=1)").body[0].value
    keywords.keywords[0].arg = data["name"]
    compile(ast.fix_missing_locations(ast.Expression(keywords)), data["path"], "eval")


@group
def specialised_bytecode(data):
    lists, name, table, record = data["lists"], data["name"], data["dicts"][3], data["records"][0]
    numbers, text = lists[4], data["texts"][3]
    key, key_one, half, big, flags = "key_5", data["dicts"][1], data["floats"][2], data["ints"][9], data["constants"]
    instance, names = Plain(), data["names"]
    instance.data, instance.name, Plain.shared = data, name, data
    globals()["frozen_global"] = data
    total = 0
    for index in range(WARM):
        total += numbers[5] + numbers[-1] + (numbers[index % 10] if index in numbers else 0)
        x, y = lists[3][0]
        a, b, *c = numbers
        total += x + y + a + len(c) + (half > 1) + (half == 1.5) + (half * 2 + half < 9.0)
        total += (big > 5) + (big + 1 == big) + (numbers[3] == 3) + (numbers[3] < 5)
        total += len(text) + len(table) + len(numbers) + (text == name) + (text != "other")
        total += (key in table) + ("missing" in table) + (name in names) + (5 in data["sets"][1])
        total += table[key] + frozen_global["dicts"][3]["key_7"] + instance.data["ints"][4] + Plain.shared["ints"][1] + record[
            "id"]
        joined = text + name
        joined += name
        total += text[3] == "e"
        text[2:8], numbers[2:5], f"{name}{half:.1f}{big}", name % (), [name] * 2, (name,), {name: key}, {name}
        [value for value in lists[1]], name is text, not flags[1], flags[0] is None, name if flags[1] else text
        instance.name, key_one.get("a"), name.upper(), isinstance(name, str), type(name) is str
        -half, +half, half / 2, half - half, half**2, big // 3
        if flags[1] and not flags[2] and name and numbers and not lists[0]:
            total += 1
        with contextlib.nullcontext(name) as entered:
            total += entered is name
    for value in numbers:
        total += value
    for value in data["ranges"][1]:
        total += value
    for letter in text:
        total += letter == " "
    for key in table:
        total += table[key]
    for key, value in table.items():
        total += value
    for key, value in lists[3]:
        total += key * value
    for member in data["sets"][2]:
        total += isinstance(member, str)
    for byte in data["bytes"][3]:
        total += byte
    while total > 10**9:
        total //= big
    for _ in range(WARM):
        for value in lists[1]:
            total ^= value
    assert total


@group
def match_statements(data):
    seen = set()
    for _ in range(WARM // 30):
        for value in everything(data):
            match value:
                case None | True | False:
                    seen.add("constant")
                case {"id": identifier, "name": str(name), **rest}:
                    seen.add("record"), (identifier, name, rest)
                case {"a": 1}:
                    seen.add("mapping")
                case [first, *_, last]:
                    seen.add("sequence"), (first, last)
                case str() | bytes() | int() | float() | complex():
                    seen.add("scalar")
                case _:
                    seen.add("other")
    assert seen >= {"constant", "record", "mapping", "sequence", "scalar", "other"}


@group
def exceptions_and_warnings(data):
    for value in everything(data):
        try:
            raise ValueError(value, data["name"])
        except ValueError as error:
            error.add_note(data["name"]), setattr(error, data["name"], data), repr(error) and error.args
            error.with_traceback(None), error.__reduce__()
    for error in (
        KeyError(data["name"]),
        StopIteration(data),
        SystemExit(data["name"]),
        OSError(2, data["name"], data["path"]),
        UnicodeDecodeError(data["name"], data["bytes"][2], 0, 1, data["name"]),
    ):
        try:
            raise error from Exception(*data["names"])
        except BaseException as caught:
            str(caught), repr(caught), caught.__cause__
            traceback.format_exception(caught)
            traceback.TracebackException.from_exception(caught, capture_locals=True).stack.format()
    for wrong in (
        lambda: data["missing"],
        lambda: data["lists"][0][5],
        lambda: data["name"].missing,
        lambda: data["name"](),
        lambda: data["name"] + 1,
        lambda: int(data["name"]),
        lambda: {}[data["name"]],
    ):
        try:
            wrong()
            raise AssertionError
        except (KeyError, IndexError, AttributeError, TypeError, ValueError) as caught:
            str(caught)
    try:
        raise ExceptionGroup(data["name"], [ValueError(data["name"]), KeyError(data)])
    except* ValueError as group_:
        repr(group_)
    except* KeyError:
        pass
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        warnings.warn(data["name"])
        warnings.warn_explicit(data["texts"][3], UserWarning, data["path"], 1, module=data["name"], registry={})
        warnings.filterwarnings("ignore", message=data["name"], module=data["name"])
        warnings.warn(data["texts"][3], DeprecationWarning, stacklevel=2)


@group
def generators_and_contexts(data):
    def generator():
        received = yield data["name"]
        yield received
        yield from data["names"]
        return data

    steps = generator()
    next(steps), steps.send(data), list(steps)
    assert list(name for name in data["names"] if name) == list(data["names"])

    async def coroutine():
        variable.set(data["names"])
        await asyncio.sleep(0)
        waiting = asyncio.Queue()
        await waiting.put(data)
        return await waiting.get() is data and [value async for value in asynchronous()]

    async def asynchronous():
        for value in data["lists"][1]:
            yield value

    variable = contextvars.ContextVar(data["name"], default=data)
    assert variable.get() is data and asyncio.run(coroutine()) == [3, 1, 2]
    token = variable.set(data["lists"])
    context = contextvars.copy_context()
    assert context[variable] is data["lists"] and context.run(variable.get) is data["lists"]
    variable.reset(token)

    @contextlib.contextmanager
    def manager():
        yield data["name"]

    with manager() as entered, contextlib.suppress(KeyError), contextlib.redirect_stdout(io.StringIO()):
        print(entered), {}[entered]


@group
def threads(data):
    channel, local = queue.Queue(), threading.local()

    def body(*arguments, **keywords):
        setattr(local, data["name"], data)
        channel.put((arguments, keywords, sum(data["lists"][4]), sorted(data["names"])))

    bodies = [threading.Thread(target=body, name=data["name"], args=data["tuples"][2], kwargs=data["keywords"]) for _ in range(4)]
    for thread in bodies:
        thread.start()
    for thread in bodies:
        thread.join()
    assert all(channel.get()[0] == data["tuples"][2] for _ in bodies)


@group
def modules_and_names(data):
    assert importlib.import_module(data["module"]) is sys.modules[data["module"]] is __import__(data["module"])
    for name in data["names"]:
        globals()[name] = data
        assert eval(name) is data
        del globals()[name]
        if not name.startswith("__"):
            setattr(builtins, name, 1), delattr(builtins, name)
    module = types.ModuleType(data["name"], data["texts"][3])
    sys.modules[data["name"]] = module
    assert importlib.import_module(data["name"]) is module
    del sys.modules[data["name"]]
    sys.path.append(data["path"])
    try:
        importlib.import_module(data["name"])
        raise AssertionError
    except ImportError:
        sys.path.remove(data["path"])
    sys.path_importer_cache.pop(data["path"], None)
    exec("import " + data["module"] + " as imported", {})
