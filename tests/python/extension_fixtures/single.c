/* Single-phase init: a static type, a heap type, an exception, and state in C statics. SIZE is its m_size: with -1 the init function runs once,
   with 0 it runs again at each import after the first. */
#include "fixture.h"

static int calls, inits;
static PyObject *kept;
static struct PyModuleDef definition;

static PyTypeObject Static = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "fx." TEXT(NAME) ".Static",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
};

static PyType_Slot heap_slots[] = {{0, NULL}};
static PyType_Spec heap_spec = {"fx." TEXT(NAME) ".Heap", 0, 0, Py_TPFLAGS_DEFAULT, heap_slots};

static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(++calls); }

/* Keeps an object for the rest of the library's life; returns the one before. */
static PyObject *keep(PyObject *self, PyObject *value)
{
    PyObject *before = kept ? kept : Py_NewRef(Py_None);
    kept = Py_NewRef(value);
    return before;
}

static PyObject *find(PyObject *self, PyObject *none)
{
    PyObject *module = PyState_FindModule(&definition);
    return Py_NewRef(module ? module : Py_None);
}

static PyMethodDef methods[] = {
    {"call", call, METH_NOARGS, "call()"}, {"keep", keep, METH_O}, {"find", find, METH_NOARGS}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), "Its text.", SIZE, methods};

PyMODINIT_FUNC INIT(void)
{
    inits++;
    Static.tp_new = PyType_GenericNew;
    if (PyType_Ready(&Static) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
    PyObject *heap = PyType_FromSpec(&heap_spec);
    PyObject *error = PyErr_NewException("fx." TEXT(NAME) ".Error", NULL, NULL);
    if (PyModule_AddObjectRef(module, "Static", (PyObject *)&Static) < 0 || PyModule_AddObjectRef(module, "Heap", heap) < 0 ||
        PyModule_AddObjectRef(module, "Error", error) < 0 || PyModule_AddIntConstant(module, "inits", inits) < 0)
        Py_CLEAR(module);
    Py_XDECREF(heap);
    Py_XDECREF(error);
    return module;
}
