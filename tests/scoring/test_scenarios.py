"""Go, conditional, no-go. In "erp" the questions of weight 5 are auth.scopes and operations.concurrency."""

from __future__ import annotations

from cmms_audit.model import Basis, Finding, Reason, Verdict
from cmms_audit.scoring import ScenarioResult
from tests.scoring.samples import card, everything, finding, unknown

MET, PARTIAL, NOT_MET = Verdict.MET, Verdict.PARTIAL, Verdict.NOT_MET


def erp(findings: list[Finding], **more: object) -> ScenarioResult:
    return card(findings, scenarios=["erp"], **more).scenarios[0]


def all_met_but(on: str, *instead: Finding) -> list[Finding]:
    return [*(each for each in everything(MET) if each.question != on), *instead]


def test_everything_seen_working_is_a_go() -> None:
    judged = erp(everything(MET))
    assert (judged.verdict, judged.low, judged.blockers, judged.conditions, judged.remarks) == ("go", 100, (), (), ())


def test_an_offline_run_is_never_a_go() -> None:
    judged = erp(everything(MET, Basis.DOCUMENTED), offline=True)
    assert judged.verdict == "conditional"
    assert any("running system" in remark for remark in judged.remarks)


def test_a_decisive_question_that_is_open_is_a_condition() -> None:
    judged = erp(all_met_but("operations.concurrency", unknown(Reason.TIMEOUT, on="operations.concurrency")))
    assert (judged.verdict, judged.conditions) == ("conditional", ("operations.concurrency",))


def test_a_lesser_question_that_is_open_is_none_while_the_score_suffices() -> None:
    judged = erp(all_met_but("webhooks.supported", unknown(Reason.TIMEOUT, on="webhooks.supported")))
    assert judged.verdict == "go"  # 100 x 16 / 18


def test_a_partial_on_a_decisive_question_is_no_obstacle() -> None:
    judged = erp(all_met_but("auth.scopes", finding(PARTIAL, on="auth.scopes")))
    assert judged.verdict == "go"  # 100 x 15.5 / 18 = 86.1


def test_half_of_the_decisive_questions_must_have_been_seen() -> None:
    one_read = all_met_but("auth.scopes", finding(MET, Basis.DOCUMENTED, "auth.scopes"))
    assert erp(one_read).verdict == "go"
    both_read = [
        each for each in one_read if each.question != "operations.concurrency"
    ] + [finding(MET, Basis.DOCUMENTED, "operations.concurrency")]  # fmt: skip
    judged = erp(both_read)
    assert judged.verdict == "conditional"
    assert judged.remarks == ("Of the 2 questions that matter most, 0 were seen working; a go needs half.",)


def test_a_low_score_names_the_questions_that_would_lift_it() -> None:
    judged = erp(everything(PARTIAL))
    assert judged.verdict == "conditional"
    # 50 to begin with; 63.9 with the first question of weight 5, 77.8 with the second.
    assert judged.conditions == ("auth.scopes", "operations.concurrency")
    assert judged.remarks == ("The score is 50.0; a go needs 75.",)


def test_75_is_enough_for_a_go_and_40_to_stay_in_the_race() -> None:
    three_quarters = [
        finding(MET, on="auth.method"),  # 4
        finding(MET, on="auth.scopes"),  # 5
        finding(MET, on="webhooks.supported"),  # 2
        finding(PARTIAL, on="operations.concurrency"),  # 2.5 of 5
        finding(NOT_MET, on="webhooks.delivery"),  # 0 of 2
    ]
    judged = erp(three_quarters)
    assert (judged.low, judged.verdict) == (75, "go")
    two_fifths = [
        finding(MET, on="auth.method"),  # 4
        finding(MET, Basis.DOCUMENTED, "webhooks.supported"),  # 1.6 of 2
        finding(MET, Basis.DOCUMENTED, "webhooks.delivery"),  # 1.6 of 2
        finding(NOT_MET, on="auth.scopes"),
        finding(NOT_MET, on="operations.concurrency"),
    ]
    judged = erp(two_fifths)
    assert (judged.high, judged.verdict) == (40, "conditional")


def test_a_serious_flag_is_a_condition() -> None:
    judged = erp([*everything(MET), finding(MET, on="auth.scopes", decisive=False).raises("generic-errors")])
    assert (judged.verdict, judged.conditions) == ("conditional", ("generic-errors",))


def test_a_critical_flag_is_a_no_go_whatever_the_score() -> None:
    raised = finding(MET, on="operations.concurrency", decisive=False).raises("lost-update")
    judged = erp([*everything(MET), raised])
    assert (judged.verdict, judged.blockers, judged.low) == ("no-go", ("lost-update",), 100)


def test_a_flag_counts_by_its_severity_in_that_scenario() -> None:
    raised = finding(MET, on="operations.concurrency", decisive=False).raises("lost-update")
    bi = card([*everything(MET), raised], scenarios=["erp", "bi"]).scenarios[1]
    assert bi.verdict == "go"


def test_what_cannot_reach_40_any_more_is_a_no_go() -> None:
    judged = erp(all_met_but("", *everything(NOT_MET)))
    assert (judged.verdict, judged.high) == ("no-go", 0)
    assert judged.blockers == ("auth.scopes", "operations.concurrency")


def test_what_is_merely_unknown_is_not_yet_a_no_go() -> None:
    judged = erp([])
    assert (judged.verdict, judged.low, judged.high) == ("conditional", 0, 100)


def test_caps_do_not_touch_a_scenario() -> None:
    raised = finding(MET, on="operations.concurrency", decisive=False).raises("lost-update")
    scorecard = card([*everything(MET), raised], scenarios=["bi", "erp"])
    assert scorecard.score.grade == "D"
    assert [(each.id, each.verdict) for each in scorecard.scenarios] == [("bi", "go"), ("erp", "no-go")]
