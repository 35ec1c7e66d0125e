/* Registers Python callables with librelay.c; each is called with the GIL of the interpreter that this copy belongs to. */
#include "fixture.h"

extern void librelay_register(void (*callback)(void *), void *context);
extern void librelay_call_all(void);

static void call(void *callable)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *result = PyObject_CallNoArgs(callable);
    if (result == NULL)
        PyErr_WriteUnraisable(callable);
    Py_XDECREF(result);
    PyGILState_Release(state);
}

static PyObject *add(PyObject *self, PyObject *callable)
{
    librelay_register(call, Py_NewRef(callable));
    Py_RETURN_NONE;
}

static PyObject *call_all(PyObject *self, PyObject *none)
{
    Py_BEGIN_ALLOW_THREADS
    librelay_call_all();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *call_all_held(PyObject *self, PyObject *none)
{
    librelay_call_all();
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"add", add, METH_O}, {"call_all", call_all, METH_NOARGS}, {"call_all_held", call_all_held, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
