"""Compares the type stubs with what they describe: names, members, parameters. Run by a Python that has symplast installed.

    .venv/bin/python -m eng.stubs
"""

import ast
import importlib
import inspect
import sys

from eng.project import PACKAGE, relative
from eng.terminal import fail, say

# Of the special methods, those that make a type usable with an operator or a statement: a stub without them misleads.
_PROTOCOL = {f"__{name}__" for name in (
    "bool call contains delitem enter exit float getitem index int iter len next reversed setitem".split())}

# What every struct sequence of C has besides its fields.
_OF_STRUCT_SEQUENCES = {"n_fields", "n_sequence_fields", "n_unnamed_fields"}


def problems():
    """A sentence for each place where a stub and its module differ."""
    for stub in sorted(PACKAGE.rglob("*.pyi")):
        parts = stub.relative_to(PACKAGE.parent).with_suffix("").parts
        module = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        for problem in _Comparison(module, ast.parse(stub.read_text(encoding="utf-8"))).problems():
            yield f"{relative(stub)}: {problem}"


class _Comparison:
    """One module beside its stub."""

    def __init__(self, module, tree):
        self.module = module
        self.exported = getattr(module, "__all__", None)
        self.stub = dict(_definitions(tree.body))

    def problems(self):
        listed = self.stub.get("__all__")
        if self.exported is not None and listed is not None and set(ast.literal_eval(listed.value)) != set(self.exported):
            yield "its __all__ is not that of the module"
        for name in self._missing():
            yield f"{name} is not in the stub"
        for name, node in self.stub.items():
            if isinstance(node, (ast.Import, ast.ImportFrom)) and name not in (self.exported or ()):
                continue  # imported for annotations
            if name.startswith("_") or isinstance(node, ast.TypeAlias if hasattr(ast, "TypeAlias") else ()):
                continue
            if not hasattr(self.module, name):
                yield f"{name} is not in the module"
            elif isinstance(node, ast.ClassDef):
                yield from self._class(name, node, getattr(self.module, name))
            elif isinstance(node, ast.FunctionDef):
                yield from _parameters(name, node, getattr(self.module, name))

    def _missing(self):
        names = self.exported
        if names is None:
            names = [name for name, value in vars(self.module).items()
                     if not name.startswith("_") and not inspect.ismodule(value)]
        return sorted(set(names) - set(self.stub))

    def _class(self, name, node, runtime):
        members = dict(_definitions(node.body))
        for member, definition in members.items():
            if member.startswith("_") and not member.endswith("__"):
                continue
            if member in ("__init__", "__new__"):
                yield from _parameters(name, definition, runtime)
            elif not hasattr(runtime, member) and not isinstance(definition, ast.AnnAssign):
                yield f"{name}.{member} is not in the module"
            elif isinstance(definition, ast.FunctionDef) and not _is_property(definition):
                yield from _parameters(f"{name}.{member}", definition, inspect.getattr_static(runtime, member))
        described = set(members).union(*(self._members(base) for base in node.bases))
        for member in vars(runtime):
            public = (member in _PROTOCOL or not member.startswith("_")) and member not in _OF_STRUCT_SEQUENCES
            if public and member not in described and not any(hasattr(base, member) for base in runtime.__bases__):
                yield f"{name}.{member} is not in the stub"

    def _members(self, base):
        """What a stub says of a base class in the same file."""
        base = base.value if isinstance(base, ast.Subscript) else base
        node = self.stub.get(base.id) if isinstance(base, ast.Name) else None
        if not isinstance(node, ast.ClassDef):
            return set()
        return set(dict(_definitions(node.body))).union(*(self._members(further) for further in node.bases))


def _definitions(body):
    """(name, node) of what statements define; a later overload or setter does not hide that a name is overloaded."""
    overloaded = set()
    for node in body:
        if isinstance(node, ast.If):
            yield from _definitions(node.body if _holds(node.test) else node.orelse)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name not in overloaded:
                yield node.name, node
            if "overload" in _decorators(node) or _is_property(node):
                overloaded.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield alias.asname or alias.name, node
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id, node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield target.id, node
        elif isinstance(node, getattr(ast, "TypeAlias", ())):
            yield node.name.id, node


def _holds(test):
    """Whether a condition of a stub, which may ask only for the Python version and the platform, is true here."""
    known = {"sys": sys, "TYPE_CHECKING": True}
    return eval(compile(ast.Expression(test), "<stub>", "eval"), {"__builtins__": {}}, known)


def _parameters(name, node, runtime):
    if "overload" in _decorators(node):
        return
    if isinstance(runtime, (staticmethod, classmethod)):
        runtime = runtime.__func__
    try:
        actual = [(parameter.name, parameter.kind, parameter.default is not parameter.empty)
                  for parameter in inspect.signature(runtime).parameters.values()]
    except (ValueError, TypeError):
        return  # a C function that does not tell
    if [kind for _, kind, _ in actual] == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]:
        return
    described = list(_described(node.args))
    if inspect.isclass(runtime):
        described = described[1:]  # self
    elif "." in name and described and actual and described[0][0] == actual[0][0] == "self":
        # Whether self may be named is nobody's business: C says no, a stub by convention nothing.
        described, actual = described[1:], actual[1:]
    if described != actual:
        yield f"{name} is described as {_text(described)}, but is {_text(actual)}"


def _described(arguments):
    """(name, kind, whether it has a default) of the parameters in a stub."""
    positional = arguments.posonlyargs + arguments.args
    required = len(positional) - len(arguments.defaults)
    for index, argument in enumerate(positional):
        only = index < len(arguments.posonlyargs)
        kind = inspect.Parameter.POSITIONAL_ONLY if only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        yield argument.arg, kind, index >= required
    if arguments.vararg:
        yield arguments.vararg.arg, inspect.Parameter.VAR_POSITIONAL, False
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        yield argument.arg, inspect.Parameter.KEYWORD_ONLY, default is not None
    if arguments.kwarg:
        yield arguments.kwarg.arg, inspect.Parameter.VAR_KEYWORD, False


def _text(parameters):
    marks = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    kinds = {inspect.Parameter.POSITIONAL_ONLY: " (positional)", inspect.Parameter.KEYWORD_ONLY: " (keyword)"}
    return "(" + ", ".join(marks.get(kind, "") + name + ("=…" if default else "") + kinds.get(kind, "")
                           for name, kind, default in parameters) + ")"


def _decorators(node):
    return {decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
            for decorator in node.decorator_list}


def _is_property(node):
    return not isinstance(node, ast.ClassDef) and bool(
        _decorators(node) & {"property", "cached_property", "setter", "deleter"})


if __name__ == "__main__":
    found = list(problems())
    if found:
        fail("\n".join(found))
    say("the stubs describe the module")
