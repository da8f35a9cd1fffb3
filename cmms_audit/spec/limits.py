"""Rate limits that a text states as numbers: "5 requests/sec", "1,000 calls per hour", "rate limit: 250 per minute".

Reads prose only; what a number is worth is for the checks, and how fast to go for the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from cmms_audit.model import Evidence
from cmms_audit.spec.index import Prose, Spec

_SECONDS = {
    "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60,
    "h": 3600, "hr": 3600, "hour": 3600, "d": 86400, "day": 86400,
}  # fmt: skip
_COUNT = r"(?<![\w.,])(?P<count>\d{1,3}(?:[, ]\d{3}){1,3}|\d{1,9})"
_WINDOW = (
    r"(?:(?:\bper|\bevery|\beach|\ban?|\bin (?:any|an?|one)|\bwithin)\s{1,2}|/\s{0,2})(?P<times>\d{1,4})?[\s-]{0,2}"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h|days?|d)\b"
)
_CALLS = (
    r"\s{0,2}(?:API |HTTP |read |write |GET |POST )?"
    r"(?:requests?|calls?|reqs?|queries|hits|operations)\b[^.\d\n]{0,30}?"
)
_WITH_NOUN = re.compile(_COUNT + _CALLS + r"\s{0,2}" + _WINDOW, re.IGNORECASE)
_BARE = re.compile(_COUNT + r"\s{0,2}" + _WINDOW, re.IGNORECASE)
_FURTHER = re.compile(
    r"\s{0,2}[,;]?\s{0,2}(?:(?:and|or|&)\s{1,2})?(?:up to\s{1,2})?" + _COUNT + r"\s{0,2}" + _WINDOW, re.IGNORECASE
)
_ABOUT_LIMITS = re.compile(r"rate.?limit|throttl|quota|\bRPS\b|limited to", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.\n|]{1,400}(?:[.\n|]|$)")
_COUNT_CELL = re.compile(_COUNT + r"(?:\s{1,2}(?:API\s{1,2})?(?:requests?|calls?))?", re.IGNORECASE)
_WINDOW_CELL = re.compile(
    r"(?:(?:API\s{1,2})?(?:requests?|calls?)\s{0,2})?(?:(?:per|every|each|an?|1)[\s-]{1,2}|/\s{0,2})?"
    r"(?P<unit>seconds?|minutes?|hours?|days?)",
    re.IGNORECASE,
)
_LONGEST_TEXT = 200_000
_LONGEST_ROW = 500
_TABLE_WITHIN = 1_000  # characters after the words that speak of rate limits


@dataclass(frozen=True)
class StatedLimit:
    """A limit as somebody wrote it: `count` calls in `window` seconds, with the words it was read from."""

    count: int
    window: int
    quotation: str

    @property
    def per_second(self) -> float:
        """The same limit as a steady rate."""
        return self.count / self.window


@dataclass(frozen=True)
class PublishedLimit:
    """A stated limit and the place in the specification that states it."""

    limit: StatedLimit
    evidence: Evidence


def stated_limits(text: str) -> Iterator[StatedLimit]:
    """Every limit that a text states as a number and a window: those of its sentences, then those of its tables."""
    text = text[:_LONGEST_TEXT]
    for match in _SENTENCE.finditer(text):
        for found in _in_sentence(match.group()):
            limit = _limit(found["count"], found["unit"], found["times"], match.group())
            if limit:
                yield limit
    yield from _in_tables(text)


def _in_sentence(sentence: str) -> Iterator[re.Match[str]]:
    """Numbers of calls with their window; a bare number where it follows one, or the sentence speaks of limits."""
    for found in _WITH_NOUN.finditer(sentence):
        further: re.Match[str] | None = found
        while further:
            yield further
            further = _FURTHER.match(sentence, further.end())
    if _ABOUT_LIMITS.search(sentence):
        yield from _BARE.finditer(sentence)


def _in_tables(text: str) -> Iterator[StatedLimit]:
    """Rows with a number beside a window ("| minute | 60 |"), near to words that speak of rate limits."""
    ends = -1
    at = 0
    for line in text.split("\n"):
        if _ABOUT_LIMITS.search(line):
            ends = at + _TABLE_WITHIN
        if "|" in line and at <= ends and len(line) <= _LONGEST_ROW:
            yield from _in_row(line)
        at += len(line) + 1


def _in_row(row: str) -> Iterator[StatedLimit]:
    cells = [cell.strip(" \t\r*`") for cell in row.split("|")]
    for left, right in pairwise(cells):
        count = _COUNT_CELL.fullmatch(left) or _COUNT_CELL.fullmatch(right)
        window = _WINDOW_CELL.fullmatch(left) or _WINDOW_CELL.fullmatch(right)
        limit = _limit(count["count"], window["unit"], None, row) if count and window else None
        if limit:
            yield limit


@lru_cache(maxsize=4)
def published_limits(spec: Spec) -> tuple[PublishedLimit, ...]:
    """The limits that the specification states in prose, refusals with 429 and limit headers included, each once."""
    found: dict[tuple[int, int], PublishedLimit] = {}
    for prose in (*spec.prose(), *_about_refusals(spec)):
        for limit in stated_limits(prose.text):
            found.setdefault((limit.count, limit.window), PublishedLimit(limit, prose.evidence))
    return tuple(found.values())


def _about_refusals(spec: Spec) -> Iterator[Prose]:
    for operation in spec.operations:
        for response in operation.responses:
            if response.status == "429":
                yield Prose(response.description, response.evidence)
            for name, header in response.headers.items():
                if "rate" in name.lower() and "limit" in name.lower():
                    yield Prose(f"Rate limit: {header.description}", response.evidence)


def _limit(count: str, unit: str, times: str | None, sentence: str) -> StatedLimit | None:
    number = int(re.sub(r"[, ]", "", count))
    unit = unit.lower()
    window = (_SECONDS.get(unit) or _SECONDS[unit.rstrip("s")]) * int(times or 1)
    if not number or not window:
        return None
    return StatedLimit(number, window, " ".join(sentence.split()))
