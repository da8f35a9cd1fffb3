"""Reads what an answer says of its own end: Deprecation (RFC 9745), Sunset (RFC 8594), and their common wrong forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from msgspec import Struct

from cmms_audit.battery import pattern
from cmms_audit.model import Exchange

_OWN = r"(?:x-)?(?:\w{1,20}-){0,3}"
_DEPRECATION = pattern(rf"{_OWN}deprecat(?:ed|ion)(?:-(?:date|at|reason|notice))?", re.IGNORECASE)
_SUNSET = pattern(rf"{_OWN}sunset(?:-(?:date|at|on))?", re.IGNORECASE)
_WARNING = pattern(r"299\b.{0,200}\b(?:deprecat|sunset|discontinu)", re.IGNORECASE)
_LINK = pattern(r"<([^<>]{1,500})>([^<>]{0,300})")
_RELATION = pattern(r"\brel\s{0,3}=\s{0,3}\"?([\w -]{1,100})", re.IGNORECASE)
_STRUCTURED = pattern(r"@(-?\d{1,12})")
_ISO = pattern(r"\d{4}-\d\d-\d\d(?:[T ][0-9:.+Z-]{5,30})?")
_DENIED = frozenset({"false", "?0", "0", "no"})
_AFFIRMED = frozenset({"true", "?1", "1", "yes"})
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_A_DAY = timedelta(days=1)


class Announced(Struct, frozen=True):
    """What one answer says of its end: since when it is deprecated, when it is gone, and what is odd in its form.

    `page` explains it, `successor` takes its place; both are addresses, empty where none is named.
    """

    path: str
    since: datetime | None
    gone: datetime | None
    odd: tuple[str, ...]
    page: str
    successor: str
    exchange: Exchange

    @property
    def days_left(self) -> int:
        """Whole days from this very answer to the end; 0 without an end."""
        return round((self.gone - self._asked) / _A_DAY) if self.gone else 0

    @property
    def notice(self) -> int | None:
        """Days from when it was said to the end; None where that is not told, or lies ahead."""
        if self.gone is None or self.since is None or self.since > self._asked + _A_DAY:
            return None
        return round((self.gone - self.since) / _A_DAY)

    @property
    def _asked(self) -> datetime:
        return datetime.fromisoformat(self.exchange.started)

    @property
    def in_words(self) -> str:
        """All of it in one line."""
        since = f"deprecated since {self.since:%Y-%m-%d}" if self.since else "deprecated, not said since when"
        gone = f"gone on {self.gone:%Y-%m-%d}" if self.gone else "not said when it will be gone"
        page = [f"explained at {self.page}"] if self.page else []
        successor = [f"replaced by {self.successor}"] if self.successor else []
        return "; ".join([f"{self.path}: {since}, {gone}", *page, *successor, *self.odd])


def announced(path: str, exchange: Exchange) -> Announced | None:
    """What this answer says of its end; None where it says nothing of it."""
    deprecation, sunset = _header(exchange, _DEPRECATION), _header(exchange, _SUNSET)
    warning = exchange.header("warning") or ""
    if deprecation is None and sunset is None and not _WARNING.search(warning[:400]):
        return None
    since, odd_since = _read(deprecation, "Deprecation") if deprecation else (None, ())
    gone, odd_gone = _read(sunset, "Sunset") if sunset else (None, ())
    only_warned = () if deprecation or sunset else ("it says so in a warning only, which no program expects",)
    links = dict(_links(exchange.header("link") or ""))
    page = links.get("deprecation") or links.get("sunset") or ""
    successor = links.get("successor-version") or links.get("latest-version") or ""
    return Announced(path, since, gone, (*odd_since, *odd_gone, *only_warned), page, successor, exchange)


def _header(exchange: Exchange, names: re.Pattern[str]) -> tuple[str, str] | None:
    """The first header of such a name that does not deny it; a name of the vendor's own counts too."""
    headers = exchange.response.headers if exchange.response else ()
    named = ((name, value.strip()[:100]) for name, value in headers if names.fullmatch(name[:100]))
    return next(((name, value) for name, value in named if value and value.lower() not in _DENIED), None)


def _links(header: str) -> Iterator[tuple[str, str]]:
    """The addresses of a Link header (RFC 8288) by their relation."""
    for target, parameters in _LINK.findall(header[:4000]):
        relation = _RELATION.search(parameters)
        yield from ((name.lower(), target) for name in (relation[1].split() if relation else ()))


def _read(header: tuple[str, str], standard: str) -> tuple[datetime | None, tuple[str, ...]]:
    """The moment that a header names, and what is wrong with the way in which it does.

    Deprecation is written @seconds, Sunset as an HTTP date. Older drafts of what became RFC 9745 had "true" or an HTTP
    date; either header is also seen in the other's form.
    """
    name, text = header
    moment, odd = _moment(text, structured=standard == "Deprecation")
    own_name = [] if name.lower() == standard.lower() else [f"it comes in {name}, not in {standard}"]
    return moment, (*own_name, *([f"its {name} {odd}"] if odd else []))


def _moment(text: str, *, structured: bool) -> tuple[datetime | None, str]:
    if text.lower() in _AFFIRMED:
        return None, "says only that it is so, not since when" if structured else "does not say when"
    found = _STRUCTURED.fullmatch(text)
    if found:
        moment = datetime.fromtimestamp(int(found[1]), UTC) if 0 <= int(found[1]) < _LATEST else None
        return moment, "" if structured and moment else "is no date as the standard has it"
    http = _http_date(text)
    if http:
        return http, "is written as an older draft has it" if structured else ""
    return _iso_date(text), "is no date as the standard has it"


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return _with_zone(moment)


def _iso_date(text: str) -> datetime | None:
    if not _ISO.fullmatch(text):
        return None
    try:
        return _with_zone(datetime.fromisoformat(text))
    except ValueError:
        return None


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
