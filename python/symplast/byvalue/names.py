"""Finds the globals that code names, and the module to which they belong."""

import functools
import opcode
import sys
import types

from symplast.byvalue.identity import is_main


def home(space):
    """Return the name of the module whose namespace this dict is, or None."""
    name = space.get("__name__")
    if not isinstance(name, str):
        return None
    if is_main(name):
        return "__main__"
    module = sys.modules.get(name)
    return name if module is not None and module.__dict__ is space else None


def submodules(package, attributes):
    """Return the loaded submodules of a package that code with these attribute names may use, as in `xml.dom.Node`."""
    prefix = package + "."
    return {name for name in tuple(sys.modules) if name.startswith(prefix)
            and attributes.issuperset(name[len(prefix) :].split("."))}


@functools.lru_cache(4096)
def names_in(code):
    """Return the globals that a code object, with those nested in it, reads or sets, and all names that occur in it."""
    named, attributes = set(), set(code.co_names)
    instructions, extended = code.co_code, 0
    for place in range(0, len(instructions), 2):
        operation, argument = instructions[place], instructions[place + 1] | extended
        extended = argument << 8 if operation == _EXTENDED else 0
        if operation in _OF_GLOBALS:
            named.add(code.co_names[argument >> 1 if operation == _LOAD_GLOBAL else argument])
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            more_named, more_attributes = names_in(constant)
            named.update(more_named)
            attributes |= more_attributes
    return tuple(sorted(named - _OF_MODULES)), frozenset(attributes)


_EXTENDED = opcode.opmap["EXTENDED_ARG"]
_LOAD_GLOBAL = opcode.opmap["LOAD_GLOBAL"]
# A global that code only sets is sent as well. Otherwise a function that reads the global and is sent later would bring the
# sender's value, and replace the value that the first function has set.
_OF_GLOBALS = {opcode.opmap[name]
               for name in ("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")}
_OF_MODULES = {"__builtins__", "__loader__", "__spec__"}
