"""`cmms-audit run`: the main job."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cmms_audit.cli.gates import asked_gates
from cmms_audit.cli.options import FORMATS, chosen, order_for, receivers_notice, split
from cmms_audit.cli.outputs import default_folder
from cmms_audit.cli.perform import Wishes, perform
from cmms_audit.cli.resume import Asked, asked_then, place_to_resume
from cmms_audit.cli.shared import (
    AsJson,
    Baseline,
    ByProxy,
    FailOn,
    FailUnder,
    MoreFormats,
    Overwrite,
    OwnChecks,
    OwnProfiles,
    Quiet,
    ReceiverCertificate,
    ShowValues,
    receiver_tls,
)
from cmms_audit.errors import InputError
from cmms_audit.permissions import remembered_answers

app = typer.Typer(rich_markup_mode=None)


@app.command()
def run(
    vendor_file: Annotated[
        Path, typer.Argument(metavar="VENDOR.YAML", help="The vendor file; with --resume also the audit's folder.")
    ],
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
    formats: MoreFormats = None,
    as_json: AsJson = False,
    baseline: Baseline = None,
    fail_under: FailUnder = None,
    fail_on: FailOn = None,
    checks: OwnChecks = None,
    profiles: OwnProfiles = None,
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
    certificate: ReceiverCertificate = None,
    webhook_log: Annotated[
        Path | None,
        typer.Option(
            "--webhook-log",
            metavar="FILE",
            help="Judge webhook deliveries, too, that were captured elsewhere: by `cmms-audit receiver`, as a HAR, or"
            " by a request inspector.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an audit that was broken off: name its folder.")
    ] = False,
    proxy: ByProxy = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="HOST", help="Let documents be read from this internal host."),
    ] = None,
    show_values: ShowValues = False,
    quiet: Quiet = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print each check as it finishes.")] = False,
) -> int:
    """Audit a vendor and write report.json, report.html and the evidence."""
    if quiet and verbose:
        raise InputError("--quiet and --verbose exclude each other")
    gates = asked_gates(fail_under, fail_on, baseline)
    asked = Asked(split(allow), tuple(only or ()), tuple(skip or ()), offline)
    if resume:
        if webhook_log:
            raise InputError("--webhook-log: an audit that is resumed keeps what it was started with")
        vendor_file, out = place_to_resume(vendor_file, out)
        asked = asked_then(out, asked, remembered_answers(os.environ))
    order = order_for(
        vendor_file,
        allow=asked.allow,
        offline=asked.offline,
        only=asked.only,
        skip=asked.skip,
        checks=tuple(checks or ()),
        profiles=tuple(profiles or ()),
        spec_folder=spec_folder,
        allow_hosts=frozenset(allow_host or ()),
        environ=os.environ,
        bind=bind,
        certificate=receiver_tls(certificate),
        webhook_log=webhook_log,
        in_terminal=sys.stdin.isatty() and sys.stderr.isatty() and not resume,
    )
    wishes = Wishes(
        out=out or default_folder(order.vendor.name, datetime.now(UTC)),
        overwrite=overwrite,
        resume=resume,
        formats=frozenset(chosen("--format", split(formats), FORMATS)),
        as_json=as_json,
        show_values=show_values,
        quiet=quiet,
        verbose=verbose,
        use_proxy=proxy,
        gates=gates,
        remember_in=remembered_answers(os.environ),
        notices=receivers_notice(order),
    )
    return perform(order, wishes)
