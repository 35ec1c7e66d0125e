/* Multi-phase init that fails as sys.fx_fail says: an attribute of the interpreter, so that each can choose for itself. */
#include "fixture.h"

static int inits, execs;
static struct PyModuleDef definition, never_initialized;

static int told(const char *how)
{
    PyObject *text = PySys_GetObject("fx_fail");
    return text && PyUnicode_Check(text) && PyUnicode_CompareWithASCIIString(text, how) == 0;
}

static PyObject *create(PyObject *spec, PyModuleDef *definition)
{
    if (told("create raises"))
        PyErr_SetString(PyExc_ImportError, "create says no");
    if (told("create raises") || told("create returns NULL"))
        return NULL;
    if (told("create returns another object"))
        return PyList_New(0);
    PyObject *name = PyObject_GetAttrString(spec, "name");
    PyObject *module = name ? PyModule_NewObject(name) : NULL;
    Py_XDECREF(name);
    return module;
}

static int execute(PyObject *module)
{
    execs++;
    if (told("exec raises") || told("exec returns 0 with an error"))
        PyErr_SetString(PyExc_ImportError, "exec says no");
    if (told("exec raises") || told("exec returns -1"))
        return -1;
    return PyModule_AddIntConstant(module, "inits", inits) | PyModule_AddIntConstant(module, "execs", execs);
}

static PyModuleDef_Slot slots[] = {{Py_mod_create, create}, {Py_mod_exec, execute}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, NULL, slots};

PyMODINIT_FUNC INIT(void)
{
    inits++;
    if (told("init raises") || told("init returns a definition with an error"))
        PyErr_SetString(PyExc_ImportError, "init says no");
    if (told("init raises") || told("init returns NULL"))
        return NULL;
    if (told("init returns another object"))
        return PyList_New(0);
    if (told("init returns None"))
        return Py_NewRef(Py_None);
    return told("init returns what is not initialized") ? (PyObject *)&never_initialized : PyModuleDef_Init(&definition);
}
