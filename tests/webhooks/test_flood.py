"""A sender who floods the receiver: it costs the run little, whatever comes, and what was not looked at is said."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.webhooks import address as addresses
from cmms_audit.webhooks import mailroom as mailrooms
from cmms_audit.webhooks import reading, receiver
from cmms_audit.webhooks.address import Address, Most
from cmms_audit.webhooks.behaviour import ACCEPT, read_script
from cmms_audit.webhooks.delivery import DELIVERY, Delivery, delivery_to_json
from cmms_audit.webhooks.mailroom import Mailroom
from cmms_audit.webhooks.received import Received
from cmms_audit.webhooks.room import Bucket
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.journal import Journal, visible_json
from cmms_audit.wire.redact import Redactor
from tests.webhooks.test_receiver import Desk, with_desk

CHUNKED = "Transfer-Encoding: chunked\r\n"


class Caller:
    """A connection by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def goes_on(self, data: bytes) -> None:
        """Say the same over and over."""
        for _ in range(50):
            await self.says(data)
            await asyncio.sleep(0.02)

    async def hears(self) -> bytes:
        """All that comes until the other side hangs up."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def status(self) -> int:
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[Caller]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()


def request(url: str, headers: str = "", body: bytes | None = None, method: str = "POST") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
    return f"{method} {urlsplit(url).path} HTTP/1.1\r\nHost: plant\r\n{headers}{length}\r\n".encode() + (body or b"")


async def sent(url: str, *messages: bytes, headers: str = "") -> list[int]:
    """What each message was answered with, one connection each."""
    statuses = []
    for body in messages:
        async with calling(url) as caller:
            await caller.says(request(url, headers, body))
            statuses.append(await caller.status())
    return statuses


# -- one connection -------------------------------------------------------------------------------------------


def test_the_body_of_a_stranger_is_not_waited_for() -> None:
    async def test(at: Desk) -> None:
        async with calling(at.url) as caller:
            await caller.says(b"POST /nobody HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
            assert b" 404 " in await caller.hears()

    with_desk(test)


@pytest.mark.parametrize("path", ["known", "/nobody"])
def test_a_body_in_endless_tiny_pieces_is_read_no_further(path: str) -> None:
    async def test(at: Desk) -> None:
        to = at.url if path == "known" else at.receiver.origin + path
        async with calling(at.url) as caller:
            await caller.says(request(to, CHUNKED))
            with pytest.raises(OSError):
                await caller.goes_on(b"1\r\nx\r\n" * 5_000)
        assert (at.came, at.address.dropped) == ([], 1 if path == "known" else 0)

    with_desk(test)


def test_a_body_in_more_pieces_than_it_needs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_PIECES", 50)

    async def test(at: Desk) -> None:
        for pieces, status in ((50, 200), (51, 413)):
            async with calling(at.url) as caller:
                await caller.says(request(at.url, CHUNKED) + b"1\r\nx\r\n" * pieces + b"0\r\n\r\n")
                assert await caller.status() == status
        assert at.address.dropped == 1

    with_desk(test)


def test_others_have_their_turn_while_a_body_in_pieces_is_read() -> None:
    async def test(at: Desk) -> None:
        turns = 0
        async with calling(at.url) as caller:
            await caller.says(request(at.url, CHUNKED) + b"1\r\nx\r\n" * 3_000 + b"0\r\n\r\n")
            while not at.came:
                await asyncio.sleep(0)
                turns += 1
            assert await caller.status() == 200
        assert turns > 3_000 / 100

    with_desk(test)


def test_others_have_their_turn_between_the_requests_of_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "MOST_REQUESTS", 100)

    async def test(at: Desk) -> None:
        async with calling(at.url) as caller:
            await caller.says(request(at.url, method="GET") * 150)
            assert at.address.handshakes == 0
            turns = 0
            while at.address.handshakes < 100:
                await asyncio.sleep(0)
                turns += 1
            assert turns > 50
            assert (await caller.hears()).count(b"HTTP/1.1 200") == 100

    with_desk(test)


class Stuck(asyncio.StreamWriter):
    """The way to somebody who reads nothing."""

    def __init__(self) -> None:
        """Nothing is behind it."""

    def __del__(self) -> None:
        """Nothing is to be closed."""

    def write(self, data: object) -> None:
        """It is never taken."""

    async def drain(self) -> None:
        await asyncio.sleep(60)


def test_an_answer_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ANSWER_SECONDS", 0.05)

    async def run() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        line = reading.Line(reader, Stuck(), Bucket(10_000, 0))
        await line.next_head()
        await line.answer(200)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(run(), 5))
    assert time.monotonic() - began < 4


def test_whoever_does_not_hang_up_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CLOSE_SECONDS", 0.05)

    async def test(at: Desk) -> None:
        async with calling(at.url) as caller:
            await caller.says(b"POST /nobody HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
            assert await caller.status() == 404
            await asyncio.sleep(0.3)
            assert not at.receiver._lines

    with_desk(test)


# -- many connections -----------------------------------------------------------------------------------------


def test_whoever_holds_connections_and_says_nothing_makes_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "MOST_CONNECTIONS", 3)

    async def test(at: Desk) -> None:
        async with calling(at.url) as first, calling(at.url) as second, calling(at.url), calling(at.url):
            await asyncio.sleep(0.05)
            assert await sent(at.url, b"{}") == [200]
            assert (await first.hears(), await second.hears()) == (b"", b"")
        assert at.receiver.turned_away == 2

    with_desk(test)


def test_whoever_is_being_treated_is_not_turned_away_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "MOST_CONNECTIONS", 1)

    async def test(at: Desk) -> None:
        async with calling(at.url) as waiting:
            await waiting.says(request(at.url, body=b"{}"))
            await asyncio.wait_for(at.first.wait(), 5)
            async with calling(at.url) as late:
                assert await late.hears() == b""
            assert await waiting.status() == 200

    with_desk(test, "slow:0.3")


def test_more_bytes_than_may_come_at_a_time_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "MOST_BYTES_AT_ONCE", 60_000)
    monkeypatch.setattr(receiver, "MOST_BYTES_A_SECOND", 1)

    async def test(at: Desk) -> None:
        assert await sent(at.url, b"{}") == [200]
        async with calling(at.url) as caller:
            await caller.says(request(at.url, "Content-Length: 50000\r\n"))
            await asyncio.sleep(0.05)
            await caller.says(b"x" * 40_000)
            assert await caller.status() == 503
        async with calling(at.url) as caller:
            assert await caller.hears() == b""
        assert (len(at.came), at.address.dropped, at.receiver.turned_away) == (1, 1, 1)

    with_desk(test)


def test_what_more_headers_than_are_read_come_with_is_counted() -> None:
    async def test(at: Desk) -> None:
        assert await sent(at.url, b"{}", headers="A: b\r\n" * 150) == [431]
        assert at.address.dropped == 1

    with_desk(test)


# -- what one address takes -----------------------------------------------------------------------------------


def test_long_names_of_events_take_little_room_and_are_told_apart() -> None:
    address = Address("probe", read_script("503, 200"))
    one, other = "\x85" * 31_000, "\x85" * 31_000 + "\ud800"

    treated = [str(address.next_behaviour([name])) for name in (one, one, other)]

    assert treated == ["503", "200", "503"]
    assert max(map(len, address._tries)) <= 64


@asynccontextmanager
async def mailroom(folder: Path) -> AsyncIterator[Mailroom]:
    journal = Journal(folder / "out" / "evidence.jsonl")
    room = Mailroom(("127.0.0.1", 0), journal=journal, redactor=Redactor(), clock=Clock())
    try:
        yield room
    finally:
        await room.close()
        journal.close()


def with_mailroom(folder: Path, test: Callable[[Mailroom, str, str], Awaitable[None]]) -> None:
    """Call a test with a mailroom and two addresses of it, "flooded" and "other"."""

    async def run() -> None:
        async with mailroom(folder) as room:
            await test(room, await room.open("flooded", "m1", ACCEPT), await room.open("other", "m2", ACCEPT))

    asyncio.run(run())


async def came_to(room: Mailroom, name: str, enough: Callable[[object], bool] = lambda _: True) -> tuple[Received, ...]:
    return await room.wait(name, seconds=0, enough=enough)


async def is_flooded(room: Mailroom, name: str) -> str:
    with pytest.raises(CouldNotLook, match="so many messages came to this address") as told:
        await came_to(room, name)
    assert told.value.reason is Reason.VENDOR_SILENT
    return told.value.summary


EVENTS = [json.dumps({"id": f"evt-{number}"}).encode() for number in (1, 2, 1, 2)]
MUCH = {
    "deliveries": (Most(deliveries=3), ""),
    "bytes of bodies": (Most(bytes=10_000), ""),
    "bytes of headers": (Most(bytes=14_000), f"webhook-id: {'x' * 4_000}\r\n"),
    "bytes of headers, however short": (Most(bytes=30_000), "A: b\r\n" * 90),
    "bytes of escapes in the evidence": (Most(bytes=70_000), f"webhook-id: {chr(0x85) * 3_000}\r\n"),
}


@pytest.mark.parametrize("much", MUCH)
def test_an_address_to_which_more_came_than_is_kept_cannot_be_judged_and_spoils_no_other(
    much: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, headers = MUCH[much]
    bodies = [each + b" " * 2_500 for each in EVENTS] if much == "bytes of bodies" else EVENTS
    monkeypatch.setattr(mailrooms, "MOST", most)

    async def test(room: Mailroom, flooded: str, other: str) -> None:
        assert await sent(flooded, *bodies[:2], headers=headers) == [200, 200]
        assert len(await came_to(room, "flooded")) == 2
        assert (await sent(flooded, *bodies[2:], headers=headers))[-1] == 503
        assert "(1 were not taken)" in await is_flooded(room, "flooded")
        assert await sent(other, EVENTS[0]) == [200]
        assert [each.delivery.body for each in await came_to(room, "other")] == EVENTS[:1]

    with_mailroom(tmp_path, test)


def test_the_same_messages_fill_no_address_where_they_are_few_and_short(tmp_path: Path) -> None:
    async def test(room: Mailroom, flooded: str, other: str) -> None:
        assert await sent(flooded, *EVENTS) == [200] * 4
        assert len(await came_to(room, "flooded")) == 4

    with_mailroom(tmp_path, test)


def test_messages_that_take_long_to_read_are_put_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "MOST_WORK", 0.05)
    monkeypatch.setattr(addresses, "WORK_A_SECOND", 0.0)
    slow = f"webhook-id: {chr(0x85) * 15_000}\r\n"

    async def test(room: Mailroom, flooded: str, other: str) -> None:
        room._redactor.add("main.token", "sk_live_0123456789abcdefghij")
        statuses = await sent(flooded, *EVENTS * 2, headers=slow)
        assert (statuses[0], statuses[-1]) == (200, 503)
        await is_flooded(room, "flooded")
        assert await sent(other, EVENTS[0]) == [200]

    with_mailroom(tmp_path, test)


def test_looking_whether_enough_has_come_takes_no_longer_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "MOST_WORK", 0.05)
    monkeypatch.setattr(addresses, "WORK_A_SECOND", 0.0)

    def slow(_: object) -> bool:
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass
        return False

    async def test(room: Mailroom, flooded: str, other: str) -> None:
        with pytest.raises(CouldNotLook, match="they take too long to read"):
            await asyncio.wait_for(room.wait("flooded", seconds=60, enough=slow), 10)

    with_mailroom(tmp_path, test)


def test_no_address_can_be_judged_where_connections_were_closed_unheard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "MOST_CONNECTIONS", 1)

    async def test(room: Mailroom, flooded: str, other: str) -> None:
        async with calling(flooded):
            await asyncio.sleep(0.05)
            assert await sent(flooded, EVENTS[0]) == [200]
        assert "(1 connections were closed unheard)" in await is_flooded(room, "other")

    with_mailroom(tmp_path, test)


def test_whoever_waits_is_told_at_once_and_not_of_what_came_elsewhere(tmp_path: Path) -> None:
    looked: list[int] = []

    def enough(came: object) -> bool:
        assert isinstance(came, list)
        looked.append(len(came))
        return bool(came)

    async def test(room: Mailroom, flooded: str, other: str) -> None:
        waiting = asyncio.create_task(room.wait("other", seconds=30, enough=enough))
        await sent(flooded, *EVENTS)
        await sent(other, EVENTS[0])
        came = await asyncio.wait_for(waiting, 5)
        assert isinstance(came[0].delivery, Delivery)
        assert looked == [0, 1]

    with_mailroom(tmp_path, test)


# -- honest senders who send much -----------------------------------------------------------------------------


async def served(caller: Caller, url: str) -> Caller:
    await caller.says(request(url, body=b"{}"))
    assert await caller.status() == 200
    return caller


def test_a_sender_who_keeps_all_its_connections_is_no_flood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "MOST_CONNECTIONS", 3)

    async def test(room: Mailroom, busy: str, other: str) -> None:
        async with AsyncExitStack() as kept:
            callers = [await served(await kept.enter_async_context(calling(busy)), busy) for _ in range(9)]
            assert await callers[0].hears() == b""
            await served(callers[-1], busy)
        assert len(await came_to(room, "flooded")) == 10
        assert await came_to(room, "other") == ()

    with_mailroom(tmp_path, test)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_those_who_were_answered_and_rest_make_room_first(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "MOST_CONNECTIONS", 2)

    async def test(at: Desk) -> None:
        async with calling(at.url) as silent, calling(at.url) as resting:
            await resting.says(request(at.url, body=b"{}", method=method))
            assert await resting.status() == 200
            assert await sent(at.url, b"{}") == [200]
            assert await resting.hears() == b""
            await served(silent, at.url)
        assert at.receiver.turned_away == 0

    with_desk(test)


def test_whoever_is_sending_again_when_closed_for_others_was_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "MOST_CONNECTIONS", 1)

    async def test(at: Desk) -> None:
        async with calling(at.url) as sending:
            await served(sending, at.url)
            await sending.says(b"POST ")
            await asyncio.sleep(0.05)
            assert await sent(at.url, b"{}") == [200]
            assert await sending.hears() == b""
        assert at.receiver.turned_away == 1

    with_desk(test)


def usual_event(size: int) -> Delivery:
    fields = [{"name": f"field {n}", "value": "some text here", "id": n * 7} for n in range(size // 60)]
    body = json.dumps({"id": "evt_00000001", "type": "work_order.updated", "fields": fields}).encode()
    headers = tuple((f"x-header-{n}", "x" * 40) for n in range(15))
    return Delivery(1, "busy", "2026-11-22T12:00:00.000+00:00", "POST", "", headers, body, len(body), "0" * 64, "200")


@pytest.mark.parametrize(("size", "many"), [(6_000, 3_000), (20_000, 2_000)])
def test_a_busy_vendor_fills_no_address(size: int, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", many)
    event = usual_event(size)
    line = len(visible_json({"kind": DELIVERY, **delivery_to_json(event)}))
    address = Address("busy", most=mailrooms.MOST)

    for _ in range(many):
        assert address.admits()
        address.weigh(event)
        address.weigh_line(line)


def test_a_body_without_secrets_is_kept_in_memory_once(tmp_path: Path) -> None:
    async def test(room: Mailroom, busy: str, other: str) -> None:
        await sent(busy, *EVENTS)
        assert all(raw.body is recorded.body for raw, recorded in room._raw["flooded"])

    with_mailroom(tmp_path, test)
