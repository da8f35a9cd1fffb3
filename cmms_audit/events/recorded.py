"""An event trial as it is written down while it runs, and read back for the report. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from cmms_audit.errors import InputError, Problem
from cmms_audit.events.causes import Cause, Tries, grouped
from cmms_audit.events.facts import EventTrial
from cmms_audit.webhooks.behaviour import Script, read_script
from cmms_audit.webhooks.delivery import DELIVERY, Delivery, delivery_from_json
from cmms_audit.webhooks.received import Received, Signature
from cmms_audit.wire.recording import Recording

TRIAL = "trial"
THEIRS = ("refused", "record_id")  # the members of its line that may hold what the vendor chose


class RecordedAddress(Struct, frozen=True):
    """One address of the trial: how it treated what came, why it could not be subscribed ("" where it was), the
    concepts by which its subscription was narrowed, the `events` of what was caused, and how many `other` deliveries.
    `flooded` says why what came was not looked at, where it was too much.
    """

    name: str
    script: Script
    refused: str
    narrowed: tuple[str, ...]
    events: tuple[Tries, ...]
    other: int
    flooded: str = ""


class RecordedTrial(Struct, frozen=True):
    """The trial up to the end of its watch; `watched` is None where the run was stopped before that.

    `resting` says that the failing subscription was found switched off afterwards.
    """

    addresses: tuple[RecordedAddress, ...]
    causes: tuple[Cause, ...]
    watched: float | None
    resting: bool = False


def trial_to_json(trial: EventTrial, *, watched: bool) -> dict[str, Any]:
    """The members of a trial's line; `watched` says that its watch is over."""
    addresses = [
        {
            "name": corner.name,
            "script": ", ".join(map(str, corner.script)),
            "refused": "" if corner.made else corner.refused,
            "flooded": corner.flooded,
            "narrowed": list(corner.narrowed),
            "deliveries": [each.delivery.number for each in corner.came],
        }
        for corner in trial.corners.values()
    ]
    causes = [
        {
            "number": each.number,
            "what": each.what,
            "record_id": each.record_id,
            "at": each.at.isoformat(),
            "exchange": each.exchange.id,
            "differs": each.differs,
            "mark": each.mark,
        }
        for each in trial.causes
    ]
    return {
        "seconds": trial.watched,
        "watched": watched,
        "addresses": addresses,
        "causes": causes,
        "resting": bool(trial.ending.resting),
    }


def recorded_trial(recording: Recording) -> RecordedTrial | None:
    """The last trial of a recording; None where none was made.

    Raises InputError where its lines do not hold what they must.
    """
    lines = recording.of_kind(TRIAL)
    if not lines:
        return None
    line, deliveries = lines[-1], recording.of_kind(DELIVERY)
    try:
        causes = tuple(_cause(each, recording) for each in line["causes"])
        came = [delivery_from_json(each) for each in deliveries]
        addresses = tuple(_address(each, line["watched"], came, causes) for each in line["addresses"])
    except (KeyError, TypeError, ValueError):
        raise InputError(Problem(str(recording.path), "the lines of an event trial cannot be read")) from None
    watched = line["seconds"] if line["watched"] else None
    return RecordedTrial(addresses, causes, watched, bool(line.get("resting")))


def _cause(members: Mapping[str, Any], recording: Recording) -> Cause:
    return Cause(
        members["number"],
        members["what"],
        members["record_id"],
        datetime.fromisoformat(members["at"]),
        recording.exchange(members["exchange"]),
        members["differs"],
        members.get("mark", ""),
    )


def _address(
    members: Mapping[str, Any], watched: bool, deliveries: Iterable[Delivery], causes: Sequence[Cause]
) -> RecordedAddress:
    """An address with what came to it during the watch, or, where that was cut short, since the first cause."""
    numbers = frozenset(members["deliveries"])
    begun = min((each.at for each in causes), default=None)
    came = [
        Received(each, Signature())
        for each in deliveries
        if (each.number in numbers if watched else each.address == members["name"] and _since(begun, each))
    ]
    events = tuple(grouped(came, causes))
    told = {one.delivery.number for each in events for one in each.tries}
    return RecordedAddress(
        name=members["name"],
        script=read_script(members["script"]),
        refused=members["refused"],
        narrowed=tuple(members["narrowed"]),
        events=events,
        other=len({each.delivery.number for each in came} - told),
        flooded=members.get("flooded", ""),
    )


def _since(begun: datetime | None, delivery: Delivery) -> bool:
    return begun is not None and delivery.moment >= begun
