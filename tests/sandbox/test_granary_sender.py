"""Events on their way: what is sent to whom, how long it is tried, and what a subscriber cannot do to the vendor."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import formatdate
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator

from cmms_audit.sandbox.granary import NEIGHBOUR_KEY, document, outgoing, sender
from cmms_audit.sandbox.granary.outgoing import Outcome, post
from cmms_audit.webhooks.behaviour import Behaviour
from tests.sandbox.plant import API, KINDS, PUMP, Plant, plant_of, until

pytestmark = pytest.mark.usefixtures("hurried")
A_MOMENT = 0.1


def at_a_plant(test: Callable[[Plant], Awaitable[None]], *switches: str) -> None:
    async def run() -> None:
        async with plant_of(*switches) as plant:
            await test(plant)

    asyncio.run(run())


# -- what is sent -----------------------------------------------------------------------------------------


def payload_schema() -> dict[str, Any]:
    create = document("http://granary.test")["paths"]["/webhooks"]["post"]
    body = create["callbacks"]["event"]["{$request.body#/url}"]["post"]["requestBody"]
    return dict(body["content"]["application/json"]["schema"])


def test_every_kind_of_event_is_sent_as_the_document_says() -> None:
    async def test(plant: Plant) -> None:
        all_ = await plant.subscribe()
        order = await plant.make(type="preventive", priority=1)
        await plant.call("POST", f"/work-orders/{order}/transitions", {"to_status": "assigned"})
        await plant.change(f"/assets/{PUMP}", condition=12)
        assert await until(lambda: len(all_.came) == 4)

        events = {each.json["type"]: each.json for each in all_.came}
        assert events.keys() == set(KINDS)
        for each in events.values():
            assert [error.message for error in OAS30Validator(payload_schema()).iter_errors(each)] == []
        about = {"asset_id": PUMP, "site_id": "S-01"}
        assert events[KINDS[0]]["data"] == about | {"work_order_id": order, "priority": 1, "status": "open"}
        assert events[KINDS[1]]["data"]["status"] == "assigned"
        assert events[KINDS[2]]["data"] == about | {"work_order_id": None, "priority": None, "status": None}

    at_a_plant(test)


def test_a_change_of_something_else_makes_no_event() -> None:
    async def test(plant: Plant) -> None:
        all_ = await plant.subscribe()
        order = await plant.make()
        await plant.change(f"/work-orders/{order}", title="Grease the gate")
        await plant.change(f"/assets/{PUMP}", name="Pump of the gate")
        last = await plant.make()
        await until(lambda: all_.about(last))

        assert [each.json["type"] for each in all_.came] == [KINDS[0], KINDS[0]]

    at_a_plant(test)


def test_orders_made_in_bulk_make_an_event_each() -> None:
    async def test(plant: Plant) -> None:
        all_ = await plant.subscribe()
        body = {"title": "Oil the gate", "priority": 3, "asset_id": PUMP}
        await plant.call("POST", "/work-orders/bulk", {"items": [body] * 30})

        assert await until(lambda: len(all_.came) == 30)
        assert len({each.json["data"]["work_order_id"] for each in all_.came}) == 30

    at_a_plant(test)


def test_a_delivery_is_signed_as_standard_webhooks_describes_it() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe()
        await plant.make()
        await until(lambda: subscriber.came)
        (came,) = subscriber.came

        key = base64.b64decode(subscriber.secret.removeprefix("whsec_"))
        signed = f"{came.header('webhook-id')}.{came.header('webhook-timestamp')}.".encode() + came.body
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert came.header("webhook-signature") == f"v1,{digest}"
        assert abs(int(came.header("webhook-timestamp") or 0) - time.time()) < 60
        assert came.header("content-type") == "application/json"

    at_a_plant(test)


def test_each_subscriber_has_a_secret_of_its_own() -> None:
    async def test(plant: Plant) -> None:
        one, other = await plant.subscribe(), await plant.subscribe()
        await plant.make()
        await until(lambda: one.came and other.came)

        assert one.came[0].header("webhook-id") == other.came[0].header("webhook-id")
        assert one.came[0].header("webhook-signature") != other.came[0].header("webhook-signature")

    at_a_plant(test)


# -- to whom ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "kinds"),
    [
        ({"events": [KINDS[1], KINDS[2]]}, {KINDS[1], KINDS[2]}),
        ({"filters": {"priorities": [1, 2]}}, {KINDS[0], KINDS[1]}),  # an asset has no priority
        ({"filters": {"priorities": [1], "site_ids": ["S-02"]}}, set()),  # all filters have to be met
        ({"filters": {"asset_classes": ["pump"], "site_ids": ["S-01", "S-02"]}}, {KINDS[0], KINDS[1], KINDS[2]}),
        ({"filters": {"asset_classes": ["boiler"]}}, set()),
        ({"active": False}, set()),
    ],
)
def test_an_event_goes_to_those_whose_subscription_it_meets(wishes: dict[str, Any], kinds: set[str]) -> None:
    async def test(plant: Plant) -> None:
        all_, some = await plant.subscribe(), await plant.subscribe(**wishes)
        order = await plant.make(priority=1)
        await plant.call("POST", f"/work-orders/{order}/transitions", {"to_status": "assigned"})
        await plant.change(f"/assets/{PUMP}", condition=12)
        await until(lambda: len(all_.came) == 3 and len(some.came) >= len(kinds))
        await asyncio.sleep(A_MOMENT)

        assert {each.json["type"] for each in some.came} == kinds

    at_a_plant(test)


def test_a_vendor_without_filters_sends_everything_to_everyone() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe(events=None)
        order = await plant.make()
        await plant.call("POST", f"/work-orders/{order}/transitions", {"to_status": "assigned"})

        assert await until(lambda: len(subscriber.came) == 2)

    at_a_plant(test, "no-webhook-filters")


@pytest.mark.parametrize("switches", [(), ("undying-subscriptions",)])
def test_a_customer_hears_nothing_of_another(switches: tuple[str, ...]) -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe()
        await plant.make(title="ours")
        await until(lambda: subscriber.came)
        body = {"title": "theirs", "priority": 3, "asset_id": PUMP}
        theirs = {"X-Api-Key": NEIGHBOUR_KEY.value}
        assert (await plant.client.post(f"{API}/work-orders", json=body, headers=theirs)).status_code == 201
        await asyncio.sleep(A_MOMENT)

        assert len(subscriber.came) == 1

    at_a_plant(test, *switches)


def test_a_subscription_that_rests_or_moves_takes_its_retries_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "SPEED", 100)  # 600 ms until the first retry

    async def test(plant: Plant) -> None:
        rests, moves, new = await plant.subscribe("503"), await plant.subscribe("503"), await plant.subscribe()
        order = await plant.make()
        await until(lambda: rests.came and moves.came and new.came)
        await plant.change(rests.path, active=False)
        await plant.change(moves.path, url=new.url)

        assert await until(lambda: len(new.about(order)) == 2)
        assert (await plant.entry(rests, "failed"))["attempts"] == 1
        assert (await plant.entry(moves, "delivered"))["attempts"] == 2
        assert (len(rests.came), len(moves.came)) == (1, 1)

    at_a_plant(test)


# -- until it is taken ------------------------------------------------------------------------------------


def test_an_event_is_tried_until_it_is_taken_and_stays_the_same() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe("500, 429, reset, 200")
        await plant.make()
        entry = await plant.entry(subscriber, "delivered")

        assert (entry["attempts"], entry["response_status"], entry["next_attempt_at"]) == (4, 200, None)
        assert len({(each.header("webhook-id"), each.body) for each in subscriber.came}) == 1
        assert subscriber.came[0].header("webhook-id") == entry["event_id"]
        for number, gap in enumerate(subscriber.gaps()):
            assert gap > 0.5 * sender.FIRST_GAP / sender.SPEED * 2**number

    at_a_plant(test)


def test_the_last_retry_comes_within_the_window_and_then_the_event_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "SPEED", 1_000_000)  # the whole 72 hours in a quarter of a second

    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe("503")
        await plant.make()
        entry = await plant.entry(subscriber, "failed")

        assert (entry["attempts"], entry["response_status"]) == (1 + sender.RETRIES, 503)
        assert sum(sender.FIRST_GAP * 2**number for number in range(sender.RETRIES)) <= 72 * 3600

    at_a_plant(test)


def test_a_receiver_that_is_away_for_a_while_misses_nothing() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe("away:0.2, 200")
        orders = [await plant.make() for _ in range(5)]

        assert await until(lambda: all(subscriber.about(each) for each in orders))
        for entry in await plant.log(subscriber):
            assert entry["event_id"] in {each.header("webhook-id") for each in subscriber.came}

    at_a_plant(test)


def test_the_next_event_does_not_wait_for_one_that_fails() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe("503")
        first, second = await plant.make(), await plant.make()

        assert await until(lambda: subscriber.about(second), 1.0)
        assert len(subscriber.about(first)) < 4

    at_a_plant(test)


@pytest.mark.parametrize(
    ("answer", "least", "most"),
    [
        (Behaviour(status=503, retry_after="2"), 2, 2.01),
        (Behaviour(status=429, retry_after="0"), 0.09, 0.11),  # its own first gap
        (Behaviour(status=503, retry_after=formatdate(time.time() + 86_400, usegmt=True)), 80_000, 86_400),
    ],
)
def test_a_receiver_says_when_to_come_back(answer: Behaviour, least: float, most: float) -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe((answer,))
        await plant.make()
        entry = await plant.entry(subscriber, "retrying")

        wait = datetime.fromisoformat(entry["next_attempt_at"]) - datetime.fromisoformat(entry["updated_at"])
        assert least <= wait.total_seconds() <= most

    at_a_plant(test)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        (b"7", 7, 7),
        (b"9" * 400, outgoing._LONGEST_WAIT, outgoing._LONGEST_WAIT),
        (b"-5", 0, 0),
        (b"soon", 0, 0),
        (b"\xb2", 0, 0),
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 0, 0),
        (b"Sun, 06 Nov 9999 08:49:37 GMT", outgoing._LONGEST_WAIT, outgoing._LONGEST_WAIT),
        (b"Sun, 06 Nov 99999 08:49:37 GMT", 0, 0),
    ],
)
def test_a_strange_retry_after_puts_nothing_off_for_ever(value: bytes, least: float, most: float) -> None:
    async def run() -> Outcome:
        async with answering(b"HTTP/1.1 503 Busy\r\nRetry-After: " + value + b"\r\nContent-Length: 0\r\n\r\n") as url:
            return await post(url, {}, b"{}")

    outcome = asyncio.run(run())
    assert (outcome.ended, outcome.status) == ("answered", 503)
    assert least <= outcome.retry_after <= most


# -- the log and replay -----------------------------------------------------------------------------------


def test_a_failed_event_stands_in_the_log_and_comes_again_on_request() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe("410, 204")
        order = await plant.make()
        failed = await plant.entry(subscriber, "failed")
        assert (failed["attempts"], failed["response_status"]) == (1, 410)
        assert failed["payload"]["data"]["work_order_id"] == order

        await plant.replay(subscriber, failed)

        taken = await plant.entry(subscriber, "delivered")
        assert (taken["id"], taken["attempts"], taken["response_status"]) == (failed["id"], 2, 204)
        first, second = subscriber.came
        assert (first.header("webhook-id"), first.body) == (second.header("webhook-id"), second.body)

    at_a_plant(test)


def test_a_replay_stands_in_for_the_retries_that_were_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "SPEED", 200)  # 300 ms until the first retry

    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe("503, 200")
        await plant.make()
        await plant.replay(subscriber, await plant.entry(subscriber, "retrying"))
        assert (await plant.entry(subscriber, "delivered"))["attempts"] == 2
        await asyncio.sleep(0.4)

        assert len(subscriber.came) == 2

    at_a_plant(test)


def test_events_are_sent_again_where_no_log_is_kept() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe("503, 200")
        await plant.make()
        assert await until(lambda: len(subscriber.came) == 2)
        assert (await plant.client.get(f"{API}{subscriber.path}/deliveries")).status_code == 404

    at_a_plant(test, "no-webhook-log")


def test_best_effort_is_one_try_and_a_log_that_says_so() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe("503")
        await plant.make()
        entry = await plant.entry(subscriber, "failed")
        assert (entry["attempts"], "next_attempt_at" in entry) == (1, False)

    at_a_plant(test, "no-webhook-retry")


# -- what a subscriber cannot do --------------------------------------------------------------------------


@asynccontextmanager
async def answering(raw: bytes, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """An address on this machine where whoever calls gets these bytes."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(meet, host, 0) as server:
        yield f"http://{f'[{host}]' if ':' in host else host}:{server.sockets[0].getsockname()[1]}/hook"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01 no words\r\n\r\n",
        b"HTTP/1.1 twice OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 500,
    ],
)
def test_nonsense_for_an_answer_is_a_broken_line(raw: bytes) -> None:
    async def run() -> Outcome:
        async with answering(raw) as url:
            return await post(url, {}, b"{}")

    assert asyncio.run(run()) == Outcome("broken")


def test_an_answer_that_is_announced_first_is_waited_for() -> None:
    async def run() -> Outcome:
        async with answering(
            b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
        ) as url:
            return await post(url, {}, b"{}")

    assert asyncio.run(run()) == Outcome("answered", 202)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook",
        "http://192.0.2.1/hook",
        "http://169.254.169.254/latest",
        "http://granary.example/hook",
        "http://127.0.0.1.granary.example/hook",
        "http://127.0.0.1@192.0.2.1/hook",
        "http://127.0.0.1:99999/hook",
        "http://[::1/hook",
        "http://[",
        "http://127.0.0.1/\ud800",
    ],
)
def test_nothing_is_sent_where_there_is_no_address_of_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(asyncio, "open_connection", never)
    assert asyncio.run(post(url, {}, b"{}")) == Outcome("broken")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_this_machine_has_more_than_one_address(host: str) -> None:
    async def run() -> Outcome:
        async with answering(b"HTTP/1.1 204 Taken\r\n\r\n", host) as url:
            return await post(url, {}, b"{}")

    try:
        outcome = asyncio.run(run())
    except OSError:
        pytest.skip(f"this machine has no {host}")
    assert outcome == Outcome("answered", 204)


def test_an_address_is_called_to_the_letter() -> None:
    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe(query="?plant=north&wish=a%20b")
        await plant.make()
        await until(lambda: subscriber.came)

        assert subscriber.came[0].query == "plant=north&wish=a%20b"
        assert subscriber.came[0].header("host") == plant.receiver.origin.removeprefix("http://")

    at_a_plant(test)


def test_a_subscription_that_cannot_be_reached_is_a_failure_of_its_own() -> None:
    async def test(plant: Plant) -> None:
        nowhere, steady = await plant.subscribe(), await plant.subscribe()
        await plant.change(nowhere.path, url="http://granary.example/a\u00fc b")
        await plant.make()

        entry = await plant.entry(nowhere, "retrying")
        assert entry["response_status"] is None
        assert await until(lambda: steady.came)

    at_a_plant(test)


def test_the_vendor_ends_at_once_whatever_is_under_way() -> None:
    async def run() -> float:
        async with plant_of() as plant:
            silent, failing = await plant.subscribe("silent:60"), await plant.subscribe("503")
            await plant.make()
            await until(lambda: silent.came and failing.came)
            began = asyncio.get_running_loop().time()
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(run()) < 5


def test_hundreds_of_events_all_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "ANSWER_SECONDS", 10.0)

    async def test(plant: Plant) -> None:
        subscriber = await plant.subscribe()
        body = {"title": "Oil the gate", "priority": 3, "asset_id": PUMP}
        for _ in range(5):
            await plant.call("POST", "/work-orders/bulk", {"items": [body] * 100})

        assert await until(lambda: len({each.header("webhook-id") for each in subscriber.came}) == 500, 30)

    at_a_plant(test)
