/* One access by the initial-exec model decides for all thread-local variables of the module: they become static ones. Otherwise glibc asks for their
   memory when a thread first calls into the module, and ends the process if there is none. There are some 300 bytes, of the 1,600 or so that glibc
   keeps for such libraries. */

static __thread volatile int touched __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void touch(void) { touched = 1; }
