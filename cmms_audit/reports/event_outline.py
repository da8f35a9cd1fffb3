"""Reads the member `events` of a report the way a person does: who got what, how retries go, what an outage loses.

Shared by every format for readers. Pure; decides no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from msgspec import Struct

from cmms_audit.reports import words

Item = Mapping[str, Any]

MOST_GAPS = 8  # that are told of one event
MOST_ROWS = 12  # of the table of gaps

OUTCOMES = {"kept": "Nothing", "partly": "A part", "lost": "Everything", "open": "Unknown"}
VERDICTS = {"kept": "met", "partly": "partial", "lost": "not_met", "open": "unknown"}
STANDS_ON = {**words.BASES, "extrapolated": "extrapolated"}
_CAUSES = {
    "created": "a work order was created",
    "status changed": "the status of a work order was changed",
    "changed": "a work order was changed",
    "asset created": "an asset was created",
    "asset changed": "an asset was changed",
    "created after the end": "a work order was created after a subscription had ended",
}
_NAMES = {
    "steady": "A receiver in order",
    "failing": "A receiver that refuses",
    "later": "A receiver that asks for time",
    "silent": "A receiver that hangs",
    "broken": "A receiver that breaks down",
    "gone": "A receiver that is gone for good",
    "narrow": "A narrowed subscription",
}
_CONCEPTS = {"event_types": "kind of event", "priority": "priority", "site": "site", "asset_class": "class of asset"}
OWN_WORDS = frozenset((*OUTCOMES, *STANDS_ON, *_CAUSES, *_CONCEPTS))
"""The closed vocabulary of the member `events`."""
_NONE = "–"


class Row(Struct, frozen=True):
    """One address as a row of a table."""

    name: str
    does: str
    came: str
    first_after: str
    tries: str
    gaps: str


class OutageRow(Struct, frozen=True):
    """One outage as a row: how long, its `outcome` (a key of OUTCOMES), what is lost in words, and why."""

    length: str
    outcome: str
    lost: str
    stands_on: str
    because: str


def cause_words(cause: Item) -> str:
    """What was done, and in what it differs from what the narrowed subscription asks for."""
    concept = _CONCEPTS.get(cause["differs"], cause["differs"])
    other = f", of another {concept}" if cause["differs"] and cause["what"] == "created" else ""
    return f"{_CAUSES.get(cause['what'], cause['what'])}{other}"


def name_words(address: Item) -> str:
    """What an address stands for."""
    return _NAMES.get(address["name"], str(address["name"]))


def does_words(address: Item) -> str:
    """What an address does, and by what its subscription was narrowed."""
    if not address["narrowed"]:
        return str(address["does"])
    concepts = ", ".join(_CONCEPTS.get(each, each) for each in address["narrowed"])
    return f"{address['does']}; its subscription was narrowed by {concepts}"


def rows(events: Item) -> list[Row]:
    """Every address."""
    return [_row(each) for each in events["addresses"]]


def why_nothing(address: Item) -> str:
    """Why nothing is told of an address; empty where something is."""
    if address["refused"]:
        return f"not subscribed: {address['refused']}"
    return f"not looked at: {address['flooded']}" if address.get("flooded") else ""


def _row(address: Item) -> Row:
    told = why_nothing(address)
    if told:
        return Row(name_words(address), does_words(address), told, _NONE, _NONE, _NONE)
    events = address["events"]
    slowest = max((each["latency"] for each in events), default=None)
    longest = max(events, key=lambda each: len(each["tries"]) + each["more_tries"], default=None)
    return Row(
        name=name_words(address),
        does=does_words(address),
        came=_came(address),
        first_after=_NONE if slowest is None else words.length(slowest),
        tries=_NONE if longest is None else str(len(longest["tries"]) + longest["more_tries"]),
        gaps=gaps_words(longest["gaps"]) if longest else _NONE,
    )


def _came(address: Item) -> str:
    """How many of the events that were due came, and what came beside them."""
    due, missing = address["due"], len(address["missing"])
    told = f"{due - missing} of {words.counted(due, 'new work order')}"
    changes = len(address["events"]) + address["more_events"] - (due - missing)
    more = f", and {words.counted(changes, 'event')} more" if changes > 0 else ""
    other = f"; {words.counted(address['other'], 'other message')}" if address["other"] else ""
    return told + more + other


def gaps_words(gaps: Sequence[float]) -> str:
    """Gaps one after the other, the first of them where there are many."""
    if not gaps:
        return _NONE
    return ", ".join(map(words.length, gaps[:MOST_GAPS])) + (" …" if len(gaps) > MOST_GAPS else "")


def watched_words(events: Item) -> str:
    """For how long was watched."""
    watched = events["watched_seconds"]
    if watched is None:
        return "The watch was cut short; this is what had come by then."
    return f"Watched for {words.length(watched)} after the last of them."


def clock_words(events: Item) -> str:
    """By what clock gaps are told; empty where there is only one."""
    speed = events["retries"]["speed"] if events["retries"] else 1
    if speed <= 1:
        return ""
    faster = f"As documented, this sandbox's clock of retries runs {words.number(speed)} times as fast"
    return f"{faster}; times here are multiplied by that, as they would be outside of it."


def retry_words(events: Item) -> str:
    """What was seen of retries, in a sentence."""
    retries = events["retries"]
    if retries is None:
        return "No event came to the address that refuses, so nothing is known of retries."
    came = f"An event that was refused came {words.counted(retries['tries'], 'time')}"
    told = f"{came} in {words.length(retries['watched_seconds'])}: {retries['shape']}"
    silence = words.length(retries["watched_seconds"] - sum(retries["gaps"]))
    return f"{told}, and then no more in {silence}." if retries["given_up"] else f"{told}."


def gap_heads(events: Item) -> list[str]:
    """The heads of the table of gaps."""
    sped_up = ["In the sandbox"] if events["retries"]["speed"] > 1 else []
    return ["Gap", "Seen", *sped_up, *(each["name"] for each in events["references"])]


def gap_rows(events: Item) -> list[list[str]]:
    """The gaps that were seen beside those of the reference schedules, and for how long each goes on."""
    retries, references = events["retries"], events["references"]
    speed = retries["speed"]
    table = []
    columns = [retries["gaps"], *(each["gaps"] for each in references)]
    for number, (seen, *others) in enumerate(zip_longest(*columns), 1):
        sped_up = [_gap(None if seen is None else seen / speed)] if speed > 1 else []
        beside = (_gap(gap) if each["gaps"] else "growing" for gap, each in zip(others, references, strict=True))
        table.append([f"before try {number + 1}", _gap(seen), *sped_up, *beside])
    seen_for = sum(retries["gaps"])
    total = ["in all", words.length(seen_for), *([words.length(seen_for / speed)] if speed > 1 else [])]
    return [*table[:MOST_ROWS], [*total, *(words.length(each["seconds"]) for each in references)]]


def _gap(seconds: float | None) -> str:
    return _NONE if seconds is None else words.length(seconds)


def outage_rows(events: Item) -> list[OutageRow]:
    """What outages of the receiver would lose."""
    return [
        OutageRow(
            length=words.length(each["seconds"]),
            outcome=each["outcome"],
            lost=_lost(each),
            stands_on=STANDS_ON[each["stands_on"]],
            because=each["because"],
        )
        for each in events["outages"]
    ]


def _lost(outage: Item) -> str:
    if outage["outcome"] == "partly":
        return f"what happens in the first {words.length(outage['lost_seconds'])}"
    return OUTCOMES[outage["outcome"]].lower()
