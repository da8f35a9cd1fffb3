"""Carries out an order for a command: runs the audit, writes the folder, prints, and says with which code to exit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from cmms_audit import __version__
from cmms_audit.audit import Order, Progress, Stopped, audit
from cmms_audit.cli import exits
from cmms_audit.cli.gates import Gate, failures
from cmms_audit.cli.outputs import EVIDENCE, forget_folder, prepare_folder, write
from cmms_audit.cli.progress import RunProgress, say
from cmms_audit.conclude import conclude
from cmms_audit.errors import CouldNotLook, InputError
from cmms_audit.model import Exchange, Reason
from cmms_audit.wire.clock import Clock
from cmms_audit.wire.har import write_har
from cmms_audit.wire.journal import Journal, read_exchanges
from cmms_audit.wire.redact import Redactor


class Wishes(Struct, frozen=True):
    """How the outcome is to be written, shown and judged."""

    out: Path
    overwrite: bool = False
    formats: frozenset[str] = frozenset()
    as_json: bool = False
    show_values: bool = False
    quiet: bool = False
    verbose: bool = False
    fail_under: float | None = None
    fail_on: tuple[Gate, ...] = ()
    baseline: Mapping[str, Any] | None = None
    notices: tuple[str, ...] = field(default=())


def perform(order: Order, wishes: Wishes) -> int:
    """Audit, write `wishes.out`, print the report, and return the exit code.

    Raises InputError where the folder or a document cannot be used.
    """
    made = not wishes.out.exists()
    prepare_folder(wishes.out, overwrite=wishes.overwrite)
    for notice in () if wishes.quiet else wishes.notices:
        say(notice)
    clock, redactor, progress = Clock(), Redactor(), Progress()
    started_at = clock.now()
    journal = Journal(wishes.out / EVIDENCE)
    try:
        interrupted = _run(order, progress, journal, redactor, clock, wishes)
    except InputError:
        journal.close()
        forget_folder(wishes.out, made=made)
        raise
    finally:
        journal.close()
    if progress.plan is None:
        raise (
            InputError("interrupted before anything was seen; no report was written") if interrupted else AssertionError
        )
    exchanges = list(read_exchanges(wishes.out / EVIDENCE))
    report = conclude(
        order,
        progress,
        exchanges,
        started_at=started_at,
        finished_at=clock.now(),
        redactor=redactor,
        version=__version__,
    )
    _write_all(report, exchanges, wishes)
    _print(report, wishes)
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
    with RunProgress(quiet=wishes.quiet or wishes.as_json, verbose=wishes.verbose) as shown:
        shown.expect(len(order.checks))
        return asyncio.run(
            _until_signal(audit(order, progress, journal=journal, redactor=redactor, clock=clock, tell=shown.tell))
        )


async def _until_signal(work: Any) -> bool:
    """Await the work; the first Ctrl-C or SIGTERM cancels it and lets it clean up, a second one ends the program."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_say_only_the_kind)
    interrupted = False

    def stop() -> None:
        nonlocal interrupted
        interrupted = True
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError):  # not on Windows, not beside the main thread
            loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not interrupted:
            raise
    return interrupted


def _say_only_the_kind(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a check left behind and failed later is named by its kind: its text may hold what a vendor sent."""
    error = context.get("exception")
    if not isinstance(error, CouldNotLook):
        sys.stderr.write(f"a check left something unfinished behind, which failed ({type(error).__name__})\n")


def _write_all(report: dict[str, Any], exchanges: Sequence[Exchange], wishes: Wishes) -> None:
    from cmms_audit.reports.html import render_html
    from cmms_audit.reports.json import render_json

    write(wishes.out / "report.json", render_json(report))
    write_har(wishes.out / "evidence.har", exchanges, version=__version__)
    write(wishes.out / "report.html", render_html(report, exchanges, show_values=wishes.show_values))
    if "md" in wishes.formats:
        from cmms_audit.reports.markdown import render_markdown

        write(wishes.out / "report.md", render_markdown(report))


def _print(report: dict[str, Any], wishes: Wishes) -> None:
    if wishes.as_json:
        from cmms_audit.reports.json import render_json

        sys.stdout.write(render_json(report))
    elif not wishes.quiet:
        from rich.console import Console

        from cmms_audit.reports.terminal import render_terminal

        render_terminal(report, Console(highlight=False), files=sorted(path for path in wishes.out.iterdir()))


def _exit_code(report: dict[str, Any], stopped: Stopped | None, interrupted: bool, wishes: Wishes) -> int:
    if interrupted:
        say("interrupted; the report holds what was seen so far")
        return exits.EXIT_INTERRUPTED
    if stopped and stopped.reason is not Reason.INTERRUPTED:
        say(f"the audit could not be carried out: {stopped.says}")
        return exits.EXIT_CANNOT_AUDIT
    failed = failures(report, fail_under=wishes.fail_under, fail_on=wishes.fail_on, baseline=wishes.baseline)
    for each in failed:
        say(f"gate failed: {each}")
    return exits.EXIT_GATE_FAILED if failed else exits.EXIT_OK


def read_baseline(path: Path) -> dict[str, Any]:
    """An earlier report.json. Raises InputError where the file is missing or is no report of this tool."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"--baseline {path}: it cannot be read: {error}") from None
    if not isinstance(report, dict) or report.get("schema_version") != 1 or "findings" not in report:
        raise InputError(f"--baseline {path}: this is no report.json of an earlier audit")
    return report
