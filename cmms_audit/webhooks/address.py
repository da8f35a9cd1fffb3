"""One address that a vendor may send to: how it treats what comes, and how much of it it takes."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from msgspec import Struct

from cmms_audit.webhooks.behaviour import ACCEPT, Behaviour, Manner, Script
from cmms_audit.webhooks.delivery import Delivery
from cmms_audit.webhooks.room import Bucket

MOST_EVENTS = 20_000  # that one address tells apart
MOST_AT_ONCE = 2_000  # deliveries, and so many more each second:
MOST_A_SECOND = 200.0
MOST_WORK = 3.0  # seconds of computing that deliveries may cost at once, and so many more each second:
WORK_A_SECOND = 0.1
_LONGEST_NAME = 64  # characters by which an event is known
_HEADER = 128  # bytes of memory that any header takes, however short
_DELIVERY = 1024  # and any delivery


class Most(Struct, frozen=True):
    """How many deliveries one address takes in all, and how many bytes: so many of memory, and as many written down."""

    deliveries: int = 50_000
    bytes: int = 256 * 1024 * 1024


class Recogniser(Protocol):
    """Knows the deliveries that tell of something of ours."""

    async def settled(self) -> None:
        """Wait until it is known what is ours so far, though not for long."""

    def recognises(self, delivery: Delivery) -> bool:
        """Whether a delivery tells of something of ours, as far as is known."""


class Address:
    """`path` cannot be guessed, `script` says how deliveries are treated, `dropped` how many were not taken."""

    def __init__(self, name: str, script: Script = ACCEPT, *, token: str = "", most: Most | None = None) -> None:
        """`token` is the part of the path that nobody can guess; a new one where it is left out."""
        self.name = name
        self.path = f"/{token or secrets.token_urlsafe(24)}"
        self.script = script
        self.handshakes = 0
        self.dropped = 0
        self.on_secret: Callable[[str], object] = lambda _: None
        self._most = most or Most()
        self._deliveries = self._held = self._written = 0
        self._pace = Bucket(MOST_AT_ONCE, MOST_A_SECOND)
        self._work = Bucket(MOST_WORK, WORK_A_SECOND)
        self._first_of: Recogniser | None = None
        self._idle: set[str] = set()
        self._tries: dict[str, int] = {}
        self._first: set[str] | None = None
        self._was_away = False

    # -- how much -----------------------------------------------------------------------------------------

    def admits(self) -> bool:
        """Whether one more delivery is taken, which counts from now on; else it is counted as dropped."""
        has_room = self._deliveries < self._most.deliveries and max(self._held, self._written) < self._most.bytes
        if not has_room or self.is_overworked or not self._pace.has(1):
            self.dropped += 1
            return False
        self._pace.take(1)
        self._deliveries += 1
        return True

    def weigh(self, delivery: Delivery) -> None:
        """Count the memory that a delivery takes."""
        headers = sum(len(name) + len(value) + _HEADER for name, value in delivery.headers)
        self._held += _DELIVERY + len(delivery.body) + len(delivery.query) + headers

    def weigh_line(self, size: int) -> None:
        """Count so many bytes that were written down of a delivery."""
        self._written += size

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count the time that is computed on what came to this address."""
        began = time.thread_time()
        try:
            yield
        finally:
            self._work.take(time.thread_time() - began)

    @property
    def is_overworked(self) -> bool:
        """Whether what came costs more time than it may at the moment."""
        return not self._work.has(0)

    # -- how it is treated --------------------------------------------------------------------------------

    def treat(self, script: Script, *, first_of: Recogniser | None = None) -> None:
        """Treat what comes in another way from now on: every event, or the first that is recognised, taking all others.

        Names that came before are no names of an event: a subscription is called so, or the sender.
        """
        self.script, self._first_of, self._first = script, first_of, None
        self._idle.update(self._tries)
        self._tries.clear()

    async def chooses(self, delivery: Delivery, names: Sequence[str]) -> bool:
        """Whether the script treats a delivery, which is known by any of these names; else it is simply taken."""
        if self._first_of is None:
            return True
        if self._first is None:
            await self._first_of.settled()
            with self.working():
                is_ours = self._first_of.recognises(delivery)
            if not is_ours:
                return False
        return self._is_first(self._keys(names))

    def next_behaviour(self, names: Sequence[str]) -> Behaviour:
        """How the next try of an event is treated: it is known by any of these names.

        Whoever was away once is back for all events alike.
        """
        keys = self._keys(names)
        tries = max((self._tries.get(each, 0) for each in keys), default=0)
        for each in keys:
            if each in self._tries or len(self._tries) < MOST_EVENTS:
                self._tries[each] = tries + 1
        left = [each for each in self.script[tries:] if not (self._was_away and each.manner is Manner.AWAY)]
        behaviour = left[0] if left else self.script[-1]
        self._was_away = self._was_away or behaviour.manner is Manner.AWAY
        return behaviour

    def _keys(self, names: Sequence[str]) -> list[str]:
        return [each for each in map(_short, names) if each not in self._idle]

    def _is_first(self, keys: Sequence[str]) -> bool:
        """Whether an event is the one that came first; what it is called may grow with its tries."""
        if self._first is None:
            self._first = set()
        elif self._first.isdisjoint(keys):
            return False
        if len(self._first) < MOST_EVENTS:
            self._first.update(keys)
        return True


def _short(name: str) -> str:
    """A name as it is kept: a long one by its digest."""
    if len(name) <= _LONGEST_NAME:
        return name
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
