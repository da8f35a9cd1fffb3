"""One request at a time from a connection of whoever calls, within limits of size and time; and an answer to it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress

import h11
from msgspec import Struct

from cmms_audit.webhooks.room import Bucket

LONGEST_HEAD = 32 * 1024  # bytes of the request line and all headers
MOST_KEPT = 1024 * 1024  # bytes of a body that are kept; the rest is counted and hashed
LARGEST_BODY = 16 * 1024 * 1024  # bytes after which the connection is closed
MOST_PIECES = 5_000  # into which a body may be cut
HEAD_SECONDS = 15.0  # until the head of a request is there
IDLE_SECONDS = 2.0  # until another request begins behind an answer
BODY_SECONDS = 20.0
ANSWER_SECONDS = 5.0  # until an answer is taken
CLOSE_SECONDS = 1.0  # until the other side has hung up, too
_CHUNK = 64 * 1024
_PIECE = 1024  # bytes that any piece counts for, however small: each takes time
_BREATH = 64  # pieces after which others have their turn
_MOST_UNREAD = 16  # chunks that are thrown away behind an answer


class Head(Struct, frozen=True):
    """A request up to its body. Names of headers are in lower case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]


class Body(Struct, frozen=True):
    """A body that was read to its end: `kept` of it was what fits, `size` is what came."""

    kept: bytes
    size: int
    sha256: str


class TooMuchError(Exception):
    """More than the limits: `status` is what it is answered with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Line:
    """A connection as it speaks HTTP/1.1. Raises h11.RemoteProtocolError where the other side does not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_left: Bucket) -> None:
        """`bytes_left` is what all connections together may still send."""
        self._reader = reader
        self._writer = writer
        self._bytes_left = bytes_left
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)

    async def next_head(self) -> Head | None:
        """The next request; None where the other side has hung up or speaks something else.

        Raises TooMuchError, TimeoutError.
        """
        async with asyncio.timeout(HEAD_SECONDS):
            head = await self._next()
        if not isinstance(head, h11.Request):
            return None
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
        return Head(head.method.decode("latin-1"), head.target.decode("latin-1"), headers)

    async def begins_again(self) -> None:
        """Wait behind an answer for something more, be it that the other side hangs up.

        Raises TooMuchError, TimeoutError.
        """
        self._http.start_next_cycle()
        there, _ = self._http.trailing_data
        if not there:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._read()

    async def body(self) -> Body:
        """What follows the head. Raises TooMuchError, TimeoutError."""
        kept, digest, size, pieces = bytearray(), hashlib.sha256(), 0, 0
        async with asyncio.timeout(BODY_SECONDS):
            while isinstance(event := await self._next(), h11.Data):
                size += len(event.data)
                pieces += 1
                if size > LARGEST_BODY or pieces > MOST_PIECES:
                    raise TooMuchError(413)
                digest.update(event.data)
                kept += event.data[: max(0, MOST_KEPT - len(kept))]
                if pieces % _BREATH == 0:
                    await asyncio.sleep(0)
        return Body(bytes(kept), size, digest.hexdigest())

    async def answer(self, status: int, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> None:
        """Send an answer. Raises TimeoutError where it is not taken."""
        length = ("content-length", str(len(body)))
        safe = (("x-content-type-options", "nosniff"), ("cache-control", "no-store"))
        last = () if self._http.their_state is h11.DONE else (("connection", "close"),)
        head = h11.Response(status_code=status, headers=[*headers, length, *safe, *last])
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self._writer.write(self._http.send(event) or b"")
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._writer.drain()

    @property
    def goes_on(self) -> bool:
        """Whether another request may follow on this connection."""
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def hang_up(self) -> None:
        """Close the connection, after a moment for what is on its way: a reset would take the answer from its reader.

        Raises TimeoutError where the other side holds on to it.
        """
        async with asyncio.timeout(CLOSE_SECONDS):
            if self._http.their_state is h11.SEND_BODY and self._http.our_state is not h11.SEND_RESPONSE:
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                for _ in range(_MOST_UNREAD):
                    if not await self._reader.read(_CHUNK):
                        break
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()

    async def _next(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event, paid for with what has come."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            await self._read()
        self._pay(0)
        return event

    async def _read(self) -> None:
        data = await self._reader.read(_CHUNK)
        self._pay(len(data))
        self._http.receive_data(data)

    def _pay(self, size: int) -> None:
        """Raises TooMuchError where more comes from all together than may."""
        if not self._bytes_left.has(0):
            raise TooMuchError(503)
        self._bytes_left.take(size + _PIECE)
