"""What an audit that was broken off has left at the vendor, and its deletion, by the recording of the audit alone."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from cmms_audit.clean_up import CleanedUp, clean_up
from cmms_audit.dialect import BASE, Dialect, load_dialect
from cmms_audit.errors import InputError
from cmms_audit.folders import profiles_folder
from cmms_audit.guide import Guide
from cmms_audit.intake import take_in
from cmms_audit.permissions import Permissions
from cmms_audit.recorded_order import recorded_order
from cmms_audit.spec.resources import Resource
from cmms_audit.vendor import Vendor
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.dialogue import Dialogue, Outcomes
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.ledger import Ledger, OwnRecord
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor


async def delete_left(
    recording: Recording,
    records: Sequence[OwnRecord],
    vendor: Vendor,
    guide: Guide,
    *,
    journal: Journal,
    use_proxy: bool = False,
) -> CleanedUp:
    """Delete what may still be there of an audit's own records, and write that down in its journal.

    Raises InputError where the vendor file leads to another system than the audit's.
    """
    from cmms_audit.wire.session import Session  # brings the HTTP client

    resources, dialect = await _described(recording, guide)
    clock, redactor = Clock(), Redactor()
    session = Session(
        base_url=vendor.base_url,
        credentials=vendor.credentials,
        permissions=Permissions(writes=True),
        budget=vendor.budget,
        journal=journal,
        redactor=redactor,
        clock=clock,
        use_proxy=use_proxy,
        tls=vendor.tls,
        ledger=Ledger(journal, redactor, records),
    )
    session.learn(searches=(), documented_rate=None, signing=dialect.signing)
    try:
        _demand_same_vendor(records, vendor, redactor.text(vendor.base_url))
        return await clean_up(session, base_url=vendor.base_url, resources=resources, dialect=dialect, clock=clock)
    finally:
        await session.close()


def _demand_same_vendor(records: Sequence[OwnRecord], vendor: Vendor, base_url: str) -> None:
    """Refuse a vendor file that leads to another system than the audit's: a record of the same number is not ours.

    `base_url` is that of the file as it would be recorded, as are the addresses in the records.
    """
    named = (url for each in records for url in (each.url, each.address) if url is not None)
    elsewhere = next((url for url in named if not url.startswith(base_url + "/") or "/.." in unquote(url)), None)
    if elsewhere:
        raise InputError(f"{vendor.path}: its base_url is {base_url}, but the audit created its records at {elsewhere}")


async def _described(recording: Recording, guide: Guide) -> tuple[Mapping[str, Resource], Dialect]:
    """The resources and the dialect as the audit knew them; without a readable recording the usual words must do."""
    folders = (profiles_folder() / "dialects",)
    with tempfile.TemporaryDirectory(prefix="cmms-audit-cleanup-") as documents:
        try:
            order = recorded_order(recording, Path(documents), guide=guide, checks=(), check_folders=())
            outcomes = Outcomes(recording, resumed=False)
            dialogue = Dialogue(None, roles=order.vendor.credentials, clock=Clock(), earlier=outcomes)
            intake = await take_in(
                order.vendor,
                dialogue,
                spec_folders=order.spec_folders,
                dialect_folders=folders,
                redactor=Redactor(),
                dialect=order.dialect,
            )
        except InputError:
            return {}, load_dialect(BASE, folders)
    return intake.resources, intake.dialect
