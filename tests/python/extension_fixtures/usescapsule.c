/* Calls the C functions that fx.capsule gives, and keeps their address in a static. Single-phase, where fx.capsule is multi-phase. */
#include "fixture.h"

static int (*next)(void);

static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(next()); }

static PyMethodDef methods[] = {{"call", call, METH_NOARGS}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, -1, methods};

PyMODINIT_FUNC INIT(void)
{
    next = (int (*)(void))PyCapsule_Import("fx.capsule.NEXT", 0);
    return next ? PyModule_Create(&definition) : NULL;
}
