"""The state of every red flag: what findings say of it, what contradicted claims say, and what absence says.

Raised if any word raises it, else clear if any clears it, else not tested.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from cmms_audit.capacity import CapacityEstimate
from cmms_audit.guide import Guide, RedFlag
from cmms_audit.model import Basis, Finding, FlagState, Reason, Severity, Verdict
from cmms_audit.scoring.aspects import strongest
from cmms_audit.scoring.card import FlagResult, QuestionResult
from cmms_audit.scoring.claims import JudgedClaim
from cmms_audit.scoring.questions import Judged

_SEVEREST_FIRST = (Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR)
_TELLING_REASONS_FIRST = (
    Reason.NOT_PERMITTED,
    Reason.OFFLINE,
    Reason.SKIPPED,
    Reason.CREDENTIAL,
    Reason.CONNECTIVITY,
    Reason.TIMEOUT,
    Reason.BUDGET,
    Reason.INTERRUPTED,
    Reason.DEFECT,
    Reason.RESOURCE_NOT_FOUND,
    Reason.VENDOR_SILENT,
)


class _Word(Struct, frozen=True):
    """One source's word on a flag; `severity` where the source knows better than the flag's table."""

    raised: bool
    severity: Severity | None
    basis: Basis
    summary: str
    checks: tuple[str, ...]


class Surroundings(Struct, frozen=True):
    """What the flags are judged by, beside the findings: one value for all of them.

    `event_delivery`: the API tells of events by another way than webhooks. `waived` are ids of flags.
    """

    questions: Mapping[str, QuestionResult]
    claims: Sequence[JudgedClaim]
    capacity: Sequence[CapacityEstimate]
    scenarios: Sequence[str]
    event_delivery: bool
    waived: Collection[str]


def heard_findings(findings: Sequence[Finding], judged: Judged) -> list[Finding]:
    """The findings whose marks and claim tests count: those that no stronger one of their aspect outranks."""
    standing = [finding for aspects in judged.values() for aspect in aspects for finding in aspect.standing]
    beside = [finding for finding in findings if not finding.decisive or finding.verdict is Verdict.NOT_APPLICABLE]
    return [*standing, *(finding for finding in beside if finding not in standing)]


def judge_flags(
    guide: Guide, findings: Sequence[Finding], heard: Sequence[Finding], around: Surroundings
) -> tuple[FlagResult, ...]:
    """Every flag of the guide, in its order. `findings` are all of them, `heard` those whose marks count."""
    return tuple(_judge(flag, findings, heard, around) for flag in guide.flags.values())


def _judge(flag: RedFlag, findings: Sequence[Finding], heard: Sequence[Finding], around: Surroundings) -> FlagResult:
    words = [*_from_marks(flag, heard), *_from_claims(flag, around.claims), *_from_absence(flag, around)]
    raising = [word for word in words if word.raised]
    telling = raising or words
    by_scenario = {name: _severity(flag, name, raising, around.capacity) for name in around.scenarios}
    state = _state(flag, raising, words, around)
    return FlagResult(
        id=flag.id,
        title=flag.title,
        state=state,
        basis=strongest(word.basis for word in telling),
        reason=_reason(flag, findings) if state is FlagState.NOT_TESTED else None,
        severity=_severest(by_scenario.values(), flag.otherwise),
        by_scenario=by_scenario,
        summary="; ".join(dict.fromkeys(word.summary.rstrip(". ") for word in telling)),
        why=flag.why,
        remedy=flag.remedy,
        findings=tuple(dict.fromkeys(check for word in telling for check in word.checks)),
        waived=flag.id in around.waived,
    )


def _from_marks(flag: RedFlag, heard: Sequence[Finding]) -> list[_Word]:
    return [
        _Word(mark.raised, mark.severity, finding.basis, finding.summary, (finding.check,))
        for finding in heard
        for mark in finding.flags
        if mark.flag == flag.id
    ]


def _from_claims(flag: RedFlag, claims: Sequence[JudgedClaim]) -> list[_Word]:
    if not flag.from_claims:
        return []
    return [
        _Word(
            claim.result.contradicted,
            None,
            claim.basis,
            f"claimed: {claim.result.claimed}; found: {claim.result.observed}",
            claim.checks,
        )
        for claim in claims
        if claim.result.tested
    ]


def _from_absence(flag: RedFlag, around: Surroundings) -> list[_Word]:
    question = around.questions.get(flag.if_absent or "")
    if question is None or not question.absent or not question.weight or around.event_delivery:
        return []
    return [_Word(True, None, question.basis, question.summary, question.findings)]


def _state(flag: RedFlag, raising: Sequence[_Word], words: Sequence[_Word], around: Surroundings) -> FlagState:
    if raising:
        return FlagState.RAISED
    if words:
        return FlagState.CLEAR
    needless = around.questions.get(flag.if_absent or "")
    if needless and needless.verdict is Verdict.NOT_APPLICABLE:
        return FlagState.NOT_APPLICABLE
    return FlagState.NOT_TESTED


def _severity(flag: RedFlag, scenario: str, raising: Sequence[_Word], capacity: Sequence[CapacityEstimate]) -> Severity:
    """What the flag costs in a scenario: the table's word, or what raised it, or what does not fit."""
    table = flag.severity_in(scenario)
    severities = [word.severity or table for word in raising] or [table]
    over = any(each.scenario == scenario and each.fits is False for each in capacity)
    if over and flag.if_over_capacity:
        severities.append(flag.if_over_capacity)
    return _severest(severities, table)


def _severest(severities: Iterable[Severity], otherwise: Severity) -> Severity:
    return min(severities, key=_SEVEREST_FIRST.index, default=otherwise)


def _reason(flag: RedFlag, findings: Sequence[Finding]) -> Reason | None:
    """Why nobody looked: the most telling reason among the checks of the flag's questions."""
    reasons = {finding.reason for finding in findings if finding.question in flag.questions}
    return next((reason for reason in _TELLING_REASONS_FIRST if reason in reasons), None)
