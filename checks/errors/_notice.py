"""Reads from prose how long before a breaking change a vendor gives notice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from cmms_audit.battery import Prose, pattern, sentences
from cmms_audit.model import Evidence

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "eighteen": 18, "twenty-four": 24, "thirty": 30, "sixty": 60, "ninety": 90,
    "a": 1, "an": 1,
}  # fmt: skip
_DAYS = {"day": 1.0, "week": 7.0, "month": 365 / 12, "quarter": 365 / 4, "year": 365.0}
_NUMBER = rf"\d{{1,4}}|{'|'.join(_NUMBERS)}"
# Of a range ("6 to 12 months") only the lower end is promised; what was so long ago is no promise.
_DURATION = pattern(
    r"(?<!last )(?<!past )(?<!previous )"
    rf"\b(?:(?P<least>{_NUMBER})\s?(?:-|–|to|or)\s?)?(?P<number>{_NUMBER})\+?[\s-]{{1,3}}(?:\([\w-]{{1,12}}\)\s)?"
    rf"(?:calendar |full |business |working |or more )?(?P<unit>{'|'.join(_DAYS)})s?\b(?!\s(?:ago|old)\b)",
    re.IGNORECASE,
)
_HALF_A_YEAR = pattern(r"\bhalf[ -](?:an? )?year\b", re.IGNORECASE)
_ALTERS = "(?:chang|remov|modif|new version|release)"
_TELLS = "(?:notice|notif|announc|in advance|ahead|inform)"
_ABOUT_CHANGE = pattern(
    r"deprecat|sunset|retir|end[ -]of[ -]life|breaking|discontinu|backward|older versions?|previous versions?"
    rf"|{_ALTERS}.{{0,200}}{_TELLS}|{_TELLS}.{{0,200}}{_ALTERS}",
    re.IGNORECASE,
)
_ABOUT_THE_API = pattern(
    r"\bAPIs?\b|endpoint|version|breaking|deprecat|release|integration|operation|parameter|schema|\bfields?\b"
    r"|\bchanges?\b",
    re.IGNORECASE,
)
_ABOUT_SOMETHING_ELSE = pattern(
    r"\btokens?\b|credential|password|\bkeys?\b|secret|\blogs?\b|retain|retention|trial|invoice|certificate|session"
    r"|payment|refund|work orders?|\bassets?\b|(?:planned|scheduled) maintenance|maintenance window|outage|downtime"
    r"|rate limit|pric(?:e|ing)|\bfees?\b|terminat|\bpatches\b|vulnerabilit|security (?:fix|update|release)",
    re.IGNORECASE,
)
_ENDS = "(?:chang|deprecat|remov|modif|break|discontinu|retir)"
_EARLY = "(?:any |prior |advance |further )?"
_DENIED = pattern(
    r"\b(?:do|does|did|will|can|are|is)(?: not|n't| never) (?:\w{1,12} ){0,2}?"
    r"(?:announc|giv|guarante|promis|commit|support|provid|notif|publish)|\bno obligation\b",
    re.IGNORECASE,
)
_WITHOUT_NOTICE = pattern(
    rf"\b{_ENDS}\w{{0,10}}\b.{{0,120}}\b(?:without|no) {_EARLY}notice\b"
    rf"|\bwithout {_EARLY}notice\b.{{0,120}}\b{_ENDS}",
    re.IGNORECASE,
)
_LONGEST_TEXT = 200_000
_OF_A_PART = pattern(
    r"\b(?:alpha|beta|preview|pre-?release|experimental|early[ -]access|labs?|undocumented|internal|unstable)\b",
    re.IGNORECASE,
)
_OF_A_TRIAL_SYSTEM = pattern(
    r"\b(?:sandbox|staging|(?:test|trial) (?:system|environment|server))s?\b[^.;]{0,40}$", re.I
)
_BREAKING = pattern(r"(?<!non-)(?<!non )(?<!not )\bbreak(?:s|ing)?\b|\bincompatible\b|\bnot backward", re.IGNORECASE)
_HARMLESS = pattern(
    r"\badditive\b|\bnon[- ]?breaking\b|\bnot break|\bbackwards?[- ]compatible\b"
    r"|\b(?:minor|cosmetic) (?:changes?|updates?)\b",
    re.IGNORECASE,
)
_OF_WHAT_GOES = pattern(r"\b(?:deprecated|obsolete|legacy|sunset)\s(?!by\b)[a-z]", re.IGNORECASE)
_EXCEPTED = pattern(r"\b(?:except|exclud\w{1,3}|other than|apart from|(?<!unlike )stable)\b", re.IGNORECASE)
_POINTS_BACK = pattern(r"\b(?:it|its|they|their|these|this|that|those|such|them)\b", re.IGNORECASE)
_CLAUSE = pattern(r"; | but | while | whereas |, however")
_JUST_BEFORE = 200  # characters
_OF_TIME = (*_DAYS, "notice")
_IN_RELEASES = pattern(
    r"\b(?:one|two|three|four|five|six|\d{1,2}) (?:more |further |major |minor |full |subsequent |quarterly |API ){0,2}"
    r"(?:releases|versions)\b",
    re.IGNORECASE,
)
_BEFORE_THE_END = pattern(
    r"deprecat|sunset|retir|remov|discontinu|support|maintain|\bkept\b|end[ -]of[ -]life", re.IGNORECASE
)


class Notice(Struct, frozen=True):
    """A stated period of notice, in days; 0 where changes are announced to come without any.

    `sure` is false where the sentence may be about something else, such as tokens or assets.
    """

    days: int
    sure: bool
    quotation: str
    evidence: Evidence


def longest_notice(texts: Iterable[Prose]) -> Notice | None:
    """The longest period of notice that these texts state, a sure one before any other; None where they state none."""
    return max(_notices(texts), key=lambda notice: (notice.sure, notice.days), default=None)


def notice_in_releases(texts: Iterable[Prose]) -> Prose | None:
    """The sentence that counts the notice in releases ("removed after two versions") and not in days, if one does."""
    telling = (each for each in texts if "releases" in each.text or "versions" in each.text)
    for sentence in sentences(telling, _IN_RELEASES):
        text = sentence.text[:600]
        if _BEFORE_THE_END.search(text) and _ABOUT_CHANGE.search(text) and not _ABOUT_SOMETHING_ELSE.search(text):
            return sentence
    return None


def _speaks_of_time(text: str) -> bool:
    """Whether a text can state a period at all; most cannot, and need no closer look."""
    lower = text.lower()
    return any(word in lower for word in _OF_TIME)


def _notices(texts: Iterable[Prose]) -> Iterator[Notice]:
    telling = (each for each in texts if _speaks_of_time(each.text))
    for prose in telling:
        for sentence in sentences((prose,), _ABOUT_CHANGE):
            text = sentence.text[:600]
            sure = _ABOUT_THE_API.search(text) is not None and _ABOUT_SOMETHING_ELSE.search(text) is None
            plain = _HALF_A_YEAR.sub("6 months", text)
            for match in _DURATION.finditer(plain) if _DENIED.search(text) is None else ():
                on_trial = _OF_A_TRIAL_SYSTEM.search(plain[: match.start()]) is not None
                of_all = not on_trial and not _is_of_a_part(_clause(plain, match.start()))
                yield Notice(_in_days(match), sure and of_all, text, sentence.evidence)
            none = _WITHOUT_NOTICE.search(text)
            if none:
                of_all = not _leaves_the_rest_alone(prose, text, _clause(text, none.start()))
                yield Notice(0, sure and of_all, text, sentence.evidence)


def _clause(text: str, at: int) -> str:
    """The part of a sentence that a place lies in: what stands after a "but" is about something else."""
    ends = [match.start() for match in _CLAUSE.finditer(text)]
    return text[
        max((end for end in ends if end <= at), default=0) : min((end for end in ends if end > at), default=None)
    ]


def _is_of_a_part(text: str) -> bool:
    """Whether a promise is about a part of the API only that is not finished yet, and not about all but that."""
    return _OF_A_PART.search(text) is not None and _EXCEPTED.search(text) is None


def _leaves_the_rest_alone(prose: Prose, sentence: str, clause: str) -> bool:
    """Whether changes without notice are told of a part of the API only: of one operation, of what is new or going.

    What breaks nothing may well come without notice.
    """
    if _HARMLESS.search(clause) and not _BREAKING.search(clause):
        return True
    if prose.of_operation or _OF_A_PART.search(clause) or _OF_WHAT_GOES.search(clause):
        return True
    if not _POINTS_BACK.search(clause):
        return False
    text = " ".join(prose.text[:_LONGEST_TEXT].split())
    at = text.find(sentence[:_JUST_BEFORE])
    return at > 0 and _OF_A_PART.search(text[max(0, at - _JUST_BEFORE) : at]) is not None


def _in_days(match: re.Match[str]) -> int:
    number = (match["least"] or match["number"]).lower()
    count = _NUMBERS[number] if number in _NUMBERS else int(number)
    return round(count * _DAYS[match["unit"].lower()])
