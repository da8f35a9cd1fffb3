"""What came of an event trial: subscriptions, causes, and what was delivered of them. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from cmms_audit.events.causes import Cause, Tries, grouped
from cmms_audit.model import Exchange
from cmms_audit.own_records import Created
from cmms_audit.webhooks.behaviour import Script
from cmms_audit.webhooks.received import Received

STEADY, FAILING, LATER, SILENT, BROKEN, GONE, NARROW = (
    "steady", "failing", "later", "silent", "broken", "gone", "narrow",
)  # fmt: skip


class Corner(Struct, frozen=True):
    """One address of the trial: how it treats the first event, the subscription that leads there, and what came.

    `made` is None where the subscription could not be made, for the reason that `refused` gives; `narrowed` are the
    concepts by which it was narrowed, `events` the kinds that it chose (none where there was no choice),
    `gives_secret` whether it was given a secret of ours to sign with. `flooded` says why what came is not looked at,
    where it was too much.
    """

    name: str
    script: Script
    made: Created | None = None
    refused: str = ""
    narrowed: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    gives_secret: bool = False
    flooded: str = ""
    came: tuple[Received, ...] = ()


class Ending(Struct, frozen=True):
    """What was tried after the watch: the log of deliveries, a replay, and an event after a subscription had ended.

    `log` is what the log of the failing subscription says, `resting` whether that subscription says that it is
    switched off, or is gone; `replay` is the answer to asking for one more try and
    `replayed` whether that try came; `control` the event that arrived elsewhere after the end of the steady
    subscription, `late` what arrived at it all the same. None where it was not tried.
    """

    log: Exchange | None = None
    resting: bool | None = None
    replay: Exchange | None = None
    replayed: bool | None = None
    control: bool | None = None
    late: tuple[Received, ...] = ()


class EventTrial(Struct, frozen=True, dict=True):
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
        return self._events[name]

    def arrivals(self, name: str) -> Mapping[int, Tries]:
        """The first event of each cause at an address, by the number of the cause."""
        first: dict[int, Tries] = {}
        for each in self.events(name):
            first.setdefault(each.cause.number, each)
        return first

    def missing(self, name: str) -> tuple[Cause, ...]:
        """The causes of which nothing came to an address."""
        seen = {each.cause.number for each in self.events(name)}
        return tuple(each for each in self.causes if each.number not in seen)

    @cached_property
    def _events(self) -> Mapping[str, tuple[Tries, ...]]:
        return {name: tuple(grouped(corner.came, self.causes)) for name, corner in self.corners.items()}


def entries_of(log: Exchange) -> list[dict[str, Any]]:
    """The entries of a log of deliveries: the members of the longest list of the answer."""
    lists = [log.json] if isinstance(log.json, list) else []
    lists += [each for each in log.json.values() if isinstance(each, list)] if isinstance(log.json, dict) else []
    return [each for each in max(lists, key=len, default=[]) if isinstance(each, dict)]
