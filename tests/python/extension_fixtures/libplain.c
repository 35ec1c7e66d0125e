/* A library that a package brings along and that knows nothing of Python. It may still count on one GIL, so it is private. */
static int count;

int libplain_count(void) { return ++count; }
