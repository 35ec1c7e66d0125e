/* Several libraries are made of this, NUMBER says which; with PYTHON it has undefined Python symbols. All define liborder_which, and the
   dynamic loader gives every one of them that of the library that the module names first. */
#ifdef PYTHON
#include "fixture.h"
#define HERE (Py_IsInitialized() ? NUMBER : -1)
#else
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define HERE NUMBER
#endif

int liborder_which(void) { return HERE; }
int JOIN(liborder_seen_by_, NUMBER)(void) { return liborder_which(); }
