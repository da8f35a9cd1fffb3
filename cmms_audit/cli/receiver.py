"""`cmms-audit receiver`: takes what a vendor sends until Ctrl-C, keeps it, and misbehaves as it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cmms_audit.addresses import is_loopback_host, parse_bind
from cmms_audit.errors import InputError
from cmms_audit.reports.text import visible
from cmms_audit.webhooks.behaviour import Script, read_script
from cmms_audit.webhooks.delivery import DELIVERY, Delivery, delivery_to_json, event_id
from cmms_audit.webhooks.receiver import Address, Receiver
from cmms_audit.webhooks.signatures import Signed, found_way, is_asymmetric, signature_headers
from cmms_audit.wire.journal import visible_json

if TYPE_CHECKING:
    import ssl

app = typer.Typer(rich_markup_mode=None)


@app.command()
def receiver(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Keep the deliveries here, one JSON line each.")],
    bind: Annotated[str, typer.Option("--bind", metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:0",
    answer: Annotated[
        str,
        typer.Option(
            "--answer",
            metavar="LIST",
            help="How the tries of an event are treated in turn: a status, 503:retry-after=SECONDS, error-inside, "
            "redirect, silent:SECONDS, slow:SECONDS, reset, away:SECONDS. The last one stays.",
        ),
    ] = "200",
    secret_env: Annotated[
        str | None,
        typer.Option("--secret-env", metavar="NAME", help="The variable that holds the signing secret."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="PEM", help="Certificate and key, to listen encrypted.")
    ] = None,
) -> None:
    """Take webhook deliveries and keep each as it came, with how it was treated and whether its signature is right."""
    host, port = _listening(bind)
    script, secret, tls = _script(answer), _secret(secret_env), _tls(certificate)
    asyncio.run(_receive((host, port), script, out, secret, tls))


async def _receive(
    bind: tuple[str, int], script: Script, out: Path, secret: str | None, tls: ssl.SSLContext | None
) -> None:
    def keep(delivery: Delivery) -> None:
        file.write(visible_json({"kind": DELIVERY, **delivery_to_json(delivery)}) + "\n")
        file.flush()
        typer.echo(_told(delivery, secret), err=True)

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as listening:
        receiver = await _started(Receiver(bind, keep, _now, tls), listening)
        with _new_file(out) as file:
            address = Address("receiver", script)
            receiver.open(address)
            typer.echo(receiver.origin + address.path)
            typer.echo(f"Deliveries to this address are kept in {out} until Ctrl-C.", err=True)
            await stop.wait()
            _tell_end(receiver)


async def _started(receiver: Receiver, listening: AsyncExitStack) -> Receiver:
    try:
        return await listening.enter_async_context(receiver)
    except OSError as error:
        raise InputError(f"--bind: {receiver.origin} cannot be listened on: {error.strerror}") from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _told(delivery: Delivery, secret: str | None) -> str:
    """A delivery in one line; what the vendor chose is printed without anything that moves a terminal."""
    event = event_id(delivery)
    named = f"event {event[:80]}" if event else "an event without an id"
    return visible(
        f"{delivery.number}  {delivery.received}  {named}, {delivery.size} bytes, {_signature(delivery, secret)}, "
        f"treated with {delivery.treated}"
    )


def _signature(delivery: Delivery, secret: str | None) -> str:
    signed = Signed(delivery.headers, delivery.body, method=delivery.method)
    headers = signature_headers(signed)
    if not headers:
        return "not signed"
    if is_asymmetric(signed):
        return f"signed with a key of the vendor's own ({headers[0]}), not verified"
    if secret is None:
        return f"signed ({headers[0]}), not verified"
    way = found_way(signed, secret)
    if way is None:
        return f"its signature ({headers[0]}) does not fit the secret"
    covered = [part for part, is_covered in (("content", way.covers_body), ("time", way.covers_time)) if is_covered]
    return f"signature right ({way.header}; covers {' and '.join(covered) or 'neither content nor time'})"


def _tell_end(receiver: Receiver) -> None:
    typer.echo(f"{receiver.deliveries} deliveries kept", err=True)
    if receiver.dropped:
        typer.echo(f"{receiver.dropped} more came than are taken, and were answered with 503", err=True)
    if receiver.strangers:
        typer.echo(f"{receiver.strangers} calls came to other addresses, and were answered with 404", err=True)


def _listening(bind: str) -> tuple[str, int]:
    try:
        host, port = parse_bind(bind)
    except ValueError as error:
        raise InputError(f"--bind: {bind!r} cannot be listened on: {error}") from None
    if not is_loopback_host(host):
        typer.echo(f"Other machines can reach {host}: whoever learns the address can send deliveries to it.", err=True)
    return host, port


def _script(text: str) -> Script:
    try:
        return read_script(text)
    except ValueError as error:
        raise InputError(f"--answer: {error}") from None


def _secret(name: str | None) -> str | None:
    if name is None:
        return None
    value = os.environ.get(name)
    if not value:
        raise InputError(f"--secret-env: the variable {name} is not set; set it to the secret of the subscription")
    return value


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, password=lambda: "")
    except (OSError, ssl.SSLError):
        raise InputError(f"--certificate: {certificate} holds no certificate with its unlocked key (PEM)") from None
    return context


def _new_file(path: Path) -> TextIO:
    """A file of the user's alone that was not there before."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise InputError(f"--out: {path} is there already; name a new file") from None
    except OSError as error:
        raise InputError(f"--out: {path} cannot be written: {error.strerror}") from None
    return os.fdopen(number, "w", encoding="utf-8")
