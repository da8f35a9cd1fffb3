"""What may be told of the wire to the other floors: traffic in figures, and a token without the token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose

WRITE = "write"  # the note of an exchange that may have changed something
TOKEN = "token"  # noqa: S105 - the note of what a request for a token showed
CREDENTIAL = "credential"  # the note of what a token of the vendor file says of its own life
_NOTED = ("expires_in", "granted", "token_type", "error", "life_from", "kind", "skew_seconds", "reused")


class Traffic(Struct):
    """What went over the wire in a run. `created`, `deleted` and `left_behind` are of records of our own."""

    requests: int = 0
    writes: int = 0
    bytes: int = 0
    by_purpose: Counter[Purpose] = field(default_factory=Counter)
    created: int = 0
    deleted: int = 0
    left_behind: list[str] = field(default_factory=list)


class TokenFacts(Struct, frozen=True):
    """What a request for a token, or a login for a session, showed; never the token itself.

    `expires_in` is in seconds and `granted` the scopes, each None where the answer does not say; `error` is the code of
    a refusal (RFC 6749, 5.2), where it has one. `life_from` says what `expires_in` was read from ("expires_in",
    "expires_at", "jwt", "cookie", "vendor file"), `kind` what the token is ("jwt", "opaque"), `skew_seconds` how far
    the server's clock is ahead of ours, and `reused` whether the very same token had been given before.
    """

    exchange: Exchange
    ok: bool
    expires_in: float | None = None
    granted: tuple[str, ...] | None = None
    token_type: str | None = None
    error: str | None = None
    life_from: str | None = None
    kind: str | None = None
    skew_seconds: int | None = None
    reused: bool | None = None


def token_facts(exchange: Exchange) -> TokenFacts:
    """What a recorded request for a token showed, from its notes alone."""
    noted = exchange.notes.get(TOKEN)
    known = {name: noted.get(name) for name in _NOTED} if isinstance(noted, dict) else {}
    given = isinstance(noted, dict) and noted.get("given") is True
    granted = known.pop("granted", None)
    return TokenFacts(exchange, given, granted=None if granted is None else tuple(granted), **known)


def known_life(exchange: Exchange) -> Mapping[str, Any] | None:
    """What a token that travels as it is says of its own life, where this exchange carries that note.

    `role`; `issued_at` and `expires_at` in seconds since 1970 by the issuer's clock, each None where it does not say.
    """
    noted = exchange.notes.get(CREDENTIAL)
    return noted if isinstance(noted, dict) else None


class Volley(Struct, frozen=True):
    """What a burst brought: the answers in the order in which they came, and what ended it too early, if anything."""

    answers: tuple[Exchange, ...]
    failure: CouldNotLook | None = None
