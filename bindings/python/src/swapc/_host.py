"""Hosts, their engines and limits, and what they trust."""

from __future__ import annotations

import ctypes
import enum
from dataclasses import dataclass, fields
from typing import Any, Iterable, List, Optional, Tuple, Union

from . import _calls, _convert
from ._abi import CEngineInfo, CError, CHostConfig, CLimits, CLog, CTrustConfig
from ._calls import ConsoleHandler, HostCallHandler, LogHandler, LogLevel
from ._convert import Path, check
from ._handle import Handle, Using
from ._library import lib
from ._module import Module, load, load_bytes


@dataclass(frozen=True)
class Limits:
    """What one module may use (swapc/limits.h); the defaults are the library's. 0: no limit, but
    ``compile_ms`` 0: 2500."""

    deadline_ms: int = 10_000
    memory_max: int = 268_435_456
    response_max: int = 16_777_216
    log_max: int = 4096
    log_lines: int = 64
    host_call_depth: int = 8
    host_call_count: int = 1024
    compile_ms: int = 0

    def _c(self) -> CLimits:
        made = CLimits(ctypes.sizeof(CLimits))
        for field in fields(self):
            bits = 8 * getattr(CLimits, field.name).size
            value = _convert.unsigned(field.name, getattr(self, field.name), bits)
            setattr(made, field.name, value)
        return made


class EngineCaps(enum.IntFlag):
    """What an engine holds (swapc/host.h)."""

    WASM = 1
    SANDBOX = 2
    DEADLINE = 4
    CANCEL = 8
    MEMORY = 16
    STACK = 32
    METERED = 64


@dataclass(frozen=True)
class EngineInfo:
    """One engine that swapc knows; ``version`` is None where it is not built in."""

    name: str
    version: Optional[str]
    flavours: Tuple[str, ...]
    caps: EngineCaps
    built: bool


def engines() -> List[EngineInfo]:
    """The engines that swapc knows, in the order of preference."""
    found: List[EngineInfo] = []
    info = CEngineInfo(ctypes.sizeof(CEngineInfo))
    while lib.swapc_engine_at(len(found), ctypes.byref(info)):
        found.append(
            EngineInfo(
                _convert.text_of(info.name),
                _convert.text_of(info.version) if info.version else None,
                tuple(_convert.strings_of(info.flavours)),
                EngineCaps(info.caps),
                bool(info.built),
            )
        )
        info = CEngineInfo(ctypes.sizeof(CEngineInfo))
    return found


def _callable(name: str, handler: Any) -> Any:
    if not callable(handler):
        raise TypeError(f"{name} must be callable, not {type(handler).__name__}")
    return handler


def _c_limits(limits: Optional[Limits]) -> Optional[CLimits]:
    if limits is None:
        return None
    _convert.expect("limits", limits, Limits)
    return limits._c()


def _c_log(handler: Optional[LogHandler], level: LogLevel) -> Tuple[CLog, Any]:
    """The sink, and the callback that must be kept as long as the sink is."""
    made = None if handler is None else _calls.log_callback(_callable("on_log", handler))
    max_level = int(LogLevel(level))
    return CLog(ctypes.cast(made, ctypes.c_void_p) if made else None, None, max_level), made


class Trust(Handle):
    """Which modules a host takes: bundles that a key in ``keys_dir`` signed, of versions that do not fall
    below what ``state_dir`` remembers (None: versions are not compared). See swapc/trust.h."""

    _kind = "trust policy"

    def __init__(
        self,
        keys_dir: Path,
        state_dir: Optional[Path] = None,
        *,
        on_log: Optional[LogHandler] = None,
        log_level: LogLevel = LogLevel.INFO,
    ) -> None:
        log, self._log = _c_log(on_log, log_level)
        config = CTrustConfig(
            ctypes.sizeof(CTrustConfig),
            _convert.c_text("keys_dir", keys_dir),
            _convert.c_text_or_none("state_dir", state_dir),
            log,
        )
        made, error = ctypes.c_void_p(), CError()
        check(lib.swapc_trust_new(ctypes.byref(config), ctypes.byref(made), ctypes.byref(error)), error)
        super().__init__(made.value, str(keys_dir))

    def _free(self, pointer: Any) -> None:
        lib.swapc_trust_free(pointer)

    @staticmethod
    def allow_version(state_dir: Path, name: str, version: str) -> None:
        """Sets what is remembered of the bundle called name, also to a lower version."""
        error = CError()
        status = lib.swapc_trust_allow_version(
            _convert.c_text("state_dir", state_dir),
            _convert.c_text("name", name),
            _convert.c_text("version", version),
            None,
            ctypes.byref(error),
        )
        check(status, error)


class Host(Handle):
    """Engines, and what guests may reach: nothing but what is given here. Most programs have one.

    ``engines``: names of those that may run anything; None: every sandbox of the build. Who lists
    ``"native"`` trusts every module that the host loads. ``on_host_call``, ``on_console``, ``on_log`` run on the
    thread that made the call, several at once, and may load, call and swap. ``cache``: a folder for
    compiled modules, ``""``: none are kept. Closing it while modules are open frees it with the last.
    """

    _kind = "host"

    def __init__(
        self,
        *,
        engines: Optional[Iterable[str]] = None,
        limits: Optional[Limits] = None,
        on_host_call: Optional[HostCallHandler] = None,
        on_console: Optional[ConsoleHandler] = None,
        on_log: Optional[LogHandler] = None,
        log_level: LogLevel = LogLevel.INFO,
        instances: int = 0,
        cache: Optional[Path] = None,
        trust: Optional[Trust] = None,
    ) -> None:
        config = CHostConfig(ctypes.sizeof(CHostConfig))
        config.limits = _c_limits(limits) or Limits()._c()
        config.instances = _convert.unsigned("instances", instances)
        config.cache = _convert.c_text_or_none("cache", cache)
        config.log, log = _c_log(on_log, log_level)
        # The library calls these for as long as it has the host.
        self._kept: List[Any] = [config, log]
        if on_host_call is not None:
            self._kept.append(_calls.host_call_callback(_callable("on_host_call", on_host_call)))
            config.host_call = ctypes.cast(self._kept[-1], ctypes.c_void_p)
        if on_console is not None:
            self._kept.append(_calls.console_callback(_callable("on_console", on_console)))
            config.console = ctypes.cast(self._kept[-1], ctypes.c_void_p)
        if engines is not None:
            self._kept.append(_convert.string_list("engines", engines))
            config.engines = ctypes.cast(self._kept[-1], ctypes.c_void_p)
        parents = () if trust is None else (trust,)
        for parent in parents:
            _convert.expect("trust", parent, Trust)
        made, error = ctypes.c_void_p(), CError()
        with Using(*parents) as pointers:
            config.trust = pointers[0] if pointers else None
            check(
                lib.swapc_host_new(ctypes.byref(config), ctypes.byref(made), ctypes.byref(error)), error
            )
            for parent in parents:
                parent._enter()
        super().__init__(made.value, "host", *parents)

    def _free(self, pointer: Any) -> None:
        lib.swapc_host_free(pointer)

    def load(
        self,
        path: Path,
        *,
        engine: Optional[str] = None,
        flavour: Optional[str] = None,
        limits: Optional[Limits] = None,
        fresh: bool = False,
    ) -> Module:
        """Reads a bundle (a folder with module.toml) or a file (.wasm, .so), checks and compiles it.
        ``fresh``: anew, whatever the cache holds."""
        return load(self, path, (engine, flavour, _c_limits(limits), fresh))

    def load_bytes(
        self,
        name: str,
        data: Union[bytes, bytearray, memoryview],
        *,
        engine: Optional[str] = None,
        limits: Optional[Limits] = None,
    ) -> Module:
        """The same from memory; name is for messages."""
        return load_bytes(self, name, data, (engine, None, _c_limits(limits), False))
