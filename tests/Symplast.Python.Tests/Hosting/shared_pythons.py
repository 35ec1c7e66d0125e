"""
Prints the CPythons of this machine that come as a shared library, newest first: one a line, library and executable, with a tab
between.
"""

import subprocess
import sys

_PROBE = """
import os, sys, sysconfig
get = sysconfig.get_config_var
library = get("INSTSONAME") or ""
if get("Py_ENABLE_SHARED") and not get("Py_GIL_DISABLED"):
    for folder in [get("LIBDIR"), os.path.join(sys.base_prefix, "lib"), "/usr/lib/" + (get("MULTIARCH") or "")]:
        if folder and os.path.isfile(os.path.join(folder, library)):
            print(os.path.join(folder, library), sys.executable, sep="\\t")
            break
"""


def main(root):
    sys.path.insert(0, root)
    from eng import pythons

    found, _ = pythons.find()
    for python in sorted(found, key=lambda python: (python.is_final, python.version), reverse=True):
        probed = subprocess.run([python.path, "-c", _PROBE], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        sys.stdout.write(probed.stdout)


main(sys.argv[1])
