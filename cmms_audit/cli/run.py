"""`cmms-audit run`: the main job."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cmms_audit.cli.gates import Gate
from cmms_audit.cli.options import FORMATS, chosen, order_for, receivers_notice, split
from cmms_audit.cli.outputs import default_folder
from cmms_audit.cli.perform import Wishes, perform, read_baseline
from cmms_audit.errors import InputError

app = typer.Typer(rich_markup_mode=None)


@app.command()
def run(
    vendor_file: Annotated[Path, typer.Argument(metavar="VENDOR.YAML", help="The vendor file.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to write; by default a new folder here."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="LIST", help="Grant what the file asks for: writes,burst,webhooks."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Send nothing; judge the documents only.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="PATTERN", help="Only these checks or questions (a glob)."),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="PATTERN", help="Leave these checks or questions out (a glob)."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="LIST", help=f"Write more formats: {', '.join(FORMATS)}."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print report.json instead of the terminal report.")] = False,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="REPORT.JSON", help="An earlier report, for --fail-on regression."),
    ] = None,
    fail_under: Annotated[
        float | None, typer.Option("--fail-under", metavar="N", help="Fail when the score is under N.")
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", metavar="LIST", help="Fail on red-flag, regression, contradiction, unknown."),
    ] = None,
    checks: Annotated[
        list[Path] | None, typer.Option("--checks", metavar="DIR", help="Add a folder of your own checks.")
    ] = None,
    profiles: Annotated[
        list[Path] | None,
        typer.Option("--profiles", metavar="DIR", help="Add a folder of your own profiles."),
    ] = None,
    spec_folder: Annotated[
        Path | None,
        typer.Option(
            "--spec-folder", metavar="DIR", help="Where the documents may lie, if not beside the vendor file."
        ),
    ] = None,
    bind: Annotated[
        str | None,
        typer.Option("--bind", metavar="HOST:PORT", help="Let webhooks be received where other machines reach it."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier audit in --out.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="HOST", help="Let documents be read from this internal host."),
    ] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Do not mask personal values in the HTML.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print each check as it finishes.")] = False,
) -> int:
    """Audit a vendor and write report.json, report.html and the evidence."""
    if quiet and verbose:
        raise InputError("--quiet and --verbose exclude each other")
    order = order_for(
        vendor_file,
        allow=allow,
        offline=offline,
        only=tuple(only or ()),
        skip=tuple(skip or ()),
        checks=tuple(checks or ()),
        profiles=tuple(profiles or ()),
        spec_folder=spec_folder,
        allow_hosts=frozenset(allow_host or ()),
        environ=os.environ,
        bind=bind,
        in_terminal=sys.stdin.isatty() and sys.stderr.isatty(),
    )
    gates = tuple(Gate(word) for word in chosen("--fail-on", split(fail_on), [gate.value for gate in Gate]))
    if Gate.REGRESSION in gates and baseline is None:
        raise InputError("--fail-on regression compares with an earlier report; name it with --baseline")
    wishes = Wishes(
        out=out or default_folder(order.vendor.name, datetime.now(UTC)),
        overwrite=overwrite,
        formats=frozenset(chosen("--format", split(formats), FORMATS)),
        as_json=as_json,
        show_values=show_values,
        quiet=quiet,
        verbose=verbose,
        fail_under=fail_under,
        fail_on=gates,
        baseline=read_baseline(baseline) if baseline else None,
        notices=receivers_notice(order),
    )
    return perform(order, wishes)
