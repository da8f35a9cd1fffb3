"""Waivers leave the score alone, show what it would be without, and end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from cmms_audit.model import Basis, Verdict
from cmms_audit.scoring import WaiverState
from cmms_audit.vendor import Waiver
from tests.scoring.samples import TODAY, card, everything, finding

MET, NOT_MET = Verdict.MET, Verdict.NOT_MET
GAP = finding(NOT_MET, on="auth.scopes", check="gap").raises("generic-errors")
FINDINGS = [*(each for each in everything(MET) if each.question != "auth.scopes"), GAP]


def waiver(target: str, kind: Literal["question", "flag", "fingerprint"] = "question", until: date = TODAY) -> Waiver:
    return Waiver(kind, target, "accepted for now", until, "plant manager")


def test_without_waivers_nothing_is_waived() -> None:
    assert card(FINDINGS).score.waived is None


def test_a_waived_question_is_left_out_of_the_waived_score_only() -> None:
    scorecard = card(FINDINGS, waivers=[waiver("auth.scopes")])
    waived = scorecard.score.waived
    assert waived is not None
    assert (round(scorecard.score.low or 0, 1), waived.low) == (72.2, 100)  # 100 x 13 / 18
    assert scorecard.score.grade == waived.grade == "C"  # the flag still caps
    assert [question.id for question in scorecard.questions if question.waived] == ["auth.scopes"]


def test_a_waived_flag_caps_no_more() -> None:
    scorecard = card(FINDINGS, waivers=[waiver("auth.scopes"), waiver("generic-errors", "flag")])
    assert scorecard.score.waived
    assert (scorecard.score.grade, scorecard.score.waived.grade) == ("C", "A")
    assert [flag.id for flag in scorecard.red_flags if flag.waived] == ["generic-errors"]
    assert scorecard.score.caps


def test_a_waived_finding_takes_its_question_and_its_flag_along() -> None:
    waived = card(FINDINGS, waivers=[waiver(GAP.fingerprint, "fingerprint")]).score.waived
    assert waived
    assert (waived.low, waived.grade) == (100, "A")


def test_of_two_findings_the_one_that_is_not_waived_still_counts() -> None:
    other = finding(Verdict.PARTIAL, Basis.DOCUMENTED, "auth.scopes", check="other")
    waived = card([*FINDINGS, other], waivers=[waiver(GAP.fingerprint, "fingerprint")]).score.waived
    assert waived
    assert round(waived.low or 0, 1) == 83.3  # 100 x (13 + 5 x 0.4) / 18


def test_a_waiver_counts_up_to_and_including_its_day() -> None:
    yesterday = waiver("auth.scopes", until=TODAY - timedelta(days=1))
    scorecard = card(FINDINGS, waivers=[yesterday])
    assert [each.state for each in scorecard.waivers] == [WaiverState.EXPIRED]
    assert scorecard.score.waived is None
    assert not any(question.waived for question in scorecard.questions)
    assert card(FINDINGS, waivers=[waiver("auth.scopes")]).waivers[0].state is WaiverState.ACTIVE


def test_a_waiver_for_what_is_no_longer_wrong_says_so() -> None:
    targets = ["auth.method", "anonymous-access", "0123456789abcdef"]
    results = card(FINDINGS, waivers=[waiver(target) for target in targets]).waivers
    assert {each.state for each in results} == {WaiverState.NOT_NEEDED}
    assert [each.target for each in results] == targets
    assert results[0].approved_by == "plant manager"


def test_scenarios_are_judged_without_waivers() -> None:
    plain, waived = card(FINDINGS), card(FINDINGS, waivers=[waiver("auth.scopes"), waiver("generic-errors", "flag")])
    assert [each.verdict for each in plain.scenarios] == [each.verdict for each in waived.scenarios]
