/* An extension module that is linked with another one, fx.base, found beside it. */
#include "fixture.h"

extern int base_count(void);

static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(base_count()); }

static PyMethodDef methods[] = {{"call", call, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
