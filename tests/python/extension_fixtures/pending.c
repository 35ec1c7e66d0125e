/* Py_AddPendingCall from a Python thread and from a thread of the library's own. The call notes which interpreter runs it. */
#include "fixture.h"
#include <pthread.h>

static int64_t ran_in = -1;

static int note(void *none)
{
    ran_in = PyInterpreterState_GetID(PyInterpreterState_Get());
    return 0;
}

static int complain(void *none)
{
    PyErr_SetString(PyExc_ValueError, "from a pending call");
    return -1;
}

static void *add(void *function) { return (void *)(intptr_t)Py_AddPendingCall((int (*)(void *))function, NULL); }

static PyObject *add_from_here(PyObject *self, PyObject *none) { return PyLong_FromLong((long)(intptr_t)add((void *)note)); }

static PyObject *add_complaint(PyObject *self, PyObject *none) { return PyLong_FromLong((long)(intptr_t)add((void *)complain)); }

static PyObject *add_from_thread(PyObject *self, PyObject *none)
{
    pthread_t thread;
    void *result = (void *)-2;
    Py_BEGIN_ALLOW_THREADS
    if (pthread_create(&thread, NULL, add, (void *)note) == 0)
        pthread_join(thread, &result);
    Py_END_ALLOW_THREADS
    return PyLong_FromLong((long)(intptr_t)result);
}

/* The number of the interpreter in which the last call ran, -1 if none has since this was asked. */
static PyObject *seen(PyObject *self, PyObject *none)
{
    PyObject *result = PyLong_FromLongLong(ran_in);
    ran_in = -1;
    return result;
}

static PyMethodDef methods[] = {{"add_from_here", add_from_here, METH_NOARGS},
                                {"add_from_thread", add_from_thread, METH_NOARGS},
                                {"add_complaint", add_complaint, METH_NOARGS},
                                {"seen", seen, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
