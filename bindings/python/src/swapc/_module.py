"""Compiled modules, and calling them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Optional, Tuple, Union

from . import _convert
from ._abi import CError, CLimits, CModuleInfo, CModuleOptions
from ._calls import Arguments, Callee, Frame, call
from ._convert import Path, text_of
from ._handle import Handle, Using
from ._library import lib

#: engine, flavour, limits, fresh
Options = Tuple[Optional[str], Optional[str], Optional[CLimits], bool]


@dataclass(frozen=True)
class ModuleInfo:
    """What a module is; ``operations`` are those that its manifest names, none: not said.
    ``unoptimised``: compiled so, since optimising might have taken longer than ``Limits.compile_ms``."""

    name: str
    version: str
    engine: str
    flavour: str
    path: str
    digest_hex: str
    operations: Tuple[str, ...]
    unoptimised: bool


def c_options(options: Options) -> CModuleOptions:
    engine, flavour, limits, fresh = options
    return CModuleOptions(
        ctypes.sizeof(CModuleOptions),
        1 if fresh else 0,
        _convert.c_text_or_none("engine", engine),
        _convert.c_text_or_none("flavour", flavour),
        None if limits is None else ctypes.pointer(limits),
    )


def info_of(module: int) -> ModuleInfo:
    raw = CModuleInfo.from_address(lib.swapc_module_describe(module))
    return ModuleInfo(
        text_of(raw.name),
        text_of(raw.version),
        text_of(raw.engine),
        text_of(raw.flavour),
        text_of(raw.path),
        raw.digest_hex.decode(),
        tuple(_convert.strings_of(raw.operations)),
        bool(raw.unoptimised),
    )


class Module(Callee):
    """A compiled module, made by :meth:`Host.load`. Threads may call it at once."""

    _kind = "module"

    def __init__(self, host: Handle, pointer: int) -> None:
        self._host = host
        self._info = info_of(pointer)
        super().__init__(pointer, self._info.name, host)

    def _free(self, pointer: Any) -> None:
        lib.swapc_module_release(pointer)

    @property
    def info(self) -> ModuleInfo:
        """Name, version, engine, flavour, digest; readable after ``close``, too."""
        return self._info

    def _invoke(self, arguments: Arguments) -> bytes:
        with Using(self) as (pointer,):
            return call(lib.swapc_module_call, pointer, *arguments)

    def self_test(self) -> None:
        """Puts the bundle's own vectors to the module. Raises :class:`SelfTestError`."""
        error = CError()
        with Using(self) as (pointer,), Frame() as frame:
            status = lib.swapc_module_self_test(pointer, ctypes.byref(error))
        frame.settle(status, error)


def _load(host: Handle, function: Any, options: Options, *source: Any) -> Module:
    made, error, given = ctypes.c_void_p(), CError(), c_options(options)
    pointer = host._enter()  # for the module, from now on
    try:
        with Frame() as frame:
            status = function(
                pointer, *source, ctypes.byref(given), ctypes.byref(made), ctypes.byref(error)
            )
        if made.value is None:
            frame.settle(status, error)
        assert made.value is not None
        module = Module(host, made.value)
    except BaseException:
        host._leave()
        raise
    frame.settle(status, error)
    return module


def load(host: Handle, path: Path, options: Options) -> Module:
    return _load(host, lib.swapc_module_load, options, _convert.c_text("path", path))


def load_bytes(
    host: Handle, name: str, data: Union[bytes, bytearray, memoryview], options: Options
) -> Module:
    raw = _convert.as_bytes("data", data)
    return _load(
        host,
        lib.swapc_module_load_bytes,
        options,
        _convert.c_text("name", name),
        _convert.view_of(raw),
    )
