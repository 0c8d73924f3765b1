"""make_heavy.py KIND N M: writes a small valid waPC module that compilers take long for to stdout.
make_heavy.py --list: the kinds, each with sizes just below what is taken, a line each."""
import sys


def leb(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def vec(items):
    return leb(len(items)) + b"".join(items)


def section(number, content):
    return bytes([number]) + leb(len(content)) + content


I32, I64, V128 = 0x7F, 0x7E, 0x7B
ANSWER, END = b"\x41\x01", b"\x0b"


def get(i):
    return b"\x20" + leb(i)


def put(i):
    return b"\x21" + leb(i)


def body(code, locals_=()):
    content = vec([leb(n) + bytes([t]) for n, t in locals_]) + code + END
    return leb(len(content)) + content


def guest(code, locals_=()):
    """A __guest_call that answers at once to an empty payload, and else would run the code."""
    return body(b"\x20\1\x45\x04\x40" + ANSWER + b"\x0f" + END + code, locals_)


def signature(params, results):
    return b"\x60" + vec([bytes([t]) for t in params]) + vec([bytes([t]) for t in results])


def module(bodies, types=(), uses=None, table=1, exports=(), elements=b"", data=b"", names=b"",
           globals_=b""):
    """bodies[0] is __guest_call, of type 0, as are all without uses."""
    parts = [b"\0asm\1\0\0\0", section(1, vec([signature([I32, I32], [I32]), *types]))]
    parts.append(section(3, vec([leb(t) for t in uses or [0] * len(bodies)])))
    parts.append(section(4, b"\1\x70\0" + leb(table)) + section(5, b"\1\0\1"))
    parts.append(section(6, globals_) if globals_ else b"")
    own = [b"\x06memory\2\0", b"\x0c__guest_call\0\0"]
    parts.append(section(7, vec(own + list(exports))))
    parts.append(section(9, elements) if elements else b"")
    parts.append(section(10, vec(bodies)))
    parts.append(section(11, data) if data else b"")
    return b"".join(parts) + (section(0, b"\4name" + section(1, names)) if names else b"")


def blocks_with_values(n, m):
    kind = signature([I32] * m, [I32] * m)
    return module([guest(get(0) * m + b"\x02\1" * n + END * n + b"\x1a" * m + ANSWER)], [kind])


def branch_tables(n, m):
    one = b"\x02\x40" + get(0) + b"\x0e" + leb(n) + bytes(i % 90 for i in range(n)) + b"\0" + END
    return module([guest(b"\x02\x40" * 90 + one * m + END * 90 + ANSWER)])


def calls(n, m):
    kind = signature([I32] * m, [])
    caller, count = guest((get(0) * m + b"\x10\1") * 400 + ANSWER), n // 400
    return module([caller, body(b"")] + [caller] * (count - 1), [kind], [0, 1] + [0] * (count - 1))


def ifs(n, m):
    """One after the other, each of which changes one of as many locals; m such functions."""
    code = b"".join(get(0) + b"\x04\x40" + get(0) + put(2 + i * 7 % n) + END for i in range(n))
    return module([guest(code + b"".join(get(2 + i) + put(0) for i in range(n)) + ANSWER,
                        [(n, I32)])] * m)


def value_ifs(n, m):
    return module([guest(get(0) + (b"\x04\x7f" + get(0) + b"\x05" + get(1) + END) * n + b"\x1a"
                        + ANSWER)] * m)


def loops(n, m):
    """In each other, with locals that change in the innermost."""
    code = b"\x03\x40" * n + b"".join(get(2 + i) + b"\x41\1\x6a" + put(2 + i) for i in range(m))
    return module([guest(code + (get(2) + b"\x0d\0" + END) * n + ANSWER, [(m, I32)])])


def stack(n, m):
    return module([guest(b"".join(get(0) + b"\x41" + leb(i % 60) + b"\x6c" for i in range(n))
                        + b"\x6a" * (n - 1))] * m)


def indirect(n, m):
    return module([guest((get(0) + get(1) + get(0) + b"\x11\0\0\x1a") * n + ANSWER)] * m)


def bulk(n, m):
    return module([guest((get(0) * 3 + b"\xfc\x0a\0\0" + get(0) * 3 + b"\xfc\x0b\0") * n + ANSWER)]
                  * m)


def vectors(n, m):
    return module([guest((get(0) + b"\xfd\x11" + get(2) + b"\xfd\xb5\1") * n + b"\xfd\x50" * (n - 1)
                        + b"\xfd\x53", [(1, V128)])] * m)


def wide(n, m):
    return module([guest((get(2) + get(3) + b"\xfc\x16") * n + b"\x7c" * (2 * n - 1) + b"\xa7",
                        [(2, I64)])] * m)


def loads(n, m):
    return module([guest(get(0) + b"\x28\2\0" * n)] * m)


def functions(n, m):
    return module([body(ANSWER)] * n)


def types(n, m):
    return module([body(ANSWER)], [signature([[I32, I64][i >> j & 1] for j in range(m)], [])
                                   for i in range(n)])


def entries(n, m):
    """Functions in a table, exported, named, and data segments, as many each."""
    exports = [b"\x08%08d\0" % i + leb(i) for i in range(n)]
    return module([body(ANSWER)] * n, table=n, exports=exports,
                  elements=vec([b"\0\x41\0" + END + vec([leb(i) for i in range(n)])]),
                  data=vec([b"\0\x41\0" + END + b"\1x"] * n),
                  names=vec([leb(i) + b"\4name" for i in range(n)]))


def constants(n, m):
    return module([body(ANSWER)], globals_=vec([b"\x7f\0\x41\0" + b"\x41\1\x6a" * m + END] * n))


def branch_values(n, m):
    """Branches to one block, which takes m values."""
    code = b"\x02\1" + get(0) * m + (get(0) + b"\x0d\0") * n + END + b"\x1a" * m
    return module([guest(code + ANSWER)], [signature([], [I32] * m)])


def table_values(n, m):
    """Tables of 50 targets, each of which takes m values."""
    tables = b"".join(get(0) + b"\x04\x40" + get(0) * m + get(0) + b"\x0e\x32"
                      + bytes(1 + (i + j) % 50 for j in range(50)) + b"\1" + END for i in range(n))
    code = b"\x02\1" * 50 + tables + get(0) * m + END * 50 + b"\x1a" * m
    return module([guest(code + ANSWER)], [signature([], [I32] * m)])


def live_stack(n, m):
    """Values that stay on the stack across blocks with branches."""
    values = b"".join(get(0) + b"\x41" + leb(i % 60) + b"\x6a" for i in range(m))
    return module([guest(values + (b"\x02\x40" + get(1) + b"\x0d\0" + END) * n + b"\x6c" * (m - 1))])


def changed_locals(n, m):
    """All locals change, and then branches may be taken to any of 21 places that want them."""
    one = (get(0) + b"\x04\x40" + b"".join(get(0) + put(2 + i) for i in range(m))
           + b"".join(get(1) + b"\x0d" + leb(1 + i) for i in range(20)) + END)
    places = b"".join(END + get(2 + i % m) + put(0) for i in range(21))
    return module([guest(b"\x02\x40" * 21 + one * n + places
                        + b"".join(get(2 + i) + put(0) for i in range(m)) + ANSWER, [(m, I32)])])


def loops_in_a_row(n, m):
    return module([guest((b"\x03\x40" + get(0) + b"\x0d\0" + END) * n + ANSWER)] * m)


def grows(n, m):
    return module([guest((get(0) + b"\x40\0\x1a") * n + ANSWER)] * m)


def result_types(n, m):
    return module([body(ANSWER)], [signature([], [(I32, I64, 0x7D, 0x7C)[i >> 2 * j & 3] for j in range(m)])
                                   for i in range(n)])


def truncations(n, m):
    return module([guest(get(2) + b"\xfd\xf9\1" * n + b"\xfd\x1b\0", [(1, V128)])] * m)


SIZES = [
    (blocks_with_values, 550, 90), (branch_tables, 20000, 8), (calls, 9000, 100), (ifs, 500, 4),
    (ifs, 2300, 1), (value_ifs, 7000, 1), (value_ifs, 2000, 14), (loops, 207, 100),
    (loops, 800, 1000), (stack, 10000, 1), (stack, 54000, 25), (indirect, 9000, 2), (bulk, 3900, 4),
    (vectors, 10000, 11), (wide, 45000, 9), (loads, 339000, 2), (functions, 46000, 0), (functions, 65000, 0),
    (types, 4100, 100), (types, 9800, 100), (entries, 16300, 0), (entries, 19000, 0), (constants, 60000, 20),
    (branch_values, 48000, 900), (table_values, 309, 300), (live_stack, 11700, 5000), (live_stack, 1190, 50000),
    (changed_locals, 6, 1000), (changed_locals, 220, 1000), (loops_in_a_row, 3560, 1), (loops_in_a_row, 57000, 1),
    (grows, 6750, 1), (grows, 32000, 1), (result_types, 19900, 8), (truncations, 262000, 1),
]

if __name__ == "__main__":
    if sys.argv[1] == "--list":
        for make, n, m in SIZES:
            print(make.__name__, n, m)
    else:
        makers = {make.__name__: make for make, _, _ in SIZES}
        sys.stdout.buffer.write(makers[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3])))
