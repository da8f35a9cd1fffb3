"""How often, for how long and with what gaps the documents promise to send a failed event again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from cmms_audit.battery import Context, Prose, pattern

from . import _subscriptions
from ._repeats import NUMBER, Said, said_of_repeats

LONG_WINDOW_HOURS = 72

_WORDS = {
    "once": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "a": 1, "an": 1, "one": 1,
}  # fmt: skip
_GROWING = pattern(r"exponential|back-?off|growing|increasing", re.IGNORECASE)
_TIMES = pattern(
    rf"\b({NUMBER})\s{{0,2}}(?:more |further |failed |delivery |re-?delivery )?(?:times|retries|attempts|tries)\b"
    r"|\bretried (once|twice)\b",
    re.IGNORECASE,
)
_WINDOW = pattern(rf"\b({NUMBER}|an?)[\s-]{{0,2}}(minute|hour|day)s?\b", re.IGNORECASE)
_FIRST_GAP = pattern(
    rf"\b(?:first|initial(?:ly)?)\b[^.;]{{0,40}}?\b({NUMBER}|one|an?)[\s-]{{0,2}}(second|minute|hour)s?\b",
    re.IGNORECASE,
)
_NO_WINDOW = pattern(
    r"\b(?:every|each|kept|keeps?|stored?|retained?|available|logged|deleted|expires?|visible)\b[\w\s]{0,12}$",
    re.IGNORECASE,
)
_BEFORE = 30  # characters before a length of time that may say what it is for
_HOURS = {"second": 1 / 3600, "minute": 1 / 60, "hour": 1.0, "day": 24.0}


class Promise(Struct, frozen=True):
    """What documents promise, as far as they say: tries after the first, hours in all, growing gaps.

    `first_gap` is when the second try comes, in seconds.
    """

    tries: int | None
    hours: float | None
    growing: bool
    first_gap: float | None = None


def promised_by(said: Said) -> Promise:
    """The promise that sentences make together."""
    text = " ".join(each.text for each in said.promises)
    tries = max((_number(match[1] or match[2]) for match in _TIMES.finditer(text)), default=None)
    first = _FIRST_GAP.search(text)
    gap = _number(first[1]) * _HOURS[first[2].lower()] * 3600 if first else None
    return Promise(tries, max(_windows(text), default=None), bool(_GROWING.search(text)), gap)


async def documented_promise(ctx: Context) -> Promise:
    """What the specification promises, or else the public documentation."""
    said = said_of_repeats(_subscriptions.prose(ctx)) if ctx.has_spec else Said((), (), ())
    if not said.promises and ctx.vendor.docs_url is not None:
        documentation = await ctx.documentation()
        said = said_of_repeats(Prose(page.text, page.evidence) for page in documentation.pages)
    return promised_by(said)


def in_hours(hours: float) -> str:
    """A length of time in hours, in words."""
    return f"{hours:.3g} hour" + ("" if hours == 1 else "s")


def _windows(text: str) -> Iterator[float]:
    """The lengths of time in hours over which repeats go on; gaps ("every 2 hours") and storage times left out."""
    for match in _WINDOW.finditer(text):
        if not _NO_WINDOW.search(text[max(0, match.start() - _BEFORE) : match.start()]):
            yield _number(match[1]) * _HOURS[match[2].lower()]


def _number(written: str) -> int:
    return int(written) if written.isdigit() else _WORDS[written.lower()]
