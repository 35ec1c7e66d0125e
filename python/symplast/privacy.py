"""Where importlib's loader of extension modules is asked for private copies: in every interpreter but the main one."""

import sys
from _frozen_importlib_external import ExtensionFileLoader  # As it is in importlib.machinery, with nothing around it.

from symplast import _symplast, policies


class _PolicyInUse(policies.Policy):
    def _changed(self):
        rules = ((pattern, choice == policies.PRIVATE) for pattern, choice in self._libraries.items())
        _symplast._set_library_policy(*(part for rule in rules for part in rule))


# The calling interpreter's.
policy = _PolicyInUse()


def install():
    """Called when symplast is imported. Path finders, and whoever makes a loader for a path, have this class."""
    try:
        # In workers that is done. An interpreter that others made may be the first here.
        _symplast._settle_process()
    except RuntimeError:
        # No workers can run now; whoever tries is told why.
        pass
    ordinary = ExtensionFileLoader.create_module

    def create_module(self, spec):
        """Create an uninitialized extension module."""
        sys.audit("import", spec.name, spec.origin, None, None, None)
        choice = policy.of(spec.name)
        module = _symplast._load_private(spec.name, spec.origin, spec, _TREATMENTS[choice, policy.is_own(spec.name)])
        if module is NotImplemented:
            raise ImportError(policy.refusal(spec.name), name=spec.name, path=spec.origin)
        if module is not None:
            return module
        return _create_unchecked(ordinary, self, spec) if choice == policies.SHARED else ordinary(self, spec)

    ExtensionFileLoader.create_module = create_module


# What the loader does, by the policy and by whether it was given for the module: a copy if it does not declare support, a copy in
# any case, or NotImplemented if it would need one, or CPython's own loader.
_TREATMENTS = {
    (policies.PRIVATE, False): 0,
    (policies.PRIVATE, True): 1,
    (policies.REFUSE, False): 2,
    (policies.REFUSE, True): 2,
    (policies.SHARED, True): 3,
}


def _create_unchecked(create, loader, spec):
    import _imp

    # For the whole interpreter, for this moment. Other modules that need the check do not come to CPython's own loader.
    before = _imp._override_multi_interp_extensions_check(-1)
    try:
        return create(loader, spec)
    finally:
        _imp._override_multi_interp_extensions_check(before)
