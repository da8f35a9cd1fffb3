"""Options that several commands have, declared once, so that they mean and say the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cmms_audit.cli.options import FORMATS
from cmms_audit.errors import InputError

if TYPE_CHECKING:
    import ssl

Words = list[str] | None

MoreFormats = Annotated[
    Words, typer.Option("--format", metavar="LIST", help=f"Write more formats: {', '.join(FORMATS)}.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print report.json instead of the terminal report.")]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="REPORT.JSON", help="An earlier report, for --fail-on regression."),
]
FailUnder = Annotated[float | None, typer.Option("--fail-under", metavar="N", help="Fail when the score is under N.")]
FailOn = Annotated[
    Words, typer.Option("--fail-on", metavar="LIST", help="Fail on red-flag, regression, contradiction, unknown.")
]
OwnChecks = Annotated[
    list[Path] | None, typer.Option("--checks", metavar="DIR", help="Add a folder of your own checks.")
]
OwnProfiles = Annotated[
    list[Path] | None, typer.Option("--profiles", metavar="DIR", help="Add a folder of your own profiles.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier audit in --out.")]
ByProxy = Annotated[
    bool, typer.Option("--proxy", help="Use the proxy that HTTPS_PROXY or HTTP_PROXY names, but not for NO_PROXY.")
]
ShowValues = Annotated[bool, typer.Option("--show-values", help="Do not mask personal values in the HTML.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
ReceiverCertificate = Annotated[
    Path | None,
    typer.Option("--certificate", metavar="PEM", help="Receive webhooks encrypted, with this certificate and its key."),
]


def receiver_tls(certificate: Path | None) -> ssl.SSLContext | None:
    """What the receiver listens with where a file is named. Raises InputError where the file cannot be used."""
    if certificate is None:
        return None
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:  # a password of our own in any case: OpenSSL would ask for one at the terminal
        context.load_cert_chain(certificate, password=lambda: "")
    except (OSError, ssl.SSLError):
        raise InputError(f"--certificate: {certificate} holds no certificate with its unlocked key (PEM)") from None
    return context
