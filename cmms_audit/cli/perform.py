"""Carries out an order for a command: runs the audit, writes the folder, prints, and says with which code to exit."""

from __future__ import annotations

import asyncio
import secrets
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from cmms_audit import __version__
from cmms_audit.audit import Order, Progress
from cmms_audit.cli import exits
from cmms_audit.cli.gates import Gates
from cmms_audit.cli.interruption import until_signal
from cmms_audit.cli.outputs import EVIDENCE, forget_folder, prepare_folder, write_reports
from cmms_audit.cli.progress import RunProgress, print_out, say
from cmms_audit.conclude import conclude
from cmms_audit.errors import InputError
from cmms_audit.first_contact import Stopped
from cmms_audit.live import audit_live
from cmms_audit.model import Reason
from cmms_audit.permissions import remember_grant
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.journal import Journal
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor


class Wishes(Struct, frozen=True):
    """How the outcome is to be written, shown and judged; `remember_in` keeps what this user granted to the run."""

    out: Path
    overwrite: bool = False
    resume: bool = False
    formats: frozenset[str] = frozenset()
    as_json: bool = False
    show_values: bool = False
    quiet: bool = False
    verbose: bool = False
    use_proxy: bool = False
    gates: Gates = Gates()
    remember_in: Path | None = None
    notices: tuple[str, ...] = field(default=())


def perform(order: Order, wishes: Wishes) -> int:
    """Audit, write `wishes.out`, print the report, and return the exit code.

    Raises InputError where the folder or a document cannot be used, CannotAudit where nothing can be written.
    """
    made = not wishes.out.exists()
    prepare_folder(wishes.out, overwrite=wishes.overwrite, resume=wishes.resume)
    for notice in () if wishes.quiet else wishes.notices:
        say(notice)
    clock, redactor, progress = Clock(), Redactor(), Progress()
    journal = Journal(wishes.out / EVIDENCE)
    try:
        interrupted = _run(order, progress, journal, redactor, clock, wishes)
        journal.write("finished", {"at": clock.now().isoformat(), "complete": progress.complete})
    except KeyboardInterrupt:
        say(f"ended at once; if records were created they may still be there: cmms-audit cleanup {wishes.out}")
        return exits.EXIT_INTERRUPTED
    except InputError:
        journal.close()
        if not wishes.resume:
            forget_folder(wishes.out, made=made)
        raise
    finally:
        journal.close()
    if progress.plan is None:
        say("interrupted before anything was judged, so there is no report")
        say(f"to go on: cmms-audit run --resume {wishes.out}")
        return exits.EXIT_INTERRUPTED
    recording = Recording(wishes.out / EVIDENCE)
    report = conclude(order, progress, recording, redactor=redactor, version=__version__)
    write_reports(report, recording, wishes.out, formats=wishes.formats, show_values=wishes.show_values)
    show(report, wishes.out, as_json=wishes.as_json, quiet=wishes.quiet)
    return _exit_code(report, progress.stopped, interrupted, wishes)


def _run(
    order: Order,
    progress: Progress,
    journal: Journal,
    redactor: Redactor,
    clock: Clock,
    wishes: Wishes,
) -> bool:
    """Run the audit to its end or until it is interrupted; returns whether it was."""
    earlier = Recording(wishes.out / EVIDENCE) if wishes.resume else None
    run_id = secrets.token_hex(4)
    if wishes.remember_in and not earlier:
        remember_grant(wishes.remember_in, run_id, order.permissions)
    with RunProgress(quiet=wishes.quiet or wishes.as_json, verbose=wishes.verbose) as shown:
        shown.expect(len(order.checks))
        work = audit_live(
            order,
            progress,
            journal=journal,
            redactor=redactor,
            clock=clock,
            tell=shown.tell,
            run_id=run_id,
            earlier=earlier,
            use_proxy=wishes.use_proxy,
        )
        return asyncio.run(until_signal(work))


def show(report: dict[str, Any], folder: Path, *, as_json: bool, quiet: bool) -> None:
    """Print what was asked for on stdout; where nobody reads it any more, the files are enough."""
    if as_json:
        from cmms_audit.reports.json import render_json

        print_out(lambda: sys.stdout.write(render_json(report)))
    elif not quiet:
        from rich.console import Console

        from cmms_audit.reports.terminal import render_terminal

        files = sorted(path for path in folder.iterdir())
        print_out(lambda: render_terminal(report, Console(highlight=False), files=files))


def _exit_code(report: dict[str, Any], stopped: Stopped | None, interrupted: bool, wishes: Wishes) -> int:
    for each in report["traffic"]["left_behind"]:
        say(f"still there, and created by this run: {each} (try: cmms-audit cleanup {wishes.out})")
    if interrupted:
        say("interrupted; the report holds what was seen so far")
        return exits.EXIT_INTERRUPTED
    if stopped and stopped.reason is not Reason.INTERRUPTED:
        say(f"the audit could not be carried out: {report['stopped']}")
        return exits.EXIT_CANNOT_AUDIT
    return wishes.gates.exit_code(report)
