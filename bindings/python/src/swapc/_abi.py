"""What the C headers declare, for ctypes.

Nothing here is believed: the test ``test_layout`` has a C compiler hold structs, enumerators and
prototypes against the headers. The prototypes are C text, from which the argument types are read.
"""

from __future__ import annotations

import ctypes
import re
from typing import Any, Dict, List, Type


class Bytes(ctypes.Structure):
    # As text, so that one made of bytes keeps them and costs no cast; it may hold zero bytes: see bytes_of.
    _fields_ = [("ptr", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class CError(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int),
        ("native", ctypes.c_int64),
        ("engine", ctypes.c_char_p),
        ("text", ctypes.c_char * 512),
    ]


class CLog(ctypes.Structure):
    _fields_ = [("fn", ctypes.c_void_p), ("user", ctypes.c_void_p), ("max_level", ctypes.c_int)]


class CLimits(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("deadline_ms", ctypes.c_uint32),
        ("memory_max", ctypes.c_uint64),
        ("response_max", ctypes.c_uint64),
        ("log_max", ctypes.c_uint32),
        ("log_lines", ctypes.c_uint32),
        ("host_call_depth", ctypes.c_uint32),
        ("host_call_count", ctypes.c_uint32),
        ("compile_ms", ctypes.c_uint64),
    ]


class _LimitsRoom(ctypes.Union):
    _fields_ = [("limits", CLimits), ("limits_room", ctypes.c_ubyte * 128)]


class CHostConfig(ctypes.Structure):
    _anonymous_ = ("room",)
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("log", CLog),
        ("room", _LimitsRoom),
        ("host_call", ctypes.c_void_p),
        ("host_call_user", ctypes.c_void_p),
        ("console", ctypes.c_void_p),
        ("console_user", ctypes.c_void_p),
        ("instances", ctypes.c_uint32),
        ("cache", ctypes.c_char_p),
        ("trust", ctypes.c_void_p),
        ("engines", ctypes.c_void_p),
    ]


class CEngineInfo(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("version", ctypes.c_char_p),
        ("flavours", ctypes.POINTER(ctypes.c_char_p)),
        ("caps", ctypes.c_uint32),
        ("built", ctypes.c_int),
    ]


class CModuleOptions(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("fresh", ctypes.c_uint),
        ("engine", ctypes.c_char_p),
        ("flavour", ctypes.c_char_p),
        ("limits", ctypes.POINTER(CLimits)),
    ]


class CModuleInfo(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("version", ctypes.c_char_p),
        ("engine", ctypes.c_char_p),
        ("flavour", ctypes.c_char_p),
        ("path", ctypes.c_char_p),
        ("digest_hex", ctypes.c_char_p),
        ("operations", ctypes.POINTER(ctypes.c_char_p)),
        ("unoptimised", ctypes.c_int),
    ]


class CReply(ctypes.Structure):
    _fields_ = [("body", Bytes), ("storage", ctypes.c_void_p), ("capacity", ctypes.c_size_t)]


class CCancel(ctypes.Structure):
    _fields_ = [("flag", ctypes.c_int)]


class CCallOptions(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("deadline_ms", ctypes.c_uint32),
        ("cancel", ctypes.POINTER(CCancel)),
        ("user", ctypes.c_void_p),
    ]


class CPin(ctypes.Structure):
    _fields_ = [
        ("module", ctypes.c_void_p),
        ("generation", ctypes.c_uint64),
        ("cohort", ctypes.c_void_p),
    ]


class _ModuleRoom(ctypes.Union):
    _fields_ = [("module", CModuleOptions), ("module_room", ctypes.c_ubyte * 128)]


class CSwapOptions(ctypes.Structure):
    _anonymous_ = ("room",)
    _fields_ = [("size", ctypes.c_size_t), ("self_test", ctypes.c_int), ("room", _ModuleRoom)]


class CSwapReport(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("stage", ctypes.c_int),
        ("self_tests", ctypes.c_uint),
        ("generation", ctypes.c_uint64),
        ("load_us", ctypes.c_uint64),
        ("self_test_us", ctypes.c_uint64),
    ]


class CTrustConfig(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("keys_dir", ctypes.c_char_p),
        ("state_dir", ctypes.c_char_p),
        ("log", CLog),
    ]


#: The C name of each struct, for the test.
STRUCTS: Dict[str, Any] = {
    "swapc_bytes": Bytes,
    "swapc_error": CError,
    "swapc_log": CLog,
    "swapc_limits": CLimits,
    "swapc_host_config": CHostConfig,
    "swapc_engine_info": CEngineInfo,
    "swapc_module_options": CModuleOptions,
    "swapc_module_info": CModuleInfo,
    "swapc_reply": CReply,
    "swapc_cancel": CCancel,
    "swapc_call_options": CCallOptions,
    "swapc_pin": CPin,
    "swapc_swap_options": CSwapOptions,
    "swapc_swap_report": CSwapReport,
    "swapc_trust_config": CTrustConfig,
}

PROTOTYPES = """
const char *swapc_version(void);
const char *swapc_status_name(enum swapc_status);
const char *swapc_status_text(enum swapc_status);
enum swapc_status swapc_host_new(const swapc_host_config *, swapc_host **, swapc_error *);
void swapc_host_free(swapc_host *);
int swapc_engine_at(unsigned, swapc_engine_info *);
enum swapc_status swapc_module_load(swapc_host *, const char *, const swapc_module_options *, swapc_module **, swapc_error *);
enum swapc_status swapc_module_load_bytes(swapc_host *, const char *, swapc_bytes, const swapc_module_options *, swapc_module **, swapc_error *);
void swapc_module_release(swapc_module *);
const swapc_module_info *swapc_module_describe(const swapc_module *);
enum swapc_status swapc_module_self_test(swapc_module *, swapc_error *);
enum swapc_status swapc_module_call(swapc_module *, swapc_bytes, swapc_bytes, const swapc_call_options *, swapc_reply *, swapc_error *);
void swapc_reply_fini(swapc_reply *);
enum swapc_status swapc_reply_set(swapc_reply *, swapc_bytes);
void swapc_cancel_request(swapc_cancel *);
uint32_t swapc_call_remaining_ms(void);
enum swapc_status swapc_slot_new(const char *, swapc_slot **, swapc_error *);
void swapc_slot_free(swapc_slot *);
enum swapc_status swapc_slot_set_contract(swapc_slot *, swapc_contract *, swapc_error *);
enum swapc_status swapc_slot_admit(swapc_slot *, swapc_module *, swapc_error *);
enum swapc_status swapc_slot_publish(swapc_slot *, swapc_module *, uint64_t *);
enum swapc_status swapc_slot_publish_pin(swapc_slot *, swapc_module *, swapc_pin *);
enum swapc_status swapc_slot_ensure_pin(swapc_slot *, swapc_module *, swapc_pin *, int *);
enum swapc_status swapc_slot_pin(swapc_slot *, swapc_pin *);
uint64_t swapc_slot_generation(swapc_slot *);
enum swapc_status swapc_slot_rollback(swapc_slot *, uint64_t *);
enum swapc_status swapc_slot_drain(swapc_slot *, uint64_t, uint32_t);
enum swapc_status swapc_slot_swap(swapc_slot *, swapc_host *, const char *, const swapc_swap_options *, swapc_swap_report *, swapc_error *);
void swapc_pin_release(swapc_pin *);
enum swapc_status swapc_pin_call(const swapc_pin *, swapc_bytes, swapc_bytes, const swapc_call_options *, swapc_reply *, swapc_error *);
enum swapc_status swapc_contract_load(const char *, swapc_contract **, swapc_error *);
enum swapc_status swapc_contract_load_bytes(const char *, swapc_bytes, swapc_contract **, swapc_error *);
void swapc_contract_release(swapc_contract *);
const char *swapc_contract_name(const swapc_contract *);
const char *const *swapc_contract_operations(const swapc_contract *);
const char *const *swapc_contract_optional(const swapc_contract *);
unsigned swapc_contract_vectors(const swapc_contract *);
enum swapc_status swapc_contract_check(const swapc_contract *, swapc_module *, swapc_error *);
enum swapc_status swapc_trust_new(const swapc_trust_config *, swapc_trust **, swapc_error *);
void swapc_trust_free(swapc_trust *);
enum swapc_status swapc_trust_allow_version(const char *, const char *, const char *, const swapc_log *, swapc_error *);
"""

CALLBACKS = """
enum swapc_status (*swapc_host_call_fn)(swapc_bytes, swapc_bytes, swapc_bytes, swapc_bytes, swapc_reply *, void *, void *);
void (*swapc_console_fn)(const char *, uint64_t, swapc_bytes, void *);
void (*swapc_log_fn)(enum swapc_log_level, const char *, const char *, void *);
"""

_VALUES: Dict[str, Any] = {
    "void": None,
    "int": ctypes.c_int,
    "unsigned": ctypes.c_uint,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "swapc_bytes": Bytes,
}


def _type(text: str) -> Any:
    text = text.strip()
    if text == "const char *":
        return ctypes.c_char_p
    if text.endswith("*"):
        return ctypes.c_void_p
    return ctypes.c_int if text.startswith("enum ") else _VALUES[text]


def _types(text: str) -> List[Any]:
    return [] if text == "void" else [_type(part) for part in text.split(",")]


def callback(name: str) -> Type[Any]:
    """The ctypes function type of a callback typedef of the headers."""
    found = re.search(r"^(.*)\(\*%s\)\((.*)\);$" % name, CALLBACKS, re.M)
    assert found, name
    result: Type[Any] = ctypes.CFUNCTYPE(_type(found.group(1)), *_types(found.group(2)))
    return result


def bind(library: Any) -> None:
    """Gives each function of the library its argument and result types."""
    for line in PROTOTYPES.strip().splitlines():
        found = re.match(r"^(.*?)(swapc_\w+)\((.*)\);$", line)
        assert found, line
        function = getattr(library, found.group(2))
        function.restype = _type(found.group(1))
        function.argtypes = _types(found.group(3))
