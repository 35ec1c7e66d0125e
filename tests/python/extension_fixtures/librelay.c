/* A library of the process's, without Python, that keeps callbacks of whoever registers them, and
   calls them all: from a thread of any interpreter. */
static void (*callbacks[16])(void *);
static void *contexts[16];
static int number;

void librelay_register(void (*callback)(void *), void *context)
{
    contexts[number] = context;
    callbacks[number++] = callback;
}

void librelay_call_all(void)
{
    for (int i = 0; i < number; i++)
        callbacks[i](contexts[i]);
}
