"""A server that speaks HTTP/2 over TLS, well or badly, frame by frame."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded

from tests.wire.servers import by_hand

AUTHORITY = trustme.CA()
HEAD = [(":status", "200"), ("content-type", "application/json")]


class Answering:
    """One request of one connection, to be answered."""

    def __init__(self, connection: socket.socket, h2: H2Connection, stream: int, headers: dict[str, str]) -> None:
        self.connection, self.h2, self.stream, self.headers = connection, h2, stream, headers

    def send(self, headers: list[tuple[str, str]] | None = None, body: bytes = b"", *, end: bool = True) -> None:
        """Headers (unless there are none) and a body of at most 16 KB."""
        if headers is not None:
            self.h2.send_headers(self.stream, headers, end_stream=end and not body)
        if body:
            self.h2.send_data(self.stream, body, end_stream=end)
        self.flush()

    def flush(self) -> None:
        self.connection.sendall(self.h2.data_to_send())


Respond = Callable[[Answering, threading.Event], None]


def trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@contextmanager
def speaking_h2(respond: Respond) -> Iterator[str]:
    """Answer each request of each connection with `respond`. Yields the address."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(tls)
    tls.set_alpn_protocols(["h2", "http/1.1"])

    def handle(connection: socket.socket, over: threading.Event) -> None:
        with suppress(OSError), tls.wrap_socket(connection, server_side=True) as encrypted:
            assert encrypted.selected_alpn_protocol() == "h2"
            _converse(encrypted, respond, over)

    with by_hand(handle) as url:
        yield url.replace("http://", "https://")


def _converse(connection: socket.socket, respond: Respond, over: threading.Event) -> None:
    config = H2Configuration(client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False)
    h2 = H2Connection(config)
    h2.initiate_connection()
    connection.sendall(h2.data_to_send())
    asked: dict[int, dict[str, str]] = {}
    while data := connection.recv(65536):
        for event in h2.receive_data(data):
            if isinstance(event, RequestReceived):
                asked[event.stream_id] = {name.decode(): value.decode() for name, value in event.headers}
            if isinstance(event, StreamEnded):
                respond(Answering(connection, h2, event.stream_id, asked[event.stream_id]), over)
        connection.sendall(h2.data_to_send())
