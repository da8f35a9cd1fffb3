"""The receivers of one run: opens addresses, writes down what comes, and hands it to whoever waits for it.

What is judged is what was written: secrets are taken out before, and what needs the raw bytes (the signature) is found
out here.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cmms_audit.errors import CannotAudit, CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.webhooks.behaviour import Manner, Script
from cmms_audit.webhooks.delivery import DELIVERY, Delivery, delivery_to_json
from cmms_audit.webhooks.received import GIVEN, Received, Signature
from cmms_audit.webhooks.receiver import Address, Receiver
from cmms_audit.webhooks.signatures import Way
from cmms_audit.webhooks.written import signature_of, without_secrets

if TYPE_CHECKING:
    from cmms_audit.wire.clock import Clock
    from cmms_audit.wire.journal import Journal
    from cmms_audit.wire.redact import Redactor

MOST_SEARCHED = 3  # deliveries of one address whose way of signing is searched for: each search takes time
MOST_JUDGED = 5_000  # deliveries of a run; more are written down only
MOST_BYTES_JUDGED = 32 * 1024 * 1024


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
        last_number: int = 0,
    ) -> None:
        """`public_url` is how the vendor reaches the receiver; `secret` what signatures are made with where the API
        tells none; `last_number` that of the last delivery of an earlier part of the run.
        """
        self._bind = bind
        self._journal = journal
        self._redactor = redactor
        self._clock = clock
        self._public_url = public_url
        self._secret = secret
        self.given_secret = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
        redactor.add(GIVEN, self.given_secret)
        self._first_number = self._last_number = last_number
        self._bytes = 0
        self._signatures: dict[int, Signature] = {}
        self._ways: dict[str, Way] = {}
        self._searched: Counter[str] = Counter()
        self._receivers = AsyncExitStack()
        self._usual: Receiver | None = None
        self._addresses: dict[str, Address] = {}
        self._raw: dict[str, list[tuple[Delivery, Delivery]]] = {}
        self._marks: dict[str, str] = {}
        self._secrets: dict[str, str] = {}
        self._arrived = asyncio.Event()
        self._failure: CannotAudit | None = None

    async def open(self, name: str, mark: str, script: Script) -> str:
        """Open an address that nobody can guess, with a mark in its path, and return it as the vendor reaches it.

        Raises CouldNotLook: not-permitted where the receiver cannot listen, or would have to leave a tunnel's end.
        """
        receiver = await self._receiver_for(script)
        address = self._addresses[name] = Address(name, script, token=f"{mark}-{secrets.token_urlsafe(16)}")
        receiver.open(address)
        self._raw.setdefault(name, [])
        self._marks[name] = mark
        return (self._public_url or receiver.origin).rstrip("/") + address.path

    def treat(self, name: str, script: Script) -> None:
        """Treat what comes to an address in another way from now on."""
        self._addresses[name].script = script

    def learn_secret(self, mark: str, secret: str) -> None:
        """What the deliveries to the address with this mark are signed with, as the vendor has told it."""
        self._secrets |= {name: secret for name, known in self._marks.items() if known == mark}

    async def wait(
        self, name: str, *, seconds: float, enough: Callable[[Sequence[Delivery]], bool]
    ) -> tuple[Received, ...]:
        """What has come to an address once it is enough, or the time is over.

        Raises CannotAudit where a delivery could not be written down.
        """
        deadline = self._clock.monotonic() + seconds
        while not enough([recorded for _, recorded in self._raw[name]]):
            left = deadline - self._clock.monotonic()
            if left <= 0:
                break
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), left)
            except TimeoutError:
                break
        if self._failure is not None:
            raise self._failure
        return tuple(Received(recorded, self._signature(name, raw)) for raw, recorded in self._raw[name])

    async def close(self) -> None:
        """Stop listening."""
        await self._receivers.aclose()

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
        receiver = Receiver(bind, self._take, lambda: self._clock.now().isoformat(timespec="milliseconds"))
        try:
            return await self._receivers.enter_async_context(receiver)
        except OSError as error:
            says = f"webhooks.bind of the vendor file cannot be listened on: {error.strerror}"
            raise CouldNotLook(Reason.NOT_PERMITTED, says) from None

    def _take(self, delivery: Delivery) -> None:
        """Write a delivery down without its secrets, and wake whoever waits."""
        self._last_number += 1
        raw = replace(delivery, number=self._last_number)
        recorded = without_secrets(raw, self._redactor)
        try:
            self._journal.write(DELIVERY, delivery_to_json(recorded))
        except CannotAudit as error:
            self._failure = error
        self._bytes += len(raw.body)
        if self._bytes <= MOST_BYTES_JUDGED and self._last_number - self._first_number <= MOST_JUDGED:
            self._raw[delivery.address].append((raw, recorded))
        self._arrived.set()

    def _signature(self, name: str, delivery: Delivery) -> Signature:
        """What a signature is worth, found out once; the way is searched for in the first deliveries of an address."""
        if delivery.number not in self._signatures:
            told = self._secrets.get(name) or self._secret
            usual = self._ways.get(name)
            search = usual is None and self._searched[name] < MOST_SEARCHED
            self._searched[name] += search
            found = signature_of(delivery, told, given=self.given_secret, usual=usual, search=search)
            self._signatures[delivery.number] = found
            if found.way is not None:
                self._ways[name] = found.way
        return self._signatures[delivery.number]
