"""What may be told of the wire to the other floors: traffic in figures, a token without the token, a handshake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Exchange, Purpose

WRITE = "write"  # the note of an exchange that may have changed something
TOKEN = "token"  # noqa: S105 - the note of what a request for a token showed
HANDSHAKE = "handshake"  # the note of what an encrypted connection showed
CREDENTIAL = "credential"  # the note of what a token of the vendor file says of its own life
_SHOWN = ("version", "refused", "untrusted", "names", "issuer", "not_before", "not_after")
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


class HandshakeFacts(Struct, frozen=True):
    """What an encrypted connection showed before anything was asked.

    `version` is what was agreed on ("TLSv1.3"), None where no connection came about; `refused` says that this was the
    host's doing, None where it was ours. `untrusted` says why the certificate cannot be trusted, None where it can, or
    where it was not looked at. The other facts are the certificate's, of one that is trusted: for whom, from whom, and
    the moments (ISO 8601, UTC) between which it counts.
    """

    exchange: Exchange
    version: str | None = None
    refused: bool | None = None
    untrusted: str | None = None
    names: tuple[str, ...] = ()
    issuer: str | None = None
    not_before: str | None = None
    not_after: str | None = None

    @property
    def outcome(self) -> str:
        """What came of it, in a few words."""
        if self.untrusted:
            return f"the certificate cannot be trusted: {self.untrusted}"
        return f"encrypted with {self.version}" if self.version else "no encrypted connection came about"


def handshake_facts(exchange: Exchange) -> HandshakeFacts:
    """What a recorded handshake showed, from its notes alone."""
    noted = exchange.notes.get(HANDSHAKE)
    known = {name: noted.get(name) for name in _SHOWN} if isinstance(noted, dict) else {}
    return HandshakeFacts(exchange, names=tuple(known.pop("names", None) or ()), **known)


class Volley(Struct, frozen=True):
    """What a burst brought: the answers in the order in which they came, and what ended it too early, if anything."""

    answers: tuple[Exchange, ...]
    failure: CouldNotLook | None = None
