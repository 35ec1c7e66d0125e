"""Where importlib's loader of extension modules is asked for private copies: in every interpreter but the main one."""

import sys
from _frozen_importlib_external import ExtensionFileLoader  # As it is in importlib.machinery, with nothing around it.

from symplast import _symplast


def install():
    """Called when symplast is imported. Path finders, and whoever makes a loader for a path, have this class."""
    try:
        # In workers that is done. An interpreter that others made may be the first here.
        _symplast._settle_process()
    except RuntimeError:
        # No workers can run now; whoever tries is told why.
        pass
    ordinary = ExtensionFileLoader.create_module
    load = _symplast._load_private

    def create_module(self, spec):
        """Create an uninitialized extension module."""
        sys.audit("import", spec.name, spec.origin, None, None, None)
        module = load(spec.name, spec.origin, spec)
        return ordinary(self, spec) if module is None else module

    ExtensionFileLoader.create_module = create_module
