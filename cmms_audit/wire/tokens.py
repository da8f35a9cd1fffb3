"""How client credentials are exchanged for a token, and how the answers are read. Pure: sends nothing.

When tokens are asked for and how long they are kept is `logins`' business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct
from oauthlib.oauth2 import BackendApplicationClient

from cmms_audit.credentials import OAuth2, Oidc
from cmms_audit.patterns import pattern
from cmms_audit.wire.credentials import basic_header, client_pair
from cmms_audit.wire.lifetimes import LONGEST_TOKEN, Life, jwt_claims, life
from cmms_audit.wire.redact import MASKED, SHORTEST

TOKEN_WITHHELD = "«an answer that may hold a token»"  # noqa: S105 - a mark
_MOST_SCOPES = 500
_SENDABLE = pattern(r"[\x21-\x7e]+", re.ASCII)
_ERROR_CODE = pattern(r"[a-z_]{1,40}", re.ASCII)
_UNUSED_TOKENS = ("refresh_token", "id_token")
_NO_WORDS = pattern(r"(?=.{0,200}[0-9A-Z]).{12,}", re.ASCII)
# Texts of a token answer that anyone may read (RFC 6749, 5.1 and 5.2, and what is common beside them).
_OPEN_NAMES = frozenset(
    {"token_type", "expires_in", "expires_at", "issued_at", "scope", "error", "error_description", "error_uri"}
)
_MENTIONS_TOKEN = re.compile(rb"(?:access|refresh|id)_?token", re.IGNORECASE)


class TokenAnswer(Struct, frozen=True):
    """What a token endpoint said. `access_token` is None where it gave none, and `error` then its code, if any."""

    access_token: str | None
    life: Life | None = None
    granted: tuple[str, ...] | None = None
    token_type: str | None = None
    error: str | None = None

    def __repr__(self) -> str:
        """What may be shown: never the token."""
        return f"TokenAnswer(given={self.access_token is not None}, error={self.error!r})"


def noted(role: str, answer: TokenAnswer, skew_seconds: int | None) -> dict[str, Any]:
    """What is recorded of an answer, from which facts.token_facts is made; its texts are the vendor's."""
    return {
        "role": role,
        "given": answer.access_token is not None,
        "kind": kind_of(answer.access_token),
        "expires_in": answer.life and answer.life.seconds,
        "life_from": answer.life and answer.life.said_by,
        "granted": None if answer.granted is None else [scope[:200] for scope in answer.granted[:_MOST_SCOPES]],
        "token_type": answer.token_type,
        "error": answer.error,
        "skew_seconds": skew_seconds,
    }


def kind_of(token: str | None) -> str | None:
    """Whether a token tells something of itself ("jwt", RFC 7519) or not ("opaque"); None where there is none."""
    if token is None:
        return None
    return "opaque" if jwt_claims(token) is None else "jwt"


def token_request(
    credential: OAuth2 | Oidc, scopes: Sequence[str], *, in_body: bool
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body of a client credentials request (RFC 6749, 4.4.2), with the resources of RFC 8707.

    `in_body` sends id and secret in the body; otherwise they go in a Basic header, each form-encoded first (2.3.1).
    """
    client = BackendApplicationClient(client_id=credential.client_id.reveal(), scope=list(scopes) or None)
    extra = {"audience": credential.audience} if credential.audience else {}
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
    if in_body:
        extra["client_secret"] = credential.client_secret.reveal()
    else:
        headers.append(("Authorization", basic_header(client_pair(credential))))
    resources = urlencode([("resource", resource) for resource in credential.resources])
    body = client.prepare_request_body(body=resources, include_client_id=in_body, **extra)
    return tuple(headers), body.encode("ascii")


def revocation_request(
    credential: OAuth2 | Oidc, token: str, *, in_body: bool
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body that withdraw a token (RFC 7009, 2.1); the client proves itself as it does for a new one."""
    fields = [("token", token), ("token_type_hint", "access_token")]
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
    if in_body:
        fields += [("client_id", credential.client_id.reveal()), ("client_secret", credential.client_secret.reveal())]
    else:
        headers.append(("Authorization", basic_header(client_pair(credential))))
    return tuple(headers), urlencode(fields).encode("ascii")


def read_token(body: bytes, now: float | None = None) -> TokenAnswer:
    """Read a token answer (RFC 6749, 5.1 and 5.2), however it is malformed. A life that is no number is none.

    `now` is the server's clock in seconds since 1970, where it told.
    """
    try:
        members = json.loads(body)
        if not isinstance(members, dict):
            return TokenAnswer(None)
        if "error" in members:
            return TokenAnswer(None, error=_error_code(members["error"]))
        plain = {name: value for name, value in members.items() if name not in ("expires_in", "expires_at")}
        token = BackendApplicationClient(client_id="").parse_request_body_response(json.dumps(plain))
        granted = tuple(sorted(filter(None, token.scopes))) if members.get("scope") is not None else None
    except Exception:  # the library stumbles in many ways over what a stranger sends; they all mean the same
        return TokenAnswer(None)
    access_token, token_type = token["access_token"], members.get("token_type")
    given = access_token if usable(access_token) else None
    return TokenAnswer(
        access_token=given,
        life=life(members, given or "", now),
        granted=granted,
        token_type=token_type[:40] if isinstance(token_type, str) else None,
    )


def tokens_in(body: bytes) -> list[tuple[str, str]]:
    """The tokens of a token answer, at most one of each kind, with their names; none where it cannot be read.

    Tokens that are never sent count only where they look like one: to take a word out of all records would spoil them.
    """
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(members, dict):
        return []
    found = ["access_token"] if usable(members.get("access_token")) else []
    found += [name for name in _UNUSED_TOKENS if usable(members.get(name)) and _NO_WORDS.match(members[name])]
    return [(name, members[name]) for name in found]


def recorded_answer(body: bytes, status: int) -> str | None:
    """What to record in the place of a token answer's body: its JSON with every text masked that may be a secret.

    None where the body may be recorded as it is: a refusal that is not JSON and does not speak of tokens.
    """
    try:
        text = json.dumps(_masked(json.loads(body), ""), ensure_ascii=False)
    except (ValueError, RecursionError):
        withheld = bool(body) and (200 <= status < 300 or _MENTIONS_TOKEN.search(body) is not None)
        return TOKEN_WITHHELD if withheld else None
    return text.encode("utf-8", "replace").decode("utf-8")  # JSON can hold half a surrogate pair


def usable(token: object) -> bool:
    """Whether a token can travel in a header, and be kept out of the records."""
    return isinstance(token, str) and SHORTEST <= len(token) <= LONGEST_TOKEN and bool(_SENDABLE.fullmatch(token))


def _masked(value: Any, name: str) -> Any:
    """A part of a token answer, which has this name, with every text masked that may be a secret."""
    match value:
        case str():
            return value if name in _OPEN_NAMES else MASKED
        case dict():
            return {key: _masked(member, key) for key, member in value.items()}
        case list():
            return [_masked(item, name) for item in value]
        case _:
            return value


def _error_code(error: object) -> str | None:
    return error if isinstance(error, str) and _ERROR_CODE.fullmatch(error) else None
