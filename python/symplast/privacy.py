"""Makes importlib's loader of extension modules load private copies, in every interpreter except the main one."""

import sys
from _frozen_importlib_external import ExtensionFileLoader  # importlib.machinery has it too, but imports more.

from symplast import _symplast, policies


class _PolicyInUse(policies.Policy):
    def _changed(self):
        rules = ((pattern, choice == policies.PRIVATE) for pattern, choice in self._libraries.items())
        _symplast._set_library_policy(*(part for rule in rules for part in rule))


# The calling interpreter's policy.
policy = _PolicyInUse()


def install():
    """Called when symplast is imported. Changes importlib's loader class, which path finders use for extension modules."""
    try:
        # In a worker this was done before. An interpreter that the program made may be the first to come here.
        _symplast._settle_process()
    except RuntimeError:
        # No workers can run in this process. Making an executor will say why.
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


# What the loader does, by the policy and by whether it was given for the module's name. 0: a copy if the module does not declare
# support; 1: a copy in any case; 2: NotImplemented if the module would need a copy; 3: CPython's own loader.
_TREATMENTS = {
    (policies.PRIVATE, False): 0,
    (policies.PRIVATE, True): 1,
    (policies.REFUSE, False): 2,
    (policies.REFUSE, True): 2,
    (policies.SHARED, True): 3,
}


def _create_unchecked(create, loader, spec):
    import _imp

    # This switches the check off for the whole interpreter for a moment. Modules that need the check never reach CPython's
    # loader.
    before = _imp._override_multi_interp_extensions_check(-1)
    try:
        return create(loader, spec)
    finally:
        _imp._override_multi_interp_extensions_check(before)
