"""The output folder: which one may be used, and writing the files that belong into it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from cmms_audit import __version__
from cmms_audit.errors import CannotAudit, InputError
from cmms_audit.wire.har import write_har
from cmms_audit.wire.ledger import KINDS, creations
from cmms_audit.wire.recording import Recording

EVIDENCE = "evidence.jsonl"
REPORT = "report.json"
_FIRST_LINE = 100
WRITTEN = (EVIDENCE, "evidence.har", REPORT, "report.html", "report.md", "report.earlier.json")


def default_folder(vendor_name: str, now: datetime) -> Path:
    """`./cmms-audit-<vendor>-<UTC time>`, with the vendor's name reduced to letters, digits and hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", vendor_name.lower()).strip("-")[:40] or "vendor"
    return Path(f"cmms-audit-{plain}-{now:%Y%m%dT%H%M%SZ}")


def prepare_folder(folder: Path, *, overwrite: bool, resume: bool = False) -> None:
    """Make the folder ready, for its owner only.

    Raises InputError where something else lies in it, where an earlier audit does and was neither given up with
    `--overwrite` nor gone on with, and where there is none to `resume`; only files that an audit writes are ever
    removed.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder}: this is a file; name a folder")
    if resume:
        demand_audit(folder)
    elif folder.is_dir() and any(folder.iterdir()):
        _clear(folder, overwrite)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {folder}: the folder cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--out {folder}: nothing can be written there; name another folder")


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only. Raises CannotAudit where the disk refuses it."""
    draft = path.with_name(path.name + ".part")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise CannotAudit(f"{path} cannot be written: {error.strerror}; make room or name another folder") from None


def write_reports(
    report: dict[str, Any],
    recording: Recording,
    folder: Path,
    *,
    formats: Collection[str] = (),
    show_values: bool = False,
) -> None:
    """Write the reports that are always written, and those in `formats`. Raises CannotAudit where the disk refuses."""
    from cmms_audit.reports.json import render_json

    write(folder / REPORT, render_json(report))
    try:
        write_har(folder / "evidence.har", recording.exchanges(), version=__version__)
    except OSError as error:
        raise CannotAudit(f"{folder / 'evidence.har'} cannot be written: {error.strerror}; make room") from None
    write(folder / "report.html", html_of(report, recording, show_values=show_values))
    if "md" in formats:
        from cmms_audit.reports.markdown import render_markdown

        write(folder / "report.md", render_markdown(report))


def copy_evidence(folder: Path, other: Path) -> None:
    """Put the evidence of one folder into another, for its owner alone. Raises CannotAudit where the disk refuses."""
    path = other / EVIDENCE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as target, (folder / EVIDENCE).open("rb") as source:
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise CannotAudit(f"{path} cannot be written: {error.strerror}; make room or name another folder") from None


def html_of(report: dict[str, Any], recording: Recording, *, show_values: bool) -> str:
    """report.html, for which only the exchanges are read that a finding points at."""
    from cmms_audit.reports.html import render_html
    from cmms_audit.reports.outline import cited_exchanges

    cited = (recording.exchange(number) for number in cited_exchanges(report["findings"]) if number in recording)
    return render_html(report, cited, recorded=len(recording), show_values=show_values)


def demand_audit(folder: Path) -> None:
    """Raises InputError where a folder does not hold the evidence of an audit."""
    if not folder.is_dir() or not _is_ours(folder / EVIDENCE):
        raise InputError(f"{folder}: there is no evidence of an audit here; name the folder that --out named then")


@contextlib.contextmanager
def left_in_peace(folder: Path) -> Iterator[None]:
    """Nobody writes the evidence of a folder meanwhile. Raises InputError where an audit is doing so."""
    with (folder / EVIDENCE).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: an audit is under way there; wait until it has ended") from None
        yield


def forget_folder(folder: Path, *, made: bool) -> None:
    """Take away what an audit that never began has left: its empty evidence, and the folder if it was `made` for it."""
    (folder / EVIDENCE).unlink(missing_ok=True)
    if made:
        folder.rmdir()


def _is_ours(evidence: Path) -> bool:
    """Whether a file begins as an audit's evidence does: with the line of its run."""
    if evidence.is_symlink() or not evidence.is_file():
        return False
    with evidence.open("rb") as file:
        return file.readline(_FIRST_LINE).startswith(b'{"kind":"run",')


def _clear(folder: Path, overwrite: bool) -> None:
    if not _is_ours(folder / EVIDENCE):
        raise InputError(f"--out {folder}: other files lie there; name an empty or a new folder")
    if not overwrite:
        raise InputError(
            f"--out {folder}: it holds an earlier audit; go on with it (--resume), replace it (--overwrite), or name"
            " another folder"
        )
    if any(record.may_be_there for record in creations(Recording(folder / EVIDENCE).of_kind(*KINDS))):
        raise InputError(
            f"--out {folder}: the audit there left records at the vendor; delete them first:"
            f" cmms-audit cleanup {folder}"
        )
    try:
        for name in WRITTEN:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"--out {folder}: the earlier audit cannot be removed: {error.strerror}") from None
