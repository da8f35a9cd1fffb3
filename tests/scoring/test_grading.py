"""Numbers worked out by hand. Weights over both scenarios: 4, 5, 2, 2, 5 (together 18); in "bi" alone 3 and 1."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cmms_audit.model import Basis, Finding, Reason, Verdict
from cmms_audit.scoring import Coverage, Grade, rounded
from cmms_audit.scoring.grading import Weighed, grade_of, why_withheld
from tests.scoring.samples import ASPECTS, GUIDE, card, everything, finding, unknown

MET, PARTIAL, NOT_MET = Verdict.MET, Verdict.PARTIAL, Verdict.NOT_MET
OBSERVED, DOCUMENTED = Basis.OBSERVED, Basis.DOCUMENTED

WORKED_EXAMPLE = [
    finding(MET, OBSERVED, "auth.method"),  # 4 x 1
    finding(PARTIAL, DOCUMENTED, "auth.scopes"),  # 5 x 0.4
    finding(MET, DOCUMENTED, "webhooks.supported"),  # 2 x 0.8
    unknown(Reason.VENDOR_SILENT, on="webhooks.delivery"),  # 2 x 0, or x 1
    finding(NOT_MET, OBSERVED, "operations.concurrency"),  # 5 x 0
]


def test_the_score_is_a_weighted_mean_from_low_to_high() -> None:
    score = card(WORKED_EXAMPLE).score
    assert rounded(score.low) == 42.2  # 100 x 7.6 / 18
    assert rounded(score.high) == 53.3  # 100 x 9.6 / 18
    assert score.value == score.low


def test_each_scenario_is_scored_by_its_own_weights() -> None:
    erp, bi = card(WORKED_EXAMPLE).scenarios
    assert rounded(erp.low) == 42.2
    assert rounded(bi.low) == rounded(bi.high) == 85.0  # 100 x (3 + 0.4) / 4


def test_each_group_is_scored_by_the_weights_over_all_scenarios() -> None:
    auth, webhooks, operations = card(WORKED_EXAMPLE).groups
    assert (rounded(auth.score), auth.weight) == (66.7, 9)  # 100 x 6 / 9
    assert (rounded(webhooks.low), rounded(webhooks.high)) == (40.0, 90.0)  # 100 x 1.6 / 4 and 3.6 / 4
    assert operations.low == operations.high == 0


def test_coverage_says_what_the_weight_stands_on() -> None:
    coverage = card(WORKED_EXAMPLE).coverage
    assert coverage == Coverage(observed=9 / 18, documented=7 / 18, claimed=0, none=2 / 18)


def test_a_group_without_weight_has_no_score() -> None:
    groups = {group.id: group for group in card(WORKED_EXAMPLE, scenarios=["bi"]).groups}
    assert groups["webhooks"].score is None
    assert groups["webhooks"].high is None
    assert groups["webhooks"].weight == 0


def test_no_weight_at_all_is_no_score_and_no_grade() -> None:
    unweighed = replace(GUIDE.scenarios["bi"], weights=dict.fromkeys(ASPECTS, 0))
    guide = replace(GUIDE, scenarios={"none": unweighed})
    scorecard = card(WORKED_EXAMPLE, scenarios=["none"], guide=guide)
    assert scorecard.score.low is scorecard.score.high is scorecard.score.grade is None
    assert scorecard.score.withheld == "no chosen scenario gives any question a weight"
    assert scorecard.coverage == Coverage(0, 0, 0, 1)


@pytest.mark.parametrize(
    ("score", "grade"),
    [(100, "A"), (90, "A"), (89.99, "B"), (75, "B"), (74.99, "C"), (60, "C"), (59.99, "D"), (40, "D"), (39.99, "F")],
)
def test_grades(score: float, grade: str) -> None:
    assert grade_of(score) == grade


@pytest.mark.parametrize(
    ("number", "printed"), [(71.25, 71.3), (71.35, 71.4), (71.249, 71.2), (0.05, 0.1), (100.0, 100.0), (None, None)]
)
def test_numbers_are_rounded_half_up(number: float | None, printed: float | None) -> None:
    assert rounded(number) == printed


def test_shares_are_rounded_to_two_decimals() -> None:
    assert rounded(0.125, 2) == 0.13


def raising(flag: str, on: str) -> Finding:
    return finding(MET, on=on, decisive=False, check=f"raises-{flag}").raises(flag)


GENERIC = raising("generic-errors", "auth.scopes")  # serious
LOST = raising("lost-update", "operations.concurrency")  # critical in erp
STRANGERS = raising("anonymous-access", "auth.method")  # critical


@pytest.mark.parametrize(
    ("raised", "grade"),
    [
        ([], "A"),
        ([GENERIC], "C"),
        ([GENERIC, raising("no-limits", "auth.scopes")], "C"),
        ([LOST], "D"),
        ([LOST, GENERIC], "D"),
        ([LOST, STRANGERS], "F"),
    ],
)
def test_red_flags_cap_the_grade(raised: list[Finding], grade: str) -> None:
    score = card([*everything(MET), *raised]).score
    assert (score.raw_grade, score.grade) == (Grade.A, grade)
    assert {cap.flag for cap in score.caps} == {mark.flag for each in raised for mark in each.flags}


def test_caps_are_listed_hardest_first_each_with_its_reason() -> None:
    caps = card([*everything(MET), GENERIC, STRANGERS, LOST]).score.caps
    assert [(cap.grade, cap.flag) for cap in caps] == [
        ("F", "lost-update"),
        ("F", "anonymous-access"),
        ("C", "generic-errors"),
    ]
    assert "2 critical" in caps[0].reason
    assert "serious" in caps[2].reason


def test_a_cap_never_lifts_a_grade() -> None:
    score = card([*everything(NOT_MET), GENERIC]).score
    assert (score.raw_grade, score.grade) == ("F", "F")


def test_a_minor_flag_caps_nothing() -> None:
    score = card([*everything(MET), LOST], scenarios=["bi"]).score
    assert (score.grade, score.caps) == ("A", ())


def test_no_grade_when_only_a_part_was_asked() -> None:
    score = card(everything(MET), narrowed=True).score
    assert (score.grade, score.raw_grade) == (None, None)
    assert "--only" in (score.withheld or "")
    assert score.value == 100


def test_no_grade_for_a_hollow_run() -> None:
    score = card(everything(MET), hollow="nearly every answer was a refusal").score
    assert (score.grade, score.withheld) == (None, "nearly every answer was a refusal")


def weighed(seen: int, open_: int) -> Weighed:
    known, unanswered = (card(everything(verdict)).questions[0] for verdict in (MET, NOT_MET))
    return [(seen, known), (open_, replace(unanswered, verdict=Verdict.UNKNOWN, basis=Basis.NONE))]


@pytest.mark.parametrize(("seen", "open_", "withheld"), [(40, 60, False), (39, 61, True), (0, 1, True)])
def test_no_grade_where_less_than_40_per_cent_was_seen_or_read(seen: int, open_: int, withheld: bool) -> None:
    why = why_withheld(weighed(seen, open_), narrowed=False, hollow=None)
    assert (why is not None) is withheld


def test_claims_do_not_count_as_seen() -> None:
    claimed = [finding(PARTIAL, Basis.CLAIMED, name, aspect) for name in ASPECTS for aspect in ASPECTS[name]]
    score = card(claimed).score
    assert score.grade is None
    assert "0 %" in (score.withheld or "")


def test_the_card_names_the_rubric() -> None:
    assert card([]).rubric.version == "test"
