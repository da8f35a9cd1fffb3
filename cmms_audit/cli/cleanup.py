"""`cmms-audit cleanup`: deletes at the vendor what an audit that was broken off has left there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cmms_audit.addresses import origin
from cmms_audit.clean_up import CleanedUp
from cmms_audit.cli.exits import EXIT_CANNOT_AUDIT, EXIT_OK
from cmms_audit.cli.options import dialect_folders
from cmms_audit.cli.outputs import EVIDENCE, demand_audit
from cmms_audit.cli.progress import print_out
from cmms_audit.cli.shared import ByProxy
from cmms_audit.dialect import dialect_names
from cmms_audit.errors import InputError
from cmms_audit.folders import checks_folder, profiles_folder
from cmms_audit.guide import Guide, load_guide
from cmms_audit.leftovers import delete_left
from cmms_audit.reports.text import visible
from cmms_audit.vendor import Vendor, load_vendor, secret_receivers
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.ledger import KINDS, creations
from cmms_audit.wire.recording import Recording

app = typer.Typer(rich_markup_mode=None)


@app.command()
def cleanup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the audit.")],
    vendor: Annotated[
        Path | None,
        typer.Option("--vendor", metavar="VENDOR.YAML", help="The vendor file, if it is not where it was."),
    ] = None,
    proxy: ByProxy = False,
) -> int:
    """Delete what an audit created and could not delete, by the record that it kept; nothing else is touched."""
    demand_audit(folder)
    recording = Recording(folder / EVIDENCE)
    records = creations(recording.of_kind(*KINDS))
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
            f"To be deleted at {origin(loaded.base_url)}; each only if it still bears the text that was sent with it:",
            *(f"  {each}" for each in waiting),
            *(f"{reference} ({label}) goes to {receiver}" for reference, label, receiver in secret_receivers(loaded)),
        ]
    )
    journal = Journal(folder / EVIDENCE)
    try:
        done = asyncio.run(delete_left(recording, records, loaded, guide, journal=journal, use_proxy=proxy))
    finally:
        journal.close()
    _print(_told(done))
    return EXIT_CANNOT_AUDIT if done.left else EXIT_OK


def _vendor_file(folder: Path, run: Mapping[str, Any], named: Path | None) -> Path:
    file = named or folder / str(run["vendor_file"])
    if named is None and file.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{file}: no audit puts its vendor file there; if it is meant, name it with --vendor")
    if file.is_file():
        return file
    advice = f"name it: cmms-audit cleanup {folder} --vendor VENDOR.YAML"
    raise InputError(f"{file}: the vendor file is needed for its credential, and is not there; {advice}")


def _load(file: Path, run: Mapping[str, Any], guide: Guide) -> Vendor:
    """The vendor file, for its address and credential. What the audit judged by need not be known here."""
    folders = dialect_folders()
    asked = run["order"]["vendor"]
    return load_vendor(
        file,
        environ=os.environ,
        offline=False,
        question_ids=guide.questions,
        flag_ids=guide.flags,
        dialect_names={*dialect_names(folders), str(asked.get("dialect"))},
        scenario_ids=tuple(dict.fromkeys((*guide.scenarios, *asked.get("scenarios", ())))),
    )


def _told(done: CleanedUp) -> list[str]:
    lines = [f"Deleted: {each}" for each in done.deleted]
    lines += [f"Still there, or not known to be gone: {each}" for each in done.left]
    return lines if done.left else [*lines, "Nothing that this audit created is left at the vendor."]


def _print(lines: Sequence[str]) -> None:
    print_out(lambda: typer.echo("\n".join(visible(line) for line in lines)))
