/* What all fixtures begin with: the name that a fixture is compiled under (-DNAME=...), in its symbols and texts. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

#ifndef INIT
#define INIT JOIN(PyInit_, NAME)
#endif

#define UNUSED __attribute__((unused))
