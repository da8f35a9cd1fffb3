"""Waivers: gaps that somebody accepted until a date. They change only the waived score."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from cmms_audit.model import Finding, Verdict
from cmms_audit.scoring.card import FlagResult, QuestionResult, WaiverResult, WaiverState
from cmms_audit.vendor import Waiver

_WRONG = (Verdict.NOT_MET, Verdict.PARTIAL, Verdict.UNKNOWN)


def active_targets(waivers: Sequence[Waiver], today: date) -> frozenset[str]:
    """What the waivers that have not expired name."""
    return frozenset(waiver.target for waiver in waivers if today <= waiver.until)


def judge_waivers(
    waivers: Sequence[Waiver],
    today: date,
    findings: Sequence[Finding],
    questions: Sequence[QuestionResult],
    flags: Sequence[FlagResult],
) -> tuple[WaiverResult, ...]:
    """Whether each waiver counts, has expired, or is not needed (any more)."""
    wrong = {
        *(finding.fingerprint for finding in findings if finding.verdict in _WRONG),
        *(question.id for question in questions if question.verdict in _WRONG),
        *(flag.id for flag in flags if flag.raised),
    }
    return tuple(
        WaiverResult(each.target, each.reason, each.until, each.approved_by, _state(each, today, wrong))
        for each in waivers
    )


def _state(waiver: Waiver, today: date, wrong: Collection[str]) -> WaiverState:
    if today > waiver.until:
        return WaiverState.EXPIRED
    return WaiverState.ACTIVE if waiver.target in wrong else WaiverState.NOT_NEEDED


def without_waived(findings: Sequence[Finding], targets: Collection[str]) -> list[Finding]:
    """The findings that no active waiver names."""
    return [finding for finding in findings if finding.fingerprint not in targets]


def waived_questions(findings: Sequence[Finding], targets: Collection[str]) -> frozenset[str]:
    """The questions to leave out: those named, and those of which every decisive finding is waived."""
    spoken = {finding.question for finding in findings if finding.decisive}
    left = {finding.question for finding in without_waived(findings, targets) if finding.decisive}
    return frozenset(spoken - left) | frozenset(targets)
