"""Stands between the pipeline and Redis: cuts and stalls connections, and points elsewhere after a
failover. One thread moves the bytes."""
import os
import selectors
import socket
import threading
import time

CHUNK = 65536


class Proxy(threading.Thread):
    def __init__(self, path, target):
        super().__init__(daemon=True)
        self.path = path
        self.target = target
        self.stalled_until = 0.0
        self.cut_asked = False
        self.ending = False
        self.pairs = {}  # a socket: the other end
        self.backlog = {}  # a socket: bytes that are to go there
        self.selector = selectors.DefaultSelector()
        self.listeners = [self.listen_unix(), self.listen_tcp()]
        for listener in self.listeners:
            self.selector.register(listener, selectors.EVENT_READ)

    def listen_unix(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.path)
        return self.listening(listener)

    def listen_tcp(self):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        return self.listening(listener)

    @staticmethod
    def listening(listener):
        listener.listen(128)
        listener.setblocking(False)
        return listener

    # The harness calls these from its own thread; plain stores, seen at the next turn.
    def cut(self):
        self.cut_asked = True

    def stall(self, seconds):
        self.stalled_until = time.monotonic() + seconds

    def point_at(self, target):
        self.target = target

    def end(self):
        self.ending = True
        self.join()

    def accept(self, listener):
        near, _ = listener.accept()
        far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            far.connect(self.target)
        except OSError:
            near.close()
            far.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setblocking(False)
            self.pairs[one] = other
            self.backlog[one] = b""
            self.selector.register(one, selectors.EVENT_READ)

    def drop(self, one):
        for end in (one, self.pairs.get(one)):
            if end in self.pairs:
                del self.pairs[end], self.backlog[end]
                self.selector.unregister(end)
                end.close()

    def watch(self, one):
        """Reads from a socket only while the other end takes what it was sent."""
        other = self.pairs[one]
        events = 0 if self.backlog[other] else selectors.EVENT_READ
        events |= selectors.EVENT_WRITE if self.backlog[one] else 0
        key = self.selector.get_map().get(one)
        if key and key.events != events:
            self.selector.modify(one, events or selectors.EVENT_WRITE)

    def move(self, one, events):
        try:
            if events & selectors.EVENT_READ:
                data = one.recv(CHUNK)
                if not data:
                    return self.drop(one)
                self.backlog[self.pairs[one]] += data
            for end in (one, self.pairs[one]):
                if self.backlog[end]:
                    self.backlog[end] = self.backlog[end][end.send(self.backlog[end]):]
        except BlockingIOError:
            pass
        except OSError:
            return self.drop(one)
        self.watch(one)
        self.watch(self.pairs[one])

    def turn(self):
        if self.cut_asked:
            self.cut_asked = False
            for one in list(self.pairs):
                self.drop(one)
        if time.monotonic() < self.stalled_until:
            time.sleep(0.02)
            return
        for key, events in self.selector.select(0.05):
            if key.fileobj in self.listeners:
                self.accept(key.fileobj)
            elif key.fileobj in self.pairs:
                self.move(key.fileobj, events)

    def run(self):
        while not self.ending:
            self.turn()
        for one in list(self.pairs):
            self.drop(one)
        for listener in self.listeners:
            listener.close()
        os.unlink(self.path)
