"""Statuses, and the exceptions that stand for them."""

from __future__ import annotations

import enum
from typing import Dict, Optional, Type


class Status(enum.IntEnum):
    """What a call of the library can answer (swapc/error.h)."""

    OK = 0
    INVALID = 100
    NOT_FOUND = 101
    UNSUPPORTED = 102
    NO_ENGINE = 103
    TOO_LARGE = 104
    EMPTY = 105
    BUSY = 106
    CLOSED = 107
    NOT_ALLOWED = 108
    MODULE_MALFORMED = 200
    MODULE_EXPORT = 201
    MODULE_IMPORT = 202
    MODULE_INIT = 203
    BUNDLE = 204
    NO_FLAVOUR = 205
    SIGNATURE = 206
    VERSION = 207
    SELF_TEST = 208
    CONTRACT = 209
    GUEST_ERROR = 300
    TRAP = 301
    TRAP_MEMORY = 302
    TRAP_STACK = 303
    DEADLINE = 304
    CANCELLED = 305
    MEMORY_LIMIT = 306
    LIMIT = 307
    EXIT = 308
    NO_MEMORY = 400
    IO = 401
    SYSTEM = 402
    CORRUPT = 403
    PROTOCOL = 404
    UNREACHABLE = 405
    INTERRUPTED = 406


class SwapStage(enum.IntEnum):
    """The stages of a swap, in their order."""

    PREPARE = 0
    CHECK = 1
    SELF_TEST = 2
    PUBLISH = 3


class Error(Exception):
    """Whatever the library refused or a guest did.

    ``status``: the :class:`Status`; a plain int that a later library may have added.
    ``text``: the sentence for people, which names the thing and the remedy.
    ``engine``: the engine that reported, or None. ``native``: errno or an engine's code; 0: none.
    ``stage``: where a swap was refused (:class:`SwapStage`); None elsewhere.
    """

    def __init__(
        self,
        text: str,
        status: int,
        engine: Optional[str] = None,
        native: int = 0,
        stage: Optional[SwapStage] = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(text, status, engine, native, stage, body)
        self.text = text
        try:
            self.status: int = Status(status)
        except ValueError:
            self.status = status
        self.engine = engine
        self.native = native
        self.stage = stage
        self.body = body

    def __str__(self) -> str:
        name = self.status.name if isinstance(self.status, Status) else str(self.status)
        return f"{name}: {self.text}"


class UsageError(Error):
    """1xx: the caller asked for something that cannot be."""


class NotFound(UsageError):
    """No such file, bundle or thing."""


class NoEngine(UsageError):
    """No such engine in this build."""


class TooLarge(UsageError):
    """Larger than the library takes."""


class Empty(UsageError):
    """Nothing was published in the slot yet, or there is nothing to roll back to."""


class Busy(UsageError):
    """In use, or decided already."""


class Closed(UsageError):
    """Used after its ``close`` or ``with`` block, or in a child after a fork."""


class NotAllowed(UsageError):
    """It would need an engine that the host does not list (``Host(engines=...)``)."""


class LoadError(Error):
    """2xx: the module or its bundle is not what can be loaded here."""


class SignatureError(LoadError):
    """Signature missing or wrong, or a version lower than one admitted before."""


class SelfTestError(LoadError):
    """The module does not answer its bundle's vectors."""


class ContractError(LoadError):
    """The module does not answer what the slot's callers need."""


class CallError(Error):
    """3xx: the guest. ``body`` is what it gave to ``__guest_error`` before, or nothing."""


class GuestError(CallError):
    """The guest answered with an error; ``body`` holds its bytes: payload, not to be believed."""

    body: bytes


class Trap(CallError):
    """The guest trapped: unreachable code, memory outside its own, its stack. A fresh instance
    serves the next call."""


class GuestExit(Trap):
    """The guest left by ``proc_exit``."""


class DeadlineExceeded(CallError, TimeoutError):
    """The call's deadline passed."""


class Cancelled(CallError):
    """The call was cancelled."""


class LimitError(CallError):
    """A limit of the call or the guest's memory was exceeded."""


class SystemFailure(Error):
    """4xx: the machine, not the caller and not the guest."""


class OutOfMemory(SystemFailure, MemoryError):
    """No memory for the library or the guest."""


class HostCallError(Exception):
    """Raise it in a host-call handler: the guest gets its text as the host's error. Of any other
    exception the guest is told the type's name and no more."""


_CLASSES: Dict[int, Type[Error]] = {
    Status.NOT_FOUND: NotFound,
    Status.NO_ENGINE: NoEngine,
    Status.TOO_LARGE: TooLarge,
    Status.EMPTY: Empty,
    Status.BUSY: Busy,
    Status.CLOSED: Closed,
    Status.NOT_ALLOWED: NotAllowed,
    Status.SIGNATURE: SignatureError,
    Status.VERSION: SignatureError,
    Status.SELF_TEST: SelfTestError,
    Status.CONTRACT: ContractError,
    Status.GUEST_ERROR: GuestError,
    Status.TRAP: Trap,
    Status.TRAP_MEMORY: Trap,
    Status.TRAP_STACK: Trap,
    Status.EXIT: GuestExit,
    Status.DEADLINE: DeadlineExceeded,
    Status.CANCELLED: Cancelled,
    Status.MEMORY_LIMIT: LimitError,
    Status.LIMIT: LimitError,
    Status.NO_MEMORY: OutOfMemory,
}

_RANGES: Dict[int, Type[Error]] = {1: UsageError, 2: LoadError, 3: CallError, 4: SystemFailure}


def error_class(status: int) -> Type[Error]:
    """The exception class that stands for a status."""
    return _CLASSES.get(status, _RANGES.get(status // 100, Error))
