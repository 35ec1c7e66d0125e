/* A module that makes a submodule from a definition while it is executed, as PyO3's do: PyModule_FromDefAndSpec2 is called by the library
   itself. */
#include "fixture.h"

static int execs;

static int execute_child(PyObject *module) { return PyModule_AddIntConstant(module, "execs", ++execs); }

static PyModuleDef_Slot child_slots[] = {{Py_mod_exec, execute_child}, {0, NULL}};
static struct PyModuleDef child = {PyModuleDef_HEAD_INIT, "fx.sub.child", NULL, 0, NULL, child_slots};

static int execute(PyObject *module)
{
    PyObject *machinery = PyImport_ImportModule("importlib.machinery");
    PyObject *spec = machinery ? PyObject_CallMethod(machinery, "ModuleSpec", "sO", "fx.sub.child", Py_None) : NULL;
    PyObject *made = spec ? PyModule_FromDefAndSpec(&child, spec) : NULL;
    int status = made == NULL || PyModule_ExecDef(made, &child) < 0 || PyModule_AddObjectRef(module, "child", made) < 0 ||
                 PyDict_SetItemString(PyImport_GetModuleDict(), "fx.sub.child", made) < 0;
    Py_XDECREF(machinery);
    Py_XDECREF(spec);
    Py_XDECREF(made);
    return -status;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, NULL, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
