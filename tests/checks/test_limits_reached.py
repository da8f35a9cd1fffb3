"""What happens when the limit is reached, as documented and in a burst."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from cmms_audit.model import Basis, Claim, Finding, Reason, Verdict
from cmms_audit.wire.clock import Clock
from tests.checks.small import Json, Small, as_json, described, flags, looked_at, only, read
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import ALL

# -- at the limit ---------------------------------------------------------------------------------------------


def refusing(*headers: str) -> Json:
    document = described()
    named = {name: {"schema": {"type": "integer"}} for name in headers}
    for item in document["paths"].values():
        for each in item.values():
            each["responses"]["429"] = {"description": "Slow down.", "headers": named}
    return document


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        (refusing("Retry-After"), Verdict.MET),
        (refusing(), Verdict.PARTIAL),
        (described(text="Above the limit you get 429 with Retry-After."), Verdict.MET),
        (described(text="HTTP 429 Too Many Requests when exceeded."), Verdict.PARTIAL),
        (described(text="Calls above a limit are answered with 503."), Verdict.NOT_MET),
        (described(), Verdict.UNKNOWN),
    ],
)
def test_the_refusal_at_the_limit_is_documented_with_a_waiting_time(document: Json, verdict: Verdict) -> None:
    assert read("limits.refusal-documented", document).verdict is verdict


def test_a_refusal_that_few_operations_document_is_said_to_be_theirs() -> None:
    document = refusing()
    for path, item in document["paths"].items():
        for each in item.values():
            if path != "/assets/{id}":
                del each["responses"]["429"]

    finding = read("limits.refusal-documented", document)

    assert finding.verdict is Verdict.PARTIAL
    assert "1 of 6 operations" in finding.summary


class Waits(Clock):
    """A clock whose waits take no time and are remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@dataclass
class Limited:
    """A vendor that serves `allowed` calls to a burst and answers the next with `refusal`, until a wait is over."""

    allowed: int
    refusal: Answer
    clock: Waits
    served: int = 0

    def __call__(self, seen: Seen) -> Answer:
        waited = any(seconds == 7 for seconds in self.clock.slept)
        if "x-api-key" not in seen.headers or self.served < self.allowed + 2 or waited:
            self.served += 1  # the burst is preceded by two calls
            return as_json([{"id": "W-1"}])
        return self.refusal


def burst(refusal: Answer, *, allowed: int = 20, check: str = "limits.burst", **more: Any) -> Finding:
    clock = Waits()
    vendor = Limited(allowed, refusal, clock)
    document = described(text="Limited to 20 requests per second.")
    return only(looked_at(check, vendor, document, permissions=ALL, burst_requests=60, clock=clock, **more))


@pytest.mark.parametrize(
    ("refusal", "verdict", "marks"),
    [
        (as_json({}, 429, Retry_After="7"), Verdict.MET, {"silent-throttling": False}),
        (as_json({}, 429, Retry_After="3"), Verdict.PARTIAL, {"silent-throttling": False}),
        (as_json({}, 429), Verdict.PARTIAL, {"silent-throttling": False}),
        (as_json({}, 503, Retry_After="7"), Verdict.PARTIAL, {"silent-throttling": False}),
        (as_json({}, 503), Verdict.NOT_MET, {"silent-throttling": False}),
        (as_json([]), Verdict.NOT_MET, {"silent-throttling": True}),
    ],
    ids=["429 and a true wait", "429 and too short a wait", "429 alone", "503 and a wait", "503 alone", "silence"],
)
def test_a_burst_shows_how_the_limit_feels(refusal: Answer, verdict: Verdict, marks: dict[str, bool]) -> None:
    finding = burst(refusal)

    assert (finding.verdict, flags(finding)) == (verdict, marks)


def test_a_credential_that_runs_out_during_a_burst_is_no_refusal_at_the_limit() -> None:
    finding = burst(as_json({}, 401))

    assert (finding.verdict, finding.reason, flags(finding)) == (Verdict.UNKNOWN, Reason.CREDENTIAL, {})


def test_a_window_of_a_second_is_let_run_out_before_a_burst() -> None:
    clock = Waits()
    vendor = Limited(20, as_json({}, 429), clock)
    document = described(text="Limited to 20 requests per second.")

    looked_at("limits.burst", vendor, document, permissions=ALL, burst_requests=60, clock=clock)

    assert clock.slept[0] == 1


def test_a_limit_that_never_bites_is_not_taken_for_a_good_one() -> None:
    document = described(text="Limited to 20 requests per minute.")

    finding = only(looked_at("limits.burst", Small(), document, permissions=ALL, burst_requests=60))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.BUDGET)


def test_a_limit_below_the_published_one_is_a_fault() -> None:
    claim = Claim("limits.documented", None, {"per_second": 20})

    early = burst(as_json({}, 429), allowed=8, check="limits.observed-limit", claim=claim)
    right = burst(as_json({}, 429), allowed=20, check="limits.observed-limit", claim=claim)

    assert (early.verdict, [test.contradicted for test in early.claims]) == (Verdict.NOT_MET, [True])
    assert (right.verdict, right.basis) == (Verdict.PARTIAL, Basis.OBSERVED)  # nothing is said of minute, hour and day


@pytest.mark.parametrize(("left", "verdict"), [(10, Verdict.PARTIAL), (20, Verdict.NOT_MET)])
def test_a_limit_by_the_minute_is_measured_by_what_was_left_of_it(left: int, verdict: Verdict) -> None:
    calls = 0
    clock = Waits()

    def answer(seen: Seen) -> Answer:
        nonlocal calls
        calls += 1
        if calls > 12:  # two before the burst, ten in it
            return as_json({}, 429)
        return as_json([{"id": "W-1"}], RateLimit=f'"m";r={left};t=30', RateLimit_Policy='"m";q=40;w=60')

    document = described(text="Limited to 40 requests per minute.")
    finding = only(
        looked_at("limits.observed-limit", answer, document, permissions=ALL, burst_requests=60, clock=clock)
    )

    assert finding.verdict is verdict
    assert 60 not in clock.slept
    assert "40 calls a minute" in finding.summary


def test_no_burst_is_sent_against_a_limit_that_is_out_of_reach() -> None:
    calls: list[Seen] = []
    vendor = Small(wrong=lambda seen: calls.append(seen))
    document = described(text="Limited to 1000 requests per hour.")

    finding = only(looked_at("limits.burst", vendor, document, permissions=ALL, burst_requests=60))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.BUDGET)
    assert len(calls) <= 2


def test_a_limit_that_nobody_documented_is_met_in_a_burst_or_stays_unknown() -> None:
    clock = Waits()
    limited = Limited(20, as_json({}, 429, Retry_After="7"), clock)

    (met_it,) = looked_at("limits.burst", limited, permissions=ALL, burst_requests=60, clock=clock)
    (did_not,) = looked_at("limits.burst", Small(), permissions=ALL, burst_requests=60)
    (unmeasured,) = looked_at("limits.observed-limit", Small(), permissions=ALL, burst_requests=60)

    assert (met_it.verdict, did_not.verdict) == (Verdict.MET, Verdict.NOT_APPLICABLE)
    assert unmeasured.verdict is Verdict.NOT_APPLICABLE
