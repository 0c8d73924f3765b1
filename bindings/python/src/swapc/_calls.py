"""Calls, and what runs below them: host-call handlers, console lines, log lines.

An exception must not leave a callback. A handler's is kept in a frame of this thread until the library
has returned: KeyboardInterrupt and its like are then raised again whatever the call answered; any other is the
cause of the call's own exception, or is reported by sys.unraisablehook where the guest went on without.
"""

from __future__ import annotations

import ctypes
import enum
import itertools
import sys
import threading
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

from ._abi import Bytes, CCallOptions, CCancel, CError, CReply, callback
from ._convert import Payload, as_bytes, bytes_of, exception, expect, text_of, unsigned, view_of
from ._errors import HostCallError, Status, SwapStage
from ._handle import Handle
from ._library import lib


class LogLevel(enum.IntEnum):
    """How grave a log line is."""

    ERROR = 0
    WARN = 1
    INFO = 2
    DEBUG = 3


@dataclass(frozen=True)
class HostCall:
    """What a guest asks of its host. Text that is no UTF-8 is kept by ``surrogateescape``."""

    binding: str
    namespace: str
    operation: str
    payload: bytes
    user: Any = None
    """The ``user`` of the call that the guest is in."""


#: Answers host calls: bytes or str (None: empty) are the response, an exception is the host's error.
HostCallHandler = Callable[[HostCall], Optional[Payload]]
#: Receives console lines of guests: module, generation (0: outside a slot), line.
ConsoleHandler = Callable[[str, int, bytes], None]
#: Receives log lines of the library: level, who speaks, message.
LogHandler = Callable[[LogLevel, str, str], None]


class Cancel:
    """Stops calls from another thread: any number of calls may be given the same one."""

    def __init__(self) -> None:
        self._flag = CCancel()

    def request(self) -> None:
        """Asks the calls that run with this to stop, and later ones not to start."""
        lib.swapc_cancel_request(ctypes.byref(self._flag))


def call_remaining_ms() -> Optional[int]:
    """In a host-call or console handler: milliseconds that the call it belongs to may still take, 0 when
    it is late or was cancelled. None: there is no deadline, or no such call on this thread."""
    left: int = lib.swapc_call_remaining_ms()
    return None if left == 0xFFFFFFFF else left


class Frame:
    """A call of the library during which handlers may run on this thread."""

    def __init__(self) -> None:
        self.failure: Optional[BaseException] = None

    def __enter__(self) -> "Frame":
        _frames().append(self)
        return self

    def __exit__(self, *unused: Any) -> None:
        _frames().pop()

    def settle(
        self, status: int, error: CError, body: bytes = b"", stage: Optional[SwapStage] = None
    ) -> None:
        """Raises what the call, or a handler below it, has to say. After the ``with`` block."""
        if self.failure is not None and not isinstance(self.failure, Exception):
            raise self.failure
        if status != Status.OK:
            raise exception(status, error, body, stage) from self.failure
        if self.failure is not None and not isinstance(self.failure, HostCallError):
            report(self.failure, None)


_local = threading.local()
_users: Dict[int, Any] = {}
_user_keys = itertools.count(1)


def _frames() -> List[Frame]:
    frames: Optional[List[Frame]] = getattr(_local, "frames", None)
    if frames is None:
        frames = _local.frames = []
    return frames


def report(failure: BaseException, where: Any) -> None:
    """Hands an exception that cannot be raised to sys.unraisablehook."""

    class _Unraisable:
        exc_type = type(failure)
        exc_value = failure
        exc_traceback = failure.__traceback__
        err_msg = "Exception ignored in a callback of libswapc"
        object = where

    sys.unraisablehook(_Unraisable)  # type: ignore[arg-type]


def _keep(failure: BaseException, where: Any) -> None:
    frames = _frames()
    if not frames:
        report(failure, where)
    # One that must be raised is not pushed out by a later one.
    elif frames[-1].failure is None or isinstance(frames[-1].failure, Exception):
        frames[-1].failure = failure


def _answer(reply: int, status: Status, data: bytes) -> int:
    if lib.swapc_reply_set(reply, view_of(data)) != Status.OK:
        return int(Status.NO_MEMORY)
    return int(status)


def _refuse(reply: int, failure: BaseException, handler: Any) -> int:
    """Answers with the host's error. An exception here would be taken for OK."""
    try:
        _keep(failure, handler)
        if isinstance(failure, MemoryError):
            return int(Status.NO_MEMORY)
        text = str(failure) if isinstance(failure, HostCallError) else ""
        text = text or f"the host's handler failed: {type(failure).__name__}"
        return _answer(reply, Status.SYSTEM, text.encode("utf-8", "replace"))
    except BaseException:
        return int(Status.SYSTEM)


def host_call_callback(handler: HostCallHandler) -> Any:
    def run(
        binding: Bytes, ns: Bytes, operation: Bytes, payload: Bytes, reply: int, key: int, user: int
    ) -> int:
        try:
            asked = HostCall(
                text_of(bytes_of(binding)),
                text_of(bytes_of(ns)),
                text_of(bytes_of(operation)),
                bytes_of(payload),
                _users.get(key or 0),
            )
            answer = handler(asked)
            return _answer(
                reply,
                Status.OK,
                b"" if answer is None else as_bytes("a handler's answer", answer),
            )
        except BaseException as failure:
            return _refuse(reply, failure, handler)

    return callback("swapc_host_call_fn")(run)


def console_callback(handler: ConsoleHandler) -> Any:
    def run(module: Optional[bytes], generation: int, line: Bytes, user: int) -> None:
        try:
            handler(text_of(module), generation, bytes_of(line))
        except Exception as failure:
            report(failure, handler)
        except BaseException as failure:
            _keep(failure, handler)

    return callback("swapc_console_fn")(run)


def log_callback(handler: LogHandler) -> Any:
    def run(level: int, source: Optional[bytes], message: Optional[bytes], user: int) -> None:
        try:
            handler(LogLevel(level), text_of(source), text_of(message))
        except Exception as failure:
            report(failure, handler)
        except BaseException as failure:
            _keep(failure, handler)

    return callback("swapc_log_fn")(run)


def call(
    function: Any,
    target: Any,
    operation: Payload,
    payload: Payload,
    deadline_ms: int,
    cancel: Optional[Cancel],
    user: Any,
) -> bytes:
    """Calls an operation by swapc_module_call or swapc_pin_call."""
    name, data = as_bytes("operation", operation), as_bytes("payload", payload)
    if cancel is not None:
        expect("cancel", cancel, Cancel)
    options = None
    key = 0
    if deadline_ms != 0 or cancel is not None or user is not None:
        key = next(_user_keys) if user is not None else 0
        options = CCallOptions(
            ctypes.sizeof(CCallOptions),
            unsigned("deadline_ms", deadline_ms),
            ctypes.pointer(cancel._flag) if cancel is not None else None,
            key or None,
        )
    reply, error = CReply(), CError()
    given = None if options is None else ctypes.byref(options)
    try:
        if key:
            _users[key] = user
        with Frame() as frame:
            status = function(
                target, view_of(name), view_of(data), given, ctypes.byref(reply), ctypes.byref(error)
            )
        body = bytes_of(reply.body)
    finally:
        _users.pop(key, None)
        lib.swapc_reply_fini(ctypes.byref(reply))
    frame.settle(status, error, body)
    return body


#: What :meth:`Callee.call` was given: operation, payload, deadline_ms, cancel, user.
Arguments = Tuple[Payload, Payload, int, Optional[Cancel], Any]


class Callee(Handle):
    """A handle whose operations can be called."""

    def _invoke(self, arguments: Arguments) -> bytes:
        raise NotImplementedError

    def call(
        self,
        operation: Payload,
        payload: Payload = b"",
        *,
        deadline_ms: int = 0,
        cancel: Optional[Cancel] = None,
        user: Any = None,
    ) -> bytes:
        """Calls an operation and returns the response: of a pin on its generation, of a slot on the one
        that is current now. ``deadline_ms`` 0: the module's limit. ``user`` is
        what the host-call handler finds in :attr:`HostCall.user`. Other threads run meanwhile; Ctrl-C is
        seen when the call has returned, which the deadline bounds.

        Raises :class:`GuestError`, :class:`Trap`, :class:`DeadlineExceeded`, :class:`Cancelled`,
        :class:`LimitError`, :class:`OutOfMemory`, :class:`TooLarge`, :class:`Closed`; a slot in which nothing
        was published :class:`Empty`."""
        return self._invoke((operation, payload, deadline_ms, cancel, user))
