/* A library without a SONAME that programs open by its name: it counts, for whoever has it. */
#ifdef PYTHON
#include <Python.h>
#define NOTHING (Py_IsInitialized() ? 0 : 1)
#else
#define NOTHING 0
#endif

static int count;

int next(void)
{
    return ++count + NOTHING;
}
