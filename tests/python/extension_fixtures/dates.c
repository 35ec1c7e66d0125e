/* Keeps CPython's own C API of datetime in a static, as many libraries do. */
#include "fixture.h"
#include <datetime.h>

static PyObject *date(PyObject *self, PyObject *none) { return PyDate_FromDate(2024, 2, 29); }

static PyObject *is_date(PyObject *self, PyObject *value) { return PyBool_FromLong(PyDate_Check(value)); }

static PyMethodDef methods[] = {{"date", date, METH_NOARGS}, {"is_date", is_date, METH_O}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, -1, methods};

PyMODINIT_FUNC INIT(void)
{
    PyDateTime_IMPORT;
    return PyDateTimeAPI ? PyModule_Create(&definition) : NULL;
}
