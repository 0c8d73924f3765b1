"""slow_compile.py FUNCTIONS STEPS: writes a module of that many functions of that many steps, which an engine compiles for seconds."""
import functools
import sys


def leb(number):
    out = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def vector(items):
    return leb(len(items)) + b"".join(items)


def section(number, *items):
    body = vector(items)
    return bytes([number]) + leb(len(body)) + body


def name(text):
    return leb(len(text)) + text.encode()


@functools.cache
def function(i, steps):
    code = b"\x00"  # no locals; both parameters are mixed again and again
    for k in range(steps):
        code += b"\x20\x00\x41" + leb((i * 7 + k) % 60) + (b"\x6a" if k % 3 else b"\x6c")
        code += b"\x20\x01" + (b"\x73" if k % 2 else b"\x6a") + b"\x21" + bytes([k % 2])
    code += b"\x20\x00\x0b"
    return leb(len(code)) + code


functions, steps = int(sys.argv[1]), int(sys.argv[2])
sys.stdout.buffer.write(b"".join([
    b"\0asm\1\0\0\0",
    section(1, b"\x60\x02\x7f\x7f\x01\x7f"),
    section(3, *[b"\0"] * functions),
    section(5, b"\0\1"),
    section(7, name("memory") + b"\2\0", name("__guest_call") + b"\0\0"),
    section(10, *[function(i % 60, steps) for i in range(functions)]),
]))
