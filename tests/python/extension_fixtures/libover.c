/* A library that uses no Python itself, but a private library: it must be private too, or it would reach an interpreter's copy by chance. */
extern int libpy_count(void);
static int count;

int libover_count(void) { return ++count; }

int libover_below(void) { return libpy_count(); }
