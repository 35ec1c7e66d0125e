/* A library that calls back from threads of its own, one after the other. */
#include <pthread.h>

static void *run(void *callback)
{
    ((void (*)(int))callback)(7);
    return 0;
}

void in_threads(void (*callback)(int), int count)
{
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, 0, run, (void *)callback) == 0)
            pthread_join(thread, 0);
    }
}
