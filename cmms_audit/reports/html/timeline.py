"""Where the marks of the event timeline stand: places in per cent of the width, so that the picture fits any page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import log10
from typing import Any

from msgspec import Struct

from cmms_audit.reports import words

Item = Mapping[str, Any]

LANE = 14  # pixels of height
MOST_LANES = 12  # of one address
_MOST_TICKS = 6
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)
_LONGEST = 400_000.0  # seconds that the picture of gaps goes to: 111 hours


class Mark(Struct, frozen=True):
    """One try, or one moment: `kind` is "taken", "refused" or "extrapolated", `says` what it is in words."""

    x: float
    kind: str
    says: str


class Lane(Struct, frozen=True):
    """One event at one address: the number of its cause, where that stands, and the tries."""

    number: int
    y: int
    cause_x: float
    end_x: float
    marks: tuple[Mark, ...]


class Strip(Struct, frozen=True):
    """One address with its lanes."""

    address: Item
    lanes: tuple[Lane, ...]
    height: int
    left_out: int


class Tick(Struct, frozen=True):
    """A label below the picture."""

    x: float
    label: str
    anchor: str


class Timeline(Struct, frozen=True):
    """The picture of causes and deliveries. `watch_x` is where the watch ended; None where it was cut short."""

    causes: tuple[Mark, ...]
    strips: tuple[Strip, ...]
    ticks: tuple[Tick, ...]
    watch_x: float | None


class Schedule(Struct, frozen=True):
    """One row of the picture of gaps: when tries come after the first one, or for how long they do (`band_x`)."""

    name: str
    told: str
    marks: tuple[Mark, ...]
    band_x: float | None = None


def timeline(events: Item) -> Timeline:
    """The picture of causes and deliveries."""
    tries = [one["at"] for each in events["addresses"] for event in each["events"] for one in event["tries"]]
    causes = {each["number"]: each["at"] for each in events["causes"]}
    end = max(events["watch_ends"] or 0.0, *tries, *causes.values(), 0.1)
    watch = events["watch_ends"]
    return Timeline(
        causes=tuple(Mark(_share(at, end), "cause", words.length(at)) for at in causes.values()),
        strips=tuple(_strip(each, causes, end) for each in events["addresses"]),
        ticks=tuple(_ticks(end)),
        watch_x=None if watch is None else _share(watch, end),
    )


def _strip(address: Item, causes: Mapping[int, float], end: float) -> Strip:
    events = address["events"][:MOST_LANES]
    lanes = tuple(_lane(each, place, causes, end) for place, each in enumerate(events))
    left_out = len(address["events"]) + address["more_events"] - len(events)
    return Strip(address, lanes, LANE * len(lanes), left_out)


def _lane(event: Item, place: int, causes: Mapping[int, float], end: float) -> Lane:
    marks = tuple(
        Mark(
            _share(one["at"], end),
            "taken" if one["taken"] else "refused",
            f"try {number}, {words.length(one['at'])} after the first cause: {one['treated']}",
        )
        for number, one in enumerate(event["tries"], 1)
    )
    start = _share(causes.get(event["cause"], 0.0), end)
    return Lane(event["cause"], LANE * place + LANE // 2, start, max(each.x for each in marks), marks)


def _ticks(end: float) -> Iterator[Tick]:
    step = next((each for each in _STEPS if end / each <= _MOST_TICKS), end / _MOST_TICKS)
    for number in range(int(end / step + 1e-9) + 1):
        yield Tick(_share(number * step, end), words.length(number * step), "middle" if number else "start")


def _share(at: float, end: float) -> float:
    return round(min(max(at / end, 0.0), 1.0) * 100, 2)


# -- gaps beside reference schedules -----------------------------------------------------------------------


def schedules(events: Item) -> list[Schedule]:
    """The rows of the picture of gaps: what was seen, what is documented, the references."""
    retries = events["retries"]
    seen = [*_moments(retries["gaps"], "refused"), *_going_on(retries["gaps"], retries["extrapolated"])]
    told = " (hollow: extrapolated)" if retries["extrapolated"] else ""
    found = [Schedule("Seen", f"{words.counted(retries['tries'], 'time')}{told}", tuple(seen))]
    if retries["promised_hours"]:
        seconds = retries["promised_hours"] * 3600
        found.append(Schedule("Documented", f"for {words.length(seconds)}", (), _place(seconds)))
    for each in events["references"]:
        marks = tuple(_moments(each["gaps"], "taken")) if each["gaps"] else ()
        band = None if marks else _place(each["seconds"])
        found.append(Schedule(each["name"], f"for {words.length(each['seconds'])}", marks, band))
    return found


def outage_ticks(events: Item) -> list[Tick]:
    """Where the outages end on the scale of the picture of gaps."""
    return [Tick(_place(each["seconds"]), words.length(each["seconds"]), "middle") for each in events["outages"]]


def _moments(gaps: Sequence[float], kind: str) -> Iterator[Mark]:
    for at in accumulate(gaps, initial=0.0):
        yield Mark(_place(at), kind, f"after {words.length(at)}" if at else "at once")


def _going_on(gaps: Sequence[float], more: Sequence[float]) -> Iterator[Mark]:
    for at in [*accumulate(more, initial=sum(gaps))][1:]:
        yield Mark(_place(at), "extrapolated", f"extrapolated: after {words.length(at)}")


def _place(seconds: float) -> float:
    """A place on a scale on which each tenfold is equally long, from one second on."""
    return _share(log10(min(max(seconds, 1.0), _LONGEST)), log10(_LONGEST))
