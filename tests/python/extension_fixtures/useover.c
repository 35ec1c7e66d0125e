/* A module that needs libover.c alone, which needs libpy.c. */
#include "fixture.h"

extern int libover_count(void), libover_below(void);

static PyObject *over(PyObject *self, PyObject *none) { return Py_BuildValue("ii", libover_count(), libover_below()); }

static PyMethodDef methods[] = {{"over", over, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
