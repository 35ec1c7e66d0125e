/* Asks the libraries 1 and 2 and itself which liborder_which they reach. */
#include "fixture.h"

extern int liborder_which(void), liborder_seen_by_1(void), liborder_seen_by_2(void);

static PyObject *values(PyObject *self, PyObject *none)
{
    return Py_BuildValue("iii", liborder_which(), liborder_seen_by_1(), liborder_seen_by_2());
}

static PyMethodDef methods[] = {{"values", values, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
