#!/usr/bin/env python3
"""The real pipeline under load while everything around it fails, and a ledger of its own that says what
became of each message. `./dev chaos --help`."""
import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

from ledger import Ledger
from resp import Refused
from scene import Scene

BACKLOG = 2000  # unanswered messages at which the load waits
BATCH = 25  # messages that are added at once
DENIED = ["xadd", "xack", "xdel", "xreadgroup", "xclaim", "xpending", "evalsha", "eval", "script", "set",
          "get", "xlen", "xgroup", "time"]
SIGNER_POINTS = ["after_xreadgroup", "after_signing", "mid_record"]
VERIFIER_POINTS = ["after_verify", "before_script", "after_script"]

# kind: how often among its like. A kill ends a process by SIGKILL; a fault does not.
KILLS = {"signer": 5, "verifier": 5, "generator": 1, "redis": 2, "signer point": 4, "verifier point": 4}
FAULTS = {"stop": 4, "stop beyond the lease": 1, "restart": 3, "restart again and again": 1, "cut": 3, "stall": 2, "deny": 3, "memory": 1,
          "fail over": 2, "swap": 4, "bad swap": 3}


def draw(random_of, table):
    return random_of.choices(list(table), list(table.values()))[0]


def schedule(seed, kills, faults):
    """The same list for the same numbers: (kind, a number from 0 to 1 that settles the rest)."""
    r = random.Random(seed)
    order = ["kill"] * kills + ["fault"] * faults
    r.shuffle(order)
    return [(what, draw(r, KILLS if what == "kill" else FAULTS), r.random()) for what in order]


class Chaos:
    def __init__(self, options, folder):
        self.options = options
        self.ledger = Ledger("swapc")
        self.scene = Scene(os.path.abspath(options.program), options.redis_server, folder)
        self.undo = []  # (when, what)
        self.ending = False
        self.kills = self.faults = 0
        self.unsound = []  # what sanitizers said
        self.log = open(os.path.join(folder, "events.log"), "w", buffering=1)
        self.start = time.monotonic()

    def say(self, text):
        self.log.write("%8.2f %s\n" % (time.monotonic() - self.start, text))

    # ---- load, each in a thread -----------------------------------------------------------------

    def again(self, what):
        """Calls what(connection) until the end, on a new connection whenever the old one is lost."""
        link = None
        while not self.ending:
            try:
                link = link or self.scene.connect()
                what(link)
            except Refused:
                time.sleep(0.05)
                if link:  # it may have become a replica
                    link.close()
                    link = None
            except OSError:
                link = None

    def produce(self):
        r = random.Random(self.options.seed)
        number = 0

        def add(link):
            nonlocal number
            if link.call("XLEN", "swapc:messages") > BACKLOG:
                return time.sleep(0.02)
            number += BATCH
            words = [["XADD", "swapc:messages", "*", "m", "message %d" % (number + i), "method",
                      r.choice(["schnorr", "ecdsa"])] for i in range(BATCH)]
            replies = link.many(words)
            self.ledger.added([reply for reply in replies if isinstance(reply, bytes)])
            if any(isinstance(reply, Refused) for reply in replies):
                raise Refused("some")

        self.again(add)

    def watch(self):
        self.again(self.ledger.tail)

    # ---- what happens ---------------------------------------------------------------------------

    def later(self, seconds, what):
        self.undo.append((time.monotonic() + seconds, what))

    def kill_of(self, kind, x):
        scene, lane = self.scene, int(x * 2)
        if kind == "redis":
            server = scene.servers[scene.primary]
            server.kill()
            server.not_before = time.monotonic() + 0.1 + x
        elif kind.endswith("point"):
            names, processes = (SIGNER_POINTS, scene.signers) if kind.startswith("signer") else (
                VERIFIER_POINTS, scene.verifiers)
            process = processes[lane]
            process.kill()
            process.start("%s:%d" % (names[int(x * 1000) % 3], 1 + int(x * 100000) % 40))
        else:
            process = scene.generator if kind == "generator" else (
                scene.signers if kind == "signer" else scene.verifiers)[lane]
            process.kill()

    def service(self, x):
        return (self.scene.signers + self.scene.verifiers)[int(x * 4)]

    def fault_of(self, kind, x):
        scene = self.scene
        if kind == "stop":
            victim = (scene.signers + scene.verifiers + [scene.servers[scene.primary]])[int(x * 5)]
            victim.stop(0.2 + x)
        elif kind == "stop beyond the lease":
            self.service(x).stop(11 + 3 * x)
        elif kind == "restart":
            self.service(x).send(signal.SIGTERM)
        elif kind == "restart again and again":  # what is delivered often is not thereby poison
            for _ in range(8):
                self.service(x).send(signal.SIGTERM if x * 8 % 2 < 1 else signal.SIGKILL)
                self.pass_time(0.25)
        elif kind == "cut":
            scene.proxy.cut()
        elif kind == "stall":
            scene.proxy.stall(0.3 + 2 * x)
        elif kind == "deny":
            scene.deny(DENIED[int(x * len(DENIED))])
            self.later(0.3 + x, scene.allow)
        elif kind == "memory":
            scene.do("CONFIG", "SET", "maxmemory", "1mb")
            self.later(0.3 + x, lambda: scene.do("CONFIG", "SET", "maxmemory", "0"))
        elif kind == "fail over":
            return scene.fail_over()
        elif kind == "swap":
            slot = ["schnorr", "ecdsa"][int(x * 2)]
            return scene.swap(int(x * 4) % 2, slot, scene.good[slot][int(x * 8) % 2])
        elif kind == "bad swap":
            scene.swap(int(x * 4) % 2, ["schnorr", "ecdsa"][int(x * 2)], scene.bad[int(x * 1000) % 3])
        return True

    def happen(self, what, kind, x):
        if what == "kill":
            self.kill_of(kind, x)
            self.kills += 1
            took_place = True
        else:
            took_place = self.fault_of(kind, x)
            self.faults += took_place is not False
        self.say("%s: %s %.6f%s" % (what, kind, x, "" if took_place else " (did not take place)"))

    def pass_time(self, seconds):
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            for entry in [e for e in self.undo if e[0] <= now]:
                self.undo.remove(entry)
                entry[1]()
            self.scene.tend()
            if now >= end:
                return
            time.sleep(0.02)

    # ---- the end --------------------------------------------------------------------------------

    def heal(self):
        for _, what in self.undo:
            what()
        self.undo = []
        self.scene.proxy.stall(0)
        for process in self.scene.signers + self.scene.verifiers:
            if process.running() and process.killed:  # it has a fail point, or will have died at one
                process.kill()
        self.scene.processes.remove(self.scene.generator)
        self.scene.generator.kill()

    def drained(self):
        reply = self.scene.do("XPENDING", "swapc:messages", "swapc")
        return self.scene.do("XLEN", "swapc:messages") == 0 and reply[0] == 0

    def drain(self):
        """Until nothing is open, or nothing has moved for a minute."""
        last, since = None, time.monotonic()
        while time.monotonic() - since < self.options.patience:
            self.pass_time(0.2)
            if self.drained():
                return True
            now = self.scene.do("XLEN", "swapc:verdicts")
            if now != last:
                last, since = now, time.monotonic()
        return False

    def run(self):
        events = schedule(self.options.seed, self.options.kills, self.options.faults)
        gap = self.options.minutes * 60 / max(1, len(events)) if self.options.minutes else 0.5
        threads = [threading.Thread(target=f, daemon=True) for f in (self.watch, self.produce)]
        self.pass_time(1)
        for thread in threads:
            thread.start()
        for what, kind, x in events:
            self.pass_time(gap * (0.5 + x))
            self.happen(what, kind, x)
        self.pass_time(1)
        self.ending = True
        for thread in threads:
            thread.join()
        self.heal()
        drained = self.drain()
        result, reasons, lost = self.ledger.close(self.scene.connect(tend=True))
        self.report(drained, reasons, lost)
        return {"seed": self.options.seed, "kills": self.kills, "faults": self.faults, **result}

    def report(self, drained, reasons, lost):
        def warn(text):
            self.say(text)
            print("chaos: " + text, file=sys.stderr)

        if not drained:
            warn("%d messages are still open" % self.scene.do("XLEN", "swapc:messages"))
        if lost:
            warn("lost, for example: %s" % b" ".join(lost[:5]).decode())
        for reason, count in reasons.most_common(10):
            warn("%d verdicts: %s" % (count, reason))
        for process in self.scene.processes + [self.scene.generator]:
            with open(self.scene.path(process.name + ".log"), errors="replace") as log:
                self.unsound += [line.strip() for line in log
                                 if "Sanitizer" in line or "runtime error:" in line]
            for status, count in process.exits.items():
                warn("%s ended by itself, status %d, %d times and was started again" % (
                    process.name, status, count))
        for line in self.unsound[:10]:
            warn(line)


def find_redis():
    for name in ("redis-server", "redis-check-rdb"):
        found = shutil.which(name)
        if found:
            return found
    raise SystemExit("chaos: no redis-server on the PATH: ./dev setup installs redis-tools")


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="./dev chaos", description="Runs the pipeline under load - two lanes of signer and verifier, a "
        "generator, two redis-servers behind a proxy - while processes are killed, stopped and restarted, "
        "connections cut and stalled, commands denied, memory filled, primaries exchanged and modules "
        "swapped; then compares what was added with the verdicts that are there. Exit status: 0 nothing "
        "lost, twice or wrong.",
        epilog="example: ./dev chaos --kills 100 --seed 7 --json chaos.json")
    parser.add_argument("--kills", type=int, default=50, metavar="N", help="processes killed (default 50)")
    parser.add_argument("--faults", type=int, metavar="N", help="other faults (default: half as many)")
    parser.add_argument("--minutes", type=float, metavar="M", help="how long (default: two events a second)")
    parser.add_argument("--seed", type=int, help="the same seed gives the same schedule (default: drawn)")
    parser.add_argument("--json", metavar="FILE", help="where the result goes (default -)", default="-")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    parser.add_argument("--patience", type=float, default=60, metavar="S",
                        help="how long nothing may move at the end (default 60)")
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.faults = options.kills // 2 if options.faults is None else options.faults
    options.seed = random.randrange(1 << 32) if options.seed is None else options.seed
    options.redis_server = find_redis()
    return options


def main(arguments):
    options = parse(arguments)
    folder = tempfile.mkdtemp(prefix="swapc-chaos-")
    chaos = Chaos(options, folder)
    bad = True
    try:
        result = chaos.run()
        bad = bool(chaos.unsound) or any(result[name] for name in ("lost", "duplicates", "wrong"))
    finally:
        chaos.ending = True
        chaos.scene.end()
        if bad or options.keep:
            print("chaos: seed %d; logs and data are in %s" % (options.seed, folder), file=sys.stderr)
        else:
            shutil.rmtree(folder)
    text = json.dumps(result)
    if options.json == "-":
        print(text)
    else:
        with open(options.json, "w") as file:
            file.write(text + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
