"""Values of Python as those of C, refused where C would cut them."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Iterator, List, Optional, Union

from ._abi import Bytes, CError
from ._errors import Error, GuestError, Status, SwapStage, error_class
from ._library import lib

#: What a payload may be; text is sent as UTF-8.
Payload = Union[bytes, bytearray, memoryview, str]
#: A path as Python's own functions take it.
Path = Union[str, "os.PathLike[str]"]


def expect(name: str, value: Any, kind: type) -> None:
    """Refuses what is not of its type: C would take any handle for any other."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a swapc.{kind.__name__}, not {type(value).__name__}")


def as_bytes(name: str, value: Payload) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{name} must be bytes or str, not {type(value).__name__}")


def text_of(value: Optional[bytes]) -> str:
    """Bytes as text; what is no UTF-8 comes back as it was by ``surrogateescape``."""
    return (value or b"").decode("utf-8", "surrogateescape")


def c_text(name: str, value: Path) -> bytes:
    raw = os.fsencode(value)
    if b"\0" in raw:
        raise ValueError(f"{name} must not contain a zero byte")
    return raw


def c_text_or_none(name: str, value: Optional[Path]) -> Optional[bytes]:
    return None if value is None else c_text(name, value)


def unsigned(name: str, value: int, bits: int = 32) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{name} must be from 0 to {(1 << bits) - 1}, not {value}")
    return value


def view_of(data: bytes) -> Bytes:
    """A view, which keeps ``data``."""
    return Bytes(data, len(data))


def bytes_of(view: Bytes) -> bytes:
    return ctypes.string_at(ctypes.c_void_p.from_buffer(view), view.len) if view.len else b""


def strings_of(pointer: Any) -> Iterator[str]:
    """The strings of a NULL-ended list, which may be NULL."""
    index = 0
    while pointer and pointer[index] is not None:
        yield text_of(pointer[index])
        index += 1


def string_list(name: str, values: Any) -> Any:
    """A NULL-ended list of C strings."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} must be a list of names, not one name")
    raw: List[Optional[bytes]] = [c_text(name, value) for value in values]
    return (ctypes.c_char_p * (len(raw) + 1))(*raw, None)


def status_text(status: int) -> str:
    return text_of(lib.swapc_status_text(status))


def exception(
    status: int,
    error: Optional[CError] = None,
    body: bytes = b"",
    stage: Optional[SwapStage] = None,
    what: str = "",
) -> Error:
    """The exception for a status; ``what`` is said where the library reports no sentence."""
    kind = error_class(status)
    text = error.text.decode("utf-8", "replace") if error is not None else ""
    if kind is GuestError and not text:
        text = ascii(body.decode("utf-8", "backslashreplace"))[1:-1] or "an empty error"
    if not text:
        text = f"{what}: {status_text(status)}" if what else status_text(status)
    engine = text_of(error.engine) if error is not None and error.engine else None
    native = int(error.native) if error is not None else 0
    return kind(text, status, engine, native, stage, body)


def check(status: int, error: Optional[CError] = None, what: str = "") -> None:
    """Raises unless the status is OK."""
    if status != Status.OK:
        raise exception(status, error, what=what)
