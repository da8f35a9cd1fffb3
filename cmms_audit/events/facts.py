"""What came of an event trial: subscriptions, causes, and which delivery belongs to which cause. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from msgspec import Struct, field

from cmms_audit.model import Evidence, Exchange
from cmms_audit.own_records import Created
from cmms_audit.webhooks.behaviour import Script
from cmms_audit.webhooks.delivery import content_key
from cmms_audit.webhooks.received import Received

What = Literal["created", "status changed", "changed", "created after the end"]
_DEEPEST = 6
_MOST_VALUES = 5_000


class Cause(Struct, frozen=True):
    """Something that the audit did, and that should make events.

    `record_id` is the record's; `at` when the call left, `exchange` its answer; `differs` is in what it was made to
    differ from what a narrowed subscription lets through ("priority", "site", "asset_class", "event_types", or "").
    """

    number: int
    what: What
    record_id: str
    at: datetime
    exchange: Exchange
    differs: str = ""

    @property
    def evidence(self) -> Evidence:
        """The call that caused it."""
        return self.exchange.evidence


class Tries(Struct, frozen=True):
    """One event on its way to one address: every try of it, in order, and what the sender calls it (`key`)."""

    key: str
    cause: Cause
    tries: tuple[Received, ...]

    @property
    def latency(self) -> float:
        """Seconds from its cause to the first try."""
        return (_moment(self.tries[0]) - self.cause.at).total_seconds()

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds from each try to the next."""
        moments = [_moment(each) for each in self.tries]
        return tuple((after - before).total_seconds() for before, after in pairwise(moments))


class Corner(Struct, frozen=True):
    """One address of the trial: how it treats what comes, the subscription that leads there, and what came.

    `made` is None where the subscription could not be made, for the reason that `refused` gives; `narrowed` are the
    concepts by which it was narrowed, `gives_secret` whether it was given a secret of ours to sign with.
    """

    name: str
    script: Script
    made: Created | None = None
    refused: str = ""
    narrowed: tuple[str, ...] = ()
    gives_secret: bool = False
    came: tuple[Received, ...] = ()


class Ending(Struct, frozen=True):
    """What was tried after the watch: the log of deliveries, a replay, and an event after a subscription had ended.

    `log` is what the log of the failing subscription says, `replay` the answer to asking for one more try and
    `replayed` whether that try came; `control` the event that arrived elsewhere after the end of the steady
    subscription, `late` what arrived at it all the same. None where it was not tried.
    """

    log: Exchange | None = None
    replay: Exchange | None = None
    replayed: bool | None = None
    control: bool | None = None
    late: tuple[Received, ...] = ()


class EventTrial(Struct, frozen=True):
    """The whole trial: its addresses by name, its causes in order, and for how many seconds it was watched.

    `retry_after` is how many seconds one address asks to be left alone; `by_tunnel`: what comes is passed on by others.
    """

    corners: Mapping[str, Corner]
    causes: tuple[Cause, ...]
    watched: float
    retry_after: int
    by_tunnel: bool = False
    ending: Ending = field(default_factory=Ending)

    def events(self, name: str) -> tuple[Tries, ...]:
        """What came to an address of what was caused, event by event, in the order of their first tries."""
        return tuple(grouped(self.corners[name].came, self.causes))

    def missing(self, name: str) -> tuple[Cause, ...]:
        """The causes of which nothing came to an address."""
        seen = {each.cause.number for each in self.events(name)}
        return tuple(each for each in self.causes if each.number not in seen)


def grouped(came: Sequence[Received], causes: Sequence[Cause]) -> Iterator[Tries]:
    """Deliveries by event; those that tell of no record of ours are left out."""
    by_event: dict[tuple[str, str], list[Received]] = {}
    for each in came:
        named = _names(each.delivery.json)
        for record_id in dict.fromkeys(cause.record_id for cause in causes):
            if record_id in named:
                by_event.setdefault((record_id, content_key(each.delivery)), []).append(each)
    for (record_id, key), tries in by_event.items():
        before = [each for each in causes if each.record_id == record_id and each.at <= _moment(tries[0])]
        if before:
            yield Tries(key, before[-1], tuple(tries))


def _names(value: Any) -> frozenset[str]:
    """Every text and whole number that a body holds, as text."""
    found: set[str] = set()
    waiting = [(value, 0)]
    while waiting and len(found) < _MOST_VALUES:
        each, depth = waiting.pop()
        if isinstance(each, dict | list) and depth < _DEEPEST:
            waiting += [(inner, depth + 1) for inner in (each.values() if isinstance(each, dict) else each)]
        elif isinstance(each, str | int) and not isinstance(each, bool):
            found.add(str(each))
    return frozenset(found)


def _moment(received: Received) -> datetime:
    return datetime.fromisoformat(received.delivery.received)
