/* What a module may leave behind when its interpreter ends: KEY, HANDLER, FORK or THREAD says what leave() leaves; without them, objects that are never freed. */
#include "fixture.h"
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Not NULL while the library is mapped: what is called after that crashes. */
static const char *volatile still_there = "x";

static void touch(void *unused) { UNUSED char c = *still_there; }

#if defined(KEY)
static pthread_key_t key;

/* The argument, a number, is that of keys. */
static PyObject *leave(PyObject *module, PyObject *number)
{
    for (long i = PyLong_AsLong(number); i > 0; i--)
        if (pthread_key_create(&key, touch) != 0 || pthread_setspecific(key, "value") != 0)
            return PyErr_Format(PyExc_OSError, "no key");
    Py_RETURN_NONE;
}

#elif defined(EARLY)
static pthread_key_t key;

__attribute__((constructor)) static void begin(void) { pthread_key_create(&key, touch); }

static PyObject *leave(PyObject *module, PyObject *unused)
{
    pthread_setspecific(key, "value");
    Py_RETURN_NONE;
}

#elif defined(HANDLER)
static void handle(int signal) { touch(NULL); }

static PyObject *leave(PyObject *module, PyObject *number)
{
    struct sigaction action = {.sa_handler = handle};
    sigaction(PyLong_AsLong(number), &action, NULL);
    Py_RETURN_NONE;
}

#elif defined(FORK)
static void call(void) { touch(NULL); }

static PyObject *leave(PyObject *module, PyObject *unused)
{
    pthread_atfork(call, call, call);
    Py_RETURN_NONE;
}

#elif defined(THREAD)
static void *run(void *file)
{
    char c;
    while (read((int)(long)file, &c, 1) > 0)
        touch(NULL);
    return NULL;
}

/* The argument is a file to read from; the thread ends with it. */
static PyObject *leave(PyObject *module, PyObject *file)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, (void *)PyLong_AsLong(file)) != 0)
        return PyErr_Format(PyExc_OSError, "no thread");
    pthread_detach(thread);
    Py_RETURN_NONE;
}

#else
static PyObject *kept;

/* The argument is kept for ever. */
static PyObject *leave(PyObject *module, PyObject *object)
{
    kept = Py_NewRef(object);
    Py_RETURN_NONE;
}
#endif

static PyMethodDef methods[] = {{"leave", leave, METH_O}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME), NULL, 0, methods};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
