"""errors.versioning, live: headers of withdrawal in their right and their common wrong forms, and the live version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cmms_audit.model import Finding, Verdict
from tests.checks.toy import PREFIX, Toy, cleared, document, judged_live, raised
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
        ({"Deprecation": at(-30), "Sunset": http(400)}, Verdict.NOT_APPLICABLE, set()),
        ({"Deprecation": at(-30), "Sunset": http(150)}, Verdict.PARTIAL, set()),
        ({"Deprecation": at(-10), "Sunset": http(20)}, Verdict.NOT_MET, FLAG),
        ({"Deprecation": at(-400), "Sunset": http(20)}, Verdict.NOT_APPLICABLE, set()),  # it was said in time
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


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        ("1.4", Verdict.MET),
        ("v1", Verdict.MET),
        ("2.0.1", Verdict.PARTIAL),
        ("2025-05-05", Verdict.NOT_APPLICABLE),
        ("stable", Verdict.NOT_APPLICABLE),
    ],
)
def test_the_live_version_is_held_against_that_of_the_document(header: str, verdict: Verdict) -> None:
    vendor = saying(**{"X-Api-Version": header})
    assert judged_live("errors.version-agrees", vendor).verdict is verdict


def test_a_vendor_without_a_version_in_headers_is_left_alone() -> None:
    assert judged_live("errors.version-agrees", Toy()).verdict is Verdict.NOT_APPLICABLE
