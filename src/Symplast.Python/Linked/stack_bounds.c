/* The .NET runtime asks for the bounds of a thread's stack at the thread's first call. For that, glibc's pthread_getattr_np
   allocates some 200 bytes that the runtime does not need. Without memory it fails. The runtime ignores the result, destroys
   the same attributes twice and uses what is left in them. So the linker replaces the function by this one (--wrap). If
   glibc's function fails, the bounds are those of the mapping that contains the caller's frame, which is found without an
   allocation. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

/* For systems without /proc: how much of the stack a frame of the runtime has below it at least, and how much lies above a
   thread's first frames at most. */
enum { SURELY_BELOW = 64 << 10, PAGE = 4096 };

struct bounds { uintptr_t low, high; };

/* Finds the mapping that contains an address. Returns false if the list of mappings cannot be read. */
static int mapping_of(uintptr_t address, struct bounds *found)
{
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    /* A line begins with LOW-HIGH and a space, in hexadecimal digits: numbers[0] and numbers[1]. */
    uintptr_t numbers[2] = {0, 0};
    int number = 0, is_found = 0;
    char text[1024];
    ssize_t size;
    while (!is_found && (size = read(file, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < size; i++) {
            char c = text[i];
            if (c == '\n') numbers[0] = numbers[1] = 0, number = 0;
            else if (number == 2) continue;
            else if (c == '-') number = 1;
            else if (c != ' ') numbers[number] = numbers[number] << 4 | (uintptr_t)(c <= '9' ? c - '0' : c - 'a' + 10);
            else {
                number = 2;
                if (address < numbers[0] || address >= numbers[1]) continue;
                *found = (struct bounds){numbers[0], numbers[1]};
                is_found = 1;
                break;
            }
        }
    close(file);
    return is_found;
}

int __real_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);

/* Called for the calling thread only. */
__attribute__((visibility("hidden"))) int __wrap_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    if (__real_pthread_getattr_np(thread, attributes) == 0) return 0;
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    struct bounds stack;
    uintptr_t page = frame & -(uintptr_t)PAGE;
    if (!mapping_of(frame, &stack)) stack = (struct bounds){page - SURELY_BELOW, page + 2 * PAGE};
    pthread_attr_init(attributes);
    return pthread_attr_setstack(attributes, (void *)stack.low, stack.high - stack.low);
}
