"""What an outage of the receiver loses, from the retries that were seen and what the documents promise beyond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmms_audit.events.outages import LENGTHS, Course, Outage, Promise, Seen, course_of, outages, promise_of
from cmms_audit.model import Basis, Finding, Verdict

DOUBLING = (5.0, 10.0, 20.0, 40.0)
HOUR = 3600.0


def lost(seen: Seen, promise: Promise | None = None) -> dict[float, Outage]:
    return {each.seconds: each for each in outages(course_of(seen, promise or Promise()))}


def told(outage: Outage) -> tuple[str, str, float | None]:
    return outage.outcome, outage.stands_on, outage.lost_seconds


def test_an_outage_that_ends_before_the_last_try_that_was_seen_loses_nothing() -> None:
    assert told(lost(Seen(DOUBLING, 30))[30]) == ("kept", "observed", 0)


def test_where_the_sender_gave_up_all_is_lost_but_what_happened_in_the_last_seconds() -> None:
    found = lost(Seen(DOUBLING, 300))

    assert told(found[120]) == ("partly", "observed", 45)
    assert told(found[HOUR]) == ("partly", "extrapolated", HOUR - 75)


def test_quick_tries_and_then_none_are_no_end_while_more_is_promised() -> None:
    quick = Seen((1.0, 2.0, 4.0), 113)

    assert told(lost(quick, Promise(hours=72))[HOUR]) == ("kept", "documented", 0)
    assert told(lost(quick, Promise(hours=72, first_gap=1))[HOUR]) == ("partly", "extrapolated", HOUR - 7)
    assert told(lost(quick, Promise(hours=0.01))[HOUR]) == ("partly", "extrapolated", HOUR - 7)


def test_what_lasts_longer_than_the_watch_stands_on_the_hours_that_the_documents_promise() -> None:
    found = lost(Seen(DOUBLING, 30), Promise(hours=2))

    assert told(found[HOUR]) == ("kept", "documented", 0)
    assert told(found[8 * HOUR]) == ("partly", "documented", 6 * HOUR)


def test_where_only_a_number_of_retries_is_promised_their_gaps_are_extrapolated() -> None:
    found = lost(Seen(DOUBLING, 30), Promise(retries=6))

    assert told(found[120]) == ("kept", "extrapolated", 0)
    assert told(found[HOUR]) == ("partly", "extrapolated", HOUR - 75 - 80 - 160)


def test_where_nobody_says_for_how_long_tries_go_on_a_long_outage_stays_open() -> None:
    found = lost(Seen(DOUBLING, 30))

    assert told(found[120]) == ("open", "none", None)
    assert found[120].late_seconds is None


def test_where_all_promised_retries_were_seen_no_more_is_expected() -> None:
    assert told(lost(Seen((60.0, 61.0, 60.0), 5), Promise(retries=3, hours=72))[HOUR]) == (
        "partly",
        "documented",
        HOUR - 181,
    )


def test_what_was_already_due_and_did_not_come_is_not_extrapolated() -> None:
    course = course_of(Seen((10.0, 10.0), 300), Promise(hours=72))

    assert (course.given_up, course.extrapolated) == (False, ())
    assert told(outages(course)[2]) == ("kept", "documented", 0)
    assert outages(course)[2].late_seconds is None


def test_one_gap_alone_does_not_tell_that_the_sender_gave_up() -> None:
    assert told(lost(Seen((5.0,), 600))[HOUR]) == ("open", "none", None)


def test_where_no_second_try_came_and_it_was_not_due_yet_nothing_is_called_lost() -> None:
    assert told(lost(Seen((), 120))[30]) == ("open", "none", None)
    assert told(lost(Seen((), 120), Promise(hours=72))[30]) == ("open", "none", None)


def test_where_a_second_try_was_overdue_everything_is_lost() -> None:
    found = lost(Seen((), 120), Promise(hours=72, first_gap=60))

    assert told(found[30]) == ("lost", "observed", 30)
    assert told(found[HOUR]) == ("lost", "extrapolated", HOUR)


def test_a_sender_who_came_late_with_the_first_try_may_come_as_late_with_the_second() -> None:
    promise = Promise(first_gap=30)

    assert told(lost(Seen((), 65, latency=55), promise)[30]) == ("open", "none", None)
    assert told(lost(Seen((), 105, latency=55), promise)[30]) == ("lost", "observed", 30)
    assert told(lost(Seen((), 5, latency=4), Promise(first_gap=30, speed=300))[30]) == ("open", "none", None)


def test_a_second_try_that_is_promised_may_take_an_hour() -> None:
    assert told(lost(Seen((), 3600))[30]) == ("lost", "observed", 30)
    assert told(lost(Seen((), 3600), Promise(hours=72))[30]) == ("open", "none", None)
    assert told(lost(Seen((), 120), Promise(speed=300))[30]) == ("open", "none", None)


def test_where_the_documents_say_that_nothing_is_sent_again_everything_is_lost() -> None:
    assert told(lost(Seen((), 120), Promise(retries=0))[30]) == ("lost", "documented", 30)


def test_retries_after_a_refusal_save_nothing_where_none_come_after_a_broken_connection() -> None:
    found = lost(Seen(DOUBLING, 300, after_breaking=False), Promise(hours=72))

    assert told(found[120]) == ("lost", "observed", 120)
    assert told(found[HOUR]) == ("lost", "extrapolated", HOUR)


def test_a_clock_that_runs_faster_is_told_by_that_of_the_documents() -> None:
    course = course_of(Seen((0.2, 0.4, 0.8), 1), Promise(hours=72, speed=300))

    assert course.gaps == pytest.approx((60, 120, 240))
    assert course.watched == pytest.approx(720)


def test_what_a_faster_clock_shows_stands_on_the_documents_that_name_its_speed() -> None:
    by_clock = lost(Seen((12.0, 24.0, 48.0), 30), Promise(speed=300))

    assert told(by_clock[30]) == ("kept", "observed", 0)
    assert told(by_clock[HOUR]) == ("kept", "documented", 0)
    never = lost(Seen((), 120), Promise(hours=72, first_gap=60, speed=300))
    assert [told(never[each])[:2] for each in (30, HOUR)] == [("lost", "observed"), ("lost", "documented")]


def test_what_is_saved_comes_as_late_as_the_longest_gap_that_may_begin_in_the_outage() -> None:
    found = lost(Seen(DOUBLING, 30), Promise(hours=72))

    assert (found[30].late_seconds, found[30].late_extrapolated) == (20, False)
    assert (found[HOUR].late_seconds, found[HOUR].late_extrapolated) == (2560, True)


def test_gaps_that_stay_the_same_for_days_are_not_reckoned_without_end() -> None:
    course = course_of(Seen((1.0, 1.0, 1.0), 0.5), Promise(hours=72))

    assert len(course.extrapolated) == 200
    assert {each.late_seconds for each in outages(course)[2:]} == {None}


def test_gaps_that_grow_a_millionfold_stay_numbers() -> None:
    course = course_of(Seen((1e-6, 1.0), 1), Promise(retries=1_000))

    assert sum(course.extrapolated) < 1e7


def finding(basis: Basis, **facts: float) -> Finding:
    return Finding(check="a.b", question="a.c", verdict=Verdict.MET, basis=basis, summary="", facts=facts)


def test_the_promise_is_read_from_the_facts_of_findings() -> None:
    findings = [
        finding(Basis.DOCUMENTED, retries=12.0, retry_window_hours=72.0),
        finding(Basis.OBSERVED, retry_clock_speed=300.0, tries_seen=6.0),
        finding(Basis.DOCUMENTED, retries=float("nan"), retry_window_hours=float("inf")),
    ]

    assert promise_of(findings) == Promise(retries=12, hours=72, speed=300)
    assert promise_of([]) == Promise()


gaps = st.lists(st.floats(0, 1e5), max_size=8).map(tuple)
numbers = st.none() | st.floats(0.001, 1e4)
promises = st.builds(Promise, retries=st.none() | st.integers(0, 10_000), hours=numbers, first_gap=numbers)


@given(st.builds(Seen, gaps, st.floats(0, 1e5), st.sampled_from([None, True, False])), promises)
def test_a_longer_outage_never_loses_less(seen: Seen, promise: Promise) -> None:
    course: Course = course_of(seen, promise)

    found = outages(course)

    assert [each.seconds for each in found] == list(LENGTHS)
    known = [each.lost_seconds for each in found if each.lost_seconds is not None]
    assert known == sorted(known)
    for each in found:
        assert each.lost_seconds is None or 0 <= each.lost_seconds <= each.seconds
        assert (each.lost_seconds is None) == (each.outcome == "open")
        assert (each.lost_seconds == 0) == (each.outcome == "kept")


def test_a_subscription_that_the_vendor_switched_off_is_no_proof_that_failures_are_not_repeated() -> None:
    promise = Promise(first_gap=10.0)

    lost = outages(course_of(Seen((), 119.0), promise))
    off = outages(course_of(Seen((), 119.0, resting=True), promise))

    assert {each.outcome for each in lost} == {"lost"}
    assert {each.outcome for each in off} == {"open"}
