"""`cmms-audit replay`: judges a recorded audit again, without the vendor."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cmms_audit import __version__
from cmms_audit.cli.gates import asked_gates
from cmms_audit.cli.options import FORMATS, check_folders, chosen, load_battery, split
from cmms_audit.cli.outputs import (
    EVIDENCE,
    REPORT,
    copy_evidence,
    demand_audit,
    left_in_peace,
    prepare_folder,
    write_reports,
)
from cmms_audit.cli.perform import show
from cmms_audit.cli.progress import say
from cmms_audit.cli.shared import (
    AsJson,
    Baseline,
    FailOn,
    FailUnder,
    MoreFormats,
    Overwrite,
    OwnChecks,
    OwnProfiles,
    Quiet,
    ShowValues,
)
from cmms_audit.conclude import conclude
from cmms_audit.recorded_order import recorded_order
from cmms_audit.replay import differences, replayed
from cmms_audit.reports.json import render_json
from cmms_audit.wire.recording import Recording
from cmms_audit.wire.redact import Redactor

app = typer.Typer(rich_markup_mode=None)


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of an audit.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write; by default into the same folder.")
    ] = None,
    formats: MoreFormats = None,
    as_json: AsJson = False,
    checks: OwnChecks = None,
    profiles: OwnProfiles = None,
    baseline: Baseline = None,
    fail_under: FailUnder = None,
    fail_on: FailOn = None,
    overwrite: Overwrite = False,
    show_values: ShowValues = False,
    quiet: Quiet = False,
) -> int:
    """Judge a recorded audit again, from its evidence alone; the same version gives the same report, to the byte."""
    gates = asked_gates(fail_under, fail_on, baseline)
    more = chosen("--format", split(formats), FORMATS)
    demand_audit(folder)
    if out is not None and out.resolve() == folder.resolve():
        out = None  # the evidence there is what is judged, and no earlier audit to be replaced
    with left_in_peace(folder):
        recording = Recording(folder / EVIDENCE)
        report = _judged_again(folder, recording, checks or (), profiles or ())
        if out is None:
            _keep_another(folder / REPORT, render_json(report))
        else:
            prepare_folder(out, overwrite=overwrite)
            copy_evidence(folder, out)
        write_reports(report, recording, out or folder, formats=more, show_values=show_values)
    show(report, out or folder, as_json=as_json, quiet=quiet)
    return gates.exit_code(report)


def _judged_again(
    folder: Path, recording: Recording, checks: Sequence[Path], profiles: Sequence[Path]
) -> dict[str, Any]:
    """The report that follows from a recording; what has changed since is said."""
    guide, battery = load_battery(checks, profiles)
    with tempfile.TemporaryDirectory(prefix="cmms-audit-replay-") as documents:
        order = recorded_order(
            recording, Path(documents), guide=guide, checks=battery, check_folders=check_folders(checks)
        )
        for each in differences(order, recording, _present_vendor_file(folder, recording)):
            say(f"{folder}: {each}")
        progress = replayed(order, recording)
    return conclude(order, progress, recording, redactor=Redactor(), version=__version__)


def _present_vendor_file(folder: Path, recording: Recording) -> str | None:
    """The hash of the vendor file as it is now; None where it is no longer there."""
    file = folder / str(recording.of_kind("run")[0]["vendor_file"])
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _keep_another(path: Path, text: str) -> None:
    """Say whether the report that lies there is the same; keep it beside where it is not."""
    if not path.is_file():
        return
    if path.read_bytes() == text.encode("utf-8"):
        say(f"{path}: it follows from the evidence, to the byte")
        return
    earlier = path.with_name("report.earlier.json")
    path.replace(earlier)
    say(f"{path}: another report lay there; it is kept as {earlier.name}")
