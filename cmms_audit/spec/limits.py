"""Rate limits that a text states as numbers: "5 requests/sec", "1,000 calls per hour", "rate limit: 250 per minute".

Reads prose only; what a number is worth is for the checks, and how fast to go for the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

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
_ABOUT_LIMITS = re.compile(r"rate.?limit|throttl|quota|\bRPS\b|limited to", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.\n|]{1,400}(?:[.\n|]|$)")
_LONGEST_TEXT = 200_000


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
    """Every limit that a text states as a number and a window, in the order of the text."""
    for match in _SENTENCE.finditer(text[:_LONGEST_TEXT]):
        sentence = match.group()
        pattern = _BARE if _ABOUT_LIMITS.search(sentence) else _WITH_NOUN
        for found in (*_WITH_NOUN.finditer(sentence), *(pattern.finditer(sentence) if pattern is _BARE else ())):
            limit = _limit(found, sentence)
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


def _limit(match: re.Match[str], sentence: str) -> StatedLimit | None:
    count = int(re.sub(r"[, ]", "", match["count"]))
    unit = match["unit"].lower()
    seconds = _SECONDS.get(unit) or _SECONDS[unit.rstrip("s")]
    window = seconds * int(match["times"] or 1)
    if not count or not window:
        return None
    return StatedLimit(count, window, " ".join(sentence.split()))
