"""The receiver: a small HTTP server that takes what a vendor sends, and misbehaves as its script says.

It listens on this machine unless it is told otherwise, answers only under addresses that nobody can guess, never
sends back what it was sent (but for handshakes), and ends with the run. What came is handed on at once; nothing is
kept here but counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import ssl
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

import h11
from msgspec.structs import replace

from cmms_audit.webhooks.behaviour import ACCEPT, Behaviour, Manner, Script
from cmms_audit.webhooks.delivery import Delivery, content_key
from cmms_audit.webhooks.handshakes import handshake
from cmms_audit.webhooks.reading import Line, Request, RequestTooLargeError

MOST_CONNECTIONS = 256
MOST_EVENTS = 20_000  # that one address tells apart
MOST_DELIVERIES = 50_000
MOST_BYTES = 256 * 1024 * 1024  # of all bodies together
MOST_AT_ONCE = 2_000  # deliveries, and so many more each second:
MOST_A_SECOND = 200.0
_BUFFER = 64 * 1024
_HANG_UP = struct.pack("ii", 1, 0)  # linger on, for no time: the other side sees a reset
_ERROR_INSIDE = b'{"status":"error","message":"the event could not be processed"}'
_TEXT = (("content-type", "text/plain"),)


class Address:
    """One address that a vendor may send to: `path` cannot be guessed, `script` says how deliveries are treated."""

    def __init__(self, name: str, script: Script = ACCEPT, *, token: str = "") -> None:
        """`token` is the part of the path that nobody can guess; a new one where it is left out."""
        self.name = name
        self.path = f"/{token or secrets.token_urlsafe(24)}"
        self.script = script
        self.handshakes = 0
        self._tries: dict[str, int] = {}
        self._was_away = False

    def next_behaviour(self, key: str) -> Behaviour:
        """How the next try of this event is treated. Whoever was away once is back for all events alike."""
        tries = self._tries.get(key, 0)
        if key in self._tries or len(self._tries) < MOST_EVENTS:
            self._tries[key] = tries + 1
        left = [each for each in self.script[tries:] if not (self._was_away and each.manner is Manner.AWAY)]
        behaviour = left[0] if left else self.script[-1]
        self._was_away = self._was_away or behaviour.manner is Manner.AWAY
        return behaviour


class Receiver:
    """Listens for the length of an `async with`. `on_delivery` is called with each delivery as it comes, in order."""

    def __init__(
        self,
        bind: tuple[str, int],
        on_delivery: Callable[[Delivery], None],
        now: Callable[[], str],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`bind` is host and port, 0 for any free one; `now` gives the time of day in ISO form.

        Listening raises OSError where the address cannot be had.
        """
        self._bind = bind
        self._on_delivery = on_delivery
        self._now = now
        self._tls = tls
        self._room = float(MOST_AT_ONCE)
        self._last = 0.0
        self._addresses: dict[str, Address] = {}
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._returns: asyncio.Task[None] | None = None
        self._bytes = 0
        self.deliveries = 0
        self.strangers = 0
        self.dropped = 0

    async def __aenter__(self) -> Receiver:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._returns is not None:
            self._returns.cancel()
        await self._shut()
        ending = [*self._lines, *([self._returns] if self._returns else [])]
        for task in ending:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*ending, return_exceptions=True)

    @property
    def origin(self) -> str:
        """Where it is reached from this machine, such as "http://127.0.0.1:51234"."""
        host, port = self._bind
        scheme = "https" if self._tls else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def open(self, address: Address) -> None:
        """Take deliveries under an address from now on."""
        self._addresses[address.path] = address

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._meet, *self._bind, limit=_BUFFER, ssl=self._tls, start_serving=False
        )
        await self._server.start_serving()
        self._bind = (self._bind[0], self._server.sockets[0].getsockname()[1])

    async def _shut(self) -> None:
        """Listen no more. A connection that was just taken up is met first: asyncio would lose it (cpython#109564)."""
        server, self._server = self._server, None
        if server is None:
            return
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        try:
            await asyncio.sleep(0)
        finally:
            server.close()

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take up a connection, which is known from its first moment, so that none outlives the receiver."""
        if self._server is None or len(self._lines) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._writers.add(writer)
        task = asyncio.create_task(self._attend(reader, writer))
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        try:
            await self._serve(Line(reader, writer), writer)
        except (OSError, h11.RemoteProtocolError, h11.LocalProtocolError, TimeoutError):
            pass  # a caller who hangs up, stalls or speaks nonsense harms himself only
        finally:
            self._writers.discard(writer)
            writer.transport.abort() if writer.is_closing() else writer.close()

    async def _serve(self, line: Line, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                request = await line.next_request()
            except RequestTooLargeError as much:
                await line.answer(much.status)
                return
            if request is None:
                return
            await self._treat(request, line, writer)
            if not line.goes_on:
                return

    async def _treat(self, request: Request, line: Line, writer: asyncio.StreamWriter) -> None:
        address, query = self._address_of(request.target)
        if address is None:
            self.strangers += 1
            await line.answer(404)
            return
        reply = handshake(request.method, query, dict(request.headers), request.body)
        if reply is not None:
            address.handshakes += 1
            await line.answer(200, reply.headers, reply.body)
            return
        if request.method not in ("POST", "PUT"):
            await line.answer(405, (("allow", "POST"),))
            return
        delivery = self._delivery(address, query, request)
        if delivery is None:
            await line.answer(503)
            return
        behaviour = address.next_behaviour(content_key(delivery))
        self._on_delivery(replace(delivery, treated=str(behaviour)))
        await self._behave(behaviour, line, writer)

    def _address_of(self, target: str) -> tuple[Address | None, str]:
        """Whose address a request came to, if anybody's, found without telling by the time how near a guess was."""
        try:
            parts = urlsplit(target)
        except ValueError:
            return None, ""
        found = None
        for path, address in self._addresses.items():
            if secrets.compare_digest(path.encode(), parts.path.encode("utf-8", "replace")):
                found = address
        return found, parts.query

    def _delivery(self, address: Address, query: str, request: Request) -> Delivery | None:
        """The delivery; None where more came than is taken in a run, or at a time."""
        if self.deliveries >= MOST_DELIVERIES or self._bytes + len(request.body) > MOST_BYTES or not self._has_room():
            self.dropped += 1
            return None
        self._bytes += len(request.body)
        self.deliveries += 1
        return Delivery(
            self.deliveries,
            address.name,
            self._now(),
            request.method,
            query,
            request.headers,
            request.body,
            request.size,
            request.sha256,
            "",
        )

    def _has_room(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._room = min(MOST_AT_ONCE, self._room + (now - self._last) * MOST_A_SECOND)
        self._last = now
        if self._room < 1:
            return False
        self._room -= 1
        return True

    async def _behave(self, behaviour: Behaviour, line: Line, writer: asyncio.StreamWriter) -> None:
        match behaviour.manner:
            case Manner.ANSWER:
                after = (("retry-after", behaviour.retry_after),) if behaviour.retry_after else ()
                await line.answer(behaviour.status, after)
            case Manner.ERROR_INSIDE:
                await line.answer(200, (("content-type", "application/json"),), _ERROR_INSIDE)
            case Manner.REDIRECT:
                await line.answer(302, (*_TEXT, ("location", "/moved")))
            case Manner.SLOW:
                await asyncio.sleep(behaviour.seconds)
                await line.answer(200)
            case Manner.SILENT:
                await asyncio.sleep(behaviour.seconds)
                writer.close()
            case Manner.RESET:
                _reset(writer)
            case Manner.AWAY:
                await self._leave_for(behaviour.seconds)
                _reset(writer)

    async def _leave_for(self, seconds: float) -> None:
        """Refuse connections for so many seconds."""
        if self._server is not None:
            await self._shut()
            self._returns = asyncio.create_task(self._come_back(seconds))

    async def _come_back(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while self._server is None:
            try:
                await self._listen()
            except OSError:  # somebody else has the port at the moment
                await asyncio.sleep(0.1)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP)
    writer.transport.abort()
