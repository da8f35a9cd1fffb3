"""The receiver over real sockets: what it keeps, how it misbehaves, and what it never does."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import trustme

from cmms_audit.webhooks import reading
from cmms_audit.webhooks.address import Address
from cmms_audit.webhooks.behaviour import ACCEPT, read_script
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.receiver import Receiver

EVENT = {"id": "evt-1", "type": "work_order.created"}


class Desk:
    """A receiver with one address, and what came."""

    def __init__(self, address: Address, client: httpx.AsyncClient) -> None:
        self.address, self.client = address, client
        self.came: list[Delivery] = []
        self.first = asyncio.Event()
        self.receiver: Receiver

    def take(self, delivery: Delivery) -> None:
        self.came.append(delivery)
        self.first.set()

    @property
    def url(self) -> str:
        return self.receiver.origin + self.address.path

    async def send(self, event: object = None, **more: object) -> httpx.Response:
        return await self.client.post(self.url, json=event or EVENT, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def desk(script: str = "200", tls: trustme.CA | None = None) -> AsyncIterator[Desk]:
    context = None
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.issue_cert("127.0.0.1").configure_cert(context)
    address = Address("probe", read_script(script) if script else ACCEPT)
    trusted = ssl.create_default_context()
    if tls is not None:
        tls.configure_trust(trusted)
    async with httpx.AsyncClient(trust_env=False, verify=trusted) as client:
        made = Desk(address, client)
        async with Receiver(("127.0.0.1", 0), made.take, lambda: "2026-11-22T12:00:00+00:00", context) as made.receiver:
            made.receiver.open(address)
            yield made


def with_desk(test: Callable[[Desk], Awaitable[None]], script: str = "200", tls: trustme.CA | None = None) -> None:
    async def run() -> None:
        async with desk(script, tls) as made:
            await test(made)

    asyncio.run(run())


def test_a_delivery_is_kept_as_it_came() -> None:
    async def test(at: Desk) -> None:
        answer = await at.client.post(at.url + "?a=1", content=b'{"id":"evt-1"}\n', headers={"X-Sign": "abc"})

        (came,) = at.came
        assert (answer.status_code, answer.content) == (200, b"")
        assert (came.number, came.address, came.method, came.query) == (1, "probe", "POST", "a=1")
        assert (came.body, came.size, came.header("x-sign"), came.treated) == (b'{"id":"evt-1"}\n', 15, "abc", "200")
        assert at.address.path not in repr(came)

    with_desk(test)


def test_each_try_of_an_event_meets_the_next_behaviour_and_other_events_begin_anew() -> None:
    async def test(at: Desk) -> None:
        first = [(await at.send()).status_code for _ in range(4)]
        other = (await at.send({"id": "evt-2"})).status_code

        assert first == [503, 410, 200, 200]
        assert other == 503

    with_desk(test, "503, 410, 200")


def test_an_answer_may_ask_to_come_back_later() -> None:
    async def test(at: Desk) -> None:
        answer = await at.send()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")

    with_desk(test, "503:retry-after=7")


@pytest.mark.parametrize("word", ["silent:0.1", "reset"])
def test_a_receiver_may_hang_up_without_an_answer(word: str) -> None:
    async def test(at: Desk) -> None:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await at.send()
        assert (await at.send()).status_code == 200
        assert [each.treated for each in at.came] == [word, "200"]

    with_desk(test, f"{word}, 200")


def test_a_receiver_may_be_away_for_a_while_and_comes_back_at_the_same_address() -> None:
    async def test(at: Desk) -> None:
        with pytest.raises(httpx.TransportError):
            await at.send()
        with pytest.raises(httpx.ConnectError):
            await at.send()
        await asyncio.sleep(0.4)

        assert (await at.send()).status_code == 200
        assert len(at.came) == 2

    with_desk(test, "away:0.3, 200")


def test_a_receiver_that_leaves_hangs_up_on_those_who_are_just_calling() -> None:
    async def test(at: Desk) -> None:
        place = ("127.0.0.1", int(at.receiver.origin.rpartition(":")[2]))
        with socket.create_connection(place) as caller:
            caller.sendall(f"POST {at.address.path} HTTP/1.1\r\nHost: plant\r\nContent-Length: 2\r\n\r\n".encode())
            await asyncio.sleep(0.05)
            caller.sendall(b"{}")
            others = [socket.create_connection(place, timeout=5) for _ in range(3)]
            await asyncio.sleep(0.05)
        for other in others:
            with other, suppress(ConnectionResetError):
                assert other.recv(1) == b""

    with_desk(test, "away:60")
    gc.collect()  # a connection that was lost sight of would be reported here


def test_a_receiver_is_away_once_for_all_events() -> None:
    async def test(at: Desk) -> None:
        with pytest.raises(httpx.TransportError):
            await at.send()
        await asyncio.sleep(0.3)

        assert (await at.send({"id": "evt-2"})).status_code == 200
        assert [each.treated for each in at.came] == ["away:0.2", "200"]

    with_desk(test, "away:0.2, 200")


def test_a_slow_receiver_and_one_that_sends_elsewhere_or_says_error_inside() -> None:
    async def test(at: Desk) -> None:
        began = time.monotonic()
        slow, redirected, lying = [await at.send() for _ in range(3)]

        assert slow.status_code == 200
        assert time.monotonic() - began >= 0.1
        assert (redirected.status_code, redirected.headers["location"]) == (302, "/moved")
        assert (lying.status_code, lying.json()["status"]) == (200, "error")

    with_desk(test, "slow:0.1, redirect, error-inside")


def test_an_address_that_nobody_was_given_takes_nothing_and_tells_nothing() -> None:
    async def test(at: Desk) -> None:
        for path in ("/", "/" + "x" * 32, at.address.path + "x", at.address.path.upper(), "//[bad"):
            answer = await at.client.post(at.receiver.origin + path, json=EVENT)
            assert (answer.status_code, answer.content) == (404, b""), path
        assert (await at.client.get(at.url)).content == b""
        assert at.came == []
        assert at.receiver.strangers == 5

    with_desk(test)


def test_nothing_that_was_sent_comes_back() -> None:
    async def test(at: Desk) -> None:
        mark = "<script>mark</script>"
        for script_word in range(3):
            answer = await at.client.post(
                at.url + f"?q={mark}", json={"id": script_word, "x": mark}, headers={"a": mark}
            )
            assert "mark" not in answer.text + repr(answer.headers)

    with_desk(test, "200, 500, error-inside")


HANDSHAKES = [
    ("GET", "?hub.mode=subscribe&hub.challenge=1158201444&hub.topic=x", {}, None, b"1158201444"),
    ("POST", "?validationToken=abc-DEF_1", {}, None, b"abc-DEF_1"),
    (
        "POST",
        "",
        {},
        {"token": "t", "challenge": "3eZbrw1aB", "type": "url_verification"},
        b'{"challenge": "3eZbrw1aB"}',
    ),
    ("POST", "", {"X-Hook-Secret": "b537207f20cbfa02"}, {}, b""),
    ("OPTIONS", "", {"WebHook-Request-Origin": "events.example"}, None, b""),
]


@pytest.mark.parametrize(("method", "query", "headers", "content", "body"), HANDSHAKES)
def test_a_handshake_is_answered_and_is_no_delivery(
    method: str, query: str, headers: dict[str, str], content: object, body: bytes
) -> None:
    async def test(at: Desk) -> None:
        answer = await at.client.request(method, at.url + query, headers=headers, json=content)

        assert (answer.status_code, answer.content) == (200, body)
        assert answer.headers["x-content-type-options"] == "nosniff"
        if "X-Hook-Secret" in headers:
            assert answer.headers["x-hook-secret"] == headers["X-Hook-Secret"]
        assert (at.came, at.address.handshakes) == ([], 1)

    with_desk(test, "500")


def test_a_challenge_that_a_browser_would_run_is_not_echoed() -> None:
    async def test(at: Desk) -> None:
        page = await at.client.get(at.url, params={"hub.challenge": "<script>alert(1)</script>"})
        event = await at.send({"id": "evt-1", "challenge": "<b>", "type": "x"})

        assert page.content == b""
        assert (event.status_code, len(at.came)) == (200, 1)

    with_desk(test)


@pytest.mark.parametrize("connections", [50, 500])
def test_a_thousand_deliveries_at_once_are_all_kept(connections: int) -> None:
    async def send(at: Desk, numbers: range) -> set[bytes]:
        statuses = set()
        host, port = at.receiver.origin.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for number in numbers:
            body = json.dumps({"id": f"evt-{number}"}).encode()
            head = f"POST {at.address.path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            statuses.add((await reader.readuntil(b"\r\n\r\n")).split()[1])
        writer.close()
        return statuses

    async def test(at: Desk) -> None:
        shares = (range(first, 1000, connections) for first in range(connections))
        assert set().union(*await asyncio.gather(*(send(at, share) for share in shares))) == {b"200"}

        assert {json.loads(each.body)["id"] for each in at.came} == {f"evt-{n}" for n in range(1000)}
        assert [each.number for each in at.came] == list(range(1, 1001))
        assert (at.receiver.dropped, at.receiver.turned_away) == (0, 0)

    with_desk(test)


def test_more_than_is_taken_at_a_time_is_put_off_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmms_audit.webhooks.address.MOST_AT_ONCE", 3)
    monkeypatch.setattr("cmms_audit.webhooks.address.MOST_A_SECOND", 0.001)

    async def test(at: Desk) -> None:
        answers = [(await at.send({"id": f"evt-{n}"})).status_code for n in range(5)]
        assert answers == [200, 200, 200, 503, 503]
        assert at.receiver.dropped == 2

    with_desk(test)


def test_a_huge_body_is_kept_by_its_beginning_and_a_monstrous_one_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_KEPT", 1000)
    monkeypatch.setattr(reading, "LARGEST_BODY", 5000)

    async def test(at: Desk) -> None:
        assert (await at.client.post(at.url, content=b"x" * 3000)).status_code == 200
        assert (len(at.came[0].body), at.came[0].size, at.came[0].whole) == (1000, 3000, False)
        assert (await at.client.post(at.url, content=b"x" * 6000)).status_code == 413
        assert len(at.came) == 1

    with_desk(test)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff\x16\x03\x01 nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: nine\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
        b"POST /" + b"a" * 100_000,
    ],
)
def test_nonsense_ends_its_own_connection_only(raw: bytes) -> None:
    async def test(at: Desk) -> None:
        host, port = at.receiver.origin.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(raw)
        async with asyncio.timeout(5):
            assert b" 200 " not in await reader.read()
        writer.close()
        assert (await at.send()).status_code == 200

    with_desk(test)


def test_whoever_stalls_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.2)

    async def test(at: Desk) -> None:
        host, port = at.receiver.origin.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST {at.address.path} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab".encode())
        began = time.monotonic()
        async with asyncio.timeout(5):
            await reader.read()
        assert time.monotonic() - began < 2
        writer.close()
        assert at.came == []

    with_desk(test)


def test_deliveries_can_come_encrypted() -> None:
    async def test(at: Desk) -> None:
        assert at.url.startswith("https://127.0.0.1:")
        assert (await at.send()).status_code == 200

    with_desk(test, tls=trustme.CA())


def test_the_receiver_ends_at_once_whoever_is_still_waiting() -> None:
    async def run() -> float:
        async with desk("silent:60") as at:
            hanging = asyncio.create_task(at.send(timeout=30))
            await asyncio.wait_for(at.first.wait(), 5)
            began = time.monotonic()
        hanging.cancel()
        return time.monotonic() - began

    assert asyncio.run(run()) < 2


class Anything:
    """Recognises whatever bears no other mark than `but`."""

    def __init__(self, but: bytes = b"ping") -> None:
        self.but = but

    async def settled(self) -> None:
        await asyncio.sleep(0)

    def recognises(self, delivery: Delivery) -> bool:
        return self.but not in delivery.body


def test_what_is_not_recognised_does_not_use_up_the_script() -> None:
    async def test(at: Desk) -> None:
        assert (await at.send({"id": "the-subscription", "type": "hello"})).status_code == 200
        at.address.treat(read_script("503"), first_of=Anything())
        events = [
            ("ping", "evt-0"),
            ("work_order.created", "evt-1"),
            ("ping", "evt-2"),
            ("work_order.created", "evt-1"),
        ]

        sent = [{"id": "the-subscription", "event_id": name, "type": kind} for kind, name in events]
        assert [(await at.send(each)).status_code for each in sent] == [200, 503, 200, 503]

    with_desk(test)


def test_only_the_first_event_that_comes_is_mistreated_with_all_its_tries() -> None:
    async def test(at: Desk) -> None:
        at.address.treat(read_script("503, 410, 200"), first_of=Anything())
        events = ["evt-1", "evt-2", "evt-1", "evt-2", "evt-3", "evt-1", "evt-1"]

        statuses = [(await at.send({"id": each, "type": "work_order.created"})).status_code for each in events]
        assert statuses == [503, 200, 410, 200, 200, 200, 200]

    with_desk(test)


FIRST_AND_ITS_TRIES: list[list[tuple[object, dict[str, str]]]] = [
    [({"id": "evt-1"}, {"X-Delivery-Id": f"try-{n}"}) for n in range(3)],
    [({"id": "evt-1", "sent_at": n}, {}) for n in range(3)],
    [({"order": "WO-1", "attempt": n, "timestamp": n}, {}) for n in range(3)],
    [({"order": "WO-1"}, {"Webhook-Id": f"e{n}"}) for n in range(3)],
    [({"meta": {"event_id": 7}, "retry": {"n": n}}, {}) for n in range(3)],
    [([{"id": "evt-1"}, {"id": "evt-2"}], {}) for n in range(3)],
]


@pytest.mark.parametrize("tries", FIRST_AND_ITS_TRIES)
def test_the_first_event_is_known_again_by_any_of_its_names_or_by_what_it_says(
    tries: list[tuple[object, dict[str, str]]],
) -> None:
    async def test(at: Desk) -> None:
        at.address.treat(read_script("503"), first_of=Anything())
        for event, headers in tries:
            assert (await at.send(event, headers=headers)).status_code == 503
            assert (await at.send({"order": "WO-2", "id": "evt-other"}, headers={"X-Try": "9"})).status_code == 200

    with_desk(test)


def test_another_way_of_treating_begins_anew_and_everything_may_be_taken_again() -> None:
    async def test(at: Desk) -> None:
        at.address.treat(read_script("503"), first_of=Anything())
        assert (await at.send({"id": "evt-1"})).status_code == 503
        at.address.treat(read_script("410"), first_of=Anything())
        assert [(await at.send({"id": each})).status_code for each in ("evt-2", "evt-1")] == [410, 200]
        at.address.treat(ACCEPT)
        assert [(await at.send({"id": each})).status_code for each in ("evt-2", "evt-1")] == [200, 200]

    with_desk(test)


def test_what_asks_whether_anybody_is_there_is_no_first_event() -> None:
    async def test(at: Desk) -> None:
        at.address.treat(read_script("503"), first_of=Anything())
        assert (await at.client.head(at.url)).status_code == 200
        assert (await at.client.get(at.url)).status_code == 200
        assert (await at.send()).status_code == 503

    with_desk(test)


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"event":', "}")])
def test_no_depth_of_a_message_breaks_the_receiver(opened: str, closed: str) -> None:
    async def test(at: Desk) -> None:
        for depth in (900, 940, 950, 960, 965, 970, 975, 980, 985, 990, 995, 5000):
            body = opened * depth + "1" + closed * depth
            assert (await at.client.post(at.url, content=body)).status_code == 200

    with_desk(test)


def test_whoever_was_answered_is_waited_for_a_moment_only_unless_more_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "IDLE_SECONDS", 0.3)

    async def test(at: Desk) -> None:
        host, port = at.receiver.origin.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {at.address.path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n".encode()
        writer.write(head + b"{}")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head[:10])
        await asyncio.sleep(0.6)
        writer.write(head[10:] + b"{}")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        began = time.monotonic()
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        assert 0.2 < time.monotonic() - began < 2
        writer.close()
        assert len(at.came) == 2

    with_desk(test)


def test_a_receiver_that_leaves_hangs_up_on_those_who_were_answered_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "IDLE_SECONDS", 30)

    async def test(at: Desk) -> None:
        host, port = at.receiver.origin.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {at.address.path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(httpx.TransportError):
            await at.send()
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()

    with_desk(test, "away:60")
