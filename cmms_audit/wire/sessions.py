"""Logging in for a session: the request that carries name and password, and the answer that holds the session. Pure.

When that is done is `logins`' business.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from cmms_audit.credentials import Login, Used
from cmms_audit.patterns import pattern
from cmms_audit.wire.lifetimes import Life, life, sane
from cmms_audit.wire.tokens import TokenAnswer, usable

_BREAKS_COOKIE = frozenset(';,"\\')
_MAX_AGE = pattern(r"\s{0,5}max-age\s{0,5}=\s{0,5}([0-9]{1,12})\s{0,5}", re.IGNORECASE)


def login_request(credential: Login) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body of a login."""
    members: dict[str, Any] = {
        **credential.beside,
        credential.username_field: credential.username.reveal(),
        credential.password_field: credential.password.reveal(),
    }
    if credential.send == "json":
        kind, body = "application/json", json.dumps(members).encode("ascii")
    else:
        kind, body = "application/x-www-form-urlencoded", urlencode(_as_texts(members)).encode("ascii")
    return (("Content-Type", kind), ("Accept", "application/json, */*;q=0.1")), body


def read_session(
    credential: Login, headers: tuple[tuple[str, str], ...], body: bytes, now: float | None
) -> TokenAnswer:
    """The session in the answer to a login, and how long it lives; none where it is not there, or cannot travel.

    `now` is the server's clock in seconds since 1970, where it told.
    """
    members = _parsed(body)
    lives: Life | None = None
    match credential.taken.where:
        case "header":
            found: Any = _header(headers, credential.taken.name)
        case "cookie":
            found, lives = _cookie(headers, credential.taken.name)
        case "json":
            found = _member(members, credential.taken.name)
    session = _without_scheme(found, credential.used) if isinstance(found, str) else _number(found)
    if session is None or not usable(session) or not _travels(session, credential.used):
        return TokenAnswer(None)
    if credential.lifetime_seconds is not None:
        lives = Life(credential.lifetime_seconds, "vendor file")
    return TokenAnswer(session, lives or life(members if isinstance(members, dict) else {}, session, now))


def _as_texts(members: dict[str, Any]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in members.items()}


def _header(headers: tuple[tuple[str, str], ...], wanted: str) -> str | None:
    return next((value.strip() for name, value in headers if name.lower() == wanted.lower()), None)


def _cookie(headers: tuple[tuple[str, str], ...], wanted: str) -> tuple[str | None, Life | None]:
    """A cookie's value, the last one where it is set more than once, and its life (RFC 6265, 5.2.2)."""
    found: tuple[str | None, Life | None] = None, None
    for header, value in headers:
        pair, *attributes = value.split(";")
        name, _, content = pair.partition("=")
        if header.lower() == "set-cookie" and name.strip() == wanted:
            ages = [match[1] for match in map(_MAX_AGE.fullmatch, attributes[:20]) if match]
            age = sane(ages[-1]) if ages else None
            found = content.strip().removeprefix('"').removesuffix('"'), Life(age, "cookie") if age else None
    return found


def _member(value: Any, path: str) -> Any:
    """A member of JSON by its dotted name; names that hold dots themselves are found, too."""
    if isinstance(value, dict) and path in value:
        return value[path]
    first, dot, rest = path.partition(".")
    return _member(value[first], rest) if dot and isinstance(value, dict) and first in value else None


def _number(found: Any) -> str | None:
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else None


def _without_scheme(session: str, used: Used) -> str:
    """The session without the prefix that it is sent with, where its answer already has it."""
    prefix = used.prefix
    return session[len(prefix) :].strip() if prefix and session.lower().startswith(prefix.lower()) else session


def _travels(session: str, used: Used) -> bool:
    return used.where == "header" or _BREAKS_COOKIE.isdisjoint(session)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
