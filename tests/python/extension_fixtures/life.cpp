/* What the dynamic loader does by itself: constructors, an IFUNC, thread-local variables, relocated pointers in read-only data. */
#include "fixture.h"
#include <string>
#include <vector>

static int constructed;
__attribute__((constructor)) static void construct() { constructed += 1; }

struct Names {
    std::vector<std::string> all{"one", "two"};
    ~Names() { all.clear(); }
};
static Names names;
static thread_local Names names_of_thread;
static thread_local int calls_of_thread;

static int seven() { return 7; }
static int eight() { return 8; }
static int (*const table[])() = {seven, eight};

extern "C" {
static int (*choose())() { return seven; }
int chosen() __attribute__((ifunc("choose")));
}

static PyObject *values(PyObject *self, PyObject *none)
{
    names_of_thread.all.push_back("of this thread");
    return Py_BuildValue("iiinni", constructed, chosen(), table[1](), names.all.size(), names_of_thread.all.size(), ++calls_of_thread);
}

static PyMethodDef methods[] = {{"values", values, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
