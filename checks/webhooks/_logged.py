"""What an entry of a vendor's log of deliveries says became of an event, in the words that such logs use."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Any

from cmms_audit.battery import pattern, squeezed
from cmms_audit.model import Exchange

_DEEPEST = 4
_MOST_MEMBERS = 500
_MOST_ORDERED = 20  # members that are compared
_LONGEST_WORD = 200  # characters of a text that is looked at
# What the event or the receiver said, which is no word of the log's own.
_CARRIED = pattern(r"^(?:\w*payload|\w*body|data|\w*content|event|object|resource|record|request\w*|\w*headers)$")
_OF_SUCCESS = pattern(r"^(?:is|was)?(?:success\w*|succeeded|delivered|ok|accepted|acknowledged)$")
_OF_FAILURE = pattern(r"error|fail|exception")
_OF_NEXT_TRY = pattern(r"^next\w*(?:attempt|retry|try|deliver)")
_OF_CODE = pattern(r"status|code|http|response")
_OF_OUTCOME = pattern(r"status|state|result|outcome|success|deliver|response|code|http")
_CODE = pattern(r"[1-5]\d\d")
_NOT_DELIVERED = pattern(
    r"fail|error|retr|pending|queue|undeliver|unsuccess|exhaust|dead|wait|reject|refus|time[d\s_-]*out|abandon|drop"
    r"|expire|g[ai]ve[n\s_-]*up|schedul|progress|unavail|cancel|stopped|\bnot\b|^[345]\d\d\b|\bhttp\S* ?[345]\d\d\b"
)
_DELIVERED = pattern(r"success|successful(?:ly)?|succeeded|delivered|ok|accepted|acknowledged|2\d\d(?:\s.{0,40})?")
_NOTHING = ("", "0", "none", "null", "false", "no")
_OF_MORE = pattern(r"^(?:has)?(?:more|next)(?:page|link|cursor|url|token|records?|items?|results?)?\w{0,10}$")
_OF_ORDER = pattern(
    r"(?:ed|sent)at$|(?:timestamp|date)$|^(?:attempt|try|sequence|(?:attempt|try)?(?:number|no|index))$"
)
_TIME = pattern(r"\d{4}-\d\d-\d\d")
_REL_NEXT = pattern(r"\brel=\"?next\b")
_OF_TOTAL = pattern(r"^(?:total\w{0,12}|count|recordcount)$")


class Outcome(StrEnum):
    """What became of an event, by the log."""

    DELIVERED = "delivered"
    FAILED = "failed"
    UNSAID = "unsaid"


def outcome_of(entry: dict[str, Any]) -> Outcome:
    """What an entry says; one word of failure, or of more tries to come, is enough."""
    said = {_outcome(squeezed(name), value) for name, value in _members(entry, with_lists=True)}
    return next((each for each in (Outcome.FAILED, Outcome.DELIVERED) if each in said), Outcome.UNSAID)


def says_more(log: Exchange, entries: int) -> bool:
    """Whether an answer says that there are more entries than those that it holds."""
    headers = log.response.headers if log.response else ()
    if any(name.lower() == "link" and _REL_NEXT.search(value) for name, value in headers):
        return True
    members = [(squeezed(name), value) for name, value in _members(log.json)] if isinstance(log.json, dict) else []
    return any(
        (_OF_TOTAL.search(name) and isinstance(value, int) and value > entries)
        or (_OF_MORE.search(name) and str(value).lower() not in _NOTHING)
        for name, value in members
    )


def _members(value: dict[str, Any], *, with_lists: bool = False) -> Iterator[tuple[str, Any]]:
    """The names and values of an entry, down to some levels, without what the event itself said.

    Of a list of tries only the latest one says how it stands.
    """
    waiting: list[tuple[dict[str, Any], int]] = [(value, 0)]
    seen = 0
    while waiting and seen < _MOST_MEMBERS:
        current, depth = waiting.pop()
        for name, each in current.items():
            seen += 1
            inner = _latest(each) if with_lists and isinstance(each, list) else each
            if isinstance(inner, dict) and depth < _DEEPEST and not _CARRIED.search(squeezed(name)):
                waiting.append((inner, depth + 1))
            elif isinstance(each, str | int | float):
                yield name, each


def _latest(entries: list[Any]) -> Any:
    """The last of a list; the first one where its times or numbers say that it stands in the reverse order."""
    if len(entries) < 2 or not all(isinstance(each, dict) for each in (entries[0], entries[-1])):
        return entries[-1] if entries else None
    first, last = entries[0], entries[-1]
    shared = list(islice((name for name in first if name in last), _MOST_ORDERED))
    return first if any(_is_after(name, first[name], last[name]) for name in shared) else last


def _is_after(name: str, one: object, other: object) -> bool:
    """Whether a time of a try, as ISO 8601 or a number, or the number of a try is greater than another one."""
    if isinstance(one, str) and isinstance(other, str):
        return bool(_TIME.match(one) and _TIME.match(other)) and one > other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return bool(_OF_ORDER.search(squeezed(name))) and one > other
    return False


def _outcome(name: str, value: str | float) -> Outcome:
    text = str(value)[:_LONGEST_WORD].strip().lower()
    if _OF_SUCCESS.search(name) and text in ("true", "false", "1", "0", "yes", "no"):
        return Outcome.DELIVERED if text in ("true", "1", "yes") else Outcome.FAILED
    if _CODE.fullmatch(text):
        return _by_code(text) if _OF_CODE.search(name) else Outcome.UNSAID
    if _OF_FAILURE.search(name) or _OF_NEXT_TRY.search(name):
        return Outcome.UNSAID if text in _NOTHING else Outcome.FAILED
    if not _OF_OUTCOME.search(name):
        return Outcome.UNSAID
    if _NOT_DELIVERED.search(text):
        return Outcome.FAILED
    return Outcome.DELIVERED if _DELIVERED.fullmatch(text) else Outcome.UNSAID


def _by_code(code: str) -> Outcome:
    return Outcome.DELIVERED if code.startswith("2") else Outcome.FAILED
