#!/usr/bin/env python3
# recorder.py FILE: a server on loopback, whose port is in FILE.port; what its clients say is added to FILE. It answers as
# a Redis does that takes a handshake of TLS for a command, and hangs up.
import os
import socket
import sys

listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "ab", buffering=0) as heard:
    with open(sys.argv[1] + ".part", "w") as port:
        port.write(str(listener.getsockname()[1]))
    os.rename(sys.argv[1] + ".part", sys.argv[1] + ".port")
    while True:
        client = listener.accept()[0]
        heard.write(client.recv(65536))
        client.sendall(b"-ERR unknown command\r\n")
        heard.write(client.recv(65536))
        client.close()
