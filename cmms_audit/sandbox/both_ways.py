"""One port for callers who speak TLS and for those who do not: both are carried on to a server that speaks TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_HANDSHAKE = b"\x16"  # with which every connection of TLS begins (RFC 8446, 5.1)
_PIECE = 65_536  # bytes


@contextmanager
def taking_both(listener: socket.socket, inner: str) -> Iterator[None]:
    """Carry on what arrives at `listener` to the origin `inner`, for as long as the context lasts."""
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(listener, inner, over)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def _serve(listener: socket.socket, inner: str, over: threading.Event) -> None:
    address = urlsplit(inner)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            first = await reader.readexactly(1)
            wrapping = None if first == _HANDSHAKE else trusting
            there, back = await asyncio.open_connection(address.hostname, address.port, ssl=wrapping)
            back.write(first)
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        writer.close()

    async with await asyncio.start_server(carry, sock=listener):
        await asyncio.to_thread(over.wait)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Carry everything one way, then hang up that way."""
    try:
        while piece := await source.read(_PIECE):
            sink.write(piece)
            await sink.drain()
    finally:
        sink.close()
