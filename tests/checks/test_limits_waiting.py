"""How long a refusal at the limit asks to wait, in every form that is met, and whether that is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cmms_audit.model import Verdict
from tests.checks.limited import SPENT, asked_after
from tests.checks.small import as_json
from tests.wire.servers import Answer


def test_the_waiting_time_is_tried_just_before_its_end_and_just_after() -> None:
    finding, waits = asked_after(as_json({}, 429, Retry_After="7"), 7.0)

    assert finding.verdict is Verdict.MET
    assert "just before, it still refuses" in finding.summary
    assert (waits, len(finding.evidence)) == ([pytest.approx(6.5, abs=SPENT), 0.5], 3)


def test_a_waiting_time_that_is_rounded_up_is_still_true() -> None:
    finding, _ = asked_after(as_json({}, 429, Retry_After="7"), 6.0)

    assert finding.verdict is Verdict.MET
    assert "already just before" in finding.summary


def test_a_vendor_who_counts_anew_when_called_too_early_is_waited_for() -> None:
    finding, waits = asked_after(as_json({}, 429, Retry_After="7"), 13.0)

    assert (finding.verdict, waits) == (Verdict.MET, [pytest.approx(6.5, abs=SPENT), 0.5, 7.0])
    assert "has to wait anew" in finding.summary


def test_no_time_to_wait_and_another_refusal_is_partial() -> None:
    finding, waits = asked_after(as_json({}, 429, Retry_After="0"), 3.0)

    assert (finding.verdict, waits) == (Verdict.PARTIAL, [0.0])


def test_a_waiting_time_that_was_rounded_down_is_true_within_the_second() -> None:
    finding, _ = asked_after(as_json({}, 429, Retry_After="1"), 1.9)

    assert finding.verdict is Verdict.MET
    assert "within a second after that it serves again" in finding.summary


def in_seven_seconds(ahead: float) -> Answer:
    """A 429 of a server whose clock is ahead by so many seconds, with the date at which it serves again."""
    there = datetime.now(UTC) + timedelta(seconds=ahead)
    return as_json({}, 429, Date=http_date(there), Retry_After=http_date(there + timedelta(seconds=7)))


def http_date(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


@pytest.mark.parametrize("ahead", [0, 300, -300])
def test_a_date_to_wait_for_is_read_by_the_clock_of_the_server(ahead: float) -> None:
    finding, waits = asked_after(in_seven_seconds(ahead), 6.0)

    assert finding.verdict is Verdict.MET
    assert "asks to wait for 7" in finding.summary or "asks to wait for 6" in finding.summary
    assert 5 < waits[0] < 8


@pytest.mark.parametrize(
    ("refusal", "where"),
    [
        (as_json({}, 429, X_RateLimit_Remaining="0", X_RateLimit_Reset="7"), "in its limit headers"),
        (as_json({}, 429, RateLimit_Policy='"m";q=20;w=60', RateLimit='"m";r=0;t=7'), "in its limit headers"),
        (as_json({}, 429, X_Rate_Limit_Retry_After_Seconds="7"), "in the header X-Rate-Limit-Retry-After-Seconds"),
        (as_json({}, 429, Retry_After_Ms="7000"), "in the header Retry-After-Ms"),
        (as_json({"error": {"code": "LIMIT", "retry_after": 7}}, 429), "in retry_after of its body"),
        (as_json({"retryAfterSeconds": 7.0}, 429), "in retryAfterSeconds of its body"),
    ],
)
def test_a_waiting_time_that_stands_elsewhere_counts_as_much_and_is_told(refusal: Answer, where: str) -> None:
    finding, waits = asked_after(refusal, 7.0)

    assert finding.verdict is Verdict.MET
    assert f"asks ({where}, not in Retry-After) to wait for 7 seconds" in finding.summary
    assert sum(waits) == pytest.approx(7.0, abs=SPENT)


@pytest.mark.parametrize(
    "refusal",
    [
        as_json({"error": "Too many requests. Please retry in 10 seconds"}, 429),
        as_json({"message": "Slow down. Try again after 1 min."}, 429),
    ],
)
def test_a_waiting_time_in_words_is_told_and_is_none_for_a_program(refusal: Answer) -> None:
    finding, waits = asked_after(refusal, 7.0)

    assert (finding.verdict, waits) == (Verdict.PARTIAL, [])
    assert "in words only" in finding.summary


@pytest.mark.parametrize(
    "refusal",
    [
        as_json({"retry_after": True}, 429),
        as_json({"retry_after": -7}, 429),
        as_json({"retry_after": 10**400}, 429),
        Answer(429, '{"retry_after": Infinity}', {"Content-Type": "application/json"}),
        as_json({"retry_after": [7]}, 429),
        as_json([{"retry_after": 7}], 429),
        as_json({}, 429, Retry_After="soon"),
    ],
)
def test_what_is_no_waiting_time_is_none(refusal: Answer) -> None:
    finding, waits = asked_after(refusal, 7.0)

    assert (finding.verdict, waits) == (Verdict.PARTIAL, [])


@pytest.mark.parametrize("seconds", ["1795000000", "9" * 14])
def test_a_moment_in_place_of_a_waiting_time_cannot_be_meant(seconds: str) -> None:
    finding, waits = asked_after(as_json({}, 429, Retry_After=seconds), 7.0)

    assert (finding.verdict, waits) == (Verdict.PARTIAL, [])
    assert "which cannot be meant" in finding.summary


def test_a_waiting_time_of_an_hour_is_believed_and_not_waited_for() -> None:
    finding, waits = asked_after(as_json({}, 429, Retry_After="3600"), 3600.0)

    assert (finding.verdict, waits) == (Verdict.MET, [])
    assert "that was not waited for" in finding.summary
