#!/usr/bin/env python3
"""process_python.py SOCKET SCRIPT MODULE OPERATION: what `swapc process` does, written as one would in Python: redis-py, wasmtime-py, and the
same script (src/process/outputs.lua). pip install redis wasmtime."""
import sys

import redis
import wasmtime

BATCH = 1000


class Guest:
    def __init__(self, path, operation):
        self.operation = operation.encode()
        self.request = self.response = b""
        engine = wasmtime.Engine()
        self.store = wasmtime.Store(engine)
        module = wasmtime.Module.from_file(engine, path)
        linker = wasmtime.Linker(engine)
        i32 = wasmtime.ValType.i32()

        def define(name, parameters, results, function):
            linker.define_func("wapc", name, wasmtime.FuncType([i32] * parameters, [i32] * results), function)

        define("__guest_request", 2, 0, self.give)
        define("__guest_response", 2, 0, self.take)
        define("__guest_error", 2, 0, lambda at, size: None)
        define("__console_log", 2, 0, lambda at, size: None)
        define("__host_call", 8, 1, lambda *_: 0)
        define("__host_response_len", 0, 1, lambda: 0)
        define("__host_response", 1, 0, lambda at: None)
        define("__host_error_len", 0, 1, lambda: 0)
        define("__host_error", 1, 0, lambda at: None)
        exports = linker.instantiate(self.store, module).exports(self.store)
        self.memory = exports["memory"]
        for name in ("_initialize", "wapc_init"):
            if name in exports:
                exports[name](self.store)
        self.call = exports["__guest_call"]

    def give(self, operation_at, at):
        self.memory.write(self.store, self.operation, operation_at)
        self.memory.write(self.store, self.request, at)

    def take(self, at, size):
        self.response = bytes(self.memory.read(self.store, at, at + size))

    def answer(self, payload):
        self.request, self.response = payload, b""
        try:
            done = self.call(self.store, len(self.operation), len(payload)) == 1
            return self.response if done else None
        except wasmtime.Trap:
            return None


def main():
    path, script, module, operation = sys.argv[1:]
    guest = Guest(module, operation)
    client = redis.Redis(unix_socket_path=path)
    with open(script, encoding="utf-8") as file:
        store = client.register_script(file.read())
    keys = ["orders", "priced", "orders:dead", "orders:swapc", "orders:swapc:owner"]
    client.set(keys[4], "token ")
    try:
        client.xgroup_create("orders", "swapc", "0", mkstream=True)
    except redis.ResponseError:
        pass
    while True:
        got = client.xreadgroup("swapc", "python", {"orders": ">"}, count=BATCH, block=100)
        if not got:
            continue
        entries, results, letters = got[0][1], [], 0
        for entry, fields in entries:
            answer = guest.answer(fields.get(b"payload", b""))
            if answer is None:
                results += [entry, "-2", "reason", "failed"]
                letters += 1
            else:
                results += [entry, "", answer]
        store(keys, ["token", "swapc", "", "0", "id", "payload", len(entries), entries[-1][0], letters] + results)


main()
