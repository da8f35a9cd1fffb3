"""What a trial does to make events: only to records of its own, which it deletes again, and only what is offered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.checks.small import as_json
from tests.events.vendor import PREFIX, STATUSES, Tried, Vendor, tried
from tests.wire.servers import Answer, Seen


def changes_of_status(at: Tried) -> list[Any]:
    bodies = (json.loads(each.body) for each in at.calls("PATCH", "/work-orders/"))
    return [each["status"] for each in bodies if "status" in each]


def test_what_events_are_offered_for_is_done_to_records_of_our_own_which_are_deleted(tmp_path: Path) -> None:
    at = tried(Vendor(), tmp_path)

    assert at.done[:6] == ["created", "created", "status changed", "changed", "asset created", "asset changed"]
    steady = {each.cause.what for each in at.trial.events("steady")}
    assert steady == {"created", "status changed", "changed", "asset changed"}
    assert at.vendor.records == {}
    assert {each.cause.number for each in at.trial.events("narrow")} == {1, 2}


def test_nothing_is_changed_that_no_event_is_offered_for(tmp_path: Path) -> None:
    at = tried(Vendor(kinds=("work_order.created", "purchase_order.updated", "asset.location_changed")), tmp_path)

    assert "changed" not in at.done
    assert not at.calls("POST", "/assets")


def test_an_asset_is_only_made_where_it_can_be_deleted(tmp_path: Path) -> None:
    assert not tried(Vendor(assets_can_be_deleted=False), tmp_path).calls("POST", "/assets")


@pytest.mark.parametrize(
    ("statuses", "first", "tried_first"),
    [
        (STATUSES, "OPEN", "IN_PROGRESS"),
        (STATUSES, "IN_PROGRESS", "OPEN"),
        (("open", "in-progress"), "OPEN", "in-progress"),
        (STATUSES, {"id": 1, "name": "Open"}, "IN_PROGRESS"),
        ((None, "OPEN", "DONE"), "OPEN", "DONE"),
    ],
)
def test_the_status_is_never_changed_to_what_it_is(
    statuses: tuple[Any, ...], first: Any, tried_first: str, tmp_path: Path
) -> None:
    at = tried(Vendor(statuses=statuses, first_status=first), tmp_path)

    assert changes_of_status(at) == [tried_first]


def test_where_a_change_replaces_all_of_a_record_it_keeps_our_text(tmp_path: Path) -> None:
    at = tried(Vendor(update="put"), tmp_path)

    assert all("cmms-audit" in each.body.decode() for each in at.calls("PUT", "/work-orders/"))
    assert at.done[:4] == ["created", "created", "status changed", "changed"]
    assert at.vendor.records == {}


def test_a_change_that_changed_nothing_is_no_cause(tmp_path: Path) -> None:
    at = tried(Vendor(takes_status=lambda status: "OPEN"), tmp_path)

    assert changes_of_status(at) == ["IN_PROGRESS", "DONE"]
    assert "status changed" not in at.done


def test_a_record_that_cannot_be_read_back_costs_the_changes_and_not_the_trial(tmp_path: Path) -> None:
    def unread(seen: Seen) -> Answer | None:
        is_one = seen.method == "GET" and seen.path.startswith(f"{PREFIX}/work-orders/")
        return as_json({"message": "later"}, 503) if is_one else None

    at = tried(Vendor(wrong=unread), tmp_path)

    assert at.done[:4] == ["created", "created", "asset created", "asset changed"]
    assert not at.calls("PATCH", "/work-orders")


@pytest.mark.parametrize(
    ("kinds", "fields", "changed"),
    [
        (
            ("asset.condition_changed",),
            {"condition": {"type": "integer", "minimum": 5, "maximum": 9}},
            {"condition": 9},
        ),
        (("asset.condition_changed",), {"status": {"enum": ["ACTIVE", "OUT"]}}, None),
        (("asset.status_changed",), {"status": {"enum": ["ACTIVE", "OUT"]}}, {"status": "OUT"}),
        (("asset.updated",), {}, {"name": "changed"}),
        (("asset.condition_changed",), {"condition": {"type": "number", "maximum": 1e999}}, None),
    ],
)
def test_of_an_asset_that_is_changed_which_the_event_is_about(
    kinds: tuple[str, ...], fields: dict[str, Any], changed: dict[str, Any] | None, tmp_path: Path
) -> None:
    at = tried(Vendor(kinds=(*kinds, "work_order.created"), asset_fields=fields), tmp_path)

    sent = [json.loads(each.body) for each in at.calls("PATCH", "/assets/")]
    assert ("asset changed" in at.done) == (changed is not None)
    shown = [{name: "changed" if name == "name" else value for name, value in each.items()} for each in sent]
    assert shown == ([changed] if changed else [])


PING = {"type": "ping", "id": "evt-0"}


@pytest.mark.parametrize("before", [(), (PING,)])
@pytest.mark.parametrize("inside", [False, True])
def test_it_is_an_event_of_ours_that_is_refused(before: tuple[Any, ...], inside: bool, tmp_path: Path) -> None:
    at = tried(Vendor(before_ours=before, inside=inside), tmp_path)

    for name in ("failing", "later", "gone"):
        assert [each.cause.what for each in at.trial.events(name) if each.refused] == ["created"], name
