#!/usr/bin/env python3
"""notify_manager.py SOCKET: plays a service manager: each line of each datagram that comes to SOCKET as
"MILLISECONDS LINE" on stdout, until stdin ends.
notify_manager.py --hold PID: stops the main thread of PID, and no other, until stdin ends; exit status 77
where tracing is not permitted."""
import ctypes
import os
import socket
import sys
import threading
import time


def listen(path):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    print("0 listening", flush=True)
    while True:
        for line in manager.recv(65536).decode().splitlines():
            print(int(time.monotonic() * 1000), line, flush=True)


def hold(pid):
    seize, interrupt, detach = 0x4206, 0x4207, 17
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(seize, pid, None, None) != 0:
        print("may not trace:", os.strerror(ctypes.get_errno()), flush=True)
        sys.exit(77)
    libc.ptrace(interrupt, pid, None, None)
    os.waitpid(pid, 0x40000000)  # __WALL
    print("held", flush=True)
    sys.stdin.read()
    libc.ptrace(detach, pid, None, None)


if sys.argv[1] == "--hold":
    hold(int(sys.argv[2]))
else:
    threading.Thread(target=listen, args=(sys.argv[1],), daemon=True).start()
    sys.stdin.read()
