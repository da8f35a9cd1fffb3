"""Builds the report (report.json as a dict, schema version 1) from what was found, judged and done.

Every other format is made from this dict, so it holds all that a reader may want to see. Pure: the same input gives
the same dict with its members in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import asdict

from cmms_audit.guide import Guide
from cmms_audit.model import Claim, Evidence, Finding, Verdict
from cmms_audit.reports.event_delivery import events_member
from cmms_audit.reports.permission_matrix import matrix_member
from cmms_audit.reports.text import shorten
from cmms_audit.scoring import (
    AspectResult,
    ClaimResult,
    Coverage,
    FlagResult,
    GroupScore,
    QuestionResult,
    ScenarioResult,
    Score,
    Scorecard,
    WaiverResult,
    rounded,
)

if TYPE_CHECKING:
    from cmms_audit.capacity import CapacityEstimate
    from cmms_audit.events.recorded import RecordedTrial
    from cmms_audit.mapping import MappingResult
    from cmms_audit.permissions import Permissions
    from cmms_audit.spec.coverage import FieldCoverage
    from cmms_audit.spec.permission_matrix import PermissionMatrix
    from cmms_audit.wire.facts import Traffic

SCHEMA_VERSION = 1
SUMMARY_LIMIT = 2_000
DETAIL_LIMIT = 10_000


class AuditedVendor(Struct, frozen=True):
    """Who was audited. `base_url` is empty where an offline audit names none; `spec` is a path or address as given,
    `spec_version` and `spec_sha256` are None where none was read.
    """

    name: str
    product: str | None
    base_url: str
    environment: str
    docs_url: str | None
    spec: str | None
    spec_version: str | None
    spec_sha256: str | None
    dialect: str


class FoundResource(Struct, frozen=True):
    """Which path was taken for which kind of record, and why; `nearest` says that it is only the nearest thing."""

    kind: str
    path: str
    because: str
    nearest: bool = False


class RunFacts(Struct, frozen=True):
    """The run itself: when, against whom, what was allowed, what was sent.

    `stopped` says why the run is not complete; `claims` are the vendor's answers, for the pages they name;
    `warnings` are sentences that the reader should know before trusting the rest.
    """

    tool_version: str
    started_at: datetime
    finished_at: datetime
    complete: bool
    vendor: AuditedVendor
    permissions: Permissions
    traffic: Traffic
    stopped: str | None = None
    resources: tuple[FoundResource, ...] = ()
    mapping: tuple[MappingResult, ...] = ()
    field_coverage: tuple[FieldCoverage, ...] = ()
    permission_matrix: PermissionMatrix | None = None
    events: RecordedTrial | None = None
    claims: Mapping[str, Claim] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def build(
    run: RunFacts,
    card: Scorecard,
    findings: Sequence[Finding],
    guide: Guide,
    reproduce: Mapping[int, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """The report of one audit.

    Args:
        run: the facts of the run.
        card: what scoring concluded.
        findings: every finding of every check, in any order.
        guide: for the titles of groups, checks and aspects.
        reproduce: the line of curl that repeats an exchange, by its number; those of cited exchanges are enough.
    """
    order = {question.id: position for position, question in enumerate(card.questions)}
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "cmms-audit", "version": run.tool_version},
        "started_at": _moment(run.started_at),
        "finished_at": _moment(run.finished_at),
        "complete": run.complete,
        "stopped": run.stopped,
        "warnings": list(run.warnings),
        "vendor": _vendor(run.vendor),
        "rubric": {"version": card.rubric.version, "sha256": card.rubric.sha256},
        "permissions": _permissions(run.permissions),
        "score": _score(card.score),
        "coverage": _coverage(card.coverage),
        "groups": [_group(each, guide) for each in card.groups],
        "questions": [_question(each) for each in card.questions],
        "red_flags": [_flag(each) for each in card.red_flags],
        "findings": [
            _finding(each, guide, run.vendor.spec or "", reproduce)
            for each in sorted(findings, key=lambda each: _rank(each, order))
        ],
        "claims": [_claim(each, run.claims.get(each.question)) for each in card.claims],
        "scenarios": [_scenario(each) for each in card.scenarios],
        "waivers": [_waiver(each) for each in card.waivers],
        "capacity": [_capacity(each) for each in card.capacity],
        "mapping": [
            {"need": each.need, "found": each.found, "type": each.type, "seen_live": each.seen_live}
            for each in run.mapping
        ],
        "field_coverage": [asdict(each) for each in run.field_coverage],
        "permission_matrix": matrix_member(run.permission_matrix),
        "events": events_member(run.events, findings),
        "resources": [
            {"kind": each.kind, "path": each.path, "because": each.because, "nearest": each.nearest}
            for each in sorted(run.resources, key=lambda each: each.kind)
        ],
        "traffic": _traffic(run),
    }


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _vendor(vendor: AuditedVendor) -> dict[str, Any]:
    return {
        "name": vendor.name,
        "product": vendor.product,
        "base_url": vendor.base_url,
        "environment": vendor.environment,
        "docs_url": vendor.docs_url,
        "spec": vendor.spec,
        "spec_version": vendor.spec_version,
        "spec_sha256": vendor.spec_sha256,
        "dialect": vendor.dialect,
    }


def _permissions(allowed: Permissions) -> dict[str, bool]:
    return {
        "writes": allowed.writes,
        "burst": allowed.burst,
        "webhooks": allowed.webhooks,
        "offline": allowed.offline,
    }


def _score(score: Score) -> dict[str, Any]:
    waived = score.waived
    return {
        "value": rounded(score.value),
        "low": rounded(score.low),
        "high": rounded(score.high),
        "grade": score.grade,
        "raw_grade": score.raw_grade,
        "waived": waived and {"low": rounded(waived.low), "high": rounded(waived.high), "grade": waived.grade},
        "caps": [{"grade": cap.grade, "flag": cap.flag, "reason": cap.reason} for cap in score.caps],
        "withheld": score.withheld,
    }


def _coverage(coverage: Coverage) -> dict[str, float | None]:
    return {
        "observed": rounded(coverage.observed, 2),
        "documented": rounded(coverage.documented, 2),
        "claimed": rounded(coverage.claimed, 2),
        "none": rounded(coverage.none, 2),
    }


def _group(group: GroupScore, guide: Guide) -> dict[str, Any]:
    protects_against = next((each.protects_against for each in guide.groups if each.id == group.id), "")
    return {
        "id": group.id,
        "title": group.title,
        "protects_against": protects_against,
        "score": rounded(group.score),
        "low": rounded(group.low),
        "high": rounded(group.high),
        "weight": group.weight,
    }


def _question(question: QuestionResult) -> dict[str, Any]:
    return {
        "id": question.id,
        "group": question.group,
        "title": question.title,
        "question": question.question,
        "why": question.why,
        "good": question.good,
        "weights": dict(question.weights),
        "weight": question.weight,
        "points": rounded(question.points, 2),
        "points_high": rounded(question.points_high, 2),
        "verdict": question.verdict,
        "basis": question.basis,
        "reason": question.reason,
        "summary": shorten(question.summary, SUMMARY_LIMIT),
        "absent": question.absent,
        "waived": question.waived,
        "aspects": [_aspect(each) for each in question.aspects],
        "findings": list(question.findings),
        "ask": question.ask,
        "clause": question.clause,
    }


def _aspect(aspect: AspectResult) -> dict[str, Any]:
    return {
        "name": aspect.name,
        "title": aspect.title,
        "verdict": aspect.verdict,
        "basis": aspect.basis,
        "reason": aspect.reason,
        "summary": shorten(aspect.summary, SUMMARY_LIMIT),
        "checks": list(aspect.checks),
        "claimed": aspect.claimed,
    }


def _flag(flag: FlagResult) -> dict[str, Any]:
    return {
        "id": flag.id,
        "title": flag.title,
        "raised": flag.raised,
        "state": flag.state,
        "basis": flag.basis,
        "reason": flag.reason,
        "severity": flag.severity,
        "by_scenario": dict(flag.by_scenario),
        "summary": shorten(flag.summary, SUMMARY_LIMIT),
        "why": flag.why,
        "remedy": flag.remedy,
        "findings": list(flag.findings),
        "waived": flag.waived,
    }


def _rank(finding: Finding, order: Mapping[str, int]) -> tuple[int, str, str, str, str]:
    """Findings stand in the order of the questions, whatever order the checks finished in."""
    position = order.get(finding.question, len(order))
    return (position, finding.check, finding.fingerprint, finding.verdict, finding.summary)


def _finding(finding: Finding, guide: Guide, spec: str, reproduce: Mapping[int, str]) -> dict[str, Any]:
    text = guide.check_text(finding.check)
    return {
        "check": finding.check,
        "title": _title(finding, guide),
        "fingerprint": finding.fingerprint,
        "question": finding.question,
        "aspect": finding.aspect,
        "subject": finding.subject,
        "decisive": finding.decisive,
        "verdict": finding.verdict,
        "basis": finding.basis,
        "reason": finding.reason,
        "severity": finding.severity,
        "summary": shorten(finding.summary, SUMMARY_LIMIT),
        "detail": shorten(finding.detail, DETAIL_LIMIT),
        "remedy": finding.remedy or (text.remedy if text else ""),
        "facts": {name: value for name, value in finding.facts.items() if math.isfinite(value)},
        "evidence": [
            _place(each, spec) for each in finding.evidence if each.kind != "spec" or each.pointer is not None
        ],
        "reproduce": _line(finding, reproduce),
    }


def _line(finding: Finding, lines: Mapping[int, str]) -> str | None:
    """The line that repeats the first of the finding's exchanges that can be repeated."""
    ids = (each.id for each in finding.evidence if each.kind == "exchange" and each.id is not None)
    return next((lines[number] for number in ids if number in lines), None)


def _place(evidence: Evidence, spec: str) -> dict[str, Any]:
    """A piece of evidence; one in the specification names the file too, for a specification may be many files."""
    members = evidence.as_json()
    if evidence.kind == "spec" and evidence.pointer is not None:
        other, _, _ = evidence.pointer.partition("#")
        members["file"] = PurePosixPath(spec).name if evidence.pointer[:1] in ("", "/") else other
    return members


def _title(finding: Finding, guide: Guide) -> str:
    """A title that reads right either way: what holds, what fails, or, with no answer, what was to be looked at."""
    text = guide.check_text(finding.check)
    if text and finding.verdict is Verdict.MET:
        return text.passes
    if text and finding.verdict in {Verdict.PARTIAL, Verdict.NOT_MET}:
        return text.fails
    question = guide.questions.get(finding.question)
    return (question.aspects.get(finding.aspect) if question else None) or finding.check


def _claim(claim: ClaimResult, said: Claim | None) -> dict[str, Any]:
    return {
        "question": claim.question,
        "claimed": claim.claimed,
        "observed": claim.observed,
        "contradicted": claim.contradicted,
        "tested": claim.tested,
        "evidence_url": said.evidence_url if said else None,
        "proven": said.proven if said else False,
    }


def _scenario(scenario: ScenarioResult) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "title": scenario.title,
        "flow": scenario.flow,
        "failure": scenario.failure,
        "verdict": scenario.verdict,
        "score": rounded(scenario.score),
        "low": rounded(scenario.low),
        "high": rounded(scenario.high),
        "blockers": list(scenario.blockers),
        "conditions": list(scenario.conditions),
        "remarks": list(scenario.remarks),
    }


def _waiver(waiver: WaiverResult) -> dict[str, Any]:
    return {
        "target": waiver.target,
        "reason": waiver.reason,
        "until": waiver.until.isoformat(),
        "approved_by": waiver.approved_by,
        "state": waiver.state,
    }


def _capacity(need: CapacityEstimate) -> dict[str, Any]:
    return {
        "scenario": need.scenario,
        "kind": need.kind,
        "need": need.need,
        "window_minutes": rounded(need.window_minutes),
        "estimate_minutes": rounded(need.estimate_minutes, 2),
        "estimate": need.estimate,
        "fits": need.fits,
        "binds": need.binds,
        "because": need.because,
        "working": list(need.working),
        "would_fit": list(need.would_fit),
    }


def _traffic(run: RunFacts) -> dict[str, Any]:
    traffic = run.traffic
    return {
        "requests": traffic.requests,
        "writes": traffic.writes,
        "bytes": traffic.bytes,
        "seconds": rounded((run.finished_at - run.started_at).total_seconds()),
        "created": traffic.created,
        "deleted": traffic.deleted,
        "left_behind": list(traffic.left_behind),
        "by_purpose": {str(purpose): traffic.by_purpose[purpose] for purpose in sorted(traffic.by_purpose)},
    }
