"""A Redis client of a few lines: what the harness needs, and nothing of the code under test."""
import socket


class Refused(Exception):
    """An error reply."""


class Resp:
    def __init__(self, path, timeout=5.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.stream = self.socket.makefile("rb")

    def close(self):
        self.stream.close()
        self.socket.close()

    @staticmethod
    def pack(words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        return b"".join(parts)

    def take(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"-":
            return Refused(rest.decode())
        if kind == b"$":
            if rest == b"-1":
                return None
            data = self.stream.read(int(rest) + 2)
            if len(data) != int(rest) + 2:
                raise ConnectionError("Redis closed the connection")
            return data[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.take() for _ in range(int(rest))]
        raise ConnectionError("no RESP: %r" % line)

    def many(self, commands):
        """The replies of several commands, error replies among them as Refused."""
        self.socket.sendall(b"".join(self.pack(words) for words in commands))
        return [self.take() for _ in commands]

    def call(self, *words):
        reply = self.many([words])[0]
        if isinstance(reply, Refused):
            raise reply
        return reply
