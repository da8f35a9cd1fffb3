"""`cmms-audit sandbox`: serves an embedded vendor until Ctrl-C, and prints a vendor file that audits it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cmms_audit.cli.options import chosen, split
from cmms_audit.cli.vendors import EMBEDDED, embedded
from cmms_audit.errors import InputError

app = typer.Typer(rich_markup_mode=None)


@app.command()
def sandbox(
    name: Annotated[str, typer.Argument(metavar="|".join(EMBEDDED), help="Which embedded vendor.")],
    faults: Annotated[
        list[str] | None, typer.Option("--break", metavar="NAME", help="Break a behaviour; may be repeated.")
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port on this machine; 0 takes a free one.")
    ] = 0,
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Serve over TLS with this certificate and its chain, in PEM form."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key, where that stands in a file of its own.")
    ] = None,
    switches: Annotated[
        bool, typer.Option("--switches", help="List the behaviours that can be broken, and stop.")
    ] = False,
) -> None:
    """Serve an embedded vendor on this machine and print a ready vendor file (stdout) and its credentials (stderr)."""
    vendor = embedded(chosen("sandbox", [name], EMBEDDED)[0])
    if switches:
        for each, says in vendor.switches():
            typer.echo(f"{each}: {says}")
        return
    if key and not certificate:
        raise InputError("--key: it belongs to a certificate; name that with --certificate")
    broken = chosen("--break", split(faults), vendor.switch_names())
    with _serving(vendor.running(broken, port=port, certificate=certificate, key=key)) as origin:
        typer.echo(vendor.vendor_file(origin, broken), nl=False)
        typer.echo(
            f"\n{name} answers at {origin} until Ctrl-C. Set these first, then `cmms-audit run` the file above:",
            err=True,
        )
        for variable, value in vendor.environment(broken).items():
            typer.echo(f"  export {variable}={value}", err=True)
        _wait_for_signal()


@contextmanager
def _serving(running: AbstractContextManager[str]) -> Iterator[str]:
    """A vendor that is served. Raises InputError where the port is taken, or a certificate cannot be used."""
    with ExitStack() as stack:
        try:
            origin = stack.enter_context(running)
        except OSError as error:
            raise InputError(f"the vendor cannot be served: {error.strerror or error}") from None
        yield origin


def _wait_for_signal() -> None:
    """Wait for Ctrl-C or SIGTERM, also where whoever started this program had Ctrl-C ignored."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(timeout=1.0):
        pass
