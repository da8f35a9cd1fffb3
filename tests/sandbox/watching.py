"""What a subscriber can find out about a vendor's events, as named facts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

from cmms_audit.sandbox.granary import events, sender, signatures, subscribers
from cmms_audit.webhooks.proof import Signed, signature_headers
from cmms_audit.webhooks.signatures import found_way
from tests.sandbox.plant import BOILER, KINDS, PUMP, PUMP_ELSEWHERE, Plant, Subscriber, until

SEEN_BY_SUBSCRIBERS = {
    switch.name for module in (events, subscribers, sender, signatures) for switch in module.SWITCHES
}
Facts = dict[str, Any]
A_MOMENT = 0.06  # seconds, in which whatever is sent at once has come
SOON = 2.0  # seconds, in which on a busy machine everything has come that comes at all
TRIES = 4


async def arrivals(plant: Plant) -> Facts:
    """Everything that can happen in the plant, seen by one who wants all of it."""
    steady = await plant.subscribe()
    first = await plant.make()
    await until(lambda: steady.came)
    orders = [first]
    for members in ({}, {}, {}, {"type": "preventive"}):
        await asyncio.sleep(A_MOMENT)  # on a busy machine two connections may overtake each other
        orders.append(await plant.make(**members))
    await plant.call("POST", f"/work-orders/{first}/transitions", {"to_status": "assigned"})
    await plant.change(f"/assets/{PUMP}", condition=12)
    await until(lambda: len(steady.came) >= len(orders) + 3, SOON)
    await asyncio.sleep(A_MOMENT)
    opening = steady.came[0].json
    arrived = [steady.about(each)[0].number for each in orders if steady.about(each)]
    return {
        "kinds": sorted({each.json["type"] for each in steady.came}),
        "members": sorted(opening["data"]),
        "arrived": [bool(steady.about(each)) for each in orders],
        "in order": arrived == sorted(arrived),
        "times that the first came": len([each for each in steady.about(first) if each.json["type"] == KINDS[0]]),
        **signature_of(steady),
    }


def signature_of(subscriber: Subscriber) -> Facts:
    """What the signature of the first delivery is worth to its receiver."""
    came = subscriber.came[0]
    signed = Signed(came.headers, came.body, subscriber.url)
    way = found_way(signed, subscriber.secret)
    return {
        "signature is there": bool(signature_headers(signed)),
        "signature verifies": way is not None,
        "body is covered": way is not None and way.covers_body,
        "time is covered": way is not None and way.covers_time,
    }


async def narrowed(plant: Plant) -> Facts:
    """Which filters of a subscription hold: of two events that differ in one thing, the second is asked for."""
    pairs: dict[str, tuple[Subscriber, Facts, Facts]] = {
        "event type": (await plant.subscribe(events=[KINDS[3]]), {}, {"type": "preventive"}),
        "priority": (await plant.subscribe(filters={"priorities": [1]}), {"priority": 5}, {"priority": 1}),
        "asset class": (await plant.subscribe(filters={"asset_classes": ["boiler"]}), {}, {"asset_id": BOILER}),
        "site": (await plant.subscribe(filters={"site_ids": ["S-02"]}), {}, {"asset_id": PUMP_ELSEWHERE}),
    }
    facts: Facts = {}
    for name, (subscriber, other, wanted) in pairs.items():
        one, two = await plant.make(**other), await plant.make(**wanted)
        await until(lambda who=subscriber, id_=two: who.about(id_))  # type: ignore[misc]
        await asyncio.sleep(A_MOMENT)
        facts[f"{name} holds"] = not subscriber.about(one)
        facts[f"{name} lets through"] = bool(subscriber.about(two))
    return facts


async def ended(plant: Plant) -> Facts:
    """What still comes to subscriptions that were deleted, one of them in the middle of its retries."""
    gone, failing, other = await plant.subscribe(), await plant.subscribe("503"), await plant.subscribe()
    before = await plant.make()
    await until(lambda: gone.came and failing.came and other.came)
    for each in (gone, failing):
        await plant.call("DELETE", each.path)
    tries = len(failing.about(before))
    after = [await plant.make(), await plant.make()]
    await until(lambda: any(other.about(each) for each in after))
    await until(lambda: any(gone.about(each) for each in after) and len(failing.about(before)) > tries, SOON / 4)
    return {
        "new events come after the end": any(gone.about(each) for each in after),
        "retries come after the end": len(failing.about(before)) > tries,
    }


async def refused(plant: Plant) -> Facts:
    """How an event is tried again that is refused three times, and what becomes of the next one meanwhile."""
    failing = await plant.subscribe("503, 503, 503, 200")
    first = await plant.make()
    await until(lambda: failing.came)
    entry = await plant.entry(failing, "delivered", "retrying", "failed")
    second = await plant.make()
    await until(lambda: failing.about(second), SOON)
    waited = not failing.about(second) or len(failing.about(first)) >= TRIES
    await until(lambda: len(failing.about(first)) >= TRIES, SOON)
    tries = failing.about(first)[:TRIES]
    times = [failing.times[failing.came.index(each)] for each in tries]
    gaps = [after - before for before, after in pairwise(times)]
    return {
        "tries": len(tries),
        "gaps grow": len(gaps) > 1 and gaps[-1] > 0.5 * _documented_gap(len(gaps)),
        "one id": len({each.header("webhook-id") for each in tries}) == 1,
        "logged as delivered": entry["status"] == "delivered",
        "next event waits": waited,
    }


def _documented_gap(number: int) -> float:
    """Seconds before a retry, the first being number 1: each is double the one before."""
    return float(sender.FIRST_GAP / sender.SPEED * 2 ** (number - 1))


async def mistreated(plant: Plant) -> Facts:
    """Which ends of a first try bring a second one soon."""
    scripts = {
        "silence": "silent:2, 200",
        "a broken line": "reset, 200",
        "a redirect": "redirect, 200",
        "an answer that asks to wait": "503:retry-after=30, 200",
        "410": "410, 200",
    }
    those = {name: await plant.subscribe(script) for name, script in scripts.items()}
    retried = [those[name] for name in ("silence", "a broken line", "a redirect")]
    await plant.make()
    await until(lambda: all(len(each.came) > 1 for each in retried), SOON)
    await until(lambda: all(len(each.came) > 1 for each in those.values()), SOON / 4)
    return {f"soon tried again after {name}": len(each.came) > 1 for name, each in those.items()}


async def replayed(plant: Plant) -> Facts:
    """Whether a failed delivery is sent again on request."""
    failing = await plant.subscribe("410, 200")
    await plant.make()
    entry = await plant.entry(failing, "delivered", "retrying", "failed")
    await plant.replay(failing, entry)
    return {"replayed": await until(lambda: len(failing.came) > 1, SOON)}


LOOKS: tuple[Callable[[Plant], Awaitable[Facts]], ...] = (arrivals, narrowed, ended, refused, mistreated, replayed)
