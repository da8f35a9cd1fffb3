"""Compares the limits that texts and extensions state: calls in a stretch of time, and records in one answer.

What is stated for the whole API is compared once; what a single operation states is compared for that operation.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cmms_audit.patterns import pattern
from cmms_audit.spec.index import Spec
from cmms_audit.spec.library import Node
from cmms_audit.spec.limit_members import limits_in_members
from cmms_audit.spec.limits import PublishedLimit, StatedLimit, published_limits, stated_limits
from cmms_audit.spec.operations import Operation, Parameter
from cmms_audit.spec_diff.ledger import EVERYBODY, Ledger, Place

_WINDOWS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
_LONGEST_TEXT = 4_000
_LARGEST_PAGE = 10_000_000
_NUMBER = r"(\d{1,3}(?:,\d{3}){1,2}|\d{1,7})"
_MOST = (
    r"(?:up to|at most|max(?:imum|imal)?|(?:no|not) (?:more|larger|greater) than|(?:can|must|may|should)?\s?not exceed"
    r"|capped at|limited to|upper (?:limit|bound)|less than or equal to)"
)
_RECORDS = r"(?:records?|items?|results?|rows?|entries|objects?|elements?)"
_NO_RATE = r"(?!\s+(?:per|an?|each|every|in|within)\s+(?:second|minute|hour|day|week|month|\d))"
_MOST_RECORDS = pattern(
    rf"\b{_MOST}(?:\s+of)?\s+{_NUMBER}\s+(?:[a-z-]{{1,20}}\s+){{0,2}}{_RECORDS}\b{_NO_RATE}", re.IGNORECASE
)
_OF_ONE_CALL = pattern(r"\b(?:per|each|every|a|one|single)[ -](?:page|request|call|response|answer)\b", re.IGNORECASE)
_MOST_OF_PARAMETER = pattern(
    rf"(?:(?:\b{_MOST}\b|<=|≤)[^\d.;]{{0,30}}?|\b(?:between|from)\s\d{{1,3}}\s(?:and|to)\s){_NUMBER}\b"
    r"(?!\s?(?:%|ms\b|sec|min|char|letter|day|hour))",
    re.IGNORECASE,
)
_SENTENCE_END = pattern(r"(?<=[.!?])\s|\n\s*\n")

Limits = Mapping[int, list[PublishedLimit]]


class StatedLimits:
    """The comparison of the limits on calls and on records that two descriptions state in words or extensions."""

    def __init__(self, ledger: Ledger, old: Spec, new: Spec) -> None:
        self._ledger = ledger
        self._general = [[each for each in published_limits(spec) if each.general] for spec in (old, new)]
        self._known = [{_key(each.limit) for each in side} for side in self._general]
        self._heads = old.root.child("info"), new.root.child("info")

    def compare_whole(self) -> None:
        """Note what is stated otherwise for the whole API: window by window, where both state as many."""
        place = self._ledger.place("rate limits", "the whole API", senders=EVERYBODY)
        self._rates(place, [_by_window(side) for side in self._general])
        place = self._ledger.place("page size", "the whole API", senders=EVERYBODY)
        texts = [_sentences_of_pages(node.text("description")) for node in self._heads]
        self._records(place, "page-size", texts, self._heads)

    def compare(self, place: Place, old: Operation, new: Operation) -> None:
        """Note what one operation states otherwise; what is stated for the whole API is passed over."""
        before, after = (_said(each) for each in (old, new))
        if before == after:
            return
        limits = [_by_window(_of_operation(each)) for each in (old, new)]
        told = {
            window
            for window in limits[0].keys() | limits[1].keys()
            if all(
                _key(each.limit) in known
                for side, known in zip(limits, self._known, strict=True)
                for each in side.get(window, ())
            )
        }
        self._rates(place, [{key: side[key] for key in side if key not in told} for side in limits], "rate limit ")
        kind = "page-size" if old.method == new.method == "GET" else "batch-size"
        texts = [" ".join(each.node.text(name) for name in ("summary", "description")) for each in (old, new)]
        self._records(place, kind, texts, (old.node, new.node))

    def _rates(self, place: Place, sides: Sequence[Limits], about: str = "") -> None:
        before, after = sides
        for window in sorted(before.keys() | after.keys()):
            was, now = before.get(window, []), after.get(window, [])
            counts = [each.limit.count for each in was], [each.limit.count for each in now]
            if counts[0] == counts[1]:
                continue
            per = f"per {_WINDOWS.get(window, f'{window} seconds')}"
            aspect = f"{about}{per}"
            words = [" and ".join(f"{count:,}" for count in each[:5]) + f" {per}" for each in counts]
            if len(was) == len(now):
                pairs = zip(was, now, strict=True)
                one, other = next(pair for pair in pairs if pair[0].limit.count != pair[1].limit.count)
                lowered = other.limit.count < one.limit.count
                kind = "rate-limit-lowered" if lowered else "rate-limit-raised"
                self._ledger.note(kind, place, one, other, aspect=aspect, was=words[0], now=words[1])
            elif len(was) < len(now):
                self._ledger.note("rate-limit-stated", place, None, now[-1], aspect=aspect, now=words[1])
            else:
                self._ledger.note("rate-limit-unstated", place, was[-1], None, aspect=aspect, was=words[0])

    def _records(self, place: Place, kind: str, texts: Sequence[str], holders: tuple[Node, Node]) -> None:
        """Note where two texts allow another number of records in one call."""
        before, after = map(_most_records, texts)
        if before is None or after is None or before == after:
            return
        changed = "lowered" if after < before else "raised"
        nodes = [holder.at("description") if holder.text("description") else holder for holder in holders]
        aspect = "" if holders == self._heads else "records in one call"
        self._ledger.note(f"{kind}-{changed}", place, *nodes, aspect=aspect, was=f"{before:,}", now=f"{after:,}")


def largest_page(parameter: Parameter) -> int | None:
    """The greatest page that a page-size parameter allows, by its schema or else its text; None where that is open."""
    maximum = parameter.schema.maximum
    if maximum is not None:
        return int(maximum) if 0 < maximum <= _LARGEST_PAGE else None
    return _only(_MOST_OF_PARAMETER.findall(f"{parameter.description}\n{parameter.schema.description}"[:_LONGEST_TEXT]))


def _most_records(text: str) -> int | None:
    """How many records one call gives or takes at most by a text; None where it says nothing, or several things."""
    return _only(_MOST_RECORDS.findall(text[:_LONGEST_TEXT])) if text else None


def _only(numbers: Iterable[str]) -> int | None:
    found = {int(number.replace(",", "")) for number in numbers}
    return found.pop() if len(found) == 1 and 0 < min(found) <= _LARGEST_PAGE else None


def _sentences_of_pages(text: str) -> str:
    return " ".join(each for each in _SENTENCE_END.split(text[: 5 * _LONGEST_TEXT]) if _OF_ONE_CALL.search(each))


def _key(limit: StatedLimit) -> tuple[int, int]:
    return limit.count, limit.window


def _by_window(limits: Iterable[PublishedLimit]) -> dict[int, list[PublishedLimit]]:
    """The limits by window, the lowest first, each number once."""
    found: dict[int, dict[int, PublishedLimit]] = defaultdict(dict)
    for each in limits:
        found[each.limit.window].setdefault(each.limit.count, each)
    return {window: [numbers[count] for count in sorted(numbers)] for window, numbers in found.items()}


def _said(operation: Operation) -> tuple[object, ...]:
    """All that an operation can state limits in."""
    refused = [node.text("description") for node in _refusals(operation)]
    texts = [operation.node.text(name) for name in ("summary", "description")]
    return (*texts, refused, operation.extensions)


def _of_operation(operation: Operation) -> Iterator[PublishedLimit]:
    """The limits that an operation states in its texts, its extensions and its refusal (429)."""
    for name in ("summary", "description"):
        for limit in stated_limits(operation.node.text(name)):
            yield PublishedLimit(limit, operation.node.at(name), general=False)
    for limit in limits_in_members(operation.extensions):
        extension = next((name for name in operation.extensions if limit.quotation.startswith(name)), "")
        yield PublishedLimit(limit, operation.node.at(extension) if extension else operation.node, general=False)
    for node in _refusals(operation):
        for limit in stated_limits(f"Rate limit. {node.text('description')}"):
            yield PublishedLimit(limit, node, general=False)


def _refusals(operation: Operation) -> list[Node]:
    """The answer to too many calls, where it is written in the operation itself."""
    answers = operation.node.value.get("responses")
    refused = answers.get("429") if isinstance(answers, dict) else None
    if not isinstance(refused, dict) or "$ref" in refused:
        return []
    return [operation.node.child("responses").child("429")]
