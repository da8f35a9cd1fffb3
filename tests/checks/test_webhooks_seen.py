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
from cmms_audit.events.recorded import RecordedAddress, RecordedTrial
from cmms_audit.model import Claim, Finding, Verdict
from cmms_audit.reports.event_delivery import events_member
from cmms_audit.webhooks.received import Received, Signature
from cmms_audit.webhooks.signatures import Way
from tests.events.trials import cause, delivery, exchange, trial, tries
from tests.support import battery, subject_of

SAYS_72_HOURS = "Failed webhook deliveries are retried with exponential backoff for up to 72 hours."
SAYS_FIRST_AFTER = "Failed webhook deliveries are retried, first after {} and then with growing gaps, for 72 hours."


def seen(
    check: str, at: EventTrial, *, says: str = "", document: dict[str, Any] | None = None, **vendor: Any
) -> Finding:
    """The finding of a live check over a trial; `says` is what the document says of webhooks, if none is given."""
    subject = replace(subject_of(document or described(says), may_write=True, **vendor), api=_Nobody())  # type: ignore[arg-type]

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


def cleared(finding: Finding) -> list[str]:
    return [mark.flag for mark in finding.flags if not mark.raised]


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


@pytest.mark.parametrize(
    ("says", "verdict", "contradicted"),
    [
        ("", Verdict.PARTIAL, False),
        (SAYS_72_HOURS, Verdict.UNKNOWN, False),
        (SAYS_FIRST_AFTER.format("1 second"), Verdict.PARTIAL, True),
        (SAYS_FIRST_AFTER.format("10 seconds"), Verdict.UNKNOWN, False),
    ],
)
def test_quick_tries_and_then_none_break_a_promise_only_where_the_documents_had_the_next_one(
    says: str, verdict: Verdict, contradicted: bool
) -> None:
    claims = {"webhooks.delivery": Claim("webhooks.delivery", "yes", numbers={"retries": 10})}
    finding = seen("webhooks.retries-seen", failing((1, 2, 4)), says=says, claims=claims)

    assert (finding.verdict, raised(finding)) == (verdict, [])
    assert "and then no more in 113 s" in finding.summary
    assert [each.contradicted for each in finding.claims] == [contradicted]


def test_all_retries_that_are_promised_may_be_followed_by_none() -> None:
    says = "Failed webhook deliveries are retried 3 times with exponential backoff, first after 1 second."
    finding = seen("webhooks.retries-seen", failing((1, 2, 4)), says=says)

    assert finding.verdict is Verdict.PARTIAL
    assert "documents' own schedule" not in finding.summary


@pytest.mark.parametrize("gaps", [(5,), (5, 5), (9, 4, 8)])
def test_too_few_gaps_stand_for_the_schedule_that_is_documented_and_for_nothing_else(gaps: tuple[float, ...]) -> None:
    promised = seen("webhooks.retries-seen", failing(gaps), says=SAYS_72_HOURS)
    alone = seen("webhooks.retries-seen", failing(gaps))

    assert (promised.verdict, alone.verdict) == (Verdict.MET, Verdict.NOT_APPLICABLE)
    assert cleared(promised) == cleared(alone) == ["no-webhook-retry"]
    assert "no rest" not in promised.summary + alone.summary


def test_one_more_try_and_then_none_for_hours_is_not_the_schedule_that_is_documented() -> None:
    finding = seen("webhooks.retries-seen", failing((5,), watched=7200), says=SAYS_72_HOURS)

    assert finding.verdict is Verdict.NOT_APPLICABLE


def test_gaps_that_vary_by_chance_grow_where_the_later_ones_are_longer() -> None:
    finding = seen("webhooks.retries-seen", failing((4.1, 9.4, 7.8, 31)), says=SAYS_72_HOURS)

    assert finding.verdict is Verdict.MET


def test_long_gaps_of_one_length_give_rest_all_the_same() -> None:
    hourly = failing((3600, 3600, 3600), watched=14_000)
    by_clock = SAYS_72_HOURS + " In this sandbox the clock of deliveries runs 100 times as fast."

    for finding in (
        seen("webhooks.retries-seen", hourly, says=SAYS_72_HOURS),
        seen("webhooks.retries-seen", failing((0.6, 0.6, 0.6), watched=10), says=by_clock),
    ):
        assert finding.verdict is Verdict.PARTIAL
        assert "no rest" not in finding.summary


def test_two_equal_messages_at_once_under_two_ids_are_no_retry() -> None:
    both = [delivery("failing", 1, at, event=f"e{at}", treated="503") for at in (0.1, 0.15)]
    later = [*both, delivery("failing", 1, 5.1, event="e3", treated="503")]

    finding = seen("webhooks.retries-seen", trial({"failing": both}))
    assert (finding.verdict, finding.flags) == (Verdict.NOT_APPLICABLE, ())
    assert cleared(seen("webhooks.retries-seen", trial({"failing": later}))) == ["no-webhook-retry"]


def test_of_two_events_of_one_cause_the_one_that_was_refused_is_judged() -> None:
    assigned = delivery("failing", 1, 0.15, event="b", kind="work_order.assigned")
    once = [delivery("failing", 1, 0.1, event="a", treated="503"), assigned]
    again = [delivery("failing", 1, 0.1 + at, event="a", treated="503") for at in (5, 15, 35, 75)]

    assert cleared(seen("webhooks.retries-seen", trial({"failing": once}))) == []
    finding = seen("webhooks.retries-seen", trial({"failing": [*once, *again]}), says=SAYS_72_HOURS)
    assert (finding.verdict, "exponential" in finding.summary) == (Verdict.MET, True)
    assert seen("webhooks.event-ids-stay", trial({"failing": [*once, *again]})).verdict is Verdict.MET


@pytest.mark.parametrize("says", ["", SAYS_72_HOURS, SAYS_FIRST_AFTER.format("10 minutes")])
def test_no_second_try_in_a_short_watch_blames_nobody(says: str) -> None:
    finding = seen("webhooks.retries-seen", failing(()), says=says)

    assert (finding.verdict, raised(finding)) == (Verdict.NOT_APPLICABLE, [])
    assert "watch longer" in finding.summary


def test_no_second_try_when_one_was_due_by_the_documents_is_an_event_lost() -> None:
    finding = seen("webhooks.retries-seen", failing(()), says=SAYS_FIRST_AFTER.format("one minute"))

    assert (finding.verdict, raised(finding)) == (Verdict.NOT_MET, ["no-webhook-retry"])


@pytest.mark.parametrize(
    ("first", "gap", "watched", "flags"),
    [
        (58.0, "1 minute", 120, []),
        (55.0, "30 seconds", 120, []),
        (20.0, "1 minute", 120, []),
        (55.0, "30 seconds", 160, ["no-webhook-retry"]),
        (5.0, "30 seconds", 120, ["no-webhook-retry"]),
    ],
)
def test_a_sender_who_comes_late_with_the_first_try_is_given_as_long_for_the_second(
    first: float, gap: str, watched: float, flags: list[str]
) -> None:
    at = trial({"failing": tries("failing", 1, (), first=first)}, watched=watched)
    says = f"Failed webhook deliveries are retried after {gap}."
    finding = seen("webhooks.retries-seen", at, says=says)
    report = events_member(recorded(at), [seen("webhooks.retry-documented", at, says=says)])

    assert raised(finding) == flags
    assert report is not None
    assert {each["outcome"] for each in report["outages"]} == {"lost" if flags else "open"}


def recorded(at: EventTrial) -> RecordedTrial:
    """A trial as the report reads it."""
    addresses = [
        RecordedAddress(each.name, each.script, each.refused, each.narrowed, at.events(each.name), 0)
        for each in at.corners.values()
    ]
    return RecordedTrial(tuple(addresses), at.causes, at.watched)


SAYS_SWITCHED_OFF = "A webhook subscription is disabled after 3 consecutive failures."


@pytest.mark.parametrize(
    ("resting", "says", "flags"),
    [
        (None, "", ["no-webhook-retry"]),
        (True, "", []),
        (None, SAYS_SWITCHED_OFF, []),
        (None, "An endpoint that does not respond is paused for an hour.", []),
        (None, "If the endpoint returns an error, its circuit breaker opens.", []),
        (False, SAYS_SWITCHED_OFF, ["no-webhook-retry"]),
        (None, "A webhook is disabled after 20 consecutive failures.", ["no-webhook-retry"]),
        (None, "An endpoint is disabled after failing for 5 days.", ["no-webhook-retry"]),
        (None, "A webhook can be disabled by an administrator.", ["no-webhook-retry"]),
        (None, "Users are disabled after 3 failed logins.", ["no-webhook-retry"]),
    ],
)
def test_a_subscription_that_was_switched_off_is_not_called_a_missing_retry(
    resting: bool | None, says: str, flags: list[str]
) -> None:
    at = failing(())
    at = replace(at, ending=replace(at.ending, resting=resting))
    finding = seen("webhooks.retries-seen", at, says=f"{SAYS_FIRST_AFTER.format('one minute')} {says}")

    assert raised(finding) == flags
    assert finding.verdict is (Verdict.NOT_MET if flags else Verdict.UNKNOWN)


def test_a_promised_retry_of_which_no_gap_is_told_may_take_an_hour() -> None:
    says = "Failed webhook deliveries are retried for 72 hours."

    assert seen("webhooks.retries-seen", failing((), watched=3600), says=says).verdict is Verdict.NOT_APPLICABLE
    assert raised(seen("webhooks.retries-seen", failing((), watched=7200), says=says)) == ["no-webhook-retry"]


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
    assert seen(check, trial(taken)).verdict is Verdict.MET


@pytest.mark.parametrize("check", ["silence-retried", "outage-retried"])
def test_nothing_is_lost_that_was_not_due_within_the_watch(check: str) -> None:
    name = {"silence-retried": "silent", "outage-retried": "broken"}[check]
    at = trial({name: tries(name, 1, (), treated="reset"), "failing": tries("failing", 1, (100,))})
    finding = seen(f"webhooks.{check}", at)

    assert finding.verdict is Verdict.UNKNOWN
    assert "watch longer" in finding.summary


def test_another_event_that_came_twice_does_not_save_the_one_that_was_refused() -> None:
    other = [delivery("silent", 2, at) for at in (0.3, 5.0)]
    at = {"silent": [*tries("silent", 1, (), treated="silent:4"), *other], "failing": tries("failing", 1, (5, 10))}

    assert seen("webhooks.silence-retried", trial(at)).verdict is Verdict.PARTIAL


@pytest.mark.parametrize(
    ("usual", "waited", "verdict"),
    [
        ((1, 1), 2.1, Verdict.MET),
        ((1, 1), 1.0, Verdict.PARTIAL),
        ((10, 20), 10.0, Verdict.NOT_APPLICABLE),
        ((10, 20), 1.0, Verdict.PARTIAL),
        ((), 2.1, Verdict.MET),
    ],
)
def test_only_a_sender_who_comes_sooner_without_being_asked_shows_that_he_waits(
    usual: tuple[float, ...], waited: float, verdict: Verdict
) -> None:
    at = trial({"failing": tries("failing", 1, usual), "later": tries("later", 1, (waited,))})

    assert seen("webhooks.wait-respected", at).verdict is verdict


@pytest.mark.parametrize(("usual", "verdict"), [((5,), Verdict.MET), ((100,), Verdict.NOT_APPLICABLE)])
def test_who_is_gone_is_left_alone_only_where_a_try_was_due(usual: tuple[float, ...], verdict: Verdict) -> None:
    at = trial({"failing": tries("failing", 1, usual), "gone": tries("gone", 1, (), treated="410")})

    assert seen("webhooks.gone-is-final", at).verdict is verdict


@pytest.mark.parametrize(
    ("first", "here", "there", "verdict"),
    [
        (0.1, 0.2, 0.2, Verdict.MET),
        (0.1, 30.0, 0.2, Verdict.PARTIAL),
        (0.1, None, 0.2, Verdict.PARTIAL),
        (0.1, 100.0, 100.0, Verdict.PARTIAL),
        (90.0, 100.0, 100.0, Verdict.UNKNOWN),
        (0.1, 0.2, None, Verdict.UNKNOWN),
    ],
)
def test_one_event_that_fails_holds_up_others_where_the_next_cause_comes_late(
    first: float, here: float | None, there: float | None, verdict: Verdict
) -> None:
    at = {
        "failing": tries("failing", 1, (5, 10), first=first),
        "steady": [delivery("steady", 1, first, event="a"), delivery("steady", 1, first, event="b")],
    }
    at["failing"] += [delivery("failing", 2, here)] if here else []
    at["steady"] += [delivery("steady", 2, there)] if there else []

    assert seen("webhooks.not-held-up", trial(at)).verdict is verdict


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
    change = trial({"failing": [delivery("failing", 1, at, event=f"e{at}", treated="503") for at in (0.1, 5.1)]})
    nameless = trial({"failing": [delivery("failing", 1, at, event="", treated="503") for at in (0.1, 5.1)]})

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


SOONER, LATER = "2026-11-22T12:00:00Z", "2026-11-22T12:00:05Z"


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
        ({"id": "d1", "event_id": "evt-1", "status": "success", "http_code": "200"}, Verdict.PARTIAL),
        ({"id": "d1", "event_id": "evt-1", "delivered": True, "attempts": 4}, Verdict.PARTIAL),
        ({"id": "d1", "event_id": "evt-1", "response": {"status": 503}}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "http_code": 503}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "http_status": 500}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "status": "exhausted"}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "status": "unsuccessful"}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "status": "waiting", "attempts": 3}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "status": "retrying", "response_code": 503}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "outcome": "not delivered"}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "last_error": "503 Service Unavailable"}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "next_attempt_at": "2026-11-22T12:05:00Z"}, Verdict.MET),
        ({"type": "delivery", "attributes": {"event": "evt-1", "state": "failed"}}, Verdict.MET),
        ({"id": "d1", "request_body": '{"work_order_id": "WO-1"}', "status": "failed"}, Verdict.MET),
        ({"id": "d1", "event_id": "evt-1", "payload": {"status": "accepted"}}, Verdict.UNKNOWN),
        ({"id": "d1", "event_id": "evt-1", "status": "completed"}, Verdict.UNKNOWN),
        ({"id": "d1", "event_id": "evt-1", "created_at": "2026-11-22T12:00:00Z"}, Verdict.UNKNOWN),
        ({"id": "d1", "event_id": "evt-7", "status": "failed"}, Verdict.UNKNOWN),
        ({"id": "d1", "event_type": "work_order.created", "status": "failed", "url": "https://x/f"}, Verdict.UNKNOWN),
        ({"id": "d1", "work_order": "WO-2", "status": "delivered"}, Verdict.PARTIAL),
        ({"event_id": "evt-1", "attempts": [{"response_code": 503}]}, Verdict.MET),
        ({"event_id": "evt-1", "attempts": [{"status": "accepted"}, {"response_code": 503}]}, Verdict.MET),
        ({"event_id": "evt-1", "attempts": [{"response_code": 503}, {"response_code": 200}]}, Verdict.PARTIAL),
        ({"event_id": "evt-1", "tries": [{"no": 2, "code": 503}, {"no": 1, "code": 202}]}, Verdict.MET),
        ({"event_id": "evt-1", "tries": [{"no": 1, "code": 503}, {"no": 2, "code": 202}]}, Verdict.PARTIAL),
        ({"event_id": "evt-1", "tries": [{"at": LATER, "code": 503}, {"at": SOONER, "code": 202}]}, Verdict.MET),
        ({"event_id": "evt-1", "delivery": {"attempts": [{"response": {"status": 503}}]}}, Verdict.MET),
        ({"event_id": "evt-1", "attempts": []}, Verdict.UNKNOWN),
        ({"event_id": "evt-1", "attempts": [1, "failed"]}, Verdict.UNKNOWN),
        ({"event_id": "evt-1", "headers": [{"status": 503}]}, Verdict.UNKNOWN),
    ],
)
def test_a_refused_event_stands_in_the_log_as_refused(entry: dict[str, Any], verdict: Verdict) -> None:
    assert seen("webhooks.failure-logged", logged(entry)).verdict is verdict


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"data": []}, Verdict.PARTIAL),
        ({"data": [{"work_order": "WO-2"}], "has_more": True}, Verdict.UNKNOWN),
        ({"data": [{"work_order": "WO-2"}], "meta": {"total": 40}}, Verdict.UNKNOWN),
        ({"data": [{"work_order": "WO-2"}], "next": None, "total": 1}, Verdict.PARTIAL),
        ({"data": [{"work_order": "WO-2", "next_retry_at": "2026-11-22T12:05:00Z"}]}, Verdict.PARTIAL),
    ],
)
def test_an_event_is_missing_from_a_log_only_where_all_of_it_was_read(body: Any, verdict: Verdict) -> None:
    at = trial({"failing": tries("failing", 1, (5, 10))})
    at = replace(at, ending=replace(at.ending, log=exchange(90, 200, body)))

    assert seen("webhooks.failure-logged", at).verdict is verdict


def test_a_log_that_names_records_only_may_tell_of_another_event_of_the_same_one() -> None:
    both = [*tries("failing", 1, (5, 10)), delivery("failing", 1, 0.2, event="b", kind="work_order.assigned")]
    log = exchange(90, 200, {"data": [{"work_order": "WO-1", "status": "delivered"}]})
    at = trial({"failing": both})

    assert seen("webhooks.failure-logged", replace(at, ending=replace(at.ending, log=log))).verdict is Verdict.UNKNOWN


@given(
    gaps=st.lists(st.floats(min_value=0, max_value=1e6), max_size=8),
    watched=st.floats(min_value=1, max_value=1e6),
)
def test_no_schedule_breaks_a_check(gaps: list[float], watched: float) -> None:
    at = trial({name: tries(name, 1, gaps) for name in ("steady", "failing", "later", "gone")}, watched=watched)

    for check in ("webhooks.retries-seen", "webhooks.wait-respected", "webhooks.gone-is-final", "webhooks.not-held-up"):
        assert seen(check, at).reason != "defect"
