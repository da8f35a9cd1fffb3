"""Connections for the HTTP client: only to the numbers that a name stood for at first, and a spoilt one is not reused.

What is sent over them, and for how long, is the transport's business.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore

from cmms_audit.wire.names import MOST_NUMBERS, Names

CONNECT_SECONDS = 10.0
_ENOUGH = 256 * 1024  # bytes that may lie unread before the other side is made to wait
_TAIL = 64  # bytes of what was read last that are kept


class UnknownName(httpcore.ConnectError):
    """A host name that stands for nothing."""


class RefusedEverywhere(httpcore.ConnectError):
    """A host that takes up no connection on any of its numbers."""


class NotEncrypted(httpcore.ConnectError):
    """A connection on which no encryption could be agreed on, or whose other end cannot be trusted."""


class PinnedNetwork(httpcore.AsyncNetworkBackend):
    """Makes connections for one run."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the client's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        """Connect to the first number of a host that takes it up, and remember which did.

        Raises UnknownName; RefusedEverywhere where all refuse; httpcore.ConnectTimeout.
        """
        try:
            numbers = (await self._names.numbers(host))[:MOST_NUMBERS]
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        failure: Exception = UnknownName()
        for number in numbers:
            try:
                stream = await _connected(number, port, CONNECT_SECONDS / len(numbers))
            except (httpcore.ConnectTimeout, httpcore.ConnectError) as error:
                failure = error
            else:
                self._names.prefer(host, number)
                return stream
        raise failure


async def _connected(number: str, port: int, seconds: float) -> Stream:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            transport, arrivals = await loop.create_connection(_Arrivals, number, port)
    except TimeoutError:
        raise httpcore.ConnectTimeout from None
    except ConnectionRefusedError:
        raise RefusedEverywhere from None
    except OSError as error:
        raise httpcore.ConnectError from error
    return Stream(transport, arrivals)


class Stream(httpcore.AsyncNetworkStream):
    """One connection. Remembers the end of what was read last, to tell whether more came than belongs to an answer."""

    def __init__(self, transport: asyncio.Transport, arrivals: _Arrivals) -> None:
        self._transport = transport
        self._arrivals = arrivals
        self.tail = b""
        self.spoilt = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """What has arrived, at least one byte; nothing at the end of the stream."""
        data = await self._arrivals.take(max_bytes)
        self.tail = data[-_TAIL:]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send all of it."""
        if self._transport.is_closing():
            raise httpcore.WriteError
        self._transport.write(buffer)
        await self._arrivals.may_write()

    async def aclose(self) -> None:
        """Hang up."""
        self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Stream:
        """The same connection, encrypted from here on. Raises NotEncrypted, httpcore.ConnectTimeout."""
        loop = asyncio.get_running_loop()
        arrivals = _Arrivals()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                transport = await loop.start_tls(
                    self._transport, arrivals, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError:
            self._transport.abort()
            raise httpcore.ConnectTimeout from None
        except OSError as error:  # ssl.SSLError is one
            self._transport.abort()
            raise NotEncrypted from error
        if transport is None:
            raise NotEncrypted
        arrivals.connection_made(transport)
        return Stream(transport, arrivals)

    def get_extra_info(self, info: str) -> Any:
        """What the HTTP client asks about a connection: while it is idle, anything that came means that it is over."""
        if info == "is_readable":
            return self.spoilt or self._arrivals.waiting
        return self._transport.get_extra_info(info)


class _Arrivals(asyncio.Protocol):
    """What has arrived on a connection and was not yet read, and whether more may be sent."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._ended = False
        self._broken = False
        self._paused = False
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self._may_write = True

    @property
    def waiting(self) -> bool:
        """Whether there is something to read, if only the end."""
        return bool(self._unread) or self._ended

    async def take(self, most: int) -> bytes:
        """So many bytes at most, at least one; none at the end. Raises httpcore.ReadError where it broke."""
        if not self.waiting:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if self._broken and not self._unread:
            raise httpcore.ReadError
        data = bytes(self._unread[:most])
        del self._unread[:most]
        if self._paused and self._transport is not None and len(self._unread) < _ENOUGH:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def may_write(self) -> None:
        """Wait until the other side takes more. Raises httpcore.WriteError where the connection broke."""
        if not self._may_write and not self._ended:
            writer = asyncio.get_running_loop().create_future()
            self._writers.append(writer)
            await writer
        if self._broken:
            raise httpcore.WriteError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._wake_reader()
        if len(self._unread) >= _ENOUGH and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._end()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._broken = self._broken or error is not None
        self._end()

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._wake_writers()

    def _end(self) -> None:
        self._ended = True
        self._wake_reader()
        self._wake_writers()

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _wake_writers(self) -> None:
        for writer in self._writers:
            if not writer.done():
                writer.set_result(None)
        self._writers.clear()
