/* Multi-phase init without any slots: m_slots is NULL. Its state belongs to the module and is freed with it; FX_BARE_FREED names a
   file descriptor that a byte is then written to. */
#include "fixture.h"
#include <unistd.h>

typedef struct { long calls; } State;

static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(++((State *)PyModule_GetState(self))->calls); }

static void release(void *module)
{
    const char *descriptor = getenv("FX_BARE_FREED");
    UNUSED ssize_t written = descriptor ? write(atoi(descriptor), "f", 1) : 0;
}

static PyMethodDef methods[] = {{"call", call, METH_NOARGS}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, sizeof(State), methods, NULL, NULL, NULL, release};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
