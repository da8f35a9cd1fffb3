"""Puts one request on the network and reads the answer within hard bounds. The only module that imports httpx.

Judges nothing and knows no secrets: where a request may go, what it carries and what is recorded is decided above. No
proxy or other setting of the environment is used, no cookie is kept, no redirect followed, nothing retried.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

import httpx
from msgspec import Struct, field

from cmms_audit.addresses import parse_address
from cmms_audit.model import Reason
from cmms_audit.wire.inflate import CannotInflate, Inflater

CONNECT_SECONDS = 10.0
MOST_HEADERS = 200
MOST_HEADER_BYTES = 64 * 1024
# Idle connections are given up before the usual server does so (5 s), lest a request meets a closing door.
_CONNECTIONS = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=4)


class Outgoing(Struct, frozen=True):
    """A request ready to be sent, secrets in place.

    `body_cap` is in bytes after decompression, `deadline` in seconds for everything, from looking up the name to the
    last byte. `pinned_ip` is the number to connect to, where the name was looked up and judged before.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    body_cap: int
    deadline: float
    pinned_ip: str | None = None


class Incoming(Struct):
    """What came back. Filled as it arrives, so that an answer that breaks off is kept as far as it came.

    `status` is 0 until the headers were read. `failure` says in words why the answer is not whole, `reason` in kind.
    """

    status: int = 0
    http_version: str = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytearray = field(default_factory=bytearray)
    sent_headers: tuple[tuple[str, str], ...] = ()
    failure: str | None = None
    reason: Reason | None = None

    def fail(self, reason: Reason, failure: str) -> None:
        """Note why the answer is not whole."""
        self.reason, self.failure = reason, failure


class Transport:
    """The network. One connection pool for a run; use it from one event loop."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """`tls` replaces the usual trust: the system's certificate authorities and those that come with Python."""
        self._tls = tls
        self._pool: httpx.AsyncHTTPTransport | None = None

    async def exchange(self, outgoing: Outgoing, incoming: Incoming, may_read: Callable[[int], bool]) -> None:
        """Send a request and fill `incoming`. Raises nothing but CancelledError: trouble is noted in `incoming`.

        `may_read` is asked before so many more bytes of body are kept; it says no where the run's total is used up.
        """
        host = parse_address(outgoing.url).host
        try:
            async with asyncio.timeout(outgoing.deadline):
                await self._exchange(outgoing, incoming, may_read)
        except httpx.ConnectTimeout:
            incoming.fail(Reason.TIMEOUT, f"{host} did not take up a connection within {CONNECT_SECONDS:.3g} s")
        except TimeoutError:
            incoming.fail(Reason.TIMEOUT, f"{host} did not give its whole answer within {outgoing.deadline:.3g} s")
        except CannotInflate:
            incoming.fail(Reason.CONNECTIVITY, "the answer is not compressed the way it says, or not as it was asked")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError) as error:
            incoming.fail(Reason.CONNECTIVITY, _in_words(error, host))

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The numbers a name stands for; none where it is not known. Raises TimeoutError after ten seconds."""
        async with asyncio.timeout(CONNECT_SECONDS):
            try:
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError):
                return ()
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.aclose()
            self._pool = None

    async def _exchange(self, outgoing: Outgoing, incoming: Incoming, may_read: Callable[[int], bool]) -> None:
        request = _request(outgoing)
        incoming.sent_headers = tuple(_text_headers(request.headers.raw))
        if outgoing.pinned_ip is None:
            self._pool = self._pool or self._new_pool()
            await _converse(self._pool, request, outgoing.body_cap, incoming, may_read)
            return
        _pin_to(request, outgoing.pinned_ip)
        # A pool of its own: a connection made for one name must not serve another name at the same number.
        async with self._new_pool() as pool:
            await _converse(pool, request, outgoing.body_cap, incoming, may_read)

    def _new_pool(self) -> httpx.AsyncHTTPTransport:
        self._tls = self._tls or _usual_trust()
        return httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, http2=False, limits=_CONNECTIONS)


def _request(outgoing: Outgoing) -> httpx.Request:
    """Build the request and make sure that httpx reads the address as our guard did."""
    headers = [(name.encode("ascii"), value.encode("utf-8")) for name, value in outgoing.headers]
    request = httpx.Request(outgoing.method, outgoing.url, headers=headers, content=outgoing.body)
    request.extensions["timeout"] = httpx.Timeout(None, connect=CONNECT_SECONDS).as_dict()
    if parse_address(str(request.url)) != parse_address(outgoing.url):
        raise httpx.InvalidURL("the address can be read in two ways")
    return request


def _pin_to(request: httpx.Request, ip: str) -> None:
    """Connect to a given number; name and certificate are still those of the address."""
    request.extensions["sni_hostname"] = request.url.raw_host.decode("ascii")
    request.url = request.url.copy_with(host=ip)


async def _converse(
    pool: httpx.AsyncHTTPTransport,
    request: httpx.Request,
    body_cap: int,
    incoming: Incoming,
    may_read: Callable[[int], bool],
) -> None:
    response = await pool.handle_async_request(request)
    try:
        incoming.status = response.status_code
        incoming.http_version = "HTTP/1.0" if response.http_version == "HTTP/1.0" else "HTTP/1.1"
        raw = response.headers.raw
        incoming.headers = tuple(_text_headers(raw[:MOST_HEADERS]))
        if len(raw) > MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > MOST_HEADER_BYTES:
            incoming.headers = incoming.headers[:20]
            incoming.fail(Reason.CONNECTIVITY, f"the answer has more than {MOST_HEADERS} headers, or huge ones")
            return
        await _read_body(response, body_cap, incoming, may_read)
    finally:
        await response.aclose()


async def _read_body(
    response: httpx.Response, body_cap: int, incoming: Incoming, may_read: Callable[[int], bool]
) -> None:
    inflater = Inflater(response.headers.get("content-encoding", ""))
    read = 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        piece = inflater.feed(chunk, body_cap + 1 - len(incoming.body))
        if not may_read(len(piece)):
            incoming.fail(Reason.BUDGET, "the audit has read as much as it may in all")
            return
        incoming.body += piece
        if len(incoming.body) > body_cap or read > body_cap:
            del incoming.body[body_cap:]
            incoming.fail(Reason.BUDGET, f"the answer is larger than {body_cap / 1024 / 1024:.3g} MiB")
            return
    inflater.finish()


def _text_headers(raw: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(_header_text(name), _header_text(value)) for name, value in raw]


def _header_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _usual_trust() -> ssl.SSLContext:
    """The authorities that come with Python's certifi, and the system's own, where a plant keeps its private ones."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _in_words(error: Exception, host: str) -> str:
    """What went wrong, in our words: the library's own messages may quote the answer."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {host} cannot be trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"no secure connection to {host} could be made"
        if isinstance(cause, socket.gaierror):
            return f"the name {host} is not known"
        if isinstance(cause, ConnectionRefusedError):
            return f"{host} refuses connections"
    match error:
        case httpx.ConnectError():
            return f"{host} cannot be reached"
        case httpx.RemoteProtocolError():
            return f"{host} ended its answer too early, or it is not proper HTTP"
        case httpx.NetworkError():
            return f"the connection to {host} broke before the answer was complete"
        case httpx.LocalProtocolError() | httpx.InvalidURL() | UnicodeError():
            return "the request cannot be put into proper HTTP"
        case _:
            return f"the exchange with {host} failed"


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it, a handful deep."""
    found: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and len(found) < 10:
        found.append(step)
        step = step.__cause__ or step.__context__
    return found
