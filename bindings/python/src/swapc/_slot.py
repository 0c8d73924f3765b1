"""Slots, whose module is replaced while calls run; pins; and contracts of slots."""

from __future__ import annotations

import ctypes
import enum
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from . import _convert
from ._abi import CError, CPin, CSwapOptions, CSwapReport
from ._calls import Arguments, Callee, Frame, call
from ._convert import Path, Payload, check
from ._errors import Status, SwapStage
from ._handle import Handle, Using
from ._host import Host, Limits, _c_limits
from ._library import lib
from ._module import Module, ModuleInfo, c_options, info_of


class SelfTest(enum.IntEnum):
    """What a swap does with the bundle's own vectors."""

    IF_ANY = 0
    REQUIRED = 1
    SKIP = 2


@dataclass(frozen=True)
class SwapReport:
    """What a swap did: the new generation, vectors run, and microseconds."""

    stage: SwapStage
    self_tests: int
    generation: int
    load_us: int
    self_test_us: int


def _names(listed: Any) -> Tuple[str, ...]:
    texts = ctypes.cast(listed, ctypes.POINTER(ctypes.c_char_p))
    return tuple(_convert.strings_of(texts))


class Contract(Handle):
    """What the callers of a slot need, whatever module is published there (swapc/contract.h): the
    ``operations``, those that a module may offer (``optional``), and the number of ``vectors``."""

    _kind = "contract"

    def __init__(self, text: Payload, name: str = "contract") -> None:
        raw = _convert.as_bytes("text", text)
        made, error = ctypes.c_void_p(), CError()
        status = lib.swapc_contract_load_bytes(
            _convert.c_text("name", name),
            _convert.view_of(raw),
            ctypes.byref(made),
            ctypes.byref(error),
        )
        check(status, error)
        super().__init__(made.value, _convert.text_of(lib.swapc_contract_name(made)))
        self.operations = _names(lib.swapc_contract_operations(made))
        self.optional = _names(lib.swapc_contract_optional(made))
        self.vectors = int(lib.swapc_contract_vectors(made))

    @classmethod
    def load(cls, path: Path) -> "Contract":
        """Reads it from a file of at most 256 KiB."""
        with open(path, "rb") as file:
            return cls(file.read(262_145), str(path))

    def _free(self, pointer: Any) -> None:
        lib.swapc_contract_release(pointer)

    @property
    def name(self) -> str:
        """The name that the text gives."""
        return self._name

    def check(self, module: Module) -> None:
        """Puts the contract to a module. Raises :class:`ContractError`."""
        _convert.expect("module", module, Module)
        error = CError()
        with Using(self, module) as (contract, checked), Frame() as frame:
            status = lib.swapc_contract_check(contract, checked, ctypes.byref(error))
        frame.settle(status, error)


class Pin(Callee):
    """A generation of a slot that stays callable, whatever is published meanwhile; from :meth:`Slot.pin`.

    ``generation`` is its number, ``published`` whether making the pin published it."""

    _kind = "pin"

    def __init__(self, slot: Handle, pin: CPin, published: bool) -> None:
        self.generation = int(pin.generation)
        self.published = published
        super().__init__(pin, f"{slot._name} {self.generation}", slot)

    def _free(self, pointer: Any) -> None:
        lib.swapc_pin_release(ctypes.byref(pointer))

    @property
    def info(self) -> ModuleInfo:
        """The module that is pinned."""
        with Using(self) as (pin,):
            return info_of(pin.module)

    def _invoke(self, arguments: Arguments) -> bytes:
        with Using(self) as (pin,):
            return call(lib.swapc_pin_call, ctypes.byref(pin), *arguments)


class Slot(Callee):
    """A name whose module can be replaced while calls run. Threads may use it at once."""

    _kind = "slot"

    def __init__(self, name: str, contract: Optional[Contract] = None) -> None:
        if contract is not None:
            _convert.expect("contract", contract, Contract)
        made, error = ctypes.c_void_p(), CError()
        status = lib.swapc_slot_new(
            _convert.c_text("name", name), ctypes.byref(made), ctypes.byref(error)
        )
        check(status, error)
        super().__init__(made.value, name)
        # Hosts of what was published: they stay until the slot is freed, which keeps modules of them.
        self._hosts: Dict[int, Handle] = {}
        if contract is not None:
            with Using(contract) as (held,):
                check(lib.swapc_slot_set_contract(made, held, ctypes.byref(error)), error)

    def _free(self, pointer: Any) -> None:
        lib.swapc_slot_free(pointer)
        for host in self._hosts.values():
            host._leave()

    def _holds(self, host: Handle) -> None:
        """Keeps the host, which the caller is using, for as long as the slot lives."""
        with self._lock:
            if id(host) in self._hosts:
                return
            self._hosts[id(host)] = host
        with host._lock:
            host._uses += 1

    @property
    def name(self) -> str:
        """The slot's name."""
        return self._name

    @property
    def generation(self) -> int:
        """The number of the current generation, 0 for none."""
        with Using(self) as (slot,):
            return int(lib.swapc_slot_generation(slot))

    def admit(self, module: Module) -> None:
        """Puts the slot's contract to a module, which may then be published here."""
        _convert.expect("module", module, Module)
        error = CError()
        with Using(self, module) as (slot, admitted), Frame() as frame:
            status = lib.swapc_slot_admit(slot, admitted, ctypes.byref(error))
        frame.settle(status, error)

    def publish(self, module: Module) -> int:
        """Makes module the current generation in one step and returns its number. Calls in flight end
        on the generation before. The slot keeps the module, which may be closed."""
        _convert.expect("module", module, Module)
        generation = ctypes.c_uint64()
        with Using(self, module) as (slot, published):
            self._holds(module._host)
            status = lib.swapc_slot_publish(slot, published, ctypes.byref(generation))
        check(status, None, self._what(module))
        return int(generation.value)

    def publish_pin(self, module: Module) -> Pin:
        """Publishes and pins in one step."""
        _convert.expect("module", module, Module)
        return self._pin(lib.swapc_slot_publish_pin, module)

    def ensure_pin(self, module: Module) -> Pin:
        """Pins module where it is current, else publishes and pins it; :attr:`Pin.published` says which."""
        _convert.expect("module", module, Module)
        published = ctypes.c_int()
        return self._pin(lib.swapc_slot_ensure_pin, module, published)

    def pin(self) -> Pin:
        """Pins the current generation. Raises :class:`Empty` where nothing was published."""
        return self._pin(lib.swapc_slot_pin, None)

    def _pin(
        self, function: Any, module: Optional[Module], published: Optional[ctypes.c_int] = None
    ) -> Pin:
        made = CPin()
        slot = self._enter()  # for the pin, from now on
        try:
            if module is None:
                status = function(slot, ctypes.byref(made))
            else:
                more = () if published is None else (ctypes.byref(published),)
                with Using(module) as (wanted,):
                    self._holds(module._host)
                    status = function(slot, wanted, ctypes.byref(made), *more)
            check(status, None, self._what(module))
            fresh = module is not None if published is None else bool(published.value)
            return Pin(self, made, fresh)
        except BaseException:
            self._leave()
            raise

    def _what(self, module: Optional[Module]) -> str:
        return f"slot {self._name!r}" + ("" if module is None else f", module {module._name!r}")

    def _invoke(self, arguments: Arguments) -> bytes:
        with self.pin() as pin:
            return pin._invoke(arguments)

    def rollback(self) -> int:
        """Publishes the module before the current one again, as a new generation, whose number it
        returns. Raises :class:`Empty` where there is none."""
        generation = ctypes.c_uint64()
        with Using(self) as (slot,):
            status = lib.swapc_slot_rollback(slot, ctypes.byref(generation))
        check(status, None, self._what(None))
        return int(generation.value)

    def drain(self, generation: Optional[int] = None, *, timeout_ms: int = 0) -> bool:
        """Waits until no pin of a generation before ``generation`` (None: the current one) is held, own
        ones included. False: the time is up. ``timeout_ms`` 0: looks only."""
        wait = _convert.unsigned("timeout_ms", timeout_ms)
        with Using(self) as (slot,):
            if generation is None:
                generation = int(lib.swapc_slot_generation(slot))
            number = _convert.unsigned("generation", generation, 64)
            status = lib.swapc_slot_drain(slot, number, wait)
        if status == Status.BUSY:
            return False
        check(status, None, f"{self._what(None)}, generation {number}")
        return True

    def swap(
        self,
        host: Host,
        path: Path,
        *,
        engine: Optional[str] = None,
        flavour: Optional[str] = None,
        limits: Optional[Limits] = None,
        fresh: bool = False,
        self_test: SelfTest = SelfTest.IF_ANY,
    ) -> SwapReport:
        """Loads, checks, tests and publishes the module at path, while the slot serves what it has. On a
        refusal the slot is as before, and the exception's ``stage`` says where it was."""
        _convert.expect("host", host, Host)
        options = CSwapOptions(ctypes.sizeof(CSwapOptions), int(SelfTest(self_test)))
        options.module = c_options((engine, flavour, _c_limits(limits), fresh))
        report, error = CSwapReport(ctypes.sizeof(CSwapReport)), CError()
        where = _convert.c_text("path", path)
        with Using(self, host) as (slot, home):
            self._holds(host)
            with Frame() as frame:
                status = lib.swapc_slot_swap(
                    slot,
                    home,
                    where,
                    ctypes.byref(options),
                    ctypes.byref(report),
                    ctypes.byref(error),
                )
        stage = SwapStage(report.stage)
        frame.settle(status, error, stage=stage)
        return SwapReport(
            stage, report.self_tests, report.generation, report.load_us, report.self_test_us
        )
