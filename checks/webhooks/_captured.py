"""Deliveries that were captured elsewhere, event by event. Of their causes nothing is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from msgspec import Struct

from cmms_audit.battery import Received, pattern

NOTHING = "no deliveries that were captured elsewhere were given (--webhook-log)"
_HOUR, _DAY = 3600.0, 86_400.0  # seconds
_OF_ONE_TRY = pattern(r"attempt|retr(?:y|ies)|tries|sent|deliver|timestamp|trace")
_TAKEN = pattern(r"2\d\d")
_WHEN = pattern(r"^(?:occurred|created|happened|event|changed)_?(?:at|on|time|date)$|^time$|^timestamp$|^datetime$")
_ID_MEMBERS = ("id", "uuid", "guid", "eventId", "event_id", "messageId", "message_id", "deliveryId", "delivery_id")
_NO_WORD = ("", "error-inside")  # a receiver of which it is not known what the sender made of its answer


class CapturedEvent(Struct, frozen=True):
    """One event at one address: every try of it, in order, and seconds from the last one to the end of the capture."""

    tries: tuple[Received, ...]
    silence: float

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds from each try to the next."""
        moments = [each.delivery.moment for each in self.tries]
        return tuple((after - before).total_seconds() for before, after in pairwise(moments))

    @property
    def failed_first(self) -> bool:
        """Whether it is known that the first try was not taken."""
        return was_taken(self.tries[0]) is False


def events_of(came: Sequence[Received]) -> tuple[CapturedEvent, ...]:
    """Deliveries by event, in the order of their first tries.

    Two are tries of one event where both carry its id and say the same, but for what each try says of itself, or where
    they say the same to the byte and carry no id. An id alone is not enough: some vendors call the record's number so.
    """
    by_event: dict[tuple[str, str, str], list[Received]] = {}
    for each in came:
        named = each.event_id
        content = said(each) if named else each.delivery.sha256
        by_event.setdefault((each.delivery.address, named or "", content), []).append(each)
    ends = {each.delivery.address: each.delivery.moment for each in came}
    return tuple(
        CapturedEvent(tuple(tries), (ends[tries[0].delivery.address] - tries[-1].delivery.moment).total_seconds())
        for tries in by_event.values()
    )


def was_taken(received: Received) -> bool | None:
    """Whether the receiver took it, as the sender must have understood; None where that is not known."""
    treated = received.delivery.treated
    if treated in _NO_WORD or treated.startswith("slow"):
        return None
    return bool(_TAKEN.fullmatch(treated))


def happened(received: Received) -> datetime | None:
    """When the event happened, by its own word."""
    for name, text in texts_of(received.delivery.json, 2):
        if _WHEN.search(name.lower()):
            try:
                told = datetime.fromisoformat(text)
            except ValueError:
                continue
            return told if told.tzinfo else told.replace(tzinfo=UTC)
    return None


def has_own_id(received: Received) -> bool:
    """Whether the content carries an id, beside what headers say."""
    return any(name in _ID_MEMBERS for name, _ in texts_of(received.delivery.json, 2))


def length(value: float) -> str:
    """A length of time as people read it."""
    for unit, name in ((_DAY, "days"), (_HOUR, "h"), (60.0, "min")):
        if value >= 2 * unit:
            return f"{value / unit:.0f} {name}"
    return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"


def texts_of(value: Any, depth: int = 3) -> Iterator[tuple[str, str]]:
    """The names and texts of an event's members, down to some levels."""
    if isinstance(value, dict) and depth:
        for name, each in value.items():
            if isinstance(each, str | int) and not isinstance(each, bool):
                yield name, str(each)
            else:
                yield from texts_of(each, depth - 1)


def said(received: Received) -> str:
    """What an event says, without what each try says of itself; its digest where it is nested too deeply to look at."""
    try:
        return str(_lasting(received.delivery.json))
    except RecursionError:
        return received.delivery.sha256


def _lasting(value: Any, depth: int = 2) -> Any:
    if not isinstance(value, dict) or not depth:
        return value
    return {name: _lasting(each, depth - 1) for name, each in value.items() if not _OF_ONE_TRY.search(name.lower())}
