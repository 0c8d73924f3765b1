"""Stands between a client and a server that speak TLS, and breaks what the server says.

tls_enemy.py TO-PORT MODE-FILE: prints its own port. The file's word is looked at for each chunk: pass; half: the way
to the client is closed, the one to the server stays open; cut: half a chunk comes, and then nothing; spoil: a byte
of it is another one.
"""
import socket
import sys
import threading


def back(server, client, mode):
    """From the server to the client."""
    silent = False
    while data := server.recv(65536):
        word = open(mode).read().strip()
        if silent and word == "cut":
            continue
        if word == "half":
            client.shutdown(socket.SHUT_WR)
            while server.recv(65536):
                pass
            return
        if word == "cut":
            silent = True
            data = data[: len(data) // 2]
        elif silent:
            break
        elif word == "spoil":
            data = data[:-1] + bytes([data[-1] ^ 1])
        client.sendall(data)
    client.close()


def there(client, server):
    while data := client.recv(65536):
        server.sendall(data)
    server.shutdown(socket.SHUT_WR)


def quietly(function, *arguments):
    def run():
        try:
            function(*arguments)
        except OSError:
            for end in arguments[:2]:
                end.close()

    threading.Thread(target=run, daemon=True).start()


def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        quietly(back, server, client, sys.argv[2])
        quietly(there, client, server)


main()
