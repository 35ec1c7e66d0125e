/* Records which interpreter each arena of CPython's object allocator belongs to, so that the arenas of an interpreter that has
   ended can be given back. CPython keeps all of them if a single block in them was not freed, and extension modules never free
   everything.

   This is C because any thread may need an arena at any time. A thread's first entry into the .NET runtime allocates memory,
   and the runtime does not survive a failure there. */

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* PyObjectArenaAllocator. */
struct allocator {
    void *context;
    void *(*allocate)(void *context, size_t size);
    void (*release)(void *context, void *start, size_t size);
};

struct arena {
    struct arena *next;
    char *start;
    size_t size;
    int64_t owner;
};

enum { BUCKETS = 4096, ARENA_BITS = 20 };

static struct allocator original;
static void *(*current_thread)(void);
static void *(*interpreter_of)(void *thread);
static int64_t (*number_of)(void *interpreter);

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct arena *table[BUCKETS];    /* guarded by gate */

static void lock(void) { pthread_mutex_lock(&gate); }
static void unlock(void) { pthread_mutex_unlock(&gate); }

static struct arena **bucket_of(const void *start) { return &table[(uintptr_t)start >> ARENA_BITS & (BUCKETS - 1)]; }

static void *allocate(void *context, size_t size)
{
    char *start = original.allocate(context, size);
    void *thread = start == NULL ? NULL : current_thread();
    int64_t owner = thread == NULL ? 0 : number_of(interpreter_of(thread));
    /* Arenas of the main interpreter are not recorded: they live as long as the process. */
    struct arena *arena = owner <= 0 ? NULL : malloc(sizeof *arena);
    if (arena == NULL) return start;    /* Without memory for a record CPython alone decides about the arena. */
    *arena = (struct arena){NULL, start, size, owner};
    lock();
    struct arena **bucket = bucket_of(start);
    arena->next = *bucket;
    *bucket = arena;
    unlock();
    return start;
}

static void release(void *context, void *start, size_t size)
{
    struct arena *found = NULL;
    lock();
    for (struct arena **at = bucket_of(start); *at != NULL; at = &(*at)->next) {
        if ((*at)->start != start) continue;
        found = *at;
        *at = found->next;
        break;
    }
    unlock();
    free(found);
    original.release(context, start, size);
}

/* Installs the allocator, once in the process. The functions are CPython's. */
void symplast_watch_arenas(void (*get)(struct allocator *), void (*set)(struct allocator *), void *(*thread)(void),
                           void *(*interpreter)(void *), int64_t (*number)(void *))
{
    current_thread = thread;
    interpreter_of = interpreter;
    number_of = number;
    get(&original);
    struct allocator ours = {original.context, allocate, release};
    pthread_atfork(lock, unlock, unlock);
    set(&ours);
}

/* Removes the arenas of an interpreter that has ended from the table and returns them. Its number is not used again. */
struct arena *symplast_take_arenas(int64_t owner)
{
    struct arena *taken = NULL;
    lock();
    for (int i = 0; i < BUCKETS; i++)
        for (struct arena **at = &table[i]; *at != NULL;) {
            struct arena *arena = *at;
            if (arena->owner != owner) {
                at = &arena->next;
                continue;
            }
            *at = arena->next;
            arena->next = taken;
            taken = arena;
        }
    unlock();
    return taken;
}

/* Gives taken arenas back: with their addresses, or only their memory, which then reads as zeros. */
void symplast_release_arenas(struct arena *taken, int with_addresses)
{
    while (taken != NULL) {
        struct arena *next = taken->next;
        if (with_addresses) original.release(original.context, taken->start, taken->size);
        else madvise(taken->start, taken->size, MADV_DONTNEED);
        free(taken);
        taken = next;
    }
}
