/* CPython 3.15's way: PyModExport gives an array of slots, here a constant one. SLOT is the value of its Py_mod_multiple_interpreters. */
#include "fixture.h"

static int calls, execs;

static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(++calls); }

static int execute(PyObject *module) { return PyModule_AddIntConstant(module, "execs", ++execs); }

static PyMethodDef methods[] = {{"call", call, METH_NOARGS}, {NULL}};
PyABIInfo_VAR(abi);
static const PySlot slots[] = {
    PySlot_STATIC_DATA(Py_mod_name, TEXT(NAME)),
    PySlot_STATIC_DATA(Py_mod_abi, &abi),
    PySlot_STATIC_DATA(Py_mod_methods, methods),
    PySlot_FUNC(Py_mod_exec, execute),
#ifdef SLOT
    PySlot_DATA(Py_mod_multiple_interpreters, SLOT),
#endif
    PySlot_END};

PyMODEXPORT_FUNC JOIN(PyModExport_, NAME)(void) { return (PySlot *)slots; }
