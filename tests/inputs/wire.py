"""A server on a plain socket, which can say what no HTTP library would let it say."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: What a server does with one connection, given the request that has come.
Script = Callable[[socket.socket, bytes], None]
_PATIENCE_S = 60.0


def says(*parts: bytes, pause_s: float = 0.0) -> Script:
    """Sends the parts, with pauses between them, and hangs up."""

    def script(connection: socket.socket, _: bytes) -> None:
        for number, part in enumerate(parts):
            if number and pause_s:
                time.sleep(pause_s)
            connection.sendall(part)

    return script


def forever(start: bytes, again: bytes, pause_s: float = 0.0, most: int = 2_000_000_000) -> Script:
    """Sends the start, then the same again and again, until nobody listens or `most` bytes are sent."""

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        sent = 0
        while sent < most:
            connection.sendall(again)
            sent += len(again)
            if pause_s:
                time.sleep(pause_s)

    return script


def silent(connection: socket.socket, _: bytes = b"") -> None:
    """Says nothing until the other side has gone."""
    connection.settimeout(_PATIENCE_S)
    with suppress(OSError):
        while connection.recv(4096):
            pass


def then_silent(start: bytes) -> Script:
    """Sends the start, and then nothing."""

    def script(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        silent(connection)

    return script


def reset(connection: socket.socket, _: bytes) -> None:
    """Ends the connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def http(status: str = "200 OK", body: bytes = b"", headers: tuple[str, ...] = ()) -> bytes:
    """A whole answer with its length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def request(connection: socket.socket) -> bytes:
    """The header of a request and its body, as far as its length says."""
    data = b""
    while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length and (more := connection.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(script: Script, reads: bool = True) -> Iterator[str]:
    """A server that follows `script(connection, request)`; its address. reads: whether it waits for a request first."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(_PATIENCE_S)
            script(connection, request(connection) if reads else b"")
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while not over.is_set():
                connection, _ = listening.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
