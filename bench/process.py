#!/usr/bin/env python3
"""bench/process.py [--program build/release/bin/swapc] [--entries 300000] [--rounds 5] [-- OPTION…]

What `swapc process` costs: a pass-through guest (`echo`), entries of 200 bytes, against a redis-server of its own on a Unix
socket. Rounds of a stream that is full when the process starts: entries a second (from the first output's id to the last one's), CPU time of the process and of
Redis an entry, memory; then single entries on an idle system, in turn with a bare round trip (the same XADD and XREAD, nothing between). The
medians at the end. What stands behind -- goes to swapc process. For a quiet machine: nice -n -12.

--peer NAME=COMMAND, once or more: another program in the same rounds, in turn; {socket}, {script} (outputs.lua) and {module} (echo's plain
flavour) in COMMAND are replaced. bench/peers/README.md has two."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

from servers import cpu_s, end, peak_mb, start_redis

PAYLOAD = 200


def start_process(args, path, peer=None):
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    places = {"socket": path, "script": top + "/src/process/outputs.lua",
              "module": os.path.dirname(args.program) + "/../share/swapc/modules/echo/plain.wasm"}
    command = [args.program, "process", "--redis", "unix:" + path, "--in", "orders", "--out", "priced", "--module", "echo",
               "--operation", "echo"] + args.more
    if peer:
        command = [word.format(**places) for word in peer.split()]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def await_outputs(redis, count, process, name):
    while redis("XLEN", "priced") < count:
        if process.poll() is not None:
            sys.exit("%s ended with %d after %d entries: start it by hand to see why" %
                     (name, process.returncode, redis("XLEN", "priced")))
        time.sleep(0.02)


def full_stream(args, redis, server, path, name, peer):
    redis("FLUSHALL")
    fill = "for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', 'payload', ARGV[2]) end"
    for first in range(0, args.entries, 50000):
        redis("EVAL", fill, 1, "orders", min(50000, args.entries - first), b"x" * PAYLOAD)
    before = cpu_s(server.pid)
    process = start_process(args, path, peer)
    await_outputs(redis, 1, process, name)
    own = cpu_s(process.pid)
    await_outputs(redis, args.entries, process, name)
    own, server_s = cpu_s(process.pid) - own, cpu_s(server.pid) - before
    peak = peak_mb(process.pid)
    ids = [redis(word, "priced", first, last, "COUNT", 1)[0][0] for word, first, last in
           (("XRANGE", "-", "+"), ("XREVRANGE", "+", "-"))]
    end(process)
    ms = int(ids[1].split(b"-")[0]) - int(ids[0].split(b"-")[0])
    figures = args.entries / ms, own / args.entries * 1e6, server_s / args.entries * 1e6, peak
    print("%-8s" % name, "%6.1f k/s   %.2f µs own   %.2f µs Redis   %.1f MB" % figures, flush=True)
    return figures


def one_entry(redis, to, out):
    last = redis("XREVRANGE", out, "+", "-", "COUNT", 1)
    last = last[0][0] if last else b"0-0"
    begin = time.perf_counter_ns()
    redis.send("XADD", to, "*", "payload", b"x" * PAYLOAD)
    redis.send("XREAD", "COUNT", 1, "BLOCK", 5000, "STREAMS", out, last)
    redis.take()
    redis.take()
    return (time.perf_counter_ns() - begin) / 1000


def single_entries(args, redis, path):
    redis("FLUSHALL")
    process = start_process(args, path)
    one_entry(redis, "orders", "priced")
    through, bare = [], []
    for _ in range(1000):
        time.sleep(0.002)
        through.append(one_entry(redis, "orders", "priced"))
        time.sleep(0.002)
        bare.append(one_entry(redis, "bare", "bare"))
    end(process)
    return statistics.median(through), statistics.median(bare), statistics.quantiles(through, n=100)[98]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/swapc")
    parser.add_argument("--entries", type=int, default=300000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("more", nargs="*", help=argparse.SUPPRESS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, path, redis = start_redis(folder, "--lua-time-limit", "0")
        contenders = {"swapc": None, **dict(peer.split("=", 1) for peer in args.peer)}
        rounds = {name: [] for name in contenders}
        for _ in range(args.rounds):
            for name, peer in contenders.items():
                rounds[name].append(full_stream(args, redis, server, path, name, peer))
        for name in contenders:
            print("%-8s medians: %.1f k/s, %.2f µs of its own an entry, %.2f µs of Redis's, %.1f MB" %
                  (name, *(statistics.median(column) for column in zip(*rounds[name]))))
        through, bare, p99 = single_entries(args, redis, path)
        print("one entry: p50 %.0f µs, bare %.0f, over it %.0f; p99 %.0f" % (through, bare, through - bare, p99))
        end(server)


main()
