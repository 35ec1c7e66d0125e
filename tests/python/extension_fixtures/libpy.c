/* A library that a package brings along and that has Python objects in its state: it must be private, and common to the package's modules. */
#include "fixture.h"

static PyObject *kept;
static int count;

PyObject *libpy_swap(PyObject *value)
{
    PyObject *before = kept ? kept : Py_NewRef(Py_None);
    kept = Py_NewRef(value);
    return before;
}

int libpy_count(void) { return ++count; }
