"""An audit of the vendor itself: a session is opened, everything is written down, and what was created is deleted."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from cmms_audit import __version__
from cmms_audit.audit import Order, Progress, audit
from cmms_audit.battery.discover import battery_sha256
from cmms_audit.battery.engine import Event
from cmms_audit.clean_up import clean_up
from cmms_audit.dialect import BASE, load_dialect
from cmms_audit.errors import CannotAudit, InputError
from cmms_audit.intake import Intake
from cmms_audit.minutes import Minutes
from cmms_audit.recorded_order import order_members
from cmms_audit.webhooks.delivery import DELIVERY
from cmms_audit.webhooks.keeping import keep, kept
from cmms_audit.webhooks.received import OF_THE_FILE
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.dialogue import Dialogue, Outcomes
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.ledger import KINDS, Ledger, creations
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor
from cmms_audit.wire.tally import traffic_of

if TYPE_CHECKING:
    from cmms_audit.webhooks.mailroom import Mailroom
    from cmms_audit.wire.session import Session


class Connection(Struct, frozen=True):
    """What a run has of the vendor: the session that sends, the dialogue that checks see, and the mail that comes."""

    session: Session
    dialogue: Dialogue
    mailroom: Mailroom | None

    async def listen_no_more(self) -> None:
        """Close the receivers: nothing that comes from now on is looked at, nor shall it hinder what must be done."""
        if self.mailroom is not None:
            await self.mailroom.close()


async def audit_live(
    order: Order,
    progress: Progress,
    *,
    journal: Journal,
    redactor: Redactor,
    clock: Clock,
    tell: Callable[[Event], None],
    run_id: str,
    use_proxy: bool = False,
    earlier: Recording | None = None,
) -> None:
    """Carry out an audit, filling `progress` and the journal as it goes.

    `run_id` marks what this run creates. `earlier` is the recording of the same audit that was broken off: it is gone
    on with, under the mark that it had. Raises InputError where a document cannot be used, CannotAudit where the
    journal cannot be written; cancelling the task stops the audit and leaves in `progress` what was seen. Whatever
    happens, what was created is deleted again, or stays open in the journal.
    """
    if earlier:
        run_id = resumable(earlier, order)
    minutes = Minutes(journal, redactor, order.vendor)
    async with _connected(order, journal, redactor, clock, earlier, use_proxy) as connection:
        try:
            if earlier is None:
                journal.write("run", _run_members(order, journal, redactor, clock, run_id))
                captured = keep(order.captured, journal, redactor, _hook_secret(order, redactor))
            else:
                journal.write("resumed", {"version": __version__, "at": clock.now().isoformat()})
                captured = kept(earlier)
                await _clean_up(connection, order, progress.intake, clock)
            await audit(
                order,
                progress,
                dialogue=connection.dialogue if connection else None,
                redactor=redactor,
                run_id=run_id,
                minutes=minutes,
                learn=lambda intake: _learn(connection, intake, order),
                unheard={},
                tell=tell,
                captured=captured,
            )
        except CannotAudit:
            journal.give_up()
            raise
        finally:
            if connection is not None:
                await connection.listen_no_more()
            await _clean_up(connection, order, progress.intake, clock)


def resumable(earlier: Recording, order: Order) -> str:
    """The run id of a recording that an order can go on with.

    Raises InputError where it is another audit: of another vendor file, battery or version.
    """
    run = next(iter(earlier.of_kind("run")), None)
    if run is None:
        raise InputError(f"{earlier.path}: there is no audit to resume; run it anew with --overwrite")
    now = {
        "version": __version__,
        "vendor_file_sha256": order.vendor.sha256,
        "battery_sha256": battery_sha256(order.check_folders),
    }
    plain = {
        "version": "cmms-audit",
        "vendor_file_sha256": "the vendor file",
        "battery_sha256": "the battery of checks",
    }
    changed = [plain[name] for name, value in now.items() if run.get(name) != value]
    if changed:
        says = " and ".join(changed)
        raise InputError(f"{earlier.path}: {says} changed since; run the audit anew with --overwrite")
    return str(run["run_id"])


def _run_members(order: Order, journal: Journal, redactor: Redactor, clock: Clock, run_id: str) -> Mapping[str, object]:
    return {
        "version": __version__,
        "run_id": run_id,
        "started_at": clock.now().isoformat(),
        "vendor_file": _from(journal.path.parent, order.vendor.path),
        "vendor_file_sha256": order.vendor.sha256,
        "battery_sha256": battery_sha256(order.check_folders),
        "rubric_sha256": order.guide.sha256,
        "order": order_members(order, redactor),
    }


def _from(folder: Path, file: Path) -> str:
    """The way from a folder to a file, so that both can be moved together."""
    return os.path.relpath(file.resolve(), folder.resolve())


@asynccontextmanager
async def _connected(
    order: Order, journal: Journal, redactor: Redactor, clock: Clock, earlier: Recording | None, use_proxy: bool
) -> AsyncIterator[Connection | None]:
    if order.permissions.offline:
        yield None
        return
    from cmms_audit.wire.session import Session  # brings the HTTP client, which an offline run does not need

    vendor = order.vendor
    mailroom = _mailroom(order, journal, redactor, clock, earlier) if order.permissions.webhooks else None
    left = creations(earlier.of_kind(*KINDS)) if earlier else []
    session = Session(
        base_url=vendor.base_url,
        credentials=vendor.credentials,
        permissions=order.permissions,
        budget=vendor.budget,
        journal=journal,
        redactor=redactor,
        allow_hosts=order.allow_hosts,
        clock=clock,
        use_proxy=use_proxy,
        ledger=Ledger(journal, redactor, left),
        tls=vendor.tls,
        mailroom=mailroom,
    )
    outcomes = None
    if earlier:
        session.charge(traffic_of(earlier))
        again = frozenset(record.owner for record in left if record.may_be_there)
        outcomes = Outcomes(earlier, forget_owners=again, resumed=True)
    dialogue = Dialogue(
        session,
        roles=vendor.credentials,
        clock=clock,
        journal=journal,
        redactor=redactor,
        earlier=outcomes,
        mailroom=mailroom,
    )
    try:
        yield Connection(session, dialogue, mailroom)
    finally:
        await session.close()


def _mailroom(order: Order, journal: Journal, redactor: Redactor, clock: Clock, earlier: Recording | None) -> Mailroom:
    from cmms_audit.webhooks.mailroom import Mailroom  # brings an HTTP server, which few runs need

    settings = order.vendor.webhooks
    return Mailroom(
        order.listen_at,
        journal=journal,
        redactor=redactor,
        clock=clock,
        public_url=settings.public_url,
        secret=_hook_secret(order, redactor),
        tls=order.listen_with,
        last_number=max((line["number"] for line in earlier.of_kind(DELIVERY)), default=0)
        if earlier
        else len(order.captured),
    )


def _hook_secret(order: Order, redactor: Redactor) -> str | None:
    """What deliveries are signed with, as far as the vendor file says; an offline run reads no secret."""
    secret = order.vendor.webhooks.secret
    if secret is None or not secret.resolved:
        return None
    redactor.add(OF_THE_FILE, secret.reveal())
    return secret.reveal()


async def _clean_up(connection: Connection | None, order: Order, intake: Intake | None, clock: Clock) -> None:
    """Delete what was created, as far as it can be found; what cannot stays open in the ledger."""
    if connection is None or not any(record.may_be_there for record in connection.session.ledger.records):
        return
    await clean_up(
        connection.session,
        base_url=order.vendor.base_url,
        resources=intake.resources if intake else {},
        dialect=intake.dialect if intake else load_dialect(BASE, order.dialect_folders),
        clock=clock,
    )


def _learn(connection: Connection | None, intake: Intake, order: Order) -> None:
    if connection is None:
        return
    rate = intake.documented_rate(order.vendor.budget.requests)
    connection.session.learn(
        searches=intake.dialect.searches,
        documented_rate=rate,
        documented_stock=intake.documented_stock(),
        signing=intake.dialect.signing,
    )
