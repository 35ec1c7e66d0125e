/* Is bound to both versions of libver's function. */
#include "fixture.h"

extern int libver_value(void), libver_before(void);
__asm__(".symver libver_before, libver_value@FX_1");

static PyObject *values(PyObject *self, PyObject *none) { return Py_BuildValue("ii", libver_before(), libver_value()); }

static PyMethodDef methods[] = {{"values", values, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
