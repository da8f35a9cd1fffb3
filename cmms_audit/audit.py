"""One audit from what the vendor handed over to the findings: it joins the parts and holds no opinion of its own.

Whether it is carried out live or from a recording is decided by who calls it: `live` or `replay`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from cmms_audit.addresses import is_loopback, is_loopback_host
from cmms_audit.api import Api
from cmms_audit.battery.check import Check
from cmms_audit.battery.context import Context, Subject, VendorFacts
from cmms_audit.battery.engine import CheckFinished, Event, run_at_once, run_others, withheld_finding
from cmms_audit.battery.plan import Plan, make_plan
from cmms_audit.dialect import Dialect
from cmms_audit.first_contact import Stopped, first_contact
from cmms_audit.guide import Guide
from cmms_audit.intake import Intake, proven_claims, take_in
from cmms_audit.mapping import MappingResult, resolve
from cmms_audit.model import Claim, Finding, Reason
from cmms_audit.permissions import Permissions
from cmms_audit.vendor import Vendor
from cmms_audit.vendor_rules import is_url
from cmms_audit.wire.redact import Redactor

if TYPE_CHECKING:
    import ssl

    from cmms_audit.minutes import Minutes
    from cmms_audit.webhooks.delivery import Delivery
    from cmms_audit.webhooks.received import Received
    from cmms_audit.wire.dialogue import Dialogue

# Nothing more is sent after these; where only the lists were not found, other checks may still see something.
_HOPELESS = (Reason.CONNECTIVITY, Reason.CREDENTIAL)


class Order(Struct, frozen=True):
    """What the user asked for: whom to audit, with which battery, and what may be sent.

    `dialect` is given where it need not be found out any more; `listen_at` is host and port of the webhook receiver,
    `listen_with` the certificate with which it listens encrypted, if it does; `captured` are deliveries that another
    receiver took.
    """

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
    dialect: Dialect | None = None
    listen_at: tuple[str, int] = ("127.0.0.1", 0)
    listen_with: ssl.SSLContext | None = None
    captured: Sequence[Delivery] = ()


class Progress(Struct):
    """What an audit has so far; it is filled while the audit runs, so that an interrupted one still has its part.

    `complete` says that it ran to its end, whatever it found.
    """

    intake: Intake | None = None
    claims: Mapping[str, Claim] = field(default_factory=dict)
    plan: Plan | None = None
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    mapping: tuple[MappingResult, ...] = ()
    stopped: Stopped | None = None
    complete: bool = False

    def all_findings(self) -> tuple[Finding, ...]:
        """Every check's findings in the order of check ids; a check that never got its turn says so."""
        checks = sorted((each.check for each in self.plan.all), key=lambda check: check.id) if self.plan else []
        return tuple(
            finding
            for check in checks
            for finding in self.findings.get(check.id, (withheld_finding(check, Reason.INTERRUPTED),))
        )


async def audit(
    order: Order,
    progress: Progress,
    *,
    dialogue: Dialogue | None,
    redactor: Redactor,
    run_id: str,
    minutes: Minutes,
    learn: Callable[[Intake], None],
    unheard: Mapping[str, Reason],
    tell: Callable[[Event], None],
    captured: tuple[Received, ...] = (),
) -> None:
    """Carry out one audit, filling `progress` as it goes.

    Args:
        order: what is asked for.
        progress: what comes of it; cancelling the task leaves in it what was seen.
        dialogue: the vendor's live system, or a recording of it; None in an offline run.
        redactor: knows the secrets that may stand in a local document.
        run_id: what marks the records of this run.
        minutes: where what was read and found is written down.
        learn: told what the documents say, before anything but them is asked for.
        unheard: checks that are known to have no answer, by id, and why.
        tell: called with every event of the battery.
        captured: deliveries that another receiver took, as they were written down.

    Raises InputError where a document that the vendor file names cannot be used.
    """
    intake, progress.claims = await asyncio.gather(
        take_in(
            order.vendor,
            dialogue,
            spec_folders=order.spec_folders,
            dialect_folders=order.dialect_folders,
            dialect=order.dialect,
            redactor=redactor,
        ),
        proven_claims(order.vendor.claims, dialogue),
    )
    progress.intake = intake
    minutes.documents(intake)
    subject = _subject(order, intake, progress.claims, dialogue, run_id, captured)
    learn(intake)

    async def hear(events: AsyncIterator[Event]) -> None:
        async for event in events:
            if isinstance(event, CheckFinished):
                progress.findings[event.check.id] = event.findings
                await minutes.check(event)
            tell(event)

    progress.plan = _plan(order, unheard)
    contact = asyncio.ensure_future(first_contact(subject)) if dialogue else None
    try:
        await hear(run_at_once(progress.plan, lambda check: Context(subject, check)))
        progress.stopped = await contact if contact else None
        if progress.stopped and progress.stopped.reason in _HOPELESS:
            progress.plan = _plan(order, unheard, progress.stopped.reason)
        await hear(run_others(progress.plan, lambda check: Context(subject, check), subject.stage))
    finally:
        if contact:
            contact.cancel()
        await subject.end_observations()
    records = {kind: page.records for kind, page in subject.first_pages.items()}
    progress.mapping = resolve(order.vendor.mapping, intake.resources, records)
    minutes.parts(intake)
    progress.complete = True


def _plan(order: Order, unheard: Mapping[str, Reason], cannot_reach: Reason | None = None) -> Plan:
    return make_plan(
        order.checks,
        order.permissions,
        only=order.only,
        skip=order.skip,
        cannot_reach=cannot_reach,
        unheard=unheard,
    )


def _reached_by(order: Order) -> Literal["the vendor", "a tunnel", "nobody"]:
    """Who can send events to the receiver of this run."""
    if order.vendor.webhooks.public_url is not None:
        return "a tunnel"
    both_here = is_loopback(order.vendor.base_url)
    return "the vendor" if both_here or not is_loopback_host(order.listen_at[0]) else "nobody"


def _subject(
    order: Order,
    intake: Intake,
    claims: Mapping[str, Claim],
    dialogue: Dialogue | None,
    run_id: str,
    captured: tuple[Received, ...],
) -> Subject:
    vendor = order.vendor
    api = None
    if dialogue:
        api = Api(dialogue, base_url=vendor.base_url, resources=intake.resources, dialect=intake.dialect)
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
            requests=vendor.budget.requests,
            burst_requests=vendor.budget.burst_requests,
            seconds=vendor.budget.seconds,
            samples={kind: hint.sample for kind, hint in vendor.resources.items() if hint.sample},
            may_subscribe=order.permissions.webhooks,
            may_write=order.permissions.writes,
            watch_seconds=vendor.webhooks.watch_seconds,
            reached_by=_reached_by(order) if dialogue else "nobody",
        ),
        guide=order.guide,
        api=api,
        run_id=run_id,
        previous=intake.previous,
        captured=captured,
    )
