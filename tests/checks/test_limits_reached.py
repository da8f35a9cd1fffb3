"""What happens when the limit is reached, as documented and in a burst."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cmms_audit.model import Basis, Claim, Exchange, Finding, Purpose, Reason, Request, Response, Verdict
from tests.checks.limited import TWENTY, Limited, Waits
from tests.checks.small import Json, Small, as_json, described, flags, looked_at, only, read
from tests.checks.toy import helper
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import ALL, KEY, api_key

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


def burst(refusal: Answer, *, allowed: int = 20, check: str = "limits.burst", **more: Any) -> Finding:
    clock = Waits()
    vendor = Limited(allowed, refusal, clock)
    document = described(text=TWENTY)
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
    document = described(text=TWENTY)

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
    assert early.facts == {"limit_per_second": 8}
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


def test_a_limit_is_not_measured_where_another_one_is_reached_first() -> None:
    calls = 0

    def answer(seen: Seen) -> Answer:
        nonlocal calls
        calls += 1
        if calls > 12:
            return as_json({}, 429)
        left = '"m";r=40;t=30, "h";r=10;t=900'
        return as_json([{"id": "W-1"}], RateLimit=left, RateLimit_Policy='"m";q=40;w=60, "h";q=500;w=3600')

    document = described(text="Limited to 40 requests per minute and 500 requests per hour.")
    finding = only(
        looked_at("limits.observed-limit", answer, document, permissions=ALL, burst_requests=60, clock=Waits())
    )

    assert finding.verdict is Verdict.NOT_APPLICABLE


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


# -- the refusal, held against the document --------------------------------------------------------------------


def promising(status: str = "429", *, headers: tuple[str, ...] = ("Retry-After",), body: Json | None = None) -> Json:
    """A document that gives the refusal at the limit of 20 calls a second."""
    document = described(text=TWENTY)
    refusal: Json = {
        "description": "Slow down.",
        "headers": {name: {"schema": {"type": "integer"}} for name in headers},
    }
    if body is not None:
        refusal["content"] = {"application/json": {"schema": body}}
    for item in document["paths"].values():
        for each in item.values():
            each["responses"][status] = refusal
    return document


PROMISED = {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}}


def held_against(document: Json, refusal: Answer) -> Finding:
    clock = Waits()
    vendor = Limited(20, refusal, clock)
    check = "limits.refusal-as-documented"
    return only(looked_at(check, vendor, document, permissions=ALL, burst_requests=60, clock=clock))


@pytest.mark.parametrize(
    ("document", "refusal", "verdict"),
    [
        (promising(body=PROMISED), as_json({"code": "limit"}, 429, Retry_After="7"), Verdict.MET),
        (promising("4XX", body=PROMISED), as_json({"code": "limit"}, 429, Retry_After="7"), Verdict.MET),
        (promising("default", body=PROMISED), as_json({"code": "limit"}, 429, Retry_After="7"), Verdict.MET),
        (promising(body=PROMISED), as_json({"code": "limit"}, 429), Verdict.PARTIAL),
        (promising(body=PROMISED), as_json({"message": "limit"}, 429, Retry_After="7"), Verdict.PARTIAL),
        (promising(body=PROMISED), Answer(429, "Slow down", {"Retry-After": "7"}), Verdict.PARTIAL),
        (promising(), as_json({"code": "limit"}, 403), Verdict.NOT_MET),
        (promising(), as_json({"code": "limit"}, 503), Verdict.NOT_APPLICABLE),
        (promising("503", body=PROMISED), as_json({"code": "busy"}, 503, Retry_After="7"), Verdict.MET),
        (promising("404"), as_json({"code": "limit"}, 429), Verdict.NOT_APPLICABLE),
        (promising(), as_json([]), Verdict.NOT_APPLICABLE),
        (promising(), as_json({}, 401), Verdict.NOT_APPLICABLE),
    ],
)
def test_the_refusal_is_held_against_the_documented_one(document: Json, refusal: Answer, verdict: Verdict) -> None:
    finding = held_against(document, refusal)

    assert finding.verdict is verdict
    departs = verdict in (Verdict.PARTIAL, Verdict.NOT_MET)
    assert flags(finding) == ({"undocumented-behaviour": True} if departs else {})


# -- what looks like something else ----------------------------------------------------------------------------


def test_a_web_page_in_place_of_the_records_is_no_silence() -> None:
    finding = burst(Answer(200, "<html><body>Too many requests</body></html>", {"Content-Type": "text/html"}))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_MET, {})
    assert "with text/html and not with records" in finding.summary


def test_an_empty_answer_is_silence() -> None:
    finding = burst(Answer(200, "", {}))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_MET, {"silent-throttling": True})


@pytest.mark.parametrize("refusal", [as_json([]), as_json({"success": False, "error": {"code": "LIMIT"}})])
def test_calls_that_brought_nothing_do_not_count_as_served(refusal: Answer) -> None:
    finding = burst(refusal, allowed=8, check="limits.observed-limit")

    assert finding.verdict is Verdict.NOT_MET
    assert "only 8 were served" in finding.summary


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (as_json({"message": "limit"}, 403), "as if a permission were missing"),
        (as_json({"code": "CONCURRENCY_LIMIT_EXCEEDED"}, 400), "as if the call were wrong"),
        (as_json({}, 503), "as if the system were out of order"),
        (as_json({"success": False, "error": {"code": "LIMIT", "message": "too many"}}), "inside an answer that says"),
    ],
    ids=["403", "400", "503", "an error inside a success"],
)
def test_a_refusal_that_looks_like_something_else_is_named(refusal: Answer, says: str) -> None:
    finding = burst(refusal)

    assert finding.verdict is Verdict.NOT_MET
    assert says in finding.summary
    assert not any(flags(finding).values())


def test_a_connection_that_is_dropped_at_the_limit_is_not_met() -> None:
    calls = 0

    def answer(seen: Seen) -> Answer:
        nonlocal calls
        calls += 1
        if calls > 22:
            raise ConnectionResetError
        return as_json([{"id": "W-1"}])

    document = described(text=TWENTY)
    finding = only(looked_at("limits.burst", answer, document, permissions=ALL, burst_requests=60))

    assert finding.verdict is Verdict.NOT_MET
    assert "the connection failed" in finding.summary


def test_a_connection_that_fails_from_the_first_call_on_says_nothing_of_a_limit() -> None:
    calls = 0

    def answer(seen: Seen) -> Answer:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise ConnectionResetError
        return as_json([{"id": "W-1"}])

    finding = only(looked_at("limits.burst", answer, described(text=TWENTY), permissions=ALL, burst_requests=60))

    assert (finding.verdict, finding.reason, flags(finding)) == (Verdict.UNKNOWN, Reason.CONNECTIVITY, {})


def burst_of(seconds: list[float]) -> Any:
    """A burst whose calls began one after the other, took so long, and were all served."""
    answers = [
        Exchange(
            n,
            "limits.burst",
            Purpose.BURST,
            "main",
            Request("GET", "https://vendor.example/api/v1/assets", (), None),
            Response(200, (), "[]", 2, False, "1.1"),
            f"2026-04-01T08:00:00.{n:03d}Z",
            each,
        )
        for n, each in enumerate(seconds)
    ]
    return helper("limits", "_burst").Burst("/assets", (), 0, 0, answers=answers, brought=answers)


@pytest.mark.parametrize(
    ("seconds", "queued"),
    [
        ([0.05] * 20 + [1.5, 1.6, 1.7], True),
        ([0.05] * 20 + [1.5, 1.6], False),  # a hiccup
        ([1.4] * 23, False),  # slow, and no slower at the limit
        ([1.5, 1.6, 1.7] + [0.05] * 20, False),  # slow to begin
        ([0.05] * 5 + [1.5] * 3, False),  # too few to tell
    ],
)
def test_calls_that_have_to_wait_at_the_end_of_a_burst_are_queued(seconds: list[float], queued: bool) -> None:
    burst = burst_of(seconds)

    finding = helper("limits", "reached")._judge_no_refusal(burst)

    assert (finding.verdict is Verdict.PARTIAL) == queued
    assert ("calls are queued" in finding.summary) == queued


@pytest.mark.parametrize(("limit", "most"), [(20, 22), (5, 6)])
def test_a_burst_goes_a_tenth_beyond_the_documented_limit_and_no_further(limit: int, most: int) -> None:
    calls: list[Seen] = []
    vendor = Small(wrong=lambda seen: calls.append(seen))
    document = described(text=f"Limited to {limit} requests per minute.")

    looked_at("limits.burst", vendor, document, permissions=ALL, burst_requests=60)

    assert len(calls) == 2 + most


def test_what_was_not_seen_is_said_with_its_numbers() -> None:
    finding = only(looked_at("limits.burst", Small(), permissions=ALL, burst_requests=30))

    assert "no limit was seen in 26 calls in" in finding.summary


def with_other(role: str, other: Callable[[int], Answer]) -> Finding:
    """The finding on a vendor whose limit of 20 calls is used up by `main`, and who answers another key so."""
    calls = {KEY: 0, OTHER_KEY: 0}

    def answer(seen: Seen) -> Answer:
        key = seen.headers["x-api-key"]
        calls[key] += 1
        if key == OTHER_KEY:
            return other(calls[KEY])
        return as_json([{"id": "W-1"}]) if calls[KEY] <= 22 else as_json({}, 429)

    document = described(text=TWENTY)
    return only(
        looked_at(
            "limits.others-unaffected",
            answer,
            document,
            permissions=ALL,
            burst_requests=60,
            credentials=lambda origin: {role: api_key(OTHER_KEY)} if role else {},
        )
    )


OTHER_KEY = "another-key-0123456789"


@pytest.mark.parametrize(
    ("role", "answer", "verdict"),
    [
        ("read_only", as_json([{"id": "W-1"}]), Verdict.MET),
        ("read_only", as_json({}, 429), Verdict.PARTIAL),
        ("rotated", as_json([{"id": "W-1"}]), Verdict.MET),
        ("rotated", as_json({}, 429), Verdict.NOT_APPLICABLE),
        ("read_only", as_json({}, 403), Verdict.NOT_APPLICABLE),
        ("", as_json({}), Verdict.NOT_APPLICABLE),
    ],
)
def test_whether_another_credential_feels_the_limit(role: str, answer: Answer, verdict: Verdict) -> None:
    assert with_other(role, lambda _: answer).verdict is verdict


@pytest.mark.parametrize(("budget", "calls"), [(60, 2 + 44), (40, 2 + 22)])
def test_a_burst_that_only_just_missed_a_limit_by_the_second_is_sent_once_more_if_the_budget_allows(
    budget: int, calls: int
) -> None:
    seen: list[Seen] = []
    vendor = Small(wrong=lambda each: seen.append(each))

    finding = only(looked_at("limits.burst", vendor, described(text=TWENTY), permissions=ALL, burst_requests=budget))

    assert len(seen) == calls
    assert "no limit was seen in 22 calls" in finding.summary
