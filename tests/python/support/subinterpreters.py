"""Own-GIL interpreters by means of the standard library alone, the same way on 3.12 to 3.15."""

import sys

try:
    import _interpreters as _raw
except ImportError:
    import _xxsubinterpreters as _raw


class Interpreter:
    """An isolated interpreter with its own GIL; use it in a with block, which ends it."""

    def __init__(self):
        if sys.version_info >= (3, 13):
            self.id = _raw.create("isolated")
        else:
            self.id = _raw.create(isolated=True)
        self.run(f"import sys; sys.path[:] = {sys.path!r}\nimport warnings; warnings.simplefilter('ignore')")

    def run(self, source, **shared):
        """Runs source in its __main__; keyword arguments (str, int) are variables there.

        Raises RuntimeError with its traceback's text.
        """
        setting = "".join(f"{name} = {value!r}\n" for name, value in shared.items())
        if sys.version_info >= (3, 13):
            failure = _raw.run_string(self.id, setting + source)
            if failure is not None:
                raise RuntimeError(getattr(failure, "errdisplay", None) or str(failure))
        else:
            try:
                _raw.run_string(self.id, setting + source)
            except _raw.RunFailedError as error:
                raise RuntimeError(str(error)) from None

    def end(self):
        """Ends the interpreter; it must not be running."""
        _raw.destroy(self.id)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.end()
