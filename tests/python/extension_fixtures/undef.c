/* A library that needs a function which nothing defines: it cannot be loaded. Linked lazily, so that only RTLD_NOW notices at once. */
#include "fixture.h"

extern int defined_nowhere(void);

static int execute(PyObject *module) { return defined_nowhere(); }

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, NULL, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
