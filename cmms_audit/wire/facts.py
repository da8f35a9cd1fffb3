"""What may be told of the wire to the other floors: traffic in figures, and a token without the token."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from cmms_audit.model import Exchange, Purpose


class Traffic(Struct):
    """What went over the wire so far. `created`, `deleted` and `left_behind` are kept by whoever creates records."""

    requests: int = 0
    writes: int = 0
    bytes: int = 0
    by_purpose: Counter[Purpose] = field(default_factory=Counter)
    created: int = 0
    deleted: int = 0
    left_behind: list[str] = field(default_factory=list)


class TokenFacts(Struct, frozen=True):
    """What a token request showed; never the token itself.

    `expires_in` is in seconds and `granted` the scopes, each None where the answer does not say; `error` is the code of
    a refusal (RFC 6749, 5.2), where it has one.
    """

    exchange: Exchange
    ok: bool
    expires_in: float | None = None
    granted: tuple[str, ...] | None = None
    token_type: str | None = None
    error: str | None = None
