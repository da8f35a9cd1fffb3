"""Whatever a server does, a request ends as a recorded exchange with a reason, and raises nothing but CouldNotLook."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.inflate import Inflater
from cmms_audit.wire.session import Session
from tests.wire.servers import by_hand, misbehaving
from tests.wire.sessions import Workbench

Behaviour = Callable[[socket.socket, threading.Event], None]

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BOMB = gzip.compress(b"0" * 40_000_000)
TIME = 0.3  # seconds that one request may take in these tests


def sends(*pieces: bytes) -> Behaviour:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return behave


def holds(*pieces: bytes) -> Behaviour:
    """Sends, and then neither goes on nor hangs up."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        sends(*pieces)(connection, over)
        over.wait(5)

    return behave


def drips(head: bytes) -> Behaviour:
    """Sends a byte now and then, so that no single wait is ever long."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head)
        while not over.wait(0.05):
            connection.sendall(b"1")

    return behave


def floods(head: bytes, piece: bytes) -> Behaviour:
    """Sends without end."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head)
        while not over.is_set():
            connection.sendall(piece)

    return behave


def resets(*pieces: bytes) -> Behaviour:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        sends(*pieces)(connection, over)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def body(content: bytes, *headers: bytes) -> bytes:
    return (
        JSON + b"".join(header + b"\r\n" for header in headers) + b"Content-Length: %d\r\n\r\n" % len(content) + content
    )


MISBEHAVIOURS: dict[str, tuple[Behaviour, Reason]] = {
    "hangs up without a word": (sends(), Reason.CONNECTIVITY),
    "resets the connection": (resets(), Reason.CONNECTIVITY),
    "resets in the middle of the body": (resets(JSON + b"Content-Length: 100\r\n\r\n[1,"), Reason.CONNECTIVITY),
    "never answers": (holds(), Reason.TIMEOUT),
    "stops in the middle of the headers": (holds(b"HTTP/1.1 200 OK\r\nContent-"), Reason.TIMEOUT),
    "stops in the middle of the body": (holds(JSON + b"Content-Length: 100\r\n\r\n[1,"), Reason.TIMEOUT),
    "drips its body": (drips(JSON + b"Content-Length: 100000\r\n\r\n"), Reason.TIMEOUT),
    "drips its headers": (drips(b"HTTP/1.1 200 OK\r\nX-Slow: "), Reason.TIMEOUT),
    "hints for ever": (floods(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50), Reason.TIMEOUT),
    "hangs up before the body is whole": (sends(JSON + b"Content-Length: 100\r\n\r\n[1,"), Reason.CONNECTIVITY),
    "is no web server": (sends(b"220 mail.example ESMTP\r\n"), Reason.CONNECTIVITY),
    "speaks gibberish": (sends(bytes(range(256)) * 4), Reason.CONNECTIVITY),
    "changes the protocol": (holds(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), Reason.CONNECTIVITY),
    "has a status that is none": (sends(b"HTTP/1.1 9999 WHAT\r\n\r\n"), Reason.CONNECTIVITY),
    "contradicts itself on its length": (
        sends(JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]]"),
        Reason.CONNECTIVITY,
    ),
    "has a length that is no number": (sends(JSON + b"Content-Length: many\r\n\r\n[]"), Reason.CONNECTIVITY),
    "breaks its chunks": (sends(JSON + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n[]\r\n"), Reason.CONNECTIVITY),
    "has a chunk as long as the world": (
        sends(JSON + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n[]\r\n"),
        Reason.CONNECTIVITY,
    ),
    "never ends its chunks": (
        floods(JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
        Reason.BUDGET,
    ),
    "never ends its body": (floods(JSON + b"\r\n", b" " * 65536), Reason.BUDGET),
    "sends one endless header": (floods(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a" * 65536), Reason.CONNECTIVITY),
    "sends endless headers": (floods(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 1000), Reason.CONNECTIVITY),
    "sends too many headers": (sends(JSON + b"X-More: 1\r\n" * 500 + b"\r\n"), Reason.CONNECTIVITY),
    "sends a gzip bomb": (sends(body(BOMB, b"Content-Encoding: gzip")), Reason.BUDGET),
    "sends a deflate bomb": (
        sends(body(zlib.compress(b"0" * 40_000_000), b"Content-Encoding: deflate")),
        Reason.BUDGET,
    ),
    "breaks off its gzip": (
        sends(body(gzip.compress(bytes(range(256)))[:100], b"Content-Encoding: gzip")),
        Reason.CONNECTIVITY,
    ),
    "goes on when its gzip has ended": (
        floods(JSON + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"[]"), b"x" * 65536),
        Reason.BUDGET,
    ),
    "lies about gzip": (sends(body(b"[1, 2, 3]", b"Content-Encoding: gzip")), Reason.CONNECTIVITY),
    "compresses as it was not asked to": (sends(body(b"[1, 2, 3]", b"Content-Encoding: br")), Reason.CONNECTIVITY),
    "compresses twice": (
        sends(body(gzip.compress(gzip.compress(b"[]")), b"Content-Encoding: gzip, gzip")),
        Reason.CONNECTIVITY,
    ),
    "says that its answer is shorter than it is": (
        sends(JSON + b'Content-Length: 8\r\n\r\n{"id": 1}'),
        Reason.CONNECTIVITY,
    ),
    "speaks as in the year 1991": (sends(b"<html>hello</html>"), Reason.CONNECTIVITY),
    "has a status line without end": (floods(b"HTTP/1.1 200 ", b"a" * 65536), Reason.CONNECTIVITY),
    "has a status of zero": (sends(b"HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n"), Reason.CONNECTIVITY),
    "asks to go on for ever": (floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50), Reason.TIMEOUT),
    "has a NUL in a header": (sends(JSON + b"X-A: a\0b\r\nContent-Length: 2\r\n\r\n[]"), Reason.CONNECTIVITY),
    "breaks a header in two": (sends(JSON + b"X-A: a\rSet-Cookie: b=c\r\n\r\n[]"), Reason.CONNECTIVITY),
    "has a header without a name": (sends(JSON + b": nameless\r\nContent-Length: 2\r\n\r\n[]"), Reason.CONNECTIVITY),
    "hides its length from some": (
        sends(JSON + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2\r\n"),
        Reason.CONNECTIVITY,
    ),
    "transfers in a way nobody asked for": (sends(JSON + b"Transfer-Encoding: gzip\r\n\r\n[]"), Reason.CONNECTIVITY),
    "has endless words beside a chunk": (
        floods(JSON + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 65536),
        Reason.CONNECTIVITY,
    ),
    "ends its chunks with endless headers": (
        floods(JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n", b"X-More: 1\r\n" * 1000),
        Reason.CONNECTIVITY,
    ),
    "hangs up in the middle of its chunks": (
        sends(JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n"),
        Reason.CONNECTIVITY,
    ),
    "compresses in yet another way": (sends(body(b"[1, 2, 3]", b"Content-Encoding: zstd")), Reason.CONNECTIVITY),
    "compresses in a way that there is not": (
        sends(body(b"[]", b"Content-Encoding: \xff, gzip;q=1")),
        Reason.CONNECTIVITY,
    ),
    "sends JSON that is not UTF-8": (sends(body(b'{"name": "caf\xe9"}')), Reason.CONNECTIVITY),
    "redirects in a circle": (
        sends(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"),
        Reason.CONNECTIVITY,
    ),
}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_a_misbehaving_server_ends_as_a_recorded_exchange_with_a_reason(name: str, tmp_path: Path) -> None:
    behave, reason = MISBEHAVIOURS[name]
    with misbehaving(behave) as address:
        bench = Workbench(
            tmp_path, address, clock=Clock(), options={"request_seconds": TIME if reason is Reason.TIMEOUT else 5}
        )

        with pytest.raises(CouldNotLook) as refusal:
            bench.get()

    recorded = bench.exchanges()[-1]
    assert refusal.value.reason is reason
    assert refusal.value.evidence == (recorded,)
    if name != "redirects in a circle":
        assert recorded.reason is reason
        assert recorded.failure == refusal.value.summary


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (lambda connection, over: over.wait(5), Reason.TIMEOUT),
        (lambda connection, over: connection.sendall(b"HTTP/1.1 400 Plain\r\n\r\n"), Reason.CONNECTIVITY),
        (lambda connection, over: None, Reason.CONNECTIVITY),
        (lambda connection, over: connection.sendall(b"\x16\x03\x03\xff\xff" + b"\0" * 70_000), Reason.CONNECTIVITY),
    ],
    ids=["says nothing", "speaks unencrypted", "hangs up", "speaks gibberish"],
)
def test_a_secure_connection_that_never_comes_about_is_recorded_too(
    behave: Behaviour, reason: Reason, tmp_path: Path
) -> None:
    with by_hand(behave) as address:
        url = address.replace("http://", "https://")
        bench = Workbench(tmp_path, url, clock=Clock(), options={"request_seconds": TIME})
        with pytest.raises(CouldNotLook) as refusal:
            bench.get()

    [recorded] = bench.exchanges()
    assert (recorded.status, recorded.reason, refusal.value.reason) == (0, reason, reason)


def test_what_arrived_of_a_broken_answer_is_kept(tmp_path: Path) -> None:
    with misbehaving(resets(JSON + b"Content-Length: 100\r\n\r\n[1,2,")) as address:
        bench = Workbench(tmp_path, address, clock=Clock())
        with pytest.raises(CouldNotLook):
            bench.get()

    [recorded] = bench.exchanges()
    assert recorded.response is not None
    assert (recorded.status, recorded.response.body, recorded.response.truncated) == (200, "[1,2,", True)


def test_a_bomb_is_never_unpacked_beyond_the_cap(tmp_path: Path) -> None:
    with misbehaving(sends(body(BOMB, b"Content-Encoding: gzip"))) as address:
        bench = Workbench(tmp_path, address, clock=Clock())
        with pytest.raises(CouldNotLook):
            bench.get()

    [recorded] = bench.exchanges()
    assert recorded.response is not None
    assert recorded.response.size == 8 * 1024 * 1024
    assert bench.traffic.bytes == recorded.response.size


def test_the_message_of_a_failure_quotes_nothing_that_the_server_sent(tmp_path: Path) -> None:
    with misbehaving(sends(b"HTTP/1.1 \x1b[31mPWNED k3y\r\n\r\n")) as address:
        bench = Workbench(tmp_path, address, clock=Clock())
        with pytest.raises(CouldNotLook) as refusal:
            bench.get()

    assert "PWNED" not in refusal.value.summary
    assert "\x1b" not in refusal.value.summary


HEAD_PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //[::1\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://user@else\\where\r\n",
        b"HTTP/1.1 429 Slow\r\nRetry-After: 99999999999999999999\r\n",
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: \xff\xfe\r\n",
        b"Content-Type: application/json; charset=hex\r\n",
        b"Content-Type: text/html; charset=\x00\r\n",
        b"Content-Encoding: deflate\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"RateLimit: limit=, remaining=-1, reset=1e999\r\n",
        b"X-RateLimit-Reset: 99999999999999999999999\r\n",
        b"Set-Cookie: \r\n",
        b"\r\n",
        b"[1,2]",
        b"\x80\xff",
        b"0\r\n\r\n",
    ]
)


def test_no_sequence_of_bytes_raises_anything_but_could_not_look(tmp_path: Path) -> None:
    said: list[bytes] = []
    with misbehaving(lambda connection, over: connection.sendall(b"".join(said))) as address:
        bench = Workbench(tmp_path, address, clock=Clock(), options={"request_seconds": 1})

        @settings(max_examples=80, deadline=None)
        @given(pieces=st.lists(st.one_of(HEAD_PIECES, st.binary(max_size=20)), max_size=9))
        def holds_for(pieces: list[bytes]) -> None:
            said[:] = pieces
            bench.evidence.unlink(missing_ok=True)
            with contextlib.suppress(CouldNotLook):
                bench.get()
            assert bench.exchanges()

        holds_for()


def test_no_more_is_unpacked_than_there_is_room_for() -> None:
    assert len(Inflater("gzip").feed(BOMB, 1000)) <= 1000
    assert len(Inflater("deflate").feed(zlib.compress(bytes(100_000)), 1000)) <= 1000


def test_deflate_is_understood_with_and_without_its_wrapper() -> None:
    bare = zlib.compressobj(wbits=-15)

    assert Inflater("deflate").feed(zlib.compress(b"[1, 2]"), 100) == b"[1, 2]"
    assert Inflater("deflate").feed(bare.compress(b"[1, 2]") + bare.flush(), 100) == b"[1, 2]"


ODD_BODIES: dict[str, tuple[bytes, object]] = {
    "broken": (b'{"id": 1,', None),
    "empty": (b"", None),
    "deep": (b"[" * 200_000, None),
    "deep and whole": (b"[" * 200_000 + b"]" * 200_000, None),
    "with a NUL in it": (b'{"name": "a\\u0000b"}', {"name": "a\0b"}),
    "of NULs": (b"\0" * 100, None),
    "a number without end": (b"1" * 10_000, None),
    "no number at all": (b'{"a": NaN}', ...),
    "naming a member twice": (b'{"data": [{"id": 1, "id": 2}]}', {"data": [{"id": 2}]}),
}


@pytest.mark.parametrize("name", ODD_BODIES)
def test_an_odd_body_is_recorded_and_read_as_far_as_it_can_be(name: str, tmp_path: Path) -> None:
    content, value = ODD_BODIES[name]
    with misbehaving(sends(body(content))) as address:
        exchange = Workbench(tmp_path, address, clock=Clock()).get()

    assert (exchange.status, exchange.failure) == (200, None)
    assert exchange.text == content.decode()
    assert value is ... or exchange.json == value
    assert exchange.notes.get("duplicate_keys", False) is (name == "naming a member twice")


def test_what_follows_an_answer_is_never_taken_for_the_next_one(tmp_path: Path) -> None:
    """A server that counts letters, not bytes, or sends a body where none may be, leaves something on the line."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    heads = [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]

    async def work(session: Session) -> list[str]:
        first = await session.send("GET", address + "/x", owner="test")
        second = await session.send("GET", address + "/x", owner="test")
        return [first.text, second.text]

    for at, head in enumerate(heads):
        with misbehaving(holds(head + forged)) as address:
            bench = Workbench(tmp_path / str(at), address, clock=Clock())
            assert bench.run(work) == ["", ""]
