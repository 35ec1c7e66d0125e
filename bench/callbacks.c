/* Calls from a thread of a library into Python: what one costs, from a thread that Python does not know, and from one that has a
   thread state already. */
#include <Python.h>
#include <pthread.h>
#include <time.h>

typedef struct {
    PyObject *callback;
    long times;
    int keeps_state;
    double seconds;
} Calls;

static double thread_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void *call(void *argument)
{
    Calls *calls = argument;
    PyGILState_STATE outer = PyGILState_UNLOCKED;
    PyThreadState *state = NULL;
    if (calls->keeps_state) {
        outer = PyGILState_Ensure();
        state = PyEval_SaveThread();
    }
    double start = thread_seconds();
    for (long i = 0; i < calls->times; i++) {
        PyGILState_STATE inner = PyGILState_Ensure();
        Py_XDECREF(PyObject_CallNoArgs(calls->callback));
        PyGILState_Release(inner);
    }
    calls->seconds = thread_seconds() - start;
    if (calls->keeps_state) {
        PyEval_RestoreThread(state);
        PyGILState_Release(outer);
    }
    return NULL;
}

/* seconds(callback, times, keeps_state): CPU time of a thread of C that calls so often. */
static PyObject *seconds(PyObject *self, PyObject *args)
{
    Calls calls = {0};
    if (!PyArg_ParseTuple(args, "Oli", &calls.callback, &calls.times, &calls.keeps_state))
        return NULL;
    pthread_t thread;
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = pthread_create(&thread, NULL, call, &calls);
    if (!failed)
        pthread_join(thread, NULL);
    Py_END_ALLOW_THREADS
    if (failed)
        return PyErr_SetFromErrno(PyExc_OSError);
    return PyFloat_FromDouble(calls.seconds);
}

static PyMethodDef methods[] = {{"seconds", seconds, METH_VARARGS}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "callbacks", NULL, -1, methods};

PyMODINIT_FUNC PyInit_callbacks(void) { return PyModule_Create(&definition); }
