"""What an event trial brought is judged by what it shows: a vendor is not blamed for what was not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.events.facts import EventTrial
from cmms_audit.model import Finding, Verdict
from cmms_audit.webhooks.received import Received, Signature
from cmms_audit.webhooks.signatures import Way
from tests.events.trials import cause, delivery, exchange, trial, tries
from tests.support import battery, subject_of

SAYS_72_HOURS = "Failed webhook deliveries are retried with exponential backoff for up to 72 hours."
SAYS_FIRST_AFTER = "Failed webhook deliveries are retried, first after {} and then with growing gaps, for 72 hours."


def seen(check: str, at: EventTrial, *, says: str = "", **vendor: Any) -> Finding:
    """The finding of a live check over a trial; `says` is what the document says of webhooks."""
    subject = replace(subject_of(described(says), may_write=True, **vendor), api=_Nobody())  # type: ignore[arg-type]

    async def run() -> Finding:
        done: asyncio.Future[EventTrial] = asyncio.get_running_loop().create_future()
        done.set_result(at)
        subject.observations["events"] = done  # type: ignore[assignment]
        declared = battery()[check]
        (finding,) = await judge(declared, Context(subject, declared))
        return finding

    return asyncio.run(run())


def described(says: str) -> dict[str, Any]:
    """A document of work orders and of subscriptions to events, with a text on webhooks."""
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "url": {"type": "string"}}}
    content = {"application/json": {"schema": schema}}
    everything = {"application/json": {"schema": {"type": "array", "items": schema}}}
    lists = {"get": {"responses": {"200": {"description": "All", "content": everything}}}}
    make = {"post": {"requestBody": {"content": content}, "responses": {"201": {"description": "Made"}}}}
    info = {"title": "x", "version": "1", "description": says}
    return {"openapi": "3.0.3", "info": info, "paths": {"/webhooks": {**lists, **make}, "/work-orders": lists}}


class _Nobody:
    """An API that nobody asks."""

    def asked_by(self, owner: str) -> _Nobody:
        return self


def raised(finding: Finding) -> list[str]:
    return [mark.flag for mark in finding.flags if mark.raised]


def failing(gaps: Sequence[float], **more: Any) -> EventTrial:
    return trial({"failing": tries("failing", 1, gaps)}, **more)


@pytest.mark.parametrize("gaps", [(5, 10, 20, 40), (5, 300), (2, 4, 6, 8), (0.3, 5, 10, 20, 40)])
def test_gaps_that_grow_are_what_a_receiver_needs(gaps: tuple[float, ...]) -> None:
    finding = seen("webhooks.retries-seen", failing(gaps, watched=sum(gaps) + 10), says=SAYS_72_HOURS)

    assert (finding.verdict, raised(finding)) == (Verdict.MET, [])
    assert "72 hours" in finding.summary


def test_for_how_long_it_goes_on_is_taken_from_the_documents_and_never_made_up() -> None:
    assert seen("webhooks.retries-seen", failing((5, 10, 20, 40))).verdict is Verdict.PARTIAL
    short = "Failed webhook deliveries are retried with exponential backoff for up to 6 hours."
    assert seen("webhooks.retries-seen", failing((5, 10, 20, 40)), says=short).verdict is Verdict.PARTIAL


@pytest.mark.parametrize("gaps", [(10, 10, 10), (10, 10, 10, 10, 10)])
def test_fixed_gaps_give_no_rest_and_a_pause_after_them_is_no_giving_up(gaps: tuple[float, ...]) -> None:
    finding = seen("webhooks.retries-seen", failing(gaps, watched=600), says=SAYS_72_HOURS)

    assert (finding.verdict, raised(finding)) == (Verdict.PARTIAL, [])
    assert "given up" not in finding.summary


def test_a_sender_who_stops_when_the_next_try_was_due_has_given_up() -> None:
    finding = seen("webhooks.retries-seen", failing((2, 4), watched=120), says=SAYS_72_HOURS)

    assert finding.verdict is Verdict.PARTIAL
    assert "given up" in finding.summary


@pytest.mark.parametrize("says", ["", SAYS_72_HOURS, SAYS_FIRST_AFTER.format("10 minutes")])
def test_no_second_try_in_a_short_watch_blames_nobody(says: str) -> None:
    finding = seen("webhooks.retries-seen", failing(()), says=says)

    assert (finding.verdict, raised(finding)) == (Verdict.NOT_APPLICABLE, [])
    assert "watch longer" in finding.summary


def test_no_second_try_when_one_was_due_by_the_documents_is_an_event_lost() -> None:
    finding = seen("webhooks.retries-seen", failing(()), says=SAYS_FIRST_AFTER.format("one minute"))

    assert (finding.verdict, raised(finding)) == (Verdict.NOT_MET, ["no-webhook-retry"])


def test_no_second_try_in_an_hour_is_an_event_lost_whatever_is_written() -> None:
    assert raised(seen("webhooks.retries-seen", failing((), watched=3600))) == ["no-webhook-retry"]


@pytest.mark.parametrize("check", ["webhooks.silence-retried", "webhooks.outage-retried"])
def test_one_kind_of_failure_is_blamed_only_where_others_are_repeated_in_time(check: str) -> None:
    name = {"webhooks.silence-retried": "silent", "webhooks.outage-retried": "broken"}[check]
    lost = {name: tries(name, 1, (), treated="reset")}
    repeated = {"failing": tries("failing", 1, (5, 10))}

    assert seen(check, trial(lost | {"failing": tries("failing", 1, ())})).verdict is Verdict.NOT_APPLICABLE
    assert seen(check, trial(lost | repeated)).verdict is Verdict.PARTIAL
    taken = {name: [*lost[name], delivery(name, 1, 6.0)]}
    assert seen(check, trial(taken | repeated)).verdict is Verdict.MET


def test_nothing_that_came_through_a_tunnel_may_be_the_tunnels_fault() -> None:
    assert seen("webhooks.event-arrives", trial({}, by_tunnel=True)).verdict is Verdict.UNKNOWN
    assert seen("webhooks.event-arrives", trial({})).verdict is Verdict.NOT_MET
    some = trial({"steady": [delivery("steady", 1, 0.2)]}, by_tunnel=True)
    assert seen("webhooks.event-arrives", some).verdict is Verdict.NOT_MET


def test_an_event_after_more_than_a_minute_is_too_late_for_an_alarm() -> None:
    late = trial({"steady": [delivery("steady", 1, 0.2), delivery("steady", 2, 75.0)]})

    assert seen("webhooks.event-arrives", late).verdict is Verdict.PARTIAL


def test_a_vendor_who_cannot_reach_this_machine_is_not_asked_to() -> None:
    finding = seen("webhooks.event-arrives", trial({}), reached_by="nobody")

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, "not-permitted")
    assert "public_url" in finding.summary


SIGNED = Way("x-sign", "sha256", "hex", "text", ("{time}", ".", "{body}"), "x-time")


@pytest.mark.parametrize(
    ("signature", "verdict"),
    [
        (Signature(), Verdict.PARTIAL),
        (Signature(("x-sign",), SIGNED, True, False, False, True), Verdict.MET),
        (Signature(("x-sign",), replace(SIGNED, form=("{body}",)), True, False, False, True), Verdict.PARTIAL),
        (Signature(("x-sign",), replace(SIGNED, form=("{time}",)), True, False, False, False), Verdict.PARTIAL),
        (Signature(("x-sign",), None, False), Verdict.UNKNOWN),
        (Signature(("x-sign",), None, True), Verdict.UNKNOWN),
        (Signature(("signature",), None, True, False, True), Verdict.UNKNOWN),
    ],
)
def test_a_signature_is_worth_what_it_covers(signature: Signature, verdict: Verdict) -> None:
    one = Received(delivery("steady", 1, 0.1).delivery, signature)

    assert seen("webhooks.signature-holds", trial({"steady": [one]})).verdict is verdict


def test_tries_under_changing_ids_or_none_cannot_be_told_from_new_events() -> None:
    stay = trial({"failing": tries("failing", 1, (5, 10))})
    change = trial({"failing": [delivery("failing", 1, at, event=f"e{at}") for at in (0.1, 5.1)]})
    nameless = trial({"failing": [delivery("failing", 1, at, event="") for at in (0.1, 5.1)]})

    assert seen("webhooks.event-ids-stay", stay).verdict is Verdict.MET
    assert seen("webhooks.event-ids-stay", change).verdict is Verdict.PARTIAL
    assert seen("webhooks.event-ids-stay", nameless).verdict is Verdict.PARTIAL


CAUSES = (cause(1), cause(2), cause(3, differs="priority"), cause(4, differs="site"))


def narrowed(*came: int, by: tuple[str, ...] = ("priority", "site")) -> EventTrial:
    everything = {"steady": [delivery("steady", each.number, 0.1) for each in CAUSES]}
    at = trial(everything | {"narrow": [delivery("narrow", number, 0.1) for number in came]}, causes=CAUSES)
    return replace(at, corners={**at.corners, "narrow": replace(at.corners["narrow"], narrowed=by)})


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        (narrowed(1, 2), Verdict.MET),
        (narrowed(1, 2, 3), Verdict.PARTIAL),
        (narrowed(1, 2, 3, 4), Verdict.NOT_MET),
        (narrowed(1, 2, 3, 4, by=("site",)), Verdict.NOT_MET),
        (narrowed(by=("priority",)), Verdict.UNKNOWN),
        (narrowed(1, 2, 3, 4, by=()), Verdict.NOT_APPLICABLE),
    ],
)
def test_a_filter_holds_where_matching_events_come_and_others_do_not(at: EventTrial, verdict: Verdict) -> None:
    assert seen("webhooks.filters-hold", at).verdict is verdict


def logged(entry: dict[str, Any], status: int = 200) -> EventTrial:
    at = trial({"failing": tries("failing", 1, (5, 10))})
    return replace(at, ending=replace(at.ending, log=exchange(90, status, {"data": [entry]})))


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        ({"id": "d1", "event_id": "evt-1", "status": "failed"}, Verdict.MET),
        ({"id": "d1", "event": {"work_order": "WO-1"}, "responseStatus": 503}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "delivered": False}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "status": "delivered"}, Verdict.PARTIAL),
        ({"id": "d1", "event_id": "evt-7", "status": "failed"}, Verdict.PARTIAL),
    ],
)
def test_a_refused_event_stands_in_the_log_as_refused(entry: dict[str, Any], verdict: Verdict) -> None:
    assert seen("webhooks.failure-logged", logged(entry)).verdict is verdict


@given(
    gaps=st.lists(st.floats(min_value=0, max_value=1e6), max_size=8),
    watched=st.floats(min_value=1, max_value=1e6),
)
def test_no_schedule_breaks_a_check(gaps: list[float], watched: float) -> None:
    at = trial({name: tries(name, 1, gaps) for name in ("steady", "failing", "later", "gone")}, watched=watched)

    for check in ("webhooks.retries-seen", "webhooks.wait-respected", "webhooks.gone-is-final", "webhooks.not-held-up"):
        assert seen(check, at).reason != "defect"
