"""The numbers that the capacity model reckons with, gathered from the facts of findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from msgspec import Struct
from msgspec.structs import replace

from cmms_audit.capacity.words import WINDOWS, per, rate
from cmms_audit.model import Basis, Finding
from cmms_audit.patterns import pattern

_LIMIT = pattern(r"(?:(read|write)_)?limit_per_(?:(second|minute|hour|day|week|month)|([0-9]{1,9})_seconds)")
_STRONGEST_FIRST = tuple(Basis)


class Known(Struct, frozen=True):
    """A number, and how it is known."""

    value: float
    basis: Basis


class Limit(Struct, frozen=True):
    """So many `calls` in a `window` of so many seconds, and how that is known.

    `of` says which calls: "" for all, "read" or "write" for those alone.
    """

    calls: float
    window: int
    basis: Basis
    of: str = ""

    @property
    def name(self) -> str:
        """The window in a word: "hour", "15 minutes"."""
        return per(self.window).partition(" ")[2]

    @property
    def in_words(self) -> str:
        """The limit as it is spoken: "1,000 calls an hour", "1,000 calls an hour for reading"."""
        return rate(self.calls, self.window) + {"": "", "read": " for reading", "write": " for writing"}[self.of]


class Measured(Struct, frozen=True):
    """What the findings say of the API's capacity; None where nobody could tell.

    `page_size` and `bulk_size` in records a call (reading and writing), `seconds_per_page` in seconds a call; the
    `limits` are the lowest of each window, the shortest window first.
    """

    page_size: Known | None = None
    seconds_per_page: Known | None = None
    bulk_size: Known | None = None
    limits: tuple[Limit, ...] = ()

    def for_calls(self, of: str) -> Measured:
        """The same with the limits alone that hold for calls that "read", or that "write"."""
        return replace(self, limits=tuple(each for each in self.limits if each.of in ("", of)))


def measure(findings: Sequence[Finding]) -> Measured:
    """Gather the numbers from what findings state as `facts`; nought, infinity and the like are no numbers.

    `page_size_served`, or else `page_size_documented`, and `bulk_write_size` (records): the largest.
    `seconds_per_page`: the slowest. `limit_per_second`, `_minute`, `_hour`, `_day`, `_week`, `_month` and
    `limit_per_900_seconds` (calls): the lowest of each; with `read_` or `write_` before it, of such calls alone.
    """
    facts: dict[str, list[Known]] = {}
    for finding in findings:
        for name, number in finding.facts.items():
            if number > 0 and isfinite(number):
                facts.setdefault(name, []).append(Known(float(number), finding.basis))
    pages = facts.get("page_size_served") or facts.get("page_size_documented")
    return Measured(
        page_size=_whole(_largest(pages)),
        seconds_per_page=_largest(facts.get("seconds_per_page")),
        bulk_size=_whole(_largest(facts.get("bulk_write_size"))),
        limits=tuple(sorted(_limits(facts), key=lambda each: (each.window, each.of))),
    )


def _limits(facts: Mapping[str, Sequence[Known]]) -> Iterator[Limit]:
    for name, numbers in facts.items():
        match = _LIMIT.fullmatch(name)
        window = (WINDOWS[match[2]] if match[2] else int(match[3])) if match else 0
        if match and window:
            lowest = min(numbers, key=lambda each: (each.value, _STRONGEST_FIRST.index(each.basis)))
            yield Limit(lowest.value, window, lowest.basis, match[1] or "")


def _largest(numbers: Sequence[Known] | None) -> Known | None:
    if not numbers:
        return None
    return max(numbers, key=lambda each: (each.value, -_STRONGEST_FIRST.index(each.basis)))


def _whole(number: Known | None) -> Known | None:
    """A number of records: a whole one, at least one."""
    return Known(float(max(1, int(number.value))), number.basis) if number else None
