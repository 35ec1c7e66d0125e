"""The actions of Barriers.

In the interpreter that made a Barrier its action is the very object that was given. Other interpreters get it pickled.
"""

import pickle
import weakref

from symplast import _symplast

_actions = weakref.WeakKeyDictionary()


def pickled(action):
    """Return the action pickled, or b"" if it cannot be."""
    if not callable(action):
        raise TypeError(f"the action of a Barrier must be callable, not {type(action).__name__}")
    try:
        return pickle.dumps(action)
    except Exception:
        # Such as a closure, which is called only if the last thread to arrive is one of this interpreter.
        return b""


def keep(barrier, action):
    """Remember the action for this interpreter."""
    _actions[barrier] = action


def act(barrier):
    """Call the action."""
    action = _actions.get(barrier)
    if action is None:
        data = barrier._action()
        if not data:
            raise _symplast.NotShareableError(
                "the action of this Barrier cannot be pickled, so only the interpreter that made the Barrier can call it, "
                "and the last thread to arrive is another one's: use a function of a module")
        action = _actions[barrier] = pickle.loads(data)
    action()
