"""Rules about the form of texts: regular expressions that are none, and values that are not of their format.

A vendor's regular expression is never run: whether its brackets close is counted, one character after the other.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from cmms_audit.patterns import pattern
from cmms_audit.spec.problems import shown
from cmms_audit.spec.rules.look import Look, Seen, Visit

_LONGEST_EXPRESSION = 10_000
_OTHER_DIALECTS = ("[:", "[]", "[^]", "\\Q", "(?#", "(?x", "[[")
_DAY = pattern(r"\d{4}-\d\d-\d\d")
_MOMENT = pattern(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d))?")
_UUID = pattern(r"(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_VALUE = 100


def expression(seen: Seen, visit: Visit, key: str, value: Any) -> None:
    """A regular expression whose brackets do not close is one in no dialect."""
    lack = unbalanced(value) if isinstance(value, str) else ""
    if lack:
        seen.tell("pattern-broken", f"'{shown(value)}' {lack}", visit, key)


def unbalanced(text: str) -> str:
    """What keeps a text from being a regular expression in any dialect, in words; empty where that is not certain."""
    if len(text) > _LONGEST_EXPRESSION or any(word in text for word in _OTHER_DIALECTS):
        return ""
    depth, in_class, escaped = 0, False, False
    for character in text:
        if escaped or character == "\\":
            escaped = not escaped
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth < 0:
                return "closes a bracket that was not opened"
    if escaped:
        return "ends in the middle of a character"
    return "opens a bracket that is not closed" if in_class or depth else ""


def breaks_format(wanted: Any, value: str) -> str:
    """How a text breaks the format of its schema, in words; empty where it holds or nobody can tell."""
    if wanted == "date":
        return "" if _DAY.fullmatch(value) and _is_day(value) else "is no date (year-month-day)"
    if wanted == "date-time":
        return "" if _is_moment(value) else "is no date with a time"
    if wanted == "uuid":
        return "" if len(value) <= _LONGEST_VALUE and _UUID.fullmatch(value) else "is no UUID"
    return ""


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return text.startswith("0000-")  # a year that the standard knows and the calendar here does not
    return True


def _is_moment(text: str) -> bool:
    """Whether a text can be read as a moment; what is lax about the zone or the letter T is let pass."""
    match = _MOMENT.match(text)
    if match is None or not _is_day(match[1]):
        return False
    return int(match[2]) <= 24 and int(match[3]) < 60 and int(match[4] or 0) <= 60


LOOKS: dict[str, tuple[Look, frozenset[Any]]] = {"pattern": (expression, frozenset())}
