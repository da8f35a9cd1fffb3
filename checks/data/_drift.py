"""Collects where live records depart from the document: every departure once, with how many records show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from cmms_audit.battery import Drift, Schema, drift

MOST_RECORDS = 100


class Departure(Struct, frozen=True):
    """One departure from the document; `shown_by` of `looked_at` answers show it."""

    place: str
    drift: Drift
    shown_by: int
    looked_at: int

    def __str__(self) -> str:
        name = f"{self.place}.{self.drift.field}" if self.drift.field else self.place
        return f"{name}: {self.drift.says} ({self.shown_by} of {self.looked_at})"


def departures(place: str, schema: Schema, values: Sequence[Any]) -> list[Departure]:
    """Hold values against a schema; the gravest and most frequent departures come first."""
    looked_at = values[:MOST_RECORDS]
    examples: dict[tuple[str, str], Drift] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for value in looked_at:
        counts.update(_kinds(drift(schema, value), examples))
    found = [Departure(place, examples[key], count, len(looked_at)) for key, count in counts.items()]
    return sorted(found, key=lambda each: (not each.drift.serious, -each.shown_by))


def _kinds(found: Iterable[Drift], examples: dict[tuple[str, str], Drift]) -> set[tuple[str, str]]:
    """The kinds of departure of one value, each once; a serious example is kept over a harmless one."""
    kinds: set[tuple[str, str]] = set()
    told = list(found)
    of_wrong_type = {each.field for each in told if each.kind == "wrong-type"}
    for each in told:
        key = (each.field, each.kind)
        if each.kind == "not-allowed-value" and each.field in of_wrong_type:
            continue
        kinds.add(key)
        if key not in examples or each.serious:
            examples[key] = each
    return kinds
