/* Functions that debuggers and profilers are asked the names of: exported ones, and one that only the file's symbol table has. */
#define _GNU_SOURCE
#include "fixture.h"
#include <dlfcn.h>

__attribute__((noinline, noclone)) static long fx_hidden(long (*function)(long), long argument) { return function(argument) + 1; }

__attribute__((noinline, noclone)) long fx_outer(long (*function)(long), long argument) { return fx_hidden(function, argument) + 1; }

static long trap(long argument)
{
    *(volatile long *)argument = 1;
    return 0;
}

/* The library and the function that dladdr() finds at an exported function, the function's address, and its address in what is loaded by that
   library's name. */
static PyObject *where(PyObject *self, PyObject *none)
{
    Dl_info info = {0};
    if (!dladdr((void *)fx_outer, &info)) return PyErr_Format(PyExc_LookupError, "dladdr");
    void *again = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    void *found = again ? dlsym(again, "fx_outer") : NULL;
    if (again) dlclose(again);
    return Py_BuildValue("ssnn", info.dli_fname, info.dli_sname, (Py_ssize_t)fx_outer, (Py_ssize_t)found);
}

static PyObject *crash(PyObject *self, PyObject *none) { return PyLong_FromLong(fx_outer(trap, 0)); }

static PyMethodDef methods[] = {{"where", where, METH_NOARGS}, {"crash", crash, METH_NOARGS}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, -1, methods};

PyMODINIT_FUNC INIT(void) { return PyModule_Create(&definition); }
