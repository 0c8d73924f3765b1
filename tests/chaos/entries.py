"""`swapc process` with partitions under load, while its processes are killed, leave, join and are stopped beyond their
leases, and modules are offered that are none; and books that say what became of each entry."""
import collections
import os
import random
import shutil
import signal
import sys
import time

import interrupt
from process import Process, spawn
from resp import Refused, Resp

BATCH = 20  # entries that are added at once, to one partition
BACKLOG = 4000  # open entries at which the load waits
TELL_S = 10
MEMBERS = (2, 5)  # at least, at most
BARE_EVERY = 50  # so many entries have one without the payload, which becomes a letter
EVENTS = {"kill": 10, "leave": 5, "join": 5, "stop": 6, "swap": 3, "garbage": 3}
COUNTED = ("kill", "leave", "join")
NAP_S = 0.02
STOPS_S = [0.1, 1, 3, 6, 8]  # a lease is 4 s


class Member(Process):
    """Comes under another name each time, as pods do."""

    def __init__(self, entries, number):
        super().__init__(entries, "member-%d" % number, self.line)
        self.entries, self.number, self.starts = entries, number, 0

    def socket(self):
        return "unix:" + self.entries.path(self.name + ".sock")

    def line(self):
        self.starts += 1
        e = self.entries
        return [e.program, "process", "--redis", "unix:" + e.socket(), "--in", "orders", "--out", "priced",
                "--module", e.modules[0], "--operation", "echo", "--partitions", str(e.options.partitions),
                "--consumer", "pod-%d-%d" % (self.number, self.starts), "--listen", self.socket()]


class Entries:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.program = os.path.abspath(options.program)
        self.random, self.load_random = random.Random(options.seed), random.Random(options.seed)
        self.added = [[] for _ in range(options.partitions)]  # (id, whether it has a payload), by partition
        self.members, self.away, self.swaps = [], [], []
        most = 30 * options.minutes if options.minutes else STOPS_S[-1]
        self.naps = [s for s in STOPS_S if s <= most] or STOPS_S[:1]
        self.happened, self.faulty = collections.Counter(), []
        self.bad_refused = self.number = 0
        self.start, self.tell_at = time.monotonic(), 0.0
        self.server = self.redis = None
        self.log = open(self.path("events.log"), "w", buffering=1)

    def path(self, name):
        return os.path.join(self.folder, name)

    def socket(self):
        return self.path("redis.sock")

    def tell(self, text):
        line = "%.0f s: %s" % (time.monotonic() - self.start, text)
        self.log.write(line + "\n")
        print("chaos: " + line, file=sys.stderr, flush=True)

    # ---- the scene ------------------------------------------------------------------------------

    def begin(self):
        link = self.path("redis-server")
        os.symlink(self.options.redis_server, link)
        self.server = Process(self, "redis", [link, "--port", "0", "--unixsocket", self.socket(), "--save", "",
                                              "--dir", self.folder])
        self.server.start()
        while self.redis is None:
            interrupt.check()
            try:
                self.redis = Resp(self.socket(), timeout=60)
                self.redis.call("PING")
            except (OSError, Refused):
                self.redis = None
                time.sleep(NAP_S)
        shipped = os.path.join(os.path.dirname(self.program), "..", "share", "swapc", "modules", "echo")
        self.modules = [os.path.realpath(shipped), self.path("echo-again")]
        shutil.copytree(*self.modules)
        with open(self.path("broken.wasm"), "wb") as file:
            file.write(b"\0asm\1\0\0\0\x0a\x05\x01\x03\x00\x00")
        for _ in range(3):
            self.join()

    def join(self):
        self.number += 1
        self.members.append(Member(self, self.number))
        self.members[-1].start()

    def key(self, partition, suffix=""):
        return "{orders.%d}%s" % (partition, suffix) if self.options.partitions > 1 else "orders" + suffix

    def out(self, partition):
        return self.key(partition, ":priced") if self.options.partitions > 1 else "priced"

    def lengths(self, partition):
        return self.redis.many([["XLEN", self.out(partition)], ["XLEN", self.key(partition, ":dead")]])

    def open(self):
        return sum(len(a) for a in self.added) - sum(sum(self.lengths(k)) for k in range(self.options.partitions))

    # ---- load and events ------------------------------------------------------------------------

    def produce(self):
        partition = self.load_random.randrange(self.options.partitions)
        rows = []
        for _ in range(BATCH):
            payload = self.load_random.randrange(BARE_EVERY) > 0
            rows.append(["XADD", self.key(partition), "*", "payload" if payload else "other",
                         "%d-%d" % (partition, len(self.added[partition]) + len(rows))])
        self.added[partition] += [(i, row[3] == "payload", row[4]) for i, row in zip(self.redis.many(rows), rows)]

    def pick(self):
        running = [m for m in self.members if m.running() and not m.stopped()]
        return self.random.choice(running) if running else None

    def event(self):
        kind = self.random.choices(list(EVENTS), EVENTS.values())[0]
        member = self.pick()
        if kind == "join" and len(self.members) >= MEMBERS[1]:
            kind = "leave"
        if kind == "leave" and len(self.members) <= MEMBERS[0]:
            kind = "join"
        if kind == "join":
            self.join()
        elif member is None:
            return
        elif kind == "kill":
            member.kill()
            member.not_before = time.monotonic() + self.random.choice([0, 0.2, 1.5])
        elif kind == "leave":
            member.terminate()
            self.members.remove(member)
            self.away.append(member)
        elif kind == "stop":
            member.stop(self.random.choice(self.naps))
        else:
            module = self.path("broken.wasm") if kind == "garbage" else self.random.choice(self.modules)
            with open(self.path("swaps.log"), "ab") as log:
                self.swaps.append((spawn([self.program, "module", "swap", "echo", module, "--target", member.socket()],
                                         stdout=log, stderr=log), kind == "garbage"))
        self.happened[kind] += 1

    def tend(self):
        interrupt.check()
        for member in self.members:
            member.tend()
        for member in [m for m in self.away if not m.running()]:
            self.away.remove(member)
            early = member.popen.returncode == -signal.SIGTERM and not any("ready:" in w for w in member.words())
            if member.popen.returncode != 0 and not early:
                self.faulty.append("%s was asked to leave and ended with status %d: %s" % (
                    member.name, member.popen.returncode, (member.words() or [""])[-1]))
            self.note_exits(member)
        for swap in [s for s in self.swaps if s[0].poll() is not None]:
            self.swaps.remove(swap)
            self.bad_refused += swap[1] and swap[0].returncode != 0
            if swap[1] and swap[0].returncode == 0:
                self.faulty.append("a garbage module was taken")

    def note_exits(self, member):
        for (status, last), count in member.exits.items():
            self.faulty.append("%s ended by itself %d times, status %d: %s" % (member.name, count, status, last))
        with open(member.log_path(), errors="replace") as log:
            self.faulty += [line.strip() for line in log if "Sanitizer" in line or "runtime error:" in line][:3]

    def counted(self):
        return sum(self.happened[kind] for kind in COUNTED)

    def tell_progress(self):
        self.tell_at = time.monotonic() + TELL_S
        self.tell("%d of %d kills, leaves and joins; %d entries added, %d open" % (
            self.counted(), self.options.kills, sum(len(a) for a in self.added), self.open()))

    def load(self):
        due = 0.0
        pause = 60 * self.options.minutes / max(self.options.kills, 1) if self.options.minutes else 1
        end = self.start + 60 * self.options.minutes if self.options.minutes else float("inf")
        while self.counted() < self.options.kills and time.monotonic() < end:
            self.tend()
            if self.open() < BACKLOG:
                self.produce()
            if time.monotonic() >= due:
                due = time.monotonic() + self.random.uniform(0, pause)
                self.event()
            if time.monotonic() >= self.tell_at:
                self.tell_progress()
            time.sleep(NAP_S)

    # ---- the end --------------------------------------------------------------------------------

    def drain(self):
        least, moved = None, time.monotonic()
        while self.open() > 0 or self.swaps or self.away:
            self.tend()
            now = (self.open(), len(self.swaps), len(self.away))
            if now != least:
                least, moved = now, time.monotonic()
            if time.monotonic() > moved + self.options.patience:
                return
            time.sleep(NAP_S)

    def leave(self):
        """All that are there, at once; nobody needs longer than his patience."""
        for member in self.members:
            member.terminate()
        self.away, self.members = [m for m in self.members if m.running()], []
        end = time.monotonic() + self.options.patience
        while self.away and time.monotonic() < end:
            self.tend()
            time.sleep(NAP_S)

    def rows(self, key):
        rows, at = [], "-"
        while True:
            page = self.redis.call("XRANGE", key, at, "+", "COUNT", 5000)
            rows += [dict(zip(fields[::2], fields[1::2])) for _, fields in page]
            if len(page) < 5000:
                return rows
            at = b"(" + page[-1][0]

    @staticmethod
    def order(entry_id):
        return tuple(map(int, entry_id.split(b"-")))

    def close_partition(self, k, result):
        outputs, letters = self.rows(self.out(k)), self.rows(self.key(k, ":dead"))
        seen = collections.Counter(row[b"id"] for row in outputs + letters)
        added = {i: (payload, text) for i, payload, text in self.added[k]}
        result["entries"] += len(added)
        result["outputs"] += len(outputs)
        result["letters"] += len(letters)
        result["lost"] += sum(1 for i in added if i not in seen)
        result["duplicates"] += sum(count - 1 for count in seen.values())
        result["wrong"] += sum(1 for i in seen if i not in added)
        result["wrong"] += sum(1 for row in outputs
                               if row[b"id"] in added and added[row[b"id"]] != (True, row[b"payload"].decode()))
        result["wrong"] += sum(1 for row in letters if row[b"id"] in added and added[row[b"id"]][0])
        ids = [self.order(row[b"id"]) for row in outputs]
        result["disordered"] += sum(1 for a, b in zip(ids, ids[1:]) if a >= b)
        result["pending"] += self.redis.call("XPENDING", self.key(k), "swapc")[0]

    def run(self):
        self.begin()
        self.tell("under load")
        self.load()
        self.tell_progress()
        self.drain()
        self.leave()
        self.tell("took place: " + ", ".join("%s %d" % pair for pair in sorted(self.happened.items())) +
                  "; %d garbage modules refused" % self.bad_refused)
        result = collections.OrderedDict((name, 0) for name in (
            "entries", "outputs", "letters", "lost", "duplicates", "wrong", "disordered", "pending"))
        for k in range(self.options.partitions):
            self.close_partition(k, result)
        if result["disordered"] or result["pending"] or self.away:
            self.faulty.append("%d out of order, %d pending, %d did not leave" % (
                result["disordered"], result["pending"], len(self.away)))
        for line in self.faulty:
            self.tell("WRONG: " + line)
        seconds = round(time.monotonic() - self.start, 1)
        return {"seed": self.options.seed, "partitions": self.options.partitions, "kills": self.happened["kill"],
                "leaves": self.happened["leave"], "joins": self.happened["join"], "stops": self.happened["stop"],
                **result, "seconds": seconds}

    def end(self):
        for popen, _ in self.swaps:
            popen.kill()
            popen.wait()
        for process in self.members + self.away + ([self.server] if self.server else []):
            process.send(signal.SIGCONT)
            process.kill()
