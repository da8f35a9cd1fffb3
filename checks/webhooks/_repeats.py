"""What documents say of sending a failed event again: promises, denials, and denials for some cases only."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from cmms_audit.battery import Prose, pattern, sentences

from . import _repeat_words as words

QUICK_EVENTS = ("hook", "deliver", "event", "callback", "subscriber", "notification")
_QUICK = (
    "retr", "re-tr", "best", "fire", "once", "automatic", "redeliver", "re-deliver", "resen", "re-sen", "attempt",
    "again", "single", "drop", "discard", "lost", "abandon", "thrown", "trying", "tries", "try to",
)  # fmt: skip
_CLAUSES = pattern(r";|,? (?:but|while|whereas|although|otherwise|however)\b", re.IGNORECASE)
_CONTRASTS = pattern(r";|,? (?:but|whereas|although|otherwise|however)\b", re.IGNORECASE)
_EMPHASIS = pattern(r"[*`]+|\b_+|_+\b|</?(?:b|i|em|strong|code|u)>", re.IGNORECASE)
_EITHER = pattern(f"{words.OF_EVENTS.pattern}|{words.ABOUT_REPEATS.pattern}", re.IGNORECASE)


class Said(Struct, frozen=True):
    """Sentences on sending an event again; `exceptions` speak of cases in which it is not, and of nothing else."""

    promises: tuple[Prose, ...]
    denials: tuple[Prose, ...]
    exceptions: tuple[Prose, ...]


def said_of_repeats(texts: Iterable[Prose]) -> Said:
    """Sort the sentences on sending an event again. One may promise and deny, each in a clause of its own."""
    promises, denials, exceptions = [], [], []
    for each in _sentences(texts):
        text = plain(each.text)
        clauses = _CLAUSES.split(text)
        promised = any(map(_promises, clauses))
        denies = any(map(_denies, clauses)) or (not promised and any(map(_loses, _CONTRASTS.split(text))))
        promises += [each] if promised else []
        denials += [each] if denies else []
        exceptions += [each] if _refuses(text) and not (promised or denies) else []
    if promises:  # with repeats, "best effort" says only that even they may fail, and an old roadmap has come true
        denials = [each for each in denials if words.DENIED.search(plain(each.text))]
    return Said(tuple(promises), tuple(denials), tuple(exceptions))


def plain(sentence: str) -> str:
    """A sentence without marks of emphasis, with simple apostrophes."""
    return _EMPHASIS.sub("", sentence).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _refuses(text: str) -> bool:
    return bool(words.REFUSED.search(text) or words.ONE_TRY.search(text))


def _denies(clause: str) -> bool:
    """Whether a clause says that events are not sent again: in general, and not in some cases, for tests, or for now.

    That repeats are to come says that there are none yet; that better ones are to come says nothing.
    """
    if words.TRIALS.search(clause):
        return False
    if words.TO_COME.search(clause) and words.REPEATED.search(clause):
        return not words.BETTER.search(clause)
    told = words.TOLD_THE_CLIENT.sub("", clause)
    if not words.REFUSED.search(told):
        return bool(words.BEST_EFFORT.search(clause)) and not words.EFFORT_FOR_ORDER.search(clause)
    return not _was_taken(told) and _is_general(told)


def _loses(clause: str) -> bool:
    """Whether a clause says, without a word of repeats, that an event has one try, or is lost when that fails."""
    if words.TRIALS.search(clause) or words.TWICE.search(clause):
        return False
    if words.ONE_TRY.search(clause):
        return _is_general(clause)
    if words.NO_MORE.search(clause):
        return bool(words.AT_ANY_FAILURE.search(clause)) and not words.FOR_SOME_CASES.search(clause)
    lost = bool(words.LOST.search(clause)) and not words.LOST_OTHERWISE.search(clause)
    return lost and bool(words.FAILED.search(clause)) and not words.FOR_SOME_CASES.search(clause)


def _is_general(clause: str) -> bool:
    """Whether what a clause denies holds for every failure. What follows a colon explains it, and is no condition."""
    if not words.CONDITION.search(words.DENIED.sub("", clause).partition(": ")[0]):
        return True
    return bool(words.AT_ANY_FAILURE.search(clause)) and not words.FOR_SOME_CASES.search(clause)


def _was_taken(clause: str) -> bool:
    """Whether a clause speaks of events that the receiver took: that they are not sent again is as it should be."""
    rest = words.DENIED.sub("", clause)
    return bool(words.TAKEN.search(rest)) and not words.NOT_TAKEN.search(rest)


def _promises(clause: str) -> bool:
    """Whether a clause says that events are sent again by the sender itself, now, or until when they are."""
    if words.TRIALS.search(clause) or words.TO_COME.search(clause) or words.NO_GUARANTEE.search(clause):
        return False
    if (words.REFUSED.search(clause) or words.NO_MORE.search(clause)) and words.STOPS.search(clause):
        return True
    if words.BY_HAND_TOO.search(clause) and not words.BY_ITSELF.search(clause):
        return False
    rest = words.BY_HAND.sub("", words.DENIED.sub("", words.TOLD_THE_CLIENT.sub("", clause)))
    return bool(words.REPEATED.search(rest))


def _sentences(texts: Iterable[Prose]) -> Iterable[Prose]:
    """Sentences on repeats that name events, or follow one that does and do not speak to the client."""
    before: Prose | None = None
    for each in sentences(filter(_is_worth_reading, texts), _EITHER):
        follows = before is not None and before.place is each.place and bool(words.OF_EVENTS.search(before.text))
        names_events = bool(words.OF_EVENTS.search(each.text))
        if _states(each.text) and (names_events or (follows and not words.FOR_THE_CLIENT.search(each.text))):
            yield each
        before = each


def _states(sentence: str) -> bool:
    """Whether a sentence speaks of repeats, and is no question and no heading."""
    text = plain(sentence)
    if text.endswith("?") or words.HEADING.match(text):
        return False
    return bool(words.ABOUT_REPEATS.search(text))


def _is_worth_reading(text: Prose) -> bool:
    """A quick look: whether a text holds words for events and for repeats."""
    lower = text.text.lower()
    return any(word in lower for word in QUICK_EVENTS) and any(word in lower for word in _QUICK)
