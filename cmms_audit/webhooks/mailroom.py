"""The receivers of one run: opens addresses, writes down what comes, and hands it to whoever waits for it.

What is judged is what was written: secrets are taken out before, and what needs the raw bytes (the signature) is found
out here.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cmms_audit.errors import CannotAudit, CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.webhooks.address import Address, Most, Recogniser
from cmms_audit.webhooks.behaviour import Manner, Script
from cmms_audit.webhooks.delivery import DELIVERY, Delivery, delivery_to_json
from cmms_audit.webhooks.received import GIVEN, Received, Signature
from cmms_audit.webhooks.receiver import Receiver
from cmms_audit.webhooks.secrets import SHORTEST
from cmms_audit.webhooks.told import kept_out
from cmms_audit.webhooks.verifier import Verifier
from cmms_audit.webhooks.written import without_secrets

if TYPE_CHECKING:
    import ssl

    from cmms_audit.wire.clock import Clock
    from cmms_audit.wire.journal import Journal
    from cmms_audit.wire.redact import Redactor

MOST_SEARCHED = 3  # deliveries of one address whose way of signing is searched for: each search takes time
# What one address takes: 300 events of 6 KB a minute, for ten minutes, and more. Its disk is bounded to 48 MiB,
# its memory to as much (twice that where secrets are cut out of every body), beside what is coming when it is full.
MOST = Most(deliveries=5_000, bytes=48 * 1024 * 1024)
_PAUSE = 0.05  # seconds between two looks whether enough has come
_BREATH = 16  # deliveries after which others have their turn


class Mailroom:
    """Takes deliveries for the length of a run. Receivers start when the first address is opened."""

    def __init__(
        self,
        bind: tuple[str, int],
        *,
        journal: Journal,
        redactor: Redactor,
        clock: Clock,
        public_url: str | None = None,
        secret: str | None = None,
        tls: ssl.SSLContext | None = None,
        last_number: int = 0,
    ) -> None:
        """`public_url` is how the vendor reaches the receiver; `secret` what signatures are made with where the API
        tells none; `tls` with what it listens encrypted; `last_number` that of the last delivery of an earlier part of
        the run.
        """
        self._bind = bind
        self._journal = journal
        self._redactor = redactor
        self._clock = clock
        self._public_url = public_url
        self._secret = secret
        self._tls = tls
        self.given_secret = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
        redactor.add(GIVEN, self.given_secret)
        self._last_number = last_number
        self._signatures: dict[int, Signature] = {}
        self._verifiers: dict[str, Verifier] = {}
        self._urls: dict[str, str] = {}
        self._receivers = AsyncExitStack()
        self._usual: Receiver | None = None
        self._receiver_of: dict[str, Receiver] = {}
        self._addresses: dict[str, Address] = {}
        self._raw: dict[str, list[tuple[Delivery, Delivery]]] = {}
        self._marks: dict[str, str] = {}
        self._arrived: dict[str, asyncio.Event] = {}
        self._failure: CannotAudit | None = None

    async def open(self, name: str, mark: str, script: Script) -> str:
        """Open an address that nobody can guess, with a mark in its path, and return it as the vendor reaches it.

        Everything is taken there until `treat` says to treat it as the script says, which is given for what it needs.
        Raises CouldNotLook: not-permitted where the receiver cannot listen, or would have to leave a tunnel's end.
        """
        receiver = await self._receiver_for(script)
        address = self._addresses[name] = Address(name, token=f"{mark}-{secrets.token_urlsafe(16)}", most=MOST)
        address.on_secret = lambda secret: self._learn_at(name, secret)
        self._verifiers[name] = self._verifier()
        receiver.open(address)
        self._receiver_of[name] = receiver
        self._arrived[name] = asyncio.Event()
        self._raw.setdefault(name, [])
        self._marks[name] = mark
        self._urls[name] = (self._public_url or receiver.origin).rstrip("/") + address.path
        return self._urls[name]

    def treat(self, name: str, script: Script, *, first_of: Recogniser | None = None) -> None:
        """See Address.treat."""
        self._addresses[name].treat(script, first_of=first_of)

    def learn_secret(self, mark: str, secret: str, *, beside: str = "") -> bool:
        """What the deliveries to the address with this mark are signed with, as the vendor has told it.

        Returns whether it is kept out of everything from now on (see `kept_out`).
        """
        for name in [name for name, known in self._marks.items() if known == mark]:
            self._verifiers[name].learn(secret)
        return kept_out(secret, self._redactor, self._journal.path, beside=beside)

    async def wait(
        self, name: str, *, seconds: float, enough: Callable[[Sequence[Delivery]], bool]
    ) -> tuple[Received, ...]:
        """What has come to an address once it is enough, or the time is over.

        Raises CannotAudit where a delivery could not be written down, CouldNotLook where more came than was looked at.
        """
        deadline = self._clock.monotonic() + seconds
        arrived = self._arrived[name]
        while not self._is_enough(name, enough):
            try:
                async with asyncio.timeout(deadline - self._clock.monotonic()):
                    arrived.clear()
                    await arrived.wait()
                    await asyncio.sleep(_PAUSE)
            except TimeoutError:
                break
        if self._failure is not None:
            raise self._failure
        self._demand_all(name)
        return await self._with_signatures(name)

    def _is_enough(self, name: str, enough: Callable[[Sequence[Delivery]], bool]) -> bool:
        """Whether what has come is enough, or so much that looking at it goes no further."""
        address = self._addresses[name]
        with address.working():
            is_enough = enough([recorded for _, recorded in self._raw[name]])
        return is_enough or address.is_overworked

    async def _with_signatures(self, name: str) -> tuple[Received, ...]:
        """What has come, with what the signatures are worth. Raises CouldNotLook where that takes too long."""
        came: list[Received] = []
        for raw, recorded in tuple(self._raw[name]):
            with self._addresses[name].working():
                came.append(Received(recorded, self._signature(name, raw)))
            if len(came) % _BREATH == 0:
                self._demand_all(name)
                await asyncio.sleep(0)
        return tuple(came)

    def _demand_all(self, name: str) -> None:
        """Raises CouldNotLook where more came to an address than was looked at: the rest may hold anything."""
        address, turned_away = self._addresses[name], self._receiver_of[name].turned_away
        if address.dropped:
            much = f"{address.dropped:,} were not taken"
        elif turned_away:
            much = f"{turned_away:,} connections were closed unheard"
        elif address.is_overworked:
            much = "they take too long to read"
        else:
            return
        says = f"so many messages came to this address ({much}) that not all were looked at; what became of an event "
        says += "there cannot be told: ask the vendor to stop the flood, and run the audit again"
        raise CouldNotLook(Reason.VENDOR_SILENT, says)

    async def close(self) -> None:
        """Stop listening."""
        await self._receivers.aclose()

    def _verifier(self) -> Verifier:
        secrets = (self._secret,) if self._secret else ()
        return Verifier(self._redactor, secrets=secrets, given=self.given_secret, most_searched=MOST_SEARCHED)

    def _learn_at(self, name: str, secret: str) -> None:
        """What a handshake has told at an address, which is never written down."""
        if len(secret) >= SHORTEST and self._verifiers[name].learn(secret):
            kept_out(secret, self._redactor, self._journal.path)

    async def _receiver_for(self, script: Script) -> Receiver:
        """One receiver serves all addresses; whoever refuses connections for a while has one of its own."""
        if any(each.manner is Manner.AWAY for each in script):
            if self._public_url is not None:
                says = "behind a tunnel (webhooks.public_url) a connection cannot be refused: the tunnel takes it up"
                raise CouldNotLook(Reason.NOT_PERMITTED, says)
            return await self._started((self._bind[0], 0))
        if self._usual is None:
            self._usual = await self._started(self._bind)
        return self._usual

    async def _started(self, bind: tuple[str, int]) -> Receiver:
        receiver = Receiver(bind, self._take, self._now, self._tls)
        try:
            return await self._receivers.enter_async_context(receiver)
        except OSError as error:
            says = f"webhooks.bind of the vendor file cannot be listened on: {error.strerror}"
            raise CouldNotLook(Reason.NOT_PERMITTED, says) from None

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")

    def _take(self, delivery: Delivery) -> None:
        """Write a delivery down without its secrets, and wake whoever waits."""
        self._last_number += 1
        raw = replace(delivery, number=self._last_number)
        recorded = without_secrets(raw, self._redactor)
        try:
            size = self._journal.write(DELIVERY, delivery_to_json(recorded))
        except CannotAudit as error:
            self._failure = error
            return
        self._addresses[delivery.address].weigh_line(size)
        self._raw[delivery.address].append((raw, recorded))
        self._arrived[delivery.address].set()

    def _signature(self, name: str, delivery: Delivery) -> Signature:
        """What a signature is worth, found out once."""
        if delivery.number not in self._signatures:
            self._signatures[delivery.number] = self._verifiers[name].look_at(delivery, self._urls[name])
        return self._signatures[delivery.number]
