/* A single-phase module whose init function imports another one before it makes its own module, then makes two more of the same short name
   and of another one: CPython gives the full name to the first alone. */
#include "fixture.h"

static struct PyModuleDef own = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, -1};
static struct PyModuleDef again = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, -1};
static struct PyModuleDef other = {PyModuleDef_HEAD_INIT, "single", NULL, -1};

PyMODINIT_FUNC INIT(void)
{
    PyObject *imported = PyImport_ImportModule("fx.single");
    PyObject *unlike = imported ? PyModule_Create(&other) : NULL;
    PyObject *module = unlike ? PyModule_Create(&own) : NULL;
    PyObject *second = module ? PyModule_Create(&again) : NULL;
    if (second == NULL || PyModule_AddObjectRef(module, "imported", imported) < 0 || PyModule_AddObjectRef(module, "unlike", unlike) < 0 ||
        PyModule_AddObjectRef(module, "second", second) < 0)
        Py_CLEAR(module);
    Py_XDECREF(imported);
    Py_XDECREF(unlike);
    Py_XDECREF(second);
    return module;
}
