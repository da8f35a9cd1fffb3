"""How often, for how long and with what gaps the documents promise to send a failed event again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from cmms_audit.battery import Context, Prose, pattern

from . import _subscriptions
from ._repeat_words import NUMBER
from ._repeats import Said, plain, said_of_repeats

LONG_WINDOW_HOURS = 72

_WORDS = {
    "once": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "a": 1, "an": 1, "one": 1, "few": 5, "several": 5,
}  # fmt: skip
_GROWING = pattern(r"exponential|back-?off|growing|increasing|\bdoubl(?:es|ed|ing)\b", re.IGNORECASE)
_NOT_GROWING = pattern(
    r"\b(?:no|not|without|instead of|rather than)(?: \w{1,15}){0,2} (?:exponential\w*|back-?off|growing|increasing)",
    re.IGNORECASE,
)
_TIMES = pattern(
    rf"\b({NUMBER})\s{{0,2}}(?:more |further |additional |failed |delivery |re-?delivery )?"
    r"(?:times|retries|attempts|tries)\b(?! (?:as|faster|slower|quicker|in a row)\b)"
    r"|\bretried (?:(?:only|just|at most) )?(once|twice)\b",
    re.IGNORECASE,
)

_UNIT = r"(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?)\b"
_LENGTH = rf"({NUMBER}|an?|one)[\s-]{{0,2}}{_UNIT}"
_SPAN = rf"(?:{NUMBER}(?: ?(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?))?(?: (?:to|or) | ?[-–] ?))?"
_ABOUT = rf"(?:about |around |approximately |roughly |another |~ ?)?{_SPAN}"  # of "1 to 5 minutes", the 5 count
_SAID_BETWEEN = (  # and nothing of what the receiver does, of when the sender stops, or of another length of time
    r"(?:(?!\b(?:time[sd]?[- ]?outs?|within|respon\w+|answer\w*|repl(?:y|ies)|acknowledg\w*|no|not|stops?|until|up to"
    r"|maximum|disabled?|seconds?|minutes?|hours?|days?)\b)[^.;()])"
)
_REPEAT = (
    r"(?:re-?tr(?:y|ies|ied|ying)|re-?sen(?:ds?|t|ding)|re-?deliver(?:s|ed|y|ies)?|re-?attempt(?:s|ed)?"
    r"|\b(?:sent|delivered|tried|try|tries|attempted|sends it) again|another attempt(?: \w{1,10}){0,4})"
)
_TRIES = rf"\b(?:{_REPEAT}\b{_SAID_BETWEEN}{{0,60}}?|(?:times|attempts|tries)\b{_SAID_BETWEEN}{{0,20}}?)"
_FIRST_GAPS = (  # those that say so most clearly before the others
    pattern(
        r"\b(?:(?:first|1st) (?:(?:webhook|automatic|delivery) )?(?:re-?try|re-?delivery|re-?attempt|re-?send)"
        r"|retry #?1)\b"
        rf"{_SAID_BETWEEN}{{0,60}}?\b{_ABOUT}{_LENGTH}"
        r"|\b(?:first|initially|starting|beginning|starts|begins)(?: again)? (?:after|in|at|with|from) "
        rf"{_ABOUT}{_LENGTH}"
        rf"|\binitial (?:retry )?(?:delay|interval|back-?off|wait|gap)\b{_SAID_BETWEEN}{{0,20}}?\b{_ABOUT}{_LENGTH}",
        re.IGNORECASE,
    ),
    pattern(
        rf"\b{_REPEAT}(?:\b{_SAID_BETWEEN}{{0,30}}?\bafter| in) {_ABOUT}{_LENGTH}(?! of\b)"
        rf"|(?<!last )(?<!final )\b{_REPEAT} {_ABOUT}{_LENGTH} (?:later|after)\b"
        rf"|\bwaits? (?:for )?{_ABOUT}{_LENGTH},? (?:before|and (?:then )?)\b{_SAID_BETWEEN}{{0,20}}?{_REPEAT}",
        re.IGNORECASE,
    ),
    pattern(
        rf"\b{_REPEAT}\b{_SAID_BETWEEN}{{0,60}}?\bevery (?:other )?{_SPAN}({NUMBER}|few|several)?[\s-]{{0,2}}{_UNIT}"
        rf"|{_TRIES}\b(?:at|in|with)(?: an?)? {_ABOUT}{_LENGTH} (?:intervals?|gaps?)\b"
        rf"|{_TRIES}\b(?:intervals?|gaps?|delays?|pauses?) of {_ABOUT}{_LENGTH}(?! (?:to|and|up)\b)"
        rf"|{_TRIES}\b{_LENGTH} (?:apart|delay|between)\b",
        re.IGNORECASE,
    ),
)
_BY_NAME = (
    (pattern(rf"\b{_REPEAT}\b{_SAID_BETWEEN}{{0,60}}?\bhourly\b|\bhourly retries\b", re.IGNORECASE), 3600.0),
    (pattern(rf"\b{_REPEAT}\b{_SAID_BETWEEN}{{0,60}}?\bdaily\b|\bdaily retries\b", re.IGNORECASE), 86_400.0),
)

_WINDOW = pattern(rf"\b({NUMBER}|an?|one)[\s-]{{0,2}}(minutes?|mins?|hours?|hrs?|h|days?|weeks?)\b", re.IGNORECASE)
_NO_WINDOW = pattern(
    r"\b(?:kept|keeps?|stored?|retained?|available|logged|deleted|expires?|visible)\b[\w\s]{0,12}$"
    r"|\b(?:every|each) (?:(?!(?:for|over|up|until|within|during)\b)\w{1,13} ){0,2}$"
    r"|\b(?:wait(?:s|ing)?|delay(?:ed)?)(?: (?:for|of|by))? (?:\w{1,13} )?$"
    r"|\b(?:then|intervals?|gaps?|back-?off|initial(?:ly)?|starting|beginning|between|another|least|minimum|further"
    r"|time-?out|apart)(?: (?:of|at|with|after|from|is))? (?:(?!for |over )\w{1,13} )?$"
    r"|\b(?:delay|intervals?|gaps?|pause|time|wait) between\b.*$"
    rf"|\b(?:delays?|intervals?|gaps?|pauses?|waits?) of (?:\w{{1,13}} )?{_SPAN}$"
    r"|\b(?:respon\w+|answer\w*|repl(?:y|ies)|acknowledg\w*|time[sd]?[- ]?outs?|2xx|200)"
    r"(?: \w{1,10}){0,2} (?:within|in|for|after|of) $",
    re.IGNORECASE,
)
_AFTER = pattern(r"\bafter (?:about |around |approximately )?$", re.IGNORECASE)
_ENDS = pattern(
    r"\b(?:no|not|never|stops?|giv(?:e|es|ing) up|gives? up|disabled?|dropp?(?:ed)?|discarded|lost|abandoned|cease)\b",
    re.IGNORECASE,
)
_FOR = pattern(
    r"\b(?:for|over|up to|within|during|across|through(?:out)?|until|at most|maximum|span\w*|last\w*|total|of|next"
    r"|(?:times|attempts|retries|tries) in)"
    r"(?: \w{1,13}){0,2}[ -]$",
    re.IGNORECASE,
)
_IN_ALL = pattern(
    r"^[ -]?(?:\w{1,13} )?(?:period|window|span|in (?:total|all)|altogether|total|have passed)\b", re.IGNORECASE
)
_A_GAP = pattern(r"^ ?(?:later|apart|afterwards|after|intervals?|gaps?|delay|time-?out|between|pause)\b", re.IGNORECASE)
_BEFORE = 45  # characters before a length of time that may say what it is for
_PIECES = pattern(r"[,;:()–—]")
_HOURS = {"s": 1 / 3600, "m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}  # by the first letter of a unit


class Promise(Struct, frozen=True):
    """What documents promise, as far as they say: tries after the first, hours in all, growing gaps.

    `first_gap` is when the second try comes, in seconds; where sentences differ, the latest that they say.
    """

    tries: int | None
    hours: float | None
    growing: bool
    first_gap: float | None = None


def promised_by(said: Said) -> Promise:
    """The promise that sentences make together."""
    texts = [plain(each.text) for each in said.promises]
    numbers = (_number(match[1] or match[2]) for text in texts for match in _TIMES.finditer(text))
    return Promise(
        tries=max(numbers, default=None),
        hours=max((hours for text in texts for hours in _windows(text)), default=None),
        growing=any(_GROWING.search(_NOT_GROWING.sub("", text)) for text in texts),
        first_gap=_first_gap(texts),
    )


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


def _first_gap(texts: Iterable[str]) -> float | None:
    """When the second try comes. Whoever expects it too early would accuse a sender, so the latest that is said counts.

    How long a receiver has for its answer is no gap.
    """
    texts = tuple(texts)
    for clearest in _FIRST_GAPS:
        found = [_seconds(match) for text in texts for match in clearest.finditer(text)]
        if found:
            return max(found)
    return max((gap for name, gap in _BY_NAME if any(map(name.search, texts))), default=None)


def _seconds(match: re.Match[str]) -> float:
    """The length of time in a match, whose groups are pairs of a number (none: one) and a unit."""
    pairs = zip(match.groups()[::2], match.groups()[1::2], strict=True)
    number, unit = next((number, unit) for number, unit in pairs if unit)
    return float(round(_number(number or "one") * _HOURS[unit[0].lower()] * 3600))


def _windows(text: str) -> Iterator[float]:
    """The lengths of time in hours over which repeats go on; gaps, storage times and times to answer left out."""
    pieces = _PIECES.split(text)
    for piece in pieces:
        begins = piece is pieces[0] and piece.lower().startswith("after")
        ends = bool(_ENDS.search(text if begins else piece))
        for match in _WINDOW.finditer(piece):
            if not _is_other(piece[max(0, match.start() - _BEFORE) : match.start()], piece[match.end() :], ends):
                yield _number(match[1]) * _HOURS[match[2][0].lower()]


def _is_other(before: str, behind: str, ends: bool) -> bool:
    """Whether a length of time is none over which repeats go on, by the words around it, and whether they say an end.

    "After 3 days" is a window where something ends then, and a gap elsewhere.
    """
    if _AFTER.search(before):
        return not ends
    if _NO_WINDOW.search(before) or _A_GAP.search(behind):
        return True
    return not (_FOR.search(before) or _IN_ALL.search(behind))


def _number(written: str) -> int:
    return int(written) if written.isdigit() else _WORDS[written.lower()]
