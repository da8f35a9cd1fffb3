"""`cmms-audit demo`: the main job against the embedded model vendor, whole or with chosen faults."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cmms_audit.cli.options import chosen, order_for, receivers_notice, split
from cmms_audit.cli.outputs import default_folder
from cmms_audit.cli.perform import Wishes, perform
from cmms_audit.cli.shared import AsJson, Overwrite, Quiet
from cmms_audit.cli.vendors import OFFLINE_ORIGIN, Embedded, embedded

app = typer.Typer(rich_markup_mode=None)


@app.command()
def demo(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to write; by default a new folder here."),
    ] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option("--break", metavar="NAME", help="Break a behaviour of the vendor; may be repeated."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Judge the vendor's document only, start no server.")
    ] = False,
    as_json: AsJson = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print each check as it finishes.")] = False,
) -> int:
    """Audit the embedded vendor `granary` and write its report, to see what the tool does."""
    vendor = embedded("granary")
    switches = chosen("--break", split(faults), vendor.switch_names())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cmms-audit-demo-")))
        file = _offline_file(vendor, folder, switches) if offline else _live_file(vendor, folder, switches, stack)
        order = order_for(
            file,
            allow=None if offline else ["writes,burst,webhooks"],
            offline=offline,
            environ=vendor.environment(switches),
            in_terminal=False,
        )
        wishes = Wishes(
            out=out or default_folder(f"{order.vendor.name} demo", datetime.now(UTC)),
            overwrite=overwrite,
            as_json=as_json,
            quiet=quiet,
            verbose=verbose,
            notices=receivers_notice(order),
        )
        return perform(order, wishes)


def _live_file(vendor: Embedded, folder: Path, switches: Sequence[str], stack: ExitStack) -> Path:
    origin = stack.enter_context(vendor.running(switches))
    file = folder / "vendor.yaml"
    file.write_text(vendor.vendor_file(origin, switches), encoding="utf-8")
    return file


def _offline_file(vendor: Embedded, folder: Path, switches: Sequence[str]) -> Path:
    (folder / "openapi.json").write_text(vendor.document(OFFLINE_ORIGIN, switches), encoding="utf-8")
    file = folder / "vendor.yaml"
    file.write_text(vendor.vendor_file(OFFLINE_ORIGIN, switches, spec="openapi.json"), encoding="utf-8")
    return file
