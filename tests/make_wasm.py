"""make_wasm.py KIND: writes a small waPC module to stdout.

good: answers every call with nothing; hang: never comes back from one; no-call: exports memory only; import: imports a function that
no host has; wrong-type: __guest_call takes nothing.
"""
import sys

I32, FUNCTION = 0x7F, 0


def section(number, *items):
    body = bytes([len(items)]) + b"".join(items)
    return bytes([number, len(body)]) + body


def name(text):
    return bytes([len(text)]) + text.encode()


def module(kind):
    call_type = bytes([0x60, 0, 1, I32]) if kind == "wrong-type" else bytes([0x60, 2, I32, I32, 1, I32])
    imported = kind == "import"
    exports = [name("memory") + bytes([2, 0])]
    if kind != "no-call":
        exports.append(name("__guest_call") + bytes([FUNCTION, int(imported)]))
    body = bytes([0, 0x41, 1, 0x0B])  # no locals; i32.const 1
    if kind == "hang":  # loop; br 0; end; unreachable
        body = bytes([0, 0x03, 0x40, 0x0C, 0, 0x0B, 0, 0x0B])
    parts = [b"\0asm\1\0\0\0", section(1, call_type)]
    if imported:
        parts.append(section(2, name("elsewhere") + name("launch_rocket") + bytes([FUNCTION, 0])))
    parts += [
        section(3, bytes([0])),
        section(5, bytes([0, 1])),
        section(7, *exports),
        section(10, bytes([len(body)]) + body),
    ]
    return b"".join(parts)


sys.stdout.buffer.write(module(sys.argv[1]))
