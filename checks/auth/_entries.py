"""What an entry of a log tells of a call of our own: its time, who made it, what was sent; and whether that is true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

from cmms_audit.battery import Finding, met, not_met, partial, pattern, squeezed

from . import _log
from ._log import OwnCall, Search

Entry = Mapping[str, Any]

_TIME = pattern(
    r"time|date|^when$|^ts$|(?:created|occurred|logged|performed|happened|requested|received|called)(?:at|on)$"
)
_IDENTITY = pattern(
    r"user(?!agent)|actor|client(?!ip|addr)|caller|identity|^app|account|principal|credential|apikey|^who$"
)
_CONTENT = pattern(r"summary|payload|body|query|param|content|change|data|diff|detail|message")
PARTS = {"its time": _TIME, "who made it": _IDENTITY, "what was sent": _CONTENT}

_NOBODY = frozenset({"anonymous", "unknown", "system", "none", "null", "na", "guest", "public", "unauthenticated", ""})
# How a recorded answer shows the name of one of our own credentials.
_MARK = pattern(r"«(\w{1,40})\.(?:client_id|username)»")
_OF_OTHERS = frozenset({"read_only", "other_tenant"})
_CLOCK_TIME = pattern(r"\d{1,2}:\d\d")
_FARTHEST_ZONE = timedelta(hours=14)
_LEAST_TEXT = 4
_BEGINNING = 12  # characters of a value by which a summary is recognised that cuts it


def missing_parts(names: Sequence[str]) -> list[str]:
    """Which of time, caller and content no field stands for, by the names alone."""
    plain = [squeezed(name) for name in names]
    return [part for part, words in PARTS.items() if not any(words.search(name) for name in plain)]


def rank(entry: Entry, call: OwnCall) -> tuple[float, ...] | None:
    """How likely an entry of the same path and about the same time is our call's, the likeliest lowest.

    None where it names another credential of this audit: that one calls the same path, as strangers do.
    """
    if _named_instead(entry):
        return None
    moments = [each for each in map(_log.moment_of, _values(entry, _TIME)) if each is not None]
    apart = [abs((each if each.tzinfo else each.replace(tzinfo=UTC)) - _log.started(call)) for each in moments]
    return (
        "main" not in _roles(entry),
        not _names_somebody(entry),
        min((each.total_seconds() for each in apart), default=0),
    )


def judge(found: Search, call: OwnCall, what: str) -> Finding:
    """Judge the entry that was found of a call that is named in words ("our own write")."""
    entry = found.entry or {}
    other = _named_instead(entry)
    if other:
        summary = f"{what} is in the log, but as made by another credential ({other})"
        return not_met(summary, found.page, call.exchange)
    faults = list(_faults(entry, call))
    if faults:
        return partial(f"{what} is in the log, but the entry {' and '.join(faults)}", found.page, call.exchange)
    summary = f"{what} is in the log, with its time, who made it, and what was sent"
    return met(summary, found.page, call.exchange, detail=_whose(found))


def _faults(entry: Entry, call: OwnCall) -> Iterator[str]:
    shown = [each for each in _values(entry, _TIME) if _log.moment_of(each) or _CLOCK_TIME.search(each)]
    if not shown:
        yield "does not show its time"
    elif not any(_may_be_time_of(each, call) for each in shown):
        yield "shows another time than that of the call"
    if not _names_somebody(entry):
        yield "does not show who made it"
    if not _shows_content(entry, call):
        yield "does not show what was sent"


def _may_be_time_of(text: str, call: OwnCall) -> bool:
    """Whether a text is the call's time, or cannot be told not to be: one without a zone may be of any zone."""
    moment = _log.moment_of(text)
    if moment is None or _log.is_recent(text, call):
        return True
    if moment.tzinfo is not None:
        return False
    apart = abs(moment.replace(tzinfo=UTC) - _log.started(call))
    return apart <= _FARTHEST_ZONE + _log.CLOCKS_MAY_DIFFER


def _shows_content(entry: Entry, call: OwnCall) -> bool:
    """Whether there is a summary; of a write it has to name a field or the record, or repeat how a value begins."""
    texts = [each.casefold() for each in _values(entry, _CONTENT)]
    values = [value[:_BEGINNING] for value in call.sent.values() if isinstance(value, str)]
    wanted = [each.casefold() for each in (*call.sent, *values, call.record_id) if len(each) >= _LEAST_TEXT]
    return bool(texts) and (not call.sent or any(each in text for text in texts for each in wanted))


def _names_somebody(entry: Entry) -> bool:
    return any(squeezed(each) not in _NOBODY for each in _values(entry, _IDENTITY))


def _named_instead(entry: Entry) -> str | None:
    """Another credential of ours that the entry names, and not the first one, which made the call."""
    roles = _roles(entry)
    return None if "main" in roles else min(roles & _OF_OTHERS, default=None)


def names_our_credential(found: Search) -> bool:
    """Whether an entry names the first credential itself, by its id or user name."""
    return "main" in _roles(found.entry or {})


def callers(found: Search) -> list[str]:
    """What an entry says of who made the call."""
    return _values(found.entry or {}, _IDENTITY)


def _whose(found: Search) -> str:
    if names_our_credential(found):
        return "The entry names the very credential that made the call."
    return "Whether the name in the entry is that of this integration, the vendor has to confirm."


def _roles(entry: Entry) -> set[str]:
    """The roles of the vendor file whose names the entry gives as the caller's."""
    return {role for text in _values(entry, _IDENTITY) for role in _MARK.findall(text)}


def _values(entry: Entry, words: re.Pattern[str]) -> list[str]:
    """The values, as texts, of the members whose names stand for something; empty ones left out."""
    return [
        str(value)
        for name, value in _log.members(entry)
        if words.search(squeezed(name)) and value not in (None, "", [], {})
    ]
