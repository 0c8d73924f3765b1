#!/usr/bin/env python3
"""bench/scaling.py [--program build/release/bin/swapc] [--seconds 240] [--page docs/SCALING.md] [--figures docs/scaling.json]

How throughput grows: with cores, verifiers and Redis servers, over the ring and over Redis, beside what the model of `swapc bench capacity`
foretells. First `swapc bench pipeline` measures what each part costs (a minute); then each row's processes are started, a second of messages
sent, and ended, all rows in turn, round after round until the seconds are over; medians. Prints a Markdown table. For a quiet machine with
two cores and nothing else to do; 5 minutes.

--page: the table, and what `swapc bench capacity` prints of the new figures, replace the ones in the page (between its comments `measured`);
--figures: where what bench pipeline wrote is kept. Without them nothing is written."""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from servers import cpu_s, start_redis

WARM = 512
READY_S = 60
PARTITIONS_A_SERVER = 4
COSTS = ("generate_us", "sign_us", "verify_us", "call_us", "redis_us", "cpu_us")
WAYS = {"shm": "ring", "redis": "Redis"}
CROWDED = 1.5  # load before the first row
SETTLE_S = 6  # partitions are shared out within 5 s


class Row:
    def __init__(self, engine, via, cores, verifiers, servers=1, messages=30000):
        self.engine, self.via, self.cores, self.verifiers, self.servers, self.messages = engine, via, cores, verifiers, servers, messages
        self.partitions = PARTITIONS_A_SERVER * servers if servers > 1 else 1
        self.per_s, self.cpu_us = [], []

    def foretold(self, costs):
        """The formula of bench/capacity.c: the narrowest of the cores and of each part's threads."""
        generate, sign, verify, redis = (costs[self.engine, self.via][key] for key in ("generate_us", "sign_us", "verify_us", "redis_us"))
        return 1e6 * min(self.cores / (generate + sign + verify + redis), 1 / sign, self.verifiers / verify, self.servers / redis)


def rows(cores, partitions):
    """1 core and all; the second engine is one whose verifying outweighs all else."""
    steps = sorted({1, cores})
    out = [Row("wasmtime", via, n, verifiers) for via in ("shm", "redis") for n in steps for verifiers in (1, 2, 3)]
    out += [Row("wasm3", "redis", n, verifiers, messages=3000) for n in steps for verifiers in (1, 2, 3)]
    return out + [Row("wasmtime", "redis", cores, 2, servers) for servers in (2, 3) if partitions]


class Scene:
    """The processes of a row, all on its cores."""

    def __init__(self, program, folder, row):
        self.program, self.folder, self.row, self.logs, self.children = program, folder, row, [], []
        self.redis = []
        for number in range(row.servers):
            place = os.path.join(folder, "redis%d" % number)
            os.mkdir(place)
            self.redis.append(start_redis(place, "--appendonly", "yes", "--stream-node-max-entries", "16"))

    def start(self, *words):
        log = os.path.join(self.folder, "log%d" % len(self.logs))
        with open(log, "wb") as file:
            self.children.append(subprocess.Popen([self.program, *words], stderr=file, stdout=file, cwd=self.folder))
        self.logs.append(log)
        self.await_(lambda: "ready" in open(log, encoding="utf-8", errors="replace").read(), log, self.children[-1])

    def await_(self, condition, log, process):
        end = time.monotonic() + READY_S
        while not condition():
            if process.poll() is not None or time.monotonic() > end:
                sys.exit("%s:\n%s" % (process.args, open(log, errors="replace").read()))
            time.sleep(0.01)

    def place(self):
        words = ["--redis", ",".join("unix:" + path for _, path, _ in self.redis)]
        return words + (["--partitions", str(self.row.partitions)] if self.row.partitions > 1 else [])

    def begin(self):
        row, ring = self.row, ["--ring", "scaling-%d" % os.getpid()]
        way = ["--via", row.via] + (ring if row.via == "shm" else [])
        own = [] if row.via == "shm" else ["--consumer", "signer"]
        self.start("signer", *self.place(), *way, *own, "--keys", "keys", "--listen", "unix:signer.sock")
        verifier = ["verifier", *self.place(), *way, "--keys", "keys.pub", "--method", "schnorr", "--engine", row.engine]
        if row.via == "shm":  # one verifier a ring, of so many threads
            self.start(*verifier, "--workers", str(row.verifiers))
        else:
            for _ in range(row.verifiers):
                self.start(*verifier)
        if row.partitions > 1:
            time.sleep(SETTLE_S)
        self.send(WARM, "--signer", "unix:signer.sock")

    def send(self, messages, *more):
        done = subprocess.run([self.program, "generate", *self.place(), "--method", "schnorr", "--messages", str(messages), *more],
                              cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit("generate: " + done.stderr)

    def streams(self):
        if self.row.partitions == 1:
            return [(self.redis[0][2], "swapc:verdicts")]
        return [(self.redis[k % self.row.servers][2], "{swapc.%d}:verdicts" % k) for k in range(self.row.partitions)]

    def cpu_s(self):
        return sum(cpu_s(child.pid) for child in self.children + [server for server, _, _ in self.redis])

    def measure(self):
        """From the first verdict to the last one: messages a second, and the CPU time of all a message."""
        streams = self.streams()
        last = {key: (redis("XREVRANGE", key, "+", "-", "COUNT", 1) or [[b"0-0"]])[0][0] for redis, key in streams}
        before = self.cpu_s()
        self.send(self.row.messages)
        while sum(redis("XLEN", key) for redis, key in streams) < WARM + self.row.messages:
            time.sleep(0.02)
        cpu_us = (self.cpu_s() - before) * 1e6 / self.row.messages
        times = []
        for redis, key in streams:
            for found in (redis("XRANGE", key, b"(" + last[key], "+", "COUNT", 1), redis("XREVRANGE", key, "+", "-", "COUNT", 1)):
                times += [int(entry[0].split(b"-")[0]) for entry in found]
        self.row.per_s.append(self.row.messages * 1000 / max(1, max(times) - min(times)))
        self.row.cpu_us.append(cpu_us)

    def end(self):
        for child in self.children[::-1] + [server for server, _, _ in self.redis]:
            child.terminate()
        for child in self.children + [server for server, _, _ in self.redis]:
            child.wait()


def measure(program, row, every_core):
    os.sched_setaffinity(0, sorted(every_core)[:row.cores])
    try:
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(program, folder, row)
            try:
                scene.begin()
                scene.measure()
            finally:
                scene.end()
    finally:
        os.sched_setaffinity(0, every_core)


def measure_costs(args):
    """What the model needs of it, and what was measured with it."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "figures.json")
        subprocess.run([args.program, "bench", "pipeline", "--progress", "off", "--json", path], check=True)
        with open(path, encoding="utf-8") as file:
            whole = json.load(file)
    rows = [{key: row[key] for key in ("engine", "method", "via")} | {key: round(row[key], 2) for key in COSTS} for row in whole["rows"]]
    figures = {"bench": whole["bench"], "rows": rows, "host": {key: whole["host"][key] for key in ("cpu", "cores", "swapc", "measured_at")}}
    if args.figures:
        with open(args.figures, "w", encoding="utf-8") as file:
            file.write(re.sub(r"\n {6,}|\n {4}(?=\})", " ", json.dumps(figures, indent=2)) + "\n")
    return figures


def costs_table(figures):
    lines = ["| engine | method | way | generate | sign | verify | of it the module | Redis | all | one Redis serves at most |", "|---|---|---|---|---|---|---|---|---|---|"]
    for row in figures["rows"]:
        lines.append("| %s | %s | %s | %.1f | %.1f | %.1f | %.1f | %.1f | **%.1f** | %.0f k/s |" %
                     (row["engine"], row["method"], WAYS[row["via"]], *(row[key] for key in COSTS), 1e3 / row["redis_us"]))
    return "\n".join(lines)


def table(every, costs):
    lines = ["| engine | way | cores | verifiers | Redis servers | messages a second (least, most) | the model | of it | CPU µs a message |",
             "|---|---|---|---|---|---|---|---|---|"]
    for row in every:
        per_s, model = statistics.median(row.per_s), row.foretold(costs)
        lines.append("| %s | %s | %d | %d | %d | **%.0f** (%.0f, %.0f) | %.0f | %.2f | %.1f |" %
                     (row.engine, WAYS[row.via], row.cores, row.verifiers, row.servers, per_s, min(row.per_s),
                      max(row.per_s), model, per_s / model, statistics.median(row.cpu_us)))
    return "\n".join(lines)


def in_page(page, name, text):
    """What stands between `<!-- measured: NAME -->` and `<!-- end -->`."""
    new, count = re.subn(r"(<!-- measured: %s -->\n).*?(<!-- end -->)" % name, lambda match: match[1] + text + "\n" + match[2], page, flags=re.S)
    return new if count == 1 else sys.exit("the page has no place for: " + name)


def capacity_blocks(page, program, figures):
    """The console blocks whose command is `swapc bench capacity FIGURES …` get what it prints now."""
    def again(match):
        done = subprocess.run([program, *match[2].split()[1:]], capture_output=True, text=True, check=True,
                              cwd=os.path.dirname(os.path.dirname(os.path.abspath(figures))))
        lines = done.stdout.strip().split("\n")
        lines[1] = "…"  # this machine, whatever it is
        return match[1] + "\n".join(lines) + "\n```"
    return re.sub(r"(\$ (swapc bench capacity docs/\S+[^\n]*)\n).*?^```", again, page, flags=re.S | re.M)


def write_page(args, figures, text, head):
    with open(args.page, encoding="utf-8") as file:
        page = file.read()
    page = in_page(page, "curve", head + "\n\n" + text)
    page = in_page(page, "costs", costs_table(figures))
    if args.figures:
        page = capacity_blocks(page, args.program, args.figures)
    with open(args.page, "w", encoding="utf-8") as file:
        file.write(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/swapc")
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--page")
    parser.add_argument("--figures")
    args = parser.parse_args()
    args.program = os.path.abspath(args.program)
    every_core, load = os.sched_getaffinity(0), "%.1f" % os.getloadavg()[0]
    figures = measure_costs(args)
    costs = {(row["engine"], row["via"]): row for row in figures["rows"] if row["method"] == "schnorr"}
    helped = subprocess.run([args.program, "signer", "--help"], capture_output=True, text=True).stdout
    every = [row for row in rows(len(every_core), "--partitions" in helped) if (row.engine, row.via) in costs]
    end, rounds = time.monotonic() + args.seconds, 0
    while rounds == 0 or time.monotonic() + (time.monotonic() - begin) < end:
        begin = time.monotonic()
        for row in every[rounds % len(every):] + every[:rounds % len(every)]:
            measure(args.program, row, every_core)
        rounds += 1
        print("round %d: %.0f s" % (rounds, time.monotonic() - begin), file=sys.stderr, flush=True)
    text = table(every, costs)
    head = "%d core%s, medians of %d round%s, load %s before:" % (len(every_core), "s"[:len(every_core) > 1], rounds, "s"[:rounds > 1], load)
    if float(load) > CROWDED:
        head = "**Crowded: other work had the cores most of the time, so what was measured says little here.** " + head
    print(head + "\n\n" + text)
    if args.page:
        write_page(args, figures, text, head)


if __name__ == "__main__":
    main()
