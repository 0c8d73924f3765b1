"""What all handles share: closing, use by several threads, and forks.

A handle counts its uses. ``close`` forbids new ones; the library's object is freed when the last use has
ended, so that closing under a call, in a callback or in a wrong order never frees what is still needed.
The lock is reentrant, since a garbage collection under it may close another handle.
"""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType
from typing import Any, Optional, Tuple, Type, TypeVar

from ._errors import Closed, Status

Self = TypeVar("Self", bound="Handle")


class Handle:
    """A thing of the library that is to be closed; a ``with`` block does."""

    _kind = "handle"

    def __init__(self, pointer: Any, name: str, *parents: "Handle") -> None:
        # The parents have been entered for this handle; it leaves them when it is freed.
        self._parents: Tuple[Handle, ...] = parents
        self._name = name
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._uses = 0
        self._closed = False
        self._pointer: Optional[Any] = pointer

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def _free(self, pointer: Any) -> None:
        raise NotImplementedError

    def _enter(self) -> Any:
        """Begins a use and returns the library's object; ``_leave`` ends it."""
        if self._pid != os.getpid():
            raise Closed(
                f"the {self._kind} {self._name!r} was made before this process was forked: "
                "make hosts after forking (multiprocessing: method spawn)",
                Status.CLOSED,
            )
        with self._lock:
            if self._closed:
                raise Closed(
                    f"the {self._kind} {self._name!r} is closed: use it before its close, or inside "
                    "its with block",
                    Status.CLOSED,
                )
            self._uses += 1
            return self._pointer

    def _leave(self) -> None:
        with self._lock:
            self._uses -= 1
        self._free_if_unused()

    def close(self) -> None:
        """Lets go: nothing may be done with it from now on, what is under way ends as it would have.
        May be called more than once, from any thread, and in callbacks."""
        with self._lock:
            self._closed = True
        self._free_if_unused()

    def _free_if_unused(self) -> None:
        with self._lock:
            if not self._closed or self._uses > 0 or self._pointer is None:
                return
            pointer, self._pointer = self._pointer, None
        if self._pid != os.getpid():
            return  # the parent's: its threads and locks are not here
        self._free(pointer)
        for parent in self._parents:
            parent._leave()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"a swapc.{type(self).__name__} cannot be copied or pickled")

    def __enter__(self: Self) -> Self:
        if self._closed:
            self._enter()  # raises
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # An __init__ that failed has left nothing; at the interpreter's end the system cleans up.
        if getattr(self, "_pointer", None) is not None and not sys.is_finalizing():
            self.close()

    def __repr__(self) -> str:
        state = " closed" if self._closed else ""
        return f"<swapc.{type(self).__name__} {self._name!r}{state}>"


class Using:
    """``with Using(a, b) as (x, y)``: the library's objects of handles, none of which is freed meanwhile."""

    def __init__(self, *handles: Handle) -> None:
        self._handles = handles
        self._entered = 0

    def __enter__(self) -> Tuple[Any, ...]:
        try:
            pointers = []
            for handle in self._handles:
                pointers.append(handle._enter())
                self._entered += 1
            return tuple(pointers)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *unused: Any) -> None:
        while self._entered > 0:
            self._entered -= 1
            self._handles[self._entered]._leave()
