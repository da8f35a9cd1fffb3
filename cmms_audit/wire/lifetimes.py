"""How long a token lives: read from what its answer says and from the token itself. Pure.

A moment that a server names is measured against the server's own clock, never against ours: clocks differ.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct

from cmms_audit.patterns import pattern

LONGEST_LIFE = 10 * 365 * 86_400.0  # seconds; a token said to live longer says nothing
LONGEST_TOKEN = 16 * 1024
_MILLISECONDS_FROM = 1e11  # seconds since 1970 are fewer for the next 3,000 years
_EARLIEST = 1e9  # the year 2001; a smaller number is a length of time
_JWT = pattern(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_DIGITS = pattern(r"[0-9]{1,16}(?:\.[0-9]{1,9})?")
_MOMENTS = ("expires_at", "expiresAt", "expires_on", "expiresOn", "expiry", "expires", "expiration")
_LIVES = ("expires_in", "expiresIn")


class Life(Struct, frozen=True):
    """Seconds to live, and what says so: "expires_in", "expires_at" or "jwt"."""

    seconds: float
    said_by: str


def server_time(headers: tuple[tuple[str, str], ...]) -> float | None:
    """What time a server says it is, in seconds since 1970; None where it does not (Date header, RFC 9110, 6.6.1)."""
    date = next((value for name, value in headers if name.lower() == "date"), None)
    if date is None or len(date) > 64:
        return None
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def life(members: Mapping[str, Any], token: str, now: float | None) -> Life | None:
    """How long a token lives, by the members of its answer and by itself; None where nothing says so.

    `now` is the server's clock. Where it is not known, a token that says when it was made says what its clock was.
    """
    for name in _LIVES:
        seconds = sane(members.get(name))
        if seconds is not None:
            return Life(seconds, "expires_in")
    claims = jwt_claims(token) or {}
    made = moment(claims.get("iat"))
    now = made if now is None else now
    ends = next((end for name in _MOMENTS if (end := moment(members.get(name))) is not None), None)
    return _until(ends, now, "expires_at") or _until(moment(claims.get("exp")), now, "jwt")


def sane(given: object) -> float | None:
    """Seconds to live; None where none were given, or no sane number. Some write the number as text."""
    if isinstance(given, str) and _DIGITS.fullmatch(given):
        given = float(given)
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if 0 <= given <= LONGEST_LIFE else None


def moment(given: object) -> float | None:
    """A moment as seconds since 1970, written as such, in milliseconds, or as ISO 8601; None where it is none."""
    if isinstance(given, str) and _DIGITS.fullmatch(given):
        given = float(given)
    if isinstance(given, str):
        return _iso(given)
    if isinstance(given, bool) or not isinstance(given, int | float) or not _EARLIEST < given < 1e15:
        return None
    return given / 1000 if given >= _MILLISECONDS_FROM else float(given)


def jwt_claims(token: str) -> dict[str, Any] | None:
    """What a JWT says (RFC 7519); None where a token is none. Nothing of it is verified: that is the API's business."""
    if len(token) > LONGEST_TOKEN or not _JWT.fullmatch(token):
        return None
    header, payload, _ = token.split(".")
    head, claims = _part(header), _part(payload)
    return claims if head is not None and claims is not None and isinstance(head.get("alg"), str) else None


def _until(moment: float | None, now: float | None, said_by: str) -> Life | None:
    if moment is None or now is None or moment - now > LONGEST_LIFE:
        return None
    return Life(max(moment - now, 0.0), said_by)


def _iso(text: str) -> float | None:
    try:
        read = datetime.fromisoformat(text[:40])
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _part(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
