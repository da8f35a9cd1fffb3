"""Each switch of what is told to subscribers changes what it says, and nothing else that a subscriber can see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.sandbox.plant import plant_of
from tests.sandbox.watching import LOOKS, SEEN_BY_SUBSCRIBERS, Facts

CHANGES: dict[str, set[str]] = {
    "silent-status-changes": {"kinds"},
    "silent-condition-changes": {"kinds"},
    "undescribed-events": {"members"},
    "ignored-event-type-filter": {"event type holds"},
    "ignored-priority-filter": {"priority holds"},
    "ignored-asset-class-filter": {"asset class holds"},
    "ignored-site-filter": {"site holds"},
    "undying-subscriptions": {"new events come after the end", "retries come after the end"},
    "no-webhook-retry": {
        "tries",
        "gaps grow",
        "soon tried again after silence",
        "soon tried again after a broken line",
        "soon tried again after a redirect",
    },
    "flat-retries": {"gaps grow"},
    "few-retries": {"tries"},
    "silence-is-success": {"soon tried again after silence"},
    "broken-line-is-success": {"soon tried again after a broken line"},
    "any-answer-is-success": {"tries", "gaps grow", "logged as delivered", "soon tried again after a redirect"},
    "ignored-webhook-wait": {"soon tried again after an answer that asks to wait"},
    "ignored-gone": {"soon tried again after 410"},
    "changing-event-ids": {"one id"},
    "doubled-events": {"times that the first came"},
    "held-up-events": {"next event waits"},
    "lost-events": {"kinds", "arrived", "next event waits"},  # the next event never comes
    "shuffled-events": {"in order"},
    "lying-delivery-log": {"logged as delivered"},
    "idle-replay": {"replayed"},
    "unsigned-events": {"signature is there", "signature verifies", "body is covered", "time is covered"},
    "wrong-signatures": {"signature verifies", "body is covered", "time is covered"},
    "undated-signatures": {"time is covered"},
    "bodyless-signatures": {"body is covered"},
}
AS_IT_SHOULD_BE: Facts = {
    "kinds": [
        "asset.condition_changed",
        "maintenance_plan.triggered",
        "work_order.created",
        "work_order.status_changed",
    ],
    "members": ["asset_id", "priority", "site_id", "status", "work_order_id"],
    "arrived": [True] * 5,
    "in order": True,
    "times that the first came": 1,
    "signature is there": True,
    "signature verifies": True,
    "body is covered": True,
    "time is covered": True,
    "event type holds": True,
    "event type lets through": True,
    "priority holds": True,
    "priority lets through": True,
    "asset class holds": True,
    "asset class lets through": True,
    "site holds": True,
    "site lets through": True,
    "new events come after the end": False,
    "retries come after the end": False,
    "tries": 4,
    "gaps grow": True,
    "one id": True,
    "logged as delivered": False,
    "next event waits": False,
    "soon tried again after silence": True,
    "soon tried again after a broken line": True,
    "soon tried again after a redirect": True,
    "soon tried again after an answer that asks to wait": False,
    "soon tried again after 410": False,
    "replayed": True,
}


async def seen_of(*switches: str) -> Facts:
    """All that can be found out about a vendor's events; each look has a vendor of its own."""

    async def take(look: Any) -> Facts:
        async with plant_of(*switches) as plant:
            return dict(await look(plant))

    facts: Facts = {}
    for found in await asyncio.gather(*map(take, LOOKS)):
        facts |= found
    return facts


@pytest.mark.usefixtures("hurried")
def test_an_intact_vendor_tells_its_subscribers_everything_once_and_surely() -> None:
    assert asyncio.run(seen_of()) == AS_IT_SHOULD_BE


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("name", sorted(SEEN_BY_SUBSCRIBERS))
def test_a_switch_changes_just_what_it_says(name: str) -> None:
    seen = asyncio.run(seen_of(name))

    assert {fact for fact in AS_IT_SHOULD_BE if seen[fact] != AS_IT_SHOULD_BE[fact]} == CHANGES[name]
