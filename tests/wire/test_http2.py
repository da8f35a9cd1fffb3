"""HTTP/2 where a server offers it; one that misuses it ends as a recorded exchange with a reason, like any other."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from h2.errors import ErrorCodes

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.session import Session
from cmms_audit.wire.transport import Transport
from tests.wire.h2_servers import HEAD, Answering, Respond, speaking_h2, trust
from tests.wire.sessions import KEY, Workbench


def bench(folder: Path, url: str, seconds: float = 5) -> Workbench:
    options = {"transport": Transport(trust()), "request_seconds": seconds}
    return Workbench(folder, url, clock=Clock(), options=options)


def test_http2_is_spoken_where_it_is_offered(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    def respond(request: Answering, over: threading.Event) -> None:
        seen.append(request.headers)
        request.send(HEAD, b'{"id": 1}')

    with speaking_h2(respond) as url:
        exchange = bench(tmp_path, url).get("/things?page=1")

    assert exchange.response is not None
    assert (exchange.status, exchange.json, exchange.response.http_version) == (200, {"id": 1}, "HTTP/2")
    assert (seen[0][":path"], seen[0]["x-api-key"]) == ("/things?page=1", KEY)


def test_many_requests_share_a_connection(tmp_path: Path) -> None:
    connections: set[int] = set()

    def respond(request: Answering, over: threading.Event) -> None:
        connections.add(id(request.connection))
        request.send(HEAD, b"[]")

    async def work(session: Session) -> list[int]:
        asked = [session.send("GET", url + "/x", owner="test") for _ in range(20)]
        return [each.status for each in await asyncio.gather(*asked)]

    with speaking_h2(respond) as url:
        assert bench(tmp_path, url).run(work) == [200] * 20

    assert len(connections) == 1


def resets(request: Answering, over: threading.Event) -> None:
    request.send(HEAD, b"[1,", end=False)
    request.h2.reset_stream(request.stream, ErrorCodes.INTERNAL_ERROR)
    request.flush()


def says_good_bye(request: Answering, over: threading.Event) -> None:
    request.send(HEAD, b"[1,", end=False)
    request.h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
    request.flush()


def hangs_up(request: Answering, over: threading.Event) -> None:
    request.send(HEAD, b"[1,", end=False)
    request.connection.close()


def drips(request: Answering, over: threading.Event) -> None:
    request.send(HEAD, end=False)
    while not over.wait(0.05):
        request.send(body=b"1", end=False)


def never_ends(request: Answering, over: threading.Event) -> None:
    request.send(HEAD, end=False)
    while request.h2.local_flow_control_window(request.stream) > 16_000:  # all that the client lets come
        request.send(body=b" " * 16_000, end=False)
    over.wait(5)


def raw(*frames: bytes) -> Respond:
    def respond(request: Answering, over: threading.Event) -> None:
        request.connection.sendall(b"".join(frames))
        over.wait(2)

    return respond


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def answers(*headers: tuple[str, str], body: bytes = b"[]") -> Respond:
    return lambda request, over: request.send(list(headers), body)


MISBEHAVIOURS: dict[str, tuple[Respond, Reason]] = {
    "resets the stream": (resets, Reason.CONNECTIVITY),
    "says good-bye in the middle of the body": (says_good_bye, Reason.CONNECTIVITY),
    "hangs up in the middle of the body": (hangs_up, Reason.CONNECTIVITY),
    "never answers": (lambda request, over: over.wait(2) and None, Reason.TIMEOUT),
    "drips its body": (drips, Reason.TIMEOUT),
    "never ends its body": (never_ends, Reason.BUDGET),
    "stops in the middle of a frame": (raw(b"\x00\x00\x03\x00\x00\x00\x00\x00\x01"), Reason.TIMEOUT),
    "speaks gibberish": (raw(b"\xff" * 4096), Reason.TIMEOUT),
    "speaks HTTP/1.1 after all": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"), Reason.TIMEOUT),
    "compresses its headers as nobody does": (raw(frame(1, 4, 1, b"\xff" * 40)), Reason.CONNECTIVITY),
    "sends a flood of continuations": (
        raw(frame(1, 0, 1, b"\x88"), *[frame(9, 0, 1, b"\x00\x01a\x01b")] * 2_000),
        Reason.CONNECTIVITY,
    ),
    "sends headers larger than was asked for": (
        raw(frame(1, 0, 1, b"\x88"), *[frame(9, 0, 1, b"\x00\x01a\x7f\x81\x7f" + b"b" * 256)] * 400),
        Reason.CONNECTIVITY,
    ),
    "sends too many headers": (answers(*HEAD, *[("x-more", "1")] * 500), Reason.CONNECTIVITY),
    "has a status that is none": (answers((":status", "many")), Reason.CONNECTIVITY),
    "has a status that is no final one": (answers((":status", "0")), Reason.CONNECTIVITY),
    "smuggles a header into another": (answers(*HEAD, ("x-a", "1\r\nset-cookie: a=b")), Reason.CONNECTIVITY),
    "compresses as it was not asked to": (answers(*HEAD, ("content-encoding", "br")), Reason.CONNECTIVITY),
}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_a_misbehaving_server_ends_as_a_recorded_exchange_with_a_reason(name: str, tmp_path: Path) -> None:
    respond, reason = MISBEHAVIOURS[name]
    with speaking_h2(respond) as url:
        work = bench(tmp_path, url, 0.5 if reason is Reason.TIMEOUT else 5)
        with pytest.raises(CouldNotLook) as refusal:
            work.get()

    [recorded] = work.exchanges()
    assert (refusal.value.reason, recorded.reason) == (reason, reason)
    assert refusal.value.evidence == (recorded,)


def test_what_a_server_says_it_has_not_looked_at_is_not_sent_again(tmp_path: Path) -> None:
    """HTTP/2 lets a client repeat such a request by itself; then a hostile server could make two records of one."""
    paths: list[str] = []

    def respond(request: Answering, over: threading.Event) -> None:
        paths.append(request.headers[":path"])
        if request.stream > 1:
            request.h2.close_connection(last_stream_id=1)
            request.flush()
        else:
            request.send(HEAD, b"[]")

    async def work(session: Session) -> Any:
        await session.send("GET", url + "/first", owner="test")
        return await session.send("GET", url + "/second", owner="test")

    with speaking_h2(respond) as url:
        workbench = bench(tmp_path, url)
        with pytest.raises(CouldNotLook) as refusal:
            workbench.run(work)

    assert refusal.value.reason is Reason.CONNECTIVITY
    assert paths == ["/first", "/second"]
    assert len(workbench.exchanges()) == 2


def test_an_answer_that_was_given_up_does_not_hold_up_the_next(tmp_path: Path) -> None:
    """What is left of an endless answer would use up what the connection lets come in."""

    at_once = threading.Event()
    at_once.set()

    def respond(request: Answering, over: threading.Event) -> None:
        if request.headers[":path"] == "/endless":
            never_ends(request, at_once)
        else:
            request.send(HEAD, b"[]")

    async def work(session: Session) -> list[Any]:
        came: list[Any] = []
        for path in ("/x", "/endless", "/endless", "/x"):
            try:
                came.append((await session.send("GET", url + path, owner="test")).status)
            except CouldNotLook as why:
                came.append(why.reason)
        return came

    with speaking_h2(respond) as url:
        assert bench(tmp_path, url).run(work) == [200, Reason.BUDGET, Reason.BUDGET, 200]
