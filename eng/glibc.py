"""Stand-ins for the C library to link against, so that the module runs on systems older than the one that builds it.

The linker binds a symbol to its newest version: linked on Debian 12 the module would need glibc 2.34, though the .NET
runtime in it is made for 2.27. These empty libraries have the names of the real ones and offer only the old versions;
the linker takes the version from them, and at run time the real library answers.

With them come the object files of src/Symplast.Python/Linked.

    python3 -m eng.glibc FOLDER     puts all of it there (the project file of the module calls this)
"""

import shutil
import subprocess
import sys
from pathlib import Path

# What the static libraries of the .NET runtime use and glibc has since given a newer version, by the library and
# version in which a glibc 2.27 for x86-64 has it. eng/binary.py names what is missing here after a runtime update.
SYMBOLS = {
    "libdl.so.2": {
        "GLIBC_2.2.5": ["dladdr", "dlclose", "dlerror", "dlopen", "dlsym"],
        "GLIBC_2.3.3": ["dladdr1", "dlinfo"],
    },
    "libm.so.6": {
        "GLIBC_2.2.5": ["exp", "fmod", "fmodf", "log", "log2", "pow"],
    },
    "libpthread.so.0": {
        "GLIBC_2.2.5": [
            "pthread_attr_getstack", "pthread_attr_setstack", "pthread_attr_setstacksize", "pthread_create", "pthread_getattr_np",
            "pthread_key_create", "pthread_key_delete",
            "pthread_kill", "pthread_mutex_trylock", "pthread_mutexattr_destroy", "pthread_mutexattr_init",
            "pthread_mutexattr_settype",
            "pthread_once",
            "pthread_rwlock_rdlock", "pthread_rwlock_unlock", "pthread_rwlock_wrlock", "pthread_setspecific", "pthread_sigmask",
        ],
        "GLIBC_2.3.3": ["pthread_condattr_setclock"],
        "GLIBC_2.12": ["pthread_mutex_consistent", "pthread_mutexattr_setrobust", "pthread_setname_np"],
    },
}

# What of the module is in C: what stands in for something in the C library, and what must not enter the runtime.
LINKED = Path(__file__).parent.parent / "src" / "Symplast.Python" / "Linked"


def build(folder):
    """Makes them with the C compiler that will link against them."""
    compiler = shutil.which("gcc") or shutil.which("clang") or "cc"
    folder.mkdir(parents=True, exist_ok=True)
    for library, versions in SYMBOLS.items():
        source, script = folder / f"{library}.c", folder / f"{library}.map"
        source.write_text("".join(f"void {name}(void) {{}}\n" for names in versions.values() for name in names))
        script.write_text("".join(f"{version} {{ global: {'; '.join(names)}; }};\n" for version, names in versions.items()))
        subprocess.run([compiler, "-shared", "-nostdlib", "-fPIC", "-fno-builtin", "-w", source, "-o", folder / library,
                        f"-Wl,-soname,{library}", f"-Wl,--version-script={script}"], check=True)
    for source in LINKED.glob("*.c"):
        subprocess.run([compiler, "-c", "-O1", "-fPIC", "-Wall", "-Werror", source, "-o", folder / f"{source.stem}.o"],
                       check=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
