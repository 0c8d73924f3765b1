"""swapc: waPC modules that are swapped while they are called, from Python.

A :class:`Host` loads a :class:`Module`; threads call it, or call what a :class:`Slot` holds at the moment,
whose module is replaced under them without a lost call::

    with swapc.Host() as host, host.load(swapc.shipped("echo")) as module, swapc.Slot("s") as slot:
        slot.publish(module)
        slot.call("echo", b"hello")

All that fails raises :class:`Error`. Calls release the GIL.
"""

from ._calls import (
    Cancel,
    ConsoleHandler,
    HostCall,
    HostCallHandler,
    LogHandler,
    LogLevel,
    call_remaining_ms,
)
from ._errors import (
    Busy,
    CallError,
    Cancelled,
    Closed,
    ContractError,
    DeadlineExceeded,
    Empty,
    Error,
    GuestError,
    GuestExit,
    HostCallError,
    LimitError,
    LoadError,
    NoEngine,
    NotAllowed,
    NotFound,
    OutOfMemory,
    SelfTestError,
    SignatureError,
    Status,
    SwapStage,
    SystemFailure,
    TooLarge,
    Trap,
    UsageError,
)
from ._host import EngineCaps, EngineInfo, Host, Limits, Trust, engines
from ._library import shipped, version
from ._module import Module, ModuleInfo
from ._slot import Contract, Pin, SelfTest, Slot, SwapReport

__all__ = [
    "Busy",
    "CallError",
    "Cancel",
    "Cancelled",
    "Closed",
    "ConsoleHandler",
    "Contract",
    "ContractError",
    "DeadlineExceeded",
    "Empty",
    "EngineCaps",
    "EngineInfo",
    "Error",
    "GuestError",
    "GuestExit",
    "Host",
    "HostCall",
    "HostCallError",
    "HostCallHandler",
    "LimitError",
    "Limits",
    "LoadError",
    "LogHandler",
    "LogLevel",
    "Module",
    "ModuleInfo",
    "NoEngine",
    "NotAllowed",
    "NotFound",
    "OutOfMemory",
    "Pin",
    "SelfTest",
    "SelfTestError",
    "SignatureError",
    "Slot",
    "Status",
    "SwapReport",
    "SwapStage",
    "SystemFailure",
    "TooLarge",
    "Trap",
    "Trust",
    "UsageError",
    "call_remaining_ms",
    "engines",
    "shipped",
    "version",
]
