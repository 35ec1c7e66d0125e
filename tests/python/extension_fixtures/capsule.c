/* Gives its C functions to other modules in a capsule, as NumPy does. */
#include "fixture.h"

static int count;

static int next(void) { return ++count; }

static int execute(PyObject *module)
{
    PyObject *capsule = PyCapsule_New((void *)next, "fx.capsule.NEXT", NULL);
    int status = PyModule_AddObjectRef(module, "NEXT", capsule);
    Py_XDECREF(capsule);
    return status;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, NULL, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
