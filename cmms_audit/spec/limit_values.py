"""Rate limits as values, and the small words that they are written with: numbers and windows of time."""

from __future__ import annotations

import re
from enum import IntEnum

from msgspec import Struct

from cmms_audit.patterns import pattern

LARGEST_COUNT = 10**12
LONGEST_WINDOW = 366 * 86_400  # seconds
LONGEST_QUOTATION = 400

_SECONDS = {
    "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "minutely": 60,
    "h": 3600, "hr": 3600, "hour": 3600, "hourly": 3600, "d": 86_400, "day": 86_400, "daily": 86_400, "diem": 86_400,
    "w": 604_800, "wk": 604_800, "week": 604_800, "weekly": 604_800,
    "mo": 2_592_000, "mon": 2_592_000, "month": 2_592_000, "monthly": 2_592_000,
}  # fmt: skip
_NUMBER_WORDS = {
    "a": 1, "an": 1, "one": 1, "once": 1, "single": 1, "two": 2, "twice": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100, "thousand": 1000,
}  # fmt: skip
_SCALES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000, "hundred": 100}
_NUMBER = pattern(r"([\d,.' ]*\d|[a-z]+)(?:[\s-]{0,2}(k|m|hundred|thousand|million))?", re.IGNORECASE)


# Dots between thousands: several groups of three digits, or one that nobody would write to say less than ten.
_GROUPS = pattern(r"[1-9]\d{0,2}(?:\.\d{3}){2,3}")
_ONE_GROUP = pattern(r"[1-9]\d{0,2}\.\d\d0")
_COMMAS = pattern(r"\d,\d{3}(?!\d)")


class Scope(IntEnum):
    """What a limit holds for: all calls, those that read, those that write, others (deleting, in bulk, for logging in,
    or as an example), or those of one named address.
    """

    ALL = 0
    READS = 1
    WRITES = 2
    SOME = 3
    PLACE = 4


class StatedLimit(Struct, frozen=True):
    """A limit as somebody wrote it: `count` calls in `window` seconds, with the words it was read from."""

    count: int
    window: int
    quotation: str
    scope: Scope = Scope.ALL

    @property
    def narrow(self) -> bool:
        """Whether it holds for some calls only."""
        return self.scope is not Scope.ALL

    @property
    def local(self) -> bool:
        """Whether it holds for a named address only."""
        return self.scope is Scope.PLACE

    @property
    def holds_for_reading(self) -> bool:
        """Whether calls that read are held to it: one on all calls, or on those."""
        return self.scope in (Scope.ALL, Scope.READS)

    @property
    def per_second(self) -> float:
        """The same limit as a steady rate."""
        return self.count / self.window


class SideLimit(Struct, frozen=True):
    """A limit that is no rate: how many calls may run at the same time ("concurrent"), or come at once ("burst")."""

    kind: str
    count: int
    quotation: str


def number(text: str) -> int | None:
    """A whole number as people write it: "1,000", "5k", "twenty", "one hundred"; None where it is none."""
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        return None
    plain, scale = match[1].lower(), (match[2] or "").lower()
    if plain[:1].isdigit():
        digits = re.sub(r"[,' ]", "", plain)
        value = int(digits) if digits.isdigit() and len(digits) <= 15 else 0
    else:
        value = _NUMBER_WORDS.get(plain, 0)
    value *= _SCALES.get(scale, 1)
    return value if 0 < value <= LARGEST_COUNT else None


def without_dots(text: str, unit: str, around: str) -> str:
    """A number without the dots between its thousands ("1.000" an hour); as it is where they may mark a fraction.

    So few calls ("1.500" a second) may be a fraction, and so is all that stands beside thousands with commas.
    """
    one_group = _ONE_GROUP.fullmatch(text) and (unit_seconds(unit) or 0) >= 60 and not _COMMAS.search(around)
    return text.replace(".", "") if one_group or _GROUPS.fullmatch(text) else text


def unit_seconds(unit: str) -> int | None:
    """How many seconds a unit has; None for a word that is no unit. "M" alone is a minute here, "mo" a month."""
    plain = unit.strip().lower().rstrip(".")
    return _SECONDS.get(plain) or _SECONDS.get(plain.removesuffix("s"))


def stated(
    count: int | None, unit: str, times: int | None, quotation: str, scope: Scope = Scope.ALL
) -> StatedLimit | None:
    """A limit of `count` calls in `times` units; None where a number is missing, nought or past belief."""
    seconds = unit_seconds(unit)
    window = seconds * (1 if times is None else times) if seconds else 0
    if not count or not 0 < window <= LONGEST_WINDOW:
        return None
    return StatedLimit(count, window, " ".join(quotation.split())[:LONGEST_QUOTATION], scope)
