"""What an integration needs, held against what was found; every figure worked out by hand."""

from __future__ import annotations

import re
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.capacity import CapacityEstimate, estimate
from cmms_audit.folders import checks_folder, profiles_folder
from cmms_audit.guide import load_guide
from cmms_audit.model import Basis, Finding, Verdict
from cmms_audit.scoring import ScenarioVerdict
from tests.scoring.samples import card, everything, scenario

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
    assert answer.estimate_minutes == pytest.approx(49 * 60 + 10 / 60)  # 49 further hours, and the last 1,000 calls
    assert answer.fits is False
    assert answer.because == (
        "50,000 calls, which take 49 h, held up by the limit of 1,000 calls an hour, because a call returns only "
        "1 record; there are 60 min"
    )
    assert answer.working == (
        "50,000 records at 1 a call (seen) are 50,000 calls",
        "50,000 calls of 0.01 s (seen), one after the other, take 8.3 min",
        "at 1,000 calls an hour (seen), 1,000 go at once and the rest waits for 49 further hours; with the last "
        "1,000 calls that makes 49 h",
    )
    assert answer.binds == "page size"


def test_pages_of_a_thousand_fit_easily() -> None:
    answer = pull(page_size_served=1000, seconds_per_page=0.6, limit_per_hour=1000, limit_per_minute=60)
    assert (answer.estimate_minutes, answer.fits) == (0.5, True)  # 50 calls of 0.6 s


def test_the_tightest_limit_decides() -> None:
    answer = pull(
        page_size_served=100, seconds_per_page=0.1, limit_per_second=10, limit_per_minute=100, limit_per_day=400
    )
    # 500 calls: 50 s at that speed, 4 min for the minutes, one further day for the day and 10 s for the last 100 calls
    assert (answer.estimate_minutes, answer.fits) == (pytest.approx(1440 + 10 / 60), False)


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
    assert "no limit on reading is published" in answer.because


def test_a_pull_goes_by_the_limit_on_reading_and_writes_by_the_one_on_writing() -> None:
    facts = {"page_size_served": 100.0, "read_limit_per_hour": 600.0, "write_limit_per_hour": 100.0}
    both = replace(scenario("erp"), capacity=("pull", "writes"))
    volumes = {"records_per_pull": 70_000.0, "pull_window_minutes": 60.0, "writes_per_hour": 90.0}
    (reads, writes) = estimate([finding(**facts)], [both], volumes)
    # 700 calls, of which 600 an hour may be sent, whatever is written beside them
    assert (reads.fits, reads.binds, reads.estimate_minutes) == (None, "hour", 60)
    assert reads.because.startswith(
        "700 calls, which take at least 60 min, held up by the limit of 600 calls an hour for reading"
    )
    assert (writes.fits, writes.because) == (
        True,
        "it needs 90 of 100 calls an hour for writing, and no limit is tighter",
    )


def test_an_unknown_page_size_leaves_all_open() -> None:
    answer = pull(limit_per_hour=1000)
    assert (answer.estimate_minutes, answer.fits) == (None, None)


def test_the_page_that_was_served_counts_more_than_the_promised_one() -> None:
    found = [finding(page_size_documented=1000), finding(page_size_served=100, limit_per_hour=100)]
    (answer,) = estimate(found, [REPORTING], PULL)
    assert "500 calls" in answer.because
    assert answer.fits is False


def test_pages_that_were_never_timed_leave_open_whether_they_come_fast_enough() -> None:
    answer = pull(page_size_documented=1000, limit_per_hour=1000)
    assert (answer.estimate_minutes, answer.fits, answer.binds) == (None, None, None)
    assert "50 calls, for which nobody has to wait at any limit" in answer.because
    assert "was not measured" in answer.because


def test_a_limit_that_makes_a_pull_too_slow_is_certain_even_where_no_page_was_timed() -> None:
    answer = pull(page_size_documented=100, limit_per_hour=100)
    assert (answer.estimate_minutes, answer.fits) == (4 * 60, False)
    assert "at least 4 h" in answer.because


def test_a_pull_without_a_window_has_a_time_and_no_verdict() -> None:
    (answer,) = estimate([finding(page_size_served=1000, seconds_per_page=6)], [REPORTING], {"records_per_pull": 1000})
    assert (answer.need, answer.estimate_minutes, answer.fits) == ("1,000 records", 0.1, None)


@pytest.mark.parametrize(
    ("limits", "fits"),
    [
        ({"limit_per_minute": 30}, True),
        ({"limit_per_minute": 29}, False),
        ({"limit_per_minute": 60, "limit_per_hour": 1000}, None),  # 1,800 an hour, if all of it were busy
        ({"limit_per_hour": 1800}, True),
        ({"limit_per_hour": 29}, False),  # less than a single busy minute
        ({"limit_per_second": 1}, True),
        ({}, None),
    ],
)
def test_a_busy_minute_of_events_is_certain_of_itself_alone(limits: dict[str, float], fits: bool | None) -> None:
    (answer,) = estimate([finding(**limits)], [SENSORS], {"events_per_minute": 30})
    assert (answer.scenario, answer.need, answer.fits) == ("iot", "30 events a minute", fits)


def test_whether_a_busy_minute_lasts_is_left_to_the_plant() -> None:
    (answer,) = estimate([finding(limit_per_hour=1000)], [SENSORS], {"events_per_minute": 30})
    assert answer.because == (
        "at that rate 1,000 calls an hour are used up after 33.3 min; whether that happens depends on how long your "
        "busy times last, which one busy minute does not tell"
    )
    assert answer.working == (
        "30 events a minute, one call for each, are 30 calls a minute",
        "if it were always as busy: 1,800 calls needed an hour, 1,000 allowed (seen): used up after 33.3 min",
    )
    assert (answer.estimate_minutes, answer.would_fit) == (None, ())


def test_a_busy_minute_that_is_more_than_a_long_window_allows_does_not_fit() -> None:
    (answer,) = estimate([finding(limit_per_hour=20)], [SENSORS], {"events_per_minute": 30})
    assert answer.because == "one busy minute alone needs 30 calls, more than 20 calls an hour"
    assert answer.would_fit == ("a limit of at least 1,800 calls an hour",)


@pytest.mark.parametrize(("events", "fits"), [(0.0, True), (30.0, True)])
def test_a_busy_minute_of_events_takes_nothing_from_an_hour_of_pulling(events: float, fits: bool) -> None:
    both = replace(scenario("iot"), capacity=("pull", "events"))
    volumes = {**PULL, "events_per_minute": events}
    (answer, *_) = estimate([finding(page_size_served=1000, seconds_per_page=1, limit_per_hour=60)], [both], volumes)
    assert answer.fits is fits


def test_one_call_is_told_in_the_singular() -> None:
    one = pull(page_size_served=50_000, seconds_per_page=0.3, limit_per_month=1)
    (write,) = estimate([finding(limit_per_minute=60)], [FINANCE], {"writes_per_hour": 1.0})
    assert one.because == "1 call, which takes 0.3 s, as fast as the system answers; there are 60 min"
    assert one.working[:2] == (
        "50,000 records at 50,000 a call (seen) is 1 call", "1 call of 0.3 s (seen) takes 0.3 s",
    )  # fmt: skip
    assert one.working[-1] == "1 call a month is enough for 1 such pull every month"
    assert write.working[0] == "1 record an hour, one in a call, is 1 call an hour"
    assert write.working[-1] == "at 60 calls a minute, the call of an hour takes at least 1 s"


def test_writes_in_bulk_need_fewer_calls() -> None:
    volumes = {"writes_per_hour": 500.0}
    (one_by_one,) = estimate([finding(limit_per_day=1000)], [FINANCE], volumes)
    (in_bulk,) = estimate([finding(limit_per_day=1000, bulk_write_size=100)], [FINANCE], volumes)
    assert (one_by_one.fits, in_bulk.fits) == (False, True)  # 12,000 and 120 calls a day
    assert in_bulk.because == "it needs 120 of 1,000 calls a day, and no limit is tighter"
    assert one_by_one.would_fit == ("a limit of at least 12,000 calls a day", "at least 13 records written in one call")


def test_of_two_figures_for_one_limit_the_lower_counts() -> None:
    found = [finding(limit_per_hour=5000), finding(limit_per_hour=1000)]
    (answer,) = estimate(found, [FINANCE], {"writes_per_hour": 1800})
    assert answer.fits is False


def test_a_need_without_a_volume_is_left_out() -> None:
    assert estimate([finding(limit_per_hour=1)], [REPORTING, SENSORS, FINANCE], {}) == ()


@pytest.mark.parametrize("nonsense", [0, -1, float("inf"), float("nan")])
def test_impossible_measurements_are_not_measurements(nonsense: float) -> None:
    answer = pull(page_size_served=nonsense, limit_per_hour=nonsense)
    assert answer.fits is None


def test_no_page_holds_less_than_one_record() -> None:
    assert "50,000 calls" in pull(page_size_served=0.5, limit_per_hour=1000).because


# -- what binds, and what would help --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "binds"),
    [
        ({"page_size_served": 100, "seconds_per_page": 10, "limit_per_hour": 10_000}, "speed"),
        ({"page_size_served": 1000, "seconds_per_page": 1, "limit_per_minute": 10}, "minute"),
        ({"page_size_served": 1000, "seconds_per_page": 1, "limit_per_hour": 30, "limit_per_day": 40}, "day"),
        ({"page_size_served": 1000, "seconds_per_page": 1, "limit_per_month": 30}, "month"),
        ({"page_size_served": 1000, "seconds_per_page": 1, "limit_per_900_seconds": 10}, "15 minutes"),
        ({"page_size_served": 10, "seconds_per_page": 1, "limit_per_hour": 1000}, "page size"),
        ({"page_size_documented": 1000, "limit_per_hour": 1000}, None),
    ],
)
def test_what_a_pull_depends_on_most_is_named(facts: dict[str, float], binds: str | None) -> None:
    assert pull(**facts).binds == binds


def test_a_wait_that_leaves_no_time_for_the_last_calls_does_not_fit() -> None:
    just = pull(page_size_served=100, seconds_per_page=0.1, limit_per_hour=400)  # an hour's wait, and 100 calls more
    assert just.fits is False
    assert just.working[2].endswith("1 further hour; with the last 100 calls that makes 60.2 min")


def test_who_calls_too_slowly_for_a_limit_never_waits_at_it() -> None:
    answer = pull(page_size_served=100, seconds_per_page=0.1, limit_per_second=10)  # just as fast as is allowed
    assert answer.estimate_minutes == pytest.approx(500 * 0.1 / 60)
    assert "enough without waiting: 10 calls a second (seen)" in answer.working


def test_what_would_help_is_said_in_numbers() -> None:
    answer = pull(page_size_served=100, seconds_per_page=0.1, limit_per_minute=5)  # 500 calls: 99 further minutes
    assert answer.would_fit == (
        "pages of at least 167 records, if they come as fast as now",  # 60 windows of 5 calls
        "a limit of at least 9 calls a minute",  # 60 windows for 500 calls
    )


def test_where_no_single_change_is_enough_none_is_promised() -> None:
    assert pull(page_size_served=1000, seconds_per_page=100, limit_per_hour=10).would_fit == ()


def test_a_long_window_says_how_many_pulls_it_is_good_for() -> None:
    answer = pull(page_size_served=100, seconds_per_page=0.1, limit_per_month=5000)
    assert (answer.fits, answer.working[-1]) == (True, "5,000 calls a month are enough for 10 such pulls every month")


def test_writing_leaves_less_for_a_pull_of_the_same_integration() -> None:
    both = replace(scenario("erp"), capacity=("pull", "writes"))
    volumes = {**PULL, "writes_per_hour": 40.0}
    found = [finding(page_size_served=1000, seconds_per_page=1, limit_per_hour=60)]

    pulled, written = estimate(found, [both], volumes)
    (alone,) = estimate(found, [REPORTING], volumes)

    assert (alone.estimate_minutes, pulled.estimate_minutes) == (pytest.approx(50 / 60), pytest.approx(120 + 10 / 60))
    assert "of which 20 are left beside the writing" in pulled.working[2]
    assert pulled.would_fit == ("a limit of at least 90 calls an hour",)
    assert written.fits is True


def test_a_pull_never_ends_where_the_writing_uses_up_everything() -> None:
    both = replace(scenario("erp"), capacity=("pull", "writes"))
    (pulled, _) = estimate(
        [finding(page_size_served=1000, limit_per_hour=40)], [both], {**PULL, "writes_per_hour": 40.0}
    )
    assert (pulled.fits, pulled.estimate_minutes, pulled.estimate) == (False, None, None)
    assert "no pull can end" in pulled.because


@pytest.mark.parametrize(("limit", "minutes"), [(60, 10), (6_000, 0.1), (5, 120)])
def test_the_writes_of_an_hour_take_as_long_as_the_limits_allow(limit: float, minutes: float) -> None:
    (answer,) = estimate([finding(limit_per_minute=limit, limit_per_day=1e6)], [FINANCE], {"writes_per_hour": 600.0})
    assert (answer.estimate_minutes, answer.window_minutes) == (pytest.approx(minutes), 60)
    assert answer.fits is (minutes <= 60)
    assert answer.working[-1].startswith(f"at {limit:,} calls a minute, the calls of an hour take at least")


@pytest.mark.parametrize(
    ("per_day", "fits"),
    [(43_200, True), (20_000, None), (14_400, None), (14_399, False)],
    ids=["day and night", "for 11 hours", "for one shift", "for less than a shift"],
)
def test_a_busy_hour_says_little_of_a_whole_day(per_day: int, fits: bool | None) -> None:
    (answer,) = estimate([finding(limit_per_day=per_day)], [FINANCE], {"writes_per_hour": 1800.0})
    assert answer.fits is fits
    assert bool(answer.would_fit) is (fits is False)


# -- the first load of history --------------------------------------------------------------------------------

HISTORY = replace(scenario("bi"), capacity=("history",))


def first_load(volumes: dict[str, float], **facts: float) -> CapacityEstimate:
    (only,) = estimate([finding(page_size_served=100, seconds_per_page=0.1, **facts)], [HISTORY], volumes)
    return only


@pytest.mark.parametrize(
    ("limit", "days"),
    [({"limit_per_hour": 1000}, 9 / 24), ({"limit_per_day": 1000}, 9), ({"limit_per_month": 1000}, 270)],
)
def test_the_limit_decides_how_long_a_first_load_of_a_million_records_takes(
    limit: dict[str, float], days: float
) -> None:
    answer = first_load({"history_records": 1_000_000.0, "history_window_hours": 48.0}, **limit)
    assert answer.need == "First load of 1,000,000 records in 48 h"
    assert answer.estimate_minutes == pytest.approx(days * 1440 + 100 / 60)  # nine further windows, then 1,000 calls
    assert answer.fits is (days <= 2)


def test_without_a_number_a_first_load_is_worked_out_for_a_round_one() -> None:
    answer = first_load({}, limit_per_day=100)
    assert answer.need == "First load of history, worked out for 100,000 records"
    assert (answer.estimate, answer.window_minutes, answer.fits) == ("9 days", None, None)


# -- laws -----------------------------------------------------------------------------------------------------

SECONDS = st.floats(0.001, 60)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.integers(1, 5000) for name in ("page_size_served", "page_size_documented", "bulk_write_size")},
        "seconds_per_page": SECONDS,
        **{f"limit_per_{unit}": st.floats(0.01, 1e6) for unit in ("second", "minute", "hour", "day", "week", "month")},
        "limit_per_900_seconds": st.integers(1, 10_000),
    },
)
AMOUNT = st.floats(1e-3, 1e12)
VOLUMES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            "records_per_pull", "pull_window_minutes", "history_records", "history_window_hours", "events_per_minute",
            "writes_per_hour",
        ),
        AMOUNT,
    ),
)  # fmt: skip
EVERYTHING = replace(scenario("all"), capacity=("pull", "history", "writes", "events"))


@settings(deadline=None)
@given(FACTS, VOLUMES)
def test_whatever_is_measured_and_needed_has_an_answer_in_finite_numbers(
    facts: dict[str, float], volumes: dict[str, float]
) -> None:
    for answer in estimate([finding(**facts)], [EVERYTHING], volumes):
        told = " ".join((answer.need, answer.because, *answer.working, *answer.would_fit))
        assert answer.estimate_minutes is None or 0 < answer.estimate_minutes < float("inf")
        assert not re.search(r"\b(?:inf|nan|None)\b|\de[+-]?\d", told)


@settings(deadline=None)
@given(FACTS, VOLUMES)
def test_what_is_not_known_is_never_taken_for_enough(facts: dict[str, float], volumes: dict[str, float]) -> None:
    limits_known = any(name.startswith("limit") for name in facts)
    for answer in estimate([finding(**facts)], [EVERYTHING], volumes):
        timed = answer.kind in ("pull", "history")
        if not limits_known or (timed and "seconds_per_page" not in facts):
            assert answer.fits is not True
        if timed and not facts.keys() & {"page_size_served", "page_size_documented"}:
            assert (answer.fits, answer.estimate_minutes) == (None, None)
        if timed and answer.fits is False and answer.estimate_minutes is not None:
            assert answer.window_minutes is not None
            assert answer.estimate_minutes > answer.window_minutes


def time(facts: dict[str, float], records: float = 50_000) -> float:
    """How many minutes a pull takes; none where nothing that is known costs time."""
    (answer,) = estimate([finding(**facts)], [REPORTING], {"records_per_pull": records})
    return answer.estimate_minutes or 0.0


TIMED = st.fixed_dictionaries(
    {"page_size_served": st.integers(1, 5000), "seconds_per_page": SECONDS, "limit_per_minute": st.integers(1, 10_000)},
    optional={"limit_per_hour": st.integers(1, 10_000), "limit_per_day": st.integers(1, 10_000)},
)


@settings(deadline=None)
@given(TIMED, st.floats(1, 100), st.floats(1, 1e6))
def test_less_to_pull_and_more_that_is_allowed_never_take_longer(
    facts: dict[str, float], factor: float, records: float
) -> None:
    assert time(facts, records) <= time(facts, records * factor) * (1 + 1e-9)
    for name in ("page_size_served", "limit_per_minute"):
        more = {**facts, name: ceil(facts[name] * factor)}
        assert time(more, records) <= time(facts, records) * (1 + 1e-9)
    slower = {**facts, "seconds_per_page": facts["seconds_per_page"] * factor}
    assert time(facts, records) <= time(slower, records) * (1 + 1e-9)


@settings(deadline=None)
@given(TIMED, st.integers(1, 1000))
def test_whoever_does_what_would_help_makes_it_fit(facts: dict[str, float], minutes: int) -> None:
    volumes = {"records_per_pull": 50_000.0, "pull_window_minutes": float(minutes)}
    (answer,) = estimate([finding(**facts)], [REPORTING], volumes)
    for way in answer.would_fit:
        if "pages of at least" in way:
            helped = {"page_size_served": float(way.split()[4].replace(",", ""))}
        elif "a limit of at least" in way:
            rates = re.findall(r"([\d,]+) calls? an? (\w+)", way)
            helped = {f"limit_per_{unit}": float(count.replace(",", "")) for count, unit in rates}
        else:
            helped = {"seconds_per_page": minutes * 60 / ceil(50_000 / facts["page_size_served"]) * 0.99}
        (better,) = estimate([finding(**{**facts, **helped})], [REPORTING], volumes)
        assert better.fits is True


@settings(deadline=None)
@given(FACTS, st.floats(1, 100_000))
def test_whoever_does_what_would_help_can_write_all(facts: dict[str, float], writes: float) -> None:
    volumes = {"writes_per_hour": writes}
    (answer,) = estimate([finding(**facts)], [FINANCE], volumes)
    for way in answer.would_fit:
        if "written in one call" in way:
            helped = {"bulk_write_size": float(way.split()[2].replace(",", ""))}
        else:
            rates = re.findall(r"([\d,]+) calls? (?:an? |in )(\d* ?\w+)", way)
            named = {"15 minutes": "900_seconds"}
            helped = {f"limit_per_{named.get(unit, unit)}": float(count.replace(",", "")) for count, unit in rates}
        (better,) = estimate([finding(**{**facts, **helped})], [FINANCE], volumes)
        assert better.fits is True


# -- what it means for the report -----------------------------------------------------------------------------


@pytest.mark.parametrize(("records", "severity"), [(50_000.0, "critical"), (1_000.0, "serious")])
def test_limits_that_nobody_published_are_critical_where_the_volume_does_not_fit(records: float, severity: str) -> None:
    guide = load_guide(checks_folder(), profiles_folder())
    missing = replace(
        finding(page_size_served=10, seconds_per_page=1.0, limit_per_second=10.0),
        check="limits.numbers-seen",
        question="limits.documented",
        aspect="numbers",
        verdict=Verdict.NOT_MET,
    ).raises("no-published-rate-limits")
    chosen = [guide.scenarios["bi-reporting"]]
    needs = estimate([missing], chosen, {**PULL, "records_per_pull": records})

    scored = card([missing], ["bi-reporting"], guide=guide, capacity=needs)

    flag = next(each for each in scored.red_flags if each.id == "no-published-rate-limits")
    assert (flag.raised, flag.severity) == (True, severity)
    told = [remark for remark in scored.scenarios[0].remarks if "Your volume does not fit" in remark]
    assert bool(told) is (severity == "critical")


def test_a_volume_that_does_not_fit_is_told_and_leaves_the_verdict_alone() -> None:
    whole = everything(Verdict.MET)
    too_much = CapacityEstimate("bi", "50,000 records in 60 min", 2940.0, False, "50,000 calls, which take 49 h")

    (erp, bi) = card(whole, capacity=(too_much,)).scenarios
    assert [each.verdict for each in (erp, bi)] == [ScenarioVerdict.GO, ScenarioVerdict.GO]
    assert erp.remarks == ()
    assert bi.remarks == ("Your volume does not fit (50,000 records in 60 min): 50,000 calls, which take 49 h.",)
