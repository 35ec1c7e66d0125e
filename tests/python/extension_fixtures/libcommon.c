/* A library that must be one in the process, by its name: like those with pools of threads. */
static int count;

int libcommon_count(void) { return __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED); }
