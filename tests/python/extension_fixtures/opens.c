/* A module that opens libraries by itself, as cffi does. */
#include "fixture.h"
#include <dlfcn.h>

static PyObject *open_next(PyObject *module, PyObject *path)
{
    const char *name = PyUnicode_AsUTF8(path);
    void *library = name == NULL ? NULL : dlopen(name, RTLD_NOW);
    if (library == NULL) {
        if (name != NULL)
            PyErr_SetString(PyExc_OSError, dlerror());
        return NULL;
    }
    int (*next)(void) = (int (*)(void))dlsym(library, "next");
    return PyLong_FromLong(next());
}

static PyMethodDef methods[] = {{"next", open_next, METH_O}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
