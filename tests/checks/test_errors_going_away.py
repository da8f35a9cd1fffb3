"""errors.versioning, live: headers of withdrawal in their right and their common wrong forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.model import Exchange, Finding, Purpose, Request, Response, Verdict
from tests.checks.toy import PREFIX, Toy, cleared, document, helper, judged_live, raised
from tests.checks.writing import with_headers
from tests.wire.servers import Answer, Seen

NOW = datetime.now(UTC)
FLAG = {"no-versioning-policy"}


def http(days: int) -> str:
    return format_datetime(NOW + timedelta(days=days), usegmt=True)


def at(days: int) -> str:
    return f"@{int((NOW + timedelta(days=days)).timestamp())}"


def iso(days: int) -> str:
    return f"{NOW + timedelta(days=days):%Y-%m-%d}"


def saying(**headers: str) -> Toy:
    """A vendor whose list of work orders carries these headers."""
    right = Toy()

    def wrong(seen: Seen) -> Answer | None:
        answer = right.answer(seen)
        return (
            with_headers(answer, **headers) if seen.path == f"{PREFIX}/work-orders" and answer.status == 200 else None
        )

    return Toy(wrong=wrong)


def judged(described: dict[str, Any] | None = None, **headers: str) -> Finding:
    return judged_live("errors.withdrawals-announced", saying(**headers), described)


@pytest.mark.parametrize(
    ("headers", "verdict", "flags"),
    [
        ({"Deprecation": at(-30), "Sunset": http(400)}, Verdict.MET, set()),
        ({"Deprecation": at(-30), "Sunset": http(150)}, Verdict.PARTIAL, set()),
        ({"Deprecation": at(-10), "Sunset": http(20)}, Verdict.NOT_MET, FLAG),
        ({"Deprecation": at(-400), "Sunset": http(20)}, Verdict.MET, set()),  # it was said in time
        ({"Deprecation": at(30), "Sunset": http(60)}, Verdict.PARTIAL, set()),  # it may have been said long before
        ({"Deprecation": at(-10), "Sunset": http(-20)}, Verdict.PARTIAL, set()),  # gone before it was deprecated
        ({"Deprecation": at(-400), "Sunset": http(-20)}, Verdict.PARTIAL, set()),  # gone, and still there
        ({"X-API-Deprecated": "true"}, Verdict.PARTIAL, set()),
        ({"X-Deprecation-Date": iso(-30), "X-Sunset-Date": iso(400)}, Verdict.PARTIAL, set()),
        ({"X-Shop-API-Deprecated-Reason": "https://vendor.example/why"}, Verdict.PARTIAL, set()),
        ({"Warning": '299 - "This address is deprecated"'}, Verdict.PARTIAL, set()),
        ({"Warning": '110 - "Response is Stale"'}, Verdict.NOT_APPLICABLE, set()),
        ({"Link": '<https://vendor.example/policy>; rel="deprecation"'}, Verdict.NOT_APPLICABLE, set()),
        ({"Deprecation": "true"}, Verdict.PARTIAL, set()),
        ({"Deprecation": "true", "Sunset": http(400)}, Verdict.PARTIAL, set()),
        ({"Deprecation": http(-30), "Sunset": http(400)}, Verdict.PARTIAL, set()),  # an older draft
        ({"Deprecation": at(-30), "Sunset": at(400)}, Verdict.PARTIAL, set()),  # the form of the other header
        ({"Deprecation": at(-30), "Sunset": iso(400)}, Verdict.PARTIAL, set()),
        ({"Deprecation": at(-30), "Sunset": "next summer"}, Verdict.PARTIAL, set()),
        ({"Deprecation": "@99999999999", "Sunset": http(400)}, Verdict.PARTIAL, set()),
        ({"Sunset": http(20)}, Verdict.PARTIAL, set()),  # nobody knows since when it was said
        ({"Sunset": http(-20)}, Verdict.PARTIAL, set()),
        ({"Deprecation": "false"}, Verdict.NOT_APPLICABLE, set()),
        ({}, Verdict.NOT_APPLICABLE, set()),
    ],
)
def test_the_notice_that_live_answers_give(headers: dict[str, str], verdict: Verdict, flags: set[str]) -> None:
    finding = judged(**headers)

    assert (finding.verdict, raised(finding), cleared(finding)) == (verdict, flags, set())


def test_an_odd_form_is_named() -> None:
    assert "older draft" in judged(Deprecation=http(-30), Sunset=http(400)).summary
    assert "no date as the standard has it" in judged(Deprecation=at(-30), Sunset=at(400)).summary


def test_answers_that_do_not_repeat_what_the_document_marks_are_no_fault() -> None:
    described = document()
    described["paths"]["/work-orders"]["get"]["deprecated"] = True

    finding = judged(described)

    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "going away" in finding.summary


def test_dates_that_contradict_each_other_are_told_with_both() -> None:
    finding = judged(Deprecation=at(-10), Sunset=http(-20))

    assert iso(-10) in finding.summary
    assert iso(-20) in finding.summary


def test_the_worst_of_several_announcements_is_told() -> None:
    right = Toy()
    ends = {"work-orders": 400, "assets": 20}

    def wrong(seen: Seen) -> Answer | None:
        kind, answer = seen.path.rpartition("/")[2], right.answer(seen)
        soon = kind in ends and answer.status == 200
        return with_headers(answer, Deprecation=at(-10), Sunset=http(ends[kind])) if soon else None

    finding = judged_live("errors.withdrawals-announced", Toy(wrong=wrong))

    assert (finding.verdict, raised(finding)) == (Verdict.NOT_MET, FLAG)
    assert finding.summary.startswith("/assets")
    assert finding.detail.count("\n") == 1


def test_pages_and_successors_that_the_answer_names_are_passed_on() -> None:
    links = '<https://vendor.example/end>; rel="sunset", </api/v2/work-orders>; title="new"; rel="successor-version"'
    finding = judged(Deprecation="true", Link=links)

    assert "https://vendor.example/end" in finding.summary
    assert "replaced by /api/v2/work-orders" in finding.detail


MOMENTS = st.one_of(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    st.integers().map("@{}".format),
    st.from_regex(r"\A\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?\Z"),
    st.from_regex(r"\A[MF]\w\w, \d\d (Jan|Feb|Dec) \d{4} \d\d:\d\d:\d\d (GMT|[+-]\d{4})\Z"),
)


@given(MOMENTS, MOMENTS)
def test_no_header_whatever_it_holds_breaks_the_reading(since: str, gone: str) -> None:
    headers = (("Deprecation", since), ("Sunset", gone), ("Link", f"<{since}>; rel={gone}"), ("Warning", f"299 {gone}"))
    answer = Response(200, headers, "", 0)
    request = Request("GET", "https://vendor.example/a")
    exchange = Exchange(1, "test", Purpose.API, "main", request, answer, NOW.isoformat(), 0.1)

    found = helper("errors", "_withdrawals").announced("/a", exchange)

    assert found is None or found.in_words.startswith("/a: deprecated")
    assert found is None or isinstance(found.days_left + (found.notice or 0), int)
