"""What an integration needs, held against what was found; every figure worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.capacity import CapacityEstimate, estimate
from cmms_audit.model import Basis, Finding, Verdict
from tests.scoring.samples import scenario

PULL = {"records_per_pull": 50_000.0, "pull_window_minutes": 60.0}
REPORTING = replace(scenario("bi"), capacity=("pull",))
SENSORS = replace(scenario("iot"), capacity=("events",))
FINANCE = replace(scenario("erp"), capacity=("writes",))


def finding(**facts: float) -> Finding:
    return Finding(Verdict.MET, Basis.OBSERVED, "measured", facts=facts)


def pull(**facts: float) -> CapacityEstimate:
    (only,) = estimate([finding(**facts)], [REPORTING], PULL)
    return only


def test_single_records_under_a_limit_of_1000_an_hour_take_fifty_allowances() -> None:
    answer = pull(page_size_served=1, seconds_per_page=0.01, limit_per_hour=1000)
    assert answer.need == "50,000 records in 60 min"
    assert answer.estimate_minutes == 49 * 60  # the first thousand at once, then 49 further hours
    assert answer.fits is False
    assert "50,000 calls" in answer.because
    assert "49 further hours" in answer.because


def test_pages_of_a_thousand_fit_easily() -> None:
    answer = pull(page_size_served=1000, seconds_per_page=0.6, limit_per_hour=1000, limit_per_minute=60)
    assert (answer.estimate_minutes, answer.fits) == (0.5, True)  # 50 calls of 0.6 s


def test_the_tightest_limit_decides() -> None:
    answer = pull(
        page_size_served=100, seconds_per_page=0.1, limit_per_second=10, limit_per_minute=100, limit_per_day=400
    )
    # 500 calls: 49 s for the seconds, 4 min for the minutes, one further day for the day
    assert (answer.estimate_minutes, answer.fits) == (1440, False)


@pytest.mark.parametrize(("seconds", "fits"), [(72, True), (73, False)])
def test_a_pull_that_just_fills_its_window_fits(seconds: float, fits: bool) -> None:
    answer = pull(page_size_served=1000, seconds_per_page=seconds, limit_per_hour=1000)  # 50 calls: 60 min, 60.8 min
    assert answer.fits is fits


def test_slow_pages_are_too_slow_even_where_no_limit_is_known() -> None:
    answer = pull(page_size_served=100, seconds_per_page=10)  # 500 calls, 83.3 min
    assert answer.estimate_minutes == pytest.approx(83.33, abs=0.01)
    assert answer.fits is False


def test_fast_pages_promise_nothing_where_no_limit_is_known() -> None:
    answer = pull(page_size_served=100, seconds_per_page=1)
    assert answer.fits is None
    assert "no limit is published" in answer.because


def test_an_unknown_page_size_leaves_all_open() -> None:
    answer = pull(limit_per_hour=1000)
    assert (answer.estimate_minutes, answer.fits) == (None, None)


def test_the_page_that_was_served_counts_more_than_the_promised_one() -> None:
    found = [finding(page_size_documented=1000), finding(page_size_served=100, limit_per_hour=100)]
    (answer,) = estimate(found, [REPORTING], PULL)
    assert "500 calls" in answer.because
    assert answer.fits is False


def test_a_documented_page_size_and_limit_suffice_without_a_measured_time() -> None:
    answer = pull(page_size_documented=1000, limit_per_hour=1000)
    assert (answer.estimate_minutes, answer.fits) == (0, True)


def test_a_pull_without_a_window_has_a_time_and_no_verdict() -> None:
    (answer,) = estimate([finding(page_size_served=1000, seconds_per_page=6)], [REPORTING], {"records_per_pull": 1000})
    assert (answer.need, answer.estimate_minutes, answer.fits) == ("1,000 records", 0.1, None)


@pytest.mark.parametrize(
    ("limits", "fits"),
    [
        ({"limit_per_minute": 30}, True),
        ({"limit_per_minute": 29}, False),
        ({"limit_per_minute": 60, "limit_per_hour": 1000}, False),  # 1,800 an hour are needed
        ({"limit_per_second": 1}, True),
        ({}, None),
    ],
)
def test_events_come_as_a_steady_stream(limits: dict[str, float], fits: bool | None) -> None:
    (answer,) = estimate([finding(**limits)], [SENSORS], {"events_per_minute": 30})
    assert (answer.scenario, answer.need, answer.fits) == ("iot", "30 events a minute", fits)


def test_writes_in_bulk_need_fewer_calls() -> None:
    volumes = {"writes_per_hour": 500.0}
    (one_by_one,) = estimate([finding(limit_per_day=1000)], [FINANCE], volumes)
    (in_bulk,) = estimate([finding(limit_per_day=1000, bulk_write_size=100)], [FINANCE], volumes)
    assert (one_by_one.fits, in_bulk.fits) == (False, True)  # 12,000 and 120 calls a day
    assert "120 calls a day" in in_bulk.because


def test_of_two_figures_for_one_limit_the_lower_counts() -> None:
    found = [finding(limit_per_hour=5000), finding(limit_per_hour=1000)]
    (answer,) = estimate(found, [SENSORS], {"events_per_minute": 30})
    assert answer.fits is False


def test_a_need_without_a_volume_is_left_out() -> None:
    assert estimate([finding(limit_per_hour=1)], [REPORTING, SENSORS, FINANCE], {}) == ()


@pytest.mark.parametrize("nonsense", [0, -1, float("inf"), float("nan")])
def test_impossible_measurements_are_not_measurements(nonsense: float) -> None:
    answer = pull(page_size_served=nonsense, limit_per_hour=nonsense)
    assert answer.fits is None


def test_no_page_holds_less_than_one_record() -> None:
    assert "50,000 calls" in pull(page_size_served=0.5, limit_per_hour=1000).because


@settings(deadline=None)
@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0.001, 60), st.integers(1, 10_000))
def test_a_larger_page_is_never_slower(page: int, more: int, seconds: float, limit: int) -> None:
    small = pull(page_size_served=page, seconds_per_page=seconds, limit_per_minute=limit)
    large = pull(page_size_served=page + more, seconds_per_page=seconds, limit_per_minute=limit)
    assert small.estimate_minutes is not None
    assert large.estimate_minutes is not None
    assert large.estimate_minutes <= small.estimate_minutes
