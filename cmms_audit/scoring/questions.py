"""From judged aspects to the verdict of each question: the worst aspect wins, never an average."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from msgspec.structs import replace

from cmms_audit.guide import Guide, Question, Scenario
from cmms_audit.model import Basis, Claim, Finding, Reason, Severity, Verdict
from cmms_audit.scoring.aspects import JudgedAspect, judge_aspects, weakest, worst
from cmms_audit.scoring.card import AspectResult, QuestionResult

_OF_VERDICT = {Verdict.MET: Fraction(1), Verdict.PARTIAL: Fraction(1, 2)}
_OF_BASIS = {Basis.OBSERVED: Fraction(1), Basis.DOCUMENTED: Fraction(4, 5), Basis.CLAIMED: Fraction(1, 2)}
_SEVEREST_FIRST = (Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR)
_NOT_ASKED = "No check looked at this, and the vendor has said nothing about it."

Judged = Mapping[str, Sequence[JudgedAspect]]


def judge_findings(findings: Sequence[Finding], guide: Guide, claims: Mapping[str, Claim]) -> Judged:
    """The judged aspects of every question, by question id, in the guide's order."""
    by_question: dict[str, list[Finding]] = {name: [] for name in guide.questions}
    for finding in findings:
        by_question[finding.question].append(finding)
    return {
        name: judge_aspects(question, by_question[name], claims.get(name)) for name, question in guide.questions.items()
    }


def judge_questions(
    judged: Judged, guide: Guide, scenarios: Sequence[Scenario], waived: Collection[str] = ()
) -> tuple[QuestionResult, ...]:
    """The result of every question, in the guide's order; `waived` are ids that an active waiver names."""
    results: dict[str, QuestionResult] = {}
    for question in guide.questions.values():
        result = _result(question, judged[question.id], scenarios, question.id in waived)
        results[question.id] = _with_parent(result, results.get(question.parent or ""))
    return tuple(_without_need(result) for result in results.values())


def points(verdict: Verdict, basis: Basis) -> Fraction:
    """What a verdict on a basis is worth, 0 to 1 (the table in the guide's scoring section)."""
    return _OF_VERDICT.get(verdict, Fraction(0)) * _OF_BASIS.get(basis, Fraction(0))


def highest_points(verdict: Verdict, basis: Basis) -> Fraction:
    """The same, an open question counted as if it were answered as well as can be."""
    return Fraction(1) if verdict is Verdict.UNKNOWN else points(verdict, basis)


def _result(
    question: Question, aspects: Sequence[JudgedAspect], scenarios: Sequence[Scenario], waived: bool
) -> QuestionResult:
    applicable = [aspect for aspect in aspects if aspect.verdict is not Verdict.NOT_APPLICABLE]
    verdict = worst(aspect.verdict for aspect in applicable) if applicable else Verdict.UNKNOWN
    deciding = [aspect for aspect in applicable if aspect.verdict is verdict]
    basis = weakest(aspect.basis for aspect in deciding) if deciding else Basis.NONE
    weights = {scenario.id: scenario.weights.get(question.id, 0) for scenario in scenarios}
    return QuestionResult(
        id=question.id,
        group=question.group,
        title=question.title,
        question=question.question,
        why=question.why,
        good=question.good,
        ask=question.ask,
        clause=question.clause,
        weights=weights,
        weight=max(weights.values(), default=0),
        points=float(points(verdict, basis)),
        points_high=float(highest_points(verdict, basis)),
        verdict=verdict,
        basis=basis,
        reason=next((aspect.reason for aspect in deciding if aspect.reason), None),
        summary=_joined(deciding or aspects, several=len(aspects) > 1) or _NOT_ASKED,
        absent=verdict is Verdict.NOT_MET and all(_leaves_absent(aspect) for aspect in applicable),
        aspects=tuple(_aspect_result(aspect) for aspect in aspects),
        findings=tuple(dict.fromkeys(finding.check for aspect in deciding for finding in aspect.carriers)),
        waived=waived,
    )


def _leaves_absent(aspect: JudgedAspect) -> bool:
    """Whether an aspect says nothing of the feature, or that there is none."""
    return aspect.verdict is Verdict.UNKNOWN or aspect.absent


def _with_parent(result: QuestionResult, parent: QuestionResult | None) -> QuestionResult:
    """Where the parent's feature is absent, nothing that hangs on it can be met.

    Where only the vendor says that it exists, a document that knows nothing of it leaves the rest open.
    """
    if parent is None:
        return result
    if parent.absent and result.basis not in {Basis.OBSERVED, Basis.DOCUMENTED}:
        summary = f"Follows from “{parent.title}”: {parent.summary}"
        inherited = replace(result, basis=parent.basis, reason=None, findings=parent.findings, absent=True)
        return replace(inherited, verdict=Verdict.NOT_MET, points=0.0, points_high=0.0, summary=summary)
    only_claimed = parent.verdict is Verdict.PARTIAL and parent.basis is Basis.CLAIMED
    if only_claimed and result.absent and result.basis is Basis.DOCUMENTED:
        opened = replace(result, basis=Basis.NONE, reason=Reason.VENDOR_SILENT, absent=False)
        return replace(opened, verdict=Verdict.UNKNOWN, points=0.0, points_high=1.0)
    return result


def _without_need(result: QuestionResult) -> QuestionResult:
    """A feature that is absent, and that no chosen scenario weighs, is not held against the vendor."""
    nothing_applies = bool(result.aspects) and all(
        aspect.verdict is Verdict.NOT_APPLICABLE for aspect in result.aspects
    )
    if result.weight or not (result.absent or nothing_applies):
        return result
    return replace(result, verdict=Verdict.NOT_APPLICABLE, basis=Basis.NONE, points=0.0, points_high=0.0, reason=None)


def _aspect_result(aspect: JudgedAspect) -> AspectResult:
    return AspectResult(
        name=aspect.name,
        title=aspect.title,
        verdict=aspect.verdict,
        basis=aspect.basis,
        reason=aspect.reason,
        summary=_summary(aspect),
        checks=tuple(dict.fromkeys(finding.check for finding in aspect.carriers)),
        claimed=aspect.claim is not None,
    )


def _joined(aspects: Sequence[JudgedAspect], *, several: bool) -> str:
    """What each aspect's gravest carrier says; where one of several aspects is open, after its title."""
    titles: dict[str, list[str]] = {}
    for aspect in aspects:
        titles.setdefault(_summary(aspect), []).append(f"{aspect.title}?")
    if several and aspects and aspects[0].verdict is Verdict.UNKNOWN:
        return "; ".join(" ".join([*opened, summary]) for summary, opened in titles.items())
    return "; ".join(titles)


def _summary(aspect: JudgedAspect) -> str:
    if aspect.claim:
        return f"the vendor's own answer is {claim_in_words(aspect.claim)}"
    gravest = min(aspect.carriers, key=lambda finding: _SEVEREST_FIRST.index(finding.severity))
    return gravest.summary.rstrip(". ")


def claim_in_words(claim: Claim) -> str:
    """What the vendor says, in short: "yes (per hour 1,000)". Numbers without an answer count as a yes."""
    numbers = ", ".join(f"{name.replace('_', ' ')} {number:,.10g}" for name, number in claim.numbers.items())
    return (claim.answer or "yes") + (f" ({numbers})" if numbers else "")
