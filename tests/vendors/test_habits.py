"""Vendors of other habits than the embedded one get the verdicts that a careful engineer would give them by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.vendors import families
from tests.vendors.auditing import audited, raised, said, summaries
from tests.vendors.cmms import Habits

# Every one of these vendors only reads, has no webhooks, and does what it does well. So by hand:
ORDINARY = {
    "auth.method": "met",
    "data.documented": "met",
    "data.hierarchy": "met",
    "data.custom-fields": "met",
    "limits.documented": "partial",  # a number a minute, none a day
    "limits.bulk": "partial",  # 25 records a page
    "errors.structure": "met",
    "errors.versioning": "met",
    "operations.pagination": "met",
    "operations.query": "partial",  # no sorting, no choice of fields
    "operations.delta-sync": "partial",  # deleted records are not shown
    "operations.status-codes": "met",
    "webhooks.supported": "not_met",
}
WITHOUT_WEBHOOKS = {"no-webhook-retry"}
VENDORS: dict[str, Habits] = {
    "ordinary": Habits(),
    "403 for strangers": families.FORBIDDING,
    "404 for strangers": families.HIDING,
    "clamped pages": families.CLAMPING,
    "errors in two shapes": families.TWO_SHAPES,
    "errors of a gateway": families.BEHIND_A_GATEWAY,
    "a version by date": families.DATED,
    "Laravel": families.LARAVEL,
    "Django": families.DJANGO,
    "Spring": families.SPRING,
    "JSON:API": families.JSON_API,
}
OTHERWISE: dict[str, dict[str, str]] = {
    "clamped pages": {"operations.pagination": "partial"},  # nothing says that the page was cut
    "errors in two shapes": {"errors.structure": "partial"},
    "errors of a gateway": {"errors.structure": "partial"},
    "Laravel": {"errors.structure": "partial"},  # no code for programs
    "Django": {"errors.structure": "partial"},  # no code, and errors of fields have a shape of their own
    "Spring": {"errors.structure": "not_met", "operations.pagination": "partial"},  # "Bad Request" and no more
}
FLAGS = {
    "errors in two shapes": {"undocumented-behaviour"},  # the document describes one of them
    "errors of a gateway": {"undocumented-behaviour"},
    "Spring": {"generic-errors"},
}
NOT_YET_UNDERSTOOD = {
    ("a version by date", "errors.versioning"): "a version in a header counts for less than one in the address",
    ("Spring", "errors.structure"): "an address that is repeated in the error counts as naming what is at fault",
}


@cache
def report_on(vendor: str) -> dict[str, Any]:
    return audited(VENDORS[vendor])


def cases() -> list[object]:
    pairs = [(vendor, question) for vendor in VENDORS for question in ORDINARY]
    return [pytest.param(*pair, marks=_later(NOT_YET_UNDERSTOOD.get(pair)), id=": ".join(pair)) for pair in pairs]


def _later(reason: str | None) -> tuple[pytest.MarkDecorator, ...]:
    return (pytest.mark.xfail(strict=True, reason=reason),) if reason else ()


@pytest.mark.parametrize(("vendor", "question"), cases())
def test_a_question_is_judged_by_what_the_vendor_does(vendor: str, question: str) -> None:
    verdicts = {each["id"]: each["verdict"] for each in report_on(vendor)["questions"]}
    assert verdicts[question] == (ORDINARY | OTHERWISE.get(vendor, {}))[question]


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_habit_raises_a_flag_that_it_does_not_deserve(vendor: str) -> None:
    assert raised(report_on(vendor)) <= WITHOUT_WEBHOOKS | FLAGS.get(vendor, set())


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_habit_is_walked_to_the_end_of_the_list(vendor: str) -> None:
    assert said(report_on(vendor), "operations.every-record-once") == "met"
    assert said(report_on(vendor), "data.records-match") == "met"


@pytest.mark.parametrize(("vendor", "status"), [("403 for strangers", "403"), ("404 for strangers", "404")])
def test_another_status_than_401_is_a_habit_and_no_hole(vendor: str, status: str) -> None:
    for check in ("auth.refuses-anonymous", "auth.refuses-garbage"):
        assert said(report_on(vendor), check) == "met"
        assert all(status in each["detail"] for each in report_on(vendor)["findings"] if each["check"] == check)


def test_a_page_that_is_cut_is_told_with_its_size() -> None:
    report = report_on("clamped pages")

    assert "a page of 25 records" in summaries(report, "limits.largest-page-served")[0]
    assert "a page of 26 records (25 came)" in summaries(report, "operations.bad-page-refused")[0]


@pytest.mark.parametrize(
    "vendor",
    [
        "errors in two shapes",
        pytest.param("errors of a gateway", marks=_later("a fault with a faultstring is not read as an error")),
    ],
)
def test_errors_in_two_shapes_are_told_as_such(vendor: str) -> None:
    assert "2 different shapes" in summaries(report_on(vendor), "errors.provoked")[0]


def test_errors_of_spring_say_nothing_of_what_was_wrong() -> None:
    (says,) = summaries(report_on("Spring"), "errors.provoked")
    assert "no code" in says or "none has a code" in says


def test_a_limit_for_an_address_and_a_wait_of_nought_are_told_and_nothing_else_suffers() -> None:
    report = audited(families.limited_by_address(calls=40, seconds=3), burst=45)

    verdicts = {each["id"]: each["verdict"] for each in report["questions"]}
    assert verdicts["limits.at-limit"] == "partial"
    assert {question: verdicts[question] for question in ORDINARY} == ORDINARY
    assert raised(report) == WITHOUT_WEBHOOKS
    (says,) = summaries(report, "limits.burst")
    assert "refuses with 429" in says
    assert "wait for 0 seconds, but still refuses" in says
