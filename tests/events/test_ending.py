"""How a trial ends: what is asked for once more, and that nothing comes to whoever has left."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmms_audit.events import ending
from tests.checks.small import Json, as_json
from tests.events.vendor import PREFIX, Vendor, tried
from tests.wire.servers import Answer, Seen


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of a test come at once, so that a second is patience enough."""
    monkeypatch.setattr(ending, "_SHORTEST_WAIT", 1.0)


def test_an_event_is_asked_for_again_below_our_own_subscription_and_comes(tmp_path: Path) -> None:
    at = tried(Vendor(), tmp_path)

    (asked,) = [each.path for each in at.calls("POST", "/webhooks/")]
    assert asked == f"{PREFIX}/webhooks/{at.trial.corners['steady'].made.record_id}/deliveries/dlv-evt-1/replay"  # type: ignore[union-attr]
    assert at.trial.ending.replayed


def test_an_event_that_is_promised_again_and_does_not_come_is_missed(tmp_path: Path) -> None:
    at = tried(Vendor(resends=False), tmp_path)

    assert at.trial.ending.replay is not None
    assert at.trial.ending.replay.ok
    assert at.trial.ending.replayed is False


def test_what_was_delivered_well_may_not_be_sent_again_and_what_failed_is_then(tmp_path: Path) -> None:
    asked: list[str] = []

    def refuses_first(seen: Seen) -> Answer | None:
        if seen.method == "POST" and seen.path.endswith("/replay"):
            asked.append(seen.path)
            return as_json({"message": "it was delivered"}, 409) if len(asked) == 1 else None
        return None

    at = tried(Vendor(wrong=refuses_first), tmp_path)

    owners = [at.trial.corners[name].made.record_id for name in ("steady", "failing")]  # type: ignore[union-attr]
    assert [path.split("/")[4] for path in asked] == owners
    assert at.trial.ending.replayed


@pytest.mark.parametrize(
    "given", ["..", ".", "../WE-9", "a/b", "a\\b", "\ud800", "", "x" * 5000, None, True, ["x"], {"id": 1}, "a\r\nb"]
)
def test_an_entry_whose_id_could_lead_elsewhere_is_not_asked_for(given: Any, tmp_path: Path) -> None:
    at = tried(Vendor(log_id=lambda _: given, resends=False), tmp_path, watch=0.2)

    assert not at.calls("POST", "/webhooks/")


def test_an_id_with_marks_of_addresses_stays_one_step_of_the_address(tmp_path: Path) -> None:
    at = tried(Vendor(log_id=lambda _: "a?b=1#c%2e%2e d"), tmp_path, watch=0.2)

    assert {each.target for each in at.calls("POST", "/webhooks/")} <= {
        f"{PREFIX}/webhooks/{name}/deliveries/a%3Fb%3D1%23c%252e%252e%20d/replay" for name in ("WE-1", "WE-2")
    }
    assert at.calls("POST", "/webhooks/")


def test_nothing_is_asked_for_at_a_subscription_that_is_not_ours_any_more(tmp_path: Path) -> None:
    at = tried(Vendor(subscription_read=lambda record: {**record, "url": "https://others.example/x"}), tmp_path)

    assert not at.calls("POST", "/webhooks/")
    assert at.trial.ending.replay is None


@pytest.mark.parametrize(
    ("says", "resting"),
    [
        ({}, None),
        ({"active": True}, False),
        ({"active": False}, True),
        ({"isPaused": True}, True),
        ({"status": "disabled_by_failures"}, True),
        ({"state": "running"}, False),
        ({"active": "no"}, None),
    ],
)
def test_whether_a_subscription_is_switched_off_is_taken_from_its_own_word(
    says: Json, resting: bool | None, tmp_path: Path
) -> None:
    at = tried(Vendor(subscription_read=lambda record: _shown(record, says), has_log=False), tmp_path, watch=0.2)

    assert at.trial.ending.resting is resting


def _shown(record: Json, says: Json) -> Json:
    return {name: value for name, value in record.items() if name != "status"} | says


def test_a_subscription_that_is_gone_is_switched_off(tmp_path: Path) -> None:
    def gone(seen: Seen) -> Answer | None:
        return as_json({}, 404) if (seen.method, seen.path) == ("GET", f"{PREFIX}/webhooks/WE-2") else None

    assert tried(Vendor(wrong=gone, has_log=False), tmp_path, watch=0.2).trial.ending.resting


def test_after_its_end_a_subscription_gets_nothing_while_another_does(tmp_path: Path) -> None:
    end = tried(Vendor(), tmp_path).trial.ending

    assert end.control
    assert end.late == ()


def test_events_after_the_end_are_waited_for_as_long_as_others_took(tmp_path: Path) -> None:
    at = tried(Vendor(undying=True, delay=0.5), tmp_path, watch=1.2)

    assert at.trial.ending.control
    assert [each.delivery.address for each in at.trial.ending.late] == ["steady"]
    assert at.vendor.sent[-1][1]["record"].encode() in at.trial.ending.late[0].delivery.body


def test_where_nothing_comes_to_anybody_after_the_end_nothing_is_known(tmp_path: Path) -> None:
    class Tired(Vendor):
        def tell(self, event: str, record: Json) -> None:
            if not self.left:
                super().tell(event, record)

    end = tried(Tired(), tmp_path).trial.ending
    assert (end.control, end.late) == (False, ())


def _broken(method: str, below: str) -> Callable[[Seen], Answer | None]:
    def wrong(seen: Seen) -> Answer | None:
        is_it = seen.method == method and seen.path.startswith(f"{PREFIX}/webhooks/") and seen.path.endswith(below)
        return Answer(302, b"", {"Location": "http://other.invalid/"}) if is_it else None

    return wrong


@pytest.mark.parametrize(
    ("method", "below"), [("GET", "/deliveries"), ("GET", "WE-2"), ("POST", "/replay"), ("DELETE", "")]
)
def test_what_cannot_be_tried_at_the_end_does_not_cost_what_was_watched(
    method: str, below: str, tmp_path: Path
) -> None:
    at = tried(Vendor(wrong=_broken(method, below)), tmp_path, watch=0.2)

    assert at.trial.events("steady")


def test_a_log_that_never_ends_is_looked_at_in_part(tmp_path: Path) -> None:
    class Logging(Vendor):
        def log(self, subscription_id: str) -> Answer:
            entry = {"status": "delivered", "payload": {f"n{n}": f"/a/b/c/{n}" for n in range(15)}}
            return as_json([{"id": f"d{n}", **entry} for n in range(5000)])

    began = time.monotonic()
    tried(Logging(), tmp_path, watch=0.2)

    assert time.monotonic() - began < 20
