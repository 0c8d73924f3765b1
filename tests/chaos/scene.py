"""The processes of a chaos run: two Redis servers, a proxy before them, two lanes of signer and verifier,
a generator; each started again when it ends, as a supervisor would."""
import os
import re
import shutil
import socket
import time

import interrupt
from process import Process, spawn
from proxy import Proxy
from resp import Refused, Resp

PASSWORD = "chaos"
GENERATED = 1000  # messages of one run of the generator


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Scene:
    def __init__(self, program, redis_server, folder, via="shm", partitions=1):
        self.program, self.redis_server, self.folder, self.via = program, redis_server, folder, via
        self.partitions = partitions
        self.starts = 0  # of a signer that has another name each time
        self.mark = "chaos-%d" % os.getpid()
        self.ports = [free_port(), free_port()]
        self.primary = 0
        self.processes, self.swaps = [], []  # swaps: (a process, what it does, whether it must fail)
        self.swaps_done, self.bad_swaps_refused, self.bad_swaps_taken = 0, 0, []
        self.proxy = self.admin = None
        self.servers = [self.server(0), self.server(1)]

    def begin(self):
        """Apart from the constructor, so that what was begun can be ended at any time."""
        self.processes += self.servers
        for server in self.servers:
            server.start()
        self.admin = self.connect(tend=True)
        self.proxy = Proxy(self.path("proxy.sock"), self.path("a.sock"))
        self.proxy.start()
        self.bundles()
        self.signers = [self.signer(0), self.signer(1)]
        self.verifiers = [self.verifier(n) for n in range(2 if self.via == "shm" else 3)]
        self.generator = Process(self, "generator", [
            self.program, "generate", "--redis", self.tcp_url(), "--messages", str(GENERATED)] +
            self.shares(), patient=False)
        self.processes.append(self.signers[0])
        while not os.path.exists(self.path("keys.pub")):  # a verifier ends without it
            self.tend()
            time.sleep(0.02)
        self.processes += [self.signers[1]] + self.verifiers + [self.generator]

    def path(self, name):
        return os.path.join(self.folder, name)

    def tcp_url(self):
        return "redis://127.0.0.1:%d" % self.proxy.port

    def unix_url(self):
        return "unix:" + self.path("proxy.sock")

    def server(self, which):
        """Which of the two is primary shows in its arguments, so that it comes back as what it is."""
        name = "ab"[which]
        data = self.path("data-" + name)
        os.makedirs(data, exist_ok=True)
        link = self.path("redis-server")
        if not os.path.exists(link):
            os.symlink(self.redis_server, link)
        fixed = [link, "--port", str(self.ports[which]), "--bind", "127.0.0.1", "--dir", data,
                 "--unixsocket", self.path(name + ".sock"), "--save", "", "--appendonly", "yes",
                 "--appendfsync", "always", "--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0",
                 "--lua-time-limit", "50", "--masteruser", "admin", "--masterauth", PASSWORD,
                 "--user", "admin", "on", ">" + PASSWORD, "~*", "&*", "+@all"]

        def command():
            replica = ["--replicaof", "127.0.0.1", str(self.ports[1 - which])]
            return fixed + ([] if which == self.primary else replica)

        return Process(self, "redis-" + name, command)

    def way(self, number):
        """Over Redis all signers send to all verifiers; a ring joins one of each: a lane."""
        return ["--via", "redis"] + self.shares() if self.via == "redis" else ["--ring", "%s-%d" % (self.mark, number)]

    def shares(self):
        return ["--partitions", str(self.partitions)] if self.partitions > 1 else []

    def prefixes(self):
        """Of the streams."""
        if self.partitions == 1:
            return ["swapc"]
        return ["{swapc.%d}" % k for k in range(self.partitions)]

    def service_env(self):
        return {"SWAPC_CACHE": self.path("cache"), "TMPDIR": self.folder}

    def signer(self, number):
        """The first talks to Redis over TCP, as every second verifier does, the second one over a Unix socket. Over
        Redis it comes as another consumer after each start, as containers do."""
        fixed = [self.program, "signer", "--redis", [self.tcp_url(), self.unix_url()][number]] + \
            self.way(number) + ["--keys", self.path("keys"), "--listen",
                                "unix:" + self.path("signer-%d.sock" % number), "--consumer"]
        name = "%s-%d" % (self.mark, number)

        def command():
            self.starts += 1
            return fixed + ["%s-%d" % (name, self.starts)]

        anew = self.via == "redis" and number == 1
        return Process(self, "signer-%d" % number, command if anew else fixed + [name], self.service_env())

    def verifier(self, number):
        return Process(self, "verifier-%d" % number, [
            self.program, "verifier", "--redis", [self.unix_url(), self.tcp_url()][number % 2]] +
            self.way(number) + ["--keys", self.path("keys.pub"), "--listen",
                                "unix:" + self.path("verifier-%d.sock" % number)], self.service_env())

    def bundles(self):
        """Copies of the shipped modules under another version, and what a slot must never take: files that
        are no module or are not there, and modules whose contract is another."""
        shipped = os.path.join(os.path.dirname(self.program), "..", "share", "swapc", "modules")
        self.good = {}
        for method in ("schnorr", "ecdsa"):
            self.good[method] = []
            for version in ("1.0.1", "1.0.2"):
                folder = self.path("%s-%s" % (method, version))
                shutil.copytree(os.path.join(shipped, method), folder)
                with open(os.path.join(folder, "module.toml")) as file:
                    text = file.read()
                with open(os.path.join(folder, "module.toml"), "w") as file:
                    file.write(re.sub(r'(?m)^version = .*$', 'version = "%s"' % version, text))
                self.good[method].append(folder)
        with open(self.path("broken.wasm"), "wb") as file:
            file.write(b"\0asm\1\0\0\0\x0a\x05\x01\x03\x00\x00")
        echo, broken, absent = os.path.join(shipped, "echo"), self.path("broken.wasm"), self.path("no-such.wasm")
        self.bad = {"schnorr": [echo, broken, os.path.join(shipped, "ecdsa"), absent],
                    "ecdsa": [echo, broken, os.path.join(shipped, "schnorr"), absent]}

    # ---- Redis ----------------------------------------------------------------------------------

    def socket_of(self, which):
        return self.path("ab"[which] + ".sock")

    def open(self, which=None, timeout=2.0):
        """A connection of the administrator's, past the proxy; to the primary unless said otherwise. One
        attempt: OSError or Refused when the server is down or not ready."""
        link = Resp(self.socket_of(self.primary if which is None else which), timeout=timeout)
        try:
            link.call("AUTH", "admin", PASSWORD)
            link.call("XLEN", "swapc:messages")  # neither loading nor gone
        except (OSError, Refused):
            link.close()
            raise
        return link

    def connect(self, tend=False, timeout=2.0, patience=60):
        """The same to the primary, again and again. tend: by the thread that tends the processes, which
        would else wait for itself."""
        end = time.monotonic() + patience
        while True:
            try:
                return self.open(timeout=timeout)
            except (OSError, Refused) as why:
                if time.monotonic() > end:
                    server = self.servers[self.primary]
                    raise SystemExit("chaos: %s does not come up: %s; see %s" % (
                        server.name, why, server.log_path()))
            if tend:
                self.tend()
            time.sleep(0.02)

    def serving(self, which=None):
        server = self.servers[self.primary if which is None else which]
        return server.running() and not server.stopped() and not server.expected_to_end

    def do(self, *words):
        """A command to the primary, again after a restart of it."""
        for _ in range(20):
            try:
                return self.admin.call(*words)
            except OSError:
                self.admin = self.connect(tend=True)
        raise SystemExit("chaos: Redis does not answer %s" % " ".join(map(str, words)))

    def kill_script(self, which):
        try:
            link = Resp(self.socket_of(which), timeout=1)
            link.many([["AUTH", "admin", PASSWORD], ["SCRIPT", "KILL"]])
            link.close()
        except OSError:
            pass  # it is down, or stopped

    def once(self, which, *words):
        """A command to one server, which may be down or refuse it. Returns whether it was done."""
        if not self.serving(which):
            return False
        try:
            link = self.open(which)
        except (OSError, Refused):
            return False
        try:
            link.call(*words)
            return True
        except (OSError, Refused):
            return False
        finally:
            link.close()

    @staticmethod
    def info(link, section):
        lines = link.call("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def in_step(self, old, new):
        """Waits until the replica has all there is: what it has not would be lost with the old primary, and
        until its file has that too: after a synchronization Redis writes that anew in the background, and
        one that is killed meanwhile comes back with what it had before."""
        end = time.monotonic() + 2
        while time.monotonic() < end:
            there, here = self.info(new, "replication"), self.info(old, "replication")
            file = self.info(new, "persistence")
            if there.get("master_link_status") == "up" and \
                    there.get("slave_repl_offset") == here.get("master_repl_offset") and \
                    file.get("aof_rewrite_in_progress") == file.get("aof_rewrite_scheduled") == "0":
                return True
            time.sleep(0.02)
        return False

    def fail_over(self):
        """The replica becomes the primary, and the other way round; connections to the old one stay, and
        learn by READONLY. Returns False when the replica is not there or not in step, and nothing was
        changed."""
        if not self.serving(0) or not self.serving(1):
            return False
        links = []
        try:
            links += [self.open(), self.open(1 - self.primary)]
            return self.exchange(*links)
        except (OSError, Refused):
            return False
        finally:
            for link in links:
                link.close()

    def exchange(self, old, new):
        old.call("CLIENT", "PAUSE", "15000", "WRITE")  # longer than what follows
        was = self.primary
        try:
            in_step = self.in_step(old, new)
            if in_step:
                new.call("REPLICAOF", "NO", "ONE")
        except OSError:
            in_step = False
        if not in_step:
            self.once(1 - was, "REPLICAOF", "127.0.0.1", str(self.ports[was]))  # if it did hear
            self.once(was, "CLIENT", "UNPAUSE")
            return False
        self.primary = 1 - self.primary
        self.proxy.point_at(self.socket_of(self.primary))
        try:
            old.call("REPLICAOF", "127.0.0.1", str(self.ports[self.primary]))
            old.call("CLIENT", "UNPAUSE")
        except OSError:  # two primaries must not be
            self.servers[was].kill()
        self.admin.close()
        self.admin = self.connect(tend=True)
        return True

    # ---- processes ------------------------------------------------------------------------------

    def tend(self):
        interrupt.check()
        for process in self.processes:
            process.tend()
        for swap in [s for s in self.swaps if s[0].poll() is not None]:
            self.swaps.remove(swap)
            self.note_swap(*swap)

    def swap(self, lane, slot, bundle, bad):
        """Offers a module to a verifier; what came of it is noted when it is known."""
        command = [self.program, "module", "swap", slot, bundle, "--target",
                   "unix:" + self.path("verifier-%d.sock" % lane)]
        with open(self.path("swaps.log"), "ab") as log:
            self.swaps.append((spawn(command, stdout=log, stderr=log),
                               "%s by %s" % (os.path.basename(bundle), slot), bad))

    def note_swap(self, popen, what, bad):
        self.swaps_done += popen.returncode == 0 and not bad
        self.bad_swaps_refused += popen.returncode != 0 and bad
        if popen.returncode == 0 and bad:
            self.bad_swaps_taken.append(what)

    def end(self):
        for popen, _, _ in self.swaps:
            popen.kill()
            popen.wait()
        for process in self.processes:
            process.kill()
        if self.proxy:
            self.proxy.end()
        for name in os.listdir("/dev/shm"):
            if name.startswith("swapc-" + self.mark):
                os.unlink(os.path.join("/dev/shm", name))
