"""Reading what a shared library needs and offers, straight from its ELF file: no binutils needed."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

_DYNAMIC, _DYNSYM, _VERNEED, _VERSYM = 6, 11, 0x6FFFFFFE, 0x6FFFFFFF
_UNDEFINED, _ABSOLUTE = 0, 0xFFF1
_LOCAL = 0
_DT_NEEDED, _DT_FLAGS_1 = 1, 0x6FFFFFFB
_DF_1_NODELETE = 0x8


@dataclass
class Library:
    """A 64-bit little-endian shared library."""

    needed: list = field(default_factory=list)    # names of other libraries
    required: list = field(default_factory=list)  # (library, version, symbol) of each versioned symbol from elsewhere
    exported: list = field(default_factory=list)  # names it offers to others
    sections: list = field(default_factory=list)  # names of its sections
    nodelete: bool = False                        # dlclose leaves it in memory


def read(path):
    """Reads a library; ValueError if the file is none of ours."""
    data = Path(path).read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path} is not a 64-bit little-endian ELF file")
    start, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, start + size * index) for index in range(count)]
    sections = {header[1]: header for header in headers}

    def contents(header):
        return data[header[4]:header[4] + header[5]]

    def text(strings, offset):
        return strings[offset:strings.index(b"\0", offset)].decode()

    library = Library(sections=[text(contents(headers[names]), header[0]) for header in headers])
    strings = contents(headers[sections[_DYNSYM][6]])

    for tag, value in struct.iter_unpack("<qQ", contents(sections[_DYNAMIC])):
        if tag == _DT_NEEDED:
            library.needed.append(text(strings, value))
        elif tag == _DT_FLAGS_1:
            library.nodelete = bool(value & _DF_1_NODELETE)

    versions = _versions(contents(sections[_VERNEED]), lambda offset: text(strings, offset)) if _VERNEED in sections else {}
    indices = [index for index, in struct.iter_unpack("<H", contents(sections[_VERSYM]))] if _VERSYM in sections else []
    for number, symbol in enumerate(struct.iter_unpack("<IBBHQQ", contents(sections[_DYNSYM]))):
        name, info, section = text(strings, symbol[0]), symbol[1], symbol[3]
        index = indices[number] & 0x7FFF if indices else 0
        if section == _UNDEFINED and index in versions:
            library.required.append((*versions[index], name))
        elif section not in (_UNDEFINED, _ABSOLUTE) and info >> 4 != _LOCAL:  # absolute: the names of versions
            library.exported.append(name)
    return library


def _versions(data, text):
    """Version index → (library, version), from the table of needed versions."""
    found, entry = {}, 0
    while True:
        _, count, file, auxiliary, following = struct.unpack_from("<HHIII", data, entry)
        at = entry + auxiliary
        for _ in range(count):
            _, _, index, name, step = struct.unpack_from("<IHHII", data, at)
            found[index] = (text(file), text(name))
            at += step
        if following == 0:
            return found
        entry += following
