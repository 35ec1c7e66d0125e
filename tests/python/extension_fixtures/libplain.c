/* A library that knows nothing of Python: it stays the process's. */
static int count;

int libplain_count(void) { return __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED); }
