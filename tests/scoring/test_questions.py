"""One question: the worst aspect wins, its basis is the weakest of those that carry it, and absence is inherited."""

from __future__ import annotations

import pytest

from cmms_audit.model import Basis, Finding, Reason, Severity, Verdict
from cmms_audit.scoring import QuestionResult
from cmms_audit.scoring.questions import highest_points, points
from tests.scoring.samples import ASPECTS, card, claim, finding, unknown

MET, PARTIAL, NOT_MET, UNKNOWN = Verdict.MET, Verdict.PARTIAL, Verdict.NOT_MET, Verdict.UNKNOWN
OBSERVED, DOCUMENTED, CLAIMED, NONE = Basis.OBSERVED, Basis.DOCUMENTED, Basis.CLAIMED, Basis.NONE

NO_WEBHOOKS = finding(NOT_MET, DOCUMENTED, "webhooks.supported", absence=True, summary="no webhooks", check="w")


def result(name: str, findings: list[Finding], **more: object) -> QuestionResult:
    return next(each for each in card(findings, **more).questions if each.id == name)


@pytest.mark.parametrize(
    ("verdict", "basis", "low", "high"),
    [
        (MET, OBSERVED, 1, 1),
        (MET, DOCUMENTED, 0.8, 0.8),
        (MET, CLAIMED, 0.5, 0.5),
        (PARTIAL, OBSERVED, 0.5, 0.5),
        (PARTIAL, DOCUMENTED, 0.4, 0.4),
        (PARTIAL, CLAIMED, 0.25, 0.25),
        (NOT_MET, OBSERVED, 0, 0),
        (UNKNOWN, NONE, 0, 1),
        (MET, NONE, 0, 0),
    ],
)
def test_what_a_verdict_is_worth(verdict: Verdict, basis: Basis, low: float, high: float) -> None:
    assert float(points(verdict, basis)) == low
    assert float(highest_points(verdict, basis)) == high


@pytest.mark.parametrize(
    ("strangers", "transport", "verdict", "basis"),
    [
        ((MET, OBSERVED), (MET, DOCUMENTED), MET, DOCUMENTED),
        ((PARTIAL, OBSERVED), (MET, DOCUMENTED), PARTIAL, OBSERVED),
        ((PARTIAL, OBSERVED), (PARTIAL, DOCUMENTED), PARTIAL, DOCUMENTED),
        ((MET, OBSERVED), (NOT_MET, DOCUMENTED), NOT_MET, DOCUMENTED),
    ],
)
def test_the_worst_aspect_wins_on_the_weakest_basis_that_carries_it(
    strangers: tuple[Verdict, Basis], transport: tuple[Verdict, Basis], verdict: Verdict, basis: Basis
) -> None:
    findings = [finding(*strangers, aspect="strangers"), finding(*transport, aspect="transport")]
    judged = result("auth.method", findings)
    assert (judged.verdict, judged.basis) == (verdict, basis)


def test_an_open_aspect_leaves_the_question_open_and_says_why() -> None:
    judged = result("auth.method", [finding(MET), unknown(Reason.TIMEOUT, aspect="transport")])
    assert (judged.verdict, judged.basis, judged.reason) == (UNKNOWN, NONE, Reason.TIMEOUT)
    assert (judged.points, judged.points_high) == (0, 1)
    assert judged.findings == ("check.timeout",)


def test_a_reader_can_trace_the_verdict_to_the_checks_that_carry_it() -> None:
    findings = [
        finding(PARTIAL, check="a", summary="slow. "),
        finding(PARTIAL, check="b", summary="dangerous", severity=Severity.CRITICAL),
        finding(MET, aspect="transport", check="c", summary="fine"),
        finding(MET, DOCUMENTED, check="d", summary="outranked"),
    ]
    judged = result("auth.method", findings)
    assert judged.findings == ("a", "b")
    assert judged.summary == "dangerous"
    assert [(aspect.name, aspect.verdict, aspect.checks) for aspect in judged.aspects] == [
        ("strangers", PARTIAL, ("a", "b")),
        ("transport", MET, ("c",)),
    ]
    assert judged.weights == {"erp": 4, "bi": 3}
    assert judged.weight == 4


def test_a_claim_that_stands_in_is_quoted() -> None:
    judged = result("auth.scopes", [], claims=[claim("auth.scopes", "yes", per_hour=1000)])
    assert (judged.verdict, judged.basis) == (PARTIAL, CLAIMED)
    assert judged.summary == "the vendor's own answer is yes (per hour 1,000)"
    assert judged.findings == ()
    assert judged.aspects[0].claimed


def test_an_open_question_says_what_is_open() -> None:
    open_ = [unknown(Reason.OFFLINE, aspect="strangers"), unknown(Reason.OFFLINE, aspect="transport")]
    assert result("auth.method", open_).summary == "Aspect strangers? Aspect transport? offline"
    one_open = [finding(MET), unknown(Reason.OFFLINE, aspect="transport")]
    assert result("auth.method", one_open).summary == "Aspect transport? offline"
    assert result("auth.scopes", [unknown(Reason.OFFLINE, on="auth.scopes")]).summary == "offline"


def test_every_question_is_listed_even_when_nobody_looked() -> None:
    questions = card([]).questions
    assert [each.id for each in questions] == list(ASPECTS)
    assert {each.verdict for each in questions} == {UNKNOWN}


def test_where_there_are_no_webhooks_their_delivery_is_not_met() -> None:
    silent = unknown(Reason.VENDOR_SILENT, on="webhooks.delivery")
    judged = result("webhooks.delivery", [NO_WEBHOOKS, silent])
    assert (judged.verdict, judged.basis, judged.findings) == (NOT_MET, DOCUMENTED, ("w",))
    assert "no webhooks" in judged.summary


def test_a_vendor_who_says_there_are_no_webhooks_has_no_delivery_either() -> None:
    judged = result("webhooks.delivery", [], claims=[claim("webhooks.supported", "no")])
    assert (judged.verdict, judged.basis) == (NOT_MET, CLAIMED)


def test_webhooks_that_exist_and_fail_say_nothing_of_their_delivery() -> None:
    broken = finding(NOT_MET, OBSERVED, "webhooks.supported")
    assert result("webhooks.delivery", [broken]).verdict is UNKNOWN


@pytest.mark.parametrize("aspect", ["events", "of-a-users-own"])
def test_a_feature_of_which_anything_was_found_is_not_absent(aspect: str) -> None:
    little = finding(PARTIAL, DOCUMENTED, "webhooks.supported", aspect)
    judged = card([NO_WEBHOOKS, little]).questions
    assert [(each.verdict, each.absent) for each in judged if each.id == "webhooks.supported"] == [(NOT_MET, False)]
    assert [each.verdict for each in judged if each.id == "webhooks.delivery"] == [UNKNOWN]


def test_where_only_the_vendor_says_that_there_are_webhooks_the_rest_is_open() -> None:
    unmentioned = finding(NOT_MET, DOCUMENTED, "webhooks.delivery", absence=True)
    judged = result("webhooks.delivery", [NO_WEBHOOKS, unmentioned], claims=[claim("webhooks.supported")])
    assert (judged.verdict, judged.basis, judged.points_high) == (UNKNOWN, NONE, 1)
    assert result("webhooks.delivery", [NO_WEBHOOKS, unmentioned]).verdict is NOT_MET


def test_delivery_that_was_seen_is_not_overruled_by_a_silent_document() -> None:
    seen = finding(MET, OBSERVED, "webhooks.delivery")
    assert result("webhooks.delivery", [NO_WEBHOOKS, seen]).verdict is MET


def test_an_absent_feature_that_no_scenario_weighs_does_not_apply() -> None:
    judged = card([NO_WEBHOOKS], scenarios=["bi"]).questions
    verdicts = {each.id: each.verdict for each in judged}
    assert verdicts["webhooks.supported"] is Verdict.NOT_APPLICABLE
    assert verdicts["webhooks.delivery"] is Verdict.NOT_APPLICABLE


def test_a_question_that_no_scenario_weighs_keeps_its_judged_verdict() -> None:
    broken = finding(NOT_MET, OBSERVED, "operations.concurrency")
    assert result("operations.concurrency", [broken], scenarios=["bi"]).verdict is NOT_MET


def test_does_not_apply_is_no_answer_where_a_scenario_needs_one() -> None:
    idle = finding(Verdict.NOT_APPLICABLE, NONE, "operations.concurrency")
    assert result("operations.concurrency", [idle]).verdict is UNKNOWN
    assert result("operations.concurrency", [idle], scenarios=["bi"]).verdict is Verdict.NOT_APPLICABLE
