"""A soak: one signer, one verifier and one generator at four fifths of what they can do, a swap each
second, and a look at what each process holds every 10 s. `./dev chaos --soak MINUTES`."""
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import interrupt
from process import TO_DIE_WITH_US, Process
from resp import Resp

MEASURE_S = 15  # at full load
LOAD = 0.8
SAMPLE_S = 10
KEEP = 20000  # verdicts that stay
WARM_SHARE = 0.1  # of the time, at least a minute of it where there is so much: caches fill
GROWTH_MAX = 1.05


class SoakScene:
    """Supervised as in a chaos run, but nothing is supposed to end."""

    def __init__(self, options, folder):
        self.folder, self.program = folder, os.path.abspath(options.program)
        self.mark = "soak-%d" % os.getpid()
        self.socket = self.path("redis.sock")
        link = self.path("redis-server")
        os.symlink(options.redis_server, link)
        url, ring, keys = "unix:" + self.socket, self.mark, self.path("keys")
        env = {"SWAPC_CACHE": self.path("cache"), "TMPDIR": folder}
        self.address = "unix:" + self.path("verifier.sock")
        self.redis = Process(self, "redis", [
            link, "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no", "--dir", folder])
        self.signer = Process(self, "signer", [
            self.program, "signer", "--redis", url, "--ring", ring, "--keys", keys], env)
        self.verifier = Process(self, "verifier", [
            self.program, "verifier", "--redis", url, "--ring", ring, "--keys", keys + ".pub", "--listen",
            self.address, "--keep", str(KEEP)], env)
        self.processes = []
        self.feeder = None  # the generator

    def path(self, name):
        return os.path.join(self.folder, name)

    def begin(self):
        for process, there in ((self.redis, self.socket), (self.signer, self.path("keys.pub")), (self.verifier, None)):
            self.processes.append(process)
            process.start()
            while there and not os.path.exists(there):
                if not process.running():
                    raise SystemExit("soak: %s does not start: %s" % (process.name, process.words()[-1:]))
                interrupt.check()
                time.sleep(0.02)
        with open(self.path("generator.log"), "ab") as log:
            self.feeder = subprocess.Popen(
                TO_DIE_WITH_US + [self.program, "generate", "--redis", "unix:" + self.socket, "--input", "-"],
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        return Resp(self.socket, timeout=30)

    def end(self):
        if self.feeder:
            self.feeder.kill()
            self.feeder.wait()
        for process in self.processes:
            process.kill()
        for name in os.listdir("/dev/shm"):
            if name.startswith("swapc-" + self.mark):
                os.unlink(os.path.join("/dev/shm", name))


def look_at(pid):
    """RSS in KiB, descriptors, maps."""
    with open("/proc/%d/status" % pid) as file:
        rss = int(re.search(r"VmRSS:\s*(\d+)", file.read()).group(1))
    with open("/proc/%d/maps" % pid) as file:
        maps = sum(1 for _ in file)
    return {"rss_kib": rss, "descriptors": len(os.listdir("/proc/%d/fd" % pid)), "maps": maps}


class Soak:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.scene = SoakScene(options, folder)
        self.ending, self.faulty = False, []
        self.rate = None  # messages a second; None: as many as are taken
        self.fed = 0
        self.swaps, self.swaps_refused, self.swapper = 0, 0, None
        self.samples = {"signer": [], "verifier": [], "generator": []}
        self.start = time.monotonic()

    def tell(self, text):
        print("soak: %5.0f s: %s" % (time.monotonic() - self.start, text), file=sys.stderr, flush=True)

    # ---- load, in threads -------------------------------------------------------------------------

    def feed(self):
        """Lines for the generator, in bursts of 10 ms."""
        begin, base, rate = time.monotonic(), 0, None
        while not self.ending:
            if rate != self.rate:
                begin, base, rate = time.monotonic(), self.fed, self.rate
            due = 200 if rate is None else int((time.monotonic() - begin) * rate) - (self.fed - base)
            lines = "".join("soak message %d\n" % (self.fed + i) for i in range(due))
            try:
                self.scene.feeder.stdin.write(lines.encode())
                self.scene.feeder.stdin.flush()
            except (BrokenPipeError, ValueError):
                return
            self.fed += due
            if rate is not None:
                time.sleep(0.01)

    def swap_on_and_on(self):
        """A swap a second, of one method after the other, between the shipped module and a copy."""
        shipped = os.path.join(os.path.dirname(self.scene.program), "..", "share", "swapc", "modules")
        bundles = []
        for method in ("schnorr", "ecdsa"):
            copy = self.scene.path(method + "-copy")
            shutil.copytree(os.path.join(shipped, method), copy)
            bundles += [(method, copy), (method, os.path.join(shipped, method))]
        due = time.monotonic()
        while not self.ending:
            for method, bundle in bundles:
                with open(self.scene.path("swaps.log"), "ab") as log:
                    status = subprocess.run(
                        TO_DIE_WITH_US + [self.scene.program, "module", "swap", method, bundle, "--target",
                                          self.scene.address], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                        start_new_session=True).returncode
                self.swaps += status == 0
                self.swaps_refused += status != 0
                due += 1
                while not self.ending and time.monotonic() < due:
                    time.sleep(0.02)
                if self.ending:
                    return

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            interrupt.check()
            time.sleep(min(0.1, max(0, end - time.monotonic())))

    def end(self):
        self.ending = True
        if self.swapper:
            self.swapper.join()
        self.scene.end()

    # ---- measuring --------------------------------------------------------------------------------

    def answered(self, redis):
        info = redis.call("XINFO", "STREAM", "swapc:verdicts")
        return dict(zip(info[::2], info[1::2]))[b"entries-added"]

    def measure(self, redis):
        """Messages a second at full load."""
        while redis.call("EXISTS", "swapc:verdicts") == 0:
            self.wait(0.1)
        self.wait(2)
        first, begin = self.answered(redis), time.monotonic()
        self.wait(MEASURE_S)
        return (self.answered(redis) - first) / (time.monotonic() - begin)

    def sample(self):
        pids = {"signer": self.scene.signer.popen.pid, "verifier": self.scene.verifier.popen.pid,
                "generator": self.scene.feeder.pid}
        for name, pid in pids.items():
            self.samples[name].append(look_at(pid))

    def running(self):
        return self.scene.feeder.poll() is None and all(p.running() for p in self.scene.processes)

    def run(self):
        redis = self.scene.begin()
        threading.Thread(target=self.feed, daemon=True).start()
        full = self.measure(redis)
        self.rate = LOAD * full
        self.tell("%.0f messages/s at full load: %.0f/s from now on" % (full, self.rate))
        while redis.call("XLEN", "swapc:messages") > self.rate:  # what the full load left
            self.wait(0.1)
        self.swapper = threading.Thread(target=self.swap_on_and_on, daemon=True)
        self.swapper.start()
        end = time.monotonic() + self.options.soak * 60
        before = self.answered(redis)
        while time.monotonic() < end and self.running():
            self.wait(min(SAMPLE_S, max(0, end - time.monotonic())))
            if not self.running():
                break
            self.sample()
            self.tell("%d answered, %d waiting, %d swaps; RSS %s KiB" % (
                self.answered(redis) - before, redis.call("XLEN", "swapc:messages"), self.swaps,
                ", ".join("%s %d" % (name, rows[-1]["rss_kib"]) for name, rows in self.samples.items())))
        return self.result(redis, full, before)

    def result(self, redis, full, before):
        if not self.running():
            self.faulty.append("a process ended: see the logs")
        if self.swaps_refused:
            self.faulty.append("%d swaps failed: see swaps.log" % self.swaps_refused)
        result = {"minutes": self.options.soak, "full_per_s": round(full), "load_per_s": round(self.rate),
                  "answered": self.answered(redis) - before, "swaps": self.swaps}
        for name, rows in self.samples.items():
            result[name] = self.summary(name, rows)
        self.ending = True
        for line in self.faulty:
            self.tell("WRONG: " + line)
        return result

    def summary(self, name, rows):
        """First (after the warm-up), last and most of each figure."""
        warm = min(max(int(len(rows) * WARM_SHARE), 6), len(rows) // 2)
        rows = rows[warm:]
        figures = {}
        for what in rows[0] if rows else ():
            values = [row[what] for row in rows]
            figures[what] = {"first": values[0], "last": values[-1], "max": max(values)}
            self.tell("%-9s %-11s first %8d  last %8d  max %8d" % (name, what, values[0], values[-1], max(values)))
            if values[-1] > values[0] * GROWTH_MAX + (2 if what != "rss_kib" else 0):
                self.faulty.append("%s of %s grows: %d, then %d" % (what, name, values[0], values[-1]))
        return figures
