"""Real HTTP servers on loopback: one that answers as told and remembers, and one that misbehaves byte by byte."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Headers = dict[str, str] | list[tuple[str, str]]


@dataclass(frozen=True)
class Seen:
    """A request as the server received it. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    shown_certificate: bool = False

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes | str = b""
    headers: Headers = field(default_factory=dict)


@dataclass
class Served:
    """A running server: its address, and every request that reached it."""

    url: str
    seen: list[Seen]

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.seen]


@contextmanager
def answering(
    respond: Callable[[Seen], Answer], *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[Served]:
    """Serve what `respond` makes of each request."""
    seen: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            shown = isinstance(self.connection, ssl.SSLSocket) and bool(self.connection.getpeercert())
            request = Seen(self.command, self.path, headers, self.rfile.read(length), shown)
            seen.append(request)
            answer = respond(request)
            body = answer.body.encode() if isinstance(answer.body, str) else answer.body
            pairs = list(answer.headers.items()) if isinstance(answer.headers, dict) else answer.headers
            own_date = any(name.lower() == "date" for name, _ in pairs)
            (self.send_response_only if own_date else self.send_response)(answer.status)
            for name, value in pairs:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Quiet((host, port), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls else "http"
    with _running(server):
        yield Served(f"{scheme}://{host}:{server.server_address[1]}", seen)


@contextmanager
def misbehaving(behave: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Serve connections that `behave` handles by hand, once the request's head was read. Yields the address.

    The event is set when the test is over, so that nothing has to sleep longer than needed.
    """

    def after_the_head(connection: socket.socket, over: threading.Event) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return
            head += piece
        behave(connection, over)

    with by_hand(after_the_head) as url:
        yield url


@contextmanager
def by_hand(handle: Callable[[socket.socket, threading.Event], None], *, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve connections that `handle` handles from the first byte on, each in a thread. Yields the address."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            handle(self.request, over)

    class Quiet(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Quiet((host, 0), Handler)
    with _running(server):
        try:
            yield f"http://{host}:{server.server_address[1]}"
        finally:
            over.set()


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
