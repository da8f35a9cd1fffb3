"""`cmms-audit receiver`: takes what a vendor sends until Ctrl-C, keeps it, and misbehaves as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cmms_audit.addresses import is_loopback_host, parse_bind
from cmms_audit.cli.shared import ReceiverCertificate, receiver_tls
from cmms_audit.errors import CannotAudit, InputError
from cmms_audit.reports.text import visible
from cmms_audit.webhooks.address import Address
from cmms_audit.webhooks.behaviour import Script, read_script
from cmms_audit.webhooks.delivery import DELIVERY, Delivery, delivery_to_json, event_id
from cmms_audit.webhooks.received import OF_THE_FILE, Signature
from cmms_audit.webhooks.receiver import Receiver
from cmms_audit.webhooks.verifier import Verifier
from cmms_audit.webhooks.written import without_secrets
from cmms_audit.wire.journal import visible_json
from cmms_audit.wire.redact import Redactor

if TYPE_CHECKING:
    import ssl

app = typer.Typer(rich_markup_mode=None)

_MOST_SEARCHED = 20  # deliveries whose way of signing is searched for: each search takes time


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
    certificate: ReceiverCertificate = None,
) -> None:
    """Take webhook deliveries and keep each as it came, with how it was treated and whether its signature is right."""
    host, port = _listening(bind)
    script, secret, tls = _script(answer), _secret(secret_env), receiver_tls(certificate)
    asyncio.run(_receive((host, port), script, out, secret, tls))


async def _receive(
    bind: tuple[str, int], script: Script, out: Path, secret: str | None, tls: ssl.SSLContext | None
) -> None:
    redactor = _redactor(secret)
    verifier = Verifier(redactor, secrets=(secret,) if secret else (), most_searched=_MOST_SEARCHED)

    def keep(delivery: Delivery) -> None:
        written = without_secrets(delivery, redactor, masked=False)
        try:
            address.weigh_line(log.write(visible_json({"kind": DELIVERY, **delivery_to_json(written)})))
        except CannotAudit:
            stop.set()
            raise
        searched = delivery.whole and verifier.searches
        signature = verifier.look_at(delivery, receiver.origin + address.path)
        typer.echo(_told(written, _signature(signature, searched=searched)), err=True)

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as listening:
        receiver = await _started(Receiver(bind, keep, _now, tls), listening)
        with _Log(out) as log:
            address = Address("receiver", script)
            receiver.open(address)
            typer.echo(receiver.origin + address.path)
            typer.echo(f"Deliveries to this address are kept in {out} until Ctrl-C.", err=True)
            await stop.wait()
            _tell_end(receiver, log)
    if log.failure is not None:
        raise log.failure


async def _started(receiver: Receiver, listening: AsyncExitStack) -> Receiver:
    try:
        return await listening.enter_async_context(receiver)
    except OSError as error:
        raise InputError(f"--bind: {receiver.origin} cannot be listened on: {error.strerror}") from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _told(delivery: Delivery, signature: str) -> str:
    """A delivery in one line; what the vendor chose is printed without anything that moves a terminal."""
    event = event_id(delivery)
    named = f"event {event[:80]}" if event else "an event without an id"
    return visible(
        f"{delivery.number}  {delivery.received}  {named}, {delivery.size} bytes, {signature}, "
        f"treated with {delivery.treated}"
    )


def _signature(found: Signature, *, searched: bool) -> str:
    headers, way = found.headers, found.way
    if not headers and way is None:
        return "not signed"
    if found.public_key and way is None:
        return f"signed with a key of the vendor's own ({headers[0]}), not verified"
    if way is None and not found.secret_known:
        return f"signed ({headers[0]}), not verified"
    if way is None and not searched:
        return f"signed ({headers[0]}), not verified: it is too long, or too many before it did not fit the secret"
    if way is None:
        return f"its signature ({headers[0]}) does not fit the secret"
    covered = [part for part, is_covered in (("content", way.covers_body), ("time", way.covers_time)) if is_covered]
    return f"signature right ({way.header}; covers {' and '.join(covered) or 'neither content nor time'})"


def _tell_end(receiver: Receiver, log: _Log) -> None:
    typer.echo(f"{log.lines} deliveries kept", err=True)
    if receiver.dropped:
        typer.echo(f"{receiver.dropped} more came than are taken, and were refused", err=True)
    if receiver.turned_away:
        typer.echo(f"{receiver.turned_away} connections were closed unheard, as there were too many", err=True)
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


def _redactor(secret: str | None) -> Redactor:
    """What keeps the secret out of the file, should it be sent back to us."""
    redactor = Redactor()
    if secret is not None:
        try:
            redactor.add(OF_THE_FILE, secret)
        except ValueError:
            raise InputError("--secret-env: the secret is too short to be kept out of the file") from None
    return redactor


class _Log:
    """The file of deliveries, the user's alone, and not there before: each line is written whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Make the file. Raises InputError where it cannot be had."""
        self._path = path
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise InputError(f"--out: {path} is there already; name a new file") from None
        except OSError as error:
            raise InputError(f"--out: {path} cannot be written: {error.strerror}") from None
        self.lines = 0
        self.failure: CannotAudit | None = None

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def write(self, line: str) -> int:
        """Write one line; how many bytes it took. Raises CannotAudit where the disk refuses it, now or before."""
        if self.failure is not None:
            raise self.failure
        data = memoryview(line.encode("utf-8") + b"\n")
        size, written = os.fstat(self._file).st_size, 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, size)
            says = f"{self._path} cannot be written: {error.strerror}; make room, and begin anew with another file"
            self.failure = CannotAudit(says)
            raise self.failure from None
        self.lines += 1
        return len(data)
