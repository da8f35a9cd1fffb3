"""Every closed set has its words, and figures read as a person would write them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pytest

from cmms_audit.model import Basis, Purpose, Reason, Severity, Verdict
from cmms_audit.reports import words
from cmms_audit.scoring import Grade, ScenarioVerdict, WaiverState


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Verdict, words.VERDICTS),
        (Verdict, words.VERDICT_SIGNS),
        (Verdict, words.VERDICT_MEANINGS),
        (Basis, words.BASES),
        (Basis, words.BASIS_MEANINGS),
        (Reason, words.REASONS),
        (Severity, words.SEVERITIES),
        (Purpose, words.PURPOSES),
        (Grade, words.GRADES),
        (ScenarioVerdict, words.SCENARIO_VERDICTS),
        (ScenarioVerdict, words.SCENARIO_SIGNS),
        (WaiverState, words.WAIVER_STATES),
    ],
)
def test_every_member_of_a_closed_set_has_its_words(kind: type[StrEnum], told: Mapping[str, str]) -> None:
    assert set(told) == {str(member) for member in kind}


@pytest.mark.parametrize(
    ("share", "told"), [(0, "0\u00a0%"), (0.001, "<1\u00a0%"), (0.614, "61\u00a0%"), (1, "100\u00a0%")]
)
def test_a_small_share_is_never_shown_as_nothing(share: float, told: str) -> None:
    assert words.percent(share) == told


def test_a_score_is_one_number_where_both_ends_are_the_same() -> None:
    assert words.score_range(80.0, 80.0) == "80"
    assert words.score_range(71.5, 83.0) == "71.5 to 83"


def test_moments_are_told_in_utc() -> None:
    assert words.moment("2026-11-22T10:30:00+01:00") == "22 November 2026, 09:30 UTC"
    assert words.moment("yesterday") == "yesterday"


@pytest.mark.parametrize(("amount", "told"), [(999, "999 bytes"), (812_345, "812 kB"), (5_100_000, "5.1 MB")])
def test_sizes_are_told_in_fitting_units(amount: int, told: str) -> None:
    assert words.size(amount) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"), (0.224, "0.22 s"), (9.96, "10 s"), (30, "30 s"), (60, "1 min"), (67.2, "67 s"), (119.8, "2 min"),
        (122.7, "2 min"), (1_902, "31.7 min"), (3_599, "1 h"), (3_600, "1 h"), (259_200, "72 h"),
    ],
)  # fmt: skip
def test_lengths_of_time_are_told_in_the_unit_that_they_fill(seconds: float, told: str) -> None:
    assert words.length(seconds) == told


@pytest.mark.parametrize(
    ("pointer", "told"),
    [("", "the whole document"), ("/paths/~1work-orders/get", "paths › /work-orders › get"), ("/a~0b", "a~b")],
)
def test_a_pointer_is_told_as_a_path(pointer: str, told: str) -> None:
    assert words.pointer_words(pointer) == told
