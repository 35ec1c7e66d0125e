"""When the system gives no more memory: MemoryError, and the process lives on."""

import unittest

import child

# Workers come and go; then nearly no more memory is to be had, and everything is tried until it has often failed.
PROGRAM = """
import concurrent.futures, faulthandler, gc, random, resource, signal, symplast, _thread, time
faulthandler.dump_traceback_later(100, exit=True)
limit, field, margin, what = getattr(resource, sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
dice = random.Random(margin)

class Thing(symplast.Object):
    x: int = 0

def fill(count):
    mapping = symplast.Dict()
    for i in range(count):
        mapping[i] = i
    return len(mapping)

def begin_and_end():
    with symplast.InterpreterPoolExecutor(2) as executor:
        assert list(executor.map(fill, [100] * 4)) == [100] * 4

def used():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field)) * 1024

kept, mapping, items = [], symplast.Dict(), symplast.List()

def freeze():
    kept.append(symplast.freeze([str(i) for i in range(dice.randrange(3000))]))

def pools():
    pool = symplast.Pool()
    pool.freeze([1, "a" * dice.randrange(100_000)])
    pool.delete()

def mappings():
    for i in range(dice.randrange(3000)):
        mapping[i + len(mapping)] = "x" * 20

def lists():
    items.extend(["abc"] * dice.randrange(3000))

def objects():
    kept.append([Thing() for _ in range(dice.randrange(3000))])

def thaw():
    kept.append(symplast.thaw(mapping))

def threads():
    def body():
        try:
            freeze(), mappings(), lists()
        except MemoryError:
            pass

    before = _thread._count()
    for _ in range(4):
        try:
            _thread.start_new_thread(body, ())
        except RuntimeError as exc:
            assert "start new thread" in str(exc), exc
    while _thread._count() > before:
        time.sleep(0.001)

def tasks():
    for future in [executor.submit(fill, dice.randrange(3000)) for _ in range(4)]:
        future.result()

def executors():
    with symplast.InterpreterPoolExecutor(1) as other:
        other.submit(fill, 100).result()

def meet(here):
    here.add(1)
    end = time.monotonic() + 20
    while here.value < 2 and time.monotonic() < end:
        time.sleep(0.001)

def await_workers():
    # CPython crashes when memory ends while it makes an interpreter: so none may be in the making when the limit comes.
    here = symplast.AtomicInt(0)
    for future in [executor.submit(meet, here) for _ in range(2)]:
        future.result()

begin_and_end()
executor = symplast.InterpreterPoolExecutor(2)
if what == "tasks":
    await_workers()
work = {"objects": [freeze, pools, mappings, lists, objects, thaw, threads], "tasks": [tasks, mappings, pools],
        "executors": [executors, mappings, pools]}[what]
gc.collect()
bound, unlimited = (used() + margin, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
# CPython needs an int to handle some exceptions, and tries for ever to make it. A worker that does so gets memory after a while.
lifted = False

def lift(number, frame):
    global lifted
    lifted = True
    resource.setrlimit(limit, unlimited)

signal.signal(signal.SIGALRM, lift)
failed = 0
for turn in range(20 if what == "executors" else 100):
    signal.setitimer(signal.ITIMER_REAL, 2, 2)
    try:
        if lifted and what == "tasks":
            resource.setrlimit(limit, unlimited)
            await_workers()
        lifted = False
        resource.setrlimit(limit, bound)
        dice.choice(work)()
    except (MemoryError, symplast.RemoteError, symplast.BrokenInterpreterPool):
        failed += 1
    except RuntimeError as exc:
        # Threads need memory, too.
        assert "start new thread" in str(exc), exc
        failed += 1
    if failed == 30:
        break
signal.setitimer(signal.ITIMER_REAL, 0)
kept.clear()
resource.setrlimit(limit, unlimited)
executor.shutdown()
begin_and_end()
assert symplast.thaw(symplast.freeze([1, "text"])) == [1, "text"] and len(mapping) == len(list(mapping))
print(failed)
"""

# A thread takes all memory there is but for one piece, and calls into the module for the first time.
FIRST_CALL = """
import ctypes, resource, symplast, _thread, time
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
sizes = [1 << 20, 1 << 16, 1 << 12, *range(2048, 15, -16)]
taken = (ctypes.c_void_p * 1_000_000)()
mapping = symplast.Dict(a=1)
answers = []

def take():
    count = 0
    for size in sizes:
        while address := libc.malloc(size):
            taken[count] = address
            count += 1
    return count

def call():
    # Starting takes memory, too.
    started.release()
    begin.acquire()
    try:
        piece = libc.malloc(int(sys.argv[1]))
        count = take()
        libc.free(piece)
        answers.append(mapping["a"])
        for i in range(count):
            libc.free(taken[i])
    finally:
        done.release()

started, begin, done = _thread.allocate_lock(), _thread.allocate_lock(), _thread.allocate_lock()
started.acquire(), begin.acquire(), done.acquire()
_thread.start_new_thread(call, ())
started.acquire()
time.sleep(0.05)
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize:")) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used, resource.RLIM_INFINITY))
begin.release()
done.acquire()
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert answers == [1] and mapping["a"] == 1
"""


class TestShortage(unittest.TestCase):
    def check(self, what):
        failed = 0
        for limit, field, margins in (("RLIMIT_DATA", "VmData:", (0, 100_000, 1_000_000, 10_000_000)),
                                      ("RLIMIT_AS", "VmSize:", (0, 1_000_000))):
            # The C library reserves 64 MB of addresses for each of its arenas, in which it would find memory under any limit.
            variables = {"MALLOC_ARENA_MAX": "1"} if limit == "RLIMIT_AS" else {}
            for margin in margins:
                with self.subTest(limit=limit, margin=margin):
                    failed += int(child.run(PROGRAM, limit, field, margin, what, **variables))
        self.assertGreater(failed, 0, "there was always enough memory")

    def test_objects(self):
        self.check("objects")

    def test_tasks(self):
        self.check("tasks")

    def test_executors(self):
        self.check("executors")

    def test_the_first_call_of_a_thread(self):
        # The C library, which gives a thread's first call the bounds of its stack, fails at its first, second … allocation.
        for left in range(32, 640, 32):
            with self.subTest(left=left):
                child.run(FIRST_CALL, str(left), GLIBC_TUNABLES="glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0")

    def test_another_worker_is_refused(self):
        child.run(
            """
            import resource, symplast
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(int).result()
            size = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize:")) * 1024
            resource.setrlimit(resource.RLIMIT_AS, (size + 2_000_000, resource.RLIM_INFINITY))
            with symplast.InterpreterPoolExecutor(1) as executor:
                try: executor.submit(int)
                except MemoryError: pass
                else: assert False
                resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                assert executor.submit(int).result() == 0
            """
        )
