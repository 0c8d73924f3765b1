"""The processes of a chaos run: two Redis servers, a proxy before them, two lanes of signer and verifier,
a generator; each started again when it ends, as a supervisor would."""
import collections
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from proxy import Proxy
from resp import Refused, Resp

PASSWORD = "chaos"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One process under a supervisor. wanted False: stays down."""

    def __init__(self, scene, name, command, env=None):
        self.scene, self.name, self.command = scene, name, command
        self.env = env or {}
        self.popen = None
        self.killed = False  # by us
        self.stopped_until = 0.0
        self.asked = False  # to end, by SIGTERM
        self.exits = collections.Counter()  # of its own, by status
        self.not_before = 0.0

    def start(self, fail_point=None):
        env = dict(os.environ, **self.env)
        env.pop("SWAPC_FAIL_POINT", None)
        if fail_point:
            env["SWAPC_FAIL_POINT"] = fail_point
        self.killed = bool(fail_point)
        self.asked = False
        with open(os.path.join(self.scene.folder, self.name + ".log"), "ab") as log:
            command = self.command() if callable(self.command) else self.command
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=env, cwd=self.scene.folder)

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def send(self, number):
        if self.running():
            self.asked = self.asked or number == signal.SIGTERM
            self.killed = self.killed or number == signal.SIGKILL
            self.popen.send_signal(number)

    def kill(self):
        self.killed = True
        self.send(signal.SIGKILL)
        self.send(signal.SIGCONT)
        if self.popen:
            self.popen.wait()

    def stop(self, seconds):
        self.stopped_until = time.monotonic() + seconds
        self.send(signal.SIGSTOP)

    def tend(self):
        """Continues it, or starts it again, when that is due."""
        now = time.monotonic()
        if self.stopped_until and now >= self.stopped_until:
            self.stopped_until = 0.0
            self.send(signal.SIGCONT)
        if self.running():
            return
        if self.popen and self.popen.returncode != 0 and not self.killed and not self.asked:
            self.exits[self.popen.returncode] += 1
            self.not_before = now + 0.3
            self.killed = True  # counted
        if now >= self.not_before:
            self.start()


class Scene:
    def __init__(self, program, redis_server, folder):
        self.program, self.redis_server, self.folder = program, redis_server, folder
        self.mark = "chaos-%d" % os.getpid()
        self.ports = [free_port(), free_port()]
        self.primary = 0
        self.servers = [self.server(0), self.server(1)]
        self.processes = list(self.servers)
        for server in self.servers:
            server.start()
        self.admin = self.connect(tend=True)
        self.proxy = Proxy(self.path("proxy.sock"), self.path("a.sock"))
        self.proxy.start()
        self.bundles()
        self.lanes = [self.lane(0), self.lane(1)]
        self.signers = [lane[0] for lane in self.lanes]
        self.verifiers = [lane[1] for lane in self.lanes]
        self.generator = Process(self, "generator", [
            program, "generate", "--redis", self.tcp_url(), "--messages", "100000"])
        self.signers[0].start()
        while not os.path.exists(self.path("keys.pub")):  # a verifier ends without it
            self.signers[0].tend()
            time.sleep(0.02)
        self.processes += self.signers + self.verifiers + [self.generator]

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
                 "--masteruser", "admin", "--masterauth", PASSWORD,
                 "--user", "admin", "on", ">" + PASSWORD, "~*", "&*", "+@all"]

        def command():
            primary = ["--replicaof", "127.0.0.1", str(self.ports[1 - which])]
            return fixed + ([] if which == self.primary else primary)

        return Process(self, "redis-" + name, command)

    def lane(self, number):
        """The signer talks to Redis over TCP, the verifier over a Unix socket, and the other way round in
        the second lane."""
        urls = [self.tcp_url(), self.unix_url()]
        ring = "%s-%d" % (self.mark, number)
        keys = self.path("keys")
        env = {"SWAPC_CACHE": self.path("cache"), "TMPDIR": self.folder}
        signer = Process(self, "signer-%d" % number, [
            self.program, "signer", "--redis", urls[number], "--ring", ring, "--keys", keys, "--consumer", ring,
            "--listen", "unix:" + self.path("signer-%d.sock" % number)], env)
        verifier = Process(self, "verifier-%d" % number, [
            self.program, "verifier", "--redis", urls[1 - number], "--ring", ring, "--keys", keys + ".pub",
            "--listen", "unix:" + self.path("verifier-%d.sock" % number)], env)
        return signer, verifier

    def bundles(self):
        """Copies of the shipped modules under another version, and what must never be taken."""
        shipped = os.path.join(os.path.dirname(self.program), "..", "share", "swapc", "modules")
        self.good, self.bad = {}, []
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
        self.bad = [self.path("broken.wasm"), self.path("no-such.wasm"), os.path.join(shipped, "echo")]

    # ---- Redis ----------------------------------------------------------------------------------

    def socket_of(self, which):
        return self.path("ab"[which] + ".sock")

    def connect(self, which=None, tend=False, timeout=2.0):
        """A connection of the administrator's, past the proxy; to the primary unless said otherwise. tend:
        by the thread that tends the processes, which would else wait for itself."""
        end = time.monotonic() + 60
        while True:
            at = self.primary if which is None else which
            try:
                link = Resp(self.socket_of(at), PASSWORD, timeout)
                link.call("XLEN", "swapc:messages")  # neither loading nor gone
                return link
            except (OSError, Refused) as why:
                if time.monotonic() > end:
                    raise SystemExit("chaos: %s does not come up: %s; see %s" % (
                        self.servers[at].name, why, self.path(self.servers[at].name + ".log")))
            if tend:
                self.tend()
            time.sleep(0.02)

    def do(self, *words):
        """A command to the primary, again after a restart of it."""
        for _ in range(20):
            try:
                return self.admin.call(*words)
            except OSError:
                self.admin = self.connect(tend=True)
        raise SystemExit("chaos: Redis does not answer %s" % " ".join(map(str, words)))

    @staticmethod
    def replication(link):
        lines = link.call("INFO", "replication").decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def in_step(self, old, new):
        """Waits until the replica has all there is: what it has not would be lost with the old primary."""
        for _ in range(50):
            there, here = self.replication(new), self.replication(old)
            if there.get("master_link_status") == "up" and \
                    there.get("slave_repl_offset") == here.get("master_repl_offset"):
                return True
            time.sleep(0.02)
        return False

    def fail_over(self):
        """The replica becomes the primary, and the other way round; connections to the old one stay, and
        learn by READONLY. Returns False when the replica is not in step, and nothing was changed."""
        old, new = self.connect(tend=True), self.connect(1 - self.primary, tend=True)
        try:
            old.call("CLIENT", "PAUSE", "3000", "WRITE")
            done = self.in_step(old, new)
            if done:
                new.call("REPLICAOF", "NO", "ONE")
                self.primary = 1 - self.primary
                self.proxy.point_at(self.socket_of(self.primary))
                old.call("REPLICAOF", "127.0.0.1", str(self.ports[self.primary]))
            old.call("CLIENT", "UNPAUSE")
        except OSError:
            return False
        finally:
            old.close()
            new.close()
        if done:
            self.admin.close()
            self.admin = self.connect(tend=True)
        return done

    def deny(self, command):
        self.do("ACL", "SETUSER", "default", "-" + command)

    def allow(self):
        self.do("ACL", "SETUSER", "default", "on", "nopass", "~*", "&*", "+@all")

    # ---- processes ------------------------------------------------------------------------------

    def tend(self):
        for process in self.processes:
            process.tend()

    def swap(self, lane, slot, bundle):
        """Returns True when the verifier took it."""
        return subprocess.run([self.program, "module", "swap", slot, bundle, "--target",
                               "unix:" + self.path("verifier-%d.sock" % lane)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode == 0

    def end(self):
        for process in self.processes:
            process.kill()
        self.proxy.end()
        for name in os.listdir("/dev/shm"):
            if name.startswith("swapc-" + self.mark):
                os.unlink(os.path.join("/dev/shm", name))
