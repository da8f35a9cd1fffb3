"""One audit from the vendor file to the scorecard: it joins the parts and holds no opinion of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from cmms_audit import __version__
from cmms_audit.api import Api
from cmms_audit.battery.check import Check
from cmms_audit.battery.context import Context, Subject, VendorFacts
from cmms_audit.battery.discover import battery_sha256
from cmms_audit.battery.engine import CheckFinished, Event, run_plan, withheld_finding
from cmms_audit.battery.plan import Plan, make_plan
from cmms_audit.errors import CouldNotLook
from cmms_audit.guide import Guide
from cmms_audit.intake import Intake, proven_claims, take_in
from cmms_audit.mapping import MappingResult, resolve
from cmms_audit.model import Claim, Exchange, Finding, Purpose, Reason, Sends
from cmms_audit.permissions import Permissions
from cmms_audit.spec.index import Spec
from cmms_audit.spec.resources import Resource
from cmms_audit.vendor import Vendor
from cmms_audit.vendor_rules import is_url
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.facts import Traffic
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.redact import Redactor

if TYPE_CHECKING:
    from cmms_audit.wire.session import Session

_TRIED_FIRST = ("work_orders", "assets", "locations", "sites")
_MOST_TRIED = 6
_HOLLOW_SHARE = 0.9
_HOLLOW_LEAST = 5
_UNPAID_SHARE = 0.5
# Nothing more is sent after these; where only the lists were not found, other checks may still see something.
_HOPELESS = (Reason.CONNECTIVITY, Reason.CREDENTIAL)


class Order(Struct, frozen=True):
    """What the user asked for: whom to audit, with which battery, and what may be sent."""

    vendor: Vendor
    guide: Guide
    checks: Sequence[Check]
    check_folders: Sequence[Path]
    permissions: Permissions
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    allow_hosts: frozenset[str] = frozenset()
    spec_folders: Sequence[Path] = ()
    dialect_folders: Sequence[Path] = ()


class Stopped(Struct, frozen=True):
    """Why an audit did not run to its end: the reason, and a sentence that says what to do."""

    reason: Reason
    says: str


class Progress(Struct):
    """What an audit has so far; it is filled while the audit runs, so that an interrupted one still has its part."""

    intake: Intake | None = None
    claims: Mapping[str, Claim] = field(default_factory=dict)
    plan: Plan | None = None
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    mapping: tuple[MappingResult, ...] = ()
    traffic: Traffic = field(default_factory=Traffic)
    stopped: Stopped | None = None
    finished_at: datetime | None = None

    def all_findings(self) -> tuple[Finding, ...]:
        """Every check's findings in the order of check ids; a check that never got its turn says so."""
        checks = sorted((each.check for each in self.plan.all), key=lambda check: check.id) if self.plan else []
        missing = self.stopped.reason if self.stopped else Reason.INTERRUPTED
        return tuple(
            finding for check in checks for finding in self.findings.get(check.id, (withheld_finding(check, missing),))
        )


async def audit(
    order: Order,
    progress: Progress,
    *,
    journal: Journal,
    redactor: Redactor,
    clock: Clock,
    tell: Callable[[Event], None],
) -> None:
    """Carry out one audit, filling `progress` and the journal as it goes.

    `tell` is called with every event of the battery. Raises InputError where a document that the vendor file names
    cannot be used; cancelling the task stops the audit and leaves in `progress` what was seen.
    """
    journal.write(
        "run",
        {
            "version": __version__,
            "started_at": clock.now().isoformat(),
            "vendor_file_sha256": order.vendor.sha256,
            "battery_sha256": battery_sha256(order.check_folders),
            "rubric_sha256": order.guide.sha256,
        },
    )
    async with _session(order, journal, redactor, clock) as session:
        if session:
            progress.traffic = session.traffic
        intake = await take_in(
            order.vendor, session, spec_folders=order.spec_folders, dialect_folders=order.dialect_folders
        )
        progress.intake = intake
        journal.write("documents", _hashes(intake))
        progress.claims = await proven_claims(order.vendor.claims, session)
        subject = _subject(order, intake, progress.claims, session, clock)
        progress.plan = make_plan(order.checks, order.permissions, only=order.only, skip=order.skip)
        if session:
            rate = intake.documented_rate(order.vendor.budget.requests)
            session.learn(
                searches=intake.dialect.searches, documented_rate=rate, documented_stock=intake.documented_stock()
            )
            progress.stopped = await _first_contact(subject)
        if progress.stopped and progress.stopped.reason in _HOPELESS:
            progress.plan = make_plan(
                order.checks,
                order.permissions,
                only=order.only,
                skip=order.skip,
                cannot_reach=progress.stopped.reason,
            )
        async for event in run_plan(progress.plan, lambda check: Context(subject, check)):
            if isinstance(event, CheckFinished):
                progress.findings[event.check.id] = event.findings
                _record(event, journal, redactor)
            tell(event)
        records = {kind: page.records for kind, page in subject.first_pages.items()}
        progress.mapping = resolve(order.vendor.mapping, intake.resources, records)
        progress.finished_at = clock.now()


def _record(event: CheckFinished, journal: Journal, redactor: Redactor) -> None:
    """Write what a check found beside the exchanges that it saw, and make both outlive a power cut."""
    found = [
        {
            "fingerprint": finding.fingerprint,
            "verdict": finding.verdict,
            "reason": finding.reason,
            "summary": redactor.text(finding.summary),
        }
        for finding in event.findings
    ]
    journal.write("check", {"id": event.check.id, "findings": found})
    if event.looked and event.check.sends is not Sends.NOTHING:
        journal.sync()


def hollow(exchanges: Sequence[Exchange], findings: Sequence[Finding]) -> str | None:
    """Why a run shows nothing although it ran; None where it does show something.

    Either nearly every request that expected success was refused (those that were meant to be refused, by strangers
    and wrong questions, do not count), or the budget was spent before most of the live checks could look.
    """
    return _mostly_refused(exchanges) or _mostly_unpaid(findings)


def _mostly_unpaid(findings: Sequence[Finding]) -> str | None:
    could_not = (Reason.OFFLINE, Reason.NOT_PERMITTED, Reason.SKIPPED)
    live = [each for each in findings if each.sends is not Sends.NOTHING and each.reason not in could_not]
    unpaid = sum(each.reason is Reason.BUDGET for each in live)
    if not live or unpaid < _UNPAID_SHARE * len(live):
        return None
    return f"the budget of the run, or the vendor's own limits, left {unpaid} of {len(live)} live checks without a look"


def _mostly_refused(exchanges: Sequence[Exchange]) -> str | None:
    expected = [each for each in exchanges if each.purpose is Purpose.API and each.role == "main"]
    refused = sum(not 200 <= each.status < 400 for each in expected)
    if len(expected) < _HOLLOW_LEAST or refused < _HOLLOW_SHARE * len(expected):
        return None
    return f"{refused} of {len(expected)} requests that should have succeeded were refused"


@asynccontextmanager
async def _session(order: Order, journal: Journal, redactor: Redactor, clock: Clock) -> AsyncIterator[Session | None]:
    if order.permissions.offline:
        yield None
        return
    from cmms_audit.wire.session import Session  # brings the HTTP client, which an offline run does not need

    vendor = order.vendor
    session = Session(
        base_url=vendor.base_url,
        credentials=vendor.credentials,
        permissions=order.permissions,
        budget=vendor.budget,
        journal=journal,
        redactor=redactor,
        allow_hosts=order.allow_hosts,
        clock=clock,
    )
    try:
        yield session
    finally:
        await session.close()


def _hashes(intake: Intake) -> dict[str, str | None]:
    """The hash of each description that was read; None where there was none."""
    read = {"spec_sha256": intake.document, "previous_spec_sha256": intake.previous}
    return {name: document.sha256 if isinstance(document, Spec) else None for name, document in read.items()}


def _subject(
    order: Order, intake: Intake, claims: Mapping[str, Claim], session: Session | None, clock: Clock
) -> Subject:
    vendor = order.vendor
    api = None
    if session:
        api = Api(session, base_url=vendor.base_url, resources=intake.resources, dialect=intake.dialect)
    return Subject(
        document=intake.document,
        dialect=intake.dialect,
        resources=intake.resources,
        vendor=VendorFacts(
            base_url=vendor.base_url,
            docs_url=vendor.docs_url,
            spec_url=vendor.spec if is_url(vendor.spec) else None,
            sandbox=vendor.environment == "sandbox",
            scenarios=vendor.scenarios,
            volumes=vendor.volumes,
            mapping=vendor.mapping,
            claims=claims,
            roles=frozenset(vendor.credentials),
            credential_types={role: credential.type for role, credential in vendor.credentials.items()},
            burst_requests=vendor.budget.burst_requests,
        ),
        guide=order.guide,
        api=api,
        clock=clock,
        previous=intake.previous,
    )


async def _first_contact(subject: Subject) -> Stopped | None:
    """Read one page with `main` before anything else: a dead address or a refused key is said once, and early."""
    refusals: list[CouldNotLook] = []
    for kind in _order_of_trying(subject.resources)[:_MOST_TRIED]:
        try:
            await subject.first_page(kind)
        except Exception as error:  # what a vendor answers first must not end the audit, whatever it is
            why = error if isinstance(error, CouldNotLook) else _unreadable(error)
            refusals.append(why)
            if why.reason is Reason.TIMEOUT or _no_answer(why):
                break
        else:
            return None
    return _stopped(refusals, subject.vendor.base_url)


def _order_of_trying(resources: Mapping[str, Resource]) -> list[str]:
    lists = [kind for kind, each in resources.items() if "{" not in each.path]
    return sorted(
        lists,
        key=lambda kind: (
            kind not in _TRIED_FIRST,
            _TRIED_FIRST.index(kind) if kind in _TRIED_FIRST else 0,
            kind,
        ),
    )


def _stopped(refusals: Sequence[CouldNotLook], base_url: str) -> Stopped:
    if not refusals:
        return Stopped(
            Reason.RESOURCE_NOT_FOUND,
            "no list of records could be found in the specification; name at least the work orders in the vendor file:"
            " resources: {work_orders: {path: /…}}",
        )
    last = refusals[-1]
    if any(why.reason is Reason.CREDENTIAL for why in refusals):
        return Stopped(
            Reason.CREDENTIAL,
            f"{base_url} refused the credential 'main' ({refusals[0].summary}); check the key or the client id and"
            " secret, and that they belong to this environment",
        )
    if last.reason in (Reason.CONNECTIVITY, Reason.TIMEOUT):
        return Stopped(
            Reason.CONNECTIVITY,
            f"{base_url} could not be read: {last.summary}; check base_url and that the sandbox is up",
        )
    if last.reason is Reason.BUDGET:
        return Stopped(
            Reason.BUDGET,
            f"nothing could be read at {base_url}: {last.summary}; raise the budget in the vendor file, unless the"
            " limit is the vendor's own",
        )
    return Stopped(
        Reason.RESOURCE_NOT_FOUND,
        f"none of the lists that were tried could be read at {base_url} ({last.summary}); check base_url, or name the"
        " paths in the vendor file under resources",
    )


def _unreadable(error: Exception) -> CouldNotLook:
    return CouldNotLook(Reason.DEFECT, f"the answer could not be read ({type(error).__name__})")


def _no_answer(why: CouldNotLook) -> bool:
    return why.reason is Reason.CONNECTIVITY and not any(
        isinstance(place, Exchange) and place.response for place in why.evidence
    )
