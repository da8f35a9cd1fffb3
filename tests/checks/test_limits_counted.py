"""What live answers report of limits, held against the documents, call by call, and in every usual form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cmms_audit.model import Basis, Finding, Verdict
from cmms_audit.wire.clock import Clock
from tests.checks.small import Small, as_json, described, flags, looked_at, only
from tests.wire.servers import Answer, Seen
from tests.wire.sessions import QuickClock


@dataclass
class Counting:
    """A vendor whose headers are made from the number of calls so far; `calls` counts those with the key."""

    headers: Callable[[int], dict[str, str]]
    calls: int = 0

    def __call__(self, seen: Seen) -> Answer:
        self.calls += 1
        return as_json([{"id": "W-1"}], 200, **self.headers(self.calls))


def counted(headers: Callable[[int], dict[str, str]], clock: Clock | None = None) -> Finding:
    return only(looked_at("limits.calls-counted", Counting(headers), clock=clock))


def minute(left: float, reset: float = 40, limit: int = 60) -> dict[str, str]:
    """The headers of the current draft for a limit by the minute."""
    return {"RateLimit_Policy": f'"m";q={limit};w=60', "RateLimit": f'"m";r={left:g};t={reset:g}'}


# -- right, in whatever form ----------------------------------------------------------------------------------

FORMS: dict[str, Callable[[int], dict[str, str]]] = {
    "current draft": lambda n: minute(60 - n),
    "middle drafts": lambda n: {"RateLimit": f"limit=60, remaining={60 - n}, reset=40", "RateLimit_Policy": "60;w=60"},
    "early drafts": lambda n: {
        "RateLimit_Limit": "60, 60;w=60", "RateLimit_Remaining": str(60 - n), "RateLimit_Reset": "40"
    },
    "de facto": lambda n: {
        "X_RateLimit_Limit": "60", "X_RateLimit_Remaining": str(60 - n), "X_RateLimit_Reset": "1900000000"
    },
    "with dashes": lambda n: {
        "X_Rate_Limit_Limit": "60", "X_Rate_Limit_Remaining": str(60 - n), "X_Rate_Limit_Reset": "40"
    },
    "calls used": lambda n: {"X_RateLimit_Limit": "60", "X_RateLimit_Used": str(n)},
    "the window in the name": lambda n: {
        "X_RateLimit_Minute_Limit": "60", "X_RateLimit_Minute_Remaining": str(60 - n), "X_RateLimit_Minute_TTL": "40"
    },
    "used of allowed, for the day": lambda n: {"Sforce_Limit_Info": f"api-usage={n}/5000"},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_number_that_goes_down_by_one_with_each_call_is_right_in_every_form(form: str) -> None:
    finding = counted(FORMS[form])

    assert (finding.verdict, finding.basis, flags(finding)) == (Verdict.MET, Basis.OBSERVED, {})
    assert "goes down with each call;" in finding.summary


def test_of_two_limits_each_is_followed_by_itself() -> None:
    finding = counted(lambda n: {"RateLimit_Policy": '"h";q=9;w=3600, "d";q=99;w=86400',
                                 "RateLimit": f'"h";r={9 - n};t=3000, "d";r={99 - n};t=80000'})  # fmt: skip

    assert finding.verdict is Verdict.MET


def test_a_limit_that_starts_anew_soon_is_waited_for() -> None:
    clock = QuickClock()
    finding = counted(lambda n: minute(60 - n, reset=5) if n < 5 else minute(59, reset=60), clock)

    assert finding.verdict is Verdict.MET
    assert "starts anew when the answers say so" in finding.summary


def test_a_limit_that_starts_anew_between_two_reads_is_no_fault() -> None:
    assert counted(lambda n: minute((3, 2, 59, 58)[n - 1])).verdict is Verdict.MET


def test_a_bucket_that_fills_up_while_the_reset_is_waited_for_is_no_fault() -> None:
    finding = counted(lambda n: {"X_RateLimit_Limit": "40", "X_RateLimit_Remaining": str((39, 38, 37, 36, 39)[n - 1]),
                                 "X_RateLimit_Reset": "2"})  # fmt: skip

    assert finding.verdict is Verdict.MET


def test_a_number_that_is_brought_up_to_date_late_shows_nothing() -> None:
    finding = counted(lambda n: minute(50))

    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "may be brought up to date late" in finding.summary


def test_calls_of_others_on_the_same_limit_are_told_and_no_fault() -> None:
    finding = counted(lambda n: minute((50, 49, 46, 44)[n - 1]))

    assert finding.verdict is Verdict.MET
    assert "by more than one" in finding.summary


@pytest.mark.parametrize("limit", ["600000000", "60000000"])
def test_computing_time_is_no_number_of_calls(limit: str) -> None:
    def headers(n: int) -> dict[str, str]:
        return {"X_RateLimit_Limit": limit, "X_RateLimit_Remaining": str(int(limit) - 1_700 * n)}

    assert counted(headers).verdict is Verdict.NOT_APPLICABLE
    stated = {name.replace("_", "-"): value for name, value in headers(1).items()}
    document = described(text="Each site may use 600 seconds of computing time in an hour.")
    seen = only(looked_at("limits.numbers-seen", Small(headers=stated), document))
    assert (seen.verdict, seen.facts, flags(seen)) == (Verdict.PARTIAL, {}, {})
    assert "calls (" not in seen.summary


def test_a_limit_beyond_belief_is_told_as_something_else_than_calls() -> None:
    stated = {"X-RateLimit-Limit": "600000000", "X-RateLimit-Remaining": "599000000"}
    seen = only(looked_at("limits.numbers-seen", Small(headers=stated)))

    assert (seen.verdict, seen.facts, flags(seen)) == (Verdict.PARTIAL, {}, {})
    assert "something else than calls" in seen.summary


def test_bytes_and_calls_at_the_same_time_are_no_calls_to_count() -> None:
    policy = '"b";q=9000;qu="content-bytes";w=60, "c";q=5;qu="concurrent-requests";w=60, "m";q=60;w=60'

    def headers(calls: int) -> dict[str, str]:
        state = f'"b";r={9000 - 700 * calls};t=40, "c";r=5;t=40, "m";r={60 - calls};t=40'
        return {"RateLimit_Policy": policy, "RateLimit": state}

    finding = counted(headers)

    assert finding.verdict is Verdict.MET
    assert "by more than one" not in finding.summary


@pytest.mark.parametrize(
    "headers",
    [{}, {"X_RateLimit_Limit": "60"}, {"X_RateLimit_Rule": "a"}, {"X_Rate_Limit_Problem": "false"},
     {"RateLimit_Policy": '"m";q=60;w=60'}, {"X_RateLimit_Remaining": "many"}],
)  # fmt: skip
def test_answers_that_do_not_say_how_many_calls_are_left_cost_nothing_and_are_not_judged(
    headers: dict[str, str],
) -> None:
    vendor = Counting(lambda _: headers)

    finding = only(looked_at("limits.calls-counted", vendor))

    assert (finding.verdict, vendor.calls) == (Verdict.NOT_APPLICABLE, 1)


# -- wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [60, 3600, 86400])
def test_a_number_that_stays_full_may_only_be_late_and_cannot_be_relied_on(window: int) -> None:
    finding = counted(lambda _: {"RateLimit_Policy": f'"x";q=60;w={window}', "RateLimit": f'"x";r=60;t={window}'})

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})
    assert "stood at the full limit each time; it is brought up to date late, or never" in finding.summary


def test_a_limit_by_the_second_may_be_full_each_time() -> None:
    finding = counted(lambda _: {"RateLimit_Policy": '"x";q=60;w=1', "RateLimit": '"x";r=60;t=1'})

    assert finding.verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        (lambda n: minute(100 - n), "are reported as left"),
        (lambda n: minute(60 - n, reset=4000), "start anew only in 4,000 seconds"),
        (lambda n: minute(6000 - 20 * n, limit=6000), "one read counts as 20 calls"),
        (lambda n: minute(60 - n, reset=2), "its count goes on after that"),
    ],
    ids=["more left than allowed", "a reset beyond the window", "a read is dear", "no reset"],
)
def test_numbers_that_cannot_be_planned_with_are_a_limitation(
    headers: Callable[[int], dict[str, str]], says: str
) -> None:
    finding = counted(headers)

    assert (finding.verdict, flags(finding)) == (Verdict.PARTIAL, {})
    assert says in finding.summary


# -- held against the documents -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["current draft", "middle drafts", "early drafts", "the window in the name"])
def test_numbers_of_every_form_are_held_against_the_documents(form: str) -> None:
    right, wrong = (
        only(looked_at("limits.headers-agree", Counting(FORMS[form]), described(text=text)))
        for text in ("You may make 60 calls per minute.", "You may make 90 calls per minute.")
    )

    assert (right.verdict, wrong.verdict) == (Verdict.PARTIAL, Verdict.NOT_MET)
    assert flags(wrong) == {"undocumented-behaviour": True}


def test_a_daily_allowance_that_answers_report_is_a_number_found() -> None:
    vendor = Counting(FORMS["used of allowed, for the day"])

    finding = only(looked_at("limits.numbers-seen", vendor))

    assert (finding.verdict, finding.facts) == (Verdict.PARTIAL, {"limit_per_day": 5000})
    assert "5,000 calls a day" in finding.summary


def test_looking_at_headers_costs_no_call_beside_the_first_page() -> None:
    for check in ("limits.numbers-seen", "limits.headers-agree"):
        vendor = Counting(FORMS["current draft"])
        looked_at(check, vendor)
        assert vendor.calls == 1


def test_a_vendor_without_counters_is_asked_nothing_more() -> None:
    calls: list[Seen] = []
    looked_at("limits.calls-counted", Small(wrong=lambda seen: calls.append(seen)))

    assert len(calls) == 1
