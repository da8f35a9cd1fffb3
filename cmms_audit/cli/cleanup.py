"""`cmms-audit cleanup`: deletes at the vendor what an audit that was broken off has left there."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cmms_audit.addresses import origin
from cmms_audit.clean_up import CleanedUp, clean_up
from cmms_audit.cli.exits import EXIT_CANNOT_AUDIT, EXIT_OK
from cmms_audit.cli.options import dialect_folders
from cmms_audit.cli.outputs import EVIDENCE, demand_audit
from cmms_audit.cli.progress import print_out
from cmms_audit.dialect import Dialect, dialect_names, load_dialect
from cmms_audit.errors import InputError
from cmms_audit.folders import checks_folder, profiles_folder
from cmms_audit.guide import Guide, load_guide
from cmms_audit.intake import take_in
from cmms_audit.permissions import Permissions
from cmms_audit.recorded_order import recorded_order
from cmms_audit.reports.text import visible
from cmms_audit.spec.resources import Resource
from cmms_audit.vendor import Vendor, load_vendor
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.dialogue import Dialogue, Outcomes
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.ledger import Ledger, OwnRecord, creations
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor

app = typer.Typer(rich_markup_mode=None)


@app.command()
def cleanup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the audit.")],
    vendor: Annotated[
        Path | None,
        typer.Option("--vendor", metavar="VENDOR.YAML", help="The vendor file, if it is not where it was."),
    ] = None,
) -> int:
    """Delete what an audit created and could not delete, by the record that it kept; nothing else is touched."""
    demand_audit(folder)
    recording = Recording(folder / EVIDENCE)
    records = _own_records(recording)
    waiting = [each for each in records if each.may_be_there]
    if not waiting:
        _print([f"{folder}: nothing that this audit created is left at the vendor"])
        return EXIT_OK
    run = recording.of_kind("run")[0]
    chosen = _vendor_file(folder, run, vendor)
    guide = load_guide(checks_folder(), profiles_folder())
    loaded = _load(chosen, run, guide)
    _print(
        [
            f"To be deleted at {origin(loaded.base_url)}, wherever the text that was sent is found in it:",
            *(f"  {each}" for each in waiting),
        ]
    )
    resources, dialect = asyncio.run(_described(recording, guide))
    done = asyncio.run(_delete(folder, records, loaded, resources, dialect))
    _print(_told(done))
    return EXIT_CANNOT_AUDIT if done.left else EXIT_OK


def _own_records(recording: Recording) -> list[OwnRecord]:
    try:
        return creations(recording.lines)
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{recording.path}: what it says of created records cannot be read; it is damaged") from None


def _vendor_file(folder: Path, run: Mapping[str, Any], named: Path | None) -> Path:
    file = named or folder / str(run.get("vendor_file", ""))
    if file.is_file():
        return file
    advice = f"name it: cmms-audit cleanup {folder} --vendor VENDOR.YAML"
    raise InputError(f"{file}: the vendor file is needed for its credential, and is not there; {advice}")


def _load(file: Path, run: Mapping[str, Any], guide: Guide) -> Vendor:
    """The vendor file, for its address and credential. What the audit judged by need not be known here."""
    folders = dialect_folders()
    asked = run.get("order", {}).get("vendor", {})
    return load_vendor(
        file,
        environ=os.environ,
        offline=False,
        question_ids=guide.questions,
        flag_ids=guide.flags,
        dialect_names={*dialect_names(folders), str(asked.get("dialect"))},
        scenario_ids=tuple(dict.fromkeys((*guide.scenarios, *asked.get("scenarios", ())))),
    )


async def _delete(
    folder: Path,
    records: Sequence[OwnRecord],
    vendor: Vendor,
    resources: Mapping[str, Resource],
    dialect: Dialect,
) -> CleanedUp:
    """Open a session for nothing but this, and write down what it does where the audit did."""
    from cmms_audit.wire.session import Session  # brings the HTTP client

    clock, redactor = Clock(), Redactor()
    journal = Journal(folder / EVIDENCE)
    try:
        session = Session(
            base_url=vendor.base_url,
            credentials=vendor.credentials,
            permissions=Permissions(writes=True),
            budget=vendor.budget,
            journal=journal,
            redactor=redactor,
            clock=clock,
            tls=vendor.tls,
            ledger=Ledger(journal, redactor, records),
        )
        session.learn(searches=(), documented_rate=None, signing=dialect.signing)
        try:
            _demand_same_vendor(records, vendor, redactor.text(vendor.base_url))
            return await clean_up(session, base_url=vendor.base_url, resources=resources, dialect=dialect, clock=clock)
        finally:
            await session.close()
    finally:
        journal.close()


def _demand_same_vendor(records: Sequence[OwnRecord], vendor: Vendor, base_url: str) -> None:
    """Refuse a vendor file that leads to another system than the audit's: a record of the same number is not ours.

    `base_url` is that of the file as it would be recorded, as are the addresses in the records.
    """
    elsewhere = next((each.url for each in records if not each.url.startswith(base_url + "/")), None)
    if elsewhere:
        raise InputError(f"{vendor.path}: its base_url is {base_url}, but the audit created its records at {elsewhere}")


async def _described(recording: Recording, guide: Guide) -> tuple[Mapping[str, Resource], Dialect]:
    """The resources and the dialect as the audit knew them; without a readable recording the usual words must do."""
    with tempfile.TemporaryDirectory(prefix="cmms-audit-cleanup-") as documents:
        try:
            order = recorded_order(recording, Path(documents), guide=guide, checks=(), check_folders=())
            outcomes = Outcomes(recording, resumed=False)
            dialogue = Dialogue(None, roles=order.vendor.credentials, clock=Clock(), earlier=outcomes)
            intake = await take_in(
                order.vendor,
                dialogue,
                spec_folders=order.spec_folders,
                dialect_folders=dialect_folders(),
                redactor=Redactor(),
                dialect=order.dialect,
            )
        except InputError:
            return {}, load_dialect("rest", dialect_folders())
    return intake.resources, intake.dialect


def _told(done: CleanedUp) -> list[str]:
    lines = [f"Deleted: {each}" for each in done.deleted]
    lines += [f"Still there, or not known to be gone: {each}" for each in done.left]
    return lines if done.left else [*lines, "Nothing that this audit created is left at the vendor."]


def _print(lines: Sequence[str]) -> None:
    print_out(lambda: typer.echo("\n".join(visible(line) for line in lines)))
