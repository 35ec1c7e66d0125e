/* A module with a database inside, by the name of its function. */
#include "fixture.h"

int sqlite3_open_v2(void)
{
    return 0;
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(NAME)};

PyMODINIT_FUNC INIT(void) { return PyModuleDef_Init(&definition); }
