"""Access tokens: signed (JWT, RFC 7519 and 9068), with an end, and remembered so that they can be withdrawn."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cmms_audit.sandbox.switch import Broken, Switch

if TYPE_CHECKING:
    from cmms_audit.sandbox.granary.auth import Client

UNVERIFIED_TOKENS = Switch(
    "unverified-tokens",
    "nobody looks at the signature of a token",
    questions=("auth.method",),
    flags=("anonymous-access",),
)
UNSIGNED_TOKENS = Switch(
    "unsigned-tokens",
    "a token that says that it is not signed is believed, whoever wrote it",
    questions=("auth.method",),
    flags=("anonymous-access",),
)
IMMORTAL_TOKENS = Switch(
    "immortal-tokens",
    "a revoked token goes on working",
    questions=("auth.rotation",),
)
EXPIRED_TOKENS_LIVE = Switch(
    "expired-tokens-live",
    "tokens say that they live for a few seconds, and go on working after that",
    questions=("auth.method",),
)
LONG_TOKENS = Switch(
    "long-tokens",
    "tokens live for thirty days",
    questions=("auth.method",),
)
ENDLESS_TOKENS = Switch(
    "endless-tokens",
    "tokens never run out, in the document and on the wire",
    questions=("auth.method",),
)
SWITCHES = (UNVERIFIED_TOKENS, UNSIGNED_TOKENS, IMMORTAL_TOKENS, EXPIRED_TOKENS_LIVE, LONG_TOKENS, ENDLESS_TOKENS)

TOKEN_SECONDS = 900
SHORT_TOKEN_SECONDS = 10
LONG_TOKEN_SECONDS = 30 * 24 * 3600
_HEADER = {"alg": "HS256", "typ": "at+jwt"}


@dataclass
class Token:
    """An issued access token. `expires` in seconds since 1970; None where it never does."""

    client: Client
    scopes: frozenset[str]
    expires: float | None
    revoked: bool = False


def token_seconds(broken: Broken) -> int | None:
    """How long a new token lives; None where it never ends."""
    if ENDLESS_TOKENS in broken:
        return None
    if EXPIRED_TOKENS_LIVE in broken:
        return SHORT_TOKEN_SECONDS
    return LONG_TOKEN_SECONDS if LONG_TOKENS in broken else TOKEN_SECONDS


@dataclass
class Tokens:
    """The tokens issued so far, by their ids."""

    clock: Callable[[], float]
    broken: Broken
    issued: dict[str, Token] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def issue(self, client: Client, scopes: frozenset[str]) -> str:
        """A new access token."""
        id_, now, seconds = secrets.token_hex(12), self.clock(), token_seconds(self.broken)
        claims: dict[str, Any] = {"jti": id_, "sub": client.id, "iat": int(now)}
        if seconds is not None:
            claims["exp"] = int(now) + seconds
        self.issued[id_] = Token(client, scopes, None if seconds is None else now + seconds)
        signed = f"{_encoded(json.dumps(_HEADER).encode())}.{_encoded(json.dumps(claims).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def revoke(self, value: str, client: Client) -> None:
        """End one of the client's tokens at once; unknown tokens are no error (RFC 7009)."""
        token = self.known(value)
        if token and token.client == client and IMMORTAL_TOKENS not in self.broken:
            token.revoked = True

    def alive(self, value: str) -> Token | None:
        """The token that was issued so, where it is neither revoked nor at its end."""
        token = self.known(value)
        if token is None or token.revoked:
            return None
        ended = token.expires is not None and self.clock() >= token.expires
        return None if ended and EXPIRED_TOKENS_LIVE not in self.broken else token

    def known(self, value: str) -> Token | None:
        """The token that was issued so, and whose signature is ours."""
        signed, _, signature = value.rpartition(".")
        claims = _claims(signed)
        if claims is None:
            return None
        is_ours = hmac.compare_digest(self._signature(signed).encode(), signature.encode("utf-8", "surrogateescape"))
        return self.issued.get(str(claims.get("jti"))) if is_ours or UNVERIFIED_TOKENS in self.broken else None

    def _signature(self, signed: str) -> str:
        return _encoded(hmac.new(self._key, signed.encode("utf-8", "surrogateescape"), hashlib.sha256).digest())


def is_unsigned(value: str) -> bool:
    """Whether a token says of itself that it is not signed ("alg": "none"; RFC 7519, section 6)."""
    header, _, rest = value.partition(".")
    said = _decoded(header)
    return said is not None and said.get("alg") == "none" and rest.endswith(".")


def _claims(signed: str) -> dict[str, Any] | None:
    """The claims of a token without its signature; None where it is none."""
    header, dot, payload = signed.partition(".")
    return _decoded(payload) if dot and _decoded(header) is not None else None


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(part: str) -> dict[str, Any] | None:
    try:
        members = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return members if isinstance(members, dict) else None
