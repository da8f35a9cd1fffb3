"""From what an audit saw to the report: judging and scoring only, nothing is sent from here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cmms_audit.audit import Order, Progress
from cmms_audit.battery.context import RECORD_KINDS, WORK_ORDERS
from cmms_audit.capacity import estimate
from cmms_audit.errors import InputError
from cmms_audit.events.recorded import RecordedTrial, recorded_trial
from cmms_audit.hollow import hollow
from cmms_audit.intake import Intake
from cmms_audit.model import Basis, Finding, FlagState, Purpose, Reason, Severity, Verdict
from cmms_audit.recorded_order import as_named
from cmms_audit.reports import event_outline
from cmms_audit.reports.curl import curl_line
from cmms_audit.reports.document import AuditedVendor, FoundResource, RunFacts, build
from cmms_audit.scoring import Grade, ScenarioVerdict, WaiverState, score
from cmms_audit.spec.coverage import FieldCoverage, field_coverage
from cmms_audit.spec.index import ProblemGroup, Spec
from cmms_audit.spec.load import NotASpec
from cmms_audit.spec.permission_matrix import PermissionMatrix, permission_matrix
from cmms_audit.spec.resources import stand_in
from cmms_audit.vendor import Vendor
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.tally import traffic_of

# Members of a report that are computed here and hold no text from elsewhere.
_COMPUTED = frozenset(("started_at", "finished_at", "began_at", "fingerprint", "sha256", "spec_sha256"))


def conclude(
    order: Order,
    progress: Progress,
    recording: Recording,
    *,
    redactor: Redactor,
    version: str,
) -> dict[str, Any]:
    """The report of an audit that ran, was stopped or was interrupted, from what it saw and what was recorded.

    Every text in it has passed the redactor, whatever check or document it came from.
    """
    findings = progress.all_findings()
    started_at, finished_at = _from_to(recording)
    scenarios = [order.guide.scenarios[each] for each in order.vendor.scenarios]
    card = score(
        findings,
        order.guide,
        scenarios=order.vendor.scenarios,
        claims=progress.claims,
        waivers=order.vendor.waivers,
        today=started_at.date(),
        offline=order.permissions.offline,
        narrowed=bool(order.only or order.skip),
        hollow=hollow(recording.exchanges(), findings),
        capacity=estimate(findings, scenarios, order.vendor.volumes),
        event_delivery=bool(progress.intake and progress.intake.dialect.event_delivery),
    )
    events, damage = _events(recording)
    facts = RunFacts(
        tool_version=version,
        started_at=started_at,
        finished_at=finished_at,
        complete=progress.complete and progress.stopped is None,
        vendor=_vendor(order.vendor, progress.intake),
        permissions=order.permissions,
        traffic=traffic_of(recording),
        stopped=progress.stopped.says if progress.stopped else _unfinished(progress),
        resources=_resources(progress.intake),
        mapping=progress.mapping,
        field_coverage=_field_coverage(progress.intake),
        permission_matrix=_permission_matrix(progress.intake),
        events=events,
        claims=progress.claims,
        warnings=(*_warnings(order, progress.intake), *damage),
    )
    document = build(facts, card, findings, order.guide, _lines(findings, recording))
    report: dict[str, Any] = _redacted(document, redactor, _own_words(order))
    return report


def _lines(findings: Iterable[Finding], recording: Recording) -> dict[int, str]:
    """The lines of curl that repeat the exchanges behind the findings."""
    cited = {place.id for finding in findings for place in finding.evidence if place.kind == "exchange"}
    seen = (
        recording.exchange(number)
        for number in sorted(each for each in cited if each is not None and each in recording)
    )
    return {each.id: line for each in seen if (line := curl_line(each))}


def _vendor(vendor: Vendor, intake: Intake | None) -> AuditedVendor:
    spec = intake.document if intake and isinstance(intake.document, Spec) else None
    return AuditedVendor(
        name=vendor.name,
        product=vendor.product,
        base_url=vendor.base_url,
        environment=vendor.environment,
        docs_url=vendor.docs_url,
        spec=as_named(vendor, vendor.spec),
        spec_version=spec.version if spec else None,
        spec_sha256=spec.sha256 if spec else None,
        dialect=intake.dialect.name if intake else vendor.dialect,
    )


def _from_to(recording: Recording) -> tuple[datetime, datetime]:
    """When the run began and when it ended; one that was cut off ended with its last exchange."""
    begun = datetime.fromisoformat(recording.of_kind("run")[0]["started_at"])
    ended = recording.of_kind("finished")
    if ended:
        return begun, datetime.fromisoformat(ended[-1]["at"])
    last = recording.last_exchange
    return begun, datetime.fromisoformat(recording.exchange(last).started) if last else begun


def _events(recording: Recording) -> tuple[RecordedTrial | None, tuple[str, ...]]:
    """What became of the events that were caused, and what to warn of where that cannot be read: the rest still can."""
    try:
        return recorded_trial(recording), ()
    except InputError:
        return None, ("What became of the events is left out: the lines of the event trial cannot be read.",)


def _unfinished(progress: Progress) -> str | None:
    return None if progress.complete else "the run was interrupted before its end"


def _resources(intake: Intake | None) -> tuple[FoundResource, ...]:
    if intake is None:
        return ()
    found = dict(intake.resources)
    near = None if WORK_ORDERS in found else stand_in(WORK_ORDERS, found, intake.dialect)
    if near:
        found[WORK_ORDERS] = near
    return tuple(FoundResource(kind, each.path, each.because, each.nearest) for kind, each in found.items())


def _field_coverage(intake: Intake | None) -> tuple[FieldCoverage, ...]:
    """How completely the records of each resource that matters are described, where there is a document to read."""
    found = intake.resources if intake and isinstance(intake.document, Spec) else {}
    return tuple(field_coverage(found[kind]) for kind in RECORD_KINDS if kind in found)


def _permission_matrix(intake: Intake | None) -> PermissionMatrix | None:
    """Which permission opens which operations, where there is a document to read."""
    return permission_matrix(intake.document) if intake and isinstance(intake.document, Spec) else None


def _warnings(order: Order, intake: Intake | None) -> tuple[str, ...]:
    """What a reader should know before trusting the rest."""
    warnings = list(order.vendor.warnings)
    if intake and isinstance(intake.document, NotASpec):
        warnings.append(f"No API description was read: {intake.document.says}.")
    if intake and isinstance(intake.document, Spec):
        warnings.extend(map(_grave_fault, (g for g in intake.document.faults if g.severity is not Severity.MINOR)))
    if order.only or order.skip:
        warnings.append("Part of the battery was left out with --only or --skip.")
    return tuple(warnings)


def _grave_fault(group: ProblemGroup) -> str:
    places = f"{group.count:,} places" if group.count > 1 else "one place"
    return f"The specification has a grave fault in {places}: {group.says[0].lower()}{group.says[1:]}."


def _own_words(order: Order) -> frozenset[str]:
    """The closed vocabulary of a report: no secret hides in it, and a vendor may not choose a secret to erase it."""
    guide = order.guide
    enums = (Verdict, Basis, Severity, Reason, FlagState, ScenarioVerdict, Grade, WaiverState, Purpose)
    words = frozenset(member.value for enum in enums for member in enum)
    groups = {group.id for group in guide.groups}
    ids = {*guide.questions, *guide.flags, *guide.scenarios, *(c.id for c in order.checks)}
    return words | groups | ids | event_outline.OWN_WORDS


def _redacted(value: Any, redactor: Redactor, own_words: frozenset[str]) -> Any:
    match value:
        case str():
            return value if value in own_words else redactor.text(value)
        case dict():
            return {
                key: member if key in _COMPUTED else _redacted(member, redactor, own_words)
                for key, member in value.items()
            }
        case list():
            return [_redacted(member, redactor, own_words) for member in value]
        case _:
            return value
