/* A library with two versions of one function; it has undefined Python symbols, so it is copied, and so is what names its versions. */
#include "fixture.h"

int libver_old(void) { return Py_IsInitialized() ? 1 : -1; }
int libver_new(void) { return Py_IsInitialized() ? 2 : -1; }
__asm__(".symver libver_old, libver_value@FX_1");
__asm__(".symver libver_new, libver_value@@FX_2");
