"""One request at a time from a connection of whoever calls, within limits of size and time; and an answer to it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import h11
from msgspec import Struct

LONGEST_HEAD = 32 * 1024  # bytes of the request line and all headers
MOST_HEADERS = 100
MOST_KEPT = 1024 * 1024  # bytes of a body that are kept; the rest is counted and hashed
LARGEST_BODY = 16 * 1024 * 1024  # bytes after which the connection is closed
REQUEST_SECONDS = 20.0  # for a whole request, from its first byte
IDLE_SECONDS = 15.0  # between requests
_CHUNK = 64 * 1024


class Request(Struct, frozen=True):
    """A request whose body was read to its end: `body` is what was kept, `size` what came."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    size: int
    sha256: str


class RequestTooLargeError(Exception):
    """A request beyond the limits: `status` is what it is answered with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Line:
    """A connection as it speaks HTTP/1.1. Raises h11.RemoteProtocolError where the other side does not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)

    async def next_request(self) -> Request | None:
        """The next request; None where the other side has hung up, says nothing, or speaks something else.

        Raises RequestTooLargeError, TimeoutError.
        """
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        async with asyncio.timeout(IDLE_SECONDS) as deadline:
            head = await self._next(deadline)
            if not isinstance(head, h11.Request):
                return None
            if len(head.headers) > MOST_HEADERS:
                raise RequestTooLargeError(431)
            return await self._whole(head, deadline)

    async def answer(self, status: int, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> None:
        """Send an answer. The connection is closed by whoever holds it."""
        length = ("content-length", str(len(body)))
        safe = (("x-content-type-options", "nosniff"), ("cache-control", "no-store"))
        head = h11.Response(status_code=status, headers=[*headers, length, *safe])
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    @property
    def goes_on(self) -> bool:
        """Whether another request may follow on this connection."""
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _whole(self, head: h11.Request, deadline: asyncio.Timeout) -> Request:
        kept, digest, size = bytearray(), hashlib.sha256(), 0
        while isinstance(event := await self._next(deadline), h11.Data):
            size += len(event.data)
            if size > LARGEST_BODY:
                raise RequestTooLargeError(413)
            digest.update(event.data)
            kept += event.data[: max(0, MOST_KEPT - len(kept))]
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
        return Request(
            head.method.decode("latin-1"), head.target.decode("latin-1"), headers, bytes(kept), size, digest.hexdigest()
        )

    async def _next(self, deadline: asyncio.Timeout) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event. The first byte of a request starts its time."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            fresh = self._http.trailing_data[0] == b"" and self._http.their_state is h11.IDLE
            data = await self._reader.read(_CHUNK)
            if fresh and data:
                deadline.reschedule(asyncio.get_running_loop().time() + REQUEST_SECONDS)
            self._http.receive_data(data)
        return event
