"""What documents say of sending a failed event again: promises, denials, and denials for some cases only."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from cmms_audit.battery import Prose, pattern, sentences

NUMBER = r"(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty)"
_EVENTS = r"(?:webhooks?|deliver\w*|event notifications?|callbacks?|subscribers?|(?:failed|each|an|the) events?)"
_BEST_EFFORT = r"\bbest[- ]effort\b"
_NOT_REPEATED = (
    r"\bfire[- ]and[- ]forget\b|\bat[- ]most[- ]once\b|\b(?:sent|delivered) (?:only )?once\b"
    r"|\b(?:no|never|without|not|cannot|\w{2,6}n't) (?:automatic(?:ally)? |be |being |any |currently )?"
    r"(?:retr(?:y|ies|ied|ying)|resent|re-?delivered|re-?tried)\b"
)
_REPEATED = (
    rf"\bretr(?:y|ies|ied|ying)\b|\b{NUMBER} (?:delivery )?attempts\b"
    r"|\bautomatically (?:re-?)?(?:sen[dt]|deliver\w*|attempt\w*)\b"
)
_IS_BEST_EFFORT = pattern(_BEST_EFFORT, re.IGNORECASE)
_IS_NOT_REPEATED = pattern(_NOT_REPEATED, re.IGNORECASE)
_IS_REPEATED = pattern(_REPEATED, re.IGNORECASE)
_ABOUT_REPEATS = pattern(f"{_BEST_EFFORT}|{_NOT_REPEATED}|{_REPEATED}", re.IGNORECASE)
OF_EVENTS = pattern(rf"\b{_EVENTS}\b", re.IGNORECASE)
_EITHER = pattern(f"{OF_EVENTS.pattern}|{_ABOUT_REPEATS.pattern}", re.IGNORECASE)
_FOR_THE_CLIENT = pattern(r"\b429\b|retry-after|rate.?limit|\byour?\b|idempoten|\brequests?\b", re.IGNORECASE)
QUICK_EVENTS = ("hook", "deliver", "event", "callback", "subscriber")
_QUICK = ("retr", "best", "fire", "once", "automatic", "redeliver", "re-deliver", "resen", "re-sen", "attempt")

_CLAUSES = pattern(r";|,? (?:but|while|whereas|although|otherwise)\b", re.IGNORECASE)
_CONDITION = pattern(
    r"\b(?:if|when|whenever|unless|until|except|after|once|beyond|4\d\d|4xx|any ?more|any longer)\b", re.IGNORECASE
)
_FOR_SOME_CASES = pattern(
    rf"\b4(?:\d\d|xx)\b|\bclient errors?\b|\bgone\b|\b(?:disabled|deleted|removed)\b|\bany ?more\b|\bany longer\b"
    rf"|\b{NUMBER}(?:st|nd|rd|th)? (?:\w{{1,15}} )?"
    r"(?:retr\w{1,4}|attempts?|tr(?:y|ies)|times|failures|hours?|days?)\b",
    re.IGNORECASE,
)
_AT_ANY_FAILURE = pattern(
    r"\b(?:if|when|whenever|once|after)\b.{0,60}(?:\bfail\w*|\berrors?\b|\bdown\b|\bunavailable\b"
    r"|\btime[sd]?[- ]?outs?\b|\bunreachable\b|\boffline\b|\b(?:2|5)(?:\d\d|xx)\b"
    r"|(?:\bnot|n't) (?:be )?(?:respond|answer|accept|deliver|acknowledg|reach|receiv)\w*)"
    r"|\bafter (?:one|a single|the first|the initial) (?:attempt|try|delivery)\b",
    re.IGNORECASE,
)
_STOPS = pattern(
    rf"\bany ?more\b|\bany longer\b|\bafter\b.{{0,30}}\b{NUMBER} (?:\w{{1,15}} )?"
    r"(?:retries|attempts|tries|times|hours|days)\b",
    re.IGNORECASE,
)
_TRIALS = pattern(
    r"\b(?:test|trial|sample|dummy)[- ](?:\w{1,15} )?(?:events?|messages?|webhooks?|deliver\w+)\b|\bpings?\b", re.I
)
_ORDER = (
    r"(?:\bordering\b|\bordered\b|\border of\b|\b(?:delivery|event|message|chronological) order\b(?! events?)"
    r"|\bin (?:the )?(?:\w{1,15} )?order\b(?! to\b)|\bsequence\b|\blatenc\w{1,3}\b|\btimeliness\b"
    r"|\bwithin (?:\d{1,4}|a few|an?) (?:second|minute|hour)s?\b)"
)
_EFFORT_FOR_ORDER = pattern(
    rf"{_ORDER}.{{0,80}}{_BEST_EFFORT}|{_BEST_EFFORT}(?:(?! and\b).){{0,40}}{_ORDER}", re.IGNORECASE
)
_BY_HAND = pattern(
    r"\b(?:you|clients?|consumers?|receivers?) (?:must|should|have to|can|need to|may|could)\b.{0,40}"
    r"\bretr(?:y|ies|ied|ying)\b"
    r"|\b(?:so|please|and|then),? retry\b|\bretr\w{1,4}\b.{0,30}\b(?:manually|by hand)\b|\bmanual(?:ly)? retr\w{1,4}\b",
    re.IGNORECASE,
)


class Said(Struct, frozen=True):
    """Sentences on sending an event again; `exceptions` speak of cases in which it is not, and of nothing else."""

    promises: tuple[Prose, ...]
    denials: tuple[Prose, ...]
    exceptions: tuple[Prose, ...]


def said_of_repeats(texts: Iterable[Prose]) -> Said:
    """Sort the sentences on sending an event again. One may promise and deny, each in a clause of its own."""
    promises, denials, exceptions = [], [], []
    for each in _sentences(texts):
        clauses = _CLAUSES.split(each.text)
        denies, promised = any(map(_denies, clauses)), any(map(_promises, clauses))
        promises += [each] if promised else []
        denials += [each] if denies else []
        exceptions += [each] if _IS_NOT_REPEATED.search(each.text) and not (promised or denies) else []
    if promises:  # with repeats, "best effort" says only that even they may fail
        denials = [each for each in denials if _IS_NOT_REPEATED.search(each.text)]
    return Said(tuple(promises), tuple(denials), tuple(exceptions))


def _denies(clause: str) -> bool:
    """Whether a clause says that events are lost: in general, and not in some cases, for tests, or of their order."""
    if _TRIALS.search(clause):
        return False
    if not _IS_NOT_REPEATED.search(clause):
        return bool(_IS_BEST_EFFORT.search(clause)) and not _EFFORT_FOR_ORDER.search(clause)
    if not _CONDITION.search(_IS_NOT_REPEATED.sub("", clause)):
        return True
    return bool(_AT_ANY_FAILURE.search(clause)) and not _FOR_SOME_CASES.search(clause)


def _promises(clause: str) -> bool:
    """Whether a clause says that events are sent again, or until when they are."""
    if _IS_NOT_REPEATED.search(clause) and _STOPS.search(clause):
        return True
    rest = _BY_HAND.sub("", _IS_NOT_REPEATED.sub("", clause))
    return not _TRIALS.search(clause) and bool(_IS_REPEATED.search(rest))


def _sentences(texts: Iterable[Prose]) -> Iterable[Prose]:
    """Sentences on repeats that name events, or follow one that does and do not speak to the client."""
    before: Prose | None = None
    for each in sentences(filter(_is_worth_reading, texts), _EITHER):
        follows = before is not None and before.place is each.place and bool(OF_EVENTS.search(before.text))
        names_events = bool(OF_EVENTS.search(each.text))
        if _ABOUT_REPEATS.search(each.text) and (names_events or (follows and not _FOR_THE_CLIENT.search(each.text))):
            yield each
        before = each


def _is_worth_reading(text: Prose) -> bool:
    """A quick look: whether a text holds words for events and for repeats."""
    lower = text.text.lower()
    return any(word in lower for word in QUICK_EVENTS) and any(word in lower for word in _QUICK)
