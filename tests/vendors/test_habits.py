"""What an audit says of some habits, beside the verdicts, which `test_due` looks at."""

from __future__ import annotations

import pytest

from tests.vendors import counting, families, pages, strangers, systems
from tests.vendors.auditing import said
from tests.vendors.judging import report_on, says


@pytest.mark.parametrize(("vendor", "status"), [("403 for strangers", "403"), ("404 for strangers", "404")])
def test_another_status_than_401_is_a_habit_and_no_hole(vendor: str, status: str) -> None:
    due = families.VENDORS[vendor]
    for check in ("auth.refuses-anonymous", "auth.refuses-garbage"):
        assert status in says(due, check)


@pytest.mark.parametrize("vendor", ["404 for records of others", "records of others under our ids"])
def test_another_customer_who_sees_none_of_our_records_is_kept_away(vendor: str) -> None:
    due = strangers.VENDORS[vendor]
    assert said(report_on(due), "auth.other-tenant-refused") == "met"


def test_a_page_that_is_cut_is_told_with_its_size() -> None:
    due = families.VENDORS["clamped pages"]
    assert "a page of 25 records" in says(due, "limits.largest-page-served")
    assert "a page of 26 records (25 came)" in says(due, "operations.bad-page-refused")


@pytest.mark.parametrize("vendor", ["errors in two shapes", "errors of a gateway"])
def test_errors_in_two_shapes_are_told_as_such(vendor: str) -> None:
    assert "2 different shapes" in says(families.VENDORS[vendor], "errors.provoked")


def test_errors_of_spring_say_nothing_of_what_was_wrong() -> None:
    told = says(families.VENDORS["Spring"], "errors.provoked")
    assert "no code" in told or "none has a code" in told


def test_a_wait_of_nought_is_told() -> None:
    told = says(counting.VENDORS["a limit for each address"], "limits.burst")
    assert "refuses with 429" in told
    assert "wait for 0 seconds, but still refuses" in told


def test_computing_time_is_not_told_as_a_number_of_calls() -> None:
    frappe = systems.VENDORS["Frappe"]
    assert "600,000,000 calls" not in says(frappe, "limits.numbers-seen")
    assert "counts as" not in says(frappe, "limits.calls-counted")


def test_a_part_of_the_records_is_not_told_as_all_of_them() -> None:
    ranges = pages.VENDORS["ranges"]
    assert "all 10 records" not in says(ranges, "limits.largest-page-served")
    assert "too short" not in says(ranges, "operations.every-record-once")


def test_what_is_refused_in_the_body_is_not_told_as_ignored() -> None:
    assert "ignored" not in says(systems.VENDORS["Snipe-IT"], "operations.bad-page-refused")


@pytest.mark.parametrize("vendor", ["limits by method", "limits by method in a table"])
def test_the_limit_of_reads_is_told_as_theirs(vendor: str) -> None:
    told = says(counting.VENDORS[vendor], "limits.numbers-published")
    assert "3,600 calls a minute and 40,000 calls an hour for reading" in told
