/* Single-phase init that fails half-way as sys.fx_fail says: after its type is ready, or after its module is made. */
#include "fixture.h"

static int inits;
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, -1};
static PyTypeObject Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "fx." TEXT(NAME) ".Type", .tp_basicsize = sizeof(PyObject), .tp_flags = Py_TPFLAGS_DEFAULT};

static int told(const char *how)
{
    PyObject *text = PySys_GetObject("fx_fail");
    return text && PyUnicode_Check(text) && PyUnicode_CompareWithASCIIString(text, how) == 0;
}

PyMODINIT_FUNC INIT(void)
{
    inits++;
    if (PyType_Ready(&Type) < 0)
        return NULL;
    if (told("after the type"))
        return PyErr_Format(PyExc_ImportError, "no module today");
    PyObject *module = told("a module without a definition") ? PyModule_New(TEXT(NAME)) : PyModule_Create(&definition);
    if (told("after the module") || told("a module with an error"))
        PyErr_SetString(PyExc_ValueError, "a bad value");
    if (module == NULL || told("after the module"))
        Py_CLEAR(module);
    else if (PyModule_AddIntConstant(module, "inits", inits) < 0 || PyModule_AddObjectRef(module, "Type", (PyObject *)&Type) < 0)
        Py_CLEAR(module);
    return module;
}
