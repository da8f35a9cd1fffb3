"""Puts one request on the network and reads the answer within hard bounds; knows the HTTP client.

Judges nothing and knows no secrets but a proxy's: where a request may go, what it carries and what is recorded is
decided above. No setting of the environment is used, no cookie is kept, no redirect followed, nothing sent twice.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import quote

import httpcore
from msgspec import Struct, field

from cmms_audit.addresses import Address, parse_address
from cmms_audit.model import Reason
from cmms_audit.wire.facts import HANDSHAKE
from cmms_audit.wire.failures import NotProperHttp, SentTwice, in_words
from cmms_audit.wire.handshake import handshake, outdated_only
from cmms_audit.wire.inflate import CannotInflate, Inflater
from cmms_audit.wire.names import LookUp, Names, ask_the_system
from cmms_audit.wire.network import CONNECT_SECONDS, PinnedNetwork, Stream
from cmms_audit.wire.proxies import Proxies, Proxy

MOST_HEADERS = 200
MOST_HEADER_BYTES = 64 * 1024
_CONNECTIONS = 32  # more than are ever used at once: to wait for one would count as waiting for the answer
# Idle connections are given up before the usual server does so (5 s), lest a request meets a closing door.
_IDLE_SECONDS = 4
_TIMEOUTS = {"connect": CONNECT_SECONDS}
_IN_TARGET = "!$%&'()*+,/:;=?@[]~"  # what travels in an address as it is, beside letters, digits and "-._"
_VERSIONS = {b"HTTP/1.0": "HTTP/1.0", b"HTTP/2": "HTTP/2"}
_TAKES_BODY = frozenset({"POST", "PUT", "PATCH"})


class Outgoing(Struct, frozen=True):
    """A request ready to be sent, secrets in place.

    `body_cap` is in bytes after decompression, `deadline` in seconds for everything, from looking up the name to the
    last byte.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    body_cap: int
    deadline: float

    def __repr__(self) -> str:
        """What may be shown: neither address nor headers, which may hold a credential."""
        return f"Outgoing({self.method}, deadline={self.deadline:.3g})"


class Incoming(Struct):
    """What came back. Filled as it arrives, so that an answer that breaks off is kept as far as it came.

    `status` is 0 until the headers were read. `failure` says in words why the answer is not whole, `reason` in kind.
    `notes` are facts read from the raw answer, to be recorded with it; no secrets.
    """

    status: int = 0
    http_version: str = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytearray = field(default_factory=bytearray)
    sent_headers: tuple[tuple[str, str], ...] = ()
    failure: str | None = None
    reason: Reason | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """What may be shown: not what came, which may hold a new token."""
        return f"Incoming(status={self.status}, bytes={len(self.body)}, failure={self.failure!r})"

    def fail(self, reason: Reason, failure: str) -> None:
        """Note why the answer is not whole."""
        self.reason, self.failure = reason, failure


class Transport:
    """The network, for one run and from one event loop.

    Each host name is looked up once, and all connections to it go to the numbers of that answer. A connection serves
    only the scheme, host and port that it was made for. Where a proxy carries a request, only the proxy's own name is
    looked up here: which number the request reaches in the end is then up to the proxy.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        own_tls: ssl.SSLContext | None = None,
        own_hosts: frozenset[tuple[str, int]] = frozenset(),
        proxies: Proxies | None = None,
        look_up: LookUp = ask_the_system,
    ) -> None:
        """`tls` replaces the usual trust: the system's certificate authorities and those that come with Python.

        `own_tls` (a client's certificate, a private authority) is used for `own_hosts` (host, port) and nowhere else.
        """
        self._tls = tls
        self._own_tls = own_tls
        self._own_hosts = own_hosts
        self._proxies = proxies or Proxies()
        self._names = Names(look_up)
        self._network = PinnedNetwork(self._names)
        self._pools: dict[tuple[str, Proxy | None], _Pool] = {}

    async def exchange(self, outgoing: Outgoing, incoming: Incoming, may_read: Callable[[int], bool]) -> None:
        """Send a request and fill `incoming`. Raises nothing but CancelledError: trouble is noted in `incoming`.

        `may_read` is asked before so many more bytes are taken in; it says no where the run's total is used up.
        """
        address = parse_address(outgoing.url)
        await self._carry(
            self._exchange(outgoing, address, incoming, may_read), address, incoming, seconds=outgoing.deadline
        )

    async def handshake(self, url: str, incoming: Incoming, *, old: bool, deadline: float) -> None:
        """Take up an encrypted connection and hang up; how it went is noted in `incoming`, as with `exchange`.

        An `old` one offers the withdrawn versions of TLS alone, and trusts anybody.
        """
        address = parse_address(url)
        await self._carry(self._shake_hands(address, incoming, old=old), address, incoming, seconds=deadline)

    async def _shake_hands(self, address: Address, incoming: Incoming, *, old: bool) -> None:
        context = outdated_only() if old else self._trust(self._kind(address))
        if context is None:
            incoming.fail(Reason.NOT_PERMITTED, "this machine itself does not speak the old versions of TLS any more")
            return
        incoming.notes[HANDSHAKE] = await handshake(self._network, address, context)

    async def _carry(
        self, act: Coroutine[Any, Any, None], address: Address, incoming: Incoming, *, seconds: float
    ) -> None:
        """Let something take so many seconds at most. Raises nothing but CancelledError: trouble is noted."""
        try:
            async with asyncio.timeout(seconds):
                await act
        except httpcore.ConnectTimeout:
            incoming.fail(Reason.TIMEOUT, f"{address.host} did not take up a connection within {CONNECT_SECONDS:.3g} s")
        except TimeoutError:
            incoming.fail(Reason.TIMEOUT, f"{address.host} did not give its whole answer within {seconds:.3g} s")
        except CannotInflate:
            incoming.fail(Reason.CONNECTIVITY, "the answer is not compressed the way it says, or not as it was asked")
        except Exception as error:  # the libraries stumble in many ways over what a stranger sends
            proxy = self._proxies.carrier(address)
            by = parse_address(proxy.url).host if proxy else None
            incoming.fail(Reason.CONNECTIVITY, in_words(error, address.host, proxy=by))

    def goes_by_proxy(self, url: str) -> bool:
        """Whether a proxy carries what is sent to an address."""
        return self._proxies.carrier(parse_address(url)) is not None

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The numbers that a name stands for in this run; none where it is not known. Raises TimeoutError."""
        return await self._names.numbers(host)

    async def close(self) -> None:
        """Close every connection."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.close()

    async def _exchange(
        self, outgoing: Outgoing, address: Address, incoming: Incoming, may_read: Callable[[int], bool]
    ) -> None:
        headers = _headers(outgoing, address)
        incoming.sent_headers = tuple(headers)
        request = _request(outgoing, address, headers)
        key, pool = self._pool(address)
        pool.under_way += 1
        whole = False
        try:
            await _converse(pool.connections, request, outgoing.body_cap, incoming, may_read)
            whole = incoming.reason is None
        finally:
            pool.under_way -= 1
            if not whole and address.scheme == "https" and self._pools.get(key) is pool:
                # HTTP/2 cannot be told through this client to stop an answer: what is left of it would hold up others.
                del self._pools[key]
                pool.given_up = True
            if pool.given_up and not pool.under_way:
                await pool.close()

    def _pool(self, address: Address) -> tuple[tuple[str, Proxy | None], _Pool]:
        """The connections that a request to an address may use."""
        key = (self._kind(address), self._proxies.carrier(address))
        if key not in self._pools:
            self._pools[key] = _Pool(self._new_connections(*key))
        return key, self._pools[key]

    def _kind(self, address: Address) -> str:
        """Which certificates count for what is sent to an address: none, the plant's own, the usual ones."""
        if address.scheme == "http":
            return "plain"
        return "own" if self._own_tls is not None and (address.host, address.port) in self._own_hosts else "usual"

    def _new_connections(self, kind: str, proxy: Proxy | None) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            ssl_context=self._trust(kind) if kind != "plain" else None,
            proxy=self._proxy(proxy) if proxy else None,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            http2=kind != "plain",
            network_backend=self._network,
        )

    def _trust(self, kind: str) -> ssl.SSLContext:
        if kind == "own" and self._own_tls is not None:
            return self._own_tls
        self._tls = self._tls or usual_trust()
        return self._tls

    def _proxy(self, proxy: Proxy) -> httpcore.Proxy:
        auth = (proxy.username.encode(), proxy.password.encode()) if proxy.username or proxy.password else None
        return httpcore.Proxy(proxy.url, auth, ssl_context=self._trust("usual") if "https:" in proxy.url else None)


class _Pool:
    """Connections that may be given up while answers are still read from them."""

    def __init__(self, connections: httpcore.AsyncConnectionPool) -> None:
        self.connections = connections
        self.under_way = 0
        self.given_up = False

    async def close(self) -> None:
        await self.connections.aclose()


def usual_trust() -> ssl.SSLContext:
    """The authorities that come with Python's certifi, and the system's own, where a plant keeps its private ones."""
    return httpcore.default_ssl_context()


def _headers(outgoing: Outgoing, address: Address) -> list[tuple[str, str]]:
    """The headers as they are sent."""
    usual_port = {"http": ":80", "https": ":443"}[address.scheme]
    headers = [("Host", address.origin.partition("://")[2].removesuffix(usual_port)), *outgoing.headers]
    if outgoing.body or outgoing.method in _TAKES_BODY:
        headers.append(("Content-Length", str(len(outgoing.body or b""))))
    return headers


def _request(outgoing: Outgoing, address: Address, headers: Sequence[tuple[str, str]]) -> httpcore.Request:
    encoded = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers]
    if _breaks_out(b"".join(value for _, value in encoded)):
        raise httpcore.LocalProtocolError
    url = httpcore.URL(
        scheme=address.scheme.encode(), host=address.host.encode(), port=address.port, target=_target(outgoing.url)
    )
    extensions: dict[str, Any] = {"timeout": _TIMEOUTS}
    if address.scheme == "https":
        extensions["trace"] = _once()
    return httpcore.Request(outgoing.method, url, headers=encoded, content=outgoing.body, extensions=extensions)


def _breaks_out(text: bytes) -> bool:
    """Whether what should be headers could be read as the end of one (HTTP/2 carries such things: RFC 9113, 8.2.1)."""
    return b"\n" in text or b"\r" in text or b"\0" in text


def _target(url: str) -> bytes:
    """Path and query as they are sent: what is not plain ASCII, or has no place in an address, percent-encoded."""
    rest = url.partition("#")[0].partition("://")[2]
    start = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    target = rest[start:]
    return quote(target if target.startswith("/") else "/" + target, safe=_IN_TARGET, errors="replace").encode("ascii")


def _once() -> Callable[[str, object], Any]:
    """Forbids the client what HTTP/2 allows it: to send a request again that a server says it has not looked at."""
    sent = False

    async def trace(event: str, _: object) -> None:
        nonlocal sent
        if event == "http2.send_request_headers.started":
            if sent:
                raise SentTwice
            sent = True

    return trace


async def _converse(
    pool: httpcore.AsyncConnectionPool,
    request: httpcore.Request,
    body_cap: int,
    incoming: Incoming,
    may_read: Callable[[int], bool],
) -> None:
    response = await pool.handle_async_request(request)
    try:
        _read_head(response, incoming)
        if incoming.reason is None:
            end = await _read_body(response, body_cap, incoming, may_read)
            _look_for_surplus(response, end, incoming)
    finally:
        await response.aclose()


def _read_head(response: httpcore.Response, incoming: Incoming) -> None:
    """Take in status and headers. Raises NotProperHttp where there is no such status, or a header breaks out."""
    raw = response.headers
    head = b"".join(name + value for name, value in raw)
    if not 200 <= response.status <= 999 or _breaks_out(head):
        raise NotProperHttp
    incoming.status = response.status
    incoming.http_version = _VERSIONS.get(response.extensions["http_version"], "HTTP/1.1")
    incoming.headers = tuple((_header_text(name), _header_text(value)) for name, value in raw[:MOST_HEADERS])
    if len(raw) > MOST_HEADERS or len(head) > MOST_HEADER_BYTES:
        incoming.headers = incoming.headers[:20]
        incoming.fail(Reason.CONNECTIVITY, f"the answer has more than {MOST_HEADERS} headers, or huge ones")


async def _read_body(
    response: httpcore.Response, body_cap: int, incoming: Incoming, may_read: Callable[[int], bool]
) -> bytes:
    """Take in the body, unpacked; returns its last bytes as they travelled."""
    inflater = Inflater(_first(response, b"content-encoding"))
    read, chunk = 0, b""
    async with aclosing(cast(Any, response.aiter_stream())) as chunks:
        async for chunk in chunks:
            read += len(chunk)
            piece = inflater.feed(chunk, body_cap + 1 - len(incoming.body))
            if not may_read(max(len(piece), len(chunk))):
                incoming.fail(Reason.BUDGET, "the audit has read as much as it may in all")
                return b""
            incoming.body += piece
            if len(incoming.body) > body_cap or read > body_cap:
                del incoming.body[body_cap:]
                incoming.fail(Reason.BUDGET, f"the answer is larger than {body_cap / 1024 / 1024:.3g} MiB")
                return b""
    inflater.finish()
    return chunk


def _look_for_surplus(response: httpcore.Response, end: bytes, incoming: Incoming) -> None:
    """Use no connection again on which more came than the answer holds: it would be taken for the next answer.

    `end` is how the body ended. What follows an answer that may have no body is common, and no fault of the answer.
    """
    stream = response.extensions.get("network_stream")
    if not isinstance(stream, Stream) or not stream.tail or incoming.http_version == "HTTP/2" or incoming.reason:
        return
    chunked = bool(_first(response, b"transfer-encoding"))
    if not end or chunked:  # the last that came is the end of the head, or of the last chunk
        stream.spoilt = not stream.tail.endswith(b"\n")
    elif not (end.endswith(stream.tail) or stream.tail.endswith(end)):
        stream.spoilt = True
        incoming.fail(Reason.CONNECTIVITY, "the answer is longer than it says")


def _first(response: httpcore.Response, name: bytes) -> str:
    """The first header of that name (small letters); empty where there is none."""
    return next((_header_text(value) for key, value in response.headers if key.lower() == name), "")


def _header_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
