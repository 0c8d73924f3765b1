"""A redis-server of one's own, a client of it without any library, and what /proc says of processes: for the scripts beside this file."""
import os
import shutil
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


class Redis:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.file = self.sock.makefile("rb")

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.sock.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def take(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            sys.exit("Redis: " + rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.take() for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def __call__(self, *words):
        self.send(*words)
        return self.take()


def cpu_s(pid):
    with open("/proc/%d/stat" % pid) as file:
        return sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:13]) / TICK


def peak_mb(pid):
    with open("/proc/%d/status" % pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def start_redis(folder, *options):
    """Its process, its socket, a connection."""
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not program:
        sys.exit("redis-server is not installed")
    path = os.path.join(folder, "redis.sock")
    words = ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", *options]
    server = subprocess.Popen(words, executable=program, cwd=folder, stdout=subprocess.DEVNULL)
    while True:
        try:
            return server, path, Redis(path)
        except OSError:
            if server.poll() is not None:
                sys.exit("redis-server ended, with status %d" % server.returncode)
            time.sleep(0.02)


def end(process):
    process.terminate()
    process.wait()
