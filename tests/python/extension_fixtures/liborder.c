/* Several libraries are made of this, NUMBER says which. All define liborder_which, and the dynamic loader gives every one of them that of the
   library that the module names first. */
#include "fixture.h"

int liborder_which(void) { return Py_IsInitialized() ? NUMBER : -1; }
int JOIN(liborder_seen_by_, NUMBER)(void) { return liborder_which(); }
