/* Threads that outlive their interpreter: one that calls once while it lives, and again when a byte comes through a pipe, with the thread state that it has kept or with a new one; and some that
   call all the time. */
#include "fixture.h"
#include <pthread.h>
#include <unistd.h>

static int wait_for, tell, keeps;

static void *run(void *none)
{
    char byte;
    PyGILState_STATE first = PyGILState_Ensure();
    if (keeps)
        PyEval_SaveThread();
    else
        PyGILState_Release(first);
    if (write(tell, "1", 1) != 1 || read(wait_for, &byte, 1) != 1 || write(tell, "2", 1) != 1)
        return NULL;
    PyGILState_STATE state = PyGILState_Ensure();  /* there is no interpreter any more: this must not return */
    UNUSED ssize_t written = write(tell, "3", 1);
    PyGILState_Release(state);
    return NULL;
}

static PyObject *start(PyObject *self, PyObject *arguments)
{
    pthread_t thread;
    if (!PyArg_ParseTuple(arguments, "iip", &wait_for, &tell, &keeps) || pthread_create(&thread, NULL, run, NULL) || pthread_detach(thread))
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    Py_RETURN_NONE;
}

static void *call_for_ever(void *none)
{
    for (;;)
        PyGILState_Release(PyGILState_Ensure());
}

static PyObject *hammer(PyObject *self, PyObject *threads)
{
    pthread_t thread;
    for (long n = PyLong_AsLong(threads); n > 0; n--)
        if (pthread_create(&thread, NULL, call_for_ever, NULL) || pthread_detach(thread))
            return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"start", start, METH_VARARGS}, {"hammer", hammer, METH_O}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
