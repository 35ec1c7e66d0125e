/* Multi-phase init whose statics count. SLOT, if defined, is the value of its Py_mod_multiple_interpreters; GIL_SLOT adds Py_mod_gil. */
#include "fixture.h"

static int calls, execs;

static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(++calls); }

static int execute(PyObject *module) { return PyModule_AddIntConstant(module, "execs", ++execs); }

static PyMethodDef methods[] = {{"call", call, METH_NOARGS, "call()"}, {NULL}};
static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#ifdef GIL_SLOT
    {Py_mod_gil, Py_MOD_GIL_USED},
#endif
#ifdef SLOT
    {Py_mod_multiple_interpreters, SLOT},
#endif
    {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), "Its text.", 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
