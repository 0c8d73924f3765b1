"""One process under a supervisor that starts it again when it ends. Whatever it hangs in, it dies with the
harness, and Ctrl-C at the terminal is the harness's alone."""
import collections
import os
import shutil
import signal
import subprocess
import time

SETPRIV = shutil.which("setpriv")
TO_DIE_WITH_US = [SETPRIV, "--pdeathsig", "KILL"] if SETPRIV else []


def spawn(command, **more):
    return subprocess.Popen(TO_DIE_WITH_US + command, stdin=subprocess.DEVNULL, start_new_session=True, **more)


class Process:
    """patient: a service or a server, which has no reason to end by itself once it is ready."""

    def __init__(self, scene, name, command, env=None, patient=True):
        self.scene, self.name, self.command, self.patient = scene, name, command, patient
        self.env = env or {}
        self.popen = None
        self.expected_to_end = False  # it was killed, asked to end, or has a fail point
        self.point = None
        self.stopped_until = 0.0
        self.log_start = 0
        self.exits = collections.Counter()  # of its own, by (status, its last words)
        self.refused_starts = 0  # a service that may not do something at its start says so and ends
        self.points = collections.Counter()  # that it died or was stopped at
        self.hold = 0.0  # how long it stays at a point that stops it
        self.not_before = 0.0
        self.may_start = lambda: True

    def log_path(self):
        return self.scene.path(self.name + ".log")

    def start(self, fail_point=None, hold=0.0):
        env = dict(os.environ, **self.env)
        env.pop("SWAPC_FAIL_POINT", None)
        if fail_point:
            env["SWAPC_FAIL_POINT"] = fail_point
        self.point, self.hold = fail_point, hold
        self.expected_to_end = False
        self.stopped_until = 0.0
        command = self.command() if callable(self.command) else self.command
        with open(self.log_path(), "ab") as log:
            self.log_start = log.tell()
            self.popen = spawn(command, stdout=log, stderr=log, env=env, cwd=self.scene.folder)

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def stopped(self):
        return self.stopped_until > 0

    def send(self, number):
        if self.running():
            self.expected_to_end |= number in (signal.SIGTERM, signal.SIGKILL)
            self.popen.send_signal(number)

    def kill(self):
        self.stopped_until = 0.0
        self.send(signal.SIGKILL)
        if self.popen:
            self.popen.wait()

    def terminate(self):
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        self.stopped_until = 0.0

    def stop(self, seconds):
        self.stopped_until = time.monotonic() + seconds
        self.send(signal.SIGSTOP)

    def words(self):
        """What this incarnation has said."""
        with open(self.log_path(), errors="replace") as log:
            log.seek(self.log_start)
            return [line.strip() for line in log if line.strip()]

    def note_end(self):
        status, words = self.popen.returncode, self.words()
        last = words[-1] if words else ""
        if status == -signal.SIGKILL and self.point:
            self.points[self.point.split(":")[0]] += 1
        elif self.patient and status == 1 and "Redis at" in last and not any("ready:" in w for w in words):
            self.refused_starts += 1
        elif status != 0 or self.patient:
            self.exits[status, last] += 1

    def stopped_itself(self):
        """It is at a fail point that stops."""
        if not self.hold or self.stopped() or not self.running():
            return False
        with open("/proc/%d/stat" % self.popen.pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "T"

    def tend(self):
        """Continues it, or starts it again, when that is due."""
        now = time.monotonic()
        if self.stopped_itself():
            self.points[self.point.split(":")[0] + ", stopped"] += 1
            self.stopped_until, self.hold = now + self.hold, 0.0
        if self.stopped_until and now >= self.stopped_until:
            self.stopped_until = 0.0
            self.send(signal.SIGCONT)
        if self.running():
            return
        if self.popen and not self.expected_to_end:
            self.note_end()
            self.expected_to_end = True  # noted
            self.not_before = max(self.not_before, now + 0.3)
        if now >= self.not_before and self.may_start():
            self.start()
