"""HTTP by hand: what a hostile vendor needs that no library offers, and the traps that write down what reaches them."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.wire.servers import by_hand

# Bytes are sent as they are, a number is a pause in seconds; after the last the connection is closed.
Raw = Iterable[bytes | float]
RESET = -1.0  # break the connection off at once
HALF_CLOSE = -2.0  # send no more, but keep the connection


@dataclass(frozen=True)
class Asked:
    """A request as it came in. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))


@dataclass
class Reply:
    """A proper answer. A body that is no bytes is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)

    def bytes_for(self, method: str) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        kind = {} if isinstance(self.body, bytes) else {"Content-Type": "application/json"}
        length = {} if self.status in (204, 304) else {"Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**kind, **length, **self.headers}.items())
        head = f"HTTP/1.1 {self.status} Whatever\r\n{lines}\r\n".encode("utf-8", "surrogateescape")
        return head if method == "HEAD" or not length else head + body


@contextmanager
def serving(answer: Callable[[Asked], Reply | Raw]) -> Iterator[str]:
    """Serve what `answer` makes of each request, several on a connection. Yields the address."""

    def handle(connection: socket.socket, over: threading.Event) -> None:
        with connection.makefile("rb") as stream:
            while (asked := _read(stream)) is not None:
                made = answer(asked)
                if not isinstance(made, Reply):
                    _send_raw(connection, made, over)
                    return
                connection.sendall(made.bytes_for(asked.method))

    with by_hand(handle) as url:
        yield url


@dataclass
class Trap:
    """A server that is none of the vendor's business: its address, and all that ever reached it."""

    url: str
    heard: bytearray = field(default_factory=bytearray)
    connections: int = 0

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")


@contextmanager
def trap(host: str) -> Iterator[Trap]:
    """Lay a trap. To whoever comes it answers like an API, a token endpoint and a document at once, to learn more."""
    bait = {"access_token": "bait-of-the-trap", "token_type": "Bearer", "data": [], "openapi": "3.1.0", "paths": {}}

    def handle(connection: socket.socket, over: threading.Event) -> None:
        laid.connections += 1
        while piece := connection.recv(65536):
            laid.heard += piece
            connection.sendall(Reply(200, bait).bytes_for("GET"))

    laid = Trap("")
    with by_hand(handle, host=host) as url:
        laid.url = url
        yield laid


def _read(stream: Any) -> Asked | None:
    """The next request of a connection; None where there is none."""
    line = stream.readline(65536).decode("latin-1").split(" ")
    if len(line) != 3:
        return None
    headers = {}
    while (header := stream.readline(65536).decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Asked(line[0], line[1], headers, stream.read(int(headers.get("content-length", 0))))


def _send_raw(connection: socket.socket, pieces: Raw, over: threading.Event) -> None:
    for piece in pieces:
        if isinstance(piece, bytes):
            connection.sendall(piece)
        elif piece == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        elif piece == HALF_CLOSE:
            connection.shutdown(socket.SHUT_WR)
        elif over.wait(piece):
            return
