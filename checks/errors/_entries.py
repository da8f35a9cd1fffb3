"""Finds a call of our own in a list of calls, whatever its form, and reads whether the entry says when and whose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from cmms_audit.battery import pattern, squeezed
from cmms_audit.model import Exchange

_WHOSE = pattern(
    r"client(?!ip|addr|version)|integration|application|^app(?:id|name)?$|consumer|user(?!agent)|actor|account|caller"
    r"|credential|apikey|principal|identity",
    re.IGNORECASE,
)
_NOBODY = frozenset({"", "anonymous", "unknown", "none", "null", "nobody", "n/a", "-", "?"})
_MARK = pattern(r"«([\w.-]{1,60})»")
CLOCKS_MAY_DIFFER = timedelta(minutes=5)
_ZONES = timedelta(hours=14)
_TELLING = 8  # characters
_DEPTH = 6
_MOST = 2_000


class OwnCall(Struct, frozen=True):
    """A call of ours, and the numbers under which it may be listed."""

    exchange: Exchange
    ids: tuple[str, ...]


def entry_of(call: OwnCall, listed: Any) -> Mapping[str, Any] | None:
    """The entry of a list that is about this call; None where there is none.

    It bears one of the call's numbers, or its address and method at about its time. Where several objects bear a number
    (a link back to the search does, too), it is the one that tells most.
    """
    records = list(_records(listed))
    by_id = [each for each in records if any(_bears(text, own) for text in _texts(each) for own in call.ids)]
    if by_id:
        return min(by_id, key=lambda each: len(shortcomings(each, call)))
    return next((each for each in records if _is_like(each, call.exchange)), None)


def shortcomings(entry: Mapping[str, Any], call: OwnCall) -> list[str]:
    """What an entry does not tell of the call that it is about, or tells wrongly, in plain words."""
    found = []
    moments = list(_moments(entry))
    if not moments:
        found.append("when it was made")
    elif not any(_near(each, call.exchange) for each in moments):
        found.append("the right time")
    if not any(text.lower() not in _NOBODY for _, text in _identities(entry)):
        found.append("whose it was")
    elif _is_of_another(entry):
        found.append("the right caller")
    return found


def _records(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The objects in the lists of an answer, without those of lists in them."""
    if depth > _DEPTH:
        return
    if isinstance(value, list):
        yield from (each for each in value[:_MOST] if isinstance(each, dict))
    elif isinstance(value, dict):
        for inner in list(value.values())[:_MOST]:
            yield from _records(inner, depth + 1)


def _members(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every plain value of an entry with the names under which it stands, joined by dots."""
    if isinstance(value, dict) and depth < _DEPTH:
        for key, inner in list(value.items())[:_MOST]:
            yield from _members(inner, f"{name}.{key}"[-200:], depth + 1)
    elif isinstance(value, list) and depth < _DEPTH:
        for inner in value[:_MOST]:
            yield from _members(inner, name, depth + 1)
    elif value is not None:
        yield name, value


def _texts(entry: Mapping[str, Any]) -> Iterator[str]:
    return (str(value) for _, value in _members(entry) if isinstance(value, str | int))


def _identities(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The members that tell who called; one called just "id" or "name" goes by what it stands in."""
    for name, value in _members(entry):
        if isinstance(value, str | int) and any(_WHOSE.search(squeezed(part)) for part in name.split(".")):
            yield name, str(value).strip()


def _is_of_another(entry: Mapping[str, Any]) -> bool:
    """Whether an entry bears the mark of another credential of this audit, and none of that which made the call."""
    roles = {mark.partition(".")[0] for _, text in _identities(entry) for mark in _MARK.findall(text)}
    return bool(roles) and "main" not in roles


def _moments(entry: Mapping[str, Any]) -> Iterator[datetime]:
    """The moments that an entry holds, as ISO 8601 texts or as seconds or milliseconds since 1970."""
    for _, value in _members(entry):
        if isinstance(value, str) and len(value) < 40:
            moment = _iso(value)
        elif isinstance(value, int | float) and 1e9 < value < 1e13:
            moment = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        else:
            continue
        if moment:
            yield moment


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _near(moment: datetime, exchange: Exchange) -> bool:
    """Whether a moment is that of a call, by our clock or by the vendor's (Date); without a zone it may be of any."""
    nearly = CLOCKS_MAY_DIFFER if moment.tzinfo else _ZONES
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return any(abs(moment - each) <= nearly for each in _times_of(exchange))


def _times_of(exchange: Exchange) -> Iterator[datetime]:
    yield datetime.fromisoformat(exchange.started)
    try:
        told = parsedate_to_datetime(exchange.header("date") or "")
    except (ValueError, IndexError, OverflowError):
        return
    yield told if told.tzinfo else told.replace(tzinfo=UTC)


def _bears(text: str, number: str) -> bool:
    """Whether a text is a number of our call, or holds it; a short one stands in many a text that is about others."""
    return text == number or (len(number) >= _TELLING and number in text)


def _is_like(entry: Mapping[str, Any], exchange: Exchange) -> bool:
    """Whether an entry without our number has the address and method of the call, and its time."""
    texts: Sequence[str] = list(_texts(entry))
    path = urlsplit(exchange.request.url).path
    same_path = any(text.partition("?")[0].endswith(path) for text in texts)
    return same_path and exchange.request.method in texts and any(_near(each, exchange) for each in _moments(entry))
