"""Rate limits in sentences: "5 requests/sec", "one call every two seconds", "requests per hour: 1,000".

A sentence is cut into numbers, windows of time and words for calls; what stands beside what decides. Every pattern has
bounded repeats and runs over one sentence of bounded length: the text is the vendor's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from cmms_audit.patterns import pattern
from cmms_audit.spec.limit_scopes import (
    belonging,
    calls_named,
    is_an_example,
    is_for_the_rest,
    is_over,
    is_said_of_now,
)
from cmms_audit.spec.limit_values import Scope, StatedLimit, number, stated, without_dots

LONGEST_TEXT = 200_000
ABOUT_LIMITS = pattern(
    r"rate.?limit|throttl|\bquotas?\b|\brps\b|(?:request|call|usage|api) limits?\b|service protection", re.IGNORECASE
)
LONGEST_ROW = 500
_LONGEST_SENTENCE = 600
_CONTEXT = 400  # characters over which a heading or a sentence about rate limits speaks for what follows
_FAR = 45  # characters between the calls and their window

_BREAK = pattern(
    r"(?<=[.!?;])(?<!\be\.g\.)(?<!\bi\.e\.)\s+"
    r"|\n[ \t]{0,20}(?=[-*#>+|\n]|\d{1,3}[.)]\s)|\||<br ?/?>|</(?:li|p|td|tr|h\d)>",
    re.IGNORECASE,
)
_HEADING = pattern(r"\s{0,3}#{1,6}\s")
_NUMBER_WORD = "one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety"
_TOKEN = pattern(
    r"(?P<window>(?:\b(?P<loose>in|within|during|over)\s{1,2}|\b(?:per|every|each)[\s-]{1,2}|/\s{0,2}|\b(?=an?\s)"
    r"|\b(?:rolling|sliding|fixed)\s)"
    r"(?:(?:any|each|every|the(?: same|(?= {1,2}\d))|an?|one|single|rolling|sliding|fixed)\s{1,2}){0,3}"
    rf"(?:(?P<times>\d{{1,4}}|{_NUMBER_WORD})[\s-]{{1,2}}|(?P<glued>\d{{1,4}}))?"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|hours?|hrs?|h|days?|d|diem|weeks?|months?)\b"
    r"|\b(?P<adverb>hourly|daily|weekly|monthly)\b)"
    r"|\b(?P<rate>[rqt]p[smhd])\b"
    r"|(?P<count>(?<![\w.,$€£+])(?:\d{1,3}(?:(?:[,' ]\d{3}){1,3}|(?:\.\d{3}){1,3})|\d{1,9})"
    r"(?:\s?(?:k|thousand|million)\b)?(?![\w%]|[.,]\d|\sToo Many)"
    rf"|\b(?:(?:{_NUMBER_WORD})(?:[\s-](?:hundred|thousand|million))?|an? (?:hundred|thousand|million)|once|twice)\b"
    r"|\ban?\b(?=\s{1,2}(?:api )?(?:request|call)\b))"
    r"|\b(?P<noun>requests?|calls?|reqs?|queries|hits|invocations|operations|transactions|called|invoked)\b",
    re.IGNORECASE,
)
_RATE_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}

_LIMITING = pattern(
    r"limit|throttl|quota|\bmax|at most|up to|no more|not more|more than|\bonly\b|allow|exceed|permit|ceiling"
    r"|\bcap(?:ped)?\b|(?:may|can) (?:make|send|call|be called|be made)",
    re.IGNORECASE,
)
_OF_OTHERS = pattern(
    r"web-?hook|call-?back|your (?:end ?point|server|url|receiver)|\bwe (?:send|call|poll|deliver)"
    r"|\bdeliver(?:y|ies|ed)\b|\bretention\b|\buptime\b|in the (?:last|past)\b",
    re.IGNORECASE,
)
_BOASTING = pattern(
    r"\b(?:serv(?:es?|ed|ing)|handl(?:es?|ed|ing)|scal(?:es?|ed|ing)|process(?:es|ed|ing)?|averag\w{1,3}|benchmark\w{0,3})\b",
    re.IGNORECASE,
)
_PROMISING = pattern(rf"{ABOUT_LIMITS.pattern}|\b(?:allow|permit|limit|exceed)", re.IGNORECASE)
STRANGERS = pattern(
    r"un-?authenticated|anonymous|without (?:an? |any )?(?:api )?(?:key|token|credential|authentic)", re.IGNORECASE
)
_OTHER_CALLS = pattern(
    r"\b(?:failed|failing|retry|concurrent|parallel|simultaneous|in-flight|pull|work|service|maintenance|repair|purchase|leave"
    r"|feature|change|parts?|quote|support|help|incident|phone|sales|conference|voice|emergency|open|free|additional|extra)\b",
    re.IGNORECASE,
)
_USUAL_CALLS = pattern(
    r"(?:[\s,(/)]|\b(?:api|https?|rest|total|successful|authenticated|json|different|server|and|of|the|your|read|write|get|post"
    r"|put|patch|delete|search|batch|bulk|export|upload|log-?in|token)\b){0,12}",
    re.IGNORECASE,
)
_OTHER_THINGS = pattern(
    r"\b(?:e-?mails?|messages?|records?|items?|invitations?|invites?|events?|files?|attachments?|invoices?|notifications?|sms"
    r"|pages?|reports?|digests?|readings?|samples?|jobs?|tasks?|orders?|backups?|people|characters?|bytes|[kmgt]i?b|points?|price"
    r"|costs?|attempts?|hours)\b",
    re.IGNORECASE,
)
_BESIDE = pattern(
    r"\s{0,2}(?:times\b)?[\s,(]{0,3}(?:(?:per|for each|by|for every)\s[a-z][a-z -]{1,25}?)?[\s,(]{0,3}(?:of\s)?",
    re.IGNORECASE,
)
_ADJECTIVES = pattern(r"[\s)]{0,3}(?:[a-z][\w/-]{0,15}[\s,]{1,2}){0,4}", re.IGNORECASE)
_IS_ALLOWED = pattern(
    r"[\s,(]{0,3}(?:per [a-z ]{2,25})?(?:(?:are|is|can be|may be)\s)?"
    r"(?:allowed|permitted|possible|made|sent|accepted)?[\s,(]{0,3}",
    re.IGNORECASE,
)
_TAKES_TIME = pattern(r"\b(?:return|take|last|expir|fail|time|complet|finish|respond)", re.IGNORECASE)
_LEADS_TO = pattern(
    r"[^.\d]{0,30}?(?:[:=,]|\b(?:is|of|to|most|than|may|can|maximum|max|limit|send|make)\b)[^.\d]{0,25}", re.IGNORECASE
)
_RAISED_FROM = pattern(r"\b(?:raised|increased|lowered|reduced|changed) from\s$", re.IGNORECASE)
_AFTER_COUNT = pattern(r"\s?(?:%|(?:seconds?|minutes?|hours?|days?|ms)\b)|:\d", re.IGNORECASE)

# "360/minute" right behind a method, near the word "limit", is a number of calls.
_OF_A_METHOD = pattern(
    r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE)(?:\s|:|=){1,3}\d[\d,.]{0,9}\s?(?:/|per )\s?(?:s|m|h|d)[a-z]{0,5}\b"
)
_LIMITS = pattern(r"\blimit(?:s|ed)?\b", re.IGNORECASE)
# The time that answers take to compute, limited beside the number of calls within the same window.
_COMPUTING_TIME = pattern(
    r"(?:\s?(?:,|\band\b|\bor\b)){1,2}\s(?:use\s|take\s|up to\s){0,2}\d[\d,]{0,8}\s(?:milli)?(?:seconds|minutes)\sof\s"
    r"(?:combined\s|total\s)?(?:comput(?:e|ing)|cpu|processor|processing|execution)[ -]time\b",
    re.IGNORECASE,
)

_LONG_UNITS = ("second", "minute", "hour", "day", "daily", "week", "month")
_DIGIT = pattern(r"\d")
_SHORT_UNITS = pattern(
    r"(?:\bper\s{1,2}|\bevery\s{1,2}|\bin\s{1,2}|/\s?)\d{0,4}\s?(?:s|secs?|mins?|h|hrs?|d)\b|\b[rqt]p[smhd]\b"
)
_CALL_WORDS = (
    "req",
    "call",
    "quer",
    "hit",
    "operation",
    "invo",
    "limit",
    "throttl",
    "quota",
    "transaction",
    "rp",
    "tps",
    "qps",
)


class _Token(Struct, frozen=True):
    """A number ("count"), a time ("window", "rate") or a word for calls ("noun"), and where it stands."""

    kind: str
    start: int
    end: int
    match: re.Match[str]


class _Sentence(Struct):
    """One sentence in tokens. `about` says that it, or a text just before, speaks of rate limits."""

    text: str
    about: bool
    tokens: Sequence[_Token]
    used: set[int] = field(default_factory=set)

    def free(self, index: int, kind: str) -> _Token | None:
        """The token at an index, if it is of this kind and not part of a limit already."""
        if 0 <= index < len(self.tokens) and index not in self.used and self.tokens[index].kind == kind:
            return self.tokens[index]
        return None

    def between(self, left: _Token, right: _Token) -> str:
        """The text between two tokens."""
        return self.text[left.end : right.start]


def is_row(line: str) -> bool:
    """Whether a line is a row of a table."""
    return "|" in line and len(line) <= LONGEST_ROW


def limits_in_phrase(text: str, *, about: bool) -> Iterator[StatedLimit]:
    """The limits in a few words, such as a cell of a table; `about` says that it is known to speak of rate limits."""
    for sentence in _sentences(text):
        if _has_window(sentence) and is_said_of_now(sentence):
            yield from _in_sentence(sentence, about=about)


def limits_in_sentences(text: str) -> Iterator[StatedLimit]:
    """The limits that the sentences of a text state, those in rows of tables left out."""
    if not _may_state_a_limit(text):
        return
    reach, limited, follows = 0, 0, False
    for sentence in _sentences(_without_rows(text[:LONGEST_TEXT])):
        if ABOUT_LIMITS.search(sentence):
            reach = _CONTEXT
        elif _HEADING.match(sentence):
            reach = limited = 0
        if _LIMITS.search(sentence):
            limited = _CONTEXT
        if _has_window(sentence) and is_said_of_now(sentence):
            of_calls = limited > 0 and _OF_A_METHOD.search(sentence) is not None
            about = reach > 0 or of_calls or (follows and is_for_the_rest(sentence))
            found = list(_in_sentence(sentence, about=about))
            follows = bool(found)
            yield from found
        reach, limited = reach - len(sentence), limited - len(sentence)


def _without_rows(text: str) -> str:
    """A text without its rows of tables; of one that speaks of rate limits ("Rate limits | Manual") that much stays."""
    return "\n".join(_left_of_row(line) if is_row(line) else line for line in text.split("\n"))


def _left_of_row(line: str) -> str:
    return "\nRate limits." if ABOUT_LIMITS.search(line) else ""


def _sentences(text: str) -> Iterator[str]:
    for piece in _BREAK.split(text):
        sentence = " ".join(piece[:_LONGEST_SENTENCE].split())
        if sentence:
            yield sentence


def _has_window(text: str) -> bool:
    lower = text.lower()
    return any(unit in lower for unit in _LONG_UNITS) or bool(_DIGIT.search(lower) and _SHORT_UNITS.search(lower))


def _may_state_a_limit(text: str) -> bool:
    """A quick look: whether a text holds words that every stated limit needs."""
    lower = text.lower()
    return _has_window(lower) and any(word in lower for word in _CALL_WORDS)


def _in_sentence(text: str, *, about: bool) -> Iterator[StatedLimit]:
    tokens = list(_tokens(text))
    if not any(token.kind in ("window", "rate") for token in tokens) or _speaks_of_something_else(text):
        return
    sentence = _Sentence(text, about, tokens)
    begin, scope = 0, Scope.ALL
    for index, token in enumerate(tokens):
        count = _count_of(sentence, index) if token.kind in ("window", "rate") else None
        if count is None:
            continue
        sentence.used.add(count)
        end = max(token.end, tokens[count].end)
        start = min(begin, tokens[count].start)
        begin = belonging(text, end, _next_count(sentence, end))
        segment = text[start:begin]
        before = text[start : min(token.start, tokens[count].start)]
        scope = Scope.SOME if is_an_example(before) else _scope(segment, scope)
        limit = _limit(sentence, _lower_end(sentence, count), token, scope)
        if is_over(before, text[end:]):
            continue
        if limit and not STRANGERS.search(segment + _rest(sentence, end)):
            yield limit


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens of a sentence, but for the computing time that it limits besides."""
    besides = [match.span() for match in _COMPUTING_TIME.finditer(text)]
    for match in _TOKEN.finditer(text):
        if not any(start <= match.start() < end for start, end in besides):
            yield _Token(_kind(match), match.start(), match.end(), match)


def _scope(segment: str, before: Scope) -> Scope:
    """What the limit of a segment holds for: what was named before in the sentence, until it turns to all others."""
    named = calls_named(segment)
    if named is None:
        return Scope.ALL if is_for_the_rest(segment) else before
    return before if before is Scope.PLACE else named


def _next_count(sentence: _Sentence, end: int) -> int:
    """Where the next number stands; the end of the sentence where there is none."""
    following = (token.start for token in sentence.tokens if token.kind == "count" and token.start >= end)
    return next(following, len(sentence.text))


def _rest(sentence: _Sentence, end: int) -> str:
    """What follows a limit and still belongs to it: up to the next number."""
    return sentence.text[end : min(_next_count(sentence, end), end + _FAR)]


def _kind(match: re.Match[str]) -> str:
    return next(kind for kind in ("window", "rate", "count", "noun") if match[kind] is not None)


def _speaks_of_something_else(text: str) -> bool:
    """Calls that the vendor makes, and what its machines are praised for, are no limits for a client."""
    boasts = _BOASTING.search(_COMPUTING_TIME.sub("", text)) is not None
    return bool(_OF_OTHERS.search(text)) or (boasts and not _PROMISING.search(text))


def _count_of(sentence: _Sentence, index: int) -> int | None:
    """The index of the number that belongs to a window of time; None where none does."""
    if sentence.tokens[index].kind == "rate":
        return _count_of_rate(sentence, index)
    for rule, at in ((_calls_then_window, index - 2), (_bare_then_window, index - 1), (_window_then_count, index + 1)):
        count = sentence.free(at, "count")
        if count and not sentence.text[: count.start].rstrip().lower().endswith("per") and rule(sentence, index):
            return at
    return None


def _count_of_rate(sentence: _Sentence, index: int) -> int | None:
    """Rates in one word, "10 rps" and "RPS: 10". What else the sentence speaks of tells the speed of a motor apart."""
    if not (ABOUT_LIMITS.search(sentence.text) or any(token.kind == "noun" for token in sentence.tokens)):
        return None
    for at in (index - 1, index + 1):
        count = sentence.free(at, "count")
        gap = sentence.text[sentence.tokens[index].end : count.start] if count and at > index else ""
        if count and re.fullmatch(r"\s?(?:[:=]|of|is|limit)?\s?(?:of|:)?\s?", gap):
            return at
    return None


def _calls_then_window(sentence: _Sentence, index: int) -> bool:
    """Calls and then the window: "60 requests per minute", "1,000 API calls for each user per hour"."""
    noun, window = sentence.free(index - 1, "noun"), sentence.tokens[index]
    if noun is None:
        return False
    adjectives = sentence.between(sentence.tokens[index - 2], noun)
    if not _ADJECTIVES.fullmatch(adjectives) or _OTHER_CALLS.search(adjectives):
        return False
    if not (_USUAL_CALLS.fullmatch(adjectives) or _LIMITING.search(sentence.text)):
        return False
    gap = _COMPUTING_TIME.sub("", sentence.between(noun, window))
    if window.match["loose"]:
        return bool(_IS_ALLOWED.fullmatch(gap))
    return len(gap) <= _FAR and not _TAKES_TIME.search(gap)


def _bare_then_window(sentence: _Sentence, index: int) -> bool:
    """A number and then the window, "60 per minute", in a text that names calls, or is about rate limits."""
    count, window = sentence.tokens[index - 1], sentence.tokens[index]
    if not _BESIDE.fullmatch(sentence.between(count, window)):
        return False
    nouns = [token for token in sentence.tokens[: index - 1] if token.kind == "noun"]
    before = sentence.text[nouns[-1].end if nouns else 0 : count.start]
    named = bool(nouns) and not _OTHER_CALLS.search(sentence.text[max(0, nouns[-1].start - 20) : nouns[-1].start])
    return (named or sentence.about) and not _OTHER_THINGS.search(before)


def _window_then_count(sentence: _Sentence, index: int) -> bool:
    """The window and then a number: "requests per minute: 60", "daily quota of 5,000 calls"."""
    window, count = sentence.tokens[index], sentence.tokens[index + 1]
    gap = sentence.between(window, count)
    rest = sentence.text[count.end : count.end + 30]
    if not _LEADS_TO.fullmatch(gap) or _OTHER_THINGS.search(gap) or _AFTER_COUNT.match(rest):
        return False
    before, after = sentence.free(index - 1, "noun"), sentence.free(index + 2, "noun")
    if after and _ADJECTIVES.fullmatch(between := sentence.between(count, after)):
        return not _OTHER_CALLS.search(between)
    named_before = before is not None and len(sentence.between(before, window)) <= 3
    return (named_before or sentence.about) and not _OTHER_THINGS.search(rest)


def _lower_end(sentence: _Sentence, at: int) -> _Token:
    """Of a range ("10-20 requests") the lower end, which is the one to count on."""
    lower = sentence.free(at - 1, "count")
    if lower and re.fullmatch(r"\s?(?:-|–|—|to)\s?", sentence.between(lower, sentence.tokens[at])):
        sentence.used.add(at - 1)
        raised = _RAISED_FROM.search(sentence.text[: lower.start])
        return sentence.tokens[at] if raised else lower
    return sentence.tokens[at]


def _limit(sentence: _Sentence, count: _Token, window: _Token, scope: Scope) -> StatedLimit | None:
    match = window.match
    unit = match["unit"] or match["adverb"] or _RATE_UNITS[match["rate"][-1].lower()]
    written = match["times"] or match["glued"]
    calls = number(without_dots(count.match.group(), unit, sentence.text))
    return stated(calls, unit, number(written) if written else None, sentence.text, scope)
