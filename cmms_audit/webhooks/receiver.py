"""The receiver: a small HTTP server that takes what a vendor sends, and misbehaves as its script says.

It listens on this machine unless it is told otherwise, answers only under addresses that nobody can guess, never
sends back what it was sent (but for handshakes), and ends with the run. What came is handed on at once; nothing is
kept here but counts. Whoever sends without end costs the run little: connections, bytes and time are bounded.
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

from cmms_audit.errors import CannotAudit
from cmms_audit.webhooks.address import Address
from cmms_audit.webhooks.behaviour import ACCEPT, Behaviour, Manner
from cmms_audit.webhooks.delivery import Delivery, event_ids, lasting_content
from cmms_audit.webhooks.handshakes import handshake
from cmms_audit.webhooks.reading import Body, Head, Line, TooMuchError
from cmms_audit.webhooks.room import Bucket

MOST_CONNECTIONS = 256  # at a time
MOST_REQUESTS = 1_000  # on one connection
MOST_HEADERS = 100
MOST_BYTES_AT_ONCE = 64 * 1024 * 1024  # that may come from all together, and so many more each second:
MOST_BYTES_A_SECOND = 4 * 1024 * 1024
_MEETING, _MEETING_ENCRYPTED = 16 * 1024, 32 * 1024  # bytes that a new connection counts for, as it takes time
_HANDSHAKE_SECONDS = 10.0
_BUFFER = 64 * 1024
_HANG_UP = struct.pack("ii", 1, 0)  # linger on, for no time: the other side sees a reset
_ERROR_INSIDE = b'{"status":"error","message":"the event could not be processed"}'
_TEXT = (("content-type", "text/plain"),)


class Receiver:
    """Listens for the length of an `async with`. `on_delivery` is called with each delivery as it comes, in order.

    `turned_away` counts connections that were closed unheard, as there were too many: whoever called may have had
    something for any address. Those that were answered and have begun nothing since are closed first, and not counted.
    """

    def __init__(
        self,
        bind: tuple[str, int],
        on_delivery: Callable[[Delivery], None],
        now: Callable[[], str],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`bind` is host and port, 0 for any free one; `now` gives the time of day in ISO form.

        Listening raises OSError where the address cannot be had. A delivery for which `on_delivery` raises CannotAudit
        is answered with an error.
        """
        self._bind = bind
        self._on_delivery = on_delivery
        self._now = now
        self._tls = tls
        self._bytes_left = Bucket(MOST_BYTES_AT_ONCE, MOST_BYTES_A_SECOND)
        self._addresses: dict[str, Address] = {}
        self._listeners: list[socket.socket] = []
        self._lines: set[asyncio.Task[None]] = set()
        self._waiting: dict[asyncio.Task[None], None] = {}  # lines with a request still to come, the longest first
        self._resting: dict[asyncio.Task[None], None] = {}  # lines that were answered and have begun nothing since
        self._returns: asyncio.Task[None] | None = None
        self.deliveries = 0
        self.strangers = 0
        self.turned_away = 0

    async def __aenter__(self) -> Receiver:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._shut()
        ending = [*self._lines, *([self._returns] if self._returns else [])]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await asyncio.sleep(0)  # connections that were broken off are closed now

    @property
    def origin(self) -> str:
        """Where it is reached from this machine, such as "http://127.0.0.1:51234"."""
        host, port = self._bind
        scheme = "https" if self._tls else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    @property
    def dropped(self) -> int:
        """How many deliveries were not taken."""
        return sum(address.dropped for address in self._addresses.values())

    def open(self, address: Address) -> None:
        """Take deliveries under an address from now on."""
        self._addresses[address.path] = address

    # -- connections --------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        host, port = self._bind
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, _, _, _, (number, *_) in dict.fromkeys(found):
                listener = socket.create_server((str(number), self._bind[1]), family=family, backlog=MOST_CONNECTIONS)
                listener.setblocking(False)
                self._listeners.append(listener)
                self._bind = (host, listener.getsockname()[1])
        except OSError:
            self._shut()
            raise
        for listener in self._listeners:
            loop.add_reader(listener.fileno(), self._meet, listener)

    def _shut(self) -> None:
        """Listen no more."""
        for listener in self._listeners:
            asyncio.get_running_loop().remove_reader(listener.fileno())
            listener.close()
        self._listeners = []

    def _meet(self, listener: socket.socket) -> None:
        """Take up one connection, which is known from its first moment, so that none outlives the receiver."""
        try:
            connection, _ = listener.accept()
        except OSError:  # whoever called has gone
            return
        if not self._bytes_left.has(0) or (len(self._lines) >= MOST_CONNECTIONS and not self._made_room()):
            self.turned_away += 1
            connection.close()
            return
        self._bytes_left.take(_MEETING_ENCRYPTED if self._tls else _MEETING)
        connection.setblocking(False)
        task = asyncio.create_task(self._attend(connection))
        self._lines.add(task)
        self._waiting[task] = None
        task.add_done_callback(lambda _: self._part(task, connection))

    def _made_room(self) -> bool:
        """Whether a line could be closed: the one that rests longest, else the one that has kept us waiting longest."""
        lines = self._resting or self._waiting
        if not lines:
            return False
        longest = next(iter(lines))
        if lines is self._waiting:
            self.turned_away += 1
        del lines[longest]
        longest.cancel()
        return True

    def _part(self, task: asyncio.Task[None], connection: socket.socket) -> None:
        self._lines.discard(task)
        self._waiting.pop(task, None)
        self._resting.pop(task, None)
        connection.close()

    async def _attend(self, connection: socket.socket) -> None:
        """Serve one connection to its end."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_BUFFER)
        protocol = asyncio.StreamReaderProtocol(reader)
        seconds = _HANDSHAKE_SECONDS if self._tls else None
        writer = None
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._tls, ssl_handshake_timeout=seconds
            )
            writer = asyncio.StreamWriter(transport, protocol, reader, loop)
            line = Line(reader, writer, self._bytes_left)
            await self._serve(line, writer)
            await line.hang_up()
        except (OSError, h11.RemoteProtocolError, h11.LocalProtocolError):
            pass  # a caller who hangs up, stalls or speaks nonsense harms himself only
        finally:
            if writer is not None:
                writer.transport.abort()

    # -- requests -----------------------------------------------------------------------------------------

    async def _serve(self, line: Line, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            for _ in range(MOST_REQUESTS):
                head = await line.next_head()
                if head is None:
                    return
                behaviour = await self._received(head, line)
                if task is not None:
                    self._waiting.pop(task, None)
                if behaviour is not None:
                    await self._behave(behaviour, line, writer)
                if not line.goes_on:
                    return
                await asyncio.sleep(0)  # others have their turn, however much waits here
                await self._rest(line)
        except TooMuchError:
            self.turned_away += 1

    async def _rest(self, line: Line) -> None:
        """Wait until another request begins. Raises TooMuchError, TimeoutError."""
        task = asyncio.current_task()
        if task is not None:
            self._resting[task] = None
            await line.begins_again()
            self._resting.pop(task, None)
            self._waiting[task] = None

    async def _received(self, head: Head, line: Line) -> Behaviour | None:
        """Receive a request, and say how it is to be treated; None where it has been answered."""
        address, query = self._address_of(head.target)
        if address is None:
            self.strangers += 1
            await line.answer(404)
            return None
        refusal = _refusal(address, head)
        if refusal is not None:
            await line.answer(refusal)
            return None
        try:
            body = await line.body()
        except TooMuchError as much:
            address.dropped += 1
            await line.answer(much.status)
            return None
        if await self._answered(address, query, head, body, line):
            return None
        delivery = self._delivery(address, query, head, body)
        try:
            return await self._treated(address, delivery)
        except CannotAudit:
            await line.answer(500)
            return None

    async def _answered(self, address: Address, query: str, head: Head, body: Body, line: Line) -> bool:
        """Whether a request is no delivery, and has been answered."""
        reply = handshake(head.method, query, dict(head.headers), body.kept)
        if reply is not None:
            address.handshakes += 1
            address.on_secret(reply.secret)
            await line.answer(200, reply.headers, reply.body)
        elif head.method in ("GET", "HEAD"):  # some look whether anybody is there before they subscribe
            address.handshakes += 1
            await line.answer(200)
        elif head.method not in ("POST", "PUT"):
            await line.answer(405, (("allow", "POST"),))
        else:
            return False
        return True

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

    def _delivery(self, address: Address, query: str, head: Head, body: Body) -> Delivery:
        self.deliveries += 1
        return Delivery(
            self.deliveries,
            address.name,
            self._now(),
            head.method,
            query,
            head.headers,
            body.kept,
            body.size,
            body.sha256,
            "",
        )

    async def _treated(self, address: Address, delivery: Delivery) -> Behaviour:
        """Hand a delivery on with how it is treated. Raises CannotAudit where it cannot be kept."""
        with address.working():
            address.weigh(delivery)
            names = (*event_ids(delivery), lasting_content(delivery))
        by_script = await address.chooses(delivery, names)
        with address.working():
            behaviour = address.next_behaviour(names) if by_script else ACCEPT[0]
            self._on_delivery(replace(delivery, treated=str(behaviour)))
        return behaviour

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
                self._leave_for(behaviour.seconds)
                _reset(writer)

    def _leave_for(self, seconds: float) -> None:
        """Refuse connections for so many seconds, and hang up on those who have brought nothing new yet."""
        if self._listeners:
            self._shut()
            for task in (*self._waiting, *self._resting):
                task.cancel()
            self._returns = asyncio.create_task(self._come_back(seconds))

    async def _come_back(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while not self._listeners:
            try:
                await self._listen()
            except OSError:  # somebody else has the port at the moment
                await asyncio.sleep(0.1)


def _refusal(address: Address, head: Head) -> int | None:
    """With what a request is refused before its body is read; None where it is not."""
    if len(head.headers) > MOST_HEADERS:
        address.dropped += 1
        return 431
    return 503 if head.method in ("POST", "PUT") and not address.admits() else None


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP)
    writer.transport.abort()
