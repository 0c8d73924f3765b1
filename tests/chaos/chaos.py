#!/usr/bin/env python3
"""The real pipeline under load while everything around it fails, and a ledger of its own that says what
became of each message. `./dev chaos --help`."""
import argparse
import collections
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time

import faults
import interrupt
from entries import Entries
from ledger import Ledger
from resp import Refused
from scene import Scene
from soak import Soak

BACKLOG = 2000  # unanswered messages at which the load waits
BATCH = 25  # messages that are added at once
TELL_S = 10  # between two lines of progress
AGAIN_S = 15  # how long an event that cannot take place is tried again


class Chaos:
    def __init__(self, options, folder):
        self.options = options
        self.scene = Scene(os.path.abspath(options.program), options.redis_server, folder, options.via,
                           options.partitions)
        self.ledgers = [Ledger(prefix) for prefix in self.scene.prefixes()]
        self.undo = []  # (when, what)
        self.moved = False  # a stream is elsewhere
        self.ending = False
        self.unanswered = 0  # by the last look
        self.events = []
        self.happened = collections.Counter()  # by kind
        self.kills = self.faults = 0
        self.faulty = []  # what must not be, beside lost, duplicates and wrong
        self.log = open(os.path.join(folder, "events.log"), "w", buffering=1)
        self.phase, self.start, self.tell_at = "starting", time.monotonic(), 0.0

    def say(self, text):
        self.log.write("%8.2f %s\n" % (time.monotonic() - self.start, text))

    def tell(self, text):
        self.say(text)
        print("chaos: %4.0f s: %s" % (time.monotonic() - self.start, text), file=sys.stderr, flush=True)

    def tell_progress(self):
        self.tell_at = time.monotonic() + TELL_S
        self.tell("%s: %d of %d kills, %d of %d faults; %d messages added, %d open" % (
            self.phase, self.kills, self.options.kills, self.faults, self.options.faults,
            sum(len(ledger.ids) for ledger in self.ledgers), self.unanswered))

    def enter(self, phase):
        self.phase = phase
        self.tell_progress()

    # ---- load, each in a thread -----------------------------------------------------------------

    def again(self, what):
        """Calls what(connection) until the end, on a new connection whenever the old one is lost."""
        link = None
        while not self.ending:
            try:
                link = link or self.scene.open()
                what(link)
            except (OSError, Refused):
                time.sleep(0.05)
                if link:  # it may have become a replica
                    link.close()
                    link = None

    def produce(self):
        r = random.Random(self.options.seed)
        number = 0

        def add(link):
            nonlocal number
            self.unanswered = sum(link.call("XLEN", ledger.messages) for ledger in self.ledgers)
            if self.unanswered > BACKLOG:
                return time.sleep(0.02)
            number += BATCH
            ledger = self.ledgers[number // BATCH % len(self.ledgers)]
            words = [["XADD", ledger.messages, "*", "m", "message %d" % (number + i), "method",
                      r.choice(["schnorr", "ecdsa"])] for i in range(BATCH)]
            replies = link.many(words)
            ledger.added([reply for reply in replies if isinstance(reply, bytes)])
            if any(isinstance(reply, Refused) for reply in replies):
                raise Refused("some")

        self.again(add)

    def watch(self, ledger):
        self.again(ledger.tail)

    # ---- what happens ---------------------------------------------------------------------------

    def later(self, seconds, what):
        self.undo.append((time.monotonic() + seconds, what))

    def take(self, ledger, streams, *commands, key, look=True):
        """What deletes or moves `key`, in one step with the ledger's look at it. Returns whether it was
        done."""
        if not self.scene.serving():
            return False
        try:
            link = self.scene.open(timeout=60)  # not knowing whether it was done would spoil the ledger
        except (OSError, Refused):
            return False
        try:
            return link.call("EXISTS", key) == 1 and ledger.take(link, streams, *commands, look=look)
        except Refused:  # before anything was done
            return False
        finally:
            link.close()

    def happen(self, event):
        """Tries it for a while: what it is about may be down."""
        end = time.monotonic() + AGAIN_S
        done = faults.happen(self, event)
        while not done and time.monotonic() < end:
            self.pass_time(0.2)
            done = faults.happen(self, event)
        if done:
            self.happened[event.kind] += 1
            self.kills += event.what == "kill"
            self.faults += event.what == "fault"
        self.say("%s: %s%s" % (event.what, event.kind, ": %s" % done if isinstance(done, str) else
                               "" if done else " (could not take place)"))

    def pass_time(self, seconds):
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            for entry in [e for e in self.undo if e[0] <= now]:
                self.undo.remove(entry)
                entry[1]()
            self.scene.tend()
            if now >= self.tell_at:
                self.tell_progress()
            if now >= end:
                return
            time.sleep(0.02)

    def disturb(self):
        """All events, as long as the time is; one that is late is not waited for."""
        events = faults.schedule(self.options.seed, self.options.kills, self.options.faults,
                                 self.scene)
        gap = 0.5
        if self.options.minutes:
            gap = self.options.minutes * 60 / (sum(event.gap for event in events) + 1)
        due = begin = time.monotonic()
        for event in events:
            due += event.gap * gap
            if self.options.minutes and time.monotonic() > begin + self.options.minutes * 60:
                self.tell("the %g minutes are over before all has happened: give more --minutes" %
                          self.options.minutes)
                return
            self.pass_time(max(0.0, due - time.monotonic()))
            self.happen(event)

    # ---- the end --------------------------------------------------------------------------------

    def heal(self):
        """Takes back all that was done, and ends the load."""
        self.ending = True
        for process in self.scene.processes:
            if process.point and process.running():  # it would die or stop there one day
                process.kill()
            process.stopped_until = min(process.stopped_until, time.monotonic())
        self.scene.generator.may_start = lambda: False
        self.scene.proxy.stall(0)
        end = time.monotonic() + self.options.patience
        while (self.undo or self.scene.swaps) and time.monotonic() < end:
            self.pass_time(0.1)
        self.scene.processes.remove(self.scene.generator)
        self.scene.generator.kill()

    def drained(self):
        try:
            names = [ledger.messages for ledger in self.ledgers]
            pending = sum(self.scene.do("XPENDING", name, "swapc")[0] for name in names)
            self.unanswered = sum(self.scene.do("XLEN", name) for name in names)
            return self.unanswered == 0 and pending == 0
        except Refused:  # no group yet
            return False

    def drain(self):
        """Until nothing is open, or nothing has moved for a while."""
        last, since = None, time.monotonic()
        while time.monotonic() - since < self.options.patience:
            self.pass_time(0.2)
            if self.drained():
                return
            if self.unanswered != last:
                last, since = self.unanswered, time.monotonic()
        self.faulty.append("%d messages are still open after %g s in which nothing moved" % (
            self.unanswered, self.options.patience))

    def run(self):
        self.enter("starting")
        self.scene.begin()
        self.scene.generator.may_start = lambda: self.unanswered <= BACKLOG
        threads = [threading.Thread(target=self.produce, daemon=True)]
        threads += [threading.Thread(target=self.watch, args=(ledger,), daemon=True) for ledger in self.ledgers]
        self.pass_time(1)
        for thread in threads:
            thread.start()
        self.enter("under load")
        self.disturb()
        self.pass_time(1)
        self.enter("healing")
        self.heal()
        for thread in threads:
            thread.join()
        self.enter("draining")
        self.drain()
        result, reasons, lost = collections.Counter(), collections.Counter(), []
        for ledger in self.ledgers:
            books, why, gone = ledger.close(self.scene.connect(tend=True))
            result.update(books)
            reasons.update(why)
            lost += gone
        self.report(reasons, lost)
        return {"seed": self.options.seed, "kills": self.kills, "faults": self.faults, **result}

    def end(self):
        self.ending = True
        self.scene.end()

    def report(self, reasons, lost):
        scene = self.scene
        self.tell("took place: " + ", ".join("%s %d" % pair for pair in sorted(self.happened.items())))
        points = sum((p.points for p in scene.processes), collections.Counter())
        self.tell("died at: " + (", ".join("%s %d" % pair for pair in sorted(points.items())) or "no point"))
        self.tell("%d swaps done, %d bad ones refused; %d starts refused by what Redis denied" % (
            scene.swaps_done, scene.bad_swaps_refused, sum(p.refused_starts for p in scene.processes)))
        for (status, last), count in scene.generator.exits.items():
            self.tell("generator gave up %d times, status %d: %s" % (count, status, last))
        if lost:
            self.faulty.append("lost, for example: %s" % b" ".join(lost[:5]).decode())
        self.faulty += ["%d verdicts: %s" % (count, reason) for reason, count in reasons.most_common(10)]
        self.faulty += ["taken though it must not be: %s" % what for what in scene.bad_swaps_taken]
        for process in scene.processes:
            for (status, last), count in process.exits.items():
                self.faulty.append("%s ended by itself %d times, status %d: %s" % (
                    process.name, count, status, last))
        for process in scene.processes + [scene.generator]:
            with open(process.log_path(), errors="replace") as log:
                self.faulty += [line.strip() for line in log if "Sanitizer" in line or "runtime error:" in line][:3]
        for line in self.faulty:
            self.tell("WRONG: " + line)


def find_redis():
    for name in ("redis-server", "redis-check-rdb"):
        found = shutil.which(name)
        if found:
            return found
    raise SystemExit("chaos: no redis-server on the PATH: ./dev setup installs redis-tools")


def positive(kind, least):
    def parse(text):
        value = kind(text)
        if value < least:
            raise argparse.ArgumentTypeError("at least %s" % least)
        return value

    return parse


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev chaos", add_help=False, usage="see ./dev chaos --help")
    parser.add_argument("--kills", type=positive(int, 0), default=50)
    parser.add_argument("--faults", type=positive(int, 0))
    parser.add_argument("--via", choices=["shm", "redis"], default="shm")
    parser.add_argument("--minutes", type=positive(float, 0.01))
    parser.add_argument("--seed", type=positive(int, 0))
    parser.add_argument("--json", default="-")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--patience", type=positive(float, 1), default=60)
    parser.add_argument("--process", action="store_true")
    parser.add_argument("--partitions", type=positive(int, 1))
    parser.add_argument("--soak", type=positive(float, 0.1))
    parser.add_argument("--program", required=True)
    options = parser.parse_args(arguments)
    if options.partitions is None:
        options.partitions = 4 if options.process else 1
    if options.partitions > 1 and options.via != "redis" and not options.process:
        parser.error("--partitions needs --via redis, or --process")
    options.faults = options.kills // 2 if options.faults is None else options.faults
    options.seed = random.randrange(1 << 32) if options.seed is None else options.seed
    options.redis_server = find_redis()
    return options


def write_json(path, result):
    text = json.dumps(result)
    if path == "-":
        print(text)
    else:
        with open(path, "w") as file:
            file.write(text + "\n")


def supervise(what, options, folder):
    """Runs it and clears up. Returns the exit status."""
    bad, interrupted = True, False
    try:
        result = what.run()
        write_json(options.json, result)
        bad = bool(what.faulty) or any(result.get(name) for name in ("lost", "duplicates", "wrong"))
    except interrupt.Interrupted:
        interrupted = True
    finally:
        interrupt.ignore()
        what.end()
        if options.keep or bad and not interrupted:
            print("chaos: seed %d; logs and data are in %s" % (options.seed, folder), file=sys.stderr)
        else:
            shutil.rmtree(folder)
    if interrupted:
        print("chaos: interrupted: nothing is left behind", file=sys.stderr)
        return 130
    return 1 if bad else 0


def main(arguments):
    options = parse(arguments)
    interrupt.listen()
    folder = tempfile.mkdtemp(prefix="swapc-chaos-")
    kind = Soak if options.soak else Entries if options.process else Chaos
    what = kind(options, folder)
    return supervise(what, options, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
