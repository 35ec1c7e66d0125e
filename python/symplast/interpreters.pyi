from collections.abc import Callable, Iterable, Mapping
from queue import Empty as QueueEmpty
from queue import Full as QueueFull
from threading import Thread
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any, Literal, ParamSpec, Self, TypeVar, overload

from symplast import NotShareableError as NotShareableError
from symplast import Queue as Queue
from symplast import SymplastError

_P = ParamSpec("_P")
_T = TypeVar("_T")

__all__ = [
    "ExecutionFailed",
    "Interpreter",
    "InterpreterError",
    "InterpreterNotFoundError",
    "NotShareableError",
    "Queue",
    "QueueEmpty",
    "QueueFull",
    "create",
    "create_queue",
    "get_current",
    "get_main",
    "list_all",
]

class InterpreterError(SymplastError, RuntimeError): ...
class InterpreterNotFoundError(InterpreterError): ...

class ExecutionFailed(InterpreterError):
    excinfo: SimpleNamespace
    def __init__(self, excinfo: SimpleNamespace) -> None: ...

class Interpreter:
    @overload
    def __new__(
        cls,
        /,
        *,
        extensions: Literal["private", "refuse"] | Mapping[str, Literal["private", "shared", "refuse"]] | None = None,
        libraries: Mapping[str, Literal["private", "shared"]] | None = None,
    ) -> Self: ...
    @overload
    def __new__(cls, id: int, /) -> Self: ...
    @property
    def id(self) -> int: ...
    @property
    def whence(self) -> str: ...
    def is_running(self) -> bool: ...
    def close(self) -> None: ...
    def prepare_main(self, ns: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None, /, **kwargs: Any) -> None: ...
    def exec(self, code: str | CodeType | FunctionType | Callable[[], object], /) -> None: ...
    def call(self, callable: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T: ...
    def call_in_thread(self, callable: Callable[_P, object], /, *args: _P.args, **kwargs: _P.kwargs) -> Thread: ...

def create() -> Interpreter: ...
def create_queue(maxsize: int = 0) -> Queue[Any]: ...
def get_current() -> Interpreter: ...
def get_main() -> Interpreter: ...
def list_all() -> list[Interpreter]: ...
