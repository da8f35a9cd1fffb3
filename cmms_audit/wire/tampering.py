"""The ways in which a token or key can be changed, each of which must be noticed. Pure: sends nothing."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from msgspec import Struct

from cmms_audit.patterns import pattern
from cmms_audit.wire.lifetimes import jwt_claims
from cmms_audit.wire.redact import SHORTEST

TAMPERED = "tampered"  # the note of an exchange that says what was changed


_PAIR = pattern(r"[A-Za-z0-9+/]{4,400}={0,2}", re.ASCII)


class Tampered(Struct, frozen=True):
    """A changed credential, and in words what was changed of it."""

    value: str
    how: str

    def __repr__(self) -> str:
        """What may be shown: never the value."""
        return f"Tampered({self.how!r})"


def is_password(key: str) -> bool:
    """Whether a key is a user name with a password in another dress: changed, it would count as a wrong password."""
    scheme, _, rest = key.strip().rpartition(" ")
    if scheme.lower() == "basic" or not _PAIR.fullmatch(rest):
        return scheme.lower() == "basic"
    try:
        pair = base64.b64decode(rest).decode("ascii")
    except ValueError:
        return False
    return ":" in pair and pair.isprintable()


def tampered(credential: str, turn: int = 0) -> Tampered:
    """A token or key, changed in one of the ways that its form allows; `turn` counts through them, over and over.

    A signed token (JWT) is given another signature, none, the word that it has none ("alg": "none": RFC 8725, 2.1), and
    other contents under the old signature. Of other credentials a letter is exchanged, or the end cut off;
    what is added to them tells nothing, for who can do so knows them whole.
    """
    ways = _of_a_signed_token(credential) if jwt_claims(credential) is not None else _of_a_key(credential)
    usable = [each for each in ways if each.value != credential and len(each.value) >= SHORTEST]
    return usable[turn % len(usable)]


def _of_a_signed_token(token: str) -> tuple[Tampered, ...]:
    header, payload, signature = token.split(".")
    unsigned = _encoded({**_decoded(header), "alg": "none"})
    other = _encoded({**_decoded(payload), "changed": True})
    return (
        Tampered(_exchanged(token), "one letter of its signature was changed"),
        Tampered(f"{header}.{payload}.", "its signature was cut off"),
        Tampered(f"{unsigned}.{payload}.", "it was made to say that it is not signed"),
        Tampered(f"{header}.{other}.{signature}", "its contents were changed under the old signature"),
    )


def _of_a_key(key: str) -> tuple[Tampered, ...]:
    return (
        Tampered(_exchanged(key), "one letter of it was changed"),
        Tampered(key[: -max(1, len(key) // 4)], "its end was cut off"),
    )


def _exchanged(token: str) -> str:
    """With one letter exchanged: in the middle of the signature, where there is one."""
    start = token.rfind(".") + 1 if token.count(".") == 2 else 0
    start = start if start < len(token) else 0
    at = start + (len(token) - start) // 2
    one, other = "01" if token[at].isdigit() else "ab" if token[at].islower() else "AB"
    return token[:at] + (other if token[at] == one else one) + token[at + 1 :]


def _decoded(part: str) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return members


def _encoded(members: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")
