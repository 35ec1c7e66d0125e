"""Where arrays lie, and what the kernel has mapped there."""

import ctypes


def address_of(shared):
    """The address of the elements of a symplast.Array."""
    return ctypes.addressof((ctypes.c_char * memoryview(shared).nbytes).from_buffer(shared))


def holds(address, size):
    """Whether all of these bytes lie in mappings that follow one another and can be written."""
    end = address + size
    with open("/proc/self/maps") as maps:
        for line in maps:
            places, permissions = line.split()[:2]
            start, stop = (int(place, 16) for place in places.split("-"))
            if start <= address < stop and permissions.startswith("rw"):
                address = stop
    return address >= end
