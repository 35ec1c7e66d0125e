/* Calls from a library's own threads: PyGILState_*, and PyInterpreterState_Main as the way to an interpreter for a thread without one.
   test_extensions_linking.py links it in all ways. */
#include "fixture.h"
#include <pthread.h>

#ifdef TABLE
/* The addresses of functions in read-only data instead of calls: other relocations. */
static PyGILState_STATE (*const ensure)(void) = PyGILState_Ensure;
static void (*const release[])(PyGILState_STATE) = {NULL, PyGILState_Release};
#define PyGILState_Ensure() (*(PyGILState_STATE(*const volatile *)(void)) & ensure)()
#define PyGILState_Release(state) ((void (*const volatile *)(PyGILState_STATE))release)[1](state)
#endif

typedef struct {
    PyObject *callback;
    int interpreter, outer, inner, inside, same, state_left, check_left;  /* what the last round saw */
} Visit;

static void visit_once(Visit *v)
{
    PyGILState_STATE outer = PyGILState_Ensure();
    PyGILState_STATE inner = PyGILState_Ensure();
    v->outer = outer, v->inner = inner;
    v->interpreter = (int)PyInterpreterState_GetID(PyInterpreterState_Get());
    v->inside = PyGILState_Check();
    v->same = PyGILState_GetThisThreadState() == PyThreadState_Get();
    PyObject *result = PyObject_CallNoArgs(v->callback);
    if (result == NULL)
        PyErr_WriteUnraisable(v->callback);
    Py_XDECREF(result);
    PyGILState_Release(inner);
    PyGILState_Release(outer);
}

static void *visit(void *argument)
{
    Visit *v = argument;
    for (int round = 0; round < 3; round++)
        visit_once(v);
    return NULL;
}

/* A thread that never had a state has none afterwards either. */
static void *visit_from_thread(void *argument)
{
    Visit *v = visit(argument), *seen = argument;
    seen->state_left = PyGILState_GetThisThreadState() != NULL;
    seen->check_left = PyGILState_Check();
    return v;
}

static void *attach(void *argument)
{
    Visit *v = argument;
    PyThreadState *state = PyThreadState_New(PyInterpreterState_Main());
    PyEval_AcquireThread(state);
    v->interpreter = (int)PyInterpreterState_GetID(PyInterpreterState_Get());
    Py_XDECREF(PyObject_CallNoArgs(v->callback));
    PyThreadState_Clear(state);
    PyThreadState_DeleteCurrent();
    return NULL;
}

static PyObject *report(Visit *v)
{
    return Py_BuildValue("iiiiiii", v->interpreter, v->outer, v->inner, v->inside, v->same, v->state_left, v->check_left);
}

static void in_thread(void *(*function)(void *), Visit *v)
{
    pthread_t thread;
    Py_BEGIN_ALLOW_THREADS
    if (pthread_create(&thread, NULL, function, v) == 0)
        pthread_join(thread, NULL);
    Py_END_ALLOW_THREADS
}

static PyObject *from_thread(PyObject *self, PyObject *callback)
{
    Visit v = {callback};
    in_thread(visit_from_thread, &v);
    return report(&v);
}

static PyObject *attached(PyObject *self, PyObject *callback)
{
    Visit v = {callback};
    in_thread(attach, &v);
    return report(&v);
}

static PyObject *released(PyObject *self, PyObject *callback)
{
    Visit v = {callback};
    Py_BEGIN_ALLOW_THREADS
    visit(&v);
    Py_END_ALLOW_THREADS
    return report(&v);
}

static PyObject *held(PyObject *self, PyObject *callback)
{
    Visit v = {callback};
    visit(&v);
    return report(&v);
}

static int64_t number(PyInterpreterState *interpreter) { return interpreter ? PyInterpreterState_GetID(interpreter) : -1; }

/* The numbers of the interpreter that runs, and of those that Main and Head name. */
static PyObject *interpreters(PyObject *self, PyObject *none)
{
    return Py_BuildValue("LLL", number(PyInterpreterState_Get()), number(PyInterpreterState_Main()), number(PyInterpreterState_Head()));
}

static PyMethodDef methods[] = {{"from_thread", from_thread, METH_O},   {"attached", attached, METH_O},
                                {"released", released, METH_O},         {"held", held, METH_O},
                                {"interpreters", interpreters, METH_NOARGS}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods, slots};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
