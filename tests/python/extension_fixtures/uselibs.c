/* Two modules are made of this: both use the libraries in $ORIGIN/fx.libs, which are libpy.c, libplain.c, libcommon.c and libover.c. */
#include "fixture.h"

extern PyObject *libpy_swap(PyObject *value);
extern int libpy_count(void), libplain_count(void), libcommon_count(void), libover_count(void), libover_below(void);

static PyObject *swap(PyObject *self, PyObject *value) { return libpy_swap(value); }
static PyObject *count(PyObject *self, PyObject *none) { return PyLong_FromLong(libpy_count()); }
static PyObject *plain(PyObject *self, PyObject *none) { return PyLong_FromLong(libplain_count()); }
static PyObject *common(PyObject *self, PyObject *none) { return PyLong_FromLong(libcommon_count()); }
static PyObject *over(PyObject *self, PyObject *none) { return Py_BuildValue("ii", libover_count(), libover_below()); }

static PyMethodDef methods[] = {{"swap", swap, METH_O},           {"count", count, METH_NOARGS}, {"plain", plain, METH_NOARGS},
                                {"common", common, METH_NOARGS}, {"over", over, METH_NOARGS},   {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
