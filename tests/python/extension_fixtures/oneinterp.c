/* What Cython's modules do: the create slot returns the same module to each import, and refuses a second interpreter in the process. */
#include "fixture.h"

static int64_t owner = -1;
static PyObject *module;

static PyObject *create(PyObject *spec, PyModuleDef *definition)
{
    int64_t interpreter = PyInterpreterState_GetID(PyInterpreterState_Get());
    if (owner == -1)
        owner = interpreter;
    if (owner != interpreter) {
        PyErr_SetString(PyExc_ImportError, "Interpreter change detected - this module can only be loaded into one interpreter per process.");
        return NULL;
    }
    if (module == NULL) {
        PyObject *name = PyObject_GetAttrString(spec, "name");
        module = name ? PyModule_NewObject(name) : NULL;
        Py_XDECREF(name);
    }
    return Py_XNewRef(module);
}

static int execute(PyObject *it)
{
    PyObject *execs = PyObject_GetAttrString(it, "execs");
    long before = execs ? PyLong_AsLong(execs) : 0;
    PyErr_Clear();
    Py_XDECREF(execs);
    return PyModule_AddIntConstant(it, "execs", before + 1);
}

static PyModuleDef_Slot slots[] = {{Py_mod_create, create}, {Py_mod_exec, execute}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, NULL, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
