"""Whether an event comes is judged by what could be known: nobody is blamed for what we could not tell or await."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cmms_audit.events.causes import What
from cmms_audit.events.facts import EventTrial
from cmms_audit.model import Finding, Verdict
from cmms_audit.webhooks.received import Received
from tests.checks.test_webhooks_seen import described, raised, seen
from tests.events.trials import cause, delivery, trial

CHANGED = (cause(1), cause(2), replace(cause(3, at=0.1, what="status changed"), record_id="WO-2"))
BOTH = [delivery("steady", 1, 0.2), delivery("steady", 2, 0.3)]


def arrives(at: EventTrial, **vendor: Any) -> Finding:
    return seen("webhooks.event-arrives", at, **vendor)


def subscribed(at: EventTrial, *kinds: str) -> EventTrial:
    """The same trial, where these kinds of events were subscribed."""
    return replace(at, corners={name: replace(each, events=kinds) for name, each in at.corners.items()})


def flooded(at: EventTrial, name: str) -> EventTrial:
    """The same trial, where so much came to one address that nothing of it was looked at."""
    corner = replace(at.corners[name], flooded="so many messages came to this address", came=())
    return replace(at, corners={**at.corners, name: corner})


@pytest.mark.parametrize(
    ("watched", "verdict"), [(10.0, Verdict.UNKNOWN), (59.0, Verdict.UNKNOWN), (60.0, Verdict.NOT_MET)]
)
def test_silence_is_held_against_a_vendor_only_after_the_minute_that_he_may_take(
    watched: float, verdict: Verdict
) -> None:
    finding = arrives(trial({}, watched=watched))

    assert finding.verdict is verdict
    assert ("watch longer" in finding.summary) == (verdict is Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("latency", "watched", "verdict"),
    [
        (0.2, 4.0, Verdict.UNKNOWN),
        (0.2, 10.0, Verdict.NOT_MET),
        (20.0, 30.0, Verdict.UNKNOWN),
        (20.0, 61.0, Verdict.NOT_MET),
    ],
)
def test_one_event_that_is_missing_may_be_on_its_way_as_long_as_others_took(
    latency: float, watched: float, verdict: Verdict
) -> None:
    assert arrives(trial({"steady": [delivery("steady", 1, latency)]}, watched=watched)).verdict is verdict


def test_messages_that_cannot_be_known_as_ours_are_no_silence() -> None:
    finding = arrives(trial({"steady": [delivery("steady", 77, 0.2), delivery("steady", 78, 0.3)]}))

    assert finding.verdict is Verdict.UNKNOWN
    assert "2 messages came" in finding.summary
    before = arrives(trial({"steady": [delivery("steady", 77, -5.0)]}))
    assert before.verdict is Verdict.NOT_MET


def test_events_of_changes_alone_are_no_messages_of_others() -> None:
    only = delivery("steady", 2, 0.4, event="c", kind="work_order.status_changed")

    finding = arrives(trial({"steady": [only]}, causes=CHANGED))
    assert (finding.verdict, "none of the 2" in finding.summary) == (Verdict.NOT_MET, True)


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        (("work_order.created",), Verdict.NOT_MET),
        (("asset.updated", "workOrder:created"), Verdict.NOT_MET),
        (("record.created",), Verdict.NOT_MET),
        (("*",), Verdict.NOT_MET),
        ((), Verdict.NOT_MET),
        (("work_order.status_changed", "work_order.completed"), Verdict.UNKNOWN),
        (("asset.created", "USER_ADDED", "purchase_order.created"), Verdict.UNKNOWN),
    ],
)
def test_no_event_is_missed_that_could_not_be_subscribed(kinds: tuple[str, ...], verdict: Verdict) -> None:
    assert arrives(subscribed(trial({}), *kinds)).verdict is verdict


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        (("work_order.created", "work_order.status_changed"), Verdict.PARTIAL),
        (("WORK_ORDER_STATUS_UPDATED",), Verdict.PARTIAL),
        (("workOrder:stateChanged",), Verdict.PARTIAL),
        (("work_order.created",), Verdict.MET),
        (("work_order.created", "work_order.updated", "asset.status_changed"), Verdict.MET),
        (("purchase_order.status_changed", "worker.status", "workflow.state"), Verdict.MET),
        ((), Verdict.MET),
    ],
)
def test_a_silent_change_of_status_is_missed_only_where_its_events_were_subscribed(
    kinds: tuple[str, ...], verdict: Verdict
) -> None:
    finding = arrives(subscribed(trial({"steady": BOTH}, causes=CHANGED), *kinds))

    assert finding.verdict is verdict
    assert ("a change of a work order's status" in finding.summary) == (verdict is Verdict.PARTIAL)


@pytest.mark.parametrize(
    ("what", "kind", "verdict"),
    [
        ("changed", "work_order.updated", Verdict.PARTIAL),
        ("changed", "purchase_order.updated", Verdict.MET),
        ("changed", "work_order.assigned", Verdict.MET),
        ("asset changed", "asset.condition_changed", Verdict.PARTIAL),
        ("asset changed", "ASSET_UPDATED", Verdict.PARTIAL),
        ("asset changed", "asset.location_changed", Verdict.MET),
        ("asset created", "asset.created", Verdict.MET),
    ],
)
def test_other_silent_changes_are_missed_where_events_of_just_these_were_subscribed(
    what: What, kind: str, verdict: Verdict
) -> None:
    causes = (cause(1), cause(2), cause(3, at=0.1, what=what))

    assert arrives(subscribed(trial({"steady": BOTH}, causes=causes), kind)).verdict is verdict


def test_a_change_that_was_told_is_not_silent_whenever_it_came() -> None:
    late = [
        delivery("steady", 2, 30.0, event="c", kind="work_order.status_changed"),
        delivery("steady", 2, 40.0, event="b"),
        delivery("steady", 1, 0.2, event="a"),
    ]

    at = subscribed(trial({"steady": late}, causes=CHANGED), "work_order.created", "work_order.status_changed")
    assert arrives(at).verdict is Verdict.MET


OF_EVENTS = (
    "event-arrives",
    "order-kept",
    "end-is-respected",
    "payload-as-described",
    "filters-hold",
    "event-comes-once",
)


@pytest.mark.parametrize("name", OF_EVENTS)
def test_where_too_much_came_to_be_looked_at_nothing_is_known(name: str) -> None:
    at = flooded(trial({"steady": BOTH, "narrow": BOTH}), "steady")

    finding = of_payload([], at=at) if name == "payload-as-described" else seen(f"webhooks.{name}", at)
    assert (finding.verdict, finding.summary) == (Verdict.UNKNOWN, "so many messages came to this address")


def test_a_flood_at_one_address_says_nothing_of_another() -> None:
    assert arrives(flooded(trial({"steady": BOTH}), "failing")).verdict is Verdict.MET


# -- what an event holds ----------------------------------------------------------------------------------

CREATED: dict[str, Any] = {"type": "object", "required": ["type", "data"], "properties": {
    "type": {"enum": ["work_order.created"]}, "data": {"type": "object"}}}  # fmt: skip
UPDATED: dict[str, Any] = {"type": "object", "required": ["type", "changes"], "properties": {
    "type": {"enum": ["work_order.updated"]}, "changes": {"type": "object"}}}  # fmt: skip


def of_payload(
    came: list[Received], webhooks: dict[str, Any] | None = None, *, at: EventTrial | None = None
) -> Finding:
    """The finding on what events hold, of a vendor who describes these kinds."""
    document = described("")
    document["openapi"] = "3.1.0"
    document["webhooks"] = {
        name: {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}
        for name, schema in (webhooks or {"work_order.created": CREATED}).items()
    }
    return seen("webhooks.payload-as-described", at or trial({"steady": came}), document=document)


def test_each_event_is_held_against_the_description_of_its_own_kind() -> None:
    kinds = {"work_order.updated": UPDATED, "work_order.created": CREATED}

    assert of_payload(BOTH, kinds).verdict is Verdict.MET
    assert of_payload(BOTH, dict(reversed(kinds.items()))).verdict is Verdict.MET


def test_an_event_that_departs_from_its_description_is_told() -> None:
    wrong = {**CREATED, "required": ["type", "data", "occurred_at"]}

    finding = of_payload(BOTH, {"work_order.created": wrong})
    assert (finding.verdict, raised(finding)) == (Verdict.NOT_MET, ["undocumented-behaviour"])
    assert "occurred_at" in finding.summary


def test_a_description_of_another_kind_is_held_against_no_event() -> None:
    finding = of_payload(BOTH, {"work_order.updated": UPDATED, "asset.updated": {"type": "array"}})

    assert (finding.verdict, finding.flags) == (Verdict.UNKNOWN, ())


def test_order_is_told_by_causes_and_an_event_beside_spoils_none() -> None:
    came = [
        delivery("steady", 1, 0.2, event="a"),
        delivery("steady", 2, 0.3, event="b"),
        delivery("steady", 2, 0.4, event="c", kind="work_order.assigned"),
        delivery("steady", 2, 0.5, event="d", kind="work_order.status_changed"),
    ]

    assert seen("webhooks.order-kept", trial({"steady": came}, causes=CHANGED)).verdict is Verdict.MET
    assert seen("webhooks.order-kept", trial({"steady": list(reversed(BOTH))})).verdict is Verdict.PARTIAL


def test_an_event_after_the_end_is_told_and_nothing_is_known_without_another_one_elsewhere() -> None:
    at = trial({"steady": BOTH})
    endings = {
        Verdict.MET: replace(at.ending, control=True),
        Verdict.PARTIAL: replace(at.ending, late=tuple(BOTH[:1])),
        Verdict.UNKNOWN: replace(at.ending, control=False),
    }

    for verdict, ending in endings.items():
        assert seen("webhooks.end-is-respected", replace(at, ending=ending)).verdict is verdict
