/* What greenlet does: a thread-local object whose destructor hands work to a pending call. A worker's thread ends after its interpreter. */
#include "fixture.h"
#include <atomic>

static std::atomic<int> destroyed, called;

static int note(void *) { return called++, 0; }

struct Local {
    int touched = 0;
    ~Local()
    {
        destroyed++;
        PyInterpreterState_Head();
        Py_AddPendingCall(note, this);
    }
};
static thread_local Local local;

static PyObject *touch(PyObject *self, PyObject *none) { return PyLong_FromLong(++local.touched); }
static PyObject *counts(PyObject *self, PyObject *none) { return Py_BuildValue("ii", destroyed.load(), called.load()); }

static PyMethodDef methods[] = {{"touch", touch, METH_NOARGS}, {"counts", counts, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
