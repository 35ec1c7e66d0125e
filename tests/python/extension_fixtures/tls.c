/* Static TLS, of which the process has little: a thread-local block of SIZE bytes that is addressed from the thread pointer. */
#include "fixture.h"

static __thread char block[SIZE] __attribute__((tls_model("initial-exec")));

static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(++block[SIZE - 1]); }

static PyMethodDef methods[] = {{"call", call, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
