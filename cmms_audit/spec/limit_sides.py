"""Limits that are no rate: how many calls may run at the same time, and how many may come at once (a burst)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cmms_audit.patterns import pattern
from cmms_audit.spec.limit_values import LONGEST_QUOTATION, SideLimit, number

_LONGEST_TEXT = 200_000
_AROUND = 120  # characters that are quoted on each side
_NUMBER = r"(?<![\w.,$€£])(\d{1,3}(?:,\d{3}){1,2}|\d{1,7}|one|two|three|four|five|six|eight|ten|twenty)"
_CALLS = r"(?:requests?|calls?|connections?|sessions?|queries|operations)"
_NOT_A_TIME = r"\b(?!\s?(?:%|[smh]\b|sec|min|hour|day|/|\.\d))"
_CONCURRENT = pattern(
    rf"{_NUMBER}\s{{1,2}}(?:[a-z]{{2,12}}\s)?(?:concurrent|simultaneous|parallel|in-flight)\b"
    rf"|\b(?:concurren(?:cy|t {_CALLS})|simultaneous {_CALLS}|parallel {_CALLS})[^.\d\n]{{0,30}}?"
    rf"(?::|=|\bof\b|\bis\b|\bto\b|\bmost\b)\s{{0,2}}(\d{{1,6}}){_NOT_A_TIME}"
    rf"|{_NUMBER}\s{{1,2}}(?:[a-z]{{2,12}}\s)?{_CALLS}[^.\d\n]{{0,20}}?"
    r"\b(?:at the same time|at once|at a time|in parallel|concurrently|simultaneously)\b",
    re.IGNORECASE,
)
_BURST = pattern(
    r"\bbursts?\b(?:\s(?:limit|size|capacity|allowance))?[\s:=]{0,3}(?:(?:is|of|up to|to|at most)\s){0,2}"
    rf"(\d{{1,7}}){_NOT_A_TIME}"
    rf"|{_NUMBER}\s{{1,2}}(?:{_CALLS}\s)?(?:burst\b|in a burst\b|as a burst\b)",
    re.IGNORECASE,
)
_AT_THE_SAME_TIME = ("concurr", "simultan", "parallel", "in-flight", "at once", "at the same time", "at a time")
_OF_CALLS = pattern(r"request|call|\bapi\b|connection|rate|limit|quer", re.IGNORECASE)


def side_limits(text: str) -> Iterator[SideLimit]:
    """The numbers of concurrent calls and of calls in a burst that a text states."""
    text = text[:_LONGEST_TEXT]
    lower = text.lower()
    if any(word in lower for word in _AT_THE_SAME_TIME):
        yield from _found("concurrent", _CONCURRENT, text)
    if "burst" in lower:
        yield from _found("burst", _BURST, text)


def _found(kind: str, words: re.Pattern[str], text: str) -> Iterator[SideLimit]:
    for match in words.finditer(text):
        around = text[max(0, match.start() - _AROUND) : match.end() + _AROUND]
        count = number(next(group for group in match.groups() if group))
        if count and _OF_CALLS.search(around):
            yield SideLimit(kind, count, " ".join(around.split())[:LONGEST_QUOTATION])
