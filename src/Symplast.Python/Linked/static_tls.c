/* One access by the initial-exec model makes all thread-local variables of the module static ones. Otherwise glibc would
   allocate their memory when a thread first calls into the module, and end the process if there is none. The variables take
   some 300 of the about 1,600 bytes that glibc reserves for such libraries. */

static __thread volatile int touched __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void touch(void) { touched = 1; }
