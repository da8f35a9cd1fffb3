"""Moments as granary writes them: RFC 3339 in UTC with milliseconds, so that text order is time order."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


def stamp(epoch: float) -> str:
    """Seconds since 1970 as text, such as "2025-03-01T08:30:00.000Z"."""
    return _text(datetime.fromtimestamp(epoch, UTC))


def normal_moment(text: str) -> str | None:
    """An RFC 3339 moment in granary's own form; None where it is none, or names no offset."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return _text(datetime.fromisoformat(text).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def is_date(text: str) -> bool:
    """Whether the text is a calendar date such as "2025-03-01"."""
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
