/* STB_GNU_UNIQUE: the dynamic loader gives all libraries of the process the same inline static member and the same static variable of an
   inline function. SLOT as in multi.c: with support declared they are common to all interpreters. */
#include "fixture.h"

template <class T> struct Registry { inline static int count = 0; };

inline int next()
{
    static int count = 0;
    return ++count;
}

static PyObject *member(PyObject *self, PyObject *none) { return PyLong_FromLong(++Registry<int>::count); }
static PyObject *local(PyObject *self, PyObject *none) { return PyLong_FromLong(next()); }

static PyMethodDef methods[] = {{"member", member, METH_NOARGS}, {"local", local, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {
#ifdef SLOT
    {Py_mod_multiple_interpreters, SLOT},
#endif
    {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
